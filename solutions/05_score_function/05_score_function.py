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

# %% [markdown] locked="05_header"
# # Problem set 05: The score function
#
# You learn through samplers that have no slope, and pay for it in noise; then you bring the price down. By the end you
# will have
#
# - built the surrogate whose gradient is the score function's and whose value is still the bound,
# - derived the constant that takes most noise away, for three families, and met one for which it takes *all* of it,
# - used samples as each other's baseline, and seen what goes wrong when a sample helps to judge itself,
# - repaired the gradient where everybody's proof of it fails,
# - predicted, exactly, how much a Rao-Blackwellized gradient saves on a graph, and built a case where it costs,
# - fitted a model that gives nothing but values, together with a parameter of its own,
# - told three estimators apart by nothing but their draws.
#
# **Time**: about four and a half hours; each exercise says its own. **Read first**: [the lecture](../../lectures/05_score_function.ipynb). Exercise 6 uses
# 5; 7 is quicker with 1 and 3 done, 8 needs what 3 taught; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs, mostly with samples that are *given*, so that chance has no say, and compares numbers. If something is off,
# the report says what came, what was expected, and which mistake it looks like. Checks never look at how you wrote it.
# Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** $q_\phi(z)$ is sampled *without a graph*; its score is $s = \nabla_\phi \log q_\phi(z)$, and
# $\mathbb E\,s = 0$ wherever the support stands still. $f$ is what is averaged:
# $\log w = \log p_\theta(x, z) - \log q_\phi(z)$ for the ELBO. Axes are samples, batch, event: z is $(K, B, D)$, log
# densities are $(K, B)$, an estimate of the ELBO is $(B)$. There may be no batch axis at all. $\sigma$ is the logistic
# function; a bit with *logit* $l$ is one with probability $\sigma(l)$.

# %% locked="05_setup"
import itertools
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_05 import targets
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.models import SigmoidBeliefNet
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def with_standard_error(values: Tensor) -> tuple[float, float]:
    """The mean along the first axis of a vector, and its standard error."""
    return values.mean().item(), values.std().item() / len(values) ** 0.5


# %% [markdown]
# ## 1. The score function, as a surrogate
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# Your samples $z_k \sim q_\phi$ are plain numbers: nothing passes back through them. Write one result whose
#
# $$\text{value is}\quad \frac1K \sum_k \log w_k, \qquad
#   \phi\text{-gradient is}\quad \frac1K \sum_k \log w_k\; \nabla_\phi \log q_\phi(z_k), \qquad
#   \theta\text{-gradient is}\quad \frac1K \sum_k \nabla_\theta \log p_\theta(x, z_k).$$
#
# `p.log_joint(x, z)` and `q(x, z)` give $\log p$ and $\log q$, $(K, B)$ each, connected to their parameters. Return
# $(B)$. There is no baseline yet. Value and gradient come from different expressions: that is what *surrogate* means.

# %% exercise="05_score_surrogate"
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    """The ELBO estimate, (*B): its value is the bound, its gradient the score function's for q and the ordinary one for p.

    p: a model with log_joint(x, z) -> (K, *B). q: called as q(x, z), it gives log q, (K, *B). x: (*B, D).
    z: (K, *B, D), samples of q without a graph, bits or real numbers.
    """
    ### BEGIN SOLUTION
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = (log_p - log_q).detach()
    surrogate = (log_w * log_q + log_p).mean(0)
    return log_w.mean(0) + surrogate - surrogate.detach()
    ### END SOLUTION


# %% check="05_score_surrogate"
check("05_score_surrogate", score_surrogate)

# %% [markdown]
# **Against the exact gradient.** Two bits have four states, so the exact bound is a sum of four terms. The next cell
# differentiates that sum, and averages 20,000 of your one-sample gradients beside it.

# %%
with when_written():
    p, q = SigmoidBeliefNet((3, 2), generator=seeded(7)).double(), BernoulliMeanField(2, torch.tensor([0.4, -0.9])).double()
    x = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    states = q.states()
    log_q = q(x, states)
    exact = torch.autograd.grad((log_q.exp() * (p.log_joint(x, states) - log_q)).sum(), q.logits)[0]
    rows = BernoulliMeanField(2, q.logits.detach().expand(20_000, 2))          # a copy of q for each draw
    draws = rows.sample(1, generator=seeded(0))
    grads = torch.autograd.grad(score_surrogate(p, rows, x.expand(20_000, 3), draws).sum(), rows.logits)[0]
    for bit in range(2):
        mean, error = with_standard_error(grads[:, bit])
        print(f"logit {bit}: mean {mean:+.4f} ± {error:.4f}   exact {exact[bit]:+.4f}   t = {(mean - exact[bit]) / error:+.1f}")

# %% [markdown]
# <details><summary>Symptom: the gradient is right, and the value is some large number without a meaning</summary>
#
# You return the surrogate. Its value is of no interest: take it off again, detached, and put the bound in its place.
#
# </details>
# <details><summary>Symptom: the gradient of phi is off, and the value is right</summary>
#
# By the product rule, $\nabla(\log w \cdot \log q)$ has two terms. Only one of them was asked for. Which of the two
# factors must be a plain number?
#
# </details>
# <details><summary>Symptom: theta gets no gradient at all</summary>
#
# You detached $\log w$, and with it $\log p$. As the factor of the score that is right. But the bound itself also
# depends on $\theta$: a second term is needed, $\log p$ with its graph.
#
# </details>

