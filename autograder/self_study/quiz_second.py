"""The quiz, units 10 to 19: one short question each, with its answer computed and its likely mistakes."""

from __future__ import annotations

import math

import numpy as np

from autograder.self_study.quiz_question import Drawn, Mistake, QuizQuestion

__all__ = ["SECOND"]

Rng = np.random.Generator


def tighter(rng: Rng) -> Drawn:
    spread, count = float(rng.choice([0.8, 1.2, 2.0])), int(rng.choice([10, 20]))
    return Drawn(
        f"The weights $w = p(x, z) / q(z)$ have mean $p(x)$ and variance ${spread:g}\\, p(x)^2$. To leading order in "
        f"$1/K$, how far does the "
        f"importance-weighted bound of $K = {count}$ samples lie below $\\log p(x)$, in nats?",
        _second_order(spread, count),
        (
            Mistake(spread / count, "You lost a half: the second-order term of the logarithm has one."),
            Mistake(spread / 2, "That is one sample's; the mean of K weights has a K-th of the variance."),
            Mistake(math.sqrt(spread / count), "That is the standard deviation of the mean weight, not the shift of its logarithm."),
            Mistake(spread / (2 * count**2), "You averaged twice: the variance of a mean falls like 1/K."),
        ),
    )  # fmt: skip


def _second_order(spread: float, count: int) -> float:
    """Minus the mean of log(1 + e), e of variance spread / K, to second order: by a two-point law of tiny e, scaled up again."""
    small = 1e-6
    e = math.sqrt(small)
    return -0.5 * (math.log1p(e) + math.log1p(-e)) / small * spread / count


def two_gaps(rng: Rng) -> Drawn:
    top, best, encoder = -90.2, -91.0 - float(rng.choice([0.0, 0.3])), -93.5 - float(rng.choice([0.0, 0.4]))  # fmt: skip
    return Drawn(
        f"For one image $\\log p(x) = {top:g}$. The encoder's $q$ has an ELBO of {encoder:g}; the best $q$ of the same "
        f"family, found by climbing for "
        f"this image alone, has {best:g}. How large is the amortization gap?",
        best - encoder,
        (
            Mistake(
                top - best,
                "That is the approximation gap, which no encoder of this family can close.",
            ),
            Mistake(top - encoder, "That is both gaps together."),
        ),
    )


def dreams(rng: Rng) -> Drawn:
    share = float(rng.choice([0.6, 0.7, 0.8]))
    posterior = {(0, 1): share, (1, 0): 1 - share}
    first = sum(value for (a, _), value in posterior.items() if a == 0)
    second = sum(value for (_, b), value in posterior.items() if b == 1)
    return Drawn(
        f"For some $x$ the exact posterior of two bits is $P(0, 1) = {share:g}$, $P(1, 0) = {1 - share:g}$. A "
        f"recognition network with independent "
        "bits is trained to rest by the *sleep phase*, in unlimited dreams. Which probability does it give to $(0, 1)$ there?",
        first * second,
        (
            Mistake(share, "Independent bits cannot hold that: it would take their dependence."),
            Mistake(
                1.0,
                "That is what climbing the ELBO tends to do, settle on one mode; dreams match the marginals.",
            ),
            Mistake(0.25, "That is for even marginals."),
        ),
    )


def linear_vae(rng: Rng) -> Drawn:
    eigenvalue, noise = float(rng.choice([4.0, 6.0, 9.0])), float(rng.choice([0.5, 1.0]))
    squared = eigenvalue - noise  # the weight of the best linear decoder in this direction
    variance = noise / (squared + noise)  # of the posterior
    mean_square = squared / (squared + noise)  # of its mean, over data
    cost = 0.5 * (variance + mean_square - 1 - math.log(variance))
    return Drawn(
        f"A linear VAE with decoder noise of variance {noise:g} is trained to its optimum. The covariance of the data has the eigenvalue "
        f"{eigenvalue:g} in a direction that one latent has taken over. What does this latent's KL term cost on average, in nats?",
        cost,
        (
            Mistake(2 * cost, "You lost a half: the logarithm is of standard deviations."),
            Mistake(cost / math.log(2), "That is in bits."),
            Mistake(0.5 * math.log(1 + eigenvalue / noise), "The eigenvalue holds the noise already: signal and noise together."),
            Mistake(-0.5 * math.log(variance) + 0.5 * (variance - 1), "The means of q scatter over data, and that costs as well."),
        ),
    )  # fmt: skip


def subsampled(rng: Rng) -> Drawn:
    size, batch = int(rng.choice([100, 1000])), 10
    mine, prior = float(rng.choice([-14.0, -18.0])), float(rng.choice([-2.0, -3.0]))
    return Drawn(
        f"In Pyro the {size} data stand in `pyro.plate(\"data\", {size}, subsample_size={batch})`. In one run the "
        f"log-likelihoods of the {batch} data that were "
        f"drawn add up to {mine:g}, and the global latent outside of the plate adds $\\log p(z) - \\log q(z) = "
        f"{prior:g}$. Which value has this run's "
        "estimate of the ELBO?",
        prior + size / batch * mine,
        (
            Mistake(prior + mine, "You took the batch for the data: a plate scales what stands in it."),
            Mistake(size / batch * (prior + mine), "You scaled the global latent, too; it stands outside of the plate."),
            Mistake(prior + size * mine, "You scaled by the number of data; of it the size of the batch was seen already."),
            Mistake(batch / size * prior + mine, "That is the estimate for a batch: divided by the scale."),
        ),
        within=0.5,
    )  # fmt: skip


