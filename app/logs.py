"""Logging to standard error: readable lines, or one JSON object per line.

Lines include the trace id of their request. Texts of questions, documents and answers are never
logged unless `log_prompts` is set.
"""

import json
import logging
from datetime import UTC, datetime

from app import tracing
from app.config import Settings

FIELDS = "fields"  # log.info("…", extra={FIELDS: {…}}) adds keys to a JSON line


class TextFormatter(logging.Formatter):
    """`2026-11-22 10:00:00,000 INFO app.api: … trace=…`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base's name
        line = super().formatMessage(record)
        trace_id = tracing.trace_id()
        return f"{line} trace={trace_id}" if trace_id else line


class JsonFormatter(logging.Formatter):
    """Keys: time (UTC), level, logger, message, and if present trace_id, exception and others."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace_id := tracing.trace_id():
            line["trace_id"] = trace_id
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(settings: Settings) -> None:
    """Sends all logs of this process to standard error in the configured format."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    # A line per request to the engine would add nothing.
    logging.getLogger("httpx").setLevel(logging.WARNING)
