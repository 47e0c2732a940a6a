from shoprl.service.database import open_database, reading, writing
from shoprl.service.decisions import activate, find, keep, new_id
from tests.support.service import decision


def test_a_decision_is_found_as_it_was_kept(address):
    engine = open_database(address)
    made = decision(context={"page": "home"}, allocation={"seed": 3})
    with writing(engine) as connection:
        keep(connection, [made, decision("d_2", items=())])
    with reading(engine) as connection:
        assert find(connection, "d_1") == made
        found = find(connection, "d_2")
        assert found is not None
        assert found.items == ()
        assert find(connection, "d_3") is None
    engine.dispose()


def test_a_window_begins_when_a_list_is_shown(address):
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, [decision("d_1", None)])
        assert activate(connection, "d_1", 500.0, 60.0)
        assert activate(connection, "d_1", 900.0, 60.0)  # again: nothing changes
        assert not activate(connection, "d_2", 500.0, 60.0)
    with reading(engine) as connection:
        found = find(connection, "d_1")
        assert found is not None
        assert (found.activated_at, found.expires_at) == (500.0, 560.0)
    engine.dispose()


def test_ids_differ_and_fit_their_column():
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert max(map(len, made)) <= 40
