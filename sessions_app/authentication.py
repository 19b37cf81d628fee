"""From the Authorization header to a token digest. Whether a live session has it, the one statement of each call
decides."""

import re

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from privacy.digests import token_digest
from privacy.problems import Unauthorized

_BEARER = re.compile(r"bearer +(cbln_[A-Za-z0-9_-]{43}) *\Z", re.IGNORECASE)


class BearerAuthentication(BaseAuthentication):
    """`request.auth` becomes the SHA-256 of the bearer token. Refuses missing and malformed tokens as it would
    unknown ones."""

    def authenticate(self, request: Request) -> tuple[None, bytes]:
        match = _BEARER.match(request.META.get("HTTP_AUTHORIZATION", ""))
        if match is None or not match[1].startswith("cbln_"):
            raise Unauthorized
        return None, token_digest(match[1])

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
