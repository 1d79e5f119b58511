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

# %% [markdown] locked="04_header"
# # Problem set 04: EM and mean field
#
# Two algorithms that climb without a step size, and the question that their users seldom ask: how fast? By the end you
# will have
#
# - written the E-step of any mixture so that no density is too small for it,
# - derived an M-step that no book has, with data that are cut off,
# - predicted, to six digits, how fast EM will converge, from what the labels would have told,
# - seen mean field for what it is on a Gaussian, an old way to solve linear equations, and known when it diverges,
# - derived mean field for a regression whose noise is unknown, down to the last constant of its bound,
# - taken a step that does not care how a Gaussian is written down, from an ordinary gradient,
# - told beforehand, to the step, when EM will be done,
# - told three programs apart by what they leave.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the lecture](../../lectures/04_em_and_mean_field.ipynb). Exercise 2 uses 1; 7 is quicker with 3 done; the others stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh inputs and
# compares numbers; chance has no say in any of them. If something is off, the report says what came, what was expected,
# and which mistake it looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** A mixture has clusters $c = 1..C$ with weights $\pi_c$; $r_{nc} = p(c \mid x_n)$ are the
# responsibilities, $(N, C)$, and $F(q, \theta) = \mathbb E_q[\log p_\theta(x, z) - \log q(z)]$ is what both steps climb.
# $\Lambda$ is a precision matrix. A Gamma distribution is given by shape and *rate*.

# %% locked="04_setup"
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_04 import targets
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. Responsibilities without underflow
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# The E-step of every mixture is Bayes' rule for a label. On paper it is a line; on a picture of 784 pixels each density is
# about $e^{-200}$, on a minute of sound $e^{-20000}$, and a computer's zero divided by zero is what comes out. Write it so
# that nothing like that happens, wherever the densities lie.
#
# You get `log_weights`, $(C)$, the logarithms of the weights **up to a common constant**: they need not sum to one, and
# you are to use them as if they did. And `log_density`, $(*B, C)$: $\log p(x \mid c)$ for each datum, of any number of
# axes or none. Return `(log_r, log_p)`: the logarithms of the responsibilities, $(*B, C)$, and the log evidence of each
# datum, $(*B)$.
#
# A cluster may have no weight at all, and a cluster may be unable to have made a datum: both are told by a logarithm of
# $-\infty$, and there $\log r$ is $-\infty$, too. Each datum has one cluster with weight at least that can have made it. Logarithms go from
# $-20\,000$ to 1,000, and the cluster nearest to a datum may have a weight of $e^{-2500}$, or none.

# %% exercise="04_responsibilities"
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    """The logarithms of the responsibilities, (*B, C), and of the evidence, (*B).

    log_weights: (C), up to a common constant. log_density: (*B, C), log p(x | c).
    """
    ### BEGIN SOLUTION
    log_joint = log_weights.log_softmax(0) + log_density
    return log_joint.log_softmax(-1), log_joint.logsumexp(-1)
    ### END SOLUTION


# %% check="04_responsibilities"
check("04_responsibilities", responsibilities)

# %% [markdown]
# **What is at stake.** The same three data under two clusters, moved away from both step by step: the naive quotient, and
# yours.

# %%
with when_written():
    weights = torch.tensor([0.3, 0.7], dtype=torch.float64)
    apart = torch.tensor([[0.0, -2.0], [-1.0, -1.5], [-3.0, 0.0]], dtype=torch.float64)
    for distance in (0.0, 700.0, 800.0, 20_000.0):
        naive = weights * (apart - distance).exp()
        naive = (naive / naive.sum(-1, keepdim=True))[:, 0]
        log_r, log_p = responsibilities(weights.log(), apart - distance)
        ours = torch.as_tensor(log_r)[:, 0].exp()
        print(f"{distance:8.0f} nats away: naive {naive.tolist()}, yours {[round(v, 4) for v in ours.tolist()]}, log p {float(log_p[0]):.2f}")

# %% [markdown]
# <details><summary>Symptom: NaN in the part about data far away</summary>
#
# `exp` of -800 is zero in double precision, and `exp` of 800 is infinite. Which number may you take out of a sum of
# exponentials, and put back after the logarithm?
#
# </details>
# <details><summary>Symptom: the responsibilities are right, the evidence is off by one and the same number</summary>
#
# A constant in the weights cancels in a quotient. It does not cancel in a sum. Normalize the weights first, in logs.
#
# </details>
# <details><summary>Symptom: far away fails in one row, or log r is -27.6 where it should be -3000</summary>
#
# Take out the largest term of each *datum*, not that of the array. And do not add a small number before the logarithm:
# $\log r = \log p(x, c) - \log p(x)$ needs no logarithm of $r$ at all.
#
# </details>

# %% [markdown] solution_only="04_responsibilities"
# **All of it in logs.** $\log\sum_c e^{a_c} = m + \log \sum_c e^{a_c - m}$ for any $m$; with $m = \max_c a_c$ the largest
# term is one, so the sum neither under- nor overflows. `logsumexp` does that, for each row by itself, and `log_softmax`
# subtracts it. Minus infinity passes through: $e^{-\infty} = 0$ adds nothing.
#
# **Why log r and not r.** A responsibility of $e^{-3000}$ is zero for every purpose but one: its logarithm times
# something, as in $F$. $F$ needs $r \log r$, which is zero there, and not the NaN of $0 \cdot (-\infty)$: `torch.special.entr`.

