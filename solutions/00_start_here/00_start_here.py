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

# %% [markdown] locked="00_header"
# # Problem set 00 · The tools
#
# It goes with [the lecture](../../lectures/00_start_here.ipynb). Seven small functions that every later unit leans on. None is about inference yet; all are about not failing later for the wrong reason:
#
# 1. the logarithm of an average of numbers too small to write down;
# 2. a log-density with its axes in order;
# 3. a number that has one value and another gradient;
# 4. a standard error, and the z-score that every check in this course reports;
# 5. a check of your own, which finds out whether an estimator is biased;
# 6. a Gaussian, conditioned;
# 7. the same for matrices so large that they are never made;
# 8. and one report to read and explain in words.
#
# **About two and a half hours.** The exercises are independent: if one resists, go on and come back.
#
# **How checks work.** You write a function in place of the line that raises, run the cell, and run the check below it. Each check calls your function on fresh
# random inputs and says what it tested, what came, what was expected, and, if it recognises the mistake, which one it is. Run it as often as you like: nothing is
# counted. `check("00_z_score", z_score, seed=7)`, in a cell of your own, repeats the inputs of a report that named the seed 7. Any right way of
# computing an answer passes: a loop, one line, a library function.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Conventions**, here and in all units: samples come first, `z` is `(K, *B, D)`; data are `(*B, D)`; a log-density of samples is `(K, *B)`. `*B` stands for any number of batch
# axes, none included. `log_scale` is the logarithm of a *standard deviation*. $N(\mu, \sigma^2)$ names the *variance* second. Logarithms are natural.

# %% locked="00_setup"
import math
from collections.abc import Callable

import torch
from torch import Tensor

from autograder import check
from autograder.units.unit_00 import targets
from course_vi.plots import show

# %% [markdown]
# ---
# ## 1. Averages of weights that underflow
#
# Nearly every bound of the course is made of averages $\frac1K \sum_k w_k$ of importance weights, and those are products of hundreds of small factors. Guess the 784 pixels of a
# binary picture by a coin, and its probability is $e^{-543}$, which single precision writes as 0. So we keep $\log w_k$, and never leave the logarithms.

# %% [markdown]
# **Exercise 1: `log_mean_exp`.** *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# From $\log w_k$, of shape `(K, *B)`, return
#
# $$\log \frac1K \sum_{k=1}^K w_k \qquad (*B),$$
#
# right for $\log w = \pm 10{,}000$ as for 0. A weight may be exactly zero ($\log w = -\infty$); if all are, the answer is $-\infty$.

# %% exercise="00_log_mean_exp"
def log_mean_exp(log_w: Tensor) -> Tensor:
    """log of the mean of exp(log_w) over the samples.

    Args:
        log_w: logarithms of weights, (K, *B).

    Returns:
        One logarithm per datum, (*B).
    """
    ### BEGIN SOLUTION
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
    ### END SOLUTION


# %% check="00_log_mean_exp"
check("00_log_mean_exp", log_mean_exp)

# %% [markdown]
# Your function (blue) on eight weights that are all multiplied by $e^c$. The answer is a straight line in $c$. The formula as written, $\log(\text{mean}(\exp))$, leaves it near $\pm 700$.

# %%
show(targets.shifted_weights(log_mean_exp),
     alt="The logarithm of the mean of eight weights over a common shift c from -1500 to 1500: a straight line of slope one. The naive "
         "formula follows it only between about -745 and 709.")

# %% [markdown]
# <details><summary>Symptom: right for small numbers, infinite or NaN for large ones</summary>
#
# $e^{800}$ is infinite in floating point, and $e^{-800}$ is zero. Multiply all weights by one constant: what happens to the logarithm of their mean? Which constant makes every exponential harmless?
#
# </details>
# <details><summary>Symptom: too large, or too small, by the same number everywhere</summary>
#
# Try it on $K$ equal weights. Their mean is one of them, whatever $K$ and however many data there are. $K$ is `log_w.shape[0]`; `log_w.numel()` counts the data, too.
#
# </details>
# <details><summary>Symptom: NaN when all weights are zero</summary>
#
# $-\infty - (-\infty)$ is not a number. Whoever takes the largest logarithm out first must replace it by 0 where it is infinite. `torch.logsumexp` does.
#
# </details>

