"""What a change would do, over HTTP, beside the questions of the AuthZEN API."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, Any, Final, Union

from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct, defstruct

from api.closed import closed, opened
from api.protocols.authzen_reading import circumstances, missing, page
from api.protocols.authzen_shapes import Object, ReplyPage, SearchPage
from api.protocols.questions import Token, question
from core.discovery import load_use_cases
from domain.access.answers import Difference, Differences
from domain.access.asking import Entity
from domain.access.queries.simulate_change import SimulateChange
from domain.kernel.usecases import UseCase

SIMULATE: Final = "/access/v1/simulate"
Place = Annotated[
    Object,
    Meta(
        extra_json_schema={
            "properties": {"organization_id": {"type": "string", "format": "uuid"}},
            "required": ["organization_id"],
        }
    ),
]
"""Where the change is looked at; other members are what conditions know."""


class SimulationReply(Struct, frozen=True):
    """Who would gain or lose something, in the order of ids."""

    page: ReplyPage
    results: list[Difference]


def simulation() -> HTTPRouteHandler:
    """Return the route that takes every change of which it can be asked what it would do."""
    cases = sorted((each for each in load_use_cases() if each.simulated), key=lambda each: each.name)
    raises = tuple(refusal for each in cases for refusal in each.raises)
    return question(
        SIMULATE, SimulateChange, _request(cases), SimulationReply, _meant, _said, fresh=False, raises=raises
    )


def _request(cases: Sequence[UseCase]) -> type[Struct]:
    """Return what is sent: one of the changes by the name of its operation, with everything that its route takes."""
    return defstruct(
        "SimulationRequest",
        [
            ("change", Union[tuple(map(_change, cases))]),  # noqa: UP007 - the operator takes no tuple
            ("context", Place),
            ("subject", Entity | None, None),
            ("page", SearchPage | None, None),
        ],
        namespace={"__doc__": _REQUEST},
        module=__name__,
        frozen=True,
    )


_REQUEST: Final = """A change, and where its effect on decisions is of interest.

`context` has the `organization_id`; its other members are what conditions know as `context.<name>`. With `subject`
everything is told about this one, and nothing about others.
"""


def _change(case: UseCase) -> type[Struct]:
    """Return the operation with its arguments: parameters of the path and the query, and members of the body.

    Which version is meant cannot be said: it is the one that there is.
    """
    kind: Any = case.message
    headers = frozenset(each.name for each in fields(kind) if each.metadata.get("header"))
    return defstruct(
        f"{case.name}Change",
        [("arguments", closed(kind, f"{case.name}Arguments", headers).struct)],
        namespace={"__doc__": f"See the operation `{case.name}`."},
        module=__name__,
        tag_field="operation",
        tag=case.name,
        forbid_unknown_fields=True,
        frozen=True,
    )


def _meant(request: Any, _: Token) -> SimulateChange:
    given = circumstances(request.context)
    if given.organization_id is None:
        raise missing(["context.organization_id"])
    return SimulateChange(
        organization_id=given.organization_id,
        change=opened(request.change.arguments),
        attributes=given.attributes,
        subject=request.subject,
        page=page(request.page),
    )


def _said(found: Differences) -> SimulationReply:
    return SimulationReply(ReplyPage(found.next, len(found.results)), found.results)
