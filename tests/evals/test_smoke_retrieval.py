import json
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from app.wiring import build
from evals.smoke_retrieval import (
    Result,
    as_files,
    find_places,
    ingest_corpus,
    rank_all,
    read_queries,
    to_markdown,
    ways,
)
from ingest.hashing import HashingEmbedder
from ingest.parsers import parse
from tests.house import test_settings as settings_for

CORPUS = [
    {"doc_id": "a", "title": "年假", "text": "年假为每年十五天，<b>须提前</b>一周申请。"},
    {"doc_id": "b", "title": "年假", "text": "年假可以结转到次年三月。_未休_的部分作废。"},
    {"doc_id": "c", "title": "Gateway", "text": "# 12 watts & 24 volts\nare what it draws."},
]
QUERIES = [
    {
        "qid": "1",
        "question": "年假可以结转吗？",
        "gold": ["b"],
        "answerable": True,
        "context": False,
    },
    {
        "qid": "2",
        "question": "How many watts?",
        "gold": ["c"],
        "answerable": True,
        "context": False,
    },
    {"qid": "3", "question": "谁是总统？", "gold": [], "answerable": False, "context": False},
    {"qid": "5", "question": " ", "gold": ["a"], "answerable": True, "context": False},
    {"qid": "4", "question": "那个呢？", "gold": ["a"], "answerable": True, "context": True},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the command reads it."""
    rows = [
        {
            "qid": row["qid"],
            "question": row["question"],
            "gold_doc_ids": row["gold"],
            "answerable": row["answerable"],
            "context_dependent": row["context"],
        }
        for row in QUERIES
    ]
    for name, items in (("corpus", CORPUS), ("queries", rows)):
        lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_several_passages_go_into_a_file() -> None:
    corpus = [{"doc_id": str(n), "title": "", "text": ""} for n in range(17)]
    assert [len(group) for group in as_files(corpus).values()] == [8, 8, 1]


def test_a_passage_is_found_where_it_stands_in_the_parsed_file() -> None:
    text = parse(to_markdown(CORPUS).encode(), "x.md").text
    places = find_places("x.md", text, CORPUS)
    for row in CORPUS:
        place = places[row["doc_id"]]
        found, wanted = text[place.start : place.end], row["text"].strip("#。. ")
        assert found.replace("\n", " ") == wanted.replace("\n", " ")


def test_a_passage_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"b is not in the text of x\.md"):
        find_places("x.md", "年假为每年十五天。", [CORPUS[1]])


def test_only_questions_that_stand_alone_and_have_an_answer_count(folder: Path) -> None:
    assert [query.id for query in read_queries(folder / "queries.jsonl")] == ["1", "2"]


def test_recall_counts_ranks_from_one_and_zero_as_missed() -> None:
    result = Result("hybrid", {"a": 1, "b": 5, "c": 6, "d": 0})
    assert (result.recall_at(1), result.recall_at(5)) == (0.25, 0.5)


def test_all_ways_of_searching_are_ranked(folder: Path, tmp_path: Path) -> None:
    house = build(
        settings_for(tmp_path / "data"), embedder=HashingEmbedder(), model=ScriptedChatModel()
    )
    house.prepare()
    base_id, places = ingest_corpus(house, CORPUS)
    queries = read_queries(folder / "queries.jsonl")

    results = [
        rank_all(way, rank, queries, places) for way, rank in ways(house, base_id, 5).items()
    ]

    assert [result.way for result in results] == ["hybrid", "dense", "lexical"]
    assert all(result.recall_at(5) == 1.0 for result in results)
    house.db.dispose()
