"""A button that leaves the page: it sends a form of its own to another address of ours."""

from typing import Literal

import streamlit as st

_HTML = '<form class="leave"><button type="submit"></button></form>'

_CSS = """
.leave { margin: 0; }
button {
  font: inherit; font-family: var(--st-font); font-size: 0.93rem; line-height: 1.6; width: 100%;
  color: var(--st-text-color); background: none; cursor: pointer; padding: 0.25rem 0.6rem;
  border: 1px solid transparent; border-radius: var(--st-button-radius, 0.6rem);
}
button:hover { color: var(--st-primary-color); }
button.first {
  color: var(--st-background-color); background: var(--st-primary-color); padding: 0.35rem 1rem;
}
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
"""

_JS = """
export default function ({ parentElement, data }) {
  const form = parentElement.querySelector("form");
  form.action = data.action;
  form.method = data.method;
  const button = form.querySelector("button");
  button.textContent = data.label;
  button.className = data.first ? "first" : "";
  form.querySelectorAll("input").forEach((field) => field.remove());
  for (const [name, value] of Object.entries(data.fields)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
}
"""

_form = st.components.v2.component("zhiwen_leave", html=_HTML, css=_CSS, js=_JS)


def button(
    label: str,
    action: str,
    method: Literal["get", "post"],
    *,
    key: str,
    fields: dict[str, str] | None = None,
    first: bool = False,
) -> None:
    data = {
        "label": label,
        "action": action,
        "method": method,
        "fields": fields or {},
        "first": first,
    }
    _form(key=key, data=data, height="content", width="content")
