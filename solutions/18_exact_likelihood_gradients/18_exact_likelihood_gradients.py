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

# %% [markdown] locked="18_header"
# # Problem set 18: Exact likelihood gradients
#
# The ELBO's gradient is biased wherever q is not the posterior, and a Markov chain's is biased by where it began. Two
# chains that meet take the bias away, all of it, after finitely many steps. What does that cost, and when is it worth
# its price? On finite spaces you can say so exactly, before anything has run. By the end you will have
#
# - coupled two laws so that they meet as often as any two can, and by one uniform,
# - moved two Metropolis chains with one uniform,
# - derived the sum that telescopes, and counted what it costs,
# - predicted from a chain of pairs when two chains meet, and watched them do it,
# - computed what the ELBO's gradient lacks for a poor family, and how a few sweeps of a chain make it good,
# - found the burn-in that is worth most for its price,
# - said from how many draws on it pays to have no bias,
# - told three couplings apart by nothing but how long their pairs stay apart.
#
# **Time**: about six hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/18_exact_likelihood_gradients.ipynb). Exercise 4 builds on 1, 6 on 3 and 4, and 7 on 2 and 6;
# the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers; chance has no say in what is asked. If something is off, the report says what came, what
# was expected, and which mistake it looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that
# are asked for: eight, of each number, and six of the rate in exercise 4. What lies near zero is held to $10^{-10}$. No
# gradients are asked of your results: NumPy and loops will do, and a list for a tuple. Leave your arguments as you
# found them. Where your work is graded, and only there, the course's own version of what you are asked to write is
# taken out of `course_vi`.
#
# **Notation.** States are numbered from 0. P is a transition matrix, $(S, S)$: row x is the law of the next state,
# given x. Two chains X and Y have the same P, and X is one move *ahead*: $X_0$ and $Y_0$ are independent draws from one
# law, the start; $X_1$ is drawn from $X_0$ by P, alone; from then on the pair $(X_t, Y_{t-1})$ moves together to
# $(X_{t+1}, Y_t)$. They meet at $\tau = \min\{t \ge 1 : X_t = Y_{t-1}\}$, and stay together. TV is the total variation.

# %% locked="18_setup"

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_18 import targets
from course_vi.chains import coupled_paths, stationary
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def random_chain(size: int, seed: int, stay: float = 0.0) -> Tensor:
    """A transition matrix; the larger ``stay``, the slower it forgets."""
    rows = normals(size, size, seed=seed).mul(1.2).softmax(-1)
    return (1 - stay) * rows + stay * torch.eye(size, dtype=torch.float64)


# %% [markdown]
# ## 1. Two draws that meet
#
# *Difficulty* 3/5 · *Importance* 5/5 · 30 minutes
#
# i has the law p, and j has the law q. Nothing is said of the two together: that is for you to choose, and a choice is
# called a *coupling*. Return the joint tables of two couplings, $(*B, C, C)$ each, with i in the rows and j in the
# columns:
#
# - **maximal**: i = j happens as often as in any coupling. When it does not happen, i and j are to be independent *of
#   each other, given that they did not meet*: that leaves one table;
# - **common uniform**: one u, uniform on [0, 1), decides both. i is the outcome in whose interval u falls when [0, 1)
#   is cut into pieces of lengths $p_0, p_1, \dots$, in this order; j likewise, with q.
#
# p and q are $(*B, C)$, any number of batch axes, none included. Some chances may be zero, or 1e-9; p and q may be the
# same, or share nothing.
#
# **Predict**: how often do the two meet in the first? Which pairs (c, c) have a chance in the second?

