import base64
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.report import MAX_TEXT, bounded, write_report

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VOID = {"meta", "link", "img", "br"}
EXAMPLE: dict[str, Any] = {
    "agent": "dpo",
    "instruction": 'a <script>alert("x")</script> shirt',
    "reward": 0.5,
    "steps": [
        {"page": "search", "action": "search[shirt' onload='x]", "probability": 0.9},
        {"page": "item", "action": "click[buy now]"},
    ],
    "bought": "<img src=http://evil.example/x.png>",
}
RESULTS: dict[str, Any] = {
    "agents": {
        "rule": {"success_rate": 0.1, "success_rate_interval": [0.05, 0.15], "score": 40.0, "episodes": 500},
        "dpo <b>": {
            "success_rate": 0.424,
            "success_rate_interval": [0.38, 0.467],
            "score": 71.25,
            "score_interval": [69.0, 73.5],
            "episodes": 1500,
            "demonstrations": 200,
            "unseen_products": {"success_rate": 0.4, "n": 120},
        },
        "broken": {"success_rate": None},
    },
    "comparison": {
        "success_rate_difference": {"value": 0.06, "low": 0.01, "high": 0.11},
        "score_difference": {"value": 2.0, "low": -1.0, "high": 5.0},
    },
    "thompson": {
        "arms": [
            {
                "arm": "dpo",
                "rollouts": 800,
                "score": None,
                "score_interval": [1.0, 99.0],
                "success_rate": 0.4,
                "success_rate_interval": [0.3, 0.5],
                "probability_best": 0.875,
            }
        ]
    },
    "wall_seconds": {"imitation": 812.3, "study": 5400, "index": 1.25},
    "run": {"command": "shoprl study " + "x" * 400, "versions": {"numpy": "2.0"}, "dirty": False},
}


class Tree(HTMLParser):
    """Checks that each tag is closed in order; collects attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(autouse=True)
def _needs_jinja2() -> None:
    pytest.importorskip("jinja2")


@pytest.fixture
def figure(tmp_path: Path) -> Path:
    path = tmp_path / "figure.png"
    path.write_bytes(PIXEL)
    return path


def page(tmp_path: Path, results: dict[str, Any], figure: Path | None = None, *examples: dict[str, Any]) -> str:
    figures = [] if figure is None else [("Success & score", figure)]
    write_report(tmp_path / "report.html", results, figures, examples)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_page_is_well_formed_and_stands_alone(tmp_path: Path, figure: Path) -> None:
    text = page(tmp_path, RESULTS, figure, EXAMPLE)
    tree = Tree()
    tree.feed(text)
    assert tree.open == []
    assert text.startswith("<!DOCTYPE html>")
    assert ("html", "lang", "en") in tree.attributes
    assert ("meta", "name", "viewport") in tree.attributes
    for _, name, value in tree.attributes:
        if name in ("src", "href"):
            assert value is not None
            assert value.startswith("data:")
        assert not name.startswith("on")
    assert "<script" not in text
    assert "@import" not in text
    assert "url(" not in text


def test_figures_are_in_the_page_with_alt_text(tmp_path: Path, figure: Path) -> None:
    text = page(tmp_path, {}, figure)
    match = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="Figure: Success &amp; score">', text)
    assert match is not None
    assert base64.b64decode(match[1]) == PIXEL


def test_headline_is_the_best_agent_with_its_interval(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS)
    headline = re.search(r'<p class="headline">(.*?)</p>', text, re.DOTALL)
    assert headline is not None
    for part in ("dpo &lt;b&gt;", "42.4%", "1,500", "38.0% to 46.7%"):
        assert part in headline[1]


def test_untrusted_text_is_escaped(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS, None, EXAMPLE)
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in text
    assert "&lt;img src=http://evil.example/x.png&gt;" in text
    assert "search[shirt&#39; onload=&#39;x]" in text


def test_untrusted_text_is_bounded(tmp_path: Path) -> None:
    long = {"agent": "a" * 999, "instruction": "b" * 999, "bought": "c" * 999, "reward": 1.0}
    steps = [{"page": "d" * 999, "action": "e" * 999, "probability": 1.0}]
    text = page(tmp_path, {"agents": {"f" * 999: {"success_rate": 0.5}}}, None, long | {"steps": steps})
    for letter in "abcdef":
        assert letter * (MAX_TEXT - 1) + "…" in text
        assert letter * MAX_TEXT not in text


def test_bounded_replaces_controls_that_html_forbids_or_that_disguise_text() -> None:
    assert bounded("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert bounded("café 👩‍🍳 5 × 2\n") == "café 👩‍🍳 5 × 2\n"
    assert bounded("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_lone_surrogates_do_not_stop_the_report(tmp_path: Path) -> None:
    assert "shirt \ufffd" in page(tmp_path, {"run": {"note": "\udcff"}}, None, EXAMPLE | {"bought": "shirt \ud800"})


def test_comparison_says_whether_the_interval_holds_zero(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS)
    assert "<strong>+6.0 percentage points</strong> [+1.0, +11.0]. The interval excludes zero." in text
    assert "<strong>+2.0 points</strong> [-1.0, +5.0]. The interval holds zero" in text


def test_tables_show_values_and_leave_blank_what_was_not_scored(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS)
    assert "<td>40.0%<small>n = 120</small></td>" in text
    assert '<tr><th scope="row">broken</th><td>–</td><td>–</td>' in text
    assert "<td>800</td><td>40.0%<small>[30.0%, 50.0%]</small></td><td>–<small>[1.0, 99.0]</small></td>" in text
    assert "87.5%" in text
    assert "Success, disjoint products" not in text
    for time in ("13 min 32 s", "1 h 30 min", "1.2 s"):
        assert time in text


def test_disjoint_column_appears_with_its_data(tmp_path: Path) -> None:
    disjoint = {"success_rate": 0.3, "success_rate_interval": [0.2, 0.4], "episodes": 80}
    text = page(tmp_path, {"agents": {"a": {"success_rate": 0.5, "disjoint": disjoint}}})
    assert "Success, disjoint products" in text
    assert "<td>30.0%<small>[20.0%, 40.0%], n = 80</small></td>" in text


def test_a_long_command_is_kept_whole(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS)
    assert "x" * 400 in text
    assert "versions › numpy" in text


@pytest.mark.parametrize("results", [{}, {"agents": {}}, {"agents": None, "thompson": {}, "comparison": {}, "run": {}}])
def test_missing_data_leaves_sections_out(tmp_path: Path, results: dict[str, Any]) -> None:
    text = page(tmp_path, results)
    assert "No agent was scored." in text
    assert "<section>" not in text


def test_same_results_same_bytes(tmp_path: Path, figure: Path) -> None:
    assert page(tmp_path, RESULTS, figure, EXAMPLE) == page(tmp_path, RESULTS, figure, EXAMPLE)


def test_missing_figure_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"gone\.png"):
        write_report(tmp_path / "report.html", {}, [("Gone", tmp_path / "gone.png")], [])


def test_missing_jinja2_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r'pip install "shoprl\[report\]"'):
        write_report(tmp_path / "report.html", {}, [], [])
