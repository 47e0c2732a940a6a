"""A report as one HTML page that needs nothing else: no scripts, no fonts, no files beside it.

Names and texts come from catalogues and agents and are not trusted: each is escaped, stripped of control characters and
cut to a length, whichever place of the page it stands in.
"""

import base64
from importlib.resources import files

from shoprl.errors import ConfigError
from shoprl.report.document import Document, Figure
from shoprl.report.text import shown


def html(document: Document) -> bytes:
    """The page; the same document gives the same bytes.

    Raises:
        ConfigError: Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise ConfigError('A report needs Jinja2, which is not installed. Run: pip install "shoprl[report]"') from error

    def safe(value: object) -> object:
        """Applied to everything the template prints, before it is escaped."""
        return value if isinstance(value, Markup) else shown(value)

    def data_uri(figure: Figure) -> Markup:
        """A picture as an address that holds it; base64 needs no escaping."""
        return Markup("data:image/png;base64," + base64.b64encode(figure.png).decode("ascii"))

    source = files("shoprl.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, finalize=safe, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = data_uri
    return (environment.from_string(source).render(document=document) + "\n").encode()
