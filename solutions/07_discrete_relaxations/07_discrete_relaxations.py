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

# %% [markdown] locked="07_header"
# # Problem set 07: Discrete relaxations
#
# There is no path through a coin, so people bend the coin. You find out what that costs: in bias, which you predict
# to the last digit, and in noise. Then you take the bias back. By the end you will have
#
# - sampled from the bent categorical and written its density down, at temperatures where its entries cannot even be
#   stored,
# - drawn, for a choice that was made, the noise that led to it,
# - predicted straight-through's bias, and the temperature that is best for a budget,
# - rewritten a model, without changing it, so that straight-through is right; and so that it is exactly as wrong as
#   can be,
# - derived DisARM from its noisier relative, and REBAR with a coefficient that does not spoil it,
# - repaired a RELAX in which a fault was planted, and seen when that fault is a bias and when it is only noise,
# - told three estimators apart by what they give.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/07_discrete_relaxations.ipynb). Exercise 7 uses 2; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs, with noise that is *given*, so that chance has no say, and compares numbers. If something is off, the report
# says what came, what was expected, and which mistake it looks like. Checks never look at how you wrote it. Call them
# as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: nine at most, unless the exercise says otherwise. Where it says nothing of gradients none are
# asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found them. Where your work is
# graded, and only there, the course's own version of what you are asked to write is taken out of `course_vi`.
#
# **Notation.** $l$ are logits: of one bit, $p = \sigma(l)$; of C categories, $p = \mathrm{softmax}(l)$, and they are
# *not* normalized. Categories are the last axis. $g$ is standard Gumbel noise, $g = -\log(-\log u)$ with $u$ uniform
# on (0, 1), so $P(g \le t) = \exp(-e^{-t})$. The *perturbed logits* are $l + g$; the largest of them chooses the
# category (the Gumbel-max trick). For one bit the perturbed logit is $l + \log\frac{u}{1-u}$, and the bit is one
# where it is positive. Axes are samples, batch, event: g is $(K, B, C)$. There may be no batch axis at all.

# %% locked="07_setup"
import itertools
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_07 import targets
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniforms(*shape: int, seed: int = 0) -> Tensor:
    """Uniform numbers inside (0, 1)."""
    return torch.rand(shape, generator=seeded(seed), dtype=torch.float64).clamp(1e-12, 1 - 1e-12)


def gumbels(*shape: int, seed: int = 0) -> Tensor:
    """Standard Gumbel noise."""
    return -(-uniforms(*shape, seed=seed).log()).log()


def with_standard_error(values: Tensor) -> tuple[float, float]:
    """The mean along the first axis of a vector, and its standard error."""
    return values.mean().item(), values.std().item() / len(values) ** 0.5


# %% [markdown]
# ## 1. A bent sample, and its density
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# Replace the argmax of the Gumbel-max trick by a softmax at temperature $\tau$, and a sample is no longer a corner of
# the simplex, but a point inside: the *Gumbel-softmax*, or *concrete*, distribution. From the noise `g` return
#
# - `z`, $(K, B, C)$, the bent sample: the softmax of the perturbed logits, all of them divided by the temperature;
# - `log_q`, $(K, B)$, the logarithm of its density at that point. It is a density on the simplex, with respect to
#   $dz_1 \cdots dz_{C-1}$ (the last entry is what is left to one). On paper: change variables from the noise to z,
#   and integrate out what the softmax forgets.
#
# Both stay connected to `logits`, `log_q` through z as well. Both are to be finite, and right, for temperatures from
# 0.05 to 20 and logits that are 50 apart, where most entries of z are smaller than any number that fits into a
# computer.
#
# **Predict, before you begin**: for two categories z is a number between 0 and 1. Below which temperature is its
# density highest at the *ends*?

# %% exercise="07_gumbel_softmax"
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    """(z, log_q): a sample of the Gumbel-softmax, (K, *B, C), and its log density on the simplex, (K, *B).

    logits: (*B, C), not normalized. g: (K, *B, C), standard Gumbel noise.
    """
    ### BEGIN SOLUTION
    count = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, -1)
    tilted = logits - temperature * log_z
    constant = math.lgamma(count) + (count - 1) * math.log(temperature)
    return log_z.exp(), constant + (tilted - log_z).sum(-1) - count * tilted.logsumexp(-1)
    ### END SOLUTION


# %% check="07_gumbel_softmax"
check("07_gumbel_softmax", gumbel_softmax)

# %% [markdown]
# **A density integrates to one.** The next cell adds up yours over a fine grid, for two categories. And it counts
# samples: how much of the distribution lies within 0.05 of the ends?

# %%
with when_written():
    logits = torch.tensor([0.4, -0.3], dtype=torch.float64)
    for temperature in (0.3, 0.5, 1.0, 2.0):
        first = torch.linspace(-30, 30, 6001, dtype=torch.float64)                     # logit of z_1
        # noise that leads to that point: l + g = tau * (logit, 0), up to a constant that the softmax forgets
        g = torch.stack([temperature * first - logits[0], 0 * first - logits[1]], -1)
        z, log_q = gumbel_softmax(logits, temperature, g)
        total = torch.trapezoid(log_q.exp(), z[:, 0])
        draws, _ = gumbel_softmax(logits, temperature, gumbels(100_000, 2))
        ends = ((draws[:, 0] < 0.05) | (draws[:, 0] > 0.95)).double().mean()
        print(f"temperature {temperature:.1f}   integral {total:.4f}   within 0.05 of the ends {ends:.3f}")

# %% [markdown]
# <details><summary>Symptom: my density integrates to something else than one, by the same factor everywhere</summary>
#
# Two constants go with it: a power of the temperature, and a factorial. The first counts the directions in which $z$
# can move. The second is an integral $\int_0^\infty t^{n} e^{-t} dt$.
#
# </details>
# <details><summary>Symptom: I do not know how to change variables from C noises to C - 1 coordinates</summary>
#
# Perturbed logits $s$ and $s + c$ lead to the same z. So write $s = \tau \log z + c$: the coordinates are
# $z_1 \dots z_{C-1}$ and $c$. The density of the $s_k$ is a product of shifted Gumbels; in
# $t = e^{-c}\sum_k e^{l_k} z_k^{-\tau}$ the integral over $c$ is a Gamma function.
#
# </details>
# <details><summary>Symptom: NaN, or infinity, at low temperature</summary>
#
# $\log(\mathrm{softmax}(\cdot))$ is minus infinity where the softmax has underflowed. `log_softmax` is not. Compute
# $\log z$ first; everything else, z included, follows from it: $z_k^{-\tau}$ is $\exp(-\tau \log z_k)$, and sums of
# those belong into a `logsumexp`.
#
# </details>

