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

# %% [markdown] locked="08_header"
# # Problem set 08: Variational families
#
# What can a family express, and what does it cost when it cannot? By the end you will have
#
# - read the zeros of a posterior's factor from its graph, before any number is known, and seen the gap vanish with them,
# - drawn from a Gaussian with a sparse precision, and written its density,
# - derived what a family of independent blocks loses, in nats, and spent a budget of couplings where it saves most,
# - found out how many factors are enough for *any* covariance,
# - found the weights with which a chain that trusts its prior in part becomes exact,
# - found a parametrization in which mean field loses nothing,
# - written a flow that bends noise, and its density at points that it did not draw,
# - told a good fit from two bad ones, by its draws.
#
# **Time**: about five hours and a half; each exercise says its own. **Read first**:
# [the lecture](../../lectures/08_variational_families.ipynb). Exercise 2 is quicker with 1 done, and 4 needs 3; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random inputs and compares
# numbers. Nothing here is left to chance but the draws of the sealed case. If something is off, the report says what came, what was
# expected, and which mistake it looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for:
# nine at most, unless the exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list
# for a tuple. Leave your arguments as you found them, unless you are asked to train them. Where your work is graded, and only there, the
# course's own version of what you are asked to write is taken out of `course_vi`.
#
# **Notation.** $\Lambda$ is a precision, the inverse of a covariance. The *gap* is $\log p(x)$ minus the ELBO of the best q of a family, so
# $\mathrm{KL}(q\,\|\,p)$ at its smallest, in nats. L is lower triangular with a positive diagonal, and in this course
# $\Lambda = L L^\top$, rows and columns in the order of z. Places are counted from 0.

# %% locked="08_setup"
import itertools
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_08 import targets
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. Zeros that the graph promises
#
# *Difficulty* 4/5 · *Importance* 5/5 · 45 minutes
#
# A linear Gaussian model: each node is a normal whose mean is a linear function of its parents, with coefficients that nobody tells you. Some
# nodes are observed, all others are latent, and their posterior is a Gaussian with precision $\Lambda = L L^\top$. From the graph *alone*,
# say which entries of L below its diagonal can differ from zero.
#
# You get `parents`, a dictionary from each node's name to the tuple of its parents' names, in any order, and `order`, the list of the
# latents in the order of z; all other nodes are observed. Every latent has an observed descendant. Return a set of pairs
# `(i, j)`, row and column, $i > j$: places in `order`. The set is to be *sufficient*, whatever the coefficients are, and *minimal*: with
# coefficients in which nothing cancels by accident, none of its entries is zero.
#
# **Predict first**, on paper: for $z_1 \to z_3 \leftarrow z_2$ and $z_3 \to x$, with x observed, do $z_1$ and $z_2$ couple in $\Lambda$?
# And for a global latent with six local ones below it: how many entries has L with the global one first, and how many with it last?

# %% exercise="08_pattern"
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    """The pairs (i, j), i > j, at which L may differ from zero, where the posterior's precision is L L'.

    parents: of each node, by name. order: the latents, as they stand in z; the other nodes are observed.
    """
    ### BEGIN SOLUTION
    place = {name: k for k, name in enumerate(order)}
    near: list[set[int]] = [set() for _ in order]
    for child, above in parents.items():                     # a factor couples all the latents that it reads
        family = [place[node] for node in (child, *above) if node in place]
        for i, j in itertools.permutations(family, 2):
            near[i].add(j)
    pattern = set()
    for j in range(len(order)):                              # eliminating j couples its neighbours that are left
        later = [i for i in near[j] if i > j]
        pattern |= {(i, j) for i in later}
        for a, b in itertools.permutations(later, 2):
            near[a].add(b)
    return pattern
    ### END SOLUTION


# %% check="08_pattern"
check("08_pattern", posterior_pattern)

# %% [markdown]
# **The figure to aim for**: a graph with six latents and random coefficients. Left the entries of the exact L; the second cell frames those
# that you predict.

# %%
graph = {"a": (), "b": (), "c": ("a", "b"), "d": ("b",), "e": ("c",), "f": ("d",), "u": ("c",), "v": ("d", "e"), "w": ("a",), "y": ("f",)}
latents = ["c", "a", "f", "b", "e", "d"]
precision = targets.posterior_precision(graph, latents)
show(targets.zeros(precision), alt="Left: the entries of a lower triangular matrix of six rows, shaded by their size; some are blank. Right: an empty panel, yours to predict.")

# %% [markdown]
# **Predict, then measure.** The next cell lets a Gaussian climb whose L has entries at your pairs and nowhere else, and reports its gap. Then
# it takes one pair away at a time, and lets each of these climb. What should the first gap be, and what do you expect of the others?

# %%
with when_written():
    pattern = sorted(posterior_pattern(graph, latents))
    print(f"{len(pattern)} pairs: gap {targets.least_gap(precision, pattern):.1e} nats")
    gaps = [(pair, targets.least_gap(precision, [other for other in pattern if other != pair])) for pair in pattern]
    show(targets.zeros(precision, pattern, gaps), alt="Left: the shaded entries of L below its diagonal, each in a frame. Right: a bar for each entry, the gap without it.")

