"""Visibility groups over HTTP."""

from litestar import Router, delete, get, patch, post

from api.endpoint import endpoint
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.commands.delete_visibility_group import DeleteVisibilityGroup
from domain.visibility.commands.remove_visibility_content import RemoveVisibilityContent
from domain.visibility.commands.remove_visibility_member import RemoveVisibilityMember
from domain.visibility.commands.update_visibility_group import UpdateVisibilityGroup
from domain.visibility.queries.get_visibility_group import GetVisibilityGroup
from domain.visibility.queries.list_visibility_contents import ListVisibilityContents
from domain.visibility.queries.list_visibility_groups import ListVisibilityGroups
from domain.visibility.queries.list_visibility_members import ListVisibilityMembers

GROUPS = "/{organization_id:uuid}/visibility-groups"
GROUP = f"{GROUPS}/{{group_id:uuid}}"
MEMBERS, CONTENTS = f"{GROUP}/members", f"{GROUP}/contents"

visibility = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, GROUPS, ListVisibilityGroups),
        endpoint(post, GROUPS, CreateVisibilityGroup),
        endpoint(get, GROUP, GetVisibilityGroup),
        endpoint(patch, GROUP, UpdateVisibilityGroup),
        endpoint(delete, GROUP, DeleteVisibilityGroup, status=204),
        endpoint(get, MEMBERS, ListVisibilityMembers),
        endpoint(post, MEMBERS, AddVisibilityMember),
        endpoint(delete, MEMBERS, RemoveVisibilityMember, status=204),
        endpoint(get, CONTENTS, ListVisibilityContents),
        endpoint(post, CONTENTS, AddVisibilityContent),
        endpoint(delete, CONTENTS, RemoveVisibilityContent, status=204),
    ],
)