# %% [markdown] solution_only="07_gumbel_softmax"
# **The density.** With $s_k = \tau \log z_k + c$ the Jacobian is $\tau^{C-1}\prod_k z_k^{-1}$, and
# $\int \prod_k e^{l_k - s_k} \exp(-e^{l_k - s_k})\,dc$ gives
# $(C-1)!\,\prod_k e^{l_k} z_k^{-\tau} \big/ \big(\sum_k e^{l_k} z_k^{-\tau}\big)^C$. Together
#
# $$q(z) = (C-1)!\;\tau^{C-1}\;\frac{\prod_k e^{l_k} z_k^{-\tau-1}}{\big(\sum_k e^{l_k} z_k^{-\tau}\big)^{C}}.$$
#
# A constant added to the logits cancels: numerator and denominator have it C times.
#
# **The prediction.** For C = 2 the density behaves as $z^{\tau - 1}$ near zero (the product gives $z^{-\tau-1}$, the
# sum $z^{2\tau}$). Below $\tau = 1$ it runs away at the ends; that is where one should be if bent samples are to be
# nearly hard. For C categories it does so at the corners below $1/(C-1)$.
#
# **What is it good for?** If p is relaxed as well, so that $\log p(z) - \log q(z)$ is a true log weight of a
# continuous model, the bound is one again (Maddison, Mnih and Teh, 2017). The mass function read between its states,
# which most programs take, is no density, and what they report is no bound.

# %% [markdown]
# ## 2. The noise behind a choice
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Somebody hands you a sample: category k was chosen. Which perturbed logits led to it? Draw them: from
# $p(s \mid \arg\max_c s_c = k)$ for $s_c = l_c + g_c$. Rejection would do, and take for ever where k is rare. There
# is a map that always succeeds.
#
# `z`, $(K, B, C)$, holds the choices as one-hot vectors, and `g` fresh standard Gumbel noise, of the same shape. Two
# conventions make the map unique: **the noise of the chosen category decides the largest entry**, and **then the
# noise of every other category its own entry**. More noise makes its entry larger. Return the perturbed logits,
# $(K, B, C)$, of logits that are not normalized; connected to `logits`, with z and g fixed. They are to be right for
# logits that are 50 apart, and for choices that were all but impossible.
#
# **Predict**: look at a category that lost. Does its perturbed logit know *who* won? Would it lie lower, on average,
# had it lost to the favourite, or to an outsider?

# %% exercise="07_conditional_gumbels"
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    """Perturbed logits l + Gumbel noise, (K, *B, C), given that z is their argmax: a function of fresh noise.

    logits: (*B, C), not normalized. z: (K, *B, C), one-hot. g: (K, *B, C), standard Gumbel noise: z's own entry of it decides the largest.
    """
    ### BEGIN SOLUTION
    largest = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    others = -torch.logaddexp(-(logits + g), -largest)
    return torch.where(z > 0.5, largest, others)
    ### END SOLUTION


# %% check="07_conditional_gumbels"
check("07_conditional_gumbels", conditional_gumbels)

# %% [markdown]
# **There and back.** Draw z, then s given z by your map: the two together must be what one gets by perturbing first
# and looking who won. The cell compares means and spreads of s, category by category, *without* a look at z.

# %%
with when_written():
    logits, count = torch.tensor([1.0, 3.0, -2.5], dtype=torch.float64), 200_000
    first = logits + gumbels(count, 3, seed=1)
    z = torch.nn.functional.one_hot(first.argmax(-1), 3).double()
    again = conditional_gumbels(logits, z, gumbels(count, 3, seed=2))
    assert bool((again.argmax(-1) == z.argmax(-1)).all())
    for c in range(3):
        (m1, e1), (m2, e2) = with_standard_error(first[:, c]), with_standard_error(again[:, c])
        print(f"category {c}: chosen in {z[:, c].mean():6.2%}   perturbed first {m1:+.3f} ± {e1:.3f}   yours {m2:+.3f} ± {e2:.3f}"
              f"   spreads {first[:, c].std():.3f}, {again[:, c].std():.3f}")
    for winner in (1, 2):
        mean, error = with_standard_error(again[z[:, winner] == 1, 0])
        print(f"where category {winner} won, category 0 has a perturbed logit of {mean:+.3f} ± {error:.3f}")

# %% [markdown]
# <details><summary>Symptom: I do not see how the largest is distributed</summary>
#
# $P(\max_c s_c \le t) = \prod_c P(g_c \le t - l_c)$. That is a Gumbel again, of which logit? And multiply with the
# probability that k wins: does the law of the maximum depend on who attains it?
#
# </details>
# <details><summary>Symptom: the winner wins, and the spreads are off</summary>
#
# Given that the largest is t, the others are independent, each a Gumbel *cut off* at t. Cutting off a distribution is
# not clipping numbers: its distribution function is $F(s)/F(t)$. A uniform number u is where in it?
#
# </details>
# <details><summary>Symptom: it works with uniform numbers, and I cannot bring it to Gumbel noise</summary>
#
# $\log F(s) = -e^{l-s}$, and $\log u = -e^{-g}$. Solve $\log F(s) = \log F(t) + \log u$ for s. Two exponentials are
# added up, and the logarithm is taken: there is a function for that which never overflows.
#
# </details>

# %% [markdown] solution_only="07_conditional_gumbels"
# **The largest** has $P(\max \le t) = \exp(-e^{-t}\sum_c e^{l_c})$: a Gumbel at $\log\sum_c e^{l_c}$. The event that
# k wins is independent of it, so it is the same whoever wins. A rare winner had extraordinary noise, exactly enough
# to be where a likely winner is without effort.
#
# **The others**, given the largest t: $-e^{l-s} = -e^{l-t} - e^{-g}$, so $s = -\log\big(e^{-(l+g)} + e^{-t}\big)$. In
# words: $e^{-s}$ is a waiting time, exponential with rate $e^l$; given that it is later than the first, it begins
# anew there. Gumbel-max is a race of exponential clocks, and they have no memory.
#
# **The prediction.** A loser's entry depends on the largest, and on nothing else of the race. As the largest has the
# same law whoever attains it, a loser lies in the same place whoever it lost to.
#
# **What it is for**: REBAR and RELAX need s again, given z (exercises 6 and 7); so do sampling without replacement
# and counterfactuals ("what would this choice have been under other logits?").

