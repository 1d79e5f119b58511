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
# There is no path through a coin, so people bend the coin. You find out what that costs: in bias, which you predict to the last digit, and in noise. Then
# you take the bias back. By the end you will have
#
# - sampled from the bent categorical and written its density down, at temperatures where its entries cannot even be stored,
# - drawn, for a choice that was made, the noise that led to it,
# - predicted straight-through's bias, and the temperature that is best for a budget,
# - rewritten a model, without changing it, so that straight-through is right; and so that it is exactly as wrong as can be,
# - derived DisARM from its noisier relative, and REBAR with a coefficient that does not spoil it,
# - repaired a RELAX that has two faults, only one of which is a bias.
#
# **Time**: about four hours; each exercise says its own. **Read first**: [the lecture](../../lectures/07_discrete_relaxations.ipynb). Exercise 7 uses
# 2; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs, with noise that is *given*, so that chance has no say, and compares numbers. If something is off,
# the report says what came, what was expected, and which mistake it looks like. Checks never look at how you wrote it.
# Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of `course_vi`.
#
# **Notation.** $l$ are logits: of one bit, $p = \sigma(l)$; of C categories, $p = \mathrm{softmax}(l)$, and they are *not* normalized. Categories are the last
# axis. $g$ is standard Gumbel noise, $g = -\log(-\log u)$ with $u$ uniform on (0, 1), so $P(g \le t) = \exp(-e^{-t})$. The *perturbed logits* are
# $l + g$; the largest of them chooses the category (the Gumbel-max trick). For one bit the perturbed logit is $l + \log\frac{u}{1-u}$, and the bit is one where it is positive. Axes are samples, batch,
# event: g is $(K, B, C)$. There may be no batch axis at all.

# %% locked="07_setup"
import math

import torch
from torch import Tensor

from autograder import check
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
# Replace the argmax of the Gumbel-max trick by a softmax at temperature $\tau$, and a sample is no longer a corner of the simplex, but a point inside:
# the *Gumbel-softmax*, or *concrete*, distribution. From the noise `g` return
#
# - `z`, $(K, B, C)$, the bent sample: the softmax of the perturbed logits, all of them divided by the temperature;
# - `log_q`, $(K, B)$, the logarithm of its density at that point. It is a density on the simplex, with respect to $dz_1 \cdots dz_{C-1}$ (the
#   last entry is what is left to one). On paper: change variables from the noise to z, and integrate out what the softmax forgets.
#
# Both stay connected to `logits`, `log_q` through z as well. Both are to be finite, and right, for temperatures from 0.05 to 20 and logits that
# are 50 apart, where most entries of z are smaller than any number that fits into a computer.
#
# **Predict, before you begin**: for two categories z is a number between 0 and 1. Below which temperature is its density highest at the *ends*?

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
# **A density integrates to one.** The next cell adds up yours over a fine grid, for two categories. And it counts samples: how much of the
# distribution lies within 0.05 of the ends?

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
# Two constants go with it: a power of the temperature, and a factorial. The first counts the directions in which $z$ can
# move. The second is an integral $\int_0^\infty t^{n} e^{-t} dt$.
#
# </details>
# <details><summary>Symptom: I do not know how to change variables from C noises to C - 1 coordinates</summary>
#
# Perturbed logits $s$ and $s + c$ lead to the same z. So write $s = \tau \log z + c$: the coordinates are $z_1 \dots z_{C-1}$ and $c$. The density of
# the $s_k$ is a product of shifted Gumbels; in $t = e^{-c}\sum_k e^{l_k} z_k^{-\tau}$ the integral over $c$ is a Gamma function.
#
# </details>
# <details><summary>Symptom: NaN, or infinity, at low temperature</summary>
#
# $\log(\mathrm{softmax}(\cdot))$ is minus infinity where the softmax has underflowed. `log_softmax` is not. Compute $\log z$ first; everything else, z
# included, follows from it: $z_k^{-\tau}$ is $\exp(-\tau \log z_k)$, and sums of those belong into a `logsumexp`.
#
# </details>