# %% [markdown]
# <details><summary>Symptom: the gap is not zero, and the missing pairs have a common child</summary>
#
# Write the log-density of the *child*: it holds the square of (child minus its parents' combination). Multiply out. Which products appear?
# Does it matter whether the child is known?
#
# </details>
# <details><summary>Symptom: I have all entries of the precision, and L has more</summary>
#
# Factorizing is eliminating, one latent after the other. Integrate the first latent out of the joint density: what it touched is one factor
# now, in all its neighbours.
#
# </details>
# <details><summary>Symptom: right for chains in order, wrong for a star</summary>
#
# Which goes first? In $\Lambda = LL^\top$ the first column of L is the first column of $\Lambda$, up to a factor. So the *first* latent is
# eliminated first, while all the others are still there. Observed nodes are constants: they carry nothing on, and are not in the graph that you eliminate from.
#
# </details>

# %% [markdown] solution_only="08_pattern"
# **Two steps.** The log joint is a sum over nodes of $-\tfrac12 (v - \sum_k w_k\,\mathrm{pa}_k)^2/s^2$. Multiplied out, such a term holds the
# product of *every* two variables in it: child and parent, and parent and parent. So two latents couple in $\Lambda$ if one is the other's
# parent or if they have a common child, *observed or latent*. That is the moral graph, restricted to the latents. The Cholesky factor then fills in: eliminating
# the first latent couples all its neighbours.
#
# **The predictions.** With $z_3$ latent, $z_1$ and $z_2$ still couple in $\Lambda$, since it conditions on $z_3$ as well. A global latent at the end: 6 entries, one for each local one.
# At the start: all 21.
#
# **Why every latent has an observed descendant.** One that has none can be integrated out of the joint without a trace. Eliminated *first*, its
# marriage of its parents cancels exactly, for all coefficients: in $z_1 \to z_3 \leftarrow z_2$ without data, in the order $(z_3, z_1, z_2)$, the
# precision couples $z_1$ and $z_2$ and L does not. The rule is still sufficient there, and no longer minimal.
#
# **The other convention.** With $\Lambda = L^\top L$, and so $z = \mu + L^{-1}\epsilon$, the *last* latent is eliminated first, and global latents go to the front. Both are in use: look before you take a pattern over.

# %% [markdown]
# ## 2. A sparse precision: samples and density
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# Now q itself: a Gaussian with mean `loc` and precision $\Lambda = LL^\top$. You get `log_diagonal`, the logarithms of L's diagonal, $(D)$; `pattern`,
# whole numbers $(2, E)$, rows and columns of the entries below it, each at most once and in any order; and `entries`, $(E)$. Return a pair:
#
# - `samples`, $(K, D)$: the noise `eps`, $(K, D)$, standard normal, turned into draws of q by $z = \mu + A\,\epsilon$. There are many A that
#   would do. Yours is the *upper triangular* one with a positive diagonal;
# - `log_q`, $(M)$: the log-density at *other* points `z`, $(M, D)$.
#
# Both stay connected to `loc`, `log_diagonal` and `entries`. There is no batch axis here.

# %% exercise="08_sparse_normal"
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    """Samples (K, D) from the noise eps (K, D), and the log-density (M) at the points z (M, D), for precision L L'.

    loc, log_diagonal: (D). pattern: (2, E), rows and columns of L below its diagonal. entries: (E).
    """
    ### BEGIN SOLUTION
    root = torch.diag(log_diagonal.exp()).index_put((pattern[0], pattern[1]), entries)
    samples = loc + torch.linalg.solve_triangular(root.T, eps.T, upper=True).T
    whitened = (z - loc) @ root
    log_q = log_diagonal.sum() - 0.5 * whitened.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)
    return samples, log_q
    ### END SOLUTION


# %% check="08_sparse_normal"
check("08_sparse_normal", sparse_normal)

# %% [markdown]
# **Against the covariance.** A star with its centre last, 200,000 samples: measured and exact variances, and two covariances.

# %%
with when_written():
    star, ones = torch.tensor([[3, 3, 3], [0, 1, 2]]), torch.ones(4, dtype=torch.float64)
    drawn, _ = sparse_normal(0 * ones, 0 * ones, star, -0.8 * ones[:3], torch.randn(200_000, 4, generator=seeded(1), dtype=torch.float64), ones[None])
    root = torch.eye(4, dtype=torch.float64).index_put(tuple(star), -0.8 * ones[:3])
    exact, measured = torch.linalg.inv(root @ root.T), torch.cov(drawn.T)
    print("variances   ", measured.diagonal().tolist(), "exact", exact.diagonal().tolist())
    print("covariances ", measured[0, 1:3].tolist(), "exact", exact[0, 1:3].tolist())

# %% [markdown]
# <details><summary>Symptom: my samples have another covariance</summary>
#
# If $z - \mu = A\epsilon$ then the covariance is $AA^\top$, and it is to be $(LL^\top)^{-1}$. Write that inverse as a product, and mind which
# factor stands on the left.
#
# </details>
# <details><summary>Symptom: the covariance is right, and the check says "another root"</summary>
#
# `MultivariateNormal(precision_matrix=...)` makes a *lower* triangular root of the covariance. Asked is the upper triangular one: it comes from
# L by one solve, and has the zeros to make it cheap.
#
# </details>
# <details><summary>Symptom: values are right, gradients are missing</summary>
#
# Filling a fresh matrix in place with `.data`, with NumPy, or from `.tolist()`, loses the graph. `torch.diag(...)` and `index_put` (without
# the underscore) keep it; so does a list of columns that is stacked at the end.
#
# </details>

