"""Options from dataclasses: what tyro shows of them, which of them there are, and how errors name them."""

import dataclasses
import io
import itertools
import re
import textwrap
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stderr
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_origin, get_type_hints

import docstring_parser
import tyro
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from shoprl.cli import options
from shoprl.errors import ConfigError
from shoprl.shop.default_data import default_folder
from shoprl.terminal import raw_streams, shown

REGISTRY = ConstructorRegistry()
CONFIG = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone)
T = TypeVar("T")


def parse(command: type[T], name: str, arguments: Sequence[str]) -> T:
    """A command with its options; prints help and exits where it is asked for.

    Args:
        command: a dataclass of options, documented by its docstring.
        name: how it is called, such as ``shoprl train dpo``.
        arguments: the words after the name.

    Raises:
        ConfigError: an option is unknown, missing, or has a value that does not fit.
    """
    _check_flags(command, name, arguments)
    about = _plain(docstring_parser.parse(command.__doc__ or "").description or "")
    about = "\n\n".join(textwrap.fill(paragraph, 80) for paragraph in about.split("\n\n"))
    coloured = raw_streams() if all(word.isprintable() for word in arguments) else nullcontext()
    printed = io.StringIO()
    try:
        with coloured, redirect_stderr(printed):
            return tyro.cli(command, prog=name, args=arguments, description=about, config=CONFIG, registry=REGISTRY)
    except SystemExit as ended:
        if not ended.code:
            raise
        raise ConfigError(f"{_said(printed.getvalue())} Run `{name} --help`.") from None


def _check_flags(command: type, name: str, arguments: Sequence[str]) -> None:
    known = flags(command)
    switches = {known[field] for field, kind in _kinds(command).items() if kind is bool}
    for word in arguments:
        flag = "--" + word[2:].partition("=")[0].replace("_", "-")
        if not re.match(r"--[A-Za-z]", word):
            continue
        if flag not in (*known.values(), "--help"):
            close = get_close_matches(flag, known.values(), n=3)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            raise ConfigError(f"{word}: no such option.{meant} Run `{name} --help`.")
        if flag in switches and "=" in word:
            raise ConfigError(f"{word}: {flag} takes no value. Run `{name} --help`.")


def _said(box: str) -> str:
    """The sentence in the box that tyro draws around an error."""
    lines = [line.strip("│╭╰╮╯") for line in box.splitlines()[1:]]
    lines = [*itertools.takewhile(lambda line: line.strip("─ "), lines)]  # to the first rule or blank line
    if lines and "Missing from" in lines[0]:
        named = [line.strip() for line in lines if re.match(r" {5}\S", line)]
        return f"{', '.join(named)}: missing."
    everything = " ".join(line.strip("│╭╰╮╯ ") for line in box.splitlines()[1:])
    if chosen := re.search(r"^invalid choice (.*) for argument '(\S+)'\. Expected one of \((.*?)\) ?\.", everything):
        return f"{chosen[2]} {shown(chosen[1], 80)}: must be one of {chosen[3]}."
    text = " ".join(line.strip() for line in lines).removeprefix("Error parsing ")
    for pattern, words in _REWORDED.items():
        text = re.sub(pattern, words, text)
    return text if text.endswith(".") else f"{text}."


_REWORDED = {  # what Python says of a value -> what a user is told
    r": no type matching INT could be instantiated from \['(.*)'\]\.?$": r" \1: must be a whole number.",
    r": no type matching FLOAT could be instantiated from \['(.*)'\]\.?$": r" \1: must be a number.",
    r": no type matching (.+) could be instantiated from \['(.*)'\]\.?$": r" \2: must be \1.",
    r": invalid literal for int\(\) with base 10: '(.*)'$": r" \1: must be a whole number.",
    r": could not convert string to float: '(.*)'$": r" \1: must be a number.",
}


def flags(command: type) -> dict[str, str]:
    """The options of a command and of the settings in it: name of the field -> flag."""
    named: dict[str, str] = {}
    hints = get_type_hints(command)
    for field in dataclasses.fields(command):
        if dataclasses.is_dataclass(hints[field.name]):
            named |= flags(hints[field.name])
        else:
            off = "no-" if field.default is True else ""
            named[field.name] = f"--{off}{field.name.rstrip('_').replace('_', '-')}"  # from_ is --from
    return named


def _kinds(command: type) -> dict[str, Any]:
    """The type of each option of a command and of the settings in it."""
    kinds: dict[str, Any] = {}
    for name, kind in get_type_hints(command).items():
        kinds |= _kinds(kind) if isinstance(kind, type) and dataclasses.is_dataclass(kind) else {name: kind}
    return kinds


def with_flags(message: str, command: type) -> str:
    """A message in which the parameters that are options of a command are named as those.

    The library writes a parameter in backticks, and begins with it what is wrong with its value: "batch_size 3: must
    be ...".
    """
    known = flags(command)
    message = re.sub(r"^([a-z_]+)(?= (?:-?(?:[\d.]|nan|inf)|'))", lambda name: known.get(name[1], name[0]), message)
    return re.sub(r"`([a-z_]+)`", lambda name: known.get(name[1], name[0]), message)


def _plain(text: str) -> str:
    """A docstring's text as a terminal shows it."""
    return text.replace("``", "")


@REGISTRY.struct_rule
def _command(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Options in the order of use: required ones, the command's own, then those that commands share."""
    if not (isinstance(info.type, type) and dataclasses.is_dataclass(info.type)):
        return None
    kind: type = info.type
    hints = get_type_hints(kind, include_extras=True)
    classes = [each for each in kind.__mro__[::-1] if dataclasses.is_dataclass(each)]
    helps = {
        doc.arg_name: doc.description for each in classes for doc in docstring_parser.parse(each.__doc__ or "").params
    }
    shared = [name for each in classes[::-1] if each.__module__ == options.__name__ for name in each.__annotations__]

    def spec(field: "dataclasses.Field[Any]") -> StructFieldSpec:
        default: Any = tyro.MISSING
        if dataclasses.is_dataclass(info.default):
            default = getattr(info.default, field.name)
        elif field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        elif field.name == "data" and issubclass(kind, options.OnData):
            default = default_folder() or tyro.MISSING
        annotation = hints[field.name]
        if dataclasses.is_dataclass(default):
            annotation = Annotated[annotation, tyro.conf.arg(name="learner")]  # the title of these options
        elif (default is None or isinstance(default, bool)) and get_origin(annotation) is not Annotated:
            hint = "(that is the default, which this turns off)" if default else ""
            annotation = Annotated[annotation, tyro.conf.arg(help_behavior_hint=hint)]
        return StructFieldSpec(field.name, annotation, default, _plain(" ".join((helps.get(field.name) or "").split())))

    fields = dataclasses.fields(kind)
    specs = {field.name: spec(field) for field in fields if field.init}
    place = {name: 1 + number for number, name in enumerate(shared)}
    order = sorted(specs, key=lambda name: (specs[name].default is not tyro.MISSING, place.get(name, 0)))
    return StructConstructorSpec(instantiate=kind, fields=tuple(specs[name] for name in order))
