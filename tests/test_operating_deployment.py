"""Dockerfile, compose.yaml, the proxy, the systemd unit: held to the settings, and run as far as can be."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service.log.places import place_of
from service.options import networks_of
from service.settings import Settings
from tests.missing import missing
from tests.processes import PATIENCE, run, serving, until

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
KNOWN = {str(field.validation_alias) for field in Settings.model_fields.values()}
OTHERS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
SECRETS = {"CASUS_PASSWORD": "4f" * 24, "REPLICATION_PASSWORD": "5e" * 24}


def settings_of(values: dict[str, str]) -> Settings:
    """Settings with these values as the environment has them: names that are none are refused here."""
    assert set(values) <= KNOWN, set(values) - KNOWN
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


# The image


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_made_of_what_is_there_and_of_nothing_else():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in allowed), source
    copied = {
        source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]
    }
    assert {"domain", "projections", "service", "pyproject.toml", "requirements.txt"} <= copied


def test_its_requirements_are_those_of_the_lock_by_their_hashes():
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.txt" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]
    assert not any("curl" in rest or "wget" in rest for _, rest in instructions())


def test_nothing_but_fonts_is_installed_beside_them():
    (fonts,) = (rest for word, rest in instructions() if word == "RUN" and "apt" in rest)
    steps = [step.split() for step in fonts.split(" && ")]
    assert steps[1][:2] == ["apt-get", "install"]
    assert steps[0] + steps[2] == ["apt-get", "update", "-q", "rm", "-rf", "/var/lib/apt/lists/*"]
    named = [word for word in steps[1][2:] if not word.startswith("-")]
    assert named
    assert all(name.startswith("fonts-") for name in named)


def test_it_runs_as_nobody_who_matters_and_writes_only_where_it_may():
    found = dict(instructions())  # the last of each word
    assert found["USER"] == "10001:10001"
    assert found["WORKDIR"] == found["VOLUME"] == "/var/lib/casus"
    assert found["STOPSIGNAL"] == "SIGTERM"
    words = [word for word, _ in instructions()]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert words.count("FROM") == 2  # what it is built with stays behind


def test_its_settings_are_settings():
    (given,) = (rest for word, rest in instructions() if word == "ENV")
    values = dict(pair.split("=", 1) for pair in shlex.split(given))
    settings = settings_of({name: values[name] for name in set(values) - OTHERS})
    assert (settings.host, settings.port, str(settings.home)) == ("0.0.0.0", 8000, "/var/lib/casus")
    assert settings.log_format == "json"
    (port,) = (rest for word, rest in instructions() if word == "EXPOSE")
    assert int(port) == settings.port


def test_its_entry_point_is_a_command_that_runs(home):
    found = dict(instructions())
    (program,) = yaml.safe_load(found["ENTRYPOINT"])
    arguments = yaml.safe_load(found["CMD"])
    assert (program, arguments) == ("casus", ["serve"])
    assert run(*arguments, "--help", home=home).returncode == 0


def test_its_health_check_tells_whether_it_is_ready(home):
    check = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    assert {each.split("=")[0] for each in options.split()} == {
        "--interval",
        "--timeout",
        "--start-period",
        "--retries",
    }
    program, *arguments = yaml.safe_load(command)
    assert program == "python"

    def checked(port: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env={"PORT": port, "HOST": "0.0.0.0", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    with serving(home, CASUS_DRAIN="3") as server:
        port = server.address.rsplit(":", 1)[1]
        done = checked(port)
        assert (done.returncode, done.stderr) == (0, "")
        server.process.terminate()
        until(lambda: checked(port).returncode == 1)
        assert (
            checked(port).stderr in {"not ready: it was told to stop\n"}
            or server.process.poll() == 0
        )
    assert checked(port).returncode == 1


# Compose


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    text = (ROOT / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == set(SECRETS)  # each must be set: nothing has a password that everybody knows
    assert len(re.findall(r"\$\{\w+:\?\}", text)) == text.count("${")
    for name, value in SECRETS.items():
        text = text.replace(f"${{{name}:?}}", value)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_there_are_a_primary_a_replica_two_nodes_and_a_proxy(composed):
    services = composed["services"]
    assert set(services) == {"primary", "replica", "node-a", "node-b", "proxy"}
    for name, service in services.items():
        for mounted in service["volumes"]:
            source = mounted.split(":")[0]
            there = (
                (ROOT / source).exists()
                if source.startswith(".")
                else source in composed["volumes"]
            )
            assert there, mounted
        for network in service["networks"]:
            assert network in composed["networks"]
        assert set(service.get("depends_on", ())) <= set(services), name
    major = int(re.fullmatch(r"postgres:(\d+)-\w+", services["primary"]["image"])[1])
    assert major >= 15
    assert services["replica"]["image"] == services["primary"]["image"]


@pytest.mark.parametrize("node", ["node-a", "node-b"])
def test_nodes_have_settings_that_fit_together(node, composed):
    service = composed["services"][node]
    settings = settings_of(service["environment"])
    for address in (settings.store, settings.read_store):
        assert str(place_of(address)).startswith("postgresql://casus:")
        hosts = re.search(r"@([^/]+)/", address)[1].split(",")
        assert {host.split(":")[0] for host in hosts} <= set(composed["services"])
    assert settings.workers > 1
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "/tmp" in service["tmpfs"]
    # It is killed only when it had the time to stop in order.
    assert _seconds(service["stop_grace_period"]) > settings.drain + settings.grace + 13
    (subnet,) = (each["subnet"] for each in composed["networks"]["front"]["ipam"]["config"])
    assert settings.metrics_from == subnet
    proxy = composed["services"]["proxy"]["networks"]["front"]["ipv4_address"]
    assert settings.proxies == proxy
    assert settings.proxy_headers
    assert networks_of(subnet)[0].supernet_of(networks_of(proxy)[0])  # type: ignore[arg-type]


def test_every_node_has_a_folder_of_its_own(composed):
    nodes = [composed["services"][name] for name in ("node-a", "node-b")]
    folders = [volume for node in nodes for volume in node["volumes"]]
    assert len(set(folders)) == 2
    assert all(each.endswith(":/var/lib/casus") for each in folders)


def test_only_the_proxy_is_reached_from_outside(composed):
    published = {name for name, each in composed["services"].items() if "ports" in each}
    assert published == {"proxy"}
    assert all(port.startswith("127.0.0.1:") for port in composed["services"]["proxy"]["ports"])
    assert composed["networks"]["store"]["internal"] is True


@pytest.mark.parametrize("name", ["primary.sh", "replica.sh"])
def test_scripts_of_the_database_are_scripts(name):
    path = DEPLOY / "postgres" / name
    assert os.access(path, os.X_OK)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    text = path.read_text()
    assert "set -euo pipefail" in text
    assert "REPLICATION_PASSWORD" in text


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


# The proxy


@contextmanager
def proxied(folder: Path, nodes: list[str]) -> Iterator[str]:
    """The proxy as it is configured, but for addresses."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        missing("there is no nginx (Debian: apt install nginx-light)")
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (DEPLOY / "nginx.conf").read_text()
    for name, node in zip(("node-a:8000", "node-b:8000"), nodes, strict=True):
        assert text.count(name) == 1
        text = text.replace(name, node)
    assert text.count("listen 8080;") == 1
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")
    text = text.replace("worker_connections 8192;", "worker_connections 256;")
    configured = folder / "nginx.conf"
    configured.write_text(("user root;\n" if os.getuid() == 0 else "") + text)
    process = subprocess.Popen(
        [program, "-c", configured, "-p", folder, "-g", "daemon off;"], stderr=subprocess.PIPE
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is not None or _answers(address))
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/livez", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_proxy_serves_on_while_its_nodes_are_replaced(home, tmp_path):
    folder = tmp_path / "proxy"
    folder.mkdir()
    drained = {"CASUS_DRAIN": "1"}
    with serving(home, **drained) as one, serving(home, **drained) as two:
        nodes = [each.address.removeprefix("http://") for each in (one, two)]
        with proxied(folder, nodes) as address, httpx.Client(
            base_url=address, trust_env=False, timeout=PATIENCE
        ) as client:  # fmt: skip
            answer = client.get("/v1/countries/AFG/timeline", headers={"X-Request-Id": "mine"})
            assert answer.status_code == 200
            assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
            assert address in answer.headers["link"]  # addresses that it names lead to the proxy
            assert client.get("/metrics").status_code == 404
            with client.stream("GET", "/v1/log/stream?after=65") as stream:
                assert next(stream.iter_bytes())
            for _ in range(20):
                assert client.get("/v1/countries").status_code == 200
            one.process.terminate()
            ended = time.monotonic() + 3
            asked = 0
            while time.monotonic() < ended:
                assert client.get(f"/v1/incidents?limit={1 + asked % 50}").status_code == 200
                asked += 1
            assert one.process.wait(PATIENCE) == 0
            assert asked > 20


