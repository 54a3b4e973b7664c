"""Mail, up to the wire."""

import json
from base64 import b64encode
from pathlib import Path

import msgspec
import pytest

from core.jobs.registry import Unrepeatable
from core.mail import FolderTransport, JobMailer, Letter, MailSender, SealedLetter, SmtpTransport, compose
from domain.kernel.ids import uuid7
from domain.kernel.mails import PasswordChangedMail, PasswordResetMail
from tests.support.memory.jobs import MemoryEnqueues
from tests.support.memory.seal import MemorySeal
from tests.support.smtp import smtp_sink

SENDER = "Gatewright <no-reply@example.org>"


def sealed(letter: Letter, seal: MemorySeal) -> SealedLetter:
    """Return the payload of a letter."""
    return SealedLetter(b64encode(seal.seal(msgspec.json.encode(letter), b"job:send_mail")).decode())


def test_t11_a_queued_mail_is_sealed() -> None:
    work = MemoryEnqueues()
    JobMailer(work, MemorySeal()).send("ada@example.org", PasswordResetMail("https://example.org/#token=s3cr3t", 15))
    ((name, payload, run_at),) = work.queued
    assert (name, run_at) == ("send_mail", None)
    text = json.dumps(payload)
    assert "s3cr3t" not in text
    assert "ada@" not in text


async def test_a_queued_mail_is_sent_under_a_message_id_of_the_job() -> None:
    seal, job = MemorySeal(), uuid7()
    letter = Letter("ada@example.org", "Gr\u00fc\u00dfe", "Willkommen,\n.\nAda \u2603\n")
    payload = sealed(letter, seal)
    async with smtp_sink() as sink:
        sender = MailSender(SmtpTransport.parse(sink.url), seal, SENDER)
        await sender.send(payload, job)
        await sender.send(payload, job)
    first, second = sink.messages
    assert first["Message-ID"] == second["Message-ID"] == f"<{job}@example.org>"
    assert (first["From"], first["To"], first["Subject"]) == (SENDER, "ada@example.org", "Gr\u00fc\u00dfe")
    assert first.get_content() == "Willkommen,\n.\nAda \u2603\n"


async def test_without_a_server_mails_are_files_that_only_their_owner_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    job = uuid7()
    folder = tmp_path / "mail"
    await FolderTransport(folder).send(compose(Letter("ada@example.org", "Hello", "the secret"), SENDER, job))
    path = folder / f"{job}.eml"
    assert b"the secret" in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert str(path) in caplog.text
    assert "the secret" not in caplog.text


@pytest.mark.parametrize(
    "letter",
    [
        Letter("ada@example.org\r\nBcc: eve@example.org", "Hello", ""),
        Letter("ada@example.org, eve@example.org", "Hello", ""),
        Letter("ada@example.org", "Hello\r\nBcc: eve@example.org", ""),
        Letter("", "Hello", ""),
    ],
)
async def test_a_letter_cannot_break_out_of_its_headers(letter: Letter) -> None:
    seal = MemorySeal()
    async with smtp_sink() as sink:
        with pytest.raises(Unrepeatable):
            await MailSender(SmtpTransport.parse(sink.url), seal, SENDER).send(sealed(letter, seal), uuid7())
    assert not sink.messages


async def test_a_letter_sealed_under_another_key_is_not_tried_again() -> None:
    work = MemoryEnqueues()
    JobMailer(work, MemorySeal()).send("ada@example.org", PasswordChangedMail())
    with pytest.raises(Unrepeatable):
        await MailSender(FolderTransport(Path()), MemorySeal(), SENDER).send(SealedLetter(**work.queued[0][1]), uuid7())


@pytest.mark.parametrize(("refusal", "error"), [("550 no such user", Unrepeatable), ("451 later", Exception)])
async def test_only_what_is_refused_for_good_is_given_up(refusal: str, error: type[Exception]) -> None:
    async with smtp_sink() as sink:
        sink.refusals.append(refusal)
        with pytest.raises(error) as raised:
            await SmtpTransport.parse(sink.url).send(compose(Letter("ada@example.org", "Hello", ""), SENDER, uuid7()))
    assert isinstance(raised.value, Unrepeatable) == (error is Unrepeatable)
    assert "ada@" not in str(raised.value) or error is Exception


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("smtp://mail.example.org", SmtpTransport("mail.example.org", 25)),
        ("smtp://mail.example.org:2525", SmtpTransport("mail.example.org", 2525)),
        ("smtp://u:p@mail.example.org?starttls", SmtpTransport("mail.example.org", 587, "u", "p", start_tls=True)),
        ("smtp://u:p@mail.example.org", SmtpTransport("mail.example.org", 587, "u", "p", start_tls=True)),
        ("smtp://mail.example.org:587", SmtpTransport("mail.example.org", 587, start_tls=True)),
        ("smtps://u%40x:p%2Fw@mail.example.org", SmtpTransport("mail.example.org", 465, "u@x", "p/w", tls=True)),
        ("smtp://u:p@127.0.0.1:1025", SmtpTransport("127.0.0.1", 1025, "u", "p")),
    ],
)
def test_servers_are_named_by_url(url: str, made: SmtpTransport) -> None:
    assert SmtpTransport.parse(url) == made


@pytest.mark.parametrize("url", ["", "http://mail.example.org", "smtp://", "mail.example.org:25"])
def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        SmtpTransport.parse(url)
