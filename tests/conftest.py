"""What all tests share: repeatable hypothesis in CI, and the switch that rewrites golden files."""

import os

import pytest
from hypothesis import settings

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
