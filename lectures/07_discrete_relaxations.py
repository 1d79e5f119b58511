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
# until it suddenly shows the other side. So people **bend the coin**: they let it land a little between heads and tails, where there are slopes, and hope that the slopes say something about the coin. They do: with little
# noise, and not quite truthfully. This unit measures both halves of that sentence against exact answers. Then it takes the bias back, and finds out what that costs.
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
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 4 minutes more. The whole page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p(x, z)$; a family gives a density $q_\phi(z)$ that we may sample. The **ELBO** is $\mathcal L = \mathbb E_{q_\phi}[\log w]$ with
# >   $\log w = \log p(x, z) - \log q_\phi(z)$; it is at most $\log p(x)$ (unit 03).
# > - The **score function** estimator of $\nabla\,\mathbb E f$ is $f(z)\,\nabla_\phi\log q_\phi(z)$: the reward times the *score*. A **baseline**, such as the mean reward of the *other* samples (leave-one-out), may be subtracted from $f$ without changing the mean (unit 05).
# > - The **pathwise** gradient writes $z = t_\phi(\epsilon)$ and differentiates $f(t_\phi(\epsilon))$. Where $f$ jumps it is wrong (unit 06).
# > - A bit has a **logit** $l$ and a probability $p = \sigma(l) = 1/(1 + e^{-l})$. With $D$ bits, sums over all $2^D$ states give exact answers: *enumeration*.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error beside the exact value, with $t$ = (estimate - exact) / standard error, its z-score. Beyond $|t| = 4.5$
# >   something is wrong, and the cell stops; below, nothing has been shown to be wrong. A sentence that compares two methods is held to five seeds or more by `claim`.

# %%
import math
import time
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

# %%
from course_vi.gradients import (
    Rebar,
    Relax,
    disarm,
    gumbel_softmax,
    score_function,
    straight_through,
)
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
logits = torch.tensor([3.0, 1.7, 0.7, -0.2], dtype=DOUBLE)
chances = logits.softmax(-1)
scores = logits - (-uniform(400_000, 4, seed=0).log()).log()          # l + g
top, winner = scores.max(-1)
for c in range(4):
    compare(f"category {c} wins", (winner == c).double(), chances[c].item())

# %% [markdown]
# > **Predict 1.** Category 3 wins about three races in a hundred. Look at those races only. Is the winning score $l_3 + g_3$, on average, higher or lower than the winning score in the races of the favourite?

# %%
predict("07_1", choices=[
    "higher: it had to beat a favourite",
    "the same",
    "lower: it wins when the others are weak"])

# %%
favourite, its_error = mean_of(top[winner == 0])
for c in range(4):
    mean, error = mean_of(top[winner == c])
    away = (mean - favourite) / (error**2 + its_error**2).sqrt()
    print(f"where category {c} wins, its score is {mean:.3f} ± {error:.3f}, t = {away:+.1f}")
    assert abs(away) < 4.5

# %%
# Run this cell to compare it with your prediction.
reveal("07_1", "the same")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# The same. In line 3 the integrand is $e^{l_c}$ times a function of $t$ in which all categories enter alike: *who* wins and *when* are independent. An outsider wins seldom, but no less splendidly.
# How the winning and the losing scores are distributed, once the winner is known, you find out in the problem set.
#
# </details>
#
# A **bit** is a race of two, and only the difference counts. The difference of two Gumbel numbers is *logistic*: it can be had from one uniform number as $\log\frac{u}{1-u}$. So with the **perturbed logit**
#
# $$s = l + \log\frac{u}{1 - u}, \qquad z = 1 \text{ if } s > 0, \text{ else } 0, \qquad P(z = 1) = \sigma(l) .$$
#
# The perturbed logit moves smoothly with $l$, and $f(z)$ could be differentiated along it, were it not for the last move, from $s$ to $z$. It is a step, and its slope is zero wherever it has one. The path says "nothing changes", for every sample, with great confidence.
#
# ## 2. Bend the coin
#
# So replace the step by a sigmoid: $\tilde z = \sigma(s/\tau)$, with a **temperature** $\tau > 0$. For categories replace the argmax by a softmax of the scores over $\tau$. C. Maddison, A. Mnih and Y. W. Teh (2017) call the
# result a *concrete* variable, E. Jang, S. Gu and B. Poole (2017) call its distribution *Gumbel-softmax*. Here are a hundred draws of a three-way category while the temperature falls. The noise of each stays as it fell.

# %%
three = OneHotVector(torch.tensor([[0.5, 0.3, 0.2]], dtype=DOUBLE).log())
noise = uniform(100, 3, seed=3)
temperatures = [4.0 * 0.78**k for k in range(20)]
show_moving(movies.simplex([relaxed(three, noise, tau) for tau in temperatures], temperatures),
            alt="A triangle whose corners are the three categories, with a hundred dots. At temperature 4 they crowd around the middle. As the temperature falls each moves "
                "towards the corner of its largest score, most along an edge, and at 0.04 nearly all of them sit in the corners: 55, 25 and 20.")

# %% [markdown]
# **The density of a bent coin.** Change of variables (unit 06): $s = \tau\,\mathrm{logit}\,\tilde z$ is logistic around $l$, with density $\sigma(s - l)\,\sigma(l - s)$, and $ds/d\tilde z = \tau / (\tilde z(1 - \tilde z))$. So
#
# $$\log q_\tau(\tilde z) = \log\sigma(s - l) + \log\sigma(l - s) + \log\tau - \log\tilde z - \log(1 - \tilde z), \qquad s = \tau\log\frac{\tilde z}{1 - \tilde z} .$$
#
# For categories the same idea works on the simplex, with one coordinate fewer than there are categories; that is an exercise. We check ours against the slope of the distribution function, $P(\tilde z \le c) = \sigma(\tau\,\mathrm{logit}\,c - l)$.

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
nine_to_one = BernoulliVector(torch.tensor([math.log(9)], dtype=DOUBLE))
bent = relaxed(nine_to_one, uniform(200_000, 1, seed=4), 1.0)
compare("probability that it lies above a half", (bent[:, 0] > 0.5).double(), 0.9)
compare("mean of the relaxed bit", bent[:, 0], 9 / 8 - 9 / 64 * math.log(9))

