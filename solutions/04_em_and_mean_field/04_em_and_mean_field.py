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
# - derived an M-step that no book has, with data that are cut off.
#
# **Time**: about four hours; each exercise says its own. **Read first**: [the lecture](../../lectures/04_em_and_mean_field.ipynb). Exercise 2 uses 1; the others stand alone.
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
import torch
from torch import Tensor

from autograder import check
from course_vi.plots import when_written

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
# $-\infty$, and there $\log r$ is $-\infty$, too. Each datum has one cluster at least that can have made it.

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
# some responsibility for some run that tells something, be it as little as $10^{-9}$.

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
# ## 3. In words: what a climb proves
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
