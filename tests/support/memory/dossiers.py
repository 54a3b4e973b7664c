"""Dossiers in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.postgres.audit import Entry
from domain.identity.dossiers.readers import MOST, DossierPart, DossierPlace, Dossiers
from domain.identity.models import User
from domain.kernel.ids import UserId
from tests.support.memory.configuration import HEADS, MENTIONS
from tests.support.memory.identity import LINKS, USERS
from tests.support.memory.organizations import INVITATIONS
from tests.support.memory.sessions import SESSIONS
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, TEAM_MEMBERS

_OWNED = {"sessions": SESSIONS, "mailed_links": LINKS, "memberships": MEMBERSHIPS, "teams": TEAM_MEMBERS}


@dataclass(frozen=True, slots=True)
class MemoryDossiers(Dossiers):
    memory: Memory

    async def find(self, user_id: UserId, after: DossierPlace | None = None, most: int = MOST) -> DossierPart | None:
        user: User | None = self.memory.table(USERS).get(user_id)
        if user is None:
            return None
        held = {
            name: [_plain(row) for row in self.memory.table(table).values() if row.user_id == user_id]
            for name, table in _OWNED.items()
        }
        grants = [_plain(row) for row in self.memory.table(GRANTS).values() if row.subject.id == user_id]
        invited = [_plain(row) for row in self.memory.table(INVITATIONS).values() if row.email == user.email]
        spoken = [
            {"namespace": head.namespace, "version": version}
            for head in self.memory.table(HEADS).values()
            for person, head_id, version in self.memory.table(MENTIONS)
            if (person, head_id) == (user_id, head.id)
        ]
        named, place = f"user:{user_id}", after or DossierPlace(0, 0)
        facts = [
            (position, {"type": fact.type, "data": fact.data})
            for position, fact in enumerate(self.memory.published, 1)
            if position > place.event and str(user_id) in {str(fact.aggregate_id), fact.data.get("user_id")}
        ]
        entries = [
            (position, _told(entry, named))
            for position, entry in enumerate(self.memory.audited, 1)
            if position > place.entry and named in {entry.actor, entry.target}
        ]
        following = DossierPlace(_last(facts[:most], place.event), _last(entries[:most], place.entry))
        many = {"events": [each for _, each in facts[:most]], "audit": [each for _, each in entries[:most]]}
        few = {
            "account": [_plain(user)],
            "grants": grants,
            "configuration": spoken,
            "invitations": invited,
        }
        first = held | few if after is None else {"account": few["account"]}
        return DossierPart(first | many, following if max(len(facts), len(entries)) > most else None)


def _last(found: Sequence[tuple[int, Any]], otherwise: int) -> int:
    return found[-1][0] if found else otherwise


def _told(entry: Entry, own: str) -> dict[str, Any]:
    told = {name: getattr(entry, name) for name in ("action", "outcome", "target", "organization_id", "occurred_at")}
    return told | {"actor": entry.actor if entry.actor == own else entry.actor.partition(":")[0]}


def _plain(row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(row)
    return {name: value for name, value in plain.items() if name != "token_hash"}
