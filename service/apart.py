"""Work on a thread of its own that nobody waits for where the process ends.

What the system or a database takes as long over as it likes is done so: an event loop's own threads, of
which there are few, are waited for when it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def apart(make: Callable[[], T], name: str) -> Future[T]:
    """What is made on such a thread, or the exception that was raised there."""
    made: Future[T] = Future()
    made.set_running_or_notify_cancel()  # one who gives it up leaves it to end by itself

    def work() -> None:
        try:
            made.set_result(make())
        except BaseException as error:  # whoever waits is told
            made.set_exception(error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return made
