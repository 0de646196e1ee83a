"""axe-core in a page: what somebody could not see, reach or understand there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.gestures import settle

PHONE, DESKTOP = 390, 1280
_THEMES = ("light", "dark")
# While a dialog is open, the page doesn't scroll and its body has no height, so that axe takes the
# whole dialog for cut off and looks at the contrast of none of its words.
_RUN = """async (rules) => {
  const root = document.documentElement.style, body = document.body.style;
  root.setProperty("overflow", "visible", "important");
  body.setProperty("min-height", "100vh", "important");
  const found = await axe.run({ resultTypes: ["violations"], ...rules });
  root.removeProperty("overflow");
  body.removeProperty("min-height");
  return found;
}"""
# The page of signing in has none.
_HAS_THEME = """theme => [...document.querySelectorAll('[data-testid="stApp"]')].every(
  app => getComputedStyle(app).colorScheme === theme)"""
_OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@dataclass(slots=True)
class Findings:
    """Of all places so far, a line for each element that breaks a rule."""

    lines: list[str] = field(default_factory=list)

    def look(self, page: Page, where: str) -> None:
        """On a desktop and a phone, in both themes; nothing but colours differs in the second."""
        height = (page.viewport_size or {})["height"]
        for width in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            for theme in _THEMES:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its literals
                page.wait_for_function(_HAS_THEME, arg=theme)
                rules = {} if theme == _THEMES[0] else _OF_COLOURS
                self._look(page, f"{where}, {width} px, {theme}", rules)
        page.set_viewport_size({"width": DESKTOP, "height": height})
        self.lines += [f"{where}: not in Chinese: {label}" for label in _english_labels(page)]

    def _look(self, page: Page, where: str, rules: Mapping[str, object]) -> None:
        settle(page)
        self.lines += [f"{where}: {found}" for found in violations(page, rules)]


def violations(page: Page, rules: Mapping[str, object] | None = None) -> Iterator[str]:
    """Rule, markup of the element, and what is wrong with it; by all rules or those chosen."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_RUN, rules or {})
    for violation in found["violations"]:
        for node in violation["nodes"]:
            what = " ".join(node["failureSummary"].split("\n")[1].split())
            yield f"{violation['id']} at {node['html'][:160]}: {what}"


def _english_labels(page: Page) -> list[str]:
    """On a Chinese page, labels of several letters and nothing else; names are short here."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.lang === "en" ? [] :
             [...document.querySelectorAll("[aria-label]")].filter(e => e.checkVisibility())
               .map(e => e.getAttribute("aria-label"))
               .filter(said => /^[A-Za-z .]{5,}$/.test(said))"""
    )
    return found
