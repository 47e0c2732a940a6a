"""Search over a catalogue: text analysis and a BM25 index, equal to WebShop's Lucene index and without Java."""

from shoprl.search.analysis import analyze, tokens
from shoprl.search.index import SearchIndex, indexed_text
from shoprl.search.segment import Hit

__all__ = ["Hit", "SearchIndex", "analyze", "indexed_text", "tokens"]
