"""How others are called: pinned, bounded, and alone."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.outbound import calling
from core.outbound.calling import LARGEST_KEPT, LARGEST_SENT, CallFailed, Outbound, Trouble

HOUR = timedelta(hours=1)
LOOPBACK = (ip_network("127.0.0.0/8"),)


@asynccontextmanager
async def receiver(
    answer: bytes, *, open_for: float = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answer every request with these bytes; yield the port, and the requests."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        received.append(head + await reader.readexactly(length))
        writer.write(answer)
        if open_for:
            await asyncio.sleep(open_for)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], received
    finally:
        server.close()


async def resolve(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


OUTBOUND = Outbound(LOOPBACK, http=True, resolve=resolve)


async def test_sends_the_body_to_the_address_that_was_checked_under_its_name() -> None:
    async with receiver(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, received):
        answered = await OUTBOUND.post(f"http://hook.example:{port}/a?b=c", b'{"a":1}', {"x-a": "b"}, 10)
    (request,) = received
    head, _, body = request.partition(b"\r\n\r\n")
    assert (answered.status, answered.body, answered.whole) == (204, b"", True)
    assert body == b'{"a":1}'
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    lines = {line.lower() for line in head.split(b"\r\n")}
    assert {b"host: hook.example:%d" % port, b"x-a: b", b"connection: close", b"accept-encoding: identity"} <= lines


async def test_i6_follows_no_redirect() -> None:
    async with receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as (inside, reached):
        there = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:%d/\r\ncontent-length: 0\r\n\r\n"
        async with receiver(there % inside) as (port, _):
            answered = await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 10)
        assert answered.status == 307
        assert not reached


async def test_i6_asks_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as (proxy, asked),
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as (port, received),
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 10)
    assert (len(asked), len(received)) == (0, 1)


async def test_i6_reads_no_more_than_it_keeps() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_KEPT * 4)
    async with receiver(endless) as (port, _):
        answered = await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 10)
    assert (len(answered.body), answered.whole) == (LARGEST_KEPT, False)


async def test_i6_unpacks_nothing() -> None:
    packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb"
    async with receiver(packed) as (port, _):
        assert (await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 10)).body == b"bomb"


async def test_i6_sends_nothing_too_large() -> None:
    with pytest.raises(CallFailed) as failed:
        await OUTBOUND.post("http://hook.example:9000/", b"x" * (LARGEST_SENT + 1), {}, 10)
    assert failed.value.trouble is Trouble.TOO_LARGE


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"])
async def test_gives_up_after_the_deadline_however_it_is_kept_waiting(answer: bytes) -> None:
    async with receiver(answer, open_for=30) as (port, _):
        with pytest.raises(CallFailed) as failed:
            await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 0.3)
    assert failed.value.trouble is Trouble.TIMEOUT


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"])
async def test_says_so_when_the_answer_is_none(answer: bytes) -> None:
    async with receiver(answer) as (port, _):
        with pytest.raises(CallFailed) as failed:
            await OUTBOUND.post(f"http://hook.example:{port}/", b"{}", {}, 10)
    assert failed.value.trouble is Trouble.BROKEN


async def test_https_is_not_spoken_to_what_has_no_certificate() -> None:
    async with receiver(b"") as (port, received):
        with pytest.raises(CallFailed) as failed:
            await OUTBOUND.post(f"https://hook.example:{port}/", b"{}", {}, 5)
    assert failed.value.trouble in {Trouble.TLS, Trouble.UNREACHABLE, Trouble.TIMEOUT}
    assert not received


@pytest.mark.parametrize(("name", "trouble"), [("hook.example", None), ("other.example", Trouble.TLS)])
async def test_i6_the_certificate_has_to_be_the_names_not_the_address_s(name: str, trouble: Trouble | None) -> None:
    inside, trust = certified("hook.example")
    asked: list[str | None] = []
    inside.sni_callback = lambda _socket, told, _context: asked.append(told)
    async with receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", tls=inside) as (port, received):
        outbound, found = Outbound(LOOPBACK, resolve=resolve, trust=trust), None
        try:
            assert (await outbound.post(f"https://{name}:{port}/", b"{}", {}, 10)).status == 200
        except CallFailed as failed:
            found = failed.trouble
    assert (asked, found, len(received)) == ([name], trouble, 0 if trouble else 1)


async def test_a_server_that_wants_a_certificate_of_ours_says_so_after_the_handshake() -> None:
    inside, trust = certified("hook.example")
    inside.verify_mode, inside.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer as OpenSSL does, and stay until the client has gone: nothing but the alert tells it."""
        came, went = ssl.MemoryBIO(), ssl.MemoryBIO()
        spoken, refused = inside.wrap_bio(came, went, server_side=True), False
        while part := await reader.read(4096):
            came.write(part)
            try:
                if not refused:
                    spoken.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                refused = True
            writer.write(went.read())
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        url = f"https://hook.example:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(CallFailed) as failed:
            await Outbound(LOOPBACK, resolve=resolve, trust=trust).post(url, b"{}", {}, 10)
    assert failed.value.trouble is Trouble.TLS


def certified(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the side of a server with a certificate of `name`, and that of clients who trust it alone."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + HOUR)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    text = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with TemporaryDirectory() as folder:
        file = Path(folder, "server.pem")
        file.write_bytes(text + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        server.load_cert_chain(file)
    client.load_verify_locations(cadata=text.decode())
    return server, client


async def test_tries_the_next_address_when_one_takes_no_connection() -> None:
    async def two(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as (port, received):
        answered = await Outbound(LOOPBACK, http=True, resolve=two).post(f"http://h.example:{port}/", b"{}", {}, 10)
    assert (answered.status, len(received)) == (200, 1)


async def test_the_resolver_of_the_system_knows_this_machine() -> None:
    assert set(await calling.resolved("127.0.0.1", 80)) == {"127.0.0.1"}
