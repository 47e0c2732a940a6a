from functools import partial

import numpy as np
import pytest
import torch
from transformers import BertConfig

from shoprl.bench import learn
from shoprl.policies.networks.backbone import load_backbone
from shoprl.shop.data import ShopData

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def test_training_goals_alone_are_shopped_for(toy: ShopData) -> None:
    shown = learn._shown(toy, 12, np.random.default_rng(0))
    assert {each.episode for each in shown} == set(range(12))
    again = learn._shown(toy, 12, np.random.default_rng(0))
    assert [each.chosen for each in again] == [each.chosen for each in shown]


def test_the_network_of_berts_size_depends_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "load_backbone", load_backbone)  # the real one: its words are used
    monkeypatch.setattr(learn, "BertConfig", partial(BertConfig, **SMALL))
    state = torch.get_rng_state()
    first, second, other = (learn._untrained(seed).model.state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
