"""One-line defects of the access engine. Each is planted into a copy of the sources, and has to be found."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
COMPILED: Final = "domain/access/engine/compiled.py"
DECIDING: Final = "domain/access/engine/deciding.py"
COMPARING: Final = "domain/access/comparing.py"
ENGINE: Final = "core/access/engine.py"
MEMORY: Final = "core/access/memory.py"
SHARING: Final = "core/access/sharing.py"
SNAPSHOTS: Final = "core/access/snapshots.py"


class Defect(NamedTuple):
    name: str
    file: str
    right: str
    wrong: str


DEFECTS: Final = (
    Defect("only the resource itself", COMPILED, "for each in path:", "for each in path[:1]:"),
    Defect("what holds below, on nothing", COMPILED, "if self.below:", "if self.below and not self.on:"),
    Defect("wildcards of custom roles", COMPILED, "if system or not name.endswith(EVERYTHING)", "if name"),
    Defect("roles of other organizations", COMPILED, "role.organization_id in {None, grant.organization_id}", "True"),
    Defect("nothing is inherited", COMPILED, "for _ in range(DEEPEST + 1):", "for _ in range(1):"),
    Defect("one step of inheritance more", COMPILED, "for _ in range(DEEPEST + 1):", "for _ in range(DEEPEST + 2):"),
    Defect("a step of inheritance less", COMPILED, "for _ in range(DEEPEST + 1):", "for _ in range(DEEPEST):"),
    Defect("no grants of teams", COMPILED, "(ours | platforms).items()", "platforms.items()"),
    Defect(
        "groups of people only", COMPILED, "user.groups.union(*(part.groups for part in ours.values()))", "user.groups"
    ),
    Defect("grants of other organizations", COMPILED, "each.grant.organization_id == organization_id]", "each]"),
    Defect("service accounts anywhere", COMPILED, "user.kind == USER or grant", "user or grant"),
    Defect("service accounts nowhere", COMPILED, "user.kind == USER or grant", "user.kind == USER and grant"),
    Defect("an allow everywhere beats a deny", COMPILED, "allowed=plain and not denies", "allowed=plain"),
    Defect("an allow that expires is for ever", COMPILED, "held.grant.is_plain for", "not held.grant.condition for"),
    Defect("the inactive may", DECIDING, "if not subject.user.is_active:", "if False:"),
    Defect("a deny that cannot be told is none", DECIDING, "elif truth is not False:", "elif truth:"),
    Defect(
        "an allow that cannot be told is one",
        DECIDING,
        "allowed or truth or None",
        "allowed or truth is not False or None",
    ),
    Defect(
        "a deny says nothing",
        DECIDING,
        "            return False\n    return allowed",
        "            continue\n    return allowed",
    ),
    Defect("nothing expires", DECIDING, "grant.expires_at <= now", "grant.expires_at < now and False"),
    Defect("expiry the wrong way", DECIDING, "grant.expires_at <= now", "grant.expires_at >= now"),
    Defect("walls stop owners", DECIDING, "thing.owner_id == subject.id or", ""),
    Defect("walls stop nobody", DECIDING, "or may_bypass(subject, now)", "or True"),
    Defect("nobody gets around walls", DECIDING, "or may_bypass(subject, now)", ""),
    Defect(
        "walls before the platform",
        DECIDING,
        "= wide.allowed or None\n    if said is None and wide.everywhere:",
        "= None\n    if False:",
    ),
    Defect("owners by attribute", DECIDING, 'case "owner":', 'case "owner_":'),
    Defect("people stand behind no wall", DECIDING, "return not other.walls or", "return True or"),
    Defect("nobody knows themselves", DECIDING, "other.id == subject.id or", ""),
    Defect(
        "nobody is shown who is hidden", DECIDING, "_looks_in(subject, other.walls, now)", "may_bypass(subject, now)"
    ),
    Defect("walls of other organizations hide people", COMPILED, "if place == organization_id", "if place"),
    Defect("true is one", COMPARING, 'return "boolean"', 'return "number"'),
    Defect("strings are numbers", COMPARING, 'return "string"', 'return "number"'),
    Defect("unknown is false", COMPARING, "return None if unknown else False", "return False"),
    Defect("nothing is forgotten", MEMORY, "                    self._forget(change.key)", "                    pass"),
    Defect("the resources of others", ENGINE, "if found and (within is None or found[0] in within):", "if found:"),
    Defect("loads under way hear of nothing", MEMORY, "            loading.changed.add(key)", "            pass"),
    Defect("loads that look alike", MEMORY, "@dataclass(slots=True, eq=False)", "@dataclass(slots=True)"),
    Defect(
        "an old load is kept whole", MEMORY, "self._keep(seen.parts, loading.changed)", "self._keep(seen.parts, ())"
    ),
    Defect("what was absent stays so", MEMORY, "        self._absent.forget(key)\n", ""),
    Defect(
        "the compiled stay",
        ENGINE,
        "if found and (found.generation == self._memory.generation or self._is_current(found)):",
        "if found:",
    ),
    Defect("the newer look is refused", MEMORY, "not seen.is_at_least(known):", "seen.is_at_least(known):"),
    Defect("tokens are not looked at", ENGINE, "not known.includes(fresh))", "False)"),
    Defect("the old is young", ENGINE, "self.now() - self._memory.looked > self.bound", "False"),
    Defect(
        "a look that began before will do",
        SHARING,
        "                await self.work()\n",
        "                await self.work()\n                waiting, self._waiting = [*waiting, *self._waiting], []\n",
    ),
    Defect("what was running was seen", SNAPSHOTS, " and transaction not in self.running", ""),
)


def plant(defect: Defect, folder: Path) -> Path:
    """Return a copy of the sources that has the defect."""
    copied = shutil.copytree(
        ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "site", "static")
    )
    file = copied / defect.file
    text = file.read_text()
    assert text.count(defect.right) == 1, (defect.name, text.count(defect.right))
    file.write_text(text.replace(defect.right, defect.wrong))
    return copied


def survives(sources: Path, seeds: int) -> bool:
    """Return whether the comparison with the oracle finds nothing wrong with `sources`."""
    for seed in range(seeds):
        done = subprocess.run(
            [sys.executable, "-m", "tests.deep.walk", str(seed)],
            cwd=ROOT,
            env={"PYTHONPATH": f"{sources}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            assert "Error" in done.stderr, done.stderr
            return False
    return True
