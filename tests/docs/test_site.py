"""The site builds with every link checked, and its pages fetch nothing from other hosts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a browser loads by itself; links that a reader follows are another matter.
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?![^>]*\brel=["']?canonical)[^>]*?\shref=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|@import[^;]*//[^;]+|url\(["']?(?:https?:)?//[^)]+\)""",
    re.IGNORECASE,
)
# Elements for which the theme's script would load something from elsewhere.
_ON_DEMAND = re.compile(r"class=\"mermaid\"|data-md-component=\"source\"|class=\"md-source\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_in_the_navigation_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {p.relative_to(ROOT / "docs").with_suffix(".html") for p in _sources()}
    assert pages <= {p.relative_to(site) for p in site.rglob("*.html")}


def test_pages_fetch_nothing_from_other_hosts(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css"), *site.rglob("*.svg")]
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert _LOADED.findall(text) == [], file
        assert _ON_DEMAND.findall(text) == [], file


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/a.js">',
        "<link rel=stylesheet href=//fonts.example/css>",
        "<img alt=x src='http://example/x.png'>",
        "body{background:url(https://example/x.png)}",
    ],
)
def test_a_page_that_fetched_something_would_be_noticed(text: str) -> None:
    assert _LOADED.search(text)


def _sources() -> list[Path]:
    docs = ROOT / "docs"
    return [p for p in docs.rglob("*.md") if docs / "examples" not in p.parents]
