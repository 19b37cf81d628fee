"""Post a message, read the last 50: CPU per request of web server and database against pgbench with the same
statement."""

import base64
import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
from django.core.management import call_command
from django.db import connection

from embedded.postgres import binaries
from privacy.digests import new_token, token_digest
from sessions_app.services import create_session

ROUNDS = 5
REQUESTS = 2_000
WARM_UP = 300
PAGE = 50
AIMS = {"post": 10, "read": 8}

# The IV is made of two random numbers, the id by the server: the least a client could do.
POST_SCRIPT = """\\set a random(1, 9000000000000000000)
\\set b random(1, 2000000000)
SELECT * FROM post_message('\\x{digest}', gen_random_uuid(), 'user', 1,
  '\\x01010000'::bytea || int8send(:a) || int4send(:b) || '\\x{sealed}'::bytea,
  NULL, NULL, NULL, NULL, NULL, NULL, 2000000000)
"""
READ_SCRIPT = "SELECT * FROM page_of_messages('\\x{digest}', 2147483647, {limit}, false)"


def run() -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = psutil.Process(psutil.Process(cursor.fetchone()[0]).ppid())
    with tempfile.TemporaryDirectory() as folder:
        web, port = start_web()
        try:
            client = Client(port)
            calls: dict[str, tuple[Callable[[], None], Path]] = {
                "post": (client.post, script(folder, "post", post_script())),
                "read": (client.read, script(folder, "read", read_script(client))),
            }
            for name, (call, statement) in calls.items():
                report(name, *compare(call, statement, web, postmaster))
        finally:
            web.terminate()
            web.wait()


def start_web() -> tuple[psutil.Popen, int]:
    """The web server as `make up` runs it, on a port of its own; returns when it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--interface",
        "wsgi",
        "--http",
        "1",
        "--workers",
        "2",
        "--blocking-threads",
        "64",
        "--backpressure",
        "800",
    ]
    command = [sys.executable, "-m", "granian", *options, "--no-ws", "--no-access-log", "--log-level", "warning"]
    with Path(os.devnull).open("w") as sink:
        web = psutil.Popen([*command, "--port", str(port), "config.wsgi:application"], stdout=sink, stderr=sink)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return web, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web server did not start")


class Client:
    """One kept-alive connection and one session."""

    def __init__(self, port: int) -> None:
        token = new_token()
        create_session(token_digest=token_digest(token), language="vi", lifetime_days=1, user_agent="")
        self.digest = token_digest(token)
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self) -> None:
        sealed = base64.urlsafe_b64encode(bytes((1, 1, 0, 0)) + os.urandom(284)).rstrip(b"=").decode()
        message = {"id": str(uuid.uuid4()), "role": "user", "client_seq": 1, "envelope": sealed}
        self._send("POST", "/api/v1/messages/", json.dumps(message).encode(), 201)

    def read(self) -> None:
        self._send("GET", f"/api/v1/messages/?limit={PAGE}", None, 200)

    def _send(self, method: str, path: str, body: bytes | None, expected: int) -> None:
        self.connection.request(method, path, body, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != expected:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:200]!r}")


def post_script() -> str:
    token = new_token()
    create_session(token_digest=token_digest(token), language="vi", lifetime_days=1, user_agent="")
    return POST_SCRIPT.format(digest=token_digest(token).hex(), sealed=os.urandom(272).hex())


def read_script(client: Client) -> str:
    for _ in range(PAGE + 1):
        client.post()
    return READ_SCRIPT.format(digest=client.digest.hex(), limit=PAGE + 1)


def script(folder: str, name: str, text: str) -> Path:
    path = Path(folder) / f"{name}.sql"
    path.write_text(" ".join(text.splitlines()) + ";\n" if not text.startswith("\\set") else text.rstrip() + ";\n")
    return path


def compare(
    call: Callable[[], None], statement: Path, web: psutil.Process, postmaster: psutil.Process
) -> tuple[float, float]:
    """Least CPU seconds per statement of pgbench, and per request of the server."""
    for _ in range(WARM_UP):
        call()
    floors, costs = [], []
    for _ in range(ROUNDS):
        before = cpu(postmaster) + children()
        pgbench(statement)
        floors.append((cpu(postmaster) + children() - before) / REQUESTS)
        before = cpu(postmaster) + cpu(web)
        for _ in range(REQUESTS):
            call()
        costs.append((cpu(postmaster) + cpu(web) - before) / REQUESTS)
    return min(floors), min(costs)


def pgbench(statement: Path) -> None:
    settings = connection.settings_dict
    where = ["-h", settings["HOST"], "-U", settings["USER"], settings["NAME"]]
    command = [
        str((binaries() or Path("/usr/bin")) / "pgbench"),
        "-n",
        "-M",
        "prepared",
        "-c",
        "1",
        "-t",
        str(REQUESTS),
        "-f",
        statement,
        *where,
    ]
    subprocess.run(command, check=True, capture_output=True)


def cpu(process: psutil.Process) -> float:
    """CPU seconds so far of a process, its living descendants, and those that ended below it."""
    living = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(
        sum(times.user + times.system for times in living) + living[0].children_user + living[0].children_system
    )


def children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def report(name: str, floor: float, cost: float) -> None:
    ratio = cost / floor
    verdict = "within" if ratio <= AIMS[name] else "beyond"
    print(
        f"{name}: {cost * 1e6:.0f} µs CPU a request, floor {floor * 1e6:.0f} µs, "
        f"{ratio:.1f} × the floor ({verdict} the aim of {AIMS[name]} ×)"
    )
