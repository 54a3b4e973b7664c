"""What commands answer with."""

from domain.organizations.models import Membership, Organization
from domain.organizations.schemas import MembershipInfo, OrganizationInfo


def organization_info(organization: Organization) -> OrganizationInfo:
    """Return what members see of the organization."""
    return OrganizationInfo(
        id=organization.id,
        name=organization.name,
        slug=organization.slug,
        created_at=organization.created_at,
        updated_at=organization.updated_at,
        version=organization.version,
    )


def membership_info(membership: Membership) -> MembershipInfo:
    """Return what the member is told."""
    return MembershipInfo(membership.organization_id, membership.user_id, membership.created_at)
