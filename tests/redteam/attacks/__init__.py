"""The attacks, one module for classes that go together."""

from tests.redteam.attack import Attack
from tests.redteam.attacks import (
    browsers,
    by_id,
    channels,
    characters,
    files,
    load,
    markup,
    prompts,
    sign_in,
)

ALL: list[Attack] = [
    attack
    for module in (by_id, files, browsers, sign_in, markup, prompts, load, characters, channels)
    for attack in module.ATTACKS
]
# Classes whose attacks reach the database, tried on PostgreSQL as well.
IN_DATABASE = frozenset(
    {by_id.KIND, characters.KIND, prompts.KIND, files.NAMES, markup.TEMPLATE, sign_in.FIXATION}
)