# %% [markdown]
# ## 2. An M-step of your own
#
# *Difficulty* 3/5 · *Importance* 4/5 · 30 minutes
#
# A machine is tried until it works for the first time. Tries are independent, each a success with probability $p_c$, where
# $c$ is the machine's hidden type. For machine $n$ you know $x_n$, its failures so far, $0, 1, 2, \dots$, and whether the
# run is **over**: $o_n = 1$ if the next try was the success; $o_n = 0$ if nobody has tried again since the last failure.
# (When people stop has nothing to do with the type.)
#
# The E-step has given you responsibilities `r`, $(N, C)$, rows that sum to one. What weights $\pi$ and probabilities $p$ make
# $F$ largest now? Derive it, and return `(weights, p)`, $(C)$ each. Both lie in $[0, 1]$, ends included. Each cluster has
# some responsibility for some run that tells something, be it as little as $10^{-12}$.
# Small weights are asked to eight digits of their own, too.

# %% exercise="04_geometric_m_step"
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    """The weights and success probabilities, (C) each, at which F is largest for given responsibilities.

    r: (N, C), rows that sum to one. x: (N), failures so far. over: (N), 1 where the success has come, 0 where it has not.
    """
    ### BEGIN SOLUTION
    successes, failures = over @ r, x @ r
    return r.mean(0), successes / (successes + failures)
    ### END SOLUTION


# %% check="04_geometric_m_step"
check("04_geometric_m_step", geometric_m_step)

# %% [markdown]
# **EM, whole.** With your two functions, on 300 machines of two types, of which each is watched for twelve tries at most.
# **Predict** before you run it: how many of the type that fails often are cut off? And what would $p$ come out as if those runs
# were left out?

# %%
with when_written():
    truth = torch.where(torch.rand(300, generator=seeded(0)) < 0.4, 0.06, 0.45).double()
    runs = torch.floor(torch.rand(300, generator=seeded(1), dtype=torch.float64).log() / (1 - truth).log())
    over, x = (runs < 12).double(), runs.clamp_max(12)
    for name, kept in (("all runs", over >= 0), ("finished runs alone", over == 1)):
        weights, p = torch.tensor([0.5, 0.5]).double(), torch.tensor([0.1, 0.6]).double()
        log_evidence = []
        for _ in range(500):
            log_density = over[kept, None] * p.log() + x[kept, None] * (-p).log1p()
            log_r, log_p = responsibilities(weights.log(), log_density)
            log_evidence.append(float(torch.as_tensor(log_p).sum()))
            weights, p = (torch.as_tensor(v) for v in geometric_m_step(torch.as_tensor(log_r).exp(), x[kept], over[kept]))
        climbs = all(b >= a - 1e-9 for a, b in zip(log_evidence, log_evidence[1:], strict=False))
        print(f"{name:20s} weights {weights.tolist()}, p {p.tolist()}, log p never fell: {climbs}")
    print(f"truth                weights [0.4, 0.6], p [0.06, 0.45]; {int((over == 0).sum())} of 300 runs cut off")

# %% [markdown]
# <details><summary>Symptom: p is too large wherever a run is not over</summary>
#
# What is the probability of "x failures, and then we stopped looking"? It has no success in it.
#
# </details>
# <details><summary>Symptom: the weights are off, p is right</summary>
#
# $\sum_n \sum_c r_{nc} \log \pi_c$, with the weights summing to one. A run that is not over has a type, too. So has one of
# which nothing is known.
#
# </details>
# <details><summary>Symptom: I do not know where to begin</summary>
#
# Write $\log p(x_n, o_n \mid c) = o_n \log p_c + x_n \log(1 - p_c)$, weigh it with $r_{nc}$, and add it up over $n$. That is
# the log-likelihood of a coin, with $\sum_n r_{nc} o_n$ heads.
#
# </details>

# %% [markdown] solution_only="04_geometric_m_step"
# **A coin for each cluster.** $\sum_n r_{nc} [o_n \log p_c + x_n \log(1 - p_c)] = S_c \log p_c + T_c \log(1 - p_c)$, with
# expected successes $S_c$ and expected failures $T_c$; its top is $p_c = S_c / (S_c + T_c)$: expected successes over expected
# trials. The M-step matches moments, as in every exponential family, with *counts of tries* for the number of data.
#
# **Cut-off runs are not missing at random.** Only long runs are cut off. Leave them out, and the sluggish machines look
# brisk: the second line of the table. Count them as finished, and each is given a success that it never had.

# %% [markdown]
# ## 3. S3: EM's rate, from the missing information
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# EM needs no step size, and takes its own time. Near a maximum $\theta^*$ its error shrinks by the same factor at each step, in
# the long run and from a start in general position:
#
# $$\frac{|\theta_{t+1} - \theta^*|}{|\theta_t - \theta^*|} \to \text{rate}.$$
#
# The factor can be known before a step is taken. The more the labels *would have told* about $\theta$, had they been seen, the
# slower EM is without them. Make that exact, for **any** mixture whose densities can be differentiated, and return the rate.
#
# You get `log_joint`, a function: `log_joint(theta, x)` is $\log p_\theta(x_n, c)$, $(N, C)$, for any $\theta$, $(P)$, and
# torch can differentiate it, as often as you like. `theta` is $\theta^*$, at a maximum of $\log p$ to all digits, and inside
# the space of parameters; no parameter is redundant. `x`, $(N)$, are the data. There is no M-step for you to call: it is enough to know what it
# maximizes. $P$ may be one. Parameters may come in units from 0.03 to 1,000 times the usual; rates go up to 0.9998, and the rate is 0 if
# every label is certain.
#
# **Predict**, on paper, before you begin: what is the rate if each datum tells its label beyond doubt? If all clusters
# are the same? Does it change if $\theta$ holds logarithms of rates and not rates?