# %%
grid, at = torch.linspace(-5, 9, 400, dtype=DOUBLE), torch.linspace(0.002, 0.998, 500, dtype=DOUBLE)
shown = {tau: log_density(at, logit, tau).exp() for tau in (3.0, 1.0, 0.3)}
density_of_s = torch.exp(logsigmoid(grid - logit) + logsigmoid(logit - grid))
show(figures.bent_coin(grid, density_of_s, at, shown),
     alt="Left: the step from zero to one over the perturbed logit s, and sigmoids of temperature 3, 1 and 0.3, the coldest closest to the step; the density of s in grey, mostly on the right of zero. "
         "Right: densities of the relaxed bit. At temperature 3 a hump around two thirds, at 1 a curve that rises towards one, at 0.3 most of it close to one and a little close to zero.")

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
# **Play.** Set `logit` to 0 and draw the figure again. At temperature 1 the density is flat. Which line of this section says why?
#
# ## 3. The gradient of another problem
#
# Now a real posterior. The sigmoid belief net (unit 01) explains a digit of 64 pixels by six bits: $z_d \sim \mathrm{Bernoulli}(\sigma(b_d))$, and pixel $i$ is on with probability $\sigma(w_i^\top z + c_i)$. Six bits have 64 states, so the evidence is a sum,
# and the model can be trained by its exact gradients, fifty images at a time.

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


def climb_exactly(x, climber_of, steps):
    logits = torch.zeros(len(x), 6, dtype=DOUBLE).requires_grad_()
    climber = climber_of([logits])

    def loss():
        climber.zero_grad()
        (value := -exact_elbo(logits, x).sum()).backward()
        return value

    for _ in range(steps):
        climber.step(loss)
    return logits.detach()


# %%
under_way = climb_exactly(x, partial(torch.optim.Adam, lr=0.1), 15)
to_the_top = partial(torch.optim.LBFGS, max_iter=smoke_cap(200), line_search_fn="strong_wolfe")
best = climb_exactly(x, to_the_top, 1)
for name, q in (("under way", under_way), ("at the top", best)):
    print(f"{name:10s} exact ELBO {exact_elbo(q, x).mean().item():.2f}")
log_evidence = p.log_evidence(x)
print(f"log evidence          {log_evidence.mean().item():.2f}")
at = under_way.clone().requires_grad_()
exact, = torch.autograd.grad(exact_elbo(at, x).sum(), at)       # by enumeration, (8, 6)
length = exact.square().sum(-1).mean().item()
print(f"mean squared length of the gradient {length:.2f}")

# %% [markdown]
# `gumbel_softmax` relaxes all six bits and differentiates $\log p(x, \tilde z) - \log q(\tilde z)$ along the path, with both formulas read *between* their states, as the code happens to continue them. We print its squared bias and its variance, summed over logits and averaged over images. (The squared bias is a product of the means of two
# halves of the replicates: the square of one noisy mean would be too large. The third number of `errors_of`, the largest size of a z-score over the 48 logits, we need later.)

# %%
def replicates(estimator, seed, R=1500, K=1, p=p):
    """R independent gradients at the q under way, (R, 8, 6)."""
    q = BernoulliMeanField(6, under_way.expand(R, 8, 6))
    value = estimator(p, q, x.expand(R, 8, 64), K, generator=seeded(seed))
    return torch.autograd.grad(value.sum(), q.logits)[0]


def errors_of(estimator, seeds=5, **settings):
    """Squared bias, variance and largest |t| for each seed, (seeds, 3)."""
    found = []
    for seed in range(seeds):
        off = replicates(estimator, seed, **settings) - exact
        first, second = (half.mean(0) for half in off.chunk(2))
        mean, error = mean_of(off)
        found.append(torch.stack([(first * second).sum(-1).mean(), off.var(0).sum(-1).mean(),
                                  (mean / error).abs().max()]).detach())
    return torch.stack(found)


# %%
taus = (3.0, 2.0, 1.4, 1.0, 0.5, 0.35, 0.2, 0.12, 0.08)
at_each = [errors_of(partial(gumbel_softmax, temperature=tau), R=3000) for tau in taus]
by_tau = torch.stack(at_each, 1)                                # (seeds, temperatures, 3)
for row, tau in enumerate(taus):
    (bias, variance, _), (error, *_) = mean_of(by_tau[:, row])
    print(f"temperature {tau:4.2f}: squared bias {bias:6.3f} ± {error:.3f}, "
          f"variance of one sample {variance:6.2f}")

# %% [markdown]
# With $K$ samples the mean squared error is bias² + variance/$K$: averaging divides the second part only.
#
# > **Predict 3.** With a single sample the best of our temperatures is 3. Which is the best with a thousand?

# %%
predict("07_3", choices=["still above 1", "about 0.5", "below 0.2"])

# %%
def squared_error(K):
    return by_tau[..., 0] + by_tau[..., 1] / K                  # (seeds, temperatures)


budgets = (1, 10, 100, 1000)
for K in budgets:
    print(f"K = {K:4d}: best temperature {taus[squared_error(K).mean(0).argmin()]}")
