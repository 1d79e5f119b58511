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

# %% [markdown] locked="02_header"
# # Problem set 02: Marginal likelihood, and how Bayesian are you
#
# Seven times you predict, on paper and to all digits, what an integral costs or what its value is good for. Then you
# measure it. By the end you will have
#
# - taken the log of a mean of weights without losing it, and said how far to trust it,
# - found the best width of a proposal that sits in the wrong place,
# - predicted the bias of a log evidence from two moments, and how long one has to look for it,
# - chosen a prior by the evidence, and met the boundary at which it gives up,
# - predicted the risk of Stein's estimator, and of its cousin that shrinks towards the grand mean,
# - found out what completing half a digit costs, although there are 4 billion completions,
# - taken the evidence of a Gaussian process apart,
# - told a bias from a heavy tail and from a wrong model, by what three people print.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the lecture](../../lectures/02_marginal_likelihood.ipynb).
# All exercises stand alone (the measurement after 3 uses your function of 1); 5 and 7 belong to the asides of the lecture.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** A weight is $w = p(x, z)/q(z)$ with $z \sim q$, so that $\mathbb E\,w = p(x)$. Its **relative variance** is
# $\operatorname{Var}(w)/p(x)^2$. The *toy* is $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$, with posterior $N(x/2, 1/2)$ and
# evidence $N(x; 0, 2)$; normals are written with their variance. $(*B)$ stands for any axes of data, or none.

# %% locked="02_setup"
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_02 import targets
from course_vi.data import digits
from course_vi.models import ConjugateToy, TwoBernoullis
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def with_standard_error(values: Tensor) -> tuple[float, float]:
    """The mean along the first axis of a vector, and its standard error."""
    return values.mean().item(), values.std().item() / len(values) ** 0.5


# %% [markdown]
# ## 1. The log evidence, and its error
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# To warm up. For $z_1, \dots, z_K \sim q$ you get $\log p(x, z_k)$ and $\log q(z_k)$, $(K, *B)$ each. Return two
# tensors, $(*B)$ each: the logarithm of the mean weight, and its **standard error** by the delta method: if an estimate
# has a small error $\epsilon$, what error has its logarithm? For the deviation of the weights divide by $K - 1$; K is 2
# or more.
#
# Log weights go from −10,000 to 10,000, and differ as much from datum to datum. Some weights may be exactly zero
# ($\log p = -\infty$), not all. $\log p$ and $\log q$ themselves may both be far out at one sample, and all weights may be nearly the same.

# %% exercise="02_log_evidence"
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    """(value, standard_error), (*B) each: the log of the mean weight, and its standard error to first order.

    log_joint, log_q: (K, *B), at K samples of q.
    """
    ### BEGIN SOLUTION
    log_w = log_joint - log_q
    largest = log_w.max(0).values
    w = (log_w - largest).exp()                                  # in units of the largest: nothing overflows
    mean = w.mean(0)
    return largest + mean.log(), w.std(0) / mean / len(w) ** 0.5
    ### END SOLUTION


# %% check="02_log_evidence"
check("02_log_evidence", log_evidence)

# %% [markdown]
# **Try it on the toy.** Prior draws, x = 3. Does your error say how far off the estimate is? The last column counts in
# units of it.

# %%
with when_written():
    toy, x = ConjugateToy(), torch.tensor([3.0], dtype=torch.float64)
    exact = toy.log_evidence(x).item()
    for K in (100, 10_000, 1_000_000):
        z = torch.randn(K, 1, generator=seeded(K), dtype=torch.float64)
        value, error = (float(each) for each in log_evidence(toy.log_joint(x, z), toy.prior().log_prob(z)))
        print(f"K = {K:9,d}   {value:.5f} ± {error:.5f}   exact {exact:.5f}   t = {(value - exact) / error:+.1f}")

# %% [markdown]
# <details><summary>Symptom: infinite or NaN, where the log weights are large</summary>
#
# Multiply all weights by the same number: the logarithm of their mean only shifts, and the relative error does not move
# at all. So choose your unit. One unit for all data will not do, if one datum has weights of $e^{-10000}$ and its
# neighbour of $e^{750}$.
#
# </details>
# <details><summary>Symptom: the value is right, and the error is huge, or zero</summary>
#
# $d \log \hat p = d\hat p / \hat p$. Divide the error of the mean by the mean, *in the same unit*.
#
# </details>
# <details><summary>Symptom: the error is off by a factor that depends on K</summary>
#
# There are two roots of about K in it: the deviation of one weight (K − 1 in the divisor), and the error of the mean of
# K of them (another root of K). `Tensor.std` does the first.
#
# </details>

# %% [markdown] solution_only="02_log_evidence"
# **One unit for each datum.** The largest weight of the datum becomes 1; what underflows beside it would not have
# changed the sum. Both numbers are then ordinary: the mean lies between $1/K$ and 1.
#
# **What the error does not say.** It is the deviation of the weights *that were drawn*. If q is narrow the large ones
# were not, and both numbers are too small. The bias of the logarithm is not in it either: exercise 3.

# %% [markdown]
# ## 2. The best scale for a wrong mean
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# On the toy you propose from $q = N(m, s^2)$. If m were the posterior mean, $s^2 = 1/2$ would make every weight equal.
# But your m is **wrong**: it is what an approximation gave you. Which s makes the variance of a weight smallest?
#
# For data x and means m, $(*B)$ each, return $(2, *B)$: the best **scale** s, and the relative variance
# $\operatorname{Var}(w)/p(x)^2$ that is left there. On paper, or by a search that is as good as exact: five digits are
# looked at. m may miss the posterior mean by nothing, by 0.03 or by 45, on either side; $|x| \le 20$.
#
# **Predict first**: for m far away, does the best s grow like the distance, or like its root? And what does *the other*
# well-known choice cost, the s that minimizes the Kullback–Leibler divergence from the posterior to q?

