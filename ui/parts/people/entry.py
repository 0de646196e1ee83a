"""What an entry of the audit is about, in words: objects and people by name where it is known."""

from collections.abc import Mapping

from ui.client import wire
from ui.words.texts import t, words

Names = Mapping[str, str]  # of people, groups and knowledge bases, by id

_ID_CHARS = 8
_WORDS_OF = {"scopes": "scope", "role": "role"}  # the values of these details have words


def said(entry: wire.AuditEntry, names: Names) -> str:
    """The object, then each detail with its label."""
    details = [f"{_label(name)}: {_value(name, of, names)}" for name, of in entry["detail"].items()]
    return " · ".join(filter(None, [_object(entry, names), ", ".join(details)]))


def _object(entry: wire.AuditEntry, names: Names) -> str:
    kind, id_ = entry["object_kind"], entry["object_id"]
    if kind == "setting":
        return _known(f"setting.{id_}", id_)
    if kind in ("adapter", "dataset", "model"):  # named by what they are
        return f"{_known(f'audit.kind_{kind}', kind)} {id_}"
    return f"{_known(f'audit.kind_{kind}', kind)} {names.get(id_, id_[:_ID_CHARS])}".strip()


def _label(name: str) -> str:
    return _known(f"audit.is_{name}", name)


def _value(name: str, value: object, names: Names) -> str:
    match value:
        case None | "" | []:
            return "–"
        case ["everyone", _]:
            return t("share.everyone")
        case ["person" | "group", str(id_)]:
            return names.get(id_, id_[:_ID_CHARS])
        case list():
            return t("audit.and").join(_value(name, each, names) for each in value)
        case Mapping():
            return ", ".join(f"{_label(k)} {_value(k, each, names)}" for k, each in value.items())
    return _plain_value(name, value, names)


def _plain_value(name: str, value: object, names: Names) -> str:
    if isinstance(value, bool):
        return t("audit.yes" if value else "audit.no")
    text = str(value)
    return names.get(text) or _known(f"{_WORDS_OF.get(name, '')}.{text}", text)


def _known(key: str, otherwise: str) -> str:
    return t(key) if key in words("zh") else otherwise
