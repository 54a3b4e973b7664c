"""What may stand in a log line: no secret, nothing that a terminal obeys, nothing long."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Any, Final

MASK: Final = "[redacted]"
LONGEST: Final = 256
"""Characters of one value."""
WIDEST: Final = 64
"""Items of one mapping or sequence."""
DEEPEST: Final = 6
FRAMES: Final = 32
"""Innermost frames of one traceback."""

_READ: Final = 4 * LONGEST
"""Characters of a value that are looked at: what lies beyond is never shown."""
_BIGGEST: Final = 2**63
_NAMES: Final = (
    r"passw(?:or)?d|passphrase|passwd|pwd|secret|token|authorization|cookie|credential|assertion|verifier|signature"
    r"|api[_-]?key|private[_-]?key|signing[_-]?key|client[_-]?key|(?<![a-z])t?otp|recovery"
)
_SENSITIVE: Final = re.compile(_NAMES, re.IGNORECASE)
_ALONE: Final = frozenset({"code", "codes", "key", "keys", "pin", "seed", "dpop", "jwt", "sig"})
"""Names that are secret only on their own: `status_code` and `key_id` are not."""
_QUOTE: Final = r"""\\{0,4}["']"""
_GAP: Final = "{0,32}"
_IS: Final = r"\s{0,4}[:=]\s{0,4}"
_VALUE: Final = r"""(?:\\{0,4}"[^"]*"?|\\{0,4}'[^']*'?|[^\s,;&)}\]]+)"""
_IN_TEXT: Final = (
    # Our tokens, JWTs (cut ones too), PEM blocks and password hashes say by themselves what they are.
    (re.compile(r"gw[a-z]_[\w.~+/=-]+"), MASK),
    (re.compile(r"eyJ[\w-]{6,}(?:\.[\w-]*){0,4}"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL), MASK),
    (re.compile(r"\$(?:argon2\w*|2[abxy]|(?:fire)?scrypt|pbkdf2[\w-]*|[PH])\$[^\s'\")]+"), MASK),
    (re.compile(r"\b(?:pbkdf2_\w+|scrypt)\$\d+\$[^\s'\")]+"), MASK),
    (re.compile(r"\{SSHA(?:256|512)?\}[\w+/=]+"), MASK),
    (re.compile(r"\b(bearer|basic|dpop|digest)\s{1,4}[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(://[^\s:/@]{0,64}:)[^\s/@]+@"), rf"\1{MASK}@"),
    # Statements that failed bring their parameters along, constraints the row they refused, pydantic what it was given.
    (re.compile(r"\[parameters: .*", re.DOTALL), f"[parameters: {MASK}]"),
    (re.compile(r"(\bFailing row contains |\bKey \([^)]{0,128}\)=)\(.*", re.DOTALL), rf"\1({MASK})"),
    (re.compile(r"\binput_value=.*?(?=, input_type=|$)", re.DOTALL), f"input_value={MASK}"),
    # Names and what they hold, written out: `password=…`, `"token": "…"`, `?code=…`.
    (re.compile(rf"((?:{_NAMES})[\w-]{_GAP}{_QUOTE}?{_IS}){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"((?:^|[?&({{\s,]|{_QUOTE})(?:code|key|pin|seed){_QUOTE}?\s?=\s?){_VALUE}"), rf"\1{MASK}"),
    (re.compile(rf"({_QUOTE}(?:code|key|pin|seed){_QUOTE}{_IS}){_VALUE}"), rf"\1{MASK}"),
)
_SUSPECT: Final = re.compile(r"[=:$(]|gw[a-z]_|eyJ|---|bearer|basic|dpop|digest", re.IGNORECASE)
"""Without any of these no pattern above can match: most values are let through by this one look."""
# C0 and C1 controls (with CR, LF and ESC), line separators, what turns the reading direction, halves of a character.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def sensitive(name: str) -> bool:
    """Return whether what goes by this name is kept out of every line."""
    return name.lower() in _ALONE or _SENSITIVE.search(name) is not None


def clean_text(text: str) -> str:
    """Return `text` without look-alikes of secrets, with controls spelled out, in at most `LONGEST` characters."""
    shown = text[:_READ]
    if _SUSPECT.search(shown):
        for pattern, mask in _IN_TEXT:
            shown = pattern.sub(mask, shown)
    if not shown.isprintable():
        shown = _CONTROL.sub(_spelled, shown)
    if len(shown) <= LONGEST and len(text) <= _READ:
        return shown
    return shown[: LONGEST - 1] + "…"


def clean(value: Any, depth: int = 0) -> Any:
    """Return `value` fit for a line: JSON types only, secrets masked at any depth, everything of limited size."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -_BIGGEST <= value < _BIGGEST else "[huge number]"
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping | list | tuple | AbstractSet):
        return "…" if depth == DEEPEST else _clean_many(value, depth + 1)
    return clean_text(_printed(value))


def clean_fields(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Return a mapping fit for a line. What a sensitive name holds is masked, whatever it is; None stays None."""
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        if len(shown) == WIDEST:
            shown["…"] = f"{len(fields) - WIDEST} more"
            break
        told = clean_text(name if isinstance(name, str) else _printed(name))
        shown[told] = MASK if value is not None and sensitive(told) else clean(value, depth)
    return shown


def clean_error(error: BaseException) -> list[dict[str, Any]]:
    """Describe an error, then what caused it: type, message and frames. No source line, no local variable."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    while id(error) not in seen and len(told) < DEEPEST:
        seen.add(id(error))
        part: dict[str, Any] = {"type": type(error).__qualname__, "message": clean_text(_printed(error))}
        if notes := getattr(error, "__notes__", None):
            part["notes"] = clean(notes)
        if isinstance(error, BaseExceptionGroup):
            part["errors"] = [clean_error(each) for each in error.exceptions[:DEEPEST]]
        part["frames"] = _frames(error.__traceback__)
        told.append(part)
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None:
            break
        error = before
    return told


def _clean_many(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return clean_fields(value, depth)
    shown = [clean(item, depth) for _, item in zip(range(WIDEST), value, strict=False)]
    return shown if len(value) <= WIDEST else [*shown, "…"]


def _frames(traceback: TracebackType | None) -> list[str]:
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(clean_text(f"{code.co_filename}:{traceback.tb_lineno} {code.co_qualname}"))
        traceback = traceback.tb_next
    return frames[-FRAMES:]


def _printed(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - what cannot be printed must neither lose the line nor raise in its caller
        return f"<unprintable {type(value).__qualname__}>"


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
