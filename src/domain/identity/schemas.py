"""What identity shows to callers, and what it takes from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.kernel.ids import UserId
from domain.kernel.schemas import Length

Email = Annotated[str, Length(3, 320)]
LinkToken = Annotated[str, Length(1, 128)]
FullName = Annotated[str, Length(1, 400)]
Password = Annotated[str, Length(1, 1024)]
PasswordHash = Annotated[str, Length(1, 1024)]
Username = Annotated[str, Length(1, 64)]


@dataclass(frozen=True, slots=True)
class UserProfile:
    """A person as they see themselves, and as administrators see them."""

    id: UserId
    email: str
    email_verified: bool
    username: str | None
    full_name: str | None
    is_active: bool
    is_superuser: bool
    created_at: datetime
    updated_at: datetime
    version: int