# %% [markdown] solution_only="07_gumbel_softmax"
# **The density.** With $s_k = \tau \log z_k + c$ the Jacobian is $\tau^{C-1}\prod_k z_k^{-1}$, and
# $\int \prod_k e^{l_k - s_k} \exp(-e^{l_k - s_k})\,dc$ gives $(C-1)!\,\prod_k e^{l_k} z_k^{-\tau} \big/ \big(\sum_k e^{l_k} z_k^{-\tau}\big)^C$. Together
#
# $$q(z) = (C-1)!\;\tau^{C-1}\;\frac{\prod_k e^{l_k} z_k^{-\tau-1}}{\big(\sum_k e^{l_k} z_k^{-\tau}\big)^{C}}.$$
#
# A constant added to the logits cancels: numerator and denominator have it C times.
#
# **The prediction.** For C = 2 the density behaves as $z^{\tau - 1}$ near zero (the product gives $z^{-\tau-1}$, the sum $z^{2\tau}$). Below $\tau = 1$
# it runs away at the ends; that is where one should be if bent samples are to be nearly hard. For C categories it does so at the corners below $1/(C-1)$.
#
# **What is it good for?** If p is relaxed as well, so that $\log p(z) - \log q(z)$ is a true log weight of a continuous model, the bound is one again
# (Maddison, Mnih and Teh, 2017). The mass function read between its states, which most programs take, is no density, and what they report is no bound.

# %% [markdown]
# ## 2. The noise behind a choice
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Somebody hands you a sample: category k was chosen. Which perturbed logits led to it? Draw them: from $p(s \mid \arg\max_c s_c = k)$ for
# $s_c = l_c + g_c$. Rejection would do, and take for ever where k is rare. There is a map that always succeeds.
#
# `z`, $(K, B, C)$, holds the choices as one-hot vectors, and `g` fresh standard Gumbel noise, of the same shape. Two conventions make
# the map unique: **the noise of the chosen category decides the largest entry**, and **then the noise of every other category its own entry**. More noise
# makes its entry larger. Return the perturbed logits, $(K, B, C)$, of logits that are not normalized; connected to `logits`, with z and g fixed. They are
# to be right for logits that are 50 apart, and for choices that were all but impossible.
#
# **Predict**: the chosen category had probability 1/1000. Compared with a likely one, is the largest entry then typically smaller, larger, or the same?

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
# **There and back.** Draw z, then s given z by your map: the two together must be what one gets by perturbing first and looking who won. The cell
# compares means and spreads of s, category by category, *without* a look at z.

# %%
with when_written():
    logits, count = torch.tensor([1.0, 3.0, -2.5], dtype=torch.float64), 200_000
    first = logits + gumbels(count, 3, seed=1)
    z = torch.nn.functional.one_hot(first.argmax(-1), 3).double()
    again = conditional_gumbels(logits, z, gumbels(count, 3, seed=2))
    assert bool((again.argmax(-1) == z.argmax(-1)).all())
    for c in range(3):
        (m1, e1), (m2, e2) = with_standard_error(first[:, c]), with_standard_error(again[:, c])
        largest = again.amax(-1)[z[:, c] == 1]
        print(f"category {c}: chosen in {z[:, c].mean():6.2%}   perturbed first {m1:+.3f} ± {e1:.3f}   yours {m2:+.3f} ± {e2:.3f}"
              f"   spreads {first[:, c].std():.3f}, {again[:, c].std():.3f}   mean of the largest when it wins {largest.mean():.3f}")

# %% [markdown]
# <details><summary>Symptom: I do not see how the largest is distributed</summary>
#
# $P(\max_c s_c \le t) = \prod_c P(g_c \le t - l_c)$. That is a Gumbel again, of which logit? And multiply with the probability that k wins: does the law
# of the maximum depend on who attains it?
#
# </details>
# <details><summary>Symptom: the winner wins, and the spreads are off</summary>
#
# Given that the largest is t, the others are independent, each a Gumbel *cut off* at t. Cutting off a distribution is not clipping numbers: its distribution
# function is $F(s)/F(t)$. A uniform number u is where in it?
#
# </details>
# <details><summary>Symptom: it works with uniform numbers, and I cannot bring it to Gumbel noise</summary>
#
# $\log F(s) = -e^{l-s}$, and $\log u = -e^{-g}$. Solve $\log F(s) = \log F(t) + \log u$ for s. Two exponentials are added up, and the logarithm is
# taken: there is a function for that which never overflows.
#
# </details>

