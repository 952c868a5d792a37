from copy import deepcopy

import pytest

from shopsite_release import contract
from shopsite_release.git import git
from shopsite_release.parts import PARTS

FILES = {
    "services/orders/pyproject.toml": '[project]\nname = "shopsite-orders"\nversion = "1.0.0"\n',
    "services/orders/CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n### Added\n- A thing.\n",
    "deploy/k8s/base/services/orders/kustomization.yaml": "images: [{name: shopsite/orders, newTag: 1.0.0}]\n",
    "uv.lock": '[[package]]\nname = "shopsite-cart"\nversion = "1.0.0"\n\n[[package]]\nname = "shopsite-orders"\n'
    'version = "1.0.0"\n',
}


@pytest.fixture(scope="session")
def orders_now():
    """What the code of orders promises, made once."""
    return contract.of_code(PARTS["orders"])


@pytest.fixture
def document(orders_now):
    """A copy of its document, for a test to break."""
    return deepcopy(orders_now.api)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of its own, with one released part."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.com")
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    git("init", "--quiet", root=tmp_path)
    git("add", "--all", root=tmp_path)
    git("commit", "--quiet", "--message", "all", root=tmp_path)
    return tmp_path
