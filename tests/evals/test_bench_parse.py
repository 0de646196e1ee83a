from evals.speed.bench_parse import text_pdf
from ingest.parsers import parse
from ingest.types import BlockKind


def test_the_pdf_that_is_measured_is_read_like_any_other() -> None:
    document = parse(text_pdf(3), "a.pdf")
    assert [span.page for span in document.pages] == [1, 2, 3]
    assert sum(block.kind is BlockKind.HEADING for block in document.blocks) == 3
    assert len(document.text) > 3 * 2500