# %% [markdown]
# ## 3. S: a bias, and the best temperature
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# One bit with logit $l$, and $f(b) = \tfrac a2 b^2 + c\,b$. Wanted is the derivative of $\mathbb E f(b)$ in $l$. Two
# one-sample estimates of it are biased:
#
# - **straight-through**: draw b, take the slope of f there, and let it pass as if b were its mean;
# - **bent**: draw b from the binary concrete at temperature $\tau$, a sigmoid of the perturbed logit over $\tau$, and
#   differentiate along the path.
#
# Find on paper what can be found there, and integrate the rest numerically, as well as exactly: five digits are
# looked at. No sampling. The logit is at most 6 in size. Return
#
# - `exact`, three numbers: the true derivative; the bias of straight-through (its mean less the truth); its variance.
#   All three have closed forms;
# - `bent`, two numbers: bias and variance of one bent gradient at the `temperature` given, between 0.1 and 3;
# - `best`, the temperature between 0.05 and 5 at which the **mean of `samples` bent gradients** has the least mean
#   squared error. Any is right whose error is within two hundredths of the least.
#
# **Predict, before you begin**: at which p is straight-through unbiased, whatever a and c are? For which f, whatever
# p is? And when the budget grows by a factor of 1,000, by which factor does the best temperature fall?

# %% exercise="07_straight_through"
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    """(exact, bent, best) for f(b) = a b^2 / 2 + c b, gradients in the logit of b.

    exact: (3), truth, straight-through's bias and its variance. bent: (2), bias and variance of one bent gradient. best: a temperature.
    """
    ### BEGIN SOLUTION
    l = torch.tensor(logit, dtype=torch.float64)                   # noqa: E741
    p, v = l.sigmoid(), l.sigmoid() * (-l).sigmoid()
    truth = v * (a / 2 + c)
    exact = torch.stack([truth, v * a * (p - 0.5), v**3 * a**2])

    t = torch.arange(-40, 40, 0.05, dtype=torch.float64)           # t = (l + noise) / temperature: everything is smooth in it
    path = (a * t.sigmoid() + c) * t.sigmoid() * (-t).sigmoid()

    def bias_and_variance(temperatures: Tensor) -> tuple[Tensor, Tensor]:
        noise = temperatures.unsqueeze(-1) * t - l
        density = noise.sigmoid() * (-noise).sigmoid() * 0.05
        mean, square = density @ path, density @ path**2 / temperatures
        return mean - truth, square - mean**2

    low, high = 0.05, 5.0
    for _ in range(3):                                             # scan, then look closer
        scan = torch.logspace(math.log10(low), math.log10(high), 200, dtype=torch.float64)
        bias, variance = bias_and_variance(scan)
        at = int((bias**2 + variance / samples).argmin())
        low, high = scan[max(at - 1, 0)].item(), scan[min(at + 1, 199)].item()
    bent = torch.cat(bias_and_variance(torch.tensor([temperature], dtype=torch.float64)))
    return exact, bent, scan[at].item()
    ### END SOLUTION


# %% check="07_straight_through"
check("07_straight_through", straight_through)

# %% [markdown]
# **Predicted and measured.** 400,000 gradients of either kind, beside what you say.

# %%
with when_written():
    a, c, logit, count = 2.0, -0.3, 0.7, 400_000
    at = torch.tensor(logit, dtype=torch.float64)
    p = at.sigmoid()
    u = uniforms(count, seed=3)
    b = (at + u.logit() > 0).double()
    through = (a * b + c) * p * (1 - p)
    truth = straight_through(a, c, logit, 0.5, 100)[0][0]
    for name, temperature in (("straight-through", None), ("bent, 0.2", 0.2), ("bent, 0.6", 0.6), ("bent, 2.0", 2.0)):
        exact, bent, _ = straight_through(a, c, logit, temperature or 1.0, 100)
        soft = ((at + u.logit()) / (temperature or 1.0)).sigmoid()
        g = through if temperature is None else (a * soft + c) * soft * (1 - soft) / temperature
        bias, variance = exact[1:] if temperature is None else bent
        mean, error = with_standard_error(g)
        squares = (g - g.mean()) ** 2
        print(f"{name:16s} bias predicted {float(bias):+.5f}   measured {mean - float(truth):+.5f} ± {error:.5f}"
              f"   variance predicted {float(variance):.5f}   measured {squares.mean():.5f} ± {squares.std() / count**0.5:.5f}")

# %% [markdown]
# **The figure to aim for**: bias and standard error over the temperature, at two budgets. The best temperature is
# near where the curves cross, or where the bias passes through zero. Your temperatures go on top.

# %%
show(targets.crossing(), alt="Over the temperature, on log axes: the absolute bias rises, dips to zero near 0.63 and rises again; two falling lines are the standard errors for 100 and 10,000 samples.")

# %%
with when_written():
    found = [(samples, straight_through(2.0, -0.3, 0.7, 0.5, samples)[2]) for samples in (100, 10_000)]
    show(targets.crossing(found), alt="The same curves; a dot on each falling line marks your best temperature for that budget.")

# %% [markdown]
# <details><summary>Symptom: the bias that I find is zero, always</summary>
#
# You compared the mean slope with itself. The derivative of $\mathbb E f = (1 - p) f(0) + p f(1)$ in $l$ has no slope
# of f in it, only a difference.
#
# </details>
# <details><summary>Symptom: the integral does not converge, or depends on the grid, at low temperature</summary>
#
# In the noise, the integrand is a peak of width $\tau$. In $t = (l + \text{noise})/\tau$ it is smooth and has the
# same width at every temperature, and the trapezoid rule on an even grid is as good as exact. What becomes of the
# density of the noise, and of $d\,\text{noise}$?
#
# </details>
# <details><summary>Symptom: the best temperature is right for large budgets, or for small ones, only</summary>
#
# Mean squared error is bias squared plus variance over the budget. The bias may change its sign at some temperature,
# and there the error has a narrow valley beside a broad one. A search from one starting point ends in either. Scan
# all of the range on a log scale, then look closer.
#
# </details>

