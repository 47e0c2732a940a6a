"""A run's results as one HTML page that needs nothing else: no scripts, no fonts, no files beside it.

Names and texts come from catalogues and agents and are not trusted: each is escaped, stripped of control characters and
cut to a length, whichever place of the page it stands in.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from shoprl.errors import ConfigError, RunError
from shoprl.files import read_bytes, write_bytes

MAX_TEXT = 300  # characters of a text that are shown
MAX_RUN_VALUE = 4_000  # the same for what ``results['run']`` says of the run, such as its command
_NOT_SCORED = "–"
# C0 and C1 controls, bidirectional overrides, lone surrogates: invalid in HTML, or used to disguise text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Row = Mapping[str, Any]
Cell = dict[str, str]


def write_report(
    path: Path,
    results: dict[str, Any],
    figures: Sequence[tuple[str, Path]],
    examples: Sequence[dict[str, Any]],
) -> None:
    """Write the report of a run to ``path``. A section whose data is missing is left out.

    Args:
        path: the HTML file to write.
        results: any of ``agents`` (name -> row: success_rate in 0..1, success_rate_interval [low, high], score,
            score_interval, episodes, demonstrations, updates, unseen_products, disjoint), ``comparison`` (DPO minus
            control: success_rate_difference and score_difference, each {value, low, high}), ``thompson`` (its ``arms``,
            as ``ThompsonResult.to_json`` gives them), ``wall_seconds`` (name -> seconds), ``run`` (name -> value).
        figures: caption and PNG file of each.
        examples: episodes: agent, instruction, reward, steps (page, action, probability), bought.

    Raises:
        ConfigError: Jinja2 is not installed.
        RunError: a figure's file cannot be read.
        StorageError: ``path`` cannot be written.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise ConfigError('A report needs Jinja2, which is not installed. Run: pip install "shoprl[report]"') from error

    def safe(value: object) -> object:
        """Applied to everything the template prints, before it is escaped."""
        return value if isinstance(value, Markup) else bounded(str(value))

    source = files("shoprl.evaluation").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, finalize=safe, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    agents = results.get("agents") or {}
    arms = (results.get("thompson") or {}).get("arms") or []
    columns = [
        (title, cell) for title, key, cell in _AGENT_COLUMNS if any(row.get(key) is not None for row in agents.values())
    ]
    page = environment.from_string(source).render(
        chosen_before=bool(results.get("best_policy")),
        best=_best(agents, results.get("best_policy")),
        agent_columns=["Agent", *(title for title, _ in columns)],
        agents=[{"name": name, "cells": [cell(row) for _, cell in columns]} for name, row in agents.items()],
        comparison=list(_comparison(results.get("comparison") or {})),
        arm_columns=["Arm", "Rollouts", "Success rate", "Score", "Chance to be best"],
        arms=[{"name": row.get("arm", _NOT_SCORED), "cells": _arm_cells(row)} for row in arms],
        figures=[
            {"caption": caption, "uri": Markup(_data_uri(file))}  # base64 needs no escaping
            for caption, file in figures
        ],
        examples=[_example(example) for example in examples],
        costs=[(name, _duration(seconds)) for name, seconds in (results.get("wall_seconds") or {}).items()],
        run=[(name, Markup.escape(bounded(value, MAX_RUN_VALUE))) for name, value in _flat(results.get("run") or {})],
    )
    write_bytes(path, (page + "\n").encode())


