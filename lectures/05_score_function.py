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
# # 05 · The score function
#
# The ELBO of unit 03 is an average over samples of $q_\phi$, and $\phi$ sits in the distribution that is sampled. How does one climb an average when each sample is a coin toss, a count, a tree,
# or the output of a program that nobody can differentiate? There is one method that asks for almost nothing: **differentiate the probability of the sample, and leave the sample alone.** It is called the
# *score function* estimator, *REINFORCE*, or the *likelihood-ratio* method. It works wherever we can sample $q_\phi$ and differentiate $\log q_\phi$ in $\phi$ (nearly: section 4). Its price is noise, sometimes so much that it is useless. This unit is about the
# price, and about four ways to pay less: a constant, the other samples, the structure of the model, and small steps.
#
# **After this unit you can**
#
# - derive the score function estimator, say what it needs, and recognise where it is wrong,
# - predict how its variance grows with the dimension, with and without each remedy,
# - choose a baseline, and tell a baseline that is free from one that must be paid back,
# - drop from a reward all factors that a latent does not touch, and say when that can backfire,
# - choose step sizes by the conditions of Robbins and Monro, and predict the rate that they give,
# - put all this together as black-box variational inference, with a model that learns, too.
#
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 7 minutes more. The whole page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p_\theta(x, z)$; a family gives a density $q_\phi(z)$ that we may sample. The **ELBO** is $\mathcal L = \mathbb E_{q_\phi}[\log w]$ with
# >   $\log w = \log p_\theta(x, z) - \log q_\phi(z)$, and $\log p_\theta(x) - \mathcal L = \mathrm{KL}(q_\phi \,\|\, p_\theta(z \mid x)) \ge 0$ (unit 03).
# > - A **mean-field** family makes the latents independent: $q(z) = \prod_i q_i(z_i)$. A **Markov blanket** of $z_i$: given it, $z_i$ is independent of the rest (unit 01).
# > - **The toy**: $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$; the posterior is $N(x/2, 1/2)$.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error beside the exact value, with $t$ = (estimate - exact) / standard error, its z-score. Beyond $|t| = 4.5$
# >   something is wrong, and the cell stops; below, nothing has been shown to be wrong. A sentence that compares two methods is held to five seeds or more by `claim`.

# %%
import math
from functools import partial
from itertools import groupby

import torch
from torch.distributions import Bernoulli, Normal
from torch.nn.functional import logsigmoid

# %%
from course_vi.data import digits
from course_vi.diagnostics import claim
from course_vi.exact import enumerate_binary, gauss_hermite
from course_vi.families import BernoulliMeanField
from course_vi.gradients import LearnedBaseline, RunningMean, rao_blackwellized, score_function
from course_vi.learning import fit, smoke_cap
from course_vi.models import Model
from course_vi.plots import lecture_05 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def normals(*shape, seed):
    return torch.randn(*shape, generator=seeded(seed), dtype=DOUBLE)


# %%
def mean_of(g):
    """Mean over the first axis, and its standard error."""
    return g.mean(0), g.std(0) / len(g) ** 0.5