# %% [markdown] solution_only="07_straight_through"
# **Straight-through.** Its mean is $p(1-p)(a p + c)$, the truth $p(1-p)(f(1) - f(0)) = p(1-p)(a/2 + c)$. The bias is
#
# $$p(1-p)\,a\,\big(p - \tfrac12\big),$$
#
# zero at $p = \tfrac12$ by symmetry, and for every p where f is linear. The variance: two slopes, $a$ apart, each
# times $p(1-p)$; so $a^2\,(p(1-p))^3$.
#
# **Bent.** With $t = (l + \text{noise})/\tau$ and b = σ(t), the gradient is $f'(b)\,b(1-b)/\tau$ and the density of t
# is $\tau$ times the logistic density at $\tau t - l$. As $\tau \to 0$ that density is $p(1-p)$ where the integrand
# is not zero; the next order gives a bias of $\tau$ times *the same number as straight-through's*, and a variance of
# $\frac1\tau\,p(1-p)\int (f'(b)\,b(1-b))^2 dt = \frac{p(1-p)}{\tau}\big(\frac{a^2}{20} + \frac{ac}{6} + \frac{c^2}{6}\big)$.
#
# **The best temperature** would be $\big(V/(2B^2K)\big)^{1/3}$ by these laws: a tenth for a thousand times the
# budget. But they hold as $K \to \infty$. Here, with a = 2, c = -0.3, l = 0.7, the bias passes through zero near
# $\tau = 0.63$, and the best temperature sits there for all budgets that one can pay. A zero of the bias is luck, and
# another luck for each bit of a model; nobody tunes for it.

# %% [markdown]
# ## 4. One model, written differently
#
# *Difficulty* 5/5 · *Importance* 4/5 · 45 minutes
#
# A model of bits says what f is at zeros and ones. What the program happens to compute *between* them is nobody's
# business; except straight-through's, which takes its slopes there (at the bits that were drawn, times $p_i(1-p_i)$).
# For bits $b^2 = b$. So the same model can be written in many ways, and straight-through tells them apart. Given f, a
# smooth function of $(N, D)$ tensors that returns $(N)$, and the `logits` of q, $(D)$, return **two functions** of
# the same form. Both agree with f at all $2^D$ states, to the last digit. And
#
# - for the first, straight-through is **unbiased, whatever q is**;
# - for the second, straight-through's mean, at the q whose logits are given, is **exactly the true gradient turned
#   around**: minus it, in every bit.
#
# Each is a formula on the whole cube $[0, 1]^D$, row by row, smooth, and with the slopes that backward finds for it;
# no detaching and no rounding. D is at most 4, and no logit is nearer to zero than 0.3.
#
# **Predict**: can one function be unbiased for all q, and be as curved as you like inside the cube?

# %% exercise="07_rewrite"
def rewrite(f, logits: Tensor) -> tuple:
    """(unbiased, turned): two functions of b, (N, D) -> (N), that are f at zeros and ones.

    f: a smooth function of the same form. logits: (D), of independent bits; D <= 4.
    """
    ### BEGIN SOLUTION
    bits, p = len(logits), logits.sigmoid()
    states = torch.tensor([[s >> i & 1 for i in range(bits)] for s in range(2**bits)], dtype=logits.dtype)
    values = f(states)

    def unbiased(b: Tensor) -> Tensor:
        b = b.unsqueeze(-2)
        return torch.where(states > 0.5, b, 1 - b).prod(-1) @ values

    at_p = p.clone().requires_grad_()
    (rise,) = torch.autograd.grad(unbiased(at_p), at_p)           # E[f with bit i = 1, less f with bit i = 0]
    kappa = -2 * rise / (1 - 2 * p)

    def turned(b: Tensor) -> Tensor:
        return unbiased(b) + (b * (1 - b)) @ kappa

    return unbiased, turned
    ### END SOLUTION


# %% check="07_rewrite"
check("07_rewrite", rewrite)

# %% [markdown]
# **Climb with them.** Three bits, gradient ascent on the exact mean of straight-through. One model, one E f; three
# ways to write it down.

# %%
with when_written():
    def f(b: Tensor) -> Tensor:
        return 6 * (b - 0.45).square().sum(-1) + torch.tanh(b[:, 0] * b[:, 1] - b[:, 2] / 2)

    states = torch.tensor([[s >> i & 1 for i in range(3)] for s in range(8)], dtype=torch.float64)

    def climbed(which: int, steps: int = 200) -> list[float]:
        logits, seen = torch.tensor([-0.5, -0.8, -0.6], dtype=torch.float64), []
        for _ in range(steps):
            p = logits.sigmoid()
            written = (f, *rewrite(f, logits))[which]
            chances = torch.where(states > 0.5, p, 1 - p).prod(-1)
            seen.append(float(chances @ f(states)))
            at = states.clone().requires_grad_()
            (slope,) = torch.autograd.grad(written(at).sum(), at)
            logits = (logits + 0.2 * p * (1 - p) * (chances @ slope)).clamp(-4, 4)
        return seen

    for name, which in (("as given", 0), ("first", 1), ("second", 2)):
        seen = climbed(which)
        print(f"{name:9s} E f = {seen[0]:+.4f} at first, {seen[20]:+.4f} after 20 steps, {seen[-1]:+.4f} after 200")

# %% [markdown]
# <details><summary>Symptom: I can remove the bias at one q, and not at all of them</summary>
#
# Compare, for one bit, $p\,g'(1) + (1 - p)\,g'(0)$ with $g(1) - g(0)$. They agree for all p only if both slopes are
# that difference. Which functions of one bit have it? And of several, if that is to hold for each bit, whatever the
# others are?
#
# </details>
# <details><summary>Symptom: my first function is right for one bit, and not f for two</summary>
#
# A sum of functions of one bit each cannot be an "exclusive or". Allow products of different bits; powers are what
# must go.
#
# </details>
# <details><summary>Symptom: I do not know what to add for the second</summary>
#
# Something that is zero at zeros and ones, and has a slope there: $\kappa_i\, b_i (1 - b_i)$. What does
# straight-through make of it, on average, in bit i, and in the others? You need minus the truth where the first
# function has the truth.
#
# </details>

# %% [markdown] solution_only="07_rewrite"
# **Multilinear.** Write f as $\sum_s f(s)\prod_i b_i^{s_i}(1-b_i)^{1-s_i}$, the only function that is linear in each
# bit and agrees with f at the states. Its slope in bit i at *any* state is $f(b_i{=}1) - f(b_i{=}0)$, the very
# difference that the gradient of an expectation is made of.
#
# **Turned.** $\kappa\,b(1-b)$ has the slopes $\pm\kappa$, and $p(1-p)\kappa\,\big((1-p) - p\big)$ on average. Add
# $\kappa_i = -2\,\mathbb E[f(b_i{=}1) - f(b_i{=}0)]/(1 - 2p_i)$. At p = 1/2 that fails. The substitution
# $b \to b - 2\,b(1-b)(1-2b)$ does not: it keeps 0 and 1, and its slope is -1 at *both*; so in the multilinear
# function it turns straight-through for **every** q at once.
#
# **The prediction**: yes. Only the slopes at the corners count; add $b^2(1-b)^2$ times anything. "Unbiased" says
# nothing of the inside of the cube, and a bent sample would feel every bit of it.
#
# **So what is straight-through's bias a property of?** Not of the model: of the program text. In a network the layers
# above a bit are what is written; they are not multilinear, and nobody chose their slopes for this purpose. That it
# often works is luck of a kind: trained weights keep f near linear over a step of one unit.

