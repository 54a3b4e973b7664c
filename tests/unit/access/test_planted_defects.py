"""The defects that `make test-deep` plants are of the sources as they are."""

import pytest

from tests.deep.planted import DEFECTS, ROOT, Defect


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_can_be_planted(defect: Defect) -> None:
    """It would be found at once if it could not, but only by whoever waits for that."""
    assert (ROOT / "src" / defect.file).read_text().count(defect.right) == 1
    assert defect.wrong != defect.right
