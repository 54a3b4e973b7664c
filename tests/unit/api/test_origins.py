"""Whose word on the client's address counts."""

import pytest

from api.origins import Origins
from api.serving import serve
from tests.support.client import Client
from tests.unit.api.conftest import ROUTES
from tests.unit.api.memory import Memory, dispatcher

PROXIES = ("10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1")
FORGED = {
    "x-forwarded-for": "9.9.9.9",
    "forwarded": "for=9.9.9.9",
    "x-real-ip": "9.9.9.9",
    "x-client-ip": "9.9.9.9",
    "true-client-ip": "9.9.9.9",
    "cf-connecting-ip": "9.9.9.9",
    "x-original-url": "/auth/admin",
    "x-rewrite-url": "/auth/admin",
    "x-forwarded-host": "evil.example",
    "x-http-method-override": "DELETE",
}


async def seen(memory: Memory, peer: str | None, headers: list[tuple[str, str]], proxies: tuple[str, ...]) -> object:
    client = Client(serve(dispatcher(memory), ROUTES, trusted_proxies=proxies), "good", peer)
    assert (await client("DELETE", "/auth/notes", headers=headers)).status == 204
    return memory.calls[-1].origin.address


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.1", "203.0.113.9"])
async def test_f12_i8_trusts_no_proxy_unless_told(memory: Memory, peer: str) -> None:
    assert await seen(memory, peer, list(FORGED.items()), ()) == peer


async def test_i8_trusts_no_one_but_the_proxies(memory: Memory) -> None:
    assert await seen(memory, "203.0.113.9", list(FORGED.items()), PROXIES) == "203.0.113.9"


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("9.9.9.9, 198.51.100.7", "198.51.100.7"),
        ("9.9.9.9, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("9.9.9.9, garbage, 10.1.1.1", "10.1.1.1"),
        ("garbage", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("9.9.9.9,", "10.0.0.1"),
        ("a", "10.0.0.1"),
        ("localhost", "10.0.0.1"),
        ("127.1", "10.0.0.1"),
        ("0x7f.1", "10.0.0.1"),
        ("fe80::1%\x1b[31m", "10.0.0.1"),
        ("198.51.100.7/8", "10.0.0.1"),
        ("'; drop table users; --", "10.0.0.1"),
        ("9.9.9.9 198.51.100.7", "10.0.0.1"),
        (", ".join(["9.9.9.9"] * 1_000 + ["198.51.100.7"]), "198.51.100.7"),
        (", ".join(["10.0.0.1"] * 1_000), "10.0.0.1"),
    ],
)
async def test_i8_takes_the_rightmost_address_that_is_no_proxy(memory: Memory, said: str, address: str) -> None:
    assert await seen(memory, "10.0.0.1", [("x-forwarded-for", said)], PROXIES) == address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ("For=9.9.9.9, for=198.51.100.7;proto=https;by=10.0.0.1", "198.51.100.7"),
        ('for=9.9.9.9, proto=http; for="[2001:db8::1]:4711"', "2001:db8::1"),
        ('for="198.51.100.7:80", for=10.1.1.1', "198.51.100.7"),
        ('for=198.51.100.7;secret="a, for=9.9.9.9"', "198.51.100.7"),
        ("for=9.9.9.9, for=unknown", "10.0.0.1"),
        ("for=9.9.9.9, for=_hidden, for=10.1.1.1", "10.1.1.1"),
        ("for=9.9.9.9, proto=https", "10.0.0.1"),
        ("xfor=9.9.9.9", "10.0.0.1"),
        ('for="9.9.9.9', "10.0.0.1"),
        ("for==9.9.9.9", "10.0.0.1"),
        ("9.9.9.9", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("for=" + "9" * 60_000, "10.0.0.1"),
        ('for="' + "\\\\" * 2_000, "10.0.0.1"),
    ],
)
async def test_i8_reads_forwarded_the_same_way(memory: Memory, said: str, address: str) -> None:
    assert await seen(memory, "10.0.0.1", [("forwarded", said)], PROXIES) == address


async def test_i8_two_headers_are_one_list(memory: Memory) -> None:
    headers = [("x-forwarded-for", "9.9.9.9"), ("x-forwarded-for", "198.51.100.7")]
    assert await seen(memory, "10.0.0.1", headers, PROXIES) == "198.51.100.7"


@pytest.mark.parametrize(("second", "address"), [("for=198.51.100.7", "198.51.100.7"), ("for=9.9.9.9", "10.0.0.1")])
async def test_i8_believes_two_kinds_only_if_they_agree(memory: Memory, second: str, address: str) -> None:
    headers = [("x-forwarded-for", "198.51.100.7"), ("forwarded", second)]
    assert await seen(memory, "10.0.0.1", headers, PROXIES) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [("::ffff:10.0.0.1", "198.51.100.7"), ("2001:db8:ffff::9", "198.51.100.7"), ("2001:db8:fffe::9", None)],
)
async def test_knows_a_proxy_by_either_family(memory: Memory, peer: str, address: str | None) -> None:
    assert await seen(memory, peer, [("x-forwarded-for", "198.51.100.7")], PROXIES) == (address or peer)


@pytest.mark.parametrize("peer", [None, "testclient", "/run/socket", ""])
async def test_i8_what_is_no_address_becomes_none(memory: Memory, peer: str | None) -> None:
    assert await seen(memory, peer, [("x-forwarded-for", "9.9.9.9")], PROXIES) is None


@pytest.mark.parametrize("proxy", ["*", "", "10.0.0.1/8", "proxy.internal"])
def test_f12_refuses_to_start_with_a_proxy_it_cannot_read(proxy: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        Origins.behind([proxy])
