"""A client of the API for tests, and what it sends."""

import base64
import json
import os
import uuid
from typing import Any

from django.test import Client


def envelope(size: int = 256) -> str:
    """Random bytes that look like a sealed envelope from outside; nobody has its key."""
    data = bytes((1, 1, 0, 0)) + os.urandom(12 + size + 16)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_message(**changes: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "role": "user", "client_seq": 1, "envelope": envelope()} | changes


class Api:
    """Calls below /api/v1/ with one bearer token. `.json()` of the answers is theirs; problems are checked for form."""

    def __init__(self, token: str | None = None, **headers: str) -> None:
        self.token = token
        self.headers = headers
        self.client = Client(raise_request_exception=False)

    def call(self, method: str, path: str, body: Any = None, *, raw: Any = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in (self.headers | headers).items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        content_type = sent.pop("Content-Type", "application/json")
        response = self.client.generic(method, f"/api/v1/{path}", data, content_type=content_type, headers=sent)
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json"
            problem = response.json()
            assert problem["status"] == response.status_code
            assert problem["code"]
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)
