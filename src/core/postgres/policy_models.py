"""Policy models of organizations in Postgres."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, func, select, text

from core.postgres.base import mapping, versioned
from core.postgres.database import Database
from core.postgres.work import SqlWork
from domain.access.policies.errors import PolicyModelNotFound, PolicySliceTooLarge, TooManyPolicyModels
from domain.access.policies.models import MOST_MODELS, PolicyModel
from domain.access.policies.ports import MOST_SLICED, PolicyModels, PolicyReader, Start
from domain.access.policies.rules import Rule
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId

models = Table(
    "policy_models",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(PolicyModel, models, **versioned(models))

_LOCK: Final = text("SELECT 1 FROM organizations WHERE id = :organization_id FOR UPDATE")
_CLEAR: Final = text("DELETE FROM policy_rules WHERE model_id = :model_id")
_INSERT: Final = text("""
INSERT INTO policy_rules (model_id, position, kind, subject, fields)
SELECT :model_id, r.position, r.kind, r.subject, r.fields
FROM jsonb_to_recordset(CAST(:rules AS jsonb)) AS r(position integer, kind text, subject text, fields text[])
""")
_MODEL: Final = "SELECT * FROM policy_models WHERE organization_id = $1 AND name = $2"
# Whatever is read is read of one version: that of the same statement.
_RULES: Final = """
SELECT m.version, (SELECT json_agg(json_build_array(r.kind, r.fields) ORDER BY r.position)
                   FROM policy_rules r WHERE r.model_id = m.id)::text AS rules
FROM policy_models m WHERE m.id = $1
"""
_SLICE: Final = """
WITH RECURSIVE reached (kind, name) AS (
    SELECT * FROM unnest($2::text[], $3::text[])
    UNION
    SELECT g.kind, g.fields[2] FROM reached r
    JOIN policy_rules g ON g.model_id = $1 AND g.kind = r.kind AND g.subject = r.name
), concerned AS (
    SELECT g.position, g.kind, g.fields FROM reached r
    JOIN policy_rules g ON g.model_id = $1 AND g.kind = r.kind AND g.subject = r.name
    UNION ALL
    ({rules})
)
SELECT m.version, (SELECT json_agg(json_build_array(c.kind, c.fields) ORDER BY c.position)
                   FROM (SELECT * FROM concerned LIMIT $5) c)::text AS rules
FROM policy_models m WHERE m.id = $1
"""
TIED: Final = _SLICE.format(
    rules="SELECT position, kind, fields FROM policy_rules WHERE model_id = $1 AND kind = 'p'"
    " AND subject IN (SELECT name FROM reached WHERE kind = $4)"
)
UNTIED: Final = _SLICE.format(
    rules="SELECT position, kind, fields FROM policy_rules WHERE model_id = $1 AND kind = 'p' AND $4::text IS NULL"
)


@dataclass(frozen=True, slots=True)
class SqlPolicyModels(PolicyModels):
    work: SqlWork

    async def find(self, organization_id: OrganizationId, name: str) -> PolicyModel | None:
        session = await self.work.begin()
        if (await session.execute(_LOCK, {"organization_id": organization_id})).first() is None:
            raise OrganizationNotFound
        found = select(PolicyModel).where(models.c.organization_id == organization_id, models.c.name == name)
        return await session.scalar(found)

    async def add(self, model: PolicyModel) -> None:
        session = await self.work.begin()
        count = select(func.count()).where(models.c.organization_id == model.organization_id)
        if (await session.scalar(count) or 0) >= MOST_MODELS:
            raise TooManyPolicyModels
        session.add(model)

    async def put_rules(self, model: PolicyModel, rules: Sequence[tuple[str, Rule]]) -> None:
        session = await self.work.begin()
        await session.flush()
        rows = [
            {"position": position, "kind": rule.kind, "subject": subject, "fields": rule.fields}
            for position, (subject, rule) in enumerate(rules)
        ]
        await session.execute(_CLEAR, {"model_id": model.id})
        await session.execute(_INSERT, {"model_id": model.id, "rules": json.dumps(rows)})

    async def remove(self, model: PolicyModel) -> None:
        session = await self.work.begin()
        await session.delete(model)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlPolicyReader(PolicyReader):
    database: Database

    async def model(self, organization_id: OrganizationId, name: str) -> PolicyModel:
        async with self.database.read() as connection:
            row = await connection.fetchrow(_MODEL, organization_id, name)
        if row is None:
            raise PolicyModelNotFound
        return PolicyModel(**row)

    async def rules(self, model: PolicyModel) -> Sequence[Rule] | None:
        return await self._read(model, _RULES, model.id)

    async def slice(self, model: PolicyModel, starts: Collection[Start], kind: str | None) -> Sequence[Rule] | None:
        kinds, names = [each.kind for each in starts], [each.name for each in starts]
        statement = UNTIED if kind is None else TIED
        rules = await self._read(model, statement, model.id, kinds, names, kind, MOST_SLICED + 1)
        if rules and len(rules) > MOST_SLICED:
            raise PolicySliceTooLarge
        return rules

    async def _read(self, model: PolicyModel, statement: str, *values: Any) -> Sequence[Rule] | None:
        async with self.database.read() as connection:
            row = await connection.fetchrow(statement, *values)
        if row is None or row["version"] != model.version:
            return None
        return [Rule(kind, tuple(fields)) for kind, fields in json.loads(row["rules"] or "[]")]
