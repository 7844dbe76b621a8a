"""What is refused, by the codes of its faults: sentences may be worded anew."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plansim.simulator.errors import PlansimError


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done inside raises one of our errors, with a fault of this code."""
    with pytest.raises(PlansimError) as caught:
        yield
    assert code in [fault.code for fault in caught.value.faults]
