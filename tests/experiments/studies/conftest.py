import pytest

from tests.support.fakerun import use_fake_backbone


@pytest.fixture(scope="module", autouse=True)
def fake() -> object:
    """A backbone without weights."""
    with pytest.MonkeyPatch.context() as patch:
        use_fake_backbone(patch)
        yield
