from dataclasses import replace

from shoprl.service.database import reading
from shoprl.service.decisions import find
from shoprl.service.replay import replay
from tests.support.serving import Served


def test_what_differs_is_told(served: Served) -> None:
    made = served.ask(seed=1)
    with reading(served.service.engine) as connection:
        kept = find(connection, made["decision_id"])
    assert kept is not None
    first = kept.items[0]
    changed = replace(kept, items=(replace(first, propensity=first.propensity / 2), *kept.items[1:]))
    assert not replay(changed, served.workers.shopper).same_items
    assert not replay(replace(kept, items=()), served.workers.shopper).same_items
    assert not replay(replace(kept, policy="other"), served.workers.shopper).same_policy
    assert not replay(replace(kept, policy_propensity=0.5), served.workers.shopper).same_policy
    assert replay(kept, served.workers.shopper).same_items
