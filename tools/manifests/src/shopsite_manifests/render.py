"""Overlays, rendered as `kubectl apply -k` would."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

ROOT = Path(__file__).resolve().parents[4]
OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"


class CannotRender(Exception):
    """There is no kubectl, or the files are no kustomization."""


def overlays() -> list[str]:
    """Return the names of what there is to deploy."""
    return sorted(path.parent.name for path in OVERLAYS.glob("*/kustomization.yaml"))


def render(folder: Path) -> list[Manifest]:
    """Return the manifests of an overlay.

    Raises:
        CannotRender: with what kubectl said.
    """
    kubectl = _run([str(ROOT / "deploy" / "k8s" / "kubectl.sh")]).strip()
    return list(yaml.safe_load_all(_run([kubectl, "kustomize", str(folder)])))


def _run(command: list[str]) -> str:
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise CannotRender(found.stderr.strip())
    return found.stdout
