"""Reads the engines in `engines.toml`; docs/how-to/serving.md has an example.

Their order is the fallback order. An entry without `base_url` is the engine of the settings: the
embedded one, or the one at ZHIWEN_ENGINE_URL.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError, model_validator

from app.llm.chat_model import EnginesInvalid
from app.llm.sampling import Sampling, Switch, Thinking

AUTO = "auto"

EngineName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s@][^@\n]*$")]
EnvironmentName = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]
Size = Literal["small", "large"]


class EngineSpec(BaseModel):
    """One engine. Prices are per million tokens, in any currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: EngineName
    base_url: HttpUrl | None = None  # with /v1
    model: str = ""  # the server's name for it; `name` if empty
    protocol: Literal["completions", "chat"] = "completions"
    context_tokens: int = Field(4096, ge=1024)
    tokenizer: str = ""  # model whose tokenizer counts prompt tokens; from the settings if empty
    size: Size = "large"  # the questions that `auto` routes to it
    only_by_name: bool = False  # excluded from `auto` and fallback
    good_for: str = Field("", max_length=200)
    price_in: float | None = Field(None, ge=0)
    price_out: float | None = Field(None, ge=0)
    api_key_env: EnvironmentName = ""
    max_running: int = Field(256, ge=1)
    max_waiting: int = Field(256, ge=0)
    thinking: Switch = "no"  # always, or by a switch in its chat template
    thinks_by_default: bool = False  # where it has the switch
    thinking_argument: str = "enable_thinking"  # the template's name for the switch
    thought_opened: bool = False  # the template opens the thought, so the text begins inside it
    max_thought_tokens: int = Field(2048, ge=0)  # beside those of the answer
    sampling: Sampling = Sampling()
    sampling_thinking: Sampling = Sampling()  # while it thinks

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.name == AUTO or self.name.partition("/")[0] == "zhiwen":
            raise ValueError(f"the name {self.name!r} is reserved")
        if self.base_url is not None and (self.base_url.username or self.base_url.password):
            raise ValueError("base_url must not contain a password; name a variable in api_key_env")
        return self

    @property
    def served_model(self) -> str:
        return self.model or self.name

    @property
    def thoughts(self) -> Thinking:
        """Whether it thinks, and how that is switched."""
        return Thinking(
            self.thinking,
            self.thinks_by_default,
            self.thinking_argument,
            self.thought_opened,
            self.max_thought_tokens,
        )

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return str(self.base_url or "").rstrip("/")


class EngineList(BaseModel):
    """All engines. After `failures_to_open` failures in a row, one is paused for `open_s`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    failures_to_open: int = Field(3, ge=1)
    open_s: float = Field(15.0, gt=0)
    engines: tuple[EngineSpec, ...] = Field(min_length=1, alias="engine")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        names = [spec.name for spec in self.engines]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two engines have the name {twice!r}")
        if sum(spec.base_url is None for spec in self.engines) > 1:
            raise ValueError("only one engine may omit base_url: the one of the settings")
        if all(spec.only_by_name for spec in self.engines):
            raise ValueError("every engine is only_by_name; auto needs at least one other")
        return self


def read_engines(path: Path, *, min_context_tokens: int) -> EngineList:
    """Reads engines from a TOML file. Each needs a context of at least `min_context_tokens`.

    Raises EnginesInvalid, naming the file, the engine and the field.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        found = EngineList.model_validate(document)
    except OSError as error:
        raise EnginesInvalid(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EnginesInvalid(f"{path}: {error}") from error
    except ValidationError as error:
        raise EnginesInvalid("\n".join(_problems(path, error, document))) from error
    for spec in found.engines:
        if spec.context_tokens < min_context_tokens:
            raise EnginesInvalid(
                f"{path}: engine {spec.name!r}: context_tokens = {spec.context_tokens}, but prompt "
                f"and answer may take {min_context_tokens} "
                "(ZHIWEN_MAX_PROMPT_TOKENS + ZHIWEN_MAX_ANSWER_TOKENS)"
            )
    return found


def _problems(path: Path, error: ValidationError, document: dict[str, object]) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(": ".join((str(path), *_place(problem["loc"], document), message)))
    return lines


def _place(location: Sequence[int | str], document: dict[str, object]) -> list[str]:
    """`engine 'fast'`, `context_tokens`: the engine by its name, else by its number from 1."""
    match location:
        case ("engine", int(number), *fields):
            given = document.get("engine")
            entry = given[number] if isinstance(given, list) else None
            name = entry.get("name") if isinstance(entry, dict) else None
            return [f"engine {name!r}" if name else f"engine {number + 1}", *map(str, fields)]
        case _:
            return [str(part) for part in location]
