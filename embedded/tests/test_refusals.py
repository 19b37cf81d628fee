"""Whatever an operator can mend gets one clear line and no traceback."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.layout import PROJECT
from embedded.postgres import usable_binaries
from embedded.tests.conftest import environment, free_port


def refusal(data: Path, prefix: tuple[str, ...] = (), **extra: str) -> str:
    """What `manage.py up` says before it gives up."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "embedded"],
        cwd=PROJECT,
        env=environment(**{"CBLN_DATA": str(data), "PORT": str(free_port()), **extra}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout
    return done.stderr.removeprefix("make up: ").rstrip()


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refusal(tmp_path / "d", PORT=str(port))
    assert line == f"port {port} is in use (another `make up`?). Choose another: PORT={port + 1} make up"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    assert refusal(tmp_path / "d", PORT=port).startswith(f"PORT={port} is not a port")


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    assert "cannot be used (File exists)" in refusal(tmp_path / "f")
    assert "cannot be used (Not a directory)" in refusal(tmp_path / "f" / "d")


def test_a_folder_where_nothing_can_be_written() -> None:
    line = refusal(Path("/proc/cbln"))
    assert "the data folder /proc/cbln cannot be used" in line
    assert "\n" not in line


def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(tmp_path, 65534)
        assert "belongs to nobody: run this as nobody" in refusal(tmp_path)
    else:
        assert "belongs to root: run this as root" in refusal(Path("/etc"))


def test_a_folder_with_other_content(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    assert "holds other files" in refusal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_full_disk(tmp_path: Path) -> None:
    mount = f'mount -t tmpfs -o size=64M none {tmp_path} && exec "$@"'
    namespace = ("unshare", "--mount", "--map-root-user", "--user", "sh", "-c", mount, "sh")
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    line = refusal(tmp_path, prefix=namespace)
    assert line.startswith("only 6")
    assert "200 MB are needed: free some space" in line


def test_data_of_a_newer_postgresql(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("99\n")
    (tmp_path / "lock").touch()
    assert "was made by PostgreSQL 99, and this is " in refusal(tmp_path)


def test_a_database_that_does_not_start(tmp_path: Path) -> None:
    """The end of PostgreSQL's own log says why."""
    (tmp_path / "postgres").mkdir(mode=0o700)
    (tmp_path / "lock").touch()
    shutil.copyfile(PROJECT / ".python-version", tmp_path / "postgres" / "postgresql.conf")
    (tmp_path / "postgres" / "PG_VERSION").write_text(f"{usable_binaries()[1]}\n")
    line = refusal(tmp_path)
    assert line.startswith("PostgreSQL stopped while starting.\n    The end of ")
    assert "FATAL" in line or "syntax error" in line


def test_programs_that_are_not_there(tmp_path: Path) -> None:
    assert "/nowhere/postgres does not run" in refusal(tmp_path / "d", CBLN_PG_BIN="/nowhere")
