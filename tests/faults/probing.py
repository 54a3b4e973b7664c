"""Sends what nobody should send, and looks at every answer."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from core.keys import SetupToken
from tests.support.client import JSON, Answer, Client
from tests.support.operations import FORM, Operation, Place, operations
from tests.support.patient import sure, unsure
from tests.support.service import PASSWORD

ANYWHERE: Final = {(404, "request.not_found"), (405, "request.method_not_allowed"), (400, "request.malformed")}
"""What a path that is no longer this route's, or an address that cannot be read, is refused with."""
TRACES: Final = ("Traceback", 'File "', "asyncpg", "sqlalchemy", "SELECT ", "INSERT ", "litestar", ".py")
SLOWEST: Final = 2.0
"""Seconds of work in this process, which a stall costs none; what Postgres works at for long ends as 503, each time."""
TELLING: Final = 8
"""A text shorter than this may be in an answer by chance."""
ENDLESS: Final = "/auth/events/stream"
"""It answers for as long as the client stays."""
ENDS: Final = {"/auth/logout", "/auth/sessions"}


@dataclass
class Prober:
    """Sends requests in this process as a signed-in administrator, and notes what must not be."""

    client: Client
    email: str = "root@example.org"
    document: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many requests of each method and path were done."""
    other: str = ""
    """The token of somebody whose password may change, and whose attempts may be too many."""
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    async def open(self, setup: SetupToken) -> None:
        """Become the administrator, and read the document."""
        body = {"email": self.email, "password": PASSWORD, "token": str(setup)}
        assert (await self.client.send("POST", "/auth/setup", body)).status == 201
        someone = {"email": "ada@example.org", "password": PASSWORD}
        assert (await self.client.send("POST", "/auth/signup", someone)).status == 201
        self.other = (await self.client.send("POST", "/auth/login", someone)).json()["access_token"]
        await self.sign_in()
        self.document = (await self.client("GET", "/auth/openapi.json")).json()

    async def sign_in(self) -> None:
        """Get a token, again if the last one is spent."""
        self.client.token = None
        tokens = await self.client.send("POST", "/auth/login", {"email": self.email, "password": PASSWORD})
        assert tokens.status == 200, tokens
        self.made["POST", "/auth/login"] += 1
        self.client.token = tokens.json()["access_token"]

    @property
    def operations(self) -> list[Operation]:
        """Every operation of the document."""
        return operations(self.document)

    async def put(self, operation: Operation, place: Place, text: str) -> None:
        """Send `text` in one place of a request that is otherwise well formed."""
        raw = text.encode("utf-8", "surrogatepass")
        body, path, headers = operation.sample(), operation.address(), dict[str, str | bytes]()
        match place.kind:
            case "body":
                body[place.name] = text
            case "query":
                asked = [each for each in operation.asks.split("&") if each and not each.startswith(f"{place.name}=")]
                asked.append(f"{place.name}={quote_from_bytes(raw, safe='')}")
                path = f"{path.partition('?')[0]}?{'&'.join(asked)}"
            case "header":
                headers[place.name.lower()] = raw
            case "path":
                path = operation.path.format(
                    **{
                        name: quote_from_bytes(raw if name == place.name else b"0", safe="")
                        for name in operation.segments
                    }
                )
        await self.send(operation, path, body, headers, text, moved=place.kind == "path")

    async def send(
        self,
        operation: Operation,
        path: str,
        body: Any,
        headers: Mapping[str, str | bytes],
        text: str = "",
        *,
        moved: bool = False,
    ) -> Answer:
        """Send a request, and judge the answer."""
        kind = {"content-type": FORM} if operation.form else JSON
        if isinstance(body, dict) and operation.form:
            body = urlencode(body, errors="surrogatepass").encode()
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if operation.path == "/auth/password/change":
            headers = {"authorization": f"Bearer {self.other}", **headers}
        kinds = kind | {"content-length": str(len(body))} if body is not None else {}
        fields = [*(kinds | dict(headers)).items()]
        started = 0.0

        async def ask() -> Answer:
            nonlocal started
            started = time.process_time()
            return await self._as_given(operation.method, path, body or b"", fields)

        answer = await sure(ask)
        self._judge(operation, answer, time.process_time() - started, text, moved=moved)
        if answer.status < 400:
            self.made[operation.method, operation.path] += 1
            if operation.path == "/auth/password/change":
                self.other = answer.json()["access_token"]  # the session of before has ended
            if operation.path in ENDS and operation.method != "GET":
                await self.sign_in()
        return answer

    async def _as_given(self, method: str, path: str, body: bytes, headers: list[tuple[str, str | bytes]]) -> Answer:
        """Send it; a credential among the headers takes the place of the administrator's."""
        token = self.client.token
        if any(name == "authorization" for name, _ in headers):
            self.client.token = None
        try:
            return await self.client(method, path, body, headers, hang_up=path.startswith(ENDLESS))
        finally:
            self.client.token = token

    def _judge(self, operation: Operation, answer: Answer, seconds: float, text: str, *, moved: bool) -> None:
        self.sent += 1
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, seconds)
        where = f"{operation.method} {operation.path} {text[:60]!r}: {answer.status} {answer.body[:300]!r}"
        if seconds > SLOWEST:
            self.wrong.append(f"{seconds:.1f} s: {where}")
        if answer.status < 400:
            return
        if answer.status >= 500 and (
            answer.status != 503 or "retry-after" not in answer.headers or unsure(answer.status, answer.body)
        ):
            self.wrong.append(where)
            return
        shown = answer.body.decode()
        if answer.headers.get("content-type") != "application/problem+json" or answer.json()["status"] != answer.status:
            self.wrong.append(f"no problem: {where}")
        elif (answer.status, answer.json()["code"]) not in operation.codes | (ANYWHERE if moved else set()):
            self.wrong.append(f"undocumented: {where}")
        if any(each in shown for each in TRACES):
            self.wrong.append(f"tells too much: {where}")
        if len(text) >= TELLING and (text in shown or json.dumps(text)[1:-1] in shown):
            self.wrong.append(f"repeats: {where}")
