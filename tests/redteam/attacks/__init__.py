"""The attacks, one module for classes that go together."""

from tests.redteam.attack import Attack
from tests.redteam.attacks import by_id, characters

ALL: list[Attack] = [attack for module in (by_id, characters) for attack in module.ATTACKS]
