"""Filters over long series, beside compiled ones: statsmodels (Cython), dynamax (JAX, jitted) and hmmlearn (C++).

Log evidence, and log evidence with its gradient in all parameters, for T = 1,000 and 10,000. dynamax and hmmlearn are asked if they
are installed, and else left out with a sentence. ``python benchmarks/sequences.py``
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch
from side_by_side import in_turns, options, show

from course_vi.models import GaussianHMM, LinearGaussianSSM

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
Entries = dict[str, Callable[[], object]]


def value(model: torch.nn.Module, x: torch.Tensor) -> Callable[[], object]:
    def call() -> object:
        with torch.no_grad():
            return model.log_evidence(x)

    return call


def slope(model: torch.nn.Module, x: torch.Tensor) -> Callable[[], object]:
    def call() -> None:
        model.zero_grad()
        model.log_evidence(x).sum().backward()

    return call


def state_space(steps: int, d: int, p: int) -> Entries:
    source = torch.Generator().manual_seed(0)
    parts = 0.9 * torch.eye(d), torch.randn(p, d, generator=source), torch.eye(d), torch.eye(p)
    model = LinearGaussianSSM(*parts, torch.zeros(d), torch.eye(d), steps)
    x = model.sample(1, source)[0][0]
    series, (a, c, q, r) = x.view(steps, p).numpy(), (part.numpy() for part in parts)
    entries: Entries = {"course_vi, value": value(model, x)}
    if find_spec("statsmodels"):
        from statsmodels.tsa.statespace.mlemodel import MLEModel

        theirs = MLEModel(series, k_states=d)
        theirs["transition"], theirs["design"], theirs["selection"] = a, c, np.eye(d)
        theirs["state_cov"], theirs["obs_cov"] = q, r
        theirs.ssm.initialize_known(np.zeros(d), np.eye(d))
        assert abs(theirs.ssm.loglike() - model.log_evidence(x).item()) < 1e-6 * steps
        entries["statsmodels, value (it has no gradient)"] = theirs.ssm.loglike
    if find_spec("dynamax"):
        import jax
        import jax.numpy as jnp
        from dynamax.linear_gaussian_ssm.inference import lgssm_filter, make_lgssm_params

        jax.config.update("jax_enable_x64", True)
        own = tuple(jnp.array(part) for part in (np.zeros(d), np.eye(d), a, q, c, r))
        data = jnp.array(series)
        both = jax.jit(lambda v: lgssm_filter(make_lgssm_params(*v), data).marginal_loglik)
        slopes = jax.jit(
            jax.value_and_grad(lambda v: lgssm_filter(make_lgssm_params(*v), data).marginal_loglik)
        )
        entries["dynamax, value"] = lambda: jax.block_until_ready(both(own))
        entries["dynamax, value and gradient"] = lambda: jax.block_until_ready(slopes(own))
    entries["course_vi, value and gradient"] = slope(model, x)
    batch = model.sample(32, source)[0]
    entries["course_vi, the same for 32 series"] = slope(model, batch)

    def smooth() -> None:
        with torch.no_grad():
            model.smooth(x)

    return {**entries, "course_vi, smoother": smooth}


def hidden_markov(steps: int, states: int) -> Entries:
    source = torch.Generator().manual_seed(0)
    start, rows = torch.ones(states) / states, torch.full((states, states), 1 / states)
    emission = torch.stack([torch.arange(states).to(start), torch.ones(states)], -1)
    model = GaussianHMM(start, rows, emission, steps)
    x = model.sample(1, source)[0][0]
    entries: Entries = {"course_vi, value": value(model, x)}
    if find_spec("hmmlearn"):
        from hmmlearn import hmm

        theirs, series = hmm.GaussianHMM(states, "diag"), x.unsqueeze(-1).numpy()
        theirs.startprob_, theirs.transmat_ = start.numpy(), rows.numpy()
        theirs.means_, theirs.covars_ = emission[:, :1].numpy(), np.ones((states, 1))
        assert abs(theirs.score(series) - model.log_evidence(x).item()) < 1e-6 * steps
        entries["hmmlearn, value (it has no gradient)"] = lambda: theirs.score(series)
    return {**entries, "course_vi, value and gradient": slope(model, x)}


def main() -> None:
    arguments = options(__doc__)
    torch.set_default_dtype(torch.float64)
    for library in ("statsmodels", "dynamax", "hmmlearn"):
        if not find_spec(library):
            print(f"{library} is not installed, and left out.")
    rounds = max(2, arguments.rounds // 3)
    for steps, d, p in ((1_000, 1, 1), (10_000, 1, 1), (10_000, 4, 2)):
        show(
            f"Kalman filter, T = {steps:,}, d = {d}, p = {p}",
            in_turns(state_space(steps, d, p), rounds, 1),
            "ms",
        )
    for steps, states in ((1_000, 4), (10_000, 4), (10_000, 50)):
        show(
            f"Hidden Markov model, T = {steps:,}, S = {states}",
            in_turns(hidden_markov(steps, states), rounds, 1),
            "ms",
        )


if __name__ == "__main__":
    main()
