# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] locked="15_header"
# # Problem set 15: VAE variants
#
# What can an objective ask of a latent variable, and what will it get? For linear models and Gaussian data every
# answer is exact: you predict it first, then train, or count, or test. By the
# end you will have
#
# - bought rate and distortion from a decoder that is given, and seen what part of the rate is information,
# - predicted where a linear beta-VAE comes to rest, its noise learned, too: level, rate, distortion and how many
#   latents are on; and then measured five points of the curve,
# - trained a density ratio to rest, and held its total correlation against the exact one,
# - written the test that two models make the same data, and found what leaves it unchanged,
# - counted two scores of disentanglement, and a case in which they disagree,
# - written the bound of a conditional VAE, for data with and without their label,
# - found the best prior that a flow can be,
# - told three representations apart by rate and distortion: a rotated one, a collapsed one, and the right one.
#
# **Time**: about five and a half hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/15_vae_variants.ipynb). The exercises stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: five, unless the exercise says otherwise. They are digits of each number; what lies near zero is
# held to $10^{-7}$. Where it says nothing of gradients none are asked of your result: NumPy and loops will do, and a
# list for a tuple. Leave your arguments as you found them. Where your work is graded, and only there, the course's own
# version of what you are asked to write is taken out of `course_vi`.
#
# **Notation.** z has D latents, x has $D_x$ pixels. The objective of the **beta-VAE** is
# $\mathbb E_{q}\log p_\theta(x \mid z) - \beta\,\mathrm{KL}(q_\phi(z \mid x) \,\|\, p(z))$, averaged over the data.
# The **rate** is the mean of that KL over the data, in nats; the **distortion** is the mean of $\lVert x - \hat x
# \rVert^2$, where $\hat x$ is the decoder's mean at a *draw* z from q, summed over *all* pixels. Logarithms are
# natural.

# %% locked="15_setup"
import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder import check, sealed_case
from autograder.units.unit_15 import targets
from course_vi.nets import mlp
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def all_bits(count: int) -> Tensor:
    """All vectors of so many bits, (2^D, D)."""
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=count)), dtype=torch.float64)

# %% [markdown]
# ## 1. What a decoder gets for its nats
#
# *Difficulty* 3/5 · *Importance* 4/5 · 35 minutes
#
# A linear decoder is given, and stays as it is: $x \mid z \sim N(Wz, \sigma^2 I)$, $z \sim N(0, I_D)$. The data are
# Gaussian, centred, with covariance C, which need not be that of the model. The encoder is free to be any Gaussian
# $N(Mx, S)$, S a full matrix, the same for all x, and it is trained to rest on the objective of the beta-VAE. Return
# three numbers:
#
# - the **rate**;
# - the **information**, $I(x; z)$ under data and encoder together: how much z knows of x, in nats;
# - the **distortion**.
#
# `weight` is W, $(D_x, D)$; there may be more latents than pixels. `covariance` is C, $(D_x, D_x)$, and may be singular. `noise_scale` is $\sigma$, .04 to 5;
# `beta` is .1 to 20.
#
# **Predict, before you begin**: which is larger, rate or information, and when are they equal? Is the rate at
# $\beta = 1$ the same thing as for exact Bayesian inference?

# %% exercise="15_rate_distortion"
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    """Rate, information and distortion of the best Gaussian encoder of a fixed linear decoder.

    weight: W, (Dx, D). covariance: C, (Dx, Dx), of the data. noise_scale: sigma. beta: the weight of the KL.
    """
    ### BEGIN SOLUTION
    level = beta * noise_scale**2
    one = torch.eye(weight.shape[1], dtype=weight.dtype)
    spread = torch.linalg.inv(one + weight.T @ weight / level)                              # S
    read = spread @ weight.T / level                                                        # M
    aggregate = read @ covariance @ read.T + spread                                         # of z, over data and encoder
    rate = 0.5 * (aggregate.trace() - len(one) - spread.logdet())
    information = 0.5 * (aggregate.logdet() - spread.logdet())
    miss = torch.eye(len(weight), dtype=weight.dtype) - weight @ read
    distortion = (miss @ covariance @ miss.T).trace() + (weight @ spread @ weight.T).trace()
    return rate, information, distortion
    ### END SOLUTION


# %% check="15_rate_distortion"
check("15_rate_distortion", rate_information_distortion)

# %% [markdown]
# **Four decoders, one beta.** A random decoder, half its size, twice its size; and the one that is best for these data
# at this beta. Rate and information differ by what the aggregate of z differs from the prior.

# %%
with when_written():
    values, sigma, beta = torch.tensor([4, 2, 1, 0.5, 0.3], dtype=torch.float64), 0.5, 2.0
    some = normals(5, 3, seed=1)
    best = torch.diag((values - beta * sigma**2).clamp(min=0).sqrt())[:, :3]
    for name, weight in (("random", some), ("half of it", some / 2), ("twice of it", 2 * some), ("the best", best)):
        rate, information, distortion = (float(part) for part in rate_information_distortion(weight, torch.diag(values), sigma, beta))
        objective = -0.5 * (5 * math.log(2 * math.pi * sigma**2) + distortion / sigma**2) - beta * rate
        print(f"{name:12s} rate {rate:7.4f}   information {information:7.4f}   distortion {distortion:7.4f}   objective {objective:9.4f}")

# %% [markdown]
# <details><summary>Symptom: right at beta = 1, and not elsewhere</summary>
#
# At $\beta = 1$ the best encoder is the posterior. Elsewhere, divide the objective by $\beta$ and read it as the ELBO
# of another model with the same W. Whose posterior is it?
#
# </details>
# <details><summary>Symptom: the rate is right, the information equals it</summary>
#
# The KL compares each $q(z \mid x)$ with the prior. The information compares it with the *aggregate* of z over the
# data, which is Gaussian here; what is its covariance?
#
# </details>
# <details><summary>Symptom: my distortion is too small</summary>
#
# The decoder is fed a draw. Split $x - Wz$ into what the mean of q misses and what the draw adds; they are independent.
#
# </details>

