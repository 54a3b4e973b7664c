"""What a command says beside its own tables, and the one statement that writes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from core.audit.sealing import PersonalSeal
from core.idempotency import Claim
from core.markers import on_the_wire
from core.personal import PersonalKeys, new_salt
from core.postgres.audit import Changed, Entry
from domain.kernel.events import Aggregate, Event, personal
from domain.kernel.ids import uuid7
from domain.kernel.revocation import Marker

# Rows travel as one JSON array for each table: arrays of their types asyncpg would have to ask each connection about.
# They are inserted in the order given, which is what keeps the order of one aggregate's facts.
_FACTS: Final = """
INSERT INTO outbox (id, aggregate_type, aggregate_id, aggregate_version, type, schema_version, data, organization_id,
                    trace, revokes)
SELECT * FROM jsonb_to_recordset({}::text::jsonb)
AS fact (id uuid, aggregate_type text, aggregate_id uuid, aggregate_version bigint, type text, schema_version smallint,
         data jsonb, organization_id uuid, trace text, revokes jsonb)
"""
_SALTS: Final = """
INSERT INTO person_keys (person_id, salt)
SELECT person_id, decode(salt, 'hex') FROM jsonb_to_recordset({}::text::jsonb) AS key (person_id uuid, salt text)
"""
_ENTRIES: Final = """
INSERT INTO audit_pending (id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place,
                           trace, leaf)
SELECT id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, decode(place, 'hex'),
       trace, decode(leaf, 'hex')
FROM jsonb_to_recordset({}::text::jsonb)
AS entry (id uuid, action text, outcome text, actor text, target text, organization_id uuid, occurred_at timestamptz,
          form smallint, person_id uuid, place text, trace text, leaf text)
"""
_JOBS: Final = """
INSERT INTO jobs (id, name, payload, run_at, about)
SELECT id, name, payload, coalesce(run_at, now()), decode(about, 'hex')
FROM jsonb_to_recordset({}::text::jsonb) AS job (id uuid, name text, payload jsonb, run_at timestamptz, about text)
"""
_MARKERS: Final = """
INSERT INTO revocations AS old (scope, id, cutoff, epoch, expires_at)
SELECT * FROM jsonb_to_recordset({}::text::jsonb)
AS marker (scope text, id text, cutoff timestamptz, epoch bigint, expires_at timestamptz)
ON CONFLICT (scope, id) DO UPDATE
SET cutoff = greatest(old.cutoff, excluded.cutoff), epoch = greatest(old.epoch, excluded.epoch),
    expires_at = greatest(old.expires_at, excluded.expires_at)
"""
_ANSWER: Final = """
UPDATE idempotency_keys SET answer = {}, person_id = {}, about = decode({}, 'hex'), people = (
    SELECT array_agg(person::uuid) FROM jsonb_array_elements_text({}::text::jsonb) AS person
) WHERE actor = {} AND key = {}
"""
_FORGET: Final = "DELETE FROM idempotency_keys WHERE actor = {} AND key = {}"
# The log's id is asked for each time, for it is renewed under running processes when a backup is restored.
_TOKEN: Final = "SELECT {}::text::bigint AS transaction, (SELECT log_id FROM log_head) AS log_id"  # noqa: S105 - a query


_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to one aggregate, as other services will read it."""

    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    type: str
    schema_version: int
    data: dict[str, Any]
    """The fields of the event, as JSON has them."""
    organization_id: UUID | None
    trace: str | None
    revokes: list[dict[str, Any]] | None
    """Each a marker as verifiers read it."""
    personal: tuple[str, ...] = ()
    """Which fields of `data` are stored sealed."""
    person: UUID | None = None
    """Whom those are about."""
    id: UUID = field(default_factory=uuid7)

    def stored(self, keys: PersonalKeys, salt: bytes | None) -> dict[str, Any]:
        """Return the row of the outbox; `salt` is that of the person, None if there are none, or not any more."""
        row = {name: getattr(self, name) for name in _STORED}
        if self.person:
            row["data"] = keys.hide(self.data, self.personal, self.person, salt, self.id)
        return row