# systemd


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "casus.service").read_text().splitlines():
        if line and line[0] not in "#;[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_has_settings_that_are_settings(home):
    found = unit()
    values = dict(each.split("=", 1) for each in found["Environment"])
    settings = settings_of(values)
    assert settings.host == "127.0.0.1"
    assert str(settings.home) == f"/var/lib/{found['StateDirectory'][0]}"
    assert float(found["TimeoutStopSec"][0]) > settings.drain + settings.grace + 30
    program, *arguments = found["ExecStart"][0].split()
    assert Path(program).name == "casus"
    assert run(*arguments, "--help", home=home).returncode == 0


def test_the_unit_has_no_more_rights_than_it_needs():
    found = unit()
    for name, value in {
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "RestrictSUIDSGID": "yes",
        "SystemCallFilter": "@system-service",
        "KillMode": "mixed",  # the parent tells its workers itself
    }.items():
        assert value in found[name], name


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        missing("there is no systemd-analyze (Debian: apt install systemd)")
    # The program that it starts is looked for.
    text = (DEPLOY / "casus.service").read_text()
    copy = tmp_path / "casus.service"
    copy.write_text(
        text.replace("/opt/casus/bin/casus", str(Path(sys.executable).with_name("casus")))
    )
    done = subprocess.run(
        [program, "verify", "--man=no", copy], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    rated = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-500:]
