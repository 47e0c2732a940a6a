"""Session logs of WebShop's site: nine real ones, and logs of the toy shop in their form."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.errors import TrajectoryError
from shoprl.shop.data import ShopData, shop_data
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.shop.splits import Split
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import examples
from shoprl.trajectories.shoppers import demonstrations
from shoprl.trajectories.site_logs import SiteLog, import_site_logs, read_site_log, site_log_files
from tests.support.realdata import real_data
from tests.support.site_logs import BACK, BUY, NEXT, PREVIOUS, SEARCH, SHOE, Row, goal_for, log_rows, write_log
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_data


@pytest.fixture
def goal(toy: ShopData) -> Goal:
    return goal_for("B0SHOE0002", toy)


# The nine real logs.


@pytest.fixture(scope="module")
def real_logs() -> list[SiteLog]:
    return [read_site_log(path) for path in site_log_files(real_data() / "site_logs")]


def test_the_real_logs_as_actions(real_logs: list[SiteLog]) -> None:
    by_number = {int(log.path.stem.rsplit("_", 1)[-1]): log for log in real_logs}
    assert sorted(by_number) == [6, 7, 12, 13, 15, 17, 18, 21, 23]
    assert by_number[12].actions == (
        "search[living room furniture]",
        BACK,
        "search[living room and kitchen furniture]",
        "click[b09lylklvx]",
        BUY,
    )
    assert by_number[13].repeated == 1
    assert by_number[15].actions[2:] == ("click[8]", "click[z2-pink]", BUY)
    assert by_number[15].goal.options == ("pink", "8")
    assert by_number[17].actions[3] == "click[38 | 40 | 41 mm]"
    assert by_number[23].actions[1] == NEXT
    assert by_number[7].actions[2:] == ("click[description]", PREVIOUS, BUY)
    assert len(by_number[6].actions) == 14
    assert [by_number[number].reward for number in (7, 15, 18)] == [1.0, 0.75, 0.5]
    assert sum(log.restored + log.ignored for log in real_logs) == 0


class _LoggedSearch:
    """Finds what the logs say the site found."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._found: dict[str, dict[int, list[str]]] = {}
        for path in paths:
            for row in map(json.loads, path.read_text().splitlines()):
                if row["page"] == "search_results":
                    content = row["content"]
                    pages = self._found.setdefault(" ".join(content["keywords"]), {})
                    pages[content["page"]] = content["search_result_asins"]

    def find(self, query: str) -> Sequence[str]:
        pages = self._found.get(query, {})
        return [asin for number in sorted(pages) for asin in pages[number]]

    def asins(self) -> list[str]:
        return [asin for query in self._found for asin in self.find(query)]


def _logged_shop(logs: Sequence[SiteLog]) -> ShopData:
    """A shop of made-up products with the ASINs and options of the logs, whose search finds what the site's did."""
    search = _LoggedSearch([log.path for log in logs])
    options: dict[str, dict[str, list[str]]] = {}
    for log in logs:
        for row in map(json.loads, log.path.read_text().splitlines()):
            for name, value in row.get("content", {}).get("options", {}).items():
                options.setdefault(row["content"]["asin"], {}).setdefault(name, []).append(value)
    asins = dict.fromkeys([log.goal.asin for log in logs] + search.asins())
    made = {asin: {name: tuple(dict.fromkeys(v)) for name, v in options.get(asin, {}).items()} for asin in asins}
    catalog = Catalog([replace(PRODUCTS[2], asin=asin, options=found, requests=()) for asin, found in made.items()])
    goals = toy_data().goals
    data = replace(shop_data(catalog, goals), split=Split("webshop", tuple(range(len(goals))), (), (), ""))
    vars(data)["shop"] = Shop(catalog, search, data.tagger)
    return data


def test_the_real_logs_replay_where_their_products_are_sold(real_logs: list[SiteLog]) -> None:
    found = import_site_logs(real_logs[0].path.parent, _logged_shop(real_logs))
    assert found.counts() == {"used": 9}
    for episode, log in zip(found.episodes, real_logs, strict=True):
        last = json.loads(log.path.read_text().splitlines()[-1])["content"]
        assert tuple(decision.action for decision in episode.decisions) == log.actions
        assert (episode.asin, episode.options) == (last["asin"], last["options"])
        assert found.goals[episode.goal_index] == log.goal
    assert [outcome.logged_reward for outcome in found.outcomes] == [log.reward for log in real_logs]


