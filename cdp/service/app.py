"""The service put together: ingest, profile API, health and metrics as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from cdp.service import (
    account_routes,
    audience_routes,
    computed_routes,
    crossing_routes,
    errors,
    feed_routes,
    health,
    identity_routes,
    ingest_routes,
    persona_routes,
    profile_routes,
    segment_routes,
    sentiment_routes,
    steward_routes,
    twilio_routes,
)
from cdp.service.concluder import Concluder
from cdp.service.frame import Frame
from cdp.service.ingest_body import Reading
from cdp.service.lander import Lander
from cdp.service.paths import undivided
from cdp.service.prompt import Prompt
from cdp.service.serving import Serving
from cdp.store.database import Database

DESCRIPTION = """Events come in as the SDKs of the Segment spec send them; profiles go out.

Errors have `code` and `message` at the top level. `Request-Id` is on every answer."""


PARTS = (
    ingest_routes, twilio_routes, segment_routes, crossing_routes, audience_routes, identity_routes, steward_routes, account_routes, feed_routes, persona_routes, computed_routes, sentiment_routes, profile_routes, health,
)  # fmt: skip

PROMPT = (
    *ingest_routes.prompt_routes, profile_routes.prompt_route, *persona_routes.prompt_routes,
)  # fmt: skip


def create_app(database: Database | None = None, *, workers: int = 1) -> FastAPI:
    """The application on `database` (default: the settings' own), one of `workers` processes.

    At shutdown what waits is landed, so serve it with a lifespan.
    """
    store = database or Database()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.serving.start()
        app.state.concluder.start()
        app.state.lander.start()
        yield
        await asyncio.to_thread(app.state.lander.stop)
        await asyncio.to_thread(app.state.concluder.stop)
        app.state.serving.lookup.close()
        await asyncio.to_thread(app.state.serving.close)
        if database is None:
            await asyncio.to_thread(store.close)

    app = Service(
        title="Customer profile store",
        version=metadata.version("cdp"),
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.database = store
    app.state.serving = Serving(store, workers=workers)
    app.state.concluder = Concluder(store, lambda: app.state.lander.is_behind())  # noqa: PLW0108  made below
    app.state.lander = Lander(store, after_fold=app.state.concluder.wake)
    app.state.reading = Reading()
    errors.install(app)
    for part in PARTS:
        app.include_router(part.router)
    return app


class Service(FastAPI):
    """FastAPI in the frame; what pages wait for goes past it."""

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self._framed = Frame(Prompt(super().__call__, PROMPT))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["app"] = self
        if scope["type"] == "http":
            # HEAD is GET without the body, which the server leaves out.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope = {**scope, "path": undivided(scope), "method": method}
        await self._framed(scope, receive, send)
