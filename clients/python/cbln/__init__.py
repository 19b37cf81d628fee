"""Reference client of cbln/1: sealed, anonymous conversations.

Keys, phrases and texts stay here; the server sees envelopes.
"""

from cbln.api import ApiClient
from cbln.conversation import Conversation
from cbln.envelope import Role
from cbln.keys import Keys, generate_entropy
from cbln.ordering import Anomaly, find_anomalies
from cbln.outbox import FileOutbox, Outbox
from cbln.sealing import Message

__version__ = "0.1.0"
__all__ = [
    "Anomaly",
    "ApiClient",
    "Conversation",
    "FileOutbox",
    "Keys",
    "Message",
    "Outbox",
    "Role",
    "find_anomalies",
    "generate_entropy",
]
