import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals.documents.format_rules import judge
from evals.documents.formats import main
from ingest.chunking.chunk import chunk
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse

TABLE = "姓名,部门\n王芳,销售\n李明,研发\n".encode()


def row(name: str, **wants: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"must_contain": [], "must_keep_together": [], "expect_error": False}
    return {"file": name, "format": name.rpartition(".")[2], **nothing, **wants}


@pytest.mark.parametrize(
    ("wants", "problem"),
    [
        ({"must_contain": ["王 芳"], "must_keep_together": [["李明", "研发"]]}, ""),
        ({"must_contain": ["赵云"]}, "lacks '赵云'"),
        ({"must_keep_together": [["李明", "销售"]]}, "tore 李明 | 销售"),
        ({"expect_error": True}, "was read but should have been rejected"),
    ],
)
def test_a_file_is_judged_by_its_text_and_its_rows(wants: dict[str, Any], problem: str) -> None:
    document = parse(TABLE, "a.csv")
    chunks = chunk(document, HashingEmbedder().token_counts, max_tokens=32)
    assert judge(row("a.csv", **wants), document, chunks) == problem


MERGED = (
    "<table><tr><th rowspan=2>店</th><th colspan=2>夏</th><th rowspan=2>备注</th></tr>"
    "<tr><th>进</th><th>出</th></tr>"
    "<tr><td>东</td><td>7</td><td></td><td>✔</td></tr></table>"
).encode()


@pytest.mark.parametrize(
    ("wants", "problem"),
    [
        ({"must_not_contain": ["进货"], "in_order": ["东", "7", "☑"]}, ""),
        ({"must_not_contain": ["出"]}, "has '出'"),
        ({"in_order": ["7", "东"]}, "lacks '东' at its place"),
        ({"rows": [{"cells": {"店": "东", "夏 > 进": "7", "夏 > 出": "", "备注": "☑"}}]}, ""),
        (
            {"rows": [{"cells": {"店": "东", "夏 > 出": "7"}}]},
            "has no row with 店: 东; 夏 > 出: 7",
        ),
        ({"rows": [{"cells": {"冬": "7"}}]}, "has no row with 冬: 7"),
    ],
)
def test_a_value_is_judged_under_its_head(wants: dict[str, Any], problem: str) -> None:
    assert judge(row("a.html", **wants), parse(MERGED, "a.html"), []) == problem


def run(folder: Path, target: int) -> tuple[int, str]:
    import typer

    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(folder), "--target", str(target)])
    return result.exit_code, result.output


def test_the_whole_set_is_read_and_failures_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "docs_formats"
    folder.mkdir()
    (folder / "a.csv").write_bytes(TABLE)
    (folder / "empty.txt").write_bytes(b"")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    rows = [row("a.csv", must_contain=["王芳"]), row("empty.txt"), row("bad.pdf")]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
    (folder / "expectations.jsonl").write_text(lines, encoding="utf-8")
    code, said = run(tmp_path, target=2)
    assert code == 0 and "2 of 3 right" in said and "bad.pdf: broken" in said
    assert run(tmp_path, target=3)[0] == 1


def test_cases_are_counted_by_kind(tmp_path: Path) -> None:
    for name in ("empty-cell/a.csv", "empty-cell/b.csv"):
        path = tmp_path / "cases" / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TABLE)
    rows = [row("files/empty-cell/a.csv"), row("files/empty-cell/b.csv", must_contain=["赵云"])]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
    (tmp_path / "cases" / "expectations.jsonl").write_text(lines, encoding="utf-8")
    code, said = run(tmp_path, target=45)
    assert code == 0 and "cases: 1 of 2 right" in said and "b.csv: lacks '赵云'" in said
    assert "empty-cell" in said


def test_without_the_set_it_says_so(tmp_path: Path) -> None:
    code, said = run(tmp_path, target=45)
    assert code == 0 and "skipped" in said
