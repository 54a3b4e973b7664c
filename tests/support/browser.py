"""A browser with a cookie jar, as far as sessions need one, on a page of one origin."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.support.client import JSON, Answer, Client


@dataclass
class Browser:
    """Send requests as a script of a page does; cookies come and go by themselves."""

    client: Client
    origin: str = "http://127.0.0.1:8000"
    site: str = "same-origin"
    """What the page is to the service: `Sec-Fetch-Site`."""
    jar: dict[str, str] = field(default_factory=dict)
    flags: dict[str, set[str]] = field(default_factory=dict)
    """What each cookie was last set with."""

    async def __call__(
        self, method: str, path: str, value: Any = None, headers: dict[str, str] | None = None, *, asks: bool = True
    ) -> Answer:
        """Send a request; `asks` is whether the script says that it keeps its session in cookies."""
        sent = {"origin": self.origin, "sec-fetch-site": self.site}
        if method == "GET" and self.site == "same-origin":
            del sent["origin"]
        if asks:
            sent["session-transport"] = "cookie"
        if self.jar:
            sent["cookie"] = "; ".join(f"{name}={text}" for name, text in self.jar.items())
        body = b"" if value is None else msgspec.json.encode(value)
        if body:
            sent |= {**JSON, "content-length": str(len(body))}
        answer = await self.client(method, path, body, sent | (headers or {}))
        for name, text in answer.fields:
            if name == "set-cookie":
                self._take(text)
        return answer

    def _take(self, text: str) -> None:
        pair, *flags = text.split("; ")
        name, _, value = pair.partition("=")
        self.flags[name] = {*flags}
        if "Max-Age=0" in flags:
            self.jar.pop(name, None)
        else:
            self.jar[name] = value
