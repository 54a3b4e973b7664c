"""Conditions of grants: which are accepted, and what they say."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.conditions import Test as Comparison
from domain.access.conditions import parse
from domain.access.errors import ConditionInvalid

SEEN: Mapping[str, object] = {
    "resource.status": "draft",
    "resource.size": 3,
    "resource.open": True,
    "resource.tags": ["a", 1],
    "subject.id": "ada",
    "context.owner": "ada",
    "context.sizes": [2, 3],
}
TRUE, FALSE, UNKNOWN = (
    {"resource.status": {"eq": "draft"}},
    {"resource.status": {"ne": "draft"}},
    {"resource.missing": {"eq": 1}},
)


def truth(raw: object, seen: Mapping[str, object] = SEEN) -> bool | None:
    return parse(raw).truth(seen.get)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        ({"resource.size": {"lt": 4}}, True),
        ({"resource.size": {"le": 3.0}}, True),
        ({"resource.size": {"gt": 3}}, False),
        ({"resource.size": {"ge": 3}}, True),
        ({"resource.status": {"lt": "e"}}, True),
        ({"resource.status": {"lt": 1}}, None),
        ({"resource.open": {"eq": True}}, True),
        ({"resource.open": {"eq": 1}}, None),
        ({"resource.size": {"ne": "3"}}, None),
        ({"resource.open": {"lt": {"attribute": "resource.open"}}}, None),
        ({"resource.status": {"in": ["x", "draft"]}}, True),
        ({"resource.status": {"in": ["x"]}}, False),
        ({"resource.status": {"in": ["x", 1]}}, None),
        ({"resource.status": {"in": []}}, False),
        ({"resource.missing": {"in": []}}, None),
        ({"resource.size": {"in": {"attribute": "context.sizes"}}}, True),
        ({"resource.size": {"in": {"attribute": "resource.status"}}}, None),
        ({"resource.tags": {"contains": "a"}}, True),
        ({"resource.tags": {"contains": "b"}}, None),
        ({"context.sizes": {"contains": 4}}, False),
        ({"resource.status": {"contains": "d"}}, None),
        ({"resource.tags": {"eq": {"attribute": "resource.tags"}}}, None),
        ({"subject.id": {"eq": {"attribute": "context.owner"}}}, True),
        ({"not": TRUE}, False),
        ({"not": UNKNOWN}, None),
        ({"all": [TRUE, UNKNOWN]}, None),
        ({"all": [FALSE, UNKNOWN]}, False),
        ({"all": [TRUE, TRUE]}, True),
        ({"any": [TRUE, UNKNOWN]}, True),
        ({"any": [FALSE, UNKNOWN]}, None),
        ({"any": [FALSE, FALSE]}, False),
    ],
)
def test_says_whether_it_holds(raw: object, expected: bool | None) -> None:  # noqa: FBT001 - a row of the table
    assert truth(raw) is expected


def nested(levels: int) -> dict[str, Any]:
    raw: dict[str, Any] = TRUE
    for _ in range(levels - 1):
        raw = {"not": raw}
    return raw


@pytest.mark.parametrize("raw", [nested(8), {"all": [TRUE] * 63}, {"resource.x": {"in": ["a"] * 64}}])
def test_accepts_what_is_just_within_the_bounds(raw: object) -> None:
    parse(raw)


@pytest.mark.parametrize(
    ("raw", "where", "code"),
    [
        (nested(9), "/not" * 8, "depth"),
        ({"all": [TRUE] * 64}, "/all/63", "size"),
        ({"all": []}, "/all", "type"),
        ({"any": TRUE}, "/any", "type"),
        ({}, "", "type"),
        ([], "", "type"),
        (None, "", "type"),
        ({"all": [TRUE], "any": [TRUE]}, "", "type"),
        ({"resource.a": {"eq": 1, "ne": 2}}, "/resource.a", "type"),
        ({"resource.a": 1}, "/resource.a", "type"),
        ({"resource.a": {"matches": ".*"}}, "/resource.a/matches", "operator"),
        ({"resource.a": {"eq": None}}, "/resource.a/eq", "type"),
        ({"resource.a": {"eq": [1]}}, "/resource.a/eq", "type"),
        ({"resource.a": {"lt": True}}, "/resource.a/lt", "type"),
        ({"resource.a": {"in": "abc"}}, "/resource.a/in", "type"),
        ({"resource.a": {"in": [[1]]}}, "/resource.a/in", "type"),
        ({"resource.a": {"in": [1] * 65}}, "/resource.a/in", "size"),
        ({"resource.a": {"eq": 2**53 + 1}}, "/resource.a/eq", "number"),
        ({"resource.a": {"eq": float("nan")}}, "/resource.a/eq", "type"),
        ({"resource.a": {"eq": "a\0"}}, "/resource.a/eq", "characters"),
        ({"resource.a": {"eq": "\ud800"}}, "/resource.a/eq", "characters"),
        ({"resource.a": {"eq": "a" * 1001}}, "/resource.a/eq", "size"),
        ({"resource.a": {"eq": {"attribute": "r.sub"}}}, "/resource.a/eq", "attribute"),
        ({"resource.a": {"eq": {"attribute": "subject.id", "or": 1}}}, "/resource.a/eq", "type"),
        ({"subject.password": {"eq": "x"}}, "/subject.password", "attribute"),
        ({"resource.": {"eq": "x"}}, "/resource.", "attribute"),
        ({"resource.a b": {"eq": "x"}}, "/resource.a b", "attribute"),
        ({"resource.a\n": {"eq": "x"}}, "/resource.a\n", "attribute"),
        ({"__class__": {"eq": "x"}}, "/__class__", "attribute"),
        ({f"resource.{'a' * 65}": {"eq": "x"}}, f"/resource.{'a' * 55}", "attribute"),
    ],
)
def test_a6_refuses_what_is_not_of_the_form_and_says_where(raw: object, where: str, code: str) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        parse(raw)

    assert [(error.field, error.code) for error in refused.value.errors] == [(f"body/condition{where}", code)]


LEAVES = st.sampled_from([TRUE, FALSE, UNKNOWN])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=6,
)


def possible(raw: dict[str, Any]) -> set[bool]:
    """Return what comes out if each unknown test may turn out either way, independently of the others."""
    ((name, inner),) = raw.items()
    match name:
        case "not":
            return {not each for each in possible(inner)}
        case "all" | "any":
            ends, neutral = ({False}, True) if name == "all" else ({True}, False)
            outcomes = [possible(each) for each in inner]
            decided = ends if any(outcome == ends for outcome in outcomes) else set()
            return decided or {neutral} | {each for outcome in outcomes for each in outcome} - (
                set() if any(neutral in outcome for outcome in outcomes) else {neutral}
            )
        case _:
            return {True, False} if raw == UNKNOWN else {raw == TRUE}


@given(TREES)
def test_is_unknown_exactly_if_unknown_tests_could_decide_it_either_way(raw: dict[str, Any]) -> None:
    try:
        found = truth(raw)
    except ConditionInvalid:
        return
    outcomes = possible(raw)
    assert found is (None if len(outcomes) == 2 else outcomes.pop())


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_refuses_anything_else_as_invalid_and_nothing_worse(raw: object) -> None:
    with pytest.raises(ConditionInvalid):
        parse(raw)


def test_keeps_what_a_filter_is_made_of() -> None:
    assert parse({"resource.size": {"in": [1, 2]}}) == Comparison("resource.size", "in", (1, 2))


@pytest.mark.parametrize("number", [1e16, -1e300, 2.0**53 + 2])
def test_a_number_that_would_come_back_from_the_database_as_another_kind_is_refused(number: float) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        parse({"resource.size": {"lt": number}})
    assert refused.value.errors[0].code == "number"
