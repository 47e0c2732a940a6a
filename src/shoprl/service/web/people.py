"""Who looks at a page: keys in a cookie, forms that only our own pages can send, and problems as pages."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from shoprl.feeds.prices import PriceError, PriceRules, parse_price
from shoprl.service.access import Caller
from shoprl.service.keys import Scope
from shoprl.service.problems import TITLES, ProblemError, answer, problem_of
from shoprl.service.routes.common import admitted
from shoprl.service.running import Service
from shoprl.service.web.rendering import HEADERS, page, redirect

COOKIE = "shoprl_key"
KEPT = 30 * 86_400  # seconds
FIELDS = 1_000  # of a form
_FORM = "application/x-www-form-urlencoded"


class PageRoute(APIRoute):
    """An endpoint whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint behind them."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                return _failed(request, ProblemError("not_found", "There is no page at this address."))
            except Exception as error:
                return _failed(request, problem_of(error))

        return answered


def _failed(request: Request, problem: ProblemError) -> Response:
    if problem.code == "unauthorized":
        return redirect(f"/sign-in?next={quote(request.url.path if request.method == 'GET' else '/', safe='')}")
    found = answer(problem)
    context = {"title": TITLES[problem.code][1], "detail": problem.detail}
    made = page(request, "problem", found.status_code, **context, request_id=request.state.request_id)
    if "retry-after" in found.headers:
        made.headers["Retry-After"] = found.headers["retry-after"]
    return made


def visitor(service: Service, *scopes: Scope) -> Any:
    """A dependency that lets through whose key, from the cookie, allows the scopes; where there are keys."""

    async def checked(request: Request) -> Caller:
        return await admitted(service, request, *scopes, key=request.cookies.get(COOKIE))

    return Depends(checked)


class Form:
    """The fields of a form that a browser sent.

    Args:
        fields: name -> values.
    """

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def all(self, name: str) -> Sequence[str]:
        """All values of a field."""
        return self._fields.get(name, [])

    def text(self, name: str, most: int = 2_000) -> str:
        """A field without spaces around it; empty where it is missing.

        Raises:
            ProblemError: it is longer than so many characters, or holds what no text does.
        """
        value = next(iter(self.all(name)), "").strip()
        if len(value) > most:
            raise ProblemError("invalid", f"{name}: at most {most:,} characters, found {len(value):,}.")
        if "\0" in value:
            raise ProblemError("invalid", f"{name}: holds a zero byte.")
        return value

    def one_of(self, name: str, values: Sequence[str]) -> str:
        """A field that has one of several values.

        Raises:
            ProblemError: it has none of them.
        """
        value = self.text(name)
        if value not in values:
            raise ProblemError("invalid", f"{name} {value[:40]!r}: one of {', '.join(values)}.")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number; None where the field is empty.

        Raises:
            ProblemError: it is no number, or out of range.
        """
        value = self.text(name, 30)
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise ProblemError("invalid", f"{name} {value!r}: give a number from {low:g} to {high:g}, or nothing.")
        return number

    def price(self, name: str) -> float | None:
        """A price, however people write it: ``1,000``, ``12,50``, ``$20``; None where the field is empty.

        Raises:
            ProblemError: it is no price, or a range of them.
        """
        value = self.text(name, 30)
        if not value:
            return None
        try:
            amounts = parse_price(value, PriceRules(thousands=True), "USD").amounts  # of a sign that several have
        except PriceError as error:
            raise ProblemError("invalid", f"{name}: {error}.") from error
        if len(amounts) != 1:
            raise ProblemError("invalid", f"{name} {value!r}: give one price, or nothing.")
        return amounts[0]


async def form_of(request: Request) -> Form:
    """The form of a request.

    Another page's forms are refused by their ``Origin`` before (:class:`shoprl.serve.guard.Guard`), and here by
    ``Sec-Fetch-Site``, where a browser sends that.

    Raises:
        ProblemError: it is no form of ours, or cannot be read.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError("origin_not_allowed", "Another web page sent this form.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_FORM, ""):
        raise ProblemError("unsupported_media_type", f"Content-Type {kind[:100]!r}: send a form ({_FORM}).")
    try:
        text = (await request.body()).decode("ascii")
        return Form(parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS))
    except (UnicodeDecodeError, ValueError) as error:
        raise ProblemError("bad_request", "The form cannot be read: it is no form, or not in UTF-8.") from error


def router(service: Service) -> APIRouter:
    """Signing in and out."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)

    @routes.get("/sign-in")
    async def sign_in(request: Request, next: str = "/") -> Response:
        return page(request, "sign_in", next=_own(next), notice="")

    @routes.post("/sign-in")
    async def signed_in(request: Request) -> Response:
        form = await form_of(request)
        key, following = form.text("key", 200), _own(form.text("next"))
        try:
            await admitted(service, request, key=key)
        except ProblemError as error:
            if error.code != "unauthorized":
                raise
            return page(request, "sign_in", 401, next=following, notice="The key is unknown or revoked.")
        # behind a proxy with TLS the request itself comes by http; its Origin was checked to be this server's
        secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
        made = redirect(following)
        made.set_cookie(COOKIE, key, max_age=KEPT, httponly=True, samesite="lax", secure=secure)
        return made

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        await form_of(request)
        made = redirect("/")
        made.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return made

    return routes


def _own(address: str) -> str:
    """An address on this server; the first page's for one elsewhere."""
    inside = address.startswith("/") and not address.startswith("//") and address.isprintable() and "\\" not in address
    return address if inside else "/"


def file_answer(content: bytes, media: str, name: str) -> Response:
    """A file to be saved, not shown."""
    headers = dict(HEADERS) | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)
