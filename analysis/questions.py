"""What may be asked of a search, from how people type it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from plansim.analysis.search import Least
from plansim.analysis.trial import Wish
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Plan


@dataclass(frozen=True, slots=True)
class Questions:
    """``targets``: id and asked probability, None where only ``together`` asks for it."""

    targets: tuple[tuple[str, float | None], ...]
    together: float | None
    confidence: float | None
    least: Least | None

    def wishes(self, plan: Plan) -> list[Wish]:
        """Every target for itself, and those named together; all distinct ones if none is named."""
        found = [Wish((target,), asked) for target, asked in self.targets if asked is not None]
        if self.together is not None:
            distinct = [target.id for target in plan.judged if not target.restates]
            named = [target for target, _ in self.targets] or distinct
            found.append(Wish(tuple(dict.fromkeys(named)), self.together))
        return found


def questions(
    targets: Sequence[str], together: str | None, confidence: str | None, least: str | None
) -> Questions:
    """Read what was typed. Raises InputError naming every fault."""
    faults: list[Fault] = []
    named = [_target(text, together is not None, faults) for text in targets]
    joint, sure = (
        None if text is None else _probability(text, option, faults)
        for text, option in ((together, "--all"), (confidence, "--confidence"))
    )
    known = get_args(Least)
    if least is not None and least not in known:
        fields = {"value": least, "choices": list(known)}
        faults.append(Fault("unknown_choice", fields, file="--least"))
    others = "--target" if targets else "--all" if together is not None else ""
    if confidence is not None and others:
        faults.append(Fault("seek_both", {"value": others}))
    elif confidence is None and not others:
        faults.append(Fault("seek_nothing"))
    if faults:
        raise InputError(faults)
    chosen: Least | None = next((word for word in known if word == least), None)
    return Questions(tuple(named), joint, sure, chosen)


def _target(text: str, may_be_bare: bool, faults: list[Fault]) -> tuple[str, float | None]:
    name, equals, asked = text.partition("=")
    name = name.strip()
    if not name or bool(equals) != bool(asked.strip()) or not (equals or may_be_bare):
        faults.append(Fault("target_form", {"value": text}, file="--target"))
        return name, None
    return name, _probability(asked, "--target", faults) if equals else None


def _probability(text: str, option: str, faults: list[Fault]) -> float:
    """0.8 or 80%."""
    bare = text.strip().removesuffix("%").strip()
    try:
        value = float(bare) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        faults.append(Fault("probability_form", {"value": text}, file=option))
        return 0.5
    if not 0 < value < 1:
        fields = {"value": value, "allowed": "0 < … < 1"}
        faults.append(Fault("argument_range", fields, file=option))
    return value