# %% [markdown] solution_only="15_rate_distortion"
# **The encoder.** Objective over $\beta$: $\mathbb E_q \log N(x; Wz, \beta\sigma^2 I) - \mathrm{KL}$ up to a constant.
# So q is the posterior of the model with noise $t = \beta\sigma^2$: $S = (I + W^\top W/t)^{-1}$, $M = S W^\top/t$. z has
# covariance $G = M C M^\top + S$ over the data. Then rate $= \tfrac12(\mathrm{tr}\,G - D - \log\det S)$, information
# $= \tfrac12(\log\det G - \log\det S)$, distortion $= \mathrm{tr}(I - WM)C(I - WM)^\top + \mathrm{tr}\,W S W^\top$.
#
# **The prediction.** Rate less information is $\mathrm{KL}(N(0, G) \,\|\, N(0, I)) \ge 0$: what is paid for an
# aggregate that is not the prior. They agree when $G = I$, as they do for the best decoder: there the model with noise t
# fits the data on the axes it keeps. At $\beta = 1$ the encoder is the exact posterior of the decoder at hand, and the
# rate may still exceed the information, as the decoder may be wrong about the data.

# %% [markdown]
# ## 2. S: the water finds its level
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# A linear VAE: $z \sim N(0, I_D)$, $x \mid z \sim N(Wz + b, \sigma^2 I)$. The encoder can say every Gaussian whose
# mean is linear in x. The data are Gaussian, and all that counts of them are the eigenvalues of their covariance.
# Somebody trains it to rest, with a weight $\beta$ on the KL: encoder, W, b **and $\sigma^2$**. Nobody tells you
# $\sigma^2$; you are to say where it ends up. Return four numbers, right to five digits:
#
# - the noise variance $\sigma^2$ at rest;
# - the rate;
# - the distortion;
# - how many latents are active, those that carry any rate.
#
# `eigenvalues`, $(D_x)$, are positive, in any order, and may be equal to each other; from 0.01 to 3,000. `latent_dim` is D, at most
# $D_x$; `beta` is 0.2 to 20, and at least 1.1 where D is $D_x$. No eigenvalue is so near to being switched on or off
# that half a percent would matter.
#
# **Predict, before you begin**: eight eigenvalues, 4, 2, 1, .5, .3, .2, .1, .1, and four latents. How many are active at
# $\beta = 0.9$, at 1, at 2, at 4? Does $\sigma^2$ rise or fall with $\beta$? And what would happen with as many
# latents as pixels and $\beta < 1$?

# %% exercise="15_water_level"
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    """(noise variance, rate, distortion, number of active latents) of the linear beta-VAE at rest; (4,).

    eigenvalues: (Dx), of the data's covariance, in any order. latent_dim: D. beta: the weight of the KL.
    """
    ### BEGIN SOLUTION
    values = eigenvalues.sort(descending=True).values
    kept, rest = values[:latent_dim], values[latent_dim:]

    def distortion(noise):
        return kept.clamp(max=beta * noise).sum() + rest.sum()

    low, high = 1e-12 * values[0], values.sum()
    for _ in range(80):                                    # the objective rises in the noise while distortion > Dx noise
        noise = (low + high) / 2
        low, high = (noise, high) if distortion(noise) > len(values) * noise else (low, noise)
    rate = 0.5 * (kept / (beta * noise)).log().clamp(min=0).sum()
    active = (kept > beta * noise).sum().to(values.dtype)
    return torch.stack([noise, rate, distortion(noise), active])
    ### END SOLUTION


# %% check="15_water_level"
check("15_water_level", beta_vae_at_rest)

# %% [markdown]
# **Now measure.** The eight eigenvalues from above, four latents. The cell trains a VAE of the course five times, by
# draws, with a mean-field encoder and a noise of its own, and prints what it has come to beside what you say. The
# standard errors are those of measuring with 20,000 draws, and know nothing of training that is not quite at rest.

# %%
with when_written():
    values = torch.tensor([4, 2, 1, 0.5, 0.3, 0.2, 0.1, 0.1], dtype=torch.float64)
    measured = [targets.trained(values, 4, beta) for beta in (0.9, 1.0, 1.5, 2.0, 4.0)]
    for point in measured:
        noise, rate, distortion, active = torch.as_tensor(beta_vae_at_rest(values, 4, point.beta)).tolist()
        print(f"beta {point.beta:3.1f}   noise {noise:.4f}, measured {point.noise:.4f}   rate {rate:.4f}, {point.rate:.4f} ± {point.rate_error:.4f}"
              f"   distortion {distortion:.4f}, {point.distortion:.4f} ± {point.distortion_error:.4f}   active {active:.0f}, {point.active}")

# %% [markdown]
# **The figure to aim for** has the measured points alone in its first version; the second adds a curve of yours, over
# many values of beta.

# %%
with when_written():
    show(targets.curve(measured), alt="Five measured points, distortion over rate: where the rate is larger the distortion is smaller.")
    betas = torch.linspace(0.8, 5.0, 60, dtype=torch.float64)
    mine = torch.stack([torch.as_tensor(beta_vae_at_rest(values, 4, float(beta)), dtype=torch.float64) for beta in betas])
    show(targets.curve(measured, mine), alt="The same five points with a curve through your predictions.")

# %% [markdown]
# <details><summary>Symptom: I do not know where to begin, with everything learned at once</summary>
#
# Hold $\sigma^2$ still first. Divide the objective by $\beta$: it is the ordinary ELBO of a model with another noise
# variance, plus a constant. What does that ELBO do with an axis whose eigenvalue is larger than the noise, and with one
# whose eigenvalue is smaller? Unit 13 has it.
#
# </details>
# <details><summary>Symptom: right for fixed noise, and my learned noise is that of probabilistic PCA</summary>
#
# There the noise is the mean of what was left out, since the kept axes hold back exactly the noise. Here a kept axis holds back
# something else. With all others at rest, what is the best noise variance, given the distortion?
#
# </details>
# <details><summary>Symptom: I have an equation in the noise, and it has no closed form</summary>
#
# Its two sides are a line and a concave function with corners, one corner for each latent that comes on: they meet
# once. Halve an interval; or guess how many latents are on, solve the line, and see whether the guess was right.
#
# </details>

