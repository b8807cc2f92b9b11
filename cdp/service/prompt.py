"""What pages wait for, answered before the framework's layers, which cost more than the answer."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cdp.errors import CdpError
from cdp.service.errors import answer_of
from cdp.service.frame import Application, Message, Receive, Send

Handler = Callable[[Request], Awaitable[Response]]


def prompt(path: str, handler: Handler) -> Route:
    """GET of `path` without a query; with one, the route of FastAPI that has the path answers."""
    return Route(path, handler, methods=["GET"])


class Prompt:
    """ASGI middleware: answers what `routes` (made by `prompt`) say, and passes the rest on."""

    def __init__(self, app: Application, routes: Sequence[Route]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            for route in self._routes:
                if found := route.path_regex.match(scope["path"]):
                    scope.update(route=route, path_params=found.groupdict())
                    await self._answer(route.endpoint, scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, handler: Handler, scope: Message, receive: Receive, send: Send) -> None:
        try:
            response = await handler(Request(scope, receive))
        except CdpError as error:
            response = answer_of(error)
        await response(scope, receive, send)