# %% [markdown] solution_only="05_score_surrogate"
# **The pattern** `value + s - s.detach()` is zero in value and has the gradient of `s`. In `s` stand $\log w$ (a
# number) times $\log q$, which gives $\log w \cdot \nabla\log q$; and $\log p$, whose gradient in $\theta$ is the
# ordinary one. z does not depend on $\theta$, so there is no score for it.
#
# **Another way**: the factor $\exp(\log q - \text{stop}(\log q))$ is one, and its gradient is the score. Multiply with
# it whatever was drawn from q, and the product differentiates itself (J. Foerster and others, *DiCE*, ICML 2018).
#
# **Notice** what was left out: $-\nabla_\phi \log q$, the derivative of the integrand itself, has mean zero. Left in,
# it does what a baseline of one would do.

# %% [markdown]
# ## 2. The best constant
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# For any constant b, $(f(z) - b)\,s$ has the same mean. Its variance is a parabola in b. Find the lowest point, and
# what variance is left there, for $f(z) = a z + c$ and **one** sample from
#
# | | density | gradient in |
# |---|---|---|
# | a Poisson count | $e^{-\lambda}\lambda^z / z!$ | $r = \log\lambda$ |
# | an exponential waiting time | $\lambda e^{-\lambda z}$ | $r = \log\lambda$ |
# | one bit | $p^z (1-p)^{1-z}$ | the logit $l$, $p = \sigma(l)$ |
#
# Return a table $(3, 2)$: a row for each family, in this order, with columns (best b, variance at that b). No sampling:
# on paper, or by sums and quadrature that are as good as exact (five digits are looked at).
#
# **Predict, before you begin**: on which side of the mean of f does the best b lie? And what is left of the three
# variances: you know the last row's from the lecture; does either of the others vanish anywhere?

# %% exercise="05_best_baseline"
def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    """For f(z) = a z + c, the best constant baseline and the variance that it leaves, (3, 2).

    Rows: Poisson and exponential with rate exp(log_rate), gradient in log_rate; one bit, gradient in its logit.
    """
    ### BEGIN SOLUTION
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    poisson = [c + a * (rate + 1), 2 * (a * rate) ** 2]
    exponential = [c + 3 * a / rate, 4 * (a / rate) ** 2]
    bit = [c + a * (1 - p), 0.0]
    return torch.tensor([poisson, exponential, bit], dtype=torch.float64)
    ### END SOLUTION


# %% check="05_best_baseline"
check("05_best_baseline", best_baseline)

# %% [markdown]
# **Measure it.** The next cell draws 400,000 gradients with your baseline, and as many with the mean of f.

# %%
with when_written():
    a, c, r, logit = 1.3, 5.0, 0.6, 0.8
    rate, p = math.exp(r), torch.tensor(logit, dtype=torch.float64).sigmoid()
    table, count = torch.as_tensor(best_baseline(a, c, r, logit)), 400_000
    poisson = torch.poisson(torch.full((count,), rate, dtype=torch.float64), generator=seeded(1))
    waiting = -torch.rand(count, generator=seeded(2), dtype=torch.float64).log() / rate
    bits = (torch.rand(count, generator=seeded(3), dtype=torch.float64) < p).double()
    families = (("Poisson", poisson, poisson - rate, rate), ("exponential", waiting, 1 - rate * waiting, 1 / rate), ("one bit", bits, bits - p, p))
    for (name, z, s, mean), (best, left) in zip(families, table.tolist(), strict=True):
        g, h = (a * z + c - best) * s, (a * z + c - a * mean - c) * s
        squares = (g - g.mean()) ** 2
        print(f"{name:12s} predicted {left:7.4f}   measured {squares.mean():7.4f} ± {squares.std() / count**0.5:.4f}   with the mean of f {h.var():7.4f}")

# %% [markdown]
# <details><summary>Symptom: my baseline is close to the right one, but c is what I find</summary>
#
# Write down $\operatorname{Var}[(f-b)s] = \mathbb E[(f-b)^2 s^2] - (\mathbb E[f s])^2$ and differentiate in b. The
# second term does not depend on b. What remains is a *weighted* mean of f: with which weights?
#
# </details>
# <details><summary>Symptom: the exponential is wrong, and the others are right</summary>
#
# $\log q = r - e^r z$, so $s = 1 - \lambda z$. With $u = \lambda z$, a standard exponential, $\mathbb E\,u^n = n!$.
#
# </details>
# <details><summary>Symptom: I get zero in the last row, and do not believe it</summary>
#
# Write down the two values that $(f(z) - b)\,s$ can take, $(f(1) - b)(1 - p)$ and $-(f(0) - b)\,p$. Is there a b that
# makes them equal?
#
# </details>