# %% [markdown] solution_only="07_conditional_gumbels"
# **The largest** has $P(\max \le t) = \exp(-e^{-t}\sum_c e^{l_c})$: a Gumbel at $\log\sum_c e^{l_c}$. The event that k wins is independent of it,
# so it is the same whoever wins. That is the answer to the prediction. A rare winner had extraordinary noise, exactly enough to
# be where a likely winner is without effort.
#
# **The others**, given the largest t: $-e^{l-s} = -e^{l-t} - e^{-g}$, so $s = -\log\big(e^{-(l+g)} + e^{-t}\big)$. In words: $e^{-s}$ is a waiting time, exponential with rate $e^l$; given that
# it is later than the first, it begins anew there. Gumbel-max is a race of exponential clocks, and they have no memory.
#
# **What it is for**: REBAR and RELAX need s again, given z (exercises 6 and 7); so do sampling without replacement and counterfactuals ("what would this
# choice have been under other logits?").

# %% [markdown]
# ## 3. S: a bias, and the best temperature
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# One bit with logit $l$, and $f(b) = \tfrac a2 b^2 + c\,b$. Wanted is the derivative of $\mathbb E f(b)$ in $l$. Two one-sample estimates of it are biased:
#
# - **straight-through**: draw b, take the slope of f there, and let it pass as if b were its mean;
# - **bent**: draw b from the binary concrete at temperature $\tau$, a sigmoid of the perturbed logit over $\tau$, and differentiate along the path.
#
# Find on paper what can be found there, and integrate the rest numerically, as well as exactly: five digits are looked at. No sampling. Return
#
# - `exact`, three numbers: the true derivative; the bias of straight-through (its mean less the truth); its variance. All three have closed forms;
# - `bent`, two numbers: bias and variance of one bent gradient at the `temperature` given, between 0.1 and 3;
# - `best`, the temperature between 0.05 and 5 at which the **mean of `samples` bent gradients** has the least mean squared error. Any is right whose error is within two
#   hundredths of the least.
#
# **Predict, before you begin**: at which p is straight-through unbiased, whatever a and c are? For which f, whatever p is? And when the budget grows by a factor
# of 1,000, by which factor does the best temperature fall?

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
    l = torch.tensor(logit, dtype=torch.float64)
    p = l.sigmoid()
    u = uniforms(count, seed=3)
    b = (l + u.logit() > 0).double()
    through = (a * b + c) * p * (1 - p)
    truth = straight_through(a, c, logit, 0.5, 100)[0][0]
    for name, temperature in (("straight-through", None), ("bent, 0.2", 0.2), ("bent, 0.6", 0.6), ("bent, 2.0", 2.0)):
        exact, bent, _ = straight_through(a, c, logit, temperature or 1.0, 100)
        soft = ((l + u.logit()) / (temperature or 1.0)).sigmoid()
        g = through if temperature is None else (a * soft + c) * soft * (1 - soft) / temperature
        bias, variance = exact[1:] if temperature is None else bent
        mean, error = with_standard_error(g)
        squares = (g - g.mean()) ** 2
        print(f"{name:16s} bias predicted {float(bias):+.5f}   measured {mean - float(truth):+.5f} ± {error:.5f}"
              f"   variance predicted {float(variance):.5f}   measured {squares.mean():.5f} ± {squares.std() / count**0.5:.5f}")

# %% [markdown]
# **The figure to aim for**: bias and standard error over the temperature, at two budgets. The best temperature is near where the curves cross, or where the bias
# passes through zero. Your temperatures go on top.

# %%
show(targets.crossing(), alt="Over the temperature, on log axes: the absolute bias rises, dips to zero near 0.63 and rises again; two falling lines are the standard errors for 100 and 10,000 samples.")

# %%
with when_written():
    found = [(samples, straight_through(2.0, -0.3, 0.7, 0.5, samples)[2]) for samples in (100, 10_000)]
    show(targets.crossing(found), alt="The same curves; a dot on each falling line marks your best temperature for that budget.")

# %% [markdown]
# <details><summary>Symptom: the bias that I find is zero, always</summary>
#
# You compared the mean slope with itself. The derivative of $\mathbb E f = (1 - p) f(0) + p f(1)$ in $l$ has no slope of f in it, only a difference.
#
# </details>
# <details><summary>Symptom: the integral does not converge, or depends on the grid, at low temperature</summary>
#
# In the noise, the integrand is a peak of width $\tau$. In $t = (l + \text{noise})/\tau$ it is smooth and has the same width at every temperature, and the trapezoid rule
# on an even grid is as good as exact. What becomes of the density of the noise, and of $d\,\text{noise}$?
#
# </details>
# <details><summary>Symptom: the best temperature is right for large budgets, or for small ones, only</summary>
#
# Mean squared error is bias squared plus variance over the budget. The bias may change its sign at some temperature, and there the error has a narrow valley beside
# a broad one. A search from one starting point ends in either. Scan all of the range on a log scale, then look closer.
#
# </details>

