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
# # 18 · Exact likelihood gradients
#
# Most units so far have climbed bounds. Whoever climbs a bound learns a model that is good *and* easy to infer in: two things that may pull in different directions. This unit climbs $\log p_\theta(x)$ itself. Its gradient is an average over the posterior, and a Markov chain can sample from the posterior, but only in the limit of infinitely many steps.
# Two chains that are drawn together and *meet* remove what is left of the bias after finitely many. The answer is right on average, with no limit taken. Its price is a random running time, and we can say beforehand how random.
#
# **After this unit you can**
#
# - say what the ELBO's gradient in $\theta$ lacks, and when it lacks nothing,
# - derive the acceptance probability of Metropolis and Hastings, and say how biased a chain is when it stops,
# - draw two random numbers together so that each keeps its law and they are often equal,
# - explain why two chains that meet give an estimate without bias, and which shortcuts bring the bias back,
# - predict how meeting times are distributed, and which proposals make the variance infinite,
# - compare EM, the ELBO and the likelihood's own gradient in bias, variance and cost.
#
# **Time**: about 58 minutes of reading and playing on the main line; what is marked *aside* takes 5 minutes more. The page computes in about a minute.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p_\theta(x, z)$; a family gives a density $q(z)$. The **ELBO** is $\mathcal L = \mathbb E_q[\log p_\theta(x, z) - \log q(z)] = \log p_\theta(x) - \mathrm{KL}(q \,\|\, p_\theta(\cdot \mid x))$ (unit 03).
# > - **EM** alternates two steps: $q$ becomes the posterior, then $\theta$ maximizes $\mathbb E_q \log p_\theta(x, z)$ (unit 04). With a restricted $q$ it is *variational EM*. A $q$ that makes the coordinates of $z$ independent **factorizes**.
# > - The **weight** of a draw from $q$ is $w = p(x, z)/q(z)$; its mean is $p(x)$ (unit 02).
# > - A **Markov chain** on finitely many states has a matrix $P$, whose row $z$ holds the probabilities of the next state. A law $\pi$ is **stationary** if $\pi P = \pi$.
# > - **How to read the numbers**: mean $\pm$ standard error; $t$ is a z-score, and beyond $|t| = 4.5$ a cell stops. A sentence that compares is held to five seeds (or data sets) or more by `claim`.

# %%
import math

import torch

from course_vi import chains
from course_vi.diagnostics import claim
from course_vi.experiments.likelihood_race import chain_gradient
from course_vi.experiments.stored_tables import stored_table
from course_vi.experiments.summed_coins import SummedCoins, best_product, elbo_fit, likelihood_fit

# %%
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.learning import coupled_chain_gradient, smoke_cap
from course_vi.models import ConjugateToy
from course_vi.plots import lecture_18 as figures
from course_vi.plots import lecture_18b as more_figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64
RUNS = 1500 if smoke_cap(1000) == 1000 else 400


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mean_of(values):
    """Mean over the first axis, and its standard error."""
    return values.mean(0), values.std(0) / len(values) ** 0.5


# %% [markdown]
# ## 1. What the ELBO's gradient lacks
#
# Differentiate $\log p_\theta(x)$, take the derivative inside the integral, and write $\nabla p = p\,\nabla \log p$:
#
# $$\nabla_\theta \log p_\theta(x) = \frac{1}{p_\theta(x)} \int p_\theta(x, z)\, \nabla_\theta \log p_\theta(x, z)\, dz = \mathbb E_{p_\theta(z \mid x)}\, \nabla_\theta \log p_\theta(x, z) .$$
#
# This is **Fisher's identity**: the gradient we want is an *average over the posterior* of a gradient we can compute. The ELBO's gradient in $\theta$ is the same average over $q$. So it has a bias, and we know where it comes from:
#
# $$\nabla_\theta \mathcal L = \nabla_\theta \log p_\theta(x) - \nabla_\theta\, \mathrm{KL}\big(q \,\|\, p_\theta(z \mid x)\big), \qquad q \text{ held fixed.}$$
#
# Where $q$ is the posterior the divergence is zero, which is its least value, so its gradient vanishes: no bias. That is why EM climbs the likelihood. Where $q$ falls short, the ELBO pays for its gap, and $\theta$ can make the gap smaller.
#
# Our example has finitely many states, so that every expectation is a sum. Four fair coins fall, and a meter measures $\theta$ for each that is on:
#
# $$z_1, \dots, z_4 \sim \mathrm{Bernoulli}(\tfrac12), \qquad x \mid z \sim N\big(\theta\,(z_1 + z_2 + z_3 + z_4),\, 1\big) .$$
#
# The measurement ties the coins together: if one is on, another need not be. A $q$ that factorizes cannot say so.
#
# > **Predict 1.** We have 400 measurements, made with $\theta = 2$. For each $x$ and each $\theta$ we find the best factorized $q$. Where is the ELBO that comes out highest, compared with the likelihood?

# %%
predict("18_1", choices=["at the same place", "at a larger theta", "at a smaller theta"])

# %%
data = SummedCoins(2.0, coins=4).sample(2400, seeded(0))[0].view(6, 400, 1)   # six data sets
by_likelihood, by_elbo = likelihood_fit(data, 2.0, coins=4), elbo_fit(data, 2.0, coins=4)
print("maximum likelihood", [round(value, 3) for value in by_likelihood.tolist()])
print("best ELBO         ", [round(value, 3) for value in by_elbo.tolist()])
claim("the ELBO is highest at a smaller theta, by more than 0.3",
      by_elbo - by_likelihood + 0.3, sign=-1)

# %%
theta, x_all = torch.linspace(0.8, 2.6, 19, dtype=DOUBLE), data[0, :200]
with torch.no_grad():
    likelihood = torch.stack([SummedCoins(v, 4).log_evidence(x_all).mean() for v in theta])
elbos = torch.stack([best_product(v, x_all, 4).elbo.mean() for v in theta])
show(figures.two_maxima(theta, likelihood, elbos),
     alt="Mean log p(x) and mean best ELBO over theta, from 0.8 to 2.6. The two curves part as theta grows from 0.8 to about 2. The likelihood is highest near 2, the ELBO near 1.6; the grey gap between them is widest to the right of both.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_1", "at a smaller theta")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# At a smaller one. With a small $\theta$ the meter says little about the coins, and their posterior is nearly a product; with a larger one it ties them together, and the gap grows. At the likelihood's maximum the likelihood is level, and the ELBO's slope is that of the gap alone: downhill. More data do not help. The estimate has a bias that stays.
