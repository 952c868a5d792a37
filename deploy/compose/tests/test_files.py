"""What the Compose files and the Dockerfile promise, read from the files: no Docker is needed."""

import importlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "compose"
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
MEMBERS = (*SERVICES, "authz", "portal")
# Addresses, ports and files: an image or a template gives them, no person.
GIVEN = {"PORT", "METRICS_PORT", "BIND_HOST", "STATE_DIR", "OWN_DATABASE_URL"}
# The owner of the database only ever sets up; the first admin is made by a job.
OF_JOBS = {"DATABASE_URL", "SHOPSITE_ADMIN_EMAIL", "SHOPSITE_ADMIN_PASSWORD"}
SECRETS = ("SECRET", "PASSWORD", "DATABASE_URL", "CLOUDINARY_URL")


def merged(below, above):
    """Put one description over another, as Compose extends: maps are merged, lists joined."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: merged(below.get(key), above.get(key)) for key in {**below, **above}}
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return above if above is not None else below


def extended(service, described):
    parent = service.get("extends")
    if parent is None:
        return service
    name = parent if isinstance(parent, str) else parent["service"]
    source = described if isinstance(parent, str) else read("templates.yml")
    return merged(extended(source[name], source), service)


def read(name):
    return yaml.safe_load((FOLDER / name).read_text())["services"]


def all_services():
    files = ("servers.yml", "setup.yml", "services.yml", "gateway.yml", "simulators.yml")
    described = {name: read(name) for name in files}
    return {name: extended(service, services) for services in described.values() for name, service in services.items()}


CONTAINERS = all_services()
PROCESSES = [*(f"{service}-{role}" for service in SERVICES for role in ("api", "worker")), "authz", "portal"]


def settings_of(process):
    member = process.removesuffix("-api").removesuffix("-worker")
    return {name.upper() for name in importlib.import_module(f"shopsite_{member}.settings").Settings.model_fields}


def read_by(process):
    return settings_of(process) - GIVEN - OF_JOBS


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_every_setting_that_it_reads(process):
    of_role = {"DRAIN_SECONDS", "MAX_REQUESTS_UNDER_WAY"} if process.endswith("-worker") else {"RELAY_DATABASE_URL"}
    of_role |= {"CONSUMER_PREFETCH", "OUTBOX_KEEP_HOURS"} if process.endswith("-api") else set()
    assert read_by(process) - of_role - set(CONTAINERS[process]["environment"]) == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_no_secret_that_it_does_not_read(process):
    member = process.removesuffix("-api").removesuffix("-worker")
    own = settings_of(process) | {f"DATABASE_URL_{member.upper()}"}
    given = {name for name in CONTAINERS[process]["environment"] if any(mark in name for mark in SECRETS)}
    assert given - own == set()
    assert "DATABASE_URL" not in given


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_rights_and_bounds(name):
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert set(container["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "privileged" not in container
    assert not any("docker.sock" in str(volume) for volume in container.get("volumes", []))


def test_only_the_job_that_gives_keys_away_is_root():
    assert [name for name, container in CONTAINERS.items() if container.get("user") == "root"] == ["keys"]
    assert [name for name, container in CONTAINERS.items() if "cap_add" in container] == ["keys"]


def test_only_the_gateway_is_reached_from_other_machines():
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}
    assert {name for name, ports in published.items() if not all(port.startswith("127.0.0.1:") for port in ports)} == {
        "traefik"
    }


def test_who_meets_which_server():
    def on(network):
        return {name for name, container in CONTAINERS.items() if network in container.get("networks", ())}

    workers, apis = ({f"{service}-{role}" for service in SERVICES} for role in ("worker", "api"))
    jobs = {f"migrate-{service}" for service in SERVICES} | {"create-admin"}
    assert on("data") == workers | apis | jobs | {"postgres", "seed-products"}
    assert on("broker") == workers | jobs | {"rabbitmq", "portal"}
    assert on("edge") == {"traefik", "paystack-simulator"}
    assert "traefik" not in on("data") | on("broker") | on("cache") | on("outside")


def test_networks_but_the_ways_in_and_out_lead_nowhere():
    networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
    assert {name for name, network in networks.items() if not network.get("internal")} == {"edge", "outside"}


def test_every_default_secret_is_one_that_production_refuses():
    text = "".join(path.read_text() for path in FOLDER.glob("*.yml"))
    defaults = set(re.findall(r"\$\{(?:[A-Z]+_)*(?:PASSWORD|SECRET_KEY):-([^}$]*)\}", text))
    assert defaults
    unsafe = ("change-me", "shopsite-admin-dev", "sk_test_")
    assert {value for value in defaults if not any(mark in value for mark in unsafe)} == set()


def test_every_variable_of_the_files_is_explained_in_the_example():
    text = "".join(path.read_text() for path in [ROOT / "docker-compose.yml", *FOLDER.glob("*.yml")])
    asked = set(re.findall(r"\$\{([A-Z_]+)", text)) - {"SHOPSITE_REVISION"}
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked - explained == set()


def test_traefik_reads_the_same_files_as_everywhere():
    traefik = CONTAINERS["traefik"]
    assert traefik["env_file"] == ["gateway/traefik/static.env"]
    assert "./gateway/traefik/dynamic:/etc/shopsite/dynamic:ro" in traefik["volumes"]


def test_every_member_has_an_image():
    built = {container["build"]["args"]["PART"] for container in CONTAINERS.values() if "build" in container}
    folders = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("services/*/pyproject.toml")}
    assert built == folders | {"gateway/authz", "gateway/portal", "deploy/local"}
    assert len(folders) == len(SERVICES)


def test_the_dockerfile_has_nothing_that_hadolint_minds():
    done = subprocess.run([".venv/bin/hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
