"""Roles and grants of an organization as casbin's rules, and back: what of them those rules can say.

`p, user:<id>, organization, <place>, role:<name>, allow` is a grant, where the place is `*`, `<type>/<id>`, or
`<type>/<id>/*` for that and everything below; `g2, <permission>, role:<name>` and `g2, role:<name>, role:<name>` say
what a role, the last, consists of. Conditions, ends, walls and descriptions have no words in it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from domain.access.schemas import Effect, GrantedOn, Grantee, GrantInfo, RoleInfo, SubjectType
from domain.kernel.errors import FieldError

DOMAIN: Final = "organization"
MOST_LINES: Final = 500
"""How many rules are taken at once: each is judged as the command that it stands for."""
MOST_GRANTS: Final = 5000
"""How many grants are written."""
MOST_ERRORS: Final = 100

_ROLE: Final = re.compile(r"role:([A-Za-z0-9_.:-]{1,64})")
_SUBJECT: Final = re.compile(r"(user|team|service_account):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_PERMISSION: Final = re.compile(r"[a-z0-9_.-]{1,64}:[a-z0-9_.-]{1,64}")
_PLACE: Final = re.compile(r"([A-Za-z0-9_.:-]{1,64})/([A-Za-z0-9_.:@/-]{1,256}?)(/\*)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A grant that a line asks for."""

    line: int
    subject: Grantee
    on: GrantedOn | None
    below: bool
    role: str
    effect: Effect


