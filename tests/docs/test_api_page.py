"""The walk through the API names only what the API has."""

import re
from pathlib import Path
from typing import get_args

from app.services.answers.generations import EventName
from tests.application import RunningApi

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "api.md"
_PLACE = re.compile(r"\$[A-Z]+|\{\w+\}")


def test_every_address_in_the_tour_exists(api: RunningApi) -> None:
    served = {_PLACE.sub("*", path) for path in api.http.get("/openapi.json").json()["paths"]}
    text = PAGE.read_text(encoding="utf-8")
    named = {_PLACE.sub("*", path) for path in re.findall(r"\$API(/api/[\w/$]+)", text)}

    assert len(named) > 10
    assert named <= served


def test_the_tour_names_every_event() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(get_args(EventName))
