"""What only a script in the browser can do: language of the page, sidebar of a phone, cursor, and
what Streamlit's own markup lacks for those who hear the page or use keys."""

import streamlit as st

from ui.words.texts import language, t, words

# Streamlit lays the sidebar over the page below 768 px.
_JS = """
const NARROW = "(max-width: 767.98px)";
function closeSidebar(event) {
  if (!window.matchMedia(NARROW).matches || !event.target.closest) return;
  if (!event.target.closest('[data-testid="stSidebar"] a')) return;
  const close = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
  if (close) setTimeout(() => close.click(), 0);
}
function placeCursor(page) {
  if (window.zhiwenFocused === page || window.matchMedia("(pointer: coarse)").matches) return;
  const area = document.querySelector('[data-testid="stChatInput"] textarea');
  if (!area || area.disabled) return;
  window.zhiwenFocused = page;
  if (document.activeElement === document.body) area.focus({ preventScroll: true });
}
// "Skip to main content" leads to where one types, if there is such a place.
function skip(event) {
  if (!event.target.closest || !event.target.closest('a[href="#stMain"]')) return;
  const area = document.querySelector('[data-testid="stChatInput"] textarea');
  if (!area || area.disabled) return;
  event.preventDefault();
  event.stopPropagation();
  area.focus();
}
function translated(said) {
  const labels = window.zhiwenLabels;
  if (Object.hasOwn(labels, said)) return labels[said];  // a file may be called "constructor"
  const [first, ...rest] = said.split(" ");
  return first === "Remove" ? [labels[first], ...rest].join(" ") : said;
}
// Labels that Streamlit has in English only; the place for files has a role that its name
// contradicts; what scrolls is reached by keys.
function mend() {
  window.zhiwenMending = false;
  for (const element of document.querySelectorAll("[aria-label]")) {
    const kept = element.dataset, label = element.getAttribute("aria-label");
    // Streamlit's own: "Show password" becomes "Hide password" on the same element.
    const said = label === kept.zhiwenShown ? kept.zhiwenSaid : label;
    const wanted = translated(said);
    if (wanted === label) continue;
    kept.zhiwenSaid = said;
    kept.zhiwenShown = wanted;
    element.setAttribute("aria-label", wanted);
  }
  for (const icon of document.querySelectorAll('[role="img"][aria-label$=" icon"]')) {
    icon.removeAttribute("aria-label");  // the words beside it say more
    icon.setAttribute("aria-hidden", "true");
  }
  for (const drop of document.querySelectorAll('section[role="presentation"][aria-label]')) {
    drop.setAttribute("role", "group");
  }
  const scrolling =
    '[data-testid="stTable"] > div, [data-testid="stCode"] pre, .zw-source, .st-key-conversations';
  for (const box of document.querySelectorAll(scrolling)) {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (scrolls && box.tabIndex < 0) box.tabIndex = 0;
  }
}
function mendSoon() {
  if (window.zhiwenMending) return;
  window.zhiwenMending = true;
  requestAnimationFrame(mend);
}
export default function ({ data }) {
  document.documentElement.lang = data.language;
  window.zhiwenLabels = data.labels;
  if (!window.zhiwenMender) {
    window.zhiwenMender = new MutationObserver(mendSoon);
    const changes = { childList: true, subtree: true, attributeFilter: ["aria-label"] };
    window.zhiwenMender.observe(document.body, changes);
    window.addEventListener("resize", mendSoon);
  }
  mendSoon();
  document.addEventListener("click", closeSidebar, true);
  document.addEventListener("click", skip, true);
  const timers = [50, 400, 1200].map((ms) => setTimeout(() => placeCursor(data.page), ms));
  return () => {
    document.removeEventListener("click", closeSidebar, true);
    document.removeEventListener("click", skip, true);
    timers.forEach(clearTimeout);
  };
}
"""

_script = st.components.v2.component("zhiwen_browser", js=_JS)


def attend(page: str) -> None:
    """Call once a run. `page` changes when another conversation or page is opened."""
    tag = "zh-CN" if language() == "zh" else language()
    data = {"language": tag, "page": page, "labels": _labels()}
    _script(key="browser", data=data, height="content")


def _labels() -> dict[str, str]:
    """By what Streamlit says, what it should say."""
    said, start = words("en"), "label."
    names = [key.removeprefix(start) for key in said if key.startswith(start)]
    return {said[start + name]: t(f"label.{name}") for name in names}
