import pickle

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.policies.networks.backbone import DEFAULT, OFFICIAL_SHA256, load_backbone
from shoprl.policies.networks.sentences import BATCH, MAX_TOKENS, SentenceEncoder, sentence_encoder
from tests.support.tiny_bert import WIDTH, tiny_bert


def test_a_vector_is_the_mean_of_the_last_states() -> None:
    backbone = load_backbone(str(tiny_bert()))
    encoder = SentenceEncoder(backbone)
    texts = ["rubber sole", "", "a glass shade for a table lamp"]
    vectors = encoder.encode(texts)
    assert (vectors.shape, vectors.dtype) == ((3, WIDTH), np.float32)
    for text, vector in zip(texts, vectors, strict=True):
        ((states, _),) = backbone.inner_states([text], MAX_TOKENS, 0)
        mean = states.float().mean(dim=0).numpy()
        assert np.allclose(vector, mean / np.linalg.norm(mean), atol=2e-3)
    assert encoder.encode([]).shape == (0, WIDTH)


def test_vectors_do_not_depend_on_what_is_encoded_with_them() -> None:
    encoder = SentenceEncoder(load_backbone(str(tiny_bert())))
    texts = [f"lamp {'glass ' * (n % 7)}{n}" for n in range(BATCH + 9)]
    together = encoder.encode(texts)
    assert np.allclose(together, np.concatenate([encoder.encode([text]) for text in texts]), atol=1e-5)


def test_another_process_loads_the_same_backbone() -> None:
    encoder = SentenceEncoder(load_backbone(str(tiny_bert())))
    copy = pickle.loads(pickle.dumps(encoder))
    assert copy.identity == encoder.identity
    assert np.array_equal(copy.encode(["lamp"]), encoder.encode(["lamp"]))


def test_the_encoder_is_the_one_that_vectors_were_made_with() -> None:
    tiny = load_backbone(str(tiny_bert()))
    assert sentence_encoder().identity == (DEFAULT, OFFICIAL_SHA256, 384)
    assert sentence_encoder(tiny.sha256, [DEFAULT, tiny.name]).identity.sha256 == tiny.sha256
    assert sentence_encoder(OFFICIAL_SHA256, [tiny.name]).identity.name == DEFAULT
    assert sentence_encoder(None, [tiny.name]).identity.sha256 == tiny.sha256
    with pytest.raises(ConfigError, match="made with another backbone than all-MiniLM-L6-v2"):
        sentence_encoder(tiny.sha256)


def test_the_default_backbone_knows_what_words_mean() -> None:
    query, near, far = SentenceEncoder().encode(["laptop", "notebook computer", "garden hose"])
    assert query @ near > query @ far + 0.3
