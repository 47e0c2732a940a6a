"""A process that is measured: it opens a shop, makes steps, prints its times, and waits until standard input ends.

Run as ``python -m shoprl.bench.worker DATA ENVIRONMENTS STEPS``.
"""

import time

_STARTED = time.perf_counter()

import json  # noqa: E402  (the imports from here on are timed)
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from shoprl.errors import ShopRLError  # noqa: E402
from shoprl.shop.data import read_data  # noqa: E402
from shoprl.shop.env import WebShopEnv  # noqa: E402

_IMPORTED = time.perf_counter()


def main(folder: Path, environments: int, steps: int) -> None:
    """Open the shop and take ``steps`` steps in each environment."""
    data = read_data(folder)
    envs = [WebShopEnv(data) for _ in range(environments)]
    envs[0].reset(seed=0)
    envs[0].step(f"search[{data.goals[0].instruction}]")
    stepped = time.perf_counter()
    for number, env in enumerate(envs):
        _, info = env.reset(seed=number)
        for step in range(steps):
            clickables = info["available_actions"]["clickables"]
            goal = data.goals[(97 * number + step) % len(data.goals)]
            action = f"search[{goal.instruction}]" if step % 5 == 0 or not clickables else f"click[{clickables[-1]}]"
            _, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                _, info = env.reset()
    times = {"import_seconds": _IMPORTED - _STARTED, "first_step_seconds": stepped - _IMPORTED}
    sys.stdout.write(json.dumps(times) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    except ShopRLError as error:  # for the process that started it
        sys.stdout.write(json.dumps({"error": type(error).__name__, "message": str(error)}) + "\n")
        sys.exit(2)
