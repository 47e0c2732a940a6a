"""Settings of the documentation site: `make docs` builds it into build/docs, with warnings as errors."""

import re
from pathlib import Path

import shoprl.serve.server  # noqa: F401  (FastAPI cannot be imported while autodoc has typing.TYPE_CHECKING set)

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "src" / "shoprl"
API = DOCS / "reference" / "api"  # written here, one page a package, and kept out of the repository

project = "ShopRL"
author = "The ShopRL developers"
copyright = "The ShopRL developers"
release = version = re.search(r'__version__ = "(.+)"', (SOURCE / "__init__.py").read_text()).group(1)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]

myst_enable_extensions = ["attrs_block", "deflist", "dollarmath"]
myst_dmath_allow_digits = False  # "$30" is a price
myst_dmath_allow_space = False
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "member-order": "bysource", "undoc-members": True}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields are documented by their class, and named once

html_theme = "furo"
html_title = "ShopRL"
pygments_style = "friendly"

LEFT_OUT = ("catalog.vocabulary", "cli")  # word lists; commands, which `--help` describes


def modules_of(package: Path) -> list[str]:
    """The documented modules of a package, dotted, the package itself first."""
    paths = sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)
    names = [".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    kept = [name for name in names if not any(part.startswith("_") for part in name.split("."))]
    return sorted(name for name in kept if not name.startswith(LEFT_OUT))


def heading_of(module: str) -> str:
    return f"## {module}\n\n```{{automodule}} {module}\n```\n"


def write_api_pages() -> None:
    """Write `reference/api/PACKAGE.md` for each package, and their index; unchanged pages are left alone."""
    rooms = sorted(path.parent for path in SOURCE.glob("*/__init__.py") if path.parent.name not in LEFT_OUT)
    pages = {}
    for room in rooms:
        blocks = [heading_of(f"shoprl.{name}") for name in modules_of(room)]
        pages[f"{room.name}.md"] = f"# shoprl.{room.name}\n\n" + "\n".join(blocks)
    single = [path.stem for path in sorted(SOURCE.glob("*.py")) if not path.stem.startswith("_")]
    pages["others.md"] = "# Single modules\n\n" + "\n".join(heading_of(f"shoprl.{name}") for name in single)
    API.mkdir(parents=True, exist_ok=True)
    for old in API.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = API / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


write_api_pages()
