"""Start the next migration.

Usage: python -m tools.migration WHAT IT DOES
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path("migrations/versions")
TEMPLATE = '''"""{title}.

Revision ID: {revision}
Revises: {previous}
"""

from core.postgres.migrating import execute

revision = "{revision}"
down_revision = {down}

# Expand only: the release before this one must still run on what comes out.
UP = r"""
"""

DOWN = r"""
"""


def upgrade() -> None:
    execute(UP)


def downgrade() -> None:
    execute(DOWN)
'''
NUMBERED = re.compile(r"\d{4}_\d\d_\d\d_(\d{4})_").match


def start(folder: Path, name: str, today: datetime) -> Path:
    """Write an empty migration called `name` behind the last one in `folder`; return its path."""
    slug = "_".join(re.findall(r"[a-z0-9]+", name.lower()))
    if not slug:
        raise SystemExit("a migration's name says what it does, in letters and digits")
    previous = max((found[1] for path in folder.glob("*.py") if (found := NUMBERED(path.name))), default="")
    revision = f"{int(previous or 0) + 1:04}"
    path = folder / f"{today:%Y_%m_%d}_{revision}_{slug}.py"
    title = slug.replace("_", " ").capitalize()
    down = f'"{previous}"' if previous else "None"
    path.write_text(TEMPLATE.format(title=title, revision=revision, previous=previous, down=down))
    return path


if __name__ == "__main__":
    print(start(FOLDER, " ".join(sys.argv[1:]), datetime.now(UTC)))