# %% exercise="18_maximal_coupling"
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The joint tables of the coupling that meets as often as it can, and of the one by a common uniform; (*B, C, C) each.

    p, q: (*B, C), probabilities.
    """
    ### BEGIN SOLUTION
    overlap = torch.minimum(p, q)
    first, second = p - overlap, q - overlap
    left = 0.5 * (first.sum(-1) + second.sum(-1))
    left = torch.where(left > 0, left, torch.ones_like(left))[..., None, None]
    maximal = torch.diag_embed(overlap) + first[..., :, None] * second[..., None, :] / left
    ends_p, ends_q = p.cumsum(-1), q.cumsum(-1)
    upper = torch.minimum(ends_p[..., :, None], ends_q[..., None, :])
    lower = torch.maximum((ends_p - p)[..., :, None], (ends_q - q)[..., None, :])
    return maximal, (upper - lower).clamp_min(0)
    ### END SOLUTION


# %% check="18_maximal_coupling"
check("18_maximal_coupling", two_couplings)

# %% [markdown]
# **A law that moves.** p stays, and q is p shifted along by one, two, three places. How often do the two couplings
# meet?

# %%
with when_written():
    p = torch.tensor([0.05, 0.2, 0.4, 0.2, 0.1, 0.05, 0.0, 0.0, 0.0], dtype=torch.float64)
    for places in range(4):
        q = p.roll(places)
        meets = [torch.as_tensor(table).diagonal().sum() for table in two_couplings(p, q)]
        print(f"shifted by {places}   TV {0.5 * (p - q).abs().sum():.3f}   maximal {meets[0]:.3f}   common uniform {meets[1]:.3f}")

# %% [markdown]
# <details><summary>Symptom: rows sum to p, and columns do not sum to q</summary>
#
# Part of q's chance is used up where the two meet. From what is the second drawn when they do not?
#
# </details>
# <details><summary>Symptom: NaN where p and q are the same</summary>
#
# They meet surely, and nothing is left over: zero by zero. Divide by one there.
#
# </details>
# <details><summary>Symptom: the table of the common uniform does not come out</summary>
#
# i = a says that u lies in one interval, j = b that it lies in another. For both, u must lie in both. How long is
# that?
#
# </details>

# %% [markdown] solution_only="18_maximal_coupling"
# **The table.** $P(i = j = c)$ is at most $\min(p_c, q_c)$; put just that on the diagonal. What is left of p and of q,
# $p - \min(p, q)$ and $q - \min(p, q)$, have no state in common, and each sums to TV(p, q): their product divided by TV
# once has the right marginals.
#
# **The predictions.** They meet with chance $\sum_c \min(p_c, q_c) = 1 - \mathrm{TV}$. By a common uniform they meet at
# c if the two pieces of c overlap on the line, which takes $\min(p_c, q_c) > 0$ and more: a shift can part two laws
# that have much in common.

# %% [markdown]
# ## 2. Metropolis, on two chains
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# Two Metropolis-Hastings chains for one target stand at x and y. The first is offered i from row x of the proposals,
# the second j from row y; the two offers are drawn *together*, from the joint table `offers`, whose marginals these
# rows are. Then one uniform is drawn, and both compare it with their own acceptance probability. Return the joint law
# of where the two stand next, $(S, S)$, the first chain in the rows.
#
# `log_target`, $(S)$, is the log of the target up to a constant; `proposal`, $(S, S)$, need not be symmetric, and some
# moves may never be proposed, in one direction or in both. States with a log target of minus infinity may be offered;
# neither chain stands in one. Log targets may be thousands.
#
# **Predict**: both stand in one state, and have one offer. Can they part? And if each had a uniform of its own?

# %% exercise="18_coupled_metropolis"
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    """The joint law of the next states of two Metropolis-Hastings chains with one uniform, (S, S).

    log_target: (S). proposal: (S, S), row x proposes from x. offers: (S, S), the chance that i is offered at x and j at y.
    """
    ### BEGIN SOLUTION
    def accept(at):
        ratio = log_target + proposal[:, at].log() - log_target[at] - proposal[at].log()
        return torch.where(proposal[at] > 0, ratio.clamp_max(0).exp(), torch.zeros_like(ratio))

    first, second = accept(x)[:, None], accept(y)[None, :]
    both = torch.minimum(first, second)
    table = offers * both
    table[:, y] += (offers * (first - both)).sum(1)
    table[x, :] += (offers * (second - both)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(first, second))).sum()
    return table
    ### END SOLUTION


# %% check="18_coupled_metropolis"
check("18_coupled_metropolis", coupled_step)

# %% [markdown]
# **How likely is it that they meet?** A target on ten places of a line, and proposals of one step either way (or to
# stay), from pairs at several distances. The offers are coupled maximally, or independent.

# %%
with when_written():
    size = 10
    log_target = -0.5 * ((torch.arange(size, dtype=torch.float64) - 4.5) / 2) ** 2
    proposal = sum(torch.ones(size - abs(k), dtype=torch.float64).diag(k) for k in (-1, 0, 1))
    proposal = proposal / proposal.sum(1, keepdim=True)
    for x, y in ((4, 4), (4, 5), (4, 6), (0, 1), (4, 7)):
        tables = two_couplings(proposal[x], proposal[y])[0], torch.outer(proposal[x], proposal[y])
        meets = [torch.as_tensor(coupled_step(log_target, proposal, offers, x, y)).trace() for offers in tables]
        print(f"from ({x}, {y})   maximal {meets[0]:.3f}   independent {meets[1]:.3f}")

# %% [markdown]
# <details><summary>Symptom: my table does not sum to one</summary>
#
# A chain that refuses its offer stays. There are four cases: both accept, only the first, only the second, none.
#
# </details>
# <details><summary>Symptom: it sums to one, and the chances that both accept are too small</summary>
#
# Two events with chances a and b that are decided by *one* uniform are not independent. Draw the unit interval.
#
# </details>
# <details><summary>Symptom: right for some proposals, wrong where they are not symmetric; or NaN</summary>
#
# Hastings's ratio has the chance to be offered the way back above, and that of the way there below. Work in logarithms;
# what is never offered needs no ratio, and what has no way back is never accepted.
#
# </details>

# %% [markdown] solution_only="18_coupled_metropolis"
# **Four cases.** With $\alpha = \alpha(x, i)$ and $\beta = \alpha(y, j)$, one uniform makes both accept with chance
# $\min(\alpha, \beta)$, the first alone with $(\alpha - \beta)^+$, the second alone with $(\beta - \alpha)^+$, none
# with $1 - \max(\alpha, \beta)$. In the table each goes to (i, j), (i, y), (x, j), (x, y).
#
# **The predictions.** In one state, with one offer and one uniform, both do the same: chains that have met stay
# together. With two uniforms they part again, and nothing that comes in this set would be true.

# %% [markdown]
# ## 3. A sum that telescopes
#
# *Difficulty* 4/5 · *Importance* 5/5 · 40 minutes
#
# The stationary mean of h is the limit of $\mathbb E\,h(X_t)$. Write the limit as what it is at time k, plus all
# increments that follow. Y has the law of X: replace one term of each increment, so that the increments vanish once the
# two have met. What stands behind the expectation is $H_k$, an estimate without bias that takes finitely many steps.
#
# Derive it, and return two things for one run:
#
# - the **mean of** $H_k, H_{k+1}, \dots, H_m$, all of the same run, of the shape of one value of h;
# - what it **cost**: how many transitions had to be drawn. A move of one chain is one transition; after they have met one
#   chain is enough, and X goes on to m if it is not there yet. The starts are no transitions.
#
# `ahead`, $(n, *E)$, holds $h(X_0), h(X_1), \dots$ up to the later of $\tau$ and m; `behind`, $(\tau, *E)$, holds
# $h(Y_0), \dots, h(Y_{\tau-1})$, so its length tells when they met. Values of h may be equal in different states.
#
# **Predict**: which of the corrections is in how many of $H_k, \dots, H_m$? What does a larger m do to the estimate, if
# $\tau$ is small beside it?

# %% exercise="18_telescoping"
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    """The mean of H_k, ..., H_m of one run, (*E), and the number of transitions that were drawn.

    ahead: (max(tau, m) + 1, *E), h along X from X_0. behind: (tau, *E), h along Y from Y_0.
    """
    ### BEGIN SOLUTION
    tau, width = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, tau):
        value = value + min(1.0, (t - k) / width) * (ahead[t] - behind[t - 1])
    return value, max(tau, m) + tau - 1
    ### END SOLUTION


# %% check="18_telescoping"
check("18_telescoping", unbiased_estimate)

# %% [markdown]
# **Is it unbiased?** Five states, 2000 runs that begin in state 0, and h the number of the state. Beside it the plain
# average over the same window, which uses the same chain.

# %%
with when_written():
    P, start, h = random_chain(5, seed=1, stay=0.6), torch.eye(5, dtype=torch.float64)[0], torch.arange(5.0).double()
    exact = float(stationary(P) @ h)
    kernel = torch.stack([torch.stack([torch.as_tensor(two_couplings(P[x], P[y])[0]) for y in range(5)]) for x in range(5)])
    for k, m in ((0, 0), (3, 3), (3, 10)):
        paths = coupled_paths(P, start, 2000, m, kernel, seeded(0))
        found, plain, cost = [], [], 0
        for run in range(2000):
            tau = int(paths.meeting[run])
            ahead, behind = h[paths.ahead[: max(tau, m) + 1, run]], h[paths.behind[:tau, run]]
            value, moves = unbiased_estimate(ahead, behind, k, m)
            found.append(float(value)), plain.append(float(ahead[k : m + 1].mean()))
            cost += moves / 2000
        for name, values in (("unbiased", torch.tensor(found)), ("plain", torch.tensor(plain))):
            print(f"k = {k}, m = {m:2d}   {name:8s} {values.mean():.3f} ± {values.std() / 2000**0.5:.3f}   exact {exact:.3f}   cost {cost:.1f}")

# %% [markdown]
# <details><summary>Symptom: right for k = m, wrong for a window</summary>
#
# Write down $H_k$, $H_{k+1}$ and $H_{k+2}$ under each other. The correction at time t is in some of them, and not in
# others.
#
# </details>
# <details><summary>Symptom: my estimate is biased, or the first term is off</summary>
#
# h of the chain ahead at time t is compared with h of the one behind, one move earlier: those two have one law. Which
# is the first increment after time k?
#
# </details>
# <details><summary>Symptom: the estimate is right, the cost is not</summary>
#
# Count by hand for $\tau = 3$ and m = 0: which moves did X make, which did Y make, and which of them coincide? Then for
# $\tau = 3$ and m = 5.
#
# </details>

# %% [markdown] solution_only="18_telescoping"
# **The sum.** $\mathbb E_\pi h = \mathbb E\,h(X_k) + \sum_{t > k} \mathbb E[h(X_t) - h(X_{t-1})]$, and
# $\mathbb E\,h(X_{t-1}) = \mathbb E\,h(Y_{t-1})$. So $H_k = h(X_k) + \sum_{t=k+1}^{\tau-1}(h(X_t) - h(Y_{t-1}))$.
#
# **The predictions.** The correction at t is in $H_k, \dots, H_{\min(t-1, m)}$: in $\min(t - k, m - k + 1)$ of them. So
# in the mean it counts with $\min(1, (t-k)/(m-k+1))$. With m large beside $\tau$ all corrections are small: a long run
# of one chain, with a correction that makes it exact.
#
# **The cost.** Until they meet X makes $\tau$ moves and Y makes $\tau - 1$; X goes on to m: $\max(\tau, m) + \tau - 1$.

# %% [markdown]
# ## 4. S: when do they meet?
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# Predict the law of $\tau$, exactly, for a chain on a finite space: nothing is drawn. The two move as the notation at
# the top of this set says; where they are apart their next states are drawn by the **maximal** coupling of exercise 1
# from their two rows of P. Return
#
# - **tail**, $(n + 1)$: $P(\tau > t)$ for $t = 0, \dots, n$, with n = `steps`;
# - **rate**: by which factor the tail falls a step in the long run, from the pairs of states from which it falls slowest;
#   zero if they must meet;
# - **mean**: $\mathbb E\,\tau$.
#
# P has 2 to 7 states and any two of its rows have something in common; some moves may have no chance. `start`, $(S)$, is
# the law of $X_0$ and of $Y_0$, and may be a single state.
#
# **Predict**: for two states, with chances a and b to leave, the rate. Is it the second eigenvalue of P for three states,
# too?

# %% exercise="18_meeting_tail"
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """P(tau > t) for t = 0, ..., steps, (steps + 1); the factor by which it falls in the long run; and the mean of tau.

    P: (S, S). start: (S), the law of X_0, and of Y_0.
    """
    ### BEGIN SOLUTION
    size = len(P)
    wide = (size, size, size)
    kernel = two_couplings(P[:, None].expand(wide), P[None].expand(wide))[0]
    apart = 1 - torch.eye(size, dtype=P.dtype).flatten()
    moves = kernel.reshape(size**2, size**2) * apart * apart[:, None]
    first = torch.outer(start @ P, start).flatten() * apart
    law, tail = first, [torch.ones((), dtype=P.dtype)]
    for _ in range(steps):
        tail.append(law.sum())
        law = law @ moves
    rate = torch.linalg.eigvals(moves).abs().max()
    mean = 1 + first @ torch.linalg.solve(torch.eye(size**2, dtype=P.dtype) - moves, apart)
    return torch.stack(tail), rate, mean
    ### END SOLUTION


# %% check="18_meeting_tail"
check("18_meeting_tail", meeting_tail)

# %% [markdown]
# **Predicted, then measured.** 5000 runs of a slow chain on five states. Your tail is the line; the dots are what came,
# with two standard errors. Then: how far is the law of $Y_t$ from the stationary one, and does the tail tell? *Each term
# $P(X_{t+1} \ne Y_t)$ alone looks like a bound on TV. The sum of this term and of all that follow is one.*

# %%
with when_written():
    P, start = random_chain(5, seed=4, stay=0.8), torch.eye(5, dtype=torch.float64)[0]
    tail, rate, mean = (torch.as_tensor(part) for part in meeting_tail(P, start, 40))
    kernel = torch.stack([torch.stack([torch.as_tensor(two_couplings(P[x], P[y])[0]) for y in range(5)]) for x in range(5)])
    meeting = coupled_paths(P, start, 5000, kernel=kernel, generator=seeded(0)).meeting
    seen = meeting.double()
    print(f"mean of tau: predicted {mean:.3f}, measured {seen.mean():.3f} ± {seen.std() / 5000**0.5:.3f}; rate {rate:.4f}")
    far, now = meeting_tail(P, start, 400)[0], start
    for t in (0, 2, 5, 10, 20):
        now = start @ torch.linalg.matrix_power(P, t)
        print(f"t = {t:2d}   TV(Y_t, stationary) {0.5 * (now - stationary(P)).abs().sum():.4f}"
              f"   the single term {far[t + 1]:.4f}   the sum {sum(far[t + 1:]):.4f}")
    show(targets.survival(meeting, tail), alt="The share of runs that are still apart, over the steps, on a logarithmic axis; a line, and dots with error bars")

# %% [markdown]
# <details><summary>Symptom: my tail is a power of one number, and the check says no</summary>
#
# The chance to meet depends on where the *pair* stands. A pair of states is a state, too: of which chain?
#
# </details>
# <details><summary>Symptom: right from some time on, shifted; or wrong at t = 1 already</summary>
#
# Which pair is compared first, and what has each of the two done by then? They cannot meet before t = 1.
#
# </details>
# <details><summary>Symptom: the tail is right, rate or mean is not</summary>
#
# Keep only moves from pairs that are apart to pairs that are apart, in a matrix. How do its powers behave in the long
# run? And what is the sum of all of them?
#
# </details>

# %% [markdown] solution_only="18_meeting_tail"
# **The chain of pairs.** Let T be the kernel of pairs, restricted to those that are apart: from (i, j) they meet with
# chance $1 - \mathrm{TV}(P_i, P_j)$, which is what its rows lack to one. With $\mu$ the law of $(X_1, Y_0)$ on pairs
# that are apart, $P(\tau > t) = \mu^\top T^{t-1} \mathbf 1$ for t from 1 on; the rate is T's largest eigenvalue in
# modulus, and $\mathbb E\,\tau = 1 + \mu^\top (I - T)^{-1} \mathbf 1$.
#
# **The predictions.** For two states $|1 - a - b|$, which is the second eigenvalue; TV of the two rows is just that, from
# (0, 1) and from (1, 0) alike. For more states it is another number, never smaller: if it were, the bound below would
# make a single chain forget faster than its eigenvalue allows.
#
# **The bound.** $\mathrm{TV}(Y_t, \pi) \le \sum_{j \ge t} P(X_{j+1} \ne Y_j)$, by the triangle inequality along
# $Y_t, Y_{t+1}, \dots$, since $X_{j+1}$ has the law of $Y_{j+1}$. The single term is none: a chain that hardly moves is
# near to where it was a step before, and may be far from where it will be.

# %% [markdown]
# ## 5. What the ELBO's gradient lacks
#
# *Difficulty* 4/5 · *Importance* 5/5 · 45 minutes
#
# The fan: $z_1, \dots, z_d \sim N(0, 1)$, and $x \mid z \sim N(\theta \sum_i z_i, 1)$. Given x the latents depend on
# each other, and q factorizes. Return three slopes in $\theta$, for every datum, $(*B)$ each:
#
# - **exact**: of $\log p_\theta(x)$;
# - **elbo**: of the ELBO, at the q that is best for it among factorized Gaussians, given this x (with q held fixed);
# - **chain**: the mean of $\partial_\theta \log p_\theta(x, z)$, where z began as a draw from that q and then went through
#   `sweeps` sweeps of a Gibbs sampler. A sweep draws $z_1, z_2, \dots, z_d$ in this order, each from its law given x and
#   the present values of all others.
#
# $\theta$ has either sign, and may be 0, 0.01 or 10. d is 1 to 12. Nothing is drawn: all three have exact values.
#
# **Predict**: does the bias of the ELBO's slope depend on x? Which sign has it: does the ELBO want a larger or a smaller
# $|\theta|$ than the likelihood? By which factor does a sweep shrink it, for d = 2?

# %% exercise="18_fan_slopes"
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    """The slope in theta of log p(x), of the ELBO at the best factorized q, and on average after so many Gibbs sweeps from it.

    x: (*B). Each result: (*B).
    """
    ### BEGIN SOLUTION
    precision = torch.eye(dim, dtype=torch.float64) + theta**2
    posterior, u = torch.linalg.inv(precision), 1 + dim * theta**2
    mean = dim * theta * x / u                                                              # of the sum, right in all three

    def slope(covariance):
        return mean * x - theta * (mean**2 + covariance.sum())

    factorized = torch.diag(1 / precision.diagonal())
    lower = torch.tril(precision)
    carried = torch.linalg.matrix_power(-torch.linalg.solve(lower, precision - lower), sweeps)
    swept = posterior + carried @ (factorized - posterior) @ carried.T
    return slope(posterior), slope(factorized), slope(swept)
    ### END SOLUTION


# %% check="18_fan_slopes"
check("18_fan_slopes", fan_slopes)

# %% [markdown]
# **The bias, and what a sweep leaves of it.** At $\theta = 1$, for one datum and for another.

# %%
with when_written():
    x = torch.tensor([0.5, 3.0], dtype=torch.float64)
    for dim in (1, 2, 3, 6):
        exact, bound, _ = fan_slopes(1.0, x, dim, 0)
        left = [float((fan_slopes(1.0, x, dim, sweeps)[2] - exact)[0]) for sweeps in (1, 2, 3)]
        print(f"d = {dim}   bias of the ELBO {[round(float(b), 4) for b in torch.as_tensor(bound) - exact]}"
              f"   after 1, 2, 3 sweeps {[f'{value:.5f}' for value in left]}")

# %% [markdown]
# <details><summary>Symptom: the exact slope is off</summary>
#
# The evidence is a Gaussian in x, and $\theta$ stands in its variance. Differentiate both of its terms.
#
# </details>
# <details><summary>Symptom: my slope of the ELBO is the exact one, or off by a constant</summary>
#
# It is the mean of $\partial_\theta \log p(x, z)$ under q. That needs the mean of the *square* of the sum of the
# latents. q has the right means; what does it make of the variance of the sum?
#
# </details>
# <details><summary>Symptom: the chain's slope is wrong after one sweep already, for d above one</summary>
#
# A sweep is linear, plus noise: follow how far z is from its posterior mean, and how that moves a covariance. The
# posterior itself must stay as it is. Take care which values are new and which are old.
#
# </details>

# %% [markdown] solution_only="18_fan_slopes"
# **Means and variances.** $\partial_\theta \log p(x, z) = s\,(x - \theta s)$ with $s = \sum_i z_i$. All three have the
# right mean of s, $d\,\theta x / u$ with $u = 1 + d\,\theta^2$. They differ in Var(s): exact $d / u$, factorized
# $d / (1 + \theta^2)$. So the ELBO's bias is $-\theta d\,[1/(1 + \theta^2) - 1/u]$.
#
# **A sweep.** With the precision cut into its lower triangle L (diagonal included) and the rest U, the deviation from the
# posterior mean is carried by $A = -L^{-1} U$, and so $V_n - V = A^n (V_0 - V) (A^n)^\top$.
#
# **The predictions.** The bias is the same for every x, and pulls towards zero: this q sees too much noise in the causes.
# For d = 2, A has the eigenvalues 0 and $\rho = r^2$, with $r = \theta^2/(1+\theta^2)$. From the second sweep on each
# leaves $\rho^2 = r^4$ of the bias. The first turns its sign, and leaves $r^3 (1 - r)/2$ of it: less than the others if
# $\theta^2 > 1/2$, and more if it is below.

# %% [markdown]
# ## 6. Best: the price of no bias
#
# *Difficulty* 5/5 · *Importance* 4/5 · 60 minutes
#
# A burn-in k costs moves, and makes $H_k$ quieter. How much quieter? Return for k = 0, ..., `last`, $(\text{last} + 1)$
# each,
#
# - the **variance** of $H_k$, over everything that is random in a run,
# - its mean **cost**, counted as in exercise 3 (with m = k),
#
# exactly. Two chains move by `kernel`, $(S, S, S, S)$: `kernel[x, y, a, b]` is the chance that a pair at (x, y) goes to
# (a, b). It may belong to any coupling under which chains that have met stay together; P is not given beside it. `start`
# is the law of $X_0$ and of $Y_0$, `h`, $(S)$, the values of h. S is 2 to 5.
#
# **Predict**: to what does the variance fall as k grows? Which k makes *variance times mean cost* least, if chains meet
# after ten moves or so: 0, ten, or a hundred?

# %% exercise="18_burn_in"
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    """The variance of H_k and its mean cost, for k = 0, ..., last, (last + 1) each.

    kernel: (S, S, S, S), of pairs. start, h: (S).
    """
    ### BEGIN SOLUTION
    size = len(h)
    P = kernel.sum(3)[:, 0]
    apart = 1 - torch.eye(size, dtype=h.dtype).flatten()
    moves = kernel.reshape(size**2, size**2) * apart * apart[:, None]
    gap, ahead = (h[:, None] - h).flatten(), h[:, None].expand(size, size).flatten()
    system = torch.eye(size**2, dtype=h.dtype) - moves
    mean = torch.linalg.solve(system, moves @ gap)                                          # of all differences to come
    square = torch.linalg.solve(system, moves @ (gap**2 + 2 * gap * mean))
    pair = torch.outer(start @ P, start).flatten() * apart                                  # (X_1, Y_0), apart
    waiting = 1 + pair @ torch.linalg.solve(system, apart)                                  # the mean of tau

    with_own = [(apart * v).reshape(size, size) @ start for v in (gap + mean, gap**2 + 2 * gap * mean + square)]
    first = start @ (h + P @ with_own[0])
    variances = [start @ (h**2 + 2 * h * (P @ with_own[0]) + P @ with_own[1]) - first**2]
    costs, single = [2 * waiting - 1], start
    met = torch.zeros((), dtype=h.dtype)                                                    # P(tau <= k - 1)
    for _ in range(last):
        single = single @ P
        total = single @ h + pair @ mean
        variances.append(single @ h**2 + pair @ (2 * ahead * mean + square) - total**2)
        costs.append(costs[-1] + met)
        met, pair = 1 - pair.sum(), pair @ moves
    return torch.stack(variances), torch.stack(costs)
    ### END SOLUTION


# %% check="18_burn_in"
check("18_burn_in", variance_and_cost)

# %% [markdown]
# **The best burn-in.** A slow chain on five states, begun anywhere. First your predictions against 4000 runs; then
# variance and cost over k, and their product.

# %%
with when_written():
    P, start, h = random_chain(5, seed=6, stay=0.8), torch.full((5,), 0.2, dtype=torch.float64), torch.arange(5.0).double()
    kernel = torch.stack([torch.stack([torch.as_tensor(two_couplings(P[x], P[y])[0]) for y in range(5)]) for x in range(5)])
    variance, cost = (torch.as_tensor(part) for part in variance_and_cost(kernel, start, h, 60))
    paths = coupled_paths(P, start, 4000, 20, kernel, seeded(0))
    for k in (0, 5, 20):
        taus = paths.meeting.tolist()
        runs = [unbiased_estimate(h[paths.ahead[: max(tau, k) + 1, r]], h[paths.behind[:tau, r]], k, k) for r, tau in enumerate(taus)]
        value, moves = (torch.tensor([float(run[i]) for run in runs], dtype=torch.float64) for i in (0, 1))
        error = (value - value.mean()).square().std() / 4000**0.5
        print(f"k = {k:2d}   variance predicted {variance[k]:.3f}, measured {value.var():.3f} ± {error:.3f}"
              f"   cost predicted {cost[k]:.2f}, measured {moves.mean():.2f} ± {moves.std() / 4000**0.5:.2f}")
    floor = float(stationary(P) @ h**2 - (stationary(P) @ h) ** 2)
    print("best k:", int((variance * cost).argmin()), "  variance beside the stationary one:", round(float(variance[(variance * cost).argmin()]) / floor, 3))
    show(targets.price(variance, cost, floor), alt="Variance, cost and their product over the burn-in k, on a logarithmic axis; a ring where the product is least")

# %% [markdown]
# <details><summary>Symptom: my variance is too small</summary>
#
# $H_k$ is $h(X_k)$ plus a sum of random length. Its square has the square of that sum in it, and the sum depends on
# $X_k$.
#
# </details>
# <details><summary>Symptom: I cannot see how to square a sum of random length</summary>
#
# Let M(i, j) be the mean of all differences still to come from a pair at (i, j), and W(i, j) the mean of the square of
# their sum. Move the pair by one step: what equation does M satisfy, and what W?
#
# </details>
# <details><summary>Symptom: right for every k but k = 0</summary>
#
# At k = 0 the first correction is at $(X_1, Y_0)$, and $X_1$ comes from $X_0$ by a move alone. At k = 1 that pair is
# where you begin.
#
# </details>

# %% [markdown] solution_only="18_burn_in"
# **First and second moments.** With T as in exercise 4 and d = h(x) - h(y) on pairs,
# $M = T(d + M)$ and $W = T(d^2 + 2 d M + W)$: two linear systems. For k from 1 on,
# $\mathbb E H_k^2 = \mathbb E\,h(X_k)^2 + \mathbb E[2 h(X_k) M + W]$, the second mean over pairs $(X_k, Y_{k-1})$ that are
# apart. At k = 0 the first difference is still to come, over one draw of $X_1$ from $X_0$.
#
# **The cost.** $\mathbb E[\max(\tau, k)] + \mathbb E\,\tau - 1$, and
# $\mathbb E \max(\tau, k) = \mathbb E\,\tau + \sum_{t < k} P(\tau \le t)$.
#
# **The predictions.** The variance falls to that of h under the stationary law, as fast as the tail. The best k is where
# one more move takes as large a share off the variance as it adds to the cost: here, where most pairs have met.

# %% [markdown]
# ## 7. When does it pay to have no bias?
#
# *Difficulty* 4/5 · *Importance* 4/5 · 45 minutes
#
# One datum, and a latent z with S states. `log_joint`, $(S)$, is $\log p_\theta(x, z)$; `slope`, $(S)$, its slope in
# $\theta$; `q`, $(S)$, a recognition net's probabilities. Three ways to the slope of $\log p_\theta(x)$:
#
# - **exact**, as in the E-step of EM: a sum over all states;
# - **ELBO**: average `slope` over N draws from q;
# - **coupled chains**: Metropolis-Hastings, *one* offer from q in each move, the same for both chains, and one uniform
#   for both. Both begin with a draw from q. Average $H_0$ over as many runs as N draws from q allow, in the mean.
#
# Cost is the number of draws from q, offers and the two starts. Return five numbers: the **exact** slope; the ELBO's
# **bias**, and the **variance** of a single draw of its; $H_0$'s **work**, variance times mean cost; and the number of
# **draws** N at which the mean squared errors of the second and third way are equal (not rounded).
#
# A state may have no chance under the posterior, with a log joint of minus infinity (a chain that begins there accepts
# whatever it is offered). q is positive; log joints may be -2000.
#
# **Predict**: as N grows, which of the two wins? What does q do to both, if it comes nearer to the posterior?

# %% exercise="18_break_even"
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The exact slope; the ELBO's bias and the variance of one draw; variance times cost of H_0; and where the errors are equal.

    log_joint, slope, q: (S).
    """
    ### BEGIN SOLUTION
    size = len(q)
    exact, mean = log_joint.softmax(0) @ slope, q @ slope
    bias, variance = mean - exact, q @ slope**2 - mean**2
    log_w = log_joint - q.log()
    here = torch.eye(size, dtype=q.dtype)
    kernel = torch.zeros((size,) * 4, dtype=q.dtype)
    for x in range(size):
        for y in range(size):
            one, other = (torch.where(log_w[at].isneginf(), here[0] * 0 + 1, (log_w - log_w[at]).clamp_max(0).exp()) for at in (x, y))
            both = torch.minimum(one, other)
            kernel[x, y] += torch.diag(q * both)
            kernel[x, y, :, y] += q * (one - both)
            kernel[x, y, x, :] += q * (other - both)
            kernel[x, y, x, y] += q @ (1 - torch.maximum(one, other))
    noise, cost = variance_and_cost(kernel, q, slope, 0)
    tau = (torch.as_tensor(cost)[0] + 1) / 2
    work = torch.as_tensor(noise)[0] * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2
    ### END SOLUTION