# %% [markdown]
# ## 5. DisARM, from its noisier relative
#
# *Difficulty* 4/5 · *Importance* 3/5 · 35 minutes
#
# Two samples from one uniform number: $b = [u > 1 - p]$ and its opposite $\tilde b = [1 - u > 1 - p]$, the bit that
# $1 - u$ would have made. Each is an exact sample of the bit. *ARM* estimates the gradient in the logit of bit i by
#
# $$\big(f(b) - f(\tilde b)\big)\,\big(u_i - \tfrac12\big),$$
#
# which is unbiased: for one bit, integrate over u. But u enters it as a number, while f has only seen the pair.
# Whatever u does *within* the set of numbers that lead to the same pair is noise. Replace $u_i - \frac12$ by its mean
# given the pair. Return that estimate averaged over the K pairs, $(B, D)$.
#
# f is known by its values, and it is dear: ask once for each b and once for each $\tilde b$.
#
# **Predict**: a bit on which the pair agrees; what does the estimate say of it? And how much is a pair worth,
# compared with two independent samples that are each other's baseline?

# %% exercise="07_disarm"
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    """DisARM's estimate of the gradient of E f in the logits, (*B, D), averaged over K pairs.

    f: bits (K, *B, D) -> values (K, *B). logits: (*B, D). u: (K, *B, D), uniform on (0, 1), one for each bit of each pair.
    """
    ### BEGIN SOLUTION
    p = logits.sigmoid()
    b, opposite = (u > 1 - p).to(u), (1 - u > 1 - p).to(u)
    rise = (f(b) - f(opposite)).unsqueeze(-1)
    return (0.5 * rise * (b - opposite) * logits.abs().sigmoid()).mean(0)
    ### END SOLUTION


# %% check="07_disarm"
check("07_disarm", disarm)

# %% [markdown]
# **Measured**, with two evaluations of f for each estimate: the score function with each sample as the other's
# baseline, ARM, and yours. The exact gradient is a sum over eight states.

# %%
with when_written():
    logits, count = torch.tensor([-2.0, 0.5, 1.2], dtype=torch.float64), 100_000

    def f(z: Tensor) -> Tensor:
        return 4 + (z @ torch.tensor([1.0, -2.0, 1.5], dtype=torch.float64) - 0.4).square()

    p = logits.sigmoid()
    states = torch.tensor([[s >> i & 1 for i in range(3)] for s in range(8)], dtype=torch.float64)
    exact = (torch.where(states > 0.5, p, 1 - p).prod(-1) * f(states)) @ (states - p)
    u = uniforms(1, count, 3, seed=5)
    rows = logits.expand(count, 3)
    b, opposite = (u[0] > 1 - p).double(), (u[0] < p).double()
    other = (uniforms(count, 3, seed=6) < p).double()
    estimates = {
        "two samples": 0.5 * (f(b) - f(other)).unsqueeze(-1) * (b - other),
        "ARM": (f(b) - f(opposite)).unsqueeze(-1) * (u[0] - 0.5),
        "yours": disarm(f, rows, u),
    }
    for name, g in estimates.items():
        said = "   ".join(f"{g[:, i].mean():+.3f} ± {g[:, i].std() / count**0.5:.3f}" for i in range(3))
        print(f"{name:12s} {said}   variances " + "  ".join(f"{v:.2f}" for v in g.var(0).tolist()))
    print("exact       ", "           ".join(f"{e:+.3f}" for e in exact.tolist()))

# %% [markdown]
# <details><summary>Symptom: right for positive logits, wrong for negative ones</summary>
#
# Draw the interval from 0 to 1. Mark $1 - p$ and $p$. Where is b one? Where is its opposite? Now let p fall below one
# half, and look again which is left and which is right.
#
# </details>
# <details><summary>Symptom: where the pair agrees, I do not get zero</summary>
#
# Those u lie between the two marks, symmetrically about one half.
#
# </details>
# <details><summary>Symptom: I find the mean of u, and it depends on which bit of the pair is one</summary>
#
# So it does: it is near 1 in one case and near 0 in the other, at the same distance from the middle. A sign, times
# one half, times a probability: the larger one.
#
# </details>

# %% [markdown] solution_only="07_disarm"
# **Three intervals.** With $m = \min(p, 1-p)$: below m and above 1 - m the bits of the pair differ, between they
# agree. The mean of $u - \frac12$ is zero in the middle, and $\pm\big(\frac12 - \frac m2\big)$ outside: half the
# larger probability, $\frac12\sigma(|l|)$. b is one, and its opposite zero, where u is large, whatever p is; so the
# sign is $b - \tilde b$. Together
#
# $$\hat g_i = \tfrac12\,\big(f(b) - f(\tilde b)\big)\,(b_i - \tilde b_i)\,\sigma(|l_i|).$$
#
# **Why it is never noisier** than ARM: it is a conditional expectation of it. Beside two independent samples there is
# no such theorem. It depends on f and p: opposites differ as often as they can, and a sure bit disagrees with its
# opposite in a share $2m$ of the pairs, where strangers differ in $2m(1-m)$.

# %% [markdown]
# ## 6. REBAR, with a coefficient that does not spoil it
#
# *Difficulty* 5/5 · *Importance* 4/5 · 55 minutes
#
# The score function's estimate $r = f(z)\,\nabla_l \log q(z)$ is unbiased and loud. Bent bits are quiet and biased.
# REBAR uses the second to quieten the first: a *control variate* h, whose mean is zero whatever f is, and which
# follows r as well as f's values at the bits follow those at bent ones. D independent bits; everything for each
# sample k:
#
# - $s = l + \log\frac{u}{1-u}$ are the perturbed logits, z the bits that they come to (one where s is positive),
#   $\sigma(s/\tau)$ the bent bits;
# - $s'$ are the perturbed logits drawn **anew, given z**: bit by bit from the logistic distribution at $l_i$, cut off
#   at zero, on the side that $z_i$ says. The uniform number v says how far up: $s'$ is the v-quantile of what is
#   left. $\sigma(s'/\tau)$ are bent bits once more.
#
# Build h: the score function's estimate of $\nabla_l\,\mathbb E f(\sigma(s'/\tau))$, *less* a path derivative of the
# same mean. That takes two paths, one through s and one through $s'$. (Where z is given, what has been drawn from
# $p(s)$ is $s'$ from $p(s \mid z)$ with z from q: which part of the derivative of the whole is the score's, and which
# is the path of $s'$?) Then $r - \eta\,h$ is unbiased for every $\eta$ that does not depend on the sample. Return
#
# - `terms`, $(2, K, D)$: r and h, sample by sample;
# - `gradient`, $(D)$: the mean over k of $r_k - \eta_k h_k$. One number $\eta_k$ for all bits, **fitted to the other
#   samples**: the one for which the sum over them of $\lVert r_j - \eta\,h_j\rVert^2$ is least. A single sample is
#   refused: raise a `ValueError`.
#
# **Predict**: at which end, high temperature or low, does h follow r better? And is the best $\eta$ one?

