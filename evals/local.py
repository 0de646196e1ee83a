"""Ingests documents in this process, through the real services."""

from collections.abc import Callable, Mapping
from dataclasses import fields

from app.services.library.ingestion import Ingestion
from app.wiring.application import Zhiwen

_WORKER = "evals"


def ingestion_of(house: Zhiwen) -> Ingestion:
    """What the worker would run, within this process."""
    return Ingestion(house.db, house.files, house.jobs, house.embedder, house.settings.chunk_tokens)


def ingestion_settings(house: Zhiwen) -> dict[str, object]:
    """The plain values that decide how documents are read: those its ingestion was given."""
    ingestion = ingestion_of(house)
    values = {field.name: getattr(ingestion, field.name) for field in fields(ingestion)}
    return {
        name: value
        for name, value in values.items()
        if value is None or isinstance(value, str | int | float | tuple)
    }


def add_documents(
    house: Zhiwen,
    base_name: str,
    contents: Mapping[str, bytes],
    on_document: Callable[[], None] = lambda: None,
) -> tuple[str, dict[str, str]]:
    """A new base with those documents, all of them read. Returns its id and theirs by name.

    `on_document` is called after each. Raises RuntimeError where a document could not be read.
    """
    base_id = house.bases.create(base_name).base.id
    ids = {
        name: house.documents.accept_bytes(base_id, name, data).document.id
        for name, data in contents.items()
    }
    ingestion = ingestion_of(house)
    while (claim := house.jobs.claim(_WORKER)) is not None:
        ingestion.run(claim, _WORKER)
        on_document()
    for document_id in ids.values():
        document = house.documents.get(document_id).document
        if document.state != "ready":
            raise RuntimeError(f"{document.name}: {document.error_detail}")
    return base_id, ids
