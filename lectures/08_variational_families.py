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
# # 08 · Variational families
#
# Whatever estimator you climb with, the climb can end no higher than the best member of the family you chose, and no number of steps takes you
# out of it. The **gap** that is left there, $\log p(x) - \mathcal L = \mathrm{KL}(q\,\|\,p(z \mid x))$, is the family's own. So which
# family? More flexible is not always better: of two families, the one that could do more may after the same number of steps have done less. This unit puts six
# families side by side: what each can express, what it costs, and which of their gaps you can predict before fitting anything. A good hint is the *graph* of the
# model, as you will see. The unit ends with one table: families on three real posteriors whose answers we can trust.
#
# **After this unit you can**
#
# - weigh a family by five wishes, and say which of them each family gives up,
# - say what it costs to leave out correlations, and why that depends on the direction of the divergence,
# - write a Gaussian in ten thousand dimensions without a 10,000 × 10,000 matrix, in two ways,
# - read the zeros of a precision off a picture of who couples with whom, and choose the order that keeps them,
# - bend a Gaussian: planar layers with their condition of invertibility, coupling flows, ASVI,
# - straighten a funnel by the *non-centred parametrization*,
# - judge a fit by its bound, its k-hat, and its means and scales beside a trusted answer.
#
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 4 minutes more. The whole page computes in two minutes or so.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p(x, z)$, a family $q_\phi(z)$. The **ELBO** is $\mathcal L = \mathbb E_q[\log w]$ with $\log w = \log p(x, z) - \log q(z)$ (unit 03).
# > - A sample is $z = t_\phi(\epsilon)$ with $\epsilon \sim N(0, I)$, and $\log q(z) = \log N(\epsilon; 0, I) - \log|\det \partial t/\partial\epsilon|$ (unit 06).
# > - **Sticking the landing** is the pathwise gradient with $\log q$ held constant in $\phi$; its noise vanishes where q is the posterior (unit 09). All fits by sampling here use it.
# > - A Gaussian has a covariance $\Sigma$ and a **precision** $\Lambda = \Sigma^{-1}$. The best diagonal q for a Gaussian posterior has the *conditional* variances $1/\Lambda_{ii}$ (unit 04).
# > - Latents are **local** if each belongs to one datum or one group, **global** if all share them.
# > - An empirical sentence comes with `claim(...)`: so many runs, the paired difference ± its standard error, and t, their ratio. Below 3 we say that no difference is seen.

# %%
import math
import time

import torch
from scipy.linalg import cholesky_banded
from torch.distributions import MultivariateNormal, Normal, kl_divergence

# %%
from course_vi.diagnostics import claim
from course_vi.experiments import family_race as experiment
from course_vi.experiments.county_rates import CountyRates
from course_vi.experiments.stored_tables import stored_table
from course_vi.experiments.wandering_level import WanderingLevel

# %%
from course_vi.families import (
    ASVI,
    FactorCovariance,
    Flow,
    FullRank,
    MeanField,
    Planar,
    SparsePrecision,
)
from course_vi.families.flow import zuko
from course_vi.gradients import sticking_the_landing
from course_vi.graph import BayesNet
from course_vi.graph.sparsity import banded, fill_in

# %%
from course_vi.learning import fit
from course_vi.plots import lecture_08 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. Five wishes
#
# | we wish for | because | how to find out |
# |---|---|---|
# | **flexibility** | the gap is what the family cannot express | ELBO beside a known $\log p(x)$; k-hat of the weights |
# | **a path and a density** | gradients need $z = t_\phi(\epsilon)$ and $\log q(z)$, cheaply, also with $\phi$ held constant | round trip; integral of q; seconds a step |
# | **ease of optimization** | a good member that the climb does not reach is worth nothing | twice the steps: does the bound still rise? |
# | **an inductive bias** | what the model says about dependence need not be learned again | the graph |
# | **parsimony** | in ten thousand dimensions $D^2$ is too many | count the numbers |
#
# No family grants all five. A diagonal Gaussian is parsimonious and easy to fit; a flow is flexible, with thousands of numbers to learn. The families between them differ in *which* dependence they keep:
#
# | family | $z = t_\phi(\epsilon)$ | numbers | keeps |
# |---|---|---|---|
# | diagonal (*mean field*) | $\mu + \sigma \odot \epsilon$ | $2D$ | none |
# | full | $\mu + C\epsilon$, $C$ lower triangular | $D + D(D+1)/2$ | every linear one |
# | factor | $\mu + B\epsilon_1 + \sigma\odot\epsilon_2$, $B$ with r columns | $D(r + 2)$ | r directions shared by all |
# | sparse precision | one triangular solve, by a factor of $\Lambda$ with zeros | $2D$ + entries | linear ones, between chosen pairs |
# | flow | a network that can be inverted | thousands | any, if it is learned |
# | ASVI | the prior's own recipe, trusted in part | $4D$ | that of the prior's arrows |
#
# > You will read $N(\mu, \mathrm{diag}(\sigma))$ beside $z = \mu + \sigma\odot\epsilon$, and $\mathrm{diag}(d) + BB^\top$ beside $z = \mu + B\epsilon_1 + d\odot\epsilon_2$ (R. Salomone, *Deep Probabilistic Models*, AMSI Winter
# > School 2021, part III, whose list of wishes is the start of the one above). The maps are right. The covariances they give are $\mathrm{diag}(\sigma^2)$ and $\mathrm{diag}(d^2) + BB^\top$.
#
# ## 2. Gaussians: what correlation costs
#
# Leave out all correlation. For a Gaussian posterior both the fit and its gap can be worked out; yours is the direction that variational inference takes, in the problem set. Here is its neighbour, the *other* divergence. Minimize
#
# $$\mathrm{KL}(p\,\|\,q) = \mathbb E_p[\log p] - \sum_i \mathbb E_p[\log N(z_i; \mu_i, \sigma_i^2)]$$
#
# over diagonal q. Each term needs only the marginal of $z_i$ under p, and it is largest where q has that marginal's mean and variance: $\sigma_i^2 = \Sigma_{ii}$. What is left over is $\tfrac12\big(\sum_i \log\Sigma_{ii} - \log\det\Sigma\big)$, the information that
# the coordinates have about each other. This divergence needs samples of p, which is what we lack; so we take the other one, and get another answer.
#
# Let the posterior have unit variances and correlation 0.9 between *every* pair of D coordinates.
#
# > **Predict 1.** $D$ grows from 2 to 100. What happens to the standard deviation of the best diagonal q, in the sense of the ELBO?

# %%
predict("08_1", choices=[
    "it stays as it is",
    "it falls towards zero",
    "it falls, and levels off above zero",
    "it rises towards one"])

# %%
def equicorrelated(D, r=0.9):
    return torch.full((D, D), r, dtype=DOUBLE) + (1 - r) * torch.eye(D, dtype=DOUBLE)


