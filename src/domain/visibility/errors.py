"""Refusals of the visibility capability."""

from domain.kernel.errors import Conflict, Invalid, NotFound


class GroupNotFound(NotFound):
    """There is no such visibility group in this organization."""

    code = "visibility.group_not_found"


class ViewerNotFound(NotFound):
    """There is no such member or team in this organization, or none that the actor may see."""

    code = "visibility.viewer_not_found"


class ContentNotFound(NotFound):
    """There is no such resource or member in this organization, or none that the actor may see."""

    code = "visibility.content_not_found"


class NotInGroup(NotFound):
    """This is not in the visibility group, or nothing that the actor may see."""

    code = "visibility.not_in_group"


class AlreadyInGroup(Conflict):
    """This is in the visibility group already."""

    code = "visibility.already_in_group"


class GroupNameTaken(Conflict):
    """Another visibility group of this organization has this name."""

    code = "visibility.name_taken"


class NotOne(Invalid):
    """Name exactly one: of members a person or a team, of contents a resource or a person."""

    code = "visibility.not_one"
