"""Everything that is secret."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest

from core.keyring import KeyRing, KeyRingFile
from core.secrets import Secrets
from core.secrets_file import kept_secret
from core.settings import PREFIX, Misconfigured, Settings


@dataclass(frozen=True, slots=True)
class SetupToken:
    """The token of the one-time link for the first administrator.

    Derived from the master secret: nothing is stored, and it dies with the setup.
    """

    key: bytes

    def __str__(self) -> str:
        return "gws_" + urlsafe_b64encode(self.key).rstrip(b"=").decode()

    def fits(self, token: str) -> bool:
        """Return whether `token` is this one, in constant time."""
        return compare_digest(str(self).encode(), token.encode("utf-8", "replace"))


@contextmanager
def _blaming(name: str) -> Iterator[None]:
    """Say which setting has to be corrected."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{PREFIX}{name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything that is secret."""

    secrets: Secrets
    ring: KeyRing

    @classmethod
    def read(cls, settings: Settings) -> "Keys":
        """Read them as configured; in dev and test make what is missing. Raise `Misconfigured`."""
        given = settings.secret
        with _blaming("SECRET" if given else "DATA_DIR"):
            current = given.get_secret_value() if given else kept_secret(settings.folder / "secret")
            previous = tuple(secret.get_secret_value().encode() for secret in settings.previous_secrets)
            secrets = Secrets(current.encode(), previous)
        file, algorithm = settings.signing_keys_file, settings.signing_algorithm
        with _blaming("SIGNING_KEYS_FILE" if file else "DATA_DIR"):
            if file:
                ring = KeyRing.load(file.read_text(), algorithm)
            else:
                ring = KeyRingFile(settings.folder / f"signing-keys-{algorithm}.json", algorithm).load()
        return cls(secrets, ring)

    @property
    def setup(self) -> SetupToken:
        """The token with which the first administrator is named."""
        return SetupToken(self.secrets.derive("setup"))
