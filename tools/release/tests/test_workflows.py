"""Each part has its workflow and its owners."""

import pytest
import yaml

from shopsite_release.parts import PARTS, ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
parts = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)


def triggers(name):
    """What GitHub reads as `on`, which YAML takes for a boolean."""
    return yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))[True]


@parts
def test_a_part_has_a_workflow_for_its_folder_and_its_tag(part):
    on = triggers(part.name)
    assert on["push"]["tags"] == [f"{part.name}-v*"]
    assert on["push"]["paths"] == on["pull_request"]["paths"]
    assert {f"{part.folder}/**", f".github/workflows/{part.name}.yml", "uv.lock"} <= set(on["push"]["paths"])
    assert "libs/common/**" in on["push"]["paths"]


@parts
def test_its_workflow_says_the_same_of_it_as_its_release(part):
    document = yaml.safe_load((WORKFLOWS / f"{part.name}.yml").read_text(encoding="utf-8"))
    given = document["jobs"][part.name]["with"]
    assert (given["part"], given["folder"]) == (part.name, part.folder)
    assert given.get("image", True) is part.has_image


@parts
def test_every_path_that_a_workflow_watches_exists(part):
    for path in triggers(part.name)["push"]["paths"]:
        assert path == "contracts/**" or (ROOT / path.removesuffix("/**")).exists(), path


@parts
def test_a_part_has_owners(part):
    owned = [line.split()[0] for line in (ROOT / ".github" / "CODEOWNERS").read_text().splitlines() if line[:1] == "/"]
    assert any(f"/{part.folder}/".startswith(folder) for folder in owned)
    assert all((ROOT / folder.strip("/")).exists() for folder in owned if not folder.startswith("/contracts/"))
