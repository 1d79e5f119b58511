"""A flow that saturates is refused, from its first draw: its "bound" was 22,308,395 nats where log p(x) is -5.03."""

from __future__ import annotations

import pytest
import torch
from oracles import generator

from course_vi.families import Flow
from course_vi.families.flow import zuko


def flow(name: str, scale: float = 1.0) -> Flow:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        q = Flow(getattr(zuko.flows, name)(2, 0), 2)
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.mul_(scale)
    return q


def test_an_untrained_gaussianization_leaves_its_interval():
    with pytest.raises(ValueError, match=r"bisection within \[-10, 10\] and saturate"):
        flow("GF").sample(200, generator=generator(0))


@pytest.mark.parametrize("name", ["NAF", "UNAF", "SOSPF"])
def test_a_wide_noise_saturates(name):
    q = flow(name)
    with pytest.raises(ValueError, match="brings noise back changed by"):
        q.transport(torch.full((1, 2), 60.0))


@pytest.mark.parametrize("name", ["MAF", "NSF", "NICE"])
def test_flows_with_an_inverse_pass(name):
    q = flow(name, 2.0)
    z = q.sample(2_000, generator=generator(0))
    assert torch.isfinite(q(None, z)).all() and q.sample(0 or 1).shape == (1, 2)
