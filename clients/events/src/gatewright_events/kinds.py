"""The kinds of things that can be copied, and the types of all events of each."""

from collections.abc import Iterable, Mapping
from typing import Final

from gatewright_events.events import spelt_out

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("identity.user.*",),
    "session": ("sessions.session.*",),
    "key": ("keys.key.*",),
    "organization": ("organizations.organization.*", "organizations.ownership.*"),
    "membership": ("organizations.member.*",),
    "invitation": ("organizations.invitation.*",),
    "configuration": ("organizations.configuration.*",),
    "service_account": ("identity.service_account.*",),
    "team": ("teams.team.*", "teams.member.*"),
    "role": ("access.role.*",),
    "policy_model": ("access.policy_model.*",),
    "grant": ("access.grant.*",),
    "resource": ("resources.resource.*",),
    "webhook": ("webhooks.webhook.*",),
    "visibility_group": ("visibility.group.*", "visibility.member.*", "visibility.content.*"),
}
"""By kind, which is the `aggregatetype`: patterns that together match all events of such an aggregate."""


def take_all_of(kind: str, patterns: Iterable[str]) -> bool:
    """Tell whether `patterns` leave out no event of an aggregate of that kind."""
    wide = [each.split(".") for each in spelt_out(patterns)]
    return all(any(_covers(each, group.split(".")) for each in wide) for group in KINDS[kind])


def _covers(wide: list[str], narrow: list[str]) -> bool:
    return all(mine in {"*", theirs} for mine, theirs in zip(wide, narrow, strict=True))
