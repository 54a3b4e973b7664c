"""What comes with a message, and what goes back with its answer."""

import pytest

from core.pipeline import Call
from domain.kernel.access import Origin
from domain.kernel.consistency import ConsistencyToken
from tests.support.client import JSON, Answer, Client, Headers
from tests.unit.api.memory import TOKEN, Memory
from tests.unit.api.notes import FIRST, GetNote

NOTES = "/auth/notes"
NOTE = f"{NOTES}/{FIRST}"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def write(call: Client, headers: Headers = (), title: str = "x") -> Answer:
    given = list(headers.items()) if isinstance(headers, dict) else list(headers)
    return await call("POST", NOTES, b'{"title":"%s","key":"k"}' % title.encode(), [*JSON.items(), *given])


async def test_asks_for_a_token(call: Client) -> None:
    call.token = None
    answer = await call("GET", NOTES)
    assert (answer.status, answer.json()["code"]) == (401, "access.unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "credentials",
    [["Bearer bad"], ["Basic Z29vZDpnb29k"], ["Bearer"], [""], ["good"], ["Bearer good", "Bearer good"]],
)
async def test_says_that_a_token_is_bad(call: Client, credentials: list[str]) -> None:
    call.token = None
    answer = await call("GET", NOTES, headers=[("authorization", each) for each in credentials])
    assert (answer.status, answer.json()["code"]) == (401, "access.invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_spelled_in_any_case(call: Client, scheme: str) -> None:
    call.token = None
    assert (await call("GET", NOTES, headers={"authorization": f"{scheme} good"})).status == 200


async def test_a_refused_sign_in_says_nothing_of_tokens(call: Client) -> None:
    answer = await call.send("POST", "/auth/login", {"name": "a", "password": "b"})
    assert (answer.status, answer.json()["code"]) == (401, "notes.sign_in_refused")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_query_is_given_no_more_than_it_asks_for(call: Client, memory: Memory) -> None:
    await call("GET", NOTE, headers={"consistency-token": str(TOKEN), "idempotency-key": '"unterminated'})
    assert memory.notes.asked == [(GetNote(note_id=FIRST), TOKEN)]


async def test_a_token_nobody_can_read_is_newer_than_everything(call: Client, memory: Memory) -> None:
    await call("GET", NOTE, headers={"consistency-token": "\xe9!"})
    assert memory.notes.asked[0][1] == ConsistencyToken(b"", 2**63 - 1)


async def test_a_command_is_given_everything(call: Client, memory: Memory) -> None:
    headers = {
        "consistency-token": str(TOKEN),
        "idempotency-key": "k1",
        "traceparent": PARENT,
        "user-agent": "curl/8",
    }
    await write(call, headers)
    assert memory.calls == [Call(b"good", Origin("127.0.0.1", "curl/8"), "k1", TOKEN, PARENT)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (PARENT, PARENT),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", PARENT.replace("00-", "01-", 1)),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", None),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", None),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", None),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\x1b[31m", None),
        ("", None),
        ("x" * 60_000, None),
    ],
)
async def test_i9_continues_the_trace_of_the_caller_or_begins_one(
    call: Client, memory: Memory, given: str, kept: str | None
) -> None:
    answer = await write(call, {"traceparent": given})

    trace = memory.calls[0].trace
    if kept:
        assert trace == kept
    else:
        assert trace is not None
        version, trace_id, span, flags = trace.split("-")
        assert (version, trace_id, len(span), flags) == ("00", answer.headers["x-request-id"], 16, "00")


async def test_two_traces_are_none(call: Client, memory: Memory) -> None:
    answer = await write(call, [("traceparent", PARENT), ("traceparent", PARENT)])
    assert answer.headers["x-request-id"] in (memory.calls[0].trace or "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("curl/8.5", "curl/8.5"),
        ("a\r\nSet-Cookie: b\x1b[31m\x7f", "aSet-Cookie: b[31m"),
        ("x" * 1_000_000, "x" * 256),
        ("\xc3\xa9\xe2\x80\xae", "\u00e9"),
        ("\xff{0}%s${jndi:x}", "{0}%s${jndi:x}"),
    ],
)
async def test_i9_cleans_the_user_agent(call: Client, memory: Memory, given: str, kept: str) -> None:
    await write(call, {"user-agent": given})
    assert memory.calls[0].origin.user_agent == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"8e03978e"', "8e03978e"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
        ("!", "!"),
    ],
)
async def test_reads_the_idempotency_key(call: Client, memory: Memory, given: str, kept: str) -> None:
    assert (await write(call, {"idempotency-key": given})).status == 201
    assert memory.calls[0].idempotency_key == kept


