"""Which rules can have a say in a question."""

from collections.abc import Sequence

from domain.access.policies.language import Language
from domain.access.policies.ports import EQUAL, Start
from domain.access.policies.rules import Given, Rule


def starts(language: Language, requests: Sequence[Sequence[Given]]) -> set[Start]:
    """Return the names that rules are looked for by."""
    wanted = {*language.matcher.walks}
    if (tie := language.matcher.tie) and tie.role is None:
        wanted.add((EQUAL, tie.request))
    return {Start(kind, str(request[place])) for kind, place in wanted for request in requests}


def leading(language: Language) -> str | None:
    """Return the grouping that leads from a question to its rules, None if every rule may match."""
    tie = language.matcher.tie
    return (tie.role or EQUAL) if tie else None


def found_by(language: Language, rule: Rule) -> str:
    """Return the name that a rule is found by."""
    return rule.fields[language.subject if rule.kind == "p" else 0]
