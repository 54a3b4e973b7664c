"""How values are marked as somebody's."""

from typing import Any

import pytest

from domain.kernel.ids import UserId, uuid7
from domain.organizations.documents import Document
from domain.organizations.errors import DocumentInvalid
from domain.organizations.marks import Mark

ADA, BOB = UserId(uuid7()), UserId(uuid7())


def mark(value: Any, person: UserId = ADA) -> dict[str, Any]:
    return {"$personal": {"user_id": str(person), "value": value}}


@pytest.mark.parametrize("value", ["ada@example.org", None, 0, False, [1, {"a": []}], {"mail": {"to": "x"}}])
def test_any_value_can_be_somebodys(value: Any) -> None:
    document = Document.parse({"a/b": [1, mark(value)], "of": mark("x", BOB)})

    assert {*document.marks} == {Mark(ADA, ("a/b", 1)), Mark(BOB, ("of",))}
    assert document.people == {ADA, BOB}
    assert document.members() == {"a/b": [1, mark(value)], "of": mark("x", BOB)}


def test_a_document_as_a_whole_can_be_somebodys() -> None:
    assert Document.parse(mark({"colour": "red"})).marks == (Mark(ADA, ()),)


def test_e13_a_digest_confirms_no_guess() -> None:
    told = Document.parse({"colour": "red", "of": mark("ada@example.org")}).digest

    assert told == Document.parse({"colour": "red", "of": mark("another@example.org")}).digest
    assert told == Document.parse({"colour": "red", "of": mark(None)}).digest
    assert told != Document.parse({"colour": "blue", "of": mark("ada@example.org")}).digest
    assert told != Document.parse({"colour": "red", "of": mark("ada@example.org", BOB)}).digest


def test_documents_of_different_values_differ() -> None:
    assert Document.parse({"of": mark("one")}) != Document.parse({"of": mark("other")})
    assert Document.parse({"b": mark(1.0), "a": 1}) == Document.parse({"a": 1.0, "b": mark(1)})


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"of": {"$personal": "ada@example.org"}}, "body/of"),
        ({"of": {"$personal": {"value": 1}}}, "body/of"),
        ({"of": {"$personal": {"user_id": str(ADA)}}}, "body/of"),
        ({"of": [{"$personal": {"user_id": str(ADA), "value": 1, "more": 1}}]}, "body/of/0"),
        ({"of": {"$personal": {"user_id": str(ADA), "sealed": ""}}}, "body/of"),
        ({"of": {**mark(1), "more": 1}}, "body/of"),
        ({"of": {"$personal": {"user_id": str(ADA), "value": None, "erased": True}}}, "body/of"),
        ({"of": mark({"and": mark(1, BOB)})}, "body/of/$personal/value/and"),
        ({"a/b": mark([{"$personal": 1}])}, "body/a~1b/$personal/value/0"),
        ({"of": {"$personal": {"user_id": "ada", "value": 1}}}, "body/of/$personal/user_id"),
        ({"of": {"$personal": {"user_id": 7, "value": 1}}}, "body/of/$personal/user_id"),
        ({"of": {"$personal": {"user_id": str(ADA).upper(), "value": 1}}}, "body/of/$personal/user_id"),
        ({"of": {"$personal": {"user_id": f"{{{ADA}}}", "value": 1}}}, "body/of/$personal/user_id"),
    ],
)
def test_refuses_other_forms_and_says_where(members: dict[str, Any], field: str) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        Document.parse(members)

    assert [(each.field, each.code) for each in refused.value.errors] == [(field, "mark")]


def test_the_name_of_the_mark_is_no_mark_as_a_text() -> None:
    document = Document.parse({"help": "write $personal", "$PERSONAL": 1})

    assert (document.marks, document.outline) == ((), None)


def test_the_limits_count_the_document_as_it_was_sent() -> None:
    room = 256 * 1024 - len(Document.parse({"of": mark("")}).text)

    assert Document.parse({"of": mark("x" * room)}).people == {ADA}
    with pytest.raises(DocumentInvalid):
        Document.parse({"of": mark("x" * (room + 1))})
