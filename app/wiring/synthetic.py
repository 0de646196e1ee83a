"""Makes questions from documents with the served model."""

from app.config import Settings
from app.prompts.prompt_file import load_prompt
from app.services.improvement.synthetic.making import Made, Making, OnProgress
from app.wiring.application import build


async def make_questions(
    settings: Settings, base_id: str, count: int, on_progress: OnProgress
) -> Made:
    """Raises LlmError, IngestError, ModelError."""
    zhiwen = build(settings)
    try:
        line = zhiwen.direct.answer_line
        making = Making(zhiwen.db, line, zhiwen.gateway, line.checker, load_prompt("question"))
        return await making.make(base_id, count, on_progress)
    finally:
        await zhiwen.close()
