"""The Python of every page in docs/ runs as it stands there, against a service that runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application import RunningApi, drain, running_api
from tests.docs.engine import running_engine

DOCS = Path(__file__).parents[2] / "docs"
DEFAULT_URL = "http://127.0.0.1:8000"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# What the blocks of each page print, besides whatever else.
PRINTED = {
    "how-to/langchain.md": ["security-faq.txt None", "Answer from this:", "1 security-faq.txt"],
    "how-to/llama-index.md": ["1 security-faq.txt", "security-faq.txt None"],
    "how-to/openai.md": ["zhiwen/示例 · Sample", "1 security-faq.txt None", "tokens", "404"],
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """A service as it is after the first start: with the sample base, read."""
    data_dir = tmp_path_factory.mktemp("docs") / "data"
    with (
        running_engine() as engine,
        running_api(data_dir, model=engine.model, sample_base=True) as running,
    ):
        drain(running.application)
        yield running


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def test_every_page_with_python_is_run() -> None:
    pages = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if blocks(p)}
    assert pages == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_a_page_does_what_it_says(
    name: str, service: RunningApi, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, object] = {"__name__": f"docs.{name}"}
    for number, block in enumerate(blocks(DOCS / name), start=1):
        code = block.replace(DEFAULT_URL, service.url)
        exec(compile(code, f"{name}, block {number}", "exec"), namespace)  # noqa: S102  # our pages
    printed = capsys.readouterr().out
    for expected in PRINTED[name]:
        assert expected in printed
