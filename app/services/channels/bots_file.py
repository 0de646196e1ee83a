"""Reads the bots in `bots.toml`; docs/how-to/im.md has an example. Without the file there is none.

Secrets stand in environment variables, which the file names.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.people_settings import is_safe_url, is_weak

Platform = Literal["wecom", "feishu", "lark", "dingtalk"]
Variable = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]
_ENCRYPTED = ("wecom", "feishu", "lark")
_AES_KEY_CHARS = 43  # of WeCom: 32 bytes in base64, without the last character


class BotsInvalid(Exception):
    """The file has an error; the message names it."""


class BotSpec(BaseModel):
    """One bot. `key_env` names the variable with the key of Zhiwen that it asks with: its person,
    bases and daily limits are the bot's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")  # the end of its address
    platform: Platform
    company_id: str = Field(min_length=1)  # corp id; tenant key at Feishu and Lark
    app_id: str = ""  # App ID at Feishu and Lark, AgentId at WeCom
    secret_env: Variable = Field(min_length=1)  # the app's secret
    token_env: Variable = ""  # Token at WeCom, Verification Token at Feishu and Lark
    aes_key_env: Variable = ""  # EncodingAESKey at WeCom, Encrypt Key at Feishu and Lark
    key_env: Variable = ""
    bases: tuple[str, ...] = ()  # by name or id; all that the key may see when empty
    at: str = ""  # the messenger's API, for one of the company's own

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.at and not is_safe_url(self.at):
            raise ValueError("at must be an https address")
        if self.platform in _ENCRYPTED:
            for name in ("app_id", "token_env", "aes_key_env"):
                if not getattr(self, name):
                    raise ValueError(f"{name} is needed for {self.platform}")
        if self.platform == "wecom" and not self.app_id.isdecimal():
            raise ValueError("app_id is the AgentId, a number")
        return self


class BotList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bot: tuple[BotSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _checked(self) -> Self:
        names = [spec.name for spec in self.bot]
        if len(set(names)) < len(names):
            raise ValueError("two bots have the same name")
        return self


def read_bots(path: Path, secret: Callable[[str], str]) -> tuple[BotSpec, ...]:
    """`secret` gives the value of a variable, empty where it is not set.

    Raises BotsInvalid, naming the file and what is wrong, and never a secret.
    """
    found = bots_in(path)
    for spec in found:
        for variable in (spec.secret_env, spec.token_env, spec.aes_key_env, spec.key_env):
            if variable and not secret(variable):
                raise BotsInvalid(f"{path}: bot {spec.name!r}: {variable} is not set")
        if spec.platform == "wecom" and len(secret(spec.aes_key_env)) != _AES_KEY_CHARS:
            raise BotsInvalid(f"{path}: bot {spec.name!r}: EncodingAESKey has 43 characters")
        for variable in (spec.secret_env, spec.aes_key_env):  # by which deliveries are signed
            if variable and is_weak(secret(variable)):
                raise BotsInvalid(f"{path}: bot {spec.name!r}: {variable} can be guessed")
    return found


def bots_in(path: Path) -> tuple[BotSpec, ...]:
    """Without looking for their secrets. Raises BotsInvalid."""
    try:
        return BotList.model_validate(tomllib.loads(path.read_text("utf-8"))).bot
    except OSError as error:
        raise BotsInvalid(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BotsInvalid(f"{path}: {error}") from error
    except ValidationError as error:
        said = [
            f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise BotsInvalid("\n".join(said)) from None
