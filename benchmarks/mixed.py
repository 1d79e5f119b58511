"""A linear mixed model of 20,000 rows in 1,000 groups, beside statsmodels: one likelihood, and the whole fit.

Both fit random intercepts by ML and by REML from the same start; the maxima must agree. ``python benchmarks/mixed.py``
"""

from __future__ import annotations

import warnings

import pandas
import statsmodels.formula.api as smf
import torch
from side_by_side import in_turns, options, show

from course_vi.learning import fit_mixed_model
from course_vi.models import LinearMixedModel

ROWS, GROUPS = 20_000, 1_000


def main() -> None:
    arguments = options(__doc__)
    torch.set_default_dtype(torch.float64)
    true = LinearMixedModel([GROUPS], torch.tensor([1.0, -0.5]), [0.8], 0.5)
    x, _ = true.sample(ROWS, torch.Generator().manual_seed(0))
    frame = pandas.DataFrame({"c": x[:, 1].numpy(), "g": x[:, 2].numpy(), "y": x[:, 3].numpy()})
    maxima: dict[str, float] = {}

    def ours(restricted: bool) -> None:
        model = LinearMixedModel([GROUPS], torch.zeros(2), [1.0], 1.0)
        maxima[f"ours {restricted}"] = fit_mixed_model(model, x, restricted).value.item()

    def theirs(restricted: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = smf.mixedlm("y ~ c", frame, groups="g").fit(reml=restricted)
        maxima[f"theirs {restricted}"] = fit.llf

    def slope() -> None:
        true.zero_grad()
        true.log_evidence(x).backward()

    entries = {
        "statsmodels, the whole fit, ML": lambda: theirs(False),
        "course_vi, the whole fit, ML": lambda: ours(False),
        "statsmodels, the whole fit, REML": lambda: theirs(True),
        "course_vi, the whole fit, REML": lambda: ours(True),
        "course_vi, log evidence and gradient": slope,
        "course_vi, effects with standard errors": lambda: true.effects(x),
    }
    show(
        f"{ROWS:,} rows, {GROUPS:,} groups",
        in_turns(entries, max(2, arguments.rounds // 5), 1),
        "ms",
    )
    for kind, name in ((False, "ML"), (True, "REML")):
        gap = maxima[f"ours {kind}"] - maxima[f"theirs {kind}"]
        print(
            f"{name}: our maximum lies {gap:.1e} nats above theirs, {maxima[f'theirs {kind}']:.4f}"
        )


if __name__ == "__main__":
    main()