@pytest.mark.parametrize(
    "given", ["", '""', '"', '"a', "a b", '"a b"', '"a"b"', r'"\n"', "x" * 256, '"' + "x" * 256 + '"', "\xe9", "a\t"]
)
async def test_refuses_an_idempotency_key_it_cannot_read(call: Client, memory: Memory, given: str) -> None:
    assert (await write(call, {"idempotency-key": given})).status == 400
    assert memory.notes.asked == []


async def test_says_that_an_answer_is_repeated(call: Client, memory: Memory) -> None:
    first, second = [await write(call, {"idempotency-key": "once"}) for _ in range(2)]

    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (second.status, second.body, second.headers["etag"]) == (201, first.body, first.headers["etag"])
    assert len(memory.notes.asked) == 1


async def test_refuses_a_key_for_another_request(call: Client) -> None:
    await write(call, {"idempotency-key": "once"})
    answer = await write(call, {"idempotency-key": "once"}, title="y")
    assert (answer.status, answer.json()["code"]) == (422, "request.idempotency_key_reused")


async def test_returns_the_consistency_token(call: Client) -> None:
    assert (await write(call)).headers["consistency-token"] == str(TOKEN)
    assert (await call("DELETE", NOTES)).headers["consistency-token"] == str(TOKEN)
    assert "consistency-token" not in (await call("GET", NOTE)).headers


async def test_tags_what_has_a_version(call: Client) -> None:
    assert (await call("GET", NOTE)).headers["etag"] == '"7"'
    assert (await write(call)).headers["etag"] == '"1"'
    assert "etag" not in (await call("GET", NOTES)).headers


@pytest.mark.parametrize("known", ['"7"', 'W/"7"', "*", '"1", "7"', '"1",W/"7" ,"x"', '"a,b", "7"'])
async def test_answers_not_modified(call: Client, known: str) -> None:
    answer = await call("GET", NOTE, headers={"if-none-match": known})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", '"7"')
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("known", ['"8"', "7", '"77"', "", '"', '"8", "9"', 'W/"8"'])
async def test_answers_what_is_modified(call: Client, known: str) -> None:
    assert (await call("GET", NOTE, headers={"if-none-match": known})).status == 200


async def test_two_headers_of_tags_are_one_list(call: Client) -> None:
    assert (await call("GET", NOTE, headers=[("if-none-match", '"1"'), ("if-none-match", '"7"')])).status == 304


async def test_a_command_is_never_not_modified(call: Client) -> None:
    assert (await write(call, {"if-none-match": "*"})).status == 201


async def test_changes_the_version_that_is_named(call: Client) -> None:
    answer = await call.send("PATCH", NOTE, {"text": "t"}, {"if-match": '"7"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"8"')


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ('"6"', 412, "request.precondition_failed"),
        ("*", 428, "request.precondition_required"),
        (None, 428, "request.precondition_required"),
    ],
)
async def test_refuses_another_version(call: Client, tag: str | None, status: int, code: str) -> None:
    answer = await call.send("PATCH", NOTE, {}, {"if-match": tag} if tag else {})
    assert (answer.status, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "tag",
    ['W/"7"', '"7", "8"', "7", '""', '"07"', '"-1"', '"x"', "", '"9223372036854775808"', '"\u0667"'.encode(), '"7" '],
)
async def test_refuses_a_tag_it_cannot_read(call: Client, memory: Memory, tag: str | bytes) -> None:
    answer = await call("DELETE", NOTE, headers=[("if-match", tag)])
    assert (answer.status, answer.json()["code"]) == (400, "request.malformed")
    assert memory.notes.asked == []


async def test_two_tags_are_a_list(call: Client) -> None:
    assert (await call("DELETE", NOTE, headers=[("if-match", '"7"'), ("if-match", '"7"')])).status == 400


@pytest.mark.parametrize(("headers", "version"), [({}, None), ({"if-match": "*"}, None), ({"if-match": '"3"'}, 3)])
async def test_hands_on_the_version(call: Client, memory: Memory, headers: Headers, version: int | None) -> None:
    assert (await call("DELETE", NOTE, headers=headers)).status == 204
    assert memory.notes.asked[0].version == version