# %% [markdown] solution_only="05_best_baseline"
# **Weights.** $b^\star = \mathbb E[f s^2]/\mathbb E[s^2]$: f weighted by the squared score. It is the mean of f only if
# the two are not related. In all three rows $z = \mathbb E z + h\,s$ with a number $h$, so
# $b^\star = \mathbb E f + a h\,\mathbb E s^3/\mathbb E s^2$: to the side to which the score is skewed. Poisson: $h = 1$,
# third moment $\lambda$, second $\lambda$, so one more than the mean. Exponential: $s = 1 - u$,
# $\mathbb E[u\,s^2] = 1 - 4 + 6 = 3$ against a mean of 1.
#
# **What is left.** Poisson: $f - b^\star = a(s - 1)$, and
# $a^2\big(\mathbb E s^4 - 2\mathbb E s^3 + \mathbb E s^2 - \lambda^2\big) = 2a^2\lambda^2$. Exponential:
# $(a/\lambda)^2\big(\mathbb E[(u-3)^2(u-1)^2] - 1\big) = 4a^2/\lambda^2$.
#
# **One bit: nothing is left.** Two values, one free constant: $b^\star = (1-p) f(1) + p f(0)$ makes both values of the
# estimate equal, and a random variable that has one value is its mean. The estimator *is* the exact gradient,
# $p(1-p)\,a$. Mind the weights: they are the wrong way round. The value of the state that is *rarely* drawn counts
# most.
#
# **D bits.** For bit i, replace f by its conditional mean given $z_i$:
# $b_i^\star = (1-p_i)\,\mathbb E[f \mid z_i = 1] + p_i\,\mathbb E[f \mid z_i = 0]$. It takes away all of the noise that
# bit i makes by itself. What the other bits do to f stays; exercise 5 goes after that.

# %% [markdown]
# ## 3. The other samples
#
# *Difficulty* 3/5 · *Importance* 5/5 · 20 minutes
#
# The best constant is rarely known. But you have K samples. Let each one's reward be measured against **the mean reward of the others**:
# a baseline of its own for every k, and one that does not depend on $z_k$.
#
# You get rewards `f`, $(K, B)$, and scores, $(K, B, P)$, for P parameters. Return the estimate, $(B, P)$: the mean over
# the samples of reward less baseline, times score. With a single sample there are no others: raise a `ValueError` that
# says so.
#
# **Predict**: suppose that you take the mean of *all* K rewards instead. The estimate is then biased; by which factor,
# at K = 2 and at K = 10?

# %% exercise="05_leave_one_out"
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    """The score function's estimate, (*B, P), with the mean of the other rewards as each sample's baseline.

    f: rewards, (K, *B). score: (K, *B, P). Raises ValueError if K is 1.
    """
    ### BEGIN SOLUTION
    count = f.shape[0]
    if count < 2:
        raise ValueError(f"f has {count} sample; expected two or more: the baseline of each is the mean of the others")
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
    ### END SOLUTION


# %% check="05_leave_one_out"
check("05_leave_one_out", leave_one_out)

# %% [markdown]
# **Your prediction, measured.** One bit, f(0) = 3 and f(1) = 5. The cell compares three estimates from the same
# samples.

# %%
with when_written():
    p = torch.tensor(0.3, dtype=torch.float64)
    exact = (p * (1 - p) * (5.0 - 3.0)).item()
    for K in (2, 4, 10):
        z = (torch.rand(K, 100_000, generator=seeded(K), dtype=torch.float64) < p).double()
        f, score = 3.0 + 2.0 * z, (z - p).unsqueeze(-1)
        for name, each in (("no baseline", (f.unsqueeze(-1) * score).mean(0)[:, 0]),
                           ("mean of all", ((f - f.mean(0)).unsqueeze(-1) * score).mean(0)[:, 0]),
                           ("yours", leave_one_out(f, score)[:, 0])):
            mean, error = with_standard_error(each)
            print(f"K = {K:2d}   {name:12s} mean {mean:.4f} ± {error:.4f} (exact {exact:.4f}, ratio {mean / exact:.3f})   variance {each.var():.4f}")

# %% [markdown]
# <details><summary>Symptom: the report says that each sample's own f is part of its baseline</summary>
#
# `f.mean(0)` contains $f_k$. Take it out: the sum of all, less its own, over how many?
#
# </details>
# <details><summary>Symptom: a loop over the samples works, and is slow</summary>
#
# Write the mean of the others in terms of the mean of all. What does $f_k$ minus it become? You will find one factor in
# front, the same for all k.
#
# </details>
# <details><summary>Symptom: with one sample I return NaN, or zero</summary>
#
# Zero over zero. Neither is an estimate of anything: refuse it, `raise ValueError("...")`.
#
# </details>

# %% [markdown] solution_only="05_leave_one_out"
# **One line.** $f_k - \frac{1}{K-1}\sum_{j\ne k} f_j = \frac{K}{K-1}\,(f_k - \bar f)$. So the estimate with the mean of *all*
# rewards is exactly $1 - 1/K$ times this one, draw by draw, and its mean is $1 - 1/K$ times the gradient: half of it at
# K = 2, nine tenths at K = 10. The repair is one factor.
#
# **Why K ≥ 2.** At K = 1 the mean of all is $f_1$ itself, the estimate is zero whatever you drew, and no factor repairs
# a zero.
#
# **Is a bias of direction $g$ itself harmful?** For plain gradient steps it is a smaller step size. It is harmful where
# gradients of different K, or of different parts of an objective (entropy by formula, say), are added up.

