"""What people type on a command line: numbers, settings."""

from collections.abc import Sequence

from plansim.simulator.errors import Fault, InputError


def whole_numbers(**typed: str | None) -> dict[str, int]:
    """Whole numbers by option, those that were typed. Raises InputError naming every bad one."""
    found: dict[str, int] = {}
    faults: list[Fault] = []
    for name, text in typed.items():
        try:
            if text is not None:
                found[name] = whole_number(text, name)
        except InputError as problem:
            faults += problem.faults
    if faults:
        raise InputError(faults)
    return found


def whole_number(text: str, name: str) -> int:
    """A whole number as people type it: 10000, 10_000, 1e4."""
    try:
        value = float(text.replace("_", "")) if text.isascii() else float("nan")
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise InputError.of("argument_number", f"--{name}", value=text)
    return int(value)


def pairs(settings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """PATH=VALUE as typed, taken apart."""
    wrong = [Fault("set_form", {"value": s}, file="--set") for s in settings if "=" not in s]
    if wrong:
        raise InputError(wrong)
    return tuple((path, value) for path, _, value in (s.partition("=") for s in settings))
