"""A real HTTP server on a real socket, for the faults a sound server does not produce on demand."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Reply:
    """What to answer to one request. `cut`: read it, then close without a word; `short`: close after half the body.

    `echo`: the body is what the server's `echo` makes of the request's.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    short: bool = False
    delay: float = 0.0
    echo: bool = False

    @classmethod
    def problem(cls, status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> "Reply":
        content = {"Content-Type": "application/problem+json", **(headers or {})}
        return cls(status, {"type": "about:blank", "title": "-", "status": status, "code": code, **more}, content)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class FaultyServer:
    """Answers with `replies` in turn (the last one again and again) and remembers every `requests`."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        self.echo: Callable[[Any], Any] = dict
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append(Request(self.command, self.path, headers, json.loads(raw) if raw else None))
                outer.reply(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        time.sleep(reply.delay)
        body = self.echo(self.requests[-1].body) if reply.echo else reply.body
        if reply.cut:
            handler.close_connection = True
            return
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw[: len(raw) // 2] if reply.short else raw)
        handler.close_connection = reply.short

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
