import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.errors import ConfigError, StorageError
from shoprl.policies.query.loading import load_query_policy
from shoprl.policies.query.policy import (
    MAX_QUERIES,
    MAX_QUERY,
    QueryModel,
    QueryOffer,
    QueryPolicy,
    QueryWriter,
    clean,
    queries_with,
)
from shoprl.shop.data import ShopData
from shoprl.shop.session import Session
from shoprl.tasks.instruction import Instruction, QueryStrategy, parse_instruction, queries_for, terms_of
from shoprl.tasks.shop.tracker import Tracker
from tests.support.fakequery import fake_backbone, fake_extractive, tiny_bart
from tests.support.fakes import fake_policy

ASKED = "please find me a red mug, or a blue lamp, and price lower than 30.00 dollars"


@dataclass
class Script:
    """Proposes what it was told to."""

    proposals: Iterable[str]
    kind: QueryModel = "extractive"
    asked: list[str] = field(default_factory=list)

    def write(self, instruction: Instruction) -> Iterable[str]:
        self.asked.append(instruction.text)
        return self.proposals

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@given(st.text())
def test_clean_queries_fit_an_action(text: str) -> None:
    found = clean(text)
    assert len(found) <= MAX_QUERY
    assert not set("[]\n\r\x0b\x0c\x85\u2028\u2029") & set(found)
    assert found == " ".join(found.split())
    assert clean(found) == found


def test_long_queries_are_cut_between_words() -> None:
    assert clean("word " * 100) == ("word " * 51).strip()
    assert clean("x" * 300) == "x" * MAX_QUERY
    assert clean("x" * MAX_QUERY + " y") == "x" * MAX_QUERY


def test_proposals_that_search_for_the_same_are_one_query() -> None:
    writer = Script(["", "red mugs", "the red mug", "mug [red]", "of the", "mug\n[blue]", "mug"])
    policy, asked = QueryPolicy(writer), parse_instruction(ASKED)
    assert policy.queries(asked, 10) == ("red mugs", "mug blue", "mug")
    assert policy.queries(asked, 2) == ("red mugs", "mug blue")
    assert writer.asked == [ASKED]  # the second answer was remembered


def test_there_is_always_a_query() -> None:
    asked = parse_instruction("[red]\nmug, and price lower than 30.00 dollars")
    assert QueryPolicy(Script([])).queries(asked, 3) == ("(red) mug",)
    assert QueryPolicy(Script(["", "the", "[]"])).queries(asked, 1) == ("(red) mug",)


def test_endless_proposals_are_not_all_looked_at() -> None:
    same = QueryPolicy(Script(iter(lambda: "mug", None)))
    assert same.queries(parse_instruction(ASKED), 5) == ("mug",)
    other = QueryPolicy(Script(f"mug {number}" for number in iter(int, None)))
    assert len(other.queries(parse_instruction(ASKED), MAX_QUERIES)) == 1
    many = QueryPolicy(Script([f"mug {number}" for number in range(40)]))
    assert len(many.queries(parse_instruction(ASKED), MAX_QUERIES)) == MAX_QUERIES


@pytest.mark.parametrize("n", [0, -1, MAX_QUERIES + 1])
def test_counts_out_of_range(n: int) -> None:
    with pytest.raises(ConfigError, match=str(n)):
        QueryPolicy(Script([])).queries(parse_instruction(ASKED), n)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.policies.query.policy._REMEMBERED", 2)
    writer = Script(["mug"])
    policy = QueryPolicy(writer)
    for text in ("a", "b", "c", "a"):
        policy.queries(parse_instruction(text), 1)
    assert writer.asked == ["a", "b", "c", "a"]


WRITERS: list[Callable[[], QueryWriter]] = [fake_extractive, tiny_bart]


@pytest.mark.parametrize("make", WRITERS)
def test_round_trip(make: Callable[[], QueryWriter], tmp_path: Path) -> None:
    policy = QueryPolicy(make(), "mine")
    policy.save(tmp_path / "policy", {"updates": 3})
    loaded = load_query_policy(tmp_path / "policy", fake_backbone())
    asked = parse_instruction(ASKED)
    assert loaded.queries(asked, 5) == policy.queries(asked, 5) == QueryPolicy(make()).queries(asked, 5)
    assert (loaded.name, loaded.writer.kind, loaded.about) == ("mine", policy.writer.kind, {"updates": 3})
    loaded.save(tmp_path / "again")
    again = load_query_policy(tmp_path / "again", fake_backbone())
    assert (again.queries(asked, 5), again.about) == (policy.queries(asked, 5), {"updates": 3})
    assert pickle.loads(pickle.dumps(loaded)).queries(asked, 5) == loaded.queries(asked, 5)
    found = policy.queries(asked, MAX_QUERIES)
    assert len({terms_of(query) for query in found}) == len(found)


@pytest.mark.parametrize("make", WRITERS)
def test_saving_twice_gives_the_same_bytes(make: Callable[[], QueryWriter], tmp_path: Path) -> None:
    for name in "ab":
        QueryPolicy(make()).save(tmp_path / name)
    (tmp_path / "b" / "stale.txt").write_text("old")
    QueryPolicy(make()).save(tmp_path / "b")
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab")
    assert first == second
    assert {"policy.json", "config.json", "model.safetensors"} <= first.keys()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("old", [False, True])
def test_a_write_that_fails_leaves_nothing(tmp_path: Path, old: bool) -> None:
    @dataclass
    class Full(Script):
        def save(self, folder: Path) -> None:
            (folder / "config.json").write_text("{")
            raise OSError(28, "No space left on device")

    folder = tmp_path / "policy"
    if old:
        QueryPolicy(fake_extractive()).save(folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(StorageError, match="No space left"):
        QueryPolicy(Full([])).save(folder)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == (["policy"] if old else [])


@pytest.mark.parametrize("strategy", ["wish", "instruction"])
def test_an_offer_comes_after_the_strategys_query(strategy: QueryStrategy) -> None:
    asked = parse_instruction(ASKED)
    own = queries_for(strategy, asked)
    offer = QueryOffer(QueryPolicy(Script(["red mugs", own[0], "blue lamp", "lamp"])), 3)
    assert queries_with(strategy, None, asked) == own
    assert queries_with(strategy, offer, asked) == (*own, "red mugs", "blue lamp")  # its own query is there once


@pytest.mark.parametrize("n", [0, MAX_QUERIES + 1])
def test_an_offer_out_of_range(n: int) -> None:
    with pytest.raises(ConfigError, match=f"^{n} queries: ask for 1 to 10"):
        QueryOffer(QueryPolicy(Script([])), n)


def test_a_policy_chooses_among_the_queries_it_is_offered(toy: ShopData) -> None:
    policy, session = fake_policy(), Session(toy.shop, toy.goals[0])
    asked = parse_instruction(toy.goals[0].instruction)
    assert policy.queries(asked) == queries_for("wish", asked)
    policy.offer = QueryOffer(QueryPolicy(Script(["red mugs", "blue lamp"])), 2)
    tracker = Tracker(policy.queries(asked), 15)
    state = tracker.state(session.page)
    texts = [*queries_for("wish", asked), "red mugs", "blue lamp"]
    assert [candidate.action for candidate in state.candidates] == [f"search[{text}]" for text in texts]
    assert {candidate.kind for candidate in state.candidates} == {"search"}
    assert policy.probabilities([state])[0].shape == (3,)
    assert fake_policy().offer is None  # of this policy alone