# %% [markdown] solution_only="00_log_mean_exp"
# **Derivation.** Take $e^m$ out of the sum. The choice $m = \max_k a_k$ makes all exponents at most 0, so nothing overflows; what underflows is smaller than the largest term by more than the
# 16 digits that a double holds, and would not have changed the sum.
#
# **Notice** that $\log$ and mean do not commute: the mean of the logarithms is smaller, by Jensen's inequality, unless all weights are equal. This one line is the difference between two bounds of the course
# (the ELBO and the importance-weighted bound), so it is worth having the right one in your fingers.

# %% [markdown]
# ---
# ## 2. Axes: samples, batch, event
#
# The shape `(K, *B, D)` answers three questions at once: which sample, of which datum, which coordinate. Operations belong to axes: independent coordinates are *summed over* (the last axis), samples are *averaged over*
# (the first axis), data are *kept apart* (whatever is in the middle). Most wrong answers of beginners, and a good part of experts', are a sum over the wrong one.

# %% [markdown]
# **Exercise 2: `log_likelihood`.** *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# With $x \mid z \sim N\big(z, \operatorname{diag}(\sigma_1^2, \dots, \sigma_D^2)\big)$, and $\sigma_d = \exp(\texttt{log\_scale}_d)$, return $\log p(x \mid z)$, of shape `(K, *B)`, for `x: (*B, D)`,
# `z: (K, *B, D)` and `log_scale: (D,)`. Datum $b$ goes with every sample of *its own* latent: never pair sample $k$ with datum $k$.

# %% exercise="00_log_likelihood"
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    """log N(x; z, diag(exp(log_scale)^2)), for every sample and datum.

    Args:
        x: data, (*B, D).
        z: samples of the latent, (K, *B, D).
        log_scale: logarithms of standard deviations, (D,).

    Returns:
        Log-densities, (K, *B).
    """
    ### BEGIN SOLUTION
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    ### END SOLUTION


# %% check="00_log_likelihood"
check("00_log_likelihood", log_likelihood)

# %% [markdown]
# <details><summary>Symptom: the shape is right and every number is off by the same constant</summary>
#
# $\frac12 \log 2\pi = 0.9189$ is needed once per coordinate. Divide the difference by that and you know how many are missing.
#
# </details>
# <details><summary>Symptom: it fails without a batch, or with two batch axes</summary>
#
# `z` then has two or four axes. Axis 2 is no longer the event. Axis −1 always is.
#
# </details>
# <details><summary>Symptom: it fails only when K = B = D</summary>
#
# Then every wrong pairing has the right shape. Broadcasting aligns shapes from the right, so `x - z` already does what you want; an `unsqueeze` in the wrong place undoes it.
#
# </details>

# %% [markdown] solution_only="00_log_likelihood"
# **Derivation.** Independent coordinates: the density is a product, its logarithm a sum, $\sum_d \big[-\frac{(x_d - z_d)^2}{2 \sigma_d^2} - \log \sigma_d - \frac12 \log 2\pi\big]$.
#
# **The code** never mentions $K$ or $B$. `x - z` broadcasts `(*B, D)` against `(K, *B, D)` from the right; `.sum(-1)` removes the event. That is why the same line serves no batch and two batch axes.
#
# **Notice** the second part of the check: $K = B = D = 3$. A test whose axes have different lengths finds wrong sums by their shape; one whose axes are equal finds wrong *pairings*, by their numbers.

# %% [markdown]
# ---
# ## 3. One value, another gradient
#
# In this course an estimator returns a number whose **value** is the bound, so that what you print and plot is what you mean, and whose **gradient** is the estimate, which often comes from a different expression, called a *surrogate*.

# %% [markdown]
# **Exercise 3: `value_and_gradient`.** *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# Return a tensor that is equal to `value` and whose gradient, in whatever either depends on, is the gradient of `surrogate`. Both are finite and depend on some parameters. The result must be equal to `value` to the last digit, even where the surrogate is ten million times larger and both are in single precision.

# %% exercise="00_value_and_gradient"
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    """A tensor with the value of one and the gradient of the other, (*B) each."""
    ### BEGIN SOLUTION
    return value.detach() + (surrogate - surrogate.detach())
    ### END SOLUTION


# %% check="00_value_and_gradient"
check("00_value_and_gradient", value_and_gradient)

# %% [markdown]
# <details><summary>Symptom: value right, gradient wrong</summary>
#
# `t.detach()` has the value of `t` and no gradient. Write down, for each of your terms, its value and its gradient, and add up both columns.
#
# </details>
# <details><summary>Symptom: gradient right, value wrong</summary>
#
# You need a term that is *zero in value* and has the gradient of the surrogate. What do you subtract from the surrogate?
#
# </details>
# <details><summary>Symptom: only the last part fails, by a little</summary>
#
# $(v + s) - s$ and $v + (s - s)$ are equal on paper. In float32 with $s = 10^7$, which of them still knows the decimals of $v$?
#
# </details>

