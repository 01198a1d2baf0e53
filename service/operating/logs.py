"""What is logged: lines for people, or JSON, one object a line, for programs (``CASUS_LOG``).

Modules log by the standard library's loggers, and libraries do so as well; structlog finishes every record
here. Whatever is logged in a request has its id. Neither query strings nor headers are logged: they may
hold what is nobody's business.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import IO, Any

import orjson
import structlog

from service.options import LogFormat

REQUEST: ContextVar[bytes] = ContextVar("request", default=b"")
"""The id of the request that is being answered; empty outside of one."""

ID = "casus.request"
"""The key of a scope under which the id of its request is."""

Fields = dict[str, object]
"""What stands in a line beside its message."""

context: list[Callable[[], Fields]] = []
"""What adds to every line; filled where requests are traced."""

EXTRA = "casus"
"""Under this name a record carries what is to stand beside its message: ``extra={EXTRA: {...}}``."""


def begin(form: LogFormat, worker: int | None = None, stream: IO[str] | None = None) -> None:
    """Log to standard error from now on, in place of whatever was said before."""
    stream = stream or sys.stderr

    def add_context(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        if identifier := REQUEST.get():
            event["request_id"] = identifier.decode()
        if worker is not None:
            event["worker"] = worker
        for more in context:
            event.update(more())
        record = event.get("_record")
        if extra := getattr(record, EXTRA, None):
            event.update(extra)
        return event

    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_context,
    ]
    last: list[structlog.types.Processor]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    else:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
                pad_event_to=0,
                sort_keys=False,
            )
        ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # They name every address that they send something to.
    for name in ("httpx", "httpcore", "opentelemetry", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