# %% exercise="04_em_rate"
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    """The factor by which a step of EM shrinks the error of theta in the long run, a number.

    log_joint(theta, x) -> (N, C), log p(x_n, c). theta: (P), a maximum of the likelihood. x: (N).
    """
    ### BEGIN SOLUTION
    r = log_joint(theta, x).softmax(-1).detach()
    observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    missing = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
    return float(torch.linalg.eigvals(missing).real.max())
    ### END SOLUTION


# %% check="04_em_rate"
check("04_em_rate", em_rate)

# %% [markdown]
# **A notoriously slow case.** From 1910 to 1912 *The Times* printed notices of the death of 2,364 women over eighty: none on
# 162 days, nine on one. Since V. Hasselblad (JASA 1969) a mixture of two Poisson rates has been fitted to them, and EM takes
# its time. The next figure is EM's distance from the maximum, measured. Then comes your line; and numbers, among them how fast the gap of
# $\log p$ closes. **Predict**: is it faster or slower than $\theta$?

# %%
notices = targets.death_notices()
start = torch.tensor([0.0, math.log(1.5), math.log(2.5)], dtype=torch.float64)       # log(w_1 / w_2), log rates
show(targets.errors(notices, start, 2000), alt="The distance of EM from the maximum over 2,000 steps, on a log axis: a short bend, then a straight line that falls by less than a factor of ten in 500 steps.")

# %%
with when_written():
    there = targets.rest(notices)
    rate = float(em_rate(targets.poisson_mixture, there, notices))
    steps = targets.path(notices, start, 2000)
    errors = (steps - there).norm(dim=-1)
    log_p = torch.stack([targets.poisson_mixture(place, notices).logsumexp(-1).sum() for place in (there, steps[1500], steps[1501])])
    print(f"predicted {rate:.6f}   measured at step 1500 {errors[1501] / errors[1500]:.6f}")
    print(f"gap of log p: measured {(log_p[0] - log_p[2]) / (log_p[0] - log_p[1]):.6f}   (the rate squared is {rate**2:.6f})")
    show(targets.errors(notices, start, 2000, rate), alt="The same curve, with a line of your rate through its last point: after the bend they lie on each other.")

# %% [markdown]
# <details><summary>Symptom: zero, or nearly zero, whatever the data</summary>
#
# You have differentiated the same function twice. In the M-step the responsibilities are numbers, found beforehand. Do yours move with
# $\theta$ while you differentiate?
#
# </details>
# <details><summary>Symptom: right in one set of coordinates, wrong in another</summary>
#
# The matrix of a step is not symmetric, and its entries, its norm and `eigvalsh` change with the coordinates. What does not?
#
# </details>
# <details><summary>Symptom: I do not know where to begin</summary>
#
# $\theta_{t+1}$ is where $Q(\theta, \theta_t) = \sum_n \sum_c r_{nc}(\theta_t) \log p_\theta(x_n, c)$ has slope zero. Move
# $\theta_t$ a little, and ask by how much $\theta_{t+1}$ must move for the slope to stay zero. Two curvatures come up: of $Q$ with
# $r$ held fixed, $I_c$, and of $\log p$ of the data, $I_o$. Fisher's identity says that both functions have the same slope
# at $\theta_t$.
#
# </details>

# %% [markdown] solution_only="04_em_rate"
# **A step, linearized.** Write $g(\theta', \theta) = \nabla_{\theta'} Q(\theta', \theta)$. Then $g(\theta_{t+1}, \theta_t) = 0$, so
# $J = -(\partial_{\theta'} g)^{-1} \partial_\theta g$. The first is $-I_c$. And since $g(\theta, \theta) = \nabla \log p$
# for every $\theta$, the two derivatives add up to $-I_o$: $\partial_\theta g = I_c - I_o$, the information that is missing. So
# $J = I - I_c^{-1} I_o$, *the fraction of missing information*, and its largest eigenvalue is the rate
# (Dempster, Laird and Rubin, 1977).
#
# **Coordinates.** At a maximum both slopes vanish, so under new coordinates both matrices turn by the same Jacobian from both sides,
# and $J$ becomes similar to itself.
#
# **The gap** is $\tfrac12 \delta^\top I_o\, \delta$, quadratic in the error: it closes by the square of the rate. A
# program that stops when $\log p$ gains less than $10^{-6}$ a step is not within $10^{-6}$ of the top: here what is left to gain
# is $1/(1 - 0.99135) = 116$ times the gain of a step.

