"""Checks one base: `python -m app.worker.checking BASE_ID FOLDER`."""

import sys

from app.config import Settings
from app.db.errors import StorageError
from app.models.errors import ModelError
from app.services.errors import ServiceError
from app.wiring.checkup import check_up
from app.worker.reported import Show, report
from ingest.errors import IngestError


def check(base_id: str, show: Show) -> object:
    return check_up(Settings(), base_id, show)


if __name__ == "__main__":
    sys.exit(report(check, ServiceError, ModelError, IngestError, StorageError))