# %% [markdown]
# ## 4. A support that moves
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# You will read that the score function "works for everything". Take
#
# $$q_\phi(z) = \frac{k\, z^{k-1}}{\phi^k}, \qquad 0 < z < \phi,$$
#
# with a known `power` $k > 0$; k = 1 is the uniform density on $(0, \phi)$. The border of the support is the parameter.
# You know f by its *values* only, and it may jump. From samples `z`, $(K, B)$, return three rows, $(3, B)$:
#
# 1. the score function's estimate of $\frac{d}{d\phi} \mathbb E f$ with a constant baseline b, averaged over the
#    samples, as if all were well;
# 2. the **bias** of that estimate: its mean minus the truth. Exactly, from values of f that you may ask for yourself;
# 3. a repaired estimate that is unbiased for every f, and does not depend on b.
#
# **Predict**: which constant baseline makes row 1 unbiased?

# %% exercise="05_moving_support"
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    """Three rows, (3, *B): the score function's estimate with baseline b, its bias, the repaired estimate.

    f: a function of tensors, entry by entry, known by its values: no gradient passes through it. phi, b: (*B).
    z: (K, *B), samples from q on (0, phi).
    """
    ### BEGIN SOLUTION
    mean, border = f(z).mean(0), f(phi)
    score = -power / phi
    return torch.stack([score * (mean - b), score * (border - b), score * (mean - border)])
    ### END SOLUTION


# %% check="05_moving_support"
check("05_moving_support", moving_support)

# %% [markdown]
# **The figure is a number here.** For f(z) = z the truth is $k/(k+1)$, whatever $\phi$ is.

# %%
with when_written():
    power = 2.0
    phi = torch.full((1,), 1.5, dtype=torch.float64)
    z = phi * torch.rand(200_000, 1, generator=seeded(4), dtype=torch.float64) ** (1 / power)
    for b in (0.0, 1.0, 1.5, 4.0):
        estimate, bias, repaired = (row.item() for row in moving_support(lambda t: t, phi, z, power, torch.full((1,), b, dtype=torch.float64)))
        print(f"b = {b:.1f}   score {estimate:+.4f}   less its bias {estimate - bias:+.4f}   repaired {repaired:+.4f}   truth {power / (power + 1):.4f}")

# %% [markdown]
# <details><summary>Symptom: I do not find the bias</summary>
#
# Differentiate $\int_0^\phi f(z)\,q_\phi(z)\,dz$ by Leibniz' rule. There are two terms, one for the integrand and one
# for the upper limit. The score function knows of the first.
#
# </details>
# <details><summary>Symptom: the bias is right for b = 0 only</summary>
#
# "A constant baseline does not move the mean" needs $\mathbb E\,s = 0$. What is $\mathbb E\,s$ here? The score does not
# even depend on z.
#
# </details>
# <details><summary>Symptom: row 3 is right where k = 1</summary>
#
# The term of the border is $f(\phi)$ times the density *there*. That is $k/\phi$.
#
# </details>

# %% [markdown] solution_only="05_moving_support"
# **Leibniz.** $\frac{d}{d\phi}\int_0^\phi f q = \int_0^\phi f\,\partial_\phi q + f(\phi)\,q_\phi(\phi)$. The first term
# is $\mathbb E[f s]$ with $s = -k/\phi$, a constant; the second is $f(\phi)\,k/\phi$. So the truth is
# $\frac k\phi\big(f(\phi) - \mathbb E f\big)$, the score function with baseline b has mean
# $-\frac k\phi(\mathbb E f - b)$, and its bias is $\frac k\phi\big(b - f(\phi)\big)$.
#
# **The border is a baseline.** $b = f(\phi)$ makes the bias zero: subtracting the value at the border *is* the repair.
# Every other constant moves the mean, because $\mathbb E\,s = -k/\phi$.
#
# **Where this happens.** Uniform and triangular densities, truncated ones whose cut is learned, any sampler with a
# threshold that depends on $\phi$. Where q vanishes at its border, the term vanishes too. And the reparametrized
# $z = \phi\,u^{1/k}$ has no such trouble, as long as f does not jump.

# %% [markdown]
# ## 5. S4: Rao-Blackwell on a graph
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# Now f has structure. D independent bits, $q(z) = \prod_i q_i(z_i)$ with logits $l_i$, and
#
# $$\log p(x, z) = \sum_a f_a(z_{S_a}),$$
#
# a sum of *factors*, each of which reads a few bits. `factors` is a list of pairs `(scope, table)`: a tuple of bits,
# and a tensor with one axis of length two for each of them, `table[z_first, z_second, ...]`. (In a Bayes net the scope
# of a factor is a node and then its parents.) For the gradient in $l_i$ there are two one-sample estimates: the score
# of bit i times
#
# - **all** of the reward, $\log p - \log q$;
# - only **what belongs to bit i**: every term of that difference that depends on $z_i$, and none that does not.
#
# Return two things.
#
# - `gradients`, $(2, K, D)$: both estimates, in this order, at given bits `z`, $(K, D)$, of zeros and ones.
# - `table`, $(4, D)$: exact numbers for each bit, by enumeration of all $2^D$ states. Rows: the variance of the first
#   estimate; that of the second; then their difference, $\operatorname{Var}_1 - \operatorname{Var}_2$, *in two parts*:
#   the variance that **what was dropped** (times the score) has by itself, which is never negative; and **the rest**,
#   which may be.
#
# **Predict**, before you measure: find the two parts on paper. Which independence makes the first a product? Why is
# there no squared mean in it?

