"""TRL's trainers on what ShopRL gives them: preference pairs, trajectories as texts, and the shop as tools."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.compat.trl import OVER, ShopTools, rows, shop_tools
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.data import ShopData
from shoprl.shop.render import observe
from tests.support.toyshop import EVERYTHING, write_toy_folder

SHOE = "b0shoe0001"


def shopper(data: ShopData, goal: int = 0, **settings: Any) -> ShopTools:
    made = shop_tools(data, **settings)()
    made.reset(goal=goal)
    return made


def shoe_rows(data: ShopData) -> list[dict[str, Any]]:
    """Rows of goals that want the shoe."""
    given = [row for row in rows(data) if data.goals[row["goal"]].asin == SHOE.upper()][:2]
    assert len(given) == 2
    return given


def test_an_episode_by_tools_is_one_of_the_shop(toy: ShopData) -> None:
    goal = shoe_rows(toy)[0]["goal"]
    tools, session = shop_tools(toy)(), toy.session(goal)
    assert tools.reset(goal=goal, prompt=[{"role": "user", "content": "buy"}]) == observe(session.page, "text_rich")
    for name, argument in (("search", EVERYTHING), ("click", SHOE), ("click", "red"), ("click", "Description")):
        reward = session.step(f"{name}[{argument}]")
        assert getattr(tools, name)(argument) == observe(session.page, "text_rich")
        assert tools.get_reward() == reward == 0
    assert tools.click("< Prev") == observe((session.step("click[< prev]"), session.page)[1], "text_rich")
    reward = session.step("click[buy now]")
    assert tools.click("Buy Now") == OVER
    assert tools.get_reward() == reward > 0
    assert tools.search("again") == OVER
    assert tools.get_reward() == reward
    tools.reset(goal=1)
    assert tools.get_reward() == 0


def test_what_a_page_does_not_offer_is_said_and_counts(toy: ShopData) -> None:
    tools = shopper(toy, max_steps=4)
    page = tools.search(EVERYTHING)
    assert tools.click("no such button") == f"'no such button' cannot be clicked on this page.\n{page}"
    assert tools.search("elsewhere") == f"'elsewhere' cannot be searched on this page.\n{page}"
    assert tools.click(SHOE) == OVER
    assert tools.click("buy now") == OVER
    assert tools.get_reward() == 0


@pytest.mark.parametrize("query", ["", "a[b]c\nd", "x" * 20_000, 7, None])
def test_a_search_may_be_anything(toy: ShopData, query: Any) -> None:
    assert "Instruction:" in shopper(toy).search(query)


def test_a_row_says_its_goal(toy: ShopData) -> None:
    with pytest.raises(ConfigError, match="has no 'goal'"):
        shop_tools(toy)().reset(prompt="x")
    for goal in (-1, len(toy.goals)):
        with pytest.raises(GoalError, match="use an index"):
            shop_tools(toy)().reset(goal=goal)
    with pytest.raises(ConfigError, match="max_steps"):
        shop_tools(toy, max_steps=0)


def test_rows_are_training_goals(toy: ShopData, tmp_path: Path) -> None:
    made = rows(toy, first=3)
    assert [row["goal"] for row in made] == list(toy.split.train[:3])
    assert len(rows(toy, "eval")) == len(toy.split.eval)
    assert made[0]["prompt"][-1]["role"] == "user"
    write_toy_folder(tmp_path / "shop")
    assert "Instruction:" in shop_tools(tmp_path / "shop")().reset(**made[0])


def test_only_tools_are_public() -> None:
    public = {name for name, _ in inspect.getmembers(ShopTools, inspect.isfunction) if not name.startswith("_")}
    assert public == {"reset", "get_reward", "search", "click"}


# From here on with TRL.


def arguments(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "max_steps": 2,
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "per_device_train_batch_size": 2,
        **settings,
    }


@pytest.mark.parametrize("chat", [False, True], ids=["text", "chat"])
def test_two_steps_of_dpo_on_exported_pairs(tmp_path: Path, chat: bool) -> None:
    """What TRL takes for the log-probabilities of a pair is what the policy scores its actions with."""
    trl = pytest.importorskip("trl", reason="run by make test-trl")
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer

    from shoprl.policies.causal.policy import LanguagePolicy
    from shoprl.policies.prompts import answered, asked, prompt_of
    from tests.support.tiny_lm import tiny_lm, tiny_model, toy_walks

    states = toy_walks()[:4]
    pairs = [(prompt_of(state), *(each.action for each in state.candidates[:2])) for state in states]
    given = [
        {"prompt": asked(prompt), "chosen": answered(one), "rejected": answered(other)}
        if chat
        else {"prompt": prompt, "chosen": one, "rejected": other}
        for prompt, one, other in pairs
    ]
    tokenizer = AutoTokenizer.from_pretrained(tiny_lm())
    scores = LanguagePolicy(tiny_model(), tokenizer, chat=chat).scores(states)
    config = trl.DPOConfig(**arguments(tmp_path, max_length=4096, precompute_ref_log_probs=True, learning_rate=1e-3))
    trainer = trl.DPOTrainer(model=str(tiny_lm()), args=config, train_dataset=Dataset.from_list(given))
    trainer.get_train_dataloader()  # which computes the reference's
    for row, own in zip(trainer.train_dataset, scores, strict=True):
        found = (row["ref_chosen_logps"], row["ref_rejected_logps"])
        assert found == pytest.approx(own[:2], abs=1e-2)
    trainer.train()
    assert trainer.state.global_step == 2
    after = LanguagePolicy(trainer.model.eval(), tokenizer, chat=chat).scores(states)
    margins = [[float(row[0] - row[1]) for row in rows] for rows in (scores, after)]
    assert np.mean(margins[1]) > np.mean(margins[0])
    assert all(bool(torch.isfinite(weight).all()) for weight in trainer.model.parameters())


def test_a_short_limit_drops_pairs(tmp_path: Path) -> None:
    """Why the documentation counts what is left."""
    trl = pytest.importorskip("trl", reason="run by make test-trl")
    from datasets import Dataset
    from transformers import AutoTokenizer

    from shoprl.policies.prompts import prompt_of
    from tests.support.tiny_lm import tiny_lm, toy_walks

    tokenizer = AutoTokenizer.from_pretrained(tiny_lm())
    given = [{"prompt": prompt_of(state), "chosen": "a", "rejected": "b"} for state in toy_walks()[:6]]
    lengths = sorted(len(tokenizer(row["prompt"])["input_ids"]) for row in given)
    for limit, left in ((4096, 6), (lengths[-1], sum(length < lengths[-1] for length in lengths))):
        config = trl.DPOConfig(**arguments(tmp_path, max_length=limit))
        trainer = trl.DPOTrainer(model=str(tiny_lm()), args=config, train_dataset=Dataset.from_list(given))
        assert len(trainer.train_dataset) == left > 0
    assert left < 6


def grpo(trl: Any, data: ShopData, folder: Path) -> Any:
    """A trainer with a tiny random Qwen3 and the chat template that TRL has for it."""
    from datasets import Dataset
    from transformers import AutoTokenizer

    from tests.support.tiny_lm import tiny_lm, tiny_model

    tokenizer = AutoTokenizer.from_pretrained(tiny_lm())
    tokenizer.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
    config = trl.GRPOConfig(
        **arguments(
            folder, num_generations=2, max_completion_length=2048, temperature=1.0, max_tool_calling_iterations=6
        )
    )
    return trl.GRPOTrainer(
        model=tiny_model(),
        args=config,
        train_dataset=Dataset.from_list(shoe_rows(data)),
        processing_class=tokenizer,
        environment_factory=shop_tools(data),
    )


def test_two_steps_of_grpo_with_tools(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's answers are scripted, all else is TRL: its tool calls reach the shop, whose reward reaches it."""
    trl = pytest.importorskip("trl", reason="run by make test-trl")
    import torch

    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    trainer = grpo(trl, toy, tmp_path)
    tokenizer, turns = trainer.processing_class, []

    def call(name: str, **given: str) -> str:
        import json

        return f"<tool_call>\n{json.dumps({'name': name, 'arguments': given})}\n</tool_call>"

    def answer(row: int, prompt: str) -> str:
        """One shopper of a group buys the first product found; the other one only looks."""
        asked = prompt.rsplit("<tool_response>", 1)[-1]
        if OVER in asked:
            return "Done."
        if "[button] Search" in asked:
            return call("search", query=EVERYTHING)
        if "Buy Now" in asked:
            return call("click", button="Buy Now") if row % 2 == 0 else "I will not buy it."
        return call("click", button=SHOE)

    def generate(self: Any, input_ids: Any, **_: Any) -> Any:
        texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in input_ids]
        turns.extend(texts)
        ends = [tokenizer(f"{answer(row, text)}<|end|>")["input_ids"] for row, text in enumerate(texts)]
        longest = max(map(len, ends))
        filled = [end + [tokenizer.pad_token_id] * (longest - len(end)) for end in ends]
        return torch.cat([input_ids, torch.tensor(filled)], dim=1)

    monkeypatch.setattr(type(trainer.model), "generate", generate)
    trainer.train()
    assert trainer.state.global_step == 2
    wanted = []
    for row in shoe_rows(toy):
        session = toy.session(row["goal"])
        session.step(f"search[{EVERYTHING}]")
        session.step(f"click[{SHOE}]")
        wanted.append(session.step("click[buy now]") / 2)
    logged = [row["reward"] for row in trainer.state.log_history if "reward" in row]
    assert sorted(logged) == pytest.approx(sorted(wanted), abs=1e-5)
    assert max(logged) > 0
    assert [row["tools/failure_frequency"] for row in trainer.state.log_history if "reward" in row] == [0, 0]
    assert any("Search the shop for products" in text for text in turns)


def test_two_steps_of_grpo_with_a_random_model(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trl = pytest.importorskip("trl", reason="run by make test-trl")
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    trainer = grpo(trl, toy, tmp_path)
    trainer.args.max_completion_length = trainer.max_completion_length = 24
    trainer.generation_config.max_new_tokens = 24
    trainer.train()
    assert trainer.state.global_step == 2
