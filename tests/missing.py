"""What a test needs and a machine may lack: there the test is skipped, but never where all are wanted.

``CASUS_TEST_ALL=1`` says that all are wanted, as CI does: then whatever is missing is a failure.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test for want of something, in plain words; fail it where nothing may be missing."""
    if os.environ.get("CASUS_TEST_ALL"):
        pytest.fail(f"{what}, and CASUS_TEST_ALL is set", pytrace=False)
    pytest.skip(what)
