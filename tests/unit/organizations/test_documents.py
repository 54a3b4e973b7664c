import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.errors import FieldError
from domain.organizations.documents import MOST_BYTES, MOST_LEVELS, Document
from domain.organizations.errors import DocumentInvalid

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=5)


def refusal(members: Any) -> FieldError:
    with pytest.raises(DocumentInvalid) as caught:
        Document.parse(members)
    (error,) = caught.value.errors
    return error


@given(objects)
def test_gives_back_what_it_was_given(members: dict[str, Any]) -> None:
    assert Document.parse(members).members() == members


@given(objects)
def test_is_equal_however_it_was_written(members: dict[str, Any]) -> None:
    written_otherwise = json.loads(json.dumps(dict(reversed(members.items())), indent=3))
    document = Document.parse(members)

    assert Document.parse(written_otherwise) == document == Document.of(document.members())


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_writes_numbers_as_rfc_8785_appendix_b_does(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert Document.parse({"n": number}).text == f'{{"n":{text}}}'
    assert Document.of({"n": json.loads(text)}).text == f'{{"n":{text}}}'


def test_sorts_names_as_rfc_8785_section_3_2_3_does() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "😀", "\u0080", "\u00f6"]

    written = Document.parse(dict.fromkeys(names, 0)).members()

    assert list(written) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "😀", "\ufb33"]


def test_escapes_no_more_than_rfc_8785_section_3_2_2_2_does() -> None:
    assert Document.parse({"a": '€$\x0f\nA\'B"\\\\"/\x7f\u2028'}).text == (
        '{"a":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028"}'
    )


def test_takes_256_kib_and_not_a_byte_more() -> None:
    shell = len('{"x":""}')

    assert len(Document.parse({"x": "a" * (MOST_BYTES - shell)}).text) == MOST_BYTES
    assert refusal({"x": "a" * (MOST_BYTES - shell + 1)}).code == "size"


def test_counts_bytes_and_not_characters() -> None:
    assert refusal({"x": "é" * (MOST_BYTES // 2)}).code == "size"


def test_takes_32_levels_and_not_one_more() -> None:
    nested: Any = {}
    for _ in range(MOST_LEVELS - 1):
        nested = {"n": nested}
    deepest: Any = []
    for _ in range(MOST_LEVELS - 1):
        deepest = [deepest]

    assert Document.parse(nested).members() == nested
    assert refusal({"n": nested}).code == "depth"
    assert refusal({"n": deepest}) == FieldError(
        "body/n" + "/0" * (MOST_LEVELS - 1), "depth", "The document has more than 32 levels."
    )


def test_does_not_descend_a_hundred_thousand_levels() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]

    assert refusal({"n": nested}).code == "depth"


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"a": ["", {"b/c~d": "x\0y"}]}, "body/a/1/b~1c~0d", "nul"),
        ({"a\0b": 1}, "body/a\ufffdb", "nul"),
        ({"a": "\ud83d"}, "body/a", "surrogate"),
        ({"\udc00": 1}, "body/?", "surrogate"),
        ({"a": float("nan")}, "body/a", "number"),
        ({"a": float("-inf")}, "body/a", "number"),
        ({"a": 2**53 + 1}, "body/a", "number"),
        ({"a": -(2**63) + 1}, "body/a", "number"),
        ({"a": 10**400}, "body/a", "number"),
        ({"a": {"b": b"bytes"}}, "body/a/b", "type"),
        ({"a": (1, 2)}, "body/a", "type"),
        ({"a": {1: 2}}, "body/a", "type"),
    ],
)
def test_refuses_what_json_cannot_carry_unchanged(members: Any, field: str, code: str) -> None:
    error = refusal(members)

    assert (error.field, error.code) == (field, code)


@pytest.mark.parametrize("number", [10**20, 2**53, -(10**22), 10**23])
def test_takes_large_whole_numbers_that_a_double_carries(number: int) -> None:
    assert Document.parse({"n": number}).members() == {"n": float(number)}
