import base64
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.results import RunResults
from shoprl.report import write_report, write_runs_report
from shoprl.report.document import ShownEpisode, ShownGoal
from shoprl.report.runs import WEBSHOP_SMALL, read_runs
from shoprl.report.sections import WEBSHOP
from shoprl.report.seeds import OverSeeds
from shoprl.report.text import MAX_TEXT
from tests.support.folders import (
    HOSTILE,
    add_episodes,
    add_log,
    compare_folder,
    comparison,
    read,
    row,
    run_folder,
    train_folder,
)
from tests.support.toyshop import toy_data

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


def shown(example: dict[str, Any]) -> ShownGoal:
    steps = tuple((step["action"], f"on {step['page']}") for step in example["steps"])
    episode = ShownEpisode(example["agent"], f"{example['reward']:.2f}", steps, example["bought"])
    return ShownGoal(example["instruction"], (episode,))


def page(tmp_path: Path, results: dict[str, Any], figure: Path | None = None, *examples: dict[str, Any]) -> str:
    figures = [] if figure is None else [("Success & score", figure)]
    about = results.get("run") or {}
    read = RunResults.from_json({key: value for key, value in results.items() if key != "run"}, "results.json")
    write_report(tmp_path / "report.html", read, figures, [shown(example) for example in examples], about)
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
        assert letter * (MAX_TEXT - 4) in text
        assert letter * 10 + "…" in text
        assert letter * MAX_TEXT not in text


def test_lone_surrogates_do_not_stop_the_report(tmp_path: Path) -> None:
    assert "shirt \ufffd" in page(tmp_path, {"run": {"note": "\udcff"}}, None, EXAMPLE | {"bought": "shirt \ud800"})


def test_comparison_says_whether_the_interval_holds_zero(tmp_path: Path) -> None:
    text = page(tmp_path, RESULTS)
    assert "<td>+6.0<small>[+1.0, +11.0]</small></td><td>+2.0<small>[-1.0, +5.0]</small></td>" in text
    assert "Success: the interval excludes zero." in text
    assert "Score: the interval holds zero: no difference shown." in text


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
        write_report(tmp_path / "report.html", RunResults(), [("Gone", tmp_path / "gone.png")])


def test_missing_jinja2_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r'pip install "shoprl\[report\]"'):
        write_report(tmp_path / "report.html", RunResults())


def test_two_seeds_are_averaged_with_their_spread(tmp_path: Path) -> None:
    runs = [
        run_folder(tmp_path / f"run-{seed}", {"dpo": row(rate, 50 + seed, seconds=60 * seed)}, seed, **more(value))
        for seed, rate, value in ((1, 0.4, 0.1), (2, 0.5, 0.02))
    ]
    written = write_runs_report(runs, tmp_path / "out.html")
    (group,) = written.groups
    assert group.agents["dpo"].runs == 2
    # Student's t with one degree of freedom: 12.706 x 0.05 to each side, which is cut to what a share can be
    assert group.agents["dpo"].success_rate == OverSeeds(0.45, (0.0, 1.0), 0.4, 0.5, 2)
    text = read(tmp_path / "out.html")
    assert "<td>2</td><td>45.0%<small>[0.0%, 100.0%]</small></td><td>51.5<small>[45.1, 57.9]</small></td>" in text
    assert "mean of 2 seeds, 95% interval 0.0% to 100.0%" in text
    assert "Success: excludes zero in 1 of 2 seeds." in text
    assert "dpo, seed 2" in text
    assert "<td>1 min 30 s<small>1 min 00 s to 2 min 00 s</small></td>" in text


def more(value: float) -> dict[str, Any]:
    return {"comparisons": [comparison(value, value - 0.05, value + 0.05)]}


