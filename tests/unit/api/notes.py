"""A capability of the tests' own: notes, with everything the edge has to carry."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.kernel.access import ANYONE, SIGNED_IN, Actor, Origin, Permission, needs
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import (
    CursorInvalid,
    Forbidden,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
)
from domain.kernel.ids import UserId
from domain.kernel.schemas import ABSENT, Absent, Length, Limit, Page, Range
from domain.kernel.usecases import Command, Query, if_match, interactor, message, secret, whole_body
from tests.unit.api.shapes import Colour, Note, NoteEmpty, NoteNotFound, NoteTaken, SignInRefused, Tag

FIRST = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@dataclass
class Notes:
    """Everything the tests look at afterwards."""

    kept: dict[UUID, Note] = field(default_factory=lambda: {FIRST: Note(FIRST, "first", None, 7)})
    asked: list[Any] = field(default_factory=list)


@message
class GetNote(Query[Note]):
    """Show a note."""

    note_id: UUID


@interactor(access=SIGNED_IN, raises=(NoteNotFound,))
class GetNoteInteractor:
    notes: Notes

    async def __call__(self, request: GetNote, at_least: ConsistencyToken | None) -> Note:
        self.notes.asked.append((request, at_least))
        if request.note_id not in self.notes.kept:
            raise NoteNotFound
        return self.notes.kept[request.note_id]


@message
class ListNotes(Query[Page[Note]]):
    """List the notes."""

    limit: Limit = 50
    cursor: str | None = None
    colour: Colour | None = None
    done: bool = False
    weight: float = 0.0
    near: int = 0


@interactor(access=SIGNED_IN, raises=(CursorInvalid,))
class ListNotesInteractor:
    notes: Notes

    async def __call__(self, request: ListNotes) -> Page[Note]:
        self.notes.asked.append(request)
        if request.cursor:
            raise CursorInvalid
        return Page(list(self.notes.kept.values())[: request.limit])


@message
class WriteNote(Command[Note]):
    """Write a note.

    Its title must be new.
    """

    title: Annotated[str, Length(1, 12)]
    text: str | None = None
    stars: Annotated[int, Range(0, 5)] = 0
    weight: float = 0.0
    near: int = 0
    at: datetime | None = None
    owner: UserId | None = None
    tags: list[Tag] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    key: str = secret()


@interactor(access=needs(Permission.USERS_WRITE), raises=(NoteTaken, NoteEmpty), audit="notes.note.write")
class WriteNoteInteractor:
    notes: Notes

    async def __call__(self, request: WriteNote, actor: Actor, origin: Origin) -> Note:
        self.notes.asked.append((request, actor, origin))
        if not request.title.strip():
            raise NoteEmpty
        if request.title == "first":
            raise NoteTaken
        return Note(FIRST, request.title, request.text, 1)


@message
class ChangeNote(Command[Note]):
    """Change what is sent of a note."""

    note_id: UUID
    title: Annotated[str, Length(1, 12)] | Absent = ABSENT
    text: str | Absent | None = ABSENT
    version: int | None = if_match()


@interactor(access=SIGNED_IN, raises=(NoteNotFound,), audit="notes.note.change")
class ChangeNoteInteractor:
    notes: Notes

    async def __call__(self, request: ChangeNote, actor: Actor) -> Note:
        self.notes.asked.append((request, actor))
        if request.version is None:
            raise PreconditionRequired
        note = self.notes.kept[request.note_id]
        if request.version != note.version:
            raise PreconditionFailed
        title = note.title if request.title is ABSENT else request.title
        text = note.text if request.text is ABSENT else request.text
        return replace(note, version=8, title=title, text=text)


@message
class DropNote(Command[None]):
    """Throw a note away."""

    note_id: UUID
    version: int | None = if_match()


@interactor(access=SIGNED_IN, audit="notes.note.drop")
class DropNoteInteractor:
    notes: Notes

    async def __call__(self, request: DropNote) -> None:
        self.notes.asked.append(request)


@message
class ClearNotes(Command[None]):
    """Throw every note away."""


@interactor(access=SIGNED_IN, audit="notes.note.clear")
class ClearNotesInteractor:
    notes: Notes

    async def __call__(self, request: ClearNotes, origin: Origin) -> None:
        self.notes.asked.append((request, origin))


@message
class GetSection(Query[Page[str]]):
    """List what a section holds."""

    section: Annotated[str, Length(1, 8)]
    limit: Limit = 50


@interactor(access=ANYONE)
class GetSectionInteractor:
    async def __call__(self, request: GetSection) -> Page[str]:
        return Page([request.section])


@message
class SignIn(Command[Page[str]]):
    """Sign in."""

    name: str
    password: str = secret()


@interactor(access=ANYONE, raises=(SignInRefused, TooManyRequests), audit="notes.session.open")
class SignInInteractor:
    notes: Notes

    async def __call__(self, request: SignIn, origin: Origin) -> Page[str]:
        self.notes.asked.append((request, origin))
        if request.name == "busy":
            raise TooManyRequests(9)
        raise SignInRefused


@message
class Contradict(Query[None]):
    """Be refused, for a reason of one's own."""

    reason: str


@interactor(access=ANYONE, raises=(NoteTaken,))
class ContradictInteractor:
    async def __call__(self, request: Contradict) -> None:
        raise NoteTaken(request.reason)


@message
class Break(Query[None]):
    """Fail."""


@interactor(access=ANYONE)
class BreakInteractor:
    async def __call__(self, request: Break) -> None:
        raise RuntimeError("postgresql://user:hunter2@db")


@message
class Explore(Query[None]):
    """Look where one may not."""


@interactor(access=SIGNED_IN, raises=(Forbidden,))
class ExploreInteractor:
    async def __call__(self, request: Explore) -> None:
        raise Forbidden


@message
class FillSection(Command[None]):
    """Replace what a section holds."""

    section: str
    items: dict[str, Any] = whole_body()
    force: bool = False
    version: int | None = if_match()


@interactor(access=SIGNED_IN, audit="notes.section.fill")
class FillSectionInteractor:
    notes: Notes

    async def __call__(self, request: FillSection) -> None:
        self.notes.asked.append(request)


@message
class SortTags(Command[None]):
    """Put the tags in order."""

    tags: list[Tag] = whole_body()


@interactor(access=SIGNED_IN, audit="notes.tags.sort")
class SortTagsInteractor:
    notes: Notes

    async def __call__(self, request: SortTags) -> None:
        self.notes.asked.append(request)
