"""What a database consists of, to compare."""

import asyncpg

from core.postgres.direct import plain

_OBJECTS = """
SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function', oid::regprocedure::text, prokind::text || md5(prosrc)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgname <> 'pause'
UNION ALL SELECT 'option', c.relname, unnest(c.reloptions) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
ORDER BY 1, 2
"""
_SEEDS = "SELECT 'seed', name, unnest(seeded) FROM roles WHERE seeded IS NOT NULL"


async def schema(url: str) -> set[tuple[str, str, str]]:
    """Return kind, name and definition of everything in the database but alembic's own table, and what roles come with."""
    connection = await asyncpg.connect(plain(url))
    rows = await connection.fetch(_OBJECTS)
    if any(row[1] == "roles.seeded" for row in rows):
        rows += await connection.fetch(_SEEDS)
    await connection.close()
    return {tuple(row) for row in rows if "alembic_version" not in row[1] and "alembic_version" not in row[2]}
