from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Stronger(PBKDF2PasswordHasher):
    """What a later Django prefers: it hashes a password anew when its owner signs in."""

    algorithm = "stronger"
