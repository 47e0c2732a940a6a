"""A state as the prompt of a language model, as plain text or as the messages of a chat.

What is exported to train a language model and what it reads when it acts are the same texts.
"""

from shoprl.tasks.base import State

Messages = list[dict[str, str]]


def prompt_of(state: State) -> str:
    """A state as plain text: the request, the page and the available actions; ends in a line break."""
    actions = "".join(f"- {candidate.action}\n" for candidate in state.candidates)
    shown = state.text.rstrip("\n")
    return f"Instruction: {state.request}\n\nPage:\n{shown}\n\nAvailable actions:\n{actions}\nAction:\n"


def asked(prompt: str) -> Messages:
    """A prompt as the message of a user, in the form that TRL and chat templates read."""
    return [{"role": "user", "content": prompt}]


def answered(action: str) -> Messages:
    """An action as the message of an assistant."""
    return [{"role": "assistant", "content": action}]
