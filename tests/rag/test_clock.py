from app.rag.clock import Clock


def test_stages_stand_in_their_order_and_the_total_behind_them() -> None:
    clock = Clock()
    clock.lap("rewrite")
    clock.timings_ms.update(dense=2.0, lexical=1.0)
    for stage in ("retrieve", "prompt"):
        clock.lap(stage)
    assert list(clock.timings_ms) == [
        *("rewrite", "dense", "lexical", "retrieve", "prompt"),
        "total",
    ]
