"""Explain a decision to whoever asked for it, and tell them nothing that they could not see by themselves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.access.answers import Missing, Needed, Proof, Told
from domain.access.asking import Asked, Entity, holds
from domain.access.engine.compiled import DEEPEST, EVERYTHING, Held, Subject
from domain.access.engine.deciding import Outcome, Question, Thing, sees
from domain.access.engine.explaining import Explanation, explain
from domain.access.engine.explaining import Missing as Lacking
from domain.access.engine.parts import SERVICE_ACCOUNT, USER, RolePart
from domain.access.ports import Decisions
from domain.access.writing import written
from domain.kernel.access import Permission
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, ServiceAccountId

NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told, and what they may know."""

    mine: Subject
    now: datetime
    reads: frozenset[OrganizationId]
    """Where they may read grants."""
    reads_groups: bool

    @classmethod
    def of(cls, mine: Subject, platform: Subject | None, now: datetime) -> "Listener":
        """Return what somebody may know in an organization, and of what holds platform-wide."""
        found = {each.organization_id for each in (mine, platform) if each and holds(each, Permission.GRANTS_READ, now)}
        return cls(mine, now, frozenset(found), holds(mine, Permission.VISIBILITY_READ, now))


async def tell(
    decisions: Decisions, asked: Asked, question: Question | None, subject: Subject | None, listener: Listener
) -> Told:
    """Explain what was decided; of what is not there, as far as the asker may know, nothing."""
    if subject is None or question is None:
        return Told(NOT_FOUND)
    found = explain(subject, question, listener.now)
    standing = _withdrawn(subject, found)
    read = [each for each in (*found.grants, *standing) if each.grant.organization_id in listener.reads]
    places = await decisions.places({each.grant.resource_id for each in read if each.grant.resource_id})
    visible = {id_: each for id_, each in places.items() if sees(listener.mine, each, listener.now)}
    # What is granted on something that the listener does not see, they do not see in lists either.
    known = {each.grant.id for each in read if each.grant.resource_id is None or each.grant.resource_id in visible}
    shown = [each for each in found.grants if each.grant.id in known]
    roles = await decisions.roles({each.grant.role_id for each in shown})
    return Told(
        reason(subject, found),
        [proof(each, subject, question.permission, roles, visible) for each in shown],
        _missing(asked, found, [each.grant.id for each in standing if each.grant.id in known], listener),
    )


def reason(subject: Subject, found: Explanation) -> str:
    """Return in a word what decided."""
    if found.outcome is Outcome.ALLOWED:
        return "granted"
    if not subject.user.is_active:
        return "inactive"
    if found.outcome is Outcome.HIDDEN:
        return "not_visible"
    return "denied_by_grant" if found.grants else "not_granted"


def proof(
    held: Held,
    subject: Subject,
    permission: str,
    roles: Mapping[RoleId, RolePart],
    places: Mapping[ResourceId, Thing],
) -> Proof:
    """Return how a grant reaches somebody; `places` are those that may be named."""
    grant = held.grant
    place = places.get(grant.resource_id) if grant.resource_id else None
    return Proof(
        grant_id=grant.id,
        user_id=subject.id if subject.user.kind == USER and not held.through else None,
        team_id=held.through,
        service_account_id=ServiceAccountId(subject.id) if subject.user.kind == SERVICE_ACCOUNT else None,
        roles=chain(grant.role_id, permission, roles),
        on=Entity(place.type, place.external_id) if place else None,
        below=grant.below,
        effect="allow" if grant.allows else "deny",
        condition=None if grant.condition is None else written(grant.condition),
        expires_at=grant.expires_at,
    )


def chain(role_id: RoleId, permission: str, roles: Mapping[RoleId, RolePart]) -> list[RoleId]:
    """Return the shortest way from a role to the inherited one that the permission is written in."""
    scope = {None, roles[role_id].organization_id} if role_id in roles else set()
    usable = {id_: part for id_, part in roles.items() if part.organization_id in scope}
    rim, seen = [[role_id]], {role_id}
    for _ in range(DEEPEST + 1):
        for way in rim:
            if way[-1] in usable and _gives(usable[way[-1]], permission):
                return way
        wider = [[*way, above] for way in rim if way[-1] in usable for above in usable[way[-1]].inherits]
        rim = [way for way in wider if way[-1] not in seen]
        seen |= {way[-1] for way in rim}
    return [role_id]


def _gives(role: RolePart, permission: str) -> bool:
    names: Collection[str] = {permission}
    if role.organization_id is None:
        names = {permission, EVERYTHING, f"{permission.partition(':')[0]}:{EVERYTHING}"}
    return not role.permissions.isdisjoint(names)


def _withdrawn(subject: Subject, found: Explanation) -> list[Held]:
    """Return the grants that stand against an allow, as the remedy names them."""
    if found.remedy is None:
        return []
    held = [each for grants in (*subject.grants.values(), *subject.platform.values()) for each in grants]
    known = {each.grant.id: each for each in held}
    return [known[each] for each in found.remedy.withdraw]


def _missing(asked: Asked, found: Explanation, withdraw: list[GrantId], listener: Listener) -> Missing | None:
    if found.remedy is None:
        return None
    return Missing(
        withdraw=withdraw,
        join=sorted(found.remedy.join) if listener.reads_groups else [],
        grant=_needed(asked, found.remedy.grant) if found.remedy.grant else None,
        bypass=_needed(asked, found.remedy.bypass) if found.remedy.bypass else None,
    )


def _needed(asked: Asked, lacking: Lacking) -> Needed:
    on: Entity | None = None
    if lacking.resource_id and asked.name:
        on = (
            asked.planned.parent if asked.planned and lacking.below else Entity(asked.name.type, asked.name.external_id)
        )
    return Needed(lacking.permission, on, lacking.below)