# %% check="18_break_even"
check("18_break_even", break_even)

# %% [markdown]
# **From a poor q to a good one.** q moves from uniform to the posterior.

# %%
with when_written():
    log_joint, slope = 2 * normals(6, seed=3), normals(6, seed=5) + 1
    posterior = log_joint.softmax(0)
    for share in (0.0, 0.5, 0.8, 0.95):
        q = share * posterior + (1 - share) / 6
        exact, bias, variance, work, draws = (float(part) for part in break_even(log_joint, slope, q))
        print(f"share {share:.2f}   exact {exact:.3f}   bias {bias:+.3f}   variance {variance:.3f}   work {work:.3f}   equal at N = {draws:.0f}")

# %% [markdown]
# <details><summary>Symptom: the work is off, and the first three are right</summary>
#
# Offers come from q wherever a chain stands: what does Hastings's ratio become? And both chains have one offer: from two
# states, in which cases do they meet?
#
# </details>
# <details><summary>Symptom: the variance of the runs is right, the cost is not</summary>
#
# Two starts, then one draw for each move, whether it moves one chain or two. How many moves until they have met?
#
# </details>
# <details><summary>Symptom: only the number of draws is off</summary>
#
# Mean squared error is variance plus the square of bias. N draws make N draws of the second way, and fewer runs of the
# third. Set the two errors equal.
#
# </details>

