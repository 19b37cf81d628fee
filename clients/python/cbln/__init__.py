"""Reference client of cbln/1: sealed, anonymous conversations.

Keys, phrases and texts stay here; the server sees envelopes.
"""

__version__ = "0.1.0"
