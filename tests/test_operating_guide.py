"""The operators' guide is held to what there is: settings, metrics, alerts, commands, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from service.settings import Settings

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "operating.md").read_text()
METRIC = re.compile(r"\bcasus_[a-z_]+\b")


@pytest.fixture(scope="module")
def exposed(filled_home, tmp_path_factory) -> set[str]:
    """The names of all metrics, as the guide has them: of a histogram the one of its family."""
    import shutil

    from service.api.app import create_app
    from service.bootstrap import open_casus

    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("metrics") / "home")
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    with TestClient(create_app(casus), client=("127.0.0.1", 1)) as client:
        text = client.get("/metrics").text
        text = client.get("/metrics").text  # which counts the first
    families = text_string_to_metric_families(text)
    return {
        f"{family.name}_total" if family.type == "counter" else family.name for family in families
    }


def test_every_metric_is_explained_and_every_one_that_is_explained_is_there(exposed):
    rows = re.findall(r"^\| (`casus_[^|]*) \|", GUIDE, flags=re.MULTILINE)
    explained = {name for row in rows for name in METRIC.findall(row)}
    assert explained == exposed


def test_every_alert_is_of_metrics_that_are_there(exposed):
    (block,) = re.findall(r"^    groups:\n(?:    .*\n)+", GUIDE, flags=re.MULTILINE)
    rules = yaml.safe_load(block)["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5
    for rule in rules:
        for name in METRIC.findall(rule["expr"]):
            assert re.sub(r"_(count|bucket)$", "", name) in exposed, name
    for alert in set(re.findall(r"`(Casus[A-Z]\w+)`", GUIDE)):
        assert alert in {rule["alert"] for rule in rules}


def test_every_setting_that_it_names_is_one():
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    # What compose.yaml asks for is no setting of Casus.
    assert set(re.findall(r"\bCASUS_[A-Z_]+\b", GUIDE)) - {"CASUS_PASSWORD"} <= known


def test_every_command_that_it_names_is_one():
    from typer.main import get_command

    from service.cli import app

    named = set(re.findall(r"`casus ([a-z]+)\b", GUIDE))
    assert named <= set(get_command(app).commands)
    assert {"backup", "restore", "verify", "migrate", "rebuild", "serve"} <= named


def test_every_module_that_it_runs_is_there():
    from importlib.util import find_spec

    for module in re.findall(r"`python -m ([\w.]+)`", GUIDE):
        assert find_spec(module)
