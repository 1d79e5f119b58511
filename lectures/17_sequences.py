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
# # 17 · Sequences
#
# A series of $T$ data has $T$ latents, and importance sampling in $T$ dimensions is hopeless, as unit 02 found. What saves us is time: the data come one after the other, and a sample that is going wrong can be given up on the way. That is a *particle filter*. Its estimate of the evidence is unbiased, its logarithm is a bound like those of unit 10, and its proposals can learn like the encoders of unit 13.
# The second half puts networks in the place of tables and matrices: the deep Markov model, which must infer the noise of every move, and DRAW, which paints an image in strokes.
#
# **After this unit you can**
#
# - say why weights of whole paths die exponentially, and what resampling makes of that,
# - prove that the filter's estimate of the evidence is unbiased, and say of what it is not,
# - choose when and how to resample, and name a case where the popular choice fails,
# - say which proposal is best for one step, which for a whole series, and why they are not the same,
# - filter a series with gaps, and read a family tree: what the particles still know of the past,
# - tell which noise a recognition network must infer, and what it costs to leave it to the model.
#
# **Time**: about 59 minutes of reading and playing on the main line; what is marked *aside* takes 15 minutes more. The page computes in about a minute.
#
# > **What you need, if you read this unit alone**
# >
# > - A **state space model**: hidden states $z_1, \dots, z_T$, each drawn given the one before it, and data $x_t$, each drawn given $z_t$. With finitely many states it is a hidden Markov model (HMM), and the **forward algorithm** sums over all paths; if it is linear and Gaussian the **Kalman filter** integrates over them (unit 01).
# > - **Importance sampling**: draw from $q$, weigh by $w = p(x, z)/q(z)$. The mean weight is unbiased for $p(x)$ (unit 02); its logarithm is on average too low, by half its relative variance if that is small (unit 10).
# > - A **recognition network** reads $x$ and writes the parameters of $q(z \mid x)$ (unit 11). The ELBO is $\mathbb E_q[\log w]$.
# > - **How to read the numbers**: mean $\pm$ standard error; $t$ is a z-score, and beyond $|t| = 4.5$ a cell stops. A sentence that compares is held to five seeds (or series) or more by `claim`.

# %%
import math
import time

import torch
from torch.distributions import MultivariateNormal

from course_vi.data import digits
from course_vi.diagnostics import claim
from course_vi.distributions.associative_scan import associative_reduce
from course_vi.distributions.chains import one_step

# %%
from course_vi.experiments.digit_rows import WAYS, drawing, train_pairs
from course_vi.experiments.learned_proposal import OBJECTIVES, learned_proposal, noisy_walk
from course_vi.experiments.nile_gaps import nile_gaps, with_gaps
from course_vi.experiments.resampling import SCHEMES, children, cuts
from course_vi.experiments.stored_tables import stored_table
from course_vi.experiments.switching_level import SwitchingLevel
from course_vi.experiments.whole_paths import whole_paths

# %%
from course_vi.learning import particle_filter, smoke_cap
from course_vi.models import GaussianHMM
from course_vi.plots import lecture_17 as figures
from course_vi.plots import lecture_17b as more_figures
from course_vi.plots import movies, show, show_moving
from course_vi.plots.images import labelled_pictures
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mean_of(values):
    """Mean over the first axis, and its standard error."""
    return values.mean(0), values.std(0) / len(values) ** 0.5


