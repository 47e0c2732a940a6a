"""Errors as they are answered: ``application/problem+json`` (RFC 9457) with a stable code, and what to do."""

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from shoprl.errors import CatalogError, ConfigError, PolicyError, StorageError
from shoprl.serve.guard import MAX_MESSAGE, Failing, JsonRoute
from shoprl.service.workers import WorkerError
from shoprl.service.writer import BusyError

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"
FAULTS = 20  # fields named in one answer

TITLES: Mapping[str, tuple[int, str]] = {  # code -> status, title
    "bad_request": (400, "The request is no HTTP, no JSON, or not in UTF-8."),
    "unauthorized": (401, "A key is needed, and this one is unknown or revoked."),
    "origin_not_allowed": (403, "A web page elsewhere may not use this server."),
    "forbidden": (403, "The key lacks a scope."),
    "not_found": (404, "There is no such thing here."),
    "method_not_allowed": (405, "The address takes other methods."),
    "request_timeout": (408, "The request did not arrive in time."),
    "policy_unavailable": (409, "The policy cannot be loaded, or cannot get that role."),
    "body_too_large": (413, "The body is too long."),
    "unsupported_media_type": (415, "The body must be JSON, and named so."),
    "host_not_allowed": (421, "`Host` is not a name of this server."),
    "invalid": (422, "A field is wrong."),
    "rate_limited": (429, "Too many requests with this key, or from this address."),
    "headers_too_large": (431, "The headers are too long."),
    "internal": (500, "The server failed; its log says why."),
    "not_implemented": (501, "A transfer encoding that is not known."),
    "busy": (503, "More is asked than the server can do soon."),
    "database_unavailable": (503, "The database cannot be reached or written; nothing was kept."),
    "not_ready": (503, "The server is not ready."),
}
_RETRY = {"busy": 1.0, "database_unavailable": 5.0, "not_ready": 1.0, "rate_limited": 1.0}  # seconds
_NAMES = {"TooManyConnections": "busy", "NotUtf8": "bad_request"}  # of the server's own refusals


class ProblemError(Exception):
    """An error that is answered.

    Args:
        code: one of :data:`TITLES`.
        detail: what is wrong, and what to do about it.
        retry_after: seconds after which to try again; the code's own when left out.
        errors: the fields that are wrong.
    """

    def __init__(
        self, code: str, detail: str, retry_after: float | None = None, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors = code, detail, errors
        self.retry_after = _RETRY.get(code) if retry_after is None else retry_after


class Fault(BaseModel):
    """A field that is wrong."""

    field: str
    detail: str


class ProblemDocument(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str = Field(description="About the kind of problem; `urn:shoprl:problem:` and the code.")
    title: str
    status: int
    code: str = Field(description="Stable; what a client should look at.")
    detail: str = Field(description="What is wrong, and what to do about it.")
    errors: list[Fault] | None = Field(None, description="The fields that are wrong.")
    request_id: str | None = None


def answer(
    problem: ProblemError, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem as it is sent."""
    status, title = TITLES[problem.code]
    body: dict[str, Any] = {
        "type": f"urn:shoprl:problem:{problem.code}",
        "title": title,
        "status": status,
        "code": problem.code,
        "detail": _sendable(problem.detail),
    }
    if problem.errors:
        body["errors"] = [{name: _sendable(text) for name, text in each.items()} for each in problem.errors]
    if request_id is not None:
        body["request_id"] = request_id
    more = dict(headers or {})
    if problem.retry_after is not None:
        more["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    if status == 401:
        more["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, more, MEDIA)


def _sendable(text: str) -> str:
    return text[:MAX_MESSAGE].encode(errors="replace").decode()  # half a surrogate pair cannot be sent


def refused(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """What the server refuses before an endpoint sees it (:data:`shoprl.serve.guard.Failing`)."""
    code = _NAMES.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    if code not in TITLES or TITLES[code][0] != status:
        code = next((each for each, (own, _) in TITLES.items() if own == status), "bad_request")
    return answer(ProblemError(code, message), headers=headers)


class ProblemRoute(JsonRoute):
    """An endpoint that takes JSON alone, and refuses other bodies with a problem."""

    fail: Failing = staticmethod(refused)  # type: ignore[misc]


def problem_of(error: BaseException) -> ProblemError:
    """The problem that an error is answered with."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, BusyError):
        return ProblemError("busy", str(error))
    if isinstance(error, StorageError):
        return ProblemError("database_unavailable", f"{error} Send it again: what was kept is not kept twice.")
    if isinstance(error, PolicyError):
        return ProblemError("policy_unavailable", str(error))
    if isinstance(error, ConfigError):
        return ProblemError("invalid", str(error))
    if isinstance(error, WorkerError):
        return ProblemError("busy", str(error))
    log.error("%s", error, exc_info=error)
    if isinstance(error, CatalogError):
        return ProblemError("internal", "The shop's files cannot be read; the server's log says why.")
    return ProblemError("internal", "The server failed; its log says why.")


def install(app: FastAPI) -> None:
    """Have an application answer errors as problems."""

    def known(request: Request, error: Exception) -> JSONResponse:
        return answer(problem_of(error), _id_of(request))

    for kind in (ProblemError, BusyError, StorageError, PolicyError, ConfigError, WorkerError, CatalogError, Exception):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _id_of(request: Request) -> str | None:
    found: str | None = request.scope.get("state", {}).get("request_id")
    return found


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [{"field": ".".join(map(str, each["loc"]))[:200], "detail": each["msg"]} for each in error.errors()]
    first = faults[0]
    text = f"{first['field']}: {first['detail']}. See /openapi.json."
    if len(faults) > 1:
        text = f"{len(faults)} fields are wrong, first {text}"
    return answer(ProblemError("invalid", text, errors=faults[:FAULTS]), _id_of(request))


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
    problem = ProblemError(code, f"{error.detail}. See /openapi.json.")
    return answer(problem, _id_of(request), error.headers)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Problems that an endpoint may answer with, as its documentation has them; the common ones among them."""
    common = (
        *("bad_request", "unauthorized", "forbidden", "request_timeout", "body_too_large", "host_not_allowed"),
        *("invalid", "rate_limited", "headers_too_large", "internal", "not_implemented", "busy"),
    )
    texts: dict[int, list[str]] = {}
    for code in dict.fromkeys((*common, *codes)):
        status, title = TITLES[code]
        texts.setdefault(status, []).append(f"`{code}`: {title}")
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    return {
        status: {"model": ProblemDocument, "description": " ".join(own), "content": {MEDIA: schema}}
        for status, own in sorted(texts.items())
    }
