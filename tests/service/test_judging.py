import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")

from shoprl.service.decisions import Listed
from shoprl.service.judging import Judge
from shoprl.service.logged import Logged
from shoprl.service.preferences import Reaction
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.lists import ListConfig, fit_logits, order_weight
from tests.support.matching import match_policy
from tests.support.service import decision
from tests.support.toyshop import EVERYTHING, toy_data


def logged(*fits, temperature=0.1, request=EVERYTHING, ids=None):
    asins = ids or [product.asin for product in toy_data().shop.catalog][: len(fits)]
    items = tuple(
        Listed(place, asin, 0.5, {"estimated_fit": fit})
        for place, (asin, fit) in enumerate(zip(asins, fits, strict=True), start=1)
    )
    reactions = [Reaction(asin, "impression") for asin in asins[:3]] + [Reaction(asins[2], "purchase")]
    return Logged(1, decision(items=items, settings={"temperature": temperature}, request=request), tuple(reactions))


@pytest.fixture
def judge():
    task = ShopTask(toy_data().shop)
    return Judge(match_policy(), lambda _: task, ListConfig())


def test_a_list_is_judged_as_the_pages_of_its_search_show_it(judge):
    shown = judge.one(logged(0.4, 0.3, 0.2, 0.1))
    names = [shown.states[state].evidence.names[row] for state, row in shown.rows]
    assert names == [product.asin for product in toy_data().shop.catalog][:4]
    assert (shown.pairs, shown.temperature) == (((2, 0), (2, 1)), 0.1)
    assert shown.seen.tolist() == [True, True, True, False]
    assert shown.rewards.tolist() == [0.0, 0.0, 1.0, 0.0]
    scores = shown.fits + shown.rest  # as the propensities tell
    assert np.exp(scores / 0.1).sum() + shown.others == pytest.approx(1.0)
    assert shown.weights == pytest.approx([order_weight(scores[place], scores[2], 0.1) for place in (0, 1)])
    judge.policy.prepare(shown.states)
    assert np.isfinite(fit_logits(judge.policy, [shown])[0]).all()


def test_requests_are_looked_at_once(judge, monkeypatch):
    first = judge.one(logged(0.4, 0.3, 0.2))
    monkeypatch.setattr("shoprl.service.judging.browsed", None)
    assert judge.one(logged(0.1, 0.1, 0.1)).states is first.states


def test_what_the_shop_no_longer_sells_gives_no_pair(judge):
    asins = [product.asin for product in toy_data().shop.catalog][:3]
    shown = judge.one(logged(0.4, 0.3, 0.2, ids=["GONE", *asins[1:]]))
    assert shown.rows[0] is None
    assert shown.pairs == ((2, 1),)
    assert judge.one(logged(0.4, 0.3, 0.2, ids=[*asins[:2], "GONE"])).pairs == ()


def test_a_list_that_was_ranked_was_not_drawn(judge):
    shown = judge.one(logged(0.4, 0.3, 0.2, temperature=0.0))
    assert (shown.temperature, shown.rest.tolist()) == (None, [0.0, 0.0, 0.0])
    assert shown.weights == pytest.approx([order_weight(0.4, 0.2, 0.1), order_weight(0.3, 0.2, 0.1)])
    assert judge.one(logged(None, 0.3, 0.2)).temperature is None  # a rule's list
