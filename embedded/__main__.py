"""What `make up` runs: without Django, whose settings cannot be read before the secrets are made."""

import sys

import environ

from embedded.layout import PROJECT, Layout
from embedded.process import RefusalError
from embedded.supervisor import Supervisor, port_from_env

environ.Env.read_env(PROJECT / ".env", overwrite=False)
try:
    Supervisor(Layout.from_env(), port_from_env()).run()
except RefusalError as refusal:
    sys.exit(f"make up: {refusal}")
