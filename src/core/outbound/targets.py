"""Addresses of others, read strictly: what two readers could understand differently is refused."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from domain.kernel.errors import AddressRefused

LONGEST: Final = 2048
LONGEST_NAME: Final = 253
_PARTS: Final = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<six>[0-9a-fA-F:.]{2,45})\]|(?P<host>[0-9a-zA-Z.-]{1,253}))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/(?:[0-9a-zA-Z._~!$&'()*+,;=:@/-]|%[0-9a-fA-F]{2})*)?(?:\?(?:[0-9a-zA-Z._~!$&'()*+,;=:@/?-]|%[0-9a-fA-F]{2})*)?)",
    re.ASCII,
)
_LABEL: Final = re.compile(r"(?!-)[0-9a-z-]{1,63}(?<!-)")
_PORTS: Final = {"https": 443, "http": 80}
_UNPRIVILEGED: Final = range(1024, 65_536)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call is to go."""

    scheme: str
    host: str
    """A name in lower case, or an address in its canonical spelling, without brackets."""
    port: int
    path: str
    """With the query; never empty."""

    @property
    def literal(self) -> bool:
        """Whether the host is an address, not a name."""
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()

    @property
    def authority(self) -> str:
        """What the header `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def target(text: str, *, http: bool = False, local: bool = False) -> Target:
    """Read `text`, or raise `AddressRefused`.

    Only `https`, with `http` that too; the default port or one from 1024 on; no user, password or fragment; a full name
    in ASCII, which with `local` may be a single label, or an address as everybody writes it.
    """
    found = _PARTS.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise AddressRefused("It is no absolute https:// URL in ASCII without user, password and fragment.")
    scheme = found["scheme"]
    if scheme == "http" and not http:
        raise AddressRefused("It has to begin with https://.")
    host = _six(found["six"]) if found["six"] else _host(found["host"], local=local)
    port = int(found["port"]) if found["port"] else _PORTS[scheme]
    if port != _PORTS[scheme] and port not in _UNPRIVILEGED:
        raise AddressRefused("Its port is neither the default one nor one from 1024 to 65535.")
    path = found["path"]
    return Target(scheme, host, port, path if path.startswith("/") else f"/{path}")


def _six(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError as error:
        raise AddressRefused("Its host is no IPv6 address.") from error


def _host(text: str, *, local: bool) -> str:
    """Return a name or an IPv4 address; what other programs take for an address, like `0x7f.1`, is neither."""
    host = text.lower()
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or len(host) > LONGEST_NAME:
        raise AddressRefused("Its host is no full name in ASCII; write other alphabets as xn--….")
    if labels[-1][0].isdigit():
        try:
            return str(IPv4Address(host))
        except ValueError as error:
            raise AddressRefused("Its host is neither a name nor an address as everybody writes it.") from error
    if len(labels) == 1 and not local:
        raise AddressRefused("Its host is no full name.")
    return host