# %% exercise="05_rao_blackwell"
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    """(gradients, table): (2, K, D) one-sample gradients in the logits, (4, D) exact variances and their difference in two parts.

    logits: (D). factors: a list of (scope, table), a tuple of bits and a tensor with an axis of length two for each. z: (K, D).
    """
    ### BEGIN SOLUTION
    def parts(bits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        log_each = bits * logits - torch.nn.functional.softplus(logits)
        own, every = -log_each, -log_each.sum(-1, keepdim=True)
        for scope, entries in factors:
            value = entries[tuple(bits[:, i].long() for i in scope)].unsqueeze(-1)
            reads = torch.tensor([float(i in scope) for i in range(len(logits))], dtype=bits.dtype)
            own, every = own + value * reads, every + value
        return bits - logits.sigmoid(), every.expand_as(own), own

    score, every, own = parts(z)
    gradients = torch.stack([score * every, score * own])

    states = torch.tensor([[s >> i & 1 for i in range(len(logits))] for s in range(2 ** len(logits))], dtype=z.dtype)
    weight = (states * logits - torch.nn.functional.softplus(logits)).sum(-1).exp()
    score, every, own = parts(states)
    dropped = every - own

    def mean(g: Tensor) -> Tensor:
        return weight @ g

    both = [mean((score * r) ** 2) - mean(score * r) ** 2 for r in (every, own)]
    alone = mean(score**2) * mean(dropped**2)
    rest = 2 * mean(score**2 * own * dropped)
    return gradients, torch.stack([*both, alone, rest])
    ### END SOLUTION


# %% check="05_rao_blackwell"
check("05_rao_blackwell", rao_blackwell)

# %% [markdown]
# **Predicted and measured.** A chain of six bits, 100,000 samples. The ratio of the two variances, with an interval of 4.5
# standard errors from ten groups of samples, beside what your table says.

# %%
with when_written():
    logits, factors = targets.chain(6)
    z = (torch.rand(100_000, 6, generator=seeded(5), dtype=torch.float64) < logits.sigmoid()).double()
    (full, own), table = rao_blackwell(logits, factors, z)
    ratios = torch.stack([part.var(0) for part in full.split(10_000)]) / torch.stack([part.var(0) for part in own.split(10_000)])
    for i in range(6):
        mean, error = with_standard_error(ratios[:, i])
        apart = full[:, i] - own[:, i]
        print(f"bit {i}   means agree: t = {apart.mean() / (apart.std() / len(apart) ** 0.5):+.1f}   ratio measured {mean:6.2f} ± {4.5 * error:.2f}"
              f"   predicted {table[0, i] / table[1, i]:6.2f}   (dropped alone {table[2, i]:.3f}, rest {table[3, i]:+.3f})")

# %% [markdown]
# **The figure to aim for**: both variances of a middle bit as the chain grows, exactly. Your tables go on top as dots.

# %%
show(targets.growth(), alt="Two dotted curves over the number of bits, on a log axis. The variance with all of the reward rises with the length of the chain; that with the bit's own part hardly changes.")

# %%
with when_written():
    found = [(D, rao_blackwell(*targets.chain(D), torch.zeros(1, D, dtype=torch.float64))[1]) for D in range(3, 10)]
    show(targets.growth(found), alt="The same two curves, with your variances as dots on them.")

# %% [markdown]
# <details><summary>Symptom: my second estimate is biased</summary>
#
# Which factors read bit i? Its own conditional does; so does that of each of its children, together with the children's
# other parents. Look for i anywhere in the scope.
#
# </details>
# <details><summary>Symptom: my second estimate is right on average, and too noisy</summary>
#
# $-\log q = -\sum_j \log q_j$. Only one term of it depends on $z_i$.
#
# </details>
# <details><summary>Symptom: my two parts do not add up to the difference</summary>
#
# With A what is kept and R what is dropped, $(s(A + R))^2 = s^2A^2 + 2s^2AR + s^2R^2$. R may share bits with A. With
# what does it share none? And $\mathbb E[sR]$ is?
#
# </details>

# %% [markdown] solution_only="05_rao_blackwell"
# **Why the mean stays.** R reads none of $z_i$, so under a factorized q it is independent of $s_i$, and
# $\mathbb E[s_i R] = \mathbb E[s_i]\,\mathbb E[R] = 0$.
#
# **The difference.** $\operatorname{Var}_1 - \operatorname{Var}_2 = \mathbb E[s_i^2 R^2] + 2\,\mathbb E[s_i^2 A R]$;
# the squared means are the same and cancel. The first term is $\mathbb E[s_i^2]\,\mathbb E[R^2]$, by independence, and
# it is the whole variance of $s_i R$, whose mean is zero. Mind that it is $\mathbb E[R^2]$ and not
# $\operatorname{Var} R$: a constant in R is noise, too. In the second, A may share bits with R (a neighbour's), so it
# does not factorize in general.
#
# **What the figure says.** R grows with the chain, its square faster; A has three factors however long the chain is. So
# one variance grows without bound and the other does not.
#
# **When does the rest win?** It is negative when R is about *minus* what A is. That is what a baseline does. Exercise 6.

# %% [markdown]
# ## 6. A case in which it hurts
#
# *Difficulty* 5/5 · *Importance* 3/5 · 40 minutes
#
# "Rao-Blackwellization never raises the variance": that is true of conditional expectations. What exercise 5 does is to
# drop a term of mean zero, and that may hurt. Build the case. Given the `logits` of q, $(D)$ with $D \ge 2$, return
#
# - `factors`, as in exercise 5: a list of pairs (scope, table). They are **log probabilities**: no entry is above zero.
#   Each reads at least one bit, and none is constant: its largest and smallest entries are 0.1 apart or more;
# - `predicted`, two numbers: the variances of the gradient in the logit of **bit 0**, with all of the reward and with
#   what belongs to the bit, to a thousandth.
#
# The first variance must be **less than half** of the second. And the gradient must count: its exact value is at least 0.1
# of the *larger* of the two standard deviations. For every q in which the logit of bit 0 lies between 0.2 and
# 2.2, and those of the others between 0.3 and 1.5, up to their signs: the check brings bits on both sides.

# %% exercise="05_hurting_case"
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    """(factors, predicted): a model in which keeping only bit 0's own part makes its gradient noisier, and the two variances, (2,).

    logits: (D), of q. factors: a list of (scope, table); tables hold log probabilities that move by 0.1 or more.
    """
    ### BEGIN SOLUTION
    log_q = torch.stack([torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)], -1)
    p = logits[0].sigmoid()
    own = torch.tensor([0.0, -0.3] if logits[0] > 0 else [-0.3, 0.0], dtype=logits.dtype)     # against q: there is a gradient
    kept = own - log_q[0]
    best = (1 - p) * kept[1] + p * kept[0]                          # the best baseline of one bit (exercise 2)
    share = best / (len(logits) - 1)
    factors = [((0,), own)] + [((i,), log_q[i] - share) for i in range(1, len(logits))]       # what is dropped is -best
    mean = p * (1 - p) * (kept[1] - kept[0])
    square = p * (1 - p) * ((1 - p) * kept[1] ** 2 + p * kept[0] ** 2)
    return factors, torch.stack([torch.zeros_like(mean), square - mean**2])
    ### END SOLUTION


