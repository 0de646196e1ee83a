"""What only a script in the browser can do: language of the page, sidebar of a phone, cursor."""

import streamlit as st

from ui.words.texts import language

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
export default function ({ data }) {
  document.documentElement.lang = data.language;
  document.addEventListener("click", closeSidebar, true);
  const timers = [50, 400, 1200].map((ms) => setTimeout(() => placeCursor(data.page), ms));
  return () => {
    document.removeEventListener("click", closeSidebar, true);
    timers.forEach(clearTimeout);
  };
}
"""

_script = st.components.v2.component("zhiwen_browser", js=_JS)


def attend(page: str) -> None:
    """Call once a run. `page` changes when another conversation or page is opened."""
    tag = "zh-CN" if language() == "zh" else language()
    _script(key="browser", data={"language": tag, "page": page}, height="content")
