"""Casbin's well-known kinds of models, policies in each, questions, and what stock pycasbin says to them.

Stock pycasbin gets the text as it is written, and all rules at once.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import casbin

ALLOW: Final = "some(where (p.eft == allow))"
DENY_WINS: Final = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
PRIORITY: Final = "priority(p.eft) || deny"
PEOPLE: Final = ("ada", "bob", "eve", "user:1", "admin")
ROLES: Final = ("role:reader", "role:writer", "role:lead", "role:root")
THINGS: Final = ("data1", "data2", "data3")
ACTS: Final = ("read", "write")
DOMAINS: Final = ("d1", "d2")


@dataclass(frozen=True)
class Vectors:
    """A model with its rules, and questions."""

    name: str
    model: str
    rules: tuple[tuple[str, ...], ...]
    requests: tuple[tuple[Any, ...], ...]

    @property
    def policy(self) -> str:
        """The rules as `.csv`."""
        return "".join(f"{', '.join(rule)}\n" for rule in self.rules)

    def expected(self, folder: Path) -> list[bool]:
        """Return what stock pycasbin decides; what it fails at is denied."""
        model, policy = folder / "model.conf", folder / "policy.csv"
        model.write_text(self.model)
        policy.write_text(self.policy)
        enforcer = casbin.Enforcer(str(model), str(policy))
        return [_decided(enforcer, request) for request in self.requests]


def _decided(enforcer: Any, request: Sequence[Any]) -> bool:
    asked = [SimpleNamespace(**each) if isinstance(each, dict) else each for each in request]
    try:
        return bool(enforcer.enforce(*asked))
    except Exception:  # noqa: BLE001 - no decision
        return False


def model(matcher: str, *, request: str, policy: str, effect: str = ALLOW, **roles: str) -> str:
    """Return a model's text."""
    defined = "".join(f"{name} = {value}\n" for name, value in roles.items())
    return (
        f"[request_definition]\nr = {request}\n\n[policy_definition]\np = {policy}\n\n"
        + (f"[role_definition]\n{defined}\n" if roles else "")
        + f"[policy_effect]\ne = {effect}\n\n[matchers]\nm = {matcher}\n"
    )


def every(seeds: int = 14) -> Iterator[Vectors]:
    """Yield all vectors: each kind of model with so many policies."""
    for seed in range(seeds):
        dice = random.Random(seed)
        for make in (acl, rbac, resource_roles, domains, abac, patterns, untied):
            yield from make(dice, seed)


def _some(dice: random.Random, *choices: Sequence[str], most: int = 14) -> list[tuple[str, ...]]:
    grid = [*product(*choices)]
    return dice.sample(grid, min(len(grid), dice.randint(1, most)))


def _links(dice: random.Random) -> list[tuple[str, ...]]:
    """Return members of roles, and roles that inherit from later ones."""
    links = [("g", *pair) for pair in _some(dice, PEOPLE, ROLES, most=6)]
    return links + [("g", ROLES[n], ROLES[n + 1]) for n in range(len(ROLES) - 1) if dice.random() < 0.6]


