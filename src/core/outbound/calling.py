"""The one way in which others are called at somebody else's word: resolved, checked, pinned, bounded."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Final

import httpx

from core.outbound.networks import Network, may_be_called
from core.outbound.targets import Target, target
from domain.kernel.errors import AddressRefused
from domain.kernel.ports import Destinations

LARGEST_SENT: Final = 1 << 20
LARGEST_KEPT: Final = 1 << 16
"""Bytes of an answer that are read."""
TRIED: Final = 3
"""Addresses of a name that are tried in turn."""
_AWAY: Final = "It has to lead to addresses that everybody may call, and all of them."
_RESOLVING: Final = ThreadPoolExecutor(32, "resolver")
"""The system's resolver blocks. Threads of its own: names that nobody answers for must not hold up anything else."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Return the addresses of a name, or raise `OSError`."""


class Trouble(StrEnum):
    """Why nothing was answered."""

    REFUSED = "address_refused"
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    TLS = "tls_failed"
    TIMEOUT = "timed_out"
    BROKEN = "no_answer"
    TOO_LARGE = "too_large"


class CallFailed(Exception):
    """Nothing was answered. It names no address."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered; redirects are answers like any other."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    whole: bool
    """Whether `body` is all of it."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, in a thread."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_RESOLVING, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True, slots=True)
class Outbound(Destinations):
    """Calls others.

    Every address of a name is checked, and the connection goes to one that was: there is no moment at which the name
    could begin to mean another. No redirect is followed, no proxy of the environment is asked, no cookie is kept, and
    no connection is used twice.
    """

    networks: Sequence[Network] = ()
    """Networks that may be called beside what everybody may call."""
    http: bool = False
    """Whether calls may go unencrypted."""
    resolve: Resolve = resolved
    trust: ssl.SSLContext = field(default_factory=lambda: httpx.create_ssl_context(trust_env=False), repr=False)
    resolving: float = 3
    """Seconds that a name may take when it is checked."""

    async def check(self, url: str) -> str:
        """See `Destinations.check`."""
        found = self._target(url)
        try:
            async with asyncio.timeout(self.resolving):
                await self._addresses(found)
        except (CallFailed, TimeoutError) as error:
            # Who asks learns nothing about names that only we can resolve.
            raise AddressRefused(_AWAY) from error
        return str(found)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Answered:
        """Send `body` and return the answer within `deadline` seconds, or raise `CallFailed`."""
        if len(body) > LARGEST_SENT:
            raise CallFailed(Trouble.TOO_LARGE)
        try:
            found = self._target(url)
        except AddressRefused as error:
            raise CallFailed(Trouble.REFUSED) from error
        try:
            async with asyncio.timeout(deadline):
                addresses = await self._addresses(found)
                return await self._tried(found, addresses, body, headers, monotonic() + deadline)
        except TimeoutError as error:
            raise CallFailed(Trouble.TIMEOUT) from error

    def _target(self, url: str) -> Target:
        return target(url, http=self.http, local=bool(self.networks))

    async def _addresses(self, found: Target) -> Sequence[str]:
        try:
            # An address means itself, whatever a resolver says.
            named = [found.host] if found.literal else await self.resolve(found.host, found.port)
            addresses = list(dict.fromkeys(named))
        except (OSError, UnicodeError) as error:
            raise CallFailed(Trouble.UNRESOLVED) from error
        if not addresses:
            raise CallFailed(Trouble.UNRESOLVED)
        if not all(may_be_called(each, self.networks) for each in addresses):
            raise CallFailed(Trouble.REFUSED)
        return addresses[:TRIED]

    async def _tried(
        self, found: Target, addresses: Sequence[str], body: bytes, headers: Mapping[str, str], until: float
    ) -> Answered:
        """Call one address after the other until one takes the connection; none is sent anything twice."""
        trouble = Trouble.UNREACHABLE
        for number, address in enumerate(addresses):
            share = (until - monotonic()) / (len(addresses) - number)
            try:
                return await self._call(found, address, body, headers, share)
            except httpx.ConnectTimeout:
                trouble = Trouble.TIMEOUT
            except httpx.ConnectError as error:
                trouble = Trouble.TLS if _is_tls(error) else Trouble.UNREACHABLE
            except httpx.TimeoutException as error:
                raise CallFailed(Trouble.TIMEOUT) from error
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
                # What TLS says after the handshake comes as it is: that it wants a certificate of ours, for one.
                raise CallFailed(Trouble.TLS if _is_tls(error) else Trouble.BROKEN) from error
        raise CallFailed(trouble)

    async def _call(
        self, found: Target, address: str, body: bytes, headers: Mapping[str, str], connecting: float
    ) -> Answered:
        pinned = httpx.URL(scheme=found.scheme, host=address, port=found.port, raw_path=found.path.encode())
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        async with (
            httpx.AsyncHTTPTransport(verify=self.trust, trust_env=False, limits=limits) as transport,
            httpx.AsyncClient(transport=transport, trust_env=False, timeout=httpx.Timeout(None)) as client,
        ):
            request = httpx.Request(
                "POST",
                pinned,
                headers={"accept-encoding": "identity", **headers, "host": found.authority, "connection": "close"},
                content=body,
                # The certificate has to be the name's, whatever address it is at.
                extensions={
                    "sni_hostname": found.host,
                    "timeout": {"connect": connecting, "read": None, "write": None, "pool": None},
                },
            )
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                kept, whole = await _kept(answer)
            finally:
                await answer.aclose()
            return Answered(answer.status_code, dict(answer.headers), kept, whole)


async def _kept(answer: httpx.Response) -> tuple[bytes, bool]:
    """Read what is kept of an answer, as it comes: nothing is unpacked."""
    kept = bytearray()
    async for part in answer.aiter_raw():
        kept += part
        if len(kept) > LARGEST_KEPT:
            return bytes(kept[:LARGEST_KEPT]), False
    return bytes(kept), True


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
