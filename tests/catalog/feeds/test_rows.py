from shoprl.catalog.feeds.rows import Fault, Row


def test_rows_and_faults_say_where_they_stand() -> None:
    row, fault = Row("a.zip/b.csv", 2, {"id": "1"}), Fault("-", 3, "cut off", "no end")
    assert (row.source, row.line, row.fields) == ("a.zip/b.csv", 2, {"id": "1"})
    assert (fault.source, fault.line, fault.reason, fault.detail) == ("-", 3, "cut off", "no end")
    assert not isinstance(row, Fault)
