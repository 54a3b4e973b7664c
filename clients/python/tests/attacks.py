"""Attack tokens: everything here must be refused, and all of it starts from a token that is good."""

import base64
import hashlib
import hmac
import json
import string
import time
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatewright_verifier.tokens import LONGEST
from minting import AUDIENCE, ISSUER, K1, b64, claims, mint, private_jwk, public, signed

PUBLIC = jwt.PyJWK(public(K1)).key
GOOD = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
HEADER = json.dumps(GOOD).encode()
PAYLOAD = json.dumps(claims()).encode()


def with_header(**members: Any) -> str:
    """Sign a header with these members besides, or instead; None leaves one out."""
    return signed({name: value for name, value in (GOOD | members).items() if value is not None}, PAYLOAD)


def with_claim(name: str, text: str) -> str:
    """Sign claims in which `name` is this piece of JSON."""
    rest = json.dumps({key: value for key, value in claims().items() if key != name})
    return signed(HEADER, f'{{"{name}":{text},{rest[1:]}'.encode())


def twice(raw: bytes, first: str) -> bytes:
    return b"{" + first.encode() + b"," + raw[1:]


head, body, signature = mint().split(".")
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
twin = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) ^ 1]
other = private_jwk(kid="k1")
inner = b64(json.dumps(public(K1)).encode())

