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

# %% [markdown] locked="16_header"
# # Problem set 16: Sets and functions
#
# A datum is a set, or a function of which a few points are known. An encoder reads the points and says what it
# believes. What it pools decides what it can say; what it is scored on decides whether a bound is one. By the end you
# will have
#
# - built an encoder of sets that is exact, whatever the size of the set,
# - predicted the best posterior of an encoder that sees a mean and not the size, and what it leaves over,
# - estimated the ELBO of many sets from a few of them, and from a part of their points, without bias,
# - shown, with three exact numbers, what goes wrong when q is scored on the points that it has read,
# - written the ELBO of a neural process with the right split of context and targets,
# - computed what a conditional neural process cannot earn, however long it is trained,
# - drawn a calibration curve with an error that respects which targets belong together,
# - told three pooled encoders apart by what they report.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/16_sets_and_functions.ipynb). The exercises stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: seven, unless the exercise says otherwise. They are digits of each number, on every scale of the
# data; what lies near zero is held to $10^{-9}$ of its unit. Where it says nothing of gradients none are asked of your
# result: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found them. Where
# your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** A set is $x_1, \dots, x_n$; c is what its points have in common. In a function, $C$ are the points that
# are given, its context, and $T$ those that are to be predicted, its targets. Scales ($\tau$, $\sigma$, `scale`,
# `noise`) are standard deviations. Logarithms are natural: nats.

# %% locked="16_setup"
import itertools
import math

import torch
from torch import Tensor, nn

from autograder import check, sealed_case
from autograder.units.unit_16 import targets
from course_vi.nets import SetEncoder, mlp
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


# %% [markdown]
# ## 1. An encoder of sets that is exact
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# The points of a set are normal with a mean and a precision that nobody knows, $x_i \sim N(\mu, 1/\lambda)$, and before
# any point is seen $\lambda \sim \mathrm{Gamma}(a, b)$ (b is a rate) and $\mu \mid \lambda \sim N(m, 1/(k\lambda))$.
# The posterior has the same form with four other numbers. A statistician that is exact says these four of any set,
# in any order, of any size, the empty set included. Sets of different sizes travel in one table, `points`, $(*B, N)$;
# where `present`, $(*B, N)$, is False there is no point, and what stands there means nothing, be it NaN.
# `prior` is $(m, k, a, b)$. Return the four for each set, $(*B, 4)$, in this order.
#
# Sets may be as far from zero as a thousand of their own standard deviations, and on a scale of 0.001 or of 30.
#
# **Predict**: you pool features of the points, one after the other: which features, and by a mean or by a sum? Which
# of the four numbers can an encoder say that pools means of features and is not told the size? And which of them when
# it pools a maximum?

# %% exercise="16_pooled_posterior"
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    """m, k, a, b of the normal-gamma posterior of each set, (*B, 4).

    points: (*B, N). present: (*B, N), bool, which of them there are. prior: (4), m, k, a, b before any point.
    """
    ### BEGIN SOLUTION
    m, k, a, b = prior
    x = torch.where(present, points - m, torch.zeros_like(points))
    n, first, second = present.sum(-1), x.sum(-1), x.square().sum(-1)
    shift = first / (k + n)
    return torch.stack([m + shift, k + n, a + n / 2, b + 0.5 * (second - (k + n) * shift**2)], -1)
    ### END SOLUTION


# %% check="16_pooled_posterior"
check("16_pooled_posterior", pooled_posterior)

# %% [markdown]
# **The same points, again and again.** A set, the set twice, the set a hundred times: order carries nothing, size does.

