"""The rules of a policy model, and questions about it: names are names, never text that could mean something."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.access.policies.errors import PolicyModelInvalid
from domain.access.policies.language import Language, refusal
from domain.kernel.errors import FieldError

MOST_RULES: Final = 20_000
MOST_LINKS: Final = 8
"""How long a chain of groupings may be; casbin denies silently what is behind the ninth."""
MOST_REQUESTS: Final = 32
MOST_TEXT: Final = 256
MOST_MEMBERS: Final = 32
MOST_NUMBER: Final = 2**53
ROLE: Final = "role:"
"""What the names of roles begin with, and of nobody who asks: a person named like a role would hold what it holds."""

Value = str | int | float | bool
Given = str | dict[str, Value]

_NAMES: Final = "Names have 1 to 64 letters, digits and _.:- each."
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_PATTERN: Final = re.compile(r"[A-Za-z0-9_.:/*-]{1,128}")
_ASKED: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_PRIORITY: Final = re.compile(r"[0-9]{1,9}")
_MEMBER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: `p`, or the grouping that it belongs to, and its fields."""

    kind: str
    fields: tuple[str, ...]

    @property
    def line(self) -> str:
        """The rule as it is written in a `.csv`."""
        return ", ".join((self.kind, *self.fields))


def read_rules(text: str, language: Language) -> list[Rule]:
    """Judge rules in casbin's `.csv` form, or raise `PolicyModelInvalid` with what is wrong with each line.

    There are no quotes: no name holds what would need them. Empty lines and comments are skipped, repetitions dropped.
    """
    found: dict[Rule, int] = {}
    errors: list[FieldError] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        kind, *fields = (part.strip() for part in line.split(","))
        rule = Rule(kind, tuple(fields))
        if wrong := _wrong(rule, language):
            errors.append(FieldError(f"body/policy/{number}", "rule", wrong))
        found.setdefault(rule, number)
        if len(found) > MOST_RULES:
            raise refusal("body/policy", "size", f"A model has at most {MOST_RULES} rules.")
        if len(errors) >= MOST_MEMBERS:
            break
    if errors:
        raise PolicyModelInvalid(errors=errors)
    for name in language.roles:
        _judge_chains(rule.fields for rule in found if rule.kind == name)
    return [*found]


def _wrong(rule: Rule, language: Language) -> str | None:
    """Return what is wrong with a rule, if anything."""
    count = len(language.policy) if rule.kind == "p" else language.roles.get(rule.kind)
    if count is None:
        return f"Rules are {', '.join(('p', *language.roles))}."
    if len(rule.fields) != count:
        return f"{rule.kind} has {count} fields."
    if rule.kind == "p":
        judged = enumerate(zip(language.policy, rule.fields, strict=True))
        found = (_wrong_field(place, name, value, language) for place, (name, value) in judged)
        return next((wrong for wrong in found if wrong), None)
    if not all(map(_NAME.fullmatch, rule.fields)):
        return _NAMES
    return None if rule.fields[1].startswith(ROLE) else f"The names of roles begin with {ROLE}."


def _wrong_field(place: int, name: str, value: str, language: Language) -> str | None:
    if name == "eft":
        return None if value in {"allow", "deny"} else "An effect is allow or deny."
    if name == "priority":
        return None if _PRIORITY.fullmatch(value) else "A priority is a number."
    if place in language.matcher.patterns:
        return None if _PATTERN.fullmatch(value) else "Patterns have 1 to 128 letters, digits and _.:/*- each."
    return None if _NAME.fullmatch(value) else _NAMES


def _judge_chains(links: Iterable[Sequence[str]]) -> None:
    """Refuse circles, and chains that casbin would not follow to their end."""
    roles: dict[str, set[str]] = defaultdict(set)
    members: dict[str, int] = defaultdict(int)
    for member, role, *_ in links:
        if role not in roles[member]:
            roles[member].add(role)
            members[role] += 1
    depths = {name: 0 for name in [*roles, *members] if not members[name]}
    ready, done = [*depths], 0
    while ready:
        name = ready.pop()
        done += 1
        for role in roles.get(name, ()):
            depths[role] = max(depths.get(role, 0), depths[name] + 1)
            members[role] -= 1
            if not members[role]:
                ready.append(role)
    if done < len(roles.keys() | members.keys()):
        raise refusal("body/policy", "circle", "A role cannot be its own.")
    if max(depths.values(), default=0) > MOST_LINKS:
        raise refusal("body/policy", "depth", f"A chain of groupings has at most {MOST_LINKS} links.")


def judge_requests(requests: Sequence[Sequence[Given]], language: Language) -> None:
    """Refuse questions that the model has no words for, and names that could be taken for something else."""
    if not 1 <= len(requests) <= MOST_REQUESTS:
        raise refusal("body/requests", "size", f"Ask 1 to {MOST_REQUESTS} questions at once.")
    walked = {place for _, place in language.matcher.walks}
    for number, request in enumerate(requests):
        if len(request) != len(language.request):
            raise refusal(f"body/requests/{number}", "size", f"A question has {len(language.request)} fields.")
        for place, given in enumerate(request):
            pointer = f"body/requests/{number}/{place}"
            if place in language.matcher.objects:
                _judge_object(given, pointer)
            elif not isinstance(given, str) or not _ASKED.fullmatch(given):
                raise refusal(pointer, "name", "Give a text of 1 to 128 letters, digits and _.:/-.")
            elif place in walked and given.startswith(ROLE):
                raise refusal(pointer, "name", "Roles do not ask.")


def _judge_object(given: Given, pointer: str) -> None:
    if not isinstance(given, Mapping) or len(given) > MOST_MEMBERS:
        raise refusal(pointer, "object", f"Give an object with at most {MOST_MEMBERS} members.")
    for name, value in given.items():
        if not _MEMBER.fullmatch(name):
            raise refusal(pointer, "object", "Members are named by up to 32 letters, digits and _.")
        if isinstance(value, str) and len(value) > MOST_TEXT:
            raise refusal(pointer, "object", f"Texts have at most {MOST_TEXT} characters.")
        if not isinstance(value, str | bool) and not abs(value) <= MOST_NUMBER:
            raise refusal(pointer, "object", "Numbers are finite and fit an IEEE 754 double.")


def model_name(text: str) -> str:
    """Return `text` if it may name a policy model, or raise `PolicyModelInvalid`."""
    if not _NAME.fullmatch(text):
        raise refusal("path/name", "name", _NAMES)
    return text
