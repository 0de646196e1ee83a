"""Measures one adapter: `python -m app.worker.gating NAME FOLDER`, on the running engine."""

import asyncio
import sys
from functools import partial

import httpx

from app.config import Settings
from app.db.errors import StorageError
from app.llm.chat_model import EngineUnavailable, LlmError
from app.models.errors import ModelError
from app.services.errors import ServiceError
from app.wiring.improvement import build_gate
from app.worker.reported import Show, report


def measure(name: str, show: Show) -> object:
    gate = build_gate(Settings(), name)
    try:
        verdict = asyncio.run(gate.measure(name, partial(show, "questions_answered")))
    except httpx.HTTPError as error:
        raise EngineUnavailable(str(error) or type(error).__name__) from error
    return verdict.as_json()


if __name__ == "__main__":
    sys.exit(report(measure, ServiceError, ModelError, LlmError, StorageError))
