"""Events again, on the command line."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import pytest

from core.postgres.direct import plain
from domain.kernel.ids import uuid7
from tests.support.command_line import Run, environment, refused
from tests.support.facts import fill
from tests.support.service import SECRET

TRAIL = "SELECT action, outcome, actor, target FROM audit_pending"


@pytest.fixture
def queue(rabbitmq_url: str) -> Iterator[str]:
    """A queue, until the test is over."""
    name = f"test-replay-{uuid7()}"
    asyncio.run(declare(rabbitmq_url, name))
    yield name
    asyncio.run(delete(rabbitmq_url, name))


@pytest.fixture
def here(fresh_database_url: str, rabbitmq_url: str) -> dict[str, str]:
    """Settings of an installation in whose log there are 40 events."""
    asyncio.run(fill(plain(fresh_database_url), 40, 10))
    return {"DATABASE_URL": fresh_database_url, "RABBITMQ_URL": rabbitmq_url, "SECRET": SECRET}


async def declare(url: str, name: str) -> None:
    async with await aio_pika.connect(url) as amqp:
        await (await amqp.channel()).declare_queue(name, durable=True)


async def delete(url: str, name: str) -> None:
    async with await aio_pika.connect(url) as amqp:
        await (await amqp.channel()).queue_delete(name)


async def count(url: str, name: str) -> int:
    async with await aio_pika.connect(url) as amqp:
        found = await (await amqp.channel()).declare_queue(name, passive=True)
        return found.declaration_result.message_count or 0


async def sql(url: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(plain(url))
    rows = await connection.fetch(statement)
    await connection.close()
    return list(rows)


def replayed(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what was printed as JSON."""
    assert ended.returncode == 0, ended
    return dict(json.loads(ended.stdout))


def test_a_replay_says_what_it_sent_and_is_audited(
    run: Run, here: dict[str, str], queue: str, rabbitmq_url: str, fresh_database_url: str
) -> None:
    told = run("events", "replay", "--queue", queue, **here)
    assert told.returncode == 0, told
    assert f"40 events, positions 1 to 40, were sent to {queue} in " in told.stdout
    assert told.stderr.splitlines() == [f"gatewright: sends what is wanted of positions 1 to 40 to {queue}"]
    assert asyncio.run(count(rabbitmq_url, queue)) == 40
    (entry,) = asyncio.run(sql(fresh_database_url, TRAIL))
    assert tuple(entry) == ("events.log.replay", "done", "operator", f"queue:{queue}")


def test_a_replay_is_told_as_json_and_goes_on_after_a_cursor(
    run: Run, here: dict[str, str], queue: str, rabbitmq_url: str
) -> None:
    known = replayed(run("events", "replay", "--queue", queue, "--json", **here))
    log = known["next"].partition(".")[0]
    assert known.pop("seconds") > 0
    assert known == {
        "queue": queue,
        "sent": 40,
        "first": f"{log}.1",
        "last": f"{log}.40",
        "next": f"{log}.40",
        "complete": True,
        "reason": None,
        "unsendable": [],
    }
    again = replayed(run("events", "replay", "--queue", queue, "--after", f"{log}.33", "--json", **here))
    assert (again["sent"], again["first"]) == (7, f"{log}.34")
    assert asyncio.run(count(rabbitmq_url, queue)) == 47


def test_a_replay_sends_what_is_asked_for_only(run: Run, here: dict[str, str], queue: str, rabbitmq_url: str) -> None:
    asyncio.run(
        sql(here["DATABASE_URL"], "UPDATE events SET occurred_at = now() - interval '9 days' WHERE position < 9")
    )
    since = asyncio.run(sql(here["DATABASE_URL"], "SELECT now() - interval '1 day' AS at"))[0]["at"].isoformat()
    for options, sent in {
        ("--type", "identity.user.*", "--type", "teams.team.created"): 40,
        ("--type", "teams.team.created"): 0,
        ("--since", since): 32,
        ("--until", since): 8,
        ("--organization", str(uuid7())): 0,
    }.items():
        assert replayed(run("events", "replay", "--queue", queue, "--json", *options, **here))["sent"] == sent
    assert asyncio.run(count(rabbitmq_url, queue)) == 80


