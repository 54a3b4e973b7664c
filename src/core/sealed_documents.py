"""What configuration documents say of people, kept under their keys in every store."""

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from core.personal import PersonalKeys
from domain.kernel.ids import UserId
from domain.organizations.documents import Document
from domain.organizations.errors import pointer
from domain.organizations.marks import ERASED, MARK, USER, VALUE, Mark, Path, replaced
from domain.organizations.models import Body
from domain.organizations.ports import BodyDamaged, ConfigurationBodies, References

SEALED: Final = "sealed"
"""The member that stands in place of `value` where it is stored, in base64; nobody can send one."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Salts(Protocol):
    """The salts of people; those who were erased have none. Each call holds no connection afterwards."""

    async def given(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        """Return those of `people`; one who had none has one from now on."""

    async def known(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        """Return those of `people`, as last committed."""


@dataclass(frozen=True, slots=True)
class SealedBodies(ConfigurationBodies):
    """Seals each marked value under the key of its person, for the place in the body where it stands, and opens it.

    A document without marks goes to the store and comes from it as it is, and nothing is asked about anybody.
    """

    store: ConfigurationBodies
    people: PersonalKeys
    salts: Salts

    async def put(self, body: Body) -> None:
        """See `ConfigurationBodies.put`."""
        if body.document.marks:
            sealing = _Passing(self.people, await self.salts.given(body.document.people), body.id)
            sealed = replaced(body.document.members(), sealing.hide)
            body = replace(body, document=Document.of(sealed))
        await self.store.put(body)

    async def get(self, body_id: UUID) -> Document:
        """See `ConfigurationBodies.get`; raise `BodyDamaged` for what cannot be opened though nobody was erased."""
        stored = await self.store.get(body_id)
        if f'"{MARK}"' not in stored.text:
            return stored
        members, people = stored.members(), set[UUID]()

        def named(_: Path, content: Any) -> Any:
            if _is_sealed(content):
                people.add(UUID(content[USER]))
            return content

        replaced(members, named)
        if not people:
            return stored
        opening = _Passing(self.people, await self.salts.known(sorted(people)), body_id)
        try:
            shown = replaced(members, opening.show)
        except ValueError as error:
            raise BodyDamaged(str(body_id)) from error
        return Document.opened(shown, opening.marks)

    async def collect(self, older_than: datetime, referenced: References) -> int:
        """See `ConfigurationBodies.collect`."""
        return await self.store.collect(older_than, referenced)


@dataclass(frozen=True, slots=True)
class _Passing:
    """Seals or opens the marks of one body, one after the other."""

    people: PersonalKeys
    salts: Mapping[UUID, bytes] = field(repr=False)
    body_id: UUID
    marks: list[Mark] = field(default_factory=list)
    """Those that were met on the way."""

    def hide(self, path: Path, content: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored of a mark; of somebody who was just erased, that there was one."""
        salt = self.salts.get(UUID(content[USER]))
        sealed = self.people.seal(salt, _encode(content[VALUE]), self._about(path)) if salt else b""
        return {USER: content[USER], SEALED: b64encode(sealed).decode()}

    def show(self, path: Path, content: Any) -> Any:
        """Return the mark that is stored as `content`, or what is left of it; raise `ValueError` if it was altered."""
        if not _is_sealed(content):
            return content
        person = UUID(content[USER])
        self.marks.append(Mark(UserId(person), path))
        salt, sealed = self.salts.get(person), content[SEALED]
        if salt is None or not sealed:
            return {USER: content[USER], VALUE: None, ERASED: True}
        return {USER: content[USER], VALUE: _decode(self.people.open(salt, b64decode(sealed), self._about(path)))}

    def _about(self, path: Path) -> bytes:
        return b"configuration:" + self.body_id.bytes + pointer(path).encode()


def _is_sealed(content: Any) -> bool:
    return isinstance(content, dict) and content.keys() == {USER, SEALED}
