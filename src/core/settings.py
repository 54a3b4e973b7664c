"""What is configured: from `GATEWRIGHT_*` in the environment, else from `.env`, else the default."""

import os
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from core.argon2_costs import feeble
from core.secrets import weak
from core.web_origins import WebOrigin

PREFIX: Final = "GATEWRIGHT_"
Network = IPv4Network | IPv6Network
Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]


class Environment(StrEnum):
    """What the service is run for."""

    DEV = "dev"
    TEST = "test"
    PRODUCTION = "production"


class Misconfigured(Exception):
    """The settings cannot be used; the text says which, why, and what to do, a line each."""


class Settings(BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    environment: Environment = Environment.DEV
    """`dev` adds the passwordless routes and generates secrets; everything else refuses to start without them."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Processes that answer requests."""
    data_dir: Path = Path(".data")
    """Where the embedded servers, generated secrets and, in development, mails are kept."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks whose `X-Forwarded-For` is believed, separated by commas."""

    cors_origins: Annotated[tuple[WebOrigin, ...], NoDecode] = ()
    """Origins beside our own whose pages may call this service, with cookies too, separated by commas; no wildcard."""

    issuer: str = ""
    """`iss` of access tokens, and the base of links: an absolute URL. In dev the address that is served."""
    audience: str = "gatewright"
    """`aud` of access tokens."""
    secret: SecretStr | None = None
    """The master secret, 32 bytes or more; everything else is derived from it."""
    secret_file: Path | None = None
    """The same from a file: its first line is the secret, each further one a secret of before."""
    previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Master secrets of before, separated by commas: what they made is still accepted."""
    signing_algorithm: Algorithm = "ES256"
    """Of new signing keys; another one rotates them."""
    key_rotation_days: Annotated[float, Field(ge=0, le=3650)] = 90
    """How long a signing key signs; 0 for as long as nobody rotates it."""
    jwks_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How long others keep `/.well-known/jwks.json`; new keys are published a fifth longer before they sign."""
    signing_keys_file: Path | None = None
    """A JWK Set with private keys (RFC 7517), the first of which signs, instead of the keys in the database."""

    database_url: SecretStr | None = None
    """Postgres 15 or newer; without it the embedded one."""
    database_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    redis_url: SecretStr | None = None
    """Redis 7 or Valkey; without it the embedded one."""
    mongodb_uri: SecretStr | None = None
    """MongoDB for the bodies of configuration documents; without it Postgres keeps them."""
    rabbitmq_url: SecretStr | None = None
    """RabbitMQ; without it events are served by `GET /auth/events`, and jobs run in the worker."""

    access_token_seconds: Annotated[int, Field(ge=60, le=86_400)] = 900
    session_seconds: Annotated[int, Field(ge=300, le=31_536_000)] = 604_800
    """How long a session lives, however often it is refreshed."""
    session_idle_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """How long a session lives without being refreshed, at least as long as an access token; 0 for as long as any."""
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """How long a spent refresh token still answers with its successor; 0 for never."""
    new_device_notice: bool = True
    """Tell people by mail of sign-ins on devices that they have not used before."""
    recent_authentication_seconds: Annotated[int, Field(ge=0, le=86_400)] = 900
    """How long ago people may have signed in to do what a stolen session must not; 0 for any time."""
    revocations_public: bool = False
    """Let anyone read `GET /auth/revocations`, which names nothing but opaque ids."""
    access_parts: Annotated[int, Field(ge=5_000, le=10_000_000)] = 50_000
    """People, teams, roles, resources and grants that each process remembers to decide about access, in each of two
    generations; some 3 KiB each. A batch of a thousand questions needs thousands at once."""
    idempotency_hours: Annotated[int, Field(ge=1, le=168)] = 24
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 15
    breached_passwords: str = ""
    """Passwords nobody may choose beside the commonest: a file of sorted SHA-1 hashes, a folder of their ranges, or the
    `https://` address of a range API."""
    breached_passwords_seconds: Annotated[float, Field(gt=0, le=10)] = 1.0
    """How long the range API may take; the password is accepted when it does not answer."""
    argon2_memory: Annotated[int, Field(ge=8, le=1 << 20)] = 19_456
    """KiB. `gatewright doctor` says what it costs here."""
    argon2_passes: Annotated[int, Field(ge=1, le=10)] = 2
    argon2_lanes: Annotated[int, Field(ge=1, le=16)] = 1
    signup_private: bool = False
    """Answer 202 to every sign-up, and tell the owner of a known address by mail."""
    require_verified_email: bool = False
    """Let people sign in with a password only when they have proved their e-mail address."""
    sign_up_limit: Annotated[int, Field(ge=0)] | None = None
    """Sign-ups per minute and address; 0 for any number. By default 60, and in dev any number."""
    sign_in_limit: Annotated[int, Field(ge=0)] | None = None
    """Sign-ins per minute and address; 0 for any number. By default 300, and in dev any number."""

    smtp_url: SecretStr | None = None
    """`smtp://user:password@host:587` (STARTTLS) or `smtps://…`; without it mails are files in the data folder."""
    mail_from: str = "gatewright@localhost"
    invitation_url: str = ""
    """Where mailed invitations lead: an absolute URL, to which `#token=…` is added. By default a page of ours."""
    password_reset_url: str = ""
    """Where mailed links to reset a password lead; see `invitation_url`."""
    sign_in_url: str = ""
    """Where mailed links to sign in lead; see `invitation_url`."""
    verification_url: str = ""
    """Where mailed links that prove an address lead; see `invitation_url`."""

    docs: bool | None = None
    """Serve `/auth/docs`, `/auth/redoc` and `/auth/mkdocs`. By default in dev only."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = True
    otlp_endpoint: str | None = None
    """Where spans go (OTLP over HTTP); without it there are none."""
    trace_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Part of the requests that are traced."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where the worker serves its `/metrics`; 0 for nowhere. The API serves its own at `/metrics`."""

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return [ip_network(part) for part in _parts(value)] if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        return _parts(value) if isinstance(value, str) else value

    @field_validator("previous_secrets", mode="before")
    @classmethod
    def _secrets(cls, value: object) -> object:
        return [SecretStr(part) for part in _parts(value)] if isinstance(value, str) else value

    @field_validator("invitation_url", "password_reset_url", "sign_in_url", "verification_url")
    @classmethod
    def _leads_somewhere(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or "#" in value):
            raise ValueError("an absolute http:// or https:// URL, without a fragment")
        return value

    @model_validator(mode="after")
    def _safe(self) -> Self:
        for name in ("secret", "previous_secrets"):
            value = getattr(self, name)
            for secret in value if isinstance(value, tuple) else [value] if value else []:
                if reason := weak(secret.get_secret_value()):
                    raise ValueError(f"{PREFIX}{name.upper()} is too weak: {reason}")
        if self.secret and self.secret_file:
            raise ValueError(f"{PREFIX}SECRET and {PREFIX}SECRET_FILE are both set: leave one out")
        if self.is_production:
            needed = ("secret", "issuer", "database_url", "redis_url")
            without = {name for name in needed if not getattr(self, name)} - ({"secret"} if self.secret_file else set())
            if missing := [f"{PREFIX}{name.upper()}" for name in needed if name in without]:
                raise ValueError(f"{', '.join(missing)} must be set in production")
            if not self.issuer.startswith("https://"):
                raise ValueError(f"{PREFIX}ISSUER must be an https:// URL in production")
        return self

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if 0 < self.session_idle_seconds < self.access_token_seconds:
            raise ValueError(f"{PREFIX}SESSION_IDLE_SECONDS must not be below {PREFIX}ACCESS_TOKEN_SECONDS")
        if self.breached_passwords.startswith("http://") and self.is_production:
            raise ValueError(f"{PREFIX}BREACHED_PASSWORDS must be an https:// address in production")
        if reason := feeble(self.argon2_memory, self.argon2_passes, self.argon2_lanes, strict=self.is_production):
            raise ValueError(f"{PREFIX}ARGON2_MEMORY, _PASSES and _LANES: {reason}")
        return self

    @property
    def is_dev(self) -> bool:
        """Whether conveniences that let anyone in are allowed."""
        return self.environment is Environment.DEV

    @property
    def is_production(self) -> bool:
        """Whether real people are at stake."""
        return self.environment is Environment.PRODUCTION

    @property
    def served_at(self) -> str:
        """The base URL under which the service is reached, without a slash at the end."""
        return self.issuer.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def invitations_at(self) -> str:
        """Where mailed invitations lead."""
        return self.invitation_url or f"{self.served_at}/auth/invitations"

    @property
    def password_resets_at(self) -> str:
        """Where mailed links to reset a password lead."""
        return self.password_reset_url or f"{self.served_at}/auth/password"

    @property
    def mailed_sign_ins_at(self) -> str:
        """Where mailed links to sign in lead."""
        return self.sign_in_url or f"{self.served_at}/auth/sign-in"

    @property
    def verifications_at(self) -> str:
        """Where mailed links that prove an address lead."""
        return self.verification_url or f"{self.served_at}/auth/verification"

    @property
    def serves_docs(self) -> bool:
        """Whether the documentation pages are served."""
        return self.is_dev if self.docs is None else self.docs

    @property
    def sign_ups_per_minute(self) -> int:
        """The limit per address; 0 for none."""
        return (0 if self.is_dev else 60) if self.sign_up_limit is None else self.sign_up_limit

    @property
    def sign_ins_per_minute(self) -> int:
        """The limit per address; 0 for none."""
        return (0 if self.is_dev else 300) if self.sign_in_limit is None else self.sign_in_limit

    @property
    def access_life(self) -> timedelta:
        """How long access tokens live."""
        return timedelta(seconds=self.access_token_seconds)

    @property
    def session_life(self) -> timedelta:
        """How long a session lives at most."""
        return timedelta(seconds=self.session_seconds)

    @property
    def session_idle(self) -> timedelta | None:
        """How long a session lives without being refreshed."""
        return timedelta(seconds=self.session_idle_seconds) if self.session_idle_seconds else None

    @property
    def outbox(self) -> Path:
        """Where mails are written that no server sends."""
        return self.folder / "mail"

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.expanduser().resolve()


def load() -> Settings:
    """Read the settings once; raise `Misconfigured` with a line for each one that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        raise Misconfigured("\n".join(_line(each) for each in error.errors(include_input=False))) from error


def unknown() -> list[str]:
    """Return the names in the environment and in `.env` that look like ours and mean nothing: misspelt, most likely."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    written = (name.upper() for name in DotEnvSettingsSource(Settings).env_vars)
    ours = {name for name in (*os.environ, *written) if name.startswith(PREFIX)}
    return sorted(name for name in ours - known if not name.startswith(TESTING))


TESTING: Final = (f"{PREFIX}TEST_", f"{PREFIX}FAULTS", f"{PREFIX}BENCH")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _line(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{where.upper()}: {message}" if where else message
