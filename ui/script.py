"""The script that Streamlit runs on each visit and each click; `main.py` serves it."""

import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from ui import address, state
from ui.arguments import read_arguments
from ui.client.http import ApiDown, ApiError
from ui.parts import browser, dialogs, sidebar
from ui.parts.source import marks
from ui.screens import chat, documents, evaluation, review, status
from ui.style import style
from ui.words.texts import keep_language, refused, t, title

RETRY_S = 3.0


def run(api_url: str) -> None:
    st.set_page_config(page_title="知问 Zhiwen", page_icon="📖", layout="wide")
    state.connect(api_url)
    st.html(style())
    pages = {
        "chat": st.Page(chat.page, title=t("page.chat"), icon=":material/forum:", default=True),
        "documents": st.Page(
            documents.page,
            title=t("page.documents"),
            icon=":material/folder_open:",
            url_path="documents",
        ),
        "review": st.Page(
            review.page, title=t("page.review"), icon=":material/rate_review:", url_path="review"
        ),
        "evaluation": st.Page(
            evaluation.page,
            title=t("page.evaluation"),
            icon=":material/rule:",
            url_path="evaluation",
        ),
        "status": st.Page(
            status.page, title=t("page.status"), icon=":material/monitor_heart:", url_path="status"
        ),
    }
    st.session_state["pages"] = pages
    page = st.navigation([*pages.values(), *_unknown(pages)], position="hidden")
    keep_language()
    title(page.title)
    if st.session_state.get("page") == page.url_path:
        address.say_again()
    st.session_state["page"] = page.url_path
    if page == pages["chat"]:
        state.follow_address()
    try:
        sidebar.draw(pages)
        page.run()
        marks.listen()
        sidebar.new_on_top()
        browser.attend(f"{page.url_path} {state.conversation_id()}")
        dialogs.draw()
    except ApiDown:
        _api_down()
    except ApiError as error:
        st.error(refused(error), icon=":material/error:")


def _unknown(pages: Mapping[str, st.Page]) -> list[st.Page]:
    """A page for an address that has none: Streamlit itself would say so in English only."""
    path = urlsplit(st.context.url or "").path.strip("/")
    if not path or "/" in path or path in {page.url_path for page in pages.values()}:
        return []
    title = t("page.not_found")
    return [st.Page(_not_found, title=title, url_path=path, visibility="hidden")]


def _not_found() -> None:
    st.title(t("page.not_found"), anchor=False)
    st.write(t("page.not_found_what"))
    state.link("chat", t("page.chat"), state.chat_address(), ":material/forum:")


@st.fragment(run_every=RETRY_S)
def _api_down() -> None:
    """Reports that the API is down and continues once it responds."""
    try:
        state.client().status()
    except ApiDown:
        with st.container(key="api-down"):
            st.subheader(t("down.title"), anchor=False)
            st.write(t("down.what"))
            st.markdown(f":shimmer[{t('down.retry')}]")
        return
    except ApiError:
        pass  # the API responds, even if with an error; the page shows it
    st.rerun()


if __name__ == "__main__":
    run(read_arguments(sys.argv[1:]).api_url)
