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

# %% [markdown] locked="10_header"
# # Problem set 10: Tighter bounds
#
# Average the weights before you take the logarithm, and the bound is tighter. How much tighter, what still separates
# it from $\log p(x)$, and what became of its gradient? By the end you will have
#
# - written one bound for every order of a mean, safely where its formula is 0/0,
# - predicted what K samples miss of it, and what its gradient misses,
# - taken a bias apart, term by term, and lost the bound on the way,
# - found the exact curve whose area is the log evidence,
# - derived one gradient estimator for every smooth bound, the ones that nobody has thought of included,
# - predicted signal and noise of a gradient, and why more samples can teach q less,
# - credited each of K discrete samples with what it adds,
# - told four bounds apart by nothing but their values.
#
# **Time**: about five hours and a half; each exercise says its own. **Read first**: [the
# lecture](../../lectures/10_tighter_bounds.ipynb). Exercise 2 builds on 1, and 8 is easier after 1, 3 and 4; the
# others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs, with noise or log weights that are *given*, so that chance has no say, and compares numbers. If something is
# off, the report says what came, what was expected, and which mistake it looks like. Checks never look at how you
# wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: seven here (each number to within $10^{-7}$ of its own size, with $10^{-9}$ to spare for those
# near zero). Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave
# your arguments as you found them. Where your work is graded, and only there, the course's own version of what you are
# asked to write is taken out of `course_vi`.
#
# **Notation.** $\log w_k = \log p_\theta(x, z_k) - \log q_\phi(z_k)$ for $z_1, \dots, z_K \sim q_\phi$, and a *bound*
# maps the log weights $(K, B)$ to $(B)$, each datum by itself. B stands for any number of batch axes, none included
# (stubs write `*B`). `log_scale` is $\log\sigma$, the logarithm of the *standard deviation*. The toy is
# $z \sim N(0, I)$, $x \mid z \sim N(z, I)$, with posterior $N(x/2, \tfrac12 I)$.

# %% locked="10_setup"
import math
from itertools import combinations

import torch
from torch import Tensor
from torch.distributions import Normal

from autograder import check, sealed_case
from autograder.units.unit_10 import targets
from course_vi.models import ConjugateToy
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. The Renyi bound, for every alpha
#
# *Difficulty* 2/5 · *Importance* 4/5 · 20 minutes
#
# A *power mean* of order t raises numbers to the power t, averages them, and takes the t-th root. The variational
# Renyi bound, estimated from K samples, is the logarithm of the power mean of the weights of order $1 - \alpha$. At
# $\alpha = 0$ that is IWAE's log mean weight; at $\alpha = 1$ the order is zero, and what stands there is its limit.
#
# Write it for any finite $\alpha$, from log weights. The check takes $\alpha$ up to a few hundred in size, of either
# sign, and $|1 - \alpha|$ down to $10^{-14}$, and to nothing. Log weights may be -10,000 or +1,000, and a thousand nats
# and more apart. Near $\alpha = 1$ the formula divides almost nothing by almost nothing. Seven digits are asked there,
# too: at $|1 - \alpha| = 10^{-14}$ for log weights within some ten nats of each other, and from $10^{-5}$ on for some
# that lie hundreds of nats apart.

# %% exercise="10_renyi"
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    """The Renyi bound, (*B): the log of the power mean of order 1 - alpha. log_w: (K, *B)."""
    ### BEGIN SOLUTION
    power = 1.0 - alpha
    if power == 0:
        return log_w.mean(0)
    if abs(power) > 0.1:
        return (torch.logsumexp(power * log_w, 0) - math.log(len(log_w))) / power
    pivot = log_w.amax(0) if power > 0 else log_w.amin(0)
    return pivot + torch.expm1(power * (log_w - pivot)).mean(0).log1p() / power
    ### END SOLUTION


# %% check="10_renyi"
check("10_renyi", renyi)

# %% [markdown]
# **Predict, then look**: for one set of weights, does the bound rise or fall with alpha, and what are its limits at
# both ends?

# %%
with when_written():
    some = torch.tensor([-3.0, -1.0, 0.5, 1.0], dtype=torch.float64)
    for alpha in (-100.0, -2.0, 0.0, 0.999999, 1.0, 1.000001, 3.0, 100.0):
        print(f"alpha = {alpha:10.6f}   {renyi(some, alpha).item():+.7f}")

# %% [markdown]
# <details><summary>Symptom: NaN, or infinity, for log weights of -10,000</summary>
#
# $e^{-10000}$ is zero to a computer. A power of a weight is a multiple of its logarithm; torch has a sum of
# exponentials that takes out the largest first.
#
# </details>
# <details><summary>Symptom: right for most alphas, and off by a constant that depends on K and alpha</summary>
#
# The mean is inside the logarithm, and the root is outside. Where does $\log K$ stand with respect to the division?
#
# </details>
# <details><summary>Symptom: right but for alpha within a thousandth of one</summary>
#
# Subtracting $\log K$ from the log of a sum that is nearly K leaves no digits. How far is the mean of the powers from
# one? That number has to be found without first adding it to one. Look among torch's functions for names with `m1`
# and `1p` in them, and see to it that what goes in is small.
#
# </details>

# %% [markdown] solution_only="10_renyi"
# **The formula.** $\hat L_\alpha = \frac{1}{1-\alpha}\log\frac1K\sum_k w_k^{1-\alpha}$, with
# $\hat L_1 = \frac1K\sum_k\log w_k$. Expanding in $t = 1 - \alpha$ gives the mean of the log weights plus $t/2$ times
# their variance plus ..., so the naive quotient is a small number over a small number, and loses as many digits as t
# has zeros.
#
# **Monotone**: power means rise with their order, so the bound falls as alpha rises, from the largest log weight to the
# smallest.