for K, better, worse in ((1, 3.0, 2.0), (1000, 0.12, 0.2)):
    ratio = squared_error(K)[:, taus.index(better)] / squared_error(K)[:, taus.index(worse)]
    claim(f"with K = {K} temperature {better} is better than {worse}", ratio.log(), sign=-1)

# %%
show(figures.temperatures(torch.tensor(taus), by_tau, {K: squared_error(K) for K in budgets}),
     alt="Two plots over the temperature, on log axes. Left: squared bias rises with the temperature, from about 0.01 to 1.3; the variance of one sample falls, from about 110 to 0.6. Right: mean squared error for 1, 10, 100 and 1,000 samples. The lowest point of each "
         "curve is marked; it moves from temperature 3 to the left, to 0.12.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_3", "below 0.2")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# 0.12, and 0.2 is worse already. The more noise is averaged away, the more the bias matters, and the colder the coin should be. By which law the best temperature falls, and how exact the law is, you derive in the problem set for a single bit.
#
# </details>
#
# With a sample or two a warm coin is hard to beat: here a quiet gradient that is far from right beats one that is nearly right on average and wild. But noise averages out over the steps of a climb. A bias does not.
#
# ## 4. The value of another problem
#
# The estimator also returns a value: the average of $\log p(x, \tilde z) - \log q(\tilde z)$ over relaxed samples. It is tempting to print it as "the ELBO".
#
# > **Predict 4.** Take the best $q$, whose exact ELBO is 0.03 nats below $\log p(x)$. Where is its relaxed value at temperature 1?

# %%
predict("07_4", choices=[
    "above log p(x)",
    "between the ELBO and log p(x)",
    "below the ELBO"])

# %%
at_the_top, told, means = BernoulliMeanField(6, best), [], []
with torch.no_grad():
    for tau in taus:
        soft = relaxed(BernoulliVector(best), uniform(4000, 8, 6, seed=7), tau)
        log_w = p.log_joint(x, soft) - at_the_top(x, soft)
        told.append(log_w.mean(0) - log_evidence)
        means.append(log_w.logsumexp(0) - math.log(len(log_w)) - log_evidence)
told, means = torch.stack(told), torch.stack(means)             # (temperatures, 8)
gap = exact_elbo(best, x) - log_evidence
row = taus.index(1.0)
print(f"at temperature 1, less log p(x): value {told[row].mean():+.2f}, "
      f"exact ELBO {gap.mean():+.2f}, log of the mean weight {means[row].mean():+.2f}")
claim("over eight images the value at temperature 1 lies above log p(x)", told[row], sign=+1)

# %%
show(figures.relaxed_values(torch.tensor(taus), told, gap.mean().item()),
     alt="Nats above log p(x), over the temperature. The relaxed value of the best q, mean over eight images with error bars, is near zero at temperature 0.08 and rises to almost four at temperature 3. "
         "The exact ELBO of the same q is a line just below zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_4", "above log p(x)")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Above $\log p(x)$, by about a nat. No rule is broken. The ELBO is a bound because the weights $w = p(x, z)/q(z)$ have mean $p(x)$, a sum over *states*. Between the states $w$ is whatever the formulas happen to give, and its mean over relaxed samples is another number, printed above as "log of the mean weight".
# The relaxed value is a lower bound of that.
#
# </details>
#
# Two ways out. Judge by hard samples, or by enumeration, and use the relaxed value for its gradient only. Or take the relaxed variables for the model: give $\tilde z$ a prior with a density, and use $\log q_\tau(\tilde z)$, which was derived above. That is a true bound again, of a model whose
# latents are continuous (Maddison, Mnih and Teh, 2017).
#
# > You will read that reparametrization "Doesn't work for discrete $\mathbf Z$ (without an additional approximation called 'Gumbel-softmax')" (R. Bamler, *Data Compression With and Without Deep Probabilistic Models*, Tübingen, 2023, lecture 8, slide "Black-Box Variational Inference"). So it is. What is approximated is the *objective*,
# > not its gradient: the gradient is right, and of something else. And it is not the only way: section 6 needs the same relaxation, and approximates nothing.
#
# Which something else depends on the code. Add to $\log p$ a wave, $\kappa\sum_d \sin^2(\pi z_d)$. It is zero at every state, so nothing that the model says has changed.

# %%
class Wavy(Model):
    """The same model at all states; between them, a wave."""

    def __init__(self, p, height):
        super().__init__()
        self.p, self.height = p, height
        self.data_dim, self.latent_dim = p.data_dim, p.latent_dim

    def log_factors(self, x, z):
        wave = self.height * (math.pi * z).sin().square().sum(-1)
        return {**self.p.log_factors(x, z), "wave": wave}


# %%
states = p.states(x)
soft, bias = partial(gumbel_softmax, temperature=0.5), {}
for height in (0.0, 3.0):
    waved = Wavy(p, height)
    evidence = waved.log_joint(x, states).logsumexp(0).mean().item()
    bias[height], hard = (errors_of(way, p=waved)[:, 0] for way in (soft, straight_through))
    print(f"height {height}: log evidence {evidence:.6f}, squared bias of Gumbel-softmax "
          f"{bias[height].mean():.2f}, of straight-through {hard.mean():.2f}")
claim("the wave raises the bias of Gumbel-softmax", bias[3.0] - bias[0.0], sign=+1)

