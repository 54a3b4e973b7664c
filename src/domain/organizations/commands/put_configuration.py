"""Put a configuration document in force."""

from typing import Any

from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import (
    ConcurrentChange,
    OrganizationNotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unavailable,
)
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message, whole_body
from domain.organizations.documents import Document
from domain.organizations.errors import DocumentInvalid, NamespaceInvalid
from domain.organizations.events import ConfigurationChanged
from domain.organizations.models import FRESH, Body, ConfigurationHead, namespace_of
from domain.organizations.ports import ConfigurationBodies, ConfigurationReader, Revision
from domain.organizations.repositories import ConfigurationHeads
from domain.organizations.schemas import Configuration
from domain.organizations.speaking import Speaking


@message
class PutConfiguration(Command[Configuration]):
    """Replace the document of a namespace of an organization's configuration, or create it.

    To replace one, name its version in `If-Match`. A document equal to the one in force changes nothing.

    What is of a person is marked as theirs, `{"$personal": {"user_id": …, "value": …}}`, with the id of a member: it is
    stored under their key, in every version, and null once they are erased.
    """

    organization_id: OrganizationId
    namespace: str
    body: dict[str, Any] = whole_body()
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.CONFIGURATION_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        NamespaceInvalid,
        DocumentInvalid,
        PreconditionFailed,
        PreconditionRequired,
        Unavailable,
        ConcurrentChange,
    ),
    emits=(ConfigurationChanged,),
    audit="organizations.configuration.put",
)
class PutConfigurationInteractor:
    reader: ConfigurationReader
    bodies: ConfigurationBodies
    heads: ConfigurationHeads
    speaking: Speaking
    events: Events
    clock: Clock

    async def __call__(self, request: PutConfiguration, actor: Actor) -> Configuration:
        organization_id, namespace = request.organization_id, namespace_of(request.namespace)
        document = Document.parse(request.body)
        current = await self.reader.current(organization_id, namespace)
        _judge(request.expected_version, current)
        await self.speaking.judge(document, organization_id, actor)
        if current and await self._equal(current, document):
            if document.marks:
                await self.heads.hold(document.people)
            return Configuration(organization_id, namespace, current.version, document.members(), current.updated_at)
        known = current.version if current else 0
        body = Body(organization_id, namespace, known + 1, document, self.clock.now())
        # The other store first, and before the transaction has a connection: a head never points to what is not there.
        await self.bodies.put(body)
        head = await self._move(body, known)
        return Configuration(organization_id, namespace, head.version, document.members(), head.updated_at)

    async def _equal(self, current: Revision, document: Document) -> bool:
        """Return whether `document` is the one in force; digests leave out what is marked."""
        if current.digest != document.digest:
            return False
        return not document.marks or await self.bodies.get(current.body_id) == document

    async def _move(self, body: Body, known: int) -> ConfigurationHead:
        """Put `body` in force unless something else came into force since version `known`."""
        people = body.document.people
        if people:
            await self.heads.hold(people)
        head = await self.heads.find(body.organization_id, body.namespace)
        if self.clock.now() - body.written_at > FRESH:
            raise Unavailable
        if (head.version if head else 0) != known:
            raise PreconditionFailed
        moved = head or ConfigurationHead(
            organization_id=body.organization_id,
            namespace=body.namespace,
            body_id=body.id,
            digest=body.document.digest,
            updated_at=body.written_at,
        )
        moved.move(body)
        changed = ConfigurationChanged(
            organization_id=body.organization_id,
            namespace=body.namespace,
            configuration_version=moved.version + 1,
            digest=moved.digest.hex(),
        )
        self.events.emit(changed, of=moved)
        if not head:
            await self.heads.add(moved)
        if people:
            await self.heads.mention(moved, people)
        return moved


def _judge(expected: int | None, current: Revision | None) -> None:
    """Refuse unless the caller knows what would be replaced (RFC 9110, section 13.1.1; RFC 6585, section 3)."""
    if current and expected is None:
        raise PreconditionRequired
    if expected is not None and expected != (current.version if current else None):
        raise PreconditionFailed
