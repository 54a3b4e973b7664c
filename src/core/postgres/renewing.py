"""What a restored backup gets wrong: the identity of the log, and what verifiers know of people."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from domain.kernel.revocation import SLACK, RevocationScope
from gatewright_verifier.claims import FIRST_PARTY

_RENEW: Final = "UPDATE log_head SET log_id = gen_random_uuid() RETURNING log_id"
BATCH: Final = 2_000
"""People in one transaction: they cannot sign in for as long as it takes."""
# Seconds since 1970 are more than any number of changes since, and more than the same was when a backup was restored
# before, the same backup too.
_RAISE: Final = """
WITH part AS MATERIALIZED (SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE)
UPDATE users SET epoch = greatest(epoch + 1, extract(epoch FROM clock_timestamp())::bigint)
FROM part WHERE users.id = part.id RETURNING users.id
"""
# Statements of their own, after the locks: they see the sessions that were begun while those were waited for. In the
# order of commands that end some, or each would wait for the other.
_END: Final = (
    """
    WITH live AS MATERIALIZED (
        SELECT id FROM sessions WHERE user_id = ANY ($1::uuid[]) AND revoked_at IS NULL ORDER BY id FOR UPDATE
    )
    UPDATE sessions SET revoked_at = clock_timestamp() FROM live WHERE sessions.id = live.id
    """,
    """
    UPDATE refresh_families SET revoked_at = clock_timestamp()
    WHERE user_id = ANY ($1::uuid[]) AND revoked_at IS NULL
    """,
)
AHEAD: Final = timedelta(seconds=10)
"""By so much a running process may date a token after its session was ended here."""
# Every token names the client that it was issued to, and so far there is one, whatever key signed it.
_REFUSE: Final = """
INSERT INTO revocations AS old (scope, id, cutoff, expires_at)
SELECT $1, $2, at, at + $4::interval FROM (SELECT clock_timestamp() + $3::interval AS at) t
ON CONFLICT (scope, id) DO UPDATE
SET cutoff = greatest(old.cutoff, excluded.cutoff), expires_at = greatest(old.expires_at, excluded.expires_at)
"""


async def renew(connection: Any) -> UUID:
    """Give the log another id, and return it: positions are given a second time, so no place of before is one now.

    Cursors, followers of revocations, consistency tokens and the names of archived files all have the id in them, and
    ask for it each time: running processes need not be told.
    """
    log_id: UUID = await connection.fetchval(_RENEW)
    return log_id


async def raise_epochs(connection: Any, *, end_sessions: bool, size: int = BATCH) -> int:
    """Raise everybody's epoch above all that a running verifier may have heard of; return how many people there are.

    A verifier never takes an epoch back, so it would refuse whoever signs in under the one of the backup. Device tokens
    and mailed links of before are worth nothing then; sessions go on, unless `end_sessions`. Takes a transaction for
    each `size` people, so do it before `renew`: who has the log's other id may rely on it.
    """
    last, people = UUID(int=0), 0
    while True:
        async with connection.transaction():
            # Whoever signs in just now is waited for; what hangs has been ended before the statement is given up.
            await connection.execute("SET LOCAL lock_timeout = 0")
            found = [row["id"] for row in await connection.fetch(_RAISE, last, size)]
            for end in _END if end_sessions else ():
                await connection.execute(end, found)
        if not found:
            return people
        last, people = max(found), people + len(found)


async def refuse_tokens(connection: Any, longest: timedelta) -> None:
    """Have every access token refused that was issued up to now and a few seconds more, in one marker.

    Followers hear of it with the log's other id; `longest` is the longest life of a token.
    """
    await connection.execute(_REFUSE, RevocationScope.CLIENT, FIRST_PARTY, AHEAD, longest + SLACK)
