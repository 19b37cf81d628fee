"""Layout, child processes, temporary servers, the environment script."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import environ
import pytest
import redis

from embedded import process, supervisor
from embedded.layout import PROJECT, SOCKET_PATH_BYTES, Layout
from embedded.process import Child, RefusalError
from embedded.supervisor import Supervisor
from embedded.tests.conftest import environment, eventually


@pytest.mark.parametrize("data", ["/srv/cbln", "/srv/a b%/ß?#", "/srv/" + "x" * 100])
def test_urls_name_the_sockets(data: str) -> None:
    layout = Layout(Path(data))
    database = environ.Env.db_url_config(layout.database_url)
    assert (database["HOST"], database["NAME"], database["USER"]) == (str(layout.run), "cbln", "cbln")
    cache = redis.Redis.from_url(layout.redis_url)
    assert cache.connection_pool.connection_kwargs["path"] == str(layout.valkey_socket)
    assert len(os.fsencode(layout.run / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES
    assert not layout.run.exists()


def test_secrets_are_made_once(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.read_secrets() == {}
    layout.create_secrets()
    made = layout.read_secrets()
    layout.create_secrets()
    assert layout.read_secrets() == made
    assert made.keys() >= {"SECRET_KEY", "DIGEST_KEY"}
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.env"]


@pytest.fixture
def lock(tmp_path: Path) -> int:
    return os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)


def test_a_deaf_child_is_killed_and_its_own_children_too(tmp_path: Path, lock: int) -> None:
    log = tmp_path / "log"
    child = Child("deaf", ["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait"], log, lock, patience=0.2)
    child.start()
    eventually(lambda: log.read_text().strip(), 5)
    child.stop()
    assert child.finish() == -signal.SIGKILL
    eventually(lambda: not Path(f"/proc/{log.read_text().strip()}").exists(), 2)


def test_a_second_ctrl_c_hurries(tmp_path: Path, lock: int) -> None:
    child = Child("deaf", ["sh", "-c", "trap '' TERM; echo; sleep 60; sleep 60"], tmp_path / "log", lock, patience=60)
    child.start()
    eventually((tmp_path / "log").read_text, 5)
    begin = time.monotonic()
    child.stop(lambda: True)
    assert time.monotonic() - begin < 2


def test_a_child_that_keeps_ending_is_given_up(tmp_path: Path, lock: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FAILURES_IN_A_ROW", 3)
    above = Supervisor(Layout(tmp_path), 22000)
    above.children = [Child("web", ["sh", "-c", "echo why; exit 7"], tmp_path / "log", lock)]
    above.children[0].start()
    with pytest.raises(RefusalError, match=r"web ended 3 times in a row, giving up.(?s:.*)why"):
        above.watch()


def test_a_long_log_is_moved_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    log.write_text("x" * 11)
    process.bound(log)
    assert log.read_text() == ""
    assert (tmp_path / "web.old").read_text() == "x" * 11


def test_temporary_servers_leave_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "embedded.temporary", "sh", "-c", 'echo "$DATABASE_URL"; sleep "$0"']
    env = environment(TMPDIR=str(tmp_path))
    subprocess.run([*command, "0"], cwd=PROJECT, env=env, check=True, capture_output=True)
    assert not list(tmp_path.iterdir())
    with subprocess.Popen([*command, "60"], cwd=PROJECT, env=env, stdout=subprocess.PIPE) as killed:
        assert killed.stdout
        killed.stdout.readline()
        killed.kill()
        subprocess.run(["pkill", "-P", str(killed.pid)], check=False)
    assert list(tmp_path.iterdir())
    subprocess.run([*command, "0"], cwd=PROJECT, env=env, check=True, capture_output=True)
    assert not list(tmp_path.iterdir())


class TestEnvironmentScript:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A tree with the script and empty requirements, and a PATH with everything but a Python."""
        (tmp_path / "embedded").mkdir()
        shutil.copy(PROJECT / "embedded" / "bootstrap.sh", tmp_path / "embedded")
        (tmp_path / "requirements.txt").touch()
        (tmp_path / "bin").mkdir()
        for tool in ("sh", "dirname", "rm", "cmp", "cp", "tail", "cat", "chmod", "mkdir", "flock", "env"):
            (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "/bin/false")
        return tmp_path

    def run(self, project: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "embedded/bootstrap.sh", "requirements.txt"],
            cwd=project,
            env=environment(PATH=str(project / "bin"), HOME=str(project), PYENV_ROOT=str(project), PYTHON=""),
            capture_output=True,
            text=True,
        )

    def put(self, project: Path, name: str, text: str) -> None:
        (project / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (project / "bin" / name).chmod(0o755)

    def test_it_says_what_to_install(self, project: Path) -> None:
        self.put(project, "python3.13", "exit 127")  # as pyenv's shim of a version that is not active
        assert "apt install python3.13 python3.13-venv" in self.run(project).stderr
        self.put(project, "python3.13", 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.13;; esac')
        assert self.run(project).stderr == "python3.13 has no venv module. Install it: apt install python3.13-venv\n"

    def test_it_makes_and_repairs_the_environment(self, project: Path) -> None:
        self.put(project, "python3.12", f'exec {getattr(sys, "_base_executable", sys.executable)} "$@"')
        first = self.run(project)
        assert first.returncode == 0, first.stderr
        assert self.run(project).stdout == ""
        (project / "requirements.txt").write_text("# changed\n")
        assert self.run(project).stdout == "environment: installing requirements.txt\n"
        (project / ".venv" / ".unfinished").touch()
        assert "environment: making .venv" in self.run(project).stdout
