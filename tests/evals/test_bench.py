import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evals.figures import Figure, of_many, percentile_95, table, write
from evals.speed import latency
from evals.speed.processes import children, command_line, free_ports, memory_mib, running
from evals.speed.synthetic import generate
from ingest.terms import terms
from tests.application import running_api
from tests.docs.engine import running_engine


def test_a_corpus_is_the_same_for_the_same_seed_only() -> None:
    assert generate(40, 5, seed=1) == generate(40, 5, seed=1)
    assert generate(40, 5, seed=1) != generate(40, 5, seed=2)


def test_a_corpus_has_the_passages_asked_for_in_both_languages() -> None:
    corpus = generate(50, 10)
    assert b"".join(corpus.files.values()).count(b"# ") == 50
    assert len(corpus.questions) == 10
    assert {question[-1] for question in corpus.questions} == {"？", "?"}


def test_words_follow_zipf() -> None:
    """The most frequent word is about twice as frequent as the second, ten times the tenth."""
    text = b"".join(generate(600, 0).files.values()).decode()
    counts = Counter(word for word in text.split() if word.strip(".").isascii() and word != "#")
    top = [count for _, count in counts.most_common(10)]
    assert 1.5 < top[0] / top[1] < 2.6
    assert 6 < top[0] / top[9] < 16


def test_a_question_is_made_of_words_of_its_passage() -> None:
    corpus = generate(20, 3)
    passages = b"".join(corpus.files.values()).decode().split("# ")
    for question in corpus.questions:
        wanted = set(terms(question))
        assert max(len(wanted & set(terms(p))) / len(wanted) for p in passages) > 0.8


def test_figures_are_medians_with_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile_95(values) == 95
    assert percentile_95([7.0]) == 7
    figure = of_many("x", values, "ms", 50.0)
    assert (figure.value, figure.verdict) == (50.5, "missed")
    assert Figure("x", 50, "ms", 50).verdict == "met"
    assert Figure("x", 50, "ms").verdict == ""


def test_the_report_holds_figures_and_machine(tmp_path: Path) -> None:
    figures = [Figure("search", 4.2, "ms", 10, "p95 5"), Figure("size", 1, "MiB")]
    write(figures, tmp_path / "build" / "bench.json")
    report = json.loads((tmp_path / "build" / "bench.json").read_text(encoding="utf-8"))
    assert [(f["name"], f["verdict"]) for f in report["figures"]] == [
        ("search", "met"),
        ("size", ""),
    ]
    assert report["machine"]["cores"] == os.cpu_count()
    assert table(figures).row_count == 2


def test_api_and_engine_are_asked_for_the_same_prompt(tmp_path: Path) -> None:
    corpus = generate(30, 3)
    with running_engine() as engine, running_api(tmp_path, model=engine.model) as api:
        base_id = api.ingest("bench", dict(corpus.files))

        found = latency.first_tokens(
            api.url,
            engine.url,
            api.application.db,
            base_id,
            corpus.questions,
            model="fake",
            max_tokens=8,
            rounds=2,
        )
        searched = latency.search(api.url, base_id, corpus.questions, 30)

    prompts = Counter(request["prompt"] for request in engine.engine.requests)
    # each of three: once before it counts, then two pairs
    assert list(prompts.values()) == [5, 5, 5]
    assert len(found.api_ms) == len(found.engine_ms) == 6
    assert min(found.api_ms + found.engine_ms) > 0
    names = [figure.name for figure in found.figures("engine")]
    assert names[-1] == "first token, what the API adds"
    assert searched[0].target == latency.SEARCH_MS


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_process_tells_its_memory_and_its_children() -> None:
    command = [sys.executable, "-S", "-c", "print(flush=True); import time; time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # until then it may still be the copy of this process
        assert child.pid in children(os.getpid())
        assert "time.sleep(60)" in command_line(child.pid)
        assert 0 < memory_mib(child.pid) < memory_mib(os.getpid())
        child.terminate()


def test_a_process_that_ends_before_it_is_ready_is_an_error() -> None:
    (port,) = free_ports(1)
    with (
        pytest.raises(RuntimeError, match="exited with"),
        running(("json.tool", "/nowhere"), f"http://127.0.0.1:{port}/", {}),
    ):
        pass