# %% [markdown]
# ## 2. What K samples miss, predicted
#
# *Difficulty* 4/5 · *Importance* 4/5 · 45 minutes
#
# For K without end the estimate of exercise 1 becomes the Renyi bound of q itself, with an expectation under q in
# place of the average. Two things then separate it from $\log p(x)$: what $\alpha$ costs, for ever, and what K
# samples miss. On a toy with a prior mean, both have closed forms:
#
# $$z \sim N(\mu, 1), \qquad x \mid z \sim N(z, 1), \qquad q = N(m, \sigma^2).$$
#
# Return three rows, $(3, B)$:
#
# 1. the exact Renyi bound of q;
# 2. the bias of its estimate from K samples, to order $1/K$: the mean of the estimate less row 1;
# 3. the bias of the *gradient* of that estimate in the prior mean $\mu$, to the same order.
#
# `x`, `prior_mean`, `loc` (m) and `log_scale` have the shape $(B)$, one number for each datum. $\alpha$ lies between -1
# and 3, and at least 0.3 away from 1; K is 16 or more; $\sigma^2$ lies between 0.1 and 1.5. Wherever you are asked the
# variance of the powers is finite (find out for which $\sigma$ that is so). What lies outside is not asked, and you may
# return there what you like. x may be a hundred, and weights too small to be stored: work with logarithms. Row 1 is
# exact; rows 2 and 3 are the term in $1/K$ and no more. No sampling is needed anywhere.

# %% exercise="10_renyi_bias"
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    """(3, *B): the Renyi bound of q = N(loc, exp(2 log_scale)), the bias of its K-sample estimate, that of the gradient in prior_mean.

    x, prior_mean, loc, log_scale: (*B).
    """
    ### BEGIN SOLUTION
    power = 1 - alpha
    precision_q = (-2 * log_scale).exp()

    def log_moment(t: float, mu: Tensor) -> Tensor:                         # log E w^t: a Gaussian integral
        precision = (1 - t) * precision_q + 2 * t
        linear = (1 - t) * loc * precision_q + t * (x + mu)
        constant = (1 - t) * (loc**2 * precision_q + 2 * log_scale) + t * (x**2 + mu**2 + math.log(2 * math.pi))
        return 0.5 * (linear**2 / precision - precision.log() - constant)

    mu = prior_mean.clone().requires_grad_()
    one, two = log_moment(power, mu), log_moment(2 * power, mu)
    bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack([one / power, bias, slope]).detach()
    ### END SOLUTION


# %% check="10_renyi_bias"
check("10_renyi_bias", predicted_renyi)

# %% [markdown]
# **Predict and measure.** Two hundred thousand estimates at K = 16, for an alpha on either side of one, beside your
# row 2.

