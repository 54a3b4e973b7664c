"""`gatewright`: everything that is done from a command line."""

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from api.event_cli import events
from api.shell import JSON, configured, one_line

ALGORITHMS = ("ES256", "RS256", "EdDSA", "HS256")

# Everything else is imported by the command that needs it: each starts as fast as it can.


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatewright")
def main() -> None:
    """Identity and access service. Configured by GATEWRIGHT_* in the environment or in .env."""


@main.command()
def run() -> None:
    """Start everything on this machine: servers that are not configured, migrations, worker and API."""
    from api.running import run_everything  # noqa: PLC0415

    with one_line():
        run_everything(configured())


@main.command()
def serve() -> None:
    """Answer requests. The database must be there and migrated."""
    from api.server import serve_requests  # noqa: PLC0415

    with one_line():
        serve_requests(configured())


@main.command()
def worker() -> None:
    """Deliver events and do the jobs. Start as many as you like."""
    from api.worker import work  # noqa: PLC0415

    with one_line():
        work(configured())


@main.command()
@click.option("--to", default="head", show_default=True, help="The revision to reach.")
def migrate(to: str) -> None:
    """Bring the database up to date; repeat it whenever it was interrupted."""
    from api.starting import configured_database, migrated  # noqa: PLC0415

    with one_line():
        click.echo(f"The database is at revision {migrated(configured_database(configured()), to)}.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, as_json: bool) -> None:
    """Tell what is configured, reachable and migrated, and what is wrong. Ends with 1 if something is."""
    from api.doctor import examine  # noqa: PLC0415

    findings = examine()
    if as_json:
        click.echo(json.dumps([{"what": f.what, "state": f.state, "detail": f.detail} for f in findings], indent=2))
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            click.echo(f"{finding.state:<7} {finding.what:<{width}}  {finding.detail}")
    sys.exit(any(finding.state == "wrong" for finding in findings))


@main.command("setup-link")
def setup_link() -> None:
    """Print the one-time link with which the first administrator is named."""
    from api.address import served_at  # noqa: PLC0415
    from core.keys import Keys  # noqa: PLC0415

    with one_line():
        settings = configured()
        click.echo(f"{served_at(settings)}/auth/setup#token={Keys.read(settings).setup}")


@main.command()
@click.option("--end-sessions", is_flag=True, help="End all sessions too: some that ended since are live again.")
def restored(*, end_sessions: bool) -> None:
    """Give the log of events another id: after a backup was restored, before the API is started.

    Every cursor of before is then refused with 410; without it, whoever follows the log would miss events unseen.
    Everybody gets an epoch above all that verifiers have heard of, which ends device tokens and mailed links.
    """
    from api.restored_commands import restored as renewed  # noqa: PLC0415

    with one_line():
        renewed(configured(), end_sessions=end_sessions)


@main.group()
def keys() -> None:
    """Manage the keys that sign access tokens. Ends with 1 when it refuses."""


@keys.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES256", show_default=True)
def generate(algorithm: str) -> None:
    """Print a new JWK Set with a private key, for GATEWRIGHT_SIGNING_KEYS_FILE."""
    from core.keyring import generate as made  # noqa: PLC0415

    click.echo(made(algorithm))


@main.group()
def erasures() -> None:
    """Look after what is left of people who were erased."""


@erasures.command("list")
def list_erasures() -> None:
    """Print the ids of everybody who was erased, a line each: to be kept apart from backups."""
    from api.erasure_commands import show  # noqa: PLC0415

    with one_line():
        show(configured())


@erasures.command()
@click.argument("file", type=click.File("r"))
def reapply(file: TextIO) -> None:
    """Erase everybody again whose id is in FILE, after a backup was restored: a line each, `-` for standard input."""
    from api.erasure_commands import reapply as reapplied  # noqa: PLC0415

    with one_line():
        reapplied(configured(), file)


@erasures.command()
def scrub() -> None:
    """Rewrite tables and leave the present WAL, so that no page of theirs has a deleted row any more.

    Each table is locked while it is written anew. Takes a superuser, or the owner of the tables with the roles
    `pg_checkpoint` and the right to call `pg_switch_wal`.
    """
    from api.erasure_commands import scrub as scrubbed  # noqa: PLC0415

    with one_line():
        scrubbed(configured())


@keys.command("list")
@JSON
def list_keys(*, as_json: bool) -> None:
    """List the keys: which signs, which waits, and which still verify."""
    from api.key_commands import show  # noqa: PLC0415

    with one_line():
        sys.exit(show(configured(), as_json=as_json))


@keys.command()
@JSON
def rotate(*, as_json: bool) -> None:
    """Have the waiting key sign from now on; nobody is signed out."""
    from api.key_commands import rotate as rotated  # noqa: PLC0415

    with one_line():
        sys.exit(rotated(configured(), as_json=as_json))


@keys.command()
@click.argument("kid")
@JSON
def remove(kid: str, *, as_json: bool) -> None:
    """Refuse everything that the key KID signed, everywhere and at once: for a key that was stolen."""
    from api.key_commands import remove as removed  # noqa: PLC0415

    with one_line():
        sys.exit(removed(configured(), kid, as_json=as_json))


@keys.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def import_keys(file: Path, *, as_json: bool) -> None:
    """Start the ring in the database with the JWK Set in FILE, the first key of which goes on signing.

    For an installation that leaves GATEWRIGHT_SIGNING_KEYS_FILE: what its keys signed is still accepted.
    """
    from api.key_commands import adopt  # noqa: PLC0415

    with one_line():
        sys.exit(adopt(configured(), file, as_json=as_json))


@main.group()
def audit() -> None:
    """Prove that the audit trail is what was written."""


@audit.command()
@click.option("--from", "first", default=1, show_default=True, type=click.IntRange(1), help="The first position.")
@click.option("--to", "last", default=None, type=click.IntRange(1), help="The last position; by default the end.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An archived partition, instead of what is in the database.",
)
@click.option("--anchor", "anchors", multiple=True, metavar="POSITION:CHAIN", help="A chain remembered elsewhere.")
@JSON
def verify(first: int, last: int | None, file: Path | None, anchors: tuple[str, ...], *, as_json: bool) -> None:
    """Name every entry that was altered, moved, inserted or taken out. Ends with 1 if there is one."""
    from api.audit_commands import anchor  # noqa: PLC0415
    from api.audit_commands import verify as verified  # noqa: PLC0415

    with one_line():
        sys.exit(verified(configured(), first, last, file, anchor(anchors), as_json=as_json))


LOG = click.argument("log", type=click.Choice(["events", "audit"]))


@main.group()
def archive() -> None:
    """Look at what of the events, or of the audit trail, has left the database. Ends with 1 when it refuses."""


@archive.command("list")
@LOG
@JSON
def list_archive(log: str, *, as_json: bool) -> None:
    """List what was archived of LOG, the oldest first."""
    from api.archive_commands import show  # noqa: PLC0415

    with one_line():
        show(configured(), log, as_json=as_json)


@archive.command("read")
@click.argument("name")
@click.option("--after", default=0, show_default=True, help="The position to start after.")
def read_archive(name: str, after: int) -> None:
    """Print what NAME holds, a line of JSON for each entry; nothing of a file that was changed."""
    from api.archive_commands import read  # noqa: PLC0415

    with one_line():
        read(configured(), name, after)


@archive.command("restore")
@click.argument("name")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 36_500), help="How long it stays at least."
)
def restore_archive(name: str, days: int) -> None:
    """Put NAME back into the database. The youngest goes first."""
    from api.archive_commands import restore  # noqa: PLC0415

    with one_line():
        restore(configured(), name, days)


main.add_command(events)


if __name__ == "__main__":
    main()
