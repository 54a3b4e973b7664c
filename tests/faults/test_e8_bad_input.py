"""Whatever is sent, it is refused as documented, quickly, and changes nothing."""

import asyncio
import base64
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck

from tests.faults.application import probed
from tests.faults.probing import ENDS, Prober
from tests.faults.test_stalls import Record
from tests.support.client import JSON
from tests.support.naughty import BODIES, NAUGHTY
from tests.support.operations import FORM, Operation
from tests.support.patient import BOUND, PAUSE, unsure
from tests.support.service import LONG, PASSWORD, Service, Stack

pytestmark = pytest.mark.faults

VALUES: Final[list[Any]] = [None, True, 0, -1, 1.5, 10**30, "", [], [1], {}, {"a": 1}, [[]], {"$ne": None}, {"$gt": ""}]
SURPLUS: Final = (
    "id", "user_id", "is_superuser", "is_active", "is_admin", "role", "roles", "permissions", "organization_id", "epoch",
    "version", "created_at", "password_hash", "expected_version", "email_verified", "__proto__", "constructor", "$where",
)  # fmt: skip
DEAR: Final = ENDS | {"/auth/signup", "/auth/login", "/auth/users", "/auth/setup", "/auth/password/change"}
KINDS: Final = (
    "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "text/json",
    "application/jsonx", "application/*", "*/*", "application/json, text/plain", "a" * 5000,
)  # fmt: skip


@pytest.fixture
async def prober(stack: Stack, tmp_path: Path) -> AsyncIterator[Prober]:
    """Who sends requests to the application in this process, and is judged in the end."""
    async with probed(stack, tmp_path) as made:
        yield made


def picked(things: list[Any], share: float) -> list[Any]:
    """Return all of them in the long form, else a part that is another one each time."""
    return things if LONG else random.sample(things, max(1, int(len(things) * share)))


def _noted(prober: Prober, record: Record) -> None:
    record("sent", prober.sent)
    record("statuses", str(dict(prober.statuses)))
    record("slowest", round(prober.slowest, 3))


AUTHZEN = "/access/v1/"


async def test_e8_i1_naughty_strings_anywhere(prober: Prober, record_property: Record) -> None:
    cases = [(each, place, text) for each in prober.operations for place in each.places() for text in NAUGHTY]
    cases = [each for each in cases if not _is_dear(*each)]
    random.shuffle(cases)
    for operation, place, text in cases[: 60_000 if LONG else 1000]:
        await prober.put(operation, place, text)
    _noted(prober, record_property)


async def test_e8_i1_no_refusal_repeats_what_was_sent(prober: Prober, record_property: Record) -> None:
    """The prober judges it; the text is one that every place takes for a name, so that it comes as far as it can."""
    for operation in prober.operations:
        for place in operation.places():
            await prober.put(operation, place, "never.to_be.repeated")
    _noted(prober, record_property)


def _is_dear(operation: Operation, place: Any, text: str) -> bool:
    """Whether it is meant to take long: a wait that was asked for, or what comes to a password hash, of which few do."""
    if place.name == "wait":
        return text.strip().isdecimal()
    return operation.method in {"DELETE", "POST"} and operation.path in DEAR and random.random() < 0.9


async def test_e8_i2_bodies_that_are_none(prober: Prober, record_property: Record) -> None:
    for operation in prober.operations:
        for body in picked(BODIES, 0.15):
            answer = await prober.send(operation, operation.address(), body, {})
            assert answer.status >= 400 or operation.body is None or not operation.body.get("required"), (
                operation,
                body,
            )
    _noted(prober, record_property)


async def test_e8_a3_wrong_types_and_fields_too_many(prober: Prober, record_property: Record) -> None:
    for operation in prober.operations:
        if operation.body is None or not operation.body.get("properties"):
            continue
        for name in operation.body["properties"]:
            for value in picked(VALUES, 0.3):
                await prober.send(operation, operation.address(), operation.sample() | {name: value}, {})
        for name in set(SURPLUS) - operation.body["properties"].keys():
            answer = await prober.send(operation, operation.address(), operation.sample() | {name: True}, {})
            # What AuthZEN 1.0 and OAuth 2 (RFC 6749, section 3.2) do not know they tell receivers to ignore.
            assert answer.status == 400 or operation.form or operation.path.startswith(AUTHZEN), (operation, name)
        for name, value in operation.sample().items():
            member = f"{json.dumps(name)}:{json.dumps(value)}"
            twice = json.dumps(operation.sample())[:-1].encode() + f",{member}}}".encode()
            if operation.form:
                twice = urlencode([*operation.sample().items(), (name, value)]).encode()
            assert (await prober.send(operation, operation.address(), twice, {})).status == 400, (operation, name)
    _noted(prober, record_property)


