"""No secret in a log, an error or a file: whatever is asked with it, whether it is accepted or refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

from service.access.first import FILE as FIRST_KEY
from tests.access import a_token, settings_of_provider, unsigned
from tests.processes import account, run, serving


def test_nothing_that_is_printed_logged_answered_or_kept_has_a_secret_in_it(home, tmp_path):
    texts = [
        run("keys", "create", name, "--role", role, home=home).stdout.strip()
        for name, role in (("newsroom", "admin"), ("reader", "contributor"), ("gone", "admin"))
    ]
    shown = [run("keys", "revoke", "gone", home=home), run("keys", "list", home=home)]
    at = int(time.time())
    tokens = [
        a_token("admin"),
        a_token("nobody"),
        a_token("admin", exp=at - 100),
        a_token("admin", aud="x"),
        unsigned("admin"),
    ]
    wrong = [f"casus_{'1' * 12}_{'2' * 64}", texts[0][:-1] + "x", "correct-horse-battery-staple"]
    provider = settings_of_provider(tmp_path)
    answered = []
    for form in ("text", "json"):
        logging = {"CASUS_LOG": form, "CASUS_ACCESS_LOG": "1", "CASUS_RATE_WRITES": "100"}
        with serving(home, **provider, **logging) as server:
            for text in (*texts, *tokens, *wrong):
                header = {"authorization": f"Bearer {text}"}
                for method, path in (
                    ("GET", "/v1/countries"),
                    ("GET", "/v1/imports"),
                    ("POST", "/v1/incidents"),
                    ("POST", "/v1/incidents/x/merge"),
                    ("GET", "/v1/wars"),
                    ("PUT", "/v1/actors"),
                ):
                    body = account("One") if path == "/v1/incidents" else None
                    sent = server.client.request(method, path, headers=header, json=body)
                    answered.append(f"{sent.status_code} {sent.headers} {sent.text}")
            both = server.client.get(
                "/v1/imports", headers=[("authorization", f"Bearer {texts[0]}")] * 2
            )
            answered.append(both.text)
            shown += [(server.printed, server.end().errors)]
    shown += [run("log", "--json", home=home), run("status", home=home)]
    everything = "\n".join([*answered, *map(str, shown)])
    statuses = {line[:3] for line in answered}
    assert {"200", "201", "401", "403", "404", "405"} <= statuses
    assert "/v1/incidents" in everything  # requests are logged
    kept = {
        path: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != FIRST_KEY
    }
    for text in (*texts, *tokens, *wrong):
        secret = text.rpartition("_" if text.startswith("casus_") else ".")[2] or text
        assert secret not in everything
        assert not [path for path, data in kept.items() if secret.encode() in data]
    assert (home / FIRST_KEY).exists() is False  # there were keys


def test_settings_do_not_show_what_is_between_a_store_and_its_password(tmp_path):
    refused = run(
        "serve",
        home=Path(tmp_path) / "home",
        CASUS_OIDC_ISSUER="https://user:hunter2@id.example.org",
        PORT="0",
    )
    assert refused.returncode == 1
    assert "CASUS_OIDC_AUDIENCE" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert json.dumps("hunter2") not in refused.stdout
