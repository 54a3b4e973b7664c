"""Resources that stay as they are, and of which a change would have something else decided."""

from collections.abc import Sequence
from typing import Any, Final

from core.postgres.access_filter import FALSE, TRUE, Filter
from core.postgres.access_lists import used
from domain.access.engine.compiled import Subject
from domain.access.simulating.ports import Others, Wanted
from domain.access.simulating.states import Candidate
from domain.kernel.ids import ResourceId

# Each condition is looked at once for each row: without the `OFFSET` it would be three times.
_ROWS: Final = """
SELECT * FROM (
    SELECT r.id, r.type, r.external_id, ARRAY[{gained}]::boolean[] AS gained FROM resources r
    WHERE r.organization_id = $1 AND ($2::uuid IS NULL OR r.id >= $2) AND r.id <> ALL ($3::uuid[])
    ORDER BY r.id OFFSET 0
) row WHERE true = ANY (gained) OR false = ANY (gained) ORDER BY id LIMIT $4
"""
_GAINED: Final = "CASE WHEN {concerned} AND ({before}) IS DISTINCT FROM ({after}) AND ({shown}) THEN ({after}) END"
_FIRST: Final = 5
"""The number of the first parameter of the conditions."""


def other_rows(trial: Wanted, asker: Candidate, wanted: Others, touched: Sequence[ResourceId]) -> tuple[str, list[Any]]:
    """Return the statement, whose rows are `id`, `type`, `external_id` and `gained`, and its values."""
    values: list[Any] = []

    def filtering(subject: Subject | None) -> Filter | None:
        return None if subject is None else Filter(subject, trial.now, _FIRST + len(values), wanted.context)

    def permitted(subject: Subject | None) -> list[str]:
        found = filtering(subject)
        texts = [found.permitted(each) if found else FALSE for each, _ in wanted.permissions]
        values.extend(found.values if found else ())
        return texts

    before, after = permitted(wanted.candidate.before), permitted(wanted.candidate.after)
    mine = filtering(asker.before)
    visible = mine.visible() if mine else FALSE
    values += mine.values if mine else []
    about_oneself = wanted.candidate.id == asker.id
    gained: list[str] = []
    for (_, kind), was, now in zip(wanted.permissions, before, after, strict=True):
        concerned = TRUE
        if kind is not None:
            values.append(kind)
            concerned = f"r.type = ${_FIRST + len(values) - 1}::text"
        # What they may do already they can see, walls or not.
        shown = f"{visible} OR {was}" if about_oneself else visible
        gained.append(_GAINED.format(concerned=concerned, before=was, after=now, shown=shown))
    statement, kept = used(_ROWS.format(gained=", ".join(gained)), values, _FIRST)
    return statement, [trial.organization_id, wanted.since, touched, wanted.most, *kept]
