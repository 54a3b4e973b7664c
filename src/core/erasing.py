"""What is erased outside the transaction: mails in a folder, messages at the broker. Done until nothing is left."""

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from core.jobs.registry import Job, Unrepeatable
from core.mail import Seal

log = logging.getLogger(__name__)

ERASE: Final = "erase_person"
ENDLESS: Final = 1_000_000
"""Attempts, an hour apart at most: it is tried until it is done."""
_ABOUT: Final = b"job:erase_person"


class Place(Protocol):
    """Where something is kept about people, outside the database."""

    async def erase(self, person: UUID, addresses: Sequence[str]) -> None:
        """Destroy what is there about the person with any of these addresses, or raise: it is tried again."""


class Finished(Protocol):
    """Note that nothing is left of a person."""

    async def __call__(self, person: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """The payload of the job: who was erased, and the addresses they had, sealed, in base64."""

    person_id: UUID
    sealed: str


def payload(seal: Seal, person: UUID, addresses: Sequence[str]) -> Mapping[str, Any]:
    """Return the payload of the job that finishes an erasure."""
    plain = msgspec.json.encode(addresses)
    return {"person_id": str(person), "sealed": b64encode(seal.seal(plain, _ABOUT + person.bytes)).decode()}


@dataclass(frozen=True, slots=True)
class ErasureFinishing:
    """Does the job, place after place. What was done already is done again: that changes nothing."""

    places: Sequence[Place]
    finished: Finished
    seal: Seal

    @property
    def job(self) -> Job[SealedPerson]:
        """The job that an erasure queues."""
        return Job(ERASE, SealedPerson, self.run, attempts=ENDLESS)

    async def run(self, payload: SealedPerson, _job: UUID) -> None:
        """Erase everywhere, and note it."""
        person = payload.person_id
        try:
            plain = self.seal.open(b64decode(payload.sealed, validate=True), _ABOUT + person.bytes)
        except ValueError as error:
            raise Unrepeatable("the addresses cannot be opened") from error
        addresses = msgspec.json.decode(plain, type=list[str])
        for place in self.places:
            await place.erase(person, addresses)
        await self.finished(person)
        log.info("nothing is left of person %s", person)


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Mails that were written into a folder, in development."""

    folder: Path
    _told: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False)
    """By the name of each file: whom it is for. Read once, or many erasures would take the square of their number."""
    _alone: Lock = field(default_factory=Lock, init=False, repr=False)

    async def erase(self, person: UUID, addresses: Sequence[str]) -> None:  # noqa: ARG002 - mails name no ids
        """See `Place.erase`; once the files are gone, their names are as well."""
        await asyncio.to_thread(self._erase, {address.casefold() for address in addresses})

    def _erase(self, addresses: set[str]) -> None:
        with self._alone:
            there = {path.name: path for path in self.folder.glob("*.eml")}
            for name in self._told.keys() - there.keys():
                del self._told[name]
            for name, path in there.items():
                if addresses & (told := self._told.get(name) or _recipients(path)):
                    path.unlink(missing_ok=True)
                    self._told.pop(name, None)
                elif told:  # else it is just being written
                    self._told[name] = told


def _recipients(path: Path) -> frozenset[str]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return frozenset()
    to = BytesHeaderParser(policy=policy.default).parsebytes(text)["To"]
    return frozenset(each.addr_spec.casefold() for each in to.addresses) if to else frozenset()