# %% [markdown] solution_only="08_sparse_normal"
# **The root.** $(LL^\top)^{-1} = L^{-\top}L^{-1} = AA^\top$ with $A = L^{-\top}$, which is upper triangular: $z = \mu + L^{-\top}\epsilon$, by back substitution,
# last latent first. **The density** needs no solve: $\log q = \sum_d \log L_{dd} - \tfrac12\lVert L^\top(z - \mu)\rVert^2 - \tfrac D2\log 2\pi$.
#
# With E entries both cost a multiple of $D + E$, if the zeros are left out (`course_vi.families.SparsePrecision` does so, in blocks). The dense L of this
# solution is for small D.

# %% [markdown]
# ## 3. Blocks: what they lose
#
# *Difficulty* 3/5 · *Importance* 5/5 · 30 minutes
#
# The posterior is a Gaussian with precision $\Lambda$, `precision`, $(D, D)$. The family: Gaussians in which certain *blocks* of latents are
# independent of each other, with any covariance inside a block. `blocks` is a list of lists of indices; each latent is in one of them. The
# latents of a block need not be neighbours. Return a pair: the covariance of the best q, $(D, D)$, with zeros between the blocks, and its gap,
# one number. Best means largest ELBO.
#
# **Predict first**: are the variances of the best q those of the posterior, larger, or smaller?

# %% exercise="08_block_fit"
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    """The covariance (D, D) of the best Gaussian with independent blocks, and its gap in nats.

    precision: (D, D), of the posterior. blocks: lists of indices that part 0 .. D - 1.
    """
    ### BEGIN SOLUTION
    kept = torch.zeros_like(precision)
    for block in blocks:
        at = torch.tensor(block)
        kept[at[:, None], at] = precision[at[:, None], at]
    return torch.linalg.inv(kept), 0.5 * (torch.logdet(kept) - torch.logdet(precision))
    ### END SOLUTION


# %% check="08_block_fit"
check("08_block_fit", block_fit)

# %% [markdown]
# **Over the coupling.** Three latents, all pairs with the same partial correlation: the gap of mean field and of one pair.

# %%
with when_written():
    for coupling in (0.1, 0.3, 0.45):
        precision = (1 + coupling) * torch.eye(3, dtype=torch.float64) - coupling
        alone, pair = (block_fit(precision, blocks) for blocks in ([[0], [1], [2]], [[0, 2], [1]]))
        kept = alone[0][0, 0] / torch.linalg.inv(precision)[0, 0]
        print(f"partial correlation {coupling:.2f}: gap {float(alone[1]):.3f}, with one pair {float(pair[1]):.3f}; mean field keeps {float(kept):.2f} of a variance")

# %% [markdown]
# <details><summary>Symptom: the report says "marginals"</summary>
#
# You kept what you know to be true of the posterior: its covariance inside each block. That q is best for the other KL. Write
# $\mathrm{KL}(q\,\|\,p)$ as a function of q's covariance S: it has $\log\det S$ and $\mathrm{tr}(\Lambda S)$. Which entries of $\Lambda$
# does the trace see if S has zeros?
#
# </details>
# <details><summary>Symptom: the covariance is right, the gap is not</summary>
#
# At the optimum the trace is a whole number. Which one? Then only log-determinants are left.
#
# </details>
# <details><summary>Symptom: right for some blocks, wrong for others</summary>
#
# A block such as `[4, 0]` is a set of rows *and* columns: `precision[at[:, None], at]`. Slices take neighbours only, and `precision[at, at]` takes the diagonal.
#
# </details>

# %% [markdown] solution_only="08_block_fit"
# **Derivation.** With S block by block, $\mathrm{KL} = \tfrac12[\mathrm{tr}(\Lambda S) - \log\det S - \log\det\Lambda - D]$, and the trace sees
# the blocks of $\Lambda$ alone. So each block is a problem of its own, with solution $S_{bb} = (\Lambda_{bb})^{-1}$. The trace is then D, and
# $$\text{gap} = \tfrac12\Big[\sum_b \log\det\Lambda_{bb} - \log\det\Lambda\Big] .$$
#
# $(\Lambda_{bb})^{-1}$ is the covariance of the block *given all the other latents*, which is never more than the marginal one. So the
# variances are too small, and exactly right only where nothing couples.

# %% [markdown]
# ## 4. A budget of couplings
#
# *Difficulty* 5/5 · *Importance* 3/5 · 40 minutes
#
# Blocks cost parameters. A pair of latents in one block is a *coupling*; a block of n latents has all of its pairs. Given a posterior's
# `precision`, $(D, D)$ with D at most 6, and a `budget`, the number of couplings that all blocks together may have, return the blocks with
# the smallest gap: a list of lists of indices, each latent in one of them. You are graded in nats: no other blocks within the budget may
# lose less, by more than $10^{-6}$.
#
# **Predict first**: does it suffice to join, again and again, the two blocks whose union saves most?