# %% [markdown]
# ## 4. How fast is mean field?
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# The posterior is a Gaussian with precision matrix $\Lambda$, $(D, D)$, and $q$ factorizes over its coordinates. CAVI sets each
# factor to its best given the others. The variances are right after one update and never move again. The means go on moving,
# and the question is how fast their error dies out: by what factor it shrinks in **one round** (each of the $D$ factors updated once),
# on average over many rounds and from a start in general position. Return three numbers:
#
# 1. the factor if coordinates are updated **in turn**, 1 to $D$, each using the newest means of the others;
# 2. the factor if all are updated **at once**, as on a parallel machine, each using the others' means of the round before; it may
#    exceed one: then the error grows by it;
# 3. the **limit**: if all move at once, but only a share $\rho > 0$ of the way, from $m_i$ to $(1 - \rho)\, m_i + \rho\, m_i^{\text{new}}$,
#    the error dies out for $\rho$ below some number, and not above it. That number, be it above one or below.

# %% exercise="04_cavi_rates"
def cavi_rates(precision: Tensor) -> Tensor:
    """(factor of a round in turn, factor of a round at once, limit of the share rho), (3,).

    precision: (D, D), of the Gaussian that mean field is fitted to; symmetric and positive definite, with any diagonal.
    """
    ### BEGIN SOLUTION
    in_turn = torch.linalg.solve_triangular(precision.tril(), precision.triu(1), upper=False)
    scale = precision.diagonal().sqrt()
    shares = torch.linalg.eigvalsh(precision / scale / scale[:, None])
    at_once = (1 - shares).abs().max()
    return torch.stack([torch.linalg.eigvals(in_turn).abs().max(), at_once, 2 / shares.max()])
    ### END SOLUTION


# %% check="04_cavi_rates"
check("04_cavi_rates", cavi_rates)

# %% [markdown]
# **Run both.** Four weights of a regression on features that all say nearly the same. **Predict** which of the two runs away. The
# dots are CAVI, run; then your factors come as lines.

# %%
alike = torch.full((4, 4), 0.55, dtype=torch.float64) + 0.45 * torch.eye(4, dtype=torch.float64)
scales = torch.tensor([1.0, 3.0, 0.5, 2.0], dtype=torch.float64)
alike = alike * scales * scales[:, None]
show(targets.rounds(alike), alt="Dots over 25 rounds on a log axis: in turn, the error of the means falls steeply; all at once, it grows.")

# %%
with when_written():
    found = [float(v) for v in cavi_rates(alike)]
    print(f"in turn {found[0]:.4f}, all at once {found[1]:.4f}, shares below {found[2]:.4f} converge")
    show(targets.rounds(alike, found), alt="The same dots, with a line through the last of each: after a few rounds the dots lie on the lines.")

# %% [markdown]
# <details><summary>Symptom: right for two coordinates, wrong for three or more</summary>
#
# For two, the square of the correlation is all there is to it. For more, write what a round does to the *vector* of errors as a
# matrix. What does the hundredth power of a matrix look like?
#
# </details>
# <details><summary>Symptom: wrong only where correlations are negative, or only for the share</summary>
#
# An eigenvalue of -0.9 is slower than one of 0.5. And under a share $\rho$, eigenvalue $v$ becomes $1 - \rho + \rho v$: for
# which $\rho$ are *all* of them between -1 and 1?
#
# </details>
# <details><summary>Symptom: I do not know where to begin</summary>
#
# The best mean given the others solves $\sum_j \Lambda_{ij} m_j = 0$ for $m_i$ (take the error for m). With $\Lambda = L + D + U$, lower, diagonal and upper part: which of them meets the old means, which the
# new ones? Two names from numerical algebra: Gauss and Seidel, Jacobi.
#
# </details>

# %% [markdown] solution_only="04_cavi_rates"
# **Mean field solves linear equations.** The update of $m_i$ is that of Gauss and Seidel for $\Lambda m = \Lambda \mu$. In turn,
# $(D + L)\, m' = -U m$, so a round is $-(D + L)^{-1} U$; at once it is $-D^{-1}(L + U) = I - D^{-1}\Lambda$. In the long run a
# power of a matrix grows by its largest eigenvalue *in size*.
#
# **In turn always converges**, for each update lowers the same convex function. At once it need not: every coordinate corrects
# the error that all others are just correcting, too. $D^{-1}\Lambda$ has positive eigenvalues $\lambda$, a round with a share is $I - \rho D^{-1}\Lambda$, and
# $|1 - \rho\lambda| < 1$ for all of them iff $\rho < 2/\lambda_{\max}$. Parallel and stochastic updates need short steps: exercise 6.

# %% [markdown]
# ## 5. Mean field for a regression with unknown noise
#
# *Difficulty* 5/5 · *Importance* 4/5 · 60 minutes
#
# $$w \sim N(0, \tfrac1\alpha I_D), \qquad \tau \sim \mathrm{Gamma}(a, b), \qquad y_n \mid w, \tau \sim N(f_n^\top w, \tfrac1\tau).$$
#
# The prior of $w$ does not know $\tau$: unlike the lecture's normal, this model is not conjugate, and its posterior has no name. Each
# factor of $q(w)\, q(\tau)$ has one, however. Nothing else is assumed of $q$: find out what families the two are.
#
# You know $\mathbb E \tau$ under the present $q(\tau)$, `mean_tau`. Do **one pass**: update $q(w)$, then $q(\tau)$ given the new
# $q(w)$. Return five things: mean $(D)$ and covariance $(D, D)$ of $q(w)$, shape and rate of $q(\tau)$, and the ELBO at these
# two factors, all of its constants included. $\alpha$ and `mean_tau` lie between $10^{-3}$ and 100, features may be as small as
# hundredths, and $D$ above $N$.

