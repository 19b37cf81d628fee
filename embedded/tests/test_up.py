"""`manage.py up` with real processes and real kills. One data folder throughout: the first test makes it."""

import fcntl
import os
import signal
import stat
import time
from pathlib import Path

import psycopg
import pytest

from embedded.layout import Layout
from embedded.tests.conftest import Installation, eventually

pytestmark = pytest.mark.xdist_group("up")


def test_the_first_start_prepares_everything(installation: Installation) -> None:
    installation.start()
    assert installation.lines[-1] == f"ready: http://127.0.0.1:{installation.port}"
    assert any("One-time password" in line for line in installation.lines)
    assert any(str(installation.layout.logs) in line for line in installation.lines)
    assert installation.answers()


def test_only_the_owner_can_read_the_data_folder(running: Installation) -> None:
    for path in [running.layout.data, *running.layout.data.rglob("*")]:
        mode = path.lstat().st_mode
        assert stat.S_ISSOCK(mode) or not mode & 0o077, path


def test_no_server_listens_on_the_network_but_the_web_server(running: Installation) -> None:
    sockets = {
        handle.readlink().name
        for pid in running.children()
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if handle.is_symlink()
    }
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                listening.add(fields[1])
    assert listening == {f"0100007F:{running.port:04X}"}


def test_dbshell_reaches_the_database_as_its_owner(running: Installation) -> None:
    shell = running.manage("dbshell", "--", "-At", typed="SELECT current_user, current_database()")
    assert shell.stdout == "cbln|cbln\n", shell.stderr


def test_the_key_of_rate_limits_is_in_the_web_server_alone(running: Installation) -> None:
    def key(pid: int) -> str:
        content = Path(f"/proc/{pid}/environ").read_text()
        return next((part for part in content.split("\0") if part.startswith("RATE_LIMIT_KEY=")), "")

    web = {key(pid) for pid in running.children("granian")}
    assert len(web) == 1
    value = web.pop().removeprefix("RATE_LIMIT_KEY=")
    assert len(value) == 64
    assert not any(key(pid) for pid in running.children("celery"))
    files = (path for path in running.layout.data.rglob("*") if path.is_file())
    assert not any(value.encode() in path.read_bytes() for path in files)


def test_a_refused_row_leaves_no_trace_in_the_log(running: Installation) -> None:
    with psycopg.connect(host=str(running.layout.run), user="cbln", dbname="cbln") as connection:
        connection.execute("CREATE TEMPORARY TABLE t (c text CHECK (length(c) < 3))")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO t VALUES ('what nobody may read')")
        connection.rollback()
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT 'what nobody may read'::int")
    assert "nobody may read" not in (running.layout.logs / "postgres.log").read_text()


def test_a_killed_web_server_is_back_at_once(running: Installation) -> None:
    """Killing the main process alone leaves its workers orphaned, with the port."""
    time.sleep(5)  # the supervisor waits before a restart only where ends follow each other closely
    main, *workers = running.children("granian")
    os.kill(main, signal.SIGKILL)
    eventually(lambda: not set(workers) & set(running.children("granian")), 3)
    assert eventually(running.answers, 5) < 4
    for pid in running.children("granian"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not running.answers(), 1)
    assert eventually(running.answers, 5) < 4


@pytest.mark.parametrize(
    "words", [("valkey-server",), ("celery", " worker "), ("celery", " beat "), ("bin/postgres", "-D")]
)
def test_every_other_child_is_restarted(running: Installation, words: tuple[str, ...]) -> None:
    before = running.children(*words)
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: (now := running.children(*words)) and not set(now) & set(before), 10)
    eventually(running.answers, 10)


def test_a_second_supervisor_is_refused(running: Installation) -> None:
    second = running.manage("up")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already running on {running.layout.data} (process {running.process.pid})" in second.stderr
    assert running.answers()


def test_after_a_killed_supervisor_the_next_start_waits_for_its_children(running: Installation) -> None:
    running.process.kill()
    running.process.wait()
    running.start()
    assert not any("One-time password" in line for line in running.lines)


def test_ctrl_c_stops_all_in_order(running: Installation) -> None:
    begin = time.monotonic()
    assert running.stop(signal.SIGINT) == 0
    assert time.monotonic() - begin < 15
    order = [line.removeprefix("stopping ") for line in running.lines if line.startswith("stopping")]
    assert order == ["web", "beat", "worker", "Valkey", "PostgreSQL"]
    with (running.layout.data / "children.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not running.layout.run.exists()


def test_a_stop_during_the_start_is_obeyed(stopped: Installation) -> None:
    stopped.launch()
    eventually(lambda: any(line.startswith("Valkey") for line in stopped.lines), 10)
    assert stopped.stop(signal.SIGINT) == 0
    assert stopped.lines[-1] == "stopped"
    assert not stopped.is_ready


def test_a_stale_lock_file_naming_a_living_process_does_not_matter(stopped: Installation) -> None:
    stale = f"{os.getpid()}\n{stopped.layout.postgres}\n1\n5432\n\n\n"
    (stopped.layout.postgres / "postmaster.pid").write_text(stale)
    stopped.layout.run.mkdir()
    (stopped.layout.run / ".s.PGSQL.5432.lock").write_text(stale)
    (stopped.layout.data / "lock").write_text("1\n")
    stopped.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must become someone else for PostgreSQL")
def test_root_without_user_namespaces_lends_the_database_to_nobody(stopped: Installation, tmp_path: Path) -> None:
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    stopped.start(PATH=f"{tmp_path}:{os.environ['PATH']}")
    owner = Path(f"/proc/{stopped.children('bin/postgres', '-D')[0]}").stat().st_uid
    assert owner not in (0, os.geteuid())
    assert stopped.layout.postgres.stat().st_uid == owner
    stopped.stop()


def test_servers_of_ones_own_replace_ours(tmp_path: Path) -> None:
    """Also shows that a test run and an installation work side by side: these are the test run's servers."""
    ours = Installation(Layout(tmp_path / "d"))
    ours.start(DATABASE_URL=os.environ["DATABASE_URL"], REDIS_URL=os.environ["REDIS_URL"])
    assert not ours.children("bin/postgres")
    assert not ours.children("valkey-server")
    assert not ours.layout.postgres.exists()
    ours.stop()
