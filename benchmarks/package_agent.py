"""Put a finished run's agent into the package: its files, their digests in the code, the model card.

python benchmarks/package_agent.py RUN [--figures FILE]

RUN is a finished run folder. FILE holds the figures of the card: a JSON list of rows, objects with the same keys, each
a column of the table. Given alone a second time, the same run writes the same bytes.
"""

import argparse
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.errors import ConfigError, RunError
from shoprl.files import sha256_of, write_bytes, write_folder
from shoprl.policies import packaged
from shoprl.policies.packaged import MANIFEST
from shoprl.policies.query.policy import FILES
from shoprl.policies.saving import QUERY, load_learned
from shoprl.reading import read_json
from shoprl.runlog import read_run

ROOT = Path(__file__).parents[1] / "src" / "shoprl"
CARD = "MODEL_CARD.md"
MOST_BYTES = 5_000_000  # of the folder


def agent_of(run: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of a finished run's policy, and the run's record.

    Raises:
        RunError: it did not finish, or made no policy.
    """
    record = read_run(run)
    policy = record.get("best_policy", record.get("policy"))
    if not isinstance(policy, str):
        raise RunError(f"{run}: names no policy. Give a run that made one.")
    return run / policy, record


def digests(folder: Path) -> dict[str, str]:
    """The digests of a policy folder's files, by their path in it."""
    network = type(load_learned(folder))  # every file is there and whole
    names = [MANIFEST, *FILES, *network.files]
    names += [path.relative_to(folder).as_posix() for path in sorted((folder / QUERY).glob("*"))]
    return {name: sha256_of(folder / name) for name in sorted(names)}


def made(record: Mapping[str, Any], pinned: Mapping[str, str]) -> str:
    """How the agent was made, from the record of its run."""
    commit, machine = record.get("commit"), record.get("machine")
    rows = {
        "command": f"`{record['command']}`",
        "started": record.get("started"),
        "commit": commit if isinstance(commit, str | None) else json.dumps(commit, sort_keys=True),
        "machine": json.dumps(machine, sort_keys=True),
        "versions": json.dumps(record.get("versions"), sort_keys=True),
        "settings": f"`{json.dumps(record.get('settings'), sort_keys=True)}`",
        "sha256 of model.safetensors": f"`{pinned['model.safetensors']}`",
    }
    return table([{"what": name, "value": value} for name, value in rows.items() if value not in (None, "null")])


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as a Markdown table.

    Raises:
        ConfigError: there are none, or their keys differ.
    """
    if not rows or any(list(row) != list(rows[0]) for row in rows):
        raise ConfigError("The figures must be rows of the same keys, one at least.")
    cells = [[str(each).replace("|", "\\|").replace("\n", " ") for each in row.values()] for row in rows]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_part(text: str, name: str, part: str) -> str:
    """A card with another text between the marks of a name."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    if len(marked.findall(text)) != 1:
        raise ConfigError(f"{CARD}: must have the marks <!-- {name} --> and <!-- /{name} --> once.")
    return marked.sub(lambda match: match[1] + part + match[2], text)


def with_digests(code: str, pinned: Mapping[str, str]) -> str:
    """The module's code with other digests."""
    lines = "".join(f'    "{name}": "{digest}",\n' for name, digest in pinned.items())
    found = re.compile(r"^(SHA256: Mapping\[str, str\] = )\{[^}]*\}", re.MULTILINE)
    if len(found.findall(code)) != 1:
        raise ConfigError("packaged.py: the line of SHA256 is not found once.")
    return found.sub(lambda match: f"{match[1]}{{\n{lines}}}", code)


def package(run: Path, figures: Path | None, root: Path = ROOT) -> dict[str, str]:
    """Put a run's agent into the package's source.

    Args:
        run: a finished run folder.
        figures: a JSON file with the rows of the card's table; the card keeps what it has when left out.
        root: the package's source.

    Returns:
        The digests of its files.

    Raises:
        RunError, PolicyError, ConfigError: the run, the policy or the figures cannot be used; nothing is changed.
    """
    agent, record = agent_of(run)
    pinned, folder, module = digests(agent), root / packaged.PRETRAINED, root / "policies" / "packaged.py"
    card = with_part((folder / CARD).read_text(encoding="utf-8"), "made", made(record, pinned))
    if figures is not None:
        rows = read_json(figures, ConfigError)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ConfigError(f"{figures}: must be a list of objects.")
        card = with_part(card, "figures", table(rows))
    code = with_digests(module.read_text(encoding="utf-8"), pinned)
    size = len(card.encode()) + sum((agent / name).stat().st_size for name in pinned)
    if size > MOST_BYTES:
        raise ConfigError(f"{agent}: {size:,} bytes; the package carries at most {MOST_BYTES:,}.")

    def fill(temporary: Path) -> None:
        for name in pinned:
            (temporary / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(agent / name, temporary / name)
        (temporary / CARD).write_text(card, encoding="utf-8")

    write_folder(folder, fill)
    write_bytes(module, code.encode())
    return pinned


def main() -> None:
    """Read the command line and package the agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--figures", type=Path)
    given = parser.parse_args()
    for name, digest in package(given.run, given.figures).items():
        print(f"{digest}  {name}")


if __name__ == "__main__":
    main()
