"""Who did what, newest first."""

from datetime import date, datetime, time, timedelta

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.people import entry
from ui.parts.people.accounts import called
from ui.safe_markdown import plain, shortened
from ui.words.texts import t, words

PER_PAGE = 50


def draw() -> None:
    st.caption(t("audit.what"))
    people = {person["id"]: called(person) for person in state.client().people.all()}
    filters = _filters(people)
    page_key = "-".join(("audit-page", *filters.values()))  # another filter begins with page 1
    number = int(st.session_state.get(page_key, 1))
    found = state.client().people.audit(filters, PER_PAGE, (number - 1) * PER_PAGE)
    if not found["entries"] and number > 1:  # there are fewer now
        st.session_state.pop(page_key)
        st.rerun()
    if not found["entries"]:
        st.caption(t("audit.none"))
        return
    with st.container(key="audit-table"):
        st.table(_table(found["entries"], _names(people)), hide_index=True, border="horizontal")
    pages = -(-found["total"] // PER_PAGE)
    client = state.client()  # the download runs outside this session's script
    with st.container(horizontal=True, vertical_alignment="center"):
        if pages > 1:
            st.pagination(pages, key=page_key)
        st.caption(t("audit.total", n=found["total"]), width="content")
        st.space("stretch")
        st.download_button(
            t("audit.download"),
            data=lambda: client.audit_file(filters),
            file_name="zhiwen-audit.jsonl",
            mime="application/x-ndjson",
            icon=":material/download:",
            on_click="ignore",
            key="audit-download",
        )


def _filters(people: dict[str, str]) -> dict[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.selectbox(
            t("audit.person"),
            ["", *people],
            format_func=lambda id_: people.get(id_, t("audit.anybody")),
            key="audit-person",
            width=200,
        )
        action = st.selectbox(
            t("audit.action"),
            ["", *_known_actions()],
            format_func=lambda name: _action(name) if name else t("audit.any_action"),
            key="audit-action",
            width=200,
        )
        since = st.date_input(t("export.since"), value=None, key="audit-since", width=150)
        until = st.date_input(t("export.until"), value=None, key="audit-until", width=150)
    given = {"person_id": person, "action": action}
    if isinstance(since, date):
        given["since"] = _midnight(since)
    if isinstance(until, date):
        given["until"] = _midnight(until + timedelta(days=1))
    return {name: value for name, value in given.items() if value}


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), tzinfo=state.time_zone()).isoformat()


def _names(people: dict[str, str]) -> entry.Names:
    groups = {group["id"]: group["name"] for group in state.client().people.groups()}
    return {**people, **groups, **{base["id"]: base["name"] for base in state.client().bases()}}


def _table(entries: list[wire.AuditEntry], names: entry.Names) -> dict[str, list[str]]:
    return {
        t("audit.at"): [state.local_time(each["at"]) for each in entries],
        t("audit.person"): [_who(each) for each in entries],
        t("audit.action"): [_action(each["action"]) for each in entries],
        t("audit.object"): [plain(shortened(entry.said(each, names), 120)) for each in entries],
        t("audit.outcome"): [t(f"outcome.{each['outcome']}") for each in entries],
        t("audit.address"): [plain(each["address"]) for each in entries],
    }


def _who(of: wire.AuditEntry) -> str:
    name = plain(of["person_name"]) or "–"
    return f"{name} · {t('audit.key')}" if of["key_id"] else name


def _action(action: str) -> str:
    name = action.replace(".", "_", 1)
    key = f"audit.do_{name}"
    return t(key) if key in words("zh") else plain(action)


def _known_actions() -> list[str]:
    """Those that we have words for; the API may know others."""
    prefix = "audit.do_"
    keys = (key for key in words("zh") if key.startswith(prefix))
    return [key.removeprefix(prefix).replace("_", ".", 1) for key in keys]
