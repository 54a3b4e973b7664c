"""What somebody may do, as a condition on rows of `resources`: the same grants that a check weighs, in SQL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from core.postgres.walls import person_seen
from domain.access.conditions import All, Attribute, Condition, Not, Test
from domain.access.conditions import Any as AnyOf
from domain.access.engine.compiled import Held, Rules, Subject
from domain.access.engine.deciding import Question, attribute, may_bypass

TRUE: Final = "TRUE"
FALSE: Final = "FALSE"
UNKNOWN: Final = "NULL::boolean"
_BUILT_IN: Final = {
    "type": "to_jsonb(r.type)",
    "external_id": "to_jsonb(r.external_id)",
    "owner": "to_jsonb(r.owner_id::text)",
}
_json: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Filter:
    """Write SQL conditions over the alias `r` of `resources`, and collect the values they need.

    Conditions are in Kleene's logic, as SQL's are. `first` is the number of the next parameter.
    """

    subject: Subject
    now: datetime
    first: int = 1
    context: Mapping[str, Any] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list, init=False)

    def permitted(self, permission: str) -> str:
        """Return the condition under which a check of `permission` on the resource allows. It is never unknown."""
        if not self.subject.user.is_active:
            return FALSE
        wide, here = self.subject.rules(permission)
        if wide.allowed:
            return TRUE
        denied, allowed = self._weighed(wide.everywhere)
        inside = _all(self.visible(), self._granted(here))
        return _all(_not(denied), _any(allowed, inside))

    def visible(self) -> str:
        """Return the condition under which no wall stands before the resource."""
        if may_bypass(self.subject, self.now):
            return TRUE
        groups = self._value(sorted(self.subject.groups), "uuid[]")
        mine = self._value(self.subject.id, "uuid")
        contents = "SELECT FROM visibility_contents c WHERE c.resource_id = r.wall_id"
        inside = f"EXISTS ({contents} AND c.group_id = ANY ({groups}))"
        return f"(r.wall_id IS NULL OR r.owner_id IS NOT DISTINCT FROM {mine} OR {inside})"

    def knows(self, person: str) -> str:
        """Return the condition under which no wall hides the person whose id is in the column `person`, if any."""
        if may_bypass(self.subject, self.now):
            return TRUE
        groups = self._value(sorted(self.subject.groups), "uuid[]")
        mine = self._value(self.subject.id, "uuid")
        return person_seen(person, "r.organization_id", mine, FALSE, groups)

    def _granted(self, rules: Rules) -> str:
        if rules.allowed:
            return TRUE
        denied, allowed = self._weighed(rules.everywhere)
        for places, reaches in ((rules.on, self._is), (rules.below, self._lies_in)):
            more_denied, more_allowed = self._placed(places, reaches)
            denied, allowed = _any(denied, more_denied), _any(allowed, more_allowed)
        return _all(_not(denied), allowed)

    def _placed(self, places: Mapping[Any, Sequence[Held]], reaches: Callable[[Sequence[Any]], str]) -> tuple[str, str]:
        """Return when grants on places deny and allow; places of plain grants are asked for together."""
        denied, allowed = FALSE, FALSE
        plainly: dict[bool, list[Any]] = {True: [], False: []}
        for place, grants in places.items():
            denies, allows = self._weighed(grants)
            for truth, allowing in ((denies, False), (allows, True)):
                if truth == TRUE:
                    plainly[allowing].append(place)
                elif truth != FALSE:
                    here = _all(reaches([place]), truth)
                    denied, allowed = (denied, _any(allowed, here)) if allowing else (_any(denied, here), allowed)
        if plainly[False]:
            denied = _any(denied, reaches(plainly[False]))
        if plainly[True]:
            allowed = _any(allowed, reaches(plainly[True]))
        return denied, allowed

    def _weighed(self, grants: Iterable[Held]) -> tuple[str, str]:
        """Return when any of these grants denies, and when any allows; neither is ever unknown."""
        denied, allowed = FALSE, FALSE
        for held in grants:
            truth = self._truth(held)
            if held.grant.allows:
                allowed = _any(allowed, _is_true(truth))
            else:
                denied = _any(denied, _is_not_false(truth))
        return denied, allowed

    def _truth(self, held: Held) -> str:
        grant = held.grant
        if grant.expires_at is not None and grant.expires_at <= self.now:
            return FALSE
        return TRUE if grant.condition is None else self._condition(grant.condition)

    def _condition(self, condition: Condition) -> str:
        match condition:
            case Not(part):
                return _not(self._condition(part))
            case All(parts):
                return _all(*map(self._condition, parts))
            case AnyOf(parts):
                return _any(*map(self._condition, parts))
            case Test(name, operator, value):
                return self._test(name, operator, value)

    def _test(self, name: str, operator: str, value: Any) -> str:
        other = value.name if isinstance(value, Attribute) else ""
        if not (_of_resource(name) or _of_resource(other)):
            # Nothing of it depends on the row.
            truth = Test(name, operator, value).truth(self._attribute)
            return UNKNOWN if truth is None else TRUE if truth else FALSE
        left = self._operand(name)
        right = self._operand(other) if other else self._constant(value)
        return f"compare_values('{operator}', {left}, {right})"

    def _operand(self, name: str) -> str:
        if not _of_resource(name):
            return self._constant(self._attribute(name))
        key = name.partition(".")[2]
        return _BUILT_IN.get(key) or f"(r.attributes -> {self._value(key, 'text')})"

    def _constant(self, value: object) -> str:
        return "NULL::jsonb" if value is None else self._value(_json(value).decode(), "text") + "::jsonb"

    def _attribute(self, name: str) -> object:
        return attribute(name, self.subject, Question("", None, self.context))

    def _value(self, value: object, type_: str) -> str:
        self.values.append(value)
        return f"${self.first + len(self.values) - 1}::{type_}"

    def _is(self, places: Sequence[Any]) -> str:
        return f"r.id = ANY ({self._value(list(places), 'uuid[]')})"

    def _lies_in(self, places: Sequence[Any]) -> str:
        return f"r.path && {self._value(list(places), 'uuid[]')}"


def _of_resource(name: str) -> bool:
    return name.startswith("resource.")


def _all(*parts: str) -> str:
    if FALSE in parts:
        return FALSE
    left = [part for part in parts if part != TRUE]
    return f"({' AND '.join(left)})" if len(left) > 1 else left[0] if left else TRUE


def _any(*parts: str) -> str:
    if TRUE in parts:
        return TRUE
    left = [part for part in parts if part != FALSE]
    return f"({' OR '.join(left)})" if len(left) > 1 else left[0] if left else FALSE


def _not(part: str) -> str:
    # In brackets: `NOT a IS TRUE` is the opposite of `a IS TRUE`, and so true of what is unknown.
    return {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}.get(part) or f"(NOT {part})"


def _is_true(truth: str) -> str:
    return {TRUE: TRUE, FALSE: FALSE, UNKNOWN: FALSE}.get(truth) or f"({truth} IS TRUE)"


def _is_not_false(truth: str) -> str:
    return {TRUE: TRUE, FALSE: FALSE, UNKNOWN: TRUE}.get(truth) or f"({truth} IS NOT FALSE)"