def rate_distortion(rng: Rng) -> Drawn:
    wrong = float(rng.choice([0.05, 0.1, 0.2]))
    entropy = -(wrong * math.log2(wrong) + (1 - wrong) * math.log2(1 - wrong))
    return Drawn(
        f"A fair coin is sent so that at most a share of {wrong:g} of the tosses arrives wrong. How many bits a toss "
        f"does that take at least (Shannon's "
        "$R(D)$)?",
        1 - entropy,
        (
            Mistake(entropy, "That is the entropy of the errors: what they *save* of the one bit."),
            Mistake(1 - wrong, "To leave tosses out saves less than to be wrong about them cleverly."),
            Mistake(1 - 2 * wrong, "That guesses the rest: a share of twice D is not sent. Shannon does better."),
            Mistake((1 - entropy) * math.log(2), "That is in nats."),
        ),
    )  # fmt: skip


def pooled(rng: Rng) -> Drawn:
    count, variance = int(rng.choice([4, 8])), float(rng.choice([2.0, 4.0]))
    precision = 1.0 + sum(1 / variance for _ in range(count))
    return Drawn(
        f"A set of {count} numbers shares a mean $c \\sim N(0, 1)$; given $c$ they are independent, $N(c, "
        f"{variance:g})$ (a variance). What is the posterior "
        "variance of $c$?",
        1 / precision,
        (
            Mistake(
                variance / count, "You forgot the prior, which counts like a datum of variance 1."
            ),
            Mistake(1 / (1 + 1 / variance), "That is after one number of the set."),
            Mistake(1 / (1 + count / variance**2), "You squared a variance."),
            Mistake(math.sqrt(1 / precision), "That is the standard deviation."),
            Mistake(precision, "That is the precision."),
        ),
    )


def particles(rng: Rng) -> Drawn:
    weights = np.array([[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.7, 0.2, 0.1]][int(rng.integers(3))])
    told = ", ".join(f"{each:g}" for each in weights)
    return Drawn(
        f"Three particles have the normalized weights {told}. What is their effective sample size?",
        float(weights.sum() ** 2 / (weights**2).sum()),
        (
            Mistake(float((weights**2).sum()), "Turn it over."),
            Mistake(3.0, "That is their number; they would have to weigh the same."),
            Mistake(
                float(np.exp(-(weights * np.log(weights)).sum())),
                "That is the exponential of the entropy, another measure (perplexity).",
            ),
            Mistake(float(1 / weights.max()), "That looks at the largest weight alone."),
        ),
    )  # fmt: skip


def coupled(rng: Rng) -> Drawn:
    p = np.array([0.5, 0.3, 0.2])
    q = np.array([[0.2, 0.3, 0.5], [0.1, 0.3, 0.6], [0.3, 0.6, 0.1]][int(rng.integers(3))])
    overlap = float(np.minimum(p, q).sum())
    told = " and ".join("(" + ", ".join(f"{each:g}" for each in law) + ")" for law in (p, q))
    return Drawn(
        f"Two random numbers take the values 1, 2, 3 with the probabilities {told}. You may draw them together in any "
        f"way that keeps both laws. How probable "
        "can you make it that they are equal?",
        overlap,
        (
            Mistake(float((p * q).sum()), "That is for independent draws."),
            Mistake(1 - overlap, "That is the total variation distance: how probable it is that they *differ*."),
            Mistake(float(np.abs(p - q).sum()), "That is twice the total variation distance."),
            Mistake(1.0, "Equal laws would be needed for that."),
        ),
    )  # fmt: skip


def message(rng: Rng) -> Drawn:
    p = np.array([0.5, 0.25, 0.25])
    q = np.array([[0.2, 0.2, 0.6], [0.125, 0.125, 0.75], [0.1, 0.3, 0.6]][int(rng.integers(3))])
    cross, entropy = float(-(p * np.log2(q)).sum()), float(-(p * np.log2(p)).sum())
    told = ["(" + ", ".join(f"{each:g}" for each in law) + ")" for law in (p, q)]
    return Drawn(
        f"Symbols come with the probabilities {told[0]}. They are coded with a perfect coder for the model {told[1]}. "
        f"How long is a long message, in bits a "
        "symbol?",
        cross,
        (
            Mistake(entropy, "That is with the right model; the wrong one costs more."),
            Mistake(cross - entropy, "That is what the wrong model adds."),
            Mistake(float(-(q * np.log2(p)).sum()), "Symbols come by the first law, and cost what the second one says."),
            Mistake(float(-(q * np.log2(q)).sum()), "That is the length if symbols came by the model's law."),
            Mistake(cross * math.log(2), "That is in nats."),
        ),
    )  # fmt: skip


SECOND = (
    QuizQuestion(10, "the gap of a tighter bound", tighter),
    QuizQuestion(11, "the two gaps of an encoder", two_gaps),
    QuizQuestion(12, "what dreams teach", dreams),
    QuizQuestion(13, "what a latent of a VAE costs", linear_vae),
    QuizQuestion(14, "a plate that is subsampled", subsampled),
    QuizQuestion(15, "rate and distortion", rate_distortion),
    QuizQuestion(16, "pooling a set", pooled),
    QuizQuestion(17, "the effective number of particles", particles),
    QuizQuestion(18, "drawing two numbers together", coupled),
    QuizQuestion(19, "the length of a message", message),
)
