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

# %% [markdown] locked="17_header"
# # Problem set 17: Sequences
#
# A particle filter estimates the evidence of a series. How noisy is the estimate, and can you say so before the
# filter has run? What does one wrong line do to it? And which noise must a recognition network infer? By the end you
# will have
#
# - written a bootstrap filter that resamples each series when it needs it, and sits out years without a datum,
# - found where four faulty filters lead, with as many particles as you like,
# - derived the proposal that is best for the next step, and the weight that goes with it,
# - predicted the noise of a filter's log evidence from a Kalman filter and smoother,
# - said how many particles the Nile needs for an error of one nat, and run them,
# - predicted each year of the Nile from all others,
# - written the ELBO of a deep Markov model with as little noise as it can have,
# - told three particle filters apart by nothing but their estimates.
#
# **Time**: about six hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/17_sequences.ipynb). Exercise 5 builds on 3 and 4, and 8 on 2; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs, with all noise *given*, so that chance has no say, and compares numbers. If something is off, the report
# says what came, what was expected, and which mistake it looks like. Checks never look at how you wrote it. Call them
# as often as you like.
#
# **What counts as right**, in all exercises. Numbers come in double precision; stay in it, and you have all the
# digits that are asked for: seven here (each number to within $10^{-7}$ of its own size, with $10^{-9}$ to spare for
# those near zero). Except in exercise 7 no gradients are asked: NumPy and loops will do, and a list for a tuple.
# Leave your arguments as you found them. Where your work is graded, and only there, the course's own version of what
# you are asked to write is taken out of `course_vi`; its Kalman filter and smoother stay, and you may use them.
#
# **Notation.** $z_1, \dots, z_T$ are hidden states, $x_1, \dots, x_T$ the data, N the number of particles, and $\hat
# Z$ a filter's estimate of $p(x_1, \dots, x_T)$. B stands for any number of batch axes, none included (stubs write
# `*B`): one number, or one series, for each. In exercises 3 to 5 the model is linear and Gaussian, without further
# inputs,
#
# $$z_1 \sim N(m, P), \qquad z_t \sim N(A z_{t-1}, Q), \qquad x_t \sim N(C z_t, R),$$
#
# with states of d and data of p numbers, each from 1 to 3, all covariances positive definite.

# %% locked="17_setup"
import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from autograder import check, sealed_case
from autograder.units.unit_17 import targets
from course_vi.families import Ancestral, MarkovNets
from course_vi.models import DeepMarkovModel, LinearGaussianSSM
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)
DOUBLE = torch.float64


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. A bootstrap filter
#
# *Difficulty* 3/5 · *Importance* 5/5 · 45 minutes
#
# Write the filter in which every particle moves by the model. States and data are single numbers, and the model comes
# as three functions:
#
# - `first(eps)` is the first state, for standard normal noise `eps`;
# - `move(t, z, eps)` is the state of step t, for states `z` of the step before. Steps are counted from 0, so t is 1,
#   2, ...;
# - `see(t, z, x_t)` is $\log p(x_t \mid z_t)$.
#
# States and noise have the shape $(N, B)$, particles first; `see` takes $x_t$ of shape $(B)$ beside them. All three
# take any batch, none included. All noise is given: `noise`, $(T, N, B)$, for the moves, and `uniforms`, $(T - 1, N,
# B)$, numbers between 0 and 1 for the resampling *before* the moves to steps 1, 2, ...
#
# **When.** Before each move, a series is resampled if its effective sample size $1/\sum_i (W^i)^2$ is at most `below`
# times N, with W its normalized weights; each series of the batch is judged by itself. `below` is from 0 (never) to 1
# (always). A series that is not resampled carries its weights along.
# Nothing is asked where rounding alone decides: where `below` is 1 there are no gaps, since weights that are all equal
# have an effective sample size of N only up to rounding.
#
# **How.** N independent draws. Particle i descends from the particle j at which the cumulated weights $W^1 + \dots +
# W^j$ first reach its uniform number.
#
# **Gaps.** Where x is NaN the datum was not seen. (What `see` says of it, NaN or a number, is then of no use.)
#
# Return two tensors, each $(T, B)$: the logarithms of the factors of $\hat Z$, of which the sum is $\log\hat Z$ for
# the data that were seen; and the filter's estimates of $\mathbb E[z_t \mid x_1, \dots, x_t]$, made before any
# resampling. Some particles may be impossible ($\log p = -\infty$), but never all of a series; log-likelihoods may be
# far below -1,000, in one series of a batch and not in the others.

# %% exercise="17_bootstrap_filter"
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    """The log factors of the evidence's estimate, (T, *B), and the filtered means, (T, *B).

    x: (T, *B), NaN where not seen. noise: (T, N, *B), standard normal. uniforms: (T - 1, N, *B).
    """
    ### BEGIN SOLUTION
    count = noise.shape[1]
    even = torch.full(noise.shape[1:], -math.log(count), dtype=noise.dtype)
    z, log_w, terms, means = first(noise[0]), even, [], []
    for t in range(len(x)):
        if t > 0:
            needed = 1 / log_w.exp().square().sum(0) <= below * count
            edges = log_w.exp().cumsum(0).movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, uniforms[t - 1].movedim(0, -1).contiguous()).clamp_max(count - 1)
            z = torch.where(needed, z.gather(0, parents.movedim(-1, 0)), z)
            log_w = torch.where(needed, even, log_w)                       # the draw has spent the weights
            z = move(t, z, noise[t])
        log_w = log_w + torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
        terms.append(log_w.logsumexp(0))
        log_w = log_w - terms[-1]
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(terms), torch.stack(means)
    ### END SOLUTION


# %% check="17_bootstrap_filter"
check("17_bootstrap_filter", bootstrap_filter)

# %% [markdown]
# **Predict, then measure.** A walk with $A = 0.9$, seen with noise; 4,000 filters of 2, 10 and 50 particles. In which
# of the two columns do you expect zero, and at which N?

