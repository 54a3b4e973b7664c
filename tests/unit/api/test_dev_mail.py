"""The pages that show the outbox in development."""

from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry

from api.app import build
from api.dev_mail import dev_mail
from api.outermost import Outermost
from api.problems import refuse
from core.mail import FolderTransport, Letter, compose
from core.mail_templates import render
from core.settings import Settings
from domain.kernel.ids import uuid7
from domain.kernel.mails import InvitationMail
from tests.support.client import Client

LINK = "https://id.example.org/auth/invitations#token=gwi_x"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def client(tmp_path: Path) -> Client:
    app = Litestar(
        [dev_mail(tmp_path / "mail")],
        exception_handlers={Exception: refuse},
        logging_config=None,
        openapi_config=None,
    )
    app.asgi_handler = Outermost(app.asgi_handler)
    return Client(app)


async def written(folder: Path) -> str:
    """Return the name of a mail that was written."""
    words, job = render(InvitationMail(EVIL, LINK, "tomorrow")), uuid7()
    letter = Letter("ada@example.org", words.subject, words.text, words.html)
    await FolderTransport(folder / "mail").send(compose(letter, "no-reply@example.org", job))
    return str(job)


async def test_lists_mails_and_shows_each(client: Client, tmp_path: Path) -> None:
    assert "There are none." in (await client("GET", "/auth/dev/mail")).body.decode()
    name = await written(tmp_path)

    listed = (await client("GET", "/auth/dev/mail")).body.decode()
    shown = await client("GET", f"/auth/dev/mail/{name}")

    assert f'<a href="/auth/dev/mail/{name}">You are invited</a> to ada@example.org' in listed
    assert (shown.status, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert LINK in shown.body.decode()


async def test_s10_nothing_in_a_mail_runs(client: Client, tmp_path: Path) -> None:
    name = await written(tmp_path)
    page, frame = [await client("GET", f"/auth/dev/mail/{name}{part}") for part in ("", "/html")]

    assert "<script" not in page.body.decode() + frame.body.decode()
    assert f'sandbox="allow-popups allow-popups-to-escape-sandbox" src="/auth/dev/mail/{name}/html"' in (
        page.body.decode()
    )
    for answer in (page, frame):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer.headers["cache-control"] == "no-store"
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in frame.headers["content-security-policy"]
    assert f'href="{LINK}"' in frame.body.decode()


@pytest.mark.parametrize("path", ["00000000-0000-0000-0000-000000000000", "..%2f..%2fsecret", "x"])
async def test_what_is_no_mail_is_not_found(client: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.eml").write_text("hunter2")
    answer = await client("GET", f"/auth/dev/mail/{path}")
    assert (answer.status, b"hunter2" in answer.body) == (404, False)


@pytest.mark.parametrize(
    ("settings", "served"),
    [
        ({"environment": "dev"}, True),
        ({"environment": "dev", "smtp_url": "smtp://mail.example.org"}, False),
        ({"environment": "test", "secret": "x9Kq-3vTz_77Lm-pWc2_Rb84-dFhy_QsN1"}, False),
    ],
)
def test_is_there_in_development_without_a_server_only(
    tmp_path: Path, settings: dict[str, Any], *, served: bool
) -> None:
    stores: dict[str, Any] = {
        "_env_file": None,
        "database_url": "postgresql://localhost/x",
        "redis_url": "redis://localhost/0",
    }
    app = build(Settings(data_dir=tmp_path, **stores, **settings), CollectorRegistry())
    assert any("/dev/mail" in route.path for route in app.routes) == served
