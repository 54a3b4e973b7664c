"""Which addresses may be called at somebody else's word."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOWHERE: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            # Of 2000::/3: protocol assignments with Teredo and ORCHID, documentation, 6to4, segment routing.
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16"),
        ),
    )
)
"""What the IANA registries of special-purpose addresses set apart (RFC 6890)."""
UNICAST: Final = IPv6Network("2000::/3")
"""All that was ever given out of IPv6 to be reached from everywhere."""
TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 behind a NAT64 (RFC 6052): the last 32 bits say where it leads."""
NEVER: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/32", "::/128", "255.255.255.255/32"),
            # Metadata of clouds: link-local, Azure, Alibaba, Oracle; Amazon, Google.
            *("169.254.0.0/16", "fe80::/10", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"),
            *("fd00:ec2::/32", "fd20:ce::254/128"),
            # IPv4 in IPv6, mapped and tunnelled: another spelling of what was not allowed.
            *("::ffff:0:0/96", "2001::/32", "2002::/16"),
        ),
    )
)
"""Not even if a configured network holds it: metadata of clouds, and what means this host, all of them, or another."""


def may_be_called(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Return whether everybody may have the address called, or it lies in one of the `allowed` networks.

    IPv4 in IPv6 is judged by what is inside where it is translated (NAT64), and never called where it is tunnelled or
    mapped (6to4, Teredo, `::ffff:0:0/96`).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address in TRANSLATED:
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if _within(address, NEVER):
        return False
    return _is_public(address) or _within(address, allowed)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.scope_id or address not in UNICAST):
        return False
    return not _within(address, NOWHERE)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in networks)
