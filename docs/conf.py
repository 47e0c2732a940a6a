"""Settings of the documentation site: `make docs` builds it into build/docs, with warnings as errors."""

import re
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator as HTMLTranslator

import shoprl.serve.server
import shoprl.service.assistants.server  # noqa: F401  (nor can the MCP SDK)

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "src" / "shoprl"
API = DOCS / "reference" / "api"  # written here, one page a package, and kept out of the repository

project = "ShopRL"
author = "The ShopRL developers"
copyright = "The ShopRL developers"
release = version = re.search(r'__version__ = "(.+)"', (SOURCE / "version.py").read_text()).group(1)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_enable_extensions = ["attrs_block", "deflist", "dollarmath"]
myst_dmath_allow_digits = False  # "$30" is a price
myst_dmath_allow_space = False
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "member-order": "bysource", "undoc-members": True}
autodoc_mock_imports = ["openenv"]  # cannot be installed beside the rest
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Words in docstrings such as "candidates" are no references, though several classes have such a field.
suppress_warnings = ["ref.python"]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields are documented by their class, and named once
napoleon_attr_annotations = False  # signatures hold the types

html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["formulas.css"]
html_title = "ShopRL"
pygments_style = "friendly"

LEFT_OUT = ("catalog.vocabulary", "cli", "service.migrations")  # word lists; what `--help` describes; run by alembic


def modules_of(package: Path) -> list[str]:
    """The documented modules of a package, dotted, in order."""
    paths = [path for path in package.rglob("*.py") if path.stat().st_size]  # an empty one makes a package, no more
    names = [".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    kept = [name for name in names if not any(part.startswith("_") for part in name.split("."))]
    return sorted(name for name in kept if not name.startswith(LEFT_OUT))


def section_of(module: str) -> str:
    title = f"shoprl.{module}"
    return f"{title}\n{'-' * len(title)}\n\n.. automodule:: {title}\n"


def write_api_pages() -> None:
    """Write `reference/api/PACKAGE.rst` for each package, and one of single modules; unchanged pages are left alone."""
    rooms = sorted(path.parent for path in SOURCE.glob("*/__init__.py") if path.parent.name not in LEFT_OUT)
    pages = {room.name: (f"shoprl.{room.name}", modules_of(room)) for room in rooms}
    single = [path.stem for path in sorted(SOURCE.glob("*.py")) if not path.stem.startswith("_")]
    pages["others"] = ("Single modules", single)
    API.mkdir(parents=True, exist_ok=True)
    for old in API.iterdir():
        if old.suffix != ".rst" or old.stem not in pages:
            old.unlink()
    for name, (title, modules) in pages.items():
        text = f"{title}\n{'=' * len(title)}\n\n" + "\n".join(section_of(module) for module in modules)
        path = API / f"{name}.rst"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


write_api_pages()


def setup(app: Sphinx) -> None:
    """Formulas become MathML, which browsers draw by themselves: no script is fetched, and pages work offline."""

    def draw(self: HTMLTranslator, node: nodes.Element) -> None:
        block = isinstance(node, nodes.math_block)
        math = tex2mathml(node.astext(), as_block=block)
        self.body.append(f'<div class="math">{math}</div>' if block else math)
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (draw, None), (draw, None))
