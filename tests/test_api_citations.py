"""``/cite``: the permanent address; in words, BibTeX and CSL-JSON what is cited, and whose data it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.datasets import dataset_at, release_dataset
from domain.ids import dataset_stream
from domain.records import Recorded
from service.bootstrap import Casus
from service.imports.formats.ucdp_ged import FORMAT as GED
from service.publishing.citation import counted
from tests.conftest import CALLER, an_account
from tests.publishing import ODD_TITLES, import_ged, published, report_odd_incidents
from tests.refusals import problem

BIB = "application/x-bibtex"
CSL = "application/vnd.citationstyles.csl+json"
CITED = [
    "/v1/countries/AFG/timeline",
    "/v1/actors/taliban/timeline",
    "/v1/incidents",
    "/v1/incidents/{incident}",
    "/v1/series",
]
UCDP = GED.dataset
CSL_ITEM = {
    "id": str,
    "type": str,
    "title": str,
    "author": list,
    "container-title": str,
    "genre": str,
    "version": str,
    "URL": str,
    "note": str,
    "issued": dict,
}
"""Of the variables of CSL those that are used, with their types in its schema of input data."""

each_cited = pytest.mark.parametrize("path", CITED)


@pytest.fixture
def at(reading):
    """A path of `CITED` in the shared store."""
    incident = reading.get("/v1/incidents?limit=1").json()["items"][0]["id"]
    return lambda path: path.format(incident=incident)


@pytest.fixture
def with_ged(chronicle: Casus) -> Casus:
    """The store with the chronicle, an incident reported by hand, and rows of GED of Afghanistan."""
    chronicle.desk.report_incident(an_account(title="By hand"), CALLER)
    import_ged(chronicle)
    return chronicle


def cite(client: Any, path: str, **parameters: Any) -> dict[str, Any]:
    document: dict[str, Any] = published(client, f"{path}/cite", **parameters).json()
    return document


def texts(cited: dict[str, Any]) -> list[str]:
    """What is said of the data in each style, on one line."""
    return [cited["citation"], _untexed(cited["bibtex"]), cited["csl"]["note"]]


def bibtex_fields(entry: str) -> dict[str, str]:
    """The fields of an entry as BibTeX reads them: by balanced braces, whatever is before them."""
    head = re.match(r"@misc\{([A-Za-z0-9-]+),\n", entry)
    assert head, entry
    found, rest = {"key": head[1]}, entry[head.end() :]
    while field := re.match(r"  ([a-z]+) = ", rest):
        rest = rest[field.end() :]
        end = _balanced(rest) if rest.startswith("{") else rest.index(",")
        found[field[1]], rest = rest[:end], rest[end:].removeprefix(",\n")
    assert rest == "}\n", rest
    return {name: value.removeprefix("{").removesuffix("}") for name, value in found.items()}


def _balanced(text: str) -> int:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return index + 1
    raise AssertionError(f"braces are not balanced: {text}")


def _untexed(text: str) -> str:
    names = {"backslash": "\\", "braceleft": "{", "braceright": "}", "asciitilde": "~"}
    names["asciicircum"] = "^"
    text = re.sub(r"\\text([a-z]+)\{\}", lambda found: f"\0{ord(names[found[1]])}\0", text)
    assert not re.search(r"(?<!\\)[#$%&_~^]", re.sub(r"url = .*", "", text)), text
    text = re.sub(r"\\([#$%&_])", r"\1", text)
    return re.sub(r"\0(\d+)\0", lambda found: chr(int(found[1])), text)


# What is cited


@each_cited
def test_a_citation_has_the_permanent_address_of_what_is_cited(path, at, reading) -> None:
    cited = cite(reading, at(path))
    assert cited["url"] == f"http://testserver{at(path)}?position=67"
    answer = reading.get(cited["url"])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.links["canonical"]["url"] == cited["url"]
    for linked in (answer, reading.get(at(path)), reading.get(f"{at(path)}/cite")):
        assert linked.links["cite-as"]["url"] == cited["url"]
    for text in (cited["citation"], cited["bibtex"], cited["csl"]["URL"]):
        assert cited["url"] in text


@each_cited
def test_a_citation_says_what_it_is_when_it_was_recorded_and_whose_data_is_in_it(
    path, at, reading
) -> None:
    cited = cite(reading, at(path))
    (dataset,) = cited["datasets"]
    assert (dataset["id"], dataset["incidents"]) == ("afghanistan-2021", cited["incidents"])
    year, month, day = map(int, cited["as_of"][:10].split("-"))
    assert cited["csl"]["issued"] == {"date-parts": [[year, month, day]]}
    assert bibtex_fields(cited["bibtex"])["year"] == str(year)
    for text in texts(cited):
        assert "position 67 of the log, recorded on" in text
        assert f" {day} " in text
        for said in (dataset["title"], dataset["license"], dataset["citation"]):
            assert " ".join(said.split()) in text


@each_cited
def test_a_citation_of_a_day_of_reporting_says_so(path, at, reading) -> None:
    now = cite(reading, at(path))
    then = cite(reading, at(path), reported_by="2021-07-31")
    assert then["reported_by"] == "2021-07-31"
    for text in texts(then):
        assert "as reported by 2021-07-31" in text
    assert then["url"] == f"http://testserver{at(path)}?reported_by=2021-07-31&position=67"
    assert "as reported by" not in str(texts(now))
    assert now["csl"]["id"] != then["csl"]["id"]


def test_a_citation_counts_the_selection_and_keeps_its_parameters(reading) -> None:
    query = {"from": "2021-06", "to": "2021-06", "match": "certain"}
    cited = cite(reading, "/v1/countries/AFG/timeline", **query)
    page = reading.get(cited["url"]).json()
    assert cited["incidents"] == len(page["items"]) > 0
    assert cited["csl"]["title"] == "Afghanistan, 2021-06 to 2021-06"
    assert f"timeline of {cited['incidents']} incidents" in cited["citation"]
    assert cite(reading, "/v1/incidents", limit=2)["incidents"] == 2


def test_a_moment_is_cited_in_the_same_words_however_it_was_asked_for(reading) -> None:
    now = cite(reading, "/v1/incidents")
    assert cite(reading, "/v1/incidents", position=67) == now
    assert cite(reading, "/v1/incidents", as_of="2999-01-01") == now


def test_before_the_first_record_there_is_nothing_to_credit(reading) -> None:
    cited = cite(reading, "/v1/incidents", position=0)
    assert (cited["incidents"], cited["datasets"], cited["as_of"]) == (0, [], None)
    assert "before its first record" in cited["citation"]
    assert "issued" not in cited["csl"]
    assert "year" not in bibtex_fields(cited["bibtex"])


def test_a_name_of_an_actor_leads_to_the_citation_of_its_timeline(reading) -> None:
    for suffix in ("", ".bib"):
        answer = reading.get(f"/v1/actors/Taliban/timeline/cite{suffix}", follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/v1/actors/taliban/timeline/cite{suffix}"


# For ever


@each_cited
def test_the_citation_of_a_permanent_address_never_changes(path, at, with_ged, client) -> None:
    head = with_ged.reader.head
    at_path = path.format(incident=client.get("/v1/incidents?limit=1").json()["items"][0]["id"])
    addresses = [f"{at_path}/cite{style}?position={head}" for style in ("", ".bib", ".csl.json")]
    before = [client.get(address).content for address in addresses]
    shown = client.get("/v1/incidents?limit=1").json()["items"][0]["id"]
    with_ged.desk.report_incident(an_account(), CALLER)
    correction = {"title": "Another title", "reason": "It was wrong."}
    client.post(f"/v1/incidents/{shown}/corrections", json=correction, headers={"if-match": "*"})
    for slug in ("afghanistan-2021", UCDP.id):
        known = dataset_at(with_ged.log.dataset(slug), head)
        profile = replace(known.profile, title="Another title", license="Another licence")
        release = release_dataset(known, profile, with_ged.desk.recording("it"), reason="So.")
        version = len(list(with_ged.log.dataset(slug))) + 1
        with_ged.desk.append([Recorded(0, dataset_stream(slug), version, release)])
    name = {"text": "Another name", "shown": True, "reason": "It is called so."}
    client.post("/v1/actors/taliban/names", json=name, headers={"if-match": "*"})
    assert with_ged.reader.head > head
    assert [client.get(address).content for address in addresses] == before
    assert "immutable" in client.get(addresses[0]).headers["cache-control"]
    now = client.get(f"{at_path}/cite").json()
    assert now["position"] > head
    assert "Another licence" in now["citation"]


# Whose data it is


def test_ged_is_credited_where_rows_of_it_are_cited_and_nowhere_else(with_ged, client) -> None:
    everything = cite(client, "/v1/incidents")
    assert [each["id"] for each in everything["datasets"]] == ["afghanistan-2021", UCDP.id]
    by_hand = cite(client, "/v1/incidents", q="hand")
    assert (by_hand["incidents"], by_hand["datasets"]) == (1, [])
    assert "Data:" not in str(texts(by_hand))
    chronicle = cite(client, "/v1/incidents", q="Sherkhan")
    assert [each["id"] for each in chronicle["datasets"]] == ["afghanistan-2021"]
    ged = cite(client, "/v1/incidents", to="2016", **{"from": "2006"})
    assert [each["id"] for each in ged["datasets"]] == [UCDP.id]
    for text in texts(everything) + texts(ged):
        assert UCDP.title in text
        assert f"{UCDP.license}." in text
        assert UCDP.citation in text
    for text in texts(by_hand) + texts(chronicle):
        assert UCDP.title + "." not in text


def test_each_dataset_says_how_many_of_the_incidents_cited_rest_on_it(with_ged, client) -> None:
    cited = cite(client, "/v1/countries/AFG/timeline")
    entries: list[Any] = []
    address: Any = "/v1/countries/AFG/timeline?limit=1000"
    while address:
        page = client.get(address).json()
        entries, address = entries + page["items"], page["next"]
    counts = {each["id"]: each["incidents"] for each in cited["datasets"]}
    for slug, count in counts.items():
        assert count == sum(slug in entry["datasets"] for entry in entries) > 0
    assert cited["incidents"] == len(entries)


def test_a_page_is_counted_before_the_next_is_read() -> None:
    steps: list[tuple[str, int]] = []

    def page(number: int) -> Iterator[bytes]:
        yield b'{"id":"1","title":"\\u00e9","datasets":["gone"]}'
        steps.append(("counted", number))

    class Page(list[bytes]):
        def __iter__(self) -> Iterator[bytes]:
            return page(int(self[0]))

    def pages() -> Iterator[Sequence[bytes]]:
        for number in range(3):
            steps.append(("read", number))
            yield Page([b"%d" % number])

    assert counted(pages(), {}) == (3, ())
    assert steps == [(step, number) for number in range(3) for step in ("read", "counted")]


# Styles


@each_cited
def test_a_style_is_found_by_its_suffix_and_by_accept(path, at, reading) -> None:
    address = f"{at(path)}/cite"
    document = reading.get(address).json()
    for suffix, kind in ((".bib", BIB), (".csl.json", CSL)):
        by_suffix = reading.get(f"{address}{suffix}")
        by_accept = reading.get(address, headers={"accept": kind})
        assert by_suffix.headers["content-type"].partition(";")[0] == kind
        assert by_suffix.content == by_accept.content
        assert "accept" in by_accept.headers["vary"].lower().split(", ")
    assert reading.get(f"{address}.bib").text == document["bibtex"]
    assert reading.get(f"{address}.csl.json").json() == [document["csl"]]
    assert reading.get(f"{address}.json").json() == document
    for browser in ("text/html,*/*;q=0.8", "application/json", "*/*"):
        assert reading.get(address, headers={"accept": browser}).json() == document


@each_cited
def test_csl_json_keeps_to_the_variables_of_csl(path, at, reading) -> None:
    (item,) = reading.get(f"{at(path)}/cite.csl.json").json()
    assert {name: type(value) for name, value in item.items()} == CSL_ITEM
    assert item["type"] == ("entry" if "{incident}" in path else "dataset")
    assert item["author"] == [{"literal": "Casus"}]


HARD_TITLES = (*ODD_TITLES, r"50% & more_or {less} \input{x} ~ ^ #1 $2", "}, url = {evil", "\\")


@pytest.mark.parametrize("title", HARD_TITLES)
def test_bibtex_has_any_title_as_it_stands(title, casus, client) -> None:
    stream = casus.desk.report_incident(an_account(title=title), CALLER).stream
    cited = cite(client, f"/v1/incidents/{stream}")
    fields = bibtex_fields(cited["bibtex"])
    assert _untexed(fields["title"]) == f"{{{title} (2021-06-22)}}"
    assert fields["url"] == cited["url"]
    assert fields.keys() == {
        *("key", "title", "author", "year", "month"),
        *("howpublished", "version", "url", "note"),
    }
    assert cited["csl"]["title"] == f"{title} (2021-06-22)"
    assert title in cited["citation"]


def test_every_odd_incident_can_be_cited_each_under_its_own_key(casus, client) -> None:
    keys = set()
    for incident in report_odd_incidents(casus):
        keys.add(bibtex_fields(cite(client, f"/v1/incidents/{incident}")["bibtex"])["key"])
    assert len(keys) == client.get("/v1/incidents/cite").json()["incidents"]


def test_what_a_client_left_unescaped_breaks_no_style(reading) -> None:
    answer = reading.get('/v1/incidents/cite?position=67&q="}taliban{"')
    assert answer.status_code == 200
    fields = bibtex_fields(answer.json()["bibtex"])
    assert "{" not in fields["url"]
    assert reading.get(fields["url"]).status_code == 200


# Refusals


@each_cited
def test_what_can_not_be_cited_is_refused(path, at, asked) -> None:
    address = f"{at(path)}/cite"
    assert "csl.json" in problem(asked.get(f"{address}.ris"), "unknown-format")["detail"]
    other = asked.get(address, headers={"accept": "text/plain"})
    assert BIB in problem(other, "not-acceptable")["detail"]
    for query in ("cursor=AAAA", "form=2021", "position=9999"):
        problem(asked.get(f"{address}?{query}"), "bad-parameter")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/countries/XYZ/timeline/cite", "unknown-country"),
        ("/v1/actors/talban/timeline/cite", "unknown-actor"),
        ("/v1/incidents/00000000-0000-0000-0000-000000000000/cite", "unknown-incident"),
        ("/v1/incidents/cite/cite", "unknown-incident"),
        ("/v1/series/cite?interval=day&from=0001&to=9999", "bad-parameter"),
        ("/v1/wars/cite", "not-found"),
    ],
)
def test_what_is_not_there_can_not_be_cited(path, name, asked) -> None:
    problem(asked.get(path), name)
