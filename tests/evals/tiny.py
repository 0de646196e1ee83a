"""A set of questions in two languages, as the files of a set; and what asks it."""

import json
from pathlib import Path

from evals.catalogue import Eval
from evals.quality.run import Runner
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_for

CORPUS = [
    ("a", "年假", "年假为每年十五天，<b>须提前</b>一周申请。部门经理在两个工作日内答复。"),
    ("b", "年假的结转", "年假可以结转到次年三月。_未休_的部分作废，不折算为工资。"),
    ("c", "Gateway", "# 12 watts & 24 volts\nare what the gateway draws at full load."),
    ("d", "差旅", "出差住宿每晚不超过四百五十元，凭发票在三十天内报销。"),
]
QUERIES = [
    ("1", "年假可以结转到什么时候？", ["次年三月"], ["b"], ["年假可以结转到次年三月。"]),
    ("2", "How many watts does the gateway draw?", ["12 watts"], ["c"], []),
    ("3", "出差住宿每晚不超过多少元？", ["四百五十元"], ["d"], ["出差住宿每晚不超过四百五十元"]),
]
OUTSIDE = [("x", "火星上有几座火山？"), ("y", "谁发明了电话？")]


def write_set(folder: Path) -> None:
    """Files as `evals.questions.sets` reads them, with a question that is left out of each sort."""
    rows = [
        {
            "qid": qid,
            "question": question,
            "answers": answers,
            "gold_doc_ids": gold,
            "answerable": True,
            "evidence": evidence,
        }
        for qid, question, answers, gold, evidence in QUERIES
    ]
    left_out = {"answers": [], "gold_doc_ids": ["a"]}
    rows += [
        {**left_out, "qid": "4", "question": "那个呢？", "answerable": True}
        | {"context_dependent": True},
        {**left_out, "qid": "5", "question": "谁是总统？", "answerable": False},
        {**left_out, "qid": "6", "question": " ", "answerable": True},
    ]
    corpus = [{"doc_id": id_, "title": title, "text": text} for id_, title, text in CORPUS]
    outside = [{"qid": qid, "question": question} for qid, question in OUTSIDE]
    write_rows(folder / "corpus.jsonl", corpus)
    write_rows(folder / "queries.jsonl", rows)
    write_rows(folder / "queries_out_of_corpus.jsonl", outside)


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(lines, encoding="utf-8")


def tiny_eval(**changes: object) -> Eval:
    entry = {"about": "a test", "kind": "retrieval", "set": "tiny", "language": "zh", "depth": 10}
    return Eval.model_validate(entry | changes)


def runner(tmp_path: Path, **more: object) -> Runner:
    """Of the sets below `tmp_path`, without a model."""
    settings = settings_for(tmp_path / "data")
    return Runner(tmp_path, settings, embedder=HashingEmbedder(), **more)  # type: ignore[arg-type]  # passed on