@dataclass(slots=True)
class Plan:
    """What lines ask for: what roles consist of, and grants; each with the line that says so first."""

    grants: list[Wanted] = field(default_factory=list)
    permissions: dict[str, set[str]] = field(default_factory=dict)
    inherits: dict[str, set[str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    def refuse(self, line: int, code: str, message: str) -> None:
        """Note what is wrong with a line."""
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(FieldError(f"body/policy/{line}", code, message))

    def in_order(self) -> list[str]:
        """Return the roles, each after those it inherits; note those that inherit from themselves."""
        left = {name: self.inherits[name] & self.lines.keys() for name in self.lines}
        ordered: list[str] = []
        while ready := sorted(name for name, waits in left.items() if not waits):
            ordered += ready
            left = {name: waits - {*ready} for name, waits in left.items() if waits}
        for name in sorted(left):
            self.refuse(self.lines[name], "circle", "A role cannot inherit from itself.")
        return ordered


def write(roles: Iterable[RoleInfo], grants: Iterable[GrantInfo]) -> tuple[list[str], list[str]]:
    """Return the lines, in an order of their own, and what they leave out and why.

    Of system roles those are written that something refers to. A role that cannot be said completely is not said at
    all, and with it whatever refers to it: a part of what is denied would be less than that.
    """
    # An organization's own roles come last, and hide system roles of the same name.
    known = {role.name: role for role in sorted(roles, key=lambda role: role.organization_id is not None)}
    silent = _silent(known)
    omitted = [f"role {known[name].id}: {why}" for name, why in silent.items() if known[name].organization_id]
    named = {name for name, role in known.items() if role.organization_id and name not in silent}
    said: list[str] = []
    for grant in grants:
        if reason := _unspeakable(grant, known.keys() - silent.keys()):
            omitted.append(f"grant {grant.id}: {reason}")
        else:
            named.add(grant.role)
            said.append(_granted(grant))
    while more := {each for name in named for each in known[name].inherits} - named:
        named |= more
    consists = [f"g2, {part}, role:{name}" for name in named for part in _parts(known[name])]
    return [*sorted(consists), *sorted(said)], sorted(omitted)


def _parts(role: RoleInfo) -> list[str]:
    return [*role.permissions, *(f"role:{each}" for each in role.inherits)]


def _silent(known: Mapping[str, RoleInfo]) -> dict[str, str]:
    """Return the roles that the rules have no words for, and why."""
    found: dict[str, str] = {}
    for name, role in known.items():
        if not _parts(role):
            found[name] = "it consists of nothing"
        elif not all(_PERMISSION.fullmatch(each) and not _ROLE.fullmatch(each) for each in role.permissions):
            found[name] = "a permission of it means others, or reads like a role"
    while more := {
        name: "it inherits from one that is left out"
        for name, role in known.items()
        if name not in found and found.keys() & {*role.inherits}
    }:
        found |= more
    return found


def _unspeakable(grant: GrantInfo, roles: Collection[str]) -> str | None:
    if grant.condition is not None:
        return "it has a condition"
    if grant.expires_at is not None:
        return "it ends"
    if grant.role not in roles:
        return "its role is left out"
    if grant.on and not ((found := _PLACE.fullmatch(_place(grant))) and found[2] == grant.on.id):
        return "the name of its resource has characters that rules have not"
    return None


def _granted(grant: GrantInfo) -> str:
    subject = f"{grant.subject.type}:{grant.subject.id}"
    return f"p, {subject}, {DOMAIN}, {_place(grant)}, role:{grant.role}, {grant.effect}"


def _place(grant: GrantInfo) -> str:
    if grant.on is None:
        return "*"
    return f"{grant.on.type}/{grant.on.id}{'/*' if grant.below else ''}"


def read(text: str) -> Plan:
    """Return what the lines ask for, and what is wrong with those that cannot be read; repetitions are dropped."""
    plan, seen = Plan(), set()
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        fields = tuple(part.strip() for part in line.split(","))
        if fields in seen:
            continue
        seen.add(fields)
        if len(seen) > MOST_LINES:
            plan.refuse(number, "size", f"A policy has at most {MOST_LINES} rules.")
            break
        match fields:
            case ("p", subject, domain, place, role, effect):
                _read_grant(plan, number, subject, domain, place, role, effect)
            case ("g2", part, role):
                _read_part(plan, number, part, role)
            case _:
                plan.refuse(
                    number,
                    "rule",
                    "Rules are p, <who>, organization, <place>, <role>, <effect>, and g2, <part>, <role>.",
                )
    return plan


def _read_grant(plan: Plan, line: int, subject: str, domain: str, place: str, role: str, effect: str) -> None:
    who, what, where = _SUBJECT.fullmatch(subject), _ROLE.fullmatch(role), _PLACE.fullmatch(place)
    if not who:
        plan.refuse(line, "subject", "A subject is user:<id>, team:<id> or service_account:<id>.")
    elif domain != DOMAIN:
        plan.refuse(line, "domain", f"The domain is {DOMAIN}.")
    elif not where and place != "*":
        plan.refuse(line, "place", "A place is *, <type>/<id> or <type>/<id>/*.")
    elif not what:
        plan.refuse(line, "role", "A role is role:<name>.")
    elif effect not in {"allow", "deny"}:
        plan.refuse(line, "effect", "An effect is allow or deny.")
    else:
        on = GrantedOn(where[1], where[2]) if where else None
        below = bool(where and where[3])
        kind, way = cast("SubjectType", who[1]), cast("Effect", effect)
        plan.grants.append(Wanted(line, Grantee(kind, UUID(who[2])), on, below, what[1], way))


def _read_part(plan: Plan, line: int, part: str, role: str) -> None:
    name, inherited = _ROLE.fullmatch(role), _ROLE.fullmatch(part)
    if not name:
        plan.refuse(line, "role", "A role is role:<name>.")
    elif not inherited and not _PERMISSION.fullmatch(part):
        plan.refuse(line, "permission", "A permission is <type>:<action>, of a-z, 0-9, and any of _ . -")
    else:
        plan.lines.setdefault(name[1], line)
        permissions = plan.permissions.setdefault(name[1], set())
        inherits = plan.inherits.setdefault(name[1], set())
        if inherited:
            inherits.add(inherited[1])
        else:
            permissions.add(part)
