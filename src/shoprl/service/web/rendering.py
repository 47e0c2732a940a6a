"""Renders pages: templates whose texts are escaped, and headers under which a browser runs nothing but our script."""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from shoprl.report.text import bounded
from shoprl.service.web.drawing import density_picture, placeholder
from shoprl.service.web.telling import moment_text, price_text
from shoprl.shop.html import is_web_address

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = ("app.css", "app.js", "icon.svg")
LONGEST = 20_000  # characters of any one text
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http: https:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # `no-referrer` would have browsers send no Origin with our own forms
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # a page shows how things stand, also where the browser goes back to it
}


def _safe(value: object) -> object:
    """Applied to everything a template prints, before it is escaped."""
    return value if isinstance(value, Markup | int | float) else bounded(str(value), LONGEST)


@cache
def static_file(name: str) -> tuple[bytes, str, str]:
    """Content, media type and digest of one of :data:`STATIC`."""
    content = files("shoprl.service.web").joinpath("static", name).read_bytes()
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return content, media, hashlib.sha256(content).hexdigest()[:16]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("shoprl.service.web"),
        autoescape=True,
        finalize=_safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "web_address": is_web_address,
        "short": lambda text, most=120: bounded(str(text), most),
        "percent": lambda share: "–" if share is None else f"{100 * share:.1f}%",
    }
    made.globals |= {
        "static": lambda name: f"/static/{name}?v={static_file(name)[2]}",
        "placeholder": lambda title: Markup(placeholder(title)),
        "density_picture": lambda arms: Markup(density_picture(arms)),
        "price_text": price_text,
        "moment_text": moment_text,
    }
    return made


def page(request: Request, template: str, status: int = 200, /, **context: Any) -> Response:
    """A page.

    Args:
        request: that it answers.
        template: its name, without ``.html``.
        status: of the answer.
        context: what the template shows.
    """
    caller = getattr(request.state, "person", None)
    common = {"path": request.url.path, "caller": caller, "tells": caller is None or caller.may("feedback")}
    text = _environment().get_template(f"{template}.html").render(**common | context)
    return HTMLResponse(text, status, dict(HEADERS))


def redirect(address: str) -> Response:
    """Send the browser to another page of ours, whatever the method was."""
    return RedirectResponse(address, 303, dict(HEADERS))
