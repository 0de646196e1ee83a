"""Builds the tasks and their prompts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.config import Settings
from app.llm.gateway import Gateway
from app.prompts.prompt_file import load_prompt
from app.rag.answer import AnswerLine
from app.rag.retrieval.retrieve import Retriever
from app.services.answers.recipe import Recipes
from app.services.search.search import Passages
from app.tasks.about_base import AboutBase, Shelf
from app.tasks.chat import Chat
from app.tasks.summarise import Summarise
from app.tasks.tasks import Tasks
from app.tasks.translate import Translate
from app.tasks.with_tools import WithTools


def build_tasks(
    settings: Settings, answer_line: AnswerLine, passages: Passages, shelf: Shelf
) -> Tasks:
    """Builds all tasks, each with its prompt."""
    model, max_tokens = answer_line.model, settings.max_answer_tokens
    tools = WithTools(answer_line, load_prompt("tools"), passages.of_document, settings.tool_steps)
    return Tasks(
        answer_line,
        Chat(model, load_prompt("chat"), max_tokens),
        Translate(model, load_prompt("translate"), max_tokens),
        Summarise(
            model, load_prompt("summarise"), passages.of_document, max_tokens, answer_line.checker
        ),
        AboutBase(shelf),
        tools=tools if settings.tool_steps else None,
    )


def tasks_of_front_ends(tasks: Tasks) -> Tasks:
    """Those of OpenAI clients: no tools, and for the front end's own prompts a chat with none of
    our instructions but to keep to the prompt."""
    chat = replace(tasks.chat, prompt=load_prompt("conversation"))
    return replace(tasks, tools=None, chat=chat)


# Fields that do not affect the text an engine writes.
_ASIDE = {"good_for", "price_in", "price_out", "api_key_env", "max_running", "max_waiting"}


def build_recipes(
    settings: Settings,
    gateway: Gateway,
    retriever: Retriever,
    tasks: Tasks,
    version: str,
    writers: Callable[[str], Mapping[str, str]],
) -> Recipes:
    """Builds the settings and versions that every answer records."""
    specs = [engine.spec for engine in gateway.engines.values()]
    fixed = {
        "zhiwen": version,
        # All engines, since `auto` chooses among them.
        "engines": [spec.model_dump(mode="json", exclude=_ASIDE) for spec in specs],
        "tool_steps": settings.tool_steps,
    }
    retrieval = {
        "embedder": retriever.embedder.name,
        "top_k": settings.top_k,
        "candidates": settings.candidates,
        "abstain": settings.abstain,
        "prompt_tokens": list(settings.prompt_budget),
    }

    def now() -> dict[str, Any]:
        found = retriever.scoring.answerable  # another one once a calibration has ended
        measured = {
            "dense_weight": found.dense_weight,
            "answerable_from": dict(found.thresholds),
            "growth": found.growth,
        }
        return {**fixed, "retrieval": {**retrieval, **measured}}

    return Recipes(now, settings.max_answer_tokens, tasks.prompt_id, writers)
