"""What is signed when a partition of the audit trail leaves the database."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from core.archive_files import Manifest
from core.audit.checkpoints import ARCHIVED, Checkpoint
from core.audit.keys import AuditKeys
from core.postgres.archive import Note
from core.postgres.audit_checkpoints import add, believed, tell, with_kept
from core.postgres.audit_trail import Verification

_LOG_ID: Final = "SELECT log_id FROM log_head"


@dataclass(frozen=True, slots=True)
class Archiving:
    """Signs that partitions are in files from now on, and whether they were what was written."""

    keys: AuditKeys

    async def noted(self, connection: Any, manifest: Manifest, lines: Iterator[str]) -> Note:
        """See `Noted`. What is wrong with a partition does not keep it here: it is in the file as well, and signed."""
        assert manifest.ending
        faulty = await self._faulty(connection, manifest, lines)
        # What was signed of the end before is worth more than what the entries say now.
        before = await believed(connection, await with_kept(connection, self.keys), manifest.last)
        ending = before.chain if before and before.position == manifest.last else manifest.ending
        said = Checkpoint(
            number=0,
            reason=ARCHIVED,
            log_id=await connection.fetchval(_LOG_ID),
            position=manifest.last,
            chain=ending,
            previous=None,
            faulty=faulty,
            made_at=datetime.now(UTC),
            first=manifest.first,
            sha256=manifest.sha256,
        )
        return partial(add, keys=self.keys, said=said)

    async def _faulty(self, connection: Any, manifest: Manifest, lines: Iterator[str]) -> int | None:
        """Return the first position in the file at which something is wrong, None if nothing is."""
        assert manifest.ending
        looking = Verification(connection, self.keys, anchors={manifest.last: manifest.ending})
        async with aclosing(looking.leaving(lines, manifest.first, manifest.last)) as found:
            async for fault in found:
                tell([fault])
                if fault.position >= manifest.first:
                    return fault.position
        return None
