"""What becomes of errors on the wire: a status, and one JSON shape that every client can read."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cdp.errors import (
    AccessRefused,
    AmbiguousIdentifier,
    AudienceNotFound,
    CdpError,
    DecisionContradicted,
    DecisionNotFound,
    IcpNotFound,
    InvalidRequest,
    KeyNotFound,
    KeyRefused,
    PersonaNotFound,
    ProfileNotFound,
    PushFailed,
    QuarantineNotFound,
    RateLimitExceeded,
    SchemaOutOfDate,
    SegmentNotFound,
    StoreConflict,
    StoreFull,
    StoreUnavailable,
    WebhookNotFound,
)

# The first that fits; any other error is ours to mend: 500.
STATUS: Mapping[type[CdpError], int] = {
    KeyRefused: 401,
    RateLimitExceeded: 429,
    AccessRefused: 403,
    InvalidRequest: 400,
    AmbiguousIdentifier: 409,
    ProfileNotFound: 404,
    QuarantineNotFound: 404,
    KeyNotFound: 404,
    WebhookNotFound: 404,
    DecisionNotFound: 404,
    IcpNotFound: 404,
    AudienceNotFound: 404,
    SegmentNotFound: 404,
    PersonaNotFound: 404,
    PushFailed: 502,
    DecisionContradicted: 409,
    StoreConflict: 409,
    StoreUnavailable: 503,
    StoreFull: 503,
    SchemaOutOfDate: 503,
}
# Codes of what the framework refuses, and the words of Segment's Profile API (`error.code`).
CODES = {404: "not_found", 405: "method_not_allowed", 422: "invalid_request"}
SEGMENT_CODES = {
    400: "validation_error",
    401: "authentication_error",
    404: "not_found",
    422: "validation_error",
    429: "rate_limit_error",
}
RETRY_AFTER = {"Retry-After": "1"}
PROBLEM = "application/problem+json"


def failure(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the one shape: RFC 9457, and `code` and `message` where clients look for them.

    Clients of events read them at the top, those of Segment's Profile API below `error`.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": code,
        "message": message,
        "error": {"code": SEGMENT_CODES.get(status, code), "message": message},
    }
    return Response(json.dumps(body), status, dict(headers or {}), PROBLEM)


def answer_of(error: CdpError) -> Response:
    """The answer to an error of ours; of those that are our fault nothing but the kind is told."""
    status = next((found for kind, found in STATUS.items() if isinstance(error, kind)), 500)
    headers: dict[str, str] = {}
    if status == 503:
        headers = dict(RETRY_AFTER)
    elif isinstance(error, RateLimitExceeded):
        headers = {"Retry-After": str(error.retry_after)}
    message = str(error) if status < 500 or status in (502, 503) else INTERNAL
    return failure(status, error.code, message, headers=headers)


INTERNAL = "something went wrong on our side; the log of the service names the request"


def internal() -> Response:
    """The answer to an error that nobody expected."""
    return failure(500, "internal_error", INTERNAL)


def install(app: FastAPI) -> None:
    """Have every error of `app` answered in the one shape."""

    @app.exception_handler(CdpError)
    async def ours(_request: Request, error: CdpError) -> Response:
        return answer_of(error)

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, _error: Exception) -> Response:
        return internal()

    @app.exception_handler(HTTPException)
    async def theirs(_request: Request, error: HTTPException) -> Response:
        code = CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
        return failure(error.status_code, code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return failure(422, "invalid_request", f"{place}: {first['msg']}")
