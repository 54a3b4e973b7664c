"""Resources and their invariants."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, ClassVar, Final

from domain.kernel.ids import OrganizationId, ResourceId, UserId, uuid7
from domain.resources.errors import AttributesInvalid, ExternalIdInvalid, TypeInvalid

DEEPEST: Final = 32
"""How many resources a path may have."""
MOST_MOVED: Final = 50_000
"""How many resources move at once, with what lies in them: nobody else puts anything into anything meanwhile."""
MOST_BELOW: Final = 10_000
"""How many resources one command may delete."""
MOST_ATTRIBUTES: Final = 32
LARGEST_ATTRIBUTES: Final = 8192
"""Bytes of all attributes of a resource together, as JSON."""
LONGEST_TEXT: Final = 1024
LONGEST_LIST: Final = 100
LARGEST_NUMBER: Final = (1 << 53) - 1
"""Beyond it JSON readers disagree (RFC 8259, section 6)."""
LONGEST_EXTERNAL_ID: Final = 256

_TYPE: Final = re.compile(r"[a-z0-9_.-]{1,64}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """What the service that has a resource calls it; unique in an organization."""

    type: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Parent:
    """What a resource lies in."""

    id: ResourceId
    key: ResourceKey


@dataclass(eq=False, kw_only=True)
class Resource:
    """Something of a consuming service that access is decided about."""

    aggregate: ClassVar[str] = "resource"

    id: ResourceId = field(default_factory=lambda: ResourceId(uuid7()))
    organization_id: OrganizationId
    key: ResourceKey
    owner_id: UserId | None
    """A member of the organization; with the membership the ownership ends, which is not announced."""
    parent: Parent | None
    path: tuple[ResourceId, ...]
    """The resource and what it lies in, itself first."""
    attributes: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int = 0
    wall_id: ResourceId | None = None
    """The first of the path that is in a visibility group, if any: the store keeps it right."""

    @property
    def type(self) -> str:
        """What kind of thing it is."""
        return self.key.type

    @property
    def external_id(self) -> str:
        """What the service that has it calls it."""
        return self.key.external_id


def resource_key(type_: str, external_id: str) -> ResourceKey:
    """Return the key, or raise `TypeInvalid` or `ExternalIdInvalid`."""
    if not _TYPE.fullmatch(type_):
        raise TypeInvalid
    if not 0 < len(external_id) <= LONGEST_EXTERNAL_ID or not external_id.isprintable():
        raise ExternalIdInvalid
    return ResourceKey(type_, external_id)


def attributes_of(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `given` if they may be the attributes of a resource, or raise `AttributesInvalid`."""
    if len(given) > MOST_ATTRIBUTES or not all(_NAME.fullmatch(name) and _fits(value) for name, value in given.items()):
        raise AttributesInvalid
    kept = {name: _kept(value) for name, value in given.items()}
    if len(as_text(kept).encode()) > LARGEST_ATTRIBUTES:
        raise AttributesInvalid
    return kept


def as_text(attributes: Mapping[str, Any]) -> str:
    """Return the attributes as JSON, equal for equal attributes; to Python `True`, `1` and `1.0` are one."""
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _fits(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= LONGEST_LIST and all(_single(each) and not isinstance(each, bool) for each in value)
    return _single(value)


def _single(value: Any) -> bool:
    match value:
        case str():
            return len(value) <= LONGEST_TEXT and "\0" not in value
        case int() | float():
            return isfinite(value) and -LARGEST_NUMBER <= value <= LARGEST_NUMBER
    return False


def _kept(value: Any) -> Any:
    """Return `value` as the store returns it, which knows no negative zero."""
    match value:
        case list():
            return [_kept(each) for each in value]
        case float():
            return value + 0.0
    return value