def compare(what, draws, exact):
    mean, error = mean_of(draws)
    t = (mean - exact) / error
    print(f"{what:40s} {mean:9.4f} ± {error:.1e}   exact {exact:9.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


# %% [markdown]
# ## 1. Differentiate the probability
#
# We want $\nabla_\phi\, \mathbb E_{q_\phi}[f(z)]$. Write the average as a sum (or an integral), and use $\nabla q = q\, \nabla\log q$, which is all that the chain rule says about a logarithm:
#
# $$\nabla_\phi \sum_z q_\phi(z)\, f(z) = \sum_z \nabla_\phi q_\phi(z)\, f(z) = \sum_z q_\phi(z)\, f(z)\, \nabla_\phi\log q_\phi(z) = \mathbb E_{q_\phi}\big[f(z)\, s(z)\big], \qquad s(z) = \nabla_\phi \log q_\phi(z).$$
#
# The right-hand side is an average again, so one sample gives an unbiased estimate: draw $z$, look at its **reward** $f(z)$, and multiply by the **score** $s(z)$. A positive reward pulls $\phi$ to where the sample
# would have been more likely, the harder the higher it is; a negative one pushes $\phi$ away. Nobody asks how $f$ came about.
#
# Two scores that we shall use all the time: for a bit with logit $l$ and $p = \mathrm{sigmoid}(l)$, the score of $l$ is $z - p$. For $N(m, \sigma^2)$ with $z = m + \sigma\epsilon$ the score of $m$ is $\epsilon/\sigma$.
# (Here $s$ is the score; the scale of a Gaussian is $\sigma$.)
#
# Two facts. **The score has mean zero**: put $f = 1$, and the left-hand side is the slope of the constant 1. **Its variance is the Fisher information** of $\phi$, by definition: $p(1 - p)$ for a logit, $1/\sigma^2$ for a mean.
#
# For the ELBO, $f = \log w$ depends on $\phi$ itself. The product rule adds $\mathbb E[\nabla_\phi \log w(z)]$ at fixed $z$; that is $-\mathbb E[s] = 0$, the naive gradient of unit 03. So the formula stands as it is, with $\log w$ as the reward.
#
# Let us try it on something without any slope. Six independent bits, and $f(z)$ is the number of runs of equal bits, counted by Python. With 64 states the exact gradient is a finite sum.

# %%
def runs(z):
    """How many runs of equal bits each row has: a program, not a formula."""
    return torch.tensor([float(len(list(groupby(row)))) for row in z.tolist()], dtype=DOUBLE)


q = BernoulliMeanField(6, torch.tensor([1.0, -0.5, 0.3, 0.8, -1.0, 0.2], dtype=DOUBLE))
average = (q(None, q.states()).exp() * runs(q.states())).sum()          # over all 64 states
exact, = torch.autograd.grad(average, q.logits)
z = q.sample(20_000, generator=seeded(0))
with torch.no_grad():
    score = z - q.logits.sigmoid()
for bit in range(6):
    compare(f"slope of the mean in logit {bit}", runs(z) * score[:, bit], exact[bit].item())

# %% [markdown]
# > **Predict 1.** Now let the reward be the constant $f(z) = 1000$, on one fair bit. Its average does not depend on $q$ at all. What are the mean and the variance of the estimate?

# %%
predict("05_1", choices=[
    "mean 0, variance 0",
    "mean 0, variance 250,000",
    "mean 1,000, variance 0"])

# %%
coin = torch.bernoulli(torch.full((50_000,), 0.5, dtype=DOUBLE), generator=seeded(1))
estimates = 1000.0 * (coin - 0.5)
compare("gradient of the logit, f = 1000", estimates, 0.0)
print(f"variance of one estimate: {estimates.var().item():,.0f}")

# %%
# Run this cell to compare it with your prediction.
reveal("05_1", "mean 0, variance 250,000")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# The mean is $1000\,\mathbb E[s] = 0$, as it must be. The variance is $1000^2$ times the Fisher information $\tfrac14$. A constant says nothing about which way to go, and the estimator multiplies it by noise all the same.
#
# </details>
#
# ## 2. What is free: a constant
#
# Since $\mathbb E[s] = 0$, we may subtract any constant $\beta$ from the reward: $\mathbb E[(f - \beta)\,s] = \mathbb E[f s]$. Such a $\beta$ is called a **baseline**. The mean stays where it is, and the variance is a parabola in $\beta$, because the estimate is linear in it.
# Where is its lowest point? Not necessarily at the mean reward. What is squared and averaged is $(f - \beta)^2 s^2$, so samples with a large score count for more, and the best constant is an average of the reward in which every sample weighs as much as its squared score. It may differ from parameter to parameter.
#
# Left below: the toy at $x = 2$ with $q = N(0.5, 0.8^2)$ and reward $\log w$; we look at the gradient of $m$. Right: one bit with $p = 0.8$ and rewards $f(0) = -1$, $f(1) = 1$. The curves are sums, over Gauss-Hermite points and over two states; the dots are measured.
#
# > **Predict 2.** How far down can the best constant take the variance for *one bit*, compared with no baseline?

# %%
predict("05_2", choices=["to a half", "to zero", "to a tenth"])

# %%
def toy_reward(z, m=0.5, scale=0.8):
    log_p = Normal(0, 1).log_prob(z) + Normal(z, 1).log_prob(torch.tensor(2.0))
    return log_p - Normal(m, scale).log_prob(z)


def variance(values, weights):
    """Of an estimate that takes these values with these probabilities."""
    return weights @ (values - weights @ values).square()


# %%
chance_of_one, rewards = 0.8, torch.tensor([-1.0, 1.0], dtype=DOUBLE)      # the bit: play with these
eps, weights = gauss_hermite(64)
bit = torch.tensor([0.0, 1.0], dtype=DOUBLE)
chances = torch.tensor([1 - chance_of_one, chance_of_one], dtype=DOUBLE)
problems = {"A Gaussian: noise remains": (toy_reward(0.5 + 0.8 * eps), eps / 0.8, weights),
            "A bit: at the best constant, none": (rewards, bit - chance_of_one, chances)}
noise = normals(20_000, seed=2)
tosses = torch.bernoulli(torch.full_like(noise, chance_of_one), generator=seeded(2))
drawn = [(toy_reward(0.5 + 0.8 * noise), noise / 0.8),
         (rewards[tosses.long()], tosses - chance_of_one)]
ranges = [(-6.0, 1.0), (rewards.min().item() - 1.0, rewards.max().item() + 0.5)]

# %%
panels, measured = [], []
for (title, exact), ends, (reward, score) in zip(problems.items(), ranges, drawn, strict=True):
    f, s, chance = exact
    beta, mean = torch.linspace(*ends, 141, dtype=DOUBLE), chance @ f
    curve = torch.stack([variance((f - constant) * s, chance) for constant in beta])
    panels.append((title, beta, curve, mean.item()))
    g = (reward[:, None] - beta[10::30]) * score[:, None]
    measured.append((beta[10::30], *mean_of((g - g.mean(0)).square())))
    print(f"{title:34s} no baseline {variance(f * s, chance):.3f}, mean reward "
          f"{variance((f - mean) * s, chance):.3f}, best constant {curve.min():.4f}")
by_hand = 2 + 1.5 * 0.4375**2 * 0.8**2
lowest, highest = panels[1][2].min(), panels[1][2].max()
assert abs(panels[0][2].min() - by_hand) < 0.01 and lowest < 1e-4 * highest      # zero, on a grid
show(figures.parabolas(panels, measured),
     alt="Two parabolas: variance of the score function over a constant baseline, with measured dots on them. Left, a Gaussian: at no baseline the variance is near 15; the lowest point is near 2, a little to the left of "
         "the mean reward. Right, a bit: the parabola touches zero at a negative constant; the mean reward lies on the other side of no baseline, higher up on the parabola.")

# %%
# Run this cell to compare it with your prediction.
reveal("05_2", "to zero")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# To zero. A bit has two outcomes, so the estimate has two values; one free constant is enough to make them equal, and then a single sample gives the exact gradient. A Gaussian has a continuum of outcomes, and one constant cannot make them all agree. And look
# where the mean reward is on the right: on the wrong side. It is the obvious baseline, and for this bit it is worse than none. Which constant it should have been, and what is left of the miracle with $D$ bits, is worth working out before you open the problem set.
#
# </details>
#
# **Play.** Change `chance_of_one` and the two `rewards` of the bit. Where is the mean reward the best constant, though the two rewards differ?
#
# On the left the curve can also be had by hand. Where $f$ is a quadratic with slope $c$ and curvature $a$ at the centre of $q$ and height $f_0$ there, the best constant for $m$ is $f_0 + \tfrac32 a\sigma^2$, and it leaves the variance $2c^2 + \tfrac32 a^2\sigma^2$ (unit 06 derives both). Here $c = 1$ and $a = -0.4375$: 2.184.
#
# At $q$ = posterior the reward $\log w$ *is* a constant, $\log p(x)$. Without a baseline the noise is then $\log^2 p(x)$ times the Fisher information; with the right constant it is gone.
#
# Here are the samples at work. They appear, each with its weight, reward less baseline times score, and vanish; the mean of $q$ moves as the mean of the weights says. Its width moves as well, by the score of $\log\sigma$, which is not drawn.

# %%
m, scale, beta, path, draws = -2.0, 1.3, -11.0, [], []
for frame in range(12):
    eps = normals(12, seed=40 + frame)
    reward = toy_reward(m + scale * eps, m, scale)
    weight = (reward - beta) * eps / scale
    path.append((m, scale))
    draws.append((m + scale * eps, weight))
    wider = ((reward - beta) * (eps**2 - 1)).mean().item()     # the score of log sigma is eps^2 - 1
    m, scale = m + 0.15 * weight.mean().item(), scale * math.exp(max(-0.2, min(0.2, 0.1 * wider)))
    beta = reward.mean().item()                                 # a baseline for the next step
show_moving(movies.samples_flash(path, draws, (1.0, math.sqrt(0.5)), 0.02),
            alt="A Gaussian q starts on the left, wide, and climbs to the posterior in twelve steps. In each step twelve fresh samples flash below it as bars. Most point up: samples on the right of q with a reward above the baseline, "
                "and samples on its left with a reward below it; q moves to the right by their mean. Near the posterior the bars become small. The tallest are cut off.")

# %% [markdown]
# ### A model to stay with
#
# From here on the latent is a picture of 64 bits. It shows a three, and we see it badly: every pixel is flipped with probability $\theta$, at first 0.2. The prior knows two things, where threes have ink, and that neighbours tend to agree:
#
# $$\log p_\theta(x, z) = \sum_{i \sim j} J\, \zeta_i \zeta_j + \sum_i \big[ h_i\, \zeta_i + \log p_\theta(x_i \mid z_i) \big] - \log Z, \qquad \zeta_i = 2 z_i - 1 .$$
#
# The first sum runs over neighbours on the 8 x 8 grid, $h_i$ comes from the threes in the training set, $J = 0.2$. It is a small Ising model (unit 01), and $q$ is mean field: a logit for each pixel, as one would use where nothing is known about the posterior.

# %%
WIDE, ROWS = 8, enumerate_binary(8).double()                    # all rows of eight pixels, (256, 8)


def neighbours(pixels):
    """Pairs of neighbours on a grid that is eight pixels wide, (E, 2)."""
    at = torch.arange(pixels).view(-1, WIDE)
    sides = (at[:, :-1], at[:, 1:]), (at[:-1], at[1:])
    return torch.cat([torch.stack([a.flatten(), b.flatten()], -1) for a, b in sides])


# %%
def add_up(p, rows):
    """log of a sum over all pictures, row by row; rows: log factors of every row, (height, *B, 256)."""
    spins = 2 * ROWS - 1
    within = p.coupling * (spins[:, 1:] * spins[:, :-1]).sum(-1)
    between = p.coupling * spins @ spins.T
    message = rows[0] + within
    for row in rows[1:]:
        message = (message.unsqueeze(-1) + between).logsumexp(-2) + row + within
    return message.logsumexp(-1)


# %%
class Restoration(Model):
    def __init__(self, ink, coupling=0.2, flip=0.2):
        super().__init__()
        self.ink, self.coupling, self.pairs = ink, coupling, neighbours(len(ink))
        self.latent_dim = self.data_dim = len(ink)
        reads = [*map(tuple, self.pairs.tolist()), *((d,) for d in range(len(ink))), ()]
        self.scopes = {str(pixels): pixels for pixels in reads}   # which pixels each factor reads
        self.flip = torch.nn.Parameter(torch.tensor(flip, dtype=DOUBLE).logit())
        self.constant = -add_up(self, ink.view(-1, 1, WIDE) @ (2 * ROWS - 1).T)[0]     # -log Z

    def log_factors(self, x, z):
        spin, same = 2 * z - 1, x * z + (1 - x) * (1 - z)
        seen = same * logsigmoid(-self.flip) + (1 - same) * logsigmoid(self.flip)
        pairs = self.coupling * spin[..., self.pairs].prod(-1)
        values = torch.cat([pairs, self.ink * spin + seen], -1).unbind(-1)
        return dict(zip(self.scopes, [*values, self.constant], strict=True))


# %% [markdown]
# Two things can be had exactly. The evidence is a sum over $2^{64}$ pictures, but it can be done row by row, with 256 states a row. And the ELBO needs no sampling here: given the other pixels every factor is linear in each bit, so its mean under a
# mean-field $q$ is its value at the probabilities. We use both as judges and never as help. The estimators see nothing but samples.

# %%
def log_evidence(p, x):
    same = x.view(len(x), -1, WIDE) @ ROWS.T + (1 - x).view(len(x), -1, WIDE) @ (1 - ROWS).T
    seen = same * logsigmoid(-p.flip) + (WIDE - same) * logsigmoid(p.flip)
    prior = p.ink.view(-1, 1, WIDE) @ (2 * ROWS - 1).T
    return add_up(p, seen.transpose(0, 1) + prior) + p.constant


def exact_elbo(p, logits, x):
    expected = p.log_joint(x, logits.sigmoid().unsqueeze(0))[0]
    return expected + Bernoulli(logits=logits).entropy().sum(-1)


# %%
images = digits(dtype=DOUBLE)
threes, clean = images.train[images.train_labels == 3], images.test[images.test_labels == 3][:20]
ink = 0.4 * ((threes.sum(0) + 1) / (len(threes) + 2)).logit()
flipped = torch.rand(clean.shape, generator=seeded(3), dtype=DOUBLE) < 0.2
x = (clean - flipped.double()).abs()                            # 20 pictures, (20, 64)

two_rows, some = Restoration(ink[16:32]), x[:3, 16:32]          # 65,536 pictures can be counted
every = enumerate_binary(16).double().unsqueeze(1).expand(-1, 3, -1)
counted = two_rows.log_joint(some, every).logsumexp(0)
away = (counted - log_evidence(two_rows, some)).abs().max().item()
print(f"log evidence row by row against counting all pictures of two rows: {away:.0e}")

# %% [markdown]
# Now baselines, at equal cost: four samples each, at a $q$ that believes what it sees a little ($l_i = 2x_i - 1$). **No baseline.** The **running mean** of the rewards of earlier steps. **Leave-one-out**: each sample is compared with the mean of the *other* samples, which are independent
# of it. And `optimal_constant`: the best constant for each logit, estimated from the other samples. All four are unbiased, since none of the baselines reads the sample that it is subtracted from.

# %%
def replicates(estimator, p, x, R, seed, K=1, logits=None):
    """R independent gradients of the logits of q, at 2 x - 1 or where you say: a row of a batch for each, (R, D)."""
    q = BernoulliMeanField(len(x), (2 * x - 1 if logits is None else logits).expand(R, -1))
    value = estimator(p, q, x.expand(R, -1), K, generator=seeded(seed))
    return torch.autograd.grad(value.sum(), q.logits)[0]


p, three = Restoration(ink), x[0]
remembers = RunningMean(decay=0.9)
replicates(remembers, p, three, 200, seed=99)                   # it has seen rewards before
ways = {"no baseline": score_function, "running mean": remembers.eval(),
        "leave-one-out": partial(score_function, baseline="leave_one_out"),
        "optimal constant": partial(score_function, baseline="optimal_constant")}
noise_of = {name: torch.stack([replicates(way, p, three, 400, seed, K=4).var(0).mean()
                               for seed in range(6)]) for name, way in ways.items()}

# %%
for name, values in noise_of.items():
    mean, error = mean_of(values)
    print(f"{name:17s} variance with K = 4, mean over pixels: {mean:8.2f} ± {error:.2f}")
gain = noise_of["no baseline"] / noise_of["leave-one-out"]
claim("leave-one-out has less than a thirtieth of the variance", gain.log() - math.log(30), sign=+1)
gain = noise_of["leave-one-out"] / noise_of["running mean"]
claim("leave-one-out has a quarter more variance than a running mean, or more",
      gain.log() - math.log(1.25), sign=+1)
excess = noise_of["optimal constant"] / noise_of["leave-one-out"]
claim("a best constant estimated from three samples is noisier than leave-one-out",
      excess.log(), sign=+1)

# %% [markdown]
# The lion's share of the noise was a constant. Leave-one-out takes it out without any memory and with nothing to tune; a mean of three samples is itself noisy, which costs about a third here, and a running mean with its longer memory hardly is. But a running mean is one number for everything: it lags behind while $q$ moves, and it cannot suit each picture of a batch whose
# pictures have different rewards (the aside at the end of section 6). The best constant is by definition no worse than any other; estimated from three samples it is.
#
# A constant is *free*. Anything else that we subtract has a mean, and must be paid back.
#
# ### Aside: control variates
#
# The general tool is older than variational inference. To estimate $\mathbb E[g]$ with less noise, take an $h$ that is correlated with $g$ and has a **known** mean, and use $g - c\,(h - \mathbb E h)$, for any $c$. For a constant baseline $h$ is the score, with mean zero. A baseline that is linear in the
# noise, $\beta_0 + \beta_1\epsilon$, follows the reward more closely; but for $m$ its product with the score has the mean $\mathbb E[\beta_1\epsilon\cdot\epsilon/\sigma] = \beta_1/\sigma$, which has to be added back.
#
# And the coefficient? One would fit it to the samples one has, by least squares. Then $c$ is no longer independent of them, and the estimate is **biased**. How much? To first order in $1/K$ the bias is
# $-\frac1K\, \mathbb E[e\,h^2] / \mathbb E[h^2]$, with $e = g - \mathbb E g - c\,h$ what the best fit leaves over (here $\mathbb E h = 0$). It vanishes if $g$ and $h$ are jointly Gaussian. For a skewed $f$ it does not: $q = N(0, 1)$, $f(z) = e^{z/2}$, gradient of $m$.

# %%
def fitted(K, R=100_000):
    """R estimates of d/dm E exp(z / 2) from K samples, with a coefficient fitted to the same samples."""
    h = normals(R, K, seed=K)                                   # the score of m at m = 0, sigma = 1
    g = (h / 2).exp() * h
    gc, hc = g - g.mean(1, keepdim=True), h - h.mean(1, keepdim=True)
    c = (gc * hc).sum(1) / hc.square().sum(1)
    return g.mean(1) - c * h.mean(1)


# %%
points, weights = gauss_hermite(64)
g = (points / 2).exp() * points
truth, c = weights @ g, weights @ (g * points)
limit = -(weights @ ((g - truth - c * points) * points**2)).item()
for K in (8, 16, 32, 64):
    mean, error = mean_of(fitted(K) - truth)
    print(f"K = {K:2d}: bias {mean:.4f} ± {error:.4f}, times K {K * mean:.2f} ± {K * error:.2f}"
          f"   (as K grows: {limit:.2f})")
claim("the bias is there with K = 8", (fitted(8) - truth).view(10, -1).mean(1), sign=-1)

# %% [markdown]
# The remedy is the one we know already: fit the coefficient of a sample to the *other* samples. That is what `optimal_constant` does.
#
# ## 3. What the model knows: Rao-Blackwellization
#
# Our reward is a sum of 177 factors less 64 terms of $\log q$, and each pixel is judged by all of them. When a sample has a good left half and a bad right half, every pixel is told the total. Let us take a closer look at the gradient of one logit $l_i$, with a factorized $q$. Split the reward into what reads $z_i$ and
# what does not:
#
# $$\log w = A_i + R_i, \qquad A_i = \sum_{a \ni i} f_a(z) - \log q_i(z_i), \qquad R_i = \sum_{a \not\ni i} f_a(z) - \sum_{j \ne i} \log q_j(z_j) .$$
#
# The score $s_i$ of $l_i$ depends on $z_i$ alone, and $R_i$ on all the others; under $q$ they are **independent**. So $\mathbb E[s_i R_i] = \mathbb E[s_i]\,\mathbb E[R_i] = 0$, and $R_i$ can go:
#
# $$\frac{\partial\mathcal L}{\partial l_i} = \mathbb E_q\big[s_i\,(A_i + R_i)\big] = \mathbb E_q\big[s_i\, A_i\big] .$$
#
# The factors that read $z_i$ also read its neighbours, and in a directed graph its children's other parents; together these form its Markov blanket. The average runs over $z_i$ and the blanket, and over nothing else.

# %%
show(figures.blanket(),
     alt="A 5 by 5 corner of the grid. White circles are pixels of the clean picture, joined to their neighbours by lines; a line leads from each to a shaded circle, the pixel as it is seen. Five lines end at the middle pixel, four from its "
         "neighbours and one from its shaded circle; they are thick and orange. The middle pixel and its four neighbours have orange rims. The rest is grey.")

# %% [markdown]
# > You will read: "So the second term is proportional to $\langle\nabla_{\rho_i} \log q(\mathcal Z_i; \rho_i)\rangle_{q(\mathcal Z_i)}$, which = 0 as before" (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018, slide "Factorisation"). More than proportional: a product of two means, of which one is zero, *is* zero. And
# > where his blanket $\bar{\mathcal Z}_i$ is averaged over, it has to include $\mathcal Z_i$ itself.
#
# Sahani adds "Message passing!", and he is right: where the blanket is small one need not sample at all. Four neighbours have sixteen states, and a pixel two; the average is a sum.

# %%
def by_summation(p, x, i):
    """The exact gradient of logit i at 2 x - 1, summed over its blanket alone; all other pixels are left at zero."""
    logits, pixels = 2 * x - 1, range(len(x))
    near = [j for j in pixels if j != i and any({i, j} <= set(s) for s in p.scopes.values())]
    states = enumerate_binary(len(near)).double()
    chances = Bernoulli(logits=logits[near]).log_prob(states).sum(-1).exp()
    z = torch.zeros(2, len(states), len(x), dtype=DOUBLE)
    z[:, :, near], z[1, :, i] = states, 1.0
    off, on = (p.log_joint(x, z) @ chances).detach()            # what does not read z_i cancels
    chance = logits[i].sigmoid()
    return (chance * (1 - chance) * (on - off - logits[i])).item()


# %%
logits = (2 * three - 1).requires_grad_()
exact, = torch.autograd.grad(exact_elbo(p, logits, three), logits)
steepest = int(exact.abs().argmax())
print(f"pixel {steepest}: over its blanket {by_summation(p, three, steepest):.15f}, "
      f"exact {exact[steepest]:.15f}")
assert all(abs(by_summation(p, three, i) - exact[i].item()) < 1e-12 for i in range(64))

# %% [markdown]
# Larger blankets must be sampled. `rao_blackwellized` is the estimator $s_i A_i$; it has to be told which pixels each factor reads. Is its mean still right, and how much noise is left?

# %%
blankets = partial(rao_blackwellized, scopes=p.scopes)
for name, way in (("no baseline", score_function), ("blankets", blankets)):
    g = replicates(way, p, three, 4000, seed=7)
    compare(f"{name}, at pixel {steepest}", g[:, steepest], exact[steepest].item())
    worst = ((g.mean(0) - exact) / mean_of(g)[1]).abs().max()
    print(f"   largest |t| over 64 pixels {worst:.1f}; mean variance {g.var(0).mean():.3f}")
    assert worst < 4.5

# %% [markdown]
# > **Predict 3.** We stack copies of our picture on top of each other, from a single row of 8 pixels to a tower of 256. How does the variance of one pixel's gradient grow with the number $D$ of pixels: with no baseline, with the best constant for each pixel, with blankets?

# %%
predict("05_3", choices=[
    "D², D, not at all",
    "D², D², not at all",
    "D, D, not at all",
    "D², D, D"])

# %%
def lowest(none, middle, end):
    """The lowest value of a parabola, from those at 0, 1 and 2."""
    bend = (end - 2 * middle + none) / 2
    return none - (middle - none - bend).square() / (4 * bend)


def best_constant(p, x, R, seed, logits=None):
    """Variance for each logit, without a baseline and with the best constant."""
    normal, points = p.constant, []
    for shift in (0.0, 1.0, 2.0):                               # added to log p: a baseline
        p.constant = normal + shift * len(x)
        points.append(replicates(score_function, p, x, R, seed, logits=logits).var(0))
    p.constant = normal
    return points[0], lowest(*points)


# %%
def tower(height):
    copies = -(-height // 8)
    return Restoration(ink.repeat(copies)[: 8 * height]), three.repeat(copies)[: 8 * height]


# %%
heights, lawful = (1, 2, 4, 8, 16, 32), {"no baseline": 2, "best constant": 1, "blankets": 0}


def one_seed(seed, R=600):
    """Mean variances for each way and height, (3, heights)."""
    found = []
    for height in heights:
        p, x = tower(height)
        local = replicates(partial(rao_blackwellized, scopes=p.scopes), p, x, R, seed).var(0)
        found.append(torch.stack([v.mean() for v in (*best_constant(p, x, R, seed), local)]))
    return torch.stack(found, 1)


by_seed = torch.stack([one_seed(seed) for seed in range(6)])
grown = {name: by_seed[:, row] for row, name in enumerate(lawful)}

# %%
for name, values in grown.items():
    exponent = (values[:, -1] / values[:, -3]).log() / math.log(4)
    mean, error = mean_of(exponent)
    print(f"{name:14s} exponent of D, from 64 to 256 pixels: {mean:.2f} ± {error:.2f}")
    claim(f"it is within 0.2 of {lawful[name]}", (exponent - lawful[name]).abs() - 0.2, sign=-1)

# %%
show(figures.growth(8.0 * torch.tensor(heights), grown, lawful),
     alt="Variance of a pixel's gradient over the number of pixels, on log axes, with dotted lines of slope two, one and zero. No baseline rises from about 35 at 8 pixels to about 26,000 at 256, like the square of D; with the best constant from about 2.5 "
         "to about 90, like D; with blankets it stays near 0.12.")

# %%
# Run this cell to compare it with your prediction.
reveal("05_3", "D², D, not at all")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# The reward is a sum of nearly $4D$ terms. Without a baseline the score is multiplied by the whole sum, whose square grows like $D^2$. A constant removes the mean of the sum; what remains are its fluctuations, and the variance of a sum of $D$ loosely coupled terms grows like $D$. A blanket has the same size however large the picture is.
#
# </details>
#
# ### Always better?
#
# Nearly. The name promises more than the method keeps. To *Rao-Blackwellize* is to replace an estimate by its conditional mean, which never raises the variance. Here that would be $s_i\,(A_i + \mathbb E[R_i \mid \text{blanket}])$, and we dropped the second part as well because it contributes nothing to the mean. What
# contributes nothing to the mean may still have been useful: it may have been cancelling the noise of what is left, as a baseline does. And a constant baseline is the first thing to be dropped: it reads no pixel at all. One example, on a single row of the picture, after $q$ has been fitted; the score function with its best constant, and blankets:

# %%
def fitted_to(p, x):
    """The logits of the best mean-field q, by exact gradients."""
    logits = torch.zeros_like(x).requires_grad_()
    climber = torch.optim.LBFGS([logits], max_iter=smoke_cap(100), line_search_fn="strong_wolfe")

    def loss():
        climber.zero_grad()
        (value := -exact_elbo(p, logits, x)).backward()
        return value

    climber.step(loss)
    return logits.detach()


# %%
def constant_and_blankets(p, x, logits, R=2000):
    """Variances, pixel by pixel, with the best constant and with blankets, for six seeds: (6, D) each."""
    local = partial(rao_blackwellized, scopes=p.scopes)
    return [torch.stack([way(seed) for seed in range(6)]) for way in (
        lambda seed: best_constant(p, x, R, seed, logits)[1],
        lambda seed: replicates(local, p, x, R, seed, logits=logits).var(0))]


row, seen = Restoration(ink[24:32]), three[24:32]
at_best = fitted_to(row, seen)
constant, cut = constant_and_blankets(row, seen, at_best)
for name, values in (("best constant", constant), ("blankets", cut)):
    print(f"{name:14s} variance, pixel by pixel:", *(f"{v:.4f}" for v in values.mean(0).tolist()))
ratio = cut.mean(1) / constant.mean(1)
claim("here blankets are noisier, at least threefold", ratio.log() - math.log(3), sign=+1)
claim("at the fourth pixel they are quieter", (cut / constant)[:, 3].log(), sign=-1)

# %% [markdown]
# A small model, well fitted, is where to be careful (the next aside changes the one, then the other). In the problem set you predict the difference of two such variances exactly, and build a case in which dropping hurts.
#
# ### Aside: the fit, or the size?
#
# We vary each alone: the same row at $l_i = 2x_i - 1$, which nobody fitted, and the whole picture, fitted.

# %%
for what, case in (("the row, not fitted", (row, seen, 2 * seen - 1)),
                   ("the whole picture, fitted", (p, three, fitted_to(p, three)))):
    constant, cut = constant_and_blankets(*case, R=4000)
    ratio = cut.mean(1) / constant.mean(1)
    claim(f"{what}: blankets are quieter, at least twofold", ratio.log() + math.log(2), sign=-1)
log_q = Bernoulli(logits=at_best).log_prob(ROWS)                # of each pixel, in each of 256 rows
with torch.no_grad():
    log_w, factors = row.log_joint(seen, ROWS) - log_q.sum(-1), row.log_factors(seen, ROWS)
first = factors["(0, 1)"] + factors["(0,)"] - log_q[:, 0]       # what the first pixel's reward keeps
chance = log_q.sum(-1).exp()
for name, values in (("log w", log_w), ("first pixel", first)):
    print(f"{name:11s} mean {chance @ values:6.2f}, deviation {variance(values, chance).sqrt():.2f}")

# %% [markdown]
# It takes both: change either, and blankets are ahead. On the fitted row $\log w$ is nearly constant as a whole, and one constant takes nearly all the noise away. What the first pixel keeps is nearly constant, too, but it is a constant of two nats, and blankets leave it in.
#
# ### Aside: a baseline on top
#
# Could blankets with a baseline be better still? Here are leave-one-out and the best constant for each pixel on top of blankets, on the whole picture, with $K = 4$:

# %%
class Shifted(Restoration):
    """A constant is added to the factor of each single pixel: to blankets, a baseline."""

    shift = 0.0

    def log_factors(self, x, z):
        factors = super().log_factors(x, z)
        return {a: f + self.shift * (len(self.scopes[a]) == 1) for a, f in factors.items()}


def on_blankets(seed, shift=0.0, baseline="none"):
    way, moved = partial(blankets, baseline=baseline), Shifted(ink)
    moved.shift = shift
    return replicates(way, moved, three, 600, seed, K=4).var(0)


# %%
rows = [(on_blankets(seed), on_blankets(seed, baseline="leave_one_out"),
         lowest(*(on_blankets(seed, shift) for shift in (0.0, 1.0, 2.0)))) for seed in range(6)]
none, others, best = torch.stack([torch.stack(row).mean(1) for row in rows], 1)
for name, values in (("alone", none), ("leave-one-out", others), ("best constant", best)):
    print(f"blankets, {name:14s} variance {values.mean():.4f}")
claim("leave-one-out: noisier, at least threefold", (others / none).log() - math.log(3), sign=+1)
claim("best constant: quieter, at least threefold", (best / none).log() + math.log(3), sign=-1)

# %% [markdown]
# So a baseline helps here too, if it is the right one, and the mean reward is not. A likely reason, not tested here: the reward of a single pixel is almost the reward of a single bit, and for a bit the mean reward may lie on the wrong side, as in section 2.
#
# ## 4. Where it is wrong
#
# > You will read that the score function "Works for all (explicit) variational families" (R. Bamler, *Data Compression With and Without Deep Probabilistic Models*, Tübingen, 2023, lecture 8, slide "Black-Box Variational Inference"). It needs no slope and no continuous $z$, and that is a great deal. But its first line took a
# > derivative inside a sum, $\nabla\sum_z q f = \sum_z \nabla q\, f$, and that may fail: **when the support moves with $\phi$, and there is probability at the moving edge.**
#
# Take $z = \phi + e$, with $e$ exponential. Its density $e^{-(z - \phi)}$ jumps from 0 to 1 at $z = \phi$. When $\phi$ moves, the edge leaves a strip behind, and the score, which compares densities at points inside, never hears of it.
# Beside it, $e \sim \mathrm{Gamma}(3, 1)$: the same moving edge, but the density is zero there. We ask for the slope of $\mathbb E \cos z$, which is known: $\mathbb E\, e^{iz} = e^{i\phi}/(1 - i)^k$ for $e \sim \mathrm{Gamma}(k, 1)$.
#
# > **Predict 4.** We showed that the score has mean zero. What is its mean for $z = \phi + e$ with $e$ exponential?

# %%
predict("05_4", choices=["0, as always", "it depends on φ", "1"])

# %%
def both_estimates(phi, shape, R=20_000):
    """Of the slope of E cos z, for z = phi + e, e ~ Gamma(shape, 1): score function and path, (R,) each; and the score."""
    e = -torch.rand(R, shape, generator=seeded(shape), dtype=DOUBLE).log().sum(1)
    score = 1 - (shape - 1) / e                                 # the slope of log q in phi
    return (phi + e).cos() * score, -(phi + e).sin(), score


def exact_slope(phi, shape):
    return (1j * torch.exp(1j * phi) / (1 - 1j) ** shape).real


# %%
for shape, name in ((1, "exponential"), (3, "Gamma(3, 1)")):
    mean, error = mean_of(both_estimates(1.0, shape)[2])
    print(f"{name:12s} mean of the score {mean:.3f} ± {error:.3f}")
    compare("   path", both_estimates(1.0, shape)[1], exact_slope(torch.ones(()), shape).item())
right = exact_slope(torch.ones(()), 3).item()
compare("   score function, Gamma", both_estimates(1.0, 3)[0], right)
wrong, right = both_estimates(1.0, 1)[0].mean().item(), exact_slope(torch.ones(()), 1).item()
print(f"   score function, exponential {wrong:.3f}, and right is {right:.3f}")
assert abs(wrong - right) > 0.2

# %%
phi, at, z = torch.linspace(0, 6, 200), torch.linspace(0, 6, 13), torch.linspace(0, 7, 701)


def density(z, edge, shape):
    e = (z - edge).clamp(min=0)
    return torch.where(z >= edge, e ** (shape - 1) * torch.exp(-e), 0.0) / math.factorial(shape - 1)


columns = {1: "Probability at the moving edge", 3: "The edge moves, no probability there"}
densities = [(title, density(z, 1.0, shape), density(z, 1.3, shape))
             for shape, title in columns.items()]
dots = []
for shape in columns:
    tried = [both_estimates(place, shape) for place in at.tolist()]
    dots.append({name: mean_of(torch.stack([g[i] for g in tried], 1))
                 for i, name in enumerate(("score function", "path"))})
slopes = [exact_slope(phi, shape) for shape in columns]
show(figures.moving_edge(z, densities, phi, slopes, at, dots),
     alt="Top: two densities, each at phi = 1 and at phi = 1.3. The exponential has a cliff that moves and leaves a red strip behind; the Gamma rises smoothly from zero. Below, the slope of E cos z over phi: for the exponential the score function's dots lie "
         "on a curve that is shifted against the exact one, while the crosses of the path lie on it; for the Gamma both lie on it.")

# %%
# Run this cell to compare it with your prediction.
reveal("05_4", "1")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# $\log q = -(z - \phi)$ inside, so the score is 1 at every sample. The proof that it is 0 on average differentiated $\int_\phi^\infty q\,dz = 1$ inside the integral and forgot that the lower limit moves. And where $\mathbb E[s] \ne 0$, no constant is free any more: subtract $\beta$, and the mean moves by $-\beta\,\mathbb E[s]$.
#
# </details>
#
# What is forgotten can be put back: a derivative of an integral with moving limits has one more term for each limit. You find it in the problem set, for another support.
#
# The path has it right here: $z = \phi + e$ moves with its edge, and $f$ is smooth. With a *jump in $f$* it is the other way round. Round $z \sim N(\phi, 1)$ down: $f(z) = \lfloor z \rfloor$ has slope zero wherever it has one, so the path says 0 with great confidence (unit 06). The score function asks for no slope:

# %%
centre, noise = 0.3, normals(50_000, seed=5)
steps_between = Normal(centre, 1.0).log_prob(torch.arange(-9.0, 10.0)).exp().sum().item()
compare("score function, slope of E floor(z)", (centre + noise).floor() * noise, steps_between)

# %% [markdown]
# ## 5. Small steps
#
# > You will read of a "Robbins-Munro step-size sequence" (M. Sahani, 2018, as above, slide "Sampling"); it is Monro. And where a slide's update reads $\phi \leftarrow \phi + \rho\, g$ (R. Bamler, 2023, as above, the slide before), in stochastic gradient ascent it is the estimate, $\phi_{t+1} = \phi_t + \rho_t\,\hat g_t$.
#
# The last remedy needs no new estimator. A climb adds up its gradients, so noise averages out over steps if the steps become small. H. Robbins and S. Monro (1951) asked for two things:
#
# $$\sum_t \rho_t = \infty \quad\text{(the climb can reach any place)}, \qquad \sum_t \rho_t^2 < \infty \quad\text{(the noise that it gathers is finite)} .$$
#
# How fast is it then? Close to an optimum the mean gradient is $-h\,(\phi - \phi^\star)$, with $h$ the curvature, and the mean squared error obeys $e_{t+1} = (1 - \rho_t h)^2 e_t + \rho_t^2 v$, where $v$ is the variance of one estimate. For $\rho_t = a/t$ two things fade: the initial error, and the noise of the first steps with it, like
# $\prod_t (1 - ah/t)^2 \sim t^{-2ah}$, and the noise of recent steps like $1/t$. **The slower of the two decides**; at $2ah = 1$, where they meet, it is $\log t / t$.
#
# We climb the toy in $m$ alone, with $\sigma^2 = \tfrac12$ fixed, by the score function without any baseline, 5,000 climbs at once. Here $h = 2$, and at the optimum $v = \log^2 p(x)/\sigma^2$.
#
# > **Predict 5.** Take $\rho_t = a/(t + 20)$ with $ah = 0.1$. Both conditions hold. Between step 300 and step 3,000, the mean squared error falls ...

# %%
predict("05_5", choices=["to about two thirds", "to about a tenth", "to about a hundredth"])

# %%
def climb_toy(step, steps=3000, runs=5000, average=False):
    """Squared error of m along climbs of the toy by the plain score function: means over five groups, (5, steps)."""
    generator, m = seeded(0), torch.full((runs,), 0.5, dtype=DOUBLE)
    path_mean, errors = 0.0, []
    for t in range(1, smoke_cap(steps) + 1):
        eps = torch.randn(runs, generator=generator, dtype=DOUBLE)
        z = m + math.sqrt(0.5) * eps
        log_w = 0.5 * (eps**2 - z**2 - (2 - z) ** 2 - math.log(2 * math.pi) + math.log(0.5))
        m = m + step(t) * log_w * eps / math.sqrt(0.5)
        path_mean = path_mean + (m - path_mean) / t
        errors.append(((path_mean if average else m) - 1).square().view(5, -1).mean(1))
    return torch.stack(errors, 1)


# %%
plans = {f"a h = {ah:g}": (partial(lambda t, a: a / (t + 20), a=ah / 2), -min(1.0, 2 * ah))
         for ah in (0.1, 0.3, 1.0)}
plans["constant 0.02"] = (lambda t: 0.02, 0.0)
plans["averaged"] = (lambda t: 0.25 * (t + 20) ** -0.6, -1.0)
climbs = {name: climb_toy(step, average=name == "averaged") for name, (step, _) in plans.items()}
t = 20.0 + torch.arange(1, climbs["averaged"].shape[1] + 1)
early = len(t) // 4
for name, errors in climbs.items():
    slope = (errors[:, -1] / errors[:, early]).log() / math.log(t[-1] / t[early])
    mean, error, predicted = *mean_of(slope), plans[name][1]
    print(f"{name:14s} predicted slope {predicted:+.1f}, measured {mean:+.2f} ± {error:.2f}")
    claim(f"{name}: within 0.2 of the prediction", (slope - predicted).abs() - 0.2, sign=-1)

# %%
log_evidence_of_toy = Normal(0, math.sqrt(2)).log_prob(torch.tensor(2.0)).item()
v, h = log_evidence_of_toy**2 / 0.5, 2.0
mean_errors = {name: errors.mean(0) for name, errors in climbs.items()}
hovers, small = climbs["constant 0.02"][:, early:].mean(1), 0.02 * v / (2 * h)
print(f"constant step: hovers at {hovers.mean():.3f}; rho v / (2 h) = {small:.3f}")
claim("a constant step hovers above rho v / (2 h)", hovers - small, sign=+1)
last, wanted = mean_errors["averaged"][-1].item(), v / h**2 / t[-1].item()
print(f"averaged: ends at {last:.2e}; v / (h^2 t) = {wanted:.2e}")
lines = {name: (slope, 1.0) for name, (_, slope) in plans.items()}
lines["averaged"] = (-1.0, wanted / last)
show(figures.steps(t, mean_errors, lines, early),
     alt="Mean squared error of m over steps, on log axes, with dotted lines of the predicted slopes. With a h = 0.1 it hardly falls, with 0.3 it falls like t to the power -0.6, with 1 like 1 over t; a constant step stays level at about 0.06; the averaged climb ends beside the best of them, just above its predicted line.")

# %%
# Run this cell to compare it with your prediction.
reveal("05_5", "to about two thirds")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# $(3020/320)^{-0.2} = 0.64$: to about two thirds. The conditions of Robbins and Monro promise that it arrives, not when. With $a$ too small the climb never gets over its first steps.
#
# </details>
#
# The trouble is that $h$ is not known, and every parameter has its own. **Averaging** (Polyak and Ruppert) gets around that: take larger steps, $\rho_t \propto t^{-0.6}$, let the iterate hover, and report the *mean of the iterates*. In the end its error is $v/(h^2 t)$, whatever the factor in front; that is the dotted line under the last curve. A constant step, last,
# never arrives, and hovers a little above $\rho\, v/(2h)$, a formula for small steps that takes $v$ at the optimum; away from it $v$ is larger. (Unit 09 measures the same with Adam.)
#
# ## 6. All together: black-box variational inference
#
# R. Ranganath, S. Gerrish and D. Blei (2014) put these pieces together. A model is a function that returns its log factors, a family is something to sample and to score, and nothing else is derived by hand. And the model may learn, too. Repeat:
#
# 1. **Stochastic E-step.** Draw $z_1, \dots, z_K \sim q_\phi$. For each latent, average its score times its own reward, and let $\phi$ take a step.
# 2. **Stochastic M-step.** With the same samples, let $\theta$ take a step along $\frac1K\sum_k \nabla_\theta \log p_\theta(x, z_k)$.
#
# The second gradient is of the ordinary kind: $\theta$ is not in the distribution of the samples, so no score is needed. `fit` takes both steps at once, here with Adam at a rate of 0.1.
#
# Twenty pictures, each with 64 logits of its own; all start at $l = 0$, and the probability of a flip, which is really 0.2, starts at 0.35. Four samples a step, 100 steps. We judge by the exact ELBO, and we also climb that one directly, which nobody could do if the model were less kind.
#
# > **Predict 6.** After 100 steps with no baseline, how far is the exact ELBO below the climb by exact gradients, in nats per picture?

# %%
predict("05_6", choices=["about 1", "about 10", "more than 50"])

# %%
def climb(way, seed, steps=100):
    """BBVI from the start: the exact ELBO per picture every five steps, the flip probability, the logits."""
    p, q = Restoration(ink, flip=0.35), BernoulliMeanField(64, torch.zeros_like(x))

    def look(step, _):
        with torch.no_grad():
            return None if (step + 1) % 5 else exact_elbo(p, q.logits, x).mean().item()

    history = fit(p, q, x, way, steps, num_samples=4, learning_rate=0.1, seed=seed,
                  callback=look, progress=False)
    return torch.tensor(history.records), p.flip.sigmoid().item(), q.logits.detach()


# %%
def by_exact_gradients(p, q, x, *_, **__):
    return exact_elbo(p, q.logits, x)


ways = {"no baseline": score_function,
        "leave-one-out": partial(score_function, baseline="leave_one_out")}
found = {name: [climb(way, seed) for seed in range(5)] for name, way in ways.items()}

# %%
found["blankets"] = [climb(blankets, seed) for seed in range(5)]
exact_curve, exact_flip, _ = climb(by_exact_gradients, 0)
curves = {name: torch.stack([curve for curve, _, _ in runs]) for name, runs in found.items()}
ends = {name: curve[:, -1].double() for name, curve in curves.items()}
for name, runs in found.items():
    flips, (mean, error) = torch.tensor([flip for _, flip, _ in runs]), mean_of(ends[name])
    print(f"{name:15s} exact ELBO {mean:7.2f} ± {error:.2f}   flip probability {flips.mean():.3f}")
print(f"exact gradients exact ELBO {exact_curve[-1]:7.2f}   flip probability {exact_flip:.3f}")

# %%
behind = exact_curve[-1] - ends["no baseline"]
claim("without a baseline it ends more than 50 nats below exact gradients", behind - 50, sign=+1)
lead = ends["leave-one-out"] - ends["no baseline"]
claim("leave-one-out ends 20 nats above no baseline, or more", lead - 20, sign=+1)
claim("blankets end above leave-one-out", ends["blankets"] - ends["leave-one-out"], sign=+1)
behind = exact_curve[-1] - ends["blankets"]
claim("blankets end within half a nat of exact gradients", behind - 0.5, sign=-1)

# %%
judge = Restoration(ink)
climber = torch.optim.LBFGS([judge.flip], max_iter=smoke_cap(15), line_search_fn="strong_wolfe")


def loss():
    climber.zero_grad()
    (value := -log_evidence(judge, x).mean()).backward()
    return value


climber.step(loss)
best, at_flip = log_evidence(judge, x).mean().item(), judge.flip.sigmoid().item()
print(f"largest log evidence {best:.2f}, at a flip probability of {at_flip:.3f}")
show(figures.climbs(5 * torch.arange(1, len(exact_curve) + 1), curves, exact_curve, best),
     alt="Exact ELBO per picture over 100 steps, five runs a method. No baseline creeps up from -96 to about -92. Leave-one-out rises steadily from -93 to about -49. Blankets rise within 30 steps to -41 and end near -37, together with the climb by exact gradients, just "
         "below the dotted line of the largest log evidence.")

# %%
# Run this cell to compare it with your prediction.
reveal("05_6", "more than 50")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# More than 50. The likely reason, not tested here: Adam makes steps of about the same length however noisy the gradients are, so what the noise costs is their direction. With blankets four samples are enough to stay close to the climb that knows its gradient exactly.
#
# </details>
#
# What the pictures look like, by the probabilities of $q$:

# %%
restored = {name: runs[0][2].sigmoid()[:8] for name, runs in found.items()}
eight = {"clean": clean[:8], "seen": x[:8], **restored}
wrong = {name: torch.stack([((logits > 0) != (clean > 0)).double().mean() for _, _, logits in runs])
         for name, runs in found.items()}
print(f"{'seen':14s} wrong pixels: {(x != clean).double().mean():.1%}")
for name, shares in wrong.items():
    mean, error = mean_of(shares)
    print(f"{name:14s} wrong pixels: {mean:.1%} ± {error:.1%}")
fewer = wrong["blankets"] - wrong["leave-one-out"]
claim("blankets leave fewer wrong pixels than leave-one-out", fewer, sign=-1)
show(figures.pictures(eight, "The same 100 steps, clearer and clearer threes"),
     alt="Five rows of eight pictures of a three: clean; seen, with a fifth of the pixels flipped; restored with no baseline, an even grey noise; restored with leave-one-out, threes with soft edges; restored with blankets, clearer threes.")

# %% [markdown]
# **Reflect.** Suppose that the model is a program which returns $\log p(x, z)$ as a single number. Which of the remedies are left?
#
# <details><summary>An answer</summary>
#
# A constant, the other samples, and small steps. Blankets need factors that have names. That is one reason why a probabilistic program is worth more than a black box: it knows who reads whom.
#
# </details>
#
# ### Aside: a baseline that is learned
#
# The pictures of a batch may have very different rewards, and then a single running mean suits none of them. A. Mnih and K. Gregor (2014) let a network read $x$ and predict the reward, $\beta_\psi(x)$; it is trained by least squares beside everything else. Since it does not see $z$, it is free like any constant.
# (Their method is called NVIL.) Unlike leave-one-out it works with a single sample. Let half of the batch be pure noise; a linear network, trained for 400 steps at a fixed $q$, against a running mean:

# %%
mixed = torch.cat([x[:10], (normals(10, 64, seed=6) > 0).double()])
learned, memory = LearnedBaseline(torch.nn.Linear(64, 1).double()), RunningMean(decay=0.98)
torch.nn.init.zeros_(learned.network.weight), torch.nn.init.constant_(learned.network.bias, -100.0)
q, source = BernoulliMeanField(64, 2 * mixed - 1), seeded(8)
teacher = torch.optim.Adam(learned.parameters(), lr=0.5)
for _ in range(smoke_cap(400)):
    teacher.zero_grad()
    (-learned(p, q, mixed, generator=source).sum()).backward()
    teacher.step()
    memory(p, q, mixed, generator=source)
memory.eval();

# %%
many = mixed.repeat(40, 1)                                      # forty gradients of each picture


def mean_square(way, seed):
    """Of the entries of one-sample gradients: their variance, plus the same number for both ways."""
    q = BernoulliMeanField(64, 2 * many - 1)
    value = way(p, q, many, generator=seeded(seed)).sum()
    return torch.autograd.grad(value, q.logits)[0].square().mean().item()


pairs = torch.tensor([(mean_square(memory, seed), mean_square(learned, seed)) for seed in range(6)])
print("running mean {:.1f}, learned {:.1f}".format(*pairs.mean(0).tolist()))
claim("the learned baseline is quieter", (pairs[:, 1] / pairs[:, 0]).log(), sign=-1)

# %% [markdown]
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | the reward is not held constant | the slope of $f$ times $\log q$ comes along: a biased gradient | the exact gradient on a few bits |
# | a baseline that reads its own sample | everything seems to work; the gradient is biased | its mean against the exact gradient |
# | the sign of the score | the bound falls | the first step |
# | one reward for a whole batch: each datum's score times the sum of all rewards | right on average, noise that grows with the batch | the variance, for one datum and for many |
# | $-\log q$ left out of the reward | $q$ contracts to a point: another target | the entropy of $q$, the exact ELBO |
# | a blanket without the other parents of the children | a biased gradient | enumeration |
# | $\log q_j$ of the other latents kept in | right on average, mostly noisier | the variance |
# | a support that moves with $\phi$ | a wrong gradient without any warning | the mean of the score must be 0 |
# | steps that shrink too fast | a climb that seems to have arrived | start it again from where it rests |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | the score function estimator | `gradients.score_function` | the documentation of `torch.distributions`, section "Score function"; what Pyro's `Trace_ELBO` does at sites without `rsample` |
# | a running mean as baseline | `gradients.RunningMean` | with `TraceGraph_ELBO`: `infer={"baseline": {"use_decaying_avg_baseline": True}}` |
# | the mean of the other samples | `baseline="leave_one_out"` | |
# | the best constant, from the other samples | `baseline="optimal_constant"` | |
# | a learned baseline $\beta_\psi(x)$ | `gradients.LearnedBaseline` | with `TraceGraph_ELBO`: `infer={"baseline": {"nn_baseline": ...}}` |
# | blankets | `gradients.rao_blackwellized` | `TraceGraph_ELBO`, from the plates and the order of the program |
# | summation instead of sampling | `exact.expected_bound` | `TraceEnum_ELBO` |
# | steps $\rho_t$, averaging | `fit(schedule=..., average_from=...)` | `torch.optim.lr_scheduler`, `torch.optim.swa_utils.AveragedModel` |
#
# | | needs | mean | variance over $D$, on our picture |
# |---|---|---|---|
# | no baseline | samples, $\log q$ | exact | $D^2$ |
# | a constant: running mean, learned | rewards of earlier steps | exact | $D$ |
# | leave-one-out | two samples or more | exact | $D$ |
# | blankets | independent latents, named factors | exact | does not grow |
# | summation | blankets with few states | exact | none |
# | a coefficient fitted to the same samples | | off by $O(1/K)$ | |
#
# ## What to remember
#
# 1. $\nabla\,\mathbb E f = \mathbb E[f\,s]$, $s = \nabla\log q$: differentiate the probability, leave the sample alone. All it needs is samples and the slope of $\log q$ in $\phi$.
# 2. The score has mean zero, so constants are free. The best one need not be the mean reward, and it may make all the difference.
# 3. What a latent does not touch does not belong in its reward. While blankets stay small, the variance then no longer grows with the size of the model. Usually it falls; it need not.
# 4. Whatever reads the sample itself is no longer free: add its mean back, or take it from the other samples.
# 5. Where probability sits at an edge that moves, $\mathbb E[s] \ne 0$, and the estimator is wrong.
# 6. Steps $a/t$ are fast only where $ah$ is large enough; averaging the iterates does not need to know $h$.
#
# **Next**: [the problem set](../notebooks/05_score_function/05_score_function.ipynb); then [unit 06, reparametrization](06_reparametrization.ipynb).
#
# ## Further reading
#
# - R. J. Williams. *Simple statistical gradient-following algorithms for connectionist reinforcement learning.* Machine Learning 8, 1992. REINFORCE.
# - R. Ranganath, S. Gerrish, D. M. Blei. *Black box variational inference.* International Conference on Artificial Intelligence and Statistics, 2014.
# - A. Mnih, K. Gregor. *Neural variational inference and learning in belief networks.* International Conference on Machine Learning, 2014. Learned baselines.
# - W. Kool, H. van Hoof, M. Welling. *Buy 4 REINFORCE samples, get a baseline for free!* ICLR workshop *Deep Reinforcement Learning Meets Structured Prediction*, 2019. Leave-one-out.
# - E. Greensmith, P. L. Bartlett, J. Baxter. *Variance reduction techniques for gradient estimates in reinforcement learning.* Journal of Machine Learning Research 5, 2004. The best constant.
# - S. Mohamed, M. Rosca, M. Figurnov, A. Mnih. *Monte Carlo gradient estimation in machine learning.* Journal of Machine Learning Research 21(132), 2020.
# - H. Robbins, S. Monro. *A stochastic approximation method.* Annals of Mathematical Statistics 22, 1951.
# - B. T. Polyak, A. B. Juditsky. *Acceleration of stochastic approximation by averaging.* SIAM Journal on Control and Optimization 30, 1992.
# - A. B. Owen. *Monte Carlo theory, methods and examples.* 2013, chapter 8. Control variates, and the bias of a fitted coefficient.
# - C. M. Bishop. *Pattern Recognition and Machine Learning.* Springer, 2006, section 8.3.3. Pictures restored with an Ising model.

# %%
tally("05")
