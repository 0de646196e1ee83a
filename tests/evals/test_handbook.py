"""Our own set of questions: about the sample base, so that it can be run without any data."""

from pathlib import Path

import pytest

from app.db.files import LocalFiles
from app.llm.scripted import ScriptedChatModel
from app.rag.language import language_of
from app.services.operations.samples import sample_files
from app.services.people.access import LOCAL_OWNER as ME
from evals import catalogue
from evals.metrics.overlap import contains
from evals.progress import silent
from evals.quality.asking import ask
from evals.quality.retrieval import BASE
from evals.quality.run import Runner
from evals.questions.bases import open_bases
from evals.questions.sets import Question, load_set
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder
from ingest.parsers import parse
from tests.application import test_settings as settings_for
from tests.evals.tiny import tiny_eval, write_set
from tests.weights import EMBEDDER, store_with

HANDBOOK = catalogue.load()["handbook"]
NOWHERE = Path("nowhere")


def asked() -> tuple[Question, ...]:
    return load_set(NOWHERE, HANDBOOK).questions


def test_every_answer_stands_in_the_document_that_is_named() -> None:
    texts = {name: parse(data, name).text for name, data in sample_files()}
    for question in asked():
        for document in question.gold:
            held = [answer for answer in question.answers if contains(texts[document], answer)]
            assert held, (question.text, document)


def test_a_right_answer_is_no_wrong_one_and_no_question_gives_it_away() -> None:
    for question in asked():
        assert not any(
            contains(answer, wrong) for answer in question.answers for wrong in question.wrong
        ), question.text
        assert not any(contains(question.text, answer) for answer in question.answers)


def test_there_are_questions_of_every_sort() -> None:
    types = {question.type for question in asked() if question.answerable}
    assert types == {"text", "table", "cross", "follow"}
    outside = [question for question in asked() if not question.answerable]
    assert len(outside) == HANDBOOK.near
    assert {question.sort for question in outside} == {"near"}
    assert len({question.text for question in asked()}) == len(asked())


@pytest.fixture
def model() -> ScriptedChatModel:
    return ScriptedChatModel()


def run_with(tmp_path: Path, model: ScriptedChatModel, limit: int) -> Runner:
    settings = settings_for(tmp_path)
    return Runner(NOWHERE, settings, limit=limit, embedder=HashingEmbedder(), model=model)


def test_it_runs_on_the_files_as_they_are(tmp_path: Path, model: ScriptedChatModel) -> None:
    for _ in range(8):
        model.enqueue("公司有 326 人。")
    eval = HANDBOOK.model_copy(update={"naive": 0})
    run = run_with(tmp_path, model, 2).run("handbook", eval)
    assert run.documents == len(sample_files())
    assert [record.details["sort"] for record in run.records] == ["answered"] * 2 + ["near"] * 2
    assert run.metrics["contains_gold.text"] == run.metrics["contains_gold"]
    assert "gold_in_prompt" in run.metrics


def test_what_follows_up_is_not_searched_alone(tmp_path: Path, model: ScriptedChatModel) -> None:
    eval = catalogue.load()["handbook-smoke"]
    run = run_with(tmp_path, model, 0).run("handbook-smoke", eval)
    alone = [question for question in asked() if question.answerable and not question.after]
    assert [record.qid for record in run.records] == [question.id for question in alone]
    assert {gold for record in run.records for gold in record.gold} <= dict(sample_files()).keys()


def test_what_a_wrong_answer_would_hold_is_counted(
    tmp_path: Path, model: ScriptedChatModel
) -> None:
    write_set(tmp_path / "tiny")
    rows = (tmp_path / "tiny" / "queries.jsonl").read_text(encoding="utf-8")
    with_wrong = rows.replace('"qid": "3"', '"qid": "3", "wrong": ["九百元", "450"]')
    (tmp_path / "tiny" / "queries.jsonl").write_text(with_wrong, encoding="utf-8")
    model.enqueue("可以结转到次年三月。")
    model.enqueue("It draws 12 watts.")
    model.enqueue("出差住宿每晚不超过四百五十元，不是九百元。")
    runner = Runner(tmp_path, settings_for(tmp_path / "d"), embedder=HashingEmbedder(), model=model)
    run = runner.run("tiny", tiny_eval(kind="answers"))
    assert [r.scores.get("contains_wrong") for r in run.records] == [None, None, 1]


async def test_a_question_that_follows_up_is_asked_after_the_one_before(
    tmp_path: Path, model: ScriptedChatModel
) -> None:
    from evals.quality.answers import before

    follow = next(question for question in asked() if question.after)
    model.enqueue("158 天[1]。")
    model.enqueue("8 天。")
    files = {BASE: dict(sample_files())}
    with open_bases(
        files, settings_for(tmp_path), tmp_path, silent(), model=model, embedder=HashingEmbedder()
    ) as opened:
        line, base = opened.zhiwen.direct.answer_line, opened.bases[BASE].id
        history = await before(line, follow, base)
        await ask(line, follow.text, [base], history)
    assert [message.role for message in history] == ["user", "assistant"]
    assert history[0].content == follow.after
    assert any(message.content == follow.after for message in model.history[-1])


def test_a_set_is_read_far_from_the_files_of_the_installation(tmp_path: Path) -> None:
    """Its database is its own: from there, all files of the store would be without a document."""
    settings = settings_for(tmp_path).model_copy(update={"files_url": "s3://zhiwen-nowhere"})
    files = {BASE: {"gateway.md": b"# Gateway\n\nIt draws 12 watts.\n"}}
    with open_bases(files, settings, tmp_path, silent(), embedder=HashingEmbedder()) as opened:
        assert isinstance(opened.zhiwen.files, LocalFiles)
        assert len(list(opened.zhiwen.files.sums())) == 1


def test_questions_find_the_documents_of_the_other_language(tmp_path: Path) -> None:
    store = store_with(EMBEDDER)
    embedder = SentenceTransformerEmbedder(store.path(EMBEDDER), name=EMBEDDER)
    files = {BASE: dict(sample_files())}
    chinese = [q for q in asked() if q.type == "cross" and language_of(q.text) == "zh"]
    with open_bases(files, settings_for(tmp_path), tmp_path, silent(), embedder=embedder) as opened:
        base = opened.bases[BASE].id
        first = [opened.zhiwen.search.search(ME, q.text, [base], 3).hits[0] for q in chinese]
    right = [hit.document_name in q.gold for hit, q in zip(first, chinese, strict=True)]
    # without regard to the language: none of them
    assert sum(right) >= len(chinese) - 1
