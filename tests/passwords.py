"""argon2id with the least work it allows, for tests that hash often."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.services.people.sign_in.passwords import Passwords


def cheap_passwords() -> Passwords:
    return Passwords(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
