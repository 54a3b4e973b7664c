"""What every use case owes its readers."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc, isfunction, signature
from itertools import product
from typing import TypeVar, get_type_hints

import pytest
from litestar import Router
from litestar.routes import HTTPRoute

import api.routes
from api.problems import status_of
from core.discovery import load_use_cases
from domain.kernel.errors import DomainError
from domain.kernel.events import Event
from domain.kernel.usecases import UseCase
from domain.resources.errors import ResourceNotFound

T = TypeVar("T")

CASES = sorted(load_use_cases(), key=lambda case: case.name)
SECRETS = ("password", "secret", "token", "code")
PUBLIC = {
    "DevRegister",
    "DevSignIn",
    "FinishMailedSignIn",
    "FinishSetup",
    "ForgotPassword",
    "ReadPublicRevocations",
    "RefreshSession",
    "RequestAccount",
    "RequestMailedSignIn",
    "ResetPassword",
    "RevokeToken",
    "ShowInvitation",
    "SignIn",
    "SignUp",
    "SignUpWithInvitation",
    "VerifyEmail",
    "ChangeEmail",
}
ELSEWHERE: dict[str, str] = dict.fromkeys(
    ("EvaluateAccess", "EvaluateMany", "ExplainAccess", "SearchActions", "SearchResources", "SearchSubjects"),
    "the AuthZEN API",
) | {
    "IntrospectToken": "RFC 7662",
    "RevokeToken": "RFC 7009",
    "SimulateChange": "beside the AuthZEN API",
    "OpenAccount": "workers, when somebody asked for an account in private",
    "DisableWebhook": "workers, when an endpoint fails for too long",
    "ReplayEvents": "the command line",
    "RetryParkedEvents": "the command line",
    "TendKeys": "workers, and whichever process finds an empty ring",
}
"""Use cases without a generated route, and how they are reached instead."""

UNSIMULATED = {
    "CreateWebhook",
    "DeletePolicyModel",
    "DeleteWebhook",
    "DisableWebhook",
    "InviteMember",
    "PutConfiguration",
    "PutPolicyModel",
    "Redeliver",
    "RedeliverOne",
    "ReplayEvents",
    "ResendInvitation",
    "RotateWebhookSecret",
    "TryWebhook",
    "UpdateOrganization",
    "UpdateServiceAccount",
    "UpdateVisibilityGroup",
    "UpdateWebhook",
    "WithdrawInvitation",
}
"""Commands in organizations that change nobody's access."""

every_use_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def routers() -> Iterator[Router]:
    """Yield every table of routes; one that depends on the configuration, under each configuration."""
    for module in pkgutil.iter_modules(api.routes.__path__, "api.routes."):
        for table in vars(import_module(module.name)).values():
            if isinstance(table, Router):
                yield table
            elif isfunction(table) and get_type_hints(table).get("return") is Router:
                flags = signature(table).parameters
                for values in product([False, True], repeat=len(flags)):
                    yield table(**dict(zip(flags, values, strict=True)))


PATHS = [route for router in routers() for route in router.routes if isinstance(route, HTTPRoute)]
ROUTES = {str(each.operation_id) for path in PATHS for each in path.route_handlers if each.operation_id}


@every_use_case
def test_explains_itself_in_one_line(case: UseCase) -> None:
    summary = (getdoc(case.message) or "").partition("\n")[0]
    assert summary.endswith(".")
    assert summary[0].isupper()


@every_use_case
def test_is_audited_if_it_writes(case: UseCase) -> None:
    assert case.audit or not case.writes


def test_names_in_the_audit_trail_are_unique() -> None:
    names = [case.audit for case in CASES if case.audit]
    assert sorted(names) == sorted(set(names))


@every_use_case
def test_hides_its_secrets(case: UseCase) -> None:
    fields = case.message.__dataclass_fields__.values()  # type: ignore[attr-defined]  # messages are dataclasses
    named = [field for field in fields if field.name.endswith(SECRETS)]
    assert not [field.name for field in named if field.repr or not field.metadata.get("secret")]


@every_use_case
def test_is_reachable(case: UseCase) -> None:
    assert (case.name in ROUTES) != (case.name in ELSEWHERE)


def test_every_change_of_access_can_be_simulated() -> None:
    fields = {case.name: case.message.__dataclass_fields__ for case in CASES if case.writes}  # type: ignore[attr-defined]
    there = {name for name, known in fields.items() if "organization_id" in known}
    elsewhere = {"DeactivateUser", "DeleteUser", "ReactivateUser", "UpdateSystemRole"}
    assert {case.name for case in CASES if case.simulated} == (there - UNSIMULATED) | elsewhere
    assert there >= UNSIMULATED


def test_nothing_else_is_served_by_generated_routes() -> None:
    assert {case.name for case in CASES} >= ROUTES
    assert set(ELSEWHERE) <= {case.name for case in CASES}


def test_use_cases_open_to_anyone_are_known() -> None:
    assert {case.name for case in CASES if not case.access.signed_in} == PUBLIC


@every_use_case
def test_refuses_with_a_code_a_sentence_and_a_status(case: UseCase) -> None:
    for refusal in case.raises:
        assert status_of(refusal) >= 400
        assert refusal.code
        assert (getdoc(refusal) or "").endswith(".")


@every_use_case
def test_names_the_fields_that_say_where(case: UseCase) -> None:
    fields = {*case.message.__dataclass_fields__}  # type: ignore[attr-defined]  # messages are dataclasses
    assert fields >= {each for each in (case.access.within, case.access.on) if each}
    assert case.access.on is None or (case.access.within and ResourceNotFound in case.raises)


def test_codes_of_refusals_are_unique() -> None:
    codes = [kind.code for kind in declared(DomainError) if "code" in vars(kind)]
    assert sorted(codes) == sorted(set(codes))


def test_types_of_events_are_unique_and_well_formed() -> None:
    types = [kind.type for kind in declared(Event)]
    assert sorted(types) == sorted(set(types))
    assert not [name for name in types if len(name.split(".")) != 3]


def test_every_event_is_announced_by_some_use_case() -> None:
    announced = {kind for case in CASES for kind in case.emits}
    assert declared(Event) == announced


def test_what_a_use_case_entails_is_announced_by_another_capability() -> None:
    entailed = {(case.message.__module__.split(".")[1], kind) for case in CASES for kind in case.entails}
    assert {kind for _, kind in entailed} <= {event.type for event in declared(Event)}
    assert not [kind for capability, kind in entailed if kind.startswith(f"{capability}.")]


def test_events_carry_no_secret() -> None:
    fields = {f"{kind.type}: {name}" for kind in declared(Event) for name in get_type_hints(kind)}
    assert not {field for field in fields if field.endswith((*SECRETS, "hash"))}


def declared(kind: type[T]) -> set[type[T]]:
    """Return what extends `kind` in our modules; the first draft of a dataclass with slots does not count."""
    found = set()
    for each in kind.__subclasses__():
        module = import_module(each.__module__)
        if each.__module__.split(".")[0] in {"api", "core", "domain"} and vars(module).get(each.__name__) is each:
            found.add(each)
        found |= declared(each)
    return found
