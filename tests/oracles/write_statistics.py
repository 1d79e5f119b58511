"""Answers of statsmodels (mixed models) and ArviZ (Pareto smoothing), written to ``statistics.json``.

    python -m venv scratch && scratch/bin/pip install statsmodels arviz
    scratch/bin/python tests/oracles/write_statistics.py

None of them is a dependency of this test; the file that is written is all that it reads.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from fixture import versions, write

warnings.filterwarnings("ignore")


def described(fit: Any, number: int) -> dict[str, Any]:
    return {
        "log_likelihood": fit.llf,
        "fixed": fit.fe_params.to_numpy(),
        "standard_errors": fit.bse_fe.to_numpy(),
        "covariance": np.asarray(fit.cov_re),
        "components": np.asarray(fit.vcomp),
        "noise_variance": fit.scale,
    }


def mixed_models() -> dict[str, Any]:
    """Random intercepts and slopes, nested and crossed factors, by ML and by REML."""
    import pandas as pd
    import statsmodels.formula.api as smf

    rng, groups, size = np.random.default_rng(4), 12, 8
    n = groups * size
    g = np.repeat(np.arange(groups), size)
    inner = (
        np.tile(np.repeat(np.arange(2), size // 2), groups) + 2 * g
    )  # two levels nested in each group
    item = np.tile(np.arange(size), groups)
    c = rng.normal(size=n)
    effects = rng.normal(size=(groups, 2)) @ np.array([[1.2, 0.0], [0.4, 0.6]]).T
    y = 1 + 0.5 * c + effects[g, 0] + effects[g, 1] * c + 0.7 * rng.normal(size=2 * groups)[inner]
    y = y + 0.6 * rng.normal(size=size)[item] + 0.5 * rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "c": c, "g": g, "inner": inner, "item": item, "one": 1})
    out: dict[str, Any] = {"y": y, "c": c, "g": g, "inner": inner, "item": item}
    tight = {"method": ["bfgs", "lbfgs", "powell"], "gtol": 1e-9, "maxiter": 2000}
    for reml in (False, True):
        name = "reml" if reml else "ml"
        slopes = smf.mixedlm("y ~ c", frame, groups="g", re_formula="~c").fit(reml=reml, **tight)
        out[f"slopes, {name}"] = described(slopes, 2)
        out[f"slopes, {name}"]["effects"] = np.stack(
            [slopes.random_effects[j].to_numpy() for j in range(groups)]
        )
        nested = smf.mixedlm(
            "y ~ c", frame, groups="g", vc_formula={"inner": "0+C(inner)"}, re_formula="1"
        )
        out[f"nested, {name}"] = described(nested.fit(reml=reml, **tight), 1)
        crossed = smf.mixedlm(
            "y ~ c",
            frame,
            groups="one",
            re_formula="0",
            vc_formula={"g": "0+C(g)", "item": "0+C(item)"},
        )
        out[f"crossed, {name}"] = described(crossed.fit(reml=reml, **tight), 0)
    return out


def pareto_smoothing() -> dict[str, Any]:
    """Smoothed log weights (normalized) and k-hat; the effective sample size is theirs, 1 / sum of squares."""
    import arviz as az

    rng = np.random.default_rng(5)
    weights = {
        "normal": rng.normal(size=400),
        "student": rng.standard_t(2, size=300),
        "heavy": 1.2 * rng.exponential(size=250),
        "small": 2 * rng.normal(size=30),
        "least": rng.normal(size=26),
        "light": -0.1 * rng.exponential(size=200),
        "shifted": 3 * rng.normal(size=200) + 1e4,
        "ties": np.repeat(rng.normal(size=20), 15),
        "rounded": np.round(2 * rng.normal(size=300), 1),
    }
    out: dict[str, Any] = {}
    for name, log_w in weights.items():
        smoothed, k = az.psislw(log_w.copy())
        out[name] = {
            "log_w": log_w,
            "smoothed": np.asarray(smoothed),
            "k": float(k),
            "effective": float(1 / np.exp(2 * np.asarray(smoothed)).sum()),
        }
    return out


if __name__ == "__main__":
    write(
        "statistics",
        {
            "versions": versions("statsmodels", "arviz", "numpy"),
            "mixed models": mixed_models(),
            "pareto smoothing": pareto_smoothing(),
        },
    )
