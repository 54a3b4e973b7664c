"""Everything that is secret."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from core.key_forge import KeySafe, SealingForge
from core.keyring import KeyRing
from core.personal import PersonalKeys
from core.secrets import Secrets, seal, weak
from core.secrets_file import kept_secret
from core.settings import PREFIX, Misconfigured, Settings
from domain.keys.policies import KeyPolicy


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
    """Everything that is secret, but for the signing keys in the database."""

    secrets: Secrets
    ring: KeyRing | None
    """The signing keys when they come from a file; None when they are in the database."""
    policy: KeyPolicy

    @classmethod
    def read(cls, settings: Settings) -> "Keys":
        """Read them as configured; in dev and test make what is missing. Raise `Misconfigured`."""
        ring, file = None, settings.signing_keys_file
        if file:
            with _blaming("SIGNING_KEYS_FILE"):
                ring = KeyRing.load(file.read_text(), settings.signing_algorithm)
        rotation = timedelta(days=settings.key_rotation_days)
        policy = KeyPolicy(
            algorithm=settings.signing_algorithm,
            cached=timedelta(seconds=settings.jwks_seconds),
            rotation=rotation or None,
            longest=settings.access_life,
            elsewhere=ring is not None,
        )
        return cls(_secrets(settings), ring, policy)

    @property
    def setup(self) -> SetupToken:
        """The token with which the first administrator is named."""
        return SetupToken(self.secrets.derive("setup"))

    @property
    def people(self) -> PersonalKeys:
        """What seals personal data."""
        return PersonalKeys.of(self.secrets)

    @property
    def safe(self) -> KeySafe:
        """What seals the signing keys in the database."""
        return KeySafe(seal(self.secrets, "signing keys"))

    def forge(self, settings: Settings) -> SealingForge:
        """Return what makes signing keys. Development machines of before kept theirs in a file: a new ring has it."""
        return SealingForge(self.safe, settings.folder / f"signing-keys-{settings.signing_algorithm}.json")


def _secrets(settings: Settings) -> Secrets:
    given, file = settings.secret, settings.secret_file
    before = [secret.get_secret_value() for secret in settings.previous_secrets]
    with _blaming("SECRET_FILE" if file else "SECRET" if given else "DATA_DIR"):
        if file:
            current, *older = [line.strip() for line in file.read_text().splitlines() if line.strip()] or [""]
            before = [*older, *before]
            for secret in (current, *older):
                if reason := weak(secret):
                    raise ValueError(f"a secret in it is too weak: {reason}")
        else:
            current = given.get_secret_value() if given else kept_secret(settings.folder / "secret")
        retired = [secret.get_secret_value().encode() for secret in settings.retired_secrets]
        return Secrets(current.encode(), tuple(secret.encode() for secret in before), tuple(retired))
