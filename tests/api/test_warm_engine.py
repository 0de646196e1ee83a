"""The first engine has read what every prompt begins with before anybody asks."""

import asyncio
from pathlib import Path

from app.llm.chat_model import EngineUnavailable
from app.llm.scripted import ScriptedChatModel
from app.rag.prompt_styles import ANSWER
from app.wiring import build
from ingest.hashing import HashingEmbedder
from tests.house import test_settings as settings_for


def test_both_languages_are_read_though_one_fails(tmp_path: Path) -> None:
    model = ScriptedChatModel()
    model.enqueue(error=EngineUnavailable("gone again"))
    model.enqueue("x")
    house = build(settings_for(tmp_path), embedder=HashingEmbedder(), model=model)
    asyncio.run(house.warm_engine())
    assert model.history == [ANSWER.head("zh"), ANSWER.head("en")]
    assert house.gateway.engines  # and the breaker has not heard of it
    assert all(engine.last_error == "" for engine in house.gateway.engines.values())
    house.db.dispose()


def test_an_engine_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    model = ScriptedChatModel(is_ready=False)
    house = build(settings_for(tmp_path), embedder=HashingEmbedder(), model=model)

    async def start() -> None:
        warming = asyncio.create_task(house.warm_engine())
        await asyncio.sleep(0.05)
        assert not model.history and not warming.done()
        model.is_ready = True
        await warming

    asyncio.run(start())
    assert len(model.history) == 2
    house.db.dispose()