# %%
WALK = LinearGaussianSSM(*[torch.tensor([[value]], dtype=DOUBLE) for value in (0.9, 1.0, 1.0, 1.0)],
                         torch.zeros(1, dtype=DOUBLE), torch.ones(1, 1, dtype=DOUBLE), steps=10).requires_grad_(False)


def my_log_evidence(x: Tensor, runs: int, count: int, seed: int, below: float = 1.0) -> Tensor:
    """log Z-hat of your filter for the walk, (runs,); x: (T,)."""
    rows = x.unsqueeze(-1).expand(-1, runs)
    noise = torch.randn(len(x), count, runs, generator=seeded(seed), dtype=DOUBLE)
    uniforms = torch.rand(len(x) - 1, count, runs, generator=seeded(seed + 1), dtype=DOUBLE)
    parts = (lambda eps: eps, lambda t, z, eps: 0.9 * z + eps, lambda t, z, x_t: Normal(z, 1.0).log_prob(x_t))
    return bootstrap_filter(*parts, rows, noise, uniforms, below)[0].sum(0)


with when_written():
    x = WALK.sample(1, seeded(1))[0][0]
    for count in (2, 10, 50):
        off = my_log_evidence(x, 4000, count, 2) - WALK.log_evidence(x)
        ratio = off.exp()
        print(f"N = {count:2d}   mean of Z-hat / p(x), less 1: {ratio.mean() - 1:+.4f} ± {ratio.std() / 4000**0.5:.4f}   "
              f"mean of log Z-hat - log p(x): {off.mean():+.4f} ± {off.std() / 4000**0.5:.4f}")

# %% [markdown]
# <details><summary>Symptom: right at below = 1, and wrong where weights are carried along</summary>
#
# Then the particles do not all count the same when the next datum is weighed. Which average of the likelihoods is it?
# What was it when the weights were equal?
#
# </details>
# <details><summary>Symptom: right for one series, wrong for a batch</summary>
#
# Does the second series take the first one's parents? Is it resampled when the first one needs it? Indices have a
# batch axis here, and so has the decision.
#
# </details>
# <details><summary>Symptom: the evidence of resampled series is too large, or too small</summary>
#
# A particle that was heavy has more children. If the children were heavy, too, its weight would be counted twice.
#
# </details>

# %% [markdown] solution_only="17_bootstrap_filter"
# **The factor.** With normalized weights W carried along, $\hat Z_t = \sum_i W_{t-1}^i\, p(x_t \mid z_t^i)$, and
# $W_t^i \propto W_{t-1}^i\, p(x_t \mid z_t^i)$. After resampling W is 1/N: the draw has spent the weights. A datum
# that was not seen has the factor one.
#
# **Unbiased** is $\hat Z$, at N = 2 as well as at 50; the logarithm is too low at every N.

# %% [markdown]
# ## 2. Four faults, and where they lead
#
# *Difficulty* 4/5 · *Importance* 4/5 · 50 minutes
#
# A bug in a particle filter looks like noise, and more particles make the noise go away. What is left then? On a
# chain of S states it can be computed. `initial`, $(S)$, has the chances of the first state, row j of `transition`,
# $(S, S)$, those of the next state after state j, and `log_lik`, $(B, T, S)$, has $\log p(x_t \mid z_t = k)$ for each
# step and state.
#
# Five bootstrap filters move N particles by the model, and weigh them. Before the next move
#
# 1. one is **right**: it resamples, and all particles weigh the same again;
# 2. one makes **no draw**: it sets all weights equal, and keeps the particles that it has;
# 3. one draws **twice**: it resamples, each child brings along its parent's normalized weight; by these it resamples
#    once more; and then all weigh the same;
# 4. in one **the heaviest** takes all: each of the N children descends from the particle with the largest weight;
# 5. one has weights **kept**: it resamples, each child brings along the weight with which its parent was chosen, and
#    the likelihoods to come are multiplied to that, on and on.
#
# Each estimates $p(x_t \mid x_1, \dots, x_{t-1})$ by its particles' mean likelihood, weighted by the weights with
# which they arrive (a sum over particles of weight times likelihood, divided by the sum of the weights). The draws
# are independent, each with chances in proportion to the weights.
#
# Return, $(5, B)$, what $\log\hat Z$ tends to as $N \to \infty$, with T fixed. Some moves have no chance (zeros in
# `transition` and `initial`); at no step are two states equally likely to give $x_t$. T is at most 6, S at most 5.
# Log-likelihoods may be -10,000 or +900, and hundreds of nats apart.

# %% exercise="17_fault_limits"
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    """The limits of log Z-hat, (5, *B): right, no draw, drawn twice, the heaviest, weights kept. log_lik: (*B, T, S)."""
    ### BEGIN SOLUTION
    steps = log_lik.shape[-2]

    def paths(powers: list[int]) -> Tensor:
        """log of the mean, over paths, of the first likelihoods to these powers."""
        now = initial.log().expand(*log_lik.shape[:-2], -1)
        for t, power in enumerate(powers):
            if t > 0:
                now = (now.unsqueeze(-1) + transition.log()).logsumexp(-2)
            now = now + power * log_lik[..., t, :]
        return now.logsumexp(-1)

    def selected(power: int) -> Tensor:
        return sum(paths([power] * t + [1]) - paths([power] * t) for t in range(steps))

    chance, heaviest = initial.expand(*log_lik.shape[:-2], -1), torch.zeros(log_lik.shape[:-2], dtype=log_lik.dtype)
    for here in log_lik.unbind(-2):
        heaviest = heaviest + (chance.log() + here).logsumexp(-1)
        chance = transition[here.masked_fill(chance == 0, -torch.inf).argmax(-1)]
    kept = torch.zeros_like(heaviest)
    for t in range(1, steps + 1):
        powers = [t - u for u in range(t)]                                  # the first likelihood counts t times
        kept = kept + paths(powers) - paths(powers[:-1])
    return torch.stack([selected(1), selected(0), selected(2), heaviest, kept])
    ### END SOLUTION


