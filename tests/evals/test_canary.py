"""The table on the page that says how soon the guard of a canary notices."""

from pathlib import Path

from evals.quality.canary import CASES, SEED, SIMULATIONS, Case, simulate, taken_back_after

PAGE = Path(__file__).parents[2] / "docs/decisions/2026-11-29-canary.md"


def test_the_page_shows_what_the_command_finds() -> None:
    page = PAGE.read_text("utf-8")
    for case in (each for each in CASES if each.after == 0.5):  # seconds, for the others
        often, after = simulate(case, SIMULATIONS, SEED)
        row = f"| 15 → 50 % | {case.share * 100:.0f} % | {often:g} | {after:,.0f} |"
        assert row in page


def test_what_is_no_worse_stays() -> None:
    assert taken_back_after(Case(0.5, 0.15, 0.5), SEED) is None
