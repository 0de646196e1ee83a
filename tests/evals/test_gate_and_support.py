"""Evals that need only the embedder: refusals by sort, and true statements against false ones."""

from pathlib import Path

import pytest

from app.rag.types import Check
from evals import catalogue
from evals.catalogue import Eval
from evals.quality import gate, support
from evals.quality.run import Runner
from evals.questions.changes import changed
from evals.questions.sets import held_out, load_set
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_for
from tests.evals.tiny import tiny_eval, write_rows, write_set


def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path, settings_for(tmp_path / "d"), embedder=HashingEmbedder())


def test_near_misses_are_told_from_foreign_questions(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    asked = load_set(tmp_path, tiny_eval(unanswerable=9, near=9))
    sorts = {question.id: question.sort for question in asked.questions}
    assert sorts == {"1": "answered", "2": "answered", "3": "answered", "5": "near"} | {
        "x": "foreign",
        "y": "foreign",
    }
    for question in asked.questions:
        assert question.held_out == held_out(question.gold[0] if question.gold else question.id)


def test_a_third_of_the_documents_is_held_out() -> None:
    assert 280 < sum(held_out(f"document-{n}") for n in range(900)) < 320


def test_an_unanswerable_question_is_about_the_document_that_it_names(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    row = {"qid": "9", "question": "差旅的上限是谁定的？", "gold_doc_ids": [], "answerable": False}
    write_rows(tmp_path / "tiny" / "queries.jsonl", [row])
    (near,) = load_set(tmp_path, tiny_eval(near=9)).questions
    assert (near.sort, near.gold) == ("near", ("d",))


def test_small_bases_are_asked_beside_a_foreign_one(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    write_set(tmp_path / "other")
    eval = tiny_eval(kind="gate", per_base=1, near=9, unanswerable=2, background="other")
    asked = gate.load(tmp_path, eval)
    assert set(asked.contents) == {"base0", "base1", "base2", "base3", gate.BESIDE}
    assert {each.question.id: each.base for each in asked.questions if each.question.gold} == {
        "1": "base1",
        "2": "base2",
        "3": "base3",
        "5": "base0",
    }
    run = runner(tmp_path).run("tiny", eval)
    assert [record.details["sort"] for record in run.records].count("foreign") == 2
    assert run.metrics["false_refusal"] == 0  # no thresholds for the hashing embedder
    assert {"refused_near", "refused_foreign", "auc_near"} <= run.metrics.keys()


def test_every_question_of_rgb_is_asked_with_and_without_its_answer(tmp_path: Path) -> None:
    row = {
        "id": 0,
        "query": "谁赢得了比赛？",
        "answer": [["蓝队", "蓝队队员"]],
        "positive": [["蓝队以二比零赢得了比赛。"]],
        "negative": ["红队输掉了另一场比赛。", "蓝队队员接受了采访。"],
    }
    write_rows(tmp_path / "rgb.jsonl", [row])
    eval = Eval(about="", kind="gate", set="rgb.jsonl", language="zh")
    asked = gate.load(tmp_path, eval)
    (answered, near) = asked.questions
    assert (answered.question.sort, near.question.sort) == ("answered", "near")
    assert len(asked.contents[answered.base]) == 2
    (only,) = asked.contents[near.base].values()
    assert "红队" in only.decode()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "公司投资了3000万元。",
            {"number": "公司投资了4000万元。", "negation": "公司未投资了3000万元。"},
        ),
        (
            "会议在2020年2月举行。",
            {"date": "会议在2020年3月举行。", "negation": "会议在2020年2月未举行。"},
        ),
        (
            "Blue Ltd was founded in Leeds.",
            {
                "name": "Red Inc was founded in Leeds.",
                "negation": "Blue Ltd was not founded in Leeds.",
            },
        ),
    ],
)
def test_a_change_makes_a_sentence_false(sentence: str, expected: dict[str, str]) -> None:
    assert dict(changed(sentence, ["Blue Ltd", "Red Inc"])) == expected


def check(verdict: str) -> Check:
    return Check(0, 1, verdict)  # type: ignore[arg-type]  # a plain string in a test


def test_the_statement_with_least_support_decides() -> None:
    assert support.accepted([check("supported"), check("computed")])
    assert not support.accepted([check("supported"), check("unsupported")])
    assert support.score([check("contradicted")]) == 0
    assert not support.accepted([])


def test_the_pairs_of_two_languages_are_checked(tmp_path: Path) -> None:
    eval = catalogue.load()["support-across"]
    claims = support.load(tmp_path, eval)
    assert all(claim.across for claim in claims)
    assert len({claim.id for claim in claims}) == len(claims) == 240
    true = next(claim for claim in claims if claim.id == "p02-zh-true")
    assert "two sets of work clothes" in true.passages[0].text
    near = next(claim for claim in claims if claim.id == "p02-zh-near")
    assert "two sets of work clothes" not in near.passages[0].text
    run = runner(tmp_path).run("support-across", eval)
    assert {"support_auc", "true_rejected", "caught.number", "caught.near"} <= run.metrics.keys()
    assert "held_out.support_auc" in run.metrics


def test_statements_come_from_evidence_and_answers(tmp_path: Path) -> None:
    text = "".join(
        f"第{n}章说明了第{n}项规定，每项规定有{n}个附件，附件按年份排列。" for n in range(2, 60)
    )
    fact = "年假为每年十五天。"
    write_rows(
        tmp_path / "set" / "corpus.jsonl",
        [{"doc_id": "a", "title": "手册", "text": f"{fact}\n{text}"}],
    )
    question = {"qid": "1", "question": "年假有几天？", "answers": ["十五天。"]}
    told = {"gold_doc_ids": ["a"], "answerable": True, "evidence": [fact]}
    write_rows(tmp_path / "set" / "queries.jsonl", [{**question, **told}])
    eval = Eval(about="", kind="support", set="set", language="zh")
    kinds = {claim.id: claim for claim in support.load(tmp_path, eval)}
    assert {"1-sentence-true", "1-sentence-near", "1-answer-true", "1-answer-near"} <= set(kinds)
    assert kinds["1-answer-true"].question == "年假有几天？"
    assert kinds["1-sentence-true"].text == fact
    assert fact not in "".join(p.text for p in kinds["1-sentence-near"].passages)
