"""What whoever runs the service does beside the pipeline, as the audit trail has it."""

from datetime import UTC, datetime
from typing import Any, Final

from core.keys import Keys
from core.postgres.audit import Entry
from core.postgres.flush import Pending

OPERATOR: Final = "operator"


async def note(connection: Any, keys: Keys, action: str, target: str) -> None:
    """Leave an entry that the operator has done `action` to `target`, in the transaction of `connection`."""
    done = Entry(action, "done", OPERATOR, target, None, datetime.now(UTC))
    statement, values = Pending(entries=[done]).statement(keys.secrets.derive("audit"), keys.people, None)
    await connection.execute(statement, *values)