# %% [markdown]
# The second column is a method that we come to now, and this wave does nothing to it. Why not? And what would? One such change, well chosen, makes it right, another sends it the wrong way: an exercise.
#
# ## 5. Straight through
#
# Y. Bengio, N. Léonard and A. Courville (2013) describe something bolder, which needs no temperature. Going forward, use a hard sample $z$. Going back, pretend that it was the smooth function $\sigma(l)$. (They try two variants. The other lets the slope pass as if $z$ had been $l$ itself.) In code it is `z = hard + (soft - soft.detach())`: the value of the one, the slope of the other.
#
# Two things about it are right, on average: the value is the bound of *your* model, and the gradient in $\theta$ is that of this bound. Both look at hard samples only. And the gradient of $l$? For a bit the exact one is $\sigma'(l)$ times the **difference** $f(1) - f(0)$, which is the slope of a secant. Straight-through multiplies $\sigma'(l)$ by the slope of $f$
# **at the state that was drawn**, the slope of a tangent at one of the two ends. Here is one bit of one image, the others held at a sample: of the 48 the one on which the end slopes differ most.

# %%
def along(picture, bit, values, others):
    """log p(x, z) of one image with one bit at these values, and its slope there."""
    moved = values.clone().requires_grad_()
    z = others.repeat(len(values), 1)
    z = torch.cat([z[:, :bit], moved[:, None], z[:, bit + 1:]], 1)
    height = p.log_joint(x[picture], z)
    return height.detach(), torch.autograd.grad(height.sum(), moved)[0]


others = (uniform(8, 6, seed=8) < best.sigmoid()).double()
ends = torch.tensor([0.0, 1.0], dtype=DOUBLE)
bends = torch.tensor([[along(n, d, ends, others[n])[1].diff().abs() for d in range(6)]
                      for n in range(8)])
picture, bit = divmod(int(bends.argmax()), 6)                   # where they differ most

# %%
line = torch.linspace(0, 1, 100, dtype=DOUBLE)
curve, _ = along(picture, bit, line, others[picture])
height, slopes = along(picture, bit, ends, others[picture])
print(f"f(1) - f(0) = {height.diff().item():.2f}; "
      f"slopes at the ends {slopes[0]:.2f} and {slopes[1]:.2f}")
show(figures.secant(line, curve, height, slopes),
     alt="log p as a function of one bit between zero and one: a concave curve. Its secant from end to end, and the tangents at both ends. The tangent at zero is about twice as steep as the secant, that at one is level.")

# %% [markdown]
# Where this bit is 0 it is credited with about twice the difference, where it is 1 with next to nothing. On average straight-through credits a bit with a mean of the two end slopes, weighted by how often each end is visited. If $f$ is a straight line in each bit there is nothing to be wrong about. In the problem set you find the bias for a parabola. Jang and his co-authors (2017) propose a mixture: hard samples going forward, the *relaxed* sample of temperature $\tau$ going
# back (straight-through Gumbel-softmax).
#
# > **Predict 5.** At the $q$ under way, the squared bias of Gumbel-softmax at temperature 0.5 is about 0.3. That of plain straight-through is ...

# %%
predict("07_5", choices=["about a third of it", "about the same", "five times as much, or more"])

# %%
ways = {"Gumbel-softmax": soft, "straight-through": straight_through,
        "straight-through Gumbel": partial(straight_through, temperature=0.5)}
errors = {name: errors_of(way) for name, way in ways.items()}
for name, values in errors.items():
    (bias, variance, _), (bias_error, *_) = mean_of(values)
    print(f"{name:24s} squared bias {bias:.3f} ± {bias_error:.3f}, variance {variance:5.2f}")
ratio = errors["straight-through"][:, 0] / errors["Gumbel-softmax"][:, 0]
claim("straight-through has five times the squared bias", ratio.log() - math.log(5), sign=+1)
claim("and more than a third of the squared length of the gradient",
      errors["straight-through"][:, 0] - length / 3, sign=+1)
