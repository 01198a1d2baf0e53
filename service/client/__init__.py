"""A client for readers of Casus: timelines, incidents and series from Python, on any of the clocks.

    from service.client import Casus

    with Casus("http://127.0.0.1:8000") as server:
        for entry in server.timeline(country="AFG", from_="2021-06"):
            print(entry["occurred"]["edtf"], entry["title"])

It needs httpx, and nothing of the service but this package; `frame()` needs pandas and pyarrow.
"""

from service.client.casus import Casus
from service.client.errors import (
    CasusError,
    MissingLibrary,
    NotFound,
    Refused,
    Unavailable,
    Unreachable,
)
from service.client.questions import Incidents, Series

__all__ = [
    "Casus",
    "CasusError",
    "Incidents",
    "MissingLibrary",
    "NotFound",
    "Refused",
    "Series",
    "Unavailable",
    "Unreachable",
]
