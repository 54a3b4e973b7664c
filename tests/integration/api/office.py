"""An organization to ask about, written into the database as it is."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import bearer, person, tokens
from tests.support.client import Answer, Client

NOW = {"consistency-token": "newer than everything"}
WALLS = """
UPDATE resources r SET wall_id = (
    SELECT p.id FROM unnest(r.path) WITH ORDINALITY AS p (id, place)
    WHERE EXISTS (SELECT FROM visibility_contents c WHERE c.resource_id = p.id) ORDER BY p.place LIMIT 1
) WHERE organization_id = $1
"""


@dataclass
class Person:
    id: UUID
    headers: dict[str, str]

    @property
    def subject(self) -> dict[str, Any]:
        return {"type": "user", "id": str(self.id)}


@dataclass
class Office:
    call: Client
    connection: asyncpg.Connection
    id: UUID = field(default_factory=uuid7)

    async def open(self) -> "Office":
        await self.run("INSERT INTO organizations VALUES ($1, 'Office', $2, now(), now(), 1)", self.id, str(self.id))
        return self

    async def run(self, statement: str, *values: Any) -> Any:
        return await self.connection.fetch(statement, *values)

    async def stranger(self) -> Person:
        profile = await person(self.call)
        return Person(UUID(profile["id"]), bearer(await tokens(self.call, profile["email"])))

    async def member(self, *permissions: str) -> Person:
        """Return a new member, who holds `permissions` in the organization."""
        found = await self.stranger()
        await self.run("INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", uuid7(), self.id, found.id)
        if permissions:
            await self.grant(found, await self.role(*permissions))
        return found

    async def role(self, *permissions: str, inherits: UUID | None = None) -> UUID:
        made = uuid7()
        await self.run(
            "INSERT INTO roles (id, organization_id, name, permissions) VALUES ($1, $2, $1::uuid::text, $3)",
            made,
            self.id,
            list(permissions),
        )
        if inherits:
            await self.run("INSERT INTO role_inherits VALUES ($1, $2)", made, inherits)
        return made

    async def grant(
        self,
        to: Person,
        role: UUID,
        on: UUID | None = None,
        *,
        below: bool = False,
        effect: str = "allow",
        condition: Any = None,
    ) -> UUID:
        made = uuid7()
        await self.run(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, below, effect,"
            " condition, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())",
            made,
            self.id,
            to.subject["type"],
            to.id,
            role,
            on,
            below,
            effect,
            None if condition is None else json.dumps(condition),
        )
        return made

    async def resource(
        self, name: str, parent: UUID | None = None, owner: UUID | None = None, **attributes: Any
    ) -> UUID:
        made = uuid7()
        await self.run(
            "INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, path, attributes,"
            " created_at, updated_at, version) VALUES ($1, $2, 'document', $3, $4, $5,"
            " $1::uuid || coalesce((SELECT path FROM resources WHERE id = $5), '{}'), $6, now(), now(), 1)",
            made,
            self.id,
            name,
            owner,
            parent,
            json.dumps(attributes),
        )
        await self.run(WALLS, self.id)
        return made

    async def wall(self, content: UUID, *viewers: Person) -> UUID:
        """Put a resource into a new visibility group of `viewers`."""
        group = uuid7()
        await self.run("INSERT INTO visibility_groups VALUES ($1, $2, $1::uuid::text, now(), now(), 1)", group, self.id)
        await self.run(
            "INSERT INTO visibility_contents (group_id, organization_id, resource_id) VALUES ($1, $2, $3)",
            group,
            self.id,
            content,
        )
        for each in viewers:
            await self.run(
                "INSERT INTO visibility_members (group_id, organization_id, user_id) VALUES ($1, $2, $3)",
                group,
                self.id,
                each.id,
            )
        await self.run(WALLS, self.id)
        return group

    def question(self, subject: Person, action: str, name: str, **context: Any) -> dict[str, Any]:
        return {
            "subject": subject.subject,
            "action": {"name": action},
            "resource": {"type": "document", "id": name},
            "context": {"organization_id": str(self.id), **context},
        }

    async def ask(self, asker: Person, path: str, body: Any) -> Answer:
        return await self.call.send("POST", f"/access/v1/{path}", body, asker.headers | NOW)

    async def allows(self, asker: Person, subject: Person, action: str, name: str, **context: Any) -> bool:
        answer = await self.ask(asker, "evaluation", self.question(subject, action, name, **context))
        assert answer.status == 200, answer
        found = answer.json()
        assert set(found) == {"decision"}
        return bool(found["decision"])
