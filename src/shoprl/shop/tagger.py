"""Nouns of a title, for the type reward."""

from functools import lru_cache
from typing import Any, Protocol


class Tagger(Protocol):
    """Finds the nouns of a text."""

    def nouns(self, text: str) -> tuple[str, ...]:
        """The nouns of ``text`` in order, lower case, repeats kept."""


@lru_cache(maxsize=1)
def _pattern_tagger() -> Any:
    from textblob.taggers import PatternTagger  # imports NLTK, which only purchases need

    return PatternTagger()


@lru_cache(maxsize=20_000)
def _pattern_nouns(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word, tag in _pattern_tagger().tag(text) if tag.startswith("NN"))


class TextBlobTagger:
    """TextBlob's bundled PatternTagger: needs no download."""

    def nouns(self, text: str) -> tuple[str, ...]:
        """See :class:`Tagger`."""
        return _pattern_nouns(text)


class SpacyTagger:
    """spaCy's model, the tagger of the original, where it is installed.

    Raises:
        ConfigError: spaCy or the model is not installed.
    """

    def __init__(self, model: str = "en_core_web_sm") -> None:
        from shoprl.errors import ConfigError

        try:
            import spacy

            self._nlp = spacy.load(model)
        except (ImportError, OSError) as error:
            raise ConfigError(
                f"spaCy's model {model!r} is not installed ({error}). Install it, or use TextBlob."
            ) from error

    def nouns(self, text: str) -> tuple[str, ...]:
        """See :class:`Tagger`."""
        return tuple(token.text.lower() for token in self._nlp(text) if token.pos_ in ("NOUN", "PROPN"))
