"""What roles, permissions and types may be called."""

from collections.abc import Iterable
from re import compile as pattern
from typing import Final
from unicodedata import category, normalize

from domain.access.errors import RoleInvalid
from domain.kernel.access import Permission
from domain.kernel.errors import FieldError

MOST_PERMISSIONS: Final = 200
LONGEST_DESCRIPTION: Final = 500

_NAME: Final = pattern("[A-Za-z0-9_.:-]{1,64}").fullmatch
_PERMISSION: Final = pattern("[a-z0-9_.-]{1,64}:[a-z0-9_.-]{1,64}").fullmatch
_CONTROL: Final = frozenset({"Cc", "Co", "Cs", "Zl", "Zp"})


def role_name(text: str) -> str:
    """Return `text` if a role may be called so, or raise `RoleInvalid`."""
    if not _NAME(text):
        raise invalid("name", "characters", "A name has 1 to 64 letters, digits, and any of _ . : -")
    return text


def description(text: str) -> str:
    """Return `text` in NFC without outer white space, or raise `RoleInvalid`."""
    found = normalize("NFC", text).strip()
    if len(found) > LONGEST_DESCRIPTION:
        raise invalid("description", "length", f"A description has at most {LONGEST_DESCRIPTION} characters.")
    if any(category(character) in _CONTROL for character in found):
        raise invalid("description", "characters", "Control characters are not allowed.")
    return found


def permissions(names: Iterable[str]) -> frozenset[str]:
    """Return what a role may be made of, or raise `RoleInvalid`. Ownership comes by its own role only."""
    found = frozenset(names)
    if len(found) > MOST_PERMISSIONS:
        raise invalid("permissions", "length", f"A role has at most {MOST_PERMISSIONS} permissions.")
    if any(not _PERMISSION(name) for name in found):
        raise invalid("permissions", "characters", "Permissions are <type>:<action>, of a-z, 0-9, and any of _ . -")
    if Permission.ORGANIZATIONS_OWN in found:
        raise invalid("permissions", "ownership", "Only owners own: grant the role owner.")
    return found


def invalid(field: str, code: str, message: str) -> RoleInvalid:
    """Return the refusal of a field of the body."""
    return RoleInvalid(errors=[FieldError(f"body/{field}", code, message)])
