from importlib.util import find_spec

from shoprl.machine import PACKAGES, commit, machine, versions


def test_what_it_notes_of_the_machine() -> None:
    assert {"shoprl", "python", "numpy"} <= set(versions())
    assert ("torch" in versions()) == (find_spec("torch") is not None)
    assert set(versions()) <= {"shoprl", "python", *PACKAGES}
    assert machine()["threads"] >= 1
    found = commit()
    assert found is None or (len(found["sha"]) == 40 and isinstance(found["dirty"], bool))
