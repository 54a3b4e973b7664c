"""What can be configured, and what is refused."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from core.keyring import generate
from core.keys import Keys
from core.setting_groups import Environment
from core.settings import Misconfigured, Settings, load, unknown

STRONG = "wQ7rDmV2kY9sXbT4nGfJ6hLzPc8eRuAa"
NEEDED = {
    "SECRET": STRONG,
    "ISSUER": "https://auth.example.com",
    "DATABASE_URL": "postgresql://app:hunter2-database@db/app",
    "REDIS_URL": "redis://:hunter2-redis@cache/0",
}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in an empty folder, with nothing configured."""
    monkeypatch.chdir(tmp_path)
    for name in unknown() + [f"GATEWRIGHT_{name.upper()}" for name in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"GATEWRIGHT_{name}", value)


def test_nothing_has_to_be_configured_in_development() -> None:
    settings = load()

    assert settings.environment is Environment.DEV
    assert settings.served_at == "http://127.0.0.1:8000"
    assert settings.serves_docs
    assert (settings.sign_ins_per_minute, settings.sign_ups_per_minute) == (0, 0)


def test_only_names_with_our_prefix_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    given(
        monkeypatch,
        PORT="9000",
        TRUSTED_PROXIES="10.0.0.0/8, ::1",
        PREVIOUS_SECRETS=f"{STRONG}, {STRONG[::-1]}",
        RETIRED_SECRETS=f"{STRONG[1:]}x",
    )

    settings = load()

    assert settings.port == 9000
    assert [str(each) for each in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert [each.get_secret_value() for each in settings.previous_secrets] == [STRONG, STRONG[::-1]]
    assert [each.get_secret_value() for each in settings.retired_secrets] == [f"{STRONG[1:]}x"]


def test_s6_a_session_is_not_idle_while_its_access_token_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SESSION_IDLE_SECONDS="600")
    with pytest.raises(Misconfigured, match="SESSION_IDLE_SECONDS"):
        load()

    given(monkeypatch, SESSION_IDLE_SECONDS="3600", SESSION_SECONDS="86400")
    settings = load()
    assert (settings.session_idle, settings.session_life) == (timedelta(hours=1), timedelta(days=1))


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("GATEWRIGHT_PORT=9001\nGATEWRIGHT_HOST=0.0.0.0\nOTHER=1\n")
    given(monkeypatch, PORT="9002")

    assert (load().port, load().host) == (9002, "0.0.0.0")


def test_what_is_empty_is_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PORT="", DATABASE_URL="", SECRET="", DOCS="")

    settings = load()

    assert (settings.port, settings.database_url, settings.secret, settings.docs) == (8000, None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "many"),
        ("WORKERS", "0"),
        ("ENVIRONMENT", "prod"),
        ("SIGNING_ALGORITHM", "none"),
        ("ACCESS_TOKEN_SECONDS", "5"),
        ("TRUSTED_PROXIES", "everywhere"),
        ("PASSWORD_MIN_LENGTH", "4"),
        ("LOG_LEVEL", "LOUD"),
        ("TRACE_SHARE", "2"),
    ],
)
def test_says_which_one_cannot_be_used(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, **{name: value})

    with pytest.raises(Misconfigured) as refused:
        load()

    assert str(refused.value).startswith(f"GATEWRIGHT_{name}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["SECRET", "PREVIOUS_SECRETS", "RETIRED_SECRETS"])
@pytest.mark.parametrize("environment", ["dev", "test", "production"])
@pytest.mark.parametrize("weak", ["hunter2", "a" * 64, "changeme" * 8])
def test_a_weak_secret_is_refused_everywhere_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, environment: str, weak: str
) -> None:
    given(monkeypatch, **NEEDED | {"ENVIRONMENT": environment, name: weak})

    with pytest.raises(Misconfigured) as refused:
        load()

    assert f"GATEWRIGHT_{name} is too weak" in str(refused.value)
    assert weak not in str(refused.value)


@pytest.mark.parametrize("missing", NEEDED)
def test_production_needs_what_nobody_can_guess(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    given(monkeypatch, ENVIRONMENT="production", **{name: each for name, each in NEEDED.items() if name != missing})

    with pytest.raises(Misconfigured, match=f"GATEWRIGHT_{missing} must be set in production"):
        load()


def test_production_has_safe_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ENVIRONMENT="production", **NEEDED)

    settings = load()

    assert not settings.is_dev
    assert not settings.serves_docs
    assert (settings.sign_ins_per_minute, settings.sign_ups_per_minute) == (300, 60)


def test_production_is_served_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ENVIRONMENT="production", **NEEDED | {"ISSUER": "http://auth.example.com"})

    with pytest.raises(Misconfigured, match="https"):
        load()


def test_misspelt_names_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, POTR="1", PORT="9000", TEST_DATABASE_URL="x")

    assert unknown() == ["GATEWRIGHT_POTR"]


def test_misspelt_names_in_the_file_are_reported() -> None:
    Path(".env").write_text("GATEWRIGHT_SECRTE=x\nGATEWRIGHT_PORT=9000\nOTHER=1\n")

    assert unknown() == ["GATEWRIGHT_SECRTE"]


