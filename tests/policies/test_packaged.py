import re
import subprocess
import sys
from pathlib import Path

import pytest

import shoprl
from shoprl.errors import PolicyError
from shoprl.policies import packaged
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.packaged import NAMES, PRETRAINED, SHA256, packaged_folder, policy_folder
from shoprl.policies.saving import load_policy, save_policy
from tests.support.fakes import fake_policy
from tests.support.pretrained import carry_none, package

MOST_BYTES = 5_000_000  # of the whole folder, which everyone who installs the package carries
CARRIED = pytest.mark.skipif(not SHA256, reason="this version carries no pretrained agent")


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_policy(fake_policy(seed=5), tmp_path / "agent")
    package(tmp_path / "agent", monkeypatch)
    return tmp_path / "agent"


def test_it_is_loaded_by_its_name(carried: Path) -> None:
    policy = shoprl.load_policy(PRETRAINED, fake_policy().store)
    assert isinstance(policy, ChoicePolicy)
    assert policy_folder(PRETRAINED) == packaged_folder() == carried


def test_a_folder_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_none(monkeypatch)
    save_policy(fake_policy(seed=6), tmp_path / PRETRAINED)
    monkeypatch.chdir(tmp_path)
    assert policy_folder(f"./{PRETRAINED}") == policy_folder(Path(PRETRAINED)) == Path(PRETRAINED)
    assert isinstance(load_policy(f"./{PRETRAINED}", fake_policy().store), ChoicePolicy)


@pytest.mark.parametrize("name", ["policy.json", "config.json", "model.safetensors"])
def test_another_file_in_its_place_is_refused(carried: Path, name: str) -> None:
    """Whole and consistent as the other agent may be."""
    before = (carried / name).read_bytes()
    save_policy(fake_policy(seed=7), carried)
    if (carried / name).read_bytes() == before:
        (carried / name).write_bytes(before + b"\n")
    with pytest.raises(PolicyError, match="not the pretrained agent that belongs to this version"):
        packaged_folder()


def test_a_missing_file_is_named(carried: Path) -> None:
    (carried / "model.safetensors").unlink()
    with pytest.raises(PolicyError, match=r"model\.safetensors: missing, of the pretrained agent\. Install"):
        load_policy(PRETRAINED)


def test_a_version_without_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    carry_none(monkeypatch)
    with pytest.raises(PolicyError, match="carries no pretrained agent"):
        load_policy(PRETRAINED)


def test_a_wrong_name_is_told_all_names() -> None:
    with pytest.raises(PolicyError, match=f"ruel: no such policy.*{', '.join(NAMES)}"):
        load_policy("ruel")


@CARRIED
def test_the_package_carries_it_whole_and_small() -> None:
    folder = packaged_folder()
    assert {"config.json", "model.safetensors", "policy.json"} <= set(SHA256)
    found = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert set(found) == {*SHA256, "MODEL_CARD.md"}
    assert sum(found.values()) <= MOST_BYTES
    assert load_policy(PRETRAINED).name == PRETRAINED


def test_the_card_tells_what_it_must() -> None:
    card = (packaged.FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert titles == ["Use", "Data", "Recipe", "How it was made", "Figures", "Limits"]
    assert bool(SHA256) == ("carries no agent yet" not in card)
    assert SHA256.get("model.safetensors", "") in card


# Importing Transformers or NLTK takes longer than an answer, and words of the encoder's vocabulary are in the package.
PLAIN_WORDS = """
import sys
sys.modules["transformers"] = sys.modules["nltk"] = None
import numpy as np
import shoprl
from shoprl.tasks.base import Evidence, Observation
from shoprl.tasks.shop.evidence import COUNT, SOURCES

texts, nothing = ("red cotton shirt for men", "blue ceramic mug"), (frozenset(),) * len(SOURCES)
evidence = Evidence(texts, (nothing, nothing), np.zeros((2, COUNT), dtype=np.float32), ("A", "B"))
state = Observation("a red shirt made of cotton", texts, np.zeros((2, 0), dtype=np.float32), evidence=evidence)
logits, fits = shoprl.load_policy("pretrained").logits_and_fits([state])
assert logits.shape == fits.shape == (1, 2)
assert fits[0, 0] > fits[0, 1], fits
"""


@CARRIED
def test_it_answers_in_plain_words_without_its_encoder() -> None:
    done = subprocess.run([sys.executable, "-c", PLAIN_WORDS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
