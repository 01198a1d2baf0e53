"""A client that a generator makes of the contract: it compiles, and reads from a server what is there."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests import node
from tests.processes import serving

CONTRACT = Path(__file__).parents[1] / "openapi" / "openapi.json"


def test_a_client_generated_from_the_contract_compiles_and_reads(home, tmp_path):
    with serving(home) as server:
        entries = server.get("/v1/countries/AFG/timeline?limit=1000").json()["items"]
        address = server.address.rstrip("/")
        given = {"contract": str(CONTRACT), "folder": str(tmp_path), "address": address}
        given["key"] = server.key
        answer = node.run("client", given)
        assert answer["faults"] == []
        read = answer["read"]
        assert read["titles"] == [entry["title"] for entry in entries]
        assert [row["title"] for row in csv.DictReader(io.StringIO(read["csv"]))] == [
            entry["title"]
            for entry in entries
            if entry["type"] == "attack" and entry["status"] in ("reported", "disputed")
        ]
        problem = read["problem"]
        assert (problem["answered"], problem["type"]) == (404, "/problems/unknown-country")
        assert {"code", "name"} == problem["nearest"][0].keys()
        (fault,) = read["faults"]
        assert "'attack'" in fault["message"]
        reported = read["reported"]
        assert (reported["title"], reported["accounts"]) == ("Attack on a border checkpoint", 1)
        found = server.get(f"/v1/incidents/{reported['id']}").json()
        assert found["incident"]["title"] == reported["title"]
