"""What lets anyone in, in development only."""

import pytest

from api.app import routes
from core.setting_groups import Environment
from core.settings import Settings
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.dev_register import DevRegister
from domain.identity.errors import EmailInvalid, EmailTaken, FullNameInvalid, UsernameInvalid, UsernameTaken
from domain.identity.queries.get_me import GetMe
from domain.sessions.commands.dev_sign_in import DevSignIn
from domain.sessions.errors import SignInRefused
from domain.sessions.queries.list_sessions import ListSessions
from tests.support.app import App
from tests.support.memory.identity import CREDENTIALS

ADA = DevRegister(email="Ada@Example.com", full_name="Ada", username="Ada")


async def test_registers_without_a_password(app: App) -> None:
    user = await app.send(ADA)

    assert (user.email, user.username, user.is_superuser) == ("ada@example.com", "ada", False)
    assert user.id not in app.memory.table(CREDENTIALS)
    assert [fact.type for fact in app.facts] == ["identity.user.created"]
    assert app.audited == [("identity.user.dev_register", "done")]


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (DevRegister(email="ada"), EmailInvalid),
        (DevRegister(email="ada@example.com"), EmailTaken),
        (DevRegister(email="b@example.com", username="ada"), UsernameTaken),
        (DevRegister(email="b@example.com", username="!"), UsernameInvalid),
        (DevRegister(email="b@example.com", full_name=" "), FullNameInvalid),
    ],
)
async def test_keeps_the_rules_of_accounts(app: App, message: DevRegister, refusal: type[Exception]) -> None:
    await app.send(ADA)

    with pytest.raises(refusal):
        await app.send(message)

    assert len(app.facts) == 1


@pytest.mark.parametrize("login", ["ada@example.com", "ADA@example.com", "ada"])
async def test_signs_in_whoever_it_is_told(app: App, login: str) -> None:
    user = await app.send(ADA)

    tokens = await app.send(DevSignIn(email=login))

    assert (await app.send(GetMe(), as_=tokens)).id == user.id
    assert (await app.send(ListSessions(), as_=tokens)).items[0].factors == ["dev"]
    assert app.facts[-1].data["factors"] == ["dev"]
    assert app.audited[-1] == ("sessions.session.dev_start", "done")


async def test_signs_in_nobody_who_may_not(app: App) -> None:
    root = await app.administrator()
    user = await app.send(ADA)
    await app.send(DeactivateUser(user_id=user.id), as_=root)

    for login in ("ada@example.com", "nobody@example.com", "@"):
        with pytest.raises(SignInRefused):
            await app.send(DevSignIn(email=login))


@pytest.mark.parametrize("environment", [Environment.TEST, Environment.PRODUCTION])
@pytest.mark.parametrize("private", ["0", "1"])
def test_is_not_among_the_routes_elsewhere(environment: Environment, private: str) -> None:
    settings = Settings.model_construct(environment=environment, signup_private=private == "1")

    paths = {route.path for router in routes(settings) for route in router.routes}

    assert "/auth/login" in paths
    assert not {path for path in paths if "/dev" in path}
