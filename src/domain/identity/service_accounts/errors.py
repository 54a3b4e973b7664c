"""Refusals about service accounts."""

from domain.kernel.errors import Conflict, Invalid, NotFound


class ServiceAccountNotFound(NotFound):
    """There is no such service account in this organization."""

    code = "identity.service_account_not_found"


class ServiceAccountNameTaken(Conflict):
    """Another service account of this organization has this name."""

    code = "identity.service_account_name_taken"


class ServiceAccountDescriptionInvalid(Invalid):
    """A description has at most 500 characters, and no control characters."""

    code = "identity.service_account_description_invalid"
