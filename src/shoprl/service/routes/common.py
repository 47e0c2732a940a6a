"""What endpoints share: who asks, and cursors."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request

from shoprl.service.access import Caller
from shoprl.service.config import MAX_PAGE
from shoprl.service.keys import Scope
from shoprl.service.problems import ProblemError
from shoprl.service.running import Service

T = TypeVar("T")
PAGE = 100  # rows, unless asked otherwise

Cursor = Annotated[
    str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before; none for the first.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows of a page.")]


def needs(service: Service, scope: Scope) -> Any:
    """A dependency that lets through who may do what a scope allows, and counts it as one request."""

    async def checked(request: Request) -> Caller:
        return await admitted(service, request, scope)

    return Depends(checked)


async def admitted(service: Service, request: Request, *scopes: Scope, key: str | None = None) -> Caller:
    """Who sends a request, which is counted.

    Args:
        service: its parts.
        request: what is sent.
        scopes: what the caller must be allowed.
        key: the caller's; that of the request's headers when left out.

    Raises:
        ProblemError: it may not do what one of the scopes allows, or asks too often.
        StorageError: the database cannot be read.
    """
    who = _sent(request) if key is None else key, _address(request)
    caller = service.keys.remembered(*who)
    if caller is None:
        caller = await asyncio.to_thread(service.keys.caller, *who)
    request.state.caller, request.state.person = caller.name, caller
    for scope in scopes:
        if not caller.may(scope):
            text = f"The key has no scope `{scope}`. Make one: `shoprl keys make --scopes {' '.join(scopes)}`."
            raise ProblemError("forbidden", text)
    service.rates.take(caller.name)
    return caller


def _sent(request: Request) -> str | None:
    """The key that a request names."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return key.strip()
    return request.headers.get("x-api-key")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def page(rows: Sequence[T], cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """A page of rows that are all at hand, and the cursor of the next."""
    start = int(cursor or 0)
    last = start + limit
    return list(rows[start:last]), str(last) if last < len(rows) else None


Reader = Callable[[], T]


async def read(reader: Reader[T]) -> T:
    """Read the database beside the event loop."""
    return await asyncio.to_thread(reader)