ATTACKS: dict[str, str] = {
    "nothing": "",
    "a dot": ".",
    "two dots": "..",
    "garbage": "a.b.c",
    "one part": head,
    "two parts": f"{head}.{body}",
    "four parts": f"{head}.{body}.{signature}.x",
    "five parts as of a JWE": f"{head}....{signature}",
    "JWE": b64(b'{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2000000000,"p2s":"AAAA"}') + ".AA.AA.AA.AA",
    "JWE header in three parts": b64(b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}') + f".{body}.{signature}",
    "JSON serialization": json.dumps({"payload": body, "protected": head, "signature": signature}),
    "refresh token": "gwr_" + "A" * 78,
    "API key": "gwk_" + "A" * 60,
    "empty signature": f"{head}.{body}.",
    "empty payload": f"{head}..{signature}",
    "empty header": f".{body}.{signature}",
    "short signature": f"{head}.{body}.{signature[:-4]}",
    "long signature": f"{head}.{body}.{signature}AAAA",
    "zero signature": f"{head}.{body}.{b64(bytes(64))}",
    "DER signature": f"{head}.{body}."
    + b64(b"\x30\x44\x02\x20" + base64.urlsafe_b64decode(signature + "==")[:32] + b"\x02\x20" + bytes(32)),
    "signature of another token": f"{head}.{body}.{mint().split('.')[2]}",
    "payload of another token": f"{head}.{mint(ep=9).split('.')[1]}.{signature}",
    "other key": mint(other),
    "key in another algorithm": mint(private_jwk("EdDSA", kid="k1")),
    "unknown kid": mint(kid="k2"),
    "empty kid": mint(kid=""),
    "no kid": with_header(kid=None),
    "kid null": signed(b'{"alg":"ES256","kid":null,"typ":"at+jwt"}', PAYLOAD),
    "kid a number": with_header(kid=1),
    "kid a list": with_header(kid=["k1"]),
    "no alg": with_header(alg=None),
    "alg a list": with_header(alg=["ES256"]),
    "alg empty": with_header(alg=""),
    "alg in small letters": with_header(alg="es256"),
    "alg with a space": with_header(alg="ES256 "),
    "alg ES384": with_header(alg="ES384"),
    "alg ES256K": with_header(alg="ES256K"),
    "alg RS256": with_header(alg="RS256"),
    "alg PS256": with_header(alg="PS256"),
    "alg EdDSA": with_header(alg="EdDSA"),
    "no typ": with_header(typ=None),
    "t3 typ JWT": with_header(typ="JWT"),
    "t3 typ application": with_header(typ="application/at+jwt"),
    "t3 typ AT+JWT": with_header(typ="AT+JWT"),
    "t3 typ logout": with_header(typ="logout+jwt"),
    "t3 typ id token": with_header(typ="id+jwt"),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "crit unknown": with_header(crit=["x"], x=True),
    "crit b64": with_header(crit=["b64"], b64=False),
    "b64": with_header(b64=True),
    "b64 false": with_header(b64=False),
    "cty": with_header(cty="JWT"),
    "zip": with_header(zip="DEF"),
    "enc": with_header(enc="A128GCM"),
    "jwk": with_header(jwk=public(K1)),
    "jwk of another": signed(GOOD | {"jwk": {k: other[k] for k in ("kty", "crv", "x", "y")}}, PAYLOAD, other),
    "jku": with_header(jku="http://127.0.0.1:9/jwks.json"),
    "x5u": with_header(x5u="http://127.0.0.1:9/cert"),
    "x5c": with_header(x5c=["MIIB"]),
    "x5t": with_header(x5t="AAAA"),
    "unknown header": with_header(foo=1),
    "alg twice": signed(twice(HEADER, '"alg":"none"'), PAYLOAD),
    "kid twice": signed(twice(HEADER, '"kid":"k2"'), PAYLOAD),
    "kid twice, escaped": signed(twice(HEADER, r'"k\u0069d":"k2"'), PAYLOAD),
    "typ twice": signed(twice(HEADER, '"typ":"JWT"'), PAYLOAD),
    "header a list": signed(b"[]", PAYLOAD),
    "header a string": signed(b'"ES256"', PAYLOAD),
    "header null": signed(b"null", PAYLOAD),
    "header empty": signed(b"{}", PAYLOAD),
    "header with BOM": signed(b"\xef\xbb\xbf" + HEADER, PAYLOAD),
    "header with rubbish after it": signed(HEADER + b"{}", PAYLOAD),
    "header in UTF-16": signed(HEADER.decode().encode("utf-16"), PAYLOAD),
    "header with invalid UTF-8": signed(b'{"alg":"ES256","kid":"k1\xff","typ":"at+jwt"}', PAYLOAD),
    "header deep": signed(b"[" * 3000, PAYLOAD),
    "padded": f"{head}.{body}.{signature}==",
    "padded header": f"{head}=.{body}.{signature}",
    "standard alphabet": f"{head}.{body}.{signature[:-1]}+",
    "slash": f"{head}.{body}.{signature[:-1]}/",
    "line feed after it": f"{head}.{body}.{signature}\n",
    "line feed in it": f"{head}.{body}.\n{signature}",
    "space before it": f" {head}.{body}.{signature}",
    "NUL after it": f"{head}.{body}.{signature}\0",
    "rubbish in base64": f"{head}.{body}.!{signature}",
    "not ASCII": f"{head}.{body}.\xe9{signature}",
    "Bearer twice": f"Bearer {head}.{body}.{signature}",
    "too long": mint(client_id="x" * LONGEST),
    "payload a list": signed(HEADER, b"[]"),
    "payload null": signed(HEADER, b"null"),
    "payload nothing": signed(HEADER, b""),
    "payload text": signed(HEADER, b'"x"'),
    "payload no JSON": signed(HEADER, b"{sub:1}"),
    "payload with NaN": with_claim("x", "NaN"),
    "payload with comment": signed(HEADER, PAYLOAD + b"//"),
    "payload with BOM": signed(HEADER, b"\xef\xbb\xbf" + PAYLOAD),
    "payload with invalid UTF-8": signed(HEADER, b'{"sub":"\xff"}'),
    "payload deep": signed(HEADER, b"[" * 4000),
    "payload deep in an unknown claim": with_claim("x", "[" * 2500 + "]" * 2500),
    "sub twice": signed(HEADER, twice(PAYLOAD, '"sub":"00000000-0000-0000-0000-000000000000"')),
    "sub twice, escaped": signed(HEADER, twice(PAYLOAD, r'"s\u0075b":"00000000-0000-0000-0000-000000000000"')),
    "unknown claim twice": signed(HEADER, twice(PAYLOAD, '"x":{"y":1,"y":2}')),
    "exp a float": with_claim("exp", "4e9"),
    "exp true": with_claim("exp", "true"),
    "exp null": with_claim("exp", "null"),
    "exp a list": with_claim("exp", "[4000000000]"),
    "exp negative": with_claim("exp", "-1"),
    "exp zero": with_claim("exp", "0"),
    "exp enormous": with_claim("exp", str(10**30)),
    "exp of 5,000 digits": with_claim("exp", "9" * 5000),
    "exp missing": mint(exp=None),
    "exp past": mint(exp=int(time.time()) - 1),
    "iat a string": with_claim("iat", '"1"'),
    "iat future": mint(iat=int(time.time()) + 86_400, exp=int(time.time()) + 90_000),
    "iat missing": mint(iat=None),
    "iss other": mint(iss="https://evil.example.com"),
    "iss with a slash": mint(iss=ISSUER + "/"),
    "iss part": mint(iss=ISSUER[:-1]),
    "iss empty": mint(iss=""),
    "iss missing": mint(iss=None),
    "iss a list": with_claim("iss", json.dumps([ISSUER])),
    "aud other": mint(aud="https://other.example.com"),
    "aud part": mint(aud=AUDIENCE[:-1]),
    "aud longer": mint(aud=AUDIENCE + "/"),
    "aud empty": mint(aud=[]),
    "aud empty text": mint(aud=""),
    "aud missing": mint(aud=None),
    "aud an object": with_claim("aud", json.dumps({AUDIENCE: True})),
    "aud a list with numbers": with_claim("aud", json.dumps([AUDIENCE, 1])),
    "sub missing": mint(sub=None),
    "sub not an id": mint(sub="admin"),
    "sub a client": mint(sub="client:web"),
    "sub a number": with_claim("sub", "1"),
    "sub null": with_claim("sub", "null"),
    "jti missing": mint(jti=None),
    "sid missing": mint(sid=None),
    "sid empty": mint(sid=""),
    "org empty": mint(org=""),
    "ep missing": mint(ep=None),
    "ep negative": mint(ep=-1),
    "ep a string": with_claim("ep", '"7"'),
    "ep a float": with_claim("ep", "7.5"),
    "client_id missing": mint(client_id=None),
    "client_id empty": mint(client_id=""),
}

