"""Bodies of configuration documents in MongoDB."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from beanie import Document as MongoDocument
from pydantic import BaseModel, Field
from pymongo.errors import DuplicateKeyError

from core.mongo.client import MongoConnection
from domain.organizations.documents import Document
from domain.organizations.models import Body
from domain.organizations.ports import BodyMissing, ConfigurationBodies, References

BATCH: Final = 500


class StoredBody(MongoDocument):
    """A body under its own id, which is the only key.

    (organization, namespace, version) names no body: of two writers who hope for the same version the one that loses,
    or dies before its transaction, leaves a body behind. Unique, that orphan would bar the version for ever.

    The document is one string in canonical form. As fields, members named `$where` or `a.b` would mean something to
    the database, and BSON would change numbers.
    """

    id: UUID  # type: ignore[assignment]  # Beanie lets a document name its own kind of id, its annotation does not
    organization_id: UUID
    namespace: str
    version: int
    written_at: datetime
    text: str

    class Settings:
        """Where they are."""

        name = "configuration_bodies"


class _Id(BaseModel):
    id: UUID = Field(alias="_id")


@dataclass(frozen=True, slots=True)
class MongoConfigurationBodies(ConfigurationBodies):
    connection: MongoConnection

    async def put(self, body: Body) -> None:
        async with self.connection.use(StoredBody) as stored:
            # Ids are unique and bodies never change, so what is there under this id is this body.
            with suppress(DuplicateKeyError):
                await stored(
                    id=body.id,
                    organization_id=body.organization_id,
                    namespace=body.namespace,
                    version=body.version,
                    written_at=body.written_at,
                    text=body.document.text,
                ).insert()

    async def get(self, body_id: UUID) -> Document:
        async with self.connection.use(StoredBody) as stored:
            found = await stored.get(body_id)
        if found is None:
            raise BodyMissing(str(body_id))
        return Document(found.text)

    async def collect(self, older_than: datetime, referenced: References) -> int:
        collected, batch = 0, await self._batch(older_than, None)
        while batch:
            kept = await referenced(batch)
            if orphans := [body_id for body_id in batch if body_id not in kept]:
                collected += await self._delete(orphans)
            batch = await self._batch(older_than, batch[-1])
        return collected

    async def _batch(self, older_than: datetime, after: UUID | None) -> list[UUID]:
        old: dict[str, Any] = {"written_at": {"$lt": older_than}}
        if after:
            old["_id"] = {"$gt": after}
        async with self.connection.use(StoredBody) as stored:
            return [found.id for found in await stored.find(old).sort("_id").limit(BATCH).project(_Id).to_list()]

    async def _delete(self, body_ids: list[UUID]) -> int:
        async with self.connection.use(StoredBody) as stored:
            result = await stored.find({"_id": {"$in": body_ids}}).delete()
        return result.deleted_count if result else 0
