"""Pages for people, from files of our own."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from litestar import Litestar

from api.documents import STATIC, documents
from api.outermost import Outermost
from api.problems import refuse
from tests.support.client import Client

FILES = {
    "/auth/docs": "text/html; charset=utf-8",
    "/auth/docs/docs.js": "text/javascript; charset=utf-8",
    "/auth/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/auth/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/auth/redoc": "text/html; charset=utf-8",
    "/auth/redoc/redoc.js": "text/javascript; charset=utf-8",
    "/auth/redoc/redoc.standalone.js": "text/javascript; charset=utf-8",
}
FORMS = {
    "/auth/setup": "text/html; charset=utf-8",
    "/auth/setup/setup.js": "text/javascript; charset=utf-8",
    "/auth/setup/form.css": "text/css; charset=utf-8",
    "/auth/invitations": "text/html; charset=utf-8",
    "/auth/invitations/invitation.js": "text/javascript; charset=utf-8",
    "/auth/invitations/form.css": "text/css; charset=utf-8",
    "/auth/password": "text/html; charset=utf-8",
    "/auth/password/password.js": "text/javascript; charset=utf-8",
    "/auth/password/form.css": "text/css; charset=utf-8",
    "/auth/verification": "text/html; charset=utf-8",
    "/auth/verification/verification.js": "text/javascript; charset=utf-8",
    "/auth/sign-in": "text/html; charset=utf-8",
    "/auth/sign-in/sign-in.js": "text/javascript; charset=utf-8",
    "/auth/sign-in/form.css": "text/css; charset=utf-8",
    "/auth/verification/form.css": "text/css; charset=utf-8",
}
LOADED = re.compile(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]*)"|<link[^>]*\shref="([^"]*)"')
SCRIPT = "document.documentElement.className = 'js'"


def manual(folder: Path) -> Client:
    app = Litestar(
        [*documents([], site=folder)], exception_handlers={Exception: refuse}, logging_config=None, openapi_config=None
    )
    app.asgi_handler = Outermost(app.asgi_handler)
    return Client(app)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "guide" / "first").mkdir(parents=True)
    (folder / "index.html").write_text(f"<script>{SCRIPT}</script><script src='a.js'></script>")
    (folder / "guide" / "first" / "index.html").write_text("first")
    (folder / "a.js").write_text("1")
    (tmp_path / "secret.txt").write_text("hunter2")
    return folder


@pytest.mark.parametrize(("path", "kind"), FILES.items())
async def test_serves_the_files_of_both_pages(call: Client, path: str, kind: str) -> None:
    call.token = None
    answer = await call("GET", path)

    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "no-cache"
    assert (await call("GET", path, headers={"if-none-match": answer.headers["etag"]})).status == 304


@pytest.mark.parametrize("path", ["/auth/docs", "/auth/redoc"])
async def test_pages_load_nothing_but_what_is_served_here(call: Client, path: str) -> None:
    answer = await call("GET", path)

    loaded = [first or second for first, second in LOADED.findall(answer.body.decode())]
    assert set(loaded) - {"data:,"} <= set(FILES)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize(("path", "kind"), FORMS.items())
async def test_s9_forms_run_files_of_ours_and_nothing_that_stands_in_the_page(
    build: Callable[..., Client], path: str, kind: str
) -> None:
    call = build(documents=False)
    answer = await call("GET", path)

    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["referrer-policy"] == "no-referrer"
    text = answer.body.decode()
    if kind.startswith("text/html"):
        loaded = {first or second for first, second in LOADED.findall(text)}
        assert loaded - {"data:,"} == {each for each in FORMS if each.startswith(f"{path}/")}
        assert not re.findall(r"<script(?![^>]*\ssrc=)|<style|\s(?:style|on\w+)=", text)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text)


@pytest.mark.parametrize(
    "name",
    [*(each.name for each in STATIC.iterdir() if each.suffix in {".css", ".html", ".js"}), "swagger-ui/swagger-ui.css"],
)
def test_no_file_names_a_foreign_address_to_load(name: str) -> None:
    text = (STATIC / name).read_text()
    assert not re.findall(r"(?:url\(|@import\s*)[\"']?https?:|[\"'](?:https?:)?//(?!www\.w3\.org)", text)


def test_redoc_does_not_fetch_the_logo_of_its_maker() -> None:
    assert "cdn.redoc.ly" not in (STATIC / "redoc" / "redoc.standalone.js").read_text()


@pytest.mark.parametrize("folder", ["swagger-ui", "redoc"])
def test_what_is_by_others_comes_with_its_licence(folder: str) -> None:
    assert (STATIC / folder / "LICENSE").read_text()


@pytest.mark.parametrize("path", [*FILES, "/auth/mkdocs"])
async def test_pages_can_be_switched_off(build: Callable[..., Client], path: str) -> None:
    call = build(documents=False)
    assert (await call("GET", path)).json()["code"] == "request.not_found"
    assert (await call("GET", "/auth/openapi.json")).status == 200


@pytest.mark.parametrize("path", ["/auth/mkdocs", "/auth/mkdocs/", "/auth/mkdocs/guide/first/"])
async def test_says_how_to_build_the_manual(tmp_path: Path, path: str) -> None:
    answer = await manual(tmp_path)("GET", path)
    assert (answer.status, answer.json()["code"]) == (404, "documentation.not_built")
    assert "`make docs`" in answer.json()["title"]


async def test_serves_the_manual(site: Path) -> None:
    call = manual(site)
    front, first, script = [
        await call("GET", f"/auth/mkdocs/{path}") for path in ("index.html", "guide/first/index.html", "a.js")
    ]

    assert (front.status, front.headers["content-type"]) == (200, "text/html; charset=utf-8")
    digest = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in front.headers["content-security-policy"]
    assert (first.body, script.body) == (b"first", b"1")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("folder", ["/auth/mkdocs", "/auth/mkdocs/guide/first"])
async def test_a_folder_is_its_index(site: Path, folder: str, slash: str) -> None:
    answer = await manual(site)("GET", folder + slash)
    assert (answer.status, answer.headers["location"]) == (308, f"{folder}/index.html")


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "%2e%2e/secret.txt", "guide/../../secret.txt", "/etc/passwd", "nope", "guide/", "x" * 5_000,
     "%ff", "%ED%A0%80", "a.js/b", "..%5csecret.txt"],
)  # fmt: skip
async def test_serves_nothing_outside_the_manual(site: Path, path: str) -> None:
    answer = await manual(site)("GET", f"/auth/mkdocs/{path}")
    assert answer.status == 404
    assert b"hunter2" not in answer.body


async def test_notices_that_the_manual_was_built_again(site: Path) -> None:
    call = manual(site)
    assert (await call("GET", "/auth/mkdocs/new.txt")).status == 404
    (site / "new.txt").write_text("new")
    (site / "index.html").unlink()
    assert (await call("GET", "/auth/mkdocs/new.txt")).json()["code"] == "documentation.not_built"
    (site / "index.html").write_text("again")
    assert (await call("GET", "/auth/mkdocs/new.txt")).body == b"new"
