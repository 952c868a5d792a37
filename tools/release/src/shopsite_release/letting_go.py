"""The steps of a release: look, check, write the version, tag, build the one image."""

import argparse
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

from shopsite_release import changelog, contract
from shopsite_release.git import git
from shopsite_release.parts import ROOT, Part, ReleaseError, numbers, part_of

_VERSION_LINE = re.compile(r'^version = "[^"]+"$', re.MULTILINE)
_IMAGE_TAG = re.compile(r"newTag: [\w.-]+")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("parts", nargs="+", metavar="PART", help="one after the other, where there are several")
    parser.add_argument("--version", required=True, help="the new version, as in 1.3.0")
    parser.add_argument("--checked", action="store_true", help="lint, types and tests passed on this commit already")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    parts = [part_of(name) for name in options.parts]
    for part in parts:
        refuse_at_once(part, options.version)
    for part in parts:
        check(part, already=options.checked)
    for part in parts:
        tag = write_and_tag(part, options.version)
        print(f"{tag} is tagged. To publish it: git push origin HEAD {tag}")
        if part.has_image:
            build(part, options.version)
    return 0


def refuse_at_once(part: Part, version: str, root: Path = ROOT) -> None:
    """Look for what needs no long check.

    Raises:
        ReleaseError: the work tree has changes, the version is none or not a newer one, or is tagged; or the
            changelog tells of nothing.
    """
    if git("status", "--porcelain", root=root):
        raise ReleaseError("The work tree has changes: a release is made of a commit.")
    if numbers(version) <= numbers(part.version(root)):
        raise ReleaseError(f"{part.name} is at {part.version(root)} already: {version} is no newer version.")
    if git("tag", "--list", part.tag(version), root=root):
        raise ReleaseError(f"{part.tag(version)} is tagged already.")
    changelog.released(_changelog(part, root).read_text(encoding="utf-8"), version, _today())


def check(part: Part, *, already: bool) -> None:
    """Run what has to pass before a release.

    Raises:
        ReleaseError: something did not.
    """
    for target in ("can-release", *(() if already else ("lint", "typecheck", "test-part"))):
        print(f"make {target} SERVICE={part.name}", flush=True)
        # ARGS of `make release` would reach it, as variables of make do
        if subprocess.run(["make", target, f"SERVICE={part.name}", "ARGS="], cwd=ROOT, check=False).returncode:
            raise ReleaseError(f"{part.name} is not released: `make {target}` failed.")


def write_and_tag(part: Part, version: str, root: Path = ROOT) -> str:
    """Write version, date and contract, commit that and tag it; return the tag."""
    project, changes = root / part.folder / "pyproject.toml", _changelog(part, root)
    _replace(project, _VERSION_LINE, f'version = "{version}"')
    _replace(root / "uv.lock", _locked_version(part), rf'\g<1>"{version}"')
    changes.write_text(changelog.released(changes.read_text(encoding="utf-8"), version, _today()), encoding="utf-8")
    manifest = root / "deploy/k8s/base" / part.folder / "kustomization.yaml"
    if manifest.exists():
        _replace(manifest, _IMAGE_TAG, f"newTag: {version}")
    if part.is_service:
        contract.of_code(part).as_version(version).write(root / "contracts")
    git("add", "--all", root=root)
    git("commit", "--quiet", "--message", f"release({part.name}): {version}", root=root)
    git("tag", "--annotate", part.tag(version), "--message", f"{part.name} {version}", root=root)
    return part.tag(version)


def build(part: Part, version: str) -> None:
    """Build the one image, or say that it has to be built elsewhere.

    Raises:
        ReleaseError: the build failed. The tag stands; `docker build` may be tried again.
    """
    if not _docker_answers():
        print(
            f"No Docker answers here, so no image was built; the tag's workflow builds shopsite/{part.name}:{version}."
        )
        return
    arguments = {"PART": part.folder, "VERSION": version, "REVISION": git("rev-parse", "HEAD")}
    words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    command = ["docker", "build", *words, "--tag", f"shopsite/{part.name}:{version}", "."]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise ReleaseError(f"shopsite/{part.name}:{version} could not be built.")


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode


def _changelog(part: Part, root: Path) -> Path:
    return root / part.folder / "CHANGELOG.md"


def _today() -> date:
    return datetime.now(UTC).date()


def _locked_version(part: Part) -> re.Pattern[str]:
    return re.compile(rf'(name = "shopsite-{part.name}"\nversion = )"[^"]+"')


def _replace(path: Path, pattern: re.Pattern[str], replacement: str) -> None:
    text, count = pattern.subn(replacement, path.read_text(encoding="utf-8"), count=1)
    if not count:
        raise ReleaseError(f"{path} has no line like {pattern.pattern}")
    path.write_text(text, encoding="utf-8")
