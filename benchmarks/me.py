"""GET /auth/me and /auth/verify, everything on: token verified, cut-offs asked, headers, access log, metrics."""

from collections.abc import Iterable
from typing import Final

from benchmarks.ground import Ground
from benchmarks.load import Load, Request, load
from benchmarks.table import Row, Spread, ratio_row

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16
PATHS: Final = ("/auth/me", "/auth/verify")


def run(ground: Ground) -> Iterable[Row]:
    """Compare each with a bare route, in turn."""
    service, bare = ground.service, ground.bare
    token = service.tokens(service.person())["access_token"]
    # The same request: a token of some 600 bytes costs the server its share, whoever looks at it.
    urls = {path: (service.url, f"{service.url}{path}") for path in PATHS} | {"bare": (bare, f"{bare}/bare")}
    requests = {name: Request(url, SECONDS, CONNECTIONS, token) for name, (_, url) in urls.items()}
    for request in requests.values():
        load(request)
    loads: dict[str, list[Load]] = {name: [] for name in requests}
    works: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(ROUNDS):
        for name, request in requests.items():
            before = ground.work(urls[name][0])
            loads[name].append(load(request))
            works[name].append((ground.work(urls[name][0]) - before) / (loads[name][-1].rate * SECONDS) * 1e6)
    for path in PATHS:
        if failed := sum(each.failed for each in loads[path]):
            raise RuntimeError(f"{failed} of the answers of {path} were not 200")
        yield from _rows(path, loads[path], loads["bare"], Spread(works[path]), Spread(works["bare"]))


def _rows(path: str, ours: list[Load], base: list[Load], work: Spread, base_work: Spread) -> Iterable[Row]:
    yield ratio_row(
        "me",
        f"GET {path}, {CONNECTIONS} connections",
        Spread([each.rate for each in ours]),
        Spread([each.rate for each in base]),
        "bare GET",
        0.8,
    )
    yield Row(
        "me",
        "its p99",
        Spread([each.p99 for each in ours]).text(1, " ms"),
        f"bare GET: {Spread([each.p99 for each in base]).text(1, ' ms')}",
    )
    yield Row(
        "me",
        "its CPU time, which other work on the machine hardly changes",
        work.text(unit=" µs"),
        f"bare GET: {base_work.text(unit=' µs')}",
        base_work.over(work),
    )
