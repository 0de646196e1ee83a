"""Ingests documents in this process, through the real services."""

from collections.abc import Callable, Mapping
from dataclasses import fields

from app.services.ingestion.ingestion import Ingestion
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen

_WORKER = "evals"


def ingestion_of(zhiwen: Zhiwen) -> Ingestion:
    """The ingestion of the worker, in this process."""
    return Ingestion(
        zhiwen.db, zhiwen.files, zhiwen.jobs, zhiwen.embedder, zhiwen.settings.chunk_tokens
    )


def ingestion_settings(zhiwen: Zhiwen) -> dict[str, object]:
    """The settings that affect how documents are processed."""
    ingestion = ingestion_of(zhiwen)
    values = {field.name: getattr(ingestion, field.name) for field in fields(ingestion)}
    return {
        name: value
        for name, value in values.items()
        if value is None or isinstance(value, str | int | float | tuple)
    }


def add_documents(
    zhiwen: Zhiwen,
    base_name: str,
    contents: Mapping[str, bytes],
    on_document: Callable[[], None] = lambda: None,
) -> tuple[str, dict[str, str]]:
    """Creates a base and ingests the documents. Returns its id, and theirs by name.

    `on_document` is called after each. Raises RuntimeError if a document cannot be read.
    """
    base_id = zhiwen.bases.create(ME, base_name).base.id
    ids = {
        name: zhiwen.documents.accept_bytes(ME, base_id, name, data).document.id
        for name, data in contents.items()
    }
    ingestion = ingestion_of(zhiwen)
    while (claim := zhiwen.jobs.claim(_WORKER)) is not None:
        ingestion.run(claim, _WORKER)
        on_document()
    for document_id in ids.values():
        document = zhiwen.documents.get(ME, document_id).document
        if document.state != "ready":
            raise RuntimeError(f"{document.name}: {document.error_detail}")
    return base_id, ids