# %%
with when_written():
    place = [torch.tensor(number, dtype=torch.float64) for number in (2.0, 0.5, 1.6, 0.5 * math.log(0.5))]
    x, mu, m, log_s = place
    noise = torch.randn(16, 200_000, generator=seeded(0), dtype=torch.float64)
    z = m + log_s.exp() * noise
    log_w = Normal(mu, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(x) - Normal(m, log_s.exp()).log_prob(z)
    for alpha in (-1.0, 0.0, 0.5, 2.0):
        bound, bias, _ = predicted_renyi(*place, alpha, 16)
        off = renyi(log_w, alpha) - bound
        print(f"alpha = {alpha:+.1f}   bias: predicted {bias.item():+.5f}   measured {off.mean().item():+.5f} ± {off.std().item() / len(off) ** 0.5:.5f}")

# %% [markdown]
# **The figure to aim for.** Black: the bound. Red: what 16 samples have on average, to leading order. Your numbers
# are the dots.

# %%
show(targets.missed(), alt="Over alpha from -1.5 to 3 two falling lines, the Renyi bound and its mean at 16 samples, and a level line, the log evidence. The bound "
                           "crosses the log evidence at alpha = 0; the mean at 16 samples lies below it left of alpha = 1, and above it on the right.")

# %%
with when_written():
    show(targets.missed(predicted_renyi), alt="The same figure, with dots at five alphas on both lines.")

# %% [markdown]
# <details><summary>Symptom: row 1 is off</summary>
#
# $\log w$ is quadratic in z, so $\mathbb E_q w^t = \int q^{1-t}\,p^t\,dz$ is a Gaussian integral. Add up the
# coefficients of $z^2$, of z, and the rest. When is the coefficient of $-z^2/2$ positive?
#
# </details>
# <details><summary>Symptom: row 2 is right at alpha = 0, and nowhere else</summary>
#
# It is not the variance of the weights that counts, but that of what is averaged. And whatever is divided by a number
# has its bias divided, too, its sign included.
#
# </details>
# <details><summary>Symptom: row 3 is off, and rows 1 and 2 are right</summary>
#
# The mean of a gradient is the gradient of the mean (the noise does not depend on $\mu$). So what is the bias of the
# gradient the derivative of? Both moments move with $\mu$. Autograd may do the rest.
#
# </details>

# %% [markdown] solution_only="10_renyi_bias"
# **The moments.** With $M(t) = \log \mathbb E_q w^t$: precision $\Lambda_t = (1-t)/\sigma^2 + 2t$, linear term
# $b_t = (1-t)m/\sigma^2 + t(x + \mu)$, and
# $M(t) = \tfrac12\big[b_t^2/\Lambda_t - \log\Lambda_t - (1-t)(m^2/\sigma^2 + \log\sigma^2) - t(x^2 + \mu^2 + \log 2\pi)\big]$,
# finite where $\Lambda_t > 0$. The variance needs $t = 2(1 - \alpha)$.
#
# **The bias.** $u = w^{1-\alpha}$ is averaged, then its logarithm taken, then divided:
# $-\frac{\operatorname{Var} u}{2K(1-\alpha)(\mathbb E u)^2}$. For $\alpha > 1$ it is positive: this bound is estimated
# *from above*, beginning with the ELBO at K = 1. So more samples make such a lower bound looser.
#
# **The gradient** is biased by the derivative of that: for $\alpha = 0$ it is $-\frac{1}{2K}\frac{d\rho}{d\mu}$ with
# $\rho$ the relative variance of the weights. An evidence that is estimated tightly has a gradient whose bias falls
# with the same $1/K$.

# %% [markdown]
# ## 3. The jackknife: a bias taken apart
#
# *Difficulty* 4/5 · *Importance* 3/5 · 35 minutes
#
# The bias of the log mean weight of n samples is a series in $1/n$:
#
# $$\mathbb E\,\hat L_n = \log p(x) + \frac{c_1}{n} + \frac{c_2}{n^2} + \dots$$
#
# You have K weights and do not know any $c_r$. But you may leave samples out. Let $\bar L_n$ be the log mean weight
# of n of the K samples, averaged over *all* sets of n of them. The jackknife of order m is the one combination of
# $\bar L_K, \bar L_{K-1}, \dots, \bar L_{K-m}$ that is right for a constant, and in whose mean the terms with
# $c_1, \dots, c_m$ are gone, whatever they are.
#
# Find its coefficients, or let linear algebra find them, and return the estimate, $(B)$. `order` is an `int`; order 0
# is the log mean weight. An order that needs a set of no samples, or is negative, raises a `ValueError`. K is at most
# 8. Log weights may be -10,000, and a thousand nats apart: one weight may be all of the mean, and what is left without
# it still counts.

# %% exercise="10_jackknife"
def jackknife(log_w: Tensor, order: int) -> Tensor:
    """The log mean weight with the terms 1/K, ..., 1/K^order of its bias taken out, (*B). log_w: (K, *B), 0 <= order < K."""
    ### BEGIN SOLUTION
    size = len(log_w)
    if not 0 <= order < size:
        raise ValueError(f"order is {order} with {size} samples; expected 0 <= order < K")
    total = torch.zeros_like(log_w[0])
    for j in range(order + 1):
        left = size - j
        coefficient = (-1) ** j * left**order / (math.factorial(order - j) * math.factorial(j))
        subsets = log_w[torch.tensor(list(combinations(range(size), left)))]            # (sets, K - j, *B)
        total = total + coefficient * (torch.logsumexp(subsets, 1) - math.log(left)).mean(0)
    return total
    ### END SOLUTION


# %% check="10_jackknife"
check("10_jackknife", jackknife)

# %% [markdown]
# **Predict and measure.** On the toy at x = 2 with q = N(1.5, 1), from four samples. Which orders have their mean
# above $\log p(x)$? What do you pay?

# %%
with when_written():
    toy, x = ConjugateToy(), torch.tensor([2.0], dtype=torch.float64)
    z = 1.5 + torch.randn(4, 100_000, 1, generator=seeded(1), dtype=torch.float64)
    log_w = toy.log_joint(x, z) - Normal(1.5, 1.0).log_prob(z).sum(-1)
    for order in range(4):
        off = jackknife(log_w, order) - toy.log_evidence(x)
        print(f"order {order}   mean error {off.mean().item():+.5f} ± {off.std().item() / len(off) ** 0.5:.5f}   deviation {off.std().item():.3f}")

# %% [markdown]
# <details><summary>Symptom: I do not know where to begin</summary>
#
# Begin with K = 2 and order 1. By the series, what are the means of $\bar L_2$ and of $\bar L_1$, and which combination
# of the two keeps $\log p(x)$ and loses $c_1$? Then count: how many conditions does order m set?
#
# </details>
# <details><summary>Symptom: order 1 is right, order 2 is not</summary>
#
# Do all your coefficients contain K? The set that leaves j out has $K - j$ members, and its bias is a series in one
# over *that*.
#
# </details>
# <details><summary>Symptom: right on average, and the check says "one subset"</summary>
#
# Any set of the right size has the right mean. All of them together are quieter: `itertools.combinations`.
#
# </details>

# %% [markdown] solution_only="10_jackknife"
# **The coefficients** solve $\sum_j a_j = 1$, $\sum_j a_j (K-j)^{-r} = 0$ for $r = 1, \dots, m$, a Vandermonde
# system. Its solution is Lagrange's polynomial through the points $1/(K-j)$, read at zero:
# $a_j = (-1)^j \frac{(K-j)^m}{(m-j)!\,j!}$. For $m = 1$: $K\hat L_K - (K-1)\bar L_{K-1}$.
#
# **What was lost.** The coefficients alternate, so the sum is no expectation of a concave function any more: its mean
# may be above $\log p(x)$. And they grow like $K^m$, so that it is noisier. Less bias, no bound.

# %% [markdown]
# ## 4. The thermodynamic curve
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# A path of densities leads from q to the posterior, $\pi_\beta(z) \propto q(z)^{1-\beta}\,p(x, z)^\beta$, and the
# area under the curve of $\mathbb E_{\pi_\beta} \log w$ over $\beta$ from 0 to 1 is $\log p(x)$. On the toy in D
# dimensions, with $q = N(m, \mathrm{diag}(\sigma^2))$, the curve can be had exactly.
#
# Return a pair: the curve at each of the given `betas`, $(T, B)$, and its derivative in $\beta$, $(T, B)$. `x`, `loc`
# and `log_scale` are $(B, D)$ or $(D)$. `betas` is $(T)$: numbers from 0 to 1 in any order, the ends among them or not;
# T may be one. `log_scale` lies between -5 and 2.5, x may be two hundred, and m is near $x/2$. No sampling.

# %% exercise="10_thermodynamic_curve"
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of log w under pi_beta on the toy, and its slope in beta, (T, *B) each.

    x, loc, log_scale: (*B, D). betas: (T).
    """
    ### BEGIN SOLUTION
    precision_q = (-2 * log_scale).exp()
    beta = betas.reshape(-1, *(1,) * x.dim())
    variance = 1 / ((1 - beta) * precision_q + 2 * beta)                    # of a Gaussian for each beta
    mean = variance * ((1 - beta) * loc * precision_q + beta * x)
    a, b = 0.5 * precision_q - 1, x - loc * precision_q                     # log w = a z^2 + b z + c
    c = 0.5 * loc**2 * precision_q - 0.5 * x**2 + log_scale - 0.5 * math.log(2 * math.pi)
    curve = a * (mean**2 + variance) + b * mean + c
    slope = 2 * (a * variance) ** 2 + (2 * a * mean + b) ** 2 * variance    # the variance of log w
    return curve.sum(-1), slope.sum(-1)
    ### END SOLUTION


# %% check="10_thermodynamic_curve"
check("10_thermodynamic_curve", thermodynamic_curve)

# %% [markdown]
# **Predict first**: with n equal intervals, how large is the right sum less the left sum? (Only two heights are
# needed.) So how many intervals squeeze $\log p(x)$ to within a hundredth of a nat here?

# %%
with when_written():
    place = [torch.tensor([number], dtype=torch.float64) for number in (2.0, 0.2, math.log(0.6))]
    for count in (1, 10, 100, 1000):
        heights, _ = thermodynamic_curve(*place, torch.linspace(0, 1, count + 1, dtype=torch.float64))
        print(f"{count:5d} intervals   left {heights[:-1].mean().item():+.5f}   right {heights[1:].mean().item():+.5f}   "
              f"log evidence {ConjugateToy().log_evidence(place[0]).item():+.5f}")

# %%
show(targets.curve(), alt="The mean of log w over beta rises from -2.9 to -1.3, ever faster. The area under it is shaded; a level line is the log evidence, -2.27.")

# %%
with when_written():
    show(targets.curve(thermodynamic_curve), alt="The same curve with six dots on it and a short tangent through each.")

# %% [markdown]
# <details><summary>Symptom: right at both ends, and wrong between them</summary>
#
# Multiplying powers of Gaussian densities adds up something, and it is not the variances. Take logarithms.
#
# </details>
# <details><summary>Symptom: the curve is right, the slope is not</summary>
#
# Differentiate $\mathbb E_{\pi_\beta} \log w$ under the integral; do not forget that the normalizer of $\pi_\beta$
# depends on $\beta$. What remains is a moment of $\log w$ that is never negative.
#
# </details>
# <details><summary>Symptom: the slope is too small where q is far too wide</summary>
#
# Compare your slope with differences of your own curve. $\log w$ is a quadratic in z: where it is flat at the mean of
# $\pi_\beta$, does it not vary at all?
#
# </details>

# %% [markdown] solution_only="10_thermodynamic_curve"
# **The path** is Gaussian: precision $(1-\beta)/\sigma^2 + 2\beta$, precision times mean
# $(1-\beta)m/\sigma^2 + \beta x$. With $\log w = a z^2 + b z + c$, the curve is
# $a(\mu_\beta^2 + v_\beta) + b\mu_\beta + c$.
#
# **The slope** is $\operatorname{Var}_{\pi_\beta}\log w = 2a^2v_\beta^2 + (2a\mu_\beta + b)^2v_\beta$: the second
# derivative of $\log\int q^{1-\beta}p^\beta$, of which the curve is the first. Hence the curve never falls, left sums
# are lower bounds and right sums upper bounds. At $\beta = 0$ the height is the ELBO.
#
# **The squeeze.** With equal intervals right less left is (last height less first height) / n, and that difference is
# $\mathrm{KL}(q\,\|\,p) + \mathrm{KL}(p\,\|\,q)$.

# %% [markdown]
# ## 5. S7: one estimator for every smooth bound
#
# *Difficulty* 5/5 · *Importance* 5/5 · 60 minutes
#
# You are handed a bound $f(\log w_1, \dots, \log w_K)$ as a function. It may be one of the lecture's, or one that
# nobody has named: an upper bound, a bound that treats its samples unequally, one that is linear. All you may assume
# is that it is smooth, and that it treats each datum by itself, $(K, B) \to (B)$, and $(K) \to ()$.
#
# The derivative of the bound along $z_k = m + \sigma\epsilon_k$ contains a score for each sample,
# $\nabla_\phi \log q_\phi(z_k)$ at fixed $z_k$, each with a factor beside it. For the ELBO that factor is a constant,
# so one may drop the score (unit 09). Here the factor depends on all of the samples, on $z_k$ too. But the score
# function and the path are two gradients of one expectation (section 5 of the lecture), so each score can be *turned
# into a path*. Do that. What remains for $\phi$ is a sum over samples, of a number times the path derivative of
# $\log w_k$ (log q frozen). Find that number for any f. For $\theta$, the parameters of p, the gradient of the bound
# is what it is.
#
# Return a tensor $(B)$: its value is the bound, its gradient in `loc`, `log_scale` and the parameters of `p` is the
# estimate. `p.log_joint(x, z)` is differentiable, $(K, B)$. K may be one, and log weights may lie hundreds of nats
# apart. Leave no `.grad` behind in the parameters of p: `backward` does, `torch.autograd.grad` does not.

# %% exercise="10_any_smooth_bound"
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """The bound, (*B), whose gradient has no score in it.

    bound: (K, *B) -> (*B). p: a module with log_joint(x, z) -> (K, *B). loc, log_scale, x: (*B, D). eps: (K, *B, D), standard normal.
    """
    ### BEGIN SOLUTION
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    fixed = (p.log_joint(x, z) - log_q).detach().requires_grad_()
    value = bound(fixed)
    (first,) = torch.autograd.grad(value.sum(), fixed, create_graph=True)
    second = torch.zeros_like(fixed)
    if first.requires_grad:                                                 # not so for a linear bound
        rows = [torch.autograd.grad(row.sum(), fixed, retain_graph=True)[0] for row in first]
        second = torch.stack([row[k] for k, row in enumerate(rows)])
    first = first.detach()
    leaf = z.detach().requires_grad_()                                      # slopes of log w in z alone
    at_leaf = p.log_joint(x, leaf)
    density = Normal(loc.detach(), log_scale.detach().exp()).log_prob(leaf).sum(-1)
    (slope,) = torch.autograd.grad((at_leaf - density).sum(), leaf, retain_graph=True)
    for_phi = ((first - second).unsqueeze(-1) * slope * z).sum((0, -1))
    for_theta = (first * p.log_joint(x, z.detach())).sum(0)
    surrogate = for_phi + for_theta
    return value.detach() + surrogate - surrogate.detach()
    ### END SOLUTION


# %% check="10_any_smooth_bound"
check("10_any_smooth_bound", any_smooth_bound)

# %% [markdown]
# **Predict and measure.** An upper bound, Renyi's at $\alpha = -1$, with K = 2, on the toy at x = 2. Both noises on a
# grid, so that both gradients, the total derivative of the bound and yours, have exact means and variances. Do the
# means agree? Which variance is zero at the posterior?

# %%
def upper(log_w: Tensor) -> Tensor:
    return 0.5 * (torch.logsumexp(2 * log_w, 0) - math.log(len(log_w)))


with when_written():
    grid = torch.linspace(-9, 9, 181, dtype=torch.float64)
    eps = torch.cartesian_prod(grid, grid).T.unsqueeze(-1)                  # (2, 181 * 181, 1)
    chance = torch.softmax(-0.5 * eps.square().sum((0, -1)), 0)
    x = torch.full((eps.shape[1], 1), 2.0, dtype=torch.float64)

    def total(bound, p, loc, log_scale, x, eps):
        z = loc + log_scale.exp() * eps
        return bound(p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1))

    for m, variance in ((0.6, 0.8), (1.0, 0.5)):
        for name, estimator in (("total", total), ("yours", any_smooth_bound)):
            loc = torch.full_like(x, m).requires_grad_()
            log_scale = torch.full_like(x, 0.5 * math.log(variance)).requires_grad_()
            value = estimator(upper, ConjugateToy(), loc, log_scale, x, eps)
            slopes = torch.cat(torch.autograd.grad(value.sum(), (loc, log_scale)), -1)
            mean = chance @ slopes
            spread = chance @ (slopes - mean).square()
            print(f"q = N({m}, {variance})   {name}: mean ({mean[0]:+.5f}, {mean[1]:+.5f})   variance ({spread[0]:.5f}, {spread[1]:.5f})")

# %% [markdown]
# <details><summary>Symptom: the report speaks of a dropped score whose mean is not zero</summary>
#
# That is sticking the landing, carried over from a linear bound. The factor beside $\nabla\log q(z_k)$ is
# $\partial f/\partial\log w_k$, and it depends on $z_k$. So the product has a mean. Which, as a path?
#
# </details>
# <details><summary>Symptom: right for one bound, wrong for the one I was handed</summary>
#
# What the lecture found belongs to the log mean weight. Take bounds of two samples that you can differentiate by hand,
# such as the product of their log weights, and the square of the first. Hold one sample and move the other: how does
# the factor beside its score move?
#
# </details>
# <details><summary>Symptom: the gradient in phi is right; that in theta is not, or torch says that there is nothing to differentiate</summary>
#
# Theta moves no sample and has no score: what is it owed, and does it get that once, and nothing of what is phi's? For
# a linear bound the first derivatives are constants, and torch has no graph of a constant.
#
# </details>

# %% [markdown] solution_only="10_any_smooth_bound"
# **The derivation.** With $f_k = \partial f/\partial\log w_k$, the total derivative is
# $\sum_k f_k\,[\text{path}_k - \nabla_\phi\log q(z_k)]$. In the last term $g(z_k) = f_k$, whose derivative in $z_k$
# (others held) is $f_{kk}\,\partial\log w_k/\partial z_k$: the term becomes $-\sum_k f_{kk}\,\text{path}_k$. Together
# $\sum_k (f_k - f_{kk})\,\text{path}_k$.
#
# **Instances.** The mean log weight: $f_{kk} = 0$, which is sticking the landing. The log mean weight with normalized
# weights $\bar w$: $f_k - f_{kk} = \bar w_k^2$. Renyi's: with $\bar w_k \propto w_k^{1-\alpha}$,
# $\alpha\bar w_k + (1-\alpha)\bar w_k^2$; for $\alpha = -1$ that is $2\bar w_k^2 - \bar w_k$, which is *negative* for
# every sample with less than half of the weight. No probability, no mistake.
#
# **At the posterior** all $\log w_k$ are the same constant, whatever z is: every path derivative vanishes, and so
# does the variance, for every bound. For theta the weights are $f_k$: the bound's own derivative.

# %% [markdown]
# ## 6. Signal and noise, predicted
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# The gradient of the log mean weight is a ratio of two means over the same K samples,
#
# $$G = \frac{\frac1K\sum_k \dot w_k}{\frac1K\sum_k w_k}, \qquad \dot w = \text{the derivative of } w = e^{\log w} \text{ in a parameter, at fixed noise (the total derivative).}$$
#
# You are handed a table of the noise: N points with chances, the weight at each, and its slopes in P parameters.
# Predict, for every parameter, the **mean of G up to and including the term in 1/K**, and the **standard deviation of
# G to leading order**. The parameters of q are special: the evidence $\mathbb E\,w$ does not depend on them, so their
# slopes have mean zero. Others, those of the model, have not. The same two formulas must serve both.
#
# Return the pair `(mean, deviation)`, $(P)$ each. All weights and slopes of one table share a unit, which may be
# anything from 1e-60 to 1e60. K is from 2 to a million, and may be less than N or more.
#
# The lecture gave the powers of K. You give what stands before them; the powers come out, too, if you keep the right
# terms.

# %% exercise="10_signal_to_noise"
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    """Mean up to 1/K, and standard deviation to leading order, of the gradient of the log mean weight of K samples: (P) each.

    chance: (N), adds up to one. w: (N), positive. slopes: (N, P), of w.
    """
    ### BEGIN SOLUTION
    evidence = chance @ w
    rest, gradient = w / evidence - 1, chance @ slopes / evidence           # relative to the evidence
    residual = slopes / evidence - gradient - rest.unsqueeze(-1) * gradient
    mean = gradient - (chance * rest) @ residual / num_samples
    return mean, (chance @ residual.square() / num_samples).sqrt()
    ### END SOLUTION


# %% check="10_signal_to_noise"
check("10_signal_to_noise", signal_and_noise)

# %% [markdown]
# **Measure it.** The toy at x = 2, q = N(0.3, e^0.2), as a table of 60 points; 40,000 gradients for each K, beside
# your prediction.

# %%
with when_written():
    chance, w, slopes = targets.table_of_noise()
    for count in (4, 16, 64):
        drawn = torch.multinomial(chance, 40_000 * count, replacement=True, generator=seeded(count)).reshape(40_000, count)
        gradients = slopes[drawn].mean(1) / w[drawn].mean(1, keepdim=True)
        mean, deviation = signal_and_noise(chance, w, slopes, count)
        for place, name in enumerate(("mean of q", "log scale of q", "prior mean")):
            error = gradients[:, place].std() / 200
            print(f"K = {count:2d}   {name:14s}   mean: predicted {mean[place]:+.4f}, measured {gradients[:, place].mean():+.4f} ± {error:.4f}   "
                  f"deviation: {deviation[place]:.4f}, {gradients[:, place].std():.4f}")

# %%
show(targets.signal(), alt="On log axes over K, three lines: the signal over noise of both parameters of q falls with slope minus one half, that of the prior mean rises, from K = 8 on with slope one half.")

# %%
with when_written():
    show(targets.signal(signal_and_noise), alt="The same lines with dots on them from K = 16 on.")

# %% [markdown]
# <details><summary>Symptom: the mean for parameters of q comes out as zero</summary>
#
# To leading order it is: the evidence does not depend on q. The signal is in the next order. Numerator and
# denominator are made of the same samples: write both as expectation plus deviation, and expand the ratio to second
# order.
#
# </details>
# <details><summary>Symptom: right for parameters of q, wrong for the others</summary>
#
# Two second-order terms: one from numerator and denominator together, one from the denominator alone. The latter has
# the mean slope as a factor, so that parameters of q do not see it. The noise has two parts, too.
#
# </details>
# <details><summary>Symptom: the deviation is too large for parameters of the model</summary>
#
# If a sample's weight is large its slope is large, too, and in the ratio much of that goes away. (Were every slope the
# same multiple of its weight, the ratio would not vary at all.) To first order the ratio is off by a mean, over the
# samples, of one number for each. Which number?
#
# </details>

# %% [markdown] solution_only="10_signal_to_noise"
# **The expansion.** With $p = \mathbb E w$, $a = \mathbb E\dot w$ and $g = a/p$:
# $\mathbb E G = g + \frac1K\big(\frac{a \operatorname{Var} w}{p^3} - \frac{\operatorname{Cov}(w, \dot w)}{p^2}\big)$
# and $\operatorname{Var} G = \frac1{Kp^2}\operatorname{Var}(\dot w - g\,w)$.
#
# **The law.** For parameters of q, $a = 0$: signal $-\operatorname{Cov}(w, \dot w)/(Kp^2)$, which is
# $-\frac1{2K}\frac{d\rho}{d\phi}$, falls as $1/K$; noise falls as $K^{-1/2}$; the ratio falls as $K^{-1/2}$. For the
# model the signal stays, and the ratio *rises* as $K^{1/2}$. A tighter bound tells the encoder less and the decoder
# more (Rainforth et al. 2018). Exercise 5 mends it: without the scores, the noise for q falls as $K^{-3/2}$.

# %% [markdown]
# ## 7. What a sample adds to the bound
#
# *Difficulty* 4/5 · *Importance* 3/5 · 35 minutes
#
# Bits have no path, so for them the gradient of the log mean weight is made of scores $\nabla_\phi\log q_\phi(z_k)$.
# Credit each sample not with the whole bound but with what it *adds*: the bound, less the bound with $w_k$ replaced
# by the **geometric mean of the other weights** (K weights again). That baseline does not know $z_k$.
#
# The scores with their credits are one part of the gradient. The bound depends on $\phi$ in one more way; find it,
# and write it with the same scores. Return the whole estimate, $(B, P)$, of which the mean is the gradient of
# $\mathbb E \log\frac1K\sum_k w_k$.
#
# You get `log_w`, $(K, B)$, finite, and `score`, $(K, B, P)$: for each sample the gradient of $\log q_\phi(z_k)$. Log
# weights may be -10,000 or +900, and hundreds of nats apart. A single sample raises a `ValueError`: there are no
# others.

# %% exercise="10_vimco"
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    """An unbiased estimate of the gradient of the mean of log (1/K) sum w, (*B, P). log_w: (K, *B). score: (K, *B, P)."""
    ### BEGIN SOLUTION
    size = len(log_w)
    if size < 2:
        raise ValueError("one sample has no others to be compared with; expected two or more")
    total = torch.zeros_like(score[0])
    whole, share = torch.logsumexp(log_w, 0), log_w.softmax(0)
    for k in range(size):
        others = torch.cat([log_w[:k], log_w[k + 1 :]])
        without = torch.logsumexp(torch.cat([others, others.mean(0, keepdim=True)]), 0)
        total = total + (whole - without - share[k]).unsqueeze(-1) * score[k]
    return total
    ### END SOLUTION


# %% check="10_vimco"
check("10_vimco", vimco)

# %% [markdown]
# **Predict and measure.** One bit with $q(1) = 0.3$, five samples, all 32 outcomes at once: mean and variance of your
# estimate, and of the one that credits every sample with the whole bound. Then the same with 10 added to both log
# weights. What do you expect?

# %%
with when_written():
    outcomes = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 5).T         # (5, 32)
    chance = (0.3 * outcomes + 0.7 * (1 - outcomes)).prod(0)
    for level in (0.0, 10.0):
        log_w, score = 2 * outcomes - 1 + level, (outcomes - 0.3).unsqueeze(-1)
        for name, estimator in (("yours", vimco), ("whole bound", targets.whole_bound)):
            rows = estimator(log_w, score)[:, 0]
            mean = chance @ rows
            print(f"level {level:4.1f}   {name:12s} mean {mean:+.5f}   variance {chance @ (rows - mean).square():.5f}")

# %% [markdown]
# <details><summary>Symptom: everything is right but the average over all triples</summary>
#
# Differentiate $\sum_z q_\phi(z)\,\hat L(\log w)$ as a product. One factor gives the scores with the bound. What in
# the other factor depends on $\phi$, with all z held?
#
# </details>
# <details><summary>Symptom: too large by a factor K, or too small by it</summary>
#
# The score of K independent samples is a sum. The slope of the log mean weight in $\log w_k$ has its $1/K$ inside.
#
# </details>
# <details><summary>Symptom: right on average, and the check wants another baseline</summary>
#
# A geometric mean of weights is the arithmetic mean of their logarithms; of the others, without $w_k$. It takes the
# place of $w_k$, so that there are K weights again.
#
# </details>

# %% [markdown] solution_only="10_vimco"
# **Both parts.**
# $\nabla_\phi\,\mathbb E\hat L = \mathbb E\big[\hat L \sum_k s_k\big] + \mathbb E\big[\sum_k \bar w_k\,\nabla_\phi\log w_k\big]$,
# and $\log w_k$ contains $-\log q_\phi(z_k)$: its gradient is $-s_k$. So
# $\hat g = \sum_k(\hat L - \hat L_{-k} - \bar w_k)\,s_k$, and $\hat L_{-k}$ may be subtracted because it is
# independent of $z_k$, and scores have mean zero.
#
# For the ELBO the second part has mean zero and may be dropped. Here it has not: $\bar w_k$ depends on $z_k$ (it is
# the same factor as in exercise 5).

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Four bounds were asked at the same K log weights, and you do not see the weights. One is **iwae**; one is **renyi**,
# its alpha somewhere in -1.5 to -0.4 or in 0.25 to 0.8; one is a **jackknife** of order 1 or 2; one is
# **thermodynamic**: a sum over two intervals, from 0 to some $\beta$ and from there to 1, where each reads the curve at
# its own left end, or each at its own right end. The curve is a self-normalized average over those K samples. Alpha,
# order, $\beta$ and the side are not told.
#
# Each was asked four times: at the weights as they are; at **2K** weights, each of the K standing there twice (the
# jackknife takes them for 2K samples, in its coefficients and in the sets that it leaves out); at log weights that are
# **1000 times** as large (all of them multiplied); and at **2000 times**. (The largest log weight leads by 0.1 or
# more.) `values` is (4, 4): bound, question. `num_samples` is K, from 4 to 7.
#
# Return the names `"iwae"`, `"renyi"`, `"jackknife"`, `"thermodynamic"` in the order of the rows. The numbers have no
# noise, and theory decides every case. The check brings 40 of them and demands all names right in 38.

# %% exercise="10_sealed_case"
def name_them(values: Tensor, num_samples: int) -> list[str]:
    """Which bound is "iwae", which "renyi", "jackknife", "thermodynamic", in the order of the rows.

    values: (4, 4), by bound: plain, every weight twice, log weights times 1000, times 2000.
    """
    ### BEGIN SOLUTION
    offset = 2 * values[:, 2] - values[:, 3]                    # what does not grow with the spread
    moved = (values[:, 1] - values[:, 0]).abs()
    names = ["renyi"] * 4
    for row in range(4):
        if moved[row] > 1e-6:                                   # it counts samples, the others average
            names[row] = "jackknife"
        elif abs(offset[row]) < 1e-4:                           # averages of log w alone
            names[row] = "thermodynamic"
        elif abs(offset[row] + math.log(num_samples)) < 1e-4:   # max - log K
            names[row] = "iwae"
    return names
    ### END SOLUTION


# %% check="10_sealed_case"
check("10_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("10_sealed_case", seed=2)
    print("K =", case.given["num_samples"])
    for letter, row in zip("ABCD", case.given["values"], strict=True):
        print(f"{letter}: " + "   ".join(f"{number:+.5f}" for number in row))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I sort them by size, and it fails in half of the cases</summary>
#
# A negative alpha lies above IWAE, a right sum too, and so may the jackknife. Which *operations* on the weights leave
# which bound as it is?
#
# </details>
# <details><summary>Symptom: I find the jackknife, and nobody else</summary>
#
# When the log weights are spread out a thousandfold, one weight is all that counts in a mean of weights. What is left
# of each formula then? Write it as a multiple of the spread, plus a constant.
#
# </details>
# <details><summary>Symptom: iwae and renyi are taken for each other</summary>
#
# Far out both are the largest log weight, less something with $\log K$ in it. In one of the two it is divided by a
# number that is not one. Extrapolate from 1000 and 2000 to zero.
#
# </details>

# %% [markdown] solution_only="10_sealed_case"
# **Twice.** A bound that depends on the weights through averages alone does not notice that each stands there twice.
# The jackknife does: K is in its coefficients, and leaving out one of two twins is another thing than leaving out the
# only one.
#
# **Far out.** With log weights $t\,l_k$: IWAE $\to t\max l - \log K$; Renyi $\to t\max l - \frac{\log K}{1-\alpha}$
# (for $\alpha < 1$); thermodynamic $\to$ a multiple of t (the mean of l where $\beta = 0$, the largest elsewhere)
# with no constant at all. Twice the value at 1000 less the value at 2000 is the constant.
#
# **Order** proves little: here Renyi's may be above or below IWAE, and so may the thermodynamic sum; the jackknife of
# order 1 is never below IWAE, and in half of the cases something else is higher still.

# %% [markdown]
# ## 9. In words: four claims about tighter bounds
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) We train encoder and decoder on the same objective, and a tighter bound is a better objective
# for both. So we raised K until memory was full. (2) We report the jackknife of order two as our lower bound, since
# it is the closest to $\log p(x)$. (3) We stick the landing with IWAE, too: dropping the score made the gradient
# quieter, and a quieter gradient can only help. (4) With ten samples the thermodynamic right sum was above the left
# sum, so $\log p(x)$ lies between the two numbers that we print." For each claim write two or three sentences: what
# is right about it, what is not, and what you would measure to decide. Then one sentence: you may use K = 64 samples
# for each datum and step, in any way. How would you spend them on the encoder's gradient?

# %% [markdown] written="10_written"
# (1) For the decoder it is right: the bound's gradient comes closer to that of $\log p(x)$, and its signal over noise
# rises with K. For the encoder the bound depends less and less on q, and the signal over noise of the total
# derivative falls as $K^{-1/2}$. Measure both ratios against K, with enough replicates to see a small one.
#
# (2) It is the least biased, and it is no bound: its mean may be above $\log p(x)$, and models can be ranked by how
# much it overshoots. Measure it where $\log p(x)$ is known (the toy), and report IWAE, or say "estimate".
#
# (3) The variance does fall. But the factor beside each score depends on that sample, the score's mean is not zero,
# and what is dropped is a bias that stays however many gradients are averaged. The repair is another weight on the
# path. Measure the mean gradient against the total derivative's, in standard errors.
#
# (4) Right for exact averages. Estimated from K samples the curve integrates to the IWAE bound *of those samples*;
# left and right sums enclose that number, which lies below $\log p(x)$ on average. Measure on the toy: how often is
# the evidence above the right sum?
#
# I would use the gradient without scores (doubly reparametrized), whose signal over noise rises with K, or average
# sixty-four one-sample gradients that stick the landing if the ELBO is what q is to climb.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. For theta more samples help (closer to log p, or signal to noise rises); for phi the signal to noise
#   of the total derivative falls, or the bound forgets q. Both sides and a measurement: 0.5. One side only: 0.25.
#   Accept as well: with a doubly reparametrized gradient the encoder profits, too, if the fall of the plain one is
#   mentioned.
# - 0.5: claim 2. Less biased but no lower bound (may exceed log p(x)), or too noisy to call it one, with a case in
#   which that is seen: known evidence, or comparing with IWAE at large K. "It is biased" alone: nothing; "no bound"
#   without a measurement: 0.25.
# - 0.5: claim 3. The dropped term has a mean, because its factor depends on the same sample; so the gradient is
#   biased, and averaging does not help. A measurement (means compared, or the optimum it leads to), or the repair by
#   name: either completes the half. "It is biased" without a reason: 0.25.
# - 0.5: claim 4. With exact expectations it is a sandwich; with K samples both sums enclose the IWAE value of the
#   samples, and the right sum is no upper bound. Either a reason or a measurement for the half. "Sampling noise"
#   alone: 0.25.
# - Last sentence: doubly reparametrized IWAE; or many ELBO gradients averaged (sticking the landing), if it is said
#   that they climb the ELBO; or a mixture of both (K = 8, eight times). Plain total derivative of IWAE-64: wrong.
# === END MARK SCHEME ===
