"""The command line, called as a user would."""

import json
import subprocess
import sys
from typing import Any


def shoprl(*arguments: object) -> dict[str, Any]:
    """Run a command and read what it prints; its progress goes to stderr."""
    command = [sys.executable, "-c", "from shoprl.cli.main import main; main()", *map(str, arguments), "--json"]
    answer: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return answer
