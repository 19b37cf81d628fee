"""Where an embedded installation keeps things. Standard library only: settings.py imports this first."""

import hashlib
import os
import secrets
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
# The kernel's limit for the path of a unix socket, and the longest name we put below `run`.
SOCKET_PATH_BYTES = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Layout:
    """All paths below one data folder. Computing a path never creates it."""

    data: Path

    @classmethod
    def from_env(cls) -> "Layout":
        """The data folder named by CBLN_DATA, else .data in the project."""
        return cls(Path(os.environ.get("CBLN_DATA") or PROJECT / ".data").expanduser().resolve())

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def secrets_file(self) -> Path:
        return self.data / "secrets.env"

    @property
    def run(self) -> Path:
        """Folder of the unix sockets, mode 0700: who may enter it is who may talk to the servers.

        Inside the data folder, or under /tmp when that path is too long for a socket. Not under XDG_RUNTIME_DIR: it is
        deleted when the operator logs out, and another shell (cron, sudo, ssh) would look for the servers elsewhere.
        """
        inside = self.data / "run"
        if len(os.fsencode(inside / POSTGRES_SOCKET)) <= SOCKET_PATH_BYTES:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"cbln-{os.geteuid()}-{digest}"  # noqa: S108 - ownership and mode are checked when it is made

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey.sock"

    @property
    def database_url(self) -> str:
        """In the spelling that django-environ turns into HOST (`?host=` becomes an option, which dbshell ignores)."""
        return f"postgres://cbln@/{quote(str(self.run))}/cbln"

    @property
    def redis_url(self) -> str:
        """`unix://…`, as Django's cache and redis-py spell it; for Celery the settings respell it."""
        return f"unix://{quote(str(self.valkey_socket))}"

    def read_secrets(self) -> dict[str, str]:
        """NAME → value; empty when there is no such file or it belongs to someone else (`up` then says so)."""
        try:
            text = self.secrets_file.read_text()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return {}
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def create_secrets(self) -> None:
        """Make the file of secrets, readable by its owner only. Never touches an existing one."""
        if self.secrets_file.exists():
            return
        content = (
            f"SECRET_KEY={secrets.token_urlsafe(48)}\nDIGEST_KEY={secrets.token_hex(32)}\n"
            f"CBLN_FIELD_KEYS=1:{b64encode(secrets.token_bytes(32)).decode()}\n"
            f"BUNDLE_SIGNING_KEY={secrets.token_urlsafe(32)}\n"
        )
        handle, draft = tempfile.mkstemp(dir=self.data, prefix=".secrets-")  # mkstemp creates with mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, self.secrets_file)  # fails if it exists by now, where rename would replace it
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