# %% exercise="07_rebar"
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """(terms, gradient): r and h for each sample, (2, K, D), and the mean of r - eta h, (D), each eta fitted to the other samples.

    f: smooth, of bits or anything between, (N, D) -> (N). logits: (D). u, v: (K, D), uniform on (0, 1). Raises ValueError if K is 1.
    """
    ### BEGIN SOLUTION
    count = u.shape[0]
    if count < 2:
        raise ValueError(f"u has {count} sample; expected two or more: a coefficient is fitted to the others")
    own = logits.detach().expand_as(u).clone().requires_grad_()    # a copy of the logits for each sample
    p = own.sigmoid()
    s = own + u.logit()
    z = (s > 0).to(u)
    quantile = torch.where(z > 0.5, 1 - p * (1 - v), v * (1 - p))
    s_again = own + quantile.logit()
    free, tied = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (paths,) = torch.autograd.grad((free - tied).sum(), own)
    score = (z - p).detach()
    r = f(z).unsqueeze(-1) * score
    h = tied.detach().unsqueeze(-1) * score - paths
    rh, hh = (r * h).sum(-1, keepdim=True), (h * h).sum(-1, keepdim=True)
    eta = (rh.sum(0) - rh) / (hh.sum(0) - hh)
    return torch.stack([r, h]), (r - eta * h).mean(0)
    ### END SOLUTION


# %% check="07_rebar"
check("07_rebar", rebar)

# %% [markdown]
# **Measured.** h has mean zero; what it saves depends on the temperature and on the coefficient. 20,000 samples, two
# bits.

# %%
with when_written():
    logits, count = torch.tensor([-1.0, 0.6], dtype=torch.float64), 20_000

    def f(b: Tensor) -> Tensor:
        return 3 + (b @ torch.tensor([1.5, -2.0], dtype=torch.float64) - 0.4).square()

    for temperature in (0.1, 0.3, 1.0, 3.0):
        r, h = rebar(f, logits, uniforms(count, 2, seed=7), uniforms(count, 2, seed=8), temperature)[0]
        eta = ((r * h).sum() / (h * h).sum()).item()
        t = max(abs(h[:, i].mean().item()) / (h[:, i].std().item() / count**0.5) for i in range(2))
        print(f"temperature {temperature:.1f}   mean of h: largest |t| = {t:.1f}   best coefficient {eta:.3f}   variance without {r.var(0).sum():.3f}"
              f"   with coefficient one {(r - h).var(0).sum():.3f}   with the best {(r - eta * h).var(0).sum():.3f}")

# %% [markdown]
# **The coefficient is fitted to the others.** What if it were fitted to all of them? Five samples at a time, 4,000
# times.

# %%
with when_written():
    K, tries, temperature = 5, 4_000, 0.3
    states = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    p = logits.sigmoid()
    exact = (torch.where(states > 0.5, p, 1 - p).prod(-1) * f(states)) @ (states - p)
    r, h = rebar(f, logits, uniforms(K * tries, 2, seed=9), uniforms(K * tries, 2, seed=10), temperature)[0].reshape(2, tries, K, 2)
    rh, hh = (r * h).sum(-1, keepdim=True), (h * h).sum(-1, keepdim=True)
    to_all = (r - rh.sum(1, keepdim=True) / hh.sum(1, keepdim=True) * h).mean(1)
    to_others = (r - (rh.sum(1, keepdim=True) - rh) / (hh.sum(1, keepdim=True) - hh) * h).mean(1)
    for name, g in (("fitted to all", to_all), ("to the others", to_others)):
        print(name, "  ".join(f"bit {i}: bias {g[:, i].mean() - exact[i]:+.4f} ± {g[:, i].std() / tries**0.5:.4f}" for i in range(2)))

# %% [markdown]
# <details><summary>Symptom: h is right for large temperatures only, or for sure bits only</summary>
#
# Is the path through $s'$ complete? $s'$ is $l$ plus noise from a part of the logistic distribution, and *which* part
# depends on $p$, so on $l$. Write the quantile as a function of v and p, and let autograd find both.
#
# </details>
# <details><summary>Symptom: the mean of h is not zero</summary>
#
# $\nabla_l\,\mathbb E\,c(s)$, with $c$ any function, is the mean of the path of s. Draw s in two steps, z and then
# $s'$: the same derivative is the mean of $c(s')\,\nabla \log q(z)$ plus the path of $s'$ at fixed z. Equate the two,
# and solve for the score's part. Which of s and $s'$ stands with the score?
#
# </details>
# <details><summary>Symptom: terms right, gradient wrong</summary>
#
# One number for each sample: $\sum_{j \ne k} r_j \cdot h_j$ over $\sum_{j \ne k} h_j \cdot h_j$, the products summed
# over bits. No means are subtracted: that of h is known to be zero. And the samples are not averaged before.
#
# </details>

# %% [markdown] solution_only="07_rebar"
# **The identity.** $\mathbb E[\nabla c(s)] = \mathbb E[c(s')\,\nabla\log q(z)] + \mathbb E[\nabla c(s')]$, so
# $h = c(s')\,\nabla\log q(z) - \nabla c(s) + \nabla c(s')$ has mean zero for every c; here
# $c(s) = f(\sigma(s/\tau))$.
#
# **Temperature.** As $\tau \to 0$, $c(s') \to f(z)$, and the first term of h becomes r itself; but the path terms
# become rare and large, and the coefficient falls towards zero. As $\tau$ grows c becomes smooth and flat: h is a
# weak copy of r, and a coefficient above one makes up for it. In the table it runs from 0.4 to 1.3. It is one nowhere
# in particular, and with a coefficient of one low temperatures are worse than no control variate at all. Which
# temperature is best depends on f.
#
# **The coefficient.** The mean of $r - \eta h$ does not depend on $\eta$, so the least mean square is the least
# variance: no means need be subtracted. Fitted to all samples, $\eta$ depends on $h_k$, and
# $\mathbb E[\eta\,h_k] \ne 0$: a bias of order 1/K. Fitted to the others it does not, at any K. Tucker and others
# learn $\eta$ over the steps instead: earlier samples are others, too.

