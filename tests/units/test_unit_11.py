"""What unit 11 predicts of an encoder's gaps is what the library measures, where neither knows of the other."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.units.unit_11 import gaps
from course_vi.diagnostics import amortization_gap, approximation_gap, best_per_datum
from course_vi.families import Amortized, MeanField
from course_vi.models import ProbabilisticPCA

Z_LIMIT = 4.5


def test_s8_both_gaps_are_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear Gaussian model whose posterior is correlated, and an encoder that is off in mean and scale."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    source = torch.Generator().manual_seed(0)
    weight = torch.tensor([[1.0, 0.8], [0.5, 0.9], [-0.2, 0.6]], dtype=torch.float64)
    p = ProbabilisticPCA(weight, torch.zeros(3, dtype=torch.float64), 0.8)
    q = Amortized(MeanField(2), nn.Linear(3, 4)).double()
    with torch.no_grad():
        q.encoder.weight.copy_(0.2 * torch.randn(4, 3, generator=source, dtype=torch.float64))
        q.encoder.bias.fill_(-0.3)
    x = torch.randn(2, 3, generator=source, dtype=torch.float64)
    with torch.no_grad():
        loc, log_scale = q.encoder(x).chunk(2, -1)
    said = gaps._both(*(part.numpy() for part in (weight, torch.tensor(0.64), x, loc, log_scale)))
    best = best_per_datum(p, q, x, steps=240, num_samples=16)
    found = {
        "approximation": approximation_gap(p, q, x, best, 20_000, torch.Generator().manual_seed(1)),
        "amortization": amortization_gap(p, q, x, best, 20_000, torch.Generator().manual_seed(2)),
    }
    for name, gap in found.items():
        t = (gap.value.numpy() - said[name]) / gap.standard_error.numpy()
        assert said[name].min() > 0.01 and (np.abs(t) < Z_LIMIT).all(), name
    apart = (
        said["marginal"] - said["approximation"]
    )  # the mistake that is nearest: it would be seen
    assert (apart > Z_LIMIT * found["approximation"].standard_error.numpy()).all()
