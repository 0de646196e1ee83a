"""The attacks, one module for classes that go together."""

from tests.redteam.attack import Attack
from tests.redteam.attacks import browsers, by_id, characters, files, load, markup, prompts, sign_in

ALL: list[Attack] = [
    attack
    for module in (by_id, files, browsers, sign_in, markup, prompts, load, characters)
    for attack in module.ATTACKS
]
