"""By which identities of providers somebody signs in."""

from collections.abc import Callable, Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.account import forms
from ui.safe_markdown import plain, shortened
from ui.words.texts import language, name_of_provider, refused, t


def mine() -> None:
    calls = state.client().people
    found = calls.my_identities()
    _draw(found, calls.disconnect_mine)
    if found:
        st.caption(t("identity.disconnect_mine"))
    for provider in state.providers():
        name = name_of_provider(provider["kind"], provider["label"])
        st.caption(t("identity.what", provider=plain(name)))
        fields = {"lang": language()}
        address = f"/login/{provider['name']}/connect"
        key = f"connect-{provider['name']}"
        label = t("identity.connect", provider=name)
        forms.button(label, address, "post", key=key, fields=fields, first=not found)


def of_person() -> None:
    """For administrators."""
    opened = state.dialog()
    if opened is None:
        return
    calls, person_id = state.client().people, opened["id"]
    st.write(t("identity.of", name=plain(opened["title"])))
    found = calls.identities(person_id)
    if not found:
        st.caption(t("identity.none"))
    _draw(found, lambda identity_id: calls.disconnect(person_id, identity_id))
    if found:
        st.caption(t("identity.disconnect_what"))


def _draw(found: Sequence[wire.Identity], disconnect: Callable[[str], None]) -> None:
    """A row each; `disconnect` takes the id."""
    for identity in found:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container(gap=None):
                _say(identity)
            if st.button(t("identity.disconnect"), key=f"disconnect-{identity['id']}"):
                try:
                    disconnect(identity["id"])
                except ApiError as error:
                    st.error(refused(error))
                    return
                st.rerun()


def _say(identity: wire.Identity) -> None:
    issuer = identity["provider"]
    labels = [p["label"] for p in state.providers() if p["kind"] == "oidc" and identity["signs_in"]]
    name = name_of_provider(issuer.partition(":")[0], next(iter(labels), issuer))
    st.markdown(f"**{plain(shortened(name, 60))}**")
    facts = [
        plain(shortened(identity["subject"], 40)),
        t("identity.since", when=state.local_time(identity["created_at"])),
    ]
    if not identity["signs_in"]:
        facts.append(t("identity.former"))
    st.caption(" · ".join(facts))
