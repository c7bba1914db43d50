"""Where the threads of a race wait for each other, so that a slow machine runs it as a fast one does."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, get_ident

# Nobody comes alone to a control: that long only a machine that stands still takes.
LONG = 20
# Where the locks hold, the other cannot come: it waits for them three seconds at most.
SHORT = 1


def meeting(seconds: float = LONG, *, threads: int = 2) -> Callable[[], None]:
    """Return what lets threads wait for each other, each at its first call; who stays alone goes on after a time."""
    all_are_there, came = Barrier(threads), set[int]()

    def meet() -> None:
        if get_ident() in came:
            return
        came.add(get_ident())
        with suppress(BrokenBarrierError):
            all_are_there.wait(seconds)

    return meet
