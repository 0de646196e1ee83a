"""The review page: rated answers, approved ones, the export as a training file, and training."""

from datetime import date, datetime, time, timedelta

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import approved, feedback
from ui.parts.improving import section
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t, words

PER_PAGE = 10
RATINGS = ("all", "up", "down")
FORMATS = ("messages", "sharegpt", "alpaca", "dpo", "kto")


def page() -> None:
    st.title(t("page.review"), anchor=False)
    bases = {b["id"]: b["name"] for b in state.client().bases() if state.may_edit(b)}
    address.take("review-rating", "rating", RATINGS[0], RATINGS)
    address.take("review-base", "base", "", bases)
    with st.container(horizontal=True, vertical_alignment="top"):
        st.segmented_control(
            t("review.rating"),
            RATINGS,
            required=True,
            format_func=lambda name: t(f"review.{name}"),
            key="review-rating",
        )
        st.selectbox(
            t("documents.base"),
            ["", *bases],
            format_func=lambda key: bases.get(key, t("review.all_bases")),
            key="review-base",
            width=260,
        )
    rating = address.put("review-rating", "rating", RATINGS[0])
    base_id = address.put("review-base", "base", "")
    chosen = "" if rating == RATINGS[0] else rating
    tabs = ("review.tab_rated", "review.tab_approved", "review.tab_export", "review.tab_train")
    rated, approved_tab, export, train = st.tabs([t(tab) for tab in tabs])
    with rated:
        _rated(chosen, base_id)
    with approved_tab:
        approved.all_of(base_id, bases)
    with export:
        _export(chosen, base_id)
    with train:
        section.tab(base_id)


def _rated(rating: str, base_id: str) -> None:
    page_key = f"review-page-{rating}-{base_id}"  # another filter begins with its first page
    number = int(st.session_state.get(page_key, 1))
    found = state.client().feedback(rating, base_id, PER_PAGE, (number - 1) * PER_PAGE)
    if not found["items"] and number > 1:  # there are fewer now
        st.session_state.pop(page_key)
        st.rerun()
    if not found["total"]:
        st.write(t("review.none"))
        return
    settled = approved.by_message(state.client().approved())
    for item in found["items"]:
        _item(item, settled.get(item["message_id"]))
    pages = -(-found["total"] // PER_PAGE)
    if pages > 1:
        st.pagination(pages, key=page_key)


def _item(item: wire.FeedbackItem, settled: wire.Approved | None) -> None:
    icon = ":material/thumb_up:" if item["rating"] == "up" else ":material/thumb_down:"
    with st.container(border=True, key=f"rated-{item['message_id']}"):
        st.markdown(f"{icon} **{plain(shortened(item['question'], 200))}**")
        _labelled_text(t("review.answer"), item["answer"])
        if item["correction"]:
            _labelled_text(t("review.correction"), item["correction"])
        if item["comment"]:
            _labelled_text(t("review.comment"), item["comment"])
        if settled is not None:
            approved.badge()
            approved.standing(settled)
        with st.container(horizontal=True, vertical_alignment="center"):
            when = datetime.fromisoformat(item["updated_at"]).astimezone(state.time_zone())
            facts = [t(f"reason.{item['reason']}")] if item["reason"] else []
            st.caption(" · ".join([*facts, when.strftime("%Y-%m-%d %H:%M")]), width="content")
            st.space("stretch")
            key = item["message_id"]
            approved.toggle(item, settled)
            if item["rating"] == "down" and st.button(
                t("feedback.edit"), type="tertiary", key=f"edit-{key}"
            ):
                feedback.open_form(key)
            shown = {"c": item["conversation_id"], "a": item["message_id"]}
            with st.container(key=f"goto-{key}", width="content"):
                state.link("chat", t("review.open"), shown)


def _labelled_text(label: str, text: str) -> None:
    st.caption(label)
    st.markdown(plain(shortened_end(text, 400)))


def shortened_end(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _export(rating: str, base_id: str) -> None:
    st.write(t("export.what"))
    kind = st.selectbox(
        t("export.format"),
        FORMATS,
        format_func=lambda name: t(f"export.{name}"),
        key="export-format",
    )
    choice = {"format": str(kind), "rating": rating, "base_id": base_id}
    choice |= _dates()
    if st.checkbox(t("export.supported_only"), key="export-supported"):
        choice["supported_only"] = "true"
    try:
        report = state.client().export_report(choice)
    except ApiError as error:
        st.error(refused(error))
        return
    st.markdown(t("export.report", exported=report["exported"], considered=report["considered"]))
    if report["left_out"]:
        _left_out(report["left_out"])
    client = state.client()  # the download runs outside this session's script
    st.download_button(
        t("export.download", n=report["exported"]),
        data=lambda: client.export(choice),
        file_name=f"zhiwen-{kind}.jsonl",
        mime="application/x-ndjson",
        type="primary",
        icon=":material/download:",
        disabled=not report["exported"],
        on_click="ignore",
        key="export-download",
    )


def _dates() -> dict[str, str]:
    """`since` and `until` with time zone: start of the first day, end of the last."""
    with st.container(horizontal=True):
        since = st.date_input(t("export.since"), value=None, key="export-since")
        until = st.date_input(t("export.until"), value=None, key="export-until")
    days: dict[str, str] = {}
    if isinstance(since, date):
        days["since"] = _midnight(since)
    if isinstance(until, date):
        days["until"] = _midnight(until + timedelta(days=1))
    return days


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), tzinfo=state.time_zone()).isoformat()


def _left_out(left_out: list[wire.LeftOut]) -> None:
    counts: dict[str, int] = {}
    for entry in left_out:
        counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1
    known = words("zh")
    rows = [
        (t(f"left_out.{why}") if f"left_out.{why}" in known else why, count)
        for why, count in sorted(counts.items())
    ]
    st.table({t("export.why"): [r[0] for r in rows], t("export.count"): [r[1] for r in rows]})
