"""Reports: one self-contained HTML page, or Markdown, of finished runs."""

from shoprl.report.writing import WrittenReport, write_report, write_runs_report

__all__ = ["WrittenReport", "write_report", "write_runs_report"]
