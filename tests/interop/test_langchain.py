import pytest
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from app.interop.client import ZhiwenError
from app.interop.langchain import ZhiwenRetriever, answer_line
from app.llm.chat_model import EngineStreamBroken
from app.llm.scripted import ScriptedChatModel
from tests.application import RunningApi

HANDBOOK = """# 员工手册

## 假期

年假为每年十五天，须提前一周申请。病假每年十天，需要医院证明。
"""
MANUAL = "# Gateway\n\n## Power\n\nThe gateway draws 12 watts from a 24 volt supply.\n"
SENTENCE = "年假为每年十五天，须提前一周申请。"


@pytest.fixture
def bases(api: RunningApi) -> dict[str, str]:
    """Ids of two bases by name."""
    return {
        "人事": api.ingest("人事", {"员工手册.md": HANDBOOK}),
        "Devices": api.ingest("Devices", {"gateway.md": MANUAL}),
    }


def test_documents_carry_the_place_they_come_from(api: RunningApi, bases: dict[str, str]) -> None:
    found = ZhiwenRetriever(base_url=api.url, bases=["人事"], top_k=1).invoke("年假有几天？")

    (document,) = found
    assert SENTENCE in document.page_content
    place = document.metadata
    assert place["document"] == "员工手册.md"
    assert place["page"] is None
    assert place["score"] > 0
    part = api.http.get(
        f"/api/documents/{place['document_id']}/text",
        params={"start": place["start"], "end": place["end"]},
    ).json()
    assert part["text"] == document.page_content
    chunks = api.http.get(f"/api/documents/{place['document_id']}/chunks").json()
    assert place["chunk_id"] in [chunk["id"] for chunk in chunks]


@pytest.mark.parametrize("by", ["name", "id", "all"])
async def test_bases_by_name_by_id_or_all(api: RunningApi, bases: dict[str, str], by: str) -> None:
    wanted = {"name": ["Devices"], "id": [bases["Devices"]], "all": []}[by]
    retriever = ZhiwenRetriever(base_url=api.url, bases=wanted)

    found = await retriever.ainvoke("How many watts does the gateway draw?")

    assert found == retriever.invoke("How many watts does the gateway draw?")
    assert found[0].metadata["document"] == "gateway.md"
    others = {document.metadata["document"] for document in found[1:]}
    assert others == ({"员工手册.md"} if by == "all" else set())


def test_an_unknown_base_names_those_there_are(api: RunningApi, bases: dict[str, str]) -> None:
    with pytest.raises(ZhiwenError, match=r"'Legal'.*'Devices', '人事'"):
        ZhiwenRetriever(base_url=api.url, bases=["Legal"]).invoke("?")


async def test_a_service_that_is_not_there_is_said() -> None:
    retriever = ZhiwenRetriever(base_url="http://127.0.0.1:9", bases=["x"])
    with pytest.raises(ZhiwenError, match="unreachable") as caught:
        await retriever.ainvoke("?")
    assert caught.value.code == "connection"


def test_the_answer_comes_with_citations(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    model.enqueue("年假为每年", "十五天，须提前一周申请。")

    output = answer_line(api.url, bases=["人事"]).invoke("年假有几天？")

    assert output["answer"] == "年假为每年十五天，须提前一周申请。"
    (citation,) = output["citations"]
    assert (citation["marker"], citation["text"]) == (1, SENTENCE)
    stored = api.http.get(f"/api/messages/{output['message_id']}").json()
    assert stored["content"] == output["answer"]


def test_streamed_pieces_add_up_to_the_output(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    model.enqueue("年假为每年", "十五天，", "须提前一周申请。")
    line = answer_line(api.url, bases=["人事"])

    pieces = list(line.stream("年假有几天？"))

    assert [piece["answer"] for piece in pieces[:2]] == ["年假为每年", "十五天，"]
    total = pieces[0]
    for piece in pieces[1:]:
        total = total + piece  # type: ignore[operator]  # pieces are AddableDict
    assert total["answer"] == "年假为每年十五天，须提前一周申请。"
    assert total["citations"][0]["document_name"] == "员工手册.md"


async def test_text_alone_streams_async(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    model.enqueue("十五", "天。")
    text = answer_line(api.url, bases=["人事"]).pick("answer")
    assert [piece async for piece in text.astream("年假有几天？")][:2] == ["十五", "天。"]
    model.enqueue("十五天。")
    assert (await text.ainvoke("年假有几天？")).startswith("十五天")


@pytest.mark.parametrize("key", ["bases", "base_ids"])
def test_the_input_may_name_bases(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel, key: str
) -> None:
    model.enqueue("The gateway draws 12 watts.")
    asked = {"question": "How many watts?", key: [bases["Devices"]]}

    output = answer_line(api.url, bases=["人事"]).invoke(asked)

    assert [c["document_name"] for c in output["citations"]] == ["gateway.md"]


def test_a_conversation_goes_on(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    line = answer_line(api.url, bases=["人事"])
    model.enqueue("十五天。")
    first = line.invoke("年假有几天？")
    model.enqueue("十天。")

    follow_up = {"question": "病假呢？", "conversation_id": first["conversation_id"]}
    second = line.invoke(follow_up)

    assert second["conversation_id"] == first["conversation_id"]
    assert "年假有几天？" in [turn.content for turn in model.history[1]]


def test_a_key_that_would_be_ignored_is_refused(api: RunningApi) -> None:
    with pytest.raises(ZhiwenError, match="top_k"):
        answer_line(api.url).invoke({"question": "?", "top_k": 3})


def test_an_engine_that_breaks_off_raises_after_the_text_that_came(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    model.enqueue("年假", error=EngineStreamBroken("connection reset"))
    seen = []
    with pytest.raises(ZhiwenError, match="connection reset"):
        for piece in answer_line(api.url, bases=["人事"]).stream("年假有几天？"):
            seen.append(piece)
    assert seen == [{"answer": "年假"}]


def test_both_compose_with_other_runnables(
    api: RunningApi, bases: dict[str, str], model: ScriptedChatModel
) -> None:
    def texts(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    retriever = ZhiwenRetriever(base_url=api.url, bases=["人事"], top_k=1)
    context = {"context": retriever | texts, "question": RunnablePassthrough()}
    prompt = context | PromptTemplate.from_template("{context}\n{question}")
    assert SENTENCE in prompt.invoke("年假有几天？").to_string()

    model.enqueue("十五天。")
    line = answer_line(api.url, bases=["人事"]).pick("answer") | StrOutputParser()
    chain = RunnableLambda(lambda topic: f"{topic}有几天？") | line
    assert chain.invoke("年假").startswith("十五天")
    assert model.history[0][-1].content.endswith("年假有几天？")