# %% exercise="08_best_blocks"
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    """The blocks with the smallest gap, with `budget` pairs of latents in one block at most.

    precision: (D, D), of the posterior, D <= 6.
    """
    ### BEGIN SOLUTION
    def parts(n: int):
        if n == 0:
            yield []
            return
        for rest in parts(n - 1):
            for k in range(len(rest)):
                yield [*rest[:k], [*rest[k], n - 1], *rest[k + 1 :]]
            yield [*rest, [n - 1]]

    def couplings(blocks: list[list[int]]) -> int:
        return sum(math.comb(len(block), 2) for block in blocks)

    def lost(blocks: list[list[int]]) -> float:
        return sum(float(torch.logdet(precision[block][:, block])) for block in blocks)

    return min((blocks for blocks in parts(len(precision)) if couplings(blocks) <= budget), key=lost)
    ### END SOLUTION


# %% check="08_best_blocks"
check("08_best_blocks", best_blocks)

# %% [markdown]
# **What a coupling is worth.** Six latents, every budget: the least gap. Where does it fall, and where does it wait?

# %%
with when_written():
    draws = torch.randn(6, 7, generator=seeded(4), dtype=torch.float64)
    precision = draws @ draws.T
    for budget in range(0, 16, 3):
        blocks = best_blocks(precision, budget)
        print(f"budget {budget:2d}: gap {float(block_fit(precision, blocks)[1]):6.3f}   {blocks}")

# %% [markdown]
# <details><summary>Symptom: right for most matrices, and "more than" for a few</summary>
#
# Step by step is not enough. With a budget of 3 you can have three pairs or one block of three: whoever begins with the best pair may end up
# with neither. How many ways are there to part six latents? Try all of them.
#
# </details>
# <details><summary>Symptom: how do I list all ways to part a set?</summary>
#
# Take one latent out, and part the others in every way. In each of these the one that you took out joins one of the blocks, or stands alone.
# There are 203 ways for six.
#
# </details>
# <details><summary>Symptom: other blocks lose less, and the largest entries are in mine</summary>
#
# The size of an entry depends on the units of its latents. And a block of three saves more, or less, than its three pairs do. The gap of
# exercise 3 is what counts; one of its terms is the same for all blocks.
#
# </details>

# %% [markdown] solution_only="08_best_blocks"
# **By enumeration.** $\log\det\Lambda$ is common to all, so the sum of $\log\det\Lambda_{bb}$ decides. It is a sum over blocks: with a table of best
# values for *subsets* of latents and what is left of the budget one gets much further than six.
#
# **Greed fails for two reasons.** A budget comes in odd pieces: a pair, joined with a third latent, costs two more. And determinants do not add
# up: three latents may be nearly determined by each other while no two of them are.

# %% [markdown]
# ## 5. How many factors are enough
#
# *Difficulty* 4/5 · *Importance* 3/5 · 30 minutes
#
# A factor covariance is $BB^\top + \mathrm{diag}(\sigma^2)$ with $\sigma > 0$. With as many factors as latents it reaches every covariance, clearly:
# let $\sigma$ be tiny. Show that **one factor fewer** is enough, with nothing tiny in it. Given a `covariance`, $(D, D)$, positive definite,
# D at least 2, return `factor`, $(D, D - 1)$, and `scale`, $(D)$, all above zero, with $BB^\top + \mathrm{diag}(\sigma^2)$ equal to it (six digits). There are many; any will do.

# %% exercise="08_exact_factor"
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """B, (D, D - 1), and sigma > 0, (D), with B B' + diag(sigma^2) equal to the covariance, (D, D)."""
    ### BEGIN SOLUTION
    values, vectors = torch.linalg.eigh(covariance)
    factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0.0).sqrt()
    return factor, values[0].sqrt().expand(len(values)).clone()
    ### END SOLUTION


# %% check="08_exact_factor"
check("08_exact_factor", exact_factor)

# %% [markdown]
# <details><summary>Symptom: the correlations are right for D factors, and wrong for D - 1</summary>
#
# Whatever you subtract as $\mathrm{diag}(\sigma^2)$, the rest must be $BB^\top$: no negative eigenvalue, and rank $D - 1$ at most. Start with a
# multiple of the identity. How large may it be?
#
# </details>
# <details><summary>Symptom: principal components, with the variances put right, do not match</summary>
#
# Dropping a direction takes a *matrix* away, and a diagonal cannot give it back. Do not drop it: make its share zero by what you subtract.
#
# </details>
# <details><summary>Symptom: NaN now and then</summary>
#
# $\lambda - \lambda_{\min}$ is zero for equal eigenvalues, and rounding may make it $-10^{-17}$: clamp before you take the root.
#
# </details>

# %% [markdown] solution_only="08_exact_factor"
# **The least eigenvalue.** $\Sigma - \lambda_{\min} I$ has no negative eigenvalue, and one that is zero. So it is $BB^\top$ with $B = U\,(\lambda - \lambda_{\min})^{1/2}$, the
# column of zeros left out, and $\sigma^2 = \lambda_{\min}$ for every latent.
#
# **What follows.** A factor family with $r = D - 1$ loses nothing that the full covariance does not lose. How few factors are enough for a *given* posterior is
# another matter: D(D-1)/2 correlations are to be matched by about Dr numbers.