# %% [markdown] solution_only="00_value_and_gradient"
# | term | value | gradient |
# |---|---|---|
# | `value.detach()` | $v$ | 0 |
# | `surrogate` | $s$ | $\nabla s$ |
# | `- surrogate.detach()` | $-s$ | 0 |
# | sum | $v$ | $\nabla s$ |
#
# **Notice** the brackets. `surrogate - surrogate.detach()` is exactly zero in floating point, so adding it loses nothing. In the other order $v$ is first added to a large number and rounded with it.
# `course_vi.gradients.estimator.as_surrogate` is this line.

# %% [markdown]
# ---
# ## 4. Standard error and z-score
#
# A check measures your gradient estimator thousands of times and compares the mean with the exact gradient. They will never be equal. How far apart is too far? The noise itself gives the unit.

# %% [markdown]
# **Exercise 4: `z_score`.** *Difficulty* 1/5 · *Importance* 5/5 · 15 minutes
#
# From $R$ independent replicates $g_1, \dots, g_R$ of an estimate, and the exact answer $a$, return the mean $\bar g$, its standard error and the z-score,
#
# $$\bar g = \frac1R \sum_r g_r, \qquad \mathrm{se} = \sqrt{\frac{1}{R (R - 1)} \sum_r (g_r - \bar g)^2}, \qquad z = \frac{\bar g - a}{\mathrm{se}},$$
#
# for every entry separately: `samples` is `(R, *S)`, `exact` is `(*S)`, and so are the three results. There are at least two replicates, and no entry is the same in all of them.

