"""The objective of a variational autoencoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Size, Tensor

from autograder.checks.compare import compare
from autograder.checks.efficiency import Draws, measured
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.pullback import pull_back
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, Arrays
from autograder.units.unit_13.reference import (
    ask_noise,
    bits_log_prob,
    build,
    kl_terms,
    narrow_and_wide,
    normal_log_prob,
    small_params,
)

EXERCISE = exercise(
    __name__,
    title="The objective of a variational autoencoder",
    function="vae_objective",
    points=3,
    difficulty=3,
    importance=5,
    minutes=25,
    read="section 3, The encoder second",
    hides=["gradients.analytic:analytic_kl"],
)


def objectives(params: Arrays, eps: np.ndarray) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The objective and what each mistake makes of it, with graphs; and the parameters."""
    made = build(params)
    encoder, decoder, x, noise = made["encoder"], made["decoder"], made["x"], torch.from_numpy(eps)
    loc, log_scale = encoder(x).chunk(2, -1)

    def log_likelihood(z: Tensor) -> Tensor:
        return bits_log_prob(x, decoder(z)).sum(-1)

    z = loc + log_scale.exp() * noise
    kl, like = kl_terms(loc, log_scale).sum(-1), log_likelihood(z)
    half = kl_terms(loc, log_scale / 2).sum(-1)
    sampled = normal_log_prob(z, loc, log_scale) - normal_log_prob(z)
    reversed_kl = (log_scale + 0.5 * (1 + loc**2) * (-2 * log_scale).exp() - 0.5).sum(-1)
    logits = decoder(z)
    found = {
        "right": like.mean(0) - kl,
        "sample_detached": log_likelihood(z.detach()).mean(0) - kl,
        "kl_detached": like.mean(0) - kl.detach(),
        "kl_missing": like.mean(0),
        "kl_sign": like.mean(0) + kl,
        "loss_sign": kl - like.mean(0),
        "kl_reversed": like.mean(0) - reversed_kl,
        "log_scale_as_log_variance": log_likelihood(loc + (log_scale / 2).exp() * noise).mean(0)
        - half,
        "kl_of_log_variance": like.mean(0) - half,
        "sample_of_log_variance": log_likelihood(loc + (log_scale / 2).exp() * noise).mean(0) - kl,
        "log_scale_as_scale": log_likelihood(loc + log_scale * noise).mean(0) - kl,
        "mean_over_pixels": like.mean(0) / x.shape[-1] - kl,
        "kl_mean_over_latents": like.mean(0) - kl_terms(loc, log_scale).mean(-1),
        "sum_over_samples": like.sum(0) - kl,
        "kl_for_each_sample": like.mean(0) - len(eps) * kl,
        "sampled_kl": (like - sampled).mean(0),
        "no_noise": log_likelihood(loc) - kl,
        "squared_error": -(x - logits.sigmoid()).square().sum(-1).mean(0) - kl,
        "sigmoid_twice": bits_log_prob(x, logits.sigmoid()).sum(-1).mean(0) - kl,
        "no_mean": like - kl,
        "mean_over_batch": (like.mean(0) - kl).mean(),
        "sum_over_batch": (like.mean(0) - kl).sum(),
        "halves_swapped": log_likelihood(log_scale + loc.exp() * noise).mean(0)
        - kl_terms(log_scale, loc).sum(-1),
    }
    for key, other in (
        ("batch_gradient", found["right"].mean().expand_as(kl)),
        ("neighbour_gradient", found["right"].reshape(-1).roll(1).reshape(kl.shape)),
    ):
        found[key] = found["right"].detach() + (other - other.detach())
    return found, made["learn"]


IN_THE_GRADIENT_ALONE = ("sample_detached", "kl_detached", "batch_gradient", "neighbour_gradient")


def gradients(value: Tensor, learn: dict[str, Tensor], x: np.ndarray, seed: int) -> np.ndarray:
    """All gradients side by side, ``(P,)``, pulled back with the weights of the request of this seed."""
    found = pull_back(
        value, list(learn.values()), Size(x.shape[:-1]), seed, shared=True, retain_graph=True
    )
    parts = [
        torch.zeros_like(parameter) if one is None else one
        for parameter, one in zip(learn.values(), found, strict=True)
    ]
    return np.concatenate([part.numpy().ravel() for part in parts])


