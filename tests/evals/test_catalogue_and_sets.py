from pathlib import Path

import pytest

from evals import catalogue
from evals.errors import BadCatalogue, BadData, NoData, UnknownEval
from evals.questions.sets import draw, load_set
from ingest.parsers import parse
from tests.evals.tiny import CORPUS, tiny_eval, write_rows, write_set

ENTRY = '[x]\nabout = "a"\nkind = "retrieval"\nset = "s"\nlanguage = "zh"\n'


def test_the_shipped_catalogue_is_valid_and_has_every_kind() -> None:
    evals = catalogue.load()
    assert {each.kind for each in evals.values()} == {
        "retrieval",
        "answers",
        "injection",
        "gate",
        "support",
    }
    assert all(each.floors for each in evals.values() if each.smoke)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("settings = { top_kk = 3 }", "no such settings: top_kk"),
        ('scorers = ["abstention"]', "no such scorers of retrieval: abstention"),
        ('floors = { "fused.RR" = "0.5" }', "is not a bound"),
        ("sampel = 3", "sampel"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, more: str, complaint: str) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(ENTRY + more, encoding="utf-8")
    with pytest.raises(BadCatalogue, match=complaint):
        catalogue.load(path)


def test_bounds_go_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(ENTRY + 'targets = { a = ">= 0.9", b = "<= .05" }', encoding="utf-8")
    targets = catalogue.find("x", path).targets
    assert (targets["a"].holds(0.9), targets["a"].holds(0.89)) == (True, False)
    assert (targets["b"].holds(0.05), targets["b"].holds(0.06)) == (True, False)
    assert str(targets["a"]) == "≥ 0.9"


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownEval, match="cmrc-dev"):
        catalogue.find("nothing")


def test_only_questions_that_stand_alone_and_have_an_answer_are_asked(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    asked = load_set(tmp_path, tiny_eval(unanswerable=1))
    assert [(q.id, q.answerable) for q in asked.questions][:3] == [
        ("1", True),
        ("2", True),
        ("3", True),
    ]
    assert [q.answerable for q in asked.questions[3:]] == [False]


def test_a_part_of_the_corpus_makes_the_rest_unanswerable(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    asked = load_set(tmp_path, tiny_eval(documents=3, unanswerable=9))
    assert {q.id for q in asked.questions if q.answerable} == {"1", "2"}
    assert {q.id for q in asked.questions if not q.answerable} == {"3", "x", "y"}
    titles = load_set(tmp_path, tiny_eval(titles=2, unanswerable=9, seed=1))
    assert len(titles.documents) == 2


def test_the_digest_tells_sets_apart(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    whole, again = (load_set(tmp_path, tiny_eval()) for _ in range(2))
    assert whole.digest == again.digest
    assert whole.digest != load_set(tmp_path, tiny_eval(questions=2)).digest


def test_a_sample_is_the_same_for_the_same_seed_and_keeps_the_order() -> None:
    some = draw(range(100), 10, 3)
    assert some == draw(range(100), 10, 3) == sorted(some)
    assert some != draw(range(100), 10, 4)
    assert draw([1, 2], 5, 0) == [1, 2]


def test_markdown_says_what_the_passage_says(tmp_path: Path) -> None:
    write_set(tmp_path / "tiny")
    for source, (_, title, text) in zip(
        load_set(tmp_path, tiny_eval()).documents, CORPUS, strict=True
    ):
        parsed = parse(source.content(), source.file_name)
        assert parsed.title == title
        bare = parsed.text.replace("\n", " ")
        assert text.replace("\n", " ") in bare


def test_files_that_are_not_right_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"corpus\.jsonl does not exist"):
        load_set(tmp_path / "missing", tiny_eval())
    write_set(tmp_path / "tiny")
    write_rows(tmp_path / "tiny" / "corpus.jsonl", [{"doc_id": "a", "text": ""}])
    with pytest.raises(BadData, match=r"corpus\.jsonl, line 1: missing title"):
        load_set(tmp_path, tiny_eval())
    (tmp_path / "tiny" / "corpus.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(BadData, match="not JSON"):
        load_set(tmp_path, tiny_eval())
