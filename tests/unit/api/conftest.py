"""The edge, over the notes of the tests."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Router, delete, get, patch, post, put
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from api.endpoint import endpoint
from api.serving import serve
from tests.support.client import Client
from tests.unit.api.memory import Memory, dispatcher
from tests.unit.api.notes import (
    Break,
    ChangeNote,
    ClearNotes,
    Contradict,
    DropNote,
    Explore,
    FillSection,
    GetNote,
    GetSection,
    ListNotes,
    SignIn,
    SortTags,
    WriteNote,
)


@get("/auth/by-hand/{number:int}")
async def by_hand(number: FromPath[int], word: FromQuery[int] = 0) -> dict[str, str]:
    if number == 1:
        raise NotAuthorizedException
    raise LookupError("hunter2")


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[
            endpoint(get, "/auth/notes", ListNotes),
            endpoint(post, "/auth/notes", WriteNote),
            endpoint(delete, "/auth/notes", ClearNotes),
            endpoint(get, "/auth/notes/{note_id:uuid}", GetNote),
            endpoint(patch, "/auth/notes/{note_id:uuid}", ChangeNote),
            endpoint(delete, "/auth/notes/{note_id:uuid}", DropNote),
            endpoint(get, "/auth/sections/{section:str}", GetSection),
            endpoint(put, "/auth/sections/{section:str}", FillSection),
            endpoint(put, "/auth/tags", SortTags),
            endpoint(post, "/auth/login", SignIn, status=200),
            endpoint(get, "/auth/contradict", Contradict),
            endpoint(get, "/auth/break", Break),
            endpoint(put, "/auth/explore", Explore),
        ],
    ),
    by_hand,
]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def build(memory: Memory) -> Callable[..., Client]:
    def make(**settings: Any) -> Client:
        return Client(serve(dispatcher(memory), ROUTES, **settings), "good")

    return make


@pytest.fixture
def call(build: Callable[..., Client]) -> Client:
    return build()
