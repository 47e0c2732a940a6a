import numpy as np
import pytest

from shoprl.evaluation.thompson.posteriors import Beliefs, BetaPosterior, NormalGammaPosterior


def test_beta_posterior_in_closed_form() -> None:
    posterior = BetaPosterior().update([1.0, 0.999, 1.0]).update([0.0])
    assert (posterior.successes, posterior.failures) == (2, 2)
    assert posterior.mean == 0.5
    draws = posterior.sample(np.random.default_rng(0), 50_000)
    assert draws.mean() == pytest.approx(0.5, abs=0.005)
    assert draws.var() == pytest.approx(3 * 3 / (36 * 7), abs=0.002)  # ab / ((a + b)^2 (a + b + 1)), a = b = 3


def test_normal_gamma_posterior_in_closed_form() -> None:
    posterior = NormalGammaPosterior().update([0.2, 0.8, 0.8])
    assert posterior.weight == 4
    assert posterior.location == pytest.approx((0.5 + 1.8) / 4)
    assert posterior.shape == 2.5
    # 0.1 + (sum of squares 0.24) / 2 + weight n (mean - location)^2 / (2 (weight + n)) = 0.1 + 0.12 + 3 x 0.01 / 8
    assert posterior.rate == pytest.approx(0.22375)
    assert posterior.scale == pytest.approx((0.22375 / (2.5 * 4)) ** 0.5)
    draws = posterior.sample(np.random.default_rng(0), 200_000)
    assert draws.mean() == pytest.approx(posterior.mean, abs=0.002)
    assert draws.var() == pytest.approx(posterior.scale**2 * 5 / 3, rel=0.05)  # Student's t, 5 degrees of freedom
    inside = (np.abs(draws - posterior.location) < 2.571 * posterior.scale).mean()  # its 97.5% quantile
    assert inside == pytest.approx(0.95, abs=0.003)


@pytest.mark.parametrize("prior", [BetaPosterior(), NormalGammaPosterior()])
def test_updating_in_parts_equals_updating_at_once(prior: BetaPosterior | NormalGammaPosterior) -> None:
    rewards = [1.0, 0.3, 0.7, 1.0, 0.0]
    parts, whole = prior.update(rewards[:2]).update([]).update(rewards[2:]), prior.update(rewards)
    assert type(parts) is type(whole)
    for name in parts.__dataclass_fields__:
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))


def test_the_objective_says_which_posterior_decides() -> None:
    beliefs = Beliefs.prior(2)
    beliefs.update(0, [1.0, 0.0] * 40)  # half of them right, half worth nothing
    beliefs.update(1, [0.9, 0.8] * 40)  # none of them right, all nearly so
    for objective, best in (("success", 0), ("score", 1)):
        assert (beliefs.best(objective, np.random.default_rng(0), 500) == best).mean() > 0.98  # type: ignore[arg-type]
