"""Strings that programs have tripped over, made here."""

from itertools import product
from typing import Final

CONTROLS: Final = [f"a{chr(code)}b" for code in (*range(32), *range(0x7F, 0xA0))]
SPACES: Final = [
    f"a{chr(code)}b"
    for code in (
        0x00A0,
        0x00AD,
        0x1680,
        0x180E,
        *range(0x2000, 0x2010),
        0x2028,
        0x2029,
        0x202F,
        0x205F,
        0x2060,
        0x3000,
        0xFEFF,
    )
]
DIRECTIONS: Final = [
    f"a{chr(code)}b" for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]
ODD: Final = [
    chr(code)
    for code in (0xFFFD, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF, 0xE000, 0xE0001, 0xE0041, 0xFE0F, 0x0301, 0x0345, 0x1D165)
]
SCRIPTS: Final = [
    "田中さんにあげて下さい", "パーティーへ行かないか", "和製漢語", "社會科學院語學研究所", "울란바토르", "찦차를 타고 온", "Ω≈ç√∫˜µ≤≥÷", "åß∂ƒ©˙∆˚¬…æ",
    "œ∑´®†¥¨ˆøπ“‘", "¡™£¢∞§¶•ªº–≠", "¸˛Ç◊ı˜Â¯˘¿", "ЁЂЃЄЅІЇЈЉЊЋЌЍЎЏ", "٠١٢٣٤٥٦٧٨٩", "العربية", "הָיְתָה", "ثم نفس سقطت", "ﷺ", "ﷺ" * 200, "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "e\u0301" * 50, "a" + "\u0300" * 500, "Ⱥ" * 100, "İıſß", "ﬁﬂﬀ", "ŉ", "ΐ", "ᾳ", "ǰ", "Å\u212bA\u030a", "１２３", "ｓｃｒｉｐｔ", "раураl", "аdmin", "admіn", "ａｄｍｉｎ",
    "𝒜𝒹𝓂𝒾𝓃", "ⓐⓓⓜⓘⓝ", "˙ɐnbᴉlɐ ɐuƃɐɯ", "⁰⁴⁵₀₁₂", "👩‍👩‍👧‍👦", "🇺🇸🇷🇺🇸", "👾🙇💁🙅", "❤️💔💌", "1️⃣2️⃣", "🏳️‍🌈", "( ͡° ͜ʖ ͡°)", "¯\\_(ツ)_/¯", "\U0001f468" * 200,
]  # fmt: skip
NUMBERS: Final = [
    "0", "1", "-1", "-0", "+1", "00", "1.00", "1e3", "1E400", "-1E-400", "1/2", "0/0", "NaN", "nan", "Infinity", "-Infinity", "INF", "1#INF", "0x0", "0xffffffff",
    "0b1", "0o7", "1_000", "1,000", "1.000,00", "9007199254740993", "2147483648", "-2147483649", "9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "9" * 40, "9" * 5000, "0." + "0" * 400 + "1", "--1", "1-", "٣", "Ⅷ", "½",
]  # fmt: skip
WORDS: Final = [
    "undefined", "undef", "null", "NULL", "(null)", "nil", "NIL", "none", "None", "true", "false", "True", "FALSE", "yes", "on", "\\", "\\\\", "hasOwnProperty",
    "constructor", "__proto__", "__class__", "__init__", "toString", "then", "CON", "PRN", "AUX", "COM1", "LPT1", "admin", "root", "system", "anonymous", "role:admin",
    "user:1", "*", "**", "?", ".", "..", "-", "_", "@", "@@", "a@b", ",", ";", "|", "&", "&&", "'", "''", '"', '""', "`", "'\"", "<", ">", "%", "%%", "#", "~", "$", "{}", "[]", "()",
]  # fmt: skip
QUERIES: Final = [
    "1;DROP TABLE users", "1'; DROP TABLE users-- 1", "' OR 1=1 -- 1", "' OR '1'='1", "'; EXEC sp_MSForEachTable 'DROP TABLE ?'; --", "\\'; DROP TABLE users; --", "%' OR '%'='",
    "' UNION SELECT password_hash FROM credentials --", "1) OR pg_sleep(5)--", "'||pg_sleep(5)||'", "1; SELECT pg_sleep(5)", "$$;SELECT pg_sleep(5);$$", "' AND 1=CAST(version() AS int)--",
    "%", "_", "%_%", "\\%", "x' AND extractvalue(1,1)--", "\x1a", "/**/OR/**/1=1", "' || (SELECT 1/0) || '", '{"$ne": null}', '{"$gt": ""}', "$where", "a.$b", "'; return true; var x='", "*)(uid=*))(|(uid=*", "admin*)((|userPassword=*)",
    "' or count(/child::node())=1 or ''='", '<!--#exec cmd="id"-->',
]  # fmt: skip
SCRIPTED: Final = [
    f"<{tag}{attribute}>{end}"
    for (tag, attribute), end in product(
        [
            ("script", ""), ("SCRIPT", " SRC=//example.org/x.js"), ("img", " src=x onerror=alert(1)"), ("svg", "/onload=alert(1)"), ("a", " href=javascript:alert(1)"),
            ("iframe", " srcdoc='&lt;script&gt;'"), ("body", " onload=alert(1)"), ("details", " open ontoggle=alert(1)"),
        ],
        ["", "alert(document.cookie)</script>"],
    )
]  # fmt: skip
MORE_SCRIPTS: Final = [
    "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", '"><script>alert(1)</script>', "'><script>alert(1)</script>", "</title><script>alert(1)</script>", "--><script>alert(1)</script>",
    "<<script>alert(1)//<</script>", "\\x3cscript\\x3ealert(1)", "\\u003cscript\\u003e", "&lt;script&gt;", "&#60;script&#62;", "%3Cscript%3E", "＜script＞", "<scr\0ipt>", "expression(alert(1))", "`onmouseover=alert(1)", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
]  # fmt: skip
TEMPLATES: Final = [
    "%s", "%s%s%s%s%s", "%n", "%x%x%x%x", "%d", "%99999999s", "%08x", "{0}", "{}", "{self}", "{0.__class__.__mro__}", "{user.__init__.__globals__}", "${7*7}", "{{7*7}}", "{{config}}", "<%= 7*7 %>", "#{7*7}", "${{7*7}}", "*{7*7}",
    "${jndi:ldap://127.0.0.1/a}", "${env:HOME}", "$HOME", "$(id)", "`id`", "; id", "| id", "&& id", "\n/usr/bin/id\n", "() { :;}; id", "eval('1')", "__import__('os').system('id')", "System.exit(1)", "require('fs')", "!!python/object/apply:os.system ['id']", 'O:8:"stdClass":0:{}', "rO0ABXNy", "gASVCgAAAAAAAACMBHRlc3SULg==",
]  # fmt: skip
PATHS: Final = [
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "..%2f..%2fetc%2fpasswd", "..%252f", "%2e%2e/", "....//", "/etc/passwd", "/etc/passwd%00.png", "file:///etc/passwd", "\\\\127.0.0.1\\c$", "C:\\boot.ini", "~root", ".git/config", ".env", "//example.org", "http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/", "gopher://127.0.0.1/", "a/b", "a%2fb", "%", "%zz", "%c0%ae", "%ff%fe", ";jsessionid=1", "?a=b", "#fragment", "a?b#c",
]  # fmt: skip
HEADS: Final = [
    "a\r\nSet-Cookie: a=b", "a\nLocation: http://example.org", "a\r\n\r\n<html>", "%0d%0aSet-Cookie:a=b", "\u560a\u560dSet-Cookie:a=b", "a\u2028b", "Basic YTpi", "Bearer ", "Bearer a b", "Digest username=a", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x08\x08\x08", '{"level":"critical"}', "level=critical msg=fake", "a" * 257,
]  # fmt: skip
LONG: Final = ["a" * 256, "a" * 1025, "a" * 10_000, "é" * 3000, "💥" * 3000, "\\" * 2000, '"' * 2000, "a@" + "b" * 300 + ".com", "a" * 65 + "@example.org", ("a" * 60 + ".") * 5 + "com", " " * 500, "\n" * 500, "(" * 2000, "[" * 2000, "a," * 2000]  # fmt: skip
ADDRESSES: Final = [
    "", " ", "a", "a@", "@a", "a@a", "a@@example.org", "a@b@example.org", "a b@example.org", "a@example..org", ".a@example.org", "a.@example.org", "a..b@example.org", "a@-example.org", "a@example-.org", "a@[127.0.0.1]", "a@[IPv6:::1]", '"a"@example.org', '"a b"@example.org', "a(comment)@example.org", "a@example.org(comment)", "<a@example.org>", "A <a@example.org>",
    "a@example.org,b@example.org", "a@example.org;b@example.org", "a@example.org\n", "a@example.org\r\nBcc: b@example.org", "a\0@example.org", "a＠example.org", "a@example。org", "a@ｅxample.org", "m\u0131ke@example.org", "a@xn--a.org", "a@xn--.org", "a@localhost", "a@example", "a@127.0.0.1", "a@1", "mailto:a@example.org", "a%00@example.org", "a+b@@example.org", "\u202ea@example.org",
]  # fmt: skip

