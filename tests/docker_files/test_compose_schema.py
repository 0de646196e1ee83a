"""The keys of the compose files against what the Compose Specification knows of them."""

import re
from typing import Any

import jsonschema
import pytest

from tests.docker_files.compose import CARDS, COMPOSE_FILES, Compose, card, load

# Written from the specification, for what is used here: a key that is not listed is a typing
# error, or is to be looked up and added. https://github.com/compose-spec/compose-spec
_DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_NAME = "^[a-zA-Z0-9._-]+$"


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_HEALTHCHECK = _object(
    {
        "test": {
            "type": "array",
            "items": {"type": "string"},
            "prefixItems": [{"enum": ["CMD", "CMD-SHELL", "NONE"]}],
        },
        **dict.fromkeys(("interval", "timeout", "start_period"), _DURATION),
        "retries": {"type": "integer"},
        "disable": {"type": "boolean"},
    }
)
_CONDITION = {
    "enum": ["service_started", "service_healthy", "service_completed_successfully"],
}
_DEVICE = _object(
    {"driver": {"type": "string"}, "count": {"type": "integer"}, "capabilities": _STRINGS},
    "capabilities",
)
_SERVICE = _object(
    {
        "image": {"type": "string"},
        "build": _object({"context": {"type": "string"}, "dockerfile": {"type": "string"}}),
        **dict.fromkeys(
            ("command", "entrypoint", "ports", "volumes", "networks", "expose", "tmpfs"), _STRINGS
        ),
        **dict.fromkeys(("cap_drop", "security_opt", "profiles"), _STRINGS),
        # null: passed on from the environment of `docker compose` where it is set there
        "environment": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
        "user": {"type": "string", "pattern": r"^\d+:\d+$"},
        "init": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "stop_grace_period": _DURATION,
        "shm_size": {"type": "string", "pattern": r"^\d+(b|k|m|g|kb|mb|gb)$"},
        "healthcheck": _HEALTHCHECK,
        "depends_on": {
            "type": "object",
            "additionalProperties": _object({"condition": _CONDITION}, "condition"),
        },
        "deploy": _object(
            {
                "resources": _object(
                    {"reservations": _object({"devices": {"type": "array", "items": _DEVICE}})}
                )
            }
        ),
    },
    "image",
)
_NAMED = {"type": "object", "patternProperties": {_NAME: {"type": ["object", "null"]}}}
_COMPOSE = {
    **_object(
        {
            "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
            "services": {"type": "object", "patternProperties": {_NAME: _SERVICE}},
            "networks": _NAMED,
            "volumes": _NAMED,
        },
        "services",
    ),
    "patternProperties": {"^x-": {}},
}


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_every_key_is_one_of_the_specification(name: str) -> None:
    jsonschema.validate(load(name), _COMPOSE, jsonschema.Draft202012Validator)


def test_a_typing_error_is_found() -> None:
    content = load("docker/compose.yml")
    content["services"]["zhiwen"]["enviroment"] = {}
    with pytest.raises(jsonschema.ValidationError, match="enviroment"):
        jsonschema.validate(content, _COMPOSE, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_networks_that_are_named_exist(name: str) -> None:
    content = load(name)
    for service in content["services"].values():
        assert set(service.get("networks", [])) <= set(content.get("networks", {}))


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_every_service_that_answers_is_asked_whether_it_does(name: str) -> None:
    """Those built from our image inherit its check."""
    for service in load(name)["services"].values():
        if service.get("ports") and service["image"] != "zhiwen:0.1.0":
            assert "test" in service["healthcheck"]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_sets_what_the_engine_takes(name: str) -> None:
    with_card, without = (_engine(load("docker/compose.gpu.yml", c)) for c in (card(name), {}))
    taken = {value for value in card(name).values() if any(value in part for part in with_card)}
    assert taken == set(card(name).values())
    if name == CARDS[0]:
        assert with_card == without  # the defaults are those of the small card


def test_secrets_are_demanded() -> None:
    """None has a default that somebody could leave in place."""
    text = "".join(str(part) for part in _engine(load("docker/compose.gpu.yml")))
    assert not re.search(r"\$\{", text)
    for name in COMPOSE_FILES:
        for service in load(name)["services"].values():
            for key, value in service.get("environment", {}).items():
                if key.endswith(("_PASSWORD", "API_KEY")):
                    assert value.startswith("key-")


def _engine(content: Compose) -> list[str]:
    command = content["services"]["engine"]["command"]
    assert isinstance(command, list)
    return command
