"""Hostile command lines made from the command line's own definition: every option of every command."""

import dataclasses
import math
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from shoprl.cli import main
from shoprl.settings import Range

TEXTS = {
    "empty": "",
    "escape": "\x1b]0;owned\x07\x1b[31mred",
    "one character escape": "\x9b31m",
    "override": "gnp.\u202eexe",
    "half a pair": "\udcff",
    "lines": "a\nError: forged\r\nb",
    "long": "x" * 100_000,
    "format": "{0.__class__} %s %n ${HOME} `id`",
    "a flag": "--json",
}
NUMBERS = ("abc", "nan", "-inf", "1e999", "9" * 5_000, "")


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Attributes:
        name: of the field.
        flag: on the command line; empty for a positional one.
        kind: its type without what annotates it.
        allowed: the range of a number.
        required: whether the command needs it.
        several: whether it takes several values.
    """

    name: str
    flag: str
    kind: Any
    allowed: Range | None
    required: bool
    several: bool

    def given(self, *values: str) -> list[str]:
        """The words that give it values, whatever those begin with."""
        if not self.flag:
            return list(values)
        return [f"{self.flag}={values[0]}"] if len(values) == 1 and not self.several else [self.flag, *values]


def options(command: type) -> Iterator[Option]:
    """The options of a command and of the settings in it."""
    hints = get_type_hints(command, include_extras=True)
    for field in dataclasses.fields(command):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from options(hint)  # type: ignore[arg-type]
            continue
        kind, notes = _bare(hint)
        several = get_origin(kind) is tuple
        if several:
            kind, more = _bare(get_args(kind)[0])
            notes += more
        off = "no-" if field.default is True else ""
        flag = "" if "Positional" in repr(notes) else f"--{off}{field.name.rstrip('_').replace('_', '-')}"
        allowed = next((note for note in notes if isinstance(note, Range)), None)
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        yield Option(field.name, flag, kind, allowed, needed, several)


def _bare(hint: Any) -> tuple[Any, list[Any]]:
    if get_origin(hint) is Annotated:
        kind, notes = _bare(get_args(hint)[0])
        return kind, [*get_args(hint)[1:], *notes]
    if get_origin(hint) in (Union, types.UnionType):
        return _bare(next(each for each in get_args(hint) if each is not types.NoneType))
    return hint, []


def numbers(option: Option) -> list[str]:
    """Values that a numeric option must refuse."""
    allowed = option.allowed or Range()
    outside: list[float] = []
    if math.isfinite(allowed.low):
        outside += [allowed.low - 1, *([allowed.low] if allowed.above else [])]
    if math.isfinite(allowed.high):
        outside += [allowed.high + 1, *([allowed.high] if allowed.below else [])]
    words = [str(int(each)) if option.kind is int else repr(float(each)) for each in outside]
    return [*words, *NUMBERS, *(["1.5"] if option.kind is int else [])]


def bad_values(option: Option) -> list[str]:
    """Values that an option must refuse, whatever the files are."""
    if option.kind in (int, float):
        return numbers(option)
    if option.kind is bool:
        return ["maybe", "\x1b[31m"]
    if get_origin(option.kind) is Literal:
        return ["no-such", *(TEXTS[each] for each in ("empty", "escape", "lines", "long"))]
    return []


@dataclass(frozen=True)
class Attack:
    """A hostile command line.

    Attributes:
        command: its name.
        words: after the name.
        about: what is hostile in it.
        flag: the option attacked.
        refused: it must be refused; otherwise it may also have an answer.
    """

    command: str
    words: tuple[str, ...]
    about: str
    flag: str
    refused: bool = True

    @property
    def id(self) -> str:
        return f"{self.command} {self.about}".encode("ascii", "backslashreplace").decode()[:100]


def option_attacks() -> Iterator[Attack]:
    """Every bad value of every option that has bad values; what a command needs is given, though not there."""
    for name in main.COMMANDS:
        own = list(options(main.load(name)))
        for option in own:
            others = [word for each in own if each.required and each.name != option.name for word in _some(each)]
            for number, value in enumerate(bad_values(option)):
                words = (*others, *option.given(value))
                yield Attack(name, words, f"{option.name} #{number}: {value[:20]!r}", option.flag or option.name)


def _some(option: Option) -> list[str]:
    """A value of a required option that fits its type."""
    if get_origin(option.kind) is Literal:
        return option.given(str(get_args(option.kind)[0]))
    value = {int: "3", float: "0.5"}.get(option.kind, "nothing-here")
    return option.given(value, value) if option.several else option.given(value)


def unbounded() -> list[str]:
    """Numeric options that say nothing about what they may hold."""
    return [
        f"{name} {option.flag}"
        for name in main.COMMANDS
        for option in options(main.load(name))
        if option.kind in (int, float) and option.allowed is None
    ]


def hostile_paths(folder: Path) -> dict[str, Path]:
    """Files and folders that no command may trust; the names say what they are."""
    import gzip
    import os
    import stat

    import numpy as np

    made = {"missing": folder / "missing"}
    contents = {
        "empty.json": b"",
        "null.json": b"null",
        "list.json": b"[]",
        "object.json": b"{}",
        "nested.json": b"[" * 100_000,
        "nested.jsonl": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "nan.jsonl": b'{"goals_sha256": "x", "reward": NaN}\n',
        "wide.jsonl": b'{"goals_sha256": "' + b"x" * (1 << 25) + b'"}\n',
        "utf16.jsonl": '{"goals_sha256": "x"}\n'.encode("utf-16"),
        "random.jsonl": np.random.default_rng(0).bytes(10_000),
        "random.gz": np.random.default_rng(0).bytes(10_000),
        "escape.jsonl": b'{"\\u001b[31mred\\u202e": "\\u0007"}\n',
        "half.jsonl.gz": gzip.compress(b'{"a": 1}\n' * 1_000, mtime=0)[:-20],
    }
    for name, content in contents.items():
        made[name] = folder / name
        made[name].write_bytes(content)
    made["bomb"] = folder / "bomb.jsonl.gz"
    with gzip.open(made["bomb"], "wb", compresslevel=9) as stream:
        for _ in range(300):
            stream.write(b" " * (1 << 20) + b"\n")
    made["folder"] = folder / "folder"
    made["folder"].mkdir()
    made["full"] = folder / "full"
    made["full"].mkdir()
    for name in FILES:
        (made["full"] / name).write_bytes(b"\x00\xff{[")
    made["pipe"] = folder / "pipe.jsonl"
    os.mkfifo(made["pipe"])
    made["loop"] = folder / "loop"
    made["loop"].symlink_to("loop")
    made["device"] = folder / "device"
    try:
        os.mknod(made["device"], stat.S_IFCHR | 0o666, os.makedev(1, 5))  # of its own: a command may replace it
    except PermissionError:
        os.mkfifo(made["device"])
    made["long"] = folder / ("n" * 300)
    made["deep"] = folder / "/".join(["d" * 100] * 60)
    made["below a file"] = folder / "empty.json" / "x"
    made["escape name"] = folder / "\x1b[31mred\x07\u202e\n"
    made["half a pair"] = folder / "\udcff"
    return made


FILES = (
    *("items_shuffle.json", "items_ins_v2.json", "items_human_ins.json", "prices.json", "goals.jsonl", "split.json"),
    *("run.json", "results.json", "policy.json", "query_policy.json", "config.json", "model.safetensors", "store.json"),
)
