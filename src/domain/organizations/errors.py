"""Refusals of the organizations capability."""

from domain.kernel.errors import Invalid, NotFound


class ConfigurationNotFound(NotFound):
    """The organization has no configuration in this namespace."""

    code = "organizations.configuration_not_found"


class NamespaceInvalid(Invalid):
    """A namespace is 1 to 63 lower-case letters, digits, `_`, `.` and `-`, and starts with a letter."""

    code = "organizations.namespace_invalid"


class DocumentInvalid(Invalid):
    """The document is too large or too deep, or holds a value that JSON cannot carry unchanged."""

    code = "organizations.document_invalid"
