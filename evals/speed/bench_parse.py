"""Parsing benchmark: `python -m evals.speed.bench_parse`, in pages per second and core.

The PDF is generated with PDFium: full pages of text with headings. Measures CPU time of this
process, so that other load on the machine does not matter.
"""

import io
import random
import time
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from app.config import Settings
from app.models.errors import ModelError
from app.wiring.models import build_embedder, model_store
from ingest.chunking.units import CountTokens
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.pipeline import read

TARGET = 60.0  # pages per second
_TEXT = (
    "the tenant shall give written notice of at least thirty days before the end of the term and "
    "return all keys to the landlord who confirms receipt within one week after inspection"
)
_LINES, _LINE_WORDS = 44, 13


def text_pdf(pages: int, seed: int = 1) -> bytes:
    """A PDF of full pages of English text, each with a heading."""
    from pypdfium2 import PdfDocument

    chance = random.Random(seed)
    pdf = PdfDocument.new()
    for number in range(1, pages + 1):
        page = pdf.new_page(595, 842)
        title = " ".join(
            chance.sample(_TEXT.split(), k=3)
        )  # differs on every page, so that it is no running title
        _write(pdf, page, f"Section {number}: {title}", 16, 790)
        for line in range(_LINES):
            words = " ".join(chance.choices(_TEXT.split(), k=_LINE_WORDS))
            text = words.capitalize() if line % 4 == 0 else words
            _write(pdf, page, text + ("." if line % 4 == 3 else ""), 9, 760 - 15 * line)
        page.gen_content()
        page.close()
    stream = io.BytesIO()
    pdf.save(stream)
    pdf.close()
    return stream.getvalue()


def _write(pdf, page, text: str, size: int, y: int) -> None:  # type: ignore[no-untyped-def]  # no stubs
    from ctypes import c_ushort

    from pypdfium2 import PdfMatrix, PdfTextObj, raw

    handle = raw.FPDFPageObj_NewTextObj(pdf, b"Helvetica", size)
    codes = [*text.encode("utf-16-le"), 0, 0]
    wide = (c_ushort * (len(codes) // 2)).from_buffer_copy(bytes(codes))
    raw.FPDFText_SetText(handle, wide)
    line = PdfTextObj(handle, pdf=pdf)
    line.set_matrix(PdfMatrix().translate(50, y))
    page.insert_obj(line)


def pages_per_second(pages: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return pages / (time.process_time() - began)


def counter() -> tuple[str, CountTokens]:
    """Token counter of the default embedder, or of a substitute without its weights."""
    settings = Settings()
    try:
        embedder = build_embedder(settings, model_store(settings), threads=1)
    except ModelError:
        embedder = HashingEmbedder()
    embedder.token_counts(["once"])
    return embedder.name, embedder.token_counts


def main(
    pages: Annotated[int, typer.Option(min=1, help="Pages of the generated PDF.")] = 200,
    target: Annotated[
        float, typer.Option(help="Required pages per second, chunking included.")
    ] = TARGET,
) -> None:
    """Measure; exit code 1 below the target."""
    data = text_pdf(pages)
    name, count_tokens = counter()
    parse(data, "warm.pdf")  # loads the libraries
    parsed = pages_per_second(pages, lambda: parse(data, "a.pdf"))
    chunked = pages_per_second(pages, lambda: read(data, "a.pdf", count_tokens))
    Console().print(
        f"{pages} pages of text, one core: {parsed:.0f} pages/s parsed, {chunked:.0f} pages/s up "
        f"to the chunks (tokens counted by {name}); target {target:.0f}",
        highlight=False,
    )
    if chunked < target:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
