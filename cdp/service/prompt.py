"""What pages and their events wait for, answered before the framework's layers, which cost more than the answer."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cdp.errors import CdpError
from cdp.service.errors import answer_of
from cdp.service.frame import Application, Message, Receive, Send

Handler = Callable[[Request], Awaitable[Response]]


def prompt(path: str, handler: Handler, method: str = "GET") -> Route:
    """What `path` answers.

    One with a part to fill in is answered without a query; with one, the route of FastAPI that has
    the path answers.
    """
    return Route(path, handler, methods=[method])


class Prompt:
    """ASGI middleware: answers what `routes` (made by `prompt`) say, and passes the rest on."""

    def __init__(self, app: Application, routes: Sequence[Route]) -> None:
        self._app = app
        plain = (each for each in routes if not each.param_convertors)
        self._plain = {(method, each.path): each for each in plain for method in each.methods or ()}
        self._filled = [each for each in routes if each.param_convertors]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] == "http" and (route := self._route(scope)):
            scope["route"] = route
            await self._answer(route.endpoint, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _route(self, scope: Message) -> Route | None:
        """The route of a request; the parts of its path are noted in the scope."""
        if route := self._plain.get((scope["method"], scope["path"])):
            scope["path_params"] = {}
            return route
        if scope["method"] != "GET" or scope["query_string"]:
            return None
        for route in self._filled:
            if found := route.path_regex.match(scope["path"]):
                scope["path_params"] = {k: unquote(v) for k, v in found.groupdict().items()}
                return route
        return None

    async def _answer(self, handler: Handler, scope: Message, receive: Receive, send: Send) -> None:
        try:
            response = await handler(Request(scope, receive))
        except CdpError as error:
            response = answer_of(error)
        await response(scope, receive, send)
