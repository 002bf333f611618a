"""What a request may say: small JSON objects, with known fields of known kinds."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from qvtime.errors import UsageError
from qvtime.time_points import quote

LARGEST_BODY_BYTES = 64 << 10


class BodyTooLarge(UsageError):
    """More than any question takes. Files cannot be sent at all."""


class NotJson(UsageError):
    """The body is no JSON object of the kind that is asked for."""


async def read_fields(request: Request, kinds: Mapping[str, type | tuple[type, ...]]) -> Any:
    """The fields of the JSON object that was sent.

    Raises BodyTooLarge, and NotJson for what is no such object: also without its content type,
    which a form of another site cannot have.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise NotJson("the request is no JSON", "send Content-Type: application/json")
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_BODY_BYTES:
                raise BodyTooLarge(f"the request has more than {LARGEST_BODY_BYTES >> 10} KiB")
    except ClientDisconnect:  # else it is logged as a mistake; nobody hears the answer
        raise NotJson("the request was broken off", "send all of it") from None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJson("the request is no JSON", "send an object") from None
    if not isinstance(fields, dict):
        raise NotJson("the request is no JSON object", "send an object")
    for name, value in fields.items():
        if name not in kinds:
            raise NotJson(f'there is no field "{quote(name)}"', f"known are {', '.join(kinds)}")
        wrong = isinstance(value, bool) and kinds[name] is not bool  # to Python it is a number
        if value is not None and (wrong or not isinstance(value, kinds[name])):
            raise NotJson(f'"{name}" cannot be that', "docs/serve.md says what it is")
    return {name: value for name, value in fields.items() if value is not None}


def number_of(request: Request, name: str, default: int, most: int) -> int:
    """A whole number of the query, 0 to `most`. NotJson for what is none."""
    written = request.query_params.get(name, str(default))
    if not written.isascii() or not written.isdecimal() or len(written) > 15:
        raise NotJson(f'"{name}" is no whole number', "write it in digits")
    return min(int(written), most)
