"""Conditions as they are sent: what `parse` reads."""

from typing import Any as Json

from domain.access.conditions import All, Any, Attribute, Condition, Not, Test


def written(condition: Condition) -> dict[str, Json]:
    """Return a condition as JSON values."""
    match condition:
        case All(parts):
            return {"all": [written(each) for each in parts]}
        case Any(parts):
            return {"any": [written(each) for each in parts]}
        case Not(part):
            return {"not": written(part)}
        case Test(name, operator, value):
            plain: Json = {"attribute": value.name} if isinstance(value, Attribute) else value
            return {name: {operator: list(plain) if isinstance(plain, tuple) else plain}}