def test_a_replay_refuses_what_it_cannot_do(run: Run, here: dict[str, str], queue: str, rabbitmq_url: str) -> None:
    refused(run("events", "replay", "--queue", "nobodys", **here), "there is no queue nobodys")
    replay = ("events", "replay", "--queue", queue)
    refused(run(*replay, "--after", "17", **here), "request.cursor_invalid")
    refused(run(*replay, "--after", f"{uuid7()}.3", **here), "gatewright archive list events", "another log")
    refused(run(*replay, "--type", "identity.user.creatd", **here), "events.type_unknown", "Number 1")
    refused(run(*replay, **here | {"RABBITMQ_URL": "amqp://app:hunter2@127.0.0.1:1/"}), "127.0.0.1:1")
    refused(run(*replay, **{name: text for name, text in here.items() if name != "RABBITMQ_URL"}), "RABBITMQ_URL")
    for wrong in (("--since", "yesterday"), ("--since", "2026-01-02T03:04:05"), ("--organization", "acme")):
        assert run(*replay, *wrong, **here).returncode == 2
    both = run(*replay, "--since", "2026-01-02T03:04:05Z", "--after", f"{uuid7()}.3", **here)
    assert (both.returncode, "--after and --since" in both.stderr) == (2, True)
    assert asyncio.run(count(rabbitmq_url, queue)) == 0


def test_what_was_archived_is_said_or_refused(run: Run, here: dict[str, str], queue: str) -> None:
    asyncio.run(sql(here["DATABASE_URL"], "DELETE FROM events WHERE position <= 10"))
    told = run("events", "replay", "--queue", queue, "--json", **here)
    known = replayed(told)
    assert (known["sent"], known["first"].partition(".")[2]) == (30, "11")
    assert "the first 10 events have left the database: see `gatewright archive list events`" in told.stderr
    log = known["next"].partition(".")[0]
    refused(run("events", "replay", "--queue", queue, "--after", f"{log}.9", **here), "gatewright archive list events")
    assert replayed(run("events", "replay", "--queue", queue, "--json", "--after", f"{log}.10", **here))["sent"] == 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_where_to_go_on(
    run: Run, here: dict[str, str], queue: str, tmp_path: Path, rabbitmq_url: str, number: int
) -> None:
    asyncio.run(fill(plain(here["DATABASE_URL"]), 40_000, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "events", "replay", "--queue", queue, "--json"],
        cwd=tmp_path,
        env=environment(**here),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert "sends what is wanted" in process.stderr.readline()
    while not asyncio.run(count(rabbitmq_url, queue)):
        assert process.poll() is None
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    known = json.loads(output)
    assert (known["complete"], known["reason"]) == (False, "interrupted")
    assert 0 <= known["sent"] < 40_040
    assert f"gatewright: interrupted; go on with --after {known['next']}" in errors
    rest = replayed(run("events", "replay", "--queue", queue, "--after", known["next"], "--json", **here))
    assert known["sent"] + rest["sent"] == 40_040


def test_what_is_parked_is_listed_and_retried(run: Run, here: dict[str, str]) -> None:
    url = here["DATABASE_URL"]
    assert run("events", "parked", **here).stdout == ""
    assert json.loads(run("events", "parked", "--json", **here).stdout) == []
    refusal = "'the broker closed the channel over it 3 times'"
    asyncio.run(sql(url, f"INSERT INTO parked_events (sink, position, reason) SELECT 'rabbitmq', 7, {refusal}"))
    listed = run("events", "parked", **{name: text for name, text in here.items() if name != "RABBITMQ_URL"})
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.startswith("7  2")
    assert "identity.user.renamed of user/" in listed.stdout
    assert listed.stdout.endswith(f": {refusal[1:-1]}\n")
    (told,) = json.loads(run("events", "parked", "--json", **here).stdout)
    assert (told["position"], told["type"], told["reason"]) == (7, "identity.user.renamed", refusal[1:-1])

    refused(
        run("events", "parked", "--retry", **here | {"RABBITMQ_URL": "amqp://app:hunter2@127.0.0.1:1/"}), "come again"
    )
    asyncio.run(sql(url, "DELETE FROM audit_pending"))
    assert run("events", "parked", "--retry", **here).stdout == "1 sent, 0 left\n"
    (entry,) = asyncio.run(sql(url, TRAIL))
    assert tuple(entry) == ("events.parked.retry", "done", "operator", "sink:rabbitmq")
    asyncio.run(sql(url, "INSERT INTO parked_events (sink, position, reason) SELECT 'rabbitmq', 7, 'again'"))
    asyncio.run(sql(url, "DELETE FROM events WHERE position <= 7"))
    left = run("events", "parked", "--retry", "--json", **here)
    assert (left.returncode, json.loads(left.stdout)["sent"]) == (3, [])
    assert [each["reason"] for each in json.loads(left.stdout)["left"]] == ["it has left the database"]
