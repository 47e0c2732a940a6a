"""A causal language model as a policy: it chooses among the available actions by how likely it is to write each."""

import logging
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import PolicyError
from shoprl.policies.base import Choice, Decode, pick
from shoprl.policies.causal.scoring import Continuations, log_probabilities
from shoprl.policies.prompts import answered, asked, prompt_of
from shoprl.policies.query.policy import QueryOffer, queries_with
from shoprl.tasks.base import State
from shoprl.tasks.instruction import Instruction, QueryStrategy

MAX_TOKENS = 4_096  # of a prompt and an action, where the model's context is no shorter
LEAST_PROMPT = 64  # tokens that must be left for it
MOST_GAP = 8  # spaces by which a special token in a page's text is broken apart

log = logging.getLogger(__name__)


class LanguagePolicy:
    """A :class:`shoprl.policies.base.Policy` with a causal language model.

    The model reads :func:`shoprl.policies.prompts.prompt_of` a state, the text that ShopRL's exports hold. An action's
    score is the sum of the log-probabilities of its tokens and of the end of the answer: what supervised fine-tuning
    raises and DPO compares, and after the softmax over the available actions the distribution of what the model would
    write if it could write nothing else. (The mean would be no distribution over texts, and would favour an action for
    having many tokens that follow from its first ones, as an ASIN has.)

    Args:
        model: a causal language model of Transformers, in evaluation mode; it may be on a GPU.
        tokenizer: its tokenizer.
        name: shown in tables.
        chat: whether prompts are messages under the tokenizer's chat template, or plain texts.
        strategy: the search that it may type; it scores it as any other action.
        offer: a query policy whose searches it may type as well, or None.
        batch_size: texts in one forward pass.
        max_tokens: of a prompt and an action; of a longer prompt the middle is left out.
        cached: see :func:`shoprl.policies.causal.scoring.log_probabilities`.

    Attributes:
        temperature: divides the scores when acting.

    Raises:
        PolicyError: ``chat`` is asked for, and the tokenizer has no chat template.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        name: str = "language model",
        chat: bool = False,
        strategy: QueryStrategy = "wish",
        offer: QueryOffer | None = None,
        batch_size: int = 8,
        max_tokens: int = MAX_TOKENS,
        cached: bool = True,
    ) -> None:
        if chat and not tokenizer.chat_template:
            raise PolicyError(f"{name}: its tokenizer has no chat template. Use it with plain prompts (lm:).")
        self.model, self.tokenizer, self.name, self.chat = model, tokenizer, name, chat
        self._special = _special_tokens(tokenizer)
        self.strategy, self.offer = strategy, offer
        self.batch_size, self.cached = batch_size, cached
        context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or max_tokens
        self.max_tokens = min(max_tokens, context)
        self.temperature = 1.0

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The search of its strategy, then those of its query policy."""
        return queries_with(self.strategy, self.offer, instruction)

    def scores(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """For each state the sum of log-probabilities of each candidate's action, shape (candidates,)."""
        given = [self._continuations(state) for state in states]
        different = list(dict.fromkeys(given))  # episodes of one request have many in common
        found = log_probabilities(self.model, different, self.batch_size, self.cached)
        known = dict(zip(different, found, strict=True))
        return [np.array(known[each]) for each in given]

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose among the candidates that the task's rule allows; of one candidate the model is not asked."""
        asked_of = [place for place, state in enumerate(states) if len(state.candidates) > 1]
        scored = dict(zip(asked_of, self.scores([states[place] for place in asked_of]), strict=True))
        choices = []
        for place, (state, rng) in enumerate(zip(states, rngs, strict=True)):
            scores = scored.get(place, np.zeros(1)) / self.temperature
            ruled = np.where(state.allowed(), scores, -np.inf)
            index, chance = pick(_softmax(ruled), rng, decode)
            choices.append(Choice(state.candidates[index].action, chance, float(_softmax(scores)[index])))
        return choices

    def _continuations(self, state: State) -> Continuations:
        """The prompt and the actions as the trainers of TRL take them apart, tokens across their border included."""
        prompt, actions = self._unforged(prompt_of(state), [candidate.action for candidate in state.candidates])
        if self.chat:
            texts = [self._chat(asked(prompt), True), *(self._chat(asked(prompt) + answered(a)) for a in actions)]
        else:
            texts = [prompt, *(f"{prompt}{action}{self.tokenizer.eos_token or ''}" for action in actions)]
        start, *whole = self.tokenizer(texts, add_special_tokens=not self.chat)["input_ids"]
        shared = min(_shared(start, ids) for ids in whole)
        ends = tuple(tuple(ids[shared:]) for ids in whole)
        return Continuations(self._cut(tuple(start[:shared]), max(map(len, ends))), ends)

    def _unforged(self, prompt: str, actions: list[str]) -> tuple[str, list[str]]:
        """The texts with special tokens broken apart: a page that spells them would forge turns and ends of answers."""
        for width in range(1, MOST_GAP + 1):  # wider where another action has the text of a broken one
            gap = " " * width
            texts = [_broken(action, self._special, gap) for action in actions]
            if len(set(texts)) == len(set(actions)):
                break
        return _broken(prompt, self._special, gap), texts

    def _chat(self, messages: list[dict[str, str]], open_: bool = False) -> str:
        text: str = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=open_)
        return text

    def _cut(self, prompt: tuple[int, ...], longest: int) -> tuple[int, ...]:
        """The beginning and the end of a prompt: its request, and the available actions."""
        room = self.max_tokens - longest
        if len(prompt) <= room:
            return prompt
        if room < LEAST_PROMPT:
            raise PolicyError(f"{self.name}: an action of {longest} tokens and a prompt do not fit {self.max_tokens}.")
        log.warning("%s: a prompt of %d tokens is cut in its middle to %d.", self.name, len(prompt), room)
        return prompt[: room // 2] + prompt[room // 2 - room :]


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Finds a tokenizer's special tokens in a text, whatever their role."""
    added = [str(each) for each in tokenizer.added_tokens_decoder.values() if each.special]
    tokens = {each.strip() for each in (*tokenizer.all_special_tokens, *added)}
    longest_first = sorted(tokens - {""}, key=lambda each: (-len(each), each))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _broken(text: str, special: re.Pattern[str], gap: str) -> str:
    """A text with a gap after the first character of each special token, or in the place of one of one character."""
    while special.search(text):  # again, as what is left of a token may hold another one
        text = special.sub(lambda found: (found[0][0] + gap + found[0][1:]) if len(found[0]) > 1 else gap, text)
    return text


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids two texts have in common from the first on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max())
    result: NDArray[np.float64] = powers / powers.sum()
    return result