# %% [markdown] solution_only="07_straight_through"
# **Straight-through.** Its mean is $p(1-p)(a p + c)$, the truth $p(1-p)(f(1) - f(0)) = p(1-p)(a/2 + c)$. The bias is
#
# $$p(1-p)\,a\,\big(p - \tfrac12\big),$$
#
# zero at $p = \tfrac12$ by symmetry, and for every p where f is linear. The variance: two slopes, $a$ apart, each times $p(1-p)$; so $a^2\,(p(1-p))^3$.
#
# **Bent.** With $t = (l + \text{noise})/\tau$ and b = σ(t), the gradient is $f'(b)\,b(1-b)/\tau$ and the density of t is $\tau$ times the logistic density
# at $\tau t - l$. As $\tau \to 0$ that density is $p(1-p)$ where the integrand is not zero; the next order gives a bias of $\tau$ times *the same
# number as straight-through's*, and a variance of $\frac1\tau\,p(1-p)\int (f'(b)\,b(1-b))^2 dt = \frac{p(1-p)}{\tau}\big(\frac{a^2}{20} + \frac{ac}{6} + \frac{c^2}{6}\big)$.
#
# **The best temperature** would be $\big(V/(2B^2K)\big)^{1/3}$ by these laws: a tenth for a thousand times the budget. But they hold as $K \to \infty$. Here, with
# a = 2, c = -0.3, l = 0.7, the bias passes through zero near $\tau = 0.63$, and the best temperature sits there for all budgets that one can pay. A zero of
# the bias is luck, and another luck for each bit of a model; nobody tunes for it.

# %% [markdown]
# ## 4. One model, written differently
#
# *Difficulty* 5/5 · *Importance* 4/5 · 45 minutes
#
# A model of bits says what f is at zeros and ones. What the program happens to compute *between* them is nobody's business; except straight-through's, which
# takes its slopes there (at the bits that were drawn, times $p_i(1-p_i)$). For bits $b^2 = b$. So the same model can be written in many ways, and straight-through
# tells them apart. Given f, a smooth function of $(N, D)$ tensors that returns $(N)$, and the `logits` of q, $(D)$, return **two functions** of the same form. Both agree with f
# at all $2^D$ states, to the last digit. And
#
# - for the first, straight-through is **unbiased, whatever q is**;
# - for the second, straight-through's mean, at the q whose logits are given, is **exactly the true gradient turned around**: minus it, in every bit.
#
# Each is a formula on the whole cube $[0, 1]^D$, row by row, smooth, and with the slopes that backward finds for it; no detaching and no rounding. D is at most 4, and no
# logit is nearer to zero than 0.3.
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
# **Climb with them.** Three bits, gradient ascent on the exact mean of straight-through. One model, one E f; three ways to write it down.

# %%
with when_written():
    def f(b: Tensor) -> Tensor:
        return 2 * (b - 0.45).square().sum(-1) + torch.tanh(3 * b[:, 0] * b[:, 1] - b[:, 2])

    states = torch.tensor([[s >> i & 1 for i in range(3)] for s in range(8)], dtype=torch.float64)

    def climbed(which: int, steps: int = 200) -> list[float]:
        logits, seen = torch.tensor([0.5, -0.8, 0.6], dtype=torch.float64), []
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
# Compare, for one bit, $p\,g'(1) + (1 - p)\,g'(0)$ with $g(1) - g(0)$. They agree for all p only if both slopes are that difference. Which functions of one bit have it? And of several, if
# that is to hold for each bit, whatever the others are?
#
# </details>
# <details><summary>Symptom: my first function is right for one bit, and not f for two</summary>
#
# A sum of functions of one bit each cannot be an "exclusive or". Allow products of different bits; powers are what must go.
#
# </details>
# <details><summary>Symptom: I do not know what to add for the second</summary>
#
# Something that is zero at zeros and ones, and has a slope there: $\kappa_i\, b_i (1 - b_i)$. What does straight-through make of it, on average, in bit i, and in the others? You need
# minus the truth where the first function has the truth.
#
# </details>

