import pytest

from shoprl.policies.packaged import PRETRAINED
from shoprl.service.arms import Arm
from shoprl.service.database import reading
from shoprl.service.deciding import Standing
from shoprl.service.policies import Registered, Role
from shoprl.service.rewards import earned
from shoprl.service.tables import comparisons, decisions
from shoprl.service.web.compare import two_policies
from tests.support.pages import Pages
from tests.support.serving import REQUEST, Served


@pytest.fixture
def pages(served: Served) -> Pages:
    return Pages(served).open("/compare").submit("/compare", request=REQUEST)


def rows(served: Served) -> list[tuple[str, str, str | None]]:
    """The policies of the left and the right list, and what was preferred."""
    with reading(served.service.engine) as connection:
        policy = dict(
            connection.execute(decisions.select().with_only_columns(decisions.c.decision_id, decisions.c.policy)).all()
        )
        found = connection.execute(comparisons.select().order_by(comparisons.c.sequence))
        return [(policy[row.left], policy[row.right], row.preferred) for row in found]


def test_two_lists_stand_side_by_side_and_nobody_sees_whose(served: Served, pages: Pages) -> None:
    assert [each.get_text() for each in pages.soup.select(".sides h2")] == ["List A", "List B"]
    assert all(each.select("ol > li") for each in pages.soup.select(".sides section"))
    assert not any(name in pages.html for name in ("pretrained", "plain", "fit ", "of 10 runs"))


@pytest.mark.parametrize("choice", ["left", "right", "neither"])
def test_what_is_preferred_is_kept_once_and_then_the_names_are_told(served: Served, pages: Pages, choice: str) -> None:
    address = pages.address
    pages.submit(address, "preferred", choice)
    left, right, preferred = rows(served)[0]
    assert preferred == choice
    assert {left, right} == {"pretrained", "plain"}
    assert f"List A was made by {left} , list B by {right} ." in pages.text()
    assert pages.soup.find("button", {"name": "preferred"}) is None
    pages.send(address, preferred="neither" if choice == "left" else "left")
    assert rows(served)[0][2] == choice


def test_sides_are_drawn(served: Served) -> None:
    pages = Pages(served)
    for _ in range(12):
        pages.open("/compare").submit("/compare", request=REQUEST)
    assert {row[0] for row in rows(served)} == {"pretrained", "plain"}


def test_compared_lists_count_for_no_experiment(served: Served, pages: Pages) -> None:
    pages.submit(pages.address, "preferred", "left")
    served.hands.now += 10 * served.service.config.reward_window
    with reading(served.service.engine) as connection:
        assert earned(connection, served.service.config.reward, 0.0, served.hands.now) == {}


def test_compared_lists_are_no_shares_of_policies(served: Served, pages: Pages) -> None:
    pages.ask(k="2")
    pages.open("/compare").submit("/compare", request="toymart brass lamp")
    metrics = served.client.get("/metrics").text
    shares = [line for line in metrics.splitlines() if line.startswith("shoprl_policy_share{")]
    assert shares == ['shoprl_policy_share{policy="pretrained"} 1.0']


def test_what_cannot_be_compared_is_said(served: Served, pages: Pages) -> None:
    assert pages.send(pages.address, preferred="both").status == 422
    assert pages.open("/compare/c_nothing").status == 404
    assert pages.send("/compare/c_nothing", preferred="left").status == 404
    assert pages.send("/compare", request="").status == 422
    served.workers.failing.add("rule")
    served.workers.shopper._policies.clear()
    assert pages.send("/compare", request=f"{REQUEST} again").status == 409
    pages.open("/compare")
    assert "There is one policy alone." in pages.text()
    assert pages.send("/compare", request=REQUEST).status == 409


def standing(*known: tuple[str, Role, float]) -> Standing:
    policies = [Registered(name, "1", name, role, registered_at=at) for name, role, at in known]
    return Standing(tuple(policies), tuple(Arm(each.name, "1") for each in policies if each.role != "off"), 0.0)


def test_the_active_policy_is_compared_with_a_candidate_else_with_the_latest_else_with_a_rule() -> None:
    known = [(PRETRAINED, "off", 0.0), ("rule-options", "off", 9.0), ("a", "active", 1.0), ("b", "off", 2.0)]
    assert two_policies(standing(*known), []) == ("a", "b")
    assert two_policies(standing(*known, ("c", "candidate", 1.5)), []) == ("a", "c")
    assert two_policies(standing(*known), ["b"]) == ("a", PRETRAINED)
    assert two_policies(standing(*known), ["b", PRETRAINED]) == ("a", "rule-options")
    assert two_policies(standing(("a", "active", 1.0)), []) is None
