"""Every path that a page names exists, and so does every page that the code names."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = "app|docker|docs|evals|ingest|tests|ui|vectorstore"
_PATH = re.compile(rf"(?<![\w./~$%*-])((?:{FOLDERS})/[\w./-]*\w)")
_PAGE = re.compile(r"(?<![\w./-])docs/[\w./-]+\.md\b")


def tracked(*patterns: str) -> list[Path]:
    """Files in git, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).exists()]


PAGES = [path for path in tracked("*.md") if path.name != "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_in_a_page_exists(page: Path) -> None:
    named = set(_PATH.findall(page.read_text(encoding="utf-8")))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_paths_are_found_at_all() -> None:
    named = [path for page in PAGES for path in _PATH.findall(page.read_text(encoding="utf-8"))]
    assert len(set(named)) > 40


def test_every_page_that_code_names_exists() -> None:
    code = tracked("*.py", "*.toml", "*.yml", "*.yaml", "*.service", "Makefile")
    named = {
        (page, path.relative_to(ROOT).as_posix())
        for path in code
        if path != Path(__file__)
        for page in _PAGE.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert [(page, code) for page, code in sorted(named) if not (ROOT / page).exists()] == []