# %% [markdown] solution_only="18_break_even"
# **The parts.** The slope is the posterior mean of `slope` (Fisher's identity); the ELBO's is the mean under q. The
# chain's kernel: with $w = p(x, z) / q(z)$ the offer i is accepted from x with $\min(1, w_i / w_x)$; both accept, and
# meet, with the smaller of the two. Cost $2 + \mathbb E\,\tau$. Equal errors:
# $b^2 + v/N = V C / N$, so $N = (V C - v) / b^2$.
#
# **The predictions.** Beyond N the bias, which no draw takes away, loses to a variance that falls with 1/N. As q comes
# nearer to the posterior both gain, but the bias falls faster than the work: N grows. With the posterior for q
# there is nothing to gain.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Three people, each with a chain *of their own*, have coupled it with itself. One used the **maximal** coupling of
# exercise 1, one the **common uniform**; and one made a mistake. They have the right overlap on the diagonal, and where
# the two do not meet they draw i from what is left of p, as one should, but j from *all of q*. The second chain is not
# what it should be: **wrong marginal**. You are not told who.
#
# `moves`, $(3, S, S)$, has the transition matrix of each, person by person, S 3 or 4. `pair`, $(3, 2)$, has the two
# different states from which that person began (both chains at once, without a lag). Of 10,000 runs, `apart`, $(3, 6)$,
# counts those that had not met *by* step 1, 2, ..., 6. Return the names `"maximal"`, `"common uniform"`,
# `"wrong marginal"` in the order of the persons.
#
# The evidence is enough: for each of the chains, any two of the three couplings would give counts at least six standard
# errors apart, at one of the steps or more. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict**: for *one* chain and one pair, whose pairs meet soonest in the first step? Is it a virtue?

