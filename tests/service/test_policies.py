import subprocess
import sys

import pytest

from shoprl.errors import ConfigError, PolicyError
from shoprl.service.database import open_database, writing
from shoprl.service.policies import all_policies, find_policy, register, set_role, version_of


@pytest.fixture
def connection(address):
    engine = open_database(address)
    with writing(engine) as connection:
        register(connection, "pretrained", "pretrained", 1.0, "active")
        register(connection, "by-rule", "rule", 2.0, parent="pretrained", evidence={"score": 40})
        yield connection
    engine.dispose()


def test_policies_are_kept_with_what_is_known_of_them(connection):
    first, second = all_policies(connection)
    assert (first.name, first.role, first.changed_at) == ("pretrained", "active", 1.0)
    assert (second.role, second.parent, second.evidence) == ("off", "pretrained", {"score": 40})
    assert len(first.version) == 64
    assert second.version.startswith("shoprl-")


def test_one_policy_is_active(connection):
    assert set_role(connection, "by-rule", "candidate", 3.0).changed_at == 3.0
    assert {each.name: each.role for each in all_policies(connection)} == {
        "pretrained": "active",
        "by-rule": "candidate",
    }
    set_role(connection, "by-rule", "active", 4.0)
    assert {each.name: each.role for each in all_policies(connection)} == {"pretrained": "off", "by-rule": "active"}
    with pytest.raises(ConfigError, match="Activate another one first"):
        set_role(connection, "by-rule", "off", 5.0)


def test_a_policy_registered_again_stays_what_it_is(connection):
    set_role(connection, "by-rule", "candidate", 3.0)
    assert register(connection, "by-rule", "rule", 9.0).role == "candidate"
    with pytest.raises(ConfigError, match="another policy has it"):
        register(connection, "by-rule", "random", 9.0)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 101, "-x", "é"])
def test_names_are_plain(connection, name):
    with pytest.raises(ConfigError, match="name"):
        register(connection, name, "rule", 1.0)


def test_unknown_policies_are_named(connection, tmp_path):
    assert find_policy(connection, "other") is None
    with pytest.raises(ConfigError, match="no such policy"):
        set_role(connection, "other", "active", 1.0)
    with pytest.raises(PolicyError, match="missing"):
        version_of(str(tmp_path))


def test_the_process_that_answers_needs_no_torch() -> None:
    """It starts a second earlier, and is 200 MB smaller."""
    done = subprocess.run([sys.executable, "-c", "import sys, shoprl.service.app; assert 'torch' not in sys.modules"])
    assert done.returncode == 0
