"""Whose turn it is reaches the queue of the engine, whichever way a question comes."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from app.llm.chat_model import Delta, Messages
from app.llm.request_queue import ASKER
from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House
from tests.application import drain, running_api
from tests.passwords import cheap_passwords

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"


class Listening(ScriptedChatModel):
    """Notes who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.askers: list[str] = []

    async def stream(self, messages: Messages, **options: Any) -> AsyncGenerator[Delta, None]:
        self.askers.append(ASKER.get())
        async for delta in super().stream(messages, **options):
            yield delta


def test_the_queue_knows_who_asks(tmp_path: Path) -> None:
    model = Listening()
    with running_api(
        tmp_path / "data", model=model, passwords=cheap_passwords(), auth="password"
    ) as api:
        house = House(api)
        ada, bob = house.person("ada"), house.person("bob")
        model.enqueue("你好。")
        asked = {"question": "你好", "base_ids": [], "task": "chat"}
        ada.post("/api/chat", json=asked).raise_for_status()
        model.enqueue("Hello.")
        key = {"name": "script", "scopes": ["ask"], "password": PASSWORD}
        made = bob.post("/api/keys", json=key).json()
        base_id = bob.post("/api/bases", json={"name": "库"}).json()["id"]
        file = {"file": ("手册.md", HANDBOOK.encode())}
        bob.post(f"/api/bases/{base_id}/documents", files=file).raise_for_status()
        drain(api.application)
        question = {"role": "user", "content": "年假有几天？"}
        program = house.browser(Authorization=f"Bearer {made['token']}")
        program.post(
            "/v1/chat/completions", json={"model": "zhiwen", "messages": [question]}
        ).raise_for_status()
        assert model.askers == [house.person_id("ada"), house.person_id("bob")]
