"""Whether the process lives, whether it can serve, and its figures."""

import asyncio
import os

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)

from cdp.store.schema import require_current

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process runs")
async def livez() -> dict[str, str]:
    """Whether the process runs; restart it where it does not answer."""
    return {"status": "ok"}


@router.get("/readyz", summary="The process can serve")
async def readyz(request: Request) -> dict[str, str]:
    """Whether the database answers and has the schema of this version; 503 where not."""
    await asyncio.to_thread(require_current, request.app.state.database)
    return {"status": "ok"}


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
async def metrics() -> Response:
    """The figures of the service, of all its workers together, for Prometheus."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
