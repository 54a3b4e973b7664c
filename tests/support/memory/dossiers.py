"""Dossiers in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from core.postgres.audit import Entry
from domain.identity.dossiers.readers import Dossiers
from domain.identity.models import User
from domain.kernel.ids import UserId
from tests.support.memory.identity import LINKS, USERS
from tests.support.memory.organizations import INVITATIONS
from tests.support.memory.sessions import SESSIONS
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, TEAM_MEMBERS

_OWNED = {"sessions": SESSIONS, "mailed_links": LINKS, "memberships": MEMBERSHIPS, "teams": TEAM_MEMBERS}


@dataclass(frozen=True, slots=True)
class MemoryDossiers(Dossiers):
    memory: Memory

    async def find(self, user_id: UserId) -> Mapping[str, list[Any]] | None:
        user: User | None = self.memory.table(USERS).get(user_id)
        if user is None:
            return None
        held = {
            name: [_plain(row) for row in self.memory.table(table).values() if row.user_id == user_id]
            for name, table in _OWNED.items()
        }
        grants = [_plain(row) for row in self.memory.table(GRANTS).values() if row.subject.id == user_id]
        invited = [_plain(row) for row in self.memory.table(INVITATIONS).values() if row.email == user.email]
        facts = [
            fact for fact in self.memory.published if str(user_id) in {str(fact.aggregate_id), fact.data.get("user_id")}
        ]
        named = f"user:{user_id}"
        entries = [entry for entry in self.memory.audited if named in {entry.actor, entry.target}]
        return held | {
            "account": [_plain(user)],
            "grants": grants,
            "invitations": invited,
            "events": [{"type": fact.type, "data": fact.data} for fact in facts],
            "audit": [_told(entry, named) for entry in entries],
        }


def _told(entry: Entry, own: str) -> dict[str, Any]:
    told = {name: getattr(entry, name) for name in ("action", "outcome", "target", "organization_id", "occurred_at")}
    return told | {"actor": entry.actor if entry.actor == own else entry.actor.partition(":")[0]}


def _plain(row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(row)
    return {name: value for name, value in plain.items() if name != "token_hash"}