NONE = ("none", "None", "NONE", "nOnE", "none ", "none\0", "")
KIDS = (
    "../../../../dev/null", "/dev/null", "/proc/sys/kernel/randomize_va_space", "k1\0", "k1\0.pem", "k1 ", " k1", "K1", "k1'--",
    "' OR '1'='1", "x' UNION SELECT 'k'; --", "k1|id", "$(id)", "`id`", "http://127.0.0.1:9/k", "file:///dev/null", "%6b1", "k\u0131",
    "__class__", "k1\r\nX: y", "x" * 2000, "0", "-1",
)  # fmt: skip

SECRETS: dict[str, bytes] = {
    "PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "PEM without its last line feed": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).rstrip(),
    "DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "point": PUBLIC.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    "JWK": json.dumps(public(K1)).encode(),
    "x": K1["x"].encode(),
    "nothing": b"",
    "NUL": b"\0",
}


def unsigned() -> Iterator[tuple[str, str]]:
    """Yield tokens that say they need no signature."""
    for algorithm in NONE:
        named = b64(json.dumps(GOOD | {"alg": algorithm}).encode())
        yield f"none {algorithm!a} empty", f"{named}.{body}."
        yield f"none {algorithm!a} with the signature of another", f"{named}.{body}.{signature}"
        yield f"none {algorithm!a} alone", b64(json.dumps({"alg": algorithm}).encode()) + f".{body}."


def smuggled() -> Iterator[tuple[str, str]]:
    """Yield tokens whose key id is more than one."""
    for kid in KIDS:
        yield f"kid {kid[:20]!a}", signed(GOOD | {"kid": kid}, PAYLOAD)


def confused() -> Iterator[tuple[str, str]]:
    """Yield tokens that take the public key for a shared secret."""
    for name, secret in SECRETS.items():
        for size in (256, 384, 512):
            text = b64(json.dumps(GOOD | {"alg": f"HS{size}"}).encode()) + "." + body
            forged = hmac.new(secret, text.encode(), f"sha{size}").digest()
            yield f"HS{size} under {name}", f"{text}.{b64(forged)}"
        code = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        yield f"a code under {name}", f"{head}.{body}.{b64(code)}"


def every() -> dict[str, str]:
    """Return all of them by name."""
    found = [*ATTACKS.items(), *unsigned(), *smuggled(), *confused()]
    assert len(dict(found)) == len(found)
    return dict(found)