#
# </details>
#
# From here on we stand at $\theta = 1.5$ and look at one measurement, $x = 4$.

# %%
p, x = SummedCoins(1.5, coins=4).requires_grad_(False), torch.tensor([4.0], dtype=DOUBLE)
states = p.states()                                          # (16, 4)
posterior, slope = p.chances(x), p.slope(x)                  # (16), and d/dtheta log p(x, z)
q_best = best_product(1.5, x[None], 4).probabilities(states)[0]
exact = posterior @ slope
h = 1e-5
there, back = (SummedCoins(1.5 + step, 4).log_evidence(x) for step in (h, -h))
print(f"gradient of log p(x): {exact:.6f}, by differences {(there - back) / (2 * h):.6f}")
print(f"gradient of the ELBO, at the best factorized q: {q_best @ slope:.6f}")

# %% [markdown]
# The signs differ: the likelihood wants a larger $\theta$, the bound a smaller one. To average over the posterior instead of over $q$ we must sample from it. For that there is an old method.
#
# ## 2. A chain that forgets where it began
#
# We look for a matrix $P$ under which the posterior $\pi$ is stationary. It is enough that each pair of states exchanges equal amounts, $\pi(z)\, P(z, z') = \pi(z')\, P(z', z)$: summing over $z$ gives $\pi P = \pi$. This is *detailed balance*.
#
# Take any matrix of proposals $Q$. As it stands it is out of balance: the flow $\pi(z)\,Q(z, z')$ is larger in one direction than in the other. N. Metropolis and colleagues (1953), and W. Hastings (1970) for any $Q$, accept only some of the proposals, with probability $\alpha$, and stay otherwise:
#
# $$\pi(z)\, Q(z, z')\, \alpha(z, z') = \pi(z')\, Q(z', z)\, \alpha(z', z) .$$
#
# Let the smaller flow pass in full, and thin out the larger one until they are equal. No other choice accepts more:
#
# $$\alpha(z, z') = \min\Big(1,\; \frac{\pi(z')\, Q(z', z)}{\pi(z)\, Q(z, z')}\Big) = \min\Big(1,\; \frac{p(x, z')\, Q(z', z)}{p(x, z)\, Q(z, z')}\Big) .$$
#
# The evidence cancels, and with it all that we cannot compute. Our proposals: turn over one of the four coins, chosen at random.

# %%
apart = (states[:, None] - states).abs().sum(-1)             # coins in which two states differ
proposal = (apart == 1).to(DOUBLE) / 4
P = chains.metropolis_matrix(p.log_table(x), proposal)
print(f"stationary: largest |pi P - pi| {(posterior @ P - posterior).abs().max():.0e}")
print("eigenvalues", [round(v, 3) for v in torch.linalg.eigvals(P).real.sort().values.tolist()[-4:]])

# %% [markdown]
# > **Predict 2.** We start the chain with a draw from the best factorized $q$. So after no steps at all, its gradient has the ELBO's bias. After how many steps is the bias gone?

# %%
predict("18_2", choices=[
    "never, at any number of steps",
    "after sixteen: there are sixteen states",
    "it was never there, if many chains are averaged"])

# %%
def biases(start, steps):
    """Of the gradient from the state after t = 0, ..., steps: exactly."""
    law, found = start, []
    for _ in range(steps + 1):
        found.append(law @ slope - exact)
        law = law @ P
    return torch.stack(found)


all_off = (states.sum(-1) == 0).to(DOUBLE)
forgets = {"from all coins off": biases(all_off, 16), "from the best factorized q": biases(q_best, 16)}
for name, found in forgets.items():
    print(f"{name:27s}", [f"{value:+.4f}" for value in found[[0, 1, 2, 3, 5, 10]].tolist()])
member = (states.sum(-1, keepdim=True) == torch.arange(5)).to(DOUBLE)       # (16, 5)
counts = (member / member.sum(0)).T @ P @ member              # how the number of coins moves
second = torch.linalg.eigvals(counts).abs().sort().values[-2].item()
print(f"second eigenvalue of the number of coins that are on: {second:.3f}")

# %%
show(figures.forgetting(forgets, second),
     alt="Absolute bias of the gradient over 16 steps, on a log axis, for two starts. Both curves are uneven at first and then fall along parallel straight lines, the one that began at all coins off above the other; neither reaches zero. A dashed line with the slope of an eigenvalue is parallel to them.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_2", "never, at any number of steps")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# Never for good. The law after $t$ steps differs from the posterior by terms that shrink like powers of the eigenvalues, and powers do not vanish. (At a single step the bias may happen to change its sign, as it does above.) Averaging chains removes noise; each of them has the same bias.
#
# </details>
#
# The number of coins that are on is a Markov chain by itself, and our gradient asks for nothing else; so its bias follows *that* chain's second eigenvalue, 0.29. *Which* coins are on is forgotten more slowly, by a factor of 0.76 a step. Keep the two numbers in mind.
#
# A chain begun at $q$ and stopped early is a sensible method, by the way: three steps have removed most of the ELBO's bias here. *Contrastive divergence* does the like for undirected models (G. Hinton, 2002). But without the exact answer beside it, how would you know when to stop?
#
# ## 3. Two chains, one coupling
#
# Here is the idea that needs no limit. Let two chains run, one a step ahead of the other. What remains to be corrected after step $t$ is a difference between the law of the one and the law of the other. If we can bring the two to *stand in the same state*, and to stay together, then nothing remains. Section 5 makes a theorem of this. First: how can two draws from different laws be the same?
#
# A **coupling** of two laws is a joint law of a pair $(X, Y)$ with these two as its marginals. Each of them, seen alone, is what it should be. How they hang together is ours to choose. For $X \sim N(0, 1)$ and $Y \sim N(1, 1)$, say:
#
# - **independent**: draw each by itself;
# - **common noise**: $X = \epsilon$ and $Y = 1 + \epsilon$, as when a reparametrized sample meets its twin;
# - **reflection**: draw $X$. Let $Y = X$ whenever $X$ could pass for a draw from the other density, that is, with the probability $\min(1, p_Y(X)/p_X(X))$. Otherwise let $Y$ be $X$'s mirror image, about the point half-way between the two means.
#
# > **Predict 3.** How often are $X$ and $Y$ *equal*, at the very most, under any coupling of these two laws?