# %% exercise="18_sealed_case"
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    """Which coupling is "maximal", which "common uniform", and which "wrong marginal", in the order of the persons.

    moves: (3, S, S). pair: (3, 2), states. apart: (3, 6), of 10,000 runs, those not met by steps 1 to 6.
    """
    ### BEGIN SOLUTION
    names, runs = ("maximal", "common uniform", "wrong marginal"), 10_000
    score = torch.zeros(3, 3, dtype=torch.float64)
    for person in range(3):
        P = moves[person].double()
        size = len(P)
        for place, name in enumerate(names):
            kernel = torch.zeros((size,) * 4, dtype=torch.float64)
            for a in range(size):
                for b in range(size):
                    p, q = P[a], P[b]
                    overlap = torch.minimum(p, q)
                    wrong = torch.diag(overlap) + torch.outer(p - overlap, q)
                    kernel[a, b] = wrong if name == "wrong marginal" else two_couplings(p, q)[place]
            off = 1 - torch.eye(size, dtype=torch.float64)
            law = torch.zeros(size, size, dtype=torch.float64)
            law[int(pair[person, 0]), int(pair[person, 1])] = 1
            for step in range(apart.shape[1]):
                law = torch.einsum("ab,abcd->cd", law, kernel) * off
                chance = law.sum()
                spread = (chance * (1 - chance) / runs).clamp_min(1e-9)
                score[person, place] += (apart[person, step] / runs - chance) ** 2 / spread
    orders = [(a, b, c) for a in range(3) for b in range(3) for c in range(3) if len({a, b, c}) == 3]
    best = min(orders, key=lambda order: float(sum(score[i, order[i]] for i in range(3))))
    return [names[place] for place in best]
    ### END SOLUTION