# %% exercise="00_z_score"
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, standard error and z-score of replicates against an exact answer.

    Args:
        samples: independent replicates, (R, *S).
        exact: what their mean ought to be, (*S).

    Returns:
        Mean, standard error of the mean, and z with its sign, (*S) each.
    """
    ### BEGIN SOLUTION
    mean = samples.mean(0)
    error = samples.std(0) / samples.shape[0] ** 0.5
    return mean, error, (mean - exact) / error
    ### END SOLUTION


# %% check="00_z_score"
check("00_z_score", z_score)

# %% [markdown]
# Your function on two estimators of $\mathbb E z^2 = 1$ for $z \sim N(0, 1)$: the mean of $z^2$ over ten draws, and the variance of ten draws divided by ten instead of nine, whose mean is 0.9.

# %%
show(targets.z_growth(z_score),
     alt="z-scores over the number of replicates R, from 10 to 100,000, on a logarithmic axis. The unbiased estimator stays within "
         "a few units of 0. The biased one leaves the band of plus or minus 5 within some hundreds of replicates and falls on like the root of R.")

# %% [markdown]
# <details><summary>Symptom: the standard error is too large, and z never grows</summary>
#
# The standard deviation says how one replicate scatters. The mean of $R$ of them scatters less, by $\sqrt R$.
#
# </details>
# <details><summary>Symptom: off by a few per cent</summary>
#
# The sum of squares is divided by $R - 1$, because the mean was estimated from the same numbers. `torch.std` does so by default; `numpy.std` does not.
#
# </details>
# <details><summary>Symptom: right for one quantity, wrong for a table</summary>
#
# Reduce over axis 0 only, and count with `samples.shape[0]`, not with `samples.numel()`.
#
# </details>

# %% [markdown] solution_only="00_z_score"
# **Derivation.** $\operatorname{Var}(\bar g) = \operatorname{Var}(g) / R$ for independent replicates; $\frac{1}{R-1} \sum (g_r - \bar g)^2$ is an unbiased estimate of $\operatorname{Var}(g)$.
#
# **Notice** what happens to $z$ as $R$ grows. If the estimator is right it stays where it is, about a standard normal number. If its bias is $\beta$ and its spread $s$, $z \approx \sqrt R\, \beta / s$ grows without bound: a bias of a
# tenth of the spread shows at 5 standard errors after 2,500 replicates. That is all there is to the statistical part of a check.

# %% [markdown]
# ---
# ## 5. A check of your own
#
# Somebody hands you an estimator and the exact answer. Is the estimator biased? Whatever you do, you will sometimes be wrong, and in two ways: a *false alarm* calls a right estimator biased, and a *miss* lets a biased one pass.
#
# A friend does it like this: "I look at its $z$-score. If $z = 3$, the estimator is wrong with 99.7%." Before you write anything, think of a class that hands in 1,000 estimators, ten of which are biased. How many of the other 990
# does your friend call wrong? So of those that he calls wrong, which share is? And what if each of them estimates sixty numbers at once?

# %% [markdown]
# **Exercise 5: `is_biased`.** *Difficulty* 4/5 · *Importance* 5/5 · 25 minutes
#
# `draw(n)` returns `n` independent estimates, new ones at each call: `(n,)` if one number is estimated and `(n, P)` if $P$ of them are. `exact` is the answer, a float or `(P,)`. Return `True` if the estimator is biased, in any entry, else `False`.
#
# | demanded | |
# |---|---|
# | false alarms | at most 1 in 1,000 calls, for one entry as for sixty |
# | power | a bias of 0.1 standard deviations (of one estimate) or more, in one entry, up or down, is found in 99 calls of 100 |
# | replicates | one call of `is_biased` asks `draw` for at most 10,000, all its calls of `draw` together |
#
# You are judged by what you do to a zoo of estimators. Their spreads go from a hundred-millionth to a hundred; answers may be zero; noise may be skewed, have heavy tails (a kurtosis of 13), or take two values only (the rarer in a twentieth of the draws); the entries of one estimate may share their noise. An entry may have
# no noise at all: a number that is the same every time is right if it is the exact answer up to rounding (a relative $10^{-12}$, so that only 0 is right for 0), and biased if it is not.

# %% exercise="00_is_biased"
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    """Whether an estimator is biased.

    Args:
        draw: draw(n) returns n independent estimates, (n,) or (n, P), float64.
        exact: what their mean ought to be, a float or (P,).

    Returns:
        One True or False, however many entries there are.
    """
    ### BEGIN SOLUTION
    count = 10_000
    samples, answer = draw(count), torch.as_tensor(exact, dtype=torch.float64)
    error = samples.std(0) / count**0.5
    distance = (samples.mean(0) - answer).abs()
    return bool((distance > 5 * error + 1e-12 * answer.abs()).any())
    ### END SOLUTION


# %% check="00_is_biased"
check("00_is_biased", is_biased)

# %% [markdown]
# <details><summary>Symptom: too many false alarms, and more of them the more entries there are</summary>
#
# Choose the limit from what is demanded, not from habit. If one right entry lies beyond it with chance $a$, about how often does at least one of sixty? Which $a$ does 1 in 1,000 leave to each?
#
# </details>
# <details><summary>Symptom: biased estimators pass, or a limit that stops the alarms also stops the finds</summary>
#
# How many standard errors is a bias of a tenth of the spread, with $n$ replicates? That distance needs room for two things: your limit on the one side, and the scatter of the mean (2.3 standard errors for 99%) on the other. The statement allows enough replicates for both.
#
# </details>
# <details><summary>Symptom: only estimates without noise go wrong</summary>
#
# Print distance and standard error for 10,000 copies of 0.1. Neither need be exactly zero, and 0 / 0 compares as `False` with everything. A comparison without a division, with room for rounding, has neither trouble.
#
# </details>

# %% [markdown] solution_only="00_is_biased"
# **Derivation.** Put the limit at $c$ standard errors. A right entry lies beyond it with chance $2 \Phi(-c)$, and at least one of $P$ does with at most $2 P\, \Phi(-c)$, whether they share noise or not. For sixty entries and 1 in 1,000
# that asks for $c \geq 4.3$; with $c = 5$ skewed noise has room, too. A bias of a tenth of the spread is $0.1 \sqrt n$ standard errors, and is found with chance $\Phi(0.1 \sqrt n - c)$: 99% asks for $n \geq 100\,(c + 2.33)^2$, which is 5,400. With all 10,000 it lies ten standard errors away.
#
# **The friend.** 99.7% is the chance that a *right* estimator has $|z| < 3$. Of 990 right ones three lie beyond; all ten biased ones do, at best. So of the thirteen that he calls wrong three are right: 77%, not 99.7%. With sixty entries each, 15% of the right ones have
# an entry beyond, some 150 of them: of 160 that he calls wrong, ten are. The chance of the data given "right" is not the chance of "right" given the data; what turns one into the other is how many right ones there were, and no $z$ knows that.
#
# **Notice** that the number of replicates follows from the demands, and is chosen *before* looking. Whoever looks every hundred replicates and stops as soon as $|z| > 3$ has a hundred chances of a false alarm.

# %% [markdown]
# ---
# ## 6. Conditioning a Gaussian
#
# The one family in which Bayes' rule is linear algebra. It gives the exact answer beside nearly every approximation of the course.

# %% [markdown]
# **Exercise 6: `condition`.** *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# For a joint Gaussian
#
# $$\begin{pmatrix} z \\ x \end{pmatrix} \sim N\left(\begin{pmatrix} \mu_z \\ \mu_x \end{pmatrix}, \begin{pmatrix} \Sigma_{zz} & \Sigma_{zx} \\ \Sigma_{xz} & \Sigma_{xx} \end{pmatrix}\right)
# \quad\text{return}\quad \mathbb E[z \mid x] = \mu_z + \Sigma_{zx} \Sigma_{xx}^{-1} (x - \mu_x), \qquad \operatorname{Cov}[z \mid x] = \Sigma_{zz} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xz}.$$
#
# `mean` is `(D + Dx,)`, `covariance` is `(D + Dx, D + Dx)`, $z$ first in both, `x` is `(*B, Dx)` (so you know where to cut). The mean is `(*B, D)`; the covariance, which does not depend on $x$, is `(D, D)`.

# %% exercise="00_condition"
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of z given x, for (z, x) jointly Gaussian.

    Args:
        mean: of (z, x), (D + Dx,).
        covariance: of (z, x), (D + Dx, D + Dx).
        x: observations, (*B, Dx).

    Returns:
        The conditional mean, (*B, D), and covariance, (D, D).
    """
    ### BEGIN SOLUTION
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = torch.linalg.solve(xx, zx.T).T
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
    ### END SOLUTION