def bounded(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` without control characters, cut to ``limit`` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return _CONTROLS.sub("\ufffd", cut)


def _percent(value: float | None) -> str:
    return _NOT_SCORED if value is None else f"{100 * value:.1f}%"


def _points(value: float | None) -> str:
    return _NOT_SCORED if value is None else f"{value:.1f}"


def _interval(pair: Sequence[float] | None, form: Callable[[float | None], str]) -> str:
    return f"[{form(pair[0])}, {form(pair[1])}]" if pair else ""


def _success(row: Row) -> Cell:
    """A success rate with its interval."""
    return {"text": _percent(row.get("success_rate")), "small": _interval(row.get("success_rate_interval"), _percent)}


def _score(row: Row) -> Cell:
    """A score with its interval."""
    return {"text": _points(row.get("score")), "small": _interval(row.get("score_interval"), _points)}


def _count(key: str) -> Callable[[Row], Cell]:
    """A cell with a whole number."""

    def cell(row: Row) -> Cell:
        value = row.get(key)
        return {"text": f"{value:,}" if isinstance(value, int) else _NOT_SCORED, "small": ""}

    return cell


def _subset(key: str) -> Callable[[Row], Cell]:
    """A cell with the success rate on some of the goals and how many those are."""

    def cell(row: Row) -> Cell:
        part = row.get(key) or {}
        number = part.get("n", part.get("episodes"))
        notes = [
            _interval(part.get("success_rate_interval"), _percent),
            f"n = {number:,}" if number is not None else "",
        ]
        return {"text": _percent(part.get("success_rate")), "small": ", ".join(note for note in notes if note)}

    return cell


# Title, key whose presence in any row brings the column, and what it shows.
_AGENT_COLUMNS: tuple[tuple[str, str, Callable[[Row], Cell]], ...] = (
    ("Success rate", "success_rate", _success),
    ("Score", "score", _score),
    ("Test episodes", "episodes", _count("episodes")),
    ("Demonstrations", "demonstrations", _count("demonstrations")),
    ("Updates", "updates", _count("updates")),
    ("Success, unseen products", "unseen_products", _subset("unseen_products")),
    ("Success, disjoint products", "disjoint", _subset("disjoint")),
)


def _arm_cells(row: Row) -> list[Cell]:
    return [
        _count("rollouts")(row),
        _success(row),
        _score(row),
        {"text": _percent(row.get("probability_best")), "small": ""},
    ]


def _best(agents: Mapping[str, Row], chosen: str | None) -> Cell | None:
    """The headline: the agent chosen before testing, else the one with the highest success rate; None without any."""
    scored = [(name, row) for name, row in agents.items() if row.get("success_rate") is not None]
    if not scored:
        return None
    named = [pair for pair in scored if chosen is not None and pair[0] == chosen.rsplit("/", 1)[-1]]
    name, row = named[0] if named else max(scored, key=lambda pair: float(pair[1]["success_rate"]))
    return {
        "name": name,
        "success": _percent(row["success_rate"]),
        "interval": " to ".join(_percent(end) for end in row.get("success_rate_interval") or ()),
        "episodes": "the" if row.get("episodes") is None else f"{row['episodes']:,}",
    }


def _comparison(comparison: Mapping[str, Row]) -> Iterator[Cell]:
    """A line for each difference between DPO and its control."""
    for what, key, factor, unit in (
        ("Success rate", "success_rate_difference", 100, "percentage points"),
        ("Score", "score_difference", 1, "points"),
    ):
        row = comparison.get(key)
        if row is None:
            continue
        value, low, high = (factor * row[name] for name in ("value", "low", "high"))
        apart = low > 0 or high < 0
        yield {
            "what": what,
            "value": f"{value:+.1f} {unit}",
            "interval": f"[{low:+.1f}, {high:+.1f}]",
            "verdict": "The interval excludes zero." if apart else "The interval holds zero: not told apart.",
        }


def _example(example: Row) -> dict[str, Any]:
    """An episode as the template shows it; what is missing is left blank."""
    reward = example.get("reward")
    return {
        "agent": example.get("agent", _NOT_SCORED),
        "instruction": example.get("instruction", ""),
        "reward": _NOT_SCORED if reward is None else f"{reward:.2f}",
        "bought": example.get("bought") or "nothing",
        "steps": [
            {
                "page": step.get("page", _NOT_SCORED),
                "action": step.get("action", ""),
                "probability": "" if step.get("probability") is None else f"{step['probability']:.2f}",
            }
            for step in example.get("steps", ())
        ],
    }


def _data_uri(figure: Path) -> str:
    """A PNG file as an address that holds the file itself."""
    return "data:image/png;base64," + base64.b64encode(read_bytes(figure, RunError)).decode("ascii")


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _flat(values: Row, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and text of each value, nested ones with their path as name."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} › ")
        else:
            yield (
                f"{prefix}{key}",
                value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str),
            )