# %% check="18_sealed_case"
check("18_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first,
# then open.

# %%
with when_written():
    case = sealed_case("18_sealed_case", seed=1)
    for letter, pair, counts in zip("ABC", case.given["pair"], case.given["apart"], strict=True):
        print(f"{letter}: from {tuple(int(state) for state in pair)}, apart after 1 to 6 steps: {[int(count) for count in counts]}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I sort the persons by how soon they meet, and am right by chance alone</summary>
#
# Each has a chain of their own: some are slow under any coupling. What would *their* chain give, under each of the three?
#
# </details>
# <details><summary>Symptom: the first step is not enough to tell two persons apart</summary>
#
# The pair that is left after one step is not the pair they began from. Follow it for all six steps, as in exercise 4.
#
# </details>
# <details><summary>Symptom: a few cases in forty go wrong</summary>
#
# Count in standard errors, not in runs, and use every step. Each name is given once: choose the best of the six orders.
#
# </details>

# %% [markdown] solution_only="18_sealed_case"
# **Three kernels.** Each coupling makes a chain of pairs, and each of these an exact survival for each person's chain.
# Nine numbers say how far each person's counts are from each; the best of six orders is the answer.
#
# **The prediction.** The wrong one meets soonest: besides the overlap it meets by accident, when j, drawn from all of q,
# falls on i. More often than 1 - TV is impossible for a coupling: who meets more often has a marginal wrong. It is a
# test that needs no theory beyond exercise 1.

# %% [markdown]
# ## 9. In words: four claims about gradients without bias
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) We ran a single chain for 50 steps from q and used the last state. After so many steps the gradient
# is unbiased. (2) We watched how many of our pairs were apart at step t, and it was 1 in 150; so the law of the chain at
# t is within 1 in 150 of the posterior. (3) To save work we stopped pairs that had not met after 100 moves and left them
# out of the average. (4) The estimate of coupled chains has no bias and the ELBO's has, so at any budget it is the
# better gradient." For each claim write two or three sentences: what is right about it, what is not, and what you would
# measure to decide. Then one sentence: in which case would you *not* use coupled chains at all, and why?

# %% [markdown] written="18_written"
# (1) The bias falls with every step, at a rate that is the chain's, and after 50 it may be small; it is never zero. How
# small depends on how far q is from the posterior and how fast the chain forgets. Measure: on a model with an exact
# gradient, the mean over many runs at 25, 50, 100 steps, with standard errors.
#
# (2) That P(X_{t+1} != Y_t) is small only says that the law moves little in a step. A slow chain has a small term and may
# be far from its target. What bounds the distance is the sum of all such terms from t on, so the tail has to be followed
# to its end. Measure: the sum, from runs that all met; or TV itself where the space is finite.
#
# (3) Leaving out runs by how long they took selects runs, and brings a bias back: those that took long are the ones with
# large corrections. Cutting their sum would bias it, too. Measure: which share was left out, and compare with a larger
# limit; better, make the chains meet sooner, by more proposals or a better q.
#
# (4) Mean squared error is variance plus squared bias. With few draws the ELBO's small variance wins; beyond
# N = (V C - v) / b^2 the unbiased estimate does. Measure b, v, V and C on a model where the exact gradient is known.
#
# I would not use them where the weights p / q are unbounded with heavy tails: meetings then take very long at times, and
# the variance may be infinite.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is missing or
# wrong (once).
#
# - 0.5: claim 1. Bias falls (geometrically) but is there after any fixed number of steps; it depends on start and chain. A
#   measurement against an exact answer, or two lengths compared. Without a measurement: 0.25.
# - 0.5: claim 2. The single term is no bound; the sum over all later times is. A slow (or lazy) chain as counterexample is
#   as good as the formula. Only "it is one estimate with an error": 0.
# - 0.5: claim 3. Selection by tau is a bias. That the share may be negligible, if measured, is accepted as what is right
#   about it. Accept: it should have raised an error.
# - 0.5: claim 4. Bias and variance both count, and a budget decides; a formula or a clear statement of both ends. Only "no
#   bias is always better in the end" with the word end explained: 0.25.
# - Last sentence: heavy tails of p / q or of the meeting time, the exact gradient at hand (a finite sum, EM), a q near the
#   posterior, or a budget too small. Accept any with its reason.
# === END MARK SCHEME ===