# %% exercise="02_best_scale"
def best_scale(x: Tensor, m: Tensor) -> Tensor:
    """(2, *B): the scale s of q = N(m, s^2) for which a weight has the smallest variance, and Var(w) / p(x)^2 there.

    x, m: (*B).
    """
    ### BEGIN SOLUTION
    miss = (m - x / 2).square()
    half = 3 + 4 * miss
    v = (half + (half.square() - 8).sqrt()) / 8                  # the larger root of 8 v^2 - (6 + 8 miss) v + 1
    room = 4 * v - 1
    log_square = (2 * v).log() - room.log() / 2 + 2 * miss / room
    return torch.stack([v.sqrt(), log_square.expm1()])
    ### END SOLUTION


# %% check="02_best_scale"
check("02_best_scale", best_scale)

# %% [markdown]
# **The figure to aim for**: the relative variance over s, by quadrature, for means that miss by 0, 1/2, 1 and 2. Your
# answers go on top as dots. Each should sit at the bottom of its curve.

# %%
show(targets.scales(), alt="Four curves of the relative variance over the scale s, on log axes. Each rises without bound as s falls to one half, has a minimum, and rises slowly to the right. The farther off the mean, the higher the curve and the farther right its minimum.")

# %%
with when_written():
    show(targets.scales(best_scale), alt="The same four curves, with your scales and variances as dots on them.")

# %% [markdown]
# <details><summary>Symptom: I do not know how to begin with the second moment</summary>
#
# $\mathbb E_q w^2 = \int p(x, z)^2/q(z)\,dz$, and $p(x, z) = p(x)\,N(z; x/2, 1/2)$. Under the integral is an
# exponential of a square in z. When does it have a finite integral? Complete the square; only $m - x/2$ remains.
#
# </details>
# <details><summary>Symptom: my best scale is the posterior's, or it grows exactly like the distance</summary>
#
# The first is right if m is. The second, $s^2 = 1/2 + (m - x/2)^2$, is best for another purpose: it minimizes
# $\mathrm{KL}(\text{posterior} \,\|\, q)$, a mean of $\log w$. Here $w^2$ is averaged.
#
# </details>
# <details><summary>Symptom: I get a quadratic in $s^2$, and my root makes the variance infinite</summary>
#
# Take logarithms before you differentiate: $\log s$, $-\tfrac12 \log(\cdot)$ and an exponent with the same
# $(\cdot)$ in its denominator. Both roots are positive, and only one lies where the integral exists, $s^2 > 1/4$.
#
# </details>

# %% [markdown] solution_only="02_best_scale"
# **The integral.** With $\delta = m - x/2$ and $v = s^2$,
#
# $$\frac{\mathbb E w^2}{p(x)^2} = \int \frac{N(z; x/2, 1/2)^2}{N(z; m, v)}\,dz
#   = \frac{2v}{\sqrt{4v - 1}}\,\exp\frac{2\delta^2}{4v - 1}, \qquad v > \tfrac14 .$$
#
# **Its minimum.** The derivative of the logarithm is $\frac1v - \frac{2}{4v-1} - \frac{8\delta^2}{(4v-1)^2}$. Times
# $v(4v-1)^2$: $8v^2 - (6 + 8\delta^2)v + 1 = 0$. The larger root is $1/2$ at $\delta = 0$ and about $\delta^2 + 3/4$
# far away: the best scale is the distance itself. $\mathbb E w^2/p^2$ then grows like $\sqrt e\,|\delta|$, no faster.
# Width is a cheap insurance.
#
# **The other choice** is $v = 1/2 + \delta^2$, and it costs next to nothing: its $\mathbb E w^2$ is at most 0.8 percent
# above the best, near $\delta = 1/2$. The choice to fear is the posterior's own width, $v = 1/2$: there
# $\mathbb E w^2/p^2 = e^{2\delta^2}$, which is 7 at $\delta = 1$ and 3,000 at 2.

# %% [markdown]
# ## 3. S1: the bias of the log, predicted
#
# *Difficulty* 4/5 · *Importance* 5/5 · 45 minutes
#
# $\hat p = \frac1K \sum_k w_k$ is unbiased. You report $\log \hat p$, which is not. You know two moments of a weight,
# $\mathbb E\,w$ and $\mathbb E\,w^2$, of whatever model. To leading order in $1/K$, return $(3, *B)$:
#
# 1. the **bias**, $\mathbb E \log \hat p - \log \mathbb E\,w$;
# 2. the **standard deviation** of $\log \hat p$;
# 3. the number R of independent replicates of $\log \hat p$ (of K weights each) for which the mean of the R logs lies
#    `t` standard errors away from the truth, by its bias alone. It need not be whole.
#
# The weights may come in any unit: $\mathbb E\,w$ is anything from $10^{-60}$ to $10^{60}$. Keep the graph from the two
# moments to your result: if they depend on a parameter $\theta$ of the model, then the gradient of $\log\hat p$ in
# $\theta$ has a bias too, and it is the gradient of your first row. The check differentiates it. So: torch, and no
# `detach`. K is 16 or more, and the relative variance lies between 0.2 and 1.
#
# **Predict**: you take four times as many weights, K = 64 for K = 16. How many replicates does it now take to see the
# bias: a sixteenth, a quarter, four times, sixteen times as many?

# %% exercise="02_predicted_bias"
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    """(3, *B): bias and standard deviation of the log of a mean of weights, and the replicates that show the bias at t.

    first, second: E w and E w^2, (*B). num_samples: K. Leading order in 1/K, differentiable in both moments.
    """
    ### BEGIN SOLUTION
    relative = second / first**2 - 1
    bias, variance = -relative / (2 * num_samples), relative / num_samples
    return torch.stack([bias, variance.sqrt(), t**2 * variance / bias**2])
    ### END SOLUTION


# %% check="02_predicted_bias"
check("02_predicted_bias", predicted_bias)