# %% [markdown] solution_only="15_water_level"
# **Fixed noise.** Divided by $\beta$, the objective is the ELBO with noise variance $t = \beta\sigma^2$, up to a
# constant. Its optimum is unit 13's: along axis i, column length$^2$ $\lambda_i - t$ if that is positive, posterior
# variance $t/\lambda_i$, so the rate is $\tfrac12\log(\lambda_i/t)$. Distortion of a kept axis: the mean misses by
# $\lambda(t/\lambda)^2 = t^2/\lambda$, the draw adds $(\lambda - t)\,t/\lambda$; together $t$. An axis that is off keeps
# $\lambda_i$: $\min(\lambda_i, t)$ either way. Axes without a latent keep $\lambda_i$ whatever t is. It is Shannon's
# reverse water-filling, and the slope of the curve is $dR/dD = -1/(2t)$.
#
# **Learned noise.** The objective depends on $\sigma^2$ through $-\tfrac{D_x}{2}\log\sigma^2 -
# \tfrac{\text{distortion}}{2\sigma^2}$, everything else being at its best: at rest distortion is $D_x\sigma^2$, that is
# $\sum_{\text{kept}}\min(\lambda_i, \beta\sigma^2) + \sum_{\text{rest}}\lambda_i = D_x\,\sigma^2$. Left of the root the
# slope is positive, right of it negative: one maximum.
#
# **The predictions.** 4, 4, 2 and 0; $\sigma^2$ rises until it is the mean of all eigenvalues. With as many
# latents as pixels and $\beta < 1$ the left side is $D_x\beta\sigma^2$ for small $\sigma^2$, less than the right side
# for every $\sigma^2$: the noise falls to zero, the rate grows for ever, and there is no optimum.

# %% [markdown]
# ## 3. Total correlation, by a net that was trained
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# How far are latents from being independent? The **total correlation** of q(z) is the KL from q(z) to the product of
# its marginals. FactorVAE never computes it: it trains a net d to tell rows of z, `joint`, from rows whose columns were
# shuffled, `product`, by the logistic loss
#
# $$\ell(d) = -\tfrac12\,\overline{\log \sigma(d(z))}^{\text{ joint}} - \tfrac12\,\overline{\log \sigma(-d(z))}^{\text{ product}},$$
#
# each bar the mean over *its* rows, of which there are not equally many; and it reads off the mean of d over rows of z.
# Your net is every polynomial of degree two in z: a constant, the coordinates, their squares and their products. For
# Gaussian z nothing better is needed, so what is wrong with the estimate is the number of rows, and nothing else. Train
# it *to rest*. Return three numbers:
#
# - the exact total correlation of a Gaussian with the given `covariance`, $(D, D)$;
# - the mean of the trained d over the rows that it was trained on, `joint`, $(N, D)$;
# - its mean over `fresh` rows of z, $(L, D)$.
#
# There are 100 to 900 rows of each kind, one to four latents, whose scales go from .03 to 17; they need not have mean zero. The
# loss has one minimum, and it is not at infinity. Five digits, and $10^{-6}$ near zero.
#
# **Predict, before you begin**: to which side will the second number be wrong, on average, and to which the third? What
# are they for a single latent?

