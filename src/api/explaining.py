"""Say what is wrong with a request without repeating what was sent."""

from re import Pattern
from re import compile as pattern
from typing import Final

from msgspec import ValidationError

from api.refusals import Malformed
from domain.kernel.errors import FieldError

PATH: Final = pattern(r"(?P<text>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?", 16)
KNOWN: Final[tuple[tuple[Pattern[str], str, str], ...]] = tuple(
    (pattern(known), code, message)
    for known, code, message in (
        (r"Object missing required field `(?P<name>\w+)`", "required", "This field is required."),
        (r"Object contains unknown field .*", "unknown", "This holds a field that is not known."),
        (r"Invalid enum value .*", "value", "This is none of the values that are allowed."),
        (r"Invalid value .*", "value", "This is none of the values that are allowed."),
        (r"(Number|Integer value) out of range", "range", "This number is out of range."),
        (r"(?P<said>Expected `\w+` of length [<>=]+ \d+)", "length", "{said}."),
        (r"(?P<said>Expected `\w+` [<>=]+ [-\d.]+)", "range", "{said}."),
        (r"(?P<said>Expected `datetime` with a timezone component)", "format", "{said}."),
        (r"(?P<said>Expected `[^`]+`)(, got `[^`]+`)?", "type", "{said}."),
        (r"(?P<said>Invalid [\w ]+)", "format", "{said}."),
    )
)


def explained(error: ValueError, where: str) -> Malformed:
    """Return the refusal of the `body` or `query` that msgspec found at fault, with the field if it names one."""
    if not isinstance(error, ValidationError):
        return Malformed(f"The {where} cannot be read.")
    return Malformed(f"The {where} is not what this address takes.", [_field_error(str(error))])


def _field_error(said: str) -> FieldError:
    found = PATH.fullmatch(said)
    text, path = (found["text"], found["path"] or "") if found else ("", "")
    for known, code, message in KNOWN:
        if match := known.fullmatch(text):
            groups = match.groupdict()
            names = [path, groups.get("name") or ""]
            return FieldError(".".join(filter(None, names)), code, message.format(**groups))
    return FieldError(path, "invalid", "This is not allowed here.")
