import pytest

from shopsite_manifests.check import load


@pytest.fixture(scope="session")
def rendered():
    """Return a function that renders an overlay, once."""
    found = {}

    def cluster(overlay):
        if overlay not in found:
            found[overlay] = load(overlay)
        return found[overlay]

    return cluster
