"""Search over a catalogue: text analysis and a BM25 index, equal to WebShop's Lucene index and without Java."""

from shoprl.search.analysis import analyze, tokens
from shoprl.search.index import Hit, SearchIndex, indexed_text

__all__ = ["Hit", "SearchIndex", "analyze", "indexed_text", "tokens"]
