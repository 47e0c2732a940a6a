import re
import tomllib
from pathlib import Path

import shoprl
from shoprl import version

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_is_the_one_that_a_wheel_is_built_with() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", version.__version__)
    assert shoprl.__version__ == version.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert ROOT / project["tool"]["hatch"]["version"]["path"] == ROOT / "src" / "shoprl" / "version.py"