_STORED: Final = tuple(each.name for each in fields(Fact) if each.name not in {"personal", "person"})


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done after the commit, at least once."""

    name: str
    payload: Mapping[str, Any]
    run_at: datetime | None
    about: str | None = None
    """A pseudonym, in hexadecimal, of the address it is about: by it the job is found when somebody is erased."""
    id: UUID = field(default_factory=uuid7)


@dataclass(slots=True)
class Pending:
    """Everything a command has said and not yet committed."""

    facts: list[Fact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    markers: dict[tuple[str, str], Marker] = field(default_factory=dict)
    claim: Claim | None = None
    answer: bytes | None = None
    salts: dict[UUID, bytes] = field(default_factory=dict)
    """Of those whom facts are about, as the database has them."""
    shown: set[UUID] = field(default_factory=set)
    """Of whom the answer says something beside the facts; when one of them is erased, it goes."""

    def __bool__(self) -> bool:
        """Whether there is anything to write; a claim by itself is not worth it."""
        return bool(self.facts or self.entries or self.jobs or self.answer is not None)

    @property
    def changed(self) -> Changed:
        """What was changed first, if anything."""
        if not self.facts:
            return Changed()
        first = self.facts[0]
        person = first.aggregate_id if first.aggregate_type == "user" else first.data.get("user_id")
        target = f"{first.aggregate_type}:{first.aggregate_id}"
        return Changed(target, UUID(str(person)) if person else None, first.organization_id)

    def emit(self, event: Event, of: Aggregate, revokes: Sequence[Marker], trace: str | None) -> None:
        """Raise the version of `of` and remember `event` as its next fact."""
        of.version += 1
        for marker in revokes:
            key = marker.scope, marker.id
            self.markers[key] = joined(marker, self.markers.get(key, marker))
        self.facts.append(
            Fact(
                aggregate_type=of.aggregate,
                aggregate_id=of.id,
                aggregate_version=of.version,
                type=event.type,
                schema_version=event.schema_version,
                data=msgspec.to_builtins(event),
                organization_id=getattr(event, "organization_id", None),
                trace=trace,
                revokes=msgspec.to_builtins([on_the_wire(marker) for marker in revokes]) or None,
                personal=(names := personal(type(event))),
                person=getattr(event, event.about) if names else None,
            )
        )

    @property
    def concerned(self) -> tuple[UUID | None, str | None]:
        """Whom the answer may show: a person, and the pseudonym of an address, that of whoever was mailed."""
        told = next((fact.person for fact in self.facts if fact.person), None)
        person = told or self.changed.person_id or (self.claim.person if self.claim else None)
        return person, next((job.about for job in self.jobs if job.about), None)

    @property
    def strangers(self) -> list[UUID]:
        """Whose salt is in the database and not known here. Who is announced now is new, and gets theirs here."""
        return sorted({fact.person for fact in self.facts if fact.person} - self._new - self.salts.keys())

    @property
    def acting(self) -> set[UUID]:
        """Of whom it is told where they were, the new ones excepted."""
        return {entry.person_id for entry in self.entries if entry.place and entry.person_id} - self._new

    @property
    def _new(self) -> set[UUID]:
        return {fact.aggregate_id for fact in self.facts if fact.aggregate_version == 1}

    def enqueue(
        self, name: str, payload: Mapping[str, Any], run_at: datetime | None = None, about: str | None = None
    ) -> None:
        """Remember a job; without `run_at` it is to be done at once."""
        self.jobs.append(Job(name, payload, run_at, about))

    def statement(self, audit_key: bytes, people: PersonalKeys, seal: PersonalSeal | None) -> tuple[str, list[Any]]:
        """Return the statement that writes it all, and its values.

        It answers with a row `transaction`, `log_id`; the former null if the transaction wrote nothing.
        """
        parts: list[str] = []
        values: list[Any] = []
        for template, given in self._parts(audit_key, people, seal):
            first = len(values) + 1
            parts.append(template.format(*(f"${number}" for number in range(first, first + len(given)))))
            values += given
        if not parts:
            return _TOKEN.format("pg_current_xact_id_if_assigned()"), []
        written = ", ".join(f"written_{number} AS ({part})" for number, part in enumerate(parts))
        return f"WITH {written} " + _TOKEN.format("pg_current_xact_id()"), values

    def _parts(
        self, audit_key: bytes, people: PersonalKeys, seal: PersonalSeal | None
    ) -> Iterator[tuple[str, list[Any]]]:
        new = {fact.person: new_salt() for fact in self.facts if fact.person and fact.aggregate_version == 1}
        salts = self.salts | new
        if self.facts:
            yield (
                _FACTS,
                [_json([fact.stored(people, salts.get(fact.person) if fact.person else None) for fact in self.facts])],
            )
            if new:
                yield _SALTS, [_json([{"person_id": each, "salt": salt.hex()} for each, salt in new.items()])]
        if self.entries:
            knowing = seal.knowing(salts) if seal else None
            yield _ENTRIES, [_json([entry.row(audit_key, knowing) for entry in self.entries])]
        if self.jobs:
            yield _JOBS, [_json(self.jobs)]
        if self.markers:
            # Sorted, so that two commands never wait for each other in a circle.
            yield _MARKERS, [_json([self.markers[key] for key in sorted(self.markers)])]
        if self.claim and self.answer is not None:
            person, about = self.concerned
            shown = _json(sorted(self.shown))
            yield _ANSWER, [self.answer, person, about, shown, self.claim.actor, self.claim.key]
        elif self.claim:
            yield _FORGET, [self.claim.actor, self.claim.key]


def _json(value: Any) -> str:
    return _encode(value).decode()


def joined(one: Marker, other: Marker) -> Marker:
    """Join two markers of one subject: what either stops is stopped."""
    return Marker(
        scope=one.scope,
        id=one.id,
        expires_at=max(one.expires_at, other.expires_at),
        cutoff=max((cutoff for cutoff in (one.cutoff, other.cutoff) if cutoff), default=None),
        epoch=max((epoch for epoch in (one.epoch, other.epoch) if epoch is not None), default=None),
    )
