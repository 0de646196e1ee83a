"""Twenty conversations at once, half of them the challenger's: real llama.cpp, a tiny model."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from app.llm.adapters import CONVERSATION, Challenger
from app.llm.messages import Message
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.llm.test_swapping import adapter, running_engine
from tests.tuning import tiny_model

CONVERSATIONS = [f"{n:024x}" for n in range(20)]
ASKED = [Message("user", "年假有几天？")]


async def answer(model: OpenAIChatModel, conversation_id: str) -> tuple[str, str]:
    """Who says to have written it, and what."""
    CONVERSATION.set(conversation_id)
    by, text = "", ""
    async with aclosing(model.stream(ASKED, max_tokens=16, temperature=0.0)) as deltas:
        async for delta in deltas:
            by, text = by or delta.adapter, text + delta.text
    return by, text


def test_every_answer_is_of_the_adapter_that_it_names(tmp_path: Path) -> None:
    tiny = tiny_model.make(tmp_path / "model")
    old, new = (adapter(tmp_path / "adapters", seed) for seed in (1, 2))
    with running_engine(tiny.gguf, tmp_path / "adapters/engine.json") as engine:
        ways = engine.until_loaded(old, new)

        async def all_at_once() -> tuple[dict[str, str], list[tuple[str, str]]]:
            tokenizer = QwenTokenizer(tiny.folder / "tokenizer.json")
            model = OpenAIChatModel(f"{engine.url}/v1", "tiny", tokenizer, render=render_chatml)
            said = {}
            for each in (old, new):
                model.answer_with(each.name, ways[each.name])
                said[each.name] = (await answer(model, ""))[1]
            model.answer_with(old.name, ways[old.name], Challenger(new.name, ways[new.name], 50))
            tasks = [asyncio.create_task(answer(model, each)) for each in CONVERSATIONS]
            found = await asyncio.gather(*tasks)
            await model.close()
            return said, found

        said, found = asyncio.run(all_at_once())
    takes = Challenger(new.name, {}, 50).takes
    assert said[old.name] != said[new.name]
    wanted = [new.name if takes(each) else old.name for each in CONVERSATIONS]
    assert {old.name, new.name} == set(wanted)
    assert found == [(name, said[name]) for name in wanted]
