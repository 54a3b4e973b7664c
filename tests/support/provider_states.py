"""Bring a served application into the states that pacts over HTTP begin with.

Verifiers of pacts ask over HTTP: a POST of `{"state", "params", "action"}`, answered by an object whose members stand for
`${name}` in the requests of the pact.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.support.service import Service

Values = dict[str, Any]
State = Callable[..., Awaitable[Values]]


@dataclass
class ProviderStates:
    """The states of one deployment, by the names that pacts give them."""

    service: Service
    entered: list[str] = field(default_factory=list)

    @property
    def known(self) -> Mapping[str, State]:
        """How each state is entered, from its parameters."""
        return {
            "nobody has signed up with an address": self.nobody,
            "a person has signed up": self.signed_up,
            "a person is signed in": self.signed_in,
        }

    async def nobody(self, email: str) -> Values:
        """See that the address is free."""
        async with self.service.sql() as connection:
            assert not await connection.fetchval("SELECT count(*) FROM users WHERE email = $1", email)
        return {}

    async def signed_up(self, email: str) -> Values:
        """Sign the person up."""
        await self.signed_in(email)
        return {}

    async def signed_in(self, email: str) -> Values:
        """Sign the person in, and up before if need be; return their `access_token`."""
        async with self.service.sql() as connection:
            known = await connection.fetchval("SELECT count(*) FROM users WHERE email = $1", email)
        tokens = await (self.service.sign_in(email) if known else self.service.tokens(email))
        return {"access_token": tokens["access_token"]}

    async def enter(self, asked: Mapping[str, Any]) -> Values:
        """Bring about what is asked for; raise `KeyError` for a state that nobody knows."""
        self.entered.append(asked["state"])
        return await self.known[asked["state"]](**asked.get("params") or {})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        try:
            status, said = HTTPStatus.OK, await self.enter(json.loads(await reader.readexactly(length)))
        except (AssertionError, KeyError, TypeError) as error:
            status, said = HTTPStatus.NOT_FOUND, {"reason": repr(error)}
        body = json.dumps(said).encode()
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close\r\n\r\n",
        )
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def provider_states(service: Service) -> AsyncIterator[tuple[str, ProviderStates]]:
    """Serve the states of `service`; yield the address for verifiers."""
    states = ProviderStates(service)
    server = await asyncio.start_server(states.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", states