# %% [markdown]
# ## 7. A RELAX with a planted fault
#
# RELAX is REBAR with any smooth function c of the perturbed logits for a control variate, such as a small network.
# Here it is for one variable of C categories, as it was found. It is biased: **one line is at fault**.

# %% locked="07_as_found"
def relax_as_found(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    """One-sample gradients of E f in the logits, (K, C).

    f: one-hot (K, C) -> values (K). c: perturbed logits (K, C) -> (K), smooth. logits: (C). g, h: (K, C), standard Gumbel noise for s and for s'.
    """
    own = logits.detach().expand_as(g).clone().requires_grad_()    # a copy of the logits for each sample
    s = own + g
    z = torch.nn.functional.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = own + h
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% [markdown]
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Return the repaired estimates, $(K, C)$: unbiased for every c, and with a c that is of use. Where noise is needed
# for s', take `h`, as in exercise 2 (your own `conditional_gumbels` may be called). The logits are not normalized.
#
# **Predict**, before you repair it: a colleague puts `c(s_again)` in place of `c(s)` into the reward, as it stands in
# the paper, and touches nothing else. Is the result biased? Is it any good?

# %% exercise="07_relax_repaired"
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    """One-sample RELAX gradients of E f in the logits, (K, C), unbiased.

    f: one-hot (K, C) -> values (K). c: perturbed logits (K, C) -> (K), smooth. logits: (C). g, h: (K, C), standard Gumbel noise for s and for s'.
    """
    ### BEGIN SOLUTION
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = torch.nn.functional.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    largest = own.logsumexp(-1, keepdim=True) + (z * h).sum(-1, keepdim=True)
    s_again = torch.where(z > 0.5, largest, -torch.logaddexp(-(own + h), -largest))      # given z
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths
    ### END SOLUTION


# %% check="07_relax_repaired"
check("07_relax_repaired", relax_repaired)

# %% [markdown]
# **As found, and repaired.** Bias in standard errors, and the variance, of both, and of the score function alone; c
# is a smooth stand-in for f.

# %%
with when_written():
    logits, count = torch.tensor([0.5, 2.0, -0.4], dtype=torch.float64), 100_000
    values = torch.tensor([4.0, 1.0, 2.5], dtype=torch.float64)

    def f(z: Tensor) -> Tensor:
        return z @ values

    def c(s: Tensor) -> Tensor:
        return (2 * s).softmax(-1) @ values

    p = logits.softmax(0)
    exact = p * (values - p @ values)
    g, h = gumbels(count, 3, seed=11), gumbels(count, 3, seed=12)
    z = torch.nn.functional.one_hot((logits + g).argmax(-1), 3).double()
    for name, each in (("score function", f(z).unsqueeze(-1) * (z - p)), ("as found", relax_as_found(f, c, logits, g, h)), ("repaired", relax_repaired(f, c, logits, g, h))):
        mean, error = each.mean(0), each.std(0) / count**0.5
        print(f"{name:15s} t of the bias " + "  ".join(f"{t:+6.1f}" for t in ((mean - exact) / error).tolist()) + f"   variance {each.var(0).sum():.3f}")

# %% [markdown]
# <details><summary>Symptom: I do not find the line</summary>
#
# Given z, the reward takes away $c(s)\,\nabla\log q(z)$, whose mean is not zero: s and z belong together. The paths
# must give it back. What is the mean of $\nabla c(s) - \nabla c(s')$ in this code?
#
# </details>
# <details><summary>Symptom: it is unbiased now, and hardly quieter than the score function</summary>
#
# Then c in the reward knows nothing of z. It can follow f(z) only if its argument is one of the perturbed logits that
# lead to z. The line at fault is the one that makes s'.
#
# </details>
# <details><summary>Symptom: s' is conditioned on z now, and the mean is still off</summary>
#
# Is s' made of `own`, with its graph, the log of the sum included? And of `h`, not of g? The largest of s' uses the
# noise of the winner.
#
# </details>

# %% [markdown] solution_only="07_relax_repaired"
# **The fault** is `s_again = own + h`: s' is drawn from $p(s)$, not from $p(s \mid z)$. The identity of REBAR,
# $\mathbb E[\nabla c(s)] = \mathbb E[c(s')\,\nabla\log q(z)] + \mathbb E[\nabla c(s')]$, needs $s' \sim p(s \mid z)$.
# With independent noise the two paths have the same mean and cancel, and nothing gives back what c(s) took from the
# reward. The bias is $-\mathbb E[c(s)\,\nabla\log q(z)]$.
#
# **c(s) in the reward is no fault.** Given z, s and a conditioned $s'$ have the same distribution, so either may
# stand there. The paper has c(s'), and is a little quieter. The check takes both.
#
# **The prediction.** With c(s') in the reward and an $s'$ that is not conditioned, $c(s')$ is independent of the
# score: mean zero, no bias. And no use: it is noise that has nothing to do with f(z). You will read that wrong
# conditional noise biases RELAX; whether it does depends on what else is in the code. A test of the mean would pass
# that program. A test of the variance would not.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people estimate the gradient of one mean, $\mathbb E f(b)$, in the logits $l$ of two independent bits, with
#
# $$f(b) = \text{level} + \text{linear}^\top b + \tfrac12\, b^\top\, \text{quadratic}\; b.$$
#
# You get what they print, and not their code. One goes **straight-through**: draws hard bits, takes the slope of f
# there, and lets it pass through each bit as if the bit were its own mean, $\sigma(l_i)$. One is **relaxed**: both
# bits are binary concrete at `temperature`, f is read between its corners, and the path does the rest. One is
# **unbiased**: the plain score function, without a baseline. Who is who?
#
# `means` is (3, 2), by person and bit: each the average of many independent one-sample gradients; `errors` has the
# standard errors. `logits` and `linear` are (2), `quadratic` is (2, 2) and symmetric, `temperature` and `level` are
# numbers.
#
# Return the three names `"straight-through"`, `"relaxed"`, `"unbiased"` in the order of the persons. The budget is
# enough: any two of the three exact means lie at least six standard errors apart, in one bit or the other. The check
# brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: which of the three exact means can move when the temperature does? And which when
# $b_1(1 - b_1)$ is added to f?

# %% exercise="07_sealed_case"
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    """Which estimator is "straight-through", which is "relaxed", and which is "unbiased", in the order of means.

    means, errors: (3, 2), by estimator and bit. logits, linear: (2). quadratic: (2, 2), symmetric. temperature: of the relaxed one.
    """
    ### BEGIN SOLUTION
    p = logits.sigmoid()
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 2)
    chance = torch.where(states > 0.5, p, 1 - p).prod(-1)
    f = level + states @ linear + 0.5 * ((states @ quadratic) * states).sum(-1)
    through = (chance @ (linear + states @ quadratic)) * p * (1 - p)
    noise = torch.linspace(-25.0, 25.0, 201, dtype=torch.float64)                           # both noises on one grid
    weights = torch.softmax(-noise - 2 * torch.nn.functional.softplus(-noise), 0)           # logistic density
    at = logits.clone().requires_grad_()
    z = ((at + torch.cartesian_prod(noise, noise)) / temperature).sigmoid()
    average = torch.outer(weights, weights).flatten() @ (z @ linear + 0.5 * ((z @ quadratic) * z).sum(-1))
    (relaxed,) = torch.autograd.grad(average, at)
    expected = {"straight-through": through, "relaxed": relaxed, "unbiased": (chance * f) @ (states - p)}
    fits = {name: ((means - there) / errors).square().sum(-1) for name, there in expected.items()}
    orders = itertools.permutations(expected)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="07_sealed_case"