async def test_e8_i3_wrong_kinds_and_sizes_of_bodies(prober: Prober, record_property: Record) -> None:
    for operation in prober.operations:
        for kind in KINDS:
            answer = await prober.send(operation, operation.address(), b"{}", {"content-type": kind})
            # All refusals that are about the request itself are 400 there: AuthZEN 1.0, section 10.1.2.
            expected = 400 if operation.path.startswith(AUTHZEN) else 415
            taken = operation.form and kind == FORM
            assert operation.body is None or taken or answer.status == expected, (operation, kind)
        # Only where many things are sent at once there is room for more.
        size = 17_000_000 if operation.path.endswith("/bulk") else 2_000_000
        large = b'{"a":"' + b"a" * size + b'"}'
        assert (await prober.send(operation, operation.address(), large, {})).status == 413
    _noted(prober, record_property)


async def test_e8_t1_t4_attack_tokens_on_every_route(prober: Prober, record_property: Record) -> None:
    assert prober.client.token
    good, refresh = prober.client.token, ""
    tokens = await prober.client.send("POST", "/auth/login", {"email": prober.email, "password": PASSWORD})
    prober.made["POST", "/auth/login"] += 1
    refresh = tokens.json()["refresh_token"]
    attacks = list(attacked(good, refresh))
    prober.client.token = None
    for operation in prober.operations:
        if operation.signed_in:
            for token in picked(attacks, 0.4):
                answer = await prober.send(
                    operation,
                    operation.address(),
                    operation.sample(),
                    {"authorization": b"Bearer " + token},
                    token.decode("latin-1"),
                )
                assert answer.status == 401, (operation, token)
                assert answer.headers["www-authenticate"].startswith("Bearer"), (operation, token)
    _noted(prober, record_property)


def attacked(good: str, refresh: str) -> Iterator[bytes]:
    """Yield tokens that are not good, most of them made of one that is."""
    head, payload, signature = good.split(".")
    header, claims = _members(head), _members(payload)
    for algorithm in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256",
        "RS256",
        "ES384",
        "PS256",
        "EdDSA",
        None,
        1,
        ["ES256"],
    ):
        forged = f"{_part(header | {'alg': algorithm})}.{payload}"
        yield from (f"{forged}.".encode(), f"{forged}.{signature}".encode(), forged.encode())
    for name, value in {
        "kid": "../../../dev/null", "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/x", "jwk": {"kty": "oct", "k": "AA"},
        "crit": ["exp"], "b64": False, "typ": "JWT", "zip": "DEF", "enc": "A256GCM",
    }.items():  # fmt: skip
        yield f"{_part(header | {name: value})}.{payload}.{signature}".encode()
    for name in claims:
        for value in ("0", 0, -1, None, [], {}, 10**12, "admin"):
            yield f"{head}.{_part(claims | {name: value})}.{signature}".encode()
    yield from (
        refresh.encode(),
        b"",
        b".",
        b"..",
        b"...",
        b"a.b.c",
        f"{good}=".encode(),
        f"{good}.".encode(),
        f".{good}".encode(),
    )
    yield from (
        good[:-1].encode(),
        f"{good} {good}".encode(),
        good.swapcase().encode(),
        b"\xff\xfe",
        b"a" * 9000,
        b"a" * 100_000,
    )
    yield f"{head}.{payload}.{'A' * len(signature)}".encode()


def _members(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _part(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


async def test_e8_schemathesis_finds_nothing(service: Service, record_property: Record) -> None:
    token = await service.person("ada@example.org")
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{service.port.number}/auth/openapi.json")
    examples = 500 if LONG else 4
    statuses = await asyncio.to_thread(_examined, schema, token, examples)
    record_property("statuses", str(sorted(statuses)))
    assert statuses
    assert not {status for status in statuses if status >= 500}


def _examined(schema: Any, token: str, examples: int) -> set[int]:
    """Let Schemathesis make requests of every operation, valid and not."""
    statuses = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in {"/auth/logout", "/metrics"} or operation.path.startswith("/health"):
            continue

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        @hypothesis.given(case=operation.as_strategy(schemathesis.GenerationMode.NEGATIVE) | operation.as_strategy())
        def examine(case: Any) -> None:
            response = _asked(case, token)
            statuses.add(response.status_code)
            assert response.elapsed < 30
            assert "Traceback" not in response.text
            if response.status_code >= 400:
                assert response.headers["content-type"] == ["application/problem+json"]

        examine()
    return statuses


def _asked(case: Any, token: str) -> Any:
    """Return the answer, the next one for as long as the process cannot tell."""
    ends = time.monotonic() + BOUND
    while True:
        response = case.call(headers={"authorization": f"Bearer {token}"}, timeout=60)
        if not unsure(response.status_code, response.content) or time.monotonic() > ends:
            return response
        time.sleep(PAUSE)


async def test_e8_i15_answers_are_not_shared_between_requests(prober: Prober) -> None:
    async def ask(number: int) -> str:
        body = json.dumps({"email": f"a{number}", "password": PASSWORD}).encode()
        answer = await prober.client("POST", "/auth/signup", body, [*JSON.items()])
        assert answer.json()["trace_id"] == answer.headers["x-request-id"]
        return str(answer.json()["trace_id"])

    found = await asyncio.gather(*(ask(number) for number in range(2000 if LONG else 300)))
    assert len(set(found)) == len(found)
