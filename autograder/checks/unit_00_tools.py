"""Unit 00: logarithms of averages, axes, and one value with another gradient."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.probe import LearnerError, Probe
from autograder.checks.registry import part
from autograder.protocol.wire import ref

LME, AXES, SURROGATE = "00_log_mean_exp", "00_log_likelihood", "00_value_and_gradient"
LOG_2PI = np.log(2 * np.pi)


# -- log_mean_exp -----------------------------------------------------------------------------------------------------


def _log_mean_exp(log_w: np.ndarray, axis: int = 0) -> np.ndarray:
    top = log_w.max(axis, keepdims=True)
    return np.log(np.exp(log_w - top).mean(axis)) + np.squeeze(top, axis)


def _average_mistakes(log_w: np.ndarray) -> list[Mistake]:
    with np.errstate(all="ignore"):
        return _averages(log_w)


def _averages(log_w: np.ndarray) -> list[Mistake]:
    right, count = _log_mean_exp(log_w), len(log_w)
    known = [
        Mistake("missing_log_k", "You returned the logarithm of the sum. Of K equal weights the mean is one of them: subtract log K.",
                right + np.log(count)),
        Mistake("added_log_k", "log K has the wrong sign: a mean is a sum divided by K, so its logarithm is smaller.",
                right + 2 * np.log(count)),
        Mistake("mean_of_logs", "You averaged the logarithms. The logarithm of a mean is larger: exponentiate (safely), average, then take "
                "the logarithm.", log_w.mean(0)),
        Mistake("mean_of_weights", "This is the mean of the weights. Its logarithm is asked for.", np.exp(right)),
        Mistake("maximum", "You returned the largest log weight. It is the shift that makes the sum safe, not the answer.", log_w.max(0)),
        Mistake("over_everything", "You averaged over the batch too. Each column has an average of its own: reduce axis 0 alone.",
                _log_mean_exp(log_w.reshape(-1))),
    ]
    if log_w.ndim > 1:
        known.append(Mistake("wrong_axis", "You averaged over the last axis. Samples come first: reduce axis 0.", _log_mean_exp(log_w, -1)))
        known.append(Mistake("counted_everything", "The sum is over the K samples, but you divided by the number of all weights. K is "
                             "log_w.shape[0].", right + np.log(count) - np.log(log_w.size)))
    return known


@part(LME, "Ordinary log weights, with a batch")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(-3, 1.5, (5, 4))
    return compare(probe.value(log_w), _log_mean_exp(log_w), _average_mistakes(log_w), what="log mean w")


@part(LME, "Without a batch, and with two batch axes", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    for shape in ((7,), (3, 2, 4)):
        log_w = rng.normal(0, 2, shape)
        finding = compare(probe.value(log_w), _log_mean_exp(log_w), _average_mistakes(log_w), what=f"log mean w for log_w of shape {shape}")
        if not finding.ok:
            break
    return finding


@part(LME, "Log weights of -10,000 and of +10,000")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(0, 2, (6, 2)) + np.array([-1e4, 1e4])
    naive = Mistake("naive_exp", "exp(-10,000) is 0 and exp(10,000) is infinite in floating point. Subtract the largest log weight first "
                    "and add it back after the logarithm, or let torch.logsumexp do it.", lambda got: not np.isfinite(got).all())
    return compare(probe.value(log_w), _log_mean_exp(log_w), [*_average_mistakes(log_w), naive], rtol=1e-7, what="log mean w")


@part(LME, "Weights that are exactly zero", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(0, 1, (4, 2))
    log_w[0, 0], log_w[:, 1] = -np.inf, -np.inf
    got = probe.value(log_w)
    want = np.log(np.exp(log_w[:, 0]).mean())
    known = [Mistake(m.key, m.says, np.asarray(m.value)[0]) for m in _average_mistakes(log_w[:, :1]) if np.shape(m.value) == (1,)]
    if not isinstance(got, np.ndarray) or got.shape != (2,):
        return compare(got, np.zeros(2), what="log mean w")
    finding = compare(got[0], want, known, what="log mean w, one weight of four being zero,")
    if not finding.ok:
        return finding
    says = ("max - max is -inf - (-inf) = NaN when all weights are zero. torch.logsumexp knows this case; "
            "by hand, replace an infinite shift by 0.")
    return holds(bool(got[1] == -np.inf), "log mean w = -inf when all weights are zero", f"{got[1]}", "all_zero", says)


# -- axes -------------------------------------------------------------------------------------------------------------


def _terms(x: np.ndarray, z: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return -0.5 * ((x - z) / np.exp(log_scale)) ** 2 - log_scale - 0.5 * LOG_2PI


def _axis_mistakes(x: np.ndarray, z: np.ndarray, log_scale: np.ndarray) -> list[Mistake]:
    terms = _terms(x, z, log_scale)
    right, dim = terms.sum(-1), z.shape[-1]
    square = (x - z) ** 2
    over_batch = [Mistake("sum_over_batch", "You summed over the batch. Data are kept apart: the event is the last axis.", terms.sum(1))]
    with np.errstate(invalid="ignore", divide="ignore"):
        as_scale = (-0.5 * square / log_scale**2 - np.log(np.abs(log_scale)) - 0.5 * LOG_2PI).sum(-1)
    return [
        Mistake("mean_over_event",
                "You averaged over the event axis. The log-density of independent coordinates is their sum.", terms.mean(-1)),
        Mistake("no_sum", "One number per coordinate came back. Sum over the event axis, the last one.", terms),
        Mistake("sum_over_samples", "You summed over the first axis, the samples. The event axis is the last one.", terms.sum(0)),
        Mistake("over_everything", "Everything was summed to one number. Keep samples and batch: sum over the last axis alone.",
                terms.sum()),
        Mistake("lost_2pi", "The constant -log(2 pi)/2 is missing, once for each coordinate.", right + 0.5 * LOG_2PI * dim),
        Mistake("one_2pi", "The constant -log(2 pi)/2 is needed once for each coordinate; you have it once in all.",
                right + 0.5 * LOG_2PI * (dim - 1)),
        Mistake("variance_as_scale", "You divided by the standard deviation where its square is needed (or took exp(log_scale) for the "
                "variance).", (-0.5 * square / np.exp(log_scale) - log_scale - 0.5 * LOG_2PI).sum(-1)),
        Mistake("variance_as_scale", "exp(log_scale) is the standard deviation; you took it for the variance.",
                (-0.5 * square / np.exp(log_scale) - 0.5 * log_scale - 0.5 * LOG_2PI).sum(-1)),
        Mistake("log_scale_as_scale", "You used log_scale as if it were the scale. Exponentiate it first.", as_scale),
        Mistake("normalizer_lost", "The term -log(scale) of the normalizer is missing.", (terms + log_scale).sum(-1)),
        Mistake("normalizer_sign", "The normalizer has the wrong sign: a wider Gaussian is lower, so -log(scale).",
                (terms + 2 * log_scale).sum(-1)),
        *(over_batch if z.ndim > 2 else []),
    ]


@part(AXES, "Samples, a batch and an event of three")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x, z, log_scale = rng.normal(size=(4, 3)), rng.normal(size=(5, 4, 3)), rng.uniform(-0.9, -0.3, 3)
    return compare(probe.value(x, z, log_scale), _terms(x, z, log_scale).sum(-1), _axis_mistakes(x, z, log_scale), what="log p(x | z)")


@part(AXES, "As many samples as data as coordinates")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x, z, log_scale = rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 3)), rng.uniform(-0.9, -0.3, 3)
    paired = _terms(x[:, None], z, log_scale).sum(-1)
    known = [Mistake("paired_with_samples",
            "Sample k was paired with datum k. x has no sample axis: let broadcasting add it in front.", paired)]
    return compare(probe.value(x, z, log_scale), _terms(x, z, log_scale).sum(-1), [*known, *_axis_mistakes(x, z, log_scale)],
                   what="log p(x | z) with K = B = D = 3")


@part(AXES, "Without a batch; with two batch axes; one coordinate")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    says = "Count axes from the end: the event is axis -1, whatever stands before it."
    for batch, dim in (((), 3), ((2, 4), 2), ((4,), 1)):
        x, z, log_scale = rng.normal(size=(*batch, dim)), rng.normal(size=(5, *batch, dim)), rng.uniform(-0.9, -0.3, dim)
        want = f"log p(x | z) of shape {z.shape[:-1]} for z of shape {z.shape}"
        try:
            got = probe.value(x, z, log_scale)
        except LearnerError as error:
            if error.kind != "IndexError":
                raise
            return Finding(False, want, f"{error.kind}: {error.message}", "fixed_axes", says)
        right = _terms(x, z, log_scale).sum(-1)
        finding = compare(got, right, _axis_mistakes(x, z, log_scale), what=f"log p(x | z) for z of shape {z.shape}")
        if not finding.ok:
            fixed = finding.diagnosis in ("shape", "sum_over_samples", "sum_over_batch", "no_sum")
            return Finding(False, finding.expected, finding.came, "fixed_axes", says) if fixed else finding
    return finding


@part(AXES, "A scale of one in a million", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    z, log_scale = rng.normal(size=(4, 2, 2)), np.full(2, np.log(1e-6))
    x = z[0] + 1e-6 * rng.normal(size=(2, 2))
    return compare(probe.value(x, z, log_scale), _terms(x, z, log_scale).sum(-1), _axis_mistakes(x, z, log_scale), what="log p(x | z)")


# -- one value, another gradient --------------------------------------------------------------------------------------


def _quantities(rng: np.random.Generator, scale: float = 1.0) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    """Parameters, the value, and the gradients that could come: of value, surrogate and both, ``(2, B)`` each."""
    a, b = rng.uniform(0.5, 1.5, 3), rng.uniform(0.5, 1.5, 3)
    of_value = np.stack([np.cos(a), np.ones(3)])
    of_surrogate = scale * np.stack([2 * a * b, a**2])
    values = {"a": a, "b": b, "scale": np.asarray(scale)}
    return values, np.sin(a) + b, {"value": of_value, "surrogate": of_surrogate, "s": scale * a**2 * b}


@part(SURROGATE, "The value is the value")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, value, other = _quantities(rng)
    got = probe.value(ref("value"), ref("surrogate"), problem="two_quantities", params=params)
    return compare(got, value, what="the value", mistakes=[
        Mistake("surrogate_value", "You returned the surrogate, or something of its value. What is printed must be the value.", other["s"]),
        Mistake("sum_of_both",
                "You added both. The surrogate must add nothing to the value: subtract its own detached copy.", value + other["s"]),
        Mistake("nothing_left", "Value and surrogate cancel. Only the surrogate has its own detached copy subtracted.", 0 * value)])


@part(SURROGATE, "The gradient is that of the surrogate")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, _, g = _quantities(rng)
    reply = probe.gradient("two_quantities", params, ref("value"), ref("surrogate"))
    got = np.stack([reply.gradient["a"], reply.gradient["b"]])
    return compare(got, g["surrogate"], what="the gradient in (a, b)", mistakes=[
        Mistake("both_gradients", "The gradient of the value came along. Detach the value.", g["value"] + g["surrogate"]),
        Mistake("value_gradient",
                "This is the gradient of the value. Detach the value, and leave one copy of the surrogate attached.", g["value"]),
        Mistake("no_gradient", "No gradient comes back: everything is detached. One copy of the surrogate must stay attached.",
                0 * g["value"]),
        Mistake("minus", "The gradient has the wrong sign: surrogate minus its detached copy, not the other way round.", -g["surrogate"])])


@part(SURROGATE, "No digit is lost when the surrogate is ten million times larger")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, value, _ = _quantities(rng, scale=1e7)
    single = {name: array.astype(np.float32) for name, array in params.items()}
    got = probe.value(ref("value"), ref("surrogate"), problem="two_quantities", params=single)
    says = ("In float32 a number of ten million keeps no decimals. Form the difference surrogate - surrogate.detach() first, which "
            "is exactly zero, and add the value to that.")
    lost = Mistake("digits_lost", says, lambda got: got.shape == value.shape and bool((np.abs(got - value) < 8).all()))
    return compare(got, value, [lost], rtol=1e-5, what="the value, in float32")
