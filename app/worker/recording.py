"""Answers one base's own questions as now: `python -m app.worker.recording BASE_ID FOLDER`."""

import asyncio
import sys
from collections.abc import Callable
from functools import partial

from app.config import Settings
from app.db.errors import StorageError
from app.llm.charge import CHARGE
from app.llm.chat_model import EngineUnavailable, LlmError
from app.llm.gateway import Gateway
from app.models.errors import ModelError
from app.rag.errors import RagError
from app.services.errors import ServiceError
from app.services.improvement.changes.answering import answer_all
from app.services.improvement.serving import Serving
from app.wiring.application import build
from app.wiring.changes import build_recordings, fingerprint
from app.worker.reported import Show, report
from ingest.errors import IngestError

_BRING_S = 0.5
_BROUGHT_WITHIN_S = 300.0


def record(base_id: str, show: Show) -> object:
    return asyncio.run(_record(Settings(), base_id, partial(show, "questions_answered")))


async def _record(
    settings: Settings, base_id: str, show: Callable[[int, int], None]
) -> dict[str, object]:
    questions = build_recordings(settings).questions(base_id)
    zhiwen = build(settings, with_bots=False)
    tokens: list[int] = []
    CHARGE.set(tokens.append)
    try:
        await bring(zhiwen.gateway, zhiwen.serving)
        answers = await answer_all(zhiwen.generations.answer_line, base_id, questions, show)
    finally:
        await zhiwen.close()
    kept = [answer.model_dump(exclude={"recording_id"}) for answer in answers]
    return {"fingerprint": fingerprint(settings), "answers": kept, "tokens": sum(tokens)}


async def bring(gateway: Gateway, serving: Serving, within_s: float = _BROUGHT_WITHIN_S) -> None:
    """Waits for an engine, which may start beside us, and for the champion on each that responds:
    people are answered with it, so this is too, or not at all. Raises EngineUnavailable."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                names = await gateway.responding()
                if names and await serving.bring_all(names, challengers=False):
                    return
                await asyncio.sleep(_BRING_S)
    except TimeoutError:
        problems = "; ".join(serving.problems.values()) or "it is still being started or loaded"
        raise EngineUnavailable(
            f"No engine answered with its champion within {within_s:.0f} s ({problems})."
        ) from None


if __name__ == "__main__":
    sys.exit(
        report(record, ServiceError, ModelError, LlmError, RagError, IngestError, StorageError)
    )
