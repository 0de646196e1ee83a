"""Counts the question in the input while it is typed, once it comes near what the model can read.

The browser estimates tokens; the API counts them exactly when the question is sent.
"""

import streamlit as st

from ui.client import wire
from ui.words.texts import t

AUTO = "auto"

# Qwen's vocabulary: about 1.5 Chinese characters a token, 4 letters of other scripts.
_JS = """
const wide = /[\\u2e80-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\uff00-\\uffef]/g;
function tokens(text) {
  const count = (text.match(wide) || []).length;
  return Math.ceil(count / 1.5 + (text.length - count) / 4);
}
export default function ({ parentElement, data }) {
  const line = parentElement.querySelector(".count");
  const input = () => document.querySelector('[data-testid="stChatInput"] textarea');
  let refused = null;  // what Streamlit drops without a word, and the text it was to join
  const onPaste = (event) => {
    const area = input();
    if (!area || event.target !== area) return;
    const pasted = (event.clipboardData.getData("text") || "").length;
    const kept = area.value.length - (area.selectionEnd - area.selectionStart);
    const count = kept + pasted;
    refused = count > data.most ? { count, beside: area.value } : null;
    show();
  };
  const show = () => {
    const area = input();
    if (refused && area && area.value === refused.beside) {
      const text = data.too_long.replace("{n}", refused.count.toLocaleString());
      if (line.textContent !== text) line.textContent = text;
      line.className = "count over";
      return;
    }
    refused = null;
    const count = tokens(area ? area.value : "");
    const over = data.limit > 0 && count > data.limit;
    const said = data.text.replace("{n}", count) + (over ? " · " + data.over : "");
    const shown = data.limit > 0 && count > data.limit * 0.6 ? said : "";
    if (line.textContent !== shown) line.textContent = shown;
    line.className = over ? "count over" : "count";
  };
  const timer = setInterval(show, 300);  // a question that was sent leaves without an event
  document.addEventListener("paste", onPaste, true);
  return () => {
    clearInterval(timer);
    document.removeEventListener("paste", onPaste, true);
  };
}
"""

_CSS = """
.count {
  margin: 0; font-family: var(--st-font); font-size: 0.8rem; color: var(--st-text-color);
  opacity: 0.7;
}
.count.over { color: var(--st-red-text-color, #b3261e); opacity: 1; }
"""

_counter = st.components.v2.component(
    "zhiwen_question_counter", html='<p class="count" aria-live="polite"></p>', css=_CSS, js=_JS
)


def draw(models: list[wire.Model], most: int) -> None:
    """Above the input, which takes up to `most` characters; empty until the question is long."""
    limit = _max_tokens(models)
    data = {
        "limit": limit,
        "most": most,
        "text": t("chat.about_tokens", limit=f"{limit:,}", n="{n}"),
        "over": t("chat.over_limit"),
        "too_long": t("chat.pasted_too_much", most=f"{most:,}", n="{n}"),
    }
    _counter(key="question-counter", data=data, height="content")


def _max_tokens(models: list[wire.Model]) -> int:
    """Of the chosen model; with `auto`, of the one that gets long questions."""
    picked = st.session_state.get("picked_model") or AUTO
    named = [model for model in models if model["name"] == picked]
    able = [model for model in models if not model.get("only_by_name", False)]
    large = [model for model in able if model.get("size", "large") == "large"]
    chosen = next(iter([*named, *large, *able]), None)
    return chosen.get("max_question_tokens", 0) if chosen else 0
