"""Pictures as files."""

from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def check_png(path: Path) -> bytes:
    data = path.read_bytes()
    assert data.startswith(SIGNATURE)
    assert b"Software" not in data
    assert len(data) > 5000
    return data
