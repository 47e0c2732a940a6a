"""Tests mirror modules and share through ``tests/support``; no circle between modules, no room far above the others."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
SOURCE = TESTS.parent / "src" / "shoprl"
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
SHARED_MIRRORS = {  # modules of one kind that have their tests in one file
    "catalog/vocabulary/": "catalog/test_vocabulary.py",  # tables of words, drawn and joined in the same ways
    "service/models": "service/routes/test_recommendations.py",  # and its neighbours: what the API takes and refuses
    "service/routes/common": "service/test_access.py",
    "service/tables": "service/test_database.py",  # which compares the tables with what the migrations make
    "service/migrations/": "service/test_database.py",
    "cli/service.py": "cli/test_serve.py",  # which opens services with it
}
WITHOUT_MIRROR = {  # module -> why it needs none
    "errors.py": "classes without behaviour; whoever raises them is tested for it",
}
LARGEST_SHARE = 0.15


def modules(folder: Path) -> list[str]:
    """Modules of a folder and those under it, but for those of packages, which only collect names."""
    return sorted(str(path.relative_to(SOURCE)) for path in folder.rglob("*.py") if path.name != "__init__.py")


def mirror_of(module: str) -> str:
    shared = (test for start, test in SHARED_MIRRORS.items() if module.startswith(start))
    path = Path(module)
    return next(shared, str(path.with_name(f"test_{path.name}")))


def missing_mirrors(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in WITHOUT_MIRROR and not (TESTS / mirror_of(name)).is_file()]


def test_every_module_outside_the_rooms_has_its_tests() -> None:
    assert missing_mirrors(name for name in modules(SOURCE) if "/" not in name) == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_of_a_room_has_its_tests(room: str) -> None:
    assert missing_mirrors(modules(SOURCE / room)) == []


def test_exceptions_are_still_needed() -> None:
    names = modules(SOURCE)
    assert all(name in names and not (TESTS / mirror_of(name)).is_file() for name in WITHOUT_MIRROR)
    assert all(any(name.startswith(start) for name in names) for start in SHARED_MIRRORS)


def imported_by(path: Path) -> set[str]:
    """What a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
    return found


def test_what_tests_share_lies_in_support() -> None:
    wrong = {
        f"{path.relative_to(TESTS)} imports {name}"
        for path in TESTS.rglob("*.py")
        for name in imported_by(path)
        if name.startswith(("tests.", ".")) and not name.startswith("tests.support.")
    }
    assert wrong == set()


def reached_from(start: str, imports: Mapping[str, set[str]]) -> set[str]:
    """All that a module imports, directly or not."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = imports[waiting.pop()] - reached
        reached |= new
        waiting.extend(new)
    return reached


def circles(imports: Mapping[str, set[str]]) -> set[tuple[str, ...]]:
    """Groups of modules each of which imports all others of its group, directly or not."""
    reached = {name: reached_from(name, imports) for name in imports}
    return {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in imports
        if name in reached[name]
    }


def test_circles_are_noticed() -> None:
    line = {"a": {"b"}, "b": {"c"}, "c": set[str]()}
    assert circles(line) == set()
    assert circles(line | {"c": {"b"}, "d": {"a", "e"}, "e": {"d"}}) == {("b", "c"), ("d", "e")}


def test_no_circle_between_modules() -> None:
    grimp = pytest.importorskip("grimp", reason="comes with import-linter, of the extra dev")
    graph = grimp.build_graph("shoprl", exclude_type_checking_imports=False, cache_dir=None)  # lazy ones count as well
    assert len(graph.modules) > 100
    assert circles({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}) == set()


def test_no_room_holds_too_much() -> None:
    lines = {
        str(path.relative_to(SOURCE)): path.read_bytes().count(b"\n")
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(SOURCE / "catalog" / "vocabulary")
    }
    shares = {
        room: sum(count for name, count in lines.items() if name.startswith(f"{room}/")) / sum(lines.values())
        for room in ROOMS
    }
    assert {room: round(share, 3) for room, share in shares.items() if share > LARGEST_SHARE} == {}