# %%
predict("18_3", choices=[
    "never: they are continuous",
    "in 62 of 100 draws",
    "always, if they are coupled well enough"])

# %%
count, source = RUNS, seeded(1)
zero, one = torch.zeros(count, 1, dtype=DOUBLE), torch.ones(count, 1, dtype=DOUBLE)
eps, other = torch.randn(2, count, 1, generator=source, dtype=DOUBLE)
ways = {"independent": (eps, 1 + other), "common noise": (eps, 1 + eps),
        "reflection": chains.reflection_coupling(zero, one, 1.0, source)}
for name, (first, second_draw) in ways.items():
    m, e = mean_of(second_draw[:, 0])
    print(f"{name:13s} mean of Y {m:.3f} ± {e:.3f}, variance {second_draw.var():.3f}, "
          f"equal in {(first == second_draw).double().mean():.1%}")
print(f"2 Phi(-1/2) = {math.erfc(0.5 / math.sqrt(2)):.1%}")

# %%
show(figures.three_couplings({name: (a[:1500, 0], b[:1500, 0]) for name, (a, b) in ways.items()}),
     alt="Three scatter plots of pairs x, y with the same two marginals. Independent: a round cloud about (0, 1). Common noise: a straight line parallel to the diagonal and above it; no pair is equal. Reflection: most pairs lie on the diagonal, the others on a falling line, the mirror images.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_3", "in 62 of 100 draws")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# In 62 of 100. Where the pair is equal, its common value must be admissible under both densities, so it lies in the area *under both curves*: for two unit Gaussians at distance $\delta$ that area is $2\,\Phi(-\delta/2)$. Reflection uses all of it. A coupling that does is called **maximal**. Common noise, which moves the two along in parallel and never lets them touch, uses nothing of it.
#
# </details>
#
# For laws on finitely many states there is an area under both, too, and so there are maximal couplings. The problem set has you build one.
#
# ## 4. Metropolis, twice
#
# Now for two chains. At each step both must move by the matrix $P$, each seen alone. So we couple what a step is made of: the **proposals** come from a maximal coupling, and both are judged by **one uniform number**: each chain accepts if that number is below its own acceptance probability. When both chains stand in the same state, they are offered the same proposal and give the same answer. They stay together for ever.
#
# The movie shows it on the real line, for a target with two modes. The two begin far apart, so that there is something to see.

# %%
def two_hills(z):
    return torch.logaddexp(-2 * (z + 1.5).square(), -2 * (z - 1.5).square()).sum(-1)


source = seeded(5)
first, behind = torch.tensor([[3.0]], dtype=DOUBLE), torch.tensor([[-3.0]], dtype=DOUBLE)
ahead_path, behind_path = [first], [behind]
ahead = chains.coupled_walk(two_hills, first, first, 1.0, source)[0]          # the one ahead moves first
for _ in range(30):
    ahead_path.append(ahead)
    behind_path.append(behind)
    ahead, behind = chains.coupled_walk(two_hills, ahead, behind, 1.0, source)
show_moving(movies.chains_meet(torch.cat(ahead_path)[:, 0], torch.cat(behind_path[1:])[:, 0],
                               lambda z: two_hills(z[:, None]).exp()),
            alt="Two paths over steps 0 to 30, with a target of two modes drawn along the left side. The blue chain starts at 3, the orange one, a step behind, at minus 3. They wander between the modes, land on the same value at one step, and from then on are one line.")

# %% [markdown]
# On our sixteen states a step of the pair is a table: `kernel[z, y, z', y']` is the chance that a pair in $(z, y)$ goes to $(z', y')$. All that the theory will ask of it can be read off.

# %%
kernel = chains.coupled_metropolis(p.log_table(x), proposal)
alone = kernel.sum(3)                                         # the first chain, whatever the second does
print(f"first chain moves by P:  largest error {(alone - P[:, None]).abs().max():.0e}")
print(f"second chain moves by P: largest error {(kernel.sum(2) - P[None]).abs().max():.0e}")
same = torch.arange(16)
print(f"who has met stays together: {kernel[same, same].diagonal(dim1=1, dim2=2).sum(-1).min():.12f}")

# %% [markdown]
# Let many pairs run. Each chain begins with a draw from the best factorized $q$; the one ahead makes the first step alone. The step at which they first agree is the **meeting time** $\tau$.
#
# > **Predict 4.** The state in which they meet is a random one, too. Is it a draw from the posterior?

# %%
predict("18_4", choices=["yes, exactly", "no", "yes, if they met late"])

# %%
paths = chains.coupled_paths(P, q_best, RUNS, last=40, kernel=kernel, generator=seeded(2))
met_in = paths.ahead.gather(0, paths.meeting[None])[0]
heads = states.sum(-1)
on = (heads[met_in, None] == torch.arange(5)).to(DOUBLE)
share, error = mean_of(on)
wanted = torch.stack([posterior[heads == c].sum() for c in range(5)])
print(f"mean meeting time {paths.meeting.double().mean():.2f}, longest {int(paths.meeting.max())}")
print("coins on, 0 to 4: posterior", [round(v, 3) for v in wanted.tolist()],
      "where they meet", [round(v, 3) for v in share.tolist()])
blocks = torch.stack([part.mean(0) for part in on.chunk(10)])
claim("where they meet, all four coins are on more often than in the posterior, by over 0.01",
      blocks[:, 4] - wanted[4] - 0.01, sign=+1)

# %%
show(figures.meeting_place(wanted, share, error),
     alt="Bars over the number of coins that are on, 0 to 4: the posterior in grey, the state of meeting in blue with bars of four standard errors. At two coins the blue bar is lower than the grey one and at four coins higher, by more than the error bars; at one and at three the difference is within them.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_4", "no")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# No, and nothing in the construction asks for it. Where pairs meet depends on the start and on the coupling, and the posterior knows of neither. A meeting says nothing of where the chain should be. It says that from here on the two are one.
