"""Other people's clients where people sign in: each works with a key, and without one says so."""

from pathlib import Path

import openai
import pytest
from llama_index.llms.openai_like import OpenAILike

from app.interop.client import ZhiwenError
from app.interop.langchain import ZhiwenRetriever, answer_line
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER
from tests.application import drain, running_api

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"
SENTENCE = "年假为每年十五天，须提前一周申请。"
QUESTION = "年假有几天？"


async def test_every_client_works_with_a_key(tmp_path: Path) -> None:
    model = ScriptedChatModel()
    with running_api(tmp_path / "data", model=model, auth="password") as api:
        people = api.application
        ada, link = people.accounts.create(LOCAL_OWNER, "ada", admin=True)
        people.links.use(link, "seven green kettles")
        _, key = people.keys.create(
            LOCAL_OWNER, "programs", ["ask", "read", "write"], person_id=ada.id
        )
        api.http.headers["Authorization"] = f"Bearer {key}"
        base_id = api.http.post("/api/bases", json={"name": "人事"}).json()["id"]
        file = {"file": ("手册.md", HANDBOOK.encode())}
        api.http.post(f"/api/bases/{base_id}/documents", files=file).raise_for_status()
        drain(people)

        retriever = ZhiwenRetriever(base_url=api.url, bases=["人事"], top_k=1, api_key=key)
        assert SENTENCE in retriever.invoke(QUESTION)[0].page_content
        assert SENTENCE in (await retriever.ainvoke(QUESTION))[0].page_content
        assert key not in repr(retriever)
        with pytest.raises(ZhiwenError) as refused:
            ZhiwenRetriever(base_url=api.url).invoke(QUESTION)
        assert refused.value.code == "unauthenticated"

        model.enqueue(SENTENCE)
        line = answer_line(api.url, bases=["人事"], api_key=key)
        assert line.invoke(QUESTION)["answer"] == SENTENCE

        model.enqueue(SENTENCE)
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=key)
        messages = [{"role": "user", "content": QUESTION}]
        made = client.chat.completions.create(model="zhiwen", messages=messages)  # type: ignore[arg-type]
        assert made.choices[0].message.content == SENTENCE
        with pytest.raises(openai.AuthenticationError) as unknown:
            client.with_options(api_key="zk_unknown").models.list()
        assert unknown.value.code == "unauthenticated"

        model.enqueue(SENTENCE)
        llama = OpenAILike(
            model="zhiwen/人事", api_base=f"{api.url}/v1", api_key=key, is_chat_model=True
        )
        assert str(llama.complete(QUESTION)) == SENTENCE
