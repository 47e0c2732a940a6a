from collections.abc import Sequence
from math import log2
from pathlib import Path

import pytest

from shoprl.bench.quality import bench_quality, ndcg, read_judgements
from shoprl.errors import CatalogError, ConfigError

KNOWN = tuple("abcdefghijklmnop")


def judged(folder: Path, *lines: str, head: str = "query,docid,rating") -> Path:
    path = folder / "judgements.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


class Engine:
    def __init__(self, table: dict[str, Sequence[str]]) -> None:
        self.table, self.calls = table, 0

    def find_many(self, queries: Sequence[str]) -> list[Sequence[str]]:
        self.calls += 1
        return [self.table[query] for query in queries if query in self.table]


def test_the_gain_is_that_worked_out_by_hand() -> None:
    ratings = {"a": 3, "b": 1, "c": 0}
    assert ndcg(["a", "b", "c"], ratings) == 1
    # b (1) at rank 1, an unrated one at 2, a (7) at 3, over 7 + 1 / log2(3)
    assert ndcg(["b", "x", "a"], ratings) == pytest.approx((1 + 7 / 2) / (7 + 1 / log2(3)))
    assert ndcg(["x"] * 10 + ["a"], ratings) == ndcg([], ratings) == 0


def test_unrated_products_count_nothing_or_are_left_out(tmp_path: Path) -> None:
    path = judged(tmp_path, "q,a,2", "q,b,0", "r,c,3", "s,d,0", "q,zzz,3")
    judgements = read_judgements(path, KNOWN)
    assert (judgements.irrelevant, judgements.unknown) == (1, 1)
    assert judgements.ratings == {"q": {"a": 2, "b": 0}, "r": {"c": 3}}
    engine = Engine({"q": ["x", "x", "a", "b"], "r": [*(f"x{n}" for n in range(49)), "c", "a"]})
    figures = bench_quality(engine, judgements)
    assert engine.calls == 1
    assert (figures.queries, figures.ndcg10_judged) == (2, 1)
    assert figures.ndcg10 == pytest.approx((1 / log2(3) + 0) / 2, abs=1e-4)
    assert figures.ndcg10_interval[0] <= figures.ndcg10 <= figures.ndcg10_interval[1]
    # what comes after the fifty results that a shop shows does not count
    late = bench_quality(Engine({"q": ["a"], "r": [*(f"x{n}" for n in range(50)), "c"]}), judgements)
    assert late.ndcg10_judged == 0.5


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (("q,a",), 2, "not as many fields"),
        (("q,a,1,2",), 2, "not as many fields"),
        (("q,a,1", "q,b,high"), 3, "rating 'high'"),
        (("q,a,-1",), 2, "whole number from 0 to 10"),
        (("q,a,²",), 2, "whole number"),
        (("q,a,99999999999999999999",), 2, "whole number"),
        ((",a,1",), 2, "empty"),
        (("q,,1",), 2, "empty"),
        (("q,a,1", "q,a,1", "q,a,2"), 4, "again, differently"),
        (('"q,a,1',), 2, "no CSV"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, lines: tuple[str, ...], line: int, words: str) -> None:
    with pytest.raises(CatalogError, match=rf"judgements.csv: line {line}: .*{words}"):
        read_judgements(judged(tmp_path, *lines), KNOWN)


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no column 'docid'"):
        read_judgements(judged(tmp_path, "q,a,1", head="query,doc,rating"), KNOWN)
    with pytest.raises(CatalogError, match="no query has a product of this shop"):
        read_judgements(judged(tmp_path, "q,a,0", "q,zzz,1"), KNOWN)
    with pytest.raises(CatalogError, match="no such file"):
        read_judgements(tmp_path / "none.csv", KNOWN)
    (tmp_path / "latin.csv").write_bytes(b"query,docid,rating\nq\xe9,a,1\n")
    with pytest.raises(CatalogError, match="not UTF-8"):
        read_judgements(tmp_path / "latin.csv", KNOWN)
    marked = tmp_path / "marked.csv"
    marked.write_bytes(b'\xef\xbb\xbfquery,docid,rating\r\n"a, b",a,1\r\n')
    assert read_judgements(marked, KNOWN).ratings == {"a, b": {"a": 1}}


def test_an_engine_that_answers_too_little_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="answered 0 of 1"):
        bench_quality(Engine({}), read_judgements(judged(tmp_path, "q,a,1"), KNOWN))


def test_products_are_named_by_their_catalogues_identifiers(tmp_path: Path) -> None:
    path = judged(tmp_path, "q,shop/1,3", "q,%32,1")
    assert read_judgements(path, ["shop%2F1", "%32"]).ratings == {"q": {"shop%2F1": 3, "%32": 1}}
