"""What a body may be, and what becomes of one that is something else."""

from datetime import UTC, datetime

import pytest

from domain.kernel.ids import UserId
from domain.kernel.schemas import ABSENT
from tests.support.client import JSON, Client
from tests.unit.api.memory import Memory
from tests.unit.api.notes import FIRST, ChangeNote, FillSection, SortTags, WriteNote
from tests.unit.api.shapes import Colour, Tag

NOTES = "/auth/notes"
DEEP = b"[" * 100_000
BIG = b"9" * 5_000

malformed = {
    "invalid UTF-8": b'{"title":"\xff","key":"k"}',
    "UTF-16": '{"title":"x","key":"k"}'.encode("utf-16"),
    "UTF-32": '{"title":"x","key":"k"}'.encode("utf-32-le"),
    "a byte order mark": b'\xef\xbb\xbf{"title":"x","key":"k"}',
    "a lone surrogate": b'{"title":"\\ud800","key":"k"}',
    "a surrogate in UTF-8": b'{"title":"\xed\xa0\x80","key":"k"}',
    "100,000 levels": DEEP,
    "100,000 levels in a free-form object": b'{"title":"x","key":"k","more":{"a":' + DEEP,
    "a NUL, escaped": b'{"title":"a\\u0000","key":"k"}',
    "a NUL, raw": b'{"title":"a\x00","key":"k"}',
    "a NUL in a nested text": b'{"title":"x","key":"k","tags":[{"name":"\\u0000"}]}',
    "a NUL in a free-form object": b'{"title":"x","key":"k","more":{"a":["\\u0000"]}}',
    "a NUL in a free-form name": b'{"title":"x","key":"k","more":{"\\u0000":1}}',
    "NaN": b'{"title":"x","key":"k","weight":NaN}',
    "infinity": b'{"title":"x","key":"k","weight":Infinity}',
    "1e400": b'{"title":"x","key":"k","weight":1e400}',
    "65 bits": b'{"title":"x","key":"k","near":9223372036854775808}',
    "65 bits, negative": b'{"title":"x","key":"k","near":-9223372036854775809}',
    "65 bits in a free-form object": b'{"title":"x","key":"k","more":{"a":9223372036854775808}}',
    "5,000 digits": b'{"title":"x","key":"k","near":' + BIG + b"}",
    "5,000 digits in a free-form object": b'{"title":"x","key":"k","more":{"a":' + BIG + b"}}",
    "a number for a text": b'{"title":5,"key":"k"}',
    "a text for a number": b'{"title":"x","key":"k","stars":"5"}',
    "an unknown field": b'{"title":"x","key":"k","is_superuser":true}',
    "an unknown nested field": b'{"title":"x","key":"k","tags":[{"name":"a","admin":true}]}',
    "a field twice": b'{"title":"x","title":"y","key":"k"}',
    "a nested field twice": b'{"title":"x","key":"k","more":{"a":{"b":1,"b":2}}}',
    "a text too short": b'{"title":"","key":"k"}',
    "a text too long": b'{"title":"xxxxxxxxxxxxx","key":"k"}',
    "a number too large": b'{"title":"x","key":"k","stars":6}',
    "a number too small": b'{"title":"x","key":"k","stars":-1}',
    "a time without a zone": b'{"title":"x","key":"k","at":"2030-01-01T00:00:00"}',
    "null where it is not taken": b'{"title":null,"key":"k"}',
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "half of it": b'{"title":"x"',
    "more after the end": b'{"title":"x","key":"k"}{}',
}


@pytest.mark.parametrize("body", malformed.values(), ids=malformed)
async def test_f9_i2_refuses_a_body_it_cannot_read(call: Client, memory: Memory, body: bytes) -> None:
    answer = await call("POST", NOTES, body, JSON)

    assert (answer.status, answer.json()["code"]) == (400, "request.malformed")
    assert memory.notes.asked == []
    assert memory.audited == []


@pytest.mark.parametrize("name", ["note_id", "version"])
async def test_f9_takes_no_field_from_the_body_that_belongs_elsewhere(call: Client, name: str) -> None:
    assert (await call.send("PATCH", f"{NOTES}/{FIRST}", {name: 7}, {"if-match": '"7"'})).status == 400


async def test_reads_everything_a_message_declares(call: Client, memory: Memory) -> None:
    sent = {
        "title": "\N{PILE OF POO}" * 12,
        "stars": 5,
        "near": 9223372036854775807,
        "weight": 0.5,
        "at": "2030-01-01T01:00:00+01:00",
        "owner": str(FIRST),
        "tags": [{"name": "a", "colour": "red"}, {"name": "b", "hint": None}],
        "more": {"deep": [{"er": 1234567890123456789}], "text": r"\u0000"},
        "key": "hunter2",
    }

    answer = await call.send("POST", NOTES, sent)

    assert answer.status == 201
    read: WriteNote = memory.notes.asked[0][0]
    assert read == WriteNote(
        title="\N{PILE OF POO}" * 12,
        stars=5,
        near=9223372036854775807,
        weight=0.5,
        at=datetime(2030, 1, 1, tzinfo=UTC),
        owner=UserId(FIRST),
        tags=[Tag("a", Colour.RED), Tag("b", hint=None)],
        more={"deep": [{"er": 1234567890123456789}], "text": r"\u0000"},
        key="hunter2",
    )
    assert read.tags[0].hint is ABSENT
    assert "hunter2" not in repr(read)