# %% check="00_condition"
check("00_condition", condition)

# %%
show(targets.ellipses(condition),
     alt="An ellipse, two standard deviations of a joint Gaussian of x and z. At three values of x a vertical bar shows the mean of z given x "
         "plus and minus two conditional standard deviations. The means lie on a line; the three bars are equally long.")

# %% [markdown]
# <details><summary>Symptom: the mean is right only where x is near its mean, or only when the means are zero</summary>
#
# What moves $z$ is the *surprise* $x - \mu_x$, and it moves it away from $\mu_z$.
#
# </details>
# <details><summary>Symptom: shapes do not fit when x has a batch</summary>
#
# For one $x$ you write `gain @ (x - mu_x)`. For rows of them, `(x - mu_x) @ gain.T`, which also works for one.
#
# </details>
# <details><summary>Symptom: a conditional covariance with a negative diagonal</summary>
#
# The factor $\Sigma_{xx}^{-1}$ is missing, or it is the inverse of another block. On the course's toy, $\Sigma = \begin{pmatrix} 1 & 1 \\ 1 & 2 \end{pmatrix}$, the answer is $1 - 1 \cdot \frac12 \cdot 1 = \frac12$.
#
# </details>

# %% [markdown] solution_only="00_condition"
# **Derivation.** Let $r = z - \Sigma_{zx} \Sigma_{xx}^{-1} x$. Its covariance with $x$ is $\Sigma_{zx} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xx} = 0$; jointly Gaussian and uncorrelated means independent. So given $x$, $z$ is $r$ (unchanged) plus a
# constant: the mean follows by taking expectations, and the covariance is that of $r$, $\Sigma_{zz} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xz}$.
#
# **The code** solves instead of inverting: as fast, and more accurate when $\Sigma_{xx}$ is nearly singular.
#
# **Notice** that the covariance does not depend on $x$: for Gaussians, *what* you observe decides where the posterior is, and only *that* you observe decides how wide.

# %% [markdown]
# ---
# ## 7. Woodbury: large matrices that are never made
#
# A covariance with $D$ coordinates has $D^2$ entries. A useful compromise is $\Sigma = \operatorname{diag}(d_1^2, \dots, d_D^2) + B B^\top$ with $B$ of shape `(D, R)`: $D (R + 1)$ numbers. To use it in a density you need
# $\log\det\Sigma$ and $v^\top \Sigma^{-1} v$. Both can be had without ever making $\Sigma$:
#
# $$\Sigma^{-1} = S - S B\, M^{-1} B^\top S, \qquad \det \Sigma = \det M \cdot \prod_i d_i^2, \qquad S = \operatorname{diag}(d)^{-2},\quad M = I_R + B^\top S B.$$

