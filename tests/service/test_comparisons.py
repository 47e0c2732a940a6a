from shoprl.service.comparisons import Comparison, Tally, find_comparison, keep_comparison, prefer, tallies
from shoprl.service.database import close_database, open_database, writing
from shoprl.service.decisions import keep
from shoprl.service.exports import raw_comparisons
from tests.support.service import decision


def test_preferences_are_kept_once_and_counted_for_each_two_policies(address: str) -> None:
    engine = open_database(address)
    answers = [("a", "b", "left"), ("b", "a", "left"), ("a", "b", "left"), ("b", "a", "neither"), ("a", "c", "right")]
    with writing(engine) as connection:
        for number, (left, right, preferred) in enumerate([*answers, ("a", "b", None)]):
            names = (f"l{number}", f"r{number}")
            keep(connection, [decision(names[0], policy=left, items=()), decision(names[1], policy=right, items=())])
            made = Comparison(f"c{number}", *names, made_at=100.0 + number)
            keep_comparison(connection, made)
            assert find_comparison(connection, made.comparison_id) == made
            if preferred is not None:
                assert prefer(connection, made.comparison_id, preferred, 200.0)
                assert not prefer(connection, made.comparison_id, "right", 201.0)
        assert find_comparison(connection, "c0") == Comparison("c0", "l0", "r0", 100.0, "left", 200.0)
        assert find_comparison(connection, "other") is None
        assert not prefer(connection, "other", "left", 200.0)
        assert tallies(connection) == [Tally(("a", "b"), (2, 1), 1), Tally(("a", "c"), (0, 1), 0)]
        first = raw_comparisons(connection, limit=2)
        rest = raw_comparisons(connection, first.next or 0, limit=10)
    rows = [*first.rows, *rest.rows]
    assert [(row["left_policy"], row["right_policy"], row["preferred"]) for row in rows] == answers
    assert rows[0]["request"] == "a red mug"
    assert rows[0]["left_policy_version"] == "1"
    assert rest.next is None
    close_database(engine)
