"""An SMTP server that keeps what it receives (RFC 5321, as much as is needed)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class SmtpSink:
    """`refusals` are given to the next recipients, one each."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    received: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"RCPT" and self.refusals:
                writer.write(f"{self.refusals.pop(0)}\r\n".encode())
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.messages.append(message_from_bytes(raw[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default))
                self.received.set()
                writer.write(b"250 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        writer.close()


@asynccontextmanager
async def smtp_sink(port: int = 0) -> AsyncIterator[SmtpSink]:
    """Listen on a free port of the loopback interface, or on `port`."""
    sink = SmtpSink()
    server = await asyncio.start_server(sink.converse, "127.0.0.1", port)
    sink.port = server.sockets[0].getsockname()[1]
    async with server:
        yield sink
