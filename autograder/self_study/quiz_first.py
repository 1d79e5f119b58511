"""The quiz, units 00 to 09: one short question each, with its answer computed and its likely mistakes."""

from __future__ import annotations

import math

import numpy as np

from autograder.self_study.quiz_question import Drawn, Mistake, QuizQuestion

__all__ = ["FIRST"]

Rng = np.random.Generator


def log_normal(x: float, loc: float, variance: float) -> float:
    return -0.5 * (math.log(2 * math.pi * variance) + (x - loc) ** 2 / variance)


def small_weights(rng: Rng) -> Drawn:
    far, apart = int(rng.integers(900, 1100)), float(rng.choice([1.5, 2.0, 3.0]))
    log_w = np.array([-far, -far - apart])
    total = float(np.logaddexp.reduce(log_w))
    return Drawn(
        f"Two weights have the logarithms {log_w[0]:g} and {log_w[1]:g}. What is the logarithm of their mean, to two decimals?",
        total - math.log(2),
        (
            Mistake(float(log_w.mean()), "That is the mean of the logarithms, which is smaller (Jensen)."),
            Mistake(total, "That is the logarithm of the sum: a mean divides by the number of weights."),
        ),
        within=0.01,
    )  # fmt: skip


def explained_away(rng: Rng) -> Drawn:
    p = float(rng.choice([0.1, 0.2, 0.3]))
    joint = {(a, b): (p if a else 1 - p) * (p if b else 1 - p) for a in (0, 1) for b in (0, 1)}
    rings = {pair: value for pair, value in joint.items() if any(pair)}
    given_b = {pair: value for pair, value in rings.items() if pair[1]}
    return Drawn(
        f"A burglar comes with probability {p:g}, and independently of that an earthquake with probability {p:g}. The alarm rings if "
        "at least one of them comes, and only then. It rings, and the news report an earthquake. How probable is the burglar?",
        given_b[1, 1] / sum(given_b.values()),
        (
            Mistake(
                sum(v for k, v in rings.items() if k[0]) / sum(rings.values()),
                "That is before the news: the earthquake explains the alarm away.",
            ),
            Mistake(joint[1, 1], "That is the probability of both together, nothing given."),
            Mistake(joint[1, 1] / sum(rings.values()), "That is the probability of both given the alarm; the earthquake is known as well."),
        ),
    )  # fmt: skip


def evidence(rng: Rng) -> Drawn:
    s, r, x = float(rng.choice([1.5, 2.0])), float(rng.choice([0.5, 1.0])), float(rng.choice([1.0, 2.0]))  # fmt: skip
    z = np.linspace(-12 * s, 12 * s, 40_001)
    density = np.exp(-0.5 * (z / s) ** 2 - 0.5 * ((x - z) / r) ** 2) / (2 * math.pi * s * r)
    return Drawn(
        f"$z \\sim N(0, {s:g}^2)$ and $x \\mid z \\sim N(z, {r:g}^2)$. What is $\\log p(x)$ at $x = {x:g}$? (Natural logarithm.)",
        math.log(float(np.trapezoid(density, z))),
        (
            Mistake(log_normal(x, 0, (s + r) ** 2), "You added standard deviations; it is the variances that add."),
            Mistake(log_normal(x, 0, r**2), "You put z at its prior mean instead of integrating it out."),
            Mistake(log_normal(x, 0, math.hypot(s, r)), "You put a standard deviation where a variance belongs."),
            Mistake(math.exp(log_normal(x, 0, s**2 + r**2)), "That is the density itself; its logarithm is asked for."),
        ),
    )  # fmt: skip


