"""What is asked in both worlds: every operation of the document, about what is seen, hidden, and nowhere."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.integration.api.worlds.scene import Scene

PEOPLE: Final = ("vera", "walt", "hugo", "early", "late", "nothing")
RESOURCES: Final = ("plain-doc", "owned-doc", "shown-doc", "hidden-doc", "hidden-child", "nothing")
SEGMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "delivery_id": ("nothing",),
    "grant_id": (
        *("grant-vera", "grant-crew", "grant-deny", "grant-share", "grant-owner"),
        *("grant-early", "grant-early-owner", "grant-on-hidden", "grant-hidden-share", "grant-deny-wonder", "nothing"),
    ),
    "group_id": ("open", "secret", "nothing"),
    "invitation_id": ("invitation", "invitation-hidden", "nothing"),
    "organization_id": ("organization",),
    "resource_id": RESOURCES,
    "role_id": ("reader", "wonder", "nothing"),
    "service_account_id": ("robot", "nothing"),
    "session_id": ("nothing",),
    "team_id": ("crew", "phantoms", "nothing"),
    "user_id": PEOPLE,
    "webhook_id": ("nothing",),
}
"""What stands in the places of ids in paths. A new name fails the walk."""
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "external_id": RESOURCES,
    "subscriber": ("crm",),
    "kid": ("none",),
    "name": ("rules",),
    "namespace": ("settings",),
    "type": ("document",),
}
MODEL: Final = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
"""
PAGED: Final = frozenset({"limit", "cursor"})
UNASKED: Final = frozenset({"wait"})
"""What only makes a request last."""

Made = Callable[[Scene], list[Any]]


def _one(**filters: str) -> Made:
    """Return requests for one value of one filter after the other."""
    return lambda scene: [{name: scene.id(value)} for name, values in filters.items() for value in values.split()]


def _trails(scene: Scene) -> Iterator[dict[str, Any]]:
    for who in PEOPLE:
        yield {"actor": f"user:{scene.id(who)}"}
        yield {"target": f"user:{scene.id(who)}"}
    yield {"action": "identity."}
    yield {"outcome": "done"}
    yield {"since": "2020-01-01T00:00:00Z", "until": "2090-01-01T00:00:00Z"}


FILTERS: Final[Mapping[str, Made]] = {
    "ListAuditEntries": lambda scene: list(_trails(scene)),
    "ListOrganizationAudit": lambda scene: list(_trails(scene)),
    "ListOwnAudit": lambda _: [{"action": "identity."}],
    "DeleteResource": lambda _: [{"below": "true"}],
    "ExportAuditEntries": lambda _: [{"after": "1"}],
    "ListErasures": lambda _: [{"overdue": "true"}],
    "ListDeliveries": lambda _: [{"state": "dead"}],
    "ListGrants": lambda scene: [
        {"subject_type": "user"},
        {"subject_type": "team"},
        *({"subject_id": scene.id(each)} for each in (*PEOPLE, "crew")),
        *({"role": each} for each in ("reader", "owner", "wonder", "none")),
        {"resource_type": "document"},
        *({"resource_type": "document", "resource_id": each} for each in RESOURCES),
    ],
    "ListResources": lambda scene: [
        {"type": "document"},
        {"type": "folder"},
        *({"parent_type": "document", "parent_id": each} for each in RESOURCES),
        *({"owner": scene.id(each)} for each in PEOPLE),
        *({"external_id": each} for each in ("hidden", "o", "plain")),
    ],
    "ListTeams": lambda scene: [{"top": "true"}, *({"parent_id": scene.id(each)} for each in SEGMENTS["team_id"])],
    "ListUsers": lambda _: [{"email": "early@example.com"}, {"is_active": "true"}],
    "ReadFeed": lambda scene: [
        {"after": "0"},
        {"type": "teams.*.*"},
        {"organization_id": scene.id("organization")},
    ],
    "ReadSnapshot": lambda scene: [
        {"kind": kind, "organization_id": scene.id("organization"), **more}
        for kind in ("user", "membership", "team_member", "resource", "visibility_content", "none")
        for more in ({}, {"after": scene.id("nothing")})
    ],
    "ReadDigest": lambda scene: [
        {"kind": "resource", "organization_id": scene.id("organization"), "first": scene.id("nothing")},
        {"kind": "membership", "last": scene.id("nothing"), "parts": "2"},
    ],
    "StreamFeed": lambda scene: [
        {"after": "0"},
        {"type": "teams.*.*"},
        {"organization_id": scene.id("organization")},
    ],
    "ReadRevocations": lambda _: [{"after": "0"}],
    "RevokeSessions": lambda _: [{"all": "false"}],
    "RemoveVisibilityContent": lambda scene: [
        *({"user_id": scene.id(each)} for each in PEOPLE),
        *({"resource_type": "document", "resource_id": each} for each in RESOURCES),
    ],
    "RemoveVisibilityMember": _one(user_id=" ".join(PEOPLE), team_id="crew nothing"),
}
"""Beside none at all: each of an operation's filters has to be here."""


