"""Logarithmic-mean Divisia decomposition: exact additivity, known cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plansim.analysis.lmdi import decompose, logarithmic_mean

POSITIVE = st.floats(1e-3, 1e3)


@settings(max_examples=25)
@given(arrays(float, (2, 3, 4), elements=POSITIVE), arrays(float, (2, 3, 4), elements=POSITIVE))
def test_parts_add_up_in_every_draw(one: np.ndarray, other: np.ndarray) -> None:
    """V_c = one · other: two factors, three clusters, four draws."""
    value = one * other
    logs = {name: np.log(f[1]) - np.log(f[0]) for name, f in (("one", one), ("other", other))}
    parts = decompose(value[0], value[1], logs)
    change = value[1].sum(axis=0) - value[0].sum(axis=0)
    np.testing.assert_allclose(
        parts["one"] + parts["other"], change, rtol=1e-9, atol=1e-9 * value.sum()
    )


@given(POSITIVE, POSITIVE)
def test_the_logarithmic_mean_lies_between_the_other_two(a: float, b: float) -> None:
    mean = float(logarithmic_mean(np.array([a]), np.array([b]))[0])
    slack = 1e-9 * (a + b)
    assert np.sqrt(a * b) - slack <= mean <= (a + b) / 2 + slack


def test_of_equal_numbers_it_is_that_number() -> None:
    same = np.array([0.3, 2.0, 7e5])
    np.testing.assert_allclose(logarithmic_mean(same, same), same, rtol=1e-12)
    near = same * (1 + 1e-9)
    np.testing.assert_allclose(logarithmic_mean(near, same), same, rtol=1e-8)


def test_a_factor_that_stays_brings_nothing() -> None:
    before, after = np.array([[2.0], [3.0]]), np.array([[3.0], [6.0]])
    logs = {"moves": np.log(after / before), "stays": np.zeros((2, 1))}
    parts = decompose(before, after, logs)
    assert parts["stays"] == 0
    assert parts["moves"] == pytest.approx(4.0)
