"""What `deploy` holds is true of this server: settings and options that exist, figures that are told, sound units."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from fedimark.cli.serving import serve, worker
from fedimark.metrics import FIGURES
from fedimark.settings import Settings, read
from tests.house.tree import ROOT, run, words

DEPLOY = ROOT / "deploy"
SETTINGS = {f"FEDIMARK_{field.name.upper()}" for field in fields(Settings)}
NOT_OURS = {"FEDIMARK_UPSTREAM"}  # what the Caddyfile alone reads
UNITS = sorted((DEPLOY / "systemd").iterdir())
MOST_EXPOSED = 20  # of 100, as systemd counts


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as Compose reads it."""
    return yaml.safe_load(words("deploy/compose.yml"))


def test_every_setting_named_in_deploy_exists() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix not in (".py", ".sh", ".txt")]

    named = {name for path in files for name in re.findall(r"\bFEDIMARK_[A-Z_]+\b", path.read_text("utf-8"))}

    assert named - SETTINGS - NOT_OURS == set()


def test_the_example_of_the_environment_is_taken() -> None:
    lines = [line for line in words("deploy/fedimark.env.example").splitlines() if line and not line.startswith("#")]
    environ = dict(line.split("=", 1) for line in lines)

    settings = read({name: text for name, text in environ.items() if name.startswith("FEDIMARK_")})

    assert settings.base_url == "https://marks.example"
    assert environ["POSTGRES_PASSWORD"] in settings.database_url


def test_compose_names_only_what_it_declares(compose: dict[str, Any]) -> None:
    services = compose["services"]

    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service["networks"]) <= set(compose["networks"])
        mounts = [mount.split(":")[0] for mount in service.get("volumes", ())]
        assert {mount for mount in mounts if not mount.startswith(".")} <= set(compose["volumes"])
        for mount in mounts:
            assert not mount.startswith(".") or (DEPLOY / mount).is_file()
    assert (DEPLOY / services["web"]["build"]["context"] / services["web"]["build"]["dockerfile"]).is_file()


def test_compose_opens_nothing_to_the_world_but_caddy(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert services["database"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True
    assert all("healthcheck" in services[name] for name in ("database", "worker", "caddy"))


def test_compose_lets_the_server_write_nothing_but_its_data(compose: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["volumes"] == [f"data:{service['environment']['FEDIMARK_DATA_DIR']}"]
        assert service["tmpfs"] == "/tmp"


def test_the_proxy_of_compose_is_believed_and_nobody_else(compose: dict[str, Any]) -> None:
    address = compose["services"]["caddy"]["networks"]["outside"]["ipv4_address"]

    assert compose["services"]["web"]["environment"]["FEDIMARK_TRUSTED_PROXIES"] == address
    assert compose["services"]["caddy"]["environment"]["FEDIMARK_UPSTREAM"] == "web:8000"


def commands(compose: dict[str, Any]) -> list[list[str]]:
    """Every command of ours in the files of `deploy`."""
    units = [line.split()[1:] for unit in UNITS for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.M)]
    [image] = re.findall(r"^CMD (.*)$", words("deploy/Dockerfile"), re.M)
    return [*units, json.loads(image)[1:], *(compose["services"][name]["command"][1:] for name in ("web", "worker"))]


def test_every_command_is_one_that_exists(compose: dict[str, Any]) -> None:
    found = commands(compose)

    assert len(found) == 6
    for name, *arguments in found:
        {"serve": serve, "worker": worker}[name].make_context(name, list(arguments))


def test_the_image_is_pinned_runs_without_root_and_says_how_it_is() -> None:
    text = words("deploy/Dockerfile")

    assert all("--require-hashes" in line or "--no-index" in line for line in re.findall(r"pip install .*", text))
    assert "index-url" not in text
    assert re.findall(r"^USER (.*)$", text, re.M) == ["fedimark"]
    assert text.rindex("USER ") > text.rindex("FROM ")
    assert "/readyz" in text[text.index("HEALTHCHECK") :]


def test_the_image_takes_only_what_the_wheel_is_made_of() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*)$", words("deploy/Dockerfile"), re.M)
    names = {name for line in copied for name in line.split()[:-1]}
    allowed = {line[1:] for line in words(".dockerignore").splitlines() if line.startswith("!")}

    assert names == allowed
    assert all((ROOT / name).exists() for name in names)


def test_what_builds_the_wheel_is_pinned_as_in_the_checkout() -> None:
    pins = dict(re.findall(r"^([a-z-]+)==(\S+)", words("deploy/requirements-build.txt"), re.M))
    known = dict(re.findall(r"^([a-z-]+)==(\S+)", words("requirements-dev.txt"), re.M))

    assert "hatchling" in pins
    assert {name: known.get(name, version) for name, version in pins.items()} == pins
    assert "://" not in words("deploy/requirements-build.txt")


def figures_in(text: str) -> set[str]:
    """The figures that expressions of Prometheus name, without a histogram's endings."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bfedimark_[a-z_]+", text)}


def test_every_figure_of_the_dashboard_and_the_alerts_is_told() -> None:
    dashboard = json.loads(words("deploy/grafana/fedimark.json"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = yaml.safe_load(words("deploy/prometheus/alerts.yml"))
    rules = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]

    shown, watched = figures_in(" ".join(expressions)), figures_in(" ".join(rules))

    assert shown == set(FIGURES)
    assert watched <= set(FIGURES)


def test_labels_of_the_dashboard_exist() -> None:
    dashboard = json.loads(words("deploy/grafana/fedimark.json"))
    labels = {label for figure in FIGURES.values() for label in figure.labels}

    legends = {label for panel in dashboard["panels"] for target in panel["targets"]
               for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])}  # fmt: skip

    assert legends <= labels


def test_prometheus_is_told_where_figures_are() -> None:
    [job] = yaml.safe_load(words("deploy/prometheus/prometheus.yml"))["scrape_configs"]

    assert (job["metrics_path"], job["authorization"]["type"]) == ("/metrics", "Bearer")


def systemd(folder: Path, *arguments: str) -> Any:
    """What systemd-analyze says of the units, with programs that this machine has."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        text = unit.read_text("utf-8").replace("/opt/fedimark/bin/fedimark", shutil.which("true") or "/bin/true")
        (folder / unit.name).write_text(text, "utf-8")
    return run("systemd-analyze", *arguments, cwd=folder)


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    answer = systemd(tmp_path, "verify", "--man=no", *(f"./{unit.name}" for unit in UNITS))

    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS if unit.suffix == ".service"])
def test_systemd_lets_a_unit_do_little(unit: str, tmp_path: Path) -> None:
    answer = systemd(tmp_path, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", f"./{unit}")

    assert answer.returncode == 0, answer.stdout[-400:] + answer.stderr


def test_a_worker_is_hardened_as_what_answers_is() -> None:
    def rules(name: str) -> list[str]:
        text = words(f"deploy/systemd/{name}")
        return text[text.index("User=") : text.index("[Install]")].splitlines()

    assert rules("fedimark.service") == rules("fedimark-worker.service") == rules("fedimark-worker@.service")