# %% [markdown]
# **Exercise 7: `woodbury`.** *Difficulty* 4/5 · *Importance* 3/5 · 30 minutes
#
# Return $\log\det\Sigma$, a number, and $v^\top \Sigma^{-1} v$, of shape `(*B)`, for `scale: (D,)` (the $d_i$), `factor: (D, R)` and `v: (*B, D)`. No tensor or array of $D \times D$ numbers may be made: the check watches sizes and memory. Temporaries as large as `factor` or `v` are fine.

# %% exercise="00_woodbury"
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Log-determinant and quadratic form of diag(scale^2) + factor factor', in linear memory.

    Args:
        scale: standard deviations of the diagonal part, (D,).
        factor: (D, R), with R much smaller than D.
        v: vectors, (*B, D).

    Returns:
        The log-determinant, (), and the quadratic form of the inverse, (*B).
    """
    ### BEGIN SOLUTION
    small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1) ** 2)
    log_det = 2 * scale.log().sum() + torch.logdet(small)
    seen = (v / scale**2) @ factor                                          # (*B, R)
    correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return log_det, (v**2 / scale**2).sum(-1) - correction
    ### END SOLUTION


# %% check="00_woodbury"
check("00_woodbury", woodbury)

# %% [markdown]
# <details><summary>Symptom: numbers right, but "a matrix of D x D was made"</summary>
#
# `torch.diag(scale)` is already too large. Multiplying by a diagonal matrix from the left is `scale.unsqueeze(-1) * matrix`; a quadratic form of a diagonal matrix is a sum of products.
#
# </details>
# <details><summary>Symptom: the log-determinant is right for R = 1 and not for more, or off by a factor of two</summary>
#
# The diagonal of a Cholesky factor holds square roots: $\log\det M = 2 \sum_r \log L_{rr}$. And $\log \prod_i d_i^2 = 2 \sum_i \log d_i$.
#
# </details>
# <details><summary>Symptom: the quadratic form fails with a batch</summary>
#
# `torch.linalg.solve(M, b)` wants columns. Give it `b.unsqueeze(-1)` and take the axis away again.
#
# </details>

# %% [markdown] solution_only="00_woodbury"
# **Why it is true.** Multiply: $(S^{-1} + B B^\top)(S - S B M^{-1} B^\top S) = I + B B^\top S - B \big(I + B^\top S B\big) M^{-1} B^\top S = I + B B^\top S - B B^\top S = I$. For the determinant, eliminate in
# $\begin{pmatrix} S^{-1} & -B \\ B^\top & I \end{pmatrix}$ once by the first block and once by the second: $\det S^{-1} \det M = \det(S^{-1} + B B^\top)$.
#
# **Notice** the cost, $O(D R^2)$ time and $O(D R)$ memory. Unit 08 builds a variational family on these two lines; `course_vi.distributions.FactorNormal` is that family's density.

# %% [markdown]
# ---
# ## 8. In words
#
# **Question 8: a report, read.** *Difficulty* 2/5 · *Importance* 5/5 · 10 minutes
#
# A check reports: *"On average it is the gradient of the ELBO. Expected: loc = 0.425. Came: loc: 0.418 ± 0.00027 over 40,000 replicates (z = −25.8)."* Your friend says: "It is right to within two per cent, and
# random anyway. The check is too strict." Answer in three to five sentences. Say what $\pm 0.00027$ is, how often a right estimator would give such a $z$, and what your friend could do to find out who is right.

# %% [markdown] written="00_written"
# ± 0.00027 is the standard error: the scatter of the *mean* of 40,000 replicates, not of one of them. The mean lies 0.007 below the exact value, twenty-six such errors; a right estimator, whose $z$ is about a standard normal number,
# would practically never be that far off (six errors happen about twice in a thousand million tries, and twenty-six never). So the two per cent are not noise but bias, however small. To find out, repeat with more replicates and fresh noise: if the estimator is right, $z$ stays of
# order one and the mean moves to 0.425; if it is biased, the mean stays near 0.418 and $|z|$ grows like the root of the number of replicates. Whether two per cent of bias *matters* is another question, and a fair one; that the estimator is biased is settled.
#
# === BEGIN MARK SCHEME ===
#
# 2 points. One half each: (a) ± is the standard error of the mean, not the spread of one replicate; (b) twenty-six standard errors are practically impossible for a right estimator ("never", or any figure below one in a million, will do); (c) more
# replicates, fresh noise: z grows like root R under bias, stays otherwise; (d) distinguishes "biased" from "biased enough to matter", or says that the relative size of the error is not what z measures.
#
# === END MARK SCHEME ===
