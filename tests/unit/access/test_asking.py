"""Questions, taken apart: many of them mean what each of them means."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from domain.access.asking import (
    ORGANIZATION,
    Alike,
    Asked,
    Circumstances,
    Entity,
    Evaluation,
    Inquiry,
    Planned,
    take_apart,
    take_many_apart,
)
from domain.kernel.access import Actor
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7

ME, OTHER = (UserId(uuid7()) for _ in range(2))
HOME = OrganizationId(uuid7())
ACTOR = Actor(ME, SessionId(uuid7()), HOME, 0)
SUBJECTS = [Entity("user", str(ME)), Entity("user", str(ME)), Entity("user", str(OTHER)), Entity("team", "1")]
CIRCUMSTANCES = [
    Circumstances(),
    Circumstances(attributes={"drill": True}),
    Circumstances(attributes={"drill": True}),
    Circumstances(explain=True),
    Circumstances(OrganizationId(uuid7())),
]
RESOURCES = [
    *(Entity("document", str(number)) for number in range(5)),
    Entity("folder", "1"),
    Entity(ORGANIZATION, str(HOME)),
    Entity(ORGANIZATION, "ours"),
]
PLANS = [None, None, None, Planned(), Planned(Entity("folder", "1"))]
MOST = 4


def evaluations(seed: int) -> Iterator[Evaluation | None]:
    """Questions of which many in a row are alike."""
    random = Random(seed)
    for _ in range(40):
        subject, where, action = random.choice(SUBJECTS), random.choice(CIRCUMSTANCES), random.choice(["read", "write"])
        for _ in range(random.randint(1, 6)):
            resource = random.choice(RESOURCES if random.random() < 0.3 else RESOURCES[:5])
            yield random.choice(
                [None]
                + [Evaluation(subject, action, resource, random.choice(PLANS), where)] * (1 + random.randrange(9))
            )


def meant(inquiry: Inquiry, names: Any, planned: Planned | None) -> tuple[Any, ...]:
    return inquiry.asker, inquiry.user_id, inquiry.permission, id(inquiry.circumstances), tuple(names), planned


def alone(evaluation: Evaluation | None) -> Any:
    if evaluation is None:
        return None
    try:
        return meant(*take_apart(evaluation, ACTOR))
    except OrganizationNotFound:
        return OrganizationNotFound


@pytest.mark.parametrize("seed", range(20))
def test_many_questions_mean_in_their_order_what_each_of_them_means(seed: int) -> None:
    asked = list(evaluations(seed))

    found = list[Any]()
    for each in take_many_apart(asked, ACTOR, MOST):
        match each:
            case Alike(inquiry, names):
                assert 1 <= len(names) <= MOST
                found += [meant(inquiry, [name], None) for name in names]
            case Asked():
                found.append(meant(*each))
            case None:
                found.append(None)
            case OrganizationNotFound():
                found.append(OrganizationNotFound)

    assert found == [alone(each) for each in asked]


def test_questions_that_differ_only_in_their_resource_are_taken_apart_once() -> None:
    where = Circumstances()
    asked = [
        Evaluation(SUBJECTS[number % 2], "read", Entity("document", str(number)), None, where) for number in range(9)
    ]

    found = list(take_many_apart(asked, ACTOR, MOST))

    assert [len(each.names) for each in found if isinstance(each, Alike)] == [4, 4, 1]
