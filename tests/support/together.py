"""Trains in this process, which is one of several: ``python -m tests.support.together FOLDER LEARNER...``."""

import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from shoprl.files import write_json
from tests.support.learners import ALL, weights
from tests.support.tiny_bert import tiny_bert


def main(out: Path, names: list[str]) -> None:
    torch.set_num_threads(1)
    tiny_bert()  # among several processes only the first could write it
    for name in names:
        model, rows = ALL[name](out / name, lambda model: None)
        own = out / f"{name} {os.environ['RANK']}"
        write_json(own.with_suffix(".json"), rows)
        save_file({name: each.clone() for name, each in weights(model).items()}, own.with_suffix(".safetensors"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
