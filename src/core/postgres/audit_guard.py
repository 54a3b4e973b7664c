"""What in the database writes the audit trail, and keeps it from being changed."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, Final

from core.audit.checking import Fault, Wrong

FUNCTIONS: Final = {
    "refuse_change()": "aa400a5172bb5642329d80d2bc43ef6e534ac82f47e5887b0f2b7536c1ef3523",
    "sequence_log(integer,integer)": "74847cfd12057fec24277b143bda47fa4fad506d1788744708b3094929d4acfa",
}
"""The digests of their bodies, SHA-256 in hexadecimal. A migration that changes one of them changes it here as well."""

_TABLES: Final = """
SELECT oid, relname, inhparent IS NOT NULL AS is_partition, relrowsecurity AS is_filtered,
       EXISTS (SELECT FROM pg_rewrite WHERE ev_class = pg_class.oid) AS is_ruled
FROM pg_class LEFT JOIN pg_inherits ON inhrelid = oid AND inhparent = 'audit'::regclass
WHERE oid = ANY (ARRAY['audit', 'audit_checkpoints', 'audit_keys', 'audit_pending', 'log_head']::regclass[])
   OR inhparent IS NOT NULL
ORDER BY relname
"""
_TRIGGERS: Final = """
SELECT tgname AS name, tgenabled = 'O' AS is_enabled, pg_get_triggerdef(oid, true) AS said FROM pg_trigger
WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname
"""
_FUNCTIONS: Final = """
SELECT name, prosrc FROM unnest($1::text[]) AS name LEFT JOIN pg_proc ON oid = to_regprocedure(name)
"""

_KEPT: Final = "CREATE TRIGGER {name} BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_FILLED: Final = "CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"


async def unguarded(connection: Any) -> AsyncIterator[Fault]:
    """Yield what is there that is not of this release, and what of it is not: entries may vanish before any is linked.

    What was there for a while, and is not any more, nobody finds.
    """
    for table in await connection.fetch(_TABLES):
        if table["is_filtered"] or table["is_ruled"]:
            yield _fault(f"a rule, or a policy for rows, rewrites what is done to {table['relname']}")
        wanted = _wanted("audit" if table["is_partition"] else table["relname"], table["relname"])
        for trigger in await connection.fetch(_TRIGGERS, table["oid"]):
            said = wanted.pop(trigger["name"], None)
            if said != trigger["said"] or not trigger["is_enabled"]:
                yield _fault(f"the trigger {trigger['name']} of {table['relname']} is not ours, or is off")
        for name in wanted:
            yield _fault(f"{table['relname']} has no trigger {name}")
    for name, body in await connection.fetch(_FUNCTIONS, [*FUNCTIONS]):
        if body is None or sha256(body.encode()).hexdigest() != FUNCTIONS[name]:
            yield _fault(f"{name} is not the one of this release")


def _wanted(kind: str, table: str) -> dict[str, str]:
    """Return the triggers of a table by name."""
    are = {"audit": "is", "audit_checkpoints": "are"}.get(kind)
    if are is None:
        return {}
    texts = {f"{kind}_{are}_kept": _KEPT, f"{kind}_{are}_not_emptied": _FILLED}
    return {name: text.format(name=name, table=table) for name, text in texts.items()}


def _fault(detail: str) -> Fault:
    return Fault(0, Wrong.GUARD, detail, 0)