def test_the_real_logs_are_of_no_use_in_another_shop(toy: ShopData) -> None:
    found = import_site_logs(real_data() / "site_logs", toy)
    assert (found.counts(), found.episodes, len(found.goals)) == ({"not in the catalogue": 9}, (), 0)
    reason = next(o.reason for o in found.outcomes if o.source.endswith("_13.jsonl"))
    assert reason.startswith("3 of the 3 products")
    assert "B095LQZBRN" in reason


# Logs of the toy shop.


def test_demonstrations_written_as_logs_come_back(toy: ShopData, tmp_path: Path) -> None:
    trips = demonstrations(ShopTask(toy.shop), toy.goals, toy.split.train, 25, 0.5, np.random.default_rng(0))
    wanted = []
    for number, trip in enumerate(trips):
        actions = [decision.action for decision in trip.decisions]
        write_log(tmp_path / f"{number:02}.jsonl", log_rows(actions, toy.goals[trip.goal_index], toy))
        wanted.append([action.lower() for action in actions])
    found = import_site_logs(tmp_path, toy)
    assert found.counts() == {"used": 25}
    assert [[decision.action for decision in each.decisions] for each in found.episodes] == wanted
    assert [outcome.reward for outcome in found.outcomes] == [outcome.logged_reward for outcome in found.outcomes]
    assert len(examples(ShopTask(toy.shop), found.goals, found.episodes)) >= 50


