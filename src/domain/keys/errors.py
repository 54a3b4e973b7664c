"""Refusals about signing keys."""

from domain.kernel.errors import Conflict, NotFound


class KeyNotFound(NotFound):
    """There is no such key, or no longer."""

    code = "keys.key_not_found"


class KeyNotOpened(Conflict):
    """The master secret does not open this key: name the one of before as a previous secret, or remove the key."""

    code = "keys.key_not_opened"


class KeyNotReady(Conflict):
    """The waiting key has not been published long enough for every verifier to have it; `detail` says when it has."""

    code = "keys.key_not_ready"


class KeysManagedElsewhere(Conflict):
    """The keys come from the file in `GATEWRIGHT_SIGNING_KEYS_FILE`, and are changed there."""

    code = "keys.managed_elsewhere"
