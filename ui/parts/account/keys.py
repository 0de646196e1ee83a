"""Keys for programs that work for the visitor."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.library.bases import label
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

SCOPES: tuple[wire.Scope, ...] = ("ask", "read", "write", "export", "widget")
DAYS = (30, 90, 365, 0)  # 0: never


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    st.caption(t("key.what"))
    if token := opened.get("token"):
        st.success(t("key.once"), icon=":material/key:")
        st.code(token, language=None, wrap_lines=True)
    bases = {base["id"]: label(base) for base in state.client().bases()}
    for key in state.client().people.my_keys():
        _row(key, bases)
    _create(opened, bases)


def _row(key: wire.Key, bases: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        with st.container(gap=None):
            st.markdown(f"**{plain(shortened(key['name'], 40))}** · …{plain(key['hint'])}")
            st.caption(_facts(key, bases))
        if st.button(t("key.revoke"), key=f"revoke-{key['id']}"):
            try:
                state.client().people.revoke_key(key["id"])
            except ApiError as error:
                st.error(refused(error))
                return
            st.rerun()


def _facts(key: wire.Key, bases: dict[str, str]) -> str:
    facts = [" ".join(t(f"scope.{scope}") for scope in key["scopes"])]
    if key["base_ids"] is not None:
        names = [plain(bases.get(id_, t("approved.base_gone"))) for id_ in key["base_ids"]]
        facts.append(", ".join(names))
    expires, used = key["expires_at"], key["used_at"]
    facts.append(
        t("key.until", when=state.local_time(expires)) if expires else t("key.until_revoked")
    )
    facts.append(t("key.used", when=state.local_time(used)) if used else t("key.never_used"))
    return " · ".join(facts)


def _create(opened: dict[str, object], bases: dict[str, str]) -> None:
    with st.form("new-key", border=False, clear_on_submit=False):
        name = st.text_input(t("key.name"), max_chars=120, placeholder=t("key.name_hint"))
        scopes = st.pills(
            t("key.scopes"),
            SCOPES,
            selection_mode="multi",
            default=("ask", "read"),
            format_func=lambda scope: t(f"scope.{scope}"),
        )
        chosen = st.multiselect(
            t("key.bases"),
            list(bases),
            format_func=lambda id_: bases.get(id_, ""),
            placeholder=t("key.all_bases"),
        )
        days = st.selectbox(
            t("key.lasts"),
            DAYS,
            index=1,
            format_func=lambda n: t("key.days", n=n) if n else t("key.always"),
        )
        password = _password(opened)
        sent = st.form_submit_button(t("key.create"), type="primary")
    if not (sent and name.strip()):
        return
    if not scopes:
        st.error(t("key.no_scope"))
        return
    key = wire.NewKey(
        name=name.strip(),
        scopes=list(scopes),
        base_ids=list(chosen) or None,
        expires_at=_in(days) if days else None,
        password=password,
    )
    try:
        opened["token"] = state.client().people.create_key(key)
    except ApiError as error:
        if error.code == "password_needed" and not opened.get("asks_password"):
            opened["asks_password"] = True
            st.rerun()
        st.error(t("key.name_taken") if error.status == 409 else refused(error))
        return
    opened["created"] = _created(opened) + 1
    st.rerun()


def _password(opened: dict[str, object]) -> str:
    """Asked for once the API wants it: not everybody signs in by one. Empty again for each key."""
    if not opened.get("asks_password"):
        return ""
    return st.text_input(
        t("key.password"),
        type="password",
        autocomplete="current-password",
        help=t("key.password_help"),
        key=f"key-password-{_created(opened)}",
    )


def _created(opened: dict[str, object]) -> int:
    return int(str(opened.get("created", 0)))


def _in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
