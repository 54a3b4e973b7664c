"""What can be configured, by theme; `core.settings` puts it together."""

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from core.web_origins import WebOrigin

Network = IPv4Network | IPv6Network
Subscriber = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")]
Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]


class Environment(StrEnum):
    """What the service is run for."""

    DEV = "dev"
    TEST = "test"
    PRODUCTION = "production"


def parts(text: str) -> list[str]:
    """Return what stands between the commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


class Serving(BaseModel):
    """Where it is served."""

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

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return [ip_network(part) for part in parts(value)] if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        return parts(value) if isinstance(value, str) else value


class Trust(BaseModel):
    """Who it says it is, and the secrets that prove it."""

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
    retired_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Those of before that somebody else knows: they open personal data that they sealed, and do nothing else."""
    signing_algorithm: Algorithm = "ES256"
    """Of new signing keys; another one rotates them."""
    key_rotation_days: Annotated[float, Field(ge=0, le=3650)] = 90
    """How long a signing key signs; 0 for as long as nobody rotates it."""
    jwks_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How long others keep `/.well-known/jwks.json`; new keys are published a fifth longer before they sign."""
    signing_keys_file: Path | None = None
    """A JWK Set with private keys (RFC 7517), the first of which signs, instead of the keys in the database."""

    @field_validator("previous_secrets", "retired_secrets", mode="before")
    @classmethod
    def _secrets(cls, value: object) -> object:
        return [SecretStr(part) for part in parts(value)] if isinstance(value, str) else value


class Stores(BaseModel):
    """The servers it works with."""

    database_url: SecretStr | None = None
    """Postgres 15 or newer; without it the embedded one."""
    database_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    redis_url: SecretStr | None = None
    """Redis 7 or Valkey; without it the embedded one."""
    mongodb_uri: SecretStr | None = None
    """MongoDB for the bodies of configuration documents; without it Postgres keeps them."""
    rabbitmq_url: SecretStr | None = None
    """RabbitMQ; without it events are served by `GET /auth/events`, and jobs run in the worker."""


class Logs(BaseModel):
    """How long the logs stay in the database."""

    events_days: Annotated[float, Field(ge=0, le=36_500)] = 0
    """How long events stay; older ones are archived. 0 for ever."""
    audit_days: Annotated[float, Field(ge=0, le=36_500)] = 0
    """How long entries of the audit trail stay; older ones are archived. 0 for ever."""
    archive_dir: Path | None = None
    """Where what has left the database is kept; by default `archive` in the data folder."""


class Sessions(BaseModel):
    """How long what lasts, and what is remembered."""

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


class Passwords(BaseModel):
    """Passwords, and who may try them how often."""

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
    refresh_limit: Annotated[int, Field(ge=0)] | None = None
    """Refreshes per minute and session, made-up ones per address; 0 for any number. By default 6,000, in dev any."""
    revoke_limit: Annotated[int, Field(ge=0)] | None = None
    """Tokens revoked per minute and session, made-up ones per address; 0 for any number. By default 600, in dev any."""
    command_limit: Annotated[int, Field(ge=0)] | None = None
    """Commands per minute and caller; 0 for any number. By default 6,000, and in dev any number."""
    search_limit: Annotated[int, Field(ge=0)] | None = None
    """Searches, exports and simulations per minute and caller; 0 for any number. By default 600, and in dev any."""
    invitation_limit: Annotated[int, Field(ge=0)] = 200
    """Invitations per hour and person; 0 for any number."""


class Mails(BaseModel):
    """How mails leave, and where their links lead."""

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

    @field_validator("invitation_url", "password_reset_url", "sign_in_url", "verification_url")
    @classmethod
    def _leads_somewhere(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or "#" in value):
            raise ValueError("an absolute http:// or https:// URL, without a fragment")
        return value


class Erasing(BaseModel):
    """Who else erases people."""

    erasure_subscribers: Annotated[tuple[Subscriber, ...], NoDecode] = ()
    """Services that keep copies of personal data and acknowledge each erasure, by name, separated by commas."""
    erasure_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long they have for it."""

    @field_validator("erasure_subscribers", mode="before")
    @classmethod
    def _subscribers(cls, value: object) -> object:
        return parts(value) if isinstance(value, str) else value

    @property
    def erasure_life(self) -> timedelta:
        """How long subscribers have to acknowledge an erasure."""
        return timedelta(days=self.erasure_days)


class Watching(BaseModel):
    """What is told about it."""

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


class Calling(BaseModel):
    """Which addresses of others are called at somebody else's word, as those of webhooks are."""

    outbound_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks that may be called though not everybody can reach them, separated by commas."""
    outbound_http: bool = False
    """Let such addresses begin with `http://` too: for development and tests."""
    webhook_failing_days: Annotated[float, Field(gt=0, le=365)] = 5
    """How long every attempt at a webhook may fail before it is disabled."""

    @field_validator("outbound_networks", mode="before")
    @classmethod
    def _called(cls, value: object) -> object:
        return [ip_network(part) for part in parts(value)] if isinstance(value, str) else value
