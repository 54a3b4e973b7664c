"""What notes are made of, and how they refuse."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from domain.kernel.schemas import ABSENT, Absent, Length


class NoteNotFound(NotFound):
    """No such note, or none you may see."""

    code = "notes.not_found"


class NoteTaken(Conflict):
    """Another note has this title."""

    code = "notes.taken"


class NoteEmpty(Invalid):
    """A note needs a title that says something."""

    code = "notes.empty"


class SignInRefused(Unauthenticated):
    """The name or the password is wrong."""

    code = "notes.sign_in_refused"


class Colour(StrEnum):
    BLUE = "blue"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Tag:
    """A label with a colour."""

    name: Annotated[str, Length(1, 20)]
    colour: Colour = Colour.BLUE
    hint: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth keeping."""

    id: UUID
    title: str
    text: str | None
    version: int
    changed_at: datetime | None = None