# %% check="17_fault_limits"
check("17_fault_limits", fault_limits)

# %% [markdown]
# **Predict, then look.** One datum more and more decisive: the likelihoods of a chain to the power of `s`. Which
# faults overestimate the evidence, and do they always?

# %%
with when_written():
    initial = torch.tensor([0.3, 0.5, 0.2], dtype=DOUBLE)
    transition = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.6, 0.2], [0.1, 0.3, 0.6]], dtype=DOUBLE)
    log_lik = torch.randn(5, 3, generator=seeded(3), dtype=DOUBLE)
    for s in (0.0, 0.3, 1.0, 3.0):
        print(f"s = {s:.1f}   " + "  ".join(f"{value:+9.4f}" for value in fault_limits(initial, transition, s * log_lik).tolist()))

# %% [markdown]
# <details><summary>Symptom: I do not know what the particles tend to</summary>
#
# With many particles, the share of them that are in state k is a number. Follow those shares: what does a move do to
# them, and what does a draw by weights? The estimate is an average under them.
#
# </details>
# <details><summary>Symptom: row 4 is right until some moves have no chance</summary>
#
# The heaviest *particle*. Which states hold a particle at all?
#
# </details>
# <details><summary>Symptom: row 5 is right up to two steps, and no further</summary>
#
# In that filter the state does not tell what a particle weighs; its whole past does. So follow shares of *paths*. How
# often has the first likelihood selected a path by the time of the third datum, and how often is it in its weight?
#
# </details>

# %% [markdown] solution_only="17_fault_limits"
# **Shares.** Let $\pi_t$ be the share of particles after the move to t, and $\alpha_t$ the likelihoods. Right:
# $\pi_{t+1} \propto (\pi_t\alpha_t)P$. No draw: $\pi_{t+1} = \pi_t P$, and the estimate is the product of the data's
# *marginal* densities. Twice: $\pi_{t+1} \propto (\pi_t\alpha_t^2)P$. Heaviest: $\pi_{t+1}$ is the row of P that
# belongs to the largest $\alpha_t$ among the states that are reached. Each step's factor is $\sum_k
# \pi_t(k)\alpha_t(k)$.
#
# **Kept.** At the t-th datum, the u-th likelihood has selected t - u times, and stands once in the weight. So with
# $F_t = \sum_{\text{paths}} p(\text{path}) \prod_{u \le t} \alpha_u^{t-u+1}$, and $G_t$ the same product without its
# last factor, the limit is $\sum_t \log F_t / G_t$.
#
# None of them is the evidence, however many particles there are.

# %% [markdown]
# ## 3. The locally optimal proposal
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# In an HMM the proposal that is best for the next step is a row of a table. In a linear Gaussian model it is a
# Gaussian. Derive $q(z_t \mid z_{t-1}, x_t)$ for which the weight of a particle, $p(z_t \mid z_{t-1})\,p(x_t \mid
# z_t)/q$, does not depend on $z_t$. Return its mean, $(N, B, d)$, its covariance, $(d, d)$, and the *logarithm of
# that weight*, $(N, B)$, with all its constants.
#
# `previous`, $(N, B, d)$, are the states before, and `x`, $(B, p)$, the data now. Measurements may be sharp (R a ten
# thousandth of the rest) and x hundreds away from where it is expected.

