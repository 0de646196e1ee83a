"""Approved answers: the badge, approving below a rated answer, and the list of all."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.library.bases import label
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_ANSWER_CHARS = 600  # shown of each


def badge() -> None:
    st.badge(t("approved.badge"), icon=":material/verified:", color="green")


def by_message(found: list[wire.Approved]) -> dict[str, wire.Approved]:
    """Those that came from a rated answer, by its id."""
    return {each["message_id"]: each for each in found if each["message_id"]}


def toggle(item: wire.FeedbackItem, approved: wire.Approved | None) -> None:
    """Approves the correction, or an answer rated up; or withdraws what was approved."""
    key = item["message_id"]
    given = approved is not None and approved["standing"] == "current"
    if approved is not None and st.button(
        t("approved.withdraw"), type="tertiary", key=f"withdraw-{key}"
    ):
        _withdraw(approved["id"])
    if (item["correction"] or item["rating"] == "up") and not given:
        _offer({"message_id": key}, key)


def _offer(body: wire.NewApproved, key: str) -> None:
    words, icon = t("approved.approve"), ":material/verified:"
    if st.button(words, icon=icon, type="tertiary", key=f"approve-{key}"):
        _approve(body)


def standing(approved: wire.Approved) -> None:
    """Whether it is given, and what it rests on."""
    if approved["standing"] != "current":
        st.warning(t(f"approved.{approved['standing']}"), icon=":material/sync_problem:")
    names = ", ".join(plain(shortened(name, 40)) for name in approved["document_names"])
    st.caption(t("approved.rests_on", names=names) if names else t("approved.no_source"))


def all_of(base_id: str, bases: dict[str, str]) -> None:
    """The list, with a form for pairs written by hand."""
    st.write(t("approved.what"))
    with st.expander(t("approved.write"), icon=":material/add:"):
        if (body := _form("approved", bases, [base_id] if base_id else [])) is not None:
            _approve(body)
    found = state.client().approved(base_id)
    if not found:
        st.caption(t("approved.none"))
    for each in found:
        with st.container(border=True, key=f"approved-{each['id']}"):
            st.markdown(f"**{plain(shortened(each['question'], 200))}**")
            st.markdown(plain(shortened(each["answer"], _ANSWER_CHARS)))
            standing(each)
            with st.container(horizontal=True, vertical_alignment="center"):
                names = [bases.get(base, t("approved.base_gone")) for base in each["base_ids"]]
                st.caption(plain(" · ".join(names)), width="content")
                st.space("stretch")
                if st.button(t("approved.withdraw"), type="tertiary", key=f"gone-{each['id']}"):
                    _withdraw(each["id"])
                if each["standing"] != "current":
                    again: wire.NewApproved = {
                        "question": each["question"],
                        "answer": each["answer"],
                        "base_ids": each["base_ids"],
                    }
                    _offer(again, each["id"])


def write() -> None:
    """The answer to the question that the dialog was opened with, for its bases."""
    opened = state.dialog()
    if opened is None:
        return
    bases = {b["id"]: label(b) for b in state.client().bases() if state.may_edit(b)}
    st.caption(t("approved.what"))
    chosen = [id_ for id_ in opened["base_ids"] if id_ in bases]
    body = _form(f"write-{opened['id']}", bases, chosen, opened["question"])
    if body is not None and _sent(body):
        state.close_dialog()
        st.rerun()


def _form(
    key: str, bases: dict[str, str], chosen: list[str], asked: str = ""
) -> wire.NewApproved | None:
    """What was written, once it is sent."""
    with st.form(f"{key}-form", clear_on_submit=not asked, border=False):
        question = st.text_input(
            t("approved.question"), asked, max_chars=8000, key=f"{key}-question"
        )
        answer = st.text_area(
            t("approved.answer"), height=100, max_chars=50_000, key=f"{key}-answer"
        )
        given = st.multiselect(
            t("documents.base"),
            list(bases),
            default=chosen,
            format_func=lambda id_: bases[id_],
            placeholder=t("approved.choose_base"),
            key=f"{key}-bases",
        )
        sent = st.form_submit_button(t("approved.approve"), type="primary")
    return {"question": question, "answer": answer, "base_ids": given} if sent else None


def _approve(body: wire.NewApproved) -> None:
    if _sent(body):
        st.rerun()


def _sent(body: wire.NewApproved) -> bool:
    try:
        state.client().approve(body)
    except ApiError as error:
        st.error(refused(error))
        return False
    st.toast(t("approved.done"), icon=":material/verified:")
    return True


def _withdraw(approved_id: str) -> None:
    try:
        state.client().withdraw(approved_id)
    except ApiError as error:
        st.error(refused(error))
        return
    st.toast(t("approved.withdrawn"), icon=":material/check:")
    st.rerun()
