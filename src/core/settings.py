"""What is configured: from `GATEWRIGHT_*` in the environment, else from `.env`, else the default."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from core.argon2_costs import feeble
from core.secrets import weak
from core.setting_groups import (
    Calling,
    Environment,
    Erasing,
    Logs,
    Mails,
    Passwords,
    Serving,
    Sessions,
    Stores,
    Trust,
    Watching,
)

PREFIX: Final = "GATEWRIGHT_"


class Misconfigured(Exception):
    """The settings cannot be used; the text says which, why, and what to do, a line each."""


class Settings(Serving, Trust, Stores, Logs, Sessions, Passwords, Mails, Erasing, Calling, Watching, BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        for name in ("secret", "previous_secrets", "retired_secrets"):
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
        if self.outbound_http and self.is_production:
            raise ValueError(f"{PREFIX}OUTBOUND_HTTP is not for production: what is sent could be read on its way")
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
    def refreshes_per_minute(self) -> int:
        """The limit per session, and per address for made-up tokens; 0 for none."""
        return (0 if self.is_dev else 6000) if self.refresh_limit is None else self.refresh_limit

    @property
    def revocations_per_minute(self) -> int:
        """The limit per session, and per address for made-up tokens; 0 for none."""
        return (0 if self.is_dev else 600) if self.revoke_limit is None else self.revoke_limit

    @property
    def commands_per_minute(self) -> int:
        """The limit per caller; 0 for none."""
        return (0 if self.is_dev else 6000) if self.command_limit is None else self.command_limit

    @property
    def searches_per_minute(self) -> int:
        """The limit per caller; 0 for none."""
        return (0 if self.is_dev else 600) if self.search_limit is None else self.search_limit

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
    def archive(self) -> Path:
        """Where partitions of the logs are kept that have left the database, absolute."""
        return self.archive_dir.expanduser().resolve() if self.archive_dir else self.folder / "archive"

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


def _line(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{where.upper()}: {message}" if where else message
