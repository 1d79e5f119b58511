"""Answers of statsmodels, dynamax, pykalman and hmmlearn about sequences, written to ``sequences.json``.

    python -m venv scratch && scratch/bin/pip install statsmodels dynamax pykalman hmmlearn
    scratch/bin/python tests/oracles/write_sequences.py

None of them is a dependency of the course; the file that is written is all that the tests read.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from fixture import versions, write

warnings.filterwarnings("ignore")


def structural(x: np.ndarray, kind: str, parameters: list[float], **options: Any) -> dict[str, Any]:
    """A structural time series of statsmodels with an exactly diffuse start: its matrices, log likelihood, smoother, forecast."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    model = UnobservedComponents(x, kind, use_exact_diffuse=True, **options)
    model.update(parameters)
    ssm = model.ssm
    found = model.smooth(parameters)
    ahead = found.get_forecast(3) if model.exog is None else None
    return {
        "x": x,
        "transition": ssm["transition"],
        "emission": ssm["design"],
        "transition_cov": ssm["selection"] @ ssm["state_cov"] @ ssm["selection"].T,
        "emission_cov": ssm["obs_cov"],
        "log_evidence": found.llf,
        "loc": found.smoothed_state.T,
        "variance": np.diagonal(found.smoothed_state_cov).copy(),
        "forecast": None if ahead is None else ahead.predicted_mean,
        "forecast_variance": None if ahead is None else ahead.var_pred_mean,
    }


def statsmodels() -> dict[str, Any]:
    from statsmodels.datasets import co2, nile
    from statsmodels.tsa.arima.model import ARIMA
    from statsmodels.tsa.statespace.mlemodel import MLEModel

    flow = nile.load_pandas().data["volume"].to_numpy()
    holes = flow.copy()
    holes[20:40] = holes[60:80] = np.nan
    carbon = co2.load_pandas().data["co2"].resample("MS").mean().to_numpy()[:60]
    rng = np.random.default_rng(0)
    ar = ARIMA(flow[:40] - flow.mean(), order=(2, 0, 0), trend="n")
    ar.update([0.5, 0.2, 15_000.0])
    found = ar.smooth([0.5, 0.2, 15_000.0])
    autoregression = {
        "x": ar.endog,
        "transition": ar.ssm["transition"],
        "emission": ar.ssm["design"],
        "transition_cov": ar.ssm["selection"] @ ar.ssm["state_cov"] @ ar.ssm["selection"].T,
        "emission_cov": ar.ssm["obs_cov"],
        "initial_cov": found.filter_results.initial_state_cov,
        "log_evidence": found.llf,
        "forecast": found.get_forecast(5).predicted_mean,
        "forecast_variance": found.get_forecast(5).var_pred_mean,
    }
    t, d, p, k = 25, 2, 2, 2
    a, c = 0.6 * rng.normal(size=(t, d, d)), rng.normal(size=(t, p, d))
    b, e, u = rng.normal(size=(d, k)), rng.normal(size=(p, k)), rng.normal(size=(t, k))
    q, r = (np.stack([v @ v.T + 0.1 * np.eye(2) for v in rng.normal(size=(t, 2, 2))]) for _ in "qr")
    x = rng.normal(size=(t, p))
    x[3, 0] = x[7, 1] = np.nan
    x[10:14] = np.nan
    moving = MLEModel(x, k_states=d)
    moving["transition"], moving["design"] = a.transpose(1, 2, 0), c.transpose(1, 2, 0)
    moving["state_cov"], moving["obs_cov"] = q.transpose(1, 2, 0), r.transpose(1, 2, 0)
    moving["selection"] = np.eye(d)
    moving["state_intercept"] = np.concatenate([u[1:] @ b.T, np.zeros((1, d))]).T
    moving["obs_intercept"] = (u @ e.T).T
    moving.ssm.initialize_known(np.array([0.3, -0.2]), np.array([[1.5, 0.2], [0.2, 0.7]]))
    smoothed = moving.ssm.smooth()
    return {
        "nile": structural(flow, "llevel", [15099.0, 1469.0]),
        "nile with missing years": structural(holes, "llevel", [15099.0, 1469.0]),
        "fixed trend": structural(flow, "lldtrend", [15099.0, 1469.0]),
        "trend and seasonal": structural(carbon, "lltrend", [0.1, 0.02, 0.001, 0.01], seasonal=12),
        "autoregression": autoregression,
        "everything moves": {
            "x": x,
            "transition": a[:-1],
            "emission": c,
            "transition_cov": q[:-1],
            "emission_cov": r,
            "inputs": u,
            "transition_inputs": b,
            "emission_inputs": e,
            "log_evidence": smoothed.llf,
            "loc": smoothed.smoothed_state.T,
            "covariance": smoothed.smoothed_state_cov.transpose(2, 0, 1),
        },
    }


def system(rng: np.random.Generator, d: int = 3, p: int = 2) -> dict[str, np.ndarray]:
    roots = [rng.normal(size=(n, n)) for n in (d, p, d)]
    q, r, start = (v @ v.T / 4 + 0.2 * np.eye(len(v)) for v in roots)
    return {
        "transition": 0.95 * np.linalg.qr(rng.normal(size=(d, d)))[0],
        "emission": rng.normal(size=(p, d)),
        "transition_cov": (q + q.T) / 2,
        "emission_cov": (r + r.T) / 2,
        "initial_loc": rng.normal(size=d),
        "initial_cov": (start + start.T) / 2,
    }


