"""Reads the prompt files in this folder.

A file has a `version`, which must be raised with every change of its text, and a table for each
language: `system`, optional `examples` (turns with role and content), and other texts of the task.
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
    """The texts of one task in each language."""

    name: str
    version: int
    words: Mapping[Language, Mapping[str, Any]]

    @property
    def id(self) -> str:
        """Name and version as recorded with answers: `translate-1`."""
        return f"{self.name}-{self.version}"

    def head(self, language: Language) -> tuple[Message, ...]:
        """System text and examples, with which every prompt of the task begins."""
        words = self.words[language]
        examples = [Message(turn["role"], turn["content"]) for turn in words.get("examples", ())]
        return (Message("system", words["system"].strip()), *examples)

    def say(self, what: str, language: Language, **values: object) -> str:
        """Another text of the file, with `{name}` placeholders filled in."""
        text = str(self.words[language][what]).strip()
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


def load_prompt(name: str) -> PromptFile:
    """Reads `<name>.toml`. Raises FileNotFoundError, or KeyError if a language is missing."""
    document = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    words = {language: document[language] for language in get_args(Language)}
    return PromptFile(name, int(document["version"]), words)