# %% exercise="04_regression_cavi"
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One pass of CAVI: (loc (D), covariance (D, D), shape, rate, elbo), the last three numbers.

    features: (N, D), rows f_n. y: (N). alpha: prior precision of each weight. shape, rate: of the prior of tau. mean_tau: E tau before.
    """
    ### BEGIN SOLUTION
    N, D = features.shape
    covariance = torch.linalg.inv(alpha * torch.eye(D).to(features) + mean_tau * features.mT @ features)
    loc = mean_tau * covariance @ features.mT @ y
    squares = (y - features @ loc).square().sum() + (features @ covariance * features).sum()
    a, b = torch.as_tensor(shape + N / 2).to(y), rate + squares / 2

    tau, log_tau, log_2pi = a / b, a.digamma() - b.log(), math.log(2 * math.pi)
    likelihood = N / 2 * (log_tau - log_2pi) - tau * squares / 2
    prior_w = D / 2 * (math.log(alpha) - log_2pi) - alpha / 2 * (loc.square().sum() + covariance.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + log_2pi) + covariance.logdet() / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return loc, covariance, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau
    ### END SOLUTION


# %% check="04_regression_cavi"
check("04_regression_cavi", regression_cavi)

# %% [markdown]
# **Against the truth.** Given $\tau$ the model is conjugate, so its evidence is an integral over one number, good to all
# digits on a grid. **Predict**: will the bound, at rest, be short of it by hundredths, tenths or whole nats? And will $q(\tau)$ be too wide or too
# narrow?

# %%
with when_written():
    features = torch.randn(15, 4, generator=seeded(0), dtype=torch.float64)
    y = features @ torch.tensor([1.0, -0.5, 0.0, 2.0]).double() + 0.7 * torch.randn(15, generator=seeded(1), dtype=torch.float64)
    alpha, shape, rate = 0.5, 1.5, 1.0

    log_tau = torch.linspace(-8, 6, 4001, dtype=torch.float64)
    marginal = torch.eye(15).double() / log_tau.exp()[:, None, None] + features @ features.mT / alpha       # of y given tau
    log_p = torch.distributions.MultivariateNormal(torch.zeros(15).double(), marginal).log_prob(y)
    log_p = log_p + torch.distributions.Gamma(torch.tensor(shape).double(), torch.tensor(rate).double()).log_prob(log_tau.exp()) + log_tau
    evidence = log_p.logsumexp(0) + math.log(14 / 4000)
    weight = log_p.softmax(0)
    mean = (weight * log_tau.exp()).sum()
    sd = ((weight * log_tau.exp().square()).sum() - mean**2).sqrt()

    mean_tau = shape / rate
    for step in range(12):
        loc, covariance, a, b, bound = regression_cavi(features, y, alpha, shape, rate, mean_tau)
        mean_tau = float(a) / float(b)
        print(f"pass {step + 1:2d}   ELBO {float(bound):.6f}   gap {float(evidence - bound):.6f}") if step in (0, 1, 2, 3, 11) else None
    print(f"log evidence {evidence:.6f};  tau: exact {mean:.3f} ± {sd:.3f},  q {mean_tau:.3f} ± {float(a) ** 0.5 / float(b):.3f}")

# %% [markdown]
# <details><summary>Symptom: q(w) is off by a factor</summary>
#
# Collect the terms of $\mathbb E_{q(\tau)} \log p(y, w, \tau)$ that hold $w$: which of them has $\tau$ before it? The prior of $w$, or
# the likelihood, or both?
#
# </details>
# <details><summary>Symptom: the rate of q(tau) is too small</summary>
#
# $\mathbb E_{q(w)} (y_n - f_n^\top w)^2$ is not $(y_n - f_n^\top \mathbb E w)^2$. What is missing? A variance, of what?
#
# </details>
# <details><summary>Symptom: all four parameters are right, the ELBO is not</summary>
#
# It has five parts: likelihood, two priors, two entropies. $\log \tau$ occurs in three of them, under its expectation,
# which is not $\log \mathbb E \tau$: it has a digamma function in it. Check one part at a time by sampling from $q$.
#
# </details>

# %% [markdown] solution_only="04_regression_cavi"
# **q(w).** In $w$, $\mathbb E_\tau \log p$ is $-\frac{\mathbb E\tau}{2} |y - F w|^2 - \frac\alpha2 |w|^2$: a Gaussian with precision
# $\alpha I + \mathbb E\tau\, F^\top F$. **q(tau).** In $\tau$ it is $(a + \frac N2 - 1) \log\tau - \tau\,(b + \frac12 \mathbb E_w |y - F w|^2)$: a
# Gamma. The expected squares are $|y - F m|^2 + \operatorname{tr}(F S F^\top)$. The weights add nothing to the shape, since
# their prior holds no $\tau$; in the conjugate model they add $D/2$.
#
# **The bound** after the update of $q(\tau)$ can be had shorter: $-\mathrm{KL}$ and likelihood in $\tau$ add up to the log of a ratio of Gamma normalizers,
# $\log\frac{\Gamma(a')}{\Gamma(a)} + a\log b - a' \log b'$, and what remains concerns $w$ alone.
#
# **At rest** it is short by the KL divergence of the product from the posterior, an eighth of a nat here, and $q(\tau)$ is a little too
# narrow: it does not know that $w$ would move if $\tau$ did.

# %% [markdown]
# ## 6. The natural-gradient step
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# An ordinary gradient depends on how $q$ is written down: halve the unit of $s$, and the step in $\log s$ stays, that in $s$
# changes. The natural gradient does not, and in an exponential family it comes for free. Derive its step for a Gaussian whose *ordinary*
# gradient you are given, from whatever model, conjugate or not.
#
# $q = N(m, s^2)$ in each coordinate, written as (`loc`, `log_scale`), $(*B)$ each, of any number of axes or none. Given are the slopes of the ELBO in `loc` and in
# `log_scale`, $(*B)$ each. Take a step of length $\rho$ **in the natural parameters** $\eta = \big(\tfrac{m}{s^2},\, -\tfrac{1}{2 s^2}\big)$:
#
# $$\eta' = \eta + \rho\, \mathcal I(\eta)^{-1} \nabla_\eta \mathcal L, \qquad \mathcal I \text{ the Fisher information of } q ,$$
#
# and return the Gaussian that it leads to, as (`loc`, `log_scale`). Any $\rho > 0$ may come, above one as well. If the step leads to a
# precision that is zero or negative anywhere, there is no such Gaussian: raise `ValueError`.
#
# Scales are between $10^{-3}$ and 30 or so, and slopes of either sign.

# %% exercise="04_natural_step"
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    """(loc, log_scale), (*B) each, after a step of length rho along the natural gradient, taken in the natural parameters.

    loc, log_scale: (*B). slope_loc, slope_log_scale: (*B), the gradient of the ELBO. Raises ValueError if a precision would be zero or negative.
    """
    ### BEGIN SOLUTION
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if not bool((precision > 0).all()):
        raise ValueError(f"rho is {rho}; expected a step that leaves every precision positive")
    return loc + rho * slope_loc / precision, -0.5 * precision.log()
    ### END SOLUTION


# %% check="04_natural_step"
check("04_natural_step", natural_step)

# %% [markdown]
# **Steps of one.** Three Gaussian targets with correlation, and one step of length one in *all* coordinates at once, again and again. **Predict**
# with your exercise 4 in mind: what will happen to the variances, and what to the means? The ELBO's slopes are exact here.

# %%
with when_written():
    for correlation in (0.3, 0.6):
        precision = torch.full((3, 3), correlation, dtype=torch.float64).fill_diagonal_(1.0) * 4
        for rho in (1.0, 0.6):
            loc, log_scale = torch.tensor([3.0, -1.0, 2.0]).double(), torch.tensor([1.0, -1.0, 0.0]).double()
            sizes = []
            for _ in range(30):
                slope_loc = -precision @ loc                                                   # the target's mean is zero
                slope_log_scale = 1 - precision.diagonal() * (2 * log_scale).exp()
                loc, log_scale = natural_step(loc, log_scale, slope_loc, slope_log_scale, rho)
                sizes.append(float(loc.norm()))
            print(f"correlation {correlation}, rho {rho}: variances {[round(v, 4) for v in (2 * log_scale).exp().tolist()]}, "
                  f"error of the means after 1, 10, 30 steps {sizes[0]:.2g}, {sizes[9]:.2g}, {sizes[29]:.2g}")

# %% [markdown]
# <details><summary>Symptom: my Fisher matrix is two by two and unpleasant</summary>
#
# You need not invert it. In an exponential family $\mathcal I(\eta) = \partial \mu / \partial \eta$, with the mean parameters
# $\mu = \mathbb E(z, z^2)$. What then is $\mathcal I^{-1} \nabla_\eta$?
#
# </details>
# <details><summary>Symptom: log_scale is right, loc is not</summary>
#
# Two things. The slope for $\mathbb E z$ is taken with $\mathbb E z^2$ held, and $s^2 = \mathbb E z^2 - (\mathbb E z)^2$. And
# $\eta_1$ is not the mean: divide by the *new* precision.
#
# </details>
# <details><summary>Symptom: the direction is right, the length is not</summary>
#
# $(s^2\, \partial_m,\ \tfrac12 \partial_{\log s})$ is the natural gradient in the coordinates (loc, log_scale). A step in those is
# another step, except if it is tiny. Which coordinates were asked for? In terms of the variance, the slope is
# $\partial_{s^2} \mathcal L = \partial_{\log s} \mathcal L / (2 s^2)$.
#
# </details>

# %% [markdown] solution_only="04_natural_step"
# **Mean parameters.** $\nabla_\eta = \mathcal I\, \nabla_\mu$ by the chain rule, so the natural gradient in $\eta$ is the plain gradient in
# $\mu = (m, m^2 + s^2)$. With $h = \partial_{\log s}\mathcal L / (2 s^2)$, the slope in the variance, $\partial_{\mu_1} = \partial_m - 2 m h$ and
# $\partial_{\mu_2} = h$. The second natural parameter gives $1/s'^2 = (1 - \rho\, \partial_{\log s}) / s^2$; in the first, the terms with $m h$ cancel
# against the change of the precision, and $m' = m + \rho\, s'^2\, \partial_m$ is left: with the *new* variance, a Newton step.
#
# **Step one on a Gaussian** sets each factor to its best given the others: CAVI, with all factors at once. So exercise 4 knows when it
# converges, and which $\rho$ mends it. At correlation 0.6 the means run away at $\rho = 1$ and come home at 0.6; the
# variances are right after one step of length one.
#
# **No such Gaussian.** With noisy slopes $\rho\,\partial_{\log s} \ge 1$ does happen: shorten the step.

# %% [markdown]
# ## 7. Six digits, and how many steps
#
# *Difficulty* 5/5 · *Importance* 3/5 · 45 minutes
#
# The rate says how fast EM is *in the long run*. It does not say when you may go home. EM now stands at `start`, $(P)$, near the maximum `theta`: so near that
# a step may be taken for linear. The gap $\log p_{\theta^*} - \log p_{\text{start}}$ is some small number. After how many steps is it **a millionth of that**, or
# less, for the first time? Return the whole number; it can be told exactly. (The check's places are none where rounding
# would decide. Gaps go down to $10^{-9}$: too small for differences of $\log p$. Rates go up to 0.9964, steps to 2,000, and of the gap as little as
# $10^{-9}$ may lie in the slowest direction.)
#
# As in exercise 3, `log_joint` is the mixture, and there is no M-step to call. **Predict**: two places have the same gap; from
# which of the two will it take longer?

# %% exercise="04_steps_to_go"
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    """The number of steps of EM after which the gap of log p is at most a millionth of what it is at start.

    log_joint(theta, x) -> (N, C), log p(x_n, c). theta: (P), the maximum. x: (N). start: (P), near theta.
    """
    ### BEGIN SOLUTION
    r = log_joint(theta, x).softmax(-1).detach()
    observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    step = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
    error, steps = start - theta, 0
    enough = 1e-6 * error @ observed @ error
    while error @ observed @ error > enough:
        error, steps = step @ error, steps + 1
    return steps
    ### END SOLUTION


# %% check="04_steps_to_go"
check("04_steps_to_go", steps_to_go)

# %% [markdown]
# **Your own data.** Put counts of your own into `counts`: goals a match, visitors an hour, words a sentence; a hundred at least, and more spread
# than one Poisson rate has (a variance above the mean). `near` is a guess at $\log(\pi_1 / \pi_2)$ and both log rates. EM is given 200
# steps; then you predict how many more to six digits, and it is run. With the death notices:

# %%
counts, near = notices, torch.tensor([-0.6, 0.2, 1.0], dtype=torch.float64)
with when_written():
    there = targets.rest(counts, near)
    stand = targets.path(counts, near, 200)[-1]
    predicted = int(steps_to_go(targets.poisson_mixture, there, counts, stand))
    places = targets.path(counts, stand, predicted + 20)
    log_p = torch.stack([targets.poisson_mixture(place, counts).logsumexp(-1).sum() for place in (there, *places)])
    gaps = log_p[0] - log_p[1:]
    measured = int((gaps <= 1e-6 * gaps[0]).double().argmax())
    print(f"gap after 200 steps {gaps[0]:.3e}; predicted {predicted} more steps to a millionth of it, measured {measured}")

# %% [markdown]
# <details><summary>Symptom: I am right where the start lies along the slowest direction, and too high elsewhere</summary>
#
# The other directions die out first, and take their part of the gap with them. Only what lies along the slowest direction has to be
# waited for. How much is that, in units of the gap?
#
# </details>
# <details><summary>Symptom: about twice too many</summary>
#
# At a maximum the slope is zero, so the gap is quadratic in the error. What happens to a square if the number is multiplied by 0.9?
#
# </details>
# <details><summary>Symptom: off by a few steps, in either direction</summary>
#
# The length of the error of $\theta$ depends on the coordinates, and so does any digit of it. The gap is
# $\tfrac12 \delta^\top I_o\, \delta$ with the *observed* information. Move $\delta$ with the matrix of exercise 3, step by step, and
# look at that.
#
# </details>

# %% [markdown] solution_only="04_steps_to_go"
# **Every direction for itself.** With $J$ of exercise 3, $\delta_t = J^t \delta_0$, and the gap is $\tfrac12\delta_t^\top I_o\, \delta_t$. $J$ is
# symmetric in the geometry of $I_c$, so its directions are orthogonal for $I_c$ *and* $I_o$, and the gap falls into shares that do
# not interfere: $\text{gap}_t = \text{gap}_0 \sum_i w_i \mu_i^{2t}$. The slowest share decides:
# $t \approx \log(10^6 w_P) / (-2 \log\mu_P)$.
#
# **On data.** A run of EM has already done away with the fast directions, so $w_P$ is nearly one after some steps, and
# $t \approx 6.9 / (1 - \mu_P)$ for slow rates: at 0.99567, some 1,600 steps for six digits. Quasi-Newton methods, started
# where EM becomes linear, need a handful.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# Three programs run EM on a mixture of two Poisson distributions, each on data of its own. You get what they leave, and
# not their code. One is **right**. One is **stale**: it divides the sums that give the rates by the clusters' counts of
# the round before. One has **frozen weights**: it updates the rates, and never the weights with which it began. Any but the
# stale one may take only half of each M-step, which is no fault. All three have come to rest. Who is who?
#
# `bound` is (3, T + 1): F at the start, with the responsibilities that belong there, then after the two steps of each of T
# rounds. `x` is (3, N), the data. `weights` and `rates` are (3, 2), as each program leaves them.
#
# Return the three names `"right"`, `"stale"`, `"frozen weights"` in the order of the programs. The evidence is clear: it
# lies 100,000 times above rounding. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: which of the two faults could you never see in the path of the bound?

# %% exercise="04_sealed_case"
def name_them(bound: Tensor, x: Tensor, weights: Tensor, rates: Tensor) -> list[str]:
    """Which program is "right", which is "stale", and which has "frozen weights", in the order of the rows.

    bound: (3, T + 1), by program and round. x: (3, N), counts. weights, rates: (3, 2), at the end.
    """
    ### BEGIN SOLUTION
    names = []
    for path, data, w, rate in zip(bound, x, weights, rates, strict=True):
        falls = bool((path.diff() < -1e-3).any())
        at = w.log().clone().requires_grad_()                    # log p in the logits of the weights
        log_p = (at.log_softmax(-1) + data[:, None] * rate.log() - rate).logsumexp(-1).sum()
        (slope,) = torch.autograd.grad(log_p, at)
        names.append("stale" if falls else "frozen weights" if slope.abs().max() > 0.1 else "right")
    return names
    ### END SOLUTION


# %% check="04_sealed_case"
check("04_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first,
# then open.

# %%
with when_written():
    case = sealed_case("04_sealed_case", seed=2)
    for letter, path, w in zip("ABC", case.given["bound"], case.given["weights"], strict=True):
        print(f"{letter}: bound " + " ".join(f"{value:.2f}" for value in path[:6]) + f" ... {path[-1]:.2f}   weights {w[0]:.3f}, {w[1]:.3f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I compare the bounds at the end, and it does not help</summary>
#
# The data differ, so do the levels. What does hold for any data, if both steps are what they should be?
#
# </details>
# <details><summary>Symptom: I find one fault in the path, and the other two both climb</summary>
#
# Climbing is not arriving. At a maximum of log p nothing has a slope. What is there that the program forgot to move?
#
# </details>
# <details><summary>Symptom: all three seem to rest</summary>
#
# They do: each repeats its last numbers. Ask log p instead, at the numbers that they leave: take its slope in the logit of
# a weight, by autograd. Or take one honest round more, and see whether the weights stay.
#
# </details>

# %% [markdown] solution_only="04_sealed_case"
# **A fall** convicts: neither step of EM, nor half of one, can lower F. The stale program falls where the counts change much from
# one round to the next, here mostly in the first. Yet it rests where EM rests, since at rest both counts are the same.
#
# **A climb** acquits nobody. With frozen weights the M-step is a partial one: F climbs in each round, for ever, and comes to rest.
# But log p has a slope there: its derivative in the logit of a weight is $\sum_n r_{nc} - N \pi_c$, which an honest M-step sets to zero.
#
# **Half a step** climbs too, and rests where the whole one does; it only takes longer. So neither pace nor level tells.

# %% [markdown]
# ## 9. In words: what a climb proves
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# A colleague writes: "(1) My program prints $F$ after each half step, and $F$ never falls, so the program is right. (2) It has stopped
# moving, so it is at a maximum of $\log p$. (3) With mean field the ELBO rises in the same way, and at the end I quote the
# standard deviations of $q$ as error bars." For each claim write two or three sentences: what is right about it, and a case in
# which it fails. End with one sentence: what would you compute at the place where an EM program rests, to find out
# whether it rests there rightly?

# %% [markdown] written="04_written"
# (1) A falling F proves a fault, since the E-step and the M-step each climb the same function. A rising F proves nothing
# of the kind: a program that never updates the weights, or keeps a covariance diagonal, climbs F in fewer directions, just as
# steadily. (A partial M-step is no fault by itself: generalized EM climbs, too, and rests where EM does.)
#
# (2) At rest of a right program the slope of log p is zero. That may be a local maximum, one of its K! relabelled copies,
# or a saddle (all clusters equal: symmetry is never left). And slow is not at rest: at a rate of 0.999 a step moves by a
# thousandth of what is left. With a constrained E-step, F is at rest and log p may still have a slope.
#
# (3) The ELBO rises for the same reason, each update being the best given the others. But a factorized q that makes KL(q || p)
# small is too narrow wherever the posterior correlates: for a Gaussian its variances are 1/Lambda_ii, the variance of z_i with
# all others *held fixed*. They are right only where the coordinates are independent.
#
# I would compute the gradient of log p(data), by autograd or by differences, in **all** parameters at the place of
# rest: it must be zero.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: claim 1. Right: a falling F (or ELBO) proves a fault. Fails: a program that leaves out or corrupts a part of the
#   M-step and still climbs (a weight never updated, a tied covariance by mistake). A case is asked; "it is necessary, not
#   sufficient" alone: 0.25. Calling a partial but uphill M-step an error: no deduction if it is said to rest elsewhere only
#   if some direction is never taken.
# - 0.5: claim 2. Any of: local maximum, saddle or symmetric start, slow rate taken for rest, constrained E-step (F
#   rests, log p has a slope), a collapsing variance (no maximum at all). One case with its reason suffices; a bare
#   "could be local": 0.25.
# - 0.5: claim 3. Right: each update raises the bound. Fails: variances too small under correlation, with the reason (the
#   direction of KL, or 1/Lambda_ii is a conditional variance). "Too small" without reason: 0.25.
#   Accept: they are right for independent coordinates, or the means may be right all the same.
# - 0.5: the test. The gradient (slope) of log p of the data at the place of rest, in all parameters. "Run another start"
#   or "compare with another program": 0.25.
# === END MARK SCHEME ===
