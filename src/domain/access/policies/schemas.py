"""What policy models show to callers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.policies.models import PolicyModel
from domain.access.policies.rules import Rule


@dataclass(frozen=True, slots=True)
class PolicyModelDetails:
    """A policy model: `model` in casbin's `.conf` form, `policy` its rules as `.csv`. `version` is also its `ETag`."""

    id: UUID
    organization_id: UUID
    name: str
    model: str
    policy: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class PolicyDecisions:
    """One decision for each question, in order.

    `undetermined` are the positions of those that could not be evaluated, such as for a missing member of an object:
    they are denied.
    """

    decisions: list[bool]
    undetermined: list[int]
    policy_version: int
    """The version of the model that decided."""


@dataclass(frozen=True, slots=True)
class PolicyExport:
    """An organization's roles and grants in casbin's language: `model` as `.conf`, `policy` as `.csv`.

    `omitted` says what the rules have no words for: conditions, ends, and names with other characters.
    """

    model: str
    policy: str
    omitted: list[str]


@dataclass(frozen=True, slots=True)
class PolicyImported:
    """What rules became: the names of new roles, and how many grants; what was there already is `unchanged`."""

    roles: list[str]
    grants: int
    unchanged: int
    dry_run: bool


def details(model: PolicyModel, rules: Sequence[Rule]) -> PolicyModelDetails:
    """Return what is shown of a model with these rules."""
    return PolicyModelDetails(
        model.id,
        model.organization_id,
        model.name,
        model.text,
        "".join(f"{rule.line}\n" for rule in rules),
        model.created_at,
        model.updated_at,
        model.version,
    )
