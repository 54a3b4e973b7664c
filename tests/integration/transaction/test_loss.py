"""What counts as an outage of Postgres, and what as a defect, told by the errors themselves."""

from dataclasses import replace

import asyncpg
import pytest

from core.postgres.database import Database
from core.postgres.loss import clash, outage

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '{}'; END $$"
OUTAGES = ["08006", "25006", "25P03", "53100", "53300", "55P03", "57014", "57P01", "57P02", "57P03", "58030"]
CLASHES = ["40001", "40P01"]
DEFECTS = ["22001", "23505", "23503", "40002", "42601", "42703", "42P01", "P0001", "XX000"]


async def raised(database: Database, statement: str) -> list[Exception]:
    """Return the error of `statement` as asyncpg and as SQLAlchemy raise it."""
    errors: list[Exception] = []
    try:
        async with database.read() as connection:
            await connection.execute(statement)
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is asked for
        errors.append(error)
    try:
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql(statement)
    except Exception as error:  # noqa: BLE001 - as above
        errors.append(error)
    assert len(errors) == 2
    return errors


@pytest.mark.parametrize("state", OUTAGES)
async def test_postgres_that_cannot_keep_up_is_an_outage(database: Database, state: str) -> None:
    errors = await raised(database, RAISE.format(state))
    assert all(outage(error) and not clash(error) for error in errors)


@pytest.mark.parametrize("state", CLASHES)
async def test_what_is_undone_because_of_others_is_a_clash(database: Database, state: str) -> None:
    errors = await raised(database, RAISE.format(state))
    assert all(clash(error) and not outage(error) for error in errors)


@pytest.mark.parametrize("state", DEFECTS)
async def test_a_wrong_statement_is_neither(database: Database, state: str) -> None:
    errors = await raised(database, RAISE.format(state))
    assert not any(outage(error) or clash(error) for error in errors)


async def test_misuse_of_the_driver_is_none(database: Database) -> None:
    async with database.read() as connection:
        for values in ((), ("one",)):
            with pytest.raises((asyncpg.InterfaceError, asyncpg.DataError)) as caught:
                await connection.fetch("SELECT $1::bigint", *values)
            assert not outage(caught.value)


async def test_a_closed_pool_is_an_outage(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    await database.close()
    with pytest.raises(asyncpg.InterfaceError) as caught:
        async with database.read():
            pass
    assert outage(caught.value)


async def test_a_statement_that_takes_too_long_is_an_outage(database: Database) -> None:
    hurried = replace(database, statement_timeout=0.2)
    await hurried.open()
    errors = await raised(hurried, "SELECT pg_sleep(5)")
    await hurried.close()
    assert all(outage(error) for error in errors)
    assert all(isinstance(error, TimeoutError) for error in errors)
