"""The clocks of benchmarks/engine.py: they must not change what they measure."""

import numpy as np

from plansim.benchmarks.engine import SERVING, clocked, of_serving
from plansim.scenarios.load import load
from plansim.simulator import queues
from plansim.simulator.model import Model
from plansim.simulator.sampling import Block


def test_clocks_inside_serve_change_nothing_and_go_away() -> None:
    plan, block = load("yuyao-2016"), Block(1, 0, 0, 128)
    model = Model.of(plan)
    futures = queues.bring(plan, model.network, model.sampler.draw(block), block, "a")
    before, names = queues.serve(model.network, futures), dict(vars(queues._Line))
    with clocked() as took:
        during = queues.serve(model.network, futures)
    assert set(took) <= set(SERVING)
    assert {"sorting", "gathering", "gates that lapse", "passing on"} <= set(took)
    for key, passage in before.items():
        np.testing.assert_array_equal(during[key].delivered, passage.delivered)
    assert dict(vars(queues._Line)) == names
    shares = of_serving(model.network, futures, 1.0, 1)
    np.testing.assert_allclose(sum(shares.values()), 1.0)
