"""Where nobody can have us call: each URL is refused when it is saved and again when it is called, and nothing connects."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.outbound.calling import CallFailed, Outbound, Trouble
from core.outbound.networks import may_be_called
from core.setting_groups import Calling
from domain.kernel.errors import AddressRefused

NAMES = {
    "example.com": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "xn--bcher-kva.example": ["93.184.215.14"],
    "private.example": ["10.0.0.1"],
    "loopback.example": ["127.0.0.1"],
    "six.example": ["::1"],
    "metadata.example": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "app.localhost": ["127.0.0.1"],
    "printer.local": ["192.168.1.9"],
    "mixed.example": ["93.184.215.14", "10.0.0.1"],
    "mixed-six.example": ["93.184.215.14", "fc00::1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "scoped.example": ["fe80::1%eth0"],
    "nonsense.example": ["not an address"],
    "empty.example": [],
}


async def resolve(host: str, _port: int) -> Sequence[str]:
    """Answer as a resolver does that somebody else has filled."""
    if host in NAMES:
        return NAMES[host]
    raise OSError("no such name")


OUTBOUND = Outbound(resolve=resolve)
UNENCRYPTED = Outbound(resolve=resolve, http=True)
REFUSED = tuple(
    """
http://example.com/ HTTPS://example.com/ ftp://example.com/ file:///etc/passwd gopher://example.com:70/_x
dict://example.com:11211/ javascript:alert(1) data:text/html,x //example.com/ example.com https:example.com
https:/example.com https:///example.com https://
https://localhost/ https://localhost:8443/ https://app.localhost/ https://LOCALHOST/ https://localhost./
https://127.0.0.1/ https://127.0.0.1:8443/ https://127.1/ https://127.0.1/ https://2130706433/ https://0x7f000001/
https://0x7f.0.0.1/ https://0x7f.1/ https://0177.0.0.1/ https://017700000001/ https://127.0.0.01/ https://127.000.000.001/
https://127.0.0.1./ https://127.0.0.1.nip.example/ https://0/ https://0.0.0.0/ https://1/
https://10.0.0.1/ https://10.255.255.255/ https://172.16.0.1/ https://172.31.255.255/ https://192.168.0.1/
https://100.64.0.1/ https://100.127.255.255/ https://169.254.169.254/latest/meta-data/ https://169.254.0.1/
https://0xA9FEA9FE/ https://2852039166/ https://0251.0376.0251.0376/ https://168.63.129.16/ https://100.100.100.200/
https://192.0.0.1/ https://192.0.2.1/ https://198.18.0.1/ https://198.51.100.1/ https://203.0.113.1/
https://224.0.0.1/ https://239.255.255.250/ https://240.0.0.1/ https://255.255.255.255/ https://256.256.256.256/
https://192.88.99.1/
https://[::1]/ https://[::]/ https://[0:0:0:0:0:0:0:1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:8.8.8.8]/
https://[::ffff:7f00:1]/ https://[::127.0.0.1]/ https://[fc00::1]/ https://[fd00:ec2::254]/ https://[fe80::1]/
https://[fe80::1%25eth0]/ https://[ff02::1]/ https://[2001:db8::1]/ https://[2002:7f00:1::]/ https://[2002:a00:1::1]/
https://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/ https://[64:ff9b::7f00:1]/ https://[64:ff9b::169.254.169.254]/
https://[64:ff9b:1::808:808]/ https://[100::1]/ https://[3fff::1]/ https://[fec0::1]/ https://[::1 https://::1/
https://user@example.com/ https://user:password@example.com/ https://example.com@127.0.0.1/
https://127.0.0.1#@example.com/ https://127.0.0.1\\@example.com/ https://example.com\\.internal/
https://example.com#fragment https://example.com./ https://.example.com/ https://example..com/ https://-example.com/
https://exam_ple.com/ https://example.com:0/ https://example.com:22/ https://example.com:25/ https://example.com:6379x/
https://example.com:70000/ https://example.com:/ https://example.com:+443/ https://example.com/%zz https://example.com/[x]
https://bücher.example/ https://127。0。0。1/ https://①②⑦.⓪.⓪.①/ https://metadata.google.internal/
https://private.example/ https://loopback.example/ https://six.example/ https://metadata.example/ https://printer.local/
https://mixed.example/ https://mixed-six.example/ https://nat64.example/ https://scoped.example/ https://nonsense.example/
https://empty.example/ https://nowhere.example/ https://example/ https://%31%32%37.0.0.1/ https://127.0.0.1%00.example.com/
https://1.2.3.4.5/ https://1.2.3/
""".split()  # noqa: SIM905 - a hundred quotes would be no easier to read
)
CONTROLS = (
    *(
        "",
        " ",
        " https://example.com/",
        "https://example.com/ ",
        "https://exam ple.com/",
        "https://example.com/\r\nX: y",
    ),
    *(
        "https://\uff45xample.com/",
        "https://example.com\t/",
        "https://example.com/\0",
        "\u200bhttps://example.com/",
        "https://example.com/\n",
    ),
    *("https://example.com/a b", "https://example.com/" + "a" * 2048, "https://" + "a" * 64 + ".example/"),
    "https://" + "a." * 130 + "example/",
)
ACCEPTED = {
    "https://example.com": "https://example.com/",
    "https://EXAMPLE.com/Hook": "https://example.com/Hook",
    "https://example.com:443/": "https://example.com/",
    "https://example.com:8443/a?b=c&d=%2F": "https://example.com:8443/a?b=c&d=%2F",
    "https://example.com?x": "https://example.com/?x",
    "https://xn--bcher-kva.example/": "https://xn--bcher-kva.example/",
    "https://93.184.215.14/": "https://93.184.215.14/",
    "https://[2606:2800:21F:CB07:6820:80DA:AF6B:8B2C]/": "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    "https://[64:ff9b::808:808]/": "https://[64:ff9b::808:808]/",
}


def test_i6_the_list_is_as_long_as_it_has_to_be() -> None:
    assert len({*REFUSED, *CONTROLS}) >= 86


@pytest.mark.parametrize("url", [*REFUSED, *CONTROLS])
async def test_i6_is_refused_when_it_is_saved_and_when_it_is_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        await OUTBOUND.check(url)
    with pytest.raises(CallFailed) as failed:
        await OUTBOUND.post(url, b"{}", {}, 5)
    assert failed.value.trouble in {Trouble.REFUSED, Trouble.UNRESOLVED}


@pytest.mark.parametrize(("url", "called"), ACCEPTED.items())
async def test_i6_what_everybody_may_call_is_accepted(url: str, called: str) -> None:
    assert await OUTBOUND.check(url) == called


async def test_i6_names_that_only_we_resolve_are_refused_like_those_that_nobody_does() -> None:
    said = []
    for url in ("https://private.example/", "https://nowhere.example/", "https://mixed.example/"):
        with pytest.raises(AddressRefused) as refused:
            await OUTBOUND.check(url)
        said.append(str(refused.value))
    assert len({*said}) == 1


METADATA = (
    *("169.254.169.254", "169.254.170.2", "169.254.0.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0"),
    *("0.0.0.0", "255.255.255.255", "::", "64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254", "::ffff:10.0.0.1"),
    *("2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1"),
)
"""As clouds have them, and as they are written in other words."""


@pytest.mark.parametrize("address", METADATA)
def test_i6_metadata_is_never_called_whatever_is_configured(address: str) -> None:
    networks = Calling(outbound_networks="0.0.0.0/0,::/0").outbound_networks  # type: ignore[arg-type]  # as it is read
    assert not may_be_called(address, networks)
    for ours in ("10.0.0.1", "100.64.0.1", "fd00::1", "64:ff9b::a00:1"):
        assert may_be_called(ours, networks)


@asynccontextmanager
async def canaries(count: int = 5) -> AsyncIterator[tuple[list[int], list[bytes]]]:
    """Listen on as many ports of the loopback; yield them, and what arrives."""
    arrived: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(b"connected")
        arrived.append(await reader.read(64))
        writer.close()

    servers = [await asyncio.start_server(note, "127.0.0.1", 0) for _ in range(count)]
    try:
        yield [server.sockets[0].getsockname()[1] for server in servers], arrived
    finally:
        for server in servers:
            server.close()


async def test_e12_no_target_reaches_a_canary_on_the_loopback() -> None:
    """Also where the name means something else the second time, the third time, or is one of several."""
    hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "loopback.example",
        "[::1]",
        "0",
        "mixed.example",
    ]
    hosts += ["[::ffff:127.0.0.1]", "app.localhost", "127.0.0.1.nip.example", "user@127.0.0.1", "example.com@127.0.0.1"]
    async with canaries() as (ports, arrived):
        for port in ports:
            for scheme in ("https", "http"):
                for host in hosts:
                    with pytest.raises(CallFailed):
                        await UNENCRYPTED.post(f"{scheme}://{host}:{port}/", b"{}", {}, 5)
            for answers in (["93.184.215.14"], ["127.0.0.1"]), (["93.184.215.14"], ["93.184.215.14", "127.0.0.1"]):
                outbound = replace(UNENCRYPTED, resolve=Rebinding([*answers]))
                url = await outbound.check(f"http://rebinding.example:{port}/")
                with pytest.raises(CallFailed) as failed:
                    await outbound.post(url, b"{}", {}, 5)
                assert failed.value.trouble is Trouble.REFUSED
        assert not arrived


class Rebinding:
    """A resolver that somebody else steers: each question has its own answer."""

    def __init__(self, answers: list[list[str]]) -> None:
        self.answers = answers

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        return self.answers.pop(0)
