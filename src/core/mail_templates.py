"""The words of mails, from files: as plain text, and as HTML in which nothing that is filled in is markup."""

from dataclasses import asdict, dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from domain.kernel.mails import Mail

FOLDER: Final = Path(__file__).parent / "mails"


@dataclass(frozen=True, slots=True)
class Words:
    """A mail in words."""

    subject: str
    text: str
    html: str


def render(mail: Mail) -> Words:
    """Return the words of `mail`. Subjects have nothing filled in, so that nobody's text gets into a header."""
    subject, text = _template(mail.name)
    fields = {name: str(value) for name, value in asdict(mail).items()}
    escaped = {name: escape(value) for name, value in fields.items()}
    body = _markup(mail.name).substitute(escaped)
    html = _markup("layout").substitute(subject=escape(subject), body=body)
    return Words(subject, text.substitute(fields), html)


@cache
def _template(name: str) -> tuple[str, Template]:
    subject, _, text = (FOLDER / f"{name}.txt").read_text("utf-8").partition("\n\n")
    return subject, Template(text)


@cache
def _markup(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text("utf-8"))
