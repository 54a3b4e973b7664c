"""Policies in casbin's language over HTTP."""

from litestar import Router, delete, get, post, put

from api.endpoint import endpoint
from domain.access.commands.delete_policy_model import DeletePolicyModel
from domain.access.commands.import_policy import ImportPolicy
from domain.access.commands.put_policy_model import PutPolicyModel
from domain.access.queries.evaluate_policy_model import EvaluatePolicyModel
from domain.access.queries.export_policy import ExportPolicy
from domain.access.queries.get_policy_model import GetPolicyModel

POLICY = "/{organization_id:uuid}/policy"
MODEL = "/{organization_id:uuid}/policy-models/{name:str}"

policies = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, POLICY, ExportPolicy),
        endpoint(post, POLICY, ImportPolicy, status=200),
        endpoint(get, MODEL, GetPolicyModel),
        endpoint(put, MODEL, PutPolicyModel),
        endpoint(delete, MODEL, DeletePolicyModel),
        endpoint(post, f"{MODEL}/evaluate", EvaluatePolicyModel, status=200),
    ],
)