# %% [markdown]
# ## 6. A chain that trusts its prior in part
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# A state space model, with $z_0 = 0$ and $t = 1, \dots, T$:
#
# $$z_t \mid z_{t-1} \sim N(a_t z_{t-1} + b_t,\ q_t), \qquad x_t \mid z_t \sim N(c_t z_t,\ r_t).$$
#
# The second argument of N is a *variance*. The family keeps the arrows of the prior, and mixes each mean with a number of its own:
#
# $$q(z_t \mid z_{t-1}) = N\big(\lambda_t\,(a_t z_{t-1} + b_t) + (1 - \lambda_t)\,\alpha_t,\ v_t\big).$$
#
# It contains the exact posterior. Find it: return `trust` $\lambda$, `anchor` $\alpha$ and `variance` $v$, $(T)$ each, from `a, b, q, c, r, x`, $(T)$ each.
# No $c_t$ is zero; an $a_t$ may be. Where the step cannot see $z_{t-1}$ ($a_t = 0$, and t = 1, where $z_0$ is known) many pairs $\lambda, \alpha$ say the same:
# take the one that you would take if $z_{t-1}$ could be anything and $a_t$ were not quite zero.
#
# **Predict first**: the chain runs forward. Which data does $q(z_t \mid z_{t-1})$ depend on: those up to t, those from t on, or all?