def _entity(scene: Scene, name: str) -> dict[str, Any]:
    return {"type": "user", "id": scene.id(name)}


def _context(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"organization_id": scene.id("organization"), **more}


def _things(scene: Scene) -> list[dict[str, Any]]:
    planned = {"planned": True, "parent": {"type": "document", "id": "hidden-doc"}, "owner": scene.id("early")}
    return [
        *({"type": "document", "id": each} for each in RESOURCES),
        {"type": "document", "id": "new", "properties": planned},
        {"type": "organization", "id": scene.id("organization")},
    ]


def _evaluations(scene: Scene) -> list[dict[str, Any]]:
    return [
        {"subject": _entity(scene, who), "action": {"name": action}, "resource": thing, "context": _context(scene)}
        for who in (*PEOPLE, "manager", "plain")
        for thing in _things(scene)
        for action in (("members:read",) if thing["type"] == "organization" else ("read",))
    ]


def _searches(scene: Scene, **more: Any) -> list[dict[str, Any]]:
    return [{**more, "context": _context(scene), "page": {"limit": limit}} for limit in (1, 2, 100)]


def _people_of(scene: Scene) -> list[dict[str, Any]]:
    return [{"user_id": scene.id(each)} for each in PEOPLE]


def _named(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"type": "document", "id": each} for each in names]


