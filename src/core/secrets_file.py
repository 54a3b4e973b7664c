"""The master secret of a development machine."""

import os
from pathlib import Path
from secrets import token_hex, token_urlsafe


def kept_secret(path: Path) -> str:
    """Return the secret in `path`; make one that only its owner can read if there is none.

    Processes that start at once get the same one. Raise `OSError` if the folder cannot be written.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{token_hex(8)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(token_urlsafe(48))
            # A link never replaces: whoever comes second uses what the first one made.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text().strip()