ASKED = [ref("encoder"), ref("decoder"), ref("x")]
SAYS = {
    "sample_detached": "The gradient of the reconstruction does not reach the encoder: something was detached between the encoder's "
    "numbers and z. Write z = loc + exp(log_scale) * eps from the numbers as they are.",
    "kl_detached": "The KL does not pull on the encoder: it was computed without a graph.",
    "batch_gradient": "The values are right, and each carries the gradient of the batch's mean: the weights that "
    "the check gives the data show it.",
    "neighbour_gradient": "The values are right, and each carries the gradient of its neighbour's.",
    "kl_missing": "This is the reconstruction term alone. Subtract the KL to the prior.",
    "kl_sign": "The KL is added. It is a cost: subtract it.",
    "loss_sign": "This is the negative ELBO, a loss. Return the ELBO itself, the thing to climb.",
    "kl_reversed": "This is KL(prior || q). The expectation is under q: KL(q || prior).",
    "log_scale_as_log_variance": "You read the encoder's second half as log variances. They are logarithms of standard deviations.",
    "kl_of_log_variance": "The sample is right, but the KL reads log_scale as a log variance.",
    "sample_of_log_variance": "The KL is right, but the sample reads log_scale as a log variance: z = loc + exp(log_scale) * eps.",
    "log_scale_as_scale": "log_scale is the logarithm of s: z = loc + exp(log_scale) * eps.",
    "mean_over_pixels": "You averaged over the pixels. log p(x | z) of independent pixels is a *sum*; with a mean the KL outweighs it "
    "Dx times, and the latents collapse.",
    "kl_mean_over_latents": "You averaged the KL over the latents. Sum it.",
    "sum_over_samples": "The expectation of log p(x | z) is estimated by the *mean* over the K samples, not by their sum.",
    "kl_for_each_sample": "The KL was subtracted once for each sample. It is there once.",
    "sampled_kl": "Right on average, but the KL was estimated from the samples. This exercise asks for its closed form, from exercise 1.",
    "no_noise": "You decoded the mean. The expectation is over z = loc + exp(log_scale) * eps: use eps.",
    "squared_error": "This is a squared error. The pixels are bits: log p(x | z) = sum x log p + (1 - x) log(1 - p).",
    "sigmoid_twice": "The sigmoid is applied twice. The decoder writes logits, and the function you call expects logits too.",
    "no_mean": NO_MEAN,
    "mean_over_batch": "You averaged over the batch as well. One number for each datum.",
    "sum_over_batch": "You summed over the batch. One number for each datum.",
    "halves_swapped": "The first half of what the encoder writes is loc, the second log_scale.",
}


def _mistakes(found: dict[str, Tensor]) -> list[Mistake]:
    """What each mistake makes of the value; those that show in the gradient alone are left out."""
    right = found["right"].shape
    return [
        Mistake(key, SAYS[key], value.detach().numpy())
        for key, value in found.items()
        if key not in ("right", *IN_THE_GRADIENT_ALONE)
        and not (key in ("mean_over_batch", "sum_over_batch") and value.shape == right)
    ]


def _value(probe: Probe, params: Arrays, eps: np.ndarray, rtol: float = 1e-9) -> Finding:
    found, _ = objectives(params, eps)
    actual = probe.gradient("vae/small", params, *ASKED, eps).value
    return compare(
        actual, found["right"].detach().numpy(), _mistakes(found), rtol=rtol, what="the objective"
    )


@EXERCISE.part("The value at fixed noise, one number per datum", weight=1.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(4,), latents=3)
    return _value(probe, params, ask_noise(rng, params, 5))


@EXERCISE.part("The gradient at fixed noise, for encoder and decoder", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(4,), latents=3)
    return _gradient(probe, params, ask_noise(rng, params, 5))


def _gradient(probe: Probe, params: Arrays, eps: np.ndarray) -> Finding:
    found, learn = objectives(params, eps)
    reply = probe.gradient("vae/small", params, *ASKED, eps)
    if len(reply.unused) == len(learn) // 2 and all(
        name.startswith("encoder") for name in reply.unused
    ):
        return Finding(
            False,
            "a gradient that reaches the encoder",
            "none of its parameters is reached",
            "encoder_detached",
            "Everything that came from the encoder was cut off from it: no detach, no no_grad, "
            "no .item() on the way.",
        )
    slopes = {key: gradients(value, learn, params["x"], reply.seed) for key, value in found.items()}
    mistakes = [Mistake(key, SAYS[key], value) for key, value in slopes.items() if key != "right"]
    return compare(reply.flat(), slopes["right"], mistakes, what="the gradient")


