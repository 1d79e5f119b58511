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

# %% [markdown]
# # 07 · Discrete relaxations
#
# Unit 05 climbs through any sampler and pays with noise. Unit 06 has little noise, but it needs a path: the sample must be a smooth function of its parameters. A coin has no path. When its probability moves, it shows what it showed before,
# until it suddenly shows the other side. So people **bend the coin**: they let it land a little between heads and tails, where there are slopes, and hope that the slopes say something about the coin. They do, with little
# noise, and not quite the truth. This unit measures both halves of that sentence against exact answers. Then it takes the bias back, and finds out what that costs.
#
# **After this unit you can**
#
# - draw a categorical variable as an argmax, and prove in three lines that it is one,
# - relax bits and categories, write down the density of a relaxed bit, and say what the temperature does,
# - measure bias and variance of a relaxed gradient against enumeration, and choose a temperature for the samples that you can afford,
# - say why the value of a relaxed bound is no bound of your model,
# - say what straight-through credits a bit with, and when that goes wrong,
# - use a relaxation as a control variate (REBAR, RELAX), or opposite pairs (DisARM), and compare them at equal cost.
#
# **Time**: about 55 minutes of reading and playing on the main line; what is marked *aside* takes 5 minutes more. The whole page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p(x, z)$; a family gives a density $q_\phi(z)$ that we may sample. The **ELBO** is $\mathcal L = \mathbb E_{q_\phi}[\log w]$ with
# >   $\log w = \log p(x, z) - \log q_\phi(z)$; it is at most $\log p(x)$ (unit 03).
# > - The **score function** estimator of $\nabla\,\mathbb E f$ is $f(z)\,s(z)$ with the score $s = \nabla_\phi\log q_\phi$. A **baseline**, such as the mean reward of the *other* samples (leave-one-out), may be subtracted from $f$ without changing the mean (unit 05).
# > - The **pathwise** gradient writes $z = t_\phi(\epsilon)$ and differentiates $f(t_\phi(\epsilon))$. It is wrong behind a jump: there it misses what happens (unit 06).
# > - A bit has a **logit** $l$ and a probability $p = \sigma(l) = 1/(1 + e^{-l})$. With $D$ bits, sums over all $2^D$ states give exact answers: *enumeration*.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error beside the exact value, with $t$ = (estimate - exact) / standard error, its z-score. Beyond $|t| = 4.5$
# >   something is wrong, and the cell stops; below, nothing has been shown to be wrong. A sentence that compares two methods is held to five seeds or more by `claim`.

# %%
import math
from functools import partial

import torch
from torch import nn
from torch.nn.functional import logsigmoid

# %%
from course_vi.bounds import elbo
from course_vi.data import digits
from course_vi.diagnostics import claim
from course_vi.distributions import BernoulliVector, OneHotVector
from course_vi.exact import expected_bound
from course_vi.families import BernoulliMeanField
from course_vi.gradients import (Rebar, Relax, disarm, gumbel_softmax, score_function,
                                 straight_through)
from course_vi.gradients.relaxations import relaxed
from course_vi.learning import fit, smoke_cap
from course_vi.models import Model, SigmoidBeliefNet
from course_vi.plots import lecture_07 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def uniform(*shape, seed):
    return torch.rand(*shape, generator=seeded(seed), dtype=DOUBLE)


# %%
def mean_of(g):
    """Mean over the first axis, and its standard error."""
    return g.mean(0), g.std(0) / len(g) ** 0.5


