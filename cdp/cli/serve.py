"""The HTTP service as a command: ingest and profile API, in one process or several."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

import gc
import logging
import multiprocessing
import os
import signal
import sys
from contextlib import closing
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from fastapi import FastAPI

WORKERS = "WEB_CONCURRENCY"  # uvicorn's own word
DRAIN_SECONDS = 30  # for requests that are being answered when the service is stopped


Host = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that serve.")]


def serve(host: Host = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> None:
    """Serve events and profiles over HTTP until stopped; what was taken is stored first.

    Keys are made by `cdp key create`. TLS is a proxy's part.
    """
    # Frames are small here: threads of their own would only be in each other's way.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    import uvicorn

    from cdp.derive.registry import computed_traits
    from cdp.store.database import Database
    from cdp.store.schema import require_current

    # The database stays open: an embedded server ends with the last process that asked for it.
    with closing(Database()) as database, TemporaryDirectory(prefix="cdp-metrics-") as folder:
        require_current(database)
        computed_traits()  # a policy that cannot be is told before anything is served
        os.environ["CDP_DATABASE_URL"] = database.url
        os.environ[WORKERS] = str(workers)
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # uvicorn, once it has stopped, hands a signal on to whom it was for: an exit like any other.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        typer.echo(f"serving on http://{host}:{port} (API at /docs); stop with Ctrl-C", err=True)
        uvicorn.run(
            "cdp.cli.serve:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )


def application() -> "FastAPI":
    """The application of one worker process, logging JSON lines to stderr."""
    import structlog

    from cdp.service.app import create_app
    from cdp.service.frame import log_line
    from cdp.settings import settings

    structlog.configure(
        processors=[log_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    if (parent := multiprocessing.parent_process()) is not None:
        Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    settings.cache_clear()  # the parent may have named another database since
    app = create_app(workers=int(os.environ.get(WORKERS, "1")))
    # What is loaded by now stays; to look through it at each full collection stops every request for 0.1 s.
    gc.collect()
    gc.freeze()
    return app


def _end_with(parent: "BaseProcess") -> None:
    """Stop gracefully when the parent is gone, killed perhaps: who starts it anew needs the port."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
