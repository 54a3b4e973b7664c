"""A process that evaluates casbin's models, and has nothing else: no settings, no secrets, no connection.

It is run as a file, by Python in isolated mode. Each line of its standard input is a JSON object: `key`, `model`,
`rules` (lists of a kind and its fields), `requests`; each line of its answer a list of true, false and null. It ends
itself with `SIGPROF` after `SECONDS` of processor time for one line.
"""

import contextlib
import json
import os
import resource
import signal
import sys
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any, Final

MOST_MEMORY: Final = 512 << 20
MOST_KEPT: Final = 32
MOST_USES: Final = 1000
"""casbin remembers each name that it was asked about."""


class Engines:
    """Enforcers by what they are made of; whoever has the same rules may use the same one."""

    def __init__(self) -> None:
        import casbin  # noqa: PLC0415 - no other process pays for it
        from casbin.persist import Adapter  # noqa: PLC0415

        class Rules(Adapter):  # type: ignore[misc]  # casbin has no types
            def __init__(self, rules: list[list[str]]) -> None:
                self.rules = rules

            def load_policy(self, model: Any) -> None:
                for kind, *fields in self.rules:
                    model.add_policy(kind[0], kind, fields)

        self._casbin, self._adapter = casbin, Rules
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def get(self, key: str, model: str, rules: list[list[str]]) -> Any:
        """Return the enforcer of these rules."""
        engine, uses = self._kept.pop(key, (None, 0))
        if engine is None or uses >= MOST_USES:
            engine, uses = self._made(model, rules), 0
        self._kept[key] = engine, uses + 1
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return engine

    def _made(self, text: str, rules: list[list[str]]) -> Any:
        model = self._casbin.Enforcer.new_model(text=text)
        engine = self._casbin.Enforcer(model, self._adapter(rules))
        known = engine.fm.get_functions()
        for name in known.keys() - {"ipMatch", "keyMatch"}:
            del engine.fm.fm[name]
        return engine


def decide(engine: Any, request: list[Any]) -> bool | None:
    """Return the decision, None if there is none: a member is missing, or of a kind that cannot be compared."""
    asked = [SimpleNamespace(**each) if isinstance(each, dict) else each for each in request]
    try:
        return engine.enforce(*asked) is True
    except Exception:  # noqa: BLE001 - whatever goes wrong in a stranger's model is no decision
        return None


def main() -> None:
    """Answer until the input ends."""
    seconds = float(sys.argv[1])
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever a library prints is no answer.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    engines = Engines()
    answers.write(b"ready\n")
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        given = json.loads(line)
        try:
            engine = engines.get(given["key"], given["model"], given["rules"])
            decided = [decide(engine, request) for request in given["requests"]]
        except Exception:  # noqa: BLE001 - as above
            decided = [None] * len(given["requests"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(json.dumps(decided).encode() + b"\n")


if __name__ == "__main__":
    main()
