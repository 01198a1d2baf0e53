"""How often a process looks for garbage that refers to itself.

Python looks after every 700 objects, which is a tenth of a start and of what is done for a page; there is
little to find, since what is made for a request is gone with it.
"""

from __future__ import annotations

import gc

EVERY = 50_000
"""Objects made, and not gone again, after which it looks: some megabytes of garbage at most."""


def look_seldom() -> None:
    """Look as seldom as that from now on."""
    gc.set_threshold(EVERY)
