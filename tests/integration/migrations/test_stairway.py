"""Every migration goes up, down, and up again; what is mapped is what was migrated."""

import asyncio
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import core.postgres
from core.postgres.base import mapping
from core.postgres.database import Database
from core.postgres.migrating import current, downgrade, folder, head, upgrade
from tests.integration.migrations.schema import schema


def steps() -> list[tuple[str, str]]:
    """Return each revision with the one before it, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    scripts = reversed(list(ScriptDirectory.from_config(config).walk_revisions()))
    return [(script.revision, str(script.down_revision or "base")) for script in scripts]


async def test_each_step_can_be_undone_and_done_again(empty: str) -> None:
    for revision, before in steps():
        started = await schema(empty)
        upgrade(empty, revision)
        there = await schema(empty)
        assert promised(there) >= promised(started)
        assert there != started
        downgrade(empty, before)
        assert await schema(empty) == started
        upgrade(empty, revision)
        assert await schema(empty) == there
        assert current(empty) == revision


def promised(found: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return what the release before relies on: that functions are there, not how they do it; indexes only cost time."""
    return {(kind, name, "" if kind == "function" else said) for kind, name, said in found if kind != "index"}


async def test_all_of_it_can_be_undone(empty: str) -> None:
    assert current(empty) is None
    upgrade(empty)
    assert current(empty) == head() == steps()[-1][0]
    downgrade(empty, "base")
    assert current(empty) is None
    assert await schema(empty) == set()


async def test_upgrading_does_not_disturb_a_running_loop(empty: str) -> None:
    loop = asyncio.get_running_loop()
    upgrade(empty)
    assert asyncio.get_running_loop() is loop


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")  # of a table that is not mapped
async def test_what_is_mapped_has_the_columns_that_were_migrated(empty: str) -> None:
    for module in pkgutil.walk_packages(core.postgres.__path__, "core.postgres."):
        import_module(module.name)
    upgrade(empty)
    database = Database(empty)
    await database.open()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


def _differences(connection: Connection) -> Any:
    options = {"include_name": _mapped, "include_object": _looked_at, "compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), mapping.metadata)


def _mapped(name: str | None, kind: str, _: Any) -> bool:
    """Leave out the tables that only plain SQL uses: the log, queues, claims."""
    return kind != "table" or name in mapping.metadata.tables


def _looked_at(_: Any, __: str | None, kind: str, ___: bool, ____: Any) -> bool:  # noqa: FBT001 - alembic's signature
    """Leave out constraints and indexes: the migrations alone say them, and nothing is made from mapped tables."""
    return kind in {"table", "column"}


def test_a_warm_start_does_without_alembic() -> None:
    asked = "import sys; from core.postgres.migrating import head; print(head(), 'alembic' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd="src")
    assert ran.stdout.split() == [head(), "False"]


def test_migrations_can_lie_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "a.py").write_text('revision = "a1"\ndown_revision = None\n')
    (tmp_path / "versions" / "b.py").write_text('revision = "b2"\ndown_revision = "a1"\n')
    monkeypatch.setenv("GATEWRIGHT_MIGRATIONS", str(tmp_path))
    assert (folder(), head()) == (tmp_path, "b2")
