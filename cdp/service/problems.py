"""Problems as the OpenAPI document describes them."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict


class Nested(BaseModel):
    """The error in the words of Segment's Profile API."""

    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details, with `code` and `message`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "no profile carries that email; try `cdp profile search`",
                "code": "profile_not_found",
                "message": "no profile carries that email; try `cdp profile search`",
                "error": {
                    "code": "not_found",
                    "message": "no profile carries that email; try `cdp profile search`",
                },
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    error: Nested


def _inlined(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    nested = schema.pop("$defs")["Nested"]
    schema["properties"]["error"] = nested
    return schema


# What every route of the profile API may answer.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _inlined(Problem)}},
    }
    for status in (400, 401, 403, 404, 409, 422, 429, 503)
}
