"""Which people and resources somebody sees, in SQL: the conditions of read models that name any."""


def groups_of(person: str) -> str:
    """Return a query for the visibility groups that a person is in, by themselves or by their teams, anywhere."""
    return f"""
SELECT group_id FROM visibility_members WHERE user_id = {person}
UNION
SELECT m.group_id FROM team_members own JOIN teams t ON t.id = own.team_id
JOIN visibility_members m ON m.team_id = ANY (t.path)
WHERE own.user_id = {person}
"""  # noqa: S608 - made of expressions of ours


def person_seen(person: str, organization: str, by: str, bypass: str, groups: str | None = None) -> str:
    """Return the condition under which no wall of `organization` hides `person` from `by`, all of them expressions.

    `groups` are those that `by` is in, as an array; without it they are looked up. Whoever is no member is not hidden.
    """
    inside = f"= ANY ({groups})" if groups else f"IN ({groups_of(by)})"
    hiding = f"SELECT FROM visibility_contents w WHERE w.user_id = {person} AND w.organization_id = {organization}"
    return f"({bypass} OR {person} = {by} OR NOT EXISTS ({hiding}) OR EXISTS ({hiding} AND w.group_id {inside}))"


def resource_seen(resource: str, by: str, bypass: str) -> str:
    """Return the condition under which no wall hides the row `resource` from `by`, both expressions."""
    hiding = f"SELECT FROM visibility_contents w WHERE w.resource_id = {resource}.wall_id"
    inside = f"EXISTS ({hiding} AND w.group_id IN ({groups_of(by)}))"
    return f"({bypass} OR {resource}.wall_id IS NULL OR {resource}.owner_id IS NOT DISTINCT FROM {by} OR {inside})"
