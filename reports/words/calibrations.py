"""What is said of a stored calibration where a plan is simulated."""

from collections.abc import Mapping, Sequence

from plansim.store.calibrations import Stored
from plansim.store.plans import Document
from plansim.words.catalogue import say


def run_heading(stored: Stored, lang: str) -> str:
    """That a run draws by a calibration, and by which."""
    fields = {"value": stored.path, "seen": stored.observations, "made": stored.made}
    return say("calibrated.used", lang, **fields)


def told_of(sources: Mapping[str, Document], lang: str) -> list[str]:
    """What is said before a batch about the calibrations that its plans have."""
    said = []
    for held in (one.holding() for one in sources.values() if one.stored is not None):
        if held.reason:
            said.append(run_warning(held.stored, held.reason, (), lang))
        else:
            said.append(run_heading(held.stored, lang))
    return said


def run_warning(stored: Stored, reason: str, names: Sequence[str], lang: str) -> str:
    """That a calibration was ignored, and why."""
    why = say(f"calibrated.{reason}", lang, list=first_few(names, lang))
    return say("calibrated.ignored", lang, value=stored.path, why=why)


def first_few(named: Sequence[str], lang: str) -> str:
    """Five names at most, and how many more there are."""
    rest = len(named) - 5
    shown = [*named[:5], f"… (+{rest})"] if rest > 0 else list(named)
    return ("、" if lang == "zh" else ", ").join(shown)
