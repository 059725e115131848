"""Logging: one structured stream on standard error, for people or for machines."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final, Literal

import structlog

LogFormat = Literal["console", "json"]

NOISY_LIBRARIES: Final = (
    "aio_pika",
    "aiormq",
    "aiosqlite",
    "alembic",
    "asyncio",
    "asyncua",
    "httpcore",
    "httpx",
    "uvicorn",
)
"""Their warnings are told in our own words where they matter; only their errors pass."""


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Send the log of ``level`` (``INFO``) and above to standard error; the libraries' errors
    too.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Any
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # lines are rare, and a new configuration reaches everyone
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