#
# </details>
#
# ## 5. A sum that telescopes
#
# Let $h(z)$ be what we want to average, for us $\nabla_\theta \log p_\theta(x, z)$. Its mean over the posterior is the limit of $\mathbb E\, h(X_t)$, and a limit is a sum of what is still missing:
#
# $$\mathbb E_\pi h = \mathbb E\, h(X_0) + \sum_{t \ge 1} \big\{\mathbb E\, h(X_t) - \mathbb E\, h(X_{t-1})\big\} .$$
#
# Now the trick, due to P. Glynn and C.-H. Rhee (2014). Only the *law* of $X_{t-1}$ matters in the last term, so put a second chain $Y$ in its place, with the same start and the same matrix. Each brace is then the mean of $h(X_t) - h(Y_{t-1})$. And if $X$ and $Y$ are coupled so that $X_t = Y_{t-1}$ from the meeting on, all later terms are zero, *not in the limit but in fact*. The infinite sum has become a finite one with a random number of terms.
#
# P. Jacob, J. O'Leary and Y. Atchadé (2020) made a tool of it: start the sum after $k$ steps of burn-in instead of none; average over a window of $k$s. What one run then returns, and what it cost, is yours to write in the problem set. The library has both.
#
# What must hold? Each chain alone has the law of the chain ($Y$ that of $X$, one step late); they stay together after they have met; and they do meet, soon enough for the sum to have a mean. Nothing is asked of how they hang together before.

# %%
couplings = {"proposals coupled, one uniform": kernel, "rows coupled maximally": chains.pair_kernel(P),
             "independent until they meet": chains.pair_kernel(P, lambda a, b: a[..., :, None] * b[..., None, :])}
couplings["independent until they meet"][same, same] = torch.diag_embed(P)
for seed, (name, table) in enumerate(couplings.items()):
    found = chains.coupled_paths(P, q_best, 2 * RUNS, last=10, kernel=table, generator=seeded(10 + seed))
    for k in (0, 10):
        m, e = mean_of(chains.unbiased_estimates(found, slope, burn_in=k))
        sd = chains.unbiased_moments(P, q_best, slope, [k], table).variance.sqrt().item()
        print(f"{name:31s} k = {k:2d}: {m:7.3f} ± {e:.3f}   t = {(m - exact) / e:+.1f}   exact sd {sd:5.2f}")
        assert abs(m - exact) < 4.5 * e
        assert k == 0 or RUNS < 1500 or abs(m - q_best @ slope) > 4.5 * e

# %% [markdown]
# All agree with the likelihood's gradient, $0.179$, though each chain began at the ELBO's own $q$; with $k = 10$ none is within 4.5 standard errors of the ELBO's $-0.949$. The standard deviation of a run is another matter: where the moves are coupled, a burn-in of ten more than halves it. Section 7 asks what that costs.
#
# > You will read, under the heading "Exact Likelihood Gradients", that one "Can train a VAE via **actual maximum likelihood** (not lower bound)" by "an **unbiased MCMC** approach" (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part IV, of the method of F. Ruiz, M. Titsias, T. Cemgil and A. Doucet, 2021). The target is right: it is the likelihood. But the gradient
# > is not exact; it is *random*, and right on average. And a chain by itself is biased at any finite number of steps; what has no bias is the sum over two that meet.
#
# A run that takes long is a nuisance, and it is tempting to set a limit. Let the chains begin with all coins off, and let $h$ be the number of coins that are on.
#
# > **Predict 5.** We are in a hurry, throw away all runs that have not met by step 3, and average the others. What happens to the mean?

# %%
predict("18_5", choices=[
    "nothing: the runs are independent of each other",
    "it becomes biased",
    "nothing, but its error grows"])

# %%
pool = chains.coupled_paths(P, all_off, 2 * RUNS, kernel=kernel, generator=seeded(3))
estimate, mean_heads = chains.unbiased_estimates(pool, heads), posterior @ heads
for limit in (3, 5, 10, 20, 1000):
    some = estimate[pool.meeting <= limit]
    m, e = mean_of(some)
    print(f"met by {limit:4d}: {len(some) / len(estimate):6.1%} of the runs, mean {m:6.3f} ± {e:.3f}, "
          f"exact {mean_heads:.3f}, t = {(m - mean_heads) / e:+.1f}")
blocks = torch.stack([some.mean() for some in estimate[pool.meeting <= 3].chunk(10)])
claim("with a limit of 3 the mean is too low", blocks - mean_heads, sign=-1)

# %%
# Run this cell to compare it with your prediction.
reveal("18_5", "it becomes biased")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# It becomes biased. The first step turns a coin on, surely and in either chain, and the second turns one more at most: so a run that has met by step 3 gives 1 or 2, and the mean is 2.48. Slow runs carry corrections that quick ones do not, and the mean needs both. How large the bias is depends on the start and on $h$, and nobody tells you which case is yours. The same holds for whatever depends on the meeting: stopping a job when the computer is wanted elsewhere, or returning what there is after `max_steps`. The library raises an error instead.
#
# </details>
#
# ## 6. When do they meet?
#
# The pair is itself a Markov chain, on $16 \times 16$ pairs, and it has met when it is on the diagonal. So the law of $\tau$ can be had exactly. How is the signature exercise of this unit; here is what comes out, for two of our couplings.

# %%
tails, shares = {}, {}
for seed, name in enumerate(["proposals coupled, one uniform", "independent until they meet"]):
    tails[name] = chains.meeting_tail(P, q_best, 60, couplings[name])
    runs = chains.coupled_paths(P, q_best, RUNS, kernel=couplings[name], generator=seeded(20 + seed))
    shares[name] = torch.stack([(runs.meeting > t).double().mean() for t in range(61)])
    z = (shares[name] - tails[name]) / (tails[name] * (1 - tails[name]) / RUNS).sqrt()
    z = z[(tails[name] * RUNS > 10) & (tails[name] < 1)].abs()
    print(f"{name}: {len(z)} shares, largest |z| {z.max():.1f}")
show(figures.survival(tails, shares, RUNS),
     alt="Share of pairs that have not met by step t, up to 60, on a log axis, for two couplings: lines predicted from the chain of pairs, dots measured with error bars. Both lines become straight; that of coupled proposals falls faster than that of chains that are independent until they meet. The dots lie on the lines.")

