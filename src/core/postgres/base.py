"""What mapped aggregates share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, registry
from sqlalchemy.orm.exc import StaleDataError

from domain.kernel.errors import ConcurrentChange, DomainError

mapping: Final = registry()
mapping.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def versioned(table: Table) -> dict[str, Any]:
    """Return how to map an aggregate: its events raise `version`, and a change fits only the version that was read.

    Used as `mapping.map_imperatively(User, users, **versioned(users))`.
    """
    return {"version_id_col": table.c.version, "version_id_generator": False}


class VersionedSession(Session):
    """Refuses to change what someone else changed since it was read."""

    def flush(self, objects: Any = None) -> None:
        """Write what changed, or raise `ConcurrentChange`."""
        try:
            super().flush(objects)
        except StaleDataError as error:
            raise ConcurrentChange from error


@contextmanager
def refusing(constraints: Mapping[str, type[DomainError]]) -> Iterator[None]:
    """Turn a violated constraint, by name, into the refusal it stands for; used round a flush."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        if refusal := constraints.get(str(name)):
            raise refusal from error
        raise
