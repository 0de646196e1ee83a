"""Reads the prompt files of this folder.

A file has a `version`, to be raised with every change of its words, and for each language a table:
`system`, optional `examples` (turns with role and content), and whatever else the task says.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from app.llm.messages import Message
from app.rag.language import Language

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The words of one task in each language."""

    name: str
    version: int
    words: Mapping[Language, Mapping[str, Any]]

    @property
    def id(self) -> str:
        """Name and version, as answers record it: `translate-1`."""
        return f"{self.name}-{self.version}"

    def head(self, language: Language) -> tuple[Message, ...]:
        """System text and examples: what every prompt of the task begins with."""
        words = self.words[language]
        examples = [Message(turn["role"], turn["content"]) for turn in words.get("examples", ())]
        return (Message("system", words["system"].strip()), *examples)

    def say(self, what: str, language: Language, **values: object) -> str:
        """Another text of the file, with `{name}` replaced by the values."""
        text = str(self.words[language][what]).strip()
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


def load_prompt(name: str) -> PromptFile:
    """The file `<name>.toml`. Raises FileNotFoundError, or KeyError where a language is missing."""
    document = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    words = {language: document[language] for language in get_args(Language)}
    return PromptFile(name, int(document["version"]), words)
