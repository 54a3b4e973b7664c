"""The words of mails."""

from dataclasses import fields
from string import Template

import pytest

from core.mail import Letter, compose
from core.mail_templates import FOLDER, render
from domain.kernel import mails
from domain.kernel.ids import uuid7
from domain.kernel.mails import InvitationMail, Mail, PasswordResetMail

LINK = "https://id.example.org/auth/invitations#token=gwi_x"
KINDS = [
    kind for kind in vars(mails).values() if isinstance(kind, type) and issubclass(kind, Mail) and kind is not Mail
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_mail_says_all_it_has_to_in_both_forms_and_nothing_else(kind: type[Mail]) -> None:
    told = {field.name for field in fields(kind)}
    subject, _, text = (FOLDER / f"{kind.name}.txt").read_text().partition("\n\n")
    markup = (FOLDER / f"{kind.name}.html").read_text()

    assert subject.strip() == subject != ""
    assert not {"\n", "$"} & set(subject)
    assert set(Template(text).get_identifiers()) == told
    # A link says in HTML what it is for; whatever else is told is in both.
    assert set(Template(markup).get_identifiers()) == told


def test_there_is_no_template_without_a_mail() -> None:
    named = {kind.name for kind in KINDS}
    assert len(named) == len(KINDS)
    assert {path.stem for path in FOLDER.iterdir()} == named | {"layout"}


def test_s10_what_people_wrote_is_no_markup() -> None:
    evil = '<a href="https://evil.example">Acme</a> & $link ${until} %s {link}'
    words = render(InvitationMail(evil, LINK, "2026-11-26 09:00 UTC"))

    assert f'"{evil}"' in words.text
    assert "evil.example" in words.html
    assert '<a href="https://evil' not in words.html
    assert "&lt;a href=&quot;https://evil.example&quot;&gt;Acme&lt;/a&gt; &amp; $link" in words.html
    assert words.html.count("<a ") == 1
    assert f'href="{LINK}"' in words.html


def test_s10_a_link_stays_within_its_attribute() -> None:
    words = render(PasswordResetMail('https://id.example.org/"><script>', 15))
    assert "<script>" not in words.html


def test_a_mail_is_sent_in_both_forms_the_plain_one_first() -> None:
    words = render(InvitationMail("Acme \u2603", LINK, "2026-11-26 09:00 UTC"))
    message = compose(Letter("ada@example.org", words.subject, words.text, words.html), "no-reply@example.org", uuid7())

    assert message.get_content_type() == "multipart/alternative"
    plain, markup = message.iter_parts()
    assert (plain.get_content_type(), markup.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content() == words.text
    assert markup.get_content() == words.html


def test_a_letter_of_before_is_sent_as_it_was_queued() -> None:
    message = compose(Letter("ada@example.org", "Hello", "the words"), "no-reply@example.org", uuid7())
    assert (message.get_content_type(), message.get_content()) == ("text/plain", "the words\n")