def compare(what, draws, exact):
    mean, error = mean_of(draws)
    t = (mean - exact) / error
    print(f"{what:44s} {mean:9.4f} ± {error:.1e}   exact {exact:9.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


# %% [markdown]
# ## 1. A sample as an argmax
#
# A discrete sample *can* be written as a function of its parameters and of noise that has none. For a category there is a particularly neat way. Draw a **Gumbel** number $g_c = -\log(-\log u_c)$ for each category, $u_c$ uniform, and take
#
# $$z = \arg\max_c\,(l_c + g_c) .$$
#
# This is the **Gumbel-max trick**, and $z$ is category $c$ with probability $\mathrm{softmax}(l)_c$. Three lines:
#
# 1. $e^{-g_c} = -\log u_c$ is an exponential waiting time with rate 1.
# 2. So $T_c = e^{-(l_c + g_c)}$ is a waiting time with rate $e^{l_c}$, and the largest $l_c + g_c$ is the shortest wait: a *race*.
# 3. Of independent waits, $c$ ends first with probability rate over sum of rates, $\int_0^\infty e^{l_c} e^{-t\,e^{l_c}} \prod_{b \ne c} e^{-t\,e^{l_b}}\, dt = e^{l_c} / \sum_b e^{l_b}$.

# %%
chances = torch.tensor([0.70, 0.20, 0.07, 0.03], dtype=DOUBLE)
logits = chances.log() + 5.0                # a constant added to all logits changes no probability
scores = logits - (-uniform(400_000, 4, seed=0).log()).log()          # l + g
top, winner = scores.max(-1)
for c in range(4):
    compare(f"category {c} wins", (winner == c).double(), chances[c].item())

# %% [markdown]
# > **Predict 1.** Category 3 wins three races in a hundred. Look at those races only. Is the winning score $l_3 + g_3$, on average, higher or lower than the winning score in the races of the favourite?

# %%
predict("07_1", choices=[
    "higher: it had to beat a favourite",
    "the same",
    "lower: it wins when the others are weak"])

# %%
for c in range(4):
    compare(f"winning score, where category {c} wins", top[winner == c], 5 + 0.5772156649)

# %%
# Run this cell to compare it with your prediction.
reveal("07_1", "the same")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# The same. In line 3 the integrand is $e^{l_c}$ times a function of $t$ in which all categories enter alike: *who* wins and *when* are independent. The winning score is a Gumbel number shifted by $\log\sum_c e^{l_c}$, here 5, whoever wins; the mean of a Gumbel number is Euler's constant, 0.577.
# What the *losing* scores are, once the winner is known, is a question for the problem set.
#
# </details>
#
# A **bit** is a race of two, and only the difference counts. The difference of two Gumbel numbers is *logistic*: it can be had from one uniform number as $\log\frac{u}{1-u}$. So with the **perturbed logit**
#
# $$s = l + \log\frac{u}{1 - u}, \qquad z = 1 \text{ if } s > 0, \text{ else } 0, \qquad P(z = 1) = \sigma(l) .$$
#
# So there is a function, $s$ moves smoothly with $l$, and $f(z)$ could be differentiated along it, were it not for the last step: it is a step. Its slope is zero wherever it has one. The path says "nothing changes", for every sample, with great confidence.
#
# ## 2. Bend the coin
#
# So replace the step by a sigmoid: $\tilde z = \sigma(s/\tau)$, with a **temperature** $\tau > 0$. For categories replace the argmax by a softmax of the scores over $\tau$. C. Maddison, A. Mnih and Y. W. Teh (2017) call the
# result a *concrete* variable, E. Jang, S. Gu and B. Poole (2017) call the method *Gumbel-softmax*. Here are a hundred draws of a three-way category while the temperature falls. The noise of each stays as it fell.

# %%
three = OneHotVector(torch.tensor([[0.5, 0.3, 0.2]], dtype=DOUBLE).log())
noise = uniform(100, 3, seed=3)
temperatures = [4.0 * 0.78**k for k in range(20)]
show_moving(movies.simplex([relaxed(three, noise, tau) for tau in temperatures], temperatures),
            alt="A triangle whose corners are the three categories, with a hundred dots. At temperature 4 they crowd around the middle. As the temperature falls each moves "
                "towards the corner of its largest score, most along an edge, and at 0.04 nearly all of them sit in the corners: about fifty, thirty and twenty.")

# %% [markdown]
# **The density of a bent coin.** Change of variables (unit 06): $s = \tau\,\mathrm{logit}\,\tilde z$ is logistic around $l$, with density $\sigma(s - l)\,\sigma(l - s)$, and $ds/d\tilde z = \tau / (\tilde z(1 - \tilde z))$. So
#
# $$\log q_\tau(\tilde z) = \log\sigma(s - l) + \log\sigma(l - s) + \log\tau - \log\tilde z - \log(1 - \tilde z), \qquad s = \tau\log\frac{\tilde z}{1 - \tilde z} .$$
#
# For categories the same idea works on the simplex, with one coordinate less than there are categories; that is an exercise. We check ours against the slope of the distribution function, $P(\tilde z \le c) = \sigma(\tau\,\mathrm{logit}\,c - l)$.

# %%
def log_density(z, logit, temperature):
    s = temperature * z.logit()
    bent = math.log(temperature) - z.log() - (1 - z).log()
    return logsigmoid(s - logit) + logsigmoid(logit - s) + bent


logit = math.log(9)                                             # p = 0.9; play with it
z = torch.linspace(0.01, 0.99, 99, dtype=DOUBLE).requires_grad_()
for tau in (2.0, 1.0, 0.1):
    below = (tau * z.logit() - logit).sigmoid()                 # P(relaxed bit <= z)
    slope, = torch.autograd.grad(below.sum(), z)
    away = (slope.log() - log_density(z, logit, tau)).abs().max().item()
    print(f"temperature {tau}: largest difference of the log densities {away:.0e}")

# %% [markdown]
# > **Predict 2.** A bit with $p = 0.9$ is bent at temperature 1. What are the probability that $\tilde z > \tfrac12$, and the mean of $\tilde z$?

# %%
predict("07_2", choices=["0.9 and 0.9", "0.9 and less than 0.9", "both less than 0.9"])

# %%
bent = relaxed(BernoulliVector(torch.tensor([logit], dtype=DOUBLE)), uniform(200_000, 1, seed=4), 1.0)
compare("probability that it lies above a half", (bent[:, 0] > 0.5).double(), 1 / (1 + math.exp(-logit)))
compare("mean of the relaxed bit", bent[:, 0], 9 / 8 - 9 / 64 * math.log(9))

# %%
grid, at = torch.linspace(-5, 9, 400, dtype=DOUBLE), torch.linspace(0.002, 0.998, 500, dtype=DOUBLE)
shown = {tau: log_density(at, logit, tau).exp() for tau in (3.0, 1.0, 0.3)}
show(figures.bent_coin(grid, torch.exp(logsigmoid(grid - logit) + logsigmoid(logit - grid)), at, shown),
     alt="Left: the step from zero to one over the perturbed logit s, and sigmoids of temperature 3, 1 and 0.3, the coldest closest to the step; the density of s in grey, mostly on the right of zero. "
         "Right: densities of the relaxed bit. At temperature 3 a hump around two thirds, at 1 a curve that rises towards one, at 0.3 nearly all of it at one and a little at zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_2", "0.9 and less than 0.9")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# $\tilde z > \tfrac12$ exactly if $s > 0$: **rounding a relaxed bit gives an exact bit, at every temperature.** The mean is an average of $\sigma(s/\tau)$, not of the step, and is pulled towards a half: here to $\frac98 - \frac9{64}\log 9 = 0.816$. Only as $\tau \to 0$ does it become 0.9.
#
# </details>
#
# ## 3. The gradient of another problem
#
# Now a real posterior. The sigmoid belief net (unit 01) explains a digit of 64 pixels by six bits: $z_d \sim \mathrm{Bernoulli}(\sigma(b_d))$, and pixel $i$ is on with probability $\sigma(w_i^\top z + c_i)$. Six bits have 64 states, so the evidence is a sum,
# and the model can be trained by climbing it exactly.

# %%
images = digits(dtype=DOUBLE)
p = SigmoidBeliefNet((64, 6), scale=0.5, generator=seeded(0)).double()
climber, order = torch.optim.Adam(p.parameters(), lr=0.05), seeded(1)
for _ in range(smoke_cap(250)):
    rows = torch.randint(len(images.train), (50,), generator=order)
    climber.zero_grad()
    (-p.log_evidence(images.train[rows]).mean()).backward()
    climber.step()
p.requires_grad_(False)
print(f"mean log evidence of test images {p.log_evidence(images.test).mean().item():.2f}")

# %% [markdown]
# Eight test images; for each of them a $q$ of independent bits with logits of its own. It has been climbing by exact gradients for 15 steps from $l = 0$ and has some way to go. Here we ask: how good a gradient do we get?

# %%
x = images.test[:8]


def exact_elbo(logits, x):
    states = p.states(x)
    return expected_bound(p.log_joint(x, states), BernoulliVector(logits).log_prob(states), elbo, 1)


def climb_exactly(x, steps):
    logits = torch.zeros(len(x), 6, dtype=DOUBLE).requires_grad_()
    climber = torch.optim.Adam([logits], lr=0.1)
    for _ in range(steps):
        climber.zero_grad()
        (-exact_elbo(logits, x).sum()).backward()
        climber.step()
    return logits.detach()


# %%
under_way, best = climb_exactly(x, 15), climb_exactly(x, smoke_cap(300))
for name, q in (("under way", under_way), ("at the top", best)):
    print(f"{name:10s} exact ELBO {exact_elbo(q, x).mean().item():.2f}")
log_evidence = p.log_evidence(x)
print(f"log evidence          {log_evidence.mean().item():.2f}")
at = under_way.clone().requires_grad_()
exact, = torch.autograd.grad(exact_elbo(at, x).sum(), at)       # by enumeration, (8, 6)
length = exact.square().sum(-1).mean().item()
print(f"mean squared length of the gradient {length:.2f}")

# %% [markdown]
# `gumbel_softmax` relaxes all six bits and differentiates $\log p(x, \tilde z) - \log q(\tilde z)$ along the path, with both formulas read *between* their states, as the code happens to continue them. The squared bias and the variance, summed over logits, mean over images. (The bias is squared as the product of two
# halves of the replicates: the square of a noisy mean would be too large.)

# %%
def replicates(estimator, seed, R=2000, K=1, p=p):
    """R independent gradients at the q under way, (R, 8, 6)."""
    q = BernoulliMeanField(6, under_way.expand(R, 8, 6))
    value = estimator(p, q, x.expand(R, 8, 64), K, generator=seeded(seed))
    return torch.autograd.grad(value.sum(), q.logits)[0]


def errors_of(estimator, seeds=6, **settings):
    """Squared bias and variance for each seed, (seeds, 2)."""
    found = []
    for seed in range(seeds):
        off = replicates(estimator, seed, **settings) - exact
        first, second = (half.mean(0) for half in off.chunk(2))
        found.append(torch.stack([(first * second).sum(-1).mean(), off.var(0).sum(-1).mean()]))
    return torch.stack(found)


# %%
taus = (3.0, 2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18)
by_tau = torch.stack([errors_of(partial(gumbel_softmax, temperature=tau)) for tau in taus], 1)
for tau, (bias, variance) in zip(taus, by_tau.mean(0).tolist(), strict=True):
    print(f"temperature {tau:4.2f}: squared bias {bias:6.3f}, variance of one sample {variance:6.2f}")

# %% [markdown]
# With $K$ samples the mean squared error is bias² + variance/$K$: averaging divides the second part only.
#
# > **Predict 3.** With a single sample the best of our temperatures is 3. Which is the best with a thousand?

# %%
predict("07_3", choices=["still above 1", "between 0.15 and 0.3", "between 0.3 and 1"])

# %%
def squared_error(K):
    return by_tau[..., 0] + by_tau[..., 1] / K                  # (seeds, temperatures)


budgets = (1, 10, 100, 1000)
for K in budgets:
    print(f"K = {K:4d}: best temperature {taus[squared_error(K).mean(0).argmin()]}")
warm, cool = taus.index(3.0), taus.index(0.25)
claim("with one sample temperature 3 is better than 0.25",
      (squared_error(1)[:, warm] / squared_error(1)[:, cool]).log(), sign=-1)
claim("with a thousand it is the other way round",
      (squared_error(1000)[:, warm] / squared_error(1000)[:, cool]).log(), sign=+1)

# %%
show(figures.temperatures(torch.tensor(taus), by_tau, {K: squared_error(K) for K in budgets}),
     alt="Two plots over the temperature, on log axes. Left: squared bias rises with the temperature, from about 0.05 to 1.3; the variance of one sample falls, from about 46 to 0.6. Right: mean squared error for 1, 10, 100 and 1,000 samples. The lowest point of each "
         "curve is marked; it moves from temperature 3 to the left, to 0.25 or below.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_3", "between 0.15 and 0.3")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# Near 0.2. The more noise is averaged away, the more the bias matters, and the colder the coin should be. By which law the best temperature falls, and how exact the law is, you derive in the problem set for a single bit.
#
# </details>
#
# With a sample or two a warm coin is hard to beat: a gradient that is a little wrong and quiet beats one that is right and wild. The trouble comes later. Noise averages out over the steps of a climb. A bias does not.