async def test_gives_each_message_defaults_of_its_own(call: Client, memory: Memory) -> None:
    for _ in range(2):
        await call.send("POST", NOTES, {"title": "x", "key": "k"})

    (first, *_), (second, *_) = memory.notes.asked
    assert first.tags == []
    assert first.tags is not second.tags


@pytest.mark.parametrize(
    ("body", "title", "text"),
    [
        (b"{}", ABSENT, ABSENT),
        (b'{"text":null}', ABSENT, None),
        (b'{"text":"t"}', ABSENT, "t"),
        (b'{"title":"n"}', "n", ABSENT),
    ],
)
async def test_tells_a_field_left_out_from_null(
    call: Client, memory: Memory, body: bytes, title: object, text: object
) -> None:
    await call("PATCH", f"{NOTES}/{FIRST}", body, {**JSON, "if-match": '"7"'})

    read: ChangeNote = memory.notes.asked[0][0]
    assert (read.title, read.text) == (title, text)


async def test_refuses_null_for_a_field_that_may_only_be_left_out(call: Client) -> None:
    assert (await call.send("PATCH", f"{NOTES}/{FIRST}", {"title": None}, {"if-match": '"7"'})).status == 400


async def test_hands_on_a_body_as_a_whole(call: Client, memory: Memory) -> None:
    answer = await call.send("PUT", "/auth/sections/a?force=1", {"b": [1, None]}, {"if-match": '"3"'})

    assert answer.status == 204
    assert memory.notes.asked == [FillSection(section="a", items={"b": [1, None]}, force=True, version=3)]
    assert "None" not in repr(memory.notes.asked)


async def test_hands_on_the_shapes_in_a_whole_body(call: Client, memory: Memory) -> None:
    await call.send("PUT", "/auth/tags", [{"name": "a"}, {"name": "b", "hint": None}])
    assert memory.notes.asked == [SortTags(tags=[Tag("a"), Tag("b", hint=None)])]


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"", b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b'{"a":99999999999999999999}', DEEP]
)
async def test_i2_refuses_a_whole_body_it_cannot_read(call: Client, memory: Memory, body: bytes) -> None:
    assert (await call("PUT", "/auth/sections/a", body, JSON)).status == 400
    assert memory.notes.asked == []


async def test_i2_whole_bodies_are_closed_inside(call: Client) -> None:
    assert (await call.send("PUT", "/auth/tags", [{"name": "a", "admin": True}])).status == 400


async def test_a_query_in_a_body_may_not_hold_a_nul_either(call: Client) -> None:
    assert (await call("POST", "/auth/login", b'{"name":"\\u0000","password":"x"}', JSON)).status == 400


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"title":5,"key":"k"}', {"field": "title", "code": "type", "message": "Expected `str`."}),
        (
            b'{"title":"hunter2hunter2","key":"k"}',
            {"field": "title", "code": "length", "message": "Expected `str` of length <= 12."},
        ),
        (
            b'{"title":"x","key":"k","stars":77}',
            {"field": "stars", "code": "range", "message": "Expected `int` <= 5."},
        ),
        (b'{"title":"x"}', {"field": "key", "code": "required", "message": "This field is required."}),
        (
            b'{"title":"x","key":"k","tags":[{"name":"a"},{"colour":"red"}]}',
            {"field": "tags[1].name", "code": "required", "message": "This field is required."},
        ),
        (
            b'{"title":"x","key":"k","tags":[{"name":"a","colour":"hunter2"}]}',
            {
                "field": "tags[0].colour",
                "code": "value",
                "message": "This is none of the values that are allowed.",
            },
        ),
        (
            b'{"title":"x","key":"k","tags":[{"name":"a","hunter2":1}]}',
            {"field": "tags[0]", "code": "unknown", "message": "This holds a field that is not known."},
        ),
        (
            b'{"title":"x","key":"k","hunter2":1}',
            {"field": "", "code": "unknown", "message": "This holds a field that is not known."},
        ),
        (
            b'{"title":"x","key":"k","owner":"hunter2"}',
            {"field": "owner", "code": "format", "message": "Invalid UUID."},
        ),
        (
            b'{"title":"x","key":"k","at":"hunter2"}',
            {"field": "at", "code": "format", "message": "Invalid RFC3339 encoded datetime."},
        ),
        (
            b'{"title":"x","key":"k","at":"2030-01-01T00:00:00"}',
            {"field": "at", "code": "format", "message": "Expected `datetime` with a timezone component."},
        ),
        (
            b'{"title":"x","key":"k","near":' + BIG + b"}",
            {"field": "near", "code": "range", "message": "This number is out of range."},
        ),
    ],
)
async def test_names_the_field_at_fault_and_never_its_value(call: Client, body: bytes, error: dict[str, str]) -> None:
    answer = await call("POST", NOTES, body, JSON)

    assert answer.json()["errors"] == [error]
    assert b"hunter2" not in answer.body
