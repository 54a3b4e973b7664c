"""Tell callers of the limits that their requests have met (draft-ietf-httpapi-ratelimit-headers-10)."""

from typing import Any, Final

from core.announcing import Met, noted

NOTES: Final = "rate_limits"

Header = tuple[bytes, bytes]


def listen(scope: Any) -> list[Met]:
    """Return the list that fills while the request of `scope` is answered."""
    met = scope[NOTES] = list[Met]()
    noted.set(met)
    return met


def headers(met: list[Met]) -> list[Header]:
    """Return `RateLimit-Policy` (section 3) and `RateLimit` (section 4); nothing where no limit was met."""
    if not met:
        return []
    policies = ", ".join(f'"{each.name}";q={each.most};w={each.seconds}' for each in met)
    left = ", ".join(f'"{each.name}";r={each.left.left};t={each.left.resets}' for each in met)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]


def met_by(scope: Any) -> list[Header]:
    """Return the headers of a request that was refused."""
    return headers(scope.get(NOTES, []))