# %% [markdown] solution_only="07_rewrite"
# **Multilinear.** Write f as $\sum_s f(s)\prod_i b_i^{s_i}(1-b_i)^{1-s_i}$, the only function that is linear in each bit and agrees with f at the states. Its slope in bit i at *any* state is
# $f(b_i{=}1) - f(b_i{=}0)$, the very difference that the gradient of an expectation is made of.
#
# **Turned.** $\kappa\,b(1-b)$ has the slopes $\pm\kappa$, and $p(1-p)\kappa\,\big((1-p) - p\big)$ on average. Add $\kappa_i = -2\,\mathbb E[f(b_i{=}1) - f(b_i{=}0)]/(1 - 2p_i)$.
# At p = 1/2 that fails. The substitution $b \to b - 2\,b(1-b)(1-2b)$ does not: it keeps 0 and 1, and its slope is -1 at *both*; so in the multilinear function it turns straight-through for
# **every** q at once.
#
# **The prediction**: yes. Only the slopes at the corners count; add $b^2(1-b)^2$ times anything. "Unbiased" says nothing of the inside of the cube, and a bent sample would feel every bit of it.
#
# **So what is straight-through's bias a property of?** Not of the model: of the program text. In a network the layers above a bit are what is written; they are not multilinear, and nobody chose their slopes for this
# purpose. That it often works is luck of a kind: trained weights keep f near linear over a step of one unit.

# %% [markdown]
# ## 8. In words: four claims about bent coins
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From the discussion under a pull request: "(1) Straight-through is biased, but the bias is small when the bits are nearly sure, so we need not worry
# about how the model is written between zero and one. (2) We lower the temperature until the bias of Gumbel-softmax is negligible. (3) The
# ELBO that we log with relaxed samples is still a lower bound, since it is the same formula. (4) In RELAX the noise of $s'$ was drawn without regard to z; that
# made the gradient biased, which explains the poor results." For each claim write two or three sentences: what is right about it, what is not, and what
# you would measure to decide. Then one sentence: you have an unlimited budget of samples at each step; which of the estimators of this
# unit would you *not* use, and why?

# %% [markdown] written="07_written"
# (1) The bias of a bit is p (1 - p) times the difference between the slope of f at the bit and its rise from 0 to 1, on average. It does vanish with
# p (1 - p); so does the gradient itself, so the relative bias need not be small, and can turn the sign. And it depends on nothing but how f is written
# between the bits: adding b (1 - b) changes no model and moves the bias. Measure: enumerate a few bits, compare means.
#
# (2) Bias falls as the temperature, variance grows as one over it: for a budget of K samples there is a best temperature, which is not zero. "Negligible" has to be
# compared with the standard error of the gradient that is used. Measure both at a few temperatures.
#
# (3) It is not: between the states log p and log q are not a log density of anything, and q's mass function does not integrate to one there. The relaxed value may
# exceed log p(x), and depends on how the model is written. Log the bound at hard samples. Measure: compare with log p(x) by enumeration.
#
# (4) If s' is drawn independently of z from p(s), then c(s') is independent of the score, and the two path terms have the same mean: no bias. But the control
# variate has lost its correlation with f(z) and only adds noise. A bias needs another fault, for example c(s) in the reward. Measure: the mean
# in standard errors against enumeration, and the variance.
#
# With unlimited samples variance does not matter, so I would not use one whose bias stays: straight-through, or Gumbel-softmax at any fixed temperature.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is missing or wrong (once).
#
# - 0.5: claim 1. Right: the bias has the factor p (1 - p). Not right: so has the gradient (the relative bias may stay, the sign may turn), or: the bias depends
#   on how f is continued between the bits, with b (1 - b) or a slope as the reason. One of the two suffices with a measurement (enumeration, or any unbiased
#   estimator at the same parameters); without one 0.25.
# - 0.5: claim 2. The variance grows as the temperature falls, so there is a trade; the best temperature depends on the number of samples. "It gets noisy"
#   without saying that bias and variance are to be compared: 0.25.
# - 0.5: claim 3. The relaxed value belongs to another model, may exceed log p(x). Accept: it is a bound if both are given as densities (concrete), and say so.
#   "It is biased" alone: 0.25.
# - 0.5: claim 4. Independent s' leaves the estimator unbiased and costs variance; the reason (c(s') has mean zero against the score, the path terms cancel in the mean). Accept:
#   "biased if the code also uses c(s) in the reward", with the mechanism. The claim simply repeated as true: nothing.
# - Last sentence: straight-through or a relaxation at fixed temperature, because their bias does not shrink with samples. Accept: a relaxation whose temperature falls with the budget is
#   fine.
# === END MARK SCHEME ===