# %% exercise="08_asvi_chain"
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(trust, anchor, variance) of the exact posterior's conditionals q(z_t | z_{t-1}), (T) each.

    a, b, q: slope, shift and variance of the step to z_t. c, r: slope and variance of x_t given z_t. x: the data. All (T).
    """
    ### BEGIN SOLUTION
    precision, linear = c.square() / r, c * x / r            # what x_t says of z_t: exp(linear z - precision z^2 / 2)
    for t in range(len(x) - 2, -1, -1):                      # and what the later data say, through z_{t+1}
        kept = 1 / (1 + q[t + 1] * precision[t + 1])
        linear[t] += a[t + 1] * kept * (linear[t + 1] - b[t + 1] * precision[t + 1])
        precision[t] += a[t + 1] ** 2 * kept * precision[t + 1]
    variance = 1 / (1 / q + precision)
    return variance / q, linear / precision, variance
    ### END SOLUTION


# %% check="08_asvi_chain"
check("08_asvi_chain", trusted_chain)

# %% [markdown]
# **Predict, then measure.** If q is the posterior, then $\log p(x, z) - \log q(z)$ is the same number for *every* z: the log evidence. Five draws
# of q, and what they give.

# %%
with when_written():
    size = 12
    a, b, c, x = (torch.randn(size, generator=seeded(seed), dtype=torch.float64) for seed in range(4))
    q, r = (0.3 + torch.rand(size, generator=seeded(seed), dtype=torch.float64) for seed in (4, 5))
    trust, anchor, variance = (torch.as_tensor(row) for row in trusted_chain(a, b, q, c, r, x))
    log_w = torch.zeros(5, dtype=torch.float64)
    before, noise = torch.zeros(5, dtype=torch.float64), torch.randn(size, 5, generator=seeded(6), dtype=torch.float64)
    for t in range(size):
        prior = torch.distributions.Normal(a[t] * before + b[t], q[t].sqrt())
        step = torch.distributions.Normal(trust[t] * prior.mean + (1 - trust[t]) * anchor[t], variance[t].sqrt())
        z = step.mean + step.stddev * noise[t]
        log_w += prior.log_prob(z) + torch.distributions.Normal(c[t] * z, r[t].sqrt()).log_prob(x[t]) - step.log_prob(z)
        before = z
    print("log w of five draws:", log_w.tolist())

# %% [markdown]
# <details><summary>Symptom: right for the last step only</summary>
#
# The last latent has one datum. The one before has its own, and the later one *through* $z_T$: integrate $z_T$ out of
# $p(z_T \mid z_{T-1})\,p(x_T \mid z_T)$. As a function of $z_{T-1}$ that is again a bell.
#
# </details>
# <details><summary>Symptom: the variance is right, the trust is not</summary>
#
# Multiply the prior's step, with precision $1/q_t$ and mean $m$, and a bell of the data with precision P and centre $\alpha$. The product has
# precision $1/q_t + P$. With what weight does m enter its mean?
#
# </details>
# <details><summary>Symptom: the anchor is off where there is a shift, or for all but the last step</summary>
#
# Carry two numbers back: the precision $P$ of the bell and its linear part $h$, centre $h/P$. Through a step with slope a, shift b and
# variance q the centre becomes $(h/P - b)/a$, and the variance $(1/P + q)/a^2$. For a = 0 write it as precision and linear part, and nothing is divided by a.
#
# </details>

# %% [markdown] solution_only="08_asvi_chain"
# **Backward.** $p(z_t \mid z_{t-1}, x) \propto p(z_t \mid z_{t-1})\,p(x_t, \dots, x_T \mid z_t)$: given $z_{t-1}$ the earlier data say nothing more. The second factor is a bell in $z_t$,
# $\exp(h_t z - \tfrac12 P_t z^2)$, collected from the end: with $k = 1/(1 + q_{t+1}P_{t+1})$,
# $$P_t = c_t^2/r_t + a_{t+1}^2\,k\,P_{t+1}, \qquad h_t = c_t x_t/r_t + a_{t+1}\,k\,(h_{t+1} - b_{t+1}P_{t+1}) .$$
# Hence $v_t = 1/(1/q_t + P_t)$, $\lambda_t = v_t/q_t$ and $\alpha_t = h_t/P_t$.
#
# **A weight for the mean, another for the scale.** The standard deviation shrinks by $\sqrt{\lambda_t}$. A family that uses *one* weight for both misses the posterior even here.

# %% [markdown]
# ## 7. Centred, non-centred, and in between
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Groups with a common mean, $i = 1, \dots, G$:
#
# $$\mu \sim N(0, s_0^2), \qquad \theta_i \mid \mu \sim N(\mu, \tau^2), \qquad \bar y_i \mid \theta_i \sim N(\theta_i, \sigma^2/n_i) .$$
#
# Mean field on $(\mu, \theta)$, the *centred* parametrization, loses the coupling of $\mu$ and $\theta$. Mean field on $(\mu, \theta - \mu)$, the *non-centred*
# one, loses another. In between lie $\eta_i = \theta_i - c_i\,\mu$, with a number $c_i$ for each group: 0 is centred, 1 is not. Given `c` $(G)$, `counts` n $(G)$, and the
# standard deviations `sigma`, `tau` and `prior` $s_0$, plain numbers, return a pair:
#
# - the gap of mean field on $(\mu, \eta)$, one number, at this c (it may lie outside 0 to 1);
# - the `best` c, $(G)$, at which the gap is *zero*. It exists.
#
# `counts` is in double precision, as all is.
#
# **Predict first**: with little data in a group, should it be centred or not?

# %% exercise="08_centring"
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    """The gap of mean field on (mu, theta - c mu), in nats, and the c, (G), at which it is zero.

    c, counts: (G). sigma, tau, prior: standard deviations of a datum, of the groups, of mu.
    """
    ### BEGIN SOLUTION
    data, link = counts / sigma**2, 1 / tau**2
    first = 1 / prior**2 + (link * (1 - c) ** 2 + data * c**2).sum()
    coupling = data * c - link * (1 - c)
    gap = -0.5 * torch.log1p(-(coupling**2 / (link + data)).sum() / first)
    return gap, link / (link + data)
    ### END SOLUTION


# %% check="08_centring"
check("08_centring", centring)

# %% [markdown]
# **The figure to aim for**: three groups with the same c, little data and much. The lines are exact; your points should lie on them.

# %%
show(targets.centring(centring), alt="The gap of mean field over c, for little data and for much: with little data it falls until c is about 0.8, with much it is smallest near 0.05 and rises to the right. Once centring is written, its points lie on both lines.")

# %% [markdown]
# <details><summary>Symptom: the gap does not depend on the data, so where do they come in?</summary>
#
# Not on y, since all is Gaussian; on $n_i$ and $\sigma$ it does. Write $\theta_i = \eta_i + c_i\mu$ into both factors of a group, and collect the
# coefficients of $\mu^2$, $\mu\eta_i$ and $\eta_i^2$.
#
# </details>
# <details><summary>Symptom: I have the precision of (mu, eta), and the gap is off</summary>
#
# Exercise 3, every latent a block of its own. Is $1/s_0^2$ in the entry of $\mu$? And does each group add to that entry twice, once by its prior and once by its data?
#
# </details>
# <details><summary>Symptom: no single c makes it zero</summary>
#
# The coupling of $\mu$ and $\eta_i$ is one entry of the precision, and linear in $c_i$: negative at one end, positive at the other. Each group
# has its own zero.
#
# </details>

# %% [markdown] solution_only="08_centring"
# **The precision** of $(\mu, \eta)$ is an arrow. With $d_i = n_i/\sigma^2$ and $k = 1/\tau^2$ its entries are $1/s_0^2 + \sum_i [k(1 - c_i)^2 + d_i c_i^2]$ for $\mu$, $k + d_i$ for $\eta_i$, and
# $d_i c_i - k(1 - c_i)$ between them. The last is zero at $c_i = k/(k + d_i)$, and then nothing couples: mean field is exact. The map has determinant one, so the gap is that of exercise 3.
#
# **Little data**: $d_i \ll k$, and c is near 1: not centred. **Much data**: c near 0, centred. $c_i$ is the weight of the prior in group i's posterior mean, its *shrinkage*: take off what comes from $\mu$, and what is left is the data's.

# %% [markdown]
# ## 8. A coupling flow, both ways
#
# *Difficulty* 3/5 · *Importance* 4/5 · 35 minutes
#
# A coupling layer has a `mask`, $(D)$, of zeros and ones, and a network `net`. The coordinates with mask 1 stay as they are. The network reads
# them, with zeros in all other places, and returns a shift and a log scale for *every* coordinate; those with mask 0 are multiplied by $e^{\text{log scale}}$ and shifted.
# `layers` is a list of pairs `(mask, net)`; a call `net(u)` takes $(*B, D)$ and returns `(shift, log_scale)`, $(*B, D)$ each. The first layer takes the noise. Return a pair:
#
# - `samples`, $(K, D)$: where the noise `eps`, $(K, D)$, standard normal, lands after the last layer;
# - `log_q`, $(M)$: the log-density of those samples at *other* points `z`, $(M, D)$.
#
# Both stay connected to the networks. There may be no layer at all.

# %% exercise="08_coupling_flow"
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Samples (K, D) from the noise eps (K, D), and the log-density (M) of the flow at the points z (M, D).

    layers: pairs (mask, net), mask (D) of zeros and ones, net(u) -> (shift, log_scale), of the shape of u.
    """
    ### BEGIN SOLUTION
    for mask, net in layers:
        shift, log_scale = net(mask * eps)
        eps = mask * eps + (1 - mask) * (eps * log_scale.exp() + shift)
    stretch = torch.zeros(len(z), dtype=z.dtype)
    for mask, net in reversed(layers):
        shift, log_scale = net(mask * z)
        z = mask * z + (1 - mask) * (z - shift) * (-log_scale).exp()
        stretch = stretch + ((1 - mask) * log_scale).sum(-1)
    return eps, torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - stretch
    ### END SOLUTION