NAUGHTY: Final = list(
    dict.fromkeys(
        [
            *CONTROLS, *SPACES, *DIRECTIONS, *ODD, *SCRIPTS, *NUMBERS, *WORDS, *QUERIES, *SCRIPTED, *MORE_SCRIPTS, *TEMPLATES, *PATHS, *HEADS, *LONG, *ADDRESSES,
        ]
    )
)  # fmt: skip
"""All of them, each once."""

DEEP: Final = 20_000
BODIES: Final = [
    b"", b" ", b"{", b"}", b"[", b"[]", b"[[]]", b"null", b"true", b"0", b'""', b'"a"', b"{}x", b"{}{}", b"{} {}", b"{'a':1}", b"{a:1}", b'{"a":}', b'{"a":1,}', b"{,}", b'{"a" 1}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":1e}', b'{"a":NaN}',
    b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":undefined}', b'{"a":"\x01"}', b'{"a":"\\x41"}', b'{"a":"\\u12"}', b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"\xff":1}', b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"\0", b"{}\0", b"/* */{}",
    b"{}//", b'{"a":1 /* */}', b"a=b&c=d", b"<a/>", b"--x\r\n\r\n--x--", b'{"a":' + b"9" * 5000 + b"}", b'{"a":1e999999}', b'{"a":-' + b"0" * 1000 + b"1}", b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'{"":1}', b'{"__proto__":{"a":1}}', b'{"\\u0000":1}',
    b"{" + b",".join(b'"k%d":1' % n for n in range(5000)) + b"}", b'"' + b"a" * 100_000 + b'"', b" " * 100_000 + b"{}",
]  # fmt: skip
"""Bodies that are no JSON object, or none that any route takes."""
