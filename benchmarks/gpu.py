"""The GPU figures, each by ``shoprl bench learn``, in one record; run it by ``benchmarks/gpu.sh``.

A measurement that fails or takes longer than its limit is recorded with its error, and the others go on. DPO's 3,000
updates come last and may take all the time that is left; a shorter DPO before them gives seconds an update in any case.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from calling import shoprl

from shoprl.files import write_json
from shoprl.machine import commit, machine, versions

LIMIT = 19 * 60  # seconds of all measurements
ABOUT = ("targets", "machine", "versions", "commit", "hashes")  # of the whole record, not of each measurement


@dataclass(frozen=True)
class Measurement:
    """A row of the record: options of ``shoprl bench learn``, with full and with tiny sizes, and seconds at most."""

    name: str
    full: str
    tiny: str
    limit: float = LIMIT


MEASUREMENTS = (
    Measurement("encoding", "--method encode --titles 100000", "--method encode --titles 64", 150),
    Measurement("choice network", "--updates 16", "--updates 16", 210),
    Measurement(
        "bi-attention, policy gradient",
        "--method bi-attention-policy-gradient --updates 16",
        "--method bi-attention-policy-gradient --updates 1",
        120,
    ),
    Measurement(
        "bi-attention, PPO", "--method bi-attention-ppo --updates 32", "--method bi-attention-ppo --updates 16", 120
    ),
    Measurement(
        "bi-attention, DPO, short", "--method bi-attention --updates 160", "--method bi-attention --updates 1", 120
    ),
    Measurement("bi-attention, DPO", "--method bi-attention --updates 3000", "--method bi-attention --updates 2"),
)


def gpu() -> dict[str, Any] | None:
    """The GPU that torch takes, or None."""
    if not torch.cuda.is_available():
        return None
    facts = torch.cuda.get_device_properties(0)
    return {
        "name": facts.name,
        "memory_gb": round(facts.total_memory / 1e9, 1),
        "capability": f"{facts.major}.{facts.minor}",
        "cuda": torch.version.cuda,
    }


def measured(measurement: Measurement, tiny: bool, more: list[object], seconds: float) -> dict[str, Any]:
    """A measurement's figures and wall time, or its error."""
    options = measurement.tiny if tiny else measurement.full
    size = ("--size", "tiny" if tiny else "full") if "encode" not in options else ()
    begun = time.perf_counter()
    try:
        figures = shoprl("bench", "learn", *options.split(), *size, *more, seconds=min(seconds, measurement.limit))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        figures = {"error": str(error).split("] ")[-1]}
    row = {name: value for name, value in figures.items() if name not in ABOUT}
    return {"options": options, **row, "wall_seconds": round(time.perf_counter() - begun, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent / "results" / "gpu.json")
    parser.add_argument("--data", type=Path, help="a data folder; left out, a generated shop")
    parser.add_argument("--size", choices=("full", "tiny"), default="full")
    given = parser.parse_args()
    if given.size == "full" and not torch.cuda.is_available():
        sys.exit("torch finds no GPU. Install a build of torch for it, or try this with SHOPRL_GPU_SIZE=tiny.")
    more: list[object] = ["--threads", 1 if given.size == "tiny" else min(8, os.cpu_count() or 1)]
    more += ["--data", given.data] if given.data else []
    begun, rows = time.perf_counter(), {}
    record = {"size": given.size, "gpu": gpu(), "machine": machine(), "versions": versions(), "commit": commit()}
    for measurement in MEASUREMENTS:
        left = LIMIT - (time.perf_counter() - begun)
        rows[measurement.name] = measured(measurement, given.size == "tiny", more, left)
        print(f"{measurement.name}: {rows[measurement.name]}", flush=True)
        total = round(time.perf_counter() - begun, 1)
        write_json(given.out, {**record, "wall_seconds": total, "measurements": rows})  # each time: it may be cut off
    if any("error" in row for row in rows.values()):
        sys.exit(f"Not everything was measured; see {given.out}.")


if __name__ == "__main__":
    main()
