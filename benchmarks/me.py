"""GET /auth/me, everything on: token verified, cut-offs asked, headers, access log, metrics."""

from collections.abc import Iterable

from benchmarks.ground import Ground
from benchmarks.load import Load, Request, load
from benchmarks.table import Row, Spread, ratio_row

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16


def run(ground: Ground) -> Iterable[Row]:
    """Compare it with a bare route."""
    service, bare = ground.service, ground.bare
    token = service.tokens(service.person())["access_token"]
    mine = Request(f"{service.url}/auth/me", SECONDS, CONNECTIONS, token)
    # The same request: a token of some 600 bytes costs the server its share, whoever looks at it.
    theirs = Request(f"{bare}/bare", SECONDS, CONNECTIONS, token)
    for request in (mine, theirs):
        load(request)
    ours, base = list[Load](), list[Load]()
    our_work, base_work = list[float](), list[float]()
    for _ in range(ROUNDS):
        for loads, works, request, url in ((ours, our_work, mine, service.url), (base, base_work, theirs, bare)):
            before = ground.work(url)
            loads.append(load(request))
            works.append((ground.work(url) - before) / (loads[-1].rate * SECONDS) * 1e6)
    if failed := sum(each.failed for each in ours):
        raise RuntimeError(f"{failed} of the answers were not 200")
    yield ratio_row(
        "me",
        f"GET /auth/me, {CONNECTIONS} connections",
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
        Spread(our_work).text(unit=" µs"),
        f"bare GET: {Spread(base_work).text(unit=' µs')}",
        Spread(base_work).over(Spread(our_work)),
    )
