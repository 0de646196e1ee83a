"""Which document is read first where few chunks are."""

from dataclasses import replace

from app.rag.extractive.cell import table_asked_first
from tests.rag.passages import around, chunks_of


def test_the_table_that_has_the_cell_is_read_first() -> None:
    head = "| 型号 | 名称 | 单价（元） |"
    manual = chunks_of("d1", ["HG-200 使用手册", "HG-200 接收传感器的读数。", "HG-200 每天重启。"])
    prices = chunks_of("d2", [f"{head}\n| HG-200 | 网关 | 2680 |", "| HG-200L | 网关 | 3180 |"])
    prices[1] = replace(prices[1], headings=(head,))
    hits = [*manual, *reversed(prices)]

    first = table_asked_first(hits, around(*hits), "HG-200多少钱？")
    assert list(first) == [*prices, *manual]
    for question in ("HG-200怎么重启？", "这些多少钱？"):
        assert list(table_asked_first(hits, around(*hits), question)) == hits
    twice = [*hits, *(replace(each, document_id="d3") for each in prices)]
    assert list(table_asked_first(twice, around(*twice), "HG-200多少钱？")) == twice
