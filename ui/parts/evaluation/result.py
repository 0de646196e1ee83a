"""What came out of the last run: in words first, then what changed, then the figures."""

from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.evaluation import figures, judged, start
from ui.parts.evaluation.judged import Judged
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

_LISTED = 20
_ANSWER_CHARS = 400


def draw(base_id: str, done: Sequence[wire.EvalRun]) -> None:
    """`done`: finished runs, newest first, one at least."""
    last, earlier = done[0], {run["id"]: run for run in done[1:]}
    now = judged.judged(_whole(base_id, last["id"]))
    _headline(now)
    st.caption(t("evaluation.last", when=_when(last), tried=plain(start.named(last["changes"]))))
    before_id = _before(last, earlier) if earlier else None
    if before_id is not None:
        _changes(judged.judged(_whole(base_id, before_id)), now)
    _failing(now)
    figures.draw(base_id, last, before_id)


def _headline(now: dict[str, Judged]) -> None:
    found, held = judged.found(now), judged.held(now)
    if found.of:
        st.header(t("evaluation.found", n=found.right, of=found.of), anchor=False)
    if held.of:
        st.header(t("evaluation.held", n=held.right, of=held.of), anchor=False)
    if not found.of and not held.of:
        st.header(t("evaluation.nothing_told"), anchor=False)
    elif not held.of:
        st.caption(t("evaluation.no_answers"))


def _before(last: wire.EvalRun, earlier: dict[str, wire.EvalRun]) -> str:
    return str(
        st.selectbox(
            t("evaluation.compare"),
            list(earlier),
            format_func=lambda key: (
                f"{_when(earlier[key])} · {start.named(earlier[key]['changes'])}"
            ),
            key=f"evaluation-before-{last['id']}",
        )
    )


def _changes(before: dict[str, Judged], now: dict[str, Judged]) -> None:
    better, worse = judged.changed(before, now)
    if not better and not worse:
        st.markdown(t("evaluation.same"))
        return
    for key, pairs in (("worse", worse), ("better", better)):
        if pairs:
            st.markdown(f"**{t(f'evaluation.{key}', n=len(pairs))}**")
        for number, (was, is_now) in enumerate(pairs[:_LISTED]):
            _change(f"{key}-{number}", was, is_now)


def _change(key: str, was: Judged, now: Judged) -> None:
    with st.container(border=True, gap="xsmall", key=f"change-{key}"):
        st.markdown(f"**{plain(shortened(now.question, 200))}**")
        if was.found is not now.found:
            st.markdown(t("evaluation.was_now", was=_source(was), now=_source(now)))
        if now.expected:
            st.caption(t("evaluation.expected", text=plain(shortened(now.expected[0], 200))))
        for said, each in (("before", was), ("after", now)):
            if each.answer:
                text = plain(shortened(each.answer, _ANSWER_CHARS))
                st.markdown(f"{_mark(each)} {t(f'evaluation.answer_{said}')}  \n{text}")


def _mark(each: Judged) -> str:
    if each.held is None:
        return ""
    return ":green[:material/check:]" if each.held else ":red[:material/close:]"


def _source(each: Judged) -> str:
    if each.found is None:
        return "–"
    return t("evaluation.source_at", n=each.rank) if each.found else t("evaluation.source_missed")


def _failing(now: dict[str, Judged]) -> None:
    failing = [each for each in now.values() if each.failed]
    if not failing:
        return
    with st.expander(t("evaluation.failing", n=len(failing))):
        st.caption(t("evaluation.failing_what"))
        for each in failing[:_LISTED]:
            facts = []
            if each.found is False:
                facts.append(t("evaluation.source_missed"))
            if each.held is False:
                facts.append(t("evaluation.answer_lacks", text=shortened(each.expected[0], 80)))
            said = plain(" · ".join(facts))
            st.markdown(f"- {plain(shortened(each.question, 160))}  \n  :small[{said}]")


def _whole(base_id: str, run_id: str) -> wire.EvalRun:
    """Cached for the session, since finished runs do not change."""
    cached: dict[str, wire.EvalRun] = st.session_state.setdefault("whole-runs", {})
    if run_id not in cached:
        cached[run_id] = state.client().evaluations.run(base_id, run_id)
    return cached[run_id]


def _when(run: wire.EvalRun) -> str:
    return state.local_time(run["started_at"])
