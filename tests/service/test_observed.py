import io
import json
import logging
import sys
import threading
import time

import pytest

from shoprl.service.observed import WAITING, JsonLines, json_log
from tests.support.serving import Served


def test_a_request_keeps_a_plain_id_and_gets_one_else(served: Served) -> None:
    assert served.client.get("/health/live", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for sent in ("", "a b", "x" * 65, "<script>"):
        assert len(served.client.get("/health/live", headers={"X-Request-Id": sent}).headers["x-request-id"]) == 16


def test_a_problem_names_its_request(served: Served) -> None:
    found = served.client.get("/v1/products/none", headers={"X-Request-Id": "abc-2"})
    assert found.json()["request_id"] == "abc-2"


def test_each_request_is_a_line_of_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "shoprl.service.observed"):
        served.client.get("/v1/products/none", headers={"X-Request-Id": "abc-3"})
    row = json.loads(JsonLines().format(next(each for each in caplog.records if each.message == "request")))
    assert (row["request_id"], row["status"], row["method"]) == ("abc-3", 404, "GET")
    assert row["route"] == "/v1/products/{product_id:path}"
    assert row["caller"] == "testclient"
    assert row["ms"] >= 0


def test_a_line_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    with json_log():
        try:
            raise ValueError("a\nb")
        except ValueError:
            logging.getLogger("shoprl.x").exception("two\nlines \u202e")
    (line,) = capsys.readouterr().err.splitlines()
    row = json.loads(line)
    assert row["message"] == "two\nlines \u202e"
    assert "ValueError" in row["exception"]
    assert line.isascii()


def test_a_reader_that_stalls_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = threading.Event()

    class Stalled(io.StringIO):
        def write(self, text: str) -> int:
            stalled.wait(10)
            return len(text)

    monkeypatch.setattr(sys, "stderr", Stalled())
    began = time.monotonic()
    with json_log():
        for number in range(WAITING + 100):
            logging.getLogger("shoprl.x").info("line %d", number)
        assert time.monotonic() - began < 5
        stalled.set()