@EXERCISE.part("Narrow and wide posteriors, data on two axes", weight=0.5)
def narrow_and_wide_posteriors(probe: Probe, rng: np.random.Generator) -> Finding:
    params = narrow_and_wide(rng)
    eps = ask_noise(rng, params, 3)
    finding = _value(probe, params, eps)
    return finding if not finding.ok else _gradient(probe, params, eps)


@EXERCISE.part(
    "One datum alone, no batch axis at all; a decoder that is right about it", weight=0.5
)
def unbatched(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(), latents=3)
    finding = _value(probe, params, ask_noise(rng, params, samples=130))
    if not finding.ok:
        return finding
    right = {**params, "lean": 7 * (2 * params["x"] - 1)}  # all of it right, and nearly for nothing
    return _value(probe, right, ask_noise(rng, params, 1))


@EXERCISE.part("Confident decoders: logits of several hundred", weight=0.5)
def confident_decoder(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, latents=3, volume=np.array(400.0))
    eps = ask_noise(rng, params)
    found, _ = objectives(params, eps)
    actual = probe.gradient("vae/small", params, *ASKED, eps).value
    right = found["right"].detach().numpy()
    if named := _through_probabilities(params, eps, actual, right):
        return named
    return compare(actual, right, _mistakes(found), rtol=1e-9, what="the objective")


def _through_probabilities(
    params: Arrays, eps: np.ndarray, actual: np.ndarray, right: np.ndarray
) -> Finding | None:
    """Named where what came is, number by number, a logarithm of sigmoids: not finite, or clamped as somebody clamps them."""
    made = build(params)
    with torch.no_grad():
        x = made["x"]
        loc, log_scale = made["encoder"](x).chunk(2, -1)
        p = made["decoder"](loc + log_scale.exp() * torch.from_numpy(eps)).sigmoid()
        kl = kl_terms(loc, log_scale).sum(-1)
        one, zero = p.log(), (1 - p).log()
        takes = [x * one + (1 - x) * zero, torch.where(x == 1, one, zero)]
        takes += [take.clamp(min=-100) for take in takes[1:]]
        for least in (torch.finfo(p.dtype).eps, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5):
            safe = p.clamp(least, 1 - least)
            takes.append(x * safe.log() + (1 - x) * (1 - safe).log())
            takes.append(x * (p + least).log() + (1 - x) * (1 - p + least).log())
        lost = [(take.sum(-1).mean(0) - kl).numpy() for take in takes]
    for wrong in lost:
        if (
            actual.shape == right.shape
            and np.allclose(actual, wrong, equal_nan=True)
            and not np.allclose(wrong, right)
        ):
            return Finding(
                False,
                "numbers that are finite and exact",
                "NaN or infinity" if not np.isfinite(actual).all() else "numbers that are too high",
                "log_of_sigmoid",
                "sigmoid rounds to 0 or 1 and its logarithm overflows (or was clamped). Compute log p "
                "from the logits: logsigmoid, or binary_cross_entropy_with_logits.",
            )
    return None


@EXERCISE.part("On average over the noise it is the ELBO, by quadrature", weight=0.5)
def mean_is_the_elbo(probe: Probe, rng: np.random.Generator) -> Finding:
    """One latent: nodes of a Gauss-Hermite rule stand in for the samples of as many copies of one datum."""
    params = small_params(rng, batch=(1,), latents=1, gain=1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    weights = weights / weights.sum()
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        z = loc + log_scale.exp() * torch.from_numpy(nodes)[:, None]
        like = -torch.nn.functional.binary_cross_entropy_with_logits(
            made["decoder"](z), made["x"].expand(48, -1), reduction="none"
        ).sum(-1)
        exact = float(torch.from_numpy(weights) @ like) - float(kl_terms(loc, log_scale).sum())
    copies = {**params, "x": np.repeat(params["x"], 48, 0)}
    got = np.asarray(
        probe.gradient("vae/small", copies, *ASKED, nodes[None, :, None]).value, dtype=float
    )
    if got.shape != (48,):
        return compare(got, np.zeros(48), what="the objective")
    finding = compare(weights @ got, np.array(exact), what="its mean over the noise")
    sampled = like + normal_log_prob(z) - normal_log_prob(z, loc, log_scale)
    half = {"the objective with the KL by formula": like.numpy()[:, None]}
    draws = Draws(got[:, None], half, {"all of it sampled": sampled.numpy()[:, None]})
    return replace(finding, efficiency=measured(draws, weights))