def test_i10_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"PREVIOUS_SECRETS": STRONG[::-1], "SMTP_URL": "smtp://u:hunter2-mail@host", "MONGODB_URI": "m://hunter2-m"}
    given(monkeypatch, **NEEDED | more | {"RABBITMQ_URL": "amqp://u:hunter2-rabbit@host"})

    shown = f"{load()!r}{load()}{load().model_dump_json()}"

    assert "hunter2" not in shown
    assert STRONG not in shown
    assert STRONG[::-1] not in shown


def test_generated_secrets_stay_and_are_the_owners_alone() -> None:
    settings = load()

    first, second = Keys.read(settings), Keys.read(settings)

    assert str(first.setup) == str(second.setup)
    made = [path for path in settings.folder.rglob("*") if path.is_file()]
    assert [path.name for path in made] == ["secret"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_another_folder_has_other_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Keys.read(load())
    given(monkeypatch, DATA_DIR="elsewhere")

    assert str(Keys.read(load()).setup) != str(here.setup)


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', "no JSON", generate("RS256")])
def test_keys_that_cannot_sign_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    Path("keys.json").write_text(content)
    given(monkeypatch, SIGNING_KEYS_FILE="keys.json")

    with pytest.raises(Misconfigured) as refused:
        Keys.read(load())

    assert str(refused.value).startswith("GATEWRIGHT_SIGNING_KEYS_FILE: ")


@pytest.mark.parametrize("folder", ["file/below", "file"])
def test_a_data_folder_that_cannot_be_one_is_refused(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    Path("file").write_text("")
    given(monkeypatch, DATA_DIR=folder)

    with pytest.raises(Misconfigured, match="GATEWRIGHT_DATA_DIR"):
        Keys.read(load())


def test_an_empty_secret_file_is_refused() -> None:
    folder = load().folder
    folder.mkdir()
    (folder / "secret").write_text("")

    with pytest.raises(Misconfigured, match="GATEWRIGHT_DATA_DIR"):
        Keys.read(load())


def test_a_file_holds_the_secret_and_those_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text(f"{STRONG}\n\n{STRONG[::-1]}\n")
    given(monkeypatch, **NEEDED | {"ENVIRONMENT": "production", "SECRET": "", "SECRET_FILE": "secret"})

    secrets = Keys.read(load()).secrets

    assert (secrets.current, secrets.previous) == (STRONG.encode(), (STRONG[::-1].encode(),))
    assert STRONG not in f"{load()!r}{Keys.read(load())!r}"


def test_a_secret_comes_from_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SECRET=STRONG, SECRET_FILE="secret")

    with pytest.raises(Misconfigured, match="GATEWRIGHT_SECRET and GATEWRIGHT_SECRET_FILE are both set"):
        load()


@pytest.mark.parametrize("content", [None, "", "hunter2", f"{STRONG}\nhunter2"])
def test_a_file_without_a_good_secret_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        Path("given").write_text(content)
    given(monkeypatch, SECRET_FILE="given")

    with pytest.raises(Misconfigured) as refused:
        Keys.read(load())

    assert str(refused.value).startswith("GATEWRIGHT_SECRET_FILE: ")
    assert "hunter2" not in str(refused.value)


def test_keys_rotate_unless_it_is_said_that_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Keys.read(load()).policy.rotation == timedelta(days=90)
    given(monkeypatch, KEY_ROTATION_DAYS="0")
    assert Keys.read(load()).policy.rotation is None


@pytest.mark.parametrize(("memory", "passes", "lanes"), [("19455", "2", "1"), ("8192", "1", "1"), ("7167", "10", "1")])
def test_f15_hashes_weaker_than_owasp_asks_for_are_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, memory: str, passes: str, lanes: str
) -> None:
    given(monkeypatch, ENVIRONMENT="test", ARGON2_MEMORY=memory, ARGON2_PASSES=passes, ARGON2_LANES=lanes)
    assert load().argon2_memory == int(memory)
    given(monkeypatch, ENVIRONMENT="production", **NEEDED)
    with pytest.raises(Misconfigured, match="GATEWRIGHT_ARGON2_MEMORY, _PASSES and _LANES: weaker than what OWASP"):
        load()
    given(monkeypatch, ARGON2_MEMORY="47104", ARGON2_PASSES="1")
    assert load().argon2_passes == 1


def test_f15_argon2_needs_memory_for_its_lanes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ARGON2_MEMORY="31", ARGON2_LANES="4")
    with pytest.raises(Misconfigured, match="each lane needs 8 KiB"):
        load()


def test_breached_passwords_are_asked_for_in_secret_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, BREACHED_PASSWORDS="http://127.0.0.1/range")
    assert load().breached_passwords
    given(monkeypatch, ENVIRONMENT="production", **NEEDED)
    with pytest.raises(Misconfigured, match="BREACHED_PASSWORDS must be an https:// address"):
        load()


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "http://localhost:80",
        "https://App.example.com",
        "app.example.com",
        "https://app.example.com https://b.example.com",
        "https://user@app.example.com",
        "file:///tmp",
    ],
)
def test_s4_origins_are_exact(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    given(monkeypatch, CORS_ORIGINS=origin)

    with pytest.raises(Misconfigured, match="is no origin"):
        load()


def test_s4_several_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().cors_origins == ()
    listed = "https://app.example.com, http://localhost:3000,https://[2001:db8::1]:8443"
    given(monkeypatch, CORS_ORIGINS=listed)

    assert load().cors_origins == tuple(each.strip() for each in listed.split(","))
