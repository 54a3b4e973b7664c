"""Mail: queued in the command's transaction, sent after it, under one Message-ID however often it is tried."""

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib
import msgspec

from core.jobs.registry import Job, Unrepeatable
from core.mail_templates import render
from domain.kernel.mails import Mail
from domain.kernel.ports import Mailer

log = logging.getLogger(__name__)

SEND_MAIL: Final = "send_mail"
_ABOUT: Final = b"job:send_mail"
_PERMANENT: Final = 500
_SUBMISSION: Final = 587


class Enqueues(Protocol):
    """Queue a job in the command's transaction."""

    def enqueue(
        self, name: str, payload: Mapping[str, Any], run_at: datetime | None = None, to: str | None = None
    ) -> None: ...


class Seal(Protocol):
    """Make bytes unreadable to whoever reads the database: mails carry links that sign people in."""

    def seal(self, plain: bytes, about: bytes) -> bytes: ...
    def open(self, sealed: bytes, about: bytes) -> bytes: ...


class Transport(Protocol):
    """Hand a finished message on."""

    async def send(self, message: EmailMessage) -> None:
        """Send it, or raise; `Unrepeatable` if trying again is of no use."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent to whom."""

    to: str
    subject: str
    text: str
    html: str = ""
    """The same for those who look at it in a browser; none in letters that were queued before there was any."""


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """The payload of the job: a `Letter`, sealed, in base64."""

    sealed: str


@dataclass(frozen=True, slots=True)
class JobMailer(Mailer):
    """Queues mails with the work of a command."""

    work: Enqueues
    seal: Seal

    def send(self, to: str, mail: Mail) -> None:
        """See `Mailer.send`."""
        words = render(mail)
        plain = msgspec.json.encode(Letter(to, words.subject, words.text, words.html))
        self.work.enqueue(SEND_MAIL, {"sealed": b64encode(self.seal.seal(plain, _ABOUT)).decode()}, to=to)


@dataclass(frozen=True, slots=True)
class MailSender:
    """Does the job: opens the letter and sends it."""

    transport: Transport
    seal: Seal
    sender: str
    """`Name <address>`."""

    @property
    def job(self) -> Job[SealedLetter]:
        """The job that `JobMailer` queues."""
        return Job(SEND_MAIL, SealedLetter, self.send)

    async def send(self, payload: SealedLetter, job: UUID) -> None:
        """Send the letter under a Message-ID made of the job's, so that a repetition can be told."""
        try:
            plain = self.seal.open(b64decode(payload.sealed, validate=True), _ABOUT)
            message = compose(msgspec.json.decode(plain, type=Letter), self.sender, job)
        except ValueError as error:
            raise Unrepeatable("the letter cannot be opened, or no message can be made of it") from error
        await self.transport.send(message)


def compose(letter: Letter, sender: str, job: UUID) -> EmailMessage:
    """Return the message; raise `ValueError` if an address or the subject would break out of its header."""
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    try:
        message["To"] = Address(addr_spec=letter.to)
    except (LookupError, MessageError) as error:
        raise ValueError("not an address") from error
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{job}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """Sends through an SMTP server."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    """TLS from the first byte."""
    start_tls: bool = False
    """TLS by STARTTLS, required."""
    patience: float = 20

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `smtps://user:password@host:port` or `smtp://user:password@host:port`; raise `ValueError` otherwise.

        `smtp` means STARTTLS with `?starttls`, on port 587, and for a password that leaves this host; else plain.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("the SMTP URL starts with smtp:// or smtps:// and names a host")
        tls = parts.scheme == "smtps"
        asked = "starttls" in parse_qs(parts.query, keep_blank_values=True) or parts.port == _SUBMISSION
        start_tls = not tls and (asked or bool(parts.username and not _local(parts.hostname)))
        return cls(
            parts.hostname,
            parts.port or (465 if tls else _SUBMISSION if start_tls else 25),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
            start_tls,
        )

    async def send(self, message: EmailMessage) -> None:
        """Send it; what the server refuses for good is not tried again."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.tls,
                start_tls=self.start_tls,
                timeout=self.patience,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(one.code >= _PERMANENT for one in error.recipients):
                raise Unrepeatable("the server refuses the recipient for good") from error
            raise
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as error:
            if error.code >= _PERMANENT:
                raise Unrepeatable(f"the server refuses the message for good: {error.code}") from error
            raise


@dataclass(frozen=True, slots=True)
class FolderTransport:
    """Writes messages into a folder, for development."""

    folder: Path

    async def send(self, message: EmailMessage) -> None:
        """Write it as `<job>.eml`, readable to its owner only; log where, never what."""
        path = self.folder / f"{str(message['Message-ID'])[1:].partition('@')[0]}.eml"
        await asyncio.to_thread(partial(_write, path, bytes(message)))
        log.info("mail written to %s", path)


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(text)


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