def test_the_reward_is_the_one_earned_here(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    rows = log_rows([SEARCH, SHOE, BUY], goal, toy)
    rows[-1]["reward"] = 0.125
    found = import_site_logs(write_log(tmp_path / "log.jsonl", rows), toy)
    (outcome,) = found.outcomes
    assert outcome.logged_reward == 0.125
    assert outcome.reward == found.episodes[0].reward != 0.125


def hidden(toy: ShopData, goal: Goal, seen: Sequence[str], left_out: Sequence[int]) -> list[Row]:
    """A log without some of its lines: pages that the browser showed again by itself."""
    rows = log_rows(seen, goal, toy)
    return [row for number, row in enumerate(rows) if number not in left_out]


TEA, MEN = "search[mint meadow]", "search[for men]"  # both shoes are on the first page for men
# what was done; the lines that are not in the log (0 is the start); actions restored
UNSEEN_PAGES: dict[str, tuple[list[str], list[int], int]] = {
    "back to the results": ([MEN, SHOE, PREVIOUS, "click[b0shoe0002]", BUY], [3], 1),
    "back to the start": ([SEARCH, BACK, TEA, "click[b0tea00002]", BUY], [2], 1),
    "back from a product to the start": ([SEARCH, SHOE, BACK, TEA, "click[b0tea00002]", BUY], [3], 1),
    "back from a section": ([SEARCH, SHOE, "click[features]", PREVIOUS, BUY], [4], 1),
    "from one section to another": (
        [SEARCH, SHOE, "click[features]", PREVIOUS, "click[reviews]", PREVIOUS, BUY],
        [4],
        1,
    ),
    "an option after a section": ([SEARCH, SHOE, "click[reviews]", PREVIOUS, "click[red]", BUY], [4], 1),
    "two options at once": ([SEARCH, SHOE, "click[red]", "click[9 wide]", BUY], [3], 1),
    "an option taken back": ([SEARCH, SHOE, "click[red]", PREVIOUS, SHOE, "click[9 wide]", BUY], [4, 5], 2),
    "no start": ([SEARCH, SHOE, BUY], [0], 0),
    "page two at once": ([f"search[{EVERYTHING}]", NEXT, BACK, SEARCH, SHOE, BUY], [1], 1),
    "page one from a product of page two": (
        [f"search[{EVERYTHING}]", NEXT, "click[{last}]", PREVIOUS, PREVIOUS, "click[{first}]", BUY],
        [4],
        1,
    ),
}


@pytest.mark.parametrize("case", UNSEEN_PAGES)
def test_pages_that_the_log_leaves_out(toy: ShopData, goal: Goal, tmp_path: Path, case: str) -> None:
    actions, left_out, restored = UNSEEN_PAGES[case]
    order = [product.asin.lower() for product in toy.shop.find([EVERYTHING])]
    actions = [action.format(first=order[0], last=order[-1]) for action in actions]
    log = read_site_log(write_log(tmp_path / "log.jsonl", hidden(toy, goal, actions, left_out)))
    assert log.actions == tuple(actions)
    assert log.restored == restored
    found = import_site_logs(log.path, toy)
    assert found.counts() == {"used": 1}
    assert found.outcomes[0].restored == restored


def test_two_tabs(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    one = log_rows([MEN, SHOE, "click[red]", BUY], goal, toy)
    other = log_rows([MEN, "click[b0shoe0002]"], goal, toy)
    log = read_site_log(write_log(tmp_path / "log.jsonl", [*one[:4], other[2], one[4]]))
    assert log.actions[-5:] == ("click[b0shoe0002]", PREVIOUS, SHOE, "click[red]", BUY)
    assert log.asins == ("B0SHOE0001", "B0SHOE0002")
    assert import_site_logs(log.path, toy).episodes[0].asin == "B0SHOE0001"


def test_reloads_and_lines_after_the_purchase(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    rows = log_rows([SEARCH, SHOE, BUY], goal, toy)
    doubled = [row for row in rows[:3] for _ in range(2)]
    log = read_site_log(write_log(tmp_path / "log.jsonl", [*doubled, rows[3], rows[3], rows[0]]))
    assert (log.actions, log.repeated, log.ignored) == ((SEARCH, SHOE, BUY), 3, 2)


def test_a_folder_is_read_by_name_and_unzipped(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    rows = log_rows([SEARCH, SHOE, BUY], goal, toy)
    plain = write_log(tmp_path / "b.jsonl", rows)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "notes.txt").write_text("not a log")
    found = import_site_logs(tmp_path, toy)
    assert [Path(outcome.source).name for outcome in found.outcomes] == ["a.jsonl.gz", "b.jsonl"]
    assert [episode.goal_index for episode in found.episodes] == [0, 1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrajectoryError, match="holds no session log"):
        import_site_logs(tmp_path / "empty", toy)


def test_eval_and_test_goals_are_left_out(toy: ShopData, tmp_path: Path) -> None:
    for number, index in enumerate((*toy.split.eval, *toy.split.test)):
        goal = toy.goals[index]
        other_ceiling = replace(
            goal, instruction=goal.instruction.split(", and price")[0] + ", and price lower than 7 dollars"
        )
        write_log(tmp_path / f"{number}.jsonl", log_rows([SEARCH, SHOE, BUY], other_ceiling, toy))
    found = import_site_logs(tmp_path, toy)
    assert found.counts() == {"held out": len(toy.split.eval) + len(toy.split.test)}
    assert found.episodes == ()


def test_what_the_shop_cannot_replay(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    rows = log_rows([SEARCH, SHOE, "click[red]", BUY], goal, toy)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    cases = {
        "1": (
            text.replace("'nimbus', 'mesh'", "'mint', 'meadow'").replace('"nimbus", "mesh"', '"mint", "meadow"'),
            "not replayable",
        ),
        "2": (text.replace('"red"', '"purple"'), "not replayable"),
        "3": (text.replace("B0SHOE0001", "B0NOWHERE1"), "not in the catalogue"),
        "4": ("".join(json.dumps(row) + "\n" for row in rows[:-1]), "not bought"),
    }
    for name, (content, _) in cases.items():
        (tmp_path / f"{name}.jsonl").write_text(content)
    found = import_site_logs(tmp_path, toy)
    assert [outcome.status for outcome in found.outcomes] == [status for _, status in cases.values()]
    reasons = [outcome.reason for outcome in found.outcomes]
    assert "step 2 of 4: 'click[b0shoe0001]' is not available on the results page" in reasons[0]
    assert "step 3 of 4: 'click[purple]'" in reasons[1]
    assert "1 of the 2 products" in reasons[2]
    assert found.episodes == ()


def change(number: int, **fields: object) -> Callable[[list[Row]], None]:
    return lambda rows: rows[number].update(fields)


def content(number: int, **fields: object) -> Callable[[list[Row]], None]:
    return lambda rows: rows[number]["content"].update(fields)


FAULTS: list[tuple[Callable[[list[Row]], object], str]] = [
    (lambda rows: rows[1].pop("goal"), "line 2: field 'goal' is missing"),
    (change(1, goal={"asin": 3}), "line 2: field 'goal': field 'category' is missing"),
    (lambda rows: rows[2]["goal"].update(asin="B0SHOE0001"), "line 3: another goal"),
    (change(1, page=7), "line 2: field 'page' must be a text, found int"),
    (change(1, page="cart"), "line 2: field 'page' is 'cart'"),
    (change(1, content=[]), "line 2: field 'content' must be an object"),
    (content(1, keywords="nimbus"), "line 2: field 'keywords' must be a list"),
    (content(1, keywords=[1]), "line 2: field 'keywords' must hold texts"),
    (content(1, keywords=["a[b]"]), "line 2: no action can express the search"),
    (content(1, keywords=[""]), "line 2: no action can express the search"),
    (content(1, page=0), "line 2: field 'page' of 'content'"),
    (content(1, page="__import__('os')"), "line 2: field 'page' of 'content'"),
    (content(2, keywords="['other']"), "line 3: field 'keywords' is \"\\['other'\\]\", a search that no line shows"),
    (content(2, asin=None), "line 3: field 'asin' must be a text, found NoneType"),
    (content(2, options={"color": ["red"]}), "line 3: field 'options' must map"),
    (content(3, page=True), "line 4: field 'page' of 'content'"),
    (change(4, url="nowhere"), "line 5: field 'url' names no section"),
    (content(6, asin="B0SHIRT001"), "line 7: 'B0SHIRT001' was bought, but no line shows its page"),
    (change(6, reward=None), "line 7: field 'reward'"),
    (change(6, reward=1.5), "line 7: field 'reward'"),
    (lambda rows: rows.clear(), "holds no line"),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_malformed_log(
    toy: ShopData, goal: Goal, tmp_path: Path, fault: Callable[[list[Row]], object], said: str
) -> None:
    rows = log_rows([SEARCH, SHOE, "click[red]", "click[features]", PREVIOUS, BUY], goal, toy)
    fault(rows)
    path = write_log(tmp_path / "log.jsonl", rows)
    with pytest.raises(TrajectoryError, match=said):
        read_site_log(path)
    (outcome,) = import_site_logs(path, toy).outcomes
    assert outcome.status == "malformed"
    assert str(path) in outcome.reason


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{\n", "line 1: invalid JSON"),
        (b"[" * 100_000 + b"\n", "line 1: invalid JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}\n", "line 1: invalid JSON"),
        (b'{"a": NaN}\n', "line 1: invalid JSON"),
        (b'{"a": 1e999}\n', "line 1: invalid JSON"),
        (b'{"a": "\xff"}\n', "line 1: not UTF-8"),
        (b"3\n", "line 1: expected a JSON object, found int"),
        (b"\n" + b" " * (1 << 24) + b"{}\n", "line 2: longer than"),
    ],
)
def test_lines_that_are_no_objects(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(raw)
    with pytest.raises(TrajectoryError, match=said):
        read_site_log(tmp_path / "log.jsonl")


def test_a_log_without_end_is_refused(toy: ShopData, goal: Goal, tmp_path: Path) -> None:
    rows = log_rows([SEARCH, SHOE], goal, toy)
    path = write_log(tmp_path / "log.jsonl", rows[:1] * 5_001)
    with pytest.raises(TrajectoryError, match="more than 5,000 lines"):
        read_site_log(path)
    write_log(path, rows[:1] + rows[1:3] * 600)
    with pytest.raises(TrajectoryError, match="more than 1000 actions"):
        read_site_log(path)
    with pytest.raises(TrajectoryError, match="no such file"):
        read_site_log(tmp_path / "nothing.jsonl")
