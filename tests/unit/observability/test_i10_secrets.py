import logging
import warnings
from dataclasses import dataclass, field
from io import StringIO

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from core.redaction import clean_text
from tests.unit.observability.conftest import Read, Terminal

CANARY = "c4n4ry-9f3b"
JWT = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiI0MiJ9.c4n4ry-9f3b_QkFTRTY0"
TOKEN = "gwr_refresh_c4n4ry-9f3b"
NAMES = [
    "password", "new_password", "PASSWORD", "newPassword", "token", "access_token", "refresh_token", "refreshToken",
    "authorization", "Authorization", "proxy-authorization", "cookie", "Set-Cookie", "secret", "client_secret", "code",
    "code_verifier", "key", "api_key", "X-API-Key", "apiKey", "private_key", "client_assertion", "totp", "otp",
    "recovery_codes", "passphrase", "credential", "webhook_signature",
]  # fmt: skip
TEXTS = [
    f"Authorization: Bearer {CANARY}",
    f"authorization=Basic {CANARY}==",
    f"sent DPoP {CANARY}",
    f"password={CANARY}&user=a",
    f"password: {CANARY}",
    f'{{"password": "{CANARY} with spaces"}}',
    f'{{\\"access_token\\": \\"{CANARY}\\"}}',
    f"{{'refresh_token': '{CANARY}', 'n': 1}}",
    f"SignIn(email='a@b.c', password='{CANARY}')",
    f"GET /auth/sso/google/callback?code={CANARY}&state=x",
    f"cookie: session={CANARY}",
    f"postgresql://gatewright:{CANARY}@db:5432/gatewright",
    f"amqp://guest:{CANARY}@rabbit//",
    f"Invalid token {JWT}",
    f"Invalid token {JWT[:30]}",
    f"no family for {TOKEN}",
    *(f"no such {kind}_{CANARY}" for kind in ("gwc", "gwd", "gwi", "gwm", "gwp", "gws", "gwv")),
    f"$argon2id$v=19$m=65536,t=3,p=4${CANARY}$aGFzaA",
    f"$firescrypt$ln=14,r=8,p=1${CANARY}$aGFzaA==$Bw==$aGFzaA==",
    f"$P$B{CANARY}",
    f"pbkdf2_sha256$600000$salt${CANARY}=",
    f"scrypt$16384${CANARY}$8$1$aGFzaA==",
    f"bcrypt_sha256$$2b$12${CANARY}",
    f"{{SSHA512}}{CANARY}==",
    f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
    f"[SQL: INSERT INTO x]\n[parameters: ('a', '{CANARY}')]",
    f"null value violates not-null constraint\nDETAIL:  Failing row contains (1, {CANARY}, null).",
    f"duplicate key\nDETAIL:  Key (email)=({CANARY}@example.org) already exists.",
    f"1 validation error for Settings\nsecret\n  Value error [type=x, input_value='{CANARY}', input_type=str]",
]
Out = tuple[StringIO, Read]


@dataclass
class SignIn:
    email: str
    password: str = field(repr=False)


def no_canary(stream: StringIO) -> bool:
    out = stream.getvalue()
    return bool(out) and not any(part in out for part in ("c4n4ry", JWT[24:40], "TY0"))


@pytest.mark.parametrize("name", NAMES)
def test_i10_fields_that_carry_secrets_are_masked_at_any_depth(name: str, stream: StringIO, lines: Read) -> None:
    held = {"outer": [{name: CANARY}, {name: [CANARY]}, {name: {"inner": CANARY}}, (CANARY and {name: -12345678901},)]}
    structlog.get_logger("core").info("fields", **{name: CANARY}, held=held)
    structlog.get_logger("core").info("%s", held)
    structlog.get_logger("core").info("%(" + name + ")s", {name: CANARY})
    logging.getLogger("core").info("extra", extra={name: CANARY, "held": held})
    logging.getLogger("core").info("arguments %s %s", held, 1)
    logging.getLogger("core").info("named %(" + name + ")s", {name: CANARY})  # noqa: G003 - the name is what is tested
    structlog.get_logger("core").bind(**{name: CANARY}).info("bound")
    with structlog.contextvars.bound_contextvars(**{name: CANARY}):
        structlog.get_logger("core").info("in context")
    assert len(lines()) == 8
    assert no_canary(stream)
    assert "12345678901" not in stream.getvalue()
    assert lines()[0][name] == "[redacted]"


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_i10_secrets_inside_text_are_masked(text: str, stream: StringIO, lines: Read) -> None:
    ours, library = structlog.get_logger("core"), logging.getLogger("library")
    ours.info(text, note=text, held=[{"note": text}], error=ValueError(text))
    library.warning(text)
    library.warning("it said: %s", text)
    library.warning("it said", extra={"note": text})
    assert len(lines()) == 4
    assert no_canary(stream)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_i10_tracebacks_tell_no_secret(text: str, stream: StringIO, lines: Read) -> None:
    def fail(password: str, message: SignIn) -> None:
        local = [password, message]
        error = ValueError(text)
        error.add_note(text)
        raise RuntimeError(text, local[1]) from error

    for log in (structlog.get_logger("core"), logging.getLogger("library")):
        try:
            fail(CANARY, SignIn("a@b.c", CANARY))
        except RuntimeError:
            log.exception("failed", stack_info=True)
    assert all(line["error"][0]["frames"][-1].endswith(".fail") for line in lines())
    assert all(line["stack"] for line in lines())
    assert no_canary(stream)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_i10_nor_do_terminals(text: str, terminal: Terminal) -> None:
    structlog.get_logger("core").error(text, password=CANARY, note=text, exc_info=ValueError(text))
    assert no_canary(terminal)


def test_i10_warnings_are_cleaned_as_well(stream: StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"the token={CANARY} is short", UserWarning, stacklevel=1)
    assert "is short" in stream.getvalue()
    assert no_canary(stream)


def test_i10_a_statement_that_failed_keeps_its_parameters(stream: StringIO) -> None:
    with create_engine("sqlite://").connect() as connection, pytest.raises(DBAPIError, match=CANARY) as failed:
        connection.execute(text("INSERT INTO nowhere VALUES (:hash)"), {"hash": CANARY})
    logging.getLogger("core").error("failed", exc_info=failed.value)
    assert "INSERT INTO nowhere" in stream.getvalue()
    assert no_canary(stream)


@pytest.mark.parametrize(
    "text",
    [
        "the token has expired",
        "connection to amqp://rabbit:5672/ lost",
        "GET /auth/users/{user_id} 404",
        "exit code: 3, status_code=500",
        "retry 3 of 5 after 0.2 s",
        "key rotated",
    ],
)
def test_what_is_no_secret_can_be_read(text: str) -> None:
    assert clean_text(text) == text


def test_what_is_absent_can_be_seen_to_be(lines: Read) -> None:
    structlog.get_logger("core").info("started", password=None, status_code=500, key_id="k1")
    [line] = lines()
    assert (line["password"], line["status_code"], line["key_id"]) == (None, 500, "k1")