def gap(rng: Rng) -> Drawn:
    m, s = float(rng.choice([0.5, 1.0])), float(rng.choice([0.5, 2.0]))
    z = np.linspace(-30, 30, 60_001)
    log_q = -0.5 * ((z - m) / s) ** 2 - math.log(s * math.sqrt(2 * math.pi))
    log_p = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)

    def divergence(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.trapezoid(np.exp(a) * (a - b), z))

    right = divergence(log_q, log_p)
    return Drawn(
        f"The exact posterior is $N(0, 1)$, and you use $q = N({m:g}, {s:g}^2)$. How far does the ELBO lie below $\\log p(x)$, in nats?",
        right,
        (
            Mistake(divergence(log_p, log_q), "That is the divergence the other way round; the gap is an expectation under q."),
            Mistake(right + 0.5, "You lost a half: the gap must be zero where q is the posterior."),
            Mistake(-right, "The size is right; a distance below is positive."),
            Mistake(right / math.log(2), "That is in bits."),
        ),
    )  # fmt: skip


def responsibility(rng: Rng) -> Drawn:
    weight, x = float(rng.choice([0.2, 0.3])), float(rng.choice([0.2, 0.4]))
    parts = np.array([(1 - weight) * math.exp(-0.5 * (x + 1) ** 2), weight * math.exp(-0.5 * (x - 1) ** 2)])  # fmt: skip
    even = parts / np.array([1 - weight, weight])
    return Drawn(
        f"A mixture has the components $N(-1, 1)$, of weight {1 - weight:g}, and $N(1, 1)$, of weight {weight:g}. The "
        f"E-step of EM comes to the datum "
        f"$x = {x:g}$. How responsible is the second component, the one at 1?",
        float(parts[1] / parts.sum()),
        (
            Mistake(float(even[1] / even.sum()), "You left out the weights of the components."),
            Mistake(float(parts[0] / parts.sum()), "That is the first component's."),
            Mistake(float(parts[1] / parts[0]), "That is the ratio of the two; divide by their sum."),
            Mistake(float(parts[1]) / math.sqrt(2 * math.pi), "That is weight times density, not yet divided by the sum over components."),
        ),
    )  # fmt: skip


def score_variance(rng: Rng) -> Drawn:
    p, f1, f0 = float(rng.choice([0.2, 0.4])), float(rng.integers(4, 7)), float(rng.integers(1, 3))
    chance, reward, score = np.array([p, 1 - p]), np.array([f1, f0]), np.array([1 / p, -1 / (1 - p)])  # fmt: skip
    second = float((chance * (reward * score) ** 2).sum())
    mean = float((chance * reward * score).sum())
    return Drawn(
        f"$z$ is 1 with probability $p = {p:g}$, else 0, and $f(1) = {f1:g}$, $f(0) = {f0:g}$. From one sample of $z$ "
        f"the score function estimates "
        "$\\partial\\, \\mathbb E f(z) / \\partial p$, without a baseline. What is the variance of this estimate?",
        second - mean**2,
        (
            Mistake(second, "That is the second moment: the square of the mean is still in it."),
            Mistake(p * (1 - p) * (f1 - f0) ** 2, "That is the variance of f(z); the score multiplies it."),
            Mistake(math.sqrt(second - mean**2), "That is the standard deviation."),
            Mistake(mean, "That is the mean of the estimate, the gradient itself."),
        ),
    )  # fmt: skip


def path(rng: Rng) -> Drawn:
    mu, s, eps = float(rng.choice([1.0, 2.0])), float(rng.choice([0.5, 1.5])), float(rng.choice([-0.8, 0.6]))  # fmt: skip
    h = 1e-5
    slope = ((mu + (s + h) * eps) ** 2 - (mu + (s - h) * eps) ** 2) / (2 * h)
    z = mu + s * eps
    return Drawn(
        f"$z = \\mu + s\\,\\epsilon$ with $\\mu = {mu:g}$, $s = {s:g}$, and the draw $\\epsilon = {eps:g}$. What does "
        f"the *pathwise* estimator of "
        "$\\partial\\, \\mathbb E z^2 / \\partial s$ give for this one draw?",
        slope,
        (
            Mistake(2 * z, "That is the slope in z; dz/ds is still to be multiplied in."),
            Mistake(2 * s, "That is the exact gradient, the mean over all draws; one draw was asked for."),
            Mistake(z**2 * (eps**2 - 1) / s, "That is the score function's estimate from the same draw."),
        ),
    )  # fmt: skip