# %% [markdown]
# **Predicted, then measured**, on two models: the toy, and the two Bernoullis, whose posterior nobody has in closed
# form. The moments come from quadrature. R is what you ask for at t = 10, so each t below should be about −10, give or
# take one or two (it is a measurement) and what the next order in 1/K adds.

# %%
GRID = torch.linspace(-9, 9, 3001, dtype=torch.float64).unsqueeze(-1)


def moments(p, x: Tensor, q) -> tuple[Tensor, Tensor]:
    """E w and E w^2 for proposals q, by quadrature."""
    log_p, log_q = p.log_joint(x, GRID), q.log_prob(GRID[:, 0])
    step = GRID[1, 0] - GRID[0, 0]
    return log_p.exp().sum() * step, (2 * log_p - log_q).exp().sum() * step


with when_written():
    for name, p, x, loc, K in (("toy", ConjugateToy(), [1.0], 1.0, 16), ("toy", ConjugateToy(), [1.0], 1.0, 64),
                               ("two Bernoullis", TwoBernoullis().double().requires_grad_(False), [1.0, 0.0], 0.4, 16)):
        x, q = torch.tensor(x, dtype=torch.float64), torch.distributions.Normal(torch.tensor(loc, dtype=torch.float64), 1.0)
        first, second = moments(p, x, q)
        bias, deviation, R = (float(row) for row in predicted_bias(first, second, K, 10.0))
        R = min(max(round(R), 2), 400_000)
        z = loc + torch.randn(R * K, 1, generator=seeded(8), dtype=torch.float64)
        logs = log_evidence(p.log_joint(x, z).reshape(R, K).T, q.log_prob(z[:, 0]).reshape(R, K).T)[0] - first.log()
        mean, error = with_standard_error(logs)
        print(f"{name:14s} K = {K}   R = {R:7,d}   bias predicted {bias:+.5f}   measured {mean:+.5f} ± {error:.5f}"
              f"   t = {mean / error:+.1f}   deviation predicted {deviation:.4f}, measured {logs.std():.4f}")

# %% [markdown]
# <details><summary>Symptom: my bias moves when all weights are multiplied by 2</summary>
#
# $\log(c\,\hat p) = \log c + \log \hat p$: the bias cannot depend on the unit. Write
# $\hat p = \mathbb E w\,(1 + \epsilon)$ first. What are mean and variance of $\epsilon$?
#
# </details>
# <details><summary>Symptom: it is of the wrong sign, or twice too large</summary>
#
# $\log(1 + \epsilon) = \epsilon - \tfrac12\epsilon^2 + \dots$, and the mean of $\epsilon$ is zero. Which term is left
# for the bias, and which one makes the deviation?
#
# </details>
# <details><summary>Symptom: R is off</summary>
#
# The mean of R logs has the standard error (row 2) / √R. Set |row 1| equal to t of those, and solve for R. Both rows
# depend on K, and not in the same way.
#
# </details>

# %% [markdown] solution_only="02_predicted_bias"
# **Two terms.** $\hat p = \mathbb E w (1 + \epsilon)$ with $\mathbb E\epsilon = 0$ and
# $\operatorname{Var}\epsilon = \rho/K$,
# $\rho = \operatorname{Var}(w)/(\mathbb E w)^2 = \mathbb E w^2/(\mathbb E w)^2 - 1$. So the bias is $-\rho/2K$ and the
# deviation $\sqrt{\rho/K}$, both free of the unit.
#
# **Replicates.** $\frac{\rho}{2K} = t\sqrt{\frac{\rho}{KR}}$ gives $R = 4t^2K/\rho$. **Four times** as many for four
# times the K: the bias falls faster than the noise. So it is hard to see in one estimate. But in the sum over a
# thousand data the noise partly cancels, and the bias adds up.
#
# **The limits.** The next order needs third moments, and may make matters worse: at $s^2 = 0.4$, $\delta = 0.3$, K = 4
# the bias is −0.037, the first order says −0.049, the second −0.011. Where $\operatorname{Var} w$ is infinite there is
# no such prediction at all.

# %% [markdown]
# ## 4. ML-II, and its boundary
#
# *Difficulty* 4/5 · *Importance* 5/5 · 40 minutes
#
# J groups, each with an effect of its own and one measurement of it:
#
# $$\theta_j \sim N(\mu, \tau^2), \qquad y_j \mid \theta_j \sim N(\theta_j, \sigma^2), \qquad j = 1, \dots, J,$$
#
# with a known $\sigma$. ML-II (empirical Bayes) chooses $\mu$ and $\tau \ge 0$ by the evidence $p(y \mid \mu, \tau)$,
# in which the effects are integrated out. For `y`, $(*B, J)$, return four tensors:
#
# 1. the log evidence at the given `mu` and `log_tau`, $(*B)$;
# 2. its gradient there, in $\mu$ and $\log \tau$, $(*B, 2)$;
# 3. the **best** $\mu$ and $\tau^2$, $(*B, 2)$. The best $\tau^2$ may be zero, and then it is to be zero: not small;
# 4. the posterior means $\mathbb E[\theta_j \mid y]$ at the best $\mu$ and $\tau^2$, $(*B, J)$.
#
# $\sigma$ is a number between 0.01 and 40; J is 2 or more, and the y of a data set are not all equal. They may lie around any level, a
# million $\sigma$ from zero.
#
# **Predict first**: what does an optimizer do that climbs your gradient in $\log\tau$, when the best $\tau$ is zero?