def dynamax() -> dict[str, Any]:
    """Filter, smoother and gradient of the log likelihood in double precision, with and without inputs."""
    import jax
    import jax.numpy as jnp
    from dynamax.linear_gaussian_ssm.inference import (
        lgssm_filter,
        lgssm_smoother,
        make_lgssm_params,
    )

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(1)
    parts, x = system(rng), rng.normal(size=(40, 2)).cumsum(0)

    def params(a: Any, c: Any, m: Any) -> Any:
        fixed = (parts[name] for name in ("initial_cov", "transition_cov", "emission_cov"))
        start, q, r = (jnp.array(v) for v in fixed)
        return make_lgssm_params(m, start, a, q, c, r)

    own = tuple(jnp.array(parts[name]) for name in ("transition", "emission", "initial_loc"))
    found = lgssm_smoother(params(*own), jnp.array(x))
    slope = jax.grad(lambda *v: lgssm_filter(params(*v), jnp.array(x)).marginal_loglik, (0, 1, 2))(
        *own
    )
    names = ("slope_transition", "slope_emission", "slope_initial_loc")
    return {
        **parts,
        "x": x,
        "log_evidence": float(found.marginal_loglik),
        "filtered_loc": found.filtered_means,
        "filtered_covariance": found.filtered_covariances,
        "loc": found.smoothed_means,
        "covariance": found.smoothed_covariances,
        **dict(zip(names, slope, strict=True)),
    }


def pykalman() -> dict[str, Any]:
    """Missing steps, and two steps of EM from there."""
    from pykalman import KalmanFilter

    rng = np.random.default_rng(2)
    parts, x = system(rng), rng.normal(size=(40, 2)).cumsum(0)
    order = (
        "transition",
        "emission",
        "transition_cov",
        "emission_cov",
        "initial_loc",
        "initial_cov",
    )

    def start() -> Any:
        a, c, q, r, m, p = (parts[name] for name in order)
        return KalmanFilter(a, c, q, r, initial_state_mean=m, initial_state_covariance=p)

    missing = np.ma.masked_array(x, np.zeros_like(x, bool))
    missing[5:9] = np.ma.masked
    loc, covariance = start().smooth(missing)
    every = [
        "transition_matrices",
        "observation_matrices",
        "transition_covariance",
        "observation_covariance",
        "initial_state_mean",
        "initial_state_covariance",
    ]
    found = start().em(x, n_iter=2, em_vars=every)
    keys = (
        "em_transition",
        "em_emission",
        "em_transition_cov",
        "em_emission_cov",
        "em_initial_loc",
        "em_initial_cov",
    )
    return {
        **parts,
        "x": x,
        "log_evidence": start().loglikelihood(missing),
        "loc": loc,
        "covariance": covariance,
        "em_log_evidence": found.loglikelihood(x),
        **{key: getattr(found, name) for key, name in zip(keys, every, strict=True)},
    }


def hmmlearn() -> dict[str, Any]:
    """Series of several lengths: evidence, posteriors, Viterbi, and three steps of Baum-Welch, for symbols and for vectors."""
    from hmmlearn import hmm

    rng, states, symbols, lengths = np.random.default_rng(3), 4, 5, [60, 45, 30]
    initial, transition = rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), states)
    emission = rng.dirichlet(np.ones(symbols), states)
    x = rng.integers(0, symbols, (sum(lengths), 1))

    def discrete() -> Any:
        model = hmm.CategoricalHMM(states, init_params="", params="ste", n_iter=3, tol=-np.inf)
        model.startprob_, model.transmat_, model.emissionprob_ = initial, transition, emission
        model.n_features = symbols
        return model

    ends = np.cumsum(lengths)[:-1]
    pieces = np.split(x, ends)
    learned = discrete().fit(x, lengths)
    out = {
        "initial": initial,
        "transition": transition,
        "emission": emission,
        "x": x[:, 0],
        "lengths": lengths,
        "log_evidence": [discrete().score(v) for v in pieces],
        "states": np.concatenate([discrete().predict_proba(v) for v in pieces]),
        "path": np.concatenate([discrete().decode(v)[1] for v in pieces]),
        "learned_initial": learned.startprob_,
        "learned_transition": learned.transmat_,
        "learned_emission": learned.emissionprob_,
    }
    loc, roots = 2 * rng.normal(size=(states, 2)), rng.normal(size=(states, 2, 2))
    covariance = roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(2)
    y = 2 * rng.normal(size=(sum(lengths), 2))
    model = hmm.GaussianHMM(
        states,
        "full",
        init_params="",
        params="stmc",
        n_iter=3,
        tol=-np.inf,
        min_covar=0,
        covars_prior=0,
        covars_weight=0,
        means_prior=0,
        means_weight=0,
    )
    model.startprob_, model.transmat_, model.means_, model.covars_ = (
        initial,
        transition,
        loc,
        covariance,
    )
    out |= {
        "vectors": y,
        "vector_loc": loc,
        "vector_covariance": covariance,
        "vector_log_evidence": [model.score(v) for v in np.split(y, ends)],
    }
    model.fit(y, lengths)
    return out | {
        "learned_vector_loc": model.means_,
        "learned_vector_transition": model.transmat_,
        "learned_vector_covariance": model.covars_,
    }


if __name__ == "__main__":
    write(
        "sequences",
        {
            "versions": versions("statsmodels", "dynamax", "jax", "pykalman", "hmmlearn", "numpy"),
            "statsmodels": statsmodels(),
            "dynamax": dynamax(),
            "pykalman": pykalman(),
            "hmmlearn": hmmlearn(),
        },
    )
