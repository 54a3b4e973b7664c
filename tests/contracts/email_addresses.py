# ruff: noqa: RUF001 - letters that look alike are what is tested
"""What the port `EmailAddresses` promises."""

from abc import abstractmethod
from typing import Protocol

import pytest

from domain.identity.errors import EmailInvalid

VALID = {
    "ada@example.com": "ada@example.com",
    "Ada@Example.COM": "ada@example.com",
    "ADA.LOVELACE@EXAMPLE.ORG": "ada.lovelace@example.org",
    "ada+tag@example.com": "ada+tag@example.com",
    "a@b.co": "a@b.co",
    "1@example.com": "1@example.com",
    "!#$%&'*+-/=?^_`{|}~@example.com": "!#$%&'*+-/=?^_`{|}~@example.com",
    "o'brien@example.ie": "o'brien@example.ie",
    "ada@sub.sub.example.co.uk": "ada@sub.sub.example.co.uk",
    "ada@ex-ample.com": "ada@ex-ample.com",
    "ada@123.com": "ada@123.com",
    "x" * 64 + "@example.com": "x" * 64 + "@example.com",
    "ada@" + "d" * 63 + ".com": "ada@" + "d" * 63 + ".com",
    "ada@bücher.example": "ada@xn--bcher-kva.example",
    "ada@BÜCHER.example": "ada@xn--bcher-kva.example",
    "ada@bu\u0308cher.example": "ada@xn--bcher-kva.example",
    "ada@xn--bcher-kva.example": "ada@xn--bcher-kva.example",
    "ada@XN--BCHER-KVA.example": "ada@xn--bcher-kva.example",
    "ada@example。com": "ada@example.com",
    "ada@ｅｘａｍｐｌｅ.com": "ada@example.com",
    "ada@例え.jp": "ada@xn--r8jz45g.jp",
    "用户@example.com": "用户@example.com",
    "JÜRGEN@example.de": "jürgen@example.de",
    "ju\u0308rgen@example.de": "jürgen@example.de",
    "δοκιμή@παράδειγμα.gr": "δοκιμή@xn--hxajbheg2az3al.gr",
    "Straße@example.de": "strasse@example.de",
    "ada@faß.de": "ada@xn--fa-hia.de",
    "miKe@example.com": "mike@example.com",
    "\u212aelvin@example.com": "kelvin@example.com",
}

INVALID = (
    "",
    " ",
    "@",
    "ada",
    "ada@",
    "@example.com",
    "ada@@example.com",
    "ada@home@example.com",
    "ada@localhost",
    "ada@com",
    "ada@example",
    "ada.@example.com",
    ".ada@example.com",
    "a..da@example.com",
    "ada@example..com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@-example.com",
    "ada@example-.com",
    "ada@exa_mple.com",
    "ada@exam ple.com",
    "ada @example.com",
    "ada@ example.com",
    " ada@example.com",
    "ada@example.com ",
    "ada@example.com\n",
    "ada\n@example.com",
    "ada@example.com\r\nBcc: eve@example.com",
    "ada\t@example.com",
    "ada\0@example.com",
    "ada@exa\0mple.com",
    "ada\x7f@example.com",
    "ada\u200b@example.com",
    "ada\u202emoc@example.com",
    "ada\ud800@example.com",
    "ada\ue000@example.com",
    "\u0301ada@example.com",
    '"ada"@example.com',
    '"ada lovelace"@example.com',
    '"ada@home"@example.com',
    '""@example.com',
    "ada@[127.0.0.1]",
    "ada@[IPv6:::1]",
    "ada@127.0.0.1",
    "ada@[example.com]",
    "ada(comment)@example.com",
    "ada@example.com(comment)",
    "(comment)ada@example.com",
    "ada@(comment)example.com",
    "Ada <ada@example.com>",
    "<ada@example.com>",
    "ada@example.com, eve@example.com",
    "ada@example.com;eve@example.com",
    "mailto:ada@example.com",
    "ada,eve@example.com",
    "ada:eve@example.com",
    "ada\\@example.com",
    "ada[1]@example.com",
    "x" * 65 + "@example.com",
    "ada@" + "d" * 64 + ".com",
    "x" * 60 + "@" + ".".join(["d" * 60] * 4) + ".com",
    "ß" * 33 + "@example.com",
    "a" * 1_000_000,
    "ada@" + "a." * 100_000 + "com",
    "ada@xn--.com",
    "ada@xn--a.com",
    "ada@xn--0.pt",
    "ada＠example.com",
    "ada﹫example.com",
    "ada@example.com/",
    "ada@example.com?x=1",
    "ada@exam%70le.com",
    "ada@⒈example.com",
    "ada@example.com\u2028",
    "ada@mail.local",
    "ada@mail.invalid",
    "ada@mail.localhost",
    "ada@1.0.0.127.in-addr.arpa",
    "ada@example.123",
)


class EmailAddresses(Protocol):
    def parse(self, text: str) -> str: ...


class EmailAddressesContract:
    @pytest.fixture
    @abstractmethod
    def addresses(self) -> EmailAddresses: ...

    @pytest.mark.parametrize(("text", "canonical"), VALID.items(), ids=[ascii(text)[:40] for text in VALID])
    def test_i4_reads_into_one_form(self, addresses: EmailAddresses, text: str, canonical: str) -> None:
        assert addresses.parse(text) == canonical
        assert addresses.parse(canonical) == canonical

    @pytest.mark.parametrize("text", INVALID, ids=[ascii(text)[:40] for text in INVALID])
    def test_i4_refuses(self, addresses: EmailAddresses, text: str) -> None:
        with pytest.raises(EmailInvalid) as refusal:
            addresses.parse(text)
        assert refusal.value.detail is None

    def test_p13_a_dotless_i_is_another_letter(self, addresses: EmailAddresses) -> None:
        assert addresses.parse("m\u0131ke@example.com") != addresses.parse("mike@example.com")
        assert addresses.parse("M\u0130KE@example.com") != addresses.parse("mike@example.com")
        assert addresses.parse("mike@g\u0131thub.com") == "mike@xn--gthub-n4a.com"
