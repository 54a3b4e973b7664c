"""Pages that show the mails of the outbox to people, in development only."""

from asyncio import to_thread
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from litestar import Request, Router, get

from api.documents import STRICT
from api.refusals import NoSuchPath
from api.reply import Reply, unreached

NEWEST: Final = 200
"""So many mails are listed."""
PAGE: Final = STRICT.replace("style-src 'self'", "style-src 'unsafe-inline'") + "; frame-src 'self'"
SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
"""No script, no form and no origin of its own; links open beside it."""
SHOWN: Final = (
    f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    f"sandbox {SANDBOX}"
)
FRAME: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }} iframe {{ width: 100%; height: 24rem }}</style></head>
<body><h1>{title}</h1>{body}</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The folder into which mails are written, when no server sends them."""

    folder: Path

    def newest(self) -> list[tuple[str, EmailMessage]]:
        """Return the name and the content of the newest mails, the newest first."""
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        return [(path.stem, _read(path)) for path in paths[:NEWEST]]

    def find(self, job: UUID) -> EmailMessage:
        """Return the mail of a job, or raise `NoSuchPath`."""
        try:
            return _read(self.folder / f"{job}.eml")
        except FileNotFoundError:
            raise NoSuchPath from None


def dev_mail(folder: Path) -> Router:
    """Return the routes that show what is in `folder`: mails hold what signs people in, so never serve real ones."""
    outbox = Outbox(folder)

    async def listed(_: Request[Any, Any, Any]) -> Reply:
        rows = "".join(
            f'<li><a href="/auth/dev/mail/{escape(name)}">{escape(str(mail["Subject"]))}</a> '
            f"to {escape(str(mail['To']))}, {escape(str(mail['Date']))}</li>"
            for name, mail in await to_thread(outbox.newest)
        )
        return _page("Mails", f"<ul>{rows}</ul>" if rows else "<p>There are none.</p>")

    async def shown(request: Request[Any, Any, Any]) -> Reply:
        job: UUID = request.path_params["job"]
        mail = await to_thread(outbox.find, job)
        markup = f'<iframe title="HTML" sandbox="{SANDBOX}" src="/auth/dev/mail/{job}/html"></iframe>'
        body = f"<p>To {escape(str(mail['To']))}</p>{markup if _part(mail, 'html') else ''}"
        return _page(str(mail["Subject"]), f"{body}<pre>{escape(_part(mail, 'plain'))}</pre>")

    async def framed(request: Request[Any, Any, Any]) -> Reply:
        markup = _part(await to_thread(outbox.find, request.path_params["job"]), "html")
        return _html(markup.replace("<head>", '<head><base target="_blank">', 1), SHOWN)

    return Router(
        "/auth/dev/mail",
        route_handlers=[
            get(path, include_in_schema=False, before_request=serve)(unreached())
            for path, serve in {"/": listed, "/{job:uuid}": shown, "/{job:uuid}/html": framed}.items()
        ],
    )


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default)


def _part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    return str(found.get_content()) if found else ""


def _page(title: str, body: str) -> Reply:
    return _html(FRAME.format(title=escape(title), body=body), PAGE)


def _html(text: str, policy: str) -> Reply:
    headers = (b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", policy.encode())
    return Reply(200, text.encode(), *headers)
