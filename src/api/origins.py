"""Where requests come from, when some come through proxies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from re import compile as pattern
from typing import Any, Final, Self

from api.cookies import device_token
from api.headers import Given, user_agent
from domain.kernel.access import Origin

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WITH_PORT: Final = pattern(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5}").fullmatch
ELEMENT: Final = pattern(r'\s*(?:[\w!#$%&\'*+.^`|~-]+=(?:[^\s",;=]+|"(?:[^"\\]|\\.)*")\s*(?:;\s*|(?=,|$)))+(?:,|$)')
FOR: Final = pattern(r'(?:^|;)\s*for=(?:"([^"\\]*)"|([^\s",;]+))', 2).search
MOST_HOPS: Final = 32
LONGEST: Final = 4096
"""The most bytes of a `Forwarded` header that are read."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Tell the client's address from the proxies' in front of this service.

    `X-Forwarded-For` and `Forwarded` (RFC 7239) count only in requests that come straight from a `trusted` network:
    then the rightmost address that is not trusted itself is the client's. What is no address ends the search: then the
    proxy that reported it is all that is known. Where both headers are sent and disagree, one of them passed through a
    proxy that knows only the other, so again the proxy is all that is known.
    """

    trusted: tuple[Network, ...] = ()

    @classmethod
    def behind(cls, proxies: Iterable[str]) -> Self:
        """Trust `proxies`: addresses or networks in CIDR notation. Raise `ValueError` if one is neither."""
        return cls(tuple(map(ip_network, proxies)))

    def __call__(self, scope: Any, headers: Given) -> Origin:
        """Return where the request of `scope` came from."""
        client = scope.get("client")
        peer = _address(client[0]) if client else None
        if peer and self.trusted and self._trusts(peer):
            peer = self._client(peer, headers)
        return Origin(str(peer) if peer else None, user_agent(headers), device_token(headers))

    def method(self, scope: Any, headers: Given) -> str | None:
        """Return the method of the request that a trusted proxy asks about, None if no such proxy says it."""
        client = scope.get("client")
        peer = _address(client[0]) if client else None
        if peer is None or not self._trusts(peer):
            return None
        return headers.get(b"x-forwarded-method", b"").decode("latin-1") or None

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.trusted)

    def _client(self, peer: Address, headers: Given) -> Address:
        said = {
            self._rightmost(peer, hops(headers[name].decode("latin-1")))
            for name, hops in ((b"x-forwarded-for", _forwarded_for), (b"forwarded", _forwarded))
            if name in headers
        }
        return said.pop() if len(said) == 1 else peer

    def _rightmost(self, peer: Address, hops: Iterator[str]) -> Address:
        known = peer
        for hop in hops:
            address = _address(hop)
            if address is None:
                return known
            known = address
            if not self._trusts(address):
                return address
        return known


@lru_cache(4096)
def _address(text: str) -> Address | None:
    """Read an address, with or without a port; IPv4 in IPv6 is IPv4."""
    if found := WITH_PORT(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A scope after % may be any text.
        return address.ipv4_mapped or (None if address.scope_id else address)
    return address


def _forwarded_for(value: str) -> Iterator[str]:
    return map(str.strip, reversed(value.rsplit(",", MOST_HOPS)))


def _forwarded(value: str) -> Iterator[str]:
    """Yield what each proxy says of the one before it, the nearest first; nothing if the header is malformed."""
    place, elements = 0, []
    if len(value) > LONGEST:
        return
    while place < len(value):
        element = ELEMENT.match(value, place)
        if not element:
            return
        elements.append(element[0].rstrip(", \t"))
        place = element.end()
    for each in reversed(elements[-MOST_HOPS:]):
        found = FOR(each)
        yield (found[1] or found[2]) if found else ""