def _mixed(dice: random.Random, *rules: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    mixed = [*dict.fromkeys(each for some in rules for each in some)]
    dice.shuffle(mixed)
    return tuple(mixed)


GRID: Final = tuple(product(PEOPLE, THINGS, ACTS))
PLAIN: Final = {"request": "sub, obj, act"}
EQUAL: Final = "r.sub == p.sub && r.obj == p.obj && r.act == p.act"
ROLE: Final = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"


def acl(dice: random.Random, seed: int) -> Iterator[Vectors]:
    rules = [("p", *each) for each in _some(dice, PEOPLE, THINGS, ACTS)]
    yield Vectors(f"acl-{seed}", model(EQUAL, policy="sub, obj, act", **PLAIN), _mixed(dice, rules), GRID)
    swapped = "p.act == r.act && (p.obj == r.obj) && p.sub == r.sub"
    yield Vectors(f"acl-swapped-{seed}", model(swapped, policy="sub, obj, act", **PLAIN), _mixed(dice, rules), GRID)
    listed = "r.sub == p.sub && r.act in ('read', 'list') && r.obj == p.obj && !(r.obj == 'data3')"
    yield Vectors(f"acl-in-{seed}", model(listed, policy="sub, obj, act", **PLAIN), _mixed(dice, rules), GRID)


def rbac(dice: random.Random, seed: int) -> Iterator[Vectors]:
    holders = PEOPLE + ROLES
    links = _links(dice)
    plain = [("p", *each) for each in _some(dice, holders, THINGS, ACTS)]
    yield Vectors(
        f"rbac-{seed}", model(ROLE, policy="sub, obj, act", g="_, _", **PLAIN), _mixed(dice, plain, links), GRID
    )
    either = [("p", *each) for each in _some(dice, holders, THINGS, ACTS, ("allow", "deny"))]
    for name, effect in {"deny-override": DENY_WINS, "priority": PRIORITY, "allow-override": ALLOW}.items():
        text = model(ROLE, policy="sub, obj, act, eft", effect=effect, g="_, _", **PLAIN)
        yield Vectors(f"{name}-{seed}", text, _mixed(dice, either, links), GRID)
    ranked = [("p", str(dice.randint(1, 12)), *each[1:]) for each in either]
    text = model(ROLE, policy="priority, sub, obj, act, eft", effect=PRIORITY, g="_, _", **PLAIN)
    yield Vectors(f"explicit-priority-{seed}", text, _mixed(dice, ranked, links), GRID)


def resource_roles(dice: random.Random, seed: int) -> Iterator[Vectors]:
    groups = ("role:group1", "role:group2")
    rules = [("p", *each) for each in _some(dice, PEOPLE + ROLES, THINGS + groups, ACTS)]
    things = [("g2", *each) for each in _some(dice, THINGS, groups, most=4)]
    matcher = "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act"
    text = model(matcher, policy="sub, obj, act", g="_, _", g2="_, _", **PLAIN)
    yield Vectors(f"resource-roles-{seed}", text, _mixed(dice, rules, things, _links(dice)), GRID)


def domains(dice: random.Random, seed: int) -> Iterator[Vectors]:
    rules = [("p", *each) for each in _some(dice, PEOPLE + ROLES, DOMAINS, THINGS, ACTS, ("allow", "deny"), most=20)]
    links = [("g", *each) for each in _some(dice, PEOPLE, ROLES, DOMAINS, most=8)]
    links += [("g", ROLES[n], ROLES[n + 1], dice.choice(DOMAINS)) for n in range(len(ROLES) - 1)]
    matcher = "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act"
    text = model(matcher, request="sub, dom, obj, act", policy="sub, dom, obj, act, eft", effect=DENY_WINS, g="_, _, _")
    grid = tuple(product(PEOPLE, DOMAINS, THINGS, ACTS))
    yield Vectors(f"domains-{seed}", text, _mixed(dice, rules, links), grid)


def abac(dice: random.Random, seed: int) -> Iterator[Vectors]:
    rules = [("p", *each) for each in _some(dice, THINGS, ACTS, most=4)]
    people = [{"id": who, "age": age} for who, age in product(PEOPLE[:3], (17, 18, 60.5))] + [
        {"id": "ada"},
        {"age": "x"},
    ]
    matcher = "r.sub.age >= 18 && r.sub.age < 60.5 && r.obj == p.obj && r.act == p.act"
    grid = tuple(product(people, THINGS, ACTS))
    yield Vectors(f"abac-{seed}", model(matcher, policy="obj, act", **PLAIN), _mixed(dice, rules), grid)
    owned = [{"owner": who, "items": 1} for who in PEOPLE[:2]] + [{"owner": True}]
    matcher = "(r.sub.id == r.obj.owner || r.obj.items != 1) && r.act == p.act"
    acts = [("p", "x", act) for (act,) in _some(dice, ACTS)]
    text = model(matcher, policy="sub, act", **PLAIN)
    yield Vectors(f"owner-{seed}", text, _mixed(dice, acts), tuple(product(people, owned, ACTS)))


def patterns(dice: random.Random, seed: int) -> Iterator[Vectors]:
    paths = ("/a/*", "/a/b*", "*", "/a/b", "/a.b/*", "/a/*/c")
    rules = [("p", *each) for each in _some(dice, PEOPLE + ROLES, paths, ACTS)]
    matcher = "g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && r.act == p.act"
    text = model(matcher, policy="sub, obj, act", g="_, _", **PLAIN)
    grid = tuple(product(PEOPLE, ("/a/b", "/a/bc", "/aXb/c", "/a", "data1"), ACTS))
    yield Vectors(f"key-match-{seed}", text, _mixed(dice, rules, _links(dice)), grid)
    nets = ("10.0.0.0/8", "10.1.2.3", "192.168.2.0/24", "2001:db8::/32", "nonsense")
    rules = [("p", *each) for each in _some(dice, nets, THINGS, ACTS, most=8)]
    text = model("ipMatch(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", policy="sub, obj, act", **PLAIN)
    grid = tuple(product(("10.1.2.3", "192.168.2.9", "2001:db8::1", "nobody"), THINGS, ACTS))
    yield Vectors(f"ip-match-{seed}", text, _mixed(dice, rules), grid)


def untied(dice: random.Random, seed: int) -> Iterator[Vectors]:
    rules = [("p", *each) for each in _some(dice, PEOPLE + ROLES, THINGS, ACTS)]
    matcher = 'g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act || r.sub == "admin"'
    text = model(matcher, policy="sub, obj, act", g="_, _", **PLAIN)
    yield Vectors(f"superuser-{seed}", text, _mixed(dice, rules, _links(dice)), GRID)
