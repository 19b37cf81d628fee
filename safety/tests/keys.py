"""Keys for tests, and the canary they plant."""

import base64

FIRST_KEY = "1:" + base64.b64encode(bytes(range(32))).decode()
SECOND_KEY = "2:" + base64.b64encode(bytes(range(1, 33))).decode()
FIELD_KEYS = FIRST_KEY
SIGNING_KEY = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
OTHER_SIGNING_KEY = base64.urlsafe_b64encode(bytes(range(2, 34))).rstrip(b"=").decode()
CANARY = "chim hoàng yến 4f1d9c đậu trên cành khế"