# %% check="05_hurting_case"
check("05_hurting_case", hurting_case)

# %% [markdown]
# **Measure your case.** With 200,000 samples, and your own function of exercise 5.

# %%
with when_written():
    logits = torch.tensor([0.7, -1.0, 0.4], dtype=torch.float64)
    factors, predicted = hurting_case(logits)
    z = (torch.rand(200_000, 3, generator=seeded(6), dtype=torch.float64) < logits.sigmoid()).double()
    gradients, table = rao_blackwell(logits, factors, z)
    for row, name in enumerate(("all of the reward", "the bit's own")):
        mean, error = with_standard_error(gradients[row, :, 0])
        print(f"{name:18s} mean {mean:+.5f} ± {error:.5f}   variance {gradients[row, :, 0].var():.5f}   predicted {float(predicted[row]):.5f}")

# %% [markdown]
# <details><summary>Symptom: whatever I try, it helps</summary>
#
# Random tables help: what is dropped fluctuates. Make it fluctuate as little as you can. What is in R besides factors?
# $-\sum_j \log q_j$ over the other bits. Which factors would cancel it?
#
# </details>
# <details><summary>Symptom: R is a constant now, and it still does not hurt enough</summary>
#
# Then $A + R$ is $A$ with a baseline of $-R$. Which constant is the best one, for one bit? You know it from exercise 2.
#
# </details>
# <details><summary>Symptom: the gradient is next to nothing, or a table is above zero</summary>
#
# The sign is on your side: $A$ contains $-\log q_0 > 0$, so the best constant is positive, and R is to be minus that, a
# log probability. Let bit 0's own factor prefer the value that q finds *less* likely, and keep the largest entry at
# zero.
#
# </details>

# %% [markdown] solution_only="05_hurting_case"
# **The construction.** Let the other bits be perfectly fitted, up to a constant: $f_j = \log q_j - C/(D-1)$. Then
# $R = -C$ for every draw. What remains of the full estimate is $s_0\,(A - C)$, a score function with baseline C; with
# $C = (1-p)A(1) + pA(0)$ it has *no variance at all*. Drop R, and the noise is that of $s_0 A$ without a baseline.
#
# **It is not contrived.** C is the log probability of everything else: the other pixels, the other data. That a long
# log-likelihood is about a constant once the rest is fitted is common. In practice one takes the best of both: drop
# what does not belong to the bit, *and* use a baseline.
#
# **Rao and Blackwell are not refuted.** The conditional expectation of $s_i(A + R)$ given the blanket is
# $s_i(A + \mathbb E[R \mid \text{blanket}])$, which has a smaller variance indeed. The estimator that people call
# Rao-Blackwellized replaces $\mathbb E[R \mid \cdot]$ by zero.

# %% [markdown]
# ## 7. A black box, theta included
#
# *Difficulty* 3/5 · *Importance* 5/5 · 35 minutes
#
# All together. `p` is a logistic regression with weights $z \sim N(0, \tau^2 I)$ and $\theta = \log\tau$ to be learned.
# It is a black box: `p.log_joint(x, z)` gives $(K)$ for `z`, $(K, D)$, knows its own parameter, and lets no gradient
# through z. The latents are global: x is all of the data, $(N, D + 1)$, and there is one bound. `q` is a
# `MeanField(D)`; `q.sample(K, generator=g)` draws without a graph, `q(x, z)` is $\log q$, $(K)$.
#
# Climb. Train q **and** p in place, with a generator made from `seed`, and return the list of your estimates of the
# bound, step by step. Any baseline, any step sizes, any K: what counts is that the *exact* ELBO in the end is within 0.3
# nats of the best that any $\phi$ and $\theta$ reach together.