# %% check="08_coupling_flow"
check("08_coupling_flow", coupling_flow)

# %% [markdown]
# **Is it a density?** Two layers that bend the plane; your density, summed over a fine grid, should give one. And the share of your samples
# in the right half should be that of the grid.

# %%
with when_written():
    bend = [(torch.tensor([1.0, 0.0], dtype=torch.float64), lambda u: (u.flip(-1) ** 2 - 1, 0.5 * torch.tanh(u.flip(-1)))),
            (torch.tensor([0.0, 1.0], dtype=torch.float64), lambda u: (torch.sin(u.flip(-1)), 0.3 * torch.cos(u.flip(-1))))]
    axis = torch.linspace(-12, 30, 801, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    drawn, log_q = coupling_flow(bend, torch.randn(100_000, 2, generator=seeded(8), dtype=torch.float64), grid)
    cell = log_q.exp() * (axis[1] - axis[0]) ** 2
    print(f"sum over the grid {float(cell.sum()):.5f}; right half: grid {float(cell[grid[:, 0] > 0].sum()):.4f}, samples {float((drawn[:, 0] > 0).double().mean()):.4f}")

# %% [markdown]
# <details><summary>Symptom: the samples are right, the density is not even close</summary>
#
# The points `z` are no noise: they lie at the *end* of the flow. Which noise leads there? Undo the layers, beginning with the last. What a layer read is still there.
#
# </details>
# <details><summary>Symptom: right for one layer, wrong for two</summary>
#
# Forth in the order of the list, back in the other. And each layer brings its own log-determinant, at the place where it read.
#
# </details>
# <details><summary>Symptom: off by a number that depends on the coordinates that stay</summary>
#
# The network returns log scales for all coordinates, and only those with mask 0 are used. The matrix of derivatives of a layer is triangular; its diagonal has ones where the mask is 1.
#
# </details>

# %% [markdown] solution_only="08_coupling_flow"
# **Triangular.** Coordinates that stay have derivative one, the others $e^{\text{log scale}}$, and what they read stands below the diagonal. So the log-determinant is the sum of the log scales *that are used*. The way back needs no inverse of the network: it reads what stayed, and that is at hand on both sides.
#
# **Why both ways.** For the ELBO one needs the density at one's own samples alone, and that comes for nothing on the way forth. The density at a *given* z is needed for sticking the landing (unit 09), where the parameters in it are frozen, for checking q against draws of something else, and for fitting by maximum likelihood.

# %% [markdown]
# ## 9. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three regressions, each with data of its own, and to each a Gaussian was fitted; you have draws from the fits. The model is the same for all: weights $z \sim N(0, I)$ in three
# dimensions, and $y \mid z \sim N(Xz, s^2 I)$. All three fits have the right means.
#
# - `'right'`: the posterior itself;
# - `'too narrow'`: the Gaussian of largest ELBO among those that hold one of the weights, you are not told which, for independent of the two others;
# - `'correlation lost'`: it holds one weight for independent, too, but otherwise it keeps the posterior's own marginals.
#
# You get `draws`, $(3, R, 3)$: fit, draw, weight; and of each of the three regressions `design` X, $(3, N, 3)$, `y`, $(3, N)$, and `noise` s, $(3)$. Return the three names, in the order in
# which the fits stand. Your answer is judged on 40 fresh cases, of which 38 must be right.
#
# The posteriors differ, so the fit with the least variance need not be the one that is too narrow. And do not count on correlations that are zero: a right posterior may have some.

# %% exercise="08_sealed_case"
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    """'right', 'too narrow' and 'correlation lost', in the order in which the fits stand.

    draws: (3, R, 3), fit, draw, weight. design: (3, N, 3). y: (3, N). noise: (3), a standard deviation.
    """
    ### BEGIN SOLUTION
    misfit = []
    for sample, columns, scale in zip(draws, design, noise, strict=True):
        precision = torch.eye(3, dtype=draws.dtype) + columns.T @ columns / scale**2
        exact, seen = torch.linalg.inv(precision), torch.cov(sample.T)
        options = {"right": [exact], "too narrow": [], "correlation lost": []}
        for alone in range(3):
            mask = torch.ones(3, 3, dtype=draws.dtype)
            mask[alone], mask[:, alone] = 0.0, 0.0
            mask[alone, alone] = 1.0
            options["too narrow"].append(torch.linalg.inv(precision * mask))
            options["correlation lost"].append(exact * mask)
        misfit.append({
            name: min(float(torch.linalg.solve(one, seen).trace() + torch.logdet(one)) for one in covariances)
            for name, covariances in options.items()
        })
    orders = itertools.permutations(misfit[0])
    return list(min(orders, key=lambda order: sum(fits[name] for fits, name in zip(misfit, order, strict=True))))
    ### END SOLUTION


# %% check="08_sealed_case"
check("08_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first, then open.

# %%
with when_written():
    case = sealed_case("08_sealed_case", seed=3)
    for letter, sample in zip("ABC", case.given["draws"], strict=True):
        print(f"{letter}: standard deviations {[round(v, 3) for v in sample.std(0).tolist()]}")
        print("   correlations", [round(v, 2) for v in torch.corrcoef(sample.T)[(0, 0, 1), (1, 2, 2)].tolist()])
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: all three have a weight that correlates with nothing</summary>
#
# Then correlations do not tell. In the right one the posterior has that zero as well. Compute the posterior's covariance from X and s: y has no say in it.
#
# </details>
# <details><summary>Symptom: I cannot say "too narrow" from "correlation lost"</summary>
#
# Both hold one weight for independent. One keeps the posterior's variances. What does the other keep? Exercise 3, with blocks of two and one.
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# For each fit there are seven covariances that it might have: one is right, three are too narrow, three have lost correlations. Score each by the log-density that it gives to the draws, and take the best of the six orders.
#
# </details>

# %% [markdown] solution_only="08_sealed_case"
# **Seven candidates.** The posterior has precision $\Lambda = I + X^\top X/s^2$. "Too narrow" is $(\Lambda_{bb})^{-1}$ for a pair and for the weight alone; "correlation lost" is $\Sigma_{bb}$ for both. The draws tell which of the seven fits: by
# their likelihood, or by comparing variances first and correlations second.
#
# **Two ways to be wrong.** The narrow one maximizes the ELBO, so it is what you get from fitting with that family. The other one is what the forward KL would give: intervals for single weights are right, and what depends on two of them, such as a prediction, is not.

# %% [markdown]
# ## 10. In words: a family for a model
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# A colleague fits a mixed model: 5,000 schools, an effect for each, and ten global parameters; each pupil's score depends on the effect of the school and on the global parameters. "Mean field is fast, and its predictions for a school look fine. The
# full covariance would need twelve million numbers. So I will report mean field's intervals for the global parameters." Write five to eight sentences in reply. Say what is wrong with those intervals, in which direction, and why. Name a family that has the couplings that matter,
# say how many entries below the diagonal its L needs, and in which order the latents should stand, and why. Say what this family can still not express, and how one would find out on the colleague's data.

# %% [markdown] written="08_written"
# Mean field gives each latent the variance that it has *given all the others*, $1/\Lambda_{ii}$, which is never more than the marginal variance. A global parameter couples with 5,000 effects, so that its interval may be far too narrow; the means may be fine all the same, and so may predictions for a school with
# much data. Given the ten global parameters, the schools are independent: the precision is an arrow, with a diagonal block for the effects. A Gaussian with a sparse precision $LL^\top$ with the effects first and the global parameters last fills in nothing: $5{,}000 \times 10$ entries that couple effects with
# global parameters, and $45$ among the global ones, 50,045 in all. With the global parameters first, eliminating them would couple all schools with each other, and L would be full. It is still a Gaussian: skewness and funnels (the scale of the effects and the effects themselves) are not in it, unless one
# transforms the latents, for instance by a non-centred parametrization. To find out: compare with a long run of HMC, or on fewer schools; the k-hat of the importance weights; a larger family whose ELBO is higher by more than its error.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: the intervals are too narrow, because mean field has the variance given all other latents (or: $1/\Lambda_{ii} \le \Sigma_{ii}$; or: KL(q || p) punishes q for being where p is not). Direction without a reason: 0.25. For a Gaussian posterior; "approximately so here" is welcome.
# - 0.5: a family with the couplings: sparse precision (or structured / conditional q: local given global), and the count: 50,000 local-global entries and 45 among the global ones. 0.25 for the family, 0.25 for the count (50,000 or 50,045; a full block of ten counts as well). A factor covariance with few
#   factors: 0.25 if its limits are said.
# - 0.5: the order: local first, global last for $\Lambda = LL^\top$ (global first for $L^\top L$, if the convention is stated), because eliminating a global latent early couples everything it touches. Order without a reason: 0.25.
# - 0.5: what is still missing (skewness, funnel, several modes, bounded support: one is enough), 0.25; a check that could fail (HMC on a part, k-hat, a richer family's ELBO with its error, simulated data), 0.25. "Look at the ELBO": nothing, unless compared.
# === END MARK SCHEME ===
