"""Repair the VAFC listing."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds, zero
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_09.factor_covariance import (
    DIM,
    PARAMETERS,
    RANK,
    at_fixed_noise,
    at_the_target,
    covariance,
    joined,
    pull,
    random_family,
    terms,
)
from autograder.units.unit_09.vafc_judged import draws_of_q, first_false, start_claims, step_claims
from autograder.units.unit_09.vafc_mistakes import (
    elbo_mistakes,
    gradient_mistakes,
    precision_mistakes,
    transport_mistakes,
    zero_mistakes,
)

EXERCISE = exercise(
    __name__,
    title="Repair the VAFC listing",
    function="VAFC",
    points=4,
    difficulty=4,
    importance=3,
    minutes=40,
    read="section 8, A published listing, repaired",
    hides=["distributions.normal:FactorNormal.precision_times"],
)

STEPS, BOUND = 200, -0.05
RTOL, ATOL = 1e-9, 1e-10  # double precision is asked for
LARGE = 400  # latents where a matrix of p x p numbers is seen
DRAWS, FEW_DRAWS = 4000, 1000


@EXERCISE.part("It starts: B is not zero, and the seed decides everything", weight=0.75)
def start(probe: Probe, rng: np.random.Generator) -> Finding:
    seen = probe.drive("vafc/start", p=6, r_cov=2, seed=int(rng.integers(1000)))
    B, draws = (as_array(seen[name]) for name in ("B", "draws"))
    if B.shape != (3, 6, 2):
        return compare(seen["B"][0], np.zeros((6, 2)), what="B")
    if draws.shape != (3, 4, 6):
        return compare(seen["draws"][0], np.zeros((4, 6)), what="sample(4)")
    return first_false(start_claims(seen, B, draws)) or Finding(
        True, "B random, and all by the seed", "B random, draws by the seed"
    )


@EXERCISE.part("t(s1, s2) at fixed noise", weight=0.75)
def transport(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = at_fixed_noise(rng)
    return compare(
        probe.drive("vafc/fixed_noise", **inputs, ask="transport"),
        terms(**inputs)["z"],
        what="z",
        mistakes=transport_mistakes(inputs),
        rtol=RTOL,
        atol=ATOL,
    )


@EXERCISE.part("sample(n): n fresh draws of q, at every call", weight=0.75)
def sample(probe: Probe, rng: np.random.Generator) -> Finding:
    family, n = random_family(rng), int(rng.integers(3, 9))
    actual = probe.drive("vafc/two_samples", **family, n=n, seed=int(rng.integers(1000)))
    both = as_array(actual)
    if both.shape != (2, n, DIM):
        return compare(actual[0], np.zeros((n, DIM)), what=f"sample({n})")
    for rows, expected, hint in (
        (both[0], f"{n} different rows", "Draw fresh noise for each row."),
        (
            both.reshape(-1, DIM),
            "other rows at the second call",
            "The generator is seeded once, when the object is made: seeded at every call it repeats itself.",
        ),
    ):
        different = len(np.unique(rows, axis=0))
        if different < len(rows):
            return holds(
                False, expected, f"{different} of {len(rows)} differ", "draws_repeated", hint
            )
    off = both[0] - family["mu"]
    mirrored = np.isclose(off[:, None], -off[None], rtol=1e-9, atol=1e-12).all(-1)
    if mirrored.any():
        return holds(
            False,
            f"{n} independent rows",
            "two of them mirror each other at the mean",
            "draws_mirrored",
            "Antithetic draws are no independent draws of q: whoever computes a standard error from them is misled.",
        )
    return draws_of_q(probe, rng, family, "sample", DRAWS)


@EXERCISE.part("pr_Z(v): the precision times a vector", weight=1)
def precision_product(probe: Probe, rng: np.random.Generator) -> Finding:
    family, v = random_family(rng, 40, 3), rng.normal(size=(int(rng.integers(2, 7)), 40))
    B, sigma = family["B"], family["sigma"]
    right = compare(
        probe.drive("vafc/precision", **family, v=v)["product"],
        v @ np.linalg.inv(covariance(B, sigma)),
        what="the product",
        mistakes=precision_mistakes(B, sigma, v),
        rtol=RTOL,
        atol=ATOL,
    )
    if not right.ok:
        return right
    large = random_family(rng, LARGE, 3)
    seen = probe.drive("vafc/precision", **large, v=rng.normal(size=(2, LARGE)))
    return holds(
        not seen["dense"],
        "no p x p matrix is formed (Woodbury needs r x r at most)",
        f"room for one at p = {LARGE}" if seen["dense"] else "none",
        "dense",
        "Right, but at p = 100,000 this matrix would need 80 GB. Use Woodbury: D⁻¹ - D⁻¹ B (I + BᵀD⁻¹B)⁻¹ BᵀD⁻¹.",
    )


@EXERCISE.part("ELBO(z): the estimate, averaged over the rows of z", weight=0.75)
def elbo(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = at_fixed_noise(rng)
    seen = probe.drive("vafc/fixed_noise", **inputs, ask="elbo")
    value = compare(
        seen["value"],
        terms(**inputs)["log_w"].mean(),
        what="the ELBO",
        mistakes=elbo_mistakes(inputs),
        rtol=RTOL,
        atol=ATOL,
    )
    if value.ok:
        inputs = at_fixed_noise(rng)
        inputs["sigma"] = inputs["sigma"] * np.where(rng.permutation(DIM) == 0, -1.0, 1.0)
        unsigned = Mistake(
            "sigma_signed",
            "It is not a number where an entry of sigma is negative. Only squares of sigma count: what do you take the logarithm of?",
            lambda got: not np.isfinite(got).all(),
        )
        value = compare(
            probe.drive("vafc/fixed_noise", **inputs, ask="elbo")["value"],
            terms(**inputs)["log_w"].mean(),
            what="the ELBO where an entry of sigma is negative",
            mistakes=[unsigned],
            rtol=RTOL,
            atol=ATOL,
        )
    if value.ok and seen["graph"]:
        return holds(
            False,
            "a number without a graph",
            "a tensor that requires gradients",
            "graph_kept",
            "A history of such numbers keeps every graph alive. Compute it under torch.no_grad().",
        )
    return value


@EXERCISE.part("gradient(s1, s2): the path derivative of the ELBO", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = at_fixed_noise(rng)
    known = terms(**inputs)
    return compare(
        joined(probe.drive("vafc/fixed_noise", **inputs, ask="gradient")),
        pull(known["model"] - known["density"], inputs["s1"], inputs["s2"]),
        what="the gradient (mu, B, sigma side by side)",
        mistakes=gradient_mistakes(inputs),
        rtol=RTOL,
        atol=ATOL,
    )


@EXERCISE.part("The gradient vanishes when q is the target", weight=0.75, needs=["gradient"])
def zero_at_the_target(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = at_the_target(rng)
    got = joined(probe.drive("vafc/fixed_noise", **inputs, ask="gradient"))
    if not isinstance(got, np.ndarray):
        return compare(got, np.zeros(DIM * (RANK + 2)), what="the gradient")
    return zero(
        got,
        scale=float(np.abs(inputs["precision"]).max()),
        mistakes=zero_mistakes(inputs),
    )


@EXERCISE.part("train_step(n_BZ): n_BZ fresh draws of q, and every parameter moves", weight=0.75)
def one_training_step(probe: Probe, rng: np.random.Generator) -> Finding:
    size, steps = int(rng.integers(20, 40)), int(rng.integers(3, 7))
    seen = probe.drive("vafc/step", p=3, r_cov=1, n_BZ=size, num_steps=steps)
    if missed := first_false(step_claims(seen, size)):
        return missed
    return draws_of_q(probe, rng, random_family(rng), "train_step", FEW_DRAWS)


@EXERCISE.part("full_train(num_steps, n_BZ): that many steps, with n_BZ samples each", weight=0.5)
def number_of_steps(probe: Probe, rng: np.random.Generator) -> Finding:
    size, steps = int(rng.integers(5, 10)), int(rng.integers(3, 7))
    seen = probe.drive("vafc/step", p=3, r_cov=1, n_BZ=size, num_steps=steps)
    once, full, wanted = int(seen["rows"][0]), int(seen["full"]), steps * size
    # an optimizer may look at its samples at several places in one step
    ok = full == wanted if once == size else full >= wanted and full % size == 0
    return holds(
        ok,
        f"full_train({steps}, {size}) asks for the slope of logp at {wanted} samples",
        f"at {full}",
        "wrong_count",
        ""
        if ok
        else "One of the two arguments has no effect, or another one than it says: that was a fault of the listing.",
    )


@EXERCISE.part(
    f"full_train({STEPS}) reaches an ELBO above {BOUND:g} on a target the family contains",
    weight=1.25,
)
def full_training(probe: Probe, rng: np.random.Generator) -> Finding:
    order, turned = rng.permutation(3), rng.choice([-1.0, 1.0], size=(2, 3))
    mean = turned[0] * np.array([1.0, 0.5, 0.3])[order]
    B = (turned[1] * np.array([0.8, 0.6, 0.5])[order])[:, None]
    target = covariance(B, rng.permutation([0.3, 0.4, 0.5]))
    fit = probe.drive("vafc/train", mean=mean, covariance=target, r_cov=1, num_steps=STEPS)
    mu, factor, sigma = (as_array(fit[name]) for name in PARAMETERS)
    fitted = covariance(factor, sigma)
    inverse, off = np.linalg.inv(target), mu - mean
    reached = -0.5 * (
        np.trace(inverse @ fitted)
        + off @ inverse @ off
        - 3
        - np.linalg.slogdet(fitted)[1]
        + np.linalg.slogdet(target)[1]
    )
    stuck = bool(np.abs(factor).max() < 1e-3)
    hint = (
        "B stayed at the saddle: start it away from zero."
        if stuck
        else "That is the exact ELBO at your last parameters. It is too low: the gradient, the step size or the number of samples?"
    )
    return holds(
        bool(np.isfinite(reached)) and reached > BOUND,
        f"an ELBO above {BOUND:g} (0 is the best: the target is normalized)",
        f"{reached:.4g}",
        "b_zero" if stuck else "not_trained",
        hint,
    )
