"""Filters over long series: Kalman filter, smoother and hidden Markov messages for T up to 10,000, linear in T.

Value and gradient in all parameters, beside statsmodels' compiled Kalman filter (value only). ``python benchmarks/sequences.py``
"""

from __future__ import annotations

import statistics

import numpy as np
import torch
from side_by_side import in_turns, options
from statsmodels.tsa.statespace.structural import UnobservedComponents

from course_vi.models import HiddenMarkovModel, LinearGaussianSSM


def main() -> None:
    arguments = options(__doc__)
    torch.set_default_dtype(torch.float64)
    one = torch.ones(1, 1)
    print(f"{'':44s} {'T':>7s} {'ms':>10s} {'us per step':>12s}")
    for steps in (1_000, 2_000, 5_000, 10_000):
        walk = LinearGaussianSSM(one, one, 0.5 * one, one, torch.zeros(1), 10 * one, steps)
        hmm = HiddenMarkovModel(
            torch.ones(4) / 4,
            torch.full((4, 4), 0.1) + 0.6 * torch.eye(4),
            torch.rand(4, 6).softmax(-1),
            steps,
        )
        x, _ = walk.sample(1, torch.Generator().manual_seed(0))
        batch, _ = walk.sample(32, torch.Generator().manual_seed(0))
        symbols, _ = hmm.sample(1, torch.Generator().manual_seed(0))
        compiled = UnobservedComponents(np.asarray(x[0]), "llevel")

        def gradient(model, data):
            model.zero_grad()
            model.log_evidence(data).sum().backward()

        entries = {
            "Kalman filter, log evidence": lambda m=walk, x=x: m.log_evidence(x),
            "Kalman filter, value and gradient": lambda m=walk, x=x, g=gradient: g(m, x),
            "the same, 32 series at once": lambda m=walk, x=batch, g=gradient: g(m, x),
            "smoother (means and covariances)": lambda m=walk, x=x: m.smooth(x),
            "statsmodels, compiled, log evidence": lambda c=compiled: c.loglike([1.0, 0.5]),
            "hidden Markov model, log evidence": lambda m=hmm, x=symbols: m.log_evidence(x),
            "hidden Markov model, value and gradient": lambda m=hmm, x=symbols, g=gradient: g(m, x),
        }
        seconds = in_turns(entries, max(2, arguments.rounds // 5), 1)
        for name, values in seconds.items():
            middle = statistics.median(values)
            print(f"{name:44s} {steps:7,d} {middle * 1e3:10.1f} {middle / steps * 1e6:12.1f}")


if __name__ == "__main__":
    main()
