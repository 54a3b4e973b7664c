"""Ask tests of real servers that failed twice more, by themselves: `make test` does when its run had failures.

A test of real time beside others on a busy machine may fail for a stall of some seconds; a defect fails again. So up to
three failures of `tests/faults` and `tests/integration` count only if one of two more runs of each, with nothing beside
it, fails. What passes both is named, to be mended. A unit test is never asked again, and a run that broke off, or
collected what it could not import, has failed. See ADR 27.

Usage: python -m tools.once_more STATUS, with the status of the run before, in the folder of its cache
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

FOLDERS: Final = ("tests/faults/", "tests/integration/")
MOST: Final = 3
TIMES: Final = 2
SOME_FAILED: Final = 1
"""What pytest ends with when every test was run and some failed."""
CACHE: Final = Path(".pytest_cache/v/cache/lastfailed")


def may_be_asked(status: int, failed: list[str]) -> bool:
    """Whether what `failed` in a run that ended with `status` may be asked once more."""
    return status == SOME_FAILED and 0 < len(failed) <= MOST and all(each.startswith(FOLDERS) for each in failed)


def main() -> int:
    """Ask once more; return whether the run has failed for good."""
    status = int(sys.argv[1])
    failed: list[str] = list(json.loads(CACHE.read_text())) if CACHE.exists() else []
    if not may_be_asked(status, failed):
        return status
    for _ in range(TIMES):
        for test in failed:
            print(f"\nOnce more, by itself: {test}", flush=True)
            again = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
            if subprocess.run(again, check=False).returncode:  # noqa: S603 - names that pytest wrote itself
                print(f"FAILED again: {test}")
                return status
    print("\nFailed beside the others, passed twice by itself; to be mended, whether it is the test or the code:")
    print("\n".join(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