# %% exercise="05_bbvi"
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    """Train q and p in place by the score function; return the estimates of the bound, one for each step.

    p: a model of values, with p.parameters(). q: a MeanField, with q.sample(K, generator=...) and q(x, z). x: (N, D + 1).
    """
    ### BEGIN SOLUTION
    samples, steps = 24, 600
    generator = torch.Generator().manual_seed(seed)
    climber = torch.optim.Adam([*q.parameters(), *p.parameters()], lr=0.05)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(climber, steps)
    bounds = []
    for _ in range(steps):
        z = q.sample(samples, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        log_w = (log_p - log_q).detach()
        reward = (log_w - log_w.mean()) * samples / (samples - 1)              # less the mean of the others
        climber.zero_grad()
        (-(reward * log_q + log_p).mean()).backward()
        climber.step()
        falling.step()
        bounds.append(log_w.mean().item())
    return bounds
    ### END SOLUTION


# %% check="05_bbvi"
check("05_bbvi", bbvi)

# %% [markdown]
# **On patients.** One hundred rows of the Wisconsin breast cancer data: an intercept and three measurements. **The figure to aim for**
# first: the best bound that there is, by quadrature. Then your climb, from a prior that is five wide.

# %%
x_seen = targets.patients()
show(targets.climb(x_seen), alt="A dashed line: the best bound for one hundred patients. Nothing else yet.")

# %%
with when_written():
    p, q = targets.regression(x_seen), MeanField(4).double()
    before = p.log_prior_scale.exp().item()
    bounds = bbvi(p, q, x_seen, 0)
    show(targets.climb(x_seen, bounds, (before, p.log_prior_scale.exp().item())),
         alt="Your estimates of the bound over the steps: they rise steeply, then level off around the dashed line, ever less noisy. The title gives the prior scale before and after.")

# %% [markdown]
# <details><summary>Symptom: loc does not move</summary>
#
# You went through z. The box gives values. Use the score: reward times $\log q$, with the reward detached.
#
# </details>
# <details><summary>Symptom: it moves, and wanders about</summary>
#
# Thirty nats of log likelihood times a score is loud. Is there a baseline? Exercise 3 costs one line.
#
# </details>
# <details><summary>Symptom: it ends a few nats too low, always</summary>
#
# Is $\theta$ in the optimizer, and does $\log p$ reach the loss with its graph? If so: more samples, smaller steps at
# the end.
#
# </details>

# %% [markdown] solution_only="05_bbvi"
# **The M-step is stochastic, too.** theta follows $\nabla_\theta \log p(x, z)$ at the same samples. Its exact optimum
# given q is $\tau^2 = \frac1D\sum_d (m_d^2 + s_d^2)$; nobody computed it.
#
# **Steps.** Robbins and Monro ask for $\sum_t \rho_t = \infty$ and $\sum_t \rho_t^2 < \infty$. The cosine ends at zero,
# so the second holds trivially and the first does not hold; in 600 steps nobody notices. Adam's division by the root of
# the squared gradient makes the steps independent of the size of the rewards, which the score function needs more than
# others: its gradients begin large.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 5/5 · 30 minutes
#
# Three people estimate the gradient of the ELBO in the logits of q, by the score function. You get their draws and not
# their code. One of them lets every sample help to judge itself, as in the second half of exercise 3, and is **biased**.
# One does nothing wrong, and nothing clever: the estimates are needlessly **noisy**. One has left a term out of the
# reward, and climbs **another target**. Who is who? Nobody reads code here: what an estimator *gives* must tell.
#
# You know the model, so you have the exact gradient for the price of eight states. `log_p` is a table, (2, 2, 2): the
# log joint at each state of three bits, bit 0 on the first axis. q has independent bits with `logits`, (3). Each person
# ran the estimator R times with the mean of few samples and R times with that of more: `draws` is (3, 2, R, 3), person,
# number of samples, replicate, logit, and `samples` holds the two numbers, such as `[2, 8]`.
#
# Return the three names `"biased"`, `"noisy"`, `"another target"` in the order of the persons. The budget is enough: at
# the smaller number of samples any two of the three exact means lie at least six standard errors apart, in some logit.
# The check brings 40 cases and demands all names right in 38 of them.

# %% exercise="05_sealed_case"
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    """Which estimator is "biased", which is "noisy", and which has "another target", in the order of draws.

    draws: (3, 2, R, 3), by estimator and number of samples. samples: the two numbers. logits: (3), of q. log_p: (2, 2, 2).
    """
    ### BEGIN SOLUTION
    z = torch.cartesian_prod(*[torch.arange(2, dtype=logits.dtype)] * 3)                    # all states, in the order of the table
    score, log_q = z - logits.sigmoid(), (z * logits - torch.nn.functional.softplus(logits)).sum(-1)
    f = log_p.reshape(-1) - log_q
    exact = (log_q.exp() * f) @ score
    other = (log_q.exp() * log_p.reshape(-1)) @ score                                       # without the entropy
    mean, error = draws.mean(2), draws.std(2) / draws.shape[2] ** 0.5                       # (3, 2, 3)
    less = 1 - 1 / torch.tensor(samples, dtype=logits.dtype)
    expected = {"biased": less[:, None] * exact, "noisy": exact.expand(2, 3), "another target": other.expand(2, 3)}
    fits = {name: ((mean - there) / error).square().sum((1, 2)) for name, there in expected.items()}
    orders = itertools.permutations(expected)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="05_sealed_case"
check("05_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first, then open.

# %%
with when_written():
    case = sealed_case("05_sealed_case", seed=5)
    mean, error = case.given["draws"].mean(2), case.given["draws"].std(2) / case.given["draws"].shape[2] ** 0.5
    for i, letter in enumerate("ABC"):
        for j, count in enumerate(case.given["samples"]):
            print(f"{letter}, {count:2d} samples: " + "   ".join(f"{m:+.3f} ± {e:.3f}" for m, e in zip(mean[i, j], error[i, j], strict=True)))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: the loudest is not always the noisy one</summary>
#
# The one who forgot a term has another reward, and its score is multiplied by that. Spread tells nothing for sure here;
# means do. Which means do you expect?
#
# </details>
# <details><summary>Symptom: two of them are off, and I cannot say who is biased</summary>
#
# What happens to the error of each when there are more samples? One of the two does not care how many there are.
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# Use all you know: of each of the three the exact mean, at both numbers of samples. Then ask which of the six orders
# fits the draws best, with errors in units of their standard errors, over all logits.
#
# </details>

# %% [markdown] solution_only="05_sealed_case"
# **Three signatures.** The plain score function has the exact gradient as its mean, at every number of samples. With the
# samples' own mean as a baseline the mean is $1 - 1/K$ of it: half at two samples, seven eighths at eight. Without
# $-\log q$ in the reward the mean is the gradient of $\mathbb E_q \log p$, whatever K: more samples make it surer of
# the wrong thing. A bias that vanishes with K, a noise that does, and an error that does not: on your own runs too, it
# is the dependence on K that tells them apart.
#
# **Why not by spread?** Add a constant to $\log p$: the plain one becomes louder or quieter, and which of two rewards is
# nearer to zero is chance.

# %% [markdown]
# ## 9. In words: three claims
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# A colleague writes on the wiki of your group: "(1) The score function needs nothing but samples and $\log q$, so it
# works for every distribution. (2) Any baseline that is constant during the step leaves the gradient unbiased, so I
# subtract the mean reward of the samples of this step. (3) Rao-Blackwellization can only lower the variance." For each
# claim write two or three sentences: what is right about it, a condition under which it holds, and a case in which it
# fails. End with one sentence: what would you look at, on any run, to find out whether a gradient is biased or merely
# noisy?

# %% [markdown] written="05_written"
# (1) No path through z and no slope of f are needed, so bits, counts and black boxes are all within reach. But the
# derivative must be allowed inside the integral with its limits where they are: the support of q must not depend on
# phi, or q must vanish at the border that moves. For a uniform on (0, phi) the term f(phi) q(phi) is missing.
#
# (2) A baseline that does not depend on z_k leaves E[b s_k] = b E[s_k] = 0: a number fixed beforehand, earlier rewards,
# the other samples. The mean of this step's samples depends on z_k, which shrinks the gradient by 1 - 1/K; take the
# mean of the others, or multiply by K/(K - 1). With a moving support E s is not zero, and every constant but f(phi)
# moves the mean.
#
# (3) A conditional expectation has no larger variance. What is done on graphs is to drop terms that have mean zero
# against the score, and it usually helps, since they are noise that grows with the size of the model. When what is
# dropped is nearly constant and about minus the rewards that stay, it was acting as a baseline, and the variance rises.
#
# To find out: average many independent estimates at fixed parameters and compare with the exact gradient of a small
# case (by enumeration or quadrature) in standard errors; the standard error shrinks with the number of estimates, a
# bias does not.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: claim 1. Right: samples and log q suffice, f may be discrete or a black box. Condition and failure: the support
#   must not move with phi (or q is zero at its border); U(0, phi), or a boundary term named. "It is too noisy" alone:
#   nothing for the failure, 0.25 at most. Accept: log q must be differentiable in phi, with a case (a threshold inside
#   the sampler).
# - 0.5: claim 2. Right: a b that does not depend on z_k has E[b s] = 0. Failure: the mean of the same samples contains
#   f_k; the factor 1 - 1/K, or "it is correlated with the score", or the repair (the others; K/(K - 1)). Saying only
#   "it should be the mean of the others" without why: 0.25. A coefficient fitted on the same samples, with bias O(1/K),
#   is as good an example.
# - 0.5: claim 3. Right: conditional expectations never raise variance (or: what is dropped has mean zero and is mostly
#   noise). Failure: what is dropped acts as a baseline; a case or the sign of the cross term. Either of the two alone: 0.25.
# - 0.5: the diagnosis. Many replicates at *fixed* parameters, compared with an exact or trusted gradient, in units of
#   the standard error. "Look at the loss curve", "use more samples per step and see": 0.25 if it is said that noise
#   falls with the number of samples and bias does not, else nothing.
# === END MARK SCHEME ===