# %% exercise="17_optimal_proposal"
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (N, *B, d) and covariance (d, d) of the locally optimal proposal, and the log weight (N, *B).

    transition, transition_cov: A and Q, (d, d). emission: C, (p, d). emission_cov: R, (p, p). previous: (N, *B, d). x: (*B, p).
    """
    ### BEGIN SOLUTION
    own = previous @ transition.T
    total = emission @ transition_cov @ emission.T + emission_cov
    gain = torch.linalg.solve(total, emission @ transition_cov).T
    mean = own + (x - own @ emission.T) @ gain.T
    cov = transition_cov - gain @ emission @ transition_cov
    return mean, cov, MultivariateNormal(own @ emission.T, total).log_prob(x)
    ### END SOLUTION


# %% check="17_optimal_proposal"
check("17_optimal_proposal", optimal_proposal)

# %% [markdown]
# **Predict, then measure.** Draw a thousand $z_t$ from your proposal, all from the same $z_{t-1}$. What is the
# standard deviation of the log weights? And what is it if they are drawn from the model's own move?

# %%
with when_written():
    A, C = torch.tensor([[0.9, 0.3], [0.0, 0.8]], dtype=DOUBLE), torch.tensor([[1.0, 0.5]], dtype=DOUBLE)
    Q, R = torch.eye(2, dtype=DOUBLE), torch.full((1, 1), 0.25, dtype=DOUBLE)
    before, x = torch.tensor([[1.0, -0.5]], dtype=DOUBLE), torch.tensor([2.0], dtype=DOUBLE)
    mean, cov, log_weight = optimal_proposal(A, Q, C, R, before, x)
    for name, q in (("yours", MultivariateNormal(mean[0], cov)), ("the model's", MultivariateNormal(before[0] @ A.T, Q))):
        z = q.loc + torch.randn(1000, 2, generator=seeded(4), dtype=DOUBLE) @ q.scale_tril.T
        log_w = MultivariateNormal(before[0] @ A.T, Q).log_prob(z) + MultivariateNormal(z @ C.T, R).log_prob(x) - q.log_prob(z)
        print(f"{name:12s} mean of the log weights {log_w.mean():+.5f}, standard deviation {log_w.std():.2e}; yours says {log_weight[0]:+.5f}")

# %% [markdown]
# <details><summary>Symptom: I do not know where to begin</summary>
#
# Given $z_{t-1}$ the pair $(z_t, x_t)$ is one Gaussian. What is asked is a conditional of it, and a marginal.
#
# </details>
# <details><summary>Symptom: mean and covariance are right, and the weight is not</summary>
#
# It does not depend on $z_t$, so no $z_t$ may be left in it, nor the mean of any. Of which variable is it the
# density, and given what?
#
# </details>
# <details><summary>Symptom: right where d = p, an error elsewhere</summary>
#
# C is $(p, d)$ and has no inverse. Everything can be done with one $(p, p)$ matrix, or with one $(d, d)$ matrix of
# precisions. States stand in rows: a row is moved by the transpose.
#
# </details>

# %% [markdown] solution_only="17_optimal_proposal"
# **By Bayes' rule** $p(z_t \mid z_{t-1})\,p(x_t \mid z_t) = p(z_t \mid z_{t-1}, x_t)\,p(x_t \mid z_{t-1})$. So the
# proposal is the first factor, with covariance $V = (Q^{-1} + C^\top R^{-1} C)^{-1}$ and mean $V(Q^{-1} A z_{t-1} +
# C^\top R^{-1} x_t)$, and the weight is the second, $N(x_t;\, C A z_{t-1},\, C Q C^\top + R)$.
#
# Zero variance *given the old state*. Between old states it varies, and the data to come are not looked at: it is
# optimal locally, no more.

# %% [markdown]
# ## 4. The noise of a particle filter, predicted
#
# *Difficulty* 5/5 · *Importance* 5/5 · 60 minutes
#
# Before you run a bootstrap filter of N particles: how noisy will its $\log\hat Z$ be? For many particles, its
# variance and its bias are constants over N. Both are to be found without a single draw, for the linear Gaussian
# model above and resampling by *independent* draws at *every* step.
#
# What you need to know of a filter with many particles: each generation is, given the one before, N independent draws
# from (nearly) the density of $z_t$ *before $x_t$ has been seen*. What such a sample gets wrong is passed on to
# everything that comes later, as if the rest of the filter were exact. Errors of different generations are
# uncorrelated.
#
# Return two rows, $(2, B)$: the variance of $\log\hat Z$, and its mean less $\log p(x)$, each to the leading order,
# $1/N$. `x` is $(B, T, p)$. Measurements may be sharp or blunt, and data may surprise: then a row is large, and so be
# it.
#
# `LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps)` has
# `filter(x)` and `smooth(x)`, for `x.flatten(-2)`; both have `.loc`, $(B, T, d)$, and `.covariance`, $(T, d, d)$.
# Mind the order of its arguments.

# %% exercise="17_predicted_noise"
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    """(2, *B): variance and bias of a bootstrap filter's log evidence, to order 1/N.

    transition, transition_cov: A and Q, (d, d). emission: C, (p, d). emission_cov: R, (p, p). initial_loc: m, (d).
    initial_cov: P, (d, d). x: (*B, T, p).
    """
    ### BEGIN SOLUTION
    steps = x.shape[-2]
    p = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps)
    with torch.no_grad():
        found, after = p.filter(x.flatten(-2)), p.smooth(x.flatten(-2))
    total = torch.zeros(x.shape[:-2], dtype=x.dtype)
    loc, cov = initial_loc, initial_cov                                     # of z_t given the data before t
    for t in range(steps):
        if t > 0:
            loc = found.loc[..., t - 1, :] @ transition.T
            cov = transition @ found.covariance[t - 1] @ transition.T + transition_cov
        off, smooth = after.loc[..., t, :] - loc, after.covariance[t]
        wide = 2 * cov - smooth
        log = cov.logdet() - 0.5 * smooth.logdet() - 0.5 * wide.logdet()
        total = total + torch.expm1(log + (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1))
    return torch.stack([total, -total / 2]) / num_particles
    ### END SOLUTION


# %% check="17_predicted_noise"
check("17_predicted_noise", predicted_noise)

# %% [markdown]
# **Predict and measure.** The walk once more, a series of ten data, 500 particles, 2,000 of your own filters.

# %%
UNIT = torch.ones(1, 1, dtype=DOUBLE)
WALK_PARTS = (0.9 * UNIT, UNIT, UNIT, UNIT, torch.zeros(1, dtype=DOUBLE), UNIT)

with when_written():
    x = WALK.sample(1, seeded(1))[0][0]
    variance, bias = predicted_noise(*WALK_PARTS, x.unsqueeze(-1), 500)
    off = torch.cat([my_log_evidence(x, 500, 500, 10 * part) for part in range(4)]) - WALK.log_evidence(x)
    error = (off - off.mean()).square().std() / len(off) ** 0.5
    print(f"variance: predicted {variance:.4f}, measured {off.var():.4f} ± {error:.4f}")
    print(f"bias:     predicted {bias:+.4f}, measured {off.mean():+.4f} ± {off.std() / len(off) ** 0.5:.4f}")

# %% [markdown]
# **The figure to aim for.** Predicted variance, times N, over the length of the series: six series of the walk. Your
# numbers are the dots.

# %%
show(targets.growth(), alt="Six lines over the length of the series, from 1 to 40. On the whole all of them rise, to between 55 and 100 at the end; "
                           "here and there one leaps up within a step or two, and now and then one falls again.")

# %%
with when_written():
    show(targets.growth(predicted_noise), alt="The same six lines, with a dot at every eighth step.")

# %% [markdown]
# <details><summary>Symptom: I do not know where to begin</summary>
#
# Begin with T = 1. $\hat Z$ is a mean of N independent weights. What is the relative variance of a mean, and what
# does that say of its logarithm? Write the mean square of the relative weight as an integral over two densities that
# you know.
#
# </details>
# <details><summary>Symptom: right for T = 1, too small for longer series</summary>
#
# What a particle of step t is worth is not $p(x_t \mid z_t)$ alone. If the rest of the filter were exact, by which
# number would a particle at $z_t$ be multiplied in the end? Bayes' rule makes a well-known density of it.
#
# </details>
# <details><summary>Symptom: the integral does not exist, or is off where d is 2 or 3</summary>
#
# The integrand is the exponential of a quadratic. Add up the coefficients with their signs; the precision that
# results must be positive definite, and is, if the two densities stand where they belong: which of the two is
# narrower?
#
# </details>

# %% [markdown] solution_only="17_predicted_noise"
# **One generation** at step t: N draws from $p(z_t \mid x_{<t})$; a particle at $z_t$ is worth $h(z_t) = p(x_t,
# \dots, x_T \mid z_t)/p(x_t, \dots, x_T \mid x_{<t})$, of mean one. By Bayes' rule $h = p(z_t \mid x_{1..T})/p(z_t
# \mid x_{<t})$: *smoothing over prediction*. Its variance is $\int p(z_t \mid x_{1..T})^2/p(z_t \mid
# x_{<t})\,dz_t - 1$. Errors of different steps add:
#
# $$N \operatorname{Var}\log\hat Z \to \sum_t \Big\{\frac{|P_p|}{\sqrt{|P_s|\,|2P_p - P_s|}}\,
# e^{(m_s - m_p)^\top (2P_p - P_s)^{-1}(m_s - m_p)} - 1\Big\},$$
#
# and the bias of the logarithm is minus half of it, since $\mathbb E\hat Z = p(x)$. Linear in T on average over
# series; on one series, it depends on the data.

# %% [markdown]
# ## 5. How many particles does the Nile need?
#
# *Difficulty* 5/5 · *Importance* 4/5 · 60 minutes
#
# Turn exercise 4 around: for which N is the standard error of $\log\hat Z$ equal to `error`, in nats, by the leading
# order? Answer it for *two* filters, both resampled by independent draws at every step, also where all weights are
# equal, $(2, B)$:
#
# 1. the bootstrap filter;
# 2. the filter that moves by the locally optimal proposal of exercise 3. Step 1 draws N particles from $p(z_1 \mid
#    x_1)$, which all weigh the same, and resamples them. Each later step moves, weighs, resamples, in this order, with
#    the weight that you derived.
#
# What was said of generations in exercise 4 holds here as well, and each of the T steps has one, the first included,
# in both rows. One thing is different: what a particle of the second filter is worth, from step 2 on, cannot be said of
# $z_t$ alone. Return real numbers; do not round. `smooth(x)` also has `.cross`,
# $(T - 1, d, d)$: $\operatorname{Cov}(z_t, z_{t+1})$ given all data.

# %% exercise="17_particles_needed"
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    """(2, *B): the N at which log Z-hat has this standard error, for the bootstrap filter and with the locally optimal proposal.

    Arguments as in predicted_noise.
    """
    ### BEGIN SOLUTION
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    p = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, x.shape[-2])
    with torch.no_grad():
        found, after = p.filter(x.flatten(-2)), p.smooth(x.flatten(-2))

    def relative_variance(m_s: Tensor, P_s: Tensor, m_p: Tensor, P_p: Tensor) -> Tensor:
        wide, off = 2 * P_p - P_s, m_s - m_p
        log = P_p.logdet() - 0.5 * P_s.logdet() - 0.5 * wide.logdet()
        return torch.expm1(log + (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1))

    def joint(first: Tensor, cross: Tensor, second: Tensor) -> Tensor:
        return torch.cat([torch.cat([first, cross], -1), torch.cat([cross.T, second], -1)], -2)

    gain = torch.linalg.solve(C @ Q @ C.T + R, C @ Q).T
    V, M = Q - gain @ C @ Q, A - gain @ C @ A                               # of p(z_t | z_{t-1}, x_t)
    bootstrap = relative_variance(after.loc[..., 0, :], after.covariance[0], initial_loc, initial_cov)
    optimal = relative_variance(after.loc[..., 0, :], after.covariance[0], found.loc[..., 0, :], found.covariance[0])
    for t in range(1, p.steps):
        m, P = found.loc[..., t - 1, :], found.covariance[t - 1]
        here = after.loc[..., t, :], after.covariance[t]
        bootstrap = bootstrap + relative_variance(*here, m @ A.T, A @ P @ A.T + Q)
        pair = torch.cat([after.loc[..., t - 1, :], here[0]], -1), joint(after.covariance[t - 1], after.cross[t - 1], here[1])
        drawn = torch.cat([m, m @ M.T + x[..., t, :] @ gain.T], -1), joint(P, P @ M.T, M @ P @ M.T + V)
        optimal = optimal + relative_variance(*pair, *drawn)
    return torch.stack([bootstrap, optimal]) / error**2
    ### END SOLUTION


# %% check="17_particles_needed"
check("17_particles_needed", particles_needed)

# %% [markdown]
# **Predict and run.** Yearly flows of the Nile, 1871 to 1970: a level that moves with variance 1469, seen with
# variance 15099, from $N(1000, 300^2)$. Guess first: how many particles does a standard error of one nat take, for a
# hundred data? The cell runs 400 filters of each kind at the N that you predict, and then some for half a nat, where
# the leading order should say it better.

# %%
def nile_filters(flow: Tensor, count: int, runs: int, optimal: bool, seed: int) -> Tensor:
    """log Z-hat of filters of the Nile that are resampled at every step, (runs,)."""
    source, q, r = seeded(seed), torch.tensor([[1469.0]], dtype=DOUBLE), torch.tensor([[15099.0]], dtype=DOUBLE)
    total, z, log_w = torch.zeros(runs, dtype=DOUBLE), None, None
    for t, x_t in enumerate(flow):
        if t == 0:                                                          # as a move from nowhere
            before, cov = torch.full((count, runs, 1), 1000.0, dtype=DOUBLE), torch.full((1, 1), 9e4, dtype=DOUBLE)
        else:
            parents = torch.multinomial(log_w.softmax(0).T, count, replacement=True, generator=source).T
            before, cov = z.gather(0, parents.unsqueeze(-1)), q
        mean, spread, log_w = optimal_proposal(UNIT, cov, UNIT, r, before, x_t.expand(runs, 1))
        if not optimal:
            mean, spread = before, cov
        z = mean + spread.sqrt() * torch.randn(count, runs, 1, generator=source, dtype=DOUBLE)
        if not optimal:
            log_w = Normal(z.squeeze(-1), r.item() ** 0.5).log_prob(x_t)
        total = total + log_w.logsumexp(0) - math.log(count)
    return total


NILE_PARTS = (UNIT, 1469.0 * UNIT, UNIT, 15099.0 * UNIT, 1000.0 * UNIT[0], 9e4 * UNIT)

with when_written():
    flow = targets.nile()
    for error, runs in ((1.0, 400), (0.5, 100)):
        needed = particles_needed(*NILE_PARTS, flow.unsqueeze(-1), error)
        for name, wanted, optimal in (("bootstrap", needed[0], False), ("locally optimal", needed[1], True)):
            count = math.ceil(wanted)
            logs = nile_filters(flow, count, runs, optimal, 5)
            print(f"wanted {error:.1f} nats, {name:16s} N = {wanted:8.1f}   measured {logs.std():.3f} ± {logs.std() / (2 * runs) ** 0.5:.3f}")

# %% [markdown]
# <details><summary>Symptom: row 1 is off by the same factor everywhere</summary>
#
# If N times the variance is a constant, which N makes the *standard error* a given number?
#
# </details>
# <details><summary>Symptom: row 2 is far too small</summary>
#
# The proposal has looked at $x_t$, but the parents were chosen before. So a generation does *not* consist of draws
# from $p(z_t \mid x_1, \dots, x_t)$; the weights, which are not equal, say so.
#
# </details>
# <details><summary>Symptom: row 2 is near, but not right</summary>
#
# The weight belongs to the old state, and what is to come to the new one. From which density are *pairs* of the two
# drawn? And which density of pairs is it, by Bayes' rule, that they are weighed towards, with everything that
# follows?
#
# </details>

# %% [markdown] solution_only="17_particles_needed"
# **Pairs.** Of step t, N pairs are drawn from $p(z_{t-1} \mid x_{<t})\,p(z_t \mid z_{t-1}, x_t)$. With their weight
# and all that is to come they stand for $p(z_{t-1}, z_t \mid x_{1..T})$. So the step adds $\int p(z_{t-1}, z_t \mid
# x_{1..T})^2 / \{p(z_{t-1} \mid x_{<t})\,p(z_t \mid z_{t-1}, x_t)\} - 1$, a ratio of Gaussians in 2d dimensions. The
# first step has no parents: smoothing against $p(z_1 \mid x_1)$.
#
# **The Nile.** Its measurements are blunt, so a look at the next one does not help much: 158 particles for the bootstrap
# filter, 133 with the locally optimal proposal. In our run of 400 filters each the standard errors were 1.05 ± 0.04 and
# 1.01 ± 0.04 nats: the leading order serves even there.

# %% [markdown]
# ## 6. Missing years
#
# *Difficulty* 3/5 · *Importance* 4/5 · 35 minutes
#
# Which years of the Nile surprise its neighbours? Predict *each* year from all *other* years that were seen. The
# model is a level that wanders,
#
# $$z_1 \sim N(\texttt{start}, \texttt{start\_var}), \quad z_t \sim N(z_{t-1}, \texttt{move\_var}),
# \quad x_t \sim N(z_t, \texttt{data\_var}).$$
#
# `x`, $(B, T)$, holds the data, NaN where `seen`, $(B, T)$, is `False`; each series has its own gaps, which may be in
# a row or at the ends. The other four are numbers. Return two tensors, $(B, T)$ each: the mean and the variance of
# $p(x_t \mid \text{all other } x \text{ that were seen})$, for every year, whether it was seen or not. With no other
# year seen, that is what the model says before any data. The variance of a measurement may be a thousandth or a
# thousand times that of a move.
#
# (`smooth` of `LinearGaussianSSM` takes `seen=`. With it a loop over the years is a right answer; one pass is
# enough.)

# %% exercise="17_predict_years"
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    """Mean and variance of each year given all others that were seen, (*B, T) both. x, seen: (*B, T)."""
    ### BEGIN SOLUTION
    one = torch.ones(1, 1, dtype=x.dtype)
    p = LinearGaussianSSM(one, one, move_var * one, data_var * one, start * one[0], start_var * one, steps=x.shape[-1])
    with torch.no_grad():
        found = p.smooth(x, seen=seen)
    loc = found.loc.squeeze(-1)
    precision = 1 / found.covariance.squeeze(-1).squeeze(-1)
    own = seen.to(x.dtype) / data_var                                       # the year's own measurement, taken out again
    others = precision - own
    mean = (precision * loc - own * torch.where(seen, x, 0.0)) / others
    return mean, 1 / others + data_var
    ### END SOLUTION


# %% check="17_predict_years"
check("17_predict_years", predict_years)

# %% [markdown]
# **Predict, then look.** Twenty years are hidden. Of the hundred years, how many lie more than two standard
# deviations from what the others say?

# %%
with when_written():
    flow = targets.nile()
    seen = torch.ones(100, dtype=torch.bool)
    seen[20:40] = False
    mean, variance = predict_years(torch.where(seen, flow, math.nan), seen, 1000.0, 9e4, 1469.0, 15099.0)
    z_score = (flow - mean) / variance.sqrt()
    print("beyond two standard deviations:", [1871 + year for year in range(100) if abs(z_score[year]) > 2])
    print(f"root mean square of the z-scores: seen {z_score[seen].square().mean().sqrt():.2f}, hidden {z_score[~seen].square().mean().sqrt():.2f}")

# %%
show(targets.years(), alt="Yearly flows of the Nile, 1871 to 1970; those of 1891 to 1910 are hidden, drawn as empty circles. Around them a band, of two standard deviations, in which each year is predicted from the others.")

# %%
with when_written():
    show(targets.years(predict_years), alt="The same figure, with the answer's means and bands as dots and bars at every fourth year.")

# %% [markdown]
# <details><summary>Symptom: right for years that were not seen, wrong for the others</summary>
#
# A smoother's answer for year t has read $x_t$, where it was seen. Either hide it, one year at a time, or take its
# part out afterwards: how does one Gaussian factor enter a product of Gaussians?
#
# </details>
# <details><summary>Symptom: the means are right, and the variances too small</summary>
#
# What is asked is a datum, not a level.
#
# </details>
# <details><summary>Symptom: NaN, or digits are lost where measurements are sharp</summary>
#
# NaN times zero is NaN: replace what was not seen before you compute with it. And a tensor of `True` and `False`,
# divided by a number, comes out in *single* precision; turn it into doubles first.
#
# </details>

# %% [markdown] solution_only="17_predict_years"
# **Taken out.** The smoothed density of $z_t$ is proportional to $p(z_t \mid \text{others})\,N(x_t; z_t, r)$ where
# year t was seen. Precisions add, so $p(z_t \mid \text{others})$ has the precision $1/P_s - 1/r$, and its mean times
# this is $m_s/P_s - x_t/r$. The datum has r on top. Machine learning calls such a density a *cavity*.

# %% [markdown]
# ## 7. The ELBO of a deep Markov model
#
# *Difficulty* 3/5 · *Importance* 4/5 · 35 minutes
#
# In a deep Markov model each state moves by a network, and $q(z_t \mid z_{t-1}, x)$ is a network, too. Write the ELBO
# of the whole series, averaged over K samples of the states, such that *nothing is sampled that has a closed form*:
# given the state before, the divergence of a step is one between two Gaussians.
#
# - `p.initial_loc`, `p.initial_log_scale`, $(d)$: of the first state. `p.transition(z)`, $(\cdot, 2d)$: mean and log
#   scale of the next state, side by side. `p.output.log_prob(p.emission(z), x_t)`: $\log p(x_t \mid z_t)$; the data
#   are bits, or normal.
# - `infer(t, previous, x)` returns mean and log scale of $q(z_t \mid z_{t-1}, x)$; t counts from 0; `previous` is
#   $(K, B, d)$, or `None` at t = 0, where the two it returns have no axis of samples.
# - `x` is $(B, T p)$, step after step, and `noise` $(K, B, T, d)$, standard normal. A state is mean plus scale times
#   noise.
#
# `log_scale` is the logarithm of the standard deviation. Return one number for each series, $(B)$. Its gradient is
# asked, too, in all parameters of p and of `infer`.

# %% exercise="17_deep_markov_elbo"
def deep_markov_elbo(p: DeepMarkovModel, infer, x: Tensor, noise: Tensor) -> Tensor:
    """The ELBO of each series, (*B), an average over K samples. x: (*B, T p). noise: (K, *B, T, d)."""
    ### BEGIN SOLUTION
    data = x.unflatten(-1, (noise.shape[-2], -1))
    total, z = 0.0, None
    for t in range(noise.shape[-2]):
        loc, log_scale = infer(t, z, x)
        before = (p.initial_loc, p.initial_log_scale) if z is None else p.transition(z).chunk(2, -1)
        z = loc + log_scale.exp() * noise[..., t, :]
        divergence = kl_divergence(Normal(loc, log_scale.exp()), Normal(before[0], before[1].exp())).sum(-1)
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - divergence
    return total.mean(0)
    ### END SOLUTION


# %% check="17_deep_markov_elbo"
check("17_deep_markov_elbo", deep_markov_elbo)

# %% [markdown]
# **Predict, then measure.** One sample for each of 20,000 estimates, the same noise for both: the plain $\log p(x,
# z) - \log q(z \mid x)$ and your estimate. Which has the smaller variance, and are their means the same?

# %%
with when_written():
    model = DeepMarkovModel(6, 2, 2, hidden=8, generator=seeded(6)).double().requires_grad_(False)
    nets = MarkovNets(6, 2, 2, hidden=8, generator=seeded(7)).double().requires_grad_(False)
    rows = model.sample(1, seeded(8))[0].expand(20_000, -1)
    memory, q = nets.begin(rows), Ancestral(nets).distribution(rows)

    def infer(t, previous, x):
        density, _ = nets.step(t, memory, previous)
        return density.loc, density.log_scale

    noise = torch.randn(1, 20_000, 6, 2, generator=seeded(9), dtype=DOUBLE)
    z = q.transport(noise.flatten(-2))
    plain = (model.log_joint(rows, z) - q.log_prob(z)).squeeze(0)
    for name, values in (("plain", plain), ("yours", deep_markov_elbo(model, infer, rows, noise))):
        print(f"{name}   mean {values.mean():+.4f} ± {values.std() / 20_000**0.5:.4f}   variance {values.var():.4f}")

# %% [markdown]
# <details><summary>Symptom: right on average, and the check does not take it</summary>
#
# Then a divergence is sampled. The sample is needed for what comes next, and for the datum; not for the divergence of
# its own step.
#
# </details>
# <details><summary>Symptom: right for one step, wrong for longer series</summary>
#
# From where does the model move to step t: from the sample of the step before, or from its mean? The same question
# for what `infer` is told.
#
# </details>
# <details><summary>Symptom: the value is right, the gradient is not</summary>
#
# A state has a part in three places: its own datum, the next divergence through the model's move, the next divergence
# through q. All three pull on it; detach nothing.
#
# </details>

# %% [markdown] solution_only="17_deep_markov_elbo"
# **Step by step.** $\mathcal L = \mathbb E_q \sum_t \log p(x_t \mid z_t) - \mathrm{KL}\big(q(z_t \mid z_{t-1},
# x)\,\|\,p(z_t \mid z_{t-1})\big)$: the expectation over $z_t$ given $z_{t-1}$ is taken in closed form, the one over
# $z_{t-1}$ is sampled. Were q the model's own move all divergences would be zero, and no datum could correct a state
# after the first.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three bootstrap filters were run 1,500 times each on the same chain and data, as in exercise 2. One is **right**.
# One has weights **kept**: its children bring along the weights by which their parents were chosen. In one **the
# heaviest** particle takes all places. Whatever they do instead of resampling, they do at every step. All have the
# same number of particles, from 8 to 16, and estimate each factor as in exercise 2.
#
# You get `log_estimates`, $(3, 1500)$: $\log\hat Z$ of each run, a row for each filter; `initial`, `transition` and
# `log_lik`, $(T, S)$, as in exercise 2; and `num_particles`. Return the names `"right"`, `"kept"` and `"heaviest"` in
# the order of the rows.
#
# In about half of the cases the faulty ones lie above the right one, and then the average of $\log\hat Z$ points at
# one of them. The check brings 40 cases and demands all names right in 38.

# %% exercise="17_sealed_case"
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    """Which filter is "right", which "kept", which "heaviest", in the order of the rows.

    log_estimates: (3, 1500). initial: (S). transition: (S, S). log_lik: (T, S).
    """
    ### BEGIN SOLUTION
    level = log_estimates.logsumexp(-1) - math.log(log_estimates.shape[-1])     # the mean of Z-hat, not of its log
    right, _, _, heaviest, kept = fault_limits(initial, transition, log_lik)
    first = int((level - right).abs().argmin())
    names, rest = ["right"] * 3, [row for row in range(3) if row != first]
    straight = (level[rest[0]] - kept).abs() + (level[rest[1]] - heaviest).abs()
    crossed = (level[rest[0]] - heaviest).abs() + (level[rest[1]] - kept).abs()
    names[rest[0]], names[rest[1]] = ("kept", "heaviest") if straight < crossed else ("heaviest", "kept")
    return names
    ### END SOLUTION


# %% check="17_sealed_case"
check("17_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("17_sealed_case", seed=2)
    for letter, row in zip("ABC", case.given["log_estimates"], strict=True):
        print(f"{letter}: log Z-hat {row.mean():+.3f} on average, standard deviation {row.std():.3f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: the right one is taken for another in half of the cases</summary>
#
# Of which function of $\hat Z$ is the mean known, at any number of particles? And you can compute what that mean
# should be.
#
# </details>
# <details><summary>Symptom: I find the right one, and mix up the other two</summary>
#
# With few particles they are not where they are with many, but one of them comes nearer. You know two numbers, and
# see two.
#
# </details>
# <details><summary>Symptom: nearly all names are right, but not in 38 of 40</summary>
#
# Match the two that are left *together*: one order or the other. Or run all three yourself, in a few lines, and
# compare.
#
# </details>

# %% [markdown] solution_only="17_sealed_case"
# **The right one** has $\mathbb E\hat Z = p(x)$ for every N, and $p(x)$ is the forward algorithm's. So average the
# estimates, not their logarithms, of which the mean is too low by half their variance. **The others** lie near the
# limits of exercise 2.

# %% [markdown]
# ## 9. In words: four claims about particle filters
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) We report the average of $\log\hat Z$ over 20 filters as our estimate of the log evidence; the
# filter is unbiased, so this is, too. (2) On a longer series the estimate got noisier, as importance sampling does:
# the number of particles must grow exponentially with T. (3) We use the locally optimal proposal. It has weights of
# variance zero, so no other proposal can do better. (4) For the smoothed means of the early states we average the
# ancestors of the final particles; with 1,000 particles the error is that of 1,000 samples." For each claim write two
# or three sentences: what is right about it, what is not, and what you would measure to decide. Then one sentence:
# your deep Markov model's ELBO does not move although its divergences are zero at all steps but the first. What do
# you suspect?

# %% [markdown] written="17_written"
# (1) $\hat Z$ is unbiased, its logarithm is not: by Jensen's inequality its mean is too low, by half of its variance
# if that is small. Average the 20 values of $\hat Z$ and take the logarithm then, or say that the number is a lower
# bound. Measure both on a model with a Kalman filter, or see whether the average of the logarithms rises with N.
#
# (2) The error does grow, but for a filter that resamples, the variance of the log evidence grows in proportion to T
# on average, because each generation starts anew; without resampling it is exponential. So N need only grow like T.
# Measure the variance at T, 2T and 4T, over several series, since a single surprising datum may dominate.
#
# (3) Zero variance is right *given the old state*. Between particles the weights differ, by $p(x_t \mid z_{t-1})$,
# and it looks one datum ahead and no further. A proposal or weights that look further ahead can do better (the exact
# posterior, never resampled, has no variance at all). Measure the variance of the log evidence of both.
#
# (4) The ancestors coalesce: of 1,000 final particles only a few distinct values of early states are left. So the
# error is that of a handful of samples, and a chance one. Count the distinct ancestors, or compare with a smoother
# that samples backwards.
#
# I suspect that q leaves the moves to the model: only the first state is inferred, and no datum corrects the later
# ones.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Z-hat is unbiased, log Z-hat too low (Jensen, or half the variance). With a repair (average Z-hat
#   first; call it a bound) or a measurement (known evidence; N raised): 0.5. "It is biased" without a direction or
#   reason: 0.25.
# - 0.5: claim 2. With resampling the variance of the log grows linearly (on average), without it exponentially, and a
#   way to tell: 0.5. Accept "linear until N is too small for T". One of the two cases alone: 0.25.
# - 0.5: claim 3. Zero variance only given the old state, or only locally optimal since later data are not seen; and a
#   better one by name, or a measurement: 0.5. "Only for Gaussian models" alone: 0.25.
# - 0.5: claim 4. Coalescence or degeneracy of ancestors, so few distinct values; count them, or compare with backward
#   sampling or the exact smoother: 0.5. "More particles are needed" alone: nothing.
# - Last sentence: q is the model's own move after the first step; or the noise of the moves is not inferred. Accept
#   as well, with a reason: transitions so wide that the data are ignored and q has collapsed to them.
# === END MARK SCHEME ===
