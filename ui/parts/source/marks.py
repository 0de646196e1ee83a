"""Three small scripts: clicks on citation markers, copying and scrolling.

Their code is fixed; answers reach them only as data, never as HTML.
"""

import re

import streamlit as st

from ui import state
from ui.words.texts import t

_CLICK_JS = """
export default function ({ setTriggerValue }) {
  const onClick = (event) => {
    const links = 'a[href^="#cite-"], a[href^="#doubt"]';
    const link = event.target.closest && event.target.closest(links);
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    setTriggerValue("marker", link.getAttribute("href").slice(1));
  };
  document.addEventListener("click", onClick, true);
  return () => document.removeEventListener("click", onClick, true);
}
"""

# The clipboard API needs loopback or HTTPS; elsewhere the old command still works.
_COPY_JS = """
async function write(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.appendChild(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = async () => {
    await write(data.text);
    button.textContent = data.copied;
    setTimeout(() => { button.textContent = data.label; }, 1600);
  };
}
"""

_COPY_CSS = """
button {
  background: none; border: none; padding: 0.25rem 0; cursor: pointer; white-space: nowrap;
  font: inherit; font-family: var(--st-font); font-size: 0.875rem; line-height: 1.6;
  color: var(--st-text-color); opacity: 0.8;
}
button:hover { color: var(--st-primary-color); opacity: 1; }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

# `source`: scroll to the highlighted words. `end`: follow a growing answer from the moment `jump`
# changes (a question was asked, a conversation opened) until the reader scrolls up.
_SCROLL_JS = """
const state = (window.zhiwenScroll ??= { jumps: {}, pinned: false, watching: null });
function watch(main) {
  if (state.watching === main) return;
  state.watching = main;
  const release = () => { state.pinned = false; };
  main.addEventListener("wheel", (event) => { if (event.deltaY < 0) release(); });
  main.addEventListener("touchmove", release);
  main.addEventListener("keydown", (event) => {
    if (["PageUp", "ArrowUp", "Home"].includes(event.key)) release();
  });
}
function showSource() {
  const box = document.querySelector(".zw-source");
  const mark = box && (box.querySelector("mark.cited") || box.querySelector("mark"));
  if (!mark) return;
  const above = mark.getBoundingClientRect().top - box.getBoundingClientRect().top;
  box.scrollTop += above - box.clientHeight / 3;
}
function followEnd(data) {
  const main = document.querySelector('[data-testid="stMain"]');
  if (!main) return;
  watch(main);
  if (state.jumps[data.key] !== data.jump) state.pinned = true;
  state.jumps[data.key] = data.jump;
  if (state.pinned) main.scrollTop = main.scrollHeight;
}
export default function ({ data }) {
  const go = () => (data.to === "source" ? showSource() : followEnd(data));
  const timers = [setTimeout(go, 60), setTimeout(go, 400)];
  return () => timers.forEach(clearTimeout);
}
"""

_scroll = st.components.v2.component("zhiwen_scroll", js=_SCROLL_JS)
_clicks = st.components.v2.component("zhiwen_marker_clicks", js=_CLICK_JS)
_copy = st.components.v2.component(
    "zhiwen_copy", html='<button type="button"></button>', css=_COPY_CSS, js=_COPY_JS
)


def anchor(message_id: str) -> str:
    """Prefix of the link targets of a message's markers: `#<prefix>-n`."""
    return f"cite-{message_id}"


def doubtful(anchor: str) -> str:
    """The same place, of a marker behind what its source does not support."""
    return f"doubt-{anchor}"


def listen() -> None:
    """Opens the source when a marker is clicked. Call once per page."""
    clicked = _clicks(key="marker-clicks", height="content", on_marker_change=lambda: None).marker
    found = re.fullmatch(r"(?:doubt-)?cite-([0-9a-zA-Z-]+)-(\d+)", clicked or "")
    if found:
        state.open_dialog("source", message_id=found[1], number=int(found[2]))


def copy_button(text: str, key: str) -> None:
    data = {"text": text, "label": t("answer.copy"), "copied": t("answer.copied")}
    _copy(key=f"copy-{key}", data=data, width="content", height="content")


def show_source(place: str) -> None:
    """Scrolls the open source to its highlighted words, again whenever `place` changes."""
    _scroll(key="scroll-source", data={"to": "source", "place": place}, height="content")


def follow_end(key: str, length: int, jump: str) -> None:
    """Keeps the end of a growing page in view, starting when `jump` changes for this key."""
    data = {"to": "end", "key": key, "length": length, "jump": jump}
    _scroll(key=f"scroll-{key}", data=data, height="content")
