"""Any family, by freezing its parameters."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds, zero
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, Arrays, as_array
from autograder.units.unit_09.reference import (
    ENTROPY_DROPPED,
    ENTROPY_LOST,
    SAMPLE_DETACHED,
    SCORE_KEPT,
    SCORE_SIGN,
    WRONG_ONE,
    chain_posterior,
    gaussian_params,
    parts,
    path_and_total,
    replicated,
    usual_mistakes,
)

EXERCISE = exercise(
    __name__,
    title="Any family, by freezing its parameters",
    function="path_derivative",
    points=3,
    difficulty=3,
    importance=5,
    minutes=25,
    read="section 3, What to freeze",
    # q.frozen_log_prob, which later exercises may use, is switched off by its problem
    hides=["pyro_twins.stl:stl_loss"],
)

FAMILY = [ref("p"), ref("q"), ref("x")]
LEAK = (
    "The parameters leak back into log q, and the score term with them. A density such as a flow's reads its network while "
    "log_prob runs, so detaching numbers or objects beforehand is too early: evaluate the module q itself with constant parameters."
)


@EXERCISE.part("It leaves the family as it found it", weight=0.5, needs=["value"])
def leaves_no_trace(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    seen = probe.drive(
        "freeze/leaves_no_trace", **params, eps=rng.normal(size=(2, *params["x"].shape))
    )
    if not seen["learns"]:
        return holds(
            False,
            "after the call q still learns",
            "its parameters no longer require gradients",
            "left_frozen",
            "You switched requires_grad off. That also stops the gradient through the sample, and it outlives the call. Work on "
            "detached parameters instead.",
        )
    if not seen["held"]:
        return holds(
            False,
            "a parameter that did not learn before the call does not learn after it",
            "it requires a gradient now",
            "switched_on",
            "You switched requires_grad on for parameters that had it off: somebody froze them for a reason. Work on detached "
            "parameters, or put every switch back as it was.",
        )
    if not seen["gathered"]:
        return holds(
            False,
            "gradients that q's parameters held before the call are still there",
            "they are others, or gone",
            "gradients_touched",
            "You wrote into the .grad of q's parameters, or cleared it. Somebody may have gathered gradients there: an estimator "
            "returns a value, and leaves .grad to whoever calls backward.",
        )
    if as_array(seen["value"]).shape != params["x"].shape[:1]:
        return compare(seen["value"], np.zeros(len(params["x"])), what="the value")
    return holds(
        seen["same"],
        "after the call q has the parameters it had",
        "they are the same" if seen["same"] else "they have changed",
        "family_changed",
        "An estimator must not change the family it estimates for: copy it first.",
    )


@EXERCISE.part("The value is the ELBO estimate, one number per datum", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    log_w = parts("freeze/mean_field", params, eps)["log_w"]
    return compare(
        probe.gradient("freeze/mean_field", params, *FAMILY, eps).value,
        log_w.mean(0),
        what="the value",
        mistakes=[
            Mistake(
                "sum_over_samples",
                "The ELBO estimate is the mean over the K samples, not their sum.",
                log_w.sum(0),
            ),
            Mistake(
                "mean_over_batch",
                "You averaged over the batch as well. Average over the samples, axis 0, alone.",
                log_w.mean(),
            ),
            Mistake("no_mean", NO_MEAN, log_w),
        ],
    )


@EXERCISE.part(
    "Gaussians (diagonal, full, factor): the gradient at fixed noise is the path derivative",
    weight=1.5,
)
def gaussian_gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for kind in ("mean_field", "full_rank", "factor"):
        params = gaussian_params(rng, kind)
        eps = rng.normal(size=(4, 3, 3 if kind == "factor" else 2))
        terms = parts(f"freeze/{kind}", params, eps)
        got = probe.gradient(f"freeze/{kind}", params, *FAMILY, eps).flat()
        finding = compare(
            got,
            terms["path"],
            usual_mistakes(terms),
            what=f"the gradient for a {kind.replace('_', ' ')} family",
        )
        if not finding.ok:
            return finding
    return Finding(True, finding.expected, "all three agree")


@EXERCISE.part("On average it is the gradient of the ELBO", weight=0.5)
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    one = {name: value[0] for name, value in gaussian_params(rng, "full_rank").items()}
    one = {name: one[name] for name in ("loc", "log_scale", "lower", "x")}
    # near the landing, where freezing makes a difference: off in the means alone
    one["x"] = 2 * one["loc"] + rng.uniform(0.6, 0.9, 2) * rng.choice([-1, 1], 2)
    one["log_scale"], one["lower"] = rng.uniform(-0.45, -0.35, 2), 0.2 * one["lower"]
    lower = np.tril(one["lower"], -1)
    exact = np.concatenate(
        [one["x"] - 2 * one["loc"], 1 - 2 * np.exp(2 * one["log_scale"]), -2 * lower.ravel()]
    )
    names = [
        "loc[0]",
        "loc[1]",
        "log_scale[0]",
        "log_scale[1]",
        "lower[0, 0]",
        "lower[0, 1]",
        "lower[1, 0]",
        "lower[1, 1]",
    ]

    def draw(count: int) -> Draws:
        params, eps = replicated(one, count), noise((1, count, 2), probe.fresh_seed())
        terms = parts("freeze/full_rank", params, drawn(eps), replicates=count)
        got = probe.gradient("freeze/full_rank", params, *FAMILY, eps).flat(count)
        return path_and_total(got, terms)

    return unbiased(
        probe,
        draw,
        exact,
        names=names,
        mistakes=[
            Mistake(
                "sample_detached",
                "On average your gradient is zero: the path through the sample is missing.",
                np.zeros(8),
            ),
            Mistake("entropy_dropped", ENTROPY_LOST, exact - np.array([0.0, 0, 1, 1, 0, 0, 0, 0])),
        ],
    )


@EXERCISE.part(
    "A flow that is its own posterior: zero for every draw",
    weight=1.5,
    needs=["gaussian_gradients"],
)
def flow_at_its_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    params = {
        "x": rng.normal(size=(3, 1)),
        "seed": np.array(int(rng.integers(10**6))),
        "nudge": np.array(0.0),
    }
    return _landing(
        probe, "freeze/flow", params, rng.normal(size=(4, 3, 2)), Mistake("leak", LEAK, None)
    )


@EXERCISE.part(
    "Two layers at their exact posterior: zero for every draw", needs=["gaussian_gradients"]
)
def layers_at_their_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    return _landing(
        probe,
        "freeze/layered",
        chain_posterior(rng),
        rng.normal(size=(4, 3, 2)),
        Mistake("leak", LEAK, None),
    )


def _landing(
    probe: Probe, problem: str, params: Arrays, eps: np.ndarray, otherwise: Mistake
) -> Finding:
    """Zero at the posterior; what is left over may be the score term that leaked."""
    reply = probe.gradient(problem, params, *FAMILY, eps)
    terms, got = parts(problem, params, eps, reply.seed), reply.flat()
    if not np.any(got) and len(reply.unused) == len(reply.gradient):
        return Finding(
            False,
            "a gradient that reaches the parameters and cancels",
            "no path to any parameter",
            "sample_detached",
            SAMPLE_DETACHED,
        )
    if np.allclose(got, terms["score"]) and _total_for_gaussians(probe):
        otherwise = Mistake("score_kept", SCORE_KEPT, None)
    return zero(
        got,
        mistakes=[
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
            Mistake("score_sign", SCORE_SIGN, -terms["score"]),
            Mistake("wrong_one_frozen", WRONG_ONE, terms["model"] + terms["score"]),
            Mistake(otherwise.key, otherwise.hint, terms["score"]),
        ],
    )


def _total_for_gaussians(probe: Probe) -> bool:
    """Whether the score term is there even for a family whose density is plain numbers: then nothing leaked, it was never frozen."""
    rng = np.random.default_rng(probe.fresh_seed())
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    reply = probe.gradient("freeze/mean_field", params, *FAMILY, eps)
    terms = parts("freeze/mean_field", params, eps, reply.seed)
    return bool(np.allclose(reply.flat(), terms["path"] + terms["score"]))
