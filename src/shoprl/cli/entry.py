"""What the installed command runs: Ctrl-C ends it quietly from here on, while its modules are still being imported."""

import signal


def main() -> None:
    """Run :func:`shoprl.cli.main.main`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from shoprl.cli.main import main as run

    run()