def relaxed_bit(rng: Rng) -> Drawn:
    p, u, temperature = float(rng.choice([0.3, 0.6])), float(rng.choice([0.35, 0.8])), float(rng.choice([0.5, 2.0]))  # fmt: skip

    def logit(chance: float) -> float:
        return math.log(chance / (1 - chance))

    def sigmoid(value: float) -> float:
        return 1 / (1 + math.exp(-value))

    total = logit(p) + logit(u)
    return Drawn(
        f"A bit of probability $p = {p:g}$ is relaxed at temperature $\\tau = {temperature:g}$ (binary concrete, "
        f"logistic noise). The uniform draw "
        f"behind the noise is $u = {u:g}$. Which value between 0 and 1 does the relaxed bit take?",
        sigmoid(total / temperature),
        (
            Mistake(sigmoid(total), "You left the temperature out."),
            Mistake(sigmoid(total * temperature), "You multiplied by the temperature; one divides by it."),
            Mistake(float(total > 0), "That is the hard bit, before it is relaxed."),
            Mistake(sigmoid((logit(p) + u) / temperature), "The noise is logistic: the uniform draw goes through a logit first."),
        ),
    )  # fmt: skip


def flow_density(rng: Rng) -> Drawn:
    z1, z2 = float(rng.choice([-1.0, 1.0])), float(rng.choice([0.5, 2.0]))
    eps, stretch = np.array([z1, (z2 - z1) / math.exp(z1 / 2)]), z1 / 2
    base = float(-0.5 * (eps**2).sum() - math.log(2 * math.pi))
    return Drawn(
        "A coupling layer takes two standard normal numbers to $z_1 = \\epsilon_1$ and $z_2 = z_1 + e^{z_1/2}\\, \\epsilon_2$. "
        f"What is $\\log q(z)$ at $z = ({z1:g}, {z2:g})$?",
        base - stretch,
        (
            Mistake(base, "You left out the determinant: the layer stretches space."),
            Mistake(base + stretch, "The logarithm of the determinant has the wrong sign: stretching thins a density out."),
            Mistake(
                float(-0.5 * (z1**2 + z2**2) - math.log(2 * math.pi)),
                "You put z into the standard normal density; the noise that leads to z belongs there.",
            ),
        ),
    )  # fmt: skip


def landing(rng: Rng) -> Drawn:
    s = float(rng.choice([0.25, 0.4, 0.5]))
    eps, weight = np.polynomial.hermite_e.hermegauss(9)
    weight = weight / weight.sum()
    total = -eps / s  # at the posterior the path has no slope left, and the score is there still
    return Drawn(
        f"$q = N(\\mu, {s:g}^2)$ has arrived: it *is* the posterior. You differentiate one reparametrized sample of the ELBO by automatic "
        "differentiation, nothing held fixed (the total derivative). What is the variance of its derivative in $\\mu$?",
        float((weight * total**2).sum()),
        (
            Mistake(0.0, "That is the variance of the path derivative alone; the total derivative keeps the score term."),
            Mistake(s**2, "That is the variance of q; turn it over."),
            Mistake(1 / s, "That is the standard deviation of the estimate."),
            Mistake(2.0, "That is the variance in the logarithm of the scale."),
        ),
    )  # fmt: skip


FIRST = (
    QuizQuestion(0, "logarithms of averages", small_weights),
    QuizQuestion(1, "causes that explain each other away", explained_away),
    QuizQuestion(2, "an evidence", evidence),
    QuizQuestion(3, "the gap of the ELBO", gap),
    QuizQuestion(4, "a responsibility in EM", responsibility),
    QuizQuestion(5, "the variance of a score function estimate", score_variance),
    QuizQuestion(6, "a pathwise gradient", path),
    QuizQuestion(7, "a relaxed bit", relaxed_bit),
    QuizQuestion(8, "the density behind a flow", flow_density),
    QuizQuestion(9, "the noise that is left at the posterior", landing),
)