ratio = errors["straight-through Gumbel"] / errors["Gumbel-softmax"]
claim("hard samples going forward raise the squared bias", ratio[:, 0].log(), sign=+1)
claim("and the variance", ratio[:, 1].log(), sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("07_5", "five times as much, or more")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Seven and a half times as much, and more than a third of the squared length of the gradient itself. A hard sample does not make the gradient honest. It makes the *value* honest. (The factor belongs to this $q$: section 8 has a question to play with.)
#
# </details>
#
# ## 6. Take the bias back
#
# A relaxation follows $\log w$ closely and is smooth. Instead of believing it we can *subtract* it, as unit 05 subtracts a baseline, and pay back what was subtracted. First without bits. Let $z \sim N(\phi, 1)$ and let $f$ be a program without slopes; $h$ is any smooth function. Then
#
# $$\hat g = \big(f(z) - h(z)\big)\,\frac{d}{d\phi}\log q_\phi(z) + \frac{d}{d\phi} h(\phi + \epsilon)$$
#
# is unbiased for **every** $h$: the score of $h$ and the path of $h$ have the same mean, $\frac{d}{d\phi}\mathbb E h$. Only the difference $f - h$ is left to the noisy score. (W. Grathwohl and his co-authors, 2018, call it LAX.) Take $f(z) = \lfloor z \rfloor$ and $h(z) = z - \tfrac12$, whose path derivative is 1:

# %%
phi, eps = 0.3, torch.randn(50_000, generator=seeded(5), dtype=DOUBLE)
z = phi + eps
whole = torch.arange(-9.0, 10.0, dtype=DOUBLE)                  # each jump of floor counts once
right = torch.exp(-0.5 * (whole - phi).square()).sum().item() / math.sqrt(2 * math.pi)
alone = z.floor() * eps
helped = (z.floor() - (z - 0.5)) * eps + 1.0
compare("score function", alone, right)
compare("with a smooth stand-in as control variate", helped, right)
print(f"variances {alone.var():.3f} and {helped.var():.3f}")
assert alone.var() > 15 * helped.var()

# %% [markdown]
# For bits the stand-in is the bent coin, $h(s) = \log w$ at $\sigma(s/\tau)$, and there is a catch. The score belongs to $z$: it tells how the *probability of each side* changes. But $h$ reads $s$, which knows more than $z$. When $l$ moves, probability flows across zero, and it also flows *within* each side; the path of $h(s)$ sees both, the score of $z$ only
# the first. The two means no longer agree.
#
# **REBAR** (G. Tucker and his co-authors, 2017) repairs this with a second perturbed logit. Once $z$ is known, draw $s'$ anew *on the side of $z$*, and subtract $h(s')$ from the reward. It is as good a stand-in as $h(s)$, since given $z$ the two have the same distribution. And what the score makes of it can be paid back by two paths: that of $s$, which flows across and within, and that of $s'$, which only flows within. With which signs,
# and with which coefficient $\eta$ in front, is an exercise.

# %%
spot = torch.linspace(-6, 7, 400, dtype=DOUBLE)
show(figures.two_sides(spot, torch.exp(logsigmoid(spot - 0.8) + logsigmoid(0.8 - spot)), 1.1, 3.0),
     alt="The density of the perturbed logit s, with a line at zero: left of it z is 0, right of it z is 1. A dot s on the right has been drawn from the whole density. A second dot, s prime, is drawn from the shaded part on the right of zero alone, the side of z.")

# %%
for temperature, eta in ((0.5, 1.0), (0.1, 1.0), (2.0, -3.0)):
    bias, variance, t = errors_of(Rebar(temperature, eta).double()).T
    print(f"REBAR, temperature {temperature}, eta {eta:4.1f}: largest |t| {t.max():.1f}, "
          f"variance {variance.mean():7.1f}")
    assert t.max() < 4.5

# %% [markdown]
# Unbiased for every temperature and every coefficient, sensible or not; only the variance depends on them. Then they can be *learned*: since the mean does not depend on them, the gradient of the variance is that of the mean square, $\nabla\,\mathbb E\,\hat g^2$, and one sample of $\hat g$ estimates it. **RELAX** (Grathwohl and his co-authors) adds
# to $h$ a small network that may learn whatever the relaxation has missed. We let one of each learn for 400 steps at the $q$ under way.

# %%
def learned(estimator, steps=400):
    """An estimator whose own parameters have followed the gradient of its variance."""
    climber, source = torch.optim.Adam(estimator.parameters(), lr=0.02), seeded(0)
    q, rows = BernoulliMeanField(6, under_way.expand(20, 8, 6)), x.expand(20, 8, 64)
    for _ in range(smoke_cap(steps)):
        climber.zero_grad()
        (-estimator(p, q, rows, generator=source).sum()).backward()
        climber.step()
    return estimator.requires_grad_(False)


torch.manual_seed(0)                                           # weights come from the global stream
network = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
rebar, relax = learned(Rebar(0.5).double()), learned(Relax(network, 0.5).double())

# %%
errors |= {"REBAR at first": errors_of(Rebar(0.5).double()), "REBAR": errors_of(rebar),
           "RELAX": errors_of(relax)}
for name in ("REBAR at first", "REBAR", "RELAX"):
    (_, variance, _), (_, error, _) = mean_of(errors[name])
    worst = errors[name][:, 2].max()
    print(f"{name:14s} variance {variance:5.2f} ± {error:.2f}, largest |t| {worst:.1f}")
    assert worst < 4.5
print("learned:", rebar)
quieter = (errors["REBAR"] / errors["REBAR at first"])[:, 1].log()
claim("this REBAR has learned to be quieter", quieter, sign=-1)
claim("this RELAX is quieter still", (errors["RELAX"] / errors["REBAR"])[:, 1].log(), sign=-1)

# %% [markdown]
# ## 7. Opposite pairs
#
# Bits allow something simpler, without slopes and with nothing to learn. One uniform number gives two exact samples, $z$ from $u$ and $z'$ from $1 - u$, as different from each other, bit by bit, as two exact samples can be. M. Yin and M. Zhou (2019) credit each bit with the difference of the two rewards, times how far $u$ was from a half:
#
# $$\hat g_d = \big(\log w(z) - \log w(z')\big)\,\big(u_d - \tfrac12\big) \qquad \text{(ARM)},$$
#
# with $z_d = 1$ if $u_d > 1 - \sigma(l_d)$. It is unbiased, and a constant in the reward cancels. But given the pair, $u_d$ still varies, and that is noise for nothing. Z. Dong, A. Mnih and G. Tucker (2020) average it out: **DisARM**, a Rao-Blackwellization (unit 05). You derive it in the problem set.

# %%
def arm(p, q, x, num_samples=2, generator=None, **_):
    shape = (num_samples // 2, *q.logits.shape)
    u = torch.rand(shape, generator=generator, dtype=DOUBLE)
    z = (torch.cat([u, 1 - u]) > 1 - q.logits.sigmoid()).double()
    log_w = (p.log_joint(x, z) - q(x, z)).detach()
    one, other = log_w.chunk(2)
    credit = ((one - other).unsqueeze(-1) * (u - 0.5)).mean(0)
    return (credit * q.logits).sum(-1)


# %%
leave_one_out = partial(score_function, baseline="leave_one_out")
pairs = {"leave-one-out": leave_one_out, "ARM": arm, "DisARM": disarm}
errors |= {name: errors_of(way, K=2) for name, way in pairs.items()}
for name in pairs:
    _, variance, t = errors[name].T
    print(f"{name:14s} largest |t| {t.max():.1f}, variance with two samples {variance.mean():6.2f}")
    assert t.max() < 4.5
claim("DisARM is quieter than ARM", (errors["DisARM"] / errors["ARM"])[:, 1].log(), sign=-1)
quieter = (errors["DisARM"] / errors["leave-one-out"])[:, 1].log()
claim("and than leave-one-out", quieter, sign=-1)

# %% [markdown]
# ## 8. At equal cost
#
# An estimator with half the variance at three times the cost is no bargain. We count evaluations of $\log p$. A sample of the score function asks for one, a pair for two, REBAR for three (at $z$, $\tilde z$ and $\tilde z'$), and the relaxed ones need slopes as well, which we do not count.
#
# > **Predict 6.** The variance of one gradient at the $q$ under way, times its evaluations. Which of these unbiased ones comes out lowest?

# %%
predict("07_6", choices=["RELAX, having learned", "DisARM", "leave-one-out"])

# %%
class Counted(Wavy):
    """Counts the evaluations of log p, for each datum."""

    asked = 0

    def log_factors(self, x, z):
        self.asked += len(z)
        return self.p.log_factors(x, z)


ways |= {"score function": score_function, "leave-one-out": leave_one_out, "DisARM": disarm,
         "REBAR": rebar, "RELAX": relax}
samples, cost = {"leave-one-out": 2, "DisARM": 2}, {}
for name, way in ways.items():
    counted = Counted(p, 0.0)
    replicates(way, 0, R=1, K=samples.get(name, 1), p=counted)
    cost[name] = counted.asked

# %%
errors["score function"] = errors_of(score_function)
print("                          squared bias       variance  evaluations  variance x evaluations")
for name in sorted(cost, key=lambda name: -errors[name][:, 1].mean() * cost[name]):
    (bias, variance, _), (bias_error, error, _) = mean_of(errors[name])
    seen = f"{bias:.3f} ± {bias_error:.3f}" if errors[name][:, 2].max() > 4.5 else "none seen"
    print(f"{name:24s} {seen:>13s}  {variance:7.2f} ± {error:5.2f}  {cost[name]:8d}"
          f"  {variance * cost[name]:15.0f} ± {error * cost[name]:.0f}")
price = {name: (errors[name][:, 1] * cost[name]).log() for name in cost}
claim("RELAX is cheaper than DisARM", price["RELAX"] - price["DisARM"], sign=-1)
claim("DisARM is cheaper than leave-one-out", price["DisARM"] - price["leave-one-out"], sign=-1)

# %%
biased, unbiased = errors["Gumbel-softmax"], errors["RELAX"]
for spent, sign, word in ((10, -1, "ahead of"), (1000, +1, "behind")):
    ratio = (biased[:, 0] + biased[:, 1] / spent) / (cost["RELAX"] * unbiased[:, 1] / spent)
    claim(f"with {spent} evaluations Gumbel-softmax is {word} RELAX", ratio.log(), sign=sign)
shown = {name: values.mean(0) for name, values in errors.items() if name in figures.COLOURS}
show(figures.budgets(torch.logspace(0, 4, 60, dtype=DOUBLE), shown, cost),
     alt="Mean squared error of a gradient over the evaluations of log p that are spent, on log axes. Five unbiased estimators are parallel lines: the score function highest, then leave-one-out, DisARM, REBAR and RELAX close together. Gumbel-softmax and "
         "straight-through start below all of them and level off at their squared bias.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_6", "RELAX, having learned")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# RELAX, in spite of its three evaluations. Its learning, 24,000 evaluations for each image, is not counted.
#
# </details>
#
# The lines that level off in the figure are the whole story of relaxations. With few evaluations for each gradient (here, up to about 130) the bent coin is ahead of all that are unbiased. At any fixed temperature, from some budget on, it is behind, for ever.
#
# ### Aside: by the second
#
# An evaluation is not a second. RELAX differentiates $\log p$ along two paths; DisARM never differentiates it in $z$.

# %%
def seconds(name, R=500):
    start = time.process_time()
    replicates(ways[name], 0, R=R, K=samples.get(name, 1))
    return time.process_time() - start


timed = torch.tensor([[seconds(name) for name in ("RELAX", "DisARM")] for _ in range(7)])[2:].log()
longer = timed[:, 0] - timed[:, 1]
lead = (errors["DisARM"] / errors["RELAX"])[:, 1].mean()
print(f"RELAX takes {longer.mean().exp():.2f} times the time of DisARM (3/2 by evaluations)")
print(f"variance x cost, DisARM over RELAX: by evaluations {lead * 2 / 3:.2f}, "
      f"by seconds on this machine {lead * (-longer.mean()).exp():.2f}")

# %% [markdown]
# What the seconds say depends on the machine and the model: on yours they may be others. State what you count.
#
# ### What the bias costs
#
# A climb averages over its steps, if they become small (unit 05). So let us begin at the top, at the best $q$ of each image, and see who stays. Adam, at a rate that falls from 0.05 to 0.0025 in 300 steps, and six evaluations a step for everyone; five runs each, all as rows of one batch.
#
# > **Predict 7.** After 300 steps, where are leave-one-out and straight-through?

# %%
predict("07_7", choices=[
    "both at the top again",
    "leave-one-out at the top, straight-through more than half a nat below",
    "both more than half a nat below"])

# %%
runs = 5
batch = x.repeat(runs, 1)                                       # five runs in one
top = exact_elbo(best, x).mean()
slower = partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.99)


def from_the_top(way, K, steps=300, schedule=slower):
    """How far the exact ELBO is below the top every ten steps, for each run: (steps / 10, runs)."""
    q = BernoulliMeanField(6, best.repeat(runs, 1))

    def look(step, _):
        if (step + 1) % 10:
            return None
        return (top - exact_elbo(q.logits.detach(), batch)).view(runs, -1).mean(1)

    history = fit(p, q, batch, way, steps, num_samples=K, learning_rate=0.05, seed=0,
                  schedule=schedule, callback=look, progress=False)
    return torch.stack(history.records)


# %%
names = ("leave-one-out", "DisARM", "REBAR", "Gumbel-softmax", "straight-through")
below = {name: from_the_top(ways[name], 2 if name == "REBAR" else 6) for name in names}
for name, each in below.items():
    (mean, error), half = mean_of(each[-1]), each[len(each) // 2 - 1].mean()
    print(f"{name:17s} nats below the top: after 150 steps {half:.4f}, "
          f"after 300 {mean:.4f} ± {error:.4f}")
for name in ("leave-one-out", "DisARM", "REBAR"):
    claim(f"{name} ends within a twentieth of a nat", below[name][-1] - 0.05, sign=-1)
claim("Gumbel-softmax does not", below["Gumbel-softmax"][-1] - 0.05, sign=+1)
claim("REBAR ends below leave-one-out", below["REBAR"][-1] - below["leave-one-out"][-1], sign=+1)
claim("straight-through ends more than half a nat below",
      below["straight-through"][-1] - 0.5, sign=+1)

# %%
show(figures.at_the_top(10 * torch.arange(1, len(below["REBAR"]) + 1), below),
     alt="How far the exact ELBO is below the top over 300 steps, five runs a method. Straight-through rises steadily to between 0.8 and 1 nat, and is still rising. Gumbel-softmax levels off at about 0.11. REBAR, leave-one-out and DisARM lie along zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("07_7", "leave-one-out at the top, straight-through more than half a nat below")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# Leave-one-out is at the top: what noise does to it is undone as the steps become small. Straight-through has a mean gradient that is not zero there. It walks away, and so does Gumbel-softmax, less far. Smaller steps only make them walk more slowly: where the figure ends they have not arrived (the next aside).
#
# </details>
#
# The order of the table above does not hold here: our REBAR, which learned at another $q$, ends a little lower than leave-one-out. A comparison at one $q$ need not hold at another.
#
# **Play.** In section 3, let $q$ climb for 3 steps instead of 15, or for 60, and run the page again from there. Which claims stop you?
#
# So: where the budget is small, or where a gradient that points roughly uphill is all that is needed, bend the coin, warm at first, and cool it down on the way (the aside measures what that brings). Where the result must be the optimum of *your* bound, take pairs, or a control variate. And where sums over states are affordable, sum: no estimator above is as good as the enumeration that judged it.
#
# **Reflect.** A colleague reports that her model with discrete latents reaches a higher bound with Gumbel-softmax at temperature 1 than yours with DisARM. What would you ask?
#
# <details><summary>An answer</summary>
#
# How the bound was computed. If from relaxed samples, it is no bound of the model (section 4), and comparing says nothing. Ask for the same $q$ judged by hard samples.
#
# </details>
#
# ### Aside: where they settle
#
# Did those two come to rest, or only their steps? The same climbs from the top, at a rate of 0.05 throughout.

# %%
for name in ("leave-one-out", "Gumbel-softmax", "straight-through"):
    settled = from_the_top(ways[name], 6, 600, schedule=None)
    half, end = settled[len(settled) // 2 - 1], settled[-1]
    (mean, error), before = mean_of(end), half.mean()
    print(f"{name:17s} nats below the top: after 300 steps {before:.4f}, "
          f"after 600 {mean:.4f} ± {error:.4f}")
    if name != "leave-one-out":
        claim(f"{name} goes further than with small steps", end - below[name][-1], sign=+1)

# %% [markdown]
# It was the steps. Kept at it, Gumbel-softmax settles about 0.17 nats below the top and straight-through about 1.5. Noise alone, which is all that leave-one-out has, does not do that.
#
# ### Aside: cooling
#
# Since the best temperature fell with the number of samples (section 3), and a climb collects samples, it is natural to let it fall during the climb. From $l = 0$, with six samples a step and the rate from 0.1 to 0.005 in 300 steps: warm all the way, cold all the way, and from the one to the other.

# %%
def climb_cooling(warm, cold, steps=300):
    """How far below the top a climb from l = 0 ends, for each run; the temperature falls from warm to cold."""
    q, now = BernoulliMeanField(6, torch.zeros_like(best).repeat(runs, 1)), [0]

    def way(*arguments, **settings):
        tau = warm * (cold / warm) ** (now[0] / steps)
        return gumbel_softmax(*arguments, temperature=tau, **settings)

    fit(p, q, batch, way, steps, num_samples=6, learning_rate=0.1, seed=0, schedule=slower,
        callback=lambda step, _: now.__setitem__(0, step), progress=False)
    return (top - exact_elbo(q.logits.detach(), batch)).view(runs, -1).mean(1)


# %%
ends = {"1 all the way": climb_cooling(1.0, 1.0), "0.1 all the way": climb_cooling(0.1, 0.1),
        "from 1 to 0.1": climb_cooling(1.0, 0.1)}
for name, values in ends.items():
    mean, error = mean_of(values)
    print(f"temperature {name:16s} ends {mean:.3f} ± {error:.3f} nats below the top")
for name in ("1 all the way", "0.1 all the way"):
    claim(f"cooling ends higher than {name}", ends["from 1 to 0.1"] - ends[name], sign=-1)

# %%
def enumerated(p, q, x, *_, **settings):
    """The exact ELBO where an estimate is expected."""
    return exact_elbo(q.logits, x)


q = BernoulliMeanField(6, torch.zeros_like(best))
fit(p, q, x, enumerated, 300, learning_rate=0.1, seed=0, schedule=slower, progress=False)
exactly = (top - exact_elbo(q.logits.detach(), x).mean()).item()
print(f"with exact gradients, and the same steps, it ends {exactly:.3f} nats below the top")
claim("cooling ends lower than exact gradients", ends["from 1 to 0.1"] - exactly, sign=+1)

# %% [markdown]
# None of the three reaches the top within 300 steps, and the one that cools comes nearest. Much of what is missing is not the coin's fault: exact gradients, on the same steps, end 0.26 nats below. They are on their way, for the top itself was found from $l = 0$ (section 3); the steps become small too soon. What bending adds to that is 0.12 nats with cooling, 0.18 warm, and almost a half cold.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | a relaxed value reported as the ELBO | a "bound" that may exceed $\log p(x)$ | hard samples, enumeration |
# | `uniform` that may be exactly 0 or 1 | infinite noise, a gradient that is not a number | a hundred million draws in single precision |
# | Gumbel noise with one logarithm, or with a sign lost | categories with wrong frequencies | counting argmaxes, of three categories or more |
# | one Gumbel number for all categories | the favourite always wins | counting argmaxes |
# | temperature multiplied instead of divided | cold and warm exchanged | the limit of small $\tau$ |
# | hard samples believed to make the gradient unbiased | a climb that rests in the wrong place | enumeration |
# | an estimator judged at one $q$ alone | it looks better, or worse, than it is | several, with unequal logits |
# | variance compared per sample | the one with three evaluations wins too easily | variance times cost |
# | a control variate that knows more than the score, not paid back in full | a bias, often a small one | the mean against enumeration |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | relaxed bits | `gradients.relaxations.relaxed` | `torch.distributions.RelaxedBernoulli` |
# | relaxed categories | the same, for a `OneHotVector` | `torch.distributions.RelaxedOneHotCategorical`, `torch.nn.functional.gumbel_softmax` |
# | the path through them | `gradients.gumbel_softmax` | a guide that samples one of these, with Pyro's `Trace_ELBO`; but it scores the guide by its *density* (section 4) |
# | straight-through, mean going back | `gradients.straight_through` | `OneHotCategoricalStraightThrough` of `torch.distributions` |
# | straight-through Gumbel | `straight_through(temperature=...)` | `gumbel_softmax(hard=True)`; Pyro's `RelaxedBernoulliStraightThrough` |
# | REBAR, RELAX | `gradients.Rebar`, `gradients.Relax` | |
# | DisARM | `gradients.disarm` | |
# | enumeration | `exact.expected_bound` | Pyro's `TraceEnum_ELBO` |
#
# | estimator | asks of the model | gradient | value |
# |---|---|---|---|
# | score function, leave-one-out | values at states | exact on average | a bound |
# | DisARM | values at states; bits only | exact on average | a bound |
# | REBAR, RELAX | values and slopes between states (RELAX with its network alone: values at states) | exact on average | a bound |
# | Gumbel-softmax | values and slopes between states | of another objective | of another objective |
# | straight-through | slopes at states | biased | a bound |
#
# ## What to remember
#
# 1. A category is an argmax of logits plus Gumbel noise; a bit is the sign of a logit plus logistic noise. Who wins tells nothing about when.
# 2. A relaxation replaces the step by a sigmoid, the argmax by a softmax. Rounding it gives the exact sample back; averaging it does not give the probability.
# 3. Cold coins are noisy, warm ones wrong; where the bias grows with the temperature, the best temperature falls with the number of samples.
# 4. The relaxed value belongs to another problem. Judge by hard samples.
# 5. Straight-through credits a bit with a slope where the truth is a difference. Its value is right, its gradient need not be.
# 6. What is subtracted and paid back in full leaves no bias: REBAR and RELAX. Opposite pairs leave none either, and need no slopes.
# 7. Noise averages out along a climb. A bias does not.
#
# **Next**: [the problem set](../notebooks/07_discrete_relaxations/07_discrete_relaxations.ipynb); then [unit 08, variational families](08_variational_families.ipynb).
#
# ## Further reading
#
# - C. J. Maddison, A. Mnih, Y. W. Teh. *The concrete distribution: a continuous relaxation of discrete random variables.* International Conference on Learning Representations, 2017.
# - E. Jang, S. Gu, B. Poole. *Categorical reparameterization with Gumbel-softmax.* International Conference on Learning Representations, 2017.
# - C. J. Maddison, D. Tarlow, T. Minka. *A\* sampling.* Advances in Neural Information Processing Systems 27, 2014. Gumbel noise, from the top down.
# - Y. Bengio, N. Léonard, A. Courville. *Estimating or propagating gradients through stochastic neurons for conditional computation.* arXiv 1308.3432, 2013. Straight-through.
# - G. Tucker, A. Mnih, C. J. Maddison, D. Lawson, J. Sohl-Dickstein. *REBAR: low-variance, unbiased gradient estimates for discrete latent variable models.* Advances in Neural Information Processing Systems 30, 2017.
# - W. Grathwohl, D. Choi, Y. Wu, G. Roeder, D. Duvenaud. *Backpropagation through the void: optimizing control variates for black-box gradient estimation.* International Conference on Learning Representations, 2018. LAX and RELAX.
# - M. Yin, M. Zhou. *ARM: augment-REINFORCE-merge gradient for stochastic binary networks.* International Conference on Learning Representations, 2019.
# - Z. Dong, A. Mnih, G. Tucker. *DisARM: an antithetic gradient estimator for binary latent variables.* Advances in Neural Information Processing Systems 33, 2020.
# - S. Mohamed, M. Rosca, M. Figurnov, A. Mnih. *Monte Carlo gradient estimation in machine learning.* Journal of Machine Learning Research 21(132), 2020.

# %%
tally("07")
