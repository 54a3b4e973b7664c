"""Policy models in casbin's `.conf` form, judged when they are written and written anew for the engine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Final

from domain.access.policies.errors import PolicyModelInvalid
from domain.access.policies.matchers import Matcher, MatcherInvalid, parse
from domain.kernel.errors import FieldError

MOST_CHARACTERS: Final = 4000
MOST_FIELDS: Final = 6

_SECTIONS: Final = {
    "request_definition": "r",
    "policy_definition": "p",
    "role_definition": "g",
    "policy_effect": "e",
    "matchers": "m",
}
_EFFECTS: Final = {
    "some(where(p.eft==allow))": "some(where (p.eft == allow))",
    "some(where(p.eft==allow))&&!some(where(p.eft==deny))": (
        "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
    ),
    "priority(p.eft)||deny": "priority(p.eft) || deny",
}
"""Those that deny what no rule speaks of."""
# casbin looks for `r.` and `p.` wherever they stand.
_FIELD: Final = re.compile(r"(?![rp][0-9]*$)[A-Za-z][A-Za-z0-9_]{0,31}")
_ROLE: Final = re.compile(r"g[2-9]?")


@dataclass(frozen=True, slots=True)
class Language:
    """What a model says of requests and rules."""

    request: tuple[str, ...]
    policy: tuple[str, ...]
    roles: Mapping[str, int]
    """The groupings, and how many fields each has: member, role, and perhaps a domain."""
    effect: str
    matcher: Matcher

    @property
    def text(self) -> str:
        """The model as the engine gets it: nothing of it is as somebody wrote it."""
        roles = "".join(f"{name} = {', '.join('_' * count)}\n" for name, count in self.roles.items())
        return (
            f"[request_definition]\nr = {', '.join(self.request)}\n"
            f"[policy_definition]\np = {', '.join(self.policy)}\n"
            + (f"[role_definition]\n{roles}" if roles else "")
            + f"[policy_effect]\ne = {self.effect}\n[matchers]\nm = {self.matcher.text}\n"
        )

    @property
    def subject(self) -> int:
        """The field of a rule that it is found by."""
        return self.matcher.tie.policy if self.matcher.tie else 0


def read_model(text: str) -> Language:
    """Judge a model, or raise `PolicyModelInvalid`: sections and keys as casbin has them, each once."""
    if len(text) > MOST_CHARACTERS:
        raise refusal("body/model", "size", f"A model has at most {MOST_CHARACTERS} characters.")
    found = _assignments(text)
    for section, key in _SECTIONS.items():
        if key != "g" and key not in found:
            raise refusal("body/model", "section", f"[{section}] needs one line `{key} = …`.")
    request, policy = _fields(found["r"]), _fields(found["p"])
    roles = {key: _places(value) for key, value in found.items() if key.startswith("g")}
    effect = _EFFECTS.get(re.sub(r"\s", "", found["e"]))
    if effect is None:
        raise refusal("body/model", "effect", f"The effects are: {'; '.join(_EFFECTS.values())}.")
    try:
        matcher = parse(found["m"], request, policy, roles)
    except MatcherInvalid as reason:
        raise refusal("body/model", "matcher", str(reason)) from None
    return Language(request, policy, roles, effect, matcher)


def refusal(place: str, code: str, message: str) -> PolicyModelInvalid:
    """Return the refusal that says what is wrong there; it repeats nothing of what was sent."""
    return PolicyModelInvalid(errors=[FieldError(place, code, message)])


def _assignments(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    letter = None
    for number, raw in enumerate(text.split("\n"), start=1):
        place, line = f"body/model/{number}", raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            letter = _SECTIONS.get(line[1:-1]) if line.endswith("]") else None
            if letter is None:
                raise refusal(place, "section", f"The sections are {', '.join(_SECTIONS)}.")
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        allowed = _ROLE.fullmatch(key) if letter == "g" else key == letter
        if not allowed or not equals or key in found:
            raise refusal(place, "key", "Write `key = value` in a section: r, p, e and m once, and g, g2 … g9.")
        found[key] = value
    return found


def _fields(value: str) -> tuple[str, ...]:
    fields = tuple(part.strip() for part in value.split(","))
    if (
        len(fields) > MOST_FIELDS
        or len({*fields}) < len(fields)
        or not all(_FIELD.fullmatch(each) and not iskeyword(each) for each in fields)
    ):
        raise refusal("body/model", "fields", f"Name up to {MOST_FIELDS} different fields: letters, digits and _.")
    return fields


def _places(value: str) -> int:
    places = re.sub(r"\s", "", value)
    if places not in {"_,_", "_,_,_"}:
        raise refusal("body/model", "roles", "A grouping is `_, _` or, with a domain, `_, _, _`.")
    return places.count("_")