def compare(what, draws, exact):
    mean, error = mean_of(draws)
    t = (mean - exact) / error
    print(f"{what:44s} {mean:9.4f} ± {error:.1e}   exact {exact:9.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


# %% [markdown]
# ## 1. Whole paths die
#
# Our first example has three hidden states that mostly stay where they are, and data that show them through noise.

# %%
def chain(steps):
    """States 0, 1, 2, which stay with probability 0.9; x_t ~ N(-1.5, 0 or 1.5, 1)."""
    moves = torch.full((3, 3), 0.05, dtype=DOUBLE) + 0.85 * torch.eye(3, dtype=DOUBLE)
    seen = torch.tensor([[-1.5, 1.0], [0.0, 1.0], [1.5, 1.0]], dtype=DOUBLE)
    start = torch.full((3,), 1 / 3, dtype=DOUBLE)
    return GaussianHMM(start, moves, seen, steps).requires_grad_(False)


hmm = chain(6)
x = hmm.sample(1, seeded(0))[0][0]
paths = torch.cartesian_prod(*[torch.arange(3.0, dtype=DOUBLE)] * 6)            # all 729
print(f"log p(x): forward algorithm {hmm.log_evidence(x):.10f}, "
      f"sum over {len(paths)} paths {hmm.log_joint(x, paths).logsumexp(0):.10f}")

# %% [markdown]
# The forward algorithm takes time linear in $T$, and so does the Kalman filter for the second example of this unit, a walk $z_t = 0.9\,z_{t-1} + N(0, 1)$ seen with variance $\tfrac14$. For short series it agrees with one dense Gaussian.

# %%
def covariance_of_walk(T):
    """Of x_1, ..., x_T: every one of them a sum of 2 T independent noises."""
    noise = torch.eye(2 * T, dtype=DOUBLE)
    state = [noise[0]]
    for t in range(1, T):
        state.append(0.9 * state[-1] + noise[t])
    root = torch.stack(state) + 0.5 * noise[T:]
    return root @ root.mT


walk = noisy_walk(6)
x_walk = walk.sample(1, seeded(1))[0][0]
dense = MultivariateNormal(torch.zeros(6, dtype=DOUBLE), covariance_of_walk(6)).log_prob(x_walk)
print(f"log p(x): Kalman filter {walk.log_evidence(x_walk):.10f}, dense {dense:.10f}")

# %% [markdown]
# With exact answers at hand, let us see what sampling does. The simplest estimate draws $N$ whole paths from the model's own moves and averages their weights $w = \prod_t p(x_t \mid z_t)$. Its relative variance is $(\mathbb E w^2/p(x)^2 - 1)/N$: when it reaches 1, the standard error is as large as what we estimate.
#
# > **Predict 1.** So how many paths are needed for a relative variance of 1? Suppose that for series of length 20 it takes $n$ of them. How many does it take for length 40?

# %%
predict("17_1", choices=["about 2 n", "about 4 n", "about the square of n"])

# %% [markdown]
# A second moment is an expectation over *pairs* of paths, and pairs move as a chain, too. The function below follows them for any number of particles, with and without resampling; it is the judge of this section and the next. Read it again when you know what a particle filter is.

# %%
def second_moment(p, x, N):
    """log E of the squared estimate after each step, N particles, always resampled: (*B, T)."""
    start, moves = p.initial_logits.softmax(-1), p.transition_logits.softmax(-1)
    pair = (1 - 1 / N) * torch.outer(start, start) + start.diag() / N    # two draws, or one twice
    total, terms = 0.0, []
    for g in p.emission_log_prob(x).exp().unbind(-2):                    # p(x_t | z_t = s): (*B, S)
        weighed = pair * g.unsqueeze(-1) * g.unsqueeze(-2)
        size = weighed.sum((-2, -1), keepdim=True)
        total, weighed = total + size.log()[..., 0, 0], weighed / size
        terms.append(total)
        pair = ((1 - 1 / N) * moves.mT @ weighed @ moves
                + torch.diag_embed(weighed.sum(-2) @ moves) / N)
    return torch.stack(terms, -1)


# %%
def relative_variance(p, x, N, resampled=True):
    log_p = p.forward_messages(x).logsumexp(-1)                          # log p(x_1, ..., x_t)
    share = 1 if resampled else N                               # else the mean of N single paths
    return torch.expm1(second_moment(p, x, N // share) - 2 * log_p) / share


# %%
hmm = chain(80)
series = hmm.sample(20, seeded(2))[0]                                    # twenty series
needed = relative_variance(hmm, series, 1)                               # paths for a variance of 1
for T in (10, 20, 40, 80):
    logs = needed[:, T - 1].log()
    print(f"T = {T:2d}: geometric mean of the paths needed {logs.mean().exp():.3g}")
claim("doubling T squares the number: log n(40) - 2 log n(20), no difference seen",
      needed[:, 39].log() - 2 * needed[:, 19].log(), sign=0)
claim("twice the number is far too few", needed[:, 39].log() - (2 * needed[:, 19]).log(), sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("17_1", "about the square of n")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# About the square. The logarithm of $\mathbb E w^2/p(x)^2$ grows by about the same amount with every datum, as the logarithm of a product would. Sooner or later one path carries all the weight. No number of paths that one can pay for keeps up with that.
#
# </details>
#
# ## 2. A step at a time
#
# Here is one step of importance sampling, for the first datum alone: draw states from the prior, weigh them by the likelihood. It works well; there is only one dimension.

# %%
x1, source = series[0, 0], seeded(3)
states = torch.randint(3, (1000,), generator=source)                     # from the prior
weight = hmm.emission_log_prob(x1.view(1)).exp()[0, states]
share = torch.stack([(weight * (states == s)).sum() for s in range(3)]) / weight.sum()
forward = hmm.forward_messages(series[0])[0]
compare("mean weight, for p(x_1)", weight, forward.logsumexp(0).exp().item())
print("p(z_1 | x_1): weighted", [round(value, 3) for value in share.tolist()],
      "exact", [round(value, 3) for value in forward.softmax(0).tolist()])

# %% [markdown]
# Weighted states are an approximation of $p(z_1 \mid x_1)$. If we now moved them all on and multiplied the next weights to the old ones we should be back at whole paths. Instead we draw a new generation: each of $N$ children picks its parent with a probability proportional to the parent's weight, and all children weigh the same. Those with little weight leave no children, those with much leave many.
#
# | stage of step $t$ | what it does | what the cloud then stands for |
# |---|---|---|
# | **move** | $z_t^i \sim q(z_t \mid z_{t-1}^i, x)$ | the next state, once weighed |
# | **weigh** | by the likelihood, and by what $q$ left out of the model's own move | $p(z_t \mid x_1, \dots, x_t)$ |
# | **resample** | children pick parents; weights are spent | the same, unweighted |
#
# That is a **particle filter**, or *sequential Monte Carlo*; with the model's own moves as $q$ it is the *bootstrap filter* (N. Gordon, D. Salmond and A. Smith, 1993). Each step's mean weight estimates $p(x_t \mid x_1, \dots, x_{t-1})$; multiplied over the steps they make $\hat Z$, the estimate of $p(x)$.
#
# **Why $\hat Z$ is unbiased.** Take the model's own moves, for simplicity, and let $\hat Z_{t}$ be the product up to step $t$. We show more: for any function $h$, the product $\hat Z_{t}\,\frac1N\sum_i h(z_{t+1}^i)$, over the particles that were resampled and moved, has the mean $\int h(z_{t+1})\, p(x_1, \dots, x_t, z_{t+1})\, dz_{t+1}$. Hold everything up to the weights of step $t$ fixed. A child picks parent $i$ with the probability $w^i/\sum_j w^j$ and moves,
# so the mean of the average is $\sum_i w^i \bar h(z_t^i) / \sum_j w^j$, where $\bar h(z_t)$ is the mean of $h$ after a move from $z_t$. The sum in the denominator is what the last factor of $\hat Z_{t}$ has in its numerator. They cancel, and what remains is the same statement one step earlier, with another $h$. At the first step it is importance sampling. Choose the next likelihood for $h$, and it says $\mathbb E \hat Z = p(x)$.
#
# Nothing in this asked the children to be independent. Each must have the right *chance* of each parent; that is all.
#
# > You will read of "particle filters (importance sampling)" (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part IV). They are no synonyms: section 1 was importance sampling, and what makes the difference between the two is the generation that is drawn in between.
#
# > **Predict 2.** We run 2,000 filters of 50 particles on one series of length 20. Of which is the mean right: of $\hat Z$, of $\log \hat Z$, or of both?

# %%
predict("17_2", choices=["of both", "of log Z-hat", "of Z-hat"])

# %%
def filters(p, x, R, N, seed, **options):
    """log Z-hat of R filters on each series, (R, *B); resampled at every step, unless told."""
    options = {"resample_below": 1.0, "scheme": "multinomial"} | options
    rows = x.expand(R, *x.shape)
    return particle_filter(p, rows, N, generator=seeded(seed), **options).log_evidence


# %%
twenty, one = chain(20), series[0, :20]
exact = twenty.log_evidence(one)
R = 2000 if smoke_cap(1000) == 1000 else 200
logs = filters(twenty, one, R, 50, seed=4) - exact
compare("mean of Z-hat / p(x)", logs.exp(), 1.0)
compare("its variance, against the pairs", (logs.exp() - 1).square(),
        relative_variance(twenty, one, 50)[-1].item())
mean, error = mean_of(logs)
print(f"mean of log Z-hat - log p(x): {mean:.4f} ± {error:.4f}; variance {logs.var():.4f}")
claim("the logarithm is too low", torch.stack([part.mean() for part in logs.chunk(10)]), sign=-1)

# %%
panels = {N: filters(twenty, one, R // 2, N, seed=5) - exact for N in (10, 50, 250)}
show(figures.estimates(panels),
     alt="Three histograms of log Z-hat minus log p(x), for 10, 50 and 250 particles. They narrow, and become symmetric. The log of the mean of Z-hat is at zero in each, within its error; the mean of log Z-hat lies to the left of zero at 10 particles, less so at 50, and hardly at 250.")

# %%
# Run this cell to compare it with your prediction.
reveal("17_2", "of Z-hat")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# Of $\hat Z$, for any number of particles. By Jensen's inequality its logarithm is too low on average. So $\mathbb E \log \hat Z$ is a lower bound of $\log p(x)$, for every $N$ and every $q$: a *filtering variational objective*, or FIVO (C. Maddison and others, 2017; found by others in the same year). Averages of the filter's particles, such as $\hat{\mathbb E}[z_t \mid x_1, \dots, x_t]$, are ratios of two estimates, and have a bias of order $1/N$.
#
# </details>
#
# And the variance? We have an exact judge for it. `second_moment` follows two particles at a time. With probability $1/N$ they are one and the same, or children of one draw, else they pick parents independently. (So it holds for children that are drawn independently, at every step.)
#
# > **Predict 3.** With a thousand particles, how does the relative variance of $\hat Z$ grow from $T = 40$ to $T = 80$?

# %%
predict("17_3", choices=[
    "it is squared",
    "it doubles, on average over series",
    "it doubles, on every series",
    "it stays"])

# %%
with_filter = relative_variance(hmm, series, 1000)
for T in (10, 20, 40, 80):
    mean, error = mean_of(1000 * with_filter[:, T - 1])
    least, most = (1000 * with_filter[:, T - 1]).aminmax()
    print(f"T = {T:2d}: N times the relative variance {mean:6.1f} ± {error:.1f}, "
          f"from {least:.1f} to {most:.1f}")
halves = (with_filter[:, 79] - with_filter[:, 39]) - with_filter[:, 39]
claim("the second half adds as much as the first: no difference seen", halves, sign=0)
claim("on single series they differ, by more than a tenth of the first",
      halves.abs() - 0.1 * with_filter[:, 39], sign=+1)
lengths = torch.tensor([20, 40, 80])
measured = 200 * torch.stack([filters(chain(T), series[:3, :T], 120, 200, seed=T).var(0)
                              for T in (20, 40, 80)])

# %%
show(figures.growth(needed / 1000, with_filter, lengths, measured),
     alt="Left, on a log axis, the relative variance of the estimate with N = 1,000 over the length T, up to 80, for twenty series and on average. Whole paths rise as straight lines, by many orders of magnitude; the filter stays below one. Right, N times the filter's relative variance: the average is close to a straight line, single series climb in steps of different heights. Dots, N times the measured variance of log Z-hat on three series, with 200 particles, lie near their curves.")

# %%
# Run this cell to compare it with your prediction.
reveal("17_3", "it doubles, on average over series")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# It doubles on average. A single series climbs in steps of very different heights. What each step costs, in terms of densities that you know, is the signature exercise of this unit.
#
# So the number of particles need only grow in proportion to $T$ to keep the error of $\log p(x)$ where it is. For whole paths it was the exponential. One proviso: this is the variance while it is small. For a fixed $N$ and ever longer series, $\hat Z$ itself is a product of more and more factors, and in the end its relative variance grows exponentially, too. That of its logarithm does not.
#
# </details>
#
# ## 3. Who survives
#
# The proof asked for one thing: in the mean, particle $i$ has $N W^i$ children, where $W^i$ is its normalized weight. How much they scatter around that mean is ours to choose. Stack the weights on top of each other, and cut at $N$ places: each cut picks a parent. The **multinomial** scheme cuts anywhere, independently. The **stratified** one makes one cut in each $N$-th. The **systematic** one is a comb with a random shift. The **residual** scheme gives $\lfloor N W^i \rfloor$ children outright, and draws the rest.

# %%
weights = torch.tensor([0.02, 0.30, 0.05, 0.13, 0.01, 0.25, 0.08, 0.16], dtype=DOUBLE)
combs = {scheme: cuts(8, 1, scheme, seeded(6))[0] for scheme in SCHEMES if scheme != "residual"}
show(figures.combs(weights, combs),
     alt="Eight weights stacked along a bar from 0 to 1, three times, with eight cuts each. Multinomial cuts crowd in some places and leave others empty; stratified ones lie one in each eighth; systematic ones are equally spaced.")

# %%
for scheme in SCHEMES:
    found = children(weights, 10_000, scheme, seeded(7)).to(DOUBLE)
    off, scatter = (found.mean(0) - 8 * weights).abs(), found.var(0).sum()
    assert (off < 4.5 * found.std(0) / 10_000**0.5 + 1e-12).all()
    least, most = (int(count) for count in found[:, 1].aminmax())
    print(f"{scheme:12s} children of particle 1: {least} to {most}, "
          f"expected {8 * weights[1]:.1f}; summed variance of all counts {scatter:.3f}")
print(f"multinomial, exactly: {(8 * weights * (1 - weights)).sum():.3f}")

# %% [markdown]
# And why at every step? Resampling adds noise, and it throws particles away, most needlessly when all weigh the same. The usual measure is the **effective sample size** $1/\sum_i (W^i)^2$, which is $N$ for equal weights and 1 if one has all. *Adaptive* filters resample only where it falls below a threshold, often $N/2$, and carry the weights along otherwise. (What a filter must do with the weights in either case is easy to get wrong. The problem set has some that did.)

# %%
walk = noisy_walk(20)
walk.emission_root.fill_(2.0)                                           # noise of variance 4
ten = walk.sample(10, seeded(8))[0]                                     # ten series
kalman = walk.log_evidence(ten)
ways = {"multinomial, every step": {"scheme": "multinomial"},
        "systematic, every step": {"scheme": "systematic"},
        "systematic, below N/2": {"scheme": "systematic", "resample_below": 0.5}}
spread = {}
for name, options in ways.items():
    logs = filters(walk, ten, 200, 100, seed=9, **options) - kalman
    spread[name] = logs.var(0)                                          # (10,) series
    mean, error = mean_of(logs.exp())
    assert ((mean - 1).abs() < 4.5 * error).all()
    print(f"{name:24s} log Z-hat - log p(x): variance {spread[name].mean():.3f}, "
          f"mean {logs.mean():.3f}")

# %%
def log_ratio(spread, first, second):
    """Paired over the series."""
    return spread[first].log() - spread[second].log()


claim("a comb at every step scatters less than independent cuts",
      log_ratio(spread, "systematic, every step", "multinomial, every step"), sign=-1)
claim("a comb below N/2 and a comb at every step: no difference seen",
      log_ratio(spread, "systematic, below N/2", "systematic, every step"), sign=0)

# %% [markdown]
# (The walk is seen with a noise of variance 4 here. All three are unbiased on every series, or the cell would have stopped.) Once the cuts are a comb, resampling less often made no difference that we see: with even weights a comb changes little. A comb below $N/2$ is what many programs do, and what `particle_filter` does if you say nothing.
#
# ### Aside: a comb that fails
#
# There is a catch.
#
# > **Predict 4.** $N$ particles of two kinds stand in line by turns: A, B, A, B, ... Each A has the weight $\tfrac23 \cdot \tfrac1N$, each B $\tfrac43 \cdot \tfrac1N$. So a third of the children should be As. How does the variance of that share fall as $N$ grows, with the comb?

# %%
predict("17_4", choices=["as 1/N, like independent cuts", "faster than 1/N", "not at all"])

# %%
for N in (10, 100, 1000):
    by_turns = torch.tensor([2 / 3, 4 / 3], dtype=DOUBLE).repeat(N // 2) / N
    found = {}
    for scheme in ("multinomial", "stratified", "systematic"):
        of_A = children(by_turns, 4000, scheme, seeded(N))[:, ::2].sum(1).to(DOUBLE) / N
        found[scheme] = of_A.var()
    shuffled = torch.randperm(N, generator=seeded(N + 1))
    kept = children(by_turns[shuffled], 4000, "systematic", seeded(N))[:, (shuffled % 2) == 0]
    print(f"N = {N:4d}  " + "  ".join(f"{scheme} {value:.5f}" for scheme, value in found.items())
          + f"  systematic, once shuffled {(kept.sum(1).to(DOUBLE) / N).var():.5f}")
    assert abs(found["systematic"] - 1 / 18) < 0.004
    assert abs(found["multinomial"] * N - 2 / 9) < 0.03

# %%
# Run this cell to compare it with your prediction.
reveal("17_4", "not at all")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Not at all. The weights repeat with the period $2/N$, in which the comb has exactly two teeth. One shift decides all periods at once: with probability $\tfrac23$ each period yields one A and one B, else two Bs. The share of As is $\tfrac12$ or 0, with mean $\tfrac13$ and variance $\tfrac1{18}$ at every $N$. It is unbiased all the same. (R. Douc and O. Cappé, 2005, compare the schemes and warn of such cases; stratified and residual cuts are never worse than independent ones.) Particles rarely stand in such a line. Where they might, shuffle them first, or use strata.
#
# </details>
#
# ## 4. Better proposals
#
# The bootstrap filter moves blindly and weighs afterwards. A proposal may look at the datum before it moves. For one step the best one draws from the model's own move *times the likelihood*, normalized. In an HMM that is a row of a table:

# %%
def one_look(t, previous, x):
    """q(z_t | z_{t-1}, x_t): the move times the likelihood."""
    seen = hmm.emission_log_prob(x[..., t, :])[..., 0, :]
    if previous is None:
        return one_step(hmm.initial_logits + seen)
    return one_step(hmm.transition_logits[previous[..., 0].long()] + seen)


# %%
def all_looks(x):
    """q(z_t | z_{t-1}, x_1..x_T), the exact posterior, as a proposal for the series x: (B, T)."""
    posterior = hmm.posterior(x)

    def q(t, previous, _):
        if previous is None:
            return one_step(posterior.initial)
        rows = torch.arange(len(x))
        return one_step(posterior.transition[rows, t - 1, previous[..., 0].long()])
    return q


# %% [markdown]
# The weight of a step is then the normalizer, $\sum_j A_{ij} B_j(x_t)$ for a particle that comes from state $i$. It does not depend on where the particle goes, only on where it was. Given the parents, it has no variance at all.
#
# Best for one step, though, is not best. The last line of the cell has the exact posterior, which looks at all data to come.
#
# > **Predict 5.** Twenty particles, and the exact posterior $p(z_t \mid z_{t-1}, x_1, \dots, x_T)$ as proposal. Is it better to resample at every step, or never?

# %%
predict("17_5", choices=["at every step, as always", "never", "it makes no difference"])

# %%
hmm, few = chain(30), series[:10, :30]
log_p = hmm.log_evidence(few)
tries = {"own moves": (None, 1.0), "one look": (one_look, 1.0),
         "all looks, resampled": (all_looks(few), 1.0), "all looks, never": (all_looks(few), 0.0)}
spread = {}
for name, (proposal, below) in tries.items():
    logs = filters(hmm, few, 200, 20, seed=10, proposal=proposal, resample_below=below) - log_p
    spread[name] = logs.var(0)
    print(f"{name:22s} log Z-hat - log p(x): mean {logs.mean():8.4f}, "
          f"variance {spread[name].mean():.3g}")
assert spread["all looks, never"].max() < 1e-18
claim("one look scatters less than none", log_ratio(spread, "one look", "own moves"), sign=-1)
claim("resampled, the exact posterior scatters by more than a fifth",
      spread["all looks, resampled"] - 0.2, sign=+1)
claim("still less than one look", log_ratio(spread, "all looks, resampled", "one look"), sign=-1)

# %%
show(figures.proposals(spread),
     alt="Variance of log Z-hat with twenty particles, on a log axis, a dot for each of ten series. Own moves lie highest, one look below them. The exact posterior, resampled at every step, is a little lower than one look. Never resampled, it is at the floor of the axis, zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("17_5", "never")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Never. By Bayes' rule the weight of a whole path is $p(x, z)/p(z \mid x) = p(x)$, whatever the path: no variance at all, with a single particle. It is the landing of unit 09. On the way there the weights differ, though. A particle that has gone where the *next* data will be may weigh little by the data *so far*, and resampling, which knows only these, then removes it.
#
# </details>
#
# Resampled, the exact posterior still did better here than one look, but most of its merit was gone. So there are two ideas of a good proposal, and which one a filter wants depends on whether it resamples. One that does also needs particles that fit what is known by now.
#
# ### Learned proposals and their bound
#
# For most models no proposal is known, but one can be learned: $\mathbb E \log \hat Z$ is a bound, so climb it, in the parameters of the proposal and of the model at once. With one particle it is the ELBO, with $K$ that are never resampled the importance-weighted bound of paths (unit 10), with resampling FIVO. The gradient takes the path through every draw. Which parents were picked has no path; its score term is noisy, and customarily dropped
# (C. Maddison and others, 2017, found that their models learned better without it; T. A. Le and others, 2018, and C. Naesseth and others, 2018, drop it, too). So for the filter this is not the gradient of the bound. Does it matter?
#
# Our walk has all the answers. The proposal is $N(a z_{t-1} + b_0 x_t + b_1 x_{t+1} + b_2 x_{t+2},\, s^2)$, and learns from fresh series of length 20, five seeds side by side. Three ways: by one path, by eight paths that are never resampled, by eight particles that are resampled at every step.
#
# > **Predict 6.** Then all three serve as proposals of the *filter*, eight particles resampled at every step, on new series. Which teacher was the best?

# %%
predict("17_6", choices=[
    "the filter: its proposal was made for this",
    "the two that never resample",
    "no difference"])

# %%
table = next(iter(stored_table("proposals", 17).values()))
for name, row in table.items():
    mean, error = mean_of(torch.tensor(row["weights"], dtype=DOUBLE))
    told = "  ".join(f"{m:+.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))
    late = torch.tensor(row["objective"])[-2:].mean(1).tolist()
    print(f"{name:22s} a, b0, b1, b2: {told}   "
          f"({row['seconds']} s; bound, last two eighths, {late[0]:.2f}, {late[1]:.2f})")

# %%
walk = noisy_walk(20)
fresh = walk.sample(100, seeded(11))[0]                                 # a hundred new series
log_p = walk.log_evidence(fresh)


def gap(q, resampled=True):
    """log p(x) less the bound of eight particles, for each of five proposals side by side: (5,)."""
    with torch.no_grad():
        found = filters(walk, fresh.expand(5, 100, 20), 8, 8, seed=12, proposal=q,
                        resample_below=1.0 if resampled else 0.0, scheme="systematic")
    return (log_p - found).mean((0, 2))


# %%
trained = {name: learned_proposal(name, [0, 1, 2, 3, 4], steps=1)[0] for name in OBJECTIVES}
gaps = {}
for name, q in trained.items():
    q.load_state_dict({key: torch.tensor(table[name][key], dtype=DOUBLE) for key in q.state_dict()})
    gaps[name] = gap(q)
    print(f"taught by {name:22s} gap in the filter {gaps[name].mean():.3f}, "
          f"never resampled {gap(q, False).mean():.3f}")
own = (log_p - filters(walk, fresh, 40, 8, seed=13, scheme="systematic")).mean()
print(f"the model's own moves, in the filter: {own:.3f}")
claim("what the filter taught is better than the model's own moves", gaps["filter"] - own, sign=-1)
claim("the filter's pupil leans on the next datum, more than twice as much",
      (trained["filter"].weights - 2 * trained["paths, never resampled"].weights)[:, 2], sign=+1)
for name in ("one path", "paths, never resampled"):
    claim(f"what was taught by {name} is better than what the filter taught",
          gaps[name] - gaps["filter"], sign=-1)

# %% [markdown]
# The filter's pupil leans on the next datum: its $b_1$ is more than twice that of the paths' pupil. To see whether it had a bad start or a bad gradient, we start *at* what the paths taught, and climb the filter's bound from there.

# %%
paths = trained["paths, never resampled"]
after, _ = learned_proposal("filter", [0, 1, 2, 3, 4], steps=smoke_cap(100), start=paths)
for when, q in (("before", paths), ("after a hundred steps", after)):
    print(f"{when:22s} gap in the filter {gap(q).mean():.3f}, b1 {q.weights[:, 2].mean():.3f}")
claim("climbing the filter's bound by this gradient lowers it", gap(after) - gap(paths), sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("17_6", "the two that never resample")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# The two that never resample; between them there is little to choose. A climber that goes *down* does not follow the gradient of what it climbs, and all that is missing from this gradient is the score of the choice of parents. Our reading: the path through a particle's children praises it for standing where the next data are; that by standing there it weighs less *now*, and has fewer children, is what the missing term would have said. Its pupil still gains six of the seven nats that moving blindly loses, but is left with nine tenths of a nat, where the others are left with less than one tenth. With other models and more particles it may cost little: look at the bound itself, on fresh noise, and compare teachers.
#
# </details>
#
# ## 5. A series with gaps
#
# Yearly flows of the Nile, 1871 to 1970, with 1891 to 1910 and 1931 to 1950 taken out, and the level model of unit 01: $z_t = z_{t-1} + N(0, 1469)$, $x_t = z_t + N(0, 15099)$. (A filter needs a start that it can draw from: ours is $N(1000, 300^2)$.) The Kalman filter is told what was seen. So is the particle filter; what its weights do in a year without a datum is an exercise.

# %%
nile = nile_gaps()
exact = nile.model.filter(nile.flow, seen=nile.seen)
found = particle_filter(with_gaps(nile.model, nile.seen), nile.flow, 1000, generator=seeded(14))
many = particle_filter(with_gaps(nile.model, nile.seen), nile.flow.expand(100, 100), 1000,
                       generator=seeded(15))
log_p = nile.model.log_evidence(nile.flow, seen=nile.seen)
compare("mean of Z-hat / p(x), 1,000 particles", (many.log_evidence - log_p).exp(), 1.0)
print(f"log p(x) = {log_p:.3f}, the first filter's estimate {found.log_evidence:.3f}")

# %%
bands = {"Kalman": (exact.loc[:, 0], exact.covariance[:, 0, 0].sqrt()),
         "particles": (found.mean[:, 0], found.variance[:, 0].sqrt())}
show(more_figures.nile(nile.years, torch.where(nile.seen, nile.flow, math.nan), bands),
     alt="The level of the Nile as filtered, 1871 to 1970, mean and two standard deviations, by Kalman's formulas and by 1,000 particles, with the sixty yearly flows that were kept. The two agree closely. In each gap the mean stands still and the band opens like a trumpet, to close within a few years after it.")

# %% [markdown]
# ## 6. What the particles still know
#
# A filter never looks back. But it can be made to remember: let the state be the whole path so far. (Nothing else changes. The move draws the newest entry, the likelihood reads it, and resampling copies whole pasts.) At the end we hold $N$ paths, and they are samples of $p(z_1, \dots, z_T \mid x_1, \dots, x_T)$, weighted: a *smoother* for nothing. Or so it seems. Here are ten particles, at every step.

# %%
short = noisy_walk(16)
x_short = short.sample(1, seeded(16))[0][0]
tree = particle_filter(whole_paths(short), x_short, 10, resample_below=1.0, scheme="multinomial",
                       generator=seeded(17))
show_moving(movies.family_tree(tree.particles, short.smooth(x_short).loc[:, 0]),
            alt="Ten particles step by step. Grey lines: every move that was ever made. Blue lines: the paths that the particles of the present have come by. At each step blue branches without descendants vanish, and the blue paths run together into one stem a few steps before the present. The exact smoothed mean is a dashed line; the early part of the stem is one path beside it.")

# %% [markdown]
# > **Predict 7.** A thousand particles, a series of length 100, resampled at every step. How many different values of $z_1$ are left among the thousand paths?

# %%
predict("17_7", choices=["some hundreds", "fewer than ten", "one"])

# %%
walk = noisy_walk(100)
x = walk.sample(1, seeded(18))[0][0]


def distinct(N, seed):
    """How many different values of each z_t are left at the end, (T,)."""
    paths = particle_filter(whole_paths(walk), x, N, resample_below=1.0, scheme="multinomial",
                            generator=seeded(seed)).particles[-1]
    return torch.tensor([len(column.unique()) for column in paths.unbind(-1)])


thousand = torch.stack([distinct(1000, seed) for seed in range(5)])
print("different values of z_1 among 1,000 paths, five runs:", thousand[:, 0].tolist())

# %% [markdown]
# It cannot be otherwise, even if the data say nothing at all. Suppose that all weights were equal. Children still pick parents at random, some parents are not picked, and lines die out: this is the Wright-Fisher model of population genetics, in which all of us descend from few. How many lines are left after one generation more is the number of boxes that are not empty when so many balls are thrown into $N$ of them.

# %%
def lines_left(N, generations):
    """Expected number of ancestors 0, 1, 2, ... generations ago, if all weights are equal."""
    boxes = torch.arange(N + 1, dtype=DOUBLE)
    thrown = torch.zeros(N + 1, N + 1, dtype=DOUBLE)                    # (balls, boxes not empty)
    thrown[0, 0] = 1.0
    for ball in range(1, N + 1):
        thrown[ball] = thrown[ball - 1] * boxes / N
        thrown[ball, 1:] += thrown[ball - 1, :-1] * (N - boxes[:-1]) / N
    chance, left = torch.zeros(N + 1, dtype=DOUBLE), []
    chance[N] = 1.0
    for _ in range(generations):
        left.append(chance @ boxes)
        chance = chance @ thrown
    return torch.stack(left)


# %%
neutral = lines_left(200, 100).flip(0)
few_lines = torch.stack([distinct(200, seed) for seed in range(10)])
print(f"200 particles, z_1: equal weights would leave {neutral[0]:.2f}, "
      f"our data leave {few_lines[:, 0].tolist()}")
claim("data thin the tree out further (halfway back, at t = 50)",
      few_lines[:, 49] - neutral[49], sign=-1)

# %%
# Run this cell to compare it with your prediction.
reveal("17_7", "fewer than ten")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# Fewer than ten, of a thousand. With equal weights two given lines meet in a generation with probability $1/N$, and some $2N$ generations back there is one ancestor of all. With unequal weights it goes faster. So the early part of a smoothed path rests on a handful of values: the *degeneracy* of the ancestors.
#
# </details>
#
# ### Aside: walking back
#
# The repair is to walk back and choose parents anew. A particle at $t + 1$ might as well have come from *any* of the particles of step $t$; which one is likely says the model's own move. This is **backward sampling** (S. Godsill, A. Doucet and M. West, 2004):

# %%
def backward_paths(p, found, M, source):
    """M draws of z_1, ..., z_T given x, by a filter's particles (T, N, 1) and weights (T, N)."""
    moves, path = p.dynamics(), []
    log_chance = found.log_weights[-1].expand(M, -1)
    for t in reversed(range(p.steps)):
        parent = torch.multinomial(log_chance.softmax(-1), 1, generator=source)[:, 0]
        path.append(found.particles[t, parent])                         # (M, 1)
        if t:
            move = moves.move(t, found.particles[t - 1])                # from each of the N
            log_chance = found.log_weights[t - 1] + move.log_prob(path[-1].unsqueeze(1))
    return torch.cat(path[::-1], -1)


# %%
truth, errors = walk.smooth(x).loc[:, 0], {"by ancestors": [], "backwards": []}
for seed in range(20):
    found = particle_filter(whole_paths(walk), x, 200, resample_below=1.0, scheme="multinomial",
                            generator=seeded(seed))
    share = found.log_weights[-1].exp().unsqueeze(-1)
    errors["by ancestors"].append((share * found.particles[-1]).sum(0) - truth)
    own = found.particles.diagonal(dim1=0, dim2=2).mT.unsqueeze(-1)     # z_t of step t: (T, N, 1)
    backwards = backward_paths(walk, found._replace(particles=own), 200, seeded(seed))
    errors["backwards"].append(backwards.mean(0) - truth)
squared = {name: torch.stack(each).square() for name, each in errors.items()}
early = {name: each[:, :20].mean(1) for name, each in squared.items()}
for name, each in early.items():
    print(f"mean squared error of E[z_t | x] over the first 20 steps, {name:12s} {each.mean():.4f}")
claim("walked backwards, the early error is smaller",
      early["backwards"] - early["by ancestors"], sign=-1)

# %%
means = {name: each.mean(0) for name, each in squared.items()}
show(more_figures.ancestors(neutral, few_lines, means),
     alt="Left, the number of different values of z_t among the final 200 paths, over t, on a log axis: near 200 at t = 100, falling fast to the left, to a few at t = 1; ten runs lie below the curve for equal weights. Right, the mean squared error of the smoothed mean over t: by ancestors it grows towards the past; walked backwards it stays small throughout.")

# %% [markdown]
# The price is $N$ evaluations of the move for each step and path. What a filter needs its past for is another question: $\hat Z$ and $p(z_t \mid x_1, \dots, x_t)$ do not suffer, since a model that forgets its past forgives a poor memory of it.
#
# ## 7. Which noise must be inferred
#
# Now to networks. In a **deep Markov model** (R. Krishnan, U. Shalit and D. Sontag, 2017) moves and measurements are networks that write means and scales. The posterior of a chain is again a chain, $p(z \mid x) = p(z_1 \mid x_1, \dots, x_T) \prod_t p(z_t \mid z_{t-1}, x_t, \dots, x_T)$: each factor needs the state before it and all data to come. A recurrent network that reads the series *backwards* can sum those up; `markov_posterior` is the family of this form.
#
# There is a tempting shortcut. The model already knows how to move. So infer the first state only, $q(z_1 \mid x)$, and let the model do the rest, $q(z_t \mid z_{t-1}) = p_\theta(z_t \mid z_{t-1})$. The divergence at those steps is zero!
#
# > **Predict 8.** Let us see on the walk, where the best such $q$ and its gap can be computed. We have had measurements of variance $\tfrac14$. Now they become more precise, with variance $\tfrac1{40}$. What happens to the gap?

# %%
predict("17_8", choices=[
    "it shrinks: the data say more",
    "it stays",
    "it grows to several times as much"])

# %% [markdown]
# Under such a $q$ the state at $t$ has the mean $0.9^{t-1} m$ and the variance $0.81^{t-1} s^2 + v_t$, with $v_t$ the noise that has come in since. The gap is then a sum of quadratic terms, and its lowest point a linear regression on one number.

# %%
def start_only_gap(x, noise):
    """log p(x) less the ELBO of the best q that infers z_1 alone, at each length: (*B, T)."""
    T = x.shape[-1]
    fade = 0.9 ** torch.arange(T, dtype=DOUBLE)                         # from z_1 to z_t
    came_in = torch.cat([torch.zeros(1, dtype=DOUBLE), (fade[:-1] ** 2).cumsum(0)])
    precision = 1 + (fade**2).cumsum(0) / noise
    m = (fade * x).cumsum(-1) / noise / precision
    fitted = -0.5 * (precision.log() - m.square() * precision)
    likelihood = -0.5 * (x.square() / noise + came_in / noise + math.log(2 * math.pi * noise))
    walk = noisy_walk(T)
    walk.emission_root.fill_(noise**0.5)
    return walk.filter(x).log_terms.cumsum(-1) - (likelihood.cumsum(-1) + fitted)


# %%
gaps = {}
for noise in (1 / 4, 1 / 40):
    walk = noisy_walk(40)
    walk.emission_root.fill_(noise**0.5)
    gaps[noise] = start_only_gap(walk.sample(20, seeded(19))[0], noise)
    mean, error = mean_of(gaps[noise][:, [9, 19, 39]])
    told = ", ".join(f"{m:.1f} ± {e:.1f}" for m, e in zip(mean, error, strict=True))
    print(f"noise {noise:.3f}: gap at T = 10, 20, 40: {told}")

# %%
claim("the second twenty steps add more than five nats each",
      (gaps[1 / 4][:, 39] - gaps[1 / 4][:, 19]) / 20 - 5, sign=+1)
claim("with precise measurements it is more than four times as large",
      gaps[1 / 40][:, 39] - 4 * gaps[1 / 4][:, 39], sign=+1)
show(more_figures.start_only(gaps),
     alt="Gap in nats over the length T, up to 40, on a log axis, for twenty series and their mean. With noise of variance one quarter it climbs to about seven hundred, with one fortieth to several thousand, the two curves run in parallel. The family that infers every move stays at zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("17_8", "it grows to several times as much")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# It grows. What $q$ does not infer it must average over, and a cloud of futures drawn from the model misses a precise datum by more. With every step more noise has come in that no datum may correct. A zero divergence is no merit of a $q$: it says that the data have taught it nothing. **The noise of every move has to be inferred.**
#
# </details>
#
# ### Aside: does a learned model mind?
#
# It may learn to move without noise, and then there is none to infer. What remains of it is one number, or a few, that must explain the whole series. For series of our walk the best *linear* model of this kind, $x_t = c\,\lambda^{t-1} z_1 + N(0, r)$, has a loss that needs no training: a divergence between two Gaussians.

# %%
def loss(T, lam, log_c, log_r):
    """KL from the walk's series to those of the noiseless model, in nats."""
    S = covariance_of_walk(T)
    line = log_c.exp() * lam ** torch.arange(T, dtype=DOUBLE)
    told = torch.outer(line, line) + log_r.exp() * torch.eye(T, dtype=DOUBLE)
    trace = torch.trace(torch.linalg.solve(told, S))
    return 0.5 * (torch.logdet(told) - torch.logdet(S) - T + trace)


for T in (5, 10, 20):
    at = torch.tensor([0.9, 0.5, 0.5], dtype=DOUBLE, requires_grad=True)
    climber = torch.optim.Adam([at], lr=0.05)
    for _ in range(smoke_cap(400)):
        climber.zero_grad()
        (value := loss(T, *at)).backward()
        climber.step()
    print(f"T = {T:2d}: lost {value.item():.3f} nats a series, with lambda {at[0].item():.3f}")

# %% [markdown]
# So it minds, where data have news at every step. And where they have little? Digits, row by row from the top: eight steps of eight pixels, four numbers of state, five seeds, both families trained together with their models.

# %%
steps, table = next(iter(stored_table("rows", 17).items()))
for way, row in table.items():
    told = []
    for part, name in (("test", "ELBO"), ("bound", "bound of 200 samples")):
        mean, error = mean_of(torch.tensor(row[part]))
        told.append(f"{name} {mean:.2f} ± {error:.2f}")
    print(f"{steps} steps, inferred: {way:16s} new images, " + ", ".join(told)
          + f"   ({row['seconds']} s for five seeds)")


def lead(part):
    """Every move inferred, less the start alone: paired over the seeds."""
    return torch.tensor(table[WAYS[0]][part]) - torch.tensor(table[WAYS[1]][part])


claim("ELBO on new images: no difference seen", lead("test"), sign=0)
claim("bound of 200 samples: no difference seen", lead("bound"), sign=0)

# %% [markdown]
# After a thousand steps no difference is seen. (That is no rest: unit 13's models went on improving for thousands.) Eight rows of one digit may be few enough to be told from its first state; we have not tested that. What the exact example says is when to expect trouble: long series, with news at every step.
#
# ## 8. Stroke by stroke
#
# The steps of a sequence need not be in the data. **DRAW** (K. Gregor and others, 2015; you may meet it as the *dynamical VAE*) paints one image in $T$ strokes on a canvas. Each stroke has a latent $z_t \sim N(0, I)$; a recurrent network turns it, with what it remembers, into something that is *added* to the canvas $c_{t-1}$. The last canvas holds the logits of the pixels. The recognition network looks, before each stroke, at the image *and at what is still wrong with the canvas*: $q(z_t \mid z_1, \dots, z_{t-1}, x)$.
# So inference is a conversation: a stroke, a look, another stroke. The prior has no arrows between the strokes, and yet the posterior has, because they explain the same pixels.

# %%
images = digits()
pair = drawing(4, seed=0)
course = train_pairs([pair], images.train, 60, seeds=[0])
print(f"four strokes, sixty steps, live: ELBO {course[:10].mean():.1f} at first, "
      f"{course[-10:].mean():.1f} at last")
table = stored_table("strokes", 17)
steps, table = next(iter(table.items()))
for strokes, row in sorted(table.items()):
    told = [mean_of(torch.tensor(row[part])) for part in ("test", "bound")]
    told = ["{:.2f} ± {:.2f}".format(*each) for each in told]
    print(f"{steps} steps, {strokes} strokes of {16 // int(strokes)} latents: ELBO {told[0]}, "
          f"bound of 200 samples {told[1]}   ({row['seconds']} s for five seeds)")

# %%
for part, name in (("test", "ELBO"), ("bound", "bound of 200 samples")):
    four, single = (torch.tensor(table[strokes][part]) for strokes in ("4", "1"))
    claim(f"new images, {name}: four strokes of four latents are ahead of one of sixteen",
          four - single, sign=+1)
with torch.no_grad():
    z = pair.q.sample(1, images.test[:10], seeded(20))[0]
    canvases = pair.p.canvases(z).sigmoid()
rows = {f"after {t}" if t else "blank": canvas for t, canvas in enumerate(canvases)}
show(labelled_pictures({**rows, "data": images.test[:10]}, "After sixty steps every stroke adds the mean digit"),
     alt="Rows of ten small pictures of ten new digits: the blank canvas, grey and the same for all, then the canvas after one, two, three and four strokes, then the digits. Stroke by stroke the same shape comes out of the grey in all ten columns, a blurred upright digit, with small differences between the columns.")

# %% [markdown]
# As many latents, fewer weights (each stroke reads four numbers, not sixteen), as many steps of training, four times the work in each, and almost two nats. Whether that is the conversation, or the longer computation that any network of four rounds has, these numbers do not tell.
#
# **Reflect.** A colleague's sequence model reports a divergence of exactly zero from step 2 on, and is proud of it. What do you ask to see?
#
# <details><summary>An answer</summary>
#
# Whether $q$ at those steps reads the data at all. If it is the model's own move, nothing is inferred there, and the gap grows with $T$ (section 7). Or the model may have learned moves without noise to speak of; then look at the scales it has learned, and at how well it predicts.
#
# </details>
#
# ## 9. Aside: integrate what you can
#
# A level that mostly creeps, and sometimes leaps: a mode $s_t$, calm or leaping, moves as a two-state chain, and the level moves with a standard deviation of 0.1 or 1. Given the modes everything is Gaussian. So why should particles carry a level? Let them carry a mode, and the *mean and variance* of the level given all modes so far: each particle is a small Kalman filter. That is a **Rao-Blackwellized** particle filter (A. Doucet, N. de Freitas, K. Murphy and S. Russell, 2000), after the theorem that an expectation taken exactly cannot scatter more than one that is sampled. (For a whole filter that is no theorem; we measure.) For twelve steps the judge is a sum over all $2^{12}$ sequences of modes.

# %%
level = SwitchingLevel(12)
spread = {"plain": [], "Rao-Blackwellized": []}
for seed in range(10):
    x = level.sample(seeded(seed))
    log_p = level.log_evidence(x)
    for name, moves in (("plain", level.plain()), ("Rao-Blackwellized", level.collapsed(x))):
        logs = filters(moves, x, 400, 50, seed=seed) - log_p
        mean, error = mean_of(logs.exp())
        assert abs(mean - 1) < 4.5 * error
        spread[name].append(logs.var())
spread = {name: torch.stack(each) for name, each in spread.items()}
for name, each in spread.items():
    print(f"{name:18s} variance of log Z-hat, ten series, 50 particles: {each.mean():.3f}")
claim("with the level integrated out it scatters less",
      log_ratio(spread, "Rao-Blackwellized", "plain"), sign=-1)

# %% [markdown]
# (Both estimates are unbiased on each of the ten series, or the cell would have stopped. A Kalman step costs more than a draw, here by a few multiplications.)
#
# ## 10. Aside: the filter as a product
#
# A loop over $T$ steps looks unavoidable: each needs the one before. Yet the forward algorithm is a product of matrices, $M_t(i, j) = A_{ij}\, B_j(x_t)$, and a product may be bracketed as one likes. Multiply neighbours in pairs, all pairs at once; half as many are left; repeat. That takes about $\log_2 T$ rounds. All running products, which a filter needs, take twice as many: an **associative scan**.

# %%
def joined(first, second):
    """Two neighbouring stretches as one: a matrix of entries that sum to one, and its log size."""
    product = first[0] @ second[0]
    size = product.sum((-2, -1), keepdim=True)
    return product / size, first[1] + second[1] + size.log()


def evidence_by_product(p, x):
    seen = p.emission_log_prob(x).exp().unsqueeze(-2)                    # (T, 1, S)
    start = p.initial_logits.softmax(-1).expand(p.states, -1) / p.states
    moves = p.transition_logits.softmax(-1).expand(len(x) - 1, -1, -1)
    steps = torch.cat([start.unsqueeze(0), moves])
    sizes = torch.zeros(len(x), 1, 1, dtype=DOUBLE)
    return associative_reduce(joined, (steps * seen, sizes))[1].item()


# %%
def evidence_by_loop(p, x):
    start, moves = p.initial_logits.softmax(-1), p.transition_logits.softmax(-1)
    total, message = 0.0, start
    for t, g in enumerate(p.emission_log_prob(x).exp()):
        message = (message @ moves if t else start) * g
        total, message = total + message.sum().log(), message / message.sum()
    return total.item()


# %%
long = chain(4096)
seconds = []
for x in long.sample(5, seeded(21))[0]:
    times = [time.process_time()]
    for way in (evidence_by_loop, evidence_by_product):
        assert abs(way(long, x) - long.log_evidence(x)) < 1e-6
        times.append(time.process_time())
    seconds.append([times[1] - times[0], times[2] - times[1]])
seconds = torch.tensor(seconds, dtype=DOUBLE)
print("seconds of processor time for T = 4,096, loop and product:",
      [round(value, 4) for value in seconds.mean(0).tolist()])
claim("the product takes less than half the time of the loop",
      (2 * seconds[:, 1] / seconds[:, 0]).log(), sign=-1)

# %% [markdown]
# A Kalman filter is such a product as well. Its elements are pairs of Gaussian functions, $p(z_t \mid x_t, z_{t-1})$ and $p(x_t \mid z_{t-1})$; two neighbours are joined by integrating out the state between them (S. Särkkä and Á. García-Fernández, 2021). `LinearGaussianSSM` and `HiddenMarkovModel` choose the scan for small states, the loop for large ones: a product of two $S \times S$ matrices takes $S^3$ steps, a row times a matrix $S^2$. A particle filter is no such product. Its resampling looks at all particles at once.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | the mean of $\log \hat Z$ compared with $\log p(x)$ | "the filter is biased" | the mean of $\hat Z$ |
# | moments of the cloud taken after resampling | the same means, more noise | variance at fixed data |
# | weights of a proposal without its density | a filter that is sure of itself, and wrong | the mean of $\hat Z$ against Kalman's |
# | a proposal that looks far ahead, resampled at every step | most of its merit is gone (section 4) | variance of $\log \hat Z$ |
# | ancestors' paths taken for a smoother | error bars too small far back | how many different values are left |
# | particles in a meaningful order, and a comb | a variance that does not fall with $N$ | shuffle them |
# | a zero divergence taken for success | a gap that grows with $T$ | a short linear model with Kalman |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | elsewhere |
# |---|---|---|
# | forward algorithm, Kalman filter | `HiddenMarkovModel`, `LinearGaussianSSM`: `log_evidence`, `filter`, `smooth` | `statsmodels.tsa.statespace`, hmmlearn, dynamax; in Pyro `distributions.GaussianHMM`, `DiscreteHMM` |
# | $\hat Z$, and the cloud of each step | `learning.particle_filter` | `pyro.infer.SMCFilter` |
# | a model, step by step | `models.dynamics.Dynamics` | a Pyro model with methods `init` and `step` |
# | gaps | `seen=` of the exact models | `numpy.nan` in statsmodels |
# | $q(z_t \mid z_{t-1}, x_t, \dots, x_T)$ | `families.markov_posterior` | Pyro's tutorial on the deep Markov model |
# | strokes | `models.DRAW`, `families.draw_posterior` | |
# | running products | `distributions.associative_scan` | `jax.lax.associative_scan` |
#
# ## What to remember
#
# 1. Weights of whole paths die exponentially in $T$. Resampling makes the relative variance of $\hat Z$ linear in $T$, on average, as long as it is small.
# 2. $\mathbb E \hat Z = p(x)$ for every number of particles, proposal, and scheme that gives each parent its share on average. $\mathbb E \log \hat Z$ is a lower bound.
# 3. A comb scatters less than independent cuts, mostly. It can fail where particles stand in a meaningful order.
# 4. Looking at the datum before moving helps. Looking further ahead is perfect where nothing is resampled, and loses most of its merit where all is.
# 5. A gradient without the score of the choice of parents is not that of the filter's bound. It may go down.
# 6. Far back all particles have few ancestors. Walk backwards and choose parents anew.
# 7. A network that infers the start and leaves noisy moves to the model pays at every step.
# 8. What can be integrated should not be sampled. And what is associative need not be a loop.
#
# **Next**: [the problem set](../notebooks/17_sequences/17_sequences.ipynb). Unit 18 makes gradients of $\log p(x)$ itself unbiased, by chains that meet.
#
# ## Further reading
#
# - N. J. Gordon, D. J. Salmond, A. F. M. Smith. *Novel approach to nonlinear/non-Gaussian Bayesian state estimation.* IEE Proceedings F 140(2), 1993.
# - A. Doucet, A. M. Johansen. *A tutorial on particle filtering and smoothing: fifteen years later.* In The Oxford Handbook of Nonlinear Filtering, 2011.
# - R. Douc, O. Cappé. *Comparison of resampling schemes for particle filtering.* International Symposium on Image and Signal Processing and Analysis, 2005.
# - F. Cérou, P. Del Moral, A. Guyader. *A nonasymptotic theorem for unnormalized Feynman-Kac particle models.* Annales de l'Institut Henri Poincaré 47(3), 2011. Pairs of particles, and growth in $T$.
# - C. J. Maddison and others. *Filtering variational objectives.* Advances in Neural Information Processing Systems 30, 2017.
# - T. A. Le, M. Igl, T. Rainforth, T. Jin, F. Wood. *Auto-encoding sequential Monte Carlo.* International Conference on Learning Representations, 2018.
# - C. A. Naesseth, S. W. Linderman, R. Ranganath, D. M. Blei. *Variational sequential Monte Carlo.* Artificial Intelligence and Statistics, 2018.
# - S. J. Godsill, A. Doucet, M. West. *Monte Carlo smoothing for nonlinear time series.* Journal of the American Statistical Association 99, 2004.
# - A. Doucet, N. de Freitas, K. Murphy, S. Russell. *Rao-Blackwellised particle filtering for dynamic Bayesian networks.* Uncertainty in Artificial Intelligence, 2000.
# - R. G. Krishnan, U. Shalit, D. Sontag. *Structured inference networks for nonlinear state space models.* AAAI Conference on Artificial Intelligence, 2017.
# - K. Gregor, I. Danihelka, A. Graves, D. J. Rezende, D. Wierstra. *DRAW: a recurrent neural network for image generation.* International Conference on Machine Learning, 2015.
# - S. Särkkä, Á. F. García-Fernández. *Temporal parallelization of Bayesian smoothers.* IEEE Transactions on Automatic Control 66(1), 2021.

# %%
tally("17")
