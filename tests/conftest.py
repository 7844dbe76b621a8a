"""What all tests share: repeatable hypothesis in CI, and the switch that rewrites golden files."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

import plansim
from plansim.simulator.errors import Fault, InputError

settings.register_profile("plansim", deadline=None)
settings.register_profile("plansim-ci", deadline=None, derandomize=True)
settings.load_profile("plansim-ci" if os.environ.get("CI") else "plansim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden files anew from what the code gives now, instead of comparing",
    )


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten, not compared."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session", autouse=True)
def one_name() -> Iterator[None]:
    """No module of the product is loaded under a bare name, and its folder is on no path.

    A second copy would have classes of its own: an InputError that nobody catches.
    """
    yield
    root = Path(plansim.__file__).resolve().parent
    items = {item.name.removesuffix(".py") for item in root.iterdir()}
    ours = {name for name in items if name.isidentifier()}  # no plansim.egg-info
    bare = {
        name
        for name in sys.modules
        if name.partition(".")[0] in ours - {"tests", "__main__", "__init__"}
    }
    assert not {name for name in bare if _is_below(sys.modules[name], root)}
    assert root not in {Path(entry or ".").resolve() for entry in sys.path}


def _is_below(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(root)


@pytest.fixture
def refused() -> Callable[..., tuple[Fault, ...]]:
    """Call something that must refuse its input; the faults it names."""

    def faults(call: Callable[..., object], *args: object, **kwargs: object) -> tuple[Fault, ...]:
        with pytest.raises(InputError) as caught:
            call(*args, **kwargs)
        return caught.value.faults

    return faults