# %% [markdown]
# Both tails are geometric in the end. On finitely many states they always are, if every pair can meet, and all is well. Real models have continuous latents. There one kernel can be understood to the end, and it is the one that variational inference suggests: **propose from q**, whatever the current state. With $Q(z, z') = q(z')$ the acceptance probability is $\min(1, w(z')/w(z))$, with the weights of unit 02. Offer both chains the same proposal and the same uniform.
#
# - If the chain with the *larger* weight accepts, so does the other, and they meet.
# - If only the lighter one accepts, it moves to a state that is still lighter than the other's.
#
# So the heavier chain sits where it is until they meet, and each step lets it go with the same probability $a(z) = \mathbb E_q \min(1, w/w(z))$. **Given the heavier state, the meeting time is geometric.** All that remains is the law of the heavier of $X_1$ and $Y_0$.

# %%
def independence_tail(q, w, steps):
    """P(tau > t), t = 1, ..., steps, for proposals of probabilities q and weights w over a list of states."""
    w, order = w.sort()
    q = q[order]
    accepts = (q * w).cumsum(0) / w + (1 - q.cumsum(0)).clamp_min(0)         # a(z)
    above = (q / w).flip(0).cumsum(0).flip(0) - q / w
    ahead = q * (q.cumsum(0) + w * above) + q * (1 - accepts)                # the law of X_1
    heavier = ahead * q.cumsum(0) + q * ahead.cumsum(0) - 2 * ahead * q      # different states
    t = torch.arange(steps, dtype=DOUBLE)
    return (heavier * (1 - accepts).clamp_min(0) ** t.unsqueeze(-1)).sum(-1)


weight = p.log_table(x).exp() / q_best
print("sixteen states:", [round(v, 4) for v in independence_tail(q_best, weight, 5).tolist()])

# %% [markdown]
# With $\bar w$ the largest weight there is, the slowest rate is $1 - p(x)/\bar w$. If $w$ has no bound, there is no slowest rate.
#
# On the toy, $z \sim N(0, 1)$ and $x \mid z \sim N(z, 1)$, the posterior at $x = 2$ is $N(1, \tfrac12)$. We propose from $q = N(1, s^2)$.
#
# > **Predict 6.** With $s^2 = 0.15$, narrower than the posterior, how does $P(\tau > t)$ fall?

# %%
predict("18_6", choices=[
    "geometrically, only more slowly than with a wide q",
    "like a power of t",
    "not at all: some pairs never meet"])

# %%
def toy_tail(variance, steps):
    """The same, on a fine grid of the distance from the mean."""
    u = torch.linspace(0, 9, 3000, dtype=DOUBLE)                             # in units of s
    q = torch.exp(-0.5 * u**2)
    return independence_tail(q / q.sum(), torch.exp(0.5 * u**2 - variance * u**2), steps)


def toy_meetings(variance, runs, seed):
    rows = torch.full((runs, 1), 2.0, dtype=DOUBLE)
    q = MeanField(1, torch.ones(1, dtype=DOUBLE), torch.full((1,), 0.5 * math.log(variance), dtype=DOUBLE))
    with torch.no_grad():
        return coupled_chain_gradient(ConjugateToy(1), q, rows, kernel="metropolis",
                                      max_steps=10**6, generator=seeded(seed)).meeting


