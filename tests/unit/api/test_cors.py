"""Pages of other origins."""

from collections.abc import Callable

import pytest

from api.cookies import Pages
from api.cors import Cors
from tests.support.client import Answer, Client

APP = "https://app.example.com"
OTHERS = [
    "null",
    "https://evil.example",
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://APP.example.com",
    "https://sub.app.example.com",
    "https://app.example.com/",
    "*",
    "",
]
ASKS = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization"}


def allowed(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.fixture
def listed(build: Callable[..., Client]) -> Client:
    return build(cors=Cors.of([APP]), pages=Pages.of("https://auth.example.com", [APP]))


async def test_s4_without_a_list_no_page_of_another_origin_may_read(call: Client) -> None:
    for headers in ({"origin": APP}, {"origin": "null"}, {"origin": APP, **ASKS}):
        for method in ("GET", "OPTIONS"):
            answer = await call(method, "/auth/notes", headers=headers)
            assert not allowed(answer)
            assert "vary" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/auth/notes", 200), ("GET", "/nowhere", 404), ("GET", "/auth/break", 500), ("PUT", "/auth/notes", 405)],
)
async def test_s4_pages_of_a_listed_origin_may_read_every_answer(
    listed: Client, method: str, path: str, status: int
) -> None:
    answer = await listed(method, path, headers={"origin": APP})

    assert answer.status == status
    told = allowed(answer)
    assert told["access-control-allow-origin"] == APP
    assert told["access-control-allow-credentials"] == "true"
    assert "Consistency-Token" in told["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", OTHERS)
async def test_s4_no_other_origin_is_allowed_or_reflected(listed: Client, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await listed(method, "/auth/notes", headers={"origin": origin, **ASKS})
        assert not allowed(answer)
        assert answer.headers["vary"] == "Origin"


async def test_s4_of_two_origins_neither_is_allowed(listed: Client) -> None:
    answer = await listed("GET", "/auth/notes", headers=[("origin", APP), ("origin", APP)])

    assert not allowed(answer)


async def test_s4_a_browser_is_told_beforehand_what_it_may_send(listed: Client) -> None:
    listed.token = None
    answer = await listed("OPTIONS", "/auth/notes", headers={"origin": APP, **ASKS})

    assert (answer.status, answer.body) == (204, b"")
    told = allowed(answer)
    assert told["access-control-allow-origin"] == APP
    assert {*told["access-control-allow-methods"].split(", ")} == {"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Session-Transport"} <= {
        *told["access-control-allow-headers"].split(", ")
    }
    assert int(told["access-control-max-age"]) <= 600
    assert answer.headers["vary"] == "Origin"


async def test_a_plain_options_request_still_says_what_is_allowed_here(listed: Client) -> None:
    answer = await listed("OPTIONS", "/auth/notes", headers={"origin": APP})

    assert "POST" in answer.headers["allow"]


async def test_s4_what_says_that_it_depends_on_the_origin_says_so_to_nobody_in_particular(listed: Client) -> None:
    answer = await listed("GET", "/auth/notes")

    assert not allowed(answer)
    assert answer.headers["vary"] == "Origin"