def _changes(scene: Scene) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield changes that are simulated, with their arguments."""
    for kind, who in (*(("user", each) for each in PEOPLE), ("team", "crew"), ("service_account", "robot")):
        for where in ({}, *({"on": each} for each in _named(("plain-doc", "hidden-doc")))):
            yield "MakeGrant", {"subject": {"type": kind, "id": scene.id(who)}, "role": "reader", **where}
    for each in RESOURCES:
        yield "UpdateResource", {"resource_id": scene.id(each), "owner": scene.id("vera")}
    for each in ("robot", "nothing"):
        yield "DeactivateServiceAccount", {"service_account_id": scene.id(each)}
    yield "DeleteTeam", {"team_id": scene.id("crew")}
    yield "UpdateRole", {"role_id": scene.id("reader"), "permissions": []}


BODIES: Final[Mapping[str, Made]] = {
    "AcceptInvitation": lambda _: [{"token": "gwi_x"}],
    "AddMember": lambda scene: [
        *({"role": "member", "user_id": scene.id(each)} for each in PEOPLE),
        *({"role": "member", "email": email} for email in (scene.emails["vera"], "early@example.com")),
    ],
    "AddTeamMember": _people_of,
    "AddVisibilityContent": lambda scene: [
        *_people_of(scene)[1:],
        *({"resource": each} for each in _named(RESOURCES[3:])),
    ],
    "AddVisibilityMember": lambda scene: [*_people_of(scene), {"team_id": scene.id("phantoms")}],
    "ChangeEmail": lambda _: [{"token": "gwc_x"}],
    "ChangePassword": lambda _: [{"current_password": "not it at all", "new_password": "nor is this one of them"}],
    "ChangeTeamMember": lambda _: [{"role": "admin"}, {"role": "member"}],
    "CreateOrganization": lambda _: [{"name": "Another", "slug": "acme"}, {"name": "Another", "slug": "another"}],
    "CreateResource": lambda scene: [
        *({"type": "document", "external_id": each} for each in RESOURCES),
        {"type": "document", "external_id": "new", "owner": scene.id("early")},
        {"type": "document", "external_id": "new", "parent": {"type": "document", "id": "hidden-doc"}},
    ],
    "CreateRole": lambda _: [{"name": "made", "permissions": ["document:read"]}],
    "CreateServiceAccount": lambda _: [{"name": "made"}],
    "CreateTeam": lambda scene: [{"name": "made"}, {"name": "made", "parent_id": scene.id("phantoms")}],
    "CreateUser": lambda _: [{"email": "early@example.com"}],
    "CreateVisibilityGroup": lambda _: [{"name": "made"}],
    "CreateWebhook": lambda _: [{"url": "https://example.com/", "event_types": ["*"]}],
    "DevRegister": lambda _: [{"email": "somebody-else@example.com"}],
    "DevSignIn": lambda scene: [{"email": scene.emails["vera"]}],
    "EvaluateAccess": _evaluations,
    "EvaluateMany": lambda scene: [{"evaluations": _evaluations(scene)}],
    "EvaluatePolicyModel": lambda _: [{"requests": [["ada", "data", "read"]]}],
    "ExplainAccess": _evaluations,
    "FinishSetup": lambda _: [{"email": "root@example.com", "token": "x", "password": "correct horse battery"}],
    "FinishMailedSignIn": lambda _: [{"challenge": "gwm_x", "code": "12345678"}],
    "RequestMailedSignIn": lambda _: [{"email": "early@example.com"}],
    "ForgotPassword": lambda _: [{"email": "early@example.com"}],
    "ImportPolicy": lambda scene: [
        {"policy": f"p, user:{scene.id(who)}, organization, {where}, role:reader, {effect}", "dry_run": dry}
        for who in PEOPLE
        for where in ("*", "document/plain-doc", "document/hidden-doc")
        for effect, dry in (("allow", True), ("allow", False), ("deny", True))
    ],
    "IntrospectToken": lambda _: ["token=x"],
    "InviteMember": lambda scene: [
        {"email": email, "role": "member"}
        for email in (scene.emails["vera"], "early@example.com", "invitation-hidden@example.com", "new@example.com")
    ],
    "MakeGrant": lambda scene: [
        {"subject": {"type": kind, "id": scene.id(who)}, "role": role, "effect": effect, **where}
        for kind, who in (*(("user", each) for each in PEOPLE), ("team", "crew"), ("team", "phantoms"))
        for role, effect in (("reader", "allow"), ("wonder", "deny"))
        for where in ({}, *({"on": each} for each in _named(("plain-doc", "hidden-doc"))))
    ],
    # Whoever is hidden first: once there is a document, the version is judged before the people.
    "PutConfiguration": lambda scene: [
        *({"of": {"$personal": {"user_id": scene.id(each), "value": 1}}} for each in reversed(PEOPLE)),
        {"a": 1},
    ],
    "PutPolicyModel": lambda _: [{"model": MODEL, "policy": "p, ada, data, read"}],
    "PutResource": lambda scene: [
        {"attributes": {"status": "draft"}},
        {"owner": scene.id("early")},
        {"owner": scene.id("vera")},
    ],
    "Redeliver": lambda _: [{}, {"after": 0}],
    "RefreshSession": lambda _: [{"refresh_token": "gwr_x"}],
    "RegisterResources": lambda scene: [
        {"resources": [{"type": "document", "external_id": each} for each in names]}
        for names in (RESOURCES, RESOURCES[:2])
    ],
    "ResetPassword": lambda _: [{"token": "gwp_x", "password": "correct horse battery staple"}],
    "RequestEmailChange": lambda _: [{"email": "early@example.com", "password": "not it at all"}],
    "RevokeToken": lambda _: ["token=gwr_x"],
    "RotateWebhookSecret": lambda _: [{}],
    "SearchActions": lambda scene: [
        body
        for who in (*PEOPLE, "plain")
        for thing in (
            *_named(("plain-doc", "hidden-doc", "owned-doc")),
            {"type": "organization", "id": scene.id("organization")},
        )
        for body in _searches(scene, subject=_entity(scene, who), resource=thing)
    ],
    "SearchResources": lambda scene: [
        body
        for who in (*PEOPLE, "manager", "plain")
        for body in _searches(
            scene, subject=_entity(scene, who), action={"name": "read"}, resource={"type": "document"}
        )
    ],
    "SearchSubjects": lambda scene: [
        body
        for thing in _things(scene)
        for body in _searches(
            scene,
            subject={"type": "user"},
            action={"name": "members:read" if thing["type"] == "organization" else "read"},
            resource=thing,
        )
    ],
    "ShareResource": lambda scene: [
        {"subject": {"type": kind, "id": scene.id(who)}, "role": "reader"}
        for kind, who in (*(("user", each) for each in PEOPLE), ("team", "phantoms"))
    ],
    "ShowInvitation": lambda _: [{"token": "gwi_x"}],
    "SimulateChange": lambda scene: [
        {"change": {"operation": operation, "arguments": _context(scene, **given)}, "context": _context(scene)}
        for operation, given in _changes(scene)
    ],
    "SignIn": lambda _: [{"email": "early@example.com", "password": "not it at all"}],
    "SignUp": lambda _: [{"email": "newcomer@example.com", "password": "correct horse battery staple"}],
    "SignUpWithInvitation": lambda _: [{"token": "gwi_x", "password": "correct horse battery staple"}],
    "TransferOwnership": _people_of,
    "UpdateMe": lambda _: [{"full_name": "Somebody"}],
    "UpdateOrganization": lambda _: [{"name": "Acme & Co"}],
    "UpdateResource": lambda scene: [
        {"attributes": {"status": "draft"}},
        *({"owner": owner} for owner in (scene.id("early"), None, scene.id("vera"))),
        *({"parent": parent} for parent in (*_named(("hidden-doc", "plain-doc")), None)),
    ],
    "UpdateRole": lambda _: [{"description": "Changed"}, {"permissions": []}],
    "UpdateServiceAccount": lambda _: [{"description": "Changed"}],
    "UpdateSystemRole": lambda _: [{"permissions": []}],
    "UpdateTeam": lambda scene: [{"parent_id": None}, {"parent_id": scene.id("phantoms")}, {"name": "renamed"}],
    "UpdateUser": lambda _: [{"full_name": "Somebody"}],
    "UpdateVisibilityGroup": lambda _: [{"name": "renamed"}],
    "UpdateWebhook": lambda _: [{"description": "Changed"}],
    "VerifyEmail": lambda _: [{"token": "gwv_x"}],
}
"""By operation. One that takes a body and is not here fails the walk."""
READS: Final = frozenset({"EvaluateAccess", "EvaluateMany", "EvaluatePolicyModel", "ExplainAccess", "SearchActions", "SearchResources", "SearchSubjects", "SimulateChange"})  # fmt: skip
"""Questions that are sent as bodies."""
LAST: Final = (
    ("LeaveOrganization", ("plain",)),
    ("DeleteOrganization", ("plain", "manager")),
    ("LeaveOrganization", ("manager",)),
    ("RevokeSessions", ("manager", "plain")),
    ("SignOut", ("manager",)),
    ("DeleteMe", ("plain",)),
)
"""They end what the others need: who does them, and when."""


REFUSED: Final = frozenset(
    {
        # They change what is common to all, or tell all of it: for those who look over walls.
        *("AddMember", "CreateResource", "DeleteResource", "DeleteVisibilityGroup", "ExportPolicy", "InviteMember"),
        *("ListOrganizationAudit", "RemoveMember", "ResendInvitation", "TransferOwnership"),
        *("CreateWebhook", "DeleteWebhook", "ListDeliveries", "Redeliver", "RedeliverOne", "RotateWebhookSecret"),
        *("TryWebhook", "UpdateWebhook"),
        # There are no webhooks in this world.
        "GetWebhook",
        # They are the platform's.
        *(
            "CreateUser",
            "ExportAuditEntries",
            "ListAuditEntries",
            "DeactivateUser",
            "DeleteUser",
            "ExportUser",
            "GetUser",
            "ListUsers",
            "ReactivateUser",
            "ReadDigest",
            "ReadFeed",
            "ReadSnapshot",
            "StreamFeed",
            "UnlockUser",
        ),
        *(
            "UpdateSystemRole",
            "UpdateUser",
            "ListKeys",
            "RemoveKey",
            "RotateKeys",
            "ReadRevocations",
            "IntrospectToken",
        ),
        "RevokeUserSessions",
        *("AcknowledgeErasure", "GetErasure", "ListErasures"),
        # They take a secret, or a session, that nobody who asks has.
        *("AcceptInvitation", "ChangePassword", "FinishSetup", "RefreshSession", "RevokeSession", "SignIn"),
        *(
            "ResetPassword",
            "FinishMailedSignIn",
            "ShowInvitation",
            "SignUpWithInvitation",
            "VerifyEmail",
            "ChangeEmail",
            "RequestEmailChange",
        ),
    }
)
"""What is refused to all who ask, whatever they send; everything else has to be done at least once."""


@dataclass(frozen=True)
class Request:
    """One request, as somebody sends it."""

    operation: str
    method: str
    path: str
    body: Any = None


def requests(document: dict[str, Any], operation: str, scene: Scene) -> Iterator[Request]:
    """Yield every request of an operation; raise `KeyError` if nothing says how to make them."""
    ((path, method, spec),) = [
        (path, method, each)
        for path, verbs in document["paths"].items()
        for method, each in verbs.items()
        if each["operationId"] == operation
    ]
    shared = document["components"]["parameters"]
    parameters = [
        shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in spec.get("parameters", ())
    ]
    query = {each["name"] for each in parameters if each["in"] == "query"}
    sets = [{}, *(FILTERS[operation](scene) if query - PAGED - UNASKED else ())]
    assert query - PAGED - UNASKED == {name for each in sets for name in each}, (operation, query)
    bodies = BODIES[operation](scene) if "requestBody" in spec else [None]
    for place in places(path, [each["name"] for each in parameters if each["in"] == "path"], scene):
        for given in sets:
            for limit in ("1", "2", None) if "limit" in query else (None,):
                asked = {**given, **({"limit": limit} if limit else {})}
                for body in bodies:
                    yield Request(operation, method.upper(), f"{place}?{urlencode(asked)}" if asked else place, body)


def places(path: str, segments: list[str], scene: Scene) -> Iterator[str]:
    """Yield the path with everything that can stand in it."""
    choices = [[scene.id(each) for each in SEGMENTS[name]] if name in SEGMENTS else TEXTS[name] for name in segments]
    for chosen in product(*choices):
        yield path.format(**{name: quote(value, safe="") for name, value in zip(segments, chosen, strict=True)})