# %% exercise="15_total_correlation"
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Total correlation: exact for a Gaussian, by the best quadratic d over its own rows, and by it over fresh rows.

    joint: (N, D), fresh: (L, D): rows of z. product: (M, D), with shuffled columns. covariance: (D, D).
    """
    ### BEGIN SOLUTION
    exact = 0.5 * (covariance.diagonal().log().sum() - covariance.logdet())
    scale, (rows, columns) = joint.std(0), torch.triu_indices(joint.shape[1], joint.shape[1])

    def features(z):
        z = z / scale
        return torch.cat([torch.ones_like(z[:, :1]), z, z[:, rows] * z[:, columns]], 1)

    inside, outside = features(joint), features(product)
    theta = torch.zeros_like(inside[0])
    for _ in range(40):                                     # Newton's method: the loss is convex
        a, b = (-inside @ theta).sigmoid(), (outside @ theta).sigmoid()
        slope = b @ outside / len(outside) - a @ inside / len(inside)
        bend = inside.T * (a * (1 - a)) @ inside / len(inside) + outside.T * (b * (1 - b)) @ outside / len(outside)
        theta = theta - torch.linalg.solve(bend, slope)
    return exact, (inside @ theta).mean(), (features(fresh) @ theta).mean()
    ### END SOLUTION


# %% check="15_total_correlation"
check("15_total_correlation", total_correlations)

# %% [markdown]
# **More rows.** Three latents, forty trainings for each number of rows; means with their standard errors. Does twice
# the number of rows halve what is wrong?

# %%
with when_written():
    covariance = torch.tensor([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]], dtype=torch.float64)
    root = torch.linalg.cholesky(covariance)
    for rows in (100, 200, 400, 800):
        found = []
        for seed in range(40):
            z, other, fresh = (normals(rows, 3, seed=9 * seed + i) @ root.T for i in range(3))
            shuffled = torch.stack([column[torch.randperm(rows, generator=seeded(seed + d))] for d, column in enumerate(other.T)], 1)
            found.append(torch.stack([torch.as_tensor(part) for part in total_correlations(z, shuffled, fresh, covariance)]))
        found = torch.stack(found)
        mean, error = found.mean(0), found.std(0) / 40**0.5
        print(f"{rows:4d} rows   exact {mean[0]:.4f}   on its own rows {mean[1]:.4f} ± {error[1]:.4f}   on fresh rows {mean[2]:.4f} ± {error[2]:.4f}")

# %% [markdown]
# <details><summary>Symptom: the exact value changes when a latent is measured in other units</summary>
#
# A KL does not change when both of its arguments are stretched alike. Which of your terms knows the units? The
# marginals of a Gaussian are Gaussians with the same variances.
#
# </details>
# <details><summary>Symptom: the estimates are off by nearly the same number everywhere</summary>
#
# Is it the logarithm of a ratio of numbers of rows? A classifier that counts every row alike also learns which kind of
# row is more frequent.
#
# </details>
# <details><summary>Symptom: close, but the digits are not there</summary>
#
# Adam does not come to rest in a few hundred steps, and libraries for logistic regression penalize their coefficients
# unless they are told not to. The loss is convex with few parameters: Newton's method needs ten steps; L-BFGS wants
# latents of like scales, and a strict tolerance.
#
# </details>

# %% [markdown] solution_only="15_total_correlation"
# **The exact one.** $\sum_j H(z_j) - H(z) = \tfrac12\sum_j \log C_{jj} - \tfrac12\log\det C = -\tfrac12\log\det R$, with
# R the correlations.
#
# **The net.** The best d of all is $\log q(z) - \sum_j \log q(z_j)$, a quadratic for a Gaussian. The optimum of the
# convex loss is unique; with K coefficients and N rows its errors are of order $\sqrt{K/N}$.
#
# **The prediction.** On its own rows d is too high on average: it was chosen to be large there. On fresh rows the third
# number is less wrong, and *not* too low: over 300 trainings with 100 rows and these three latents the two are too high
# by .135 ± .007 and .032 ± .009; with 400 rows by .028 ± .003 and .004 ± .003. Why should fresh rows flatter? Estimated
# coefficients of a logistic regression are, on average, too far from zero (D. Firth, 1993), and the mean of d is linear
# in them. For a single latent the truth is zero, and d still finds something in its own rows.

# %% [markdown]
# ## 4. Same data, other latents
#
# *Difficulty* 3/5 · *Importance* 5/5 · 35 minutes
#
# "The prior makes the latents independent, so the model finds the independent factors." Write the test that decides.
# You get two decoders, `first` and `second`: functions from latents, $(\dots, D)$, to logits, $(\dots, D_x)$. The prior is
# $z \sim N(0, I_D)$ for both, and pixel i is one with probability $\sigma(\text{logit}_i)$, independently given z. D is
# 1 or 2, so integrals can be done on a grid. For the given rows `x`, $(N, D_x)$, bits, return two numbers:
#
# - **gap**: the largest difference, over the rows, of $\log p(x)$ under the two, in size;
# - **moved**: the farthest, over the rows, that the exact posterior mean $\mathbb E[z \mid x]$ is from that under the
#   other, in Euclidean distance.
#
# Four digits, and $10^{-5}$ where the answer is zero. Logits change by a few units over a distance of one.
#
# **Predict, before you begin**: the second decoder is the first after its latents were (a) rotated; (b) reflected; (c)
# sheared, which keeps areas; (d) turned by an angle that grows with $\lVert z \rVert$; (e) halved in one direction and
# doubled in the other. For which is the gap zero? Can *moved* be zero when the latents were not left alone?

# %% exercise="15_same_data"
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    """The largest difference of log p(x) under two decoders, and the largest distance of their posterior means.

    first, second: (..., D) -> logits (..., Dx). x: (N, Dx), bits. latent_dim: D, 1 or 2.
    """
    ### BEGIN SOLUTION
    axis = torch.linspace(-7, 7, 141, dtype=torch.float64)
    z = torch.cartesian_prod(*[axis] * latent_dim).reshape(-1, latent_dim)
    log_prior = (-0.5 * z.square().sum(-1)).log_softmax(0)

    def seen(decoder):
        logits = decoder(z)
        log_joint = x @ logits.T - torch.nn.functional.softplus(logits).sum(-1) + log_prior
        return log_joint.logsumexp(-1), log_joint.softmax(-1) @ z

    (log_p, mean), (other_log_p, other_mean) = seen(first), seen(second)
    return (log_p - other_log_p).abs().max(), (mean - other_mean).norm(dim=-1).max()
    ### END SOLUTION


# %% check="15_same_data"
check("15_same_data", same_data)

# %% [markdown]
# **Your test, at work.** One decoder, five changes of its latents, all eight pictures of three pixels.

# %%
with when_written():
    x, w, v = all_bits(3), 1.5 * normals(2, 4, seed=1), 2 * normals(4, 3, seed=2)

    def decoder(z: Tensor) -> Tensor:
        return (z @ w).tanh() @ v

    def turned(z: Tensor, angle: Tensor) -> Tensor:
        return torch.stack([angle.cos() * z[..., 0] - angle.sin() * z[..., 1], angle.sin() * z[..., 0] + angle.cos() * z[..., 1]], -1)

    changes = {
        "rotated": lambda z: turned(z, torch.tensor(0.8)),
        "reflected": lambda z: z * torch.tensor([1.0, -1.0]),
        "sheared": lambda z: z @ torch.tensor([[1.0, 0.0], [0.8, 1.0]], dtype=z.dtype),
        "twisted": lambda z: turned(z, 0.4 * z.square().sum(-1)),
        "halved and doubled": lambda z: z * torch.tensor([0.5, 2.0]),
    }
    for name, change in changes.items():
        gap, moved = (float(part) for part in same_data(decoder, lambda z, change=change: decoder(change(z)), x, 2))
        print(f"{name:20s} gap {gap:.6f}   moved {moved:.4f}")

# %% [markdown]
# <details><summary>Symptom: a rotation gives a gap</summary>
#
# Is the prior in your integral? And does the grid reach far enough, with points close enough, that it does not matter
# how it is turned?
#
# </details>
# <details><summary>Symptom: no gap where there should be one, or a gap of another size</summary>
#
# $p(x)$ is an average of $p(x \mid z)$ over the prior, and the logarithm is taken last. The difference may have either
# sign, and the largest row counts.
#
# </details>
# <details><summary>Symptom: I do not know how to get a posterior mean</summary>
#
# On the grid the posterior is a table: joint probabilities of x with each grid point, divided by their sum. A softmax
# over the grid does that.
#
# </details>

# %% [markdown] solution_only="15_same_data"
# **The test** is the definition: $p(x) = \int N(z; 0, I)\,p(x \mid z)\,dz$, on a grid fine enough for the trapezoid rule,
# which is exact to rounding for such functions.
#
# **The predictions.** Rotated, reflected *and twisted*: each maps $N(0, I)$ to itself, and that is all that matters. If
# $T(z)$ has the prior's distribution whenever z has, $p(x \mid T(z))$ averages to the same. A shear keeps areas and not
# the prior; so does halving and doubling. The posterior means move by more than one: same data, another representation;
# no amount of data decides between them. *Moved* is zero if nothing that x depends on is moved: latents that are not
# read may be turned among themselves.

# %% [markdown]
# ## 5. Two scores that disagree
#
# *Difficulty* 3/5 · *Importance* 4/5 · 35 minutes
#
# Is each factor of variation told by a latent of its own? The papers have several scores. Two of them, on
# representations that can be counted: `codes`, $(N, D)$, and `factors`, $(N, F)$, are whole numbers, and the N rows are
# all the world there is. Return two numbers:
#
# - the **mutual information gap**: for each factor, how much more (in shared information) the best latent tells of it
#   than the second best, as a share of the factor's entropy; the mean over factors. Where there is no second latent it
#   tells nothing;
# - the **score by votes**, of FactorVAE, with endless votes. One vote: a factor and a row are drawn, all factors and all
#   rows being equally likely. Of the rows in which the factor has that row's value, find the latent whose variance, in
#   units of its variance over all rows, is smallest. The vote goes from this latent to the factor. A rule names for
#   each latent the factor that most of its votes went to. The score is the share of votes that the rule has right.
#
# Both variances divide by their number of rows. A latent that never moves takes no votes. Each value of a factor stands
# in eight rows or more. Two latents may tell equally much of a factor. No vote that the check asks for is nearly a tie:
# the smallest variance, in those units, is at least 0.02 below the next. (Copies, as in the cell below, do tie; there it
# makes no difference which of them votes.)
#
# **Predict, before you begin**: the lecture has copies, on which the two are as far apart as they can be. What does each
# say of two mixtures of two factors, such as $a + b$ and $a - 2b$? Of a latent that holds two factors at once, beside one that holds one of
# them alone? Of a latent that bends its factor?

# %% exercise="15_two_scores"
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """The mutual information gap, and the FactorVAE score with endless votes.

    codes: (N, D), factors: (N, F), whole numbers.
    """
    ### BEGIN SOLUTION
    def entropy(*columns):
        counts = torch.stack(columns, 1).unique(dim=0, return_counts=True)[1].double()
        return torch.special.entr(counts / counts.sum()).sum()

    z = codes.double()
    spread = z.var(0, correction=0)
    gaps, votes = [], torch.zeros(z.shape[1], factors.shape[1], dtype=torch.float64)
    for k, v in enumerate(factors.T):
        told = [entropy(code) + entropy(v) - entropy(code, v) for code in codes.T]
        best = torch.stack([*told, torch.zeros_like(told[0])]).topk(2).values
        gaps.append((best[0] - best[1]) / entropy(v))
        for value in v.unique():
            still = z[v == value].var(0, correction=0)
            votes[torch.where(spread > 0, still / spread, torch.inf).argmin(), k] += (v == value).sum()
    return torch.stack(gaps).mean(), votes.max(1).values.sum() / votes.sum()
    ### END SOLUTION


# %% check="15_two_scores"
check("15_two_scores", two_scores)

# %% [markdown]
# **Five representations of two factors**, with four and three values, every pair once.

# %%
with when_written():
    v = torch.cartesian_prod(torch.arange(4), torch.arange(3)).repeat(8, 1)
    a, b = v.unbind(1)
    for name, codes in {
        "the factors themselves": v,
        "each factor twice": torch.stack([a, b, 2 * a, 3 * b], 1),
        "mixed, a + b and a - 2b": torch.stack([a + b, a - 2 * b], 1),
        "both in one, one alone": torch.stack([3 * a + b, b], 1),
        "a bent": torch.stack([(a - 1) ** 2, b], 1),
    }.items():
        gap, votes = (float(part) for part in two_scores(codes, v))
        print(f"{name:24s} information gap {gap:.4f}   by votes {votes:.4f}")

# %% [markdown]
# <details><summary>Symptom: my information gap is above one, or negative</summary>
#
# Information and entropy need the same logarithm. The shared information of a latent and a factor is counted on *pairs*
# of values; it is never more than the factor's entropy.
#
# </details>
# <details><summary>Symptom: by votes, one latent wins nearly always</summary>
#
# Is it the one with the smallest scale, or one that never moves? Variances are compared with what each latent does over
# all rows.
#
# </details>
# <details><summary>Symptom: the votes are right, the score is not</summary>
#
# Write down the table of votes, latents by factors. The rule looks along one direction of it and picks; the other
# direction is another question. And values of a factor count by how many rows have them.
#
# </details>

# %% [markdown] solution_only="15_two_scores"
# **The definitions**, counted. $I(z_j; v_k) = H(z_j) + H(v_k) - H(z_j, v_k)$.
#
# **The predictions.** Copied twice: the gap is 0, as the second best latent tells as much; the votes say 1, as each
# latent is moved by one factor alone. Mixed: each latent tells a little of both factors, and the gap is small; but each
# has a factor that moves it more than the other one does, and the votes say 1. Both in one: the gap is 1 for the factor
# that this latent alone tells, although it tells the other, too, and 0 for the factor that is told twice; the votes say
# 1. Bent: the gap loses what the bending loses, the votes nothing.
#
# So a score is a definition, not a measurement of something that was there before. Say which, and how it treats copies.

# %% [markdown]
# ## 6. Given the label, and without it
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# A conditional VAE leaves the label out of the latents: "same content, other style". Here it has three nets:
#
# - `encoder`, from $(x, y)$ side by side, $(\dots, D_x + C)$, to $(\dots, 2D)$: loc and log_scale of $q(z \mid x, y)$;
# - `prior`, from y, $(\dots, C)$, to $(\dots, 2D)$: loc and log_scale of $p(z \mid y)$, which is learned;
# - `decoder`, from $(z, y)$ side by side, $(\dots, D + C)$, to logits $(\dots, D_x)$ of independent bits.
#
# `log_scale` is the logarithm of a standard deviation. Labels are one-hot, and uniform: $p(y) = 1/C$. Return one number per
# datum, $(*B)$:
#
# - where the label is **given**, the bound on $\log p(x \mid y)$, with the KL in closed form and the reconstruction
#   averaged over the noise: $z_k = \mathrm{loc} + e^{\mathrm{log\_scale}} \odot \epsilon_k$;
# - where it is **missing**, and `y` is a row of zeros, the best bound on $\log p(x)$ that can be had from those numbers,
#   one for each label it might have (with the same noise): with the best guess $q(y \mid x)$ there is.
#
# The check asks for the value, to eight digits, and for its gradient in all parameters of the three nets. Logits go up to a few hundred.
#
# **Predict, before you begin**: let $q(y \mid x)$ be free. Which is best, and what is then the bound? Is it above or
# below that of the best single label?

# %% exercise="15_conditional"
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    """A bound on log p(x | y) where y is given, and on log p(x) where it is missing; (*B).

    x: (*B, Dx), bits. y: (*B, C), one-hot, or zeros where the label is missing. eps: (K, *B, D), standard normal.
    """
    ### BEGIN SOLUTION
    def bound(y):
        loc, log_scale = encoder(torch.cat([x, y], -1)).chunk(2, -1)
        to_loc, to_log_scale = prior(y).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp() + ((loc - to_loc) * (-to_log_scale).exp()) ** 2
        kl = (0.5 * (ratio - 1) - log_scale + to_log_scale).sum(-1)
        z = loc + log_scale.exp() * eps
        logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], y.shape[-1])], -1))
        like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
        return like.mean(0) - kl

    labels = torch.eye(y.shape[-1], dtype=y.dtype)
    each = torch.stack([bound(label.expand_as(y)) for label in labels], -1)                 # (*B, C)
    missing = each.logsumexp(-1) - math.log(len(labels))
    return torch.where(y.sum(-1) > 0, (each * y).sum(-1), missing)
    ### END SOLUTION


# %% check="15_conditional"
check("15_conditional", conditional_objective)

# %% [markdown]
# **Few labels.** Digits 0 to 4, of which one in ten has its label. The objective is climbed with all rows, and with the
# labelled rows alone; then each net guesses the labels of the test images, by its five bounds.

# %%
with when_written():
    images, labels = targets.few_digits("train")
    tests, truth = targets.few_digits("test")
    hidden = torch.rand(len(labels), 1, generator=seeded(1)) < 0.9
    for name, x, y in (("all rows", images, labels.masked_fill(hidden, 0)), ("labelled alone", images[~hidden[:, 0]], labels[~hidden[:, 0]])):
        nets = [mlp(64 + 5, 64, 8, seeded(2)), mlp(5, 16, 8, seeded(3)), mlp(4 + 5, 64, 64, seeded(4))]
        optimizer, noise = torch.optim.Adam([p for net in nets for p in net.parameters()], lr=0.005), seeded(5)
        for _ in range(400):
            rows = torch.randperm(len(x), generator=noise)[:100]
            loss = -conditional_objective(*nets, x[rows], y[rows], torch.randn(1, len(rows), 4, generator=noise)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            eps = torch.randn(20, len(tests), 4, generator=seeded(6))
            each = torch.stack([conditional_objective(*nets, tests, one.expand(len(tests), 5), eps) for one in torch.eye(5)], -1)
        right = (each.argmax(-1) == truth.argmax(-1)).double().mean()
        print(f"{name:16s} {len(x):4d} images   test bound on log p(x) {(each.logsumexp(-1) - math.log(5)).mean():8.3f}   labels right {right:.3f}")

# %% [markdown]
# <details><summary>Symptom: right where the prior is N(0, I), not otherwise</summary>
#
# The KL is between two Gaussians, each with a mean and a scale of its own. Which of the two is the expectation under?
#
# </details>
# <details><summary>Symptom: rows without a label are off by a constant, or too low</summary>
#
# A label that is missing is a second latent, with its own prior, its own q, and its own term of the bound. Write down
# the bound for a $q(y \mid x)$ that is free. Which three terms are there besides reconstruction and KL of z?
#
# </details>
# <details><summary>Symptom: I have a bound for each q(y | x), and seek the best</summary>
#
# It is the posterior that belongs to the joint in which $e^{L(x, y)}$ stands for $p(x \mid y)$. Put it in: everything
# collapses into a normalizing constant.
#
# </details>

# %% [markdown] solution_only="15_conditional"
# **Given**: $L(x, y) = \mathbb E_q \log p(x \mid z, y) - \mathrm{KL}(q(z \mid x, y) \,\|\, p(z \mid y))$; per latent the
# KL is $\log\frac us + \frac{s^2 + (\ell - m)^2}{2u^2} - \tfrac12$.
#
# **Missing**: $\sum_y q(y)[L(x, y) + \log p(y) - \log q(y)]$, at its best for $q(y) \propto p(y)\,e^{L(x, y)}$:
# $\log\sum_y p(y)\,e^{L(x, y)}$. That is above $\max_y [L(x, y) - \log C]$ by up to $\log C$, and at most
# $\max_y L(x, y)$. No classifier was trained: the guess is Bayes' rule with bounds for likelihoods. (The gradient is that of the
# bound with the guess held fixed, as the guess is at its optimum.)

# %% [markdown]
# ## 7. The best prior that a flow can be
#
# *Difficulty* 4/5 · *Importance* 3/5 · 35 minutes
#
# Rate is more than information by what the aggregate of z differs from the prior. So let the prior be learned: a flow
# T, increasing, from z to the base, such that z has the prior's density if $u = T(z)$ is standard normal. One latent,
# N data, $q(z \mid x_n) = N(\mathrm{loc}_n, e^{2\,\mathrm{log\_scale}_n})$, and encoder and decoder stay as they are.
# Which T makes the rate, the mean of $\mathrm{KL}(q(z \mid x_n) \,\|\, p)$ over the N data, as small as it can be?
# Return two tensors, $(M)$ each, for places `z`, $(M)$:
#
# - $T(z)$;
# - $\log T'(z)$.
#
# Six digits, $10^{-8}$ near zero, for places where $T(z)$ is between -7.5 and 7.5. Posteriors are as narrow as .04 and as wide as 30, and there may be gaps
# between them where hardly any z falls; N is 1 to 300.
#
# **Predict, before you begin**: what does T look like when the posteriors are far apart and narrow? What is the rate
# with this prior?

# %% exercise="15_flow_prior"
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """T(z) and log T'(z), (M) each, of the increasing flow to N(0, 1) whose prior has the least rate.

    loc, log_scale: (N), of q(z | x_n). z: (M).
    """
    ### BEGIN SOLUTION
    score = (z[:, None] - loc) * (-log_scale).exp()                                         # (M, N)
    below, above = (0.5 * torch.erfc(side / 2**0.5).mean(1) for side in (-score, score))    # neither tail is one minus the other
    u = torch.where(below < above, torch.special.ndtri(below), -torch.special.ndtri(above))
    log_q = (-0.5 * score**2 - log_scale).logsumexp(1) - math.log(len(loc))                 # log 2 pi cancels
    return u, log_q + 0.5 * u**2
    ### END SOLUTION


# %% check="15_flow_prior"
check("15_flow_prior", best_flow)

# %% [markdown]
# **What it is worth.** Five data; the rate with N(0, 1) as prior, with the best Gaussian, and with your flow, each
# measured with 20,000 draws; and the information $I(x; z)$, from the same draws.

# %%
with when_written():
    loc, log_scale = torch.tensor([-2.5, -2.0, 0.3, 1.8, 2.6], dtype=torch.float64), torch.tensor([-1.5, -1.0, -1.2, -0.7, -1.5], dtype=torch.float64)
    which = torch.arange(20_000) % 5
    z = loc[which] + log_scale[which].exp() * normals(20_000, seed=3)
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z[:, None])
    u, slope = (torch.as_tensor(part) for part in best_flow(loc, log_scale, z))
    priors = {
        "N(0, 1)": torch.distributions.Normal(0.0, 1.0).log_prob(z),
        "best Gaussian": torch.distributions.Normal(z.mean(), z.std()).log_prob(z),
        "your flow": torch.distributions.Normal(0.0, 1.0).log_prob(u) + slope,
        "information": log_q.logsumexp(1) - math.log(5),
    }
    for name, log_p in priors.items():
        each = log_q[torch.arange(20_000), which] - log_p
        print(f"{name:14s} {each.mean():.4f} ± {each.std() / 20_000**0.5:.4f}")

# %% [markdown]
# <details><summary>Symptom: I do not know which prior is best</summary>
#
# Write the rate as information plus one more KL. The prior stands in one of the two terms alone; when is that zero?
#
# </details>
# <details><summary>Symptom: I know the prior, and not the flow</summary>
#
# What distribution has $F(z)$, when F is the distribution function of z? And which function takes that distribution to
# the standard normal?
#
# </details>
# <details><summary>Symptom: infinite, or imprecise, far to the right</summary>
#
# There the distribution function is one minus next to nothing, and the nothing is rounded away. A normal has two tails
# that mirror each other: compute the small one, by a function that does not subtract it from one either
# (`torch.special.ndtr` does; `torch.erfc` does not).
#
# </details>

# %% [markdown] solution_only="15_flow_prior"
# **The prior.** Rate $= I(x; z) + \mathrm{KL}(q(z) \,\|\, p(z))$, and a flow in one dimension can be any density: the
# best is the aggregate itself, $q(z) = \tfrac1N\sum_n q(z \mid x_n)$, and the rate is the information.
#
# **The flow.** $T = \Phi^{-1} \circ F$ with $F$ the aggregate's distribution function, and by the change of variables
# $\log T' = \log q(z) - \log N(T(z); 0, 1)$. In the gaps T is all but flat: there is no probability to move.
#
# **The price**: with narrow posteriors far apart the information is $\log N$, and the prior knows every datum. A prior
# that is learned on training data is judged on others.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Three representations, one of them right. Three people trained a linear beta-VAE with $\sigma$ held fixed, each with
# Gaussian data, $\sigma$ and $\beta$ *of their own*; D latents, each of which is worth having at the optimum.
#
# - **right**: decoder and encoder are at the optimum of the objective, with latents along the principal axes;
# - **rotated**: the same decoder, but its latents were rotated, and held there. The encoder may only say *independent*
#   latents, and is the best of that kind;
# - **collapsed**: as right, but one latent, you do not know which, has died: it is not read, and carries nothing.
#
# You are not told who. `eigenvalues`, $(3, D_x)$, in any order, `noise_scale` ($\sigma$), `beta`, $(3)$ each, and
# `latent_dim` are known. `measured`, $(3, 2)$, has rate and distortion of each person, and `errors`, $(3, 2)$, their
# standard errors. Return the three names `"right"`, `"rotated"`, `"collapsed"` in the order of the persons.
#
# The evidence is enough: with the data of each, any two of the three would lie six standard errors apart, in rate or
# in distortion, whichever latent it is that died. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: with the *same* data, who has the least distortion of the three? Who pays less rate than
# the right one? Does rotating change $p(x)$? So what does it change?

# %% exercise="15_sealed_case"
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    """Who is "right", who is "rotated", and who is "collapsed", in the order of the persons.

    measured, errors: (3, 2), rate and distortion. eigenvalues: (3, Dx). noise_scale, beta: (3).
    """
    ### BEGIN SOLUTION
    values = eigenvalues.sort(-1, descending=True).values
    level = (beta * noise_scale**2)[:, None]
    kept = values[:, :latent_dim]
    nats = 0.5 * (kept / level).log()
    full = torch.stack([nats.sum(-1), latent_dim * level[:, 0] + values[:, latent_dim:].sum(-1)], -1)
    less = full[:, None] + torch.stack([-nats, kept - level], -1)                           # (3, D, 2): without one latent
    right = ((measured - full) / errors).square().sum(-1)
    collapsed = ((measured[:, None] - less) / errors[:, None]).square().sum(-1).min(-1).values
    first, second = min(itertools.permutations(range(3), 2), key=lambda pair: right[pair[0]] + collapsed[pair[1]])
    return ["right" if i == first else "collapsed" if i == second else "rotated" for i in range(3)]
    ### END SOLUTION


# %% check="15_sealed_case"
check("15_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("15_sealed_case", seed=1)
    for letter, m, e in zip("ABC", case.given["measured"], case.given["errors"], strict=True):
        print(f"{letter}: rate {m[0]:.4f} ± {e[0]:.4f}   distortion {m[1]:.4f} ± {e[1]:.4f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I sort the persons by rate or distortion, and am right by chance alone</summary>
#
# Each has data of another size, and another level of the water. Compare a person with what *their* eigenvalues allow.
#
# </details>
# <details><summary>Symptom: nobody is where I say that the optimum is</summary>
#
# $\sigma$ is fixed here. Which axes are kept, what is lost on each of those, and what on the others? And where does
# beta come in?
#
# </details>
# <details><summary>Symptom: I know who is right, and not who the others are</summary>
#
# A dead latent takes its share out of the rate and puts its axis' variance back into the distortion: one prediction for
# each latent that may have died. Rotations come in a continuum; need you predict them?
#
# </details>

# %% [markdown] solution_only="15_sealed_case"
# **The predictions.** With $t = \beta\sigma^2$: right has rate $\sum_{i \le D}\tfrac12\log(\lambda_i/t)$ and distortion
# $Dt + \sum_{i > D}\lambda_i$. Collapsed, without latent j: $\tfrac12\log(\lambda_j/t)$ less and $\lambda_j - t$ more. Whoever
# is left is rotated.
#
# **The prediction.** The right one has the least distortion; the collapsed one pays less rate. The rotated one may pay
# more or less: with $\Lambda = R^\top \mathrm{diag}(\lambda/t) R$, the precision of its exact posterior at this beta, the best
# independent variances are $1/\Lambda_{jj}$, narrower than the marginals $(\Lambda^{-1})_{jj}$. The distortion grows by
# $t\sum_j \big[(\Lambda^{-1})_{jj} - 1/\Lambda_{jj}\big]$. The rate grows by the KL from q to the exact posterior,
# $\tfrac12\big(\sum_j \log\Lambda_{jj} - \log\det\Lambda\big)$, and falls by half of that bracket's sum. $p(x)$ has not changed:
# the bound has. A *diagonal* q is what picks the principal axes; neither prior nor likelihood does.

# %% [markdown]
# ## 9. In words: four claims about disentangled latents
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) The prior has independent components, so the latents that maximize the likelihood are the
# independent factors of the data; more data will make them more so. (2) We chose $\beta = 4$. The bound on $\log p(x)$
# is then larger than the ELBO, and our model has a likelihood at least as good. (3) Our information gap is .42 and the
# baseline's .35, one training each: our method disentangles better. (4) Five of our ten latents are off. That is a
# failure of optimization; a better optimizer would use them all." For each claim write two or three sentences: what is
# right about it, what is not, and what you would measure to decide. Then one sentence: name a use for which you would
# take a large $\beta$, and what you would watch.

# %% [markdown] written="15_written"
# (1) The prior is independent, and so is the prior after every rotation, and every other map that keeps N(0, I).
# p(x) is the same for all of these, so neither likelihood nor data can choose. What chooses, if anything, is what q
# can say (a diagonal q picks axes), or labels. Measure: rotate the latents and the decoder with them; log p(x) by
# importance sampling stays.
#
# (2) The objective at beta = 4 is the ELBO less three times the KL: a looser bound, not a larger one. The likelihood of
# what is learned is usually lower, as less rate is bought. Measure: log p(x) on test data by importance sampling, for
# both.
#
# (3) One training each says nothing about an order: seeds may vary more than methods. Measure: five seeds or more, the
# paired difference with its standard error; and a second score, since scores disagree (copies have a gap of zero).
#
# (4) A latent whose axis varies less than the level beta sigma^2 is off at the optimum. So off may be right, and with a
# learned sigma it depends on the others, too. Measure: in the linear case compare with the eigenvalues; else, train
# again with other starts or with annealing: does the objective rise when more are on?
#
# I would take a large beta for lossy compression at a low rate, and watch the distortion.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Invariance of the prior under rotations (or other maps that keep it), hence the same p(x), hence no
#   choice by data; and a measurement, or what does choose (diagonal q, labels, architecture). "Independent components
#   are not guaranteed", without the reason: 0.25.
# - 0.5: claim 2. beta > 1 is a looser bound, by (beta - 1) KL; the likelihood is another question and must be estimated.
#   Only one of the two: 0.25. Accept: for beta < 1 the objective may exceed log p(x) and is no bound.
# - 0.5: claim 3. Seeds and errors; and either that scores disagree or that the score depends on bins or on the sample.
#   Seeds alone, with a paired comparison named: 0.5 as well.
# - 0.5: claim 4. Off can be optimal: variance below the level (or: KL costs more than the axis gives). With a way to
#   decide. "Posterior collapse is always fine": 0.
# - Last sentence: lossy compression, coarse codes, visualization, regularizing a small data set; watched: distortion,
#   active units, likelihood. Accept any with its reason.
# === END MARK SCHEME ===