def test_runs_on_other_data_are_never_averaged(tmp_path: Path) -> None:
    first = run_folder(tmp_path / "a", {"dpo": row(0.4, 50)}, 0)
    other = run_folder(tmp_path / "b", {"dpo": row(0.6, 70)}, 1, hashes={"catalog": "d" * 64, "goals": "e" * 64})
    written = write_runs_report([first, other], tmp_path / "out.html")
    assert [merged.mean for group in written.groups if (merged := group.agents["dpo"].success_rate)] == [0.4, 0.6]
    text = read(tmp_path / "out.html")
    assert "2 different sets of data" in text
    assert "50.0%" not in text
    assert text.count("<h3>data: catalog") == 2


def test_every_section_of_a_full_run(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run", hashes={"catalog": WEBSHOP_SMALL})
    written = write_runs_report([run], tmp_path / "out.html", tmp_path / "out.md", "My runs")
    text, marked = read(tmp_path / "out.html"), read(tmp_path / "out.md")
    titles = ["Agents", "Differences between agents", "Thompson sampling", "Where agents differ"]
    titles += ["Figures", "Costs", "The run"]
    assert re.findall("<h2>(.*?)</h2>", text) == titles
    assert re.findall("^## (.*)$", marked, re.MULTILINE) == titles
    assert text.count("<img ") == written.figures == marked.count("![") == 3
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [f"figure-0{i}.png" for i in (1, 2, 3)]
    assert "<title>My runs</title>" in text
    assert "natural: success" in text
    assert "My own picture" in text
    assert WEBSHOP.split(", MIT")[0] in marked
    tree = Tree()
    tree.feed(text)
    assert tree.open == []
    data = toy_data()
    title = data.catalog[data.goals[0].asin].title
    for page in (text, marked):
        assert "/home/alice" not in page
        assert "alice" not in page
        assert "--data mine" in page
        assert "<script" not in page
        assert title in page


def full_run(folder: Path, **settings: Any) -> Path:
    groups = {"natural": {"success_rate": 0.5, "success_rate_interval": [0.4, 0.6], "score": 60.0, "n": 20}}
    agents = {HOSTILE: row(0.4, 50, updates=100, generated=7), "dpo": row(0.6, 70, groups=groups)}
    arms = {"dpo": {"rollouts": 9, "score": 70.0, "success_rate": 0.6, "probability_best": 0.9}}
    thompson = {"runs": [{"arms": [{"arm": "dpo", "rollouts": 4}]}], "arms": arms}
    wall = {"training": 9.5}
    comparisons = [comparison(0.1, 0.05, 0.15)]
    hashes = settings["hashes"] if isinstance(settings["hashes"], dict) else {"catalog": "c" * 64}
    results = {"comparisons": comparisons, "thompson": thompson, "wall_seconds": wall, "hashes": hashes}
    run_folder(folder, agents, 0, None, settings, **results)
    add_episodes(folder, {"rule": [0.0, 1.0, 0.5], "dpo": [1.0, 1.0, 0.6]})
    add_log(folder, "ppo", loss=1.0, score=50.0, success=0.5)
    (folder / "figures").mkdir()
    (folder / "figures" / "mine.png").write_bytes(PIXEL)
    (folder / "figures" / "agents.png").write_bytes(PIXEL)  # drawn anew
    (folder / "figures" / "captions.json").write_text('{"mine.png": "My own picture"}')
    return folder


@pytest.mark.parametrize("hashes", ["generated", {"catalog": "c" * 64}])
def test_only_webshops_catalogue_needs_a_licence_note(tmp_path: Path, hashes: object) -> None:
    write_runs_report([full_run(tmp_path / "run", hashes=hashes)], tmp_path / "out.html")
    text = read(tmp_path / "out.html")
    assert "Where agents differ" in text
    assert "Princeton" not in text


def test_same_runs_same_bytes(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run", hashes="generated")
    for name in ("a", "b"):
        write_runs_report([run], tmp_path / name / "out.html", tmp_path / name / "out.md")
    for name in ("out.html", "out.md", "out/figure-01.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", None, record={"status": "running"})
    written = write_runs_report([run], tmp_path / "out.html")
    assert written.notes == ("run did not finish (status running): it has no results yet.",)
    assert "No agent was scored." in read(tmp_path / "out.html")


def test_one_file_for_both_is_refused(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {})
    with pytest.raises(ConfigError, match="same file"):
        write_runs_report([run], tmp_path / "out.html", tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_a_comparison_shows_its_arms(tmp_path: Path) -> None:
    run = compare_folder(tmp_path / "run")
    (run / "figures").mkdir()
    (run / "figures" / "compare-score.png").write_bytes(PIXEL)
    (run / "figures" / "captions.json").write_text('{"compare-score.png": "Average score of each arm"}')
    write_runs_report([run], tmp_path / "out.html")
    text = read(tmp_path / "out.html")
    assert re.findall("<h2>(.*?)</h2>", text) == ["Thompson sampling", "Figures", "Costs", "The run"]
    headline = "<strong>dpo</strong> has the best success rate of 2 agents with probability 99.0%."
    assert headline in text
    assert "Success 50.0% [45.0%, 55.0%], score 50.0 [45.0, 55.0] in 180 of 200 rollouts" in text
    assert "<td>180</td><td>50.0%<small>[45.0%, 55.0%]</small></td><td>50.0<small>[45.0, 55.0]</small></td>" in text
    assert "<td>99.0%</td>" in text
    assert "Each of 2 runs" in text
    assert "2 run(s) of 100 rollouts, thompson allocation, objective success, goals of the eval split" in text
    assert "Average score of each arm" in text
    assert "No agent was scored." not in text


def test_trainings_show_their_curves_settings_and_last_rows(tmp_path: Path) -> None:
    metrics = {"loss": 0.5, "accuracy": 0.25}
    runs = [train_folder(tmp_path / f"dpo-{seed}", "dpo", seed, **metrics) for seed in (0, 1)]
    written = write_runs_report(runs, tmp_path / "out.html", tmp_path / "out.md")
    text = read(tmp_path / "out.html")
    assert "<strong>dpo</strong> was trained for 30 updates." in text
    assert re.findall("<h2>(.*?)</h2>", text) == ["Training", "The runs"]
    assert re.findall('alt="(.*?)"', text) == ["Loss against updates", "Accuracy against updates"]
    assert written.figures == 2
    assert "<td>30</td><td>0.5</td><td>0.25</td>" in text
    assert '<tr><th scope="row">learning_rate</th><td>0.1</td><td>0.1</td></tr>' in text
    assert "No agent was scored." not in text
    (group,) = written.groups
    assert group.runs == ("dpo-0", "dpo-1")


def test_losses_of_different_methods_are_drawn_apart(tmp_path: Path) -> None:
    runs = [train_folder(tmp_path / name, name, loss=0.5, success=0.25) for name in ("dpo", "ppo")]
    write_runs_report(runs, tmp_path / "out.html")
    alts = re.findall('alt="(.*?)"', read(tmp_path / "out.html"))
    titles = ["Loss: dpo", "Success rate of sampled episodes (%)", "Loss: ppo"]
    assert alts == [f"{title} against updates" for title in titles]
    one = train_folder(tmp_path / "alone", "ppo", loss=0.5)
    write_runs_report([one], tmp_path / "one.html")
    assert '<tr><th scope="row">updates</th><td>30</td></tr>' in read(tmp_path / "one.html")


def test_data_is_named_by_what_is_known_of_it(tmp_path: Path) -> None:
    known = {"catalog": WEBSHOP_SMALL, "goals": "a" * 64}
    runs = [
        run_folder(tmp_path / "a", {}, settings={"hashes": known}, hashes=known),
        run_folder(tmp_path / "b", {}, settings={"hashes": "generated"}, hashes={"catalog": "e" * 64}),
        run_folder(tmp_path / "c", {}),
    ]
    assert [run.data_name for run in read_runs(runs)] == [
        "WebShop's small catalogue: catalog 79aef27c, goals aaaaaaaa",
        "Generated catalogue: catalog eeeeeeee",
        "data: catalog cccccccc, goals aaaaaaaa",
    ]
