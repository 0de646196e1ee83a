"""Documents into a knowledge base within this process, through the real services."""

from collections.abc import Mapping

from app.services.ingestion import Ingestion
from app.wiring import Zhiwen

_WORKER = "evals"


def add_documents(
    house: Zhiwen, base_name: str, contents: Mapping[str, bytes]
) -> tuple[str, dict[str, str]]:
    """A new base with those documents, all of them read. Returns its id and theirs by name.

    Raises RuntimeError where a document could not be read.
    """
    base_id = house.bases.create(base_name).base.id
    ids = {
        name: house.documents.accept_bytes(base_id, name, data).document.id
        for name, data in contents.items()
    }
    ingestion = Ingestion(
        house.db, house.files, house.jobs, house.embedder, house.settings.chunk_tokens
    )
    while (claim := house.jobs.claim(_WORKER)) is not None:
        ingestion.run(claim, _WORKER)
    for document_id in ids.values():
        document = house.documents.get(document_id).document
        if document.state != "ready":
            raise RuntimeError(f"{document.name}: {document.error_detail}")
    return base_id, ids