# %%
with when_written():
    x, prior = normals(5, seed=1), torch.tensor([0.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    for times in (0, 1, 2, 100):
        some = x.repeat(max(times, 1))
        there = torch.full_like(some, times > 0, dtype=torch.bool)
        m, k, a, b = torch.as_tensor(pooled_posterior(some, there, prior)).tolist()
        print(f"{times:3d} times   m {m:+.4f}   k {k:5.0f}   a {a:5.1f}   b {b:9.4f}")

# %% [markdown]
# <details><summary>Symptom: b is right for sets around m, and too small for others</summary>
#
# Besides how far the points lie from each other, there is how far their mean lies from m. Complete the square in
# $\mu$, and keep what does not depend on it.
#
# </details>
# <details><summary>Symptom: NaN for an empty set, or wherever NaN stands in the padding</summary>
#
# A mean of no points is 0 / 0, and zero times NaN is NaN. Pick the points before you compute with them.
#
# </details>
# <details><summary>Symptom: I have four rules with cases, and lose track</summary>
#
# Let the points arrive one by one: what does a single one add to the exponents of the joint density? Sums of the same
# things over all points do the rest.
#
# </details>

# %% [markdown] solution_only="16_pooled_posterior"
# **Sums.** In $\log p$, $\mu$ and $\lambda$ meet a point in $\lambda$, $\lambda x$ and $\lambda x^2$ alone (and in
# $\log \lambda$). Each point adds its own, so sums of $1, x, x^2$ are all there is to know:
# $k' = k + n$, $m' = (km + \sum x)/k'$, $a' = a + n/2$,
# $b' = b + \frac12 \sum (x - \bar x)^2 + \frac{k n (\bar x - m)^2}{2 (k + n)}$. With x taken from m on, $b' = b +
# \frac12 (\sum x^2 - k' s^2)$ with $s = \sum x / k'$, and nothing is lost far from zero.
#
# **The predictions.** Sums of the features $1, x, x^2$; or their means, if the size is among the features that are
# summed or told. With means alone none of the four: k and a count points, and m and b weight the set against the prior
# by its size. With a maximum none, either.

# %% [markdown]
# ## 2. S: the statistician that sees the mean alone
#
# *Difficulty* 5/5 · *Importance* 5/5 · 55 minutes
#
# Now the size is hidden. $c \sim N(0, \tau^2)$; a set has n points, $x_i \mid c \sim N(c, \sigma^2)$, and n is one of
# `sizes`, $(S)$, with `chances`, $(S)$. The encoder pools the mean of the set, $\bar x$, and nothing else: q(c | x) is
# a Gaussian whose mean and variance are *any* functions of $\bar x$. It is trained on endless sets, by the ELBO, to
# rest. For each of the means `xbar`, $(*B)$, return
#
# - **loc** and **variance** of the best q, $(*B)$ each;
# - **gap**, $(*B)$: what the ELBO of a set with this mean falls short of its log evidence, on average over such sets;
# - **average**, a number: the gap on average over all sets of the model.
#
# `sizes` come as floats, in any order; they go up to 1,000, and a size may be listed twice, each time with a chance of
# its own. $\tau$ is between 0.001 and 30, and $\sigma$ between a tenth of $\tau$ and ten times $\tau$; chances go down
# to one in ten thousand. A mean may lie a hundred standard deviations out. Of *average* five digits are looked at, of the others seven.
#
# **Predict, before you begin**: is the variance the same for all means? Which sizes does the encoder believe in when
# the mean is far from zero? And what does it leave over when it pools a sum in place of the mean; a mean and the size?

# %% exercise="16_mean_alone"
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The best q(c | xbar), its mean and its variance, and its gap, (*B) each; and the gap on average, ().

    xbar: (*B), means of sets. sizes, chances: (S), of the numbers of points. tau, sigma: scales of c and of the points.
    """
    ### BEGIN SOLUTION
    spread, exact = tau**2 + sigma**2 / sizes, 1 / tau**2 + sizes / sigma**2

    def best(x):
        x = x.unsqueeze(-1)
        log_joint = chances.log() - 0.5 * (2 * math.pi * spread).log() - 0.5 * x**2 / spread       # (*B, S)
        omega = log_joint.softmax(-1)
        precision = omega @ exact
        loc = (omega @ sizes) * x[..., 0] / sigma**2 / precision
        off = (loc.unsqueeze(-1) - sizes * x / sigma**2 / exact) ** 2
        gap = 0.5 * (precision.log() + (omega * (exact * off - exact.log())).sum(-1))
        return loc, 1 / precision, gap, log_joint.logsumexp(-1).exp()

    grid = 12 * spread.max().sqrt() * torch.linspace(-1, 1, 20_001, dtype=torch.float64)
    _, _, gap, density = best(grid)
    return *best(xbar)[:3], torch.trapezoid(density * gap, grid)
    ### END SOLUTION


# %% check="16_mean_alone"
check("16_mean_alone", mean_alone)

# %% [markdown]
# **What to aim for.** The gap over the mean of a set, for sizes 1, 2, 4, 8 and 16; the shaded area is how often such
# means occur.

# %%
show(targets.gap_curve(), alt="The gap in nats over the mean of a set from -4 to 4: a smooth curve that is symmetric about zero. Below it, shaded, the density of the mean, one hump around zero.")

# %%
with when_written():
    show(targets.gap_curve(mean_alone), alt="The same curve with dots on it.")

# %% [markdown]
# **Measure it.** Three encoders, trained on fresh sets by the same steps: what they read differs. The gap is the
# mean of KL(q || posterior), on 100,000 fresh sets, with its standard error.

# %%
def sets_of_the_model(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sizes, one of 1, 2, 4, 8, 16, and means of sets, (count) each; tau = sigma = 1."""
    n = 2.0 ** torch.randint(5, (count,), generator=generator)
    noise = torch.randn(2, count, generator=generator)
    return n, noise[0] + noise[1] / n.sqrt()


def gap_of(net: nn.Module, pooled, n: Tensor, xbar: Tensor) -> Tensor:
    """KL(q || posterior), set by set."""
    loc, log_scale = net(pooled(n, xbar)).unbind(-1)
    lam = 1 + n
    return 0.5 * (lam * ((2 * log_scale).exp() + (loc - n * xbar / lam) ** 2) - 1 - lam.log()) - log_scale


with when_written():
    xbar, sizes = torch.tensor([0.8], dtype=torch.float64), 2.0 ** torch.arange(5, dtype=torch.float64)
    loc, variance, gap, average = mean_alone(xbar, sizes, torch.full_like(sizes, 0.2), 1.0, 1.0)
    print(f"predicted for the mean: {float(average):.4f} nats; at 0.8 q = N({float(loc):.3f}, {float(variance):.3f})")
    reads = {
        "mean": lambda n, xbar: xbar.unsqueeze(-1),
        "sum": lambda n, xbar: (n * xbar / 4).unsqueeze(-1),
        "mean and log size": lambda n, xbar: torch.stack([xbar, n.log()], -1),
    }
    for name, pooled in reads.items():
        net, draws = mlp(pooled(*sets_of_the_model(1, seeded(0))).shape[-1], 32, 2, seeded(1)), seeded(2)
        adam = torch.optim.Adam(net.parameters(), lr=0.02)
        falling = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.01, 2000)
        for _ in range(2000):
            adam.zero_grad()
            gap_of(net, pooled, *sets_of_the_model(512, draws)).mean().backward()
            adam.step()
            falling.step()
        with torch.no_grad():
            measured = gap_of(net, pooled, *sets_of_the_model(100_000, seeded(3)))
        print(f"{name:18s} measured {float(measured.mean()):.4f} ± {float(measured.std()) / 100_000**0.5:.4f} nats")

# %% [markdown]
# <details><summary>Symptom: my loc and variance are averages of the posteriors', and the check says no</summary>
#
# Write down KL(q || p) of two Gaussians, average it over the posteriors that this mean allows, and look for the q that
# makes it least. Which of a posterior's numbers appear in it as they are, and which only as products?
#
# </details>
# <details><summary>Symptom: right at one mean, and wrong at another</summary>
#
# The mean is evidence about the size. Small sets have means that lie farther out. What is the density of the mean of
# n points when c is unknown?
#
# </details>
# <details><summary>Symptom: the first three are right, and the average is off</summary>
#
# The average is an integral over means, with the density with which the model draws them, all sizes together: a fine
# grid will do. It has to reach as far as the means of the smallest sets, and be fine enough for the largest.
#
# </details>

# %% [markdown] solution_only="16_mean_alone"
# **The best q.** Given $\bar x$, size n has weight $\omega_n \propto p(n)\, N(\bar x; 0, \tau^2 + \sigma^2/n)$, and then
# the posterior is $N(m_n, 1/\lambda_n)$ with $\lambda_n = 1/\tau^2 + n/\sigma^2$ and $\lambda_n m_n = n\bar x/\sigma^2$.
# The mean of $\mathrm{KL}(q \,\|\, p_n) = \frac12[\lambda_n (v + (m - m_n)^2) - 1 - \log(\lambda_n v)]$ is least where
# $1/v = \sum \omega_n \lambda_n$ and $m = v \sum \omega_n \lambda_n m_n$: precisions are averaged, and means with them.
# As $\lambda_n$ is linear in n, it is the posterior of a set of the size that is expected, once the mean is known.
# Left over is $\frac12 \sum \omega_n [\lambda_n (m - m_n)^2 - \log \lambda_n] + \frac12 \log \sum \omega_n \lambda_n$.
#
# **The predictions.** The variance grows with $|\bar x|$, as a mean far out tells of a small set. At $\bar x = 0.8$:
# N(.693, .134) and .171 nats; on average .217. With the size besides the mean the posterior is a function of what is
# pooled, and nothing is left over. A sum alone is no better a statistic in principle: it, too, hides the size, and it
# leaves something over; features $(1, x)$, summed, hide nothing.

# %% [markdown]
# ## 3. A few sets, and some of their points
#
# *Difficulty* 4/5 · *Importance* 5/5 · 40 minutes
#
# A corpus has `num_sets` sets. In a step of training you hold M of them, drawn at random. Set m has `num_points[m]`
# points; of these you hold B that were drawn at random, `pooled`, $(M, B, D)$, which the encoder reads; and P more,
# drawn at random *from those that are left*, `scored`, $(M, P, D)$, which it does not read. P is zero where nothing is
# left, and only there.
#
# The model: $c \sim N(0, I)$ for each set, and given c the points are independent. `log_point(points, c)` is their
# log-density: for points $(M, P, D)$ and c $(K, M, L)$ it gives $(K, M, P)$. `encoder(points)` gives the mean and the
# *log scale* of q, side by side, $(M, 2L)$; c is drawn from q with the standard normal noise `eps`, $(K, M, L)$.
#
# Return M numbers, one for each set, *whose sum* is an unbiased estimate of the ELBO of the whole corpus, each set
# with the q of the points that were pooled. The KL to the prior in closed form; every point that you hold counts.
# Gradients are asked, in the parameters of `encoder` and of `log_point`. Scales of q go from 0.001 to 30; a set may have
# ten thousand points, and a corpus more sets than that, or just those of the minibatch. Whatever the encoder reads, your estimate is
# unbiased over the draw of M and over the draw of P. Of the values nine digits are looked at, of the gradients five.
#
# **Predict**: for which of the two groups of points does the weight depend on the size of the set?

# %% exercise="16_minibatch_elbo"
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    """What each set of the minibatch adds to an estimate of the ELBO of all sets, (M).

    encoder: (M, B, D) -> (M, 2 L), means and log scales. log_point: (M, P, D), (K, M, L) -> (K, M, P).
    pooled: (M, B, D), read by the encoder. scored: (M, P, D), others of the same sets. num_points: (M). eps: (K, M, L).
    """
    ### BEGIN SOLUTION
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    likelihood = log_point(pooled, c).sum(-1).mean(0)
    if scored.shape[1]:
        weight = (num_points - pooled.shape[1]) / scored.shape[1]
        likelihood = likelihood + weight * log_point(scored, c).sum(-1).mean(0)
    return num_sets / len(pooled) * (likelihood - kl)
    ### END SOLUTION


# %% check="16_minibatch_elbo"
check("16_minibatch_elbo", minibatch_elbo)

# %% [markdown]
# **All subsets.** One set of six points, of which the encoder reads the first two and one more is scored. The mean over
# the four that could have been drawn, beside the ELBO with all points scored.

# %%
with when_written():
    x, eps, encoder = normals(1, 6, 1, seed=2) + 1, normals(4, 1, 1, seed=3), SetEncoder(1, 8, 2, seeded(4)).double()

    def log_point(points: Tensor, c: Tensor) -> Tensor:
        return -0.5 * (points - c.unsqueeze(-2)).square().sum(-1) - 0.5 * math.log(2 * math.pi)

    six = torch.tensor([6.0], dtype=torch.float64)
    with torch.no_grad():
        each = [float(minibatch_elbo(encoder, log_point, x[:, :2], x[:, i : i + 1], six, 1, eps)) for i in range(2, 6)]
        all_points = float(minibatch_elbo(encoder, log_point, x[:, :2], x[:, 2:], six, 1, eps))
    print("   ".join(f"{one:.4f}" for one in each), f"   mean {sum(each) / 4:.6f}   all points {all_points:.6f}")

# %% [markdown]
# <details><summary>Symptom: the value is off, and near</summary>
#
# Take the noise as given, and ask what the mean of your estimate is over all ways in which `scored` could have been
# drawn. Every point of the set must come out with the same weight, those that were read, too.
#
# </details>
# <details><summary>Symptom: NaN where the whole set was read</summary>
#
# Nothing is left then, and nothing is to be stood for. A mean over no points is 0 / 0.
#
# </details>
# <details><summary>Symptom: right for the likelihood, wrong in all</summary>
#
# Sets that are not in the minibatch have latents, too. What do those cost? And how often is the cost of *one* set paid,
# however many points it has?
#
# </details>

# %% [markdown] solution_only="16_minibatch_elbo"
# **The weights.** A point that was read is there for certain: weight 1. One of the $n - B$ others is scored with the
# chance $P/(n - B)$: weight $(n - B)/P$. A set is drawn with the chance $M/S$: weight $S/M$, for likelihood *and* KL.
# $$\hat{\mathcal L}_m = \frac SM \Big[\mathbb E_q \sum_{\text{pooled}} \log p(x \mid c) + \frac{n_m - B}{P}\, \mathbb E_q
# \sum_{\text{scored}} \log p(x \mid c) - \mathrm{KL}(q \,\|\, p)\Big].$$
#
# **The prediction.** Only that of the scored points. The weight $n/B$ on points that q has read, as in the usual
# subsampling of data, is wrong here: q depends on which points they are. What comes of it is the next exercise.

# %% [markdown]
# ## 4. A subset that q has seen
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# It is tempting: the encoder reads B of N points, and the *same* points, each counted N/B times, stand for the set. Is
# it a bound, at least on average over subsets? One set `x`, $(N)$; $c \sim N(0, \tau^2)$, $x_i \mid c \sim
# N(c, \sigma^2)$. Go through *all* subsets of `size` points, and return three numbers:
#
# - **evidence**: $\log p(x_1, \dots, x_N)$;
# - **seen twice**: for each subset the highest value, over all Gaussians q, of the expected log-likelihood of its
#   points, times N/B, less $\mathrm{KL}(q \,\|\, p)$ to the prior; the mean over subsets;
# - **honest**: for each subset the ELBO of the *whole* set, q being the exact posterior of the subset; the mean over
#   subsets.
#
# N is at most 10, and `size` anything from 1 to N. Points may be equal. $\tau$ and $\sigma$ go from 0.001 to 30, and
# $\sigma$ is between a hundredth of $\tau$ and a hundred times $\tau$.
#
# **Predict**: put the three in order. When are they one? Which variance does the q have that is best at being scored
# on what it has seen?

# %% exercise="16_seen_twice"
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The log evidence; the highest objective on a subset that stands for the set; the ELBO of the set with a subset's posterior.

    x: (N), a set. tau, sigma: scales of c and of the points. size: of the subsets. Means over all subsets; three numbers.
    """
    ### BEGIN SOLUTION
    def best(points, weight):
        variance = 1 / (1 / tau**2 + weight * len(points) / sigma**2)
        return weight * points.sum() / sigma**2 * variance, variance

    def elbo(points, weight, loc, variance):
        misfit = ((points - loc) ** 2 + variance) / sigma**2
        kl = 0.5 * ((loc**2 + variance) / tau**2 - 1 - math.log(variance / tau**2))
        return weight * (-0.5 * misfit - 0.5 * math.log(2 * math.pi * sigma**2)).sum() - kl

    weight = len(x) / size
    subsets = [x[list(chosen)] for chosen in itertools.combinations(range(len(x)), size)]
    twice = [elbo(points, weight, *best(points, weight)) for points in subsets]
    honest = [elbo(x, 1.0, *best(points, 1.0)) for points in subsets]
    return elbo(x, 1.0, *best(x, 1.0)), torch.stack(twice).mean(), torch.stack(honest).mean()
    ### END SOLUTION


# %% check="16_seen_twice"
check("16_seen_twice", seen_twice)

# %% [markdown]
# **One set, six points.** From subsets of one point to all of them.

# %%
with when_written():
    x = 0.8 + normals(6, seed=7)
    print("B     evidence   seen twice   honest")
    for size in range(1, 7):
        print(size, "   " + "   ".join(f"{float(value):9.4f}" for value in seen_twice(x, 1.0, 1.0, size)))

# %% [markdown]
# <details><summary>Symptom: my second number is N/B times the evidence of a subset</summary>
#
# The factor belongs to the likelihood alone; the KL is paid once. And q may be any Gaussian.
#
# </details>
# <details><summary>Symptom: I scored the posterior of the subset, and a higher value exists</summary>
#
# In this objective each point counts several times. Of which *larger* set would that be the ELBO, if N/B is a whole
# number? Its exact posterior is the best q; then let N/B be any number.
#
# </details>
# <details><summary>Symptom: my third number is not below the first</summary>
#
# It is the ELBO of all N points: each scored once, under a q that does not know all of them. What it falls short by is
# one KL, from that q to the posterior of the whole set.
#
# </details>

# %% [markdown] solution_only="16_seen_twice"
# **The best value.** $\max_q \mathbb E_q[\frac NB \sum_S \log p(x_i \mid c)] - \mathrm{KL}(q \| p) = \log \int p(c)
# \prod_S p(x_i \mid c)^{N/B}\, dc$, reached at the normalized integrand: precision $1/\tau^2 + N/\sigma^2$, as if it had
# seen N points.
#
# **The order.** honest $\le$ evidence $\le$ seen twice. $\log \int p(c) \exp(f(c))\, dc$ is convex in f, and the mean of
# the scaled log-likelihood over subsets is the log-likelihood of the set: Jensen puts the mean of the values *above*
# the value at the mean. So it is no bound on average, and what climbs it is an encoder that is too sure of too little.
# They are one where B = N; where all points are equal, the evidence and what is seen twice are one, too. Exactly, the excess is
# $\frac12 (N/\sigma^2)^2\, \mathrm{Var}(\bar x_S) / (1/\tau^2 + N/\sigma^2)$.

# %% [markdown]
# ## 5. The ELBO of a neural process
#
# *Difficulty* 3/5 · *Importance* 5/5 · 35 minutes
#
# A datum is a function, seen at N places: `inputs` and `outputs`, $(*B, N)$. Where `is_context`, $(*B, N)$, is True the
# point is given; the others are targets. `encoder(points, mask)` reads points $(*B, N, 2)$, input before output, those
# where the mask is True, and gives the mean and *log scale* of a Gaussian over z, side by side, $(*B, 2D)$.
# `decoder(inputs, z)`, for inputs $(*B, N, 1)$ and z $(K, *B, D)$, gives mean and *log scale* of each output, $(K, *B,
# N, 2)$.
#
# The model: given the context, z has the distribution that the encoder says of the context, and given z the outputs of
# the targets are independent. q is what the encoder says when it has read everything. Return, for each function, the
# estimate of the ELBO of *this* model of the targets from K samples, $(*B)$: z is drawn from q with the noise `eps`,
# $(K, *B, D)$, and what can be had in closed form is. Gradients are asked, in the parameters of both networks, wherever
# they appear.
#
# The context of a function may be empty, or everything, and a function may have one point. Scales, those of z and those
# of the outputs, go from 0.001 to 30. Of the values nine digits are looked at, of the gradients five.
#
# **Predict**: what is the ELBO where there are no targets? And of which distribution of the targets is it a bound: does
# the same model lie behind two different contexts?

# %% exercise="16_process_elbo"
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    """The ELBO of the targets given the context, function by function, (*B).

    encoder: (*B, N, 2), (*B, N) -> (*B, 2 D). decoder: (*B, N, 1), (K, *B, D) -> (K, *B, N, 2).
    inputs, outputs: (*B, N). is_context: (*B, N), bool. eps: (K, *B, D).
    """
    ### BEGIN SOLUTION
    points = torch.stack([inputs, outputs], -1)
    loc, log_scale = encoder(points, torch.ones_like(is_context)).chunk(2, -1)
    prior_loc, prior_log_scale = encoder(points, is_context).chunk(2, -1)
    mean, log_noise = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    log_p = -0.5 * ((outputs - mean) / log_noise.exp()) ** 2 - log_noise - 0.5 * math.log(2 * math.pi)
    likelihood = torch.where(is_context, torch.zeros_like(log_p), log_p).sum(-1).mean(0)
    ratio = log_scale - prior_log_scale
    off = (loc - prior_loc) / prior_log_scale.exp()
    return likelihood - (0.5 * ((2 * ratio).exp() + off**2 - 1) - ratio).sum(-1)
    ### END SOLUTION


# %% check="16_process_elbo"
check("16_process_elbo", process_elbo)

# %% [markdown]
# <details><summary>Symptom: the value is far off where the context is large</summary>
#
# The outputs of the context are known. Does this model say anything of them?
#
# </details>
# <details><summary>Symptom: my KL is to a standard normal</summary>
#
# An ELBO compares q with the prior of *its* model. Read again where z comes from.
#
# </details>
# <details><summary>Symptom: the value is right, and the gradient is not</summary>
#
# The encoder is called twice, and learns from both calls. Nothing is cut off: neither the sample nor what it is compared
# with.
#
# </details>

# %% [markdown] solution_only="16_process_elbo"
# **The bound.** $\mathbb E_{q(z \mid C, T)} \sum_{t \in T} \log p(y_t \mid x_t, z) - \mathrm{KL}\big(q(z \mid C, T)
# \,\|\, q(z \mid C)\big)$, with $q(z \mid C, T)$ the encoder of all points.
#
# **The predictions.** Without targets q is the prior: no likelihood, no KL, zero. It is a bound on $\log \int q(z \mid
# C) \prod_T p(y_t \mid x_t, z)\, dz$, a model whose prior changes with C. Nothing makes $q(z \mid C)$ the posterior of
# one prior, so the predictions of different contexts need not belong to one distribution over functions.

# %% [markdown]
# ## 6. What the conditional neural process cannot earn
#
# *Difficulty* 4/5 · *Importance* 5/5 · 45 minutes
#
# Functions come from a Gaussian process with the kernel $s^2 \exp(-(u - v)^2 / 2\ell^2)$ and mean zero; of each,
# values with noise of standard deviation `noise` are seen. A conditional neural process predicts every target by a
# Gaussian *of its own* from what it knows, and is scored by the sum of the log-densities. Give it all the capacity
# there is, and train it to rest.
#
# It may predict in blocks: the first `block` targets from the context; then these targets are *shown*, with the values
# that they took, and it predicts the next `block`, and so on, in the order of `targets`; the last block may be smaller. Return
#
# - **variances**, $(T)$: with which it predicts each target, once trained;
# - **shortfall**, a number: its expected log score falls short of that of the Gaussian process, which predicts all
#   targets *jointly* from the context. By how much, in nats?
#
# `context` and `targets` are inputs, $(C)$ and $(T)$; the context may be empty, two points may have one input, and
# there may be 60 targets. `noise` is at least a thirtieth of `scale`, which goes from 0.001 to 30.
#
# **Predict**: what is the shortfall with a block of one? What happens to it when noise grows? Could a calibration curve
# show it?

# %% exercise="16_shortfall"
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    """Variances with which each target is predicted, (T), and by how much the expected log score falls short of the process, ().

    context: (C), inputs of the points that are given. targets: (T), inputs of those that are predicted, `block` at a time.
    """
    ### BEGIN SOLUTION
    def kernel(u, v):
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    def noisy(u):
        return kernel(u, u) + noise**2 * torch.eye(len(u), dtype=u.dtype)

    known, variances, short = context, [], torch.zeros((), dtype=torch.float64)
    for asked in targets.split(block):
        cross = kernel(known, asked)
        covariance = noisy(asked) - cross.T @ torch.linalg.solve(noisy(known), cross)
        variances.append(covariance.diagonal())
        short = short + 0.5 * covariance.diagonal().log().sum() - 0.5 * torch.logdet(covariance)
        known = torch.cat([known, asked])
    return torch.cat(variances), short
    ### END SOLUTION


# %% check="16_shortfall"
check("16_shortfall", shortfall)

# %% [markdown]
# **Measure it.** 20,000 functions from the process; the conditional neural process at its best, and the process itself,
# score the same targets.

# %%
def covariance_of(u: Tensor) -> Tensor:
    """Of noisy values at these inputs: lengthscale 0.6, scale 1, noise 0.2."""
    return torch.exp(-0.5 * ((u[:, None] - u) / 0.6) ** 2) + 0.04 * torch.eye(len(u), dtype=u.dtype)


with when_written():
    context, asked = torch.tensor([-1.2, 0.3, 1.0]).double(), torch.tensor([-0.4, -0.1, 0.6, 1.6, 1.9]).double()
    joint = covariance_of(torch.cat([context, asked]))
    y = normals(20_000, 8, seed=5) @ torch.linalg.cholesky(joint).T
    gain = torch.linalg.solve(joint[:3, :3], joint[:3, 3:])
    mean, left = y[:, :3] @ gain, joint[3:, 3:] - joint[3:, :3] @ gain
    by_process = torch.distributions.MultivariateNormal(mean, left).log_prob(y[:, 3:])
    variances, predicted = shortfall(context, asked, 0.6, 1.0, 0.2, 5)
    alone = torch.distributions.Normal(mean, torch.as_tensor(variances).sqrt()).log_prob(y[:, 3:]).sum(-1)
    short = by_process - alone
    print(f"predicted {float(predicted):.4f}   measured {float(short.mean()):.4f} ± {float(short.std()) / 20_000**0.5:.4f} nats")
    for block in (1, 2, 3, 5):
        print(f"{block} at a time: {float(shortfall(context, asked, 0.6, 1.0, 0.2, block)[1]):.4f}")

# %% [markdown]
# <details><summary>Symptom: I do not know what the best Gaussian for a target is</summary>
#
# The expected log-density of a Gaussian is highest where its mean and variance are those of the truth. What is the
# distribution of this target given all that is known when it is predicted, noise included?
#
# </details>
# <details><summary>Symptom: variances right, shortfall off by a factor, or infinite</summary>
#
# The expected log-density of a Gaussian at its own draws is minus its entropy. Compare entropies: of the targets one by
# one, and of all of them. Take the logarithm of a determinant without the determinant.
#
# </details>
# <details><summary>Symptom: right for one block, wrong for several</summary>
#
# The process's joint density is a product over blocks, each given the context and the blocks before. So is the other
# score. Compare block by block; and let what is known grow.
#
# </details>

# %% [markdown] solution_only="16_shortfall"
# **Total correlation.** Within a block, given what is known, let $\Sigma$ be the covariance of the noisy targets. The
# best independent Gaussians have $\Sigma$'s diagonal, and the expected scores differ by $\frac12 \sum_t \log \Sigma_{tt}
# - \frac12 \log |\Sigma|$, minus half the log determinant of the predictive *correlation*. By the chain rule the blocks
# add up.
#
# **The predictions.** One at a time nothing is lost: conditional densities multiply to the joint one. With much noise
# targets are nearly independent, and the shortfall vanishes. A calibration curve looks at one target at a time, and
# every marginal is exact: it sees nothing. Draws would: independent ones jump where the process is smooth.

# %% [markdown]
# ## 7. Calibration, with its error
#
# *Difficulty* 2/5 · *Importance* 4/5 · 20 minutes
#
# Targets `y` of F functions, T of each, and Gaussian predictions with means `loc` and standard deviations `scale` (of
# what is seen, noise included), $(F, T)$ each. For each of the `levels`, $(L)$, between 0.001 and 0.9999, return
#
# - **coverage**, $(L)$: the share of all targets that lie in the *central* interval of that probability;
# - **error**, $(L)$: the standard error of that share. The functions are independent. The targets of one function are
#   not.
#
# Eight digits. There are at least two functions, and a target may lie within a hundred-millionth of the end of an
# interval.
#
# **Predict**: with T targets that all say the same, by which factor is the error too small that takes targets to be
# independent?

# %% exercise="16_calibration"
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    """The share of targets inside central intervals, and its standard error over independent functions, (L) each.

    y, loc, scale: (F, T), T targets of each of F functions. levels: (L), probabilities of the intervals.
    """
    ### BEGIN SOLUTION
    width = torch.special.ndtri(0.5 + 0.5 * levels)
    shares = ((y - loc).abs() <= width[:, None, None] * scale).double().mean(-1)               # (L, F)
    return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
    ### END SOLUTION


# %% check="16_calibration"
check("16_calibration", calibration)

# %% [markdown]
# **A curve that is right, and one that is not.** 200 functions of the process of exercise 6, 20 targets each: predicted
# from its own marginals, and with scales that are a fifth too small. In how many standard errors do they miss?

# %%
with when_written():
    u, levels = torch.linspace(-2, 2, 20, dtype=torch.float64), torch.tensor([0.2, 0.5, 0.8, 0.95], dtype=torch.float64)
    y = normals(200, 20, seed=8) @ torch.linalg.cholesky(covariance_of(u)).T
    exact = covariance_of(u).diagonal().sqrt().expand(200, 20)
    for name, scale in (("exact marginals", exact), ("a fifth too small", 0.8 * exact)):
        share, error = (torch.as_tensor(part) for part in calibration(y, torch.zeros_like(y), scale, levels))
        print(f"{name:18s}" + "   ".join(f"{a:.2f}: {b:.3f} ± {e:.3f} ({(b - a) / e:+.1f})" for a, b, e in zip(levels, share, error, strict=True)))

# %% [markdown]
# <details><summary>Symptom: my coverage at level 0.5 is about 0.7, or far too small</summary>
#
# A central interval leaves out as much above as below. Which quantile is its upper end?
#
# </details>
# <details><summary>Symptom: the coverage is right, my error is too small</summary>
#
# A share of independent things is binomial; these are not independent. What in the data is?
#
# </details>
# <details><summary>Symptom: nearly right, off by a few percent</summary>
#
# F shares, one for each function, and the error of their mean. With few of them it matters that their own mean was
# used.
#
# </details>

# %% [markdown] solution_only="16_calibration"
# **Clusters.** Each function gives one share; the F shares are independent, and their mean is the coverage. Its error
# is their standard deviation (with F - 1) over $\sqrt F$.
#
# **The prediction.** By $\sqrt T$. With 20 targets of a smooth function there are only a few independent numbers among
# them, and an error that takes all 20 for independent ones finds faults that are none.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# Three people, each with a world of their own: $c \sim N(0, \tau^2)$, points $N(c, \sigma^2)$ around it, and chances for
# sets of 1 to 8 points. Each trained an encoder by the ELBO, to rest, on endless sets of their world. It pools *one*
# number and is not told the size: the **mean**, the **sum**, or the **max**imum of the points. Its q is a Gaussian
# whose mean and variance are any functions of that number. You are not told who pools what.
#
# Of each person you see *one* set and *one* number: the **variance** of the q that the encoder says of this set,
# `reports`, $(3)$, with measurement errors whose standard deviations are `errors`, $(3)$. `points`, $(3, 8)$, are the
# sets, with `present`, $(3, 8)$, saying which points there are. `scales`, $(3, 2)$, are $\tau$ and $\sigma$; `chances`,
# $(3, 8)$. Return the three names, `"mean"`, `"sum"`, `"max"`, in the order of the persons.
#
# There is nothing to correlate: work out what each would have to say. The evidence is enough: on each person's set, any
# two of the three encoders lie more than six standard errors apart. The check brings 40 cases and demands all names
# right in 38 of them. Who is nearer to the exact posterior, and whose q is wide, is left to coins.
#
# **Predict, before you begin**: a set lies far from zero. Does that make q wider or narrower when it is the mean that
# the encoder sees? And when it is the sum?

# %% exercise="16_sealed_case"
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    """Who pools the "mean", who the "sum", and who the "max", in the order of the persons.

    reports, errors: (3), the variance of q for one set each. points, present: (3, 8). scales: (3, 2). chances: (3, 8).
    """
    ### BEGIN SOLUTION
    n = torch.arange(1, chances.shape[1] + 1, dtype=torch.float64)

    def misfit(person, pooled):
        tau, sigma = scales[person]
        seen = torch.where(present[person], points[person], torch.zeros_like(points[person])).sum()
        spread = n**2 * tau**2 + n * sigma**2                            # the variance of the sum of n points
        if pooled == "mean":
            seen, spread = seen / present[person].sum(), spread / n**2
        omega = (chances[person].log() - 0.5 * spread.log() - 0.5 * seen**2 / spread).softmax(-1)
        variance = 1 / (omega @ (1 / tau**2 + n / sigma**2))
        return float(((reports[person] - variance) / errors[person]) ** 2)

    pairs = itertools.permutations(range(3), 2)
    first, second = min(pairs, key=lambda pair: misfit(pair[0], "mean") + misfit(pair[1], "sum"))
    names = ["max"] * 3
    names[first], names[second] = "mean", "sum"
    return names
    ### END SOLUTION


# %% check="16_sealed_case"
check("16_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("16_sealed_case", seed=1)
    reports, errors, there = (case.given[name] for name in ("reports", "errors", "present"))
    for letter, seen, error, which in zip("ABC", reports, errors, there, strict=True):
        print(f"{letter}: {int(which.sum())} points, variance {seen:.4f} ± {error:.4f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I look whose variance is nearest to the exact posterior's, and am right by chance alone</summary>
#
# Which of the three is nearest depends on the world and on the set. Each is exact about something else: what it
# believes when it has seen its number, and nothing more.
#
# </details>
# <details><summary>Symptom: I can predict the mean's reports, and nobody else's</summary>
#
# Exercise 2 once more, with another number. What does it tell of the size, and how is it distributed for each size?
# The best q averages the same things as there.
#
# </details>
# <details><summary>Symptom: I have no formula for the maximum</summary>
#
# You hardly need it. Two predictions, each for all three persons, in standard errors; find the best two, and whoever is
# left is the third.
#
# </details>

# %% [markdown] solution_only="16_sealed_case"
# **What each gives.** As in exercise 2, the precision is $\sum \omega_n \lambda_n$, and only $\omega_n$ differs. For the
# mean, $\omega_n \propto p(n)\, N(\bar x; 0, \tau^2 + \sigma^2/n)$; for the sum, $p(n)\, N(s; 0, n^2\tau^2 +
# n\sigma^2)$; for the maximum, $p(n)$ times an integral over c of $n\,\phi\,\Phi^{n-1}$.
#
# **The prediction.** A mean far from zero tells of a small set, and q is wider. A sum far from zero tells of a large
# one, and q is narrower. The maximum has a sign: far up it tells of a large set, far down of a small one.

# %% [markdown]
# ## 9. In words: four claims about sets and functions
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) Our encoder pools the mean of features, so that it does not depend on the order; a set of two and a
# set of two hundred points look the same to it, which makes it robust. (2) Sets are large. The encoder reads 20 of 200
# points, and we multiply the log-likelihood of these 20 by ten; subsampling is unbiased. (3) The conditional neural
# process maximizes a lower bound of the likelihood of the function, and we sample functions from it. (4) Its calibration
# curve lies on the diagonal within errors, so it has learned the process." For each claim write two or three sentences:
# what is right about it, what is not, and what you would measure to decide. Then one sentence: name a use for which the
# conditional neural process is all you need, and why.

# %% [markdown] written="16_written"
# (1) It is invariant to order, and it does not see the size, so its posterior is as wide for two points as for two
# hundred: it has to be the best compromise over the sizes that occur. Measure the gap by the size of the set, against
# an encoder that is told the size.
#
# (2) Subsampling is unbiased for a q that does not depend on the subset. Here q has read these 20 and is scored on
# them; the objective is on average above the log evidence at its best, so it is no bound, and q becomes as narrow as if
# it had seen 200. Measure: score 20 others, or compare with the exact evidence in a conjugate model.
#
# (3) It maximizes an exact log-likelihood, of targets that are independent given the context; there is no bound in it.
# It has marginals and no joint distribution, so draws of many targets are white noise around the mean. Measure: the
# log score of all targets jointly against that of the Gaussian process.
#
# (4) A curve looks at targets one at a time. It tells that the marginals are calibrated on average over places, which
# is less than right at each place, and it says nothing of how targets depend on each other. Measure: coverage near and
# far from the context, the joint score, or the score with predictions fed back one by one.
#
# It is all I need where each decision is about one value: which single input to measure next, a band for each place.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Order: right. That the size does not count is a loss: a posterior narrows with points. Accept "robust"
#   for a point estimate of a feature mean, if said so; with the consequence for the width of q left out: 0.25.
# - 0.5: claim 2. Unbiased only if q does not depend on the points that are scored; consequence (no bound, or too narrow
#   a q) or the remedy (score others, pool the whole set; scaling over sets is fine). Only "too noisy": 0.
# - 0.5: claim 3. An exact likelihood of independent targets, no bound; no coherent draws of functions. One of the two
#   alone: 0.25. Accept: "a bound" for the *latent* neural process, if told apart.
# - 0.5: claim 4. Marginal, and on average over places; dependence is not seen. One of the two suffices with a
#   measurement. Accept also: errors that take targets of a function to be independent.
# - Last sentence: any use that needs marginals alone (pointwise bands, one target, one-step decisions), or feeding
#   predictions back. Accept any with its reason.
# === END MARK SCHEME ===
