"""Signing in: as fast as its password hash lets it, and without standing in the way of others."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from argon2 import PasswordHasher

from benchmarks.ground import PASSWORD, Ground
from benchmarks.load import Load, Request, load, loading
from benchmarks.table import Row, Spread, encoded, ratio_row
from core.hashing import HashingPool, spare_cores
from core.passwords import Argon2Passwords

ROUNDS = 5
SECONDS = 2
CLIENTS = 4
CONNECTIONS = 8


def run(ground: Ground) -> Iterable[Row]:
    """Compare sign-ins with bare hashes, and /auth/me beside sign-ins with a bare route alone."""
    service, bare = ground.service, ground.bare
    people = [service.person() for _ in range(CLIENTS)]
    bodies = [encoded(email=email, password=PASSWORD) for email in people]
    sign_in = Request(f"{service.url}/auth/login", SECONDS, CLIENTS, bodies=bodies)
    token = service.tokens(people[0])["access_token"]
    me = Request(f"{service.url}/auth/me", SECONDS, CONNECTIONS, token)
    alone = Request(f"{bare}/bare", SECONDS, CONNECTIONS, token)
    load(sign_in)
    signed_in, hashed, beside, base, idle = [], [], [], [], []
    for _ in range(ROUNDS):
        signed_in.append(load(sign_in).rate)
        hashed.append(_hashes())
        base.append(load(alone))
        idle.append(load(me))
        beside.append(_together(sign_in, me))
    threads = f"{spare_cores()} thread{'s' if spare_cores() > 1 else ''}"
    yield ratio_row(
        "login",
        f"POST /auth/login, {CLIENTS} clients",
        Spread(signed_in),
        Spread(hashed),
        f"bare Argon2id, {threads}",
        0.9,
    )
    yield ratio_row(
        "login",
        f"GET /auth/me, {CONNECTIONS} connections, beside {CLIENTS} sign-in clients",
        Spread([each.rate for _, each in beside]),
        Spread([each.rate for each in base]),
        "bare GET alone",
        0.6,
    )
    p99 = Spread([each.p99 for _, each in beside])
    yield Row(
        "login",
        "its p99",
        p99.text(1, " ms"),
        f"without sign-ins: {Spread([each.p99 for each in idle]).text(1, ' ms')}",
        goal="≤ 10 ms",
        reached=p99.middle <= 10,
    )
    rate = Spread([each.rate for each, _ in beside])
    yield Row("login", "sign-ins at the same time", rate.text(unit="/s"), goal="≥ 40/s", reached=rate.middle >= 40)


def _together(one: Request, other: Request) -> tuple[Load, Load]:
    with loading(one) as first, loading(other) as second:
        return first.outcome(), second.outcome()


def _hashes() -> float:
    """Return how many hashes a second as many threads make as the service has, at its parameters."""
    kept = Argon2Passwords(HashingPool())
    hasher = PasswordHasher(kept.passes, kept.memory, kept.lanes)
    known = hasher.hash(PASSWORD)
    started = perf_counter()

    def work() -> int:
        count = 0
        while perf_counter() < started + SECONDS:
            hasher.verify(known, PASSWORD)
            count += 1
        return count

    with ThreadPoolExecutor() as threads:
        counts = [threads.submit(work) for _ in range(spare_cores())]
        total = sum(each.result() for each in counts)
    return total / (perf_counter() - started)
