"""Compose files as the engine would read them: anchors merged, variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).parents[2]
COMPOSE_FILES = ["docker/compose.yml", "docker/compose.gpu.yml"]
CARDS = ["docker/gpu-8g.env", "docker/gpu-24g.env"]
PINNED = re.compile(r"[^:\s]+:v?\d+\.\d+(\.\d+)?([.-][\w.-]+)?")
SECRETS = {
    "ZHIWEN_ENGINE_API_KEY": "key-1",
    "POSTGRES_PASSWORD": "key-2",
    "GRAFANA_PASSWORD": "key-3",
}

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")

Compose = dict[str, Any]


def load(name: str, variables: Mapping[str, str] | None = None) -> Compose:
    """The file with `variables` and the secrets that it demands; else with its defaults."""
    given = {**SECRETS, **(variables or {})}

    def value(match: re.Match[str]) -> str:
        name, operator, default = match.groups()
        if name in given:
            return given[name]
        assert operator == "-", f"{name} has no default"
        return str(default)

    def filled(node: Any) -> Any:
        """What is filled in stays a text, as in Compose."""
        match node:
            case str():
                return _VARIABLE.sub(value, node)
            case list():
                return [filled(item) for item in node]
            case dict():
                return {key: filled(item) for key, item in node.items()}
        return node

    content = filled(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    assert isinstance(content, dict)
    return content


def card(name: str) -> dict[str, str]:
    """The variables of an `.env` file."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in found}