# %% exercise="02_ml_two"
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(value, gradient, best, posterior_means): (*B), (*B, 2), (*B, 2), (*B, J).

    y: (*B, J). sigma: the scale of the noise. mu, log_tau: (*B), where value and gradient (in mu, log tau) are asked.
    best: mu and tau^2 of the largest evidence; posterior_means: of theta, there.
    """
    ### BEGIN SOLUTION
    groups, tau2 = y.shape[-1], (2 * log_tau).exp()
    variance = tau2 + sigma**2
    apart = y - mu.unsqueeze(-1)
    square = apart.square().sum(-1)
    value = -0.5 * (square / variance + groups * (2 * math.pi * variance).log())
    gradient = torch.stack([apart.sum(-1) / variance, tau2 * (square / variance - groups) / variance], -1)

    centre = y.mean(-1, keepdim=True)
    best = ((y - centre).square().mean(-1, keepdim=True) - sigma**2).clamp(min=0)
    means = centre + best / (best + sigma**2) * (y - centre)
    return value, gradient, torch.cat([centre, best], -1), means
    ### END SOLUTION


# %% check="02_ml_two"
check("02_ml_two", ml_two)

# %% [markdown]
# **Eighteen batters.** In 1970 each had been 45 times at bat by late April; how often each hit during the rest of the
# season is known, too (B. Efron and C. Morris, *Data analysis using Stein's estimator and its generalizations*, 1975). **The
# figure to aim for**: the evidence over $\tau$ at the best $\mu$, by quadrature over each effect; then your own
# numbers, and what shrinking is worth.

# %%
early, rest, noise = targets.batters()
show(targets.evidence_of_tau(early, noise), alt="A curve of the log evidence over tau: nearly level from zero to 0.025, with a hump at 0.016 that is hardly to be seen, and a steep fall to the right.")

# %%
with when_written():
    place = torch.zeros((), dtype=torch.float64)
    best, means = ml_two(early, noise, place + early.mean(), place - 4)[2:]
    at_best = ml_two(early, noise, best[0], best[1].sqrt().log())
    print(f"mu {best[0]:.4f}, tau {best[1].sqrt():.4f}: log evidence {at_best[0]:.4f}, gradient there {at_best[1].norm():.1e}")
    print(f"squared errors over the rest of the season: raw {(early - rest).square().sum():.4f}, shrunk {(means - rest).square().sum():.4f}")
    show(targets.evidence_of_tau(early, noise, (best[1].sqrt(), at_best[0])), alt="The same curve; your tau and your log evidence are a dot at the top of its hump.")

# %% [markdown]
# **At the boundary.** The next cell pulls the batters together by a tenth, and asks for the slope in $\log\tau$ farther
# and farther out.

# %%
with when_written():
    closer = early.mean() + 0.9 * (early - early.mean())
    print(f"best tau^2: {ml_two(closer, noise, early.mean(), place)[2][1]:.4f}")
    for log_tau in (-3.0, -5.0, -7.0, -9.0):
        value, slope = ml_two(closer, noise, early.mean(), place + log_tau)[:2]
        print(f"log tau = {log_tau:.0f}   log evidence {value:.6f}   slope {slope[1]:+.2e}")

# %% [markdown]
# <details><summary>Symptom: the value is off where tau is large</summary>
#
# $y_j = \mu + (\theta_j - \mu) + \text{noise}$: two independent parts. Which of their numbers add up, the scales or the
# variances? And with $\theta_j$ integrated out, are the $y_j$ independent for given $\mu$ and $\tau$?
#
# </details>
# <details><summary>Symptom: the gradient is off in its second column alone</summary>
#
# Differentiate in the variance of y first, then apply the chain rule: $d\tau^2/d\log\tau$ is not one.
#
# </details>
# <details><summary>Symptom: the best is negative for some data, or it is never quite zero</summary>
#
# As a function of the *variance of y* the evidence has one maximum. That variance cannot be smaller than $\sigma^2$;
# where the maximum lies below, the best admissible value is the border itself. No search in $\log\tau$ will ever get
# there.
#
# </details>

# %% [markdown] solution_only="02_ml_two"
# **One variance.** $y_j \sim N(\mu, v)$, independent, with $v = \tau^2 + \sigma^2$. The best $\mu$ is the mean,
# whatever v is; the best v is the mean squared distance from it (with J: this is maximum likelihood, and J − 1 would be
# restricted maximum likelihood). In v the evidence rises to that point and falls beyond, so with $v \ge \sigma^2$ the
# best is $\max(0, \overline{(y - \bar y)^2} - \sigma^2)$.
#
# **At the boundary** the slope in $\log\tau$ is $\tau^2 \times$ something finite: it vanishes with $\tau^2$. A climber
# in $\log\tau$ crawls to minus infinity, its gradient as small as you like. "The gradient is small" is no sign of
# arrival.
#
# **What ML-II claims there**: all effects equal, to all digits. But for the batters pulled together the evidence at
# $\tau = \sigma/4$ is only 0.09 nats lower. A posterior of $\tau$ would say so; a maximum cannot. MAP-II leaves the
# boundary only if the prior's density is zero at $\tau = 0$.

# %% [markdown]
# ## 5. Stein's risk, predicted
#
# *Difficulty* 5/5 · *Importance* 3/5 · 45 minutes
#
# $x \sim N(\theta, I)$ in D dimensions, and a constant $c > 0$. The **risk** of an estimator is
# $\mathbb E|\hat\theta(x) - \theta|^2$; that of x itself is D. Here are two others:
#
# $$\hat\theta_0 = \Big(1 - \frac{c}{|x|^2}\Big)\,x, \qquad\qquad
#   \hat\theta_1 = \bar x\,\mathbf 1 + \Big(1 - \frac{c}{|x - \bar x\,\mathbf 1|^2}\Big)\,(x - \bar x\,\mathbf 1),$$
#
# with $\bar x$ the mean of the D coordinates of x, and $\mathbf 1$ a vector of ones. For `theta`, $(*B, D)$, return the exact
# risks of both, $(2, *B)$. D is 4 or more, and $|\theta| \le 30$. On paper first; then a sum or an integral that is as
# good as exact (six digits are looked at).
#
# Two facts that you may use. Stein's lemma: $\mathbb E[(x_i - \theta_i)\,g(x)] = \mathbb E[\partial g/\partial x_i]$.
# And $|x|^2$ is a *noncentral chi-square*: a chi-square with $D + 2J$ degrees of freedom, where J is a Poisson count
# with mean $|\theta|^2/2$. The rest is yours.
#
# **Predict**: at D = 10, where does $\hat\theta_0$ lose against x: near $\theta = 0$, far away, or nowhere? Does your
# answer depend on c?

# %% exercise="02_stein_risk"
def stein_risk(theta: Tensor, c: float) -> Tensor:
    """(2, *B): the exact total squared-error risks of shrinking x ~ N(theta, I) towards zero, and towards its grand mean.

    theta: (*B, D), D >= 4. c: the constant of both estimators.
    """
    ### BEGIN SOLUTION
    dim = theta.shape[-1]
    count = torch.arange(1500, dtype=theta.dtype)

    def risk(centre: Tensor, free: int) -> Tensor:
        mean_count = centre.square().sum(-1, keepdim=True) / 2
        log_chance = torch.xlogy(count, mean_count) - mean_count - torch.lgamma(count + 1)
        inverse = (log_chance.exp() / (free - 2 + 2 * count)).sum(-1)          # E 1/|x|^2
        return dim + (c * c - 2 * c * (free - 2)) * inverse

    return torch.stack([risk(theta, dim), risk(theta - theta.mean(-1, keepdim=True), dim - 1)])
    ### END SOLUTION


# %% check="02_stein_risk"
check("02_stein_risk", stein_risk)

# %% [markdown]
# **Predicted, then measured**: ten dimensions, 400,000 draws for each row.

# %%
with when_written():
    direction = torch.linspace(0.2, 2.0, 10, dtype=torch.float64)
    direction = direction / direction.norm()
    for length, c in ((0.0, 8.0), (2.0, 8.0), (6.0, 8.0), (2.0, 17.0)):
        theta = length * direction
        x = theta + torch.randn(400_000, 10, generator=seeded(9), dtype=torch.float64)
        mean = x.mean(-1, keepdim=True)
        both = ((1 - c / x.square().sum(-1, keepdim=True)) * x, mean + (1 - c / (x - mean).square().sum(-1, keepdim=True)) * (x - mean))
        told = stein_risk(theta, c)
        for name, estimate, risk in zip(("towards zero", "towards the mean"), both, told, strict=True):
            seen, error = with_standard_error((estimate - theta).square().sum(-1))
            print(f"|theta| = {length:.0f}   c = {c:4.1f}   {name:16s}   predicted {float(risk):7.4f}   measured {seen:7.4f} ± {error:.4f}")

# %% [markdown]
# <details><summary>Symptom: I cannot get rid of theta in the cross term</summary>
#
# $|\hat\theta - \theta|^2$ with $\hat\theta = x - c\,x/|x|^2$ has three terms. In the mixed one stands
# $(x - \theta)^\top x/|x|^2$. Stein's lemma, coordinate by coordinate, turns it into a divergence:
# $\sum_i \partial/\partial x_i\,(x_i/|x|^2)$.
#
# </details>
# <details><summary>Symptom: it is right at theta = 0 and wrong elsewhere</summary>
#
# Only $\mathbb E\,1/|x|^2$ is left to find. For given J it is that of a central chi-square, $1/(\text{degrees} - 2)$.
# Then average over J: the inverse of the mean is not the mean of the inverse.
#
# </details>
# <details><summary>Symptom: the second row is off by about one, or by one dimension</summary>
#
# Turn the coordinates so that the first points along $\mathbf 1$. In it nothing is shrunk: what risk does that leave? The
# other $D - 1$ are a problem of the first kind. What is *their* $\theta$?
#
# </details>

# %% [markdown] solution_only="02_stein_risk"
# **Three terms.** $\mathbb E|x - \theta|^2 = D$; the square of the correction is $c^2\,\mathbb E\,1/|x|^2$; and
# $\nabla\cdot(x/|x|^2) = (D-2)/|x|^2$. Together $D + \big(c^2 - 2c(D-2)\big)\,\mathbb E\,1/|x|^2$, with
# $\mathbb E\,1/|x|^2 = \mathbb E\,1/(D - 2 + 2J)$.
#
# **What it says.** The bracket is negative for $0 < c < 2(D-2)$, *wherever* $\theta$ is: there x is beaten everywhere.
# Beyond, as at c = 17, the estimator loses everywhere. The best is $c = D - 2$ for all $\theta$ at once. For D = 2 the best c is
# zero; for D = 1 the mean of $1/x^2$ is infinite.
#
# **Around the grand mean** one direction is left as it is, with risk 1; the others are the same problem with $D - 1$ in
# place of D: risk $1 + (D - 1) + \big(c^2 - 2c(D - 3)\big)\,\mathbb E\,1/(D - 3 + 2J)$, J with half of
# $|\theta - \bar\theta\,\mathbf 1|^2$ for its mean.
#
# **With an integral**: $1/a = \int_0^1 t^{a-1}dt$ and the Poisson's generating function give
# $\int_0^1 t^{D-3}e^{-|\theta|^2(1 - t^2)/2}\,dt$.

# %% [markdown]
# ## 6. The missing half
#
# *Difficulty* 5/5 · *Importance* 4/5 · 50 minutes
#
# A mixture of Bernoullis: component c with probability $e^{\texttt{log\_weights}_c}$, then pixel i is 1 with
# probability $p_{ci}$. Of a picture x some pixels are **seen**; M are missing, and their entries in x mean nothing. The
# evidence of what is seen is a sum over all completions h of the missing ones,
# $p(x_\text{seen}) = \sum_h p(x_\text{seen}, h)$, and importance sampling proposes completions:
# $w = p(x_\text{seen}, h)/q(h)$. Two proposals:
#
# - **uniform**: every pixel by a fair coin;
# - **a product of the right marginals**: $q(h) = \prod_i q_i(h_i)$, where $q_i$ is exactly $p(x_i \mid x_\text{seen})$.
#
# What do they cost? By the *bits* of a proposal we mean $\log_2\big(\mathbb E\,w^2/p(x_\text{seen})^2\big)$: about so
# many doublings of the sample size are needed before the estimate is worth anything. Return three numbers, $(3)$:
# $\log p(x_\text{seen})$ in nats; the bits of uniform proposals; the bits of the product. **Exactly**, also for M = 32
# or 1500, where nobody can add up $2^M$ terms. There may be 2,000 pixels, nearly sure ones ($p = 10^{-4}$), no seen or
# no missing pixels, and one component or more.
#
# **Predict**: what are the bits of the exact posterior of h as a proposal? With marginals that are exactly right, is
# the product nearly as good?

# %% exercise="02_missing_half"
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    """(3): log p(x_seen) in nats, then log2 of E w^2 / p(x_seen)^2 for uniform proposals and for a product of the right marginals.

    log_weights: (C), of a mixture. probabilities: (C, D), between 1e-4 and 1 - 1e-4. x: (D), zeros and ones. seen: (D), true or false.
    """
    ### BEGIN SOLUTION
    log_each = torch.where(x > 0.5, probabilities.log(), (-probabilities).log1p())
    log_joint = log_weights + log_each[:, seen].sum(-1)
    log_share = log_joint.log_softmax(0)                                       # log p(c | x_seen)
    p = probabilities[:, ~seen]

    def bits(q: Tensor) -> Tensor:
        pixel = p[:, None] * p / q + (1 - p[:, None]) * (1 - p) / (1 - q)      # (C, C, M): a sum over both values of a pixel
        pairs = log_share[:, None] + log_share + pixel.log().sum(-1)
        return pairs.flatten().logsumexp(0) / math.log(2)

    return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_share.exp() @ p)])
    ### END SOLUTION


# %% check="02_missing_half"
check("02_missing_half", missing_half)

# %% [markdown]
# **On digits.** Ten components, one for each kind of digit; the upper half is seen. **The figure to aim for**: five
# digits, what is seen of them, and what the lower half looks like on average. Your bits then stand above
# them. The last cell measures $\mathbb E\,w^2/p^2$ for the product, with 100,000 draws each. **Which of the printed
# errors are honest**, and which are not?

# %%
log_weights, probabilities, upper = targets.digit_mixture()
pictures = digits(dtype=torch.float64).test[:5]
show(targets.halves(pictures), alt="Five digits in two rows. Upper row: the upper halves, the lower ones grey. Lower row: the same, completed with the probability of each missing pixel.")

# %%
with when_written():
    table = torch.stack([torch.as_tensor(missing_half(log_weights, probabilities, x, upper)) for x in pictures])
    show(targets.halves(pictures, table), alt="The same two rows of digits; above each stand your bits for uniform proposals and for the product of marginals.")
    for x, (log_p, uniform, product) in zip(pictures, table.tolist(), strict=True):
        measured, error = targets.measured_square(x, seed=0)
        print(f"log p(seen) {log_p:7.2f}   uniform 2^{uniform:4.1f}   product 2^{product:4.1f}   E w^2/p^2 of the product: predicted {2**product:9.2f}, measured {measured:9.2f} ± {error:.2f}")

# %% [markdown]
# <details><summary>Symptom: right for a few missing pixels, and hopeless for 32</summary>
#
# You enumerate completions. $p(h \mid x_\text{seen})$ is a sum over components; its square is a sum over *pairs* of
# components. Exchange that sum with the one over h.
#
# </details>
# <details><summary>Symptom: the bits of the product are always zero</summary>
#
# You took $p(h \mid x_\text{seen})$ for a product of its marginals. Within *one* component the pixels are independent.
# Across components they are not: each tells which component it is, and so something of all the others.
#
# </details>
# <details><summary>Symptom: infinite, or minus infinity, for large pictures</summary>
#
# Likelihoods of hundreds of pixels underflow, products of a thousand factors near two overflow. For a pair of
# components add the *logarithms* of the M factors; then one log-sum-exp over all pairs.
#
# </details>

# %% [markdown] solution_only="02_missing_half"
# **A double sum.** With $r_c = p(c \mid x_\text{seen})$ and any product q,
#
# $$\frac{\mathbb E w^2}{p(x_\text{seen})^2} = \sum_h \frac{p(h \mid x_\text{seen})^2}{q(h)} = \sum_{c, c'} r_c\,r_{c'} \prod_i \Big( \frac{p_{ci}\,p_{c'i}}{q_i} + \frac{(1 - p_{ci})(1 - p_{c'i})}{1 - q_i} \Big):$$
#
# $C^2 M$ terms in place of $2^M$. The uniform proposal has $q_i = 1/2$.
#
# **What it says.** Uniform proposals do not need all $2^{32}$ completions, only enough to meet the plausible ones. The
# product has every marginal right and still pays, because it draws pixels of different components side by side; if what
# is seen decided for one component, it would cost nothing. The exact posterior, first a component and then its pixels,
# costs **zero bits**: w is constant.
#
# **The measurements.** Large weights are rare under q: that is why $\mathbb E w^2$ is large. For the second digit none
# of 100,000 draws met one, and the result is $1.00 \pm 0.00$ where 1,196 is right. A printed error is made of the
# weights that were drawn; it cannot know of the others.
#
# **The lesson for what comes.** A factorized q is what most of this course will use. What it loses is not in any
# marginal.

# %% [markdown]
# ## 7. A Gaussian process: fit and complexity
#
# *Difficulty* 3/5 · *Importance* 3/5 · 35 minutes
#
# $y = f(u) + \text{noise}$ at inputs $u$, $(N)$, with a Gaussian process for f:
# $\operatorname{cov}(f(u), f(v)) = s^2 e^{-(u - v)^2/2\ell^2}$, and independent noise of scale $\sigma$. So y, $(N)$,
# is one draw from a normal with mean zero. Its log evidence is a term that depends on y (the **fit**), one that does
# not (the **complexity**), and $-\frac N2\log 2\pi$, which belongs to neither.
#
# Return `parts`, $(2)$: fit and complexity, so that both and the constant add up to $\log p(y)$. And `gradient`,
# $(2, 3)$: the slope of each part in $\log\ell$, $\log s$, $\log\sigma$. At the best parameters the two rows cancel.
# Six digits of the slopes are looked at; no jitter, the noise is enough. N is at most 100 and $\sigma$ at least a hundredth of s; inputs
# come in any order, and one may come twice.
#
# **Predict** the signs, for noisy data: as $\ell$ grows, what does each part do?

# %% exercise="02_gp_evidence"
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    """(parts, gradient): (2) fit and complexity, (2, 3) their slopes in log lengthscale, log scale and log noise.

    u, y: (N). The three logarithms are numbers.
    """
    ### BEGIN SOLUTION
    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=y.dtype, requires_grad=True)
    length, scale, noise = logs.exp()
    apart = (u[:, None] - u) / length
    covariance = scale**2 * (-0.5 * apart**2).exp() + noise**2 * torch.eye(len(u), dtype=y.dtype)
    root = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(root, y[:, None], upper=False)
    parts = torch.stack([-0.5 * white.square().sum(), -root.diagonal().log().sum()])
    gradient = torch.stack([torch.autograd.grad(part, logs, retain_graph=True)[0] for part in parts])
    return parts.detach(), gradient
    ### END SOLUTION


# %% check="02_gp_evidence"
check("02_gp_evidence", gp_evidence)

# %% [markdown]
# **The figure to aim for**: seven points, and the evidence over the lengthscale at s = 1 and $\sigma$ = 0.45: there are
# two hills. The next cell draws your two parts over it, and climbs from two starts with your gradient, all three
# parameters at once. Do both climbs come to rest?

# %%
show(targets.bandwidth(), alt="Left: seven points that wiggle. Right: the log evidence over the lengthscale, on a log axis, with two hills.")

# %%
with when_written():
    u, y = targets.seven_points()
    lengths = torch.logspace(-1, 1, 60).tolist()
    curves = torch.stack([torch.as_tensor(gp_evidence(u, y, math.log(length), 0.0, math.log(0.45))[0]) for length in lengths])
    show(targets.bandwidth((lengths, curves)), alt="Right: your fit falls and your complexity rises with the lengthscale; their sum and the constant make the evidence with its two hills.")
    for start in (0.3, 3.0):
        logs = torch.tensor([math.log(start), 0.0, math.log(0.45)], dtype=torch.float64)
        for step in range(1, 2001):
            logs += 0.1 * torch.as_tensor(gp_evidence(u, y, *logs.tolist())[1]).sum(0)
            if step in (500, 2000):
                parts = torch.as_tensor(gp_evidence(u, y, *logs.tolist())[0])
                print(f"from {start}, after {step:4d} steps: lengthscale {logs[0].exp():.3f}, scale {logs[1].exp():.3f}, noise {logs[2].exp():.3f}"
                      f"   fit {parts[0]:.3f}   complexity {parts[1]:.3f}   log evidence {parts.sum() - len(u) / 2 * math.log(2 * math.pi):.3f}")

# %% [markdown]
# <details><summary>Symptom: the two parts do not add up to the log evidence</summary>
#
# Write down $\log N(y; 0, A)$ with the matrix A of all covariances of y. A quadratic form, a log-determinant, a
# constant; each with its half and its sign. Is the noise in A?
#
# </details>
# <details><summary>Symptom: the slopes are off by a factor that is the same in a column</summary>
#
# In a column only one thing differs: which number is differentiated. $\ell$, $\log\ell$ and $\log\ell^2$ have slopes
# that differ by $\ell$ and by two.
#
# </details>
# <details><summary>Symptom: autograd refuses the second row</summary>
#
# The graph is freed after the first backward pass: `retain_graph=True`. By hand:
# $d\log|A| = \operatorname{tr}(A^{-1}\,dA)$ and $d(y^\top A^{-1}y) = -\alpha^\top dA\,\alpha$ with $\alpha = A^{-1}y$.
#
# </details>

# %% [markdown] solution_only="02_gp_evidence"
# **The parts.** $-\frac12 y^\top A^{-1} y$ and $-\frac12\log|A|$. With a Cholesky root $A = CC^\top$: minus half the
# squared length of $C^{-1}y$, and minus the sum of the logs of the diagonal of C.
#
# **Occam's factor.** A long lengthscale makes few functions likely: $|A|$ is small, and the complexity term is large.
# It is a *reward* for having ruled out much. The fit pays for it if y wiggles. Two explanations, "a smooth function and
# much noise" and "a wiggly function and little noise", are two hills; a climb ends on the one where it began.
#
# **Where a climb rests the fit is −3.5**, minus half the number of points. That is no accident: multiply s and $\sigma$
# by the same factor a. The fit is divided by $a^2$, the complexity loses $N\log a$, and the slope at a = 1 vanishes if
# $-2 \cdot \text{fit} = N$.
#
# **The wiggly hill has no top.** There the noise keeps falling, to 0.16 after 2,000 steps and 0.04 after 40,000. The
# best $\sigma$ is zero, and in $\log\sigma$ no climb arrives: the boundary of exercise 4 again.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people estimate one log evidence, $\log p(x)$, of
#
# $$z \sim N(0, 1), \qquad x \mid z \sim N(z, \text{noise}^2),$$
#
# by the logarithm of the mean of K weights, with a Gaussian q of their own. You get what they print, and not their
# code. One is **biased**, and no more than that: q is much wider than the posterior, and the rest is as it should be.
# One is **heavy-tailed**: q has a fifth of the posterior's variance, or less. One computes **another model**: q is
# wide, and the noise in the code is not the noise that you are told. Who is who?
#
# `values` is (3, 3), by person and K: each the average of many independent logs of mean weights. `errors` has the
# standard errors, all about 0.008: who needed more replicates took more. `samples` is (3), the values of K: 8, 64,
# 512. `x` and `noise`, a standard deviation, are numbers.
#
# Return the three names `"biased"`, `"heavy-tailed"`, `"another model"` in the order of the persons. The check brings
# 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: K grows from 8 to 64, and from 64 to 512. By what factor does each of the three move
# less the second time?

# %% exercise="02_sealed_case"
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    """Which person is "biased", which is "heavy-tailed", and which computes "another model", in the order of values.

    values, errors: (3, 3), by person and K. samples: (3), the K. noise: the standard deviation of x given z.
    """
    ### BEGIN SOLUTION
    steps = values.diff(dim=1)
    variance = 1 + noise**2
    exact = -0.5 * (math.log(2 * math.pi * variance) + x**2 / variance)
    heavy = (steps[:, 1] / steps[:, 0]).argmax().item()                 # at an eighth of the bias most of the way is gone
    far = (values[:, -1] - exact).abs()
    far[heavy] = -1.0
    other = far.argmax().item()
    return ["heavy-tailed" if i == heavy else "another model" if i == other else "biased" for i in range(3)]
    ### END SOLUTION


# %% check="02_sealed_case"
check("02_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("02_sealed_case", seed=2)
    print(f"x = {case.given['x']:+.3f}, noise = {case.given['noise']:.3f}")
    for letter, row in zip("ABC", case.given["values"], strict=True):
        print(f"{letter}: " + "   ".join(f"K = {k}: {v:.4f}" for k, v in zip(case.given["samples"], row, strict=True)))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: whoever is farthest from the truth is not always the other model</summary>
#
# Two things keep an estimate away from the truth: its bias, which a larger K takes away, fast or slowly, and its
# model, which no K repairs. A single K cannot tell them apart. Three can.
#
# </details>
# <details><summary>Symptom: I find the heavy-tailed one, and cannot tell the other two apart</summary>
#
# They move alike. But they do not arrive at the same place, and where one should arrive you can compute: this model's
# evidence has a closed form. The other model may end above it, too.
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# Steps are more telling as a ratio than by their size: a wide q may move much, and settle all the same. And use the
# largest K for the place at which one arrives.
#
# </details>

# %% [markdown] solution_only="02_sealed_case"
# **The prediction.** With a finite variance the bias falls as $1/K$ once K is large, so the second move is an eighth
# of the first; at K = 8 these wide q are not there yet, and it is less than that, a tenth to a twentieth. What the
# model is has nothing to do with it. With q under half the posterior's variance the weights have no variance, the bias
# falls more slowly than $1/K$, and the second move is about half of the first.
#
# **And then the place.** Two that settle: the one that settles at $\log N(x; 0, 1 + \text{noise}^2)$ computes this
# model. No error that either prints says so.
#
# **What does not work**: distance from the truth, or height, at any single K. Half of the cases are built so that the
# heavy-tailed one is farther off at K = 512 than the other model.

# %% [markdown]
# ## 9. In words: how Bayesian?
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# Twelve hospitals, few patients each, and the hierarchical model of exercise 4. A colleague reports: "(1) ML-II gives
# $\tau = 0$, so the data show that the hospitals are all alike. (2) To be safe I repeated it as MAP-II with a
# half-Cauchy prior on $\tau$, which keeps $\tau$ off zero; it still says 0, so it must be true. (3) I compared two
# models by importance sampling. The log evidences differ by 0.4 with a standard error of 0.1, so the first is better,
# whatever K was." For each of the three write two or three sentences: what is right about it, what is wrong, and what
# you would do instead. End with one sentence: when would you not bother with full Bayes?

# %% [markdown] written="02_written"
# (1) ML-II is the most likely value of tau, and it is zero whenever the means differ less than their noise would make them. That happens often when the hospitals do differ, by less than
# sigma or so: the evidence is nearly flat in tau down there. So the data do not rule out zero, and do not rule out a moderate tau either. I would report the posterior of tau (or the evidence
# over tau), and average the effects over it.
#
# (2) A prior can move the mode off zero, but only if its density vanishes at zero. That of a half-Cauchy is largest there, so tau = 0 stays a local maximum, and nothing was tested by repeating it. Take a prior
# such as a Gamma with shape 2 or average over tau; and say in which parametrization the mode was taken, since it moves with it.
#
# (3) The mean weight is unbiased, and if the weights have a finite variance, K is large, and the same for both, then a difference of four standard errors is good evidence. But the logs are
# biased downwards by about Var(w)/(2 K p^2), differently for the two models; and if q is narrower than the posterior the variance may be infinite, so that the printed error is that of the weights that
# happened to be drawn. I would increase K and see whether the difference stays, use wider proposals, and look at the largest weights.
#
# I would not bother when the data determine the parameters: many groups or little noise, so that the posterior is narrow beside everything that depends on it, and all levels give the same predictions.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: claim 1. Right: zero is the maximum of the evidence (the spread is below what noise alone makes). Wrong: a maximum is not a posterior; the evidence is flat near zero, or tau > 0 is about as likely, or ML-II lands on
#   the boundary often when tau is small but not zero. Instead: the posterior of tau, its interval, full Bayes. "Twelve is a small sample" alone: 0.25.
# - 0.5: claim 2. The density of the prior must vanish at zero; a half-Cauchy's does not (nor a half-normal's, nor a flat one's), so it is no check. Either half alone: 0.25. Accept instead: the mode depends on the
#   parametrization (tau, tau^2, log tau), if it is said that the repetition therefore proves nothing.
# - 0.5: claim 3. Two of: the log is biased (with sign, or its size Var(w)/(2 K p^2)); the bias differs from model to model and falls with K; the variance may be infinite or the tails of q too thin, and then the error is
#   wrong; the error of a difference needs both. One of them: 0.25. The condition under which it is right (finite variance, K large) counts as one.
# - 0.5: the last sentence. Much data or little noise, posterior narrow; or only a prediction is needed that does not depend on the level; or the levels were compared and agree. "When it is too slow" alone: 0.25.
# === END MARK SCHEME ===