check("07_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("07_sealed_case", seed=2)
    for letter, m, e in zip("ABC", case.given["means"], case.given["errors"], strict=True):
        print(f"{letter}: " + "   ".join(f"bit {i}: {m[i]:+.3f} ± {e[i]:.3f}" for i in range(2)))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: the loudest is not always the score function</summary>
#
# A cold path is loud, and a function that hardly rises has a quiet score. Spread tells nothing for sure here; means
# do. Which means do you expect?
#
# </details>
# <details><summary>Symptom: I find the unbiased one, and cannot tell the other two apart</summary>
#
# Straight-through knows hard bits only: its mean is a sum over four states. The relaxed one is the gradient of a mean
# of its own, at the temperature that you are given. Over what is that mean an integral?
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# Write the relaxed mean as a sum over a grid of both logistic noises, -25 to 25 in each, weighted with their density,
# and differentiate it in the logits: autograd may do that. Then ask which of the six orders fits best, over both
# bits, in units of the standard errors.
#
# </details>

# %% [markdown] solution_only="07_sealed_case"
# **What each gives.** The score function gives the truth, a sum over four states. Straight-through gives the mean
# slope of f at those states, times $p(1-p)$; the off-diagonal entries of the quadratic enter it rightly, since f is
# linear in each bit as far as they go, and the diagonal ones do not. The relaxed one is the true gradient of another
# mean, an integral over two logistic noises.
#
# **The prediction.** Only the relaxed mean depends on the temperature. Adding $b_1(1-b_1)$ changes no value at a
# state, so the truth stays; the other two move.
#
# **What does not work**: the loudest is not always the score function, the one that is nearer to the truth is not
# always the relaxed one, and its mean is not always smaller than straight-through's. Each of these rules fails in a third of the cases
# or more.

# %% [markdown]
# ## 9. In words: four claims about bent coins
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From the discussion under a pull request: "(1) Straight-through is biased, but the bias is small when the bits are
# nearly sure, so we need not worry about how the model is written between zero and one. (2) We lower the temperature
# until the bias of Gumbel-softmax is negligible. (3) The ELBO that we log with relaxed samples is still a lower
# bound, since it is the same formula. (4) In our RELAX the noise of $s'$ was drawn without regard to z. So the
# gradient was biased, which explains the poor results." For each claim write two or three sentences: what is right
# about it, what is not, and what you would measure to decide. Then one sentence: you have an unlimited budget of
# samples at each step; which of the estimators of this unit would you *not* use, and why?

# %% [markdown] written="07_written"
# (1) The bias of a bit is p (1 - p) times the difference between the slope of f at the bit and its rise from 0 to 1,
# on average. It does vanish with p (1 - p); so does the gradient itself, so the relative bias need not be small, and
# can turn the sign. And it depends on nothing but how f is written between the bits: adding b (1 - b) changes no
# model and moves the bias. Measure: enumerate a few bits, compare means.
#
# (2) Bias falls as the temperature, variance grows as one over it: for a budget of K samples there is a best
# temperature, which is not zero. "Negligible" has to be compared with the standard error of the gradient that is
# used. Measure both at a few temperatures.
#
# (3) It is not: between the states log p and log q are not a log density of anything, and q's mass function does not
# integrate to one there. The relaxed value may exceed log p(x), and depends on how the model is written. Log the
# bound at hard samples. Measure: compare with log p(x) by enumeration.
#
# (4) It depends on which c is in the reward. With c(s), whose s led to z, the mean of c(s) times the score is not
# zero, and the two path terms, which cancel on average, do not give it back: biased. With c(s') there is no bias:
# c(s') is independent of the score. But then it has no correlation with f(z), either, and only adds noise, which may
# explain poor results as well. Measure: the mean in standard errors against enumeration, and the variance beside that
# of the score function.
#
# With unlimited samples variance does not matter, so I would not use one whose bias stays: straight-through, or
# Gumbel-softmax at any fixed temperature.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Right: the bias has the factor p (1 - p). Not right: so has the gradient (the relative bias may
#   stay, the sign may turn), or: the bias depends on how f is continued between the bits, with b (1 - b) or a slope
#   as the reason. One of the two suffices with a measurement (enumeration, or any unbiased estimator at the same
#   parameters); without one 0.25.
# - 0.5: claim 2. The variance grows as the temperature falls, so there is a trade; the best temperature depends on
#   the number of samples. "It gets noisy" without saying that bias and variance are to be compared: 0.25.
# - 0.5: claim 3. The relaxed value belongs to another model, may exceed log p(x). Accept: it is a bound if both are
#   given as densities (concrete), and say so. "It is biased" alone: 0.25.
# - 0.5: claim 4. Whether it is biased depends on the rest of the code: with c(s') in the reward it is unbiased and
#   noisy, with c(s) it is biased. Both cases, with a reason for one of them: 0.5. One case only, with its reason
#   (c(s') has mean zero against the score and the paths cancel; or: nothing gives back what c(s) took): 0.25. The
#   claim repeated as always true: nothing.
# - Last sentence: straight-through or a relaxation at fixed temperature, because their bias does not shrink with
#   samples. Accept: a relaxation whose temperature falls with the budget is fine.
# === END MARK SCHEME ===
