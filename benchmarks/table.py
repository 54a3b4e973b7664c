"""What was measured, as rows of one table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The same figure from several rounds."""

    values: Sequence[float]

    @property
    def middle(self) -> float:
        return median(self.values)

    def over(self, base: "Spread") -> "Spread":
        """Return the ratio round by round: what slows both down in one round takes no part."""
        return Spread([mine / other for mine, other in zip(self.values, base.values, strict=True)])

    def text(self, digits: int = 0, unit: str = "") -> str:
        """Write it as `middle (least-most)`."""
        least, most = min(self.values), max(self.values)
        if len(self.values) == 1:
            return f"{self.middle:,.{digits}f}{unit}"
        return f"{self.middle:,.{digits}f}{unit} ({least:,.{digits}f}-{most:,.{digits}f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its baseline and its goal."""

    benchmark: str
    what: str
    measured: str
    baseline: str = "-"
    ratio: Spread | None = None
    goal: str = "-"
    reached: bool | None = None
    """None where there is no goal, or it was not measured."""

    def cells(self) -> list[str]:
        """Return what stands in the table."""
        verdict = {True: "reached", False: "**missed**", None: ""}[self.reached]
        ratio = self.ratio.text(2) if self.ratio else "-"
        return [self.benchmark, self.what, self.measured, self.baseline, ratio, self.goal, verdict]


HEAD = ("benchmark", "what", "measured", "baseline", "ratio", "goal", "")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run found."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the notes and the table."""
        lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in self.rows)]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n".join([*(f"- {note}" for note in self.notes), "", table, ""])


def ratio_row(
    benchmark: str, what: str, measured: Spread, baseline: Spread, named: str, goal: float | None, unit: str = "/s"
) -> Row:
    """Return the row of a rate that is judged by its ratio to `baseline`, which is called `named`."""
    ratio = measured.over(baseline)
    return Row(
        benchmark,
        what,
        measured.text(unit=unit),
        f"{named}: {baseline.text(unit=unit)}",
        ratio,
        f"≥ {goal}" if goal else "-",
        ratio.middle >= goal if goal else None,
    )


def encoded(**fields: str) -> str:
    """Return a JSON body."""
    return json.dumps(fields)