# %%
toys = {variance: toy_tail(variance, 2000) for variance in (1.0, 0.3, 0.15)}
met = {variance: toy_meetings(variance, RUNS // 2, 30) for variance in toys}
for variance, tail in toys.items():
    at = torch.tensor([2, 5, 10, 30])
    share = (met[variance] > at[:, None]).double().mean(-1)
    z = (share - tail[at - 1]) / (tail[at - 1] * (1 - tail[at - 1]) / (RUNS // 2)).sqrt().clamp_min(1e-9)
    ends = tail[[30, 124, 499, 1999]].log()
    power = (ends[:-1] - ends[1:]) / math.log(4)
    told = ", ".join(f"{one:.2f}" for one in power) if tail[1999] > 1e-12 else "none"
    print(f"s² = {variance:4.2f}: |z| at most {z[tail[at - 1] * RUNS > 10].abs().max():.1f}, local power of t: {told}")

# %%
names = {1.0: "s² = 1", 0.3: "s² = 0.3", 0.15: "s² = 0.15"}
measured = {name: torch.stack([(met[v] > t).double().mean() for t in range(1, 501)]) for v, name in names.items()}
show(more_figures.proposal_tails({name: toys[v] for v, name in names.items()}, measured, RUNS // 2),
     alt="P(tau > t) over t, from 1 to 2,000, on two log axes, for proposals of three variances. With variance 1, wider than the posterior, the curve bends down and is gone after some ten steps. With 0.3 and with 0.15 the curves become straight lines, that of 0.15 the flattest. Measured dots lie on all three.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_6", "like a power of t")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# Like a power. The further out the heavier chain sits, the larger its weight and the longer it stays. In the tails $w$ grows like $e^{c u^2}$ with $c = \tfrac12 - s^2$, $u$ counted in units of $s$, and $q$ falls like $e^{-u^2/2}$; so $P_q(w > v)$ falls like $v^{-\kappa}$ with $\kappa = 1/(1 - 2 s^2)$, and $P(\tau > t)$ inherits that power. For $s^2 = 0.3$ and $0.15$ that is $2.50$ and $1.43$; the local powers above, from $t = 31$ to $2000$, come down towards it.
#
# </details>
#
# A power $\kappa$ means: $\mathbb E\,\tau^r$ is finite only for $r < \kappa$. The correction is a sum of $\tau$ terms, of which the heavier chain's stays the same, so its variance is infinite if $\kappa < 2$: here, if $s^2 < \tfrac14$. You have met that number before. It is where $\mathbb E_q w^2$ becomes infinite (unit 02). *The estimate is without bias for every q that reaches all of the posterior. It is of use only for one that covers it.* No error bar would tell you: with an infinite variance, $\pm$ means nothing. (So no mean is printed for $s^2 = 0.15$.)
#
# ### Aside: the ELBO's own q is never wide enough
#
# Let the posterior be a Gaussian of precision $\Lambda$. The best factorized $q$ has the same mean and the precision $D = \mathrm{diag}(\Lambda)$ (unit 04). Its weights are $w \propto \exp\{\tfrac12 u^\top (D - \Lambda)\, u\}$, with $u$ the distance from the mean. The matrix $D - \Lambda$ has a diagonal of zeros, so its eigenvalues sum to zero: unless $\Lambda$ is diagonal, one of them is positive, and **$w$ has no bound**. The ELBO prefers a $q$ that is too narrow to one that spills over, and for proposals that is the wrong preference. Divide $D$ by a number $c$, so that $q$ is wider:

# %%
for r in (0.3, 0.6, 0.9):
    precision = torch.tensor([[1.0, r], [r, 1.0]], dtype=DOUBLE)
    line = []
    for c in (1.0, 1.5, 2.0, 4.0, 12.0):
        most = torch.linalg.eigvalsh(torch.eye(2, dtype=DOUBLE) / c - precision).max()
        power = 1 / (c * most)                       # P_q(w > v) falls like this power of v
        line.append(f"c = {c:g}: {'bounded' if most <= 0 else f'power {power:.2f}'}")
    print(f"partial correlation {-r:+.1f}:  " + ",  ".join(line))

# %% [markdown]
# Strong dependence asks for proposals that are much wider than the ELBO's $q$. Ruiz and colleagues let each step choose among *several* proposals (`kernel="importance"`), which shortens the wait; whether $w$ has a bound does not change. Richer families (unit 08) and divergences that prefer to cover (units 10 and 12) change that.
#
# ## 7. The price of no bias
#
# Variance alone says little, since more runs make it smaller. Two unbiased estimates are compared by **variance times cost**: what one pays for a given error. The cost of a run is the number of transitions it draws. Back to the coins: the sum now starts at $X_k$, after a burn-in of $k$ steps.
#
# > **Predict 7.** A pair meets after seven or eight steps on average. Which burn-in makes variance times cost least?

# %%
predict("18_7", choices=[
    "k = 0: no step is wasted on burn-in",
    "eight: the mean meeting time",
    "between 20 and 30: nearly all have met by then"])

# %%
ks = list(range(61))
exactly = chains.unbiased_moments(P, q_best, slope, ks, kernel)
products = exactly.variance * exactly.cost
some, rows = torch.tensor([0, 10, 20, 40]), []
for k in some.tolist():                                       # ten blocks of the runs of section 4
    blocks = [part.var() for part in chains.unbiased_estimates(paths, slope, k).chunk(10)]
    rows.append(torch.stack(blocks) * chains.kernel_calls(paths.meeting, k).double().mean())
m, e = mean_of(torch.stack(rows).mT)
for k, one, two in zip(some.tolist(), m.tolist(), e.tolist(), strict=True):
    print(f"k = {k:2d}: exact variance {exactly.variance[k]:6.2f}, cost {exactly.cost[k]:5.1f}, "
          f"product {products[k]:7.1f}; measured {one:7.1f} ± {two:.1f}")
print(f"least at k = {int(products.argmin())}: {products.min():.1f}; the posterior's own variance of h "
      f"{posterior @ slope**2 - exact**2:.2f}")

# %% [markdown]
# Using one state of a run and dropping the rest is a waste. Average the states from $k$ to $m$, each with its correction, and every step counts. The yardstick is one long chain that starts in equilibrium: per step it pays the *asymptotic variance*, which for finitely many states is a formula, $\pi(\tilde h \cdot (2 Z - I)\, \tilde h)$ with $\tilde h = h - \mathbb E_\pi h$ and $Z = (I - P + \mathbf 1 \pi)^{-1}$.

# %%
centred = slope - exact
Z = torch.linalg.inv(torch.eye(16, dtype=DOUBLE) - P + posterior)
ordinary = posterior @ (centred * (2 * Z @ centred - centred))
lengths = torch.tensor([1, 4, 16, 64, 200])
long = chains.coupled_paths(P, q_best, RUNS // 2, last=224, kernel=kernel, generator=seeded(40))
averaged = []
for length in lengths.tolist():
    found = chains.unbiased_estimates(long, slope, burn_in=25, last=24 + length).chunk(10)
    cost = chains.kernel_calls(long.meeting, 24 + length).double().mean()
    averaged.append(mean_of(cost * torch.stack([part.var() for part in found])))
    print(f"{length:3d} states averaged: variance times cost {averaged[-1][0]:6.1f} ± {averaged[-1][1]:.1f}")
print(f"one long chain in equilibrium: {ordinary:.1f}")

# %%
show(more_figures.price(torch.tensor(ks), products, (some, m, e), lengths, torch.tensor(averaged), ordinary.item()),
     alt="Left, variance times cost over the burn-in k, on a log axis: it falls steeply from k = 0, is least near 25 and then rises slowly; measured dots lie on the exact line. Right, variance times cost over the number of states averaged, on log axes: it falls from about 170 towards a dashed line, what one long chain in equilibrium pays.")

# %%
# Run this cell to compare it with your prediction.
reveal("18_7", "between 20 and 30: nearly all have met by then")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# Near 25. With no burn-in nearly every run needs a correction, and corrections are noisy. Once nearly all pairs have met by step $k$, hardly a run needs one, the variance comes down to that of a single draw from the posterior, and further steps only cost.
#
# </details>
#
# Remember the two eigenvalues. The bias of a single chain was below 0.002 after five steps. The pair cannot know: it has met only when *every* coin agrees, also those that $h$ does not ask for. An estimate without bias pays for meeting, not for forgetting.
#
# So choose $k$ as a high quantile of the meeting times in a trial, and $m$ several times as large. With 200 states a run, the price of having no bias is a fifth to a third on top (15,000 more runs gave $1.32 \pm 0.06$ times the dashed line). What remains is that of any Markov chain: its correlation from step to step.
#
# ## 8. Three gradients compared
#
# Back to learning. Seven ways to a gradient in $\theta$, at $\theta = 1.5$, for the first data set of section 1. The proposals of all chains come from the best factorized $q$ of each datum.

# %%
R, x_rows = max(RUNS // 40, 20), data[0].expand(max(RUNS // 40, 20), 400, 1)
best = best_product(1.5, data[0], 4)
q = BernoulliMeanField(4, best.logits)
truth = (p.chances(data[0]) * p.slope(data[0])).sum(-1).mean()
at_q = (best.probabilities(states) * p.slope(data[0])).sum(-1).mean()


# %%
def replicates(label, cost, surrogate, seed):
    """R gradients of each datum, each with its own copy of theta. Returns their variances."""
    many = SummedCoins(torch.full((R, 400), 1.5), coins=4)
    g = torch.autograd.grad(surrogate(many, seeded(seed)).sum(), many.theta)[0]
    (m, e), (v, ve) = mean_of(g.mean(1) - truth), mean_of(g.var(0))
    print(f"{label:30s}{m:9.4f} ± {e:.4f}{v:14.1f} ± {ve:.1f}{cost:12.1f}")
    assert "coupled" not in label or abs(m) < 4.5 * e
    return g.var(0)


def coupled(many, source, k=0):
    return coupled_chain_gradient(many, q, x_rows, burn_in=k, kernel="metropolis", generator=source)


# %%
print(f"{'gradient':30s}{'bias':>18s}{'variance per datum':>20s}{'weights':>12s}")
print(f"{'EM, or exact: sum over states':30s}{0:9.4f}{0:23.1f}{16:18.1f}")
print(f"{'ELBO, best q, sum over states':30s}{at_q - truth:9.4f}{0:23.1f}{16:18.1f}")
one = replicates("ELBO, one draw from q", 1, lambda p, g: chain_gradient(p, q, x_rows, 0, g), 50)
for n in (3, 10):
    replicates(f"chain from q, {n} steps", n + 1,
               lambda p, g, n=n: chain_gradient(p, q, x_rows, n, g), 50 + n)
noise = {}
for k in (0, 5):
    cost = coupled(p, seeded(60), k).evaluations.double().mean()
    noise[k] = replicates(f"coupled chains, k = {k}", cost,
                          lambda p, g, k=k: coupled(p, g, k).surrogate, 61 + k)
claim("coupled chains without burn-in are noisier than one draw from q", noise[0] - one, sign=+1)
claim("with a burn-in of five they are quieter than that draw", noise[5] - one, sign=-1)

# %% [markdown]
# Nothing in this table comes for free. (What it costs to find $q$ is not in it; EM needs none.) EM's sum is exact and grows as $2^D$. The ELBO's gradient is wrong, and quiet where $q$ is summed over. A short chain is less wrong, by an amount that only the exact answer tells. The coupled chains are right. Without burn-in they are noisier than one draw from $q$; five steps of burn-in, at less than twice the price, make them quieter than that draw.
#
# **Learning at equal time.** `benchmarks/lecture_18.py` trained five data sets from the same start, $\theta = \tfrac12$, for half a second of processor time (CPU, one thread), in four ways: EM with all states; variational EM with the best factorized $q$; and twice stochastic EM, whose steps are EM's with an estimate in the place of the gradient, times $\min(1, 10/t)$, so that noise is averaged. Its estimates come from a chain of three steps from $q$, or from coupled chains without burn-in. (EM and variational EM stop where they rest. The chains' steps take $\mathbb E s^2$ from $q$. Proposals are a little wider than $q$: its logits are divided by 1.5.) What counts is the exact likelihood in the end.

# %%
coins = stored_table("coins", lecture=18)
ways = ("EM", "ELBO", "short chain", "coupled chains")
for seconds, table in coins.items():
    for way in ways:
        theta, gap = (torch.tensor(table[way][key], dtype=DOUBLE) for key in ("theta", "gap"))
        print(f"{seconds:>4s} s  {way:15s} theta {theta.mean():.3f}, "
              f"below the maximum by {mean_of(gap.abs())[0]:.5f} ± {mean_of(gap)[1]:.5f} nats per datum")
last = coins[max(coins, key=float)]
ends = {way: torch.tensor(last[way]["theta"], dtype=DOUBLE) for way in ways}
claim("the ELBO ends below maximum likelihood, in theta", ends["ELBO"] - ends["EM"], sign=-1)
claim("the short chain, too, by more than 0.02", ends["short chain"] - ends["EM"] + 0.02, sign=-1)
claim("coupled chains: no difference seen", ends["coupled chains"] - ends["EM"], sign=0)
lost = {way: torch.tensor(last[way]["gap"], dtype=DOUBLE) for way in ways}
claim("both chains lose less likelihood than the ELBO",
      torch.maximum(lost["short chain"], lost["coupled chains"]) - lost["ELBO"], sign=-1)

# %% [markdown]
# A chain of three steps carries a bias that more training cannot remove, since it is in every step; it is far smaller than the ELBO's. The coupled chains have none, and pay in noise and in time: they took some 65 steps where the short chain took 200, and on one of the five data sets no more than 9. A single slow pair can hold up a step.
#
# > You will read that "SGD only works if $\hat g(\mathbf z)$ is an *unbiased gradient estimate*" (R. Bamler, *Data Compression With and Without Deep Probabilistic Models*, Tübingen, 2023, lecture 8). For the naive gradient on that slide, whose bias is the whole gradient, the warning is right. As a law it is neither sufficient nor necessary.
# > Without bias but with infinite variance (section 6), averages settle slowly, and in jumps. And with a bias that is small, or made to vanish by longer chains, SGD works up to that bias: the short chain above beats the ELBO by far.
#
# So when is this worth its trouble? If EM's sums can be done, do them. If the ELBO's gap is small, or the model can make it small, as in the aside below, climb the ELBO. Coupled chains are for what remains: a posterior that the family cannot express, a parameter whose *value* matters, and proposals that cover. They also tell you, on a trained model, how large the ELBO's bias is, with an error bar and without trusting any chain to have forgotten.
#
# ### Aside: a model that turns its posterior
#
# One number cannot bend to the family. Loadings can. In **probabilistic PCA**, $z \sim N(0, I_3)$ and $x \mid z \sim N(W z + \mu, \sigma^2 I)$ with ten-dimensional $x$, any rotation of $W$ gives the same $p(x)$, but not the same posterior: its precision is $I + W^\top W / \sigma^2$.
#
# > **Predict 8.** The same four ways learn $W$ and $\sigma$ of six data sets of 300 rows, for half a second and for two, with the best factorized $q$ of every row. (Proposals are just so much wider that weights are bounded. What stands before the chains' steps falls from one to zero.) Where does the ELBO bring the likelihood?

# %%
predict("18_8", choices=[
    "below its maximum, as with the coins",
    "to its maximum",
    "above: the bound is loose"])

# %%
pca = stored_table("pca", lecture=18)
gap = {way: torch.tensor([pca[seconds][way]["gap"] for seconds in ("0.5", "2")]) for way in ways}
for row, seconds in enumerate(("0.5", "2")):
    for way in ways:
        m, e = mean_of(gap[way][row].abs())
        print(f"{seconds:>4s} s  {way:15s} below the maximum by {m:.5f} ± {e:.5f} nats per datum, "
              f"{mean_of(torch.tensor(pca[seconds][way]['steps']).double())[0]:.0f} steps")
bound, short, pair = (gap[way][-1] for way in ways[1:])
claim("the ELBO ends within 0.001 nats of the maximum", bound - 0.001, sign=-1)
claim("it is nearer than both chains", bound - torch.minimum(short, pair), sign=-1)
claim("the short chain is nearer than coupled ones: log of the ratio", (pair / short).log(), sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("18_8", "to its maximum")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# To its maximum (J. Lucas, G. Tucker, R. Grosse and M. Norouzi, 2019). The likelihood does not care how $W$ is rotated; the ELBO does, and prefers the rotation whose columns are orthogonal, since the posterior then factorizes and the gap is zero. So the bias of the ELBO's gradient is a matter of the model as much as of the family: where the model has freedom to spare, it adapts to the family, and nobody sees a loss in likelihood. (It is seen in *which* of many equal models is learned, as in unit 15.)
#
# At these budgets, to have no bias is no help at all: the coupled chains come last. They take half as many steps as the short chain, or fewer, and one data set of the six makes most of their mean. In the end they should pass the short chain, whose bias stays; two seconds do not show it.
#
# </details>
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | chains that part again after they have met | a small bias that comes and goes | the table of the pair, from equal states |
# | a coupling that distorts one marginal | chains that meet fast, a mean that is wrong | sum the table over one chain: $P$ must come out |
# | the second chain not a step behind | a sum that corrects nothing: its terms are zero on average | the mean against an exact answer |
# | runs over a limit thrown away, or cut off | a bias towards what is quick | the share of unmet runs, which must be zero |
# | the state of meeting taken for a draw from the posterior | a bias of any size | section 4 |
# | one uniform for both, but separate proposals | real-valued chains never meet | pairs apart at any `max_steps` |
# | proposals narrower than the posterior | quiet for long, then a single huge value | $P(\tau > t)$ on two log axes |
# | $\pm$ for a variance that is infinite | an error that does not shrink with the number of runs | the same |
# | variance compared without cost | ever longer burn-in looks ever better | variance times cost |
#
# ## Side by side
#
# | | in mathematics | in `course_vi` |
# |---|---|---|
# | Metropolis and Hastings | $P(z, z') = Q(z, z')\,\alpha(z, z')$ | `chains.metropolis_matrix(log_target, proposal)` |
# | a maximal coupling of two draws | $X \sim p$, $Y \sim q$, equal as often as can be | `chains.maximal_coupling(p, q)`; Gaussians: `chains.reflection_coupling` |
# | a step of two chains | a table over pairs | `chains.pair_kernel(P)`, `chains.coupled_metropolis(...)` |
# | the meeting time | $\tau = \min\{t \ge 1 : X_t = Y_{t-1}\}$ | `chains.coupled_paths(...).meeting` |
# | an estimate without bias | a telescoping sum | `chains.unbiased_estimates(paths, h, burn_in, last)` |
# | the likelihood's gradient in any model | Fisher's identity and the above | `learning.coupled_chain_gradient(p, q, x, ...)` |
#
# | | EM | ELBO | short chain | coupled chains |
# |---|---|---|---|---|
# | averages over | the posterior | $q$ | what $q$ has become after some steps | the posterior |
# | bias | none | the slope of the gap | what the chain remembers | none |
# | variance | none | none, or that of draws from $q$ | that of one draw | of one draw and of a correction; may be infinite |
# | needs | sums over all states | a family | a family that proposes | a family that *covers* |
# | running time | fixed | fixed | fixed | random |
#
# torch and Pyro have no coupled chains. Pyro's `MCMC` (unit 14) gives single ones.
#
# ## What to remember
#
# 1. The gradient of $\log p_\theta(x)$ is a posterior average of $\nabla_\theta \log p_\theta(x, z)$. The ELBO averages the same thing over $q$, and its bias is the slope of its gap.
# 2. A chain that has run for $t$ steps is biased, however large $t$ is. Averaging chains does not help.
# 3. A coupling leaves each law as it is. Common noise moves two draws in parallel; to make them equal, use what is under both densities.
# 4. Two chains with one law, one a step ahead, that meet and stay together: a limit becomes a finite sum, without bias.
# 5. Never condition on the meeting. Not on when, not on where.
# 6. With proposals from $q$ the tail of the meeting time is the tail of the weights: cover the posterior, or pay with infinite variance.
# 7. Judge by variance times cost; take a burn-in by which most have met, and then average.
#
# **Next**: [the problem set](../notebooks/18_exact_likelihood_gradients/18_exact_likelihood_gradients.ipynb); then unit 19, bits back.
#
# ## Further reading
#
# - F. J. R. Ruiz, M. K. Titsias, T. Cemgil, A. Doucet. *Unbiased gradient estimation for variational auto-encoders using coupled Markov chains.* Conference on Uncertainty in Artificial Intelligence, 2021. The method of this unit, in deep models, with importance resampling as its kernel.
# - P. W. Glynn, C.-H. Rhee. *Exact estimation for Markov chain equilibrium expectations.* Journal of Applied Probability 51A, 2014. The sum that telescopes.
# - P. E. Jacob, J. O'Leary, Y. F. Atchadé. *Unbiased Markov chain Monte Carlo methods with couplings.* Journal of the Royal Statistical Society, Series B, 82(3), 2020. With a discussion.
# - T. Lindvall. *Lectures on the coupling method.* Wiley, 1992. Couplings, maximal ones, and what they prove.
# - N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller, E. Teller. *Equation of state calculations by fast computing machines.* Journal of Chemical Physics 21(6), 1953.
# - W. K. Hastings. *Monte Carlo sampling methods using Markov chains and their applications.* Biometrika 57(1), 1970.
# - G. E. Hinton. *Training products of experts by minimizing contrastive divergence.* Neural Computation 14(8), 2002. Learning from short chains.
# - J. Lucas, G. Tucker, R. Grosse, M. Norouzi. *Don't blame the ELBO! A linear VAE perspective on posterior collapse.* Advances in Neural Information Processing Systems 32, 2019.
# - M. E. Tipping, C. M. Bishop. *Probabilistic principal component analysis.* Journal of the Royal Statistical Society, Series B, 61(3), 1999.

# %%
tally("18")
