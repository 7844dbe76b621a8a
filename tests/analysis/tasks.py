"""What workers are given to do in tests: a process that begins anew imports it by its name."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def square(number: int) -> int:
    return number * number


def root_or_fault(number: int) -> float:
    if number < 0:
        raise ValueError(f"no root of {number}")
    return float(number**0.5)


class AwkwardError(Exception):
    """Cannot be made again from its message."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


class LandsBadly:
    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return refuse, ()


def refuse() -> object:
    raise EOFError("not here")


def lands_badly(number: int) -> object:
    return LandsBadly()


def kills_itself(by: int) -> None:
    os.kill(os.getpid(), by)


def unsendable(number: int) -> object:
    if number == 0:
        return lambda: number
    raise AwkwardError(1, 2)


def dies(folder: Path, times: int, number: int) -> int:
    """Kills its own process the first so many times that it is given 3."""
    if number == 3:
        tries = len(list(folder.iterdir()))
        (folder / str(tries)).touch()
        if tries < times:
            os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def open_files(number: int) -> list[str]:
    """What the process has open."""
    found = []
    for handle in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{handle}"))
        except OSError:
            continue
    return found


def threads(number: int) -> str:
    return os.environ["OPENBLAS_NUM_THREADS"]


def sleeps(folder: Path, number: int) -> int:
    (folder / f"{os.getpid()}.pid").touch()
    time.sleep(60)
    return number