# %%
def best_diagonal(target):
    """Minimize KL(q || target) over the scales of a diagonal q centred where the target is."""
    log_scale = torch.zeros(len(target.loc), dtype=DOUBLE, requires_grad=True)
    climb = torch.optim.LBFGS([log_scale], max_iter=200, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def loss():
        climb.zero_grad()
        value = kl_divergence(MultivariateNormal(target.loc, torch.diag(log_scale.exp().square())), target)
        value.backward()
        return value
    climb.step(loss)
    return log_scale.detach().exp(), loss().item()


# %%
sizes = (2, 3, 5, 10, 20, 50, 100)
scales, reverse, forward = [], [], []
for D in sizes:
    sigma = equicorrelated(D)
    scale, gap = best_diagonal(MultivariateNormal(torch.zeros(D, dtype=DOUBLE), sigma))
    scales.append(scale.mean().item())
    reverse.append(gap)
    forward.append(-0.5 * torch.logdet(sigma).item())
    print(f"D = {D:3d}: standard deviation {scales[-1]:.4f}, gap {gap:.3f} nats; the other way round: 1.0000, {forward[-1]:.3f} nats")
show(figures.no_correlation(sizes, scales, reverse, forward),
     alt="Left: the best diagonal standard deviation over the number of coordinates D, on a log axis: it falls from 0.44 at D = 2 and levels off at 0.316; in the other divergence it is 1 throughout. Right: what is lost, in nats, on log axes: "
         "KL(q || p) grows from 0.8 to 2.9, ever more slowly; KL(p || q) grows in the end in proportion to D, to 112 at D = 100.")

# %%
# Run this cell to compare it with your prediction.
reveal("08_1", "it falls, and levels off above zero")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# It falls from 0.44 to 0.32. The best diagonal q is as wide as the posterior is along one axis *with all other coordinates known*. The others tell more and more about what all share, which leaves the part that a coordinate has for itself, of variance $1 - 0.9$; and
# $\sqrt{0.1} = 0.316$. The marginal standard deviation is 1: error bars from this q are three times too short.
#
# </details>
#
# Three lessons. *Too narrow*: this direction of the divergence punishes q for being where p is not, and a diagonal q can only avoid that by being small. *The gap is no measure of the error bars*: three nats lost in a hundred dimensions, three hundredths for each, and every scale is wrong by a factor of three.
# And *what is missing is one direction*: the posterior here is an independent part for each coordinate plus one number shared by all.
#
# ### One direction at a time
#
# That is a **factor covariance** (Ong, Nott and Smith, 2018): $\Sigma = BB^\top + \mathrm{diag}(\sigma^2)$. It is written with $D(r+2)$ numbers, sampled with as many operations, and its density never needs a D × D matrix either. The idea in its smallest case, one factor b and equal scales $\sigma$:
#
# $$\det(\sigma^2 I + bb^\top) = \sigma^{2D}\Big(1 + \frac{b^\top b}{\sigma^2}\Big), \qquad (\sigma^2 I + bb^\top)^{-1} v = \frac{1}{\sigma^2}\Big(v - b\,\frac{b^\top v}{\sigma^2 + b^\top b}\Big).$$
#
# Inner products, nothing else (Sherman and Morrison). For r factors and unequal scales, an r × r matrix takes the place of $\sigma^2 + b^\top b$: that density was an exercise of [unit 00](../notebooks/00_start_here/00_start_here.ipynb).
#
# Now a posterior of another kind: a chain. $z_t$ wanders, $z_t \mid z_{t-1} \sim N(z_{t-1}, 0.3^2)$ from $N(0, 1)$, and each is measured with noise of variance 1. Everything is Gaussian.
#
# > **Predict 2.** A chain of 100 latents, and factor covariances of rank 1, 2, 5, 10, 20. How does the gap fall?

# %%
predict("08_2", choices=[
    "rank 1 removes nearly all of it",
    "rank 5 removes nearly all of it",
    "slowly: rank 10 still leaves half"])

# %%
def chain_precision(T, step=0.3):
    """Diagonal and off-diagonal of the posterior's precision: each z_t meets its measurement, and its neighbours."""
    inner = torch.full((T,), 1 + 2 / step**2, dtype=DOUBLE)
    inner[0], inner[-1] = 1 + 1 + 1 / step**2, 1 + 1 / step**2
    return inner, torch.full((T - 1,), -1 / step**2, dtype=DOUBLE)

# %%
def gap_of_factors(precision, rank, steps=300):
    """Minimize KL(q || p) over factor covariances, both centred at zero; rank 0 is the diagonal."""
    D, generator = len(precision), seeded(rank)
    log_scale = (-0.5 * precision.diagonal().log()).clone().requires_grad_()
    B = (0.1 * torch.randn(D, rank, generator=generator, dtype=DOUBLE)).requires_grad_()
    climb = torch.optim.LBFGS([log_scale, B], max_iter=steps, line_search_fn="strong_wolfe")

    def loss():
        climb.zero_grad()
        sigma = B @ B.T + torch.diag(log_scale.exp().square())
        value = 0.5 * ((precision * sigma).sum() - D - torch.logdet(sigma) - torch.logdet(precision))
        value.backward()
        return value
    climb.step(loss)
    return loss().item()


# %%
inner, side = chain_precision(100)
chain = torch.diag(inner) + torch.diag(side, 1) + torch.diag(side, -1)
ranks = (0, 1, 2, 5, 10, 20, 40)
gaps = [gap_of_factors(chain, rank) for rank in ranks]
for rank, gap in zip(ranks, gaps, strict=True):
    print(f"rank {rank:2d}: {100 * (rank + 1):5d} numbers for the covariance, gap {gap:7.3f} nats, {gap / gaps[0]:4.0%} of the diagonal's")
show(figures.by_rank(ranks, gaps, 100),
     alt="Gap in nats over the numbers that a covariance has, for a chain of 100 latents, on a log axis of numbers. Factor covariances of rank 0, 1, 2, 5, 10, 20 and 40 go down slowly; a Gaussian with a sparse precision, at 199 numbers, has no gap.")

# %%
# Run this cell to compare it with your prediction.
reveal("08_2", "slowly: rank 10 still leaves half")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# Slowly. In the last example all coordinates shared *one* number. In a chain each shares something with its neighbours, and with others; there is no short list of directions in which all move together. The covariance is full, and its eigenvalues fall off gradually. The lone point at the bottom belongs to the next section.
#
# </details>
#
# ## 3. Zeros that the graph gives
#
# The chain's covariance has no zeros. Its *precision* is nearly all zeros. The reason is one line: for a Gaussian,
#
# $$\Lambda_{ij} = -\frac{\partial^2}{\partial z_i\, \partial z_j}\log p(x, z),$$
#
# and a sum of terms has such a mixed derivative only if some term reads *both* $z_i$ and $z_j$. Zero in $\Lambda$ means: independent, given all other latents. Zero in $\Sigma$ would mean: independent, given none of them, which is rare.
#
# Take the plainest case, a field without arrows. Pixels of an image, $z_1, \dots, z_{16}$ on a 4 × 4 grid, with a term $-\tfrac12 (z_i - z_j)^2$ for each pair of neighbours, and a measurement of each pixel. The terms *are* the picture of the grid, and so is the pattern of $\Lambda$: 24 pairs. Where there are arrows, you need to think first about what
# one term, $\log p(v \mid \text{parents of } v)$, reads. That is the signature exercise of this unit.
#
# ### A family with these zeros
#
# Any precision can be written with a triangular matrix, in two ways. One is $\Lambda = R^\top R$ with $R$ lower triangular, $z = \mu + R^{-1}\epsilon$ and
#
# $$\log q(z) = -\tfrac12\lVert R\,(z - \mu)\rVert^2 + \sum_d \log R_{dd} - \tfrac D2\log 2\pi .$$
#
# The other is the Cholesky factor proper, $\Lambda = LL^\top$, and it is the one that this course uses; its map and its density you write yourself. Either way a sample is one triangular solve, a density one product, and both cost as many operations as the factor has entries.
# So learn $\mu$ and the entries of $L$ that are not zero (Tan and Nott, 2018). *Which* are not zero? Those of $\Lambda$; and some more. To compute the first column of $L$ and remove it is to
# **eliminate** $z_1$: to integrate it out. What remains is the precision of the others *without* it, and all that had met in $z_1$ now meet directly. Each elimination connects the remaining neighbours of what is eliminated with each other: **fill-in**. It depends on the order.
#
# > **Predict 3.** The 4 × 4 grid, 24 pairs. Which order of elimination leaves the fewest entries in L: row by row; the black squares of the chessboard first, then the white ones; or the four corners first, the centre last?

# %%
predict("08_3", choices=[
    "row by row",
    "black squares first",
    "corners first, centre last",
    "all the same"])

# %%
def grid_pairs(n):
    """Neighbours on an n by n grid, numbered row by row."""
    right = [(n * i + j, n * i + j + 1) for i in range(n) for j in range(n - 1)]
    return right + [(n * i + j, n * (i + 1) + j) for i in range(n - 1) for j in range(n)]


def in_order(pairs, order):
    """The same couplings, with latents renumbered in the order of their elimination."""
    place = {latent: turn for turn, latent in enumerate(order)}
    return [(place[i], place[j]) for i, j in pairs]


# %%
corners, centre = [0, 3, 12, 15], [5, 6, 9, 10]
orders = {"row by row": list(range(16)),
          "black squares first": sorted(range(16), key=lambda k: (k // 4 + k % 4) % 2),
          "corners first": corners + [k for k in range(16) if k not in corners + centre] + centre}
filled = {name: fill_in(in_order(grid_pairs(4), order), 16) for name, order in orders.items()}
for name, pattern in filled.items():
    print(f"{name:20s} 24 pairs, {pattern.shape[1]} entries below the diagonal of L: {pattern.shape[1] - 24} filled in")
show(figures.orders(grid_pairs(4), orders, filled, side=4),
     alt="Three 4 by 4 grids whose nodes are numbered in the order of elimination, and below each the pattern of the Cholesky factor: entries of the precision in grey, filled-in ones in red. Row by row fills a whole band, 27 entries; black squares first leaves 22, in the lower right corner; corners first 25.")

# %%
# Run this cell to compare it with your prediction.
reveal("08_3", "black squares first")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# The black squares: 22 filled in, against 25 and 27. No two black squares are neighbours, so the elimination of one never gives another black one a new neighbour; all that is filled in lies among the eight white ones. Row by row, each elimination drags the whole front along. "Fewest neighbours next" is a usual rule of thumb; no fast rule is known that finds the best order of every graph.
#
# </details>
#
# > **A convention to fix before you count.** $R^\top R$ eliminates from the *last* latent to the first, $LL^\top$ from the first to the last. Both are in use (R. Salomone's slides, part III, have $\mu + L^{-1}\epsilon$, which is the first), and the same graph in the same numbering fills in differently. Here it is always first to last.
#
# ### Two real models
#
# **Counties.** $y_i$ deaths from breast cancer in each of 301 counties in three southern states of the USA, where $e_i$ would be expected if all rates were equal. A mixed model: $\alpha \sim N(0, 1)$, $\log\tau \sim N(-1, 1)$, log rates $z_i \sim N(\alpha, \tau^2)$, counts $y_i \sim \mathrm{Poisson}(e_i e^{z_i})$. 303 latents.
#
# **Nile.** The yearly flow at Aswan of unit 01, brought to mean 0 and standard deviation 1, as a state space model whose scales are now unknown: $\log s, \log r \sim N(-1, 1)$, levels $z_1 \sim N(0, 1)$, $z_t \sim N(z_{t-1}, s^2)$, data $y_t \sim N(z_t, r^2)$. 102 latents.
#
# Neither posterior is Gaussian. The zeros do not care: a mixed derivative is zero *everywhere* if no term reads both latents. Better still, the best Gaussian q has the same zeros. Where the ELBO is largest, its derivative in the covariance vanishes, and that says
#
# $$\Lambda_{ij} = -\,\mathbb E_q\Big[\frac{\partial^2}{\partial z_i\, \partial z_j}\log p(x, z)\Big]$$
#
# (Opper and Archambeau, 2009): an average of zeros is zero. So at rest a family with the zeros of the graph loses nothing against *all* Gaussians.
#
# The next cell differentiates twice, at one place drawn at random, for six counties and six years, and notes which entries are not zero; then it eliminates in two orders.

# %%
def pairs_that_meet(p, x, z):
    """Pairs of latents whose mixed second derivative of log p(x, z) is not zero at z."""
    hessian = torch.autograd.functional.hessian(lambda v: p.log_joint(x, v), z)
    return [(i, j) for i, j in (hessian.abs() > 1e-12).tril(-1).nonzero().tolist()]


few = 6
small = {"counties": (CountyRates(torch.full((few,), 3.0, dtype=DOUBLE)), torch.tensor([2.0, 5, 1, 4, 3, 6], dtype=DOUBLE)),
         "Nile": (WanderingLevel(few), torch.tensor([0.3, -0.4, 0.8, 0.1, -0.9, 0.5], dtype=DOUBLE))}
place, backwards, spied = torch.randn(few + 2, generator=seeded(3), dtype=DOUBLE), list(range(few + 2))[::-1], {}
for name, (p, x) in small.items():
    pairs = pairs_that_meet(p, x, place)
    spied[name] = (pairs, fill_in(pairs, few + 2), fill_in(in_order(pairs, backwards), few + 2))

# %% [markdown]
# > **Predict 4.** All 102 latents of the Nile, levels first and the two scales last: 300 entries below the diagonal of L. And with the two scales *first*?

# %%
predict("08_4", choices=["300 again", "about 600", "more than 5,000"])

# %%
show(figures.graphs_and_precisions(spied),
     alt="Two rows, counties and Nile. First the graph: shared latents above, local ones in a row, shaded data below. Then the precision of six local and two shared latents: a diagonal or a band of width one, and full rows for the shared ones. Then the Cholesky factor with local latents first: nothing is filled in but, for the Nile, the pair of the two scales. Last the factor with shared ones first: every empty pair of local latents is filled in.")

# %%
nile, nile_data = experiment.posterior("Nile")
pairs = pairs_that_meet(nile, nile_data, torch.randn(102, generator=seeded(4), dtype=DOUBLE))
levels_first, scales_first = fill_in(pairs, 102), fill_in(in_order(pairs, range(101, -1, -1)), 102)
print(f"{len(pairs)} pairs meet. Levels first: {levels_first.shape[1]} entries; scales first: {scales_first.shape[1]} of {102 * 101 // 2}")
# Run this cell to compare it with your prediction.
reveal("08_4", "more than 5,000")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# All but one of the 5,151. A scale meets every level. Eliminate it first, and all levels have met; after that there is no zero left between them to keep. (The one is the pair of the two scales, which no term reads together.) *Local latents first, global ones last*: the one rule of order that a statistician needs most days.
#
# </details>
#
# ### Ten thousand dimensions
#
# The Gaussian chain again. Its precision is a band, so L is a band, and the family that has the graph's zeros contains the posterior, whatever T is. Put the exact L in, and *every* sample must have the same weight, $p(x)$:

# %%
def exact_band(T):
    """The family with the chain's zeros, at the chain's exact posterior for data that are all zero."""
    inner, side = chain_precision(T)
    band = torch.from_numpy(cholesky_banded(torch.stack([inner, torch.cat([side, side[:1]])]).numpy(), lower=True))
    return SparsePrecision(T, banded(T), torch.zeros(T, dtype=DOUBLE), -band[0].log(), band[1, :-1])


@torch.no_grad()
def chain_log_weights(q, T, samples):
    z = q.sample(samples, generator=seeded(T))
    scale = torch.tensor(0.3, dtype=DOUBLE)                    # a bare 0.3 would be rounded to single precision
    steps = Normal(0.0, scale).log_prob(z.diff(dim=-1)).sum(-1) + Normal(0.0, 1.0).log_prob(z[:, 0])
    return steps + Normal(z, 1.0).log_prob(torch.zeros(T, dtype=DOUBLE)).sum(-1) - q(None, z)

# %%
for T in (10, 100, 1000, 10_000):
    exact = chain_log_weights(exact_band(T), T, 5)
    best = MeanField(T, torch.zeros(T, dtype=DOUBLE), -0.5 * chain_precision(T)[0].log())    # variances of unit 04
    lost = exact.mean() - chain_log_weights(best, T, 200)
    print(f"T = {T:6d}: with the band ({3 * T - 1:6d} numbers) log w from {exact.min():.6f} to {exact.max():.6f}; "
          f"the best diagonal loses {lost.mean():8.2f} ± {lost.std() / 200**0.5:.2f} nats")

# %% [markdown]
# Five samples, one weight, to the last digit printed: no gap, in ten thousand dimensions, with three numbers for each latent. The best diagonal's gap grows in proportion to T. A full covariance would have fifty million numbers.
#
# ### Aside: and the time?
#
# Value and gradient of $\log q$ at four samples, in milliseconds; medians of five.

# %%
def milliseconds(q, D, repeats=5):
    times = []
    for seed in range(repeats):
        noise, start = q.noise((4,), generator=seeded(seed)), time.process_time()
        q(None, q.transport(noise)).sum().backward()
        times.append(1000 * (time.process_time() - start))
    return sorted(times)[repeats // 2]


# %%
makers = {"diagonal": MeanField, "factor, rank 5": lambda D: FactorCovariance(D, 5, generator=seeded(0)),
          "sparse precision, a band": lambda D: SparsePrecision(D, banded(D)), "full": FullRank}
dims = {name: (10, 100, 1000, 10_000) if name != "full" else (10, 100, 1000) for name in makers}
spent = {name: [milliseconds(make(D), D) for D in dims[name]] for name, make in makers.items()}
for name, times in spent.items():
    print(f"{name:25s}", "  ".join(f"D = {D}: {t:.2f} ms" for D, t in zip(dims[name], times, strict=True)))
show(figures.cost(dims, spent),
     alt="Milliseconds of one value and gradient over the number of dimensions, on log axes. Up to D = 10,000 the diagonal stays below one millisecond and the factor covariance at a few; the sparse precision rises to some tens; the full covariance rises fastest and ends at D = 1,000.")

# %% [markdown]
# In the three families that reach 10,000 dimensions the number of operations grows in proportion to D; in small dimensions you see the fixed cost of a call.
#
# ## 4. What no Gaussian can do
#
# A Gaussian's outline is an ellipse. Posteriors bend, when parameters enter through products and squares; and they open like a funnel, when one latent is the *scale* of others. Three ways to follow them.
#
# ### Planar layers, and the way back
#
# A **planar layer** (Rezende and Mohamed, 2015) pushes each point along one direction u, by an amount that depends on where it lies along another, w:
#
# $$f(z) = z + u \tanh(w^\top z + b), \qquad \det\frac{\partial f}{\partial z} = 1 + w^\top u\,\big(1 - \tanh^2(w^\top z + b)\big),$$
#
# by the same lemma that gave the determinant of a factor covariance. A stack of such layers on a Gaussian is a flow; its log determinant is a sum. Two things go wrong in practice. First, **not every u is allowed.** Multiply by w, with $s = w^\top z + b$ and $c = w^\top u$: the layer moves s to $s + c\tanh s$, which increases everywhere if and only if
#
# $$w^\top u \ge -1 .$$
#
# Below -1 the plane is *folded*: several points land on one, and the "density" counts one of them. Implementations learn a free u and shift it along w until the condition holds, strictly. Second, **the density of a given z needs the way back.** There is no formula for it, but it is one equation in one number, $s + c\tanh s = y$, increasing: any root finder will do. To
# stick the landing the gradient must pass through that root: one step of Newton's method from it, differentiated, has the derivative of the inverse function.

# %%
planar = Planar(2, layers=3, generator=seeded(1)).double()
for parameter in planar.parameters():
    parameter.data += 0.5 * torch.randn(parameter.shape, generator=seeded(parameter.numel()), dtype=DOUBLE)
eps = torch.randn(1, 2, generator=seeded(0), dtype=DOUBLE)
J = torch.autograd.functional.jacobian(lambda e: planar.transport(e)[0], eps)[:, 0]
by_hand = -0.5 * eps.square().sum() - math.log(2 * math.pi) - torch.linalg.slogdet(J).logabsdet
print(f"log q of three planar layers {planar(None, planar.transport(eps)).item():.8f}, by change of variables {by_hand.item():.8f}")
show(figures.planar(),
     alt="Left: s plus c tanh s over s for c = 2, which is steep in the middle, c = -0.9, nearly flat there but rising, and c = -2, which falls in the middle: one height is reached from three places. Middle: a grid stretched along one direction by the layer with c = 2. Right: the grid with c = -2, folded over itself.")

# %% [markdown]
# A **coupling flow** (Dinh, Sohl-Dickstein and Bengio, 2017) has both ways by formula. Half of the coordinates pass unchanged; the other half is shifted and stretched by amounts that a network reads off *the half that passed*. To go back, read the same amounts off the same half, and undo them. The next layer changes the
# halves' places. Its Jacobian has a shape that makes the determinant cheap; which, is for you to find in the problem set. Planar layers are thin, one direction each; coupling layers are as rich as their networks. Both are one line in the library: `Planar(D, layers)`, `Flow(zuko.flows.NICE(D), D)`.
#
# ### ASVI: trust the prior's arrows
#
# **Automatic structured variational inference** (Ambrogioni and others, 2021) starts at the other end. The prior is a recipe, each latent given its parents, and it is already bent where the model is bent. So let q be the same recipe, with every conditional moved part of the way towards a Gaussian of its own. If the model says $z_i \mid \alpha, \tau \sim N(\alpha, \tau^2)$, then
#
# $$q(z_i \mid \alpha, \tau) = N\big(\lambda_i\, \alpha + (1 - \lambda_i)\, a_i,\;\; (\rho_i\, \tau + (1 - \rho_i)\, b_i)^2\big), \qquad 0 < \lambda_i, \rho_i < 1,$$
#
# evaluated at the *sampled* $\alpha$ and $\tau$. With all trust at 1, q is the prior; with none it is diagonal; in between, $z_i$ follows its parents as far as the data leave it free. Four numbers a latent, and no design by hand. Two limits follow from the formula. Two latents of which neither is an ancestor of the other, and which have no common ancestor, stay independent, even if the data couple them. And where the prior has no arrows between latents, as in a regression with independent weights, there is nothing to trust.
#
# ### Six families on a banana
#
# A model of three nodes: $a \sim N(0, 1)$, $b \mid a \sim N(0.8\,a^2, 0.4^2)$, $x \mid b \sim N(b, 1.5^2)$, and we see $x = 1$. The exact $\log p(x)$ is a sum over a grid.

# %%
banana = BayesNet(a=lambda: Normal(torch.tensor(0.0, dtype=DOUBLE), 1.0),
                  b=lambda a: Normal(0.8 * a**2, 0.4),
                  x=lambda b: Normal(b, 1.5)).as_model(observed=["x"], latent=["a", "b"])
seen = torch.tensor([1.0], dtype=DOUBLE)
sides = torch.linspace(-4, 4, 321, dtype=DOUBLE), torch.linspace(-2, 7, 361, dtype=DOUBLE)
density = banana.log_joint(seen, torch.cartesian_prod(*sides)).view(321, 361)
log_evidence = (density.flatten().logsumexp(0) + math.log(8 / 320 * 9 / 360)).item()

# %%
def six(seed):
    """The six families in the plane, each at its start."""
    torch.manual_seed(seed)                                    # zuko draws its weights from the global stream
    zero = torch.zeros(2, dtype=DOUBLE)
    return {"diagonal": MeanField(2, zero), "full": FullRank(2, zero),
            "factor, rank 1": FactorCovariance(2, 1, zero, generator=seeded(seed)),
            "sparse precision": SparsePrecision(2, banded(2), zero),
            "coupling flow": Flow(zuko.flows.NICE(2, transforms=4, hidden_features=(32, 32)), 2).double(),
            "ASVI": ASVI(banana).double()}


# %%
def outline(q, radius, points=40):
    """The image of a circle of noise: an ellipse for a Gaussian."""
    angle = torch.linspace(0, 2 * math.pi, points, dtype=DOUBLE)
    circle = radius * torch.stack([angle.cos(), angle.sin()], -1)
    if isinstance(q, FactorCovariance):                        # its noise has three entries; draw the ellipse it comes to
        d = q.distribution()
        return d.loc + circle @ torch.linalg.cholesky(d.covariance_matrix).T
    return q.transport(circle)


# %%
def gap_now(q, seed=0, samples=4000):
    z = q.sample(samples, seen, generator=seeded(samples + seed))
    return log_evidence - (banana.log_joint(seen, z) - q(seen, z)).mean().item()


@torch.no_grad()
def snapshot(q):
    return outline(q, 1.0), outline(q, 2.0), gap_now(q)


# %%
STEPS, MARKS = 200, (0, 3, 6, 10, 15, 22, 30, 45, 70, 100, 140, 199)


def climb(q, seed, film=None, steps=STEPS):
    def watch(step, bound):
        if film is not None and step in MARKS:
            film.append(snapshot(q))
    fit(banana, q, seen, sticking_the_landing, steps=steps, num_samples=16, learning_rate=0.05, seed=seed, progress=False, callback=watch,
        schedule=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps))
    with torch.no_grad():
        return gap_now(q, seed)                                 # samples of its own for each run


# %%
films = {name: [] for name in six(0)}
told = ("full", "coupling flow", "ASVI")                        # of which we say something below: five runs
gaps = [{name: climb(q, seed, None if seed else films[name]) for name, q in six(seed).items() if not seed or name in told} for seed in range(5)]
for name in films:
    print(f"{name:18s} gap in nats, run by run:", "  ".join(f"{run[name]:.3f}" for run in gaps if name in run))

# %%
show_moving(movies.families_close(sides, density, films),
            alt="Six panels with the same banana-shaped contours; in each an outline of q, at one and two standard deviations, that moves as q is fitted, and a clock of its gap in nats. The diagonal's stays an upright ellipse in the bend, and the ellipses of full, factor and sparse precision end alike; the coupling flow ends small, in one arm of the banana, with a larger gap than the ellipses; the outline of ASVI bends along the banana, and its gap closes to 0.06.")

# %%
claim("ASVI's gap is smaller than the full Gaussian's", [run["full"] - run["ASVI"] for run in gaps], sign=+1)
claim("after these 200 steps the coupling flow's is larger than ASVI's", [run["coupling flow"] - run["ASVI"] for run in gaps], sign=+1)
longer = [climb(six(seed)["coupling flow"], seed, steps=1000) for seed in range(5)]
print("the coupling flow after 1,000 steps, run by run:", "  ".join(f"{left:.3f}" for left in longer))

# %% [markdown]
# In the plane there is one pair of latents, so full, factor and sparse precision are three ways to write *every* Gaussian, and in the picture they end at much the same ellipse. A family is a set of densities, not a way of writing them. The diagonal ends there, too: left and right of the banana are mirror images, and its best Gaussian has no correlation. ASVI bends with four numbers for each latent, since its conditional mean of b contains the model's own $0.8\,a^2$. The flow has to learn that curve, with 4,744 numbers, and in 200 steps it does not: its gaps differ widely from run to run, and most of them are above the plain ellipse's. Is that the family? No: with five times the steps the best run comes within a twentieth of a nat. Others of the five are still far away. *Ease of optimization* is the wish that a flow does not grant.
#
# ### Funnels, and the non-centred parametrization
#
# Where a latent is the *scale* of others, the others spread when it is large and huddle when it is small. In the prior of the counties $z_i \mid \alpha, \tau \sim N(\alpha, \tau^2)$ that is plain to see. No Gaussian has this shape: in a Gaussian the variance of one latent given another does not depend on the other's value.
#
# The cure changes neither data nor model, but the latents that q speaks about. Its name is the **non-centred parametrization** (Papaspiliopoulos, Roberts and Sköld, 2007): let the latent be *noise that has no parameters*, from which the old one is computed. A neighbour: if $z \mid r \sim \mathrm{Exponential}(r)$, let $u \sim \mathrm{Exponential}(1)$ be the latent, and $z = u/r$.
# Under the prior u and r are independent; the joint density of u and r has no Jacobian to write, since u's density *is* the prior's factor. It is the reparametrization trick of unit 06, done to the model. For the Gaussian z the map is yours to write down. The next cell draws from the prior, with $\alpha$ held at zero.

# %%
prior = CountyRates(torch.ones(1, dtype=DOUBLE), centred=False)      # one county, its latent without a centre
alpha, log_tau, noise = torch.zeros(1500, dtype=DOUBLE), torch.randn(1500, generator=seeded(1)) - 1, torch.randn(1500, generator=seeded(2))
straight = torch.stack([noise, alpha, log_tau], -1)
show(figures.funnel(prior.place(straight)[:, [0, 2]], straight[:, [0, 2]]),
     alt="Prior draws, with alpha held at zero. Left, centred: the county's log rate over log tau opens like a funnel, narrow at small log tau, wide at large. Right, non-centred: the county's noise over log tau is a round cloud, equally wide everywhere.")

# %% [markdown]
# Does it help? It depends on where the data are. If they say little about each $z_i$, the posterior has the prior's funnel, and the straightened one is nearly a Gaussian. If they say much, $z_i$ is pinned whatever $\tau$ is, and it is the *noise* that has to follow $\tau$. The problem set has it for a shared mean, with $\tau$ known: both ends, and all that lies between them.
#
# ## 5. Three real posteriors, one table
#
# The counties (303 latents), the Nile (102), and a logistic regression: 569 patients of the Wisconsin breast cancer data, 31 weights with priors $N(0, 1)$, all of which meet in every datum.
#
# ### Who is the judge?
#
# A posterior in 303 dimensions has no table of its means. For two of the three we are lucky. Given its two scales the Nile is a Gaussian, and given $\alpha$ and $\tau$ the counties are 301 separate integrals, so that all means, all scales and $\log p(x)$ are sums over a grid; the next cell computes them.
# The regression has 31 weights that all meet in every datum. There we use **Hamiltonian Monte Carlo**: many chains that roll over the landscape of $\log p(x, z)$, exact in the long run, and slow. It is stored with the package, and `benchmarks/lecture_08.py` runs it again. Who judges the judge? Its chains should agree with each other (R-hat near 1; above 1.01 they have not yet seen the same posterior), a test of the course holds it to a Gaussian, and it has walked the counties and the Nile as well, where we have the exact answer: the next but one cell holds it to that.

# %%
judged, raced = stored_table("judge", 8), stored_table("race", 8)
reference, evidence = {}, {}
for name in ("counties", "Nile"):
    p, x = experiment.posterior(name)
    exact = p.posterior_moments(x)
    reference[name], evidence[name] = (exact.loc, exact.scale), exact.log_evidence
    print(f"{name}: log p(x) = {exact.log_evidence:.4f}, exactly; the last two latents {exact.loc[-2:].tolist()} ± {exact.scale[-2:].tolist()}")

# %%
for name, told in judged.items():
    loc, scale, size = (torch.tensor(told[key], dtype=DOUBLE) for key in ("loc", "scale", "effective_size"))
    print(f"{name}: {told['draws'][1]} chains of {told['draws'][0]} draws, split R-hat up to {max(told['rhat']):.3f}, worth {size.min():.0f} independent draws or more")
    if name in reference:
        t = (loc - reference[name][0]) / (reference[name][1] / size.sqrt())
        print(f"    means against the exact ones: root mean square of t {t.square().mean().sqrt():.2f}, largest {t.abs().max():.1f}")
        assert t.abs().max() < 4.5 or max(told["rhat"]) > 1.01
    reference.setdefault(name, (loc, scale))

# %% [markdown]
# On the counties the judge is right, and on the regression, where nobody can check, its chains agree as well as there. On the Nile they do not, after 3,000 draws each, and some of its means are further off than it believes; R-hat says so without the exact answer. There the exact answer judges alone.
#
# ### The race
#
# On each posterior all families start much alike and are fitted alike: means near zero, scales about a third, sticking the landing, eight samples, 2,000 steps of Adam with a rate that falls from 0.005 to zero; five runs, each with noise of its own. Then fresh samples, 10,000 or more, give the ELBO, the k-hat of the weights, means and scales.
# Seconds are the processor time of one run, counted on a short stretch of it. All that takes long; it is stored, and `python benchmarks/lecture_08.py race` runs it again. The factors have rank 5; the sparse precision has the graph's zeros, local latents first. The gap is to $\log p(x)$: exact on two; on the regression it is an importance-sampled value, from the full covariance with the higher rate that you meet below.
#
# How to read **k-hat**: it estimates the tail index of the importance weights. Below 0.5 their variance is finite; above 0.7 their average is not to be trusted. Many latents that are each a little off are enough for that. The columns *means* and *scales* are root mean squares over the latents: of the error in posterior standard deviations, and of the log of the ratio of standard deviations.
# All are medians over the five runs, since a run may go astray. And one thing to watch: *no gap is negative*. Where a bound comes out above $\log p(x)$ by more than its error, the arithmetic of that run has failed, and its number says nothing about the family.
#
# > **Predict 5.** On the Nile, 102 latents, the diagonal q is 11 nats below $\log p(x)$. How far below are the rank-5 factor covariance, with 714 numbers, and the sparse precision, with 504?

# %%
predict("08_5", choices=["factor 3, sparse 10", "both about 10", "factor 10, sparse 3", "both about 3"])

# %%
quick = stored_table("faster", 8)["regression"]["full"]       # a full covariance at four times the rate; see below
evidence["regression"] = sum(quick["log_mean_w"]) / 5
print(f"regression: log p(x) = {evidence['regression']:.2f}, by the weights of a full covariance with k-hat from {min(quick['khat'])} to {max(quick['khat'])}")


def row(name, entry):
    loc, scale = reference[name]
    off = [((torch.tensor(m, dtype=DOUBLE) - loc) / scale).square().mean().sqrt() for m in entry["loc"]]
    wide = [(torch.tensor(s, dtype=DOUBLE) / scale).log().square().mean().sqrt() for s in entry["scale"]]
    gaps = evidence[name] - torch.tensor(entry["bound"], dtype=DOUBLE)
    return {"gap": gaps, "khat": torch.tensor(entry["khat"], dtype=DOUBLE), "means": torch.stack(off), "scales": torch.stack(wide)}


rows = {name: {family: row(name, raced[name][family]) for family in experiment.FAMILIES if family in raced[name]} for name in experiment.POSTERIORS}

# %%
print("                        numbers seconds  gap (nats): median, least and largest  k-hat   means  scales")
for name in experiment.POSTERIORS:
    print(f"{name}, log p(x) = {evidence[name]:.2f}")
    for family, r in rows[name].items():
        entry, middle = raced[name][family], {column: values.median().item() for column, values in r.items()}
        print(f"    {family:16s} {entry['parameters']:10,d} {entry['seconds']:7.1f} {middle['gap']:9.4g} {r['gap'].min():11.4g} {r['gap'].max():11.4g} "
              f"{middle['khat']:13.2f} {middle['means']:7.2f} {middle['scales']:7.2f}")

# %%
panels = [(name, {family: (raced[name][family]["seconds"], r["gap"].tolist()) for family, r in rows[name].items()}) for name in rows]
show(figures.race(panels, floor=0.2, ceiling=1000),
     alt="Gap to log p(x) in nats, on a log axis, over the seconds of one run, a panel for each posterior and a dot for each of five runs; triangles at the upper rim stand for larger gaps, a cross there for a run whose arithmetic failed. "
         "Regression: 15 for the diagonal, 3.3 for the full covariance. Counties: diagonal, factor and sparse precision near four nats. Nile: diagonal and factor above 10, sparse precision and full covariance between 2 and 3.")

# %%
def gap(name, family):
    return rows[name][family]["gap"]


claim("on the Nile five factors save less than two of the diagonal's nats", gap("Nile", "diagonal") - gap("Nile", "factor") - 2, sign=-1)
claim("the sparse precision is more than five nats closer than the factors", gap("Nile", "factor") - gap("Nile", "sparse precision") - 5, sign=+1)
claim("and still more than two nats away", gap("Nile", "sparse precision") - 2, sign=+1)
claim("the full covariance is 0.3 nats closer yet", gap("Nile", "sparse precision") - gap("Nile", "full") - 0.3, sign=+1)
# Run this cell to compare it with your prediction.
reveal("08_5", "factor 10, sparse 3")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# The factors gain little, as on the Gaussian chain. The zeros of the graph gain most of the eleven nats. What of the nearly three that are left? The best of all Gaussians has the graph's zeros (section 3), so at rest the full covariance would gain nothing on the sparse precision. In the table its gap is a little smaller: so much, at least, 2,000 steps left undone in the sparse precision. What is left at rest is what no Gaussian can say. The first suspect, no more than a guess here, is $\log s$: it is the scale of 99 steps, as in a funnel.
#
# </details>
#
# ### Is it the family, or the climb?
#
# The gap is the family's own only *at rest*. On the regression all weights meet in every datum, so the graph gives no zeros: a sparse precision with all pairs, $\Lambda = LL^\top$, and a full covariance, $\Sigma = CC^\top$, are two ways of writing every Gaussian. They have the same best member. The table has them more than two nats apart. Here is the full covariance with four times the rate.

# %%
full, dense = gap("regression", "full"), gap("regression", "sparse precision")
faster = row("regression", quick)
fast = faster["gap"]
print(f"gap of the full covariance {full.mean():.2f}, at four times the rate {fast.mean():.2f}; of the sparse precision with all pairs {dense.mean():.2f} nats")
print(f"the full covariance's means and scales at four times the rate: {faster['means'].mean():.2f} and {faster['scales'].mean():.2f}")
claim("the two ways of writing every Gaussian differ by more than two nats", dense - full - 2, sign=+1)
claim("four times the rate gains the full covariance more than two nats", full - fast - 2, sign=+1)
claim("and its means come five times closer", (rows["regression"]["full"]["means"] / faster["means"] / 5).log(), sign=+1)
for name in ("counties", "Nile"):
    if "ASVI" in rows[name]:
        claim(f"{name}: ASVI ends further away than the diagonal q", gap(name, "ASVI") - gap(name, "diagonal"), sign=+1)

# %% [markdown]
# One set of densities, one start, one number of steps, and more than two nats between them. The error of the means, a third of a deviation for each of the four Gaussian families in the table, is the climb's as well: at four times the rate the full covariance has lost nearly all of it. And ASVI, as all its trust goes to zero, becomes the diagonal family, so that its best members cannot be worse; where the table says that it is, the climb has not found them. A table of families after equal steps is a table of families *and* climbs. Wish three is no luxury. Before you blame a family, change the rate, or double the steps.
#
# ### Aside: a test of rest
#
# In the counties only two factors read $\alpha$, its prior and $\prod_i N(z_i; \alpha, \tau^2)$, so for a diagonal q the derivative of the ELBO in the logarithm of its scale $\sigma_\alpha$ is $1 - \sigma_\alpha^2\,\big(1 + 301\;\mathbb E_q[\tau^{-2}]\big)$. At rest it is zero; $\mathbb E_q[\tau^{-2}]$ we know, since $\log\tau$ is Gaussian under q.

# %%
entry = raced["counties"]["diagonal"]
sigma, spread = torch.tensor([run[-2:] for run in entry["scale"]], dtype=DOUBLE).T         # of alpha, of log tau
at_rest = (1 + 301 * (-2 * torch.tensor([run[-1] for run in entry["loc"]], dtype=DOUBLE) + 2 * spread**2).exp()).rsqrt()
print(f"counties, diagonal q: the deviation of alpha is {sigma.mean():.4f}; at rest it would be {at_rest.mean():.4f}; the posterior's is {reference['counties'][1][-2]:.4f}")
claim("the counties' diagonal q has not come to rest: alpha is more than twice as wide", (sigma / at_rest / 2).log(), sign=+1)

# %% [markdown]
# The scale of $\alpha$ started at a third, and it is still on its way down. It is *wider* than the posterior's, which a diagonal q at rest would hardly be.
#
# ### Aside: each at its own rate
#
# So here every family has the best of three first rates, tried on one run with noise of its own, and 4,000 steps; ASVI and the full covariance of the counties, which were still climbing then, 8,000. Which lines of the table will change places?

# %%
rested, rest = stored_table("rested", 8), {}
for name in experiment.POSTERIORS:
    rest[name] = {family: row(name, rested[name][family]) for family in experiment.FAMILIES}
    print(f"{name}, log p(x) = {evidence[name]:.2f}                       gap: median, least and largest  k-hat  means  scales")
    for family, r in rest[name].items():
        entry, middle = rested[name][family], {column: values.median().item() for column, values in r.items()}
        print(f"    {family:16s} rate {entry['rate']:<6g} {entry['steps']:5d} steps {entry['seconds']:5.1f} s {middle['gap']:7.2f} {r['gap'].min():7.2f} {r['gap'].max():7.2f} "
              f"{middle['khat']:8.2f} {middle['means']:6.2f} {middle['scales']:7.2f}")

# %%
panels = [(name, {family: (rested[name][family]["seconds"], r["gap"].tolist()) for family, r in rest[name].items()}) for name in rest]
show(figures.race(panels, floor=0.2, ceiling=30),
     alt="The same plot, each family at its own rate. Regression: full covariance and sparse precision with all pairs at a quarter of a nat, the flow near one, factor, diagonal and ASVI between 8 and 13. "
         "Counties: factor, sparse precision, flow and most runs of ASVI between a half and three quarters, the diagonal at 1.1, the full covariance near 4. Nile: ASVI lowest at 1.4, then sparse precision and full covariance, the flow at 4, factor and diagonal above 10.")

# %%
def behind(name, one, other):
    return rest[name][one]["gap"] - rest[name][other]["gap"]


claim("regression: the two ways of writing every Gaussian are less than a twentieth of a nat apart", behind("regression", "sparse precision", "full").abs() - 0.05, sign=-1)
claim("Nile: the sparse precision is behind ASVI, which was last before", behind("Nile", "sparse precision", "ASVI"), sign=+1)
claim("counties: the zeros of the graph are behind five factors", behind("counties", "sparse precision", "factor"), sign=+1)
claim("counties: the full covariance is still more than two nats behind the sparse family that it contains", behind("counties", "full", "sparse precision") - 2, sign=+1)

# %% [markdown]
# It is another table. On the Nile ASVI was last, and is first: it has the prior's arrows, and with them the dependence of every step on its scale. On the counties diagonal, factor and sparse precision were alike, and are not. And the full covariance of the counties, 92,415 numbers, is not at rest even now: it contains the sparse family and ends behind it.
#
# ### What a bound does not say
#
# The ELBO ranks fits. It does not say which *numbers* are wrong. On the Nile, look at the scale of the level's steps, $\log s$.
#
# > **Predict 6.** The exact posterior standard deviation of $\log s$ is 0.37. What does the diagonal q say?

# %%
predict("08_6", choices=["0.37", "0.19: half", "0.08: a fifth", "0.74: twice"])

# %%
def ratios(name):
    scale = reference[name][1]
    return {family: torch.tensor(raced[name][family]["scale"], dtype=DOUBLE).median(0).values / scale for family in rows[name]}


show(figures.widths([(name, ratios(name)) for name in rows]),
     alt="Standard deviation of q over that of the posterior, latent by latent, on a log axis, a panel for each posterior and a row for each family; what lies outside is drawn at the rim. Regression: the diagonal's dots lie near a half, those of the full covariance between 0.7 and 0.9. Counties: for diagonal, factor and sparse precision nearly all lie at one or a little above, and the common mean near two. Nile: for the Gaussians the levels lie around one, and one dot far to the left: log s, at a fifth to a third.")
for family, r in ratios("Nile").items():
    print(f"Nile, {family:18s} log s {reference['Nile'][1][-2] * r[-2]:.3f} for {reference['Nile'][1][-2]:.3f}; levels: between {r[:100].min():.2f} and {r[:100].max():.2f} of the exact deviation")
said = torch.tensor([run[-2] for run in raced["Nile"]["diagonal"]["scale"]], dtype=DOUBLE) / reference["Nile"][1][-2]
claim("the diagonal q gives log s a quarter of its deviation, or less", (4 * said).log(), sign=-1)

# %%
# Run this cell to compare it with your prediction.
reveal("08_6", "0.08: a fifth")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# A fifth. With all levels held still, the 99 steps between them determine their scale closely: the curvature of $\log p$ in $\log s$ is then about $2 \cdot 99 + 1$, a deviation of 0.07, and a diagonal q sees little else. The levels would move with s, and the family has no way to say so.
#
# </details>
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | variances for scales, $\mathrm{diag}(\sigma)$ for $\mathrm{diag}(\sigma^2)$ | a family that trains, to the wrong width | a known posterior; the covariance of many samples |
# | $B$ of a factor covariance starts at zero | it hardly leaves: a saddle | the gradient of B, exactly zero on average (unit 09) |
# | global latents first | a sparse family as large and as slow as the full one | count the entries |
# | the zeros of $\Sigma$ for those of $\Lambda$ | correlations between neighbours of neighbours are lost | the gap on a Gaussian, which should be zero |
# | the other convention, $R^\top R$ for $LL^\top$ | a small gap that never goes away, in a model that should have none | the same |
# | a planar layer without its condition | a "bound" above $\log p(x)$ | the way back: does it end where it began? |
# | a better bound taken for better error bars | narrow intervals | scales beside a trusted answer; k-hat |
# | families compared after equal steps, none at rest | the one that is quickest to climb wins | twice the steps, another rate |
# | non-centred everywhere | slow, where the data are strong | try both; it costs one line |
#
# ## Side by side
#
# | | in course_vi | in Pyro (`autoguide`, `reparam`) or torch |
# |---|---|---|
# | diagonal | `MeanField` | `AutoDiagonalNormal` |
# | full | `FullRank` | `AutoMultivariateNormal`; `MultivariateNormal(loc, scale_tril=...)` |
# | factor | `FactorCovariance(D, r)` | `AutoLowRankMultivariateNormal`; `LowRankMultivariateNormal` |
# | sparse precision | `SparsePrecision(D, pattern)`, `pattern_from_graph`, `fill_in`, `banded` | `AutoGaussian`, which reads the zeros off the model |
# | flow | `Flow(zuko.flows....)`, `Planar` | `AutoNormalizingFlow`, `AutoIAFNormal` |
# | ASVI | `ASVI(net.as_model(...))` | `AutoStructured` is a relative |
# | non-centred | another model of the same data | `LocScaleReparam(centered=0)` |
# | is the fit good? | `psis_khat`, `claim` | |
#
# ## What to remember
#
# 1. The gap at rest is the family's. Ask first which dependence the posterior has, and which the family can say.
# 2. On a Gaussian posterior the ELBO makes a family that lacks correlation *too narrow*; the nats it loses say little about how much.
# 3. Precision, not covariance, has the zeros of the graph. Eliminate local latents first and global ones last; count the fill-in. Then ten thousand dimensions cost as much as they have couplings.
# 4. No Gaussian bends. A planar layer needs $w^\top u \ge -1$, and its density the way back; coupling flows have both ways by formula; ASVI borrows the bend from the prior.
# 5. A funnel is straightened by naming the latents otherwise. *Non-centred* where the data are weak, centred where they are strong.
# 6. Judge by several numbers: bound, k-hat, means, scales, beside an answer you trust. And judge the judge.
#
# **Next**: [the problem set](../notebooks/08_variational_families/08_variational_families.ipynb), in which you read the zeros off any graph; then [unit 09, sticking the landing](09_sticking_the_landing.ipynb).
#
# ## Further reading
#
# - M. Opper, C. Archambeau. *The variational Gaussian approximation revisited.* Neural Computation 21, 2009. What the best Gaussian satisfies.
# - D. J. Rezende, S. Mohamed. *Variational inference with normalizing flows.* International Conference on Machine Learning, 2015. Planar layers.
# - L. Dinh, J. Sohl-Dickstein, S. Bengio. *Density estimation using Real NVP.* International Conference on Learning Representations, 2017. Coupling flows.
# - V. M.-H. Ong, D. J. Nott, M. S. Smith. *Gaussian variational approximation with a factor covariance structure.* Journal of Computational and Graphical Statistics 27, 2018.
# - L. S. L. Tan, D. J. Nott. *Gaussian variational approximation with sparse precision matrices.* Statistics and Computing 28, 2018.
# - L. Ambrogioni, K. Lin, E. Fertig, S. Vikram, M. Hinne, D. Moore, M. van Gerven. *Automatic structured variational inference.* Artificial Intelligence and Statistics, 2021.
# - O. Papaspiliopoulos, G. O. Roberts, M. Sköld. *A general framework for the parametrization of hierarchical models.* Statistical Science 22, 2007.
# - R. M. Neal. *Slice sampling.* Annals of Statistics 31, 2003. The funnel.
# - R. M. Neal. *MCMC using Hamiltonian dynamics.* In *Handbook of Markov Chain Monte Carlo*, Chapman and Hall, 2011.
# - A. Vehtari, D. Simpson, A. Gelman, Y. Yao, J. Gabry. *Pareto smoothed importance sampling.* Journal of Machine Learning Research 25, 2024. And how it judges a fit: Y. Yao, A. Vehtari, D. Simpson, A. Gelman. *Yes, but did it work? Evaluating variational inference.* International Conference on Machine Learning, 2018.
# - R. E. Turner, M. Sahani. *Two problems with variational expectation maximisation for time-series models.* In *Bayesian Time Series Models*, Cambridge University Press, 2011. What narrow families do to chains.
# - S. L. Lauritzen, D. J. Spiegelhalter. *Local computations with probabilities on graphical structures and their application to expert systems.* Journal of the Royal Statistical Society B 50, 1988.
# - J. A. Rice. *Mathematical Statistics and Data Analysis.* Duxbury, third edition, 2007. The counties.

# %%
tally("08")
