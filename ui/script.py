"""The script that Streamlit runs on each visit and each click; `main.py` serves it."""

import sys
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import FragmentHandledException

from ui import address, state
from ui.arguments import read_arguments
from ui.client.http import ApiDown, ApiError, SignedOut
from ui.client.visitor import Visitor
from ui.parts import browser, dialogs, sidebar
from ui.parts.account import signed_out
from ui.parts.source import marks
from ui.screens import chat, documents, evaluation, people, review, settings, status, upkeep
from ui.style import style
from ui.words.texts import keep_language, refused, t, title

RETRY_S = 3.0


def run(api_url: str, visitor: Visitor) -> None:
    st.set_page_config(page_title="知问 Zhiwen", page_icon="📖", layout="wide")
    state.connect(api_url, visitor)
    st.html(style())
    recognised = _recognised()
    pages = _pages()
    st.session_state["pages"] = pages
    page = st.navigation([*pages.values(), *_unknown(pages)], position="hidden")
    keep_language()
    title(page.title)
    if not recognised:
        signed_out.draw()
        return
    stays = st.session_state.get("page") == page.url_path
    st.session_state["page"] = page.url_path
    if page == pages["chat"]:
        state.follow_address()
    else:  # the chat may have said where it was after it was left
        address.forget("c")
        address.forget("a")
    if not stays or address.was_travelled():
        dialogs.follow_address()
    else:
        dialogs.tell_address()
    if stays:
        address.say_again()
    try:
        conversations = sidebar.draw(pages)
        _run(page)
        conversations()
        marks.listen()
        sidebar.new_on_top()
        browser.attend(f"{page.url_path} {state.conversation_id()}")
        dialogs.draw()
    except ApiDown:
        _api_down()
    except SignedOut:
        signed_out.draw()
    except ApiError as error:
        _refused(error)


def _run(page: st.Page) -> None:
    """A page that the API refuses leaves the sidebar, by which one gets to another."""
    try:
        page.run()
    except (ApiDown, SignedOut):
        raise
    except ApiError as error:
        _refused(error)
    except FragmentHandledException:
        pass  # said in the place of the part that failed


def _refused(error: ApiError) -> None:
    st.error(refused(error), icon=":material/error:")


def _recognised() -> bool:
    """Where the API is down, the page says so soon enough."""
    try:
        return state.recognise()
    except ApiError:
        return True


def _pages() -> dict[str, st.Page]:
    """By name. All but the first have their name as address, too."""

    def page(draw: Callable[[], None], name: str, icon: str, *, first: bool = False) -> st.Page:
        path = None if first else name
        icon = f":material/{icon}:"
        return st.Page(draw, title=t(f"page.{name}"), icon=icon, url_path=path, default=first)

    pages = {
        "chat": page(chat.page, "chat", "forum", first=True),
        "documents": page(documents.page, "documents", "folder_open"),
        "review": page(review.page, "review", "rate_review"),
        "evaluation": page(evaluation.page, "evaluation", "rule"),
        "upkeep": page(upkeep.page, "upkeep", "checklist"),
        "status": page(status.page, "status", "monitor_heart"),
    }
    person = state.person()
    if person and person["admin"]:
        pages["people"] = page(people.page, "people", "group")
    if not person or person["admin"]:
        pages["settings"] = page(settings.page, "settings", "settings")
    return pages


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
            st.header(t("down.title"), anchor=False)
            st.write(t("down.what"))
            st.markdown(f":shimmer[{t('down.retry')}]")
        return
    except ApiError:
        pass  # the API responds, even if with an error; the page shows it
    st.rerun()


def _visitor() -> Visitor:
    """Whoever's browser has the page open."""
    headers = {name.lower(): value for name, value in st.context.headers.items()}
    return Visitor.of(st.context.cookies, headers, st.context.ip_address or "")


if __name__ == "__main__":
    run(read_arguments(sys.argv[1:]).api_url, _visitor())
