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

# %% [markdown] locked="14_header"
# # Problem set 14: Pyro
#
# You say a model once, and a program does the rest. Does it do what you think? You have exact answers for everything
# here, so you can look. By the end you will have
#
# - read a page of densities by hand, and said the same model in a dozen lines,
# - written a guide that leaves nothing over: every draw weighs the same,
# - looked at a part of the data, without a bias,
# - inferred exactly in programs that decide as they run what they draw,
# - written a handler that turns any model into a guide, and a loss that sticks the landing,
# - found two faults of a loss that many people use, without a single random number,
# - told three guides apart by what their runs weigh.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/14_pyro.ipynb). Exercise 7 needs a handler, as 5 does; otherwise the exercises stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: seven at most, unless the exercise says otherwise. They are digits of each number; what lies
# near zero is held to $10^{-9}$. The setup cell makes double precision the default, so `dist.Normal(0.0, 1.0)` is in
# double precision as well; where your work is checked that is so, too. Leave your arguments as you found them. Where
# your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Pyro's global state.** Each question finds an empty parameter store, and your own store is as it was after a check.
# What a handler, a store or a setting remembers from one question is gone at the next.
#
# **Notation.** A *model* is a program that samples and observes, $p(x, z)$; a *guide* samples the latents,
# $q(z)$. A *trace* is one run of a program, its *sites* the named statements `pyro.sample`. $\log w$ is
# $\log p(x, z) - \log q(z)$ at a draw of the guide. Logarithms are natural: nats.

# %% locked="14_setup"
import itertools
import math
from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import RenyiELBO, Trace_ELBO
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_14 import targets
from course_vi.plots import show, when_written

torch.set_default_dtype(torch.float64)
torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


# %% [markdown]
# Two models that come up below: one by hand, one in Pyro.

# %% locked="14_by_hand"
def by_hand(x: Tensor, groups: Tensor, y: Tensor, mu: Tensor, tau: Tensor, s: Tensor, b: Tensor, w: Tensor) -> Tensor:
    """The log joint of everything, a number."""
    half = 0.5 * math.log(2 * math.pi)
    total = -0.02 * mu**2 - half - math.log(5)
    total = total + math.log(6 / math.pi) - (9 + tau**2).log()
    total = total + 1.5 * s.log() - 0.5 * s - 2.5 * math.log(2) - math.lgamma(2.5)
    total = total - w.abs().sum() / 0.7 - len(w) * math.log(1.4)
    for j in range(len(b)):
        total = total - 0.5 * ((b[j] - mu) / tau) ** 2 - tau.log() - half
    for n in range(len(y)):
        r = y[n] - b[groups[n]] - x[n] @ w
        total = total - 2.5 * (1 + s * r**2 / 4).log() + 0.5 * s.log() - 0.5 * math.log(4 * math.pi)
        total = total + math.lgamma(2.5) - math.lgamma(2)
    return total


def schools(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    mu = pyro.sample("mu", dist.Normal(m0, s0))
    with pyro.plate("schools", len(y)):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("y", dist.Normal(theta, sd), obs=y)


# %% [markdown]
# ## 1. A page by hand, said in Pyro
#
# *Difficulty* 3/5 · *Importance* 5/5 · 35 minutes
#
# `by_hand`, above, is a log joint as somebody has written it who had no other way: N rows with P covariates, J groups,
# and latents `mu`, `tau`, `s` (numbers), `w` $(P)$ and `b` $(J)$. Which model is it? Say it in Pyro, with one site for
# each latent, of these names, and a site `"y"`. The effects `b` stand in a plate of `count` groups, the rows in
# another; `w` is one event. Without `y` the rows are drawn.
#
# Your model is looked at site by site, in plates: the log-density of `b` has J entries, that of `y` has N. A group may
# have no row, and there may be one row, one group, one covariate; scales go from 0.02 to 25. And it is run with *many
# particles at once*, as Pyro's losses do with `vectorize_particles=True`: there is a plate around it, and the values of
# the latents come with batch axes on the left, `mu`, `tau` and `s` as $(K, 1)$, `b` as $(K, J)$, `w` as $(K, 1, P)$.
#
# **Predict, before you begin**: which of the five densities is that of a *standard deviation*, which is that of a
# *precision*, and by what do you tell?

# %% exercise="14_hierarchy"
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    """The same model as a Pyro program: sites mu, tau, s, w, b and y.

    x: (N, P). groups: (N), whole numbers below count. y: (N), or None: then the rows are drawn.
    """
    ### BEGIN SOLUTION
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        mean = b[..., groups] + (x * w).sum(-1)                    # (N), or (K, N)
        pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
    ### END SOLUTION


# %% check="14_hierarchy"
check("14_hierarchy", hierarchy)

# %% [markdown]
# **Once said, it is all there**: the log joint that somebody wrote by hand, draws from the prior, and answers to "what
# if". Three rows with 2 covariates, in two of three groups:

# %%
with when_written():
    x, groups = normals(3, 2, seed=1), torch.tensor([0, 2, 2])
    pyro.set_rng_seed(0)
    trace = poutine.trace(hierarchy).get_trace(x, groups, 3)
    drawn = {name: trace.nodes[name]["value"] for name in ("mu", "tau", "s", "b", "w", "y")}
    print(trace.format_shapes())
    print(f"\nlog joint of the draw: {trace.log_prob_sum():.10f} by Pyro, {by_hand(x, groups, **drawn):.10f} by hand")

# %% [markdown]
# <details><summary>Symptom: I do not know a density by its logarithm</summary>
#
# Look at how it depends on its variable alone: a square, an absolute value, the logarithm of one plus a square, a power
# times an exponential. That names the family; two points of it give the parameters. The list of `pyro.distributions`
# has all of them.
#
# </details>
# <details><summary>Symptom: my log-density is off by a factor in the parameter</summary>
#
# Pyro has a convention for each: standard deviations for `Normal` and `StudentT`, a rate for `Gamma`.
# `help(dist.Gamma)` says which, and a density of the half line is twice that of the whole.
#
# </details>
# <details><summary>Symptom: right with one particle, an error or another shape with several</summary>
#
# Batch axes grow on the left, so speak of axes from the right: `b[..., groups]` picks groups for every particle. What
# does `x @ w` do if w is $(K, 1, P)$? A product and a sum over the last axis does not mind.
#
# </details>

# %% [markdown] solution_only="14_hierarchy"
# **Six densities.** $\mu \sim N(0, 5^2)$; $\tau$ half-Cauchy with scale 3, since $\frac{2}{3\pi}(1 + \tau^2/9)^{-1} =
# \frac{6}{\pi (9 + \tau^2)}$; $s \sim \mathrm{Gamma}(2.5, \text{rate } 0.5)$; $w$ Laplace with scale 0.7; $b_j \sim
# N(\mu, \tau^2)$; and y Student's t with 4 degrees of freedom and scale $s^{-1/2}$: the bracket has the power
# $(\nu + 1)/2$.
#
# **The prediction.** $\tau$ *divides* the deviations of the effects: a standard deviation. s *multiplies* the squared
# residual: a precision. A gamma prior for a precision is what conjugate pages use, a half-Cauchy for a scale what
# hierarchical ones do.

# %% [markdown]
# ## 2. A guide that leaves nothing over
#
# *Difficulty* 4/5 · *Importance* 5/5 · 35 minutes
#
# Eight schools, or J of them, with the spread between schools known: the model `schools`, above. `sd` are the standard
# errors of the measurements, `tau` that spread, `m0` and `s0` the prior of the common mean. Everything is Gaussian, so
# there is an exact posterior. Write it as a guide: draw `"mu"` given all measurements; then, in a plate called
# `"schools"`, `"theta"` given the measurements *and the mu that was drawn*.
#
# Your guide is called as the model is. Scales go from 0.03 to 30; there may be one school. Seven digits of the
# log-densities are looked at.
#
# **Predict, before you begin**: the ELBO, estimated from a *single* draw of this guide. Which number comes out, and
# with which variance?

# %% exercise="14_exact_guide"
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    """The posterior of `schools`, from the top down: sites mu, and theta in the plate "schools".

    y, sd: (J). tau, m0, s0: numbers.
    """
    ### BEGIN SOLUTION
    weight = 1 / (sd**2 + tau**2)                                      # y_j ~ N(mu, sd_j^2 + tau^2), theta integrated out
    precision = weight.sum() + 1 / s0**2
    mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        precision = 1 / sd**2 + 1 / tau**2
        pyro.sample("theta", dist.Normal((y / sd**2 + mu / tau**2) / precision, precision.rsqrt()))
    ### END SOLUTION


# %% check="14_exact_guide"
check("14_exact_guide", exact_guide)

# %% [markdown]
# **Two guides, five draws each**: yours, and the same with `theta` around the posterior *mean* of mu, independent of
# the draw. `Trace_ELBO` with one particle, on the eight schools.

# %%
with when_written():
    y = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    sd = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    tau, m0, s0 = torch.tensor(6.0), torch.tensor(0.0), torch.tensor(20.0)
    averages = [poutine.trace(exact_guide).get_trace(y, sd, tau, m0, s0) for _ in range(1000)]
    loc = torch.stack([each.nodes["theta"]["value"] for each in averages]).mean(0)
    scale = torch.stack([each.nodes["theta"]["value"] for each in averages]).std(0)

    def independent(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
        fn = averages[0].nodes["mu"]["fn"]
        pyro.sample("mu", fn)
        with pyro.plate("schools", len(y)):
            pyro.sample("theta", dist.Normal(loc, scale))

    for name, guide in (("exact", exact_guide), ("independent", independent)):
        values = [-Trace_ELBO().loss(schools, guide, y, sd, tau, m0, s0) for _ in range(5)]
        print(f"{name:12s}" + "".join(f"{value:14.8f}" for value in values))

# %% [markdown]
# <details><summary>Symptom: mu is too sure of itself</summary>
#
# You have seen y, not theta. Between mu and $y_j$ lie two independent steps. How far off is $y_j$ altogether?
#
# </details>
# <details><summary>Symptom: mu is right, theta is off</summary>
#
# Once mu is known the schools have nothing to do with each other. Each has two pieces of news about its theta, one
# from above and one from below. How do two independent Gaussian pieces of news combine?
#
# </details>
# <details><summary>Symptom: both look right, and the weights vary from draw to draw</summary>
#
# Does theta use the value that `pyro.sample("mu", ...)` *returned*? The posterior of all effects is no product: they
# hang together through mu. Then: precisions add up, and means are averaged with them, on both floors.
#
# </details>

# %% [markdown] solution_only="14_exact_guide"
# **From the top down.** $y_j \mid \mu \sim N(\mu, \tau^2 + \sigma_j^2)$, so mu has precision
# $1/s_0^2 + \sum_j 1/(\tau^2 + \sigma_j^2)$ and the mean weighted by it. Given mu,
# $\theta_j$ has precision $1/\tau^2 + 1/\sigma_j^2$.
#
# **The prediction.** Where q is the posterior, $p(y, z)/q(z) = p(y)$ at *every* z: the estimate from a single draw is
# the log evidence, with no variance at all. The independent guide has the right marginals and loses the dependence;
# its estimates vary, and lie lower on average, by its KL.

# %% [markdown]
# ## 3. A part of the data, without a bias
#
# *Difficulty* 3/5 · *Importance* 5/5 · 30 minutes
#
# Many rows, and a look at a few of them in each step. The model has one latent for all and one for each row:
#
# $$z \sim N(0, 2^2), \qquad h_n \mid z \sim N(z, 1), \qquad y_n \mid h_n \sim N(h_n, 0.5^2),$$
#
# and the guide is $q(z) = N(\texttt{loc}, \texttt{scale}^2)$,
# $q(h_n) = N(\texttt{local\_loc}_n, \texttt{local\_scale}_n^2)$. Return both as a pair of functions without arguments.
# Each run of the guide, and of the model that is replayed on it, looks at `size` *different* rows, chosen by chance,
# each row with the same chance, and at the same rows in both. Sites are `"z"`, `"h"` and `"y"`, the latter two with
# `size` entries. The log-densities of a run, `trace.log_prob_sum()`, are to be *unbiased* for those of all rows: on
# average over the choice, what the model tells, and what the guide tells, is what a run on all rows tells.
#
# **Predict, before you begin**: which of the five terms ($z$, $h$, $y$ in the model, $z$, $h$ in the guide) are scaled,
# and by what? What becomes of q if the guide's plate is forgotten?

# %% exercise="14_subsampling"
def subsampled(
    y: Tensor, size: int, loc: Tensor, scale: Tensor, local_loc: Tensor, local_scale: Tensor
) -> tuple[Callable[[], None], Callable[[], None]]:
    """(model, guide): programs without arguments, that look at `size` of the N rows, by chance.

    y, local_loc, local_scale: (N). loc, scale: numbers.
    """
    ### BEGIN SOLUTION
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("rows", len(y), subsample_size=size) as rows:          # replayed, it takes the guide's rows
            h = pyro.sample("h", dist.Normal(z, 1.0))
            pyro.sample("y", dist.Normal(h, 0.5), obs=y[rows])

    def guide():
        pyro.sample("z", dist.Normal(loc, scale))
        with pyro.plate("rows", len(y), subsample_size=size) as rows:
            pyro.sample("h", dist.Normal(local_loc[rows], local_scale[rows]))

    return model, guide
    ### END SOLUTION


# %% check="14_subsampling"
check("14_subsampling", subsampled)

# %% [markdown]
# **The same mean at every size?** 500 estimates of the ELBO each, from 10, 3 and 1 of ten rows: mean, standard error,
# and the standard deviation of one estimate.

# %%
with when_written():
    y = 2 + normals(10, seed=3)
    numbers = torch.tensor(1.5), torch.tensor(0.6), 0.7 * y + 0.4, torch.full((10,), 0.5)
    pyro.set_rng_seed(1)
    for size in (10, 3, 1):
        model, guide = subsampled(y, size, *numbers)
        estimates = torch.tensor([-Trace_ELBO().loss(model, guide) for _ in range(500)])
        print(f"{size:2d} of 10 rows: ELBO {estimates.mean():.3f} ± {estimates.std() / 500**0.5:.3f}, one estimate ± {estimates.std():.2f}")

# %% [markdown]
# <details><summary>Symptom: model and guide look at different rows</summary>
#
# When a model is replayed on a trace of the guide, sites take the values that sites *of the same name* have there. The
# choice of rows is a site, too.
#
# </details>
# <details><summary>Symptom: the terms of the rows are too small</summary>
#
# Who tells the program that the few rows stand for all? A plate has a size, and it may show a part: two different
# numbers.
#
# </details>
# <details><summary>Symptom: the model is right and the guide is not</summary>
#
# A latent of each row is in the plate in *both* programs. What is seen of it stands for what is not, in p and in q. A
# latent of all rows is in no plate.
#
# </details>

# %% [markdown] solution_only="14_subsampling"
# **N/B.** The terms of $h$ and $y$ in the model, and of $h$ in the guide, are scaled by N/B; z is not, in either. The
# mean over all choices of B rows of $\frac NB \sum_{n \in \text{batch}} f_n$ is $\sum_n f_n$.
#
# **If the guide's plate shows a part but does not scale**, its entropy counts B/N of what it should: the objective is
# the ELBO with less entropy, and q becomes too narrow.

# %% [markdown]
# ## 4. Any program, exactly
#
# *Difficulty* 4/5 · *Importance* 4/5 · 45 minutes
#
# A program may decide, by what it has drawn, what it draws next: which sites there are is itself random. There is no
# vector z then, and no graph. But if every choice has finitely many values and every run ends, there are finitely many
# *paths*. Walk all of them.
#
# `program()` takes no arguments and returns a number. Its random choices are `dist.Bernoulli` and `dist.Categorical`;
# it may observe things on its way, `pyro.sample(..., obs=...)`. `data` is a dict of more observations, by name of the
# site; some of them may be choices, and some paths never come to a site that is in it. Return two numbers: the log
# evidence, and the posterior mean of what the program returns.
#
# Paths have up to four choices, of which some may be sure (chance 0 or 1). In other programs data lie 60 standard
# deviations out; not in those, as torch keeps the logarithm of a chance of zero at -36. You do not see the program's
# source; run it under handlers.
#
# **Predict, before you begin**: what does one run tell you of the choices on *other* paths? And is the evidence of an
# observed choice the same under `poutine.condition` as under `poutine.do`?

# %% exercise="14_paths"
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    """The log evidence of the data, and the posterior mean of what the program returns; (2).

    data: values of sites, by name.
    """
    ### BEGIN SOLUTION
    weights, values = [], []

    def explore(known):
        trace = poutine.trace(poutine.condition(program, data=known)).get_trace()
        for name, site in trace.nodes.items():
            if site["type"] == "sample" and not site["is_observed"]:            # the first choice that is still open
                for value in site["fn"].enumerate_support():
                    explore({**known, name: value})
                return
        weights.append(trace.log_prob_sum())
        values.append(torch.as_tensor(trace.nodes["_RETURN"]["value"]))

    explore(data)
    weights = torch.stack(weights)
    return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])
    ### END SOLUTION


# %% check="14_paths"
check("14_paths", by_paths)

# %% [markdown]
# **How many repairs?** A machine is repaired until it runs, four times at most; each repair works with chance 0.4. In
# the end somebody reports the noise that it makes, a number around 3 for a machine that runs and around 5 for one that
# does not.

# %%
def repairs() -> Tensor:
    count, runs = 0, False
    while not runs and count < 4:
        runs = bool(pyro.sample(f"repair_{count}", dist.Bernoulli(torch.tensor(0.4))))
        count += 1
    pyro.sample("noise", dist.Normal(3.0 if runs else 5.0, 0.8))
    return torch.tensor(float(count))


with when_written():
    for noise in (2.0, 4.0, 5.0, 6.0):
        log_evidence, repairs_done = by_paths(repairs, {"noise": torch.tensor(noise)})
        print(f"noise {noise:.0f}: log evidence {float(log_evidence):8.4f}, repairs {float(repairs_done):.4f} on average")

# %% [markdown]
# <details><summary>Symptom: I do not know all sites beforehand</summary>
#
# Nobody does. Run the program with what is fixed so far, and look at its trace: sites stand in the order in which they
# were met. Everything up to the first choice that is still open is the same in every such run.
#
# </details>
# <details><summary>Symptom: some paths are counted several times</summary>
#
# A path that has ended has no further choices. Do you list values of choices that this path never meets?
#
# </details>
# <details><summary>Symptom: numbers are off where choices were observed, or data are far out</summary>
#
# What was observed is data, choices included: everything in the trace of a complete path weighs. Weights below
# $e^{-745}$ are zero as numbers, but not as logarithms.
#
# </details>

# %% [markdown] solution_only="14_paths"
# **A recursion.** Fix what is known, run, find the first open choice, branch. A path without open choices weighs
# $p(\text{choices}, \text{data})$; their sum is the evidence. Pyro has it ready, for `sequential` enumeration:
# `pyro.infer.enum.iter_discrete_traces`.
#
# **The predictions.** One run says nothing of choices on other paths: their sites do not exist there. Under `condition`
# an observed choice contributes its chance to the evidence; under `do` it does not: somebody set it.

# %% [markdown]
# ## 5. A handler of your own
#
# *Difficulty* 4/5 · *Importance* 4/5 · 45 minutes
#
# A guide that needs no design: keep the arrows of the model, and trust its prior in part. For a normal latent with mean
# $m$ and standard deviation $s$ *in the model*, given whatever the guide has drawn before, the guide draws from a
# normal with
#
# $$\text{mean } \lambda\, m + (1 - \lambda)\, \alpha, \qquad \text{standard deviation } \rho\, s + (1 - \rho)\, \beta.$$
#
# This is automatic structured variational inference. Write it for *any* model, without reading its source:
# `convex_guide(model, updates)` returns a guide, a function that takes what the model takes, keywords too. `updates` is
# a dict from the names of sites to $(\lambda, \alpha, \rho, \beta)$, four tensors of the shape of a draw of the site.
#
# - A latent without an update is drawn as the model draws it. Those with one are `dist.Normal`, in a plate or not, with
#   `.to_event(1)` or without.
# - What the model observes is no latent: no such site in the guide's trace, even if it has an update. Some models come
#   to you with `poutine.condition` around them.
# - Plates stay, and each site follows the draws before it. $\lambda$ and $\rho$ are between 0 and 1, both included.
#
# **Predict, before you begin**: what is the guide at $\lambda = \rho = 1$ everywhere, what at 0? And for the hierarchy
# of exercise 2, are there updates with which it *is* the posterior?

# %% exercise="14_convex_guide"
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    """A guide that is the model's prior, with the normal sites of `updates` drawn from blends.

    updates: {site: (lambda, alpha, rho, beta)}.
    """
    ### BEGIN SOLUTION
    class Blend(poutine.messenger.Messenger):
        def _pyro_sample(self, msg):                     # before the draw: plates have spoken, what is observed is known
            if msg["is_observed"] or msg["name"] not in updates:
                return
            trust, loc, spread, scale = updates[msg["name"]]
            prior = msg["fn"]
            mean = trust * prior.mean + (1 - trust) * loc
            std = spread * prior.variance.sqrt() + (1 - spread) * scale
            msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)

    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]), Blend():
            model(*args, **kwargs)

    return guide
    ### END SOLUTION


# %% check="14_convex_guide"
check("14_convex_guide", convex_guide)

# %% [markdown]
# **Both ends, and between.** The eight schools of exercise 2; the numbers in front of the prior are set by hand, the
# same for all schools. The ELBO from 2,000 draws, beside the log evidence.

# %%
with when_written():
    y = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    sd = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    tau, m0, s0 = torch.tensor(6.0), torch.tensor(0.0), torch.tensor(20.0)
    marginal = dist.MultivariateNormal(m0.expand(8), torch.diag(sd**2 + tau**2) + s0**2)
    print(f"log evidence {marginal.log_prob(y):.4f}")
    for trust in (1.0, 0.75, 0.5, 0.0):
        t = torch.tensor(trust)
        updates = {"mu": (t, torch.tensor(8.0), t, torch.tensor(4.0)), "theta": (t.expand(8), 0.5 * (8 + y), t.expand(8), 0.7 * sd)}
        guide = convex_guide(schools, updates)
        value = -Trace_ELBO(num_particles=2000, max_plate_nesting=1, vectorize_particles=True).loss(schools, guide, y, sd, tau, m0, s0)
        print(f"trust {trust:.2f}: ELBO {value:.3f}")

# %% [markdown]
# <details><summary>Symptom: my handler sees no draw, or changes nothing</summary>
#
# A handler is a `poutine.messenger.Messenger` with a method `_pyro_sample(self, msg)`, entered with `with`, or wrapped
# around a function. It is called *before* the site draws, and reads and writes the message: `msg["name"]`, `msg["fn"]`,
# `msg["is_observed"]`. `_pyro_post_sample` comes after.
#
# </details>
# <details><summary>Symptom: the shape of a log-density is another</summary>
#
# Has the model's site an event axis, and yours none? A distribution knows how many it has: `event_dim`. Its mean and
# its variance are those of every entry, whatever is an event.
#
# </details>
# <details><summary>Symptom: observed sites, or too few, in the guide's trace</summary>
#
# `poutine.block` hides messages from handlers further out, a trace among them. Which ones is told by `hide_fn`. Look at
# the order: the handler next to the model is asked first.
#
# </details>

# %% [markdown] solution_only="14_convex_guide"
# **Twenty lines.** The message carries the distribution that the model has made *from what the guide has drawn*, and
# the plates have expanded it already. So the handler never asks who the parents are: the program knows.
#
# **The predictions.** At one the guide is the prior, at zero independent normals. For the schools there are such
# updates: $E[\theta_j \mid \mu, y] = \lambda_j \mu + (1 - \lambda_j) y_j$ with
# $\lambda_j = \sigma_j^2/(\sigma_j^2 + \tau^2)$ is a blend of just this form, and any scale can be had, with
# $\rho = 0$ and $\beta$ the right one. In general there are none: the family moves information down the arrows only.

# %% [markdown]
# ## 6. A loss of your own
#
# *Difficulty* 4/5 · *Importance* 4/5 · 45 minutes
#
# You will read that Pyro implements *sticking the landing*. For reparametrized guides it does not. Write a loss that
# does: `stl_loss(model, guide, *args)` is minus the ELBO of one run, a tensor without axes, and its gradient is the
# path derivative: the guide's parameters reach it through the draws alone, not through their place in $\log q$. The
# model's parameters learn as they do in any loss.
#
# All latents are reparametrized. Parameters come from `pyro.param`, with a constraint or without, or from networks
# that the guide registers with `pyro.module` and calls. A guide may have layers, of which one follows the draws of the
# one before; plates may show a part of the data; there may be one row. Afterwards every parameter must learn as before.
# `SVI(model, guide, optimizer, loss=stl_loss)` works with such a function.
#
# **Predict, before you begin**: where does a two-layer guide use its own parameters, and which of these uses must be
# frozen, if the second layer's mean is a parameter times the first layer's draw?

# %% exercise="14_stl_loss"
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    """Minus the ELBO of one run; its gradient in the guide's parameters is the path derivative. A number, with a graph."""
    ### BEGIN SOLUTION
    drawn = poutine.trace(guide).get_trace(*args)
    learned = [each for _, each in pyro.get_param_store().named_parameters() if each.requires_grad]
    for each in learned:                                # the leaves themselves: whoever reads them now reads a constant
        each.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
    finally:
        for each in learned:
            each.requires_grad_(True)
    joint = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    return frozen - joint
    ### END SOLUTION


# %% check="14_stl_loss"
check("14_stl_loss", stl_loss)

# %% [markdown]
# **The landing.** The posterior of $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$ is $N(x/2, 1/2)$. At that guide, 300
# gradients of each loss, in mean and log scale: their standard deviations.

# %%
with when_written():
    def model(x: Tensor) -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=x)

    def guide(x: Tensor) -> None:
        loc = pyro.param("loc", lambda: x / 2)
        scale = pyro.param("scale", lambda: torch.tensor(0.5).sqrt(), constraint=dist.constraints.positive)
        pyro.sample("z", dist.Normal(loc, scale))

    pyro.set_rng_seed(2)
    for name, loss in (("Trace_ELBO", Trace_ELBO().differentiable_loss), ("stl_loss", stl_loss)):
        pyro.clear_param_store()
        rows = []
        for _ in range(300):
            value = loss(model, guide, torch.tensor(1.4))
            rows.append(torch.stack(torch.autograd.grad(value, [p for _, p in pyro.get_param_store().named_parameters()])))
        print(f"{name:12s} standard deviations " + "   ".join(f"{s:.2e}" for s in torch.stack(rows).std(0)))

# %% [markdown]
# <details><summary>Symptom: the gradient is Pyro's</summary>
#
# Does the graph know the parameters of $\log q$ as well? The guide can be run twice: once to draw, once, replayed on
# these draws, for its density. Only the second run is to see constants.
#
# </details>
# <details><summary>Symptom: right for parameters of the store, wrong for a network</summary>
#
# A network that has been registered still reads its own parameters when it is called; messages of `pyro.param` that you
# have changed do not reach it. The tensors in the store are the *same objects* as the network's: what can you switch on
# the object itself?
#
# </details>
# <details><summary>Symptom: right for one layer, wrong for two</summary>
#
# Detaching mean and scale of a site cuts more than parameters: the mean of the second layer holds the draw of the
# first. Freeze parameters, not what was computed from them.
#
# </details>

# %% [markdown] solution_only="14_stl_loss"
# **Freeze leaves, and run again.** In the second run z is given, with its graph, and everything that the guide
# computes from it is computed anew from constants: so w in $b \sim N(w a + c, t^2)$ is frozen where it makes the
# *density*, and not where it made the draw, while a stays alive in both.
#
# **Another way** freezes nothing: the score term is what is left of $\log q$ at detached draws, so
# $\log q(z) - \log q(\bar z) + \overline{\log q(z)}$ has the right value and the right gradient.

# %% [markdown]
# ## 7. S9: two faults of a loss
#
# *Difficulty* 5/5 · *Importance* 5/5 · 60 minutes
#
# In unit 00 you tested for bias with many draws. With a guide of few states you need no draw at all: add up everything
# that can happen, each with its chance, and *any* difference is a fault.
#
# The guide has one random site, `"z"`, a vector of D independent bits, `dist.Bernoulli(logits=logits).to_event(1)`,
# with one parameter, `pyro.param("logits", ...)`. The model has the site `"z"` and then looks at rows of data in a
# plate: `model(rows)` and `guide(rows)` take the numbers of the rows that are seen, and the plate scales them up to
# all. A `loss` is an object like Pyro's: `loss.loss_and_grads(model, guide, rows)` runs the guide `particles` times,
# one after the other, each time the model on what the guide has drawn, returns the loss, and *adds* minus the gradient
# of the bound to `.grad` of the parameter. Where there is nothing to add, `.grad` may stay None.
#
# Return a table of two rows, $(2, 1 + D)$, each a value and the gradient in `logits`, *uphill*, as of a bound:
#
# - **told**: what the loss gives *on average*: over all draws of K particles, each as likely as the guide makes it, and
#   over the `batches`, a list of row numbers, all equally likely. Minus the loss, and minus its gradient;
# - **right**: the bound of *all* rows, `whole`, and its exact gradient:
#   $$\mathbb E \log w \text{ for } \alpha = 1, \qquad
#   \mathbb E\, \frac{1}{1 - \alpha} \log \frac1K \sum_k w_k^{1 - \alpha} \text{ otherwise}.$$
#
# There are at most $2^{10}$ draws of K particles. Losses are Pyro's, and some that you have never seen. Data may lie
# 40 standard deviations out. Seven digits are looked at.
#
# **Predict, before you begin**: four entries to look at below, the value and the gradient of `Trace_ELBO` and of
# `RenyiELBO`. Which of them is not what it should be? And if a plate shows a part of the data: may a bound, *on
# average*, exceed the log evidence?

# %% exercise="14_renyi_faults"
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    """What a loss tells on average, and what is right: value and gradient each, (2, 1 + D).

    whole: numbers of all rows. batches: numbers of the rows that are seen, equally likely.
    """
    ### BEGIN SOLUTION
    class InTurn(poutine.messenger.Messenger):
        def __init__(self, states):
            super().__init__()
            self.states = iter(states)

        def _pyro_sample(self, msg):                                # z gets a value, and stays a draw that nobody observed
            if msg["name"] == "z":
                msg["value"], msg["done"] = next(self.states), True

    guide(whole)
    logits = pyro.param("logits")
    states = [torch.tensor(bits) for bits in itertools.product((0.0, 1.0), repeat=len(logits))]
    told, bound = torch.zeros(1 + len(logits)), 0.0
    for draw in itertools.product(states, repeat=particles):
        log_q, log_w = 0.0, []
        for z in draw:
            one = poutine.trace(InTurn([z])(guide)).get_trace(whole)
            joint = poutine.trace(poutine.replay(model, trace=one)).get_trace(whole).log_prob_sum()
            log_q = log_q + one.log_prob_sum()
            log_w.append(joint - one.log_prob_sum())
        log_w = torch.stack(log_w)
        power = (1 - alpha) * log_w
        value = log_w.mean() if alpha == 1 else (power.logsumexp(0) - math.log(particles)) / (1 - alpha)
        bound = bound + log_q.exp() * value
        for rows in batches:
            logits.grad = None
            value = loss.loss_and_grads(model, InTurn(draw)(guide), rows)
            slope = torch.zeros(len(logits)) if logits.grad is None else logits.grad
            told -= log_q.exp().detach() * torch.cat([torch.tensor([value]), slope]) / len(batches)
    (slope,) = torch.autograd.grad(bound, logits)
    return torch.stack([told, torch.cat([bound.detach().reshape(1), slope])])
    ### END SOLUTION


# %% check="14_renyi_faults"
check("14_renyi_faults", examine)

# %% [markdown]
# **The first fault.** One bit, five particles, all rows seen. Every number is exact.

# %%
level = torch.tensor([0.5, -0.3, 0.8])
seen = torch.tensor([3.0, -2.0, 2.5])


def bit_model(rows: Tensor) -> None:
    z = pyro.sample("z", dist.Bernoulli(logits=torch.tensor([-0.4])).to_event(1))
    with pyro.plate("rows", 3, subsample=rows):
        pyro.sample("y", dist.Normal(level[rows] + z, 1.0), obs=seen[rows])


def bit_guide(rows: Tensor) -> None:
    logits = pyro.param("logits", lambda: torch.tensor([-0.8]))
    pyro.sample("z", dist.Bernoulli(logits=logits).to_event(1))


def evidence() -> float:
    """log p(y): both states added up."""
    joint = [poutine.trace(poutine.condition(bit_model, {"z": torch.tensor([z])})).get_trace(torch.arange(3)).log_prob_sum() for z in (0.0, 1.0)]
    return float(torch.stack(joint).logsumexp(0))


# %%
with when_written():
    tables = {}
    for name, loss, alpha, k in (("Trace_ELBO", Trace_ELBO(num_particles=2), 1.0, 2),
                                 ("RenyiELBO, alpha 0, K = 5", RenyiELBO(alpha=0.0, num_particles=5), 0.0, 5),
                                 ("RenyiELBO, alpha 0.5, K = 2", RenyiELBO(alpha=0.5, num_particles=2), 0.5, 2)):
        pyro.clear_param_store()
        tables[name] = torch.as_tensor(examine(loss, alpha, k, bit_model, bit_guide, torch.arange(3), [torch.arange(3)]))
        (value, slope), (right, exact) = tables[name].tolist()
        print(f"{name:28s} value {value:.8f}, right {right:.8f}   gradient {slope:+.8f}, right {exact:+.8f}")
    show(targets.told_and_right(tables), alt="For three losses of Pyro, the value and the gradient that are told, on average, beside the exact ones.")

# %% [markdown]
# **The second fault.** Now the plate shows one row of three, or two of three; all batches are equally likely.

# %%
with when_written():
    print(f"log evidence {evidence():.6f}")
    for size in (3, 2, 1):
        batches = [torch.tensor(rows) for rows in itertools.combinations(range(3), size)]
        for name, loss, alpha in (("Trace_ELBO", Trace_ELBO(num_particles=2), 1.0), ("RenyiELBO", RenyiELBO(alpha=0.0, num_particles=2), 0.0)):
            pyro.clear_param_store()
            table = torch.as_tensor(examine(loss, alpha, 2, bit_model, bit_guide, torch.arange(3), batches))
            print(f"{size} of 3 rows, {name:10s} value {table[0, 0]:.6f}, right {table[1, 0]:.6f}")

# %% [markdown]
# <details><summary>Symptom: I do not know how to make the guide draw what I want</summary>
#
# You have written a handler in exercise 5. This one puts a *value* into the message before the site draws, and marks it
# as done; it must not say that the site was observed, or Pyro computes another gradient. The loss runs the guide K
# times: who remembers which state comes next?
#
# </details>
# <details><summary>Symptom: what is told is right for one draw, and wrong summed up</summary>
#
# `.grad` adds up over calls: where does it begin? And how likely is a draw of K particles, if each is drawn from q by
# itself?
#
# </details>
# <details><summary>Symptom: the right value is right, its gradient is not</summary>
#
# The bound is a sum over draws of a chance times a number. The logits are in the chance, and in the weights inside the
# number. If all of that is a tensor with a graph, autograd finds both.
#
# </details>

# %% [markdown] solution_only="14_renyi_faults"
# **Everything that can happen.** $\sum_{z_{1:K}} \prod_k q(z_k)\, \hat{\mathcal L}(z_{1:K})$, differentiated as it
# stands, is the right row; the told row is the same sum over what Pyro leaves behind. Such a test has no standard
# error.
#
# **The first fault.** For a discrete site `RenyiELBO` (Pyro 1.9.2) adds $\frac{\alpha}{1 - \alpha} \log q$ to what it
# differentiates, weighted by the normalized weights. The bound itself, which should multiply the score of every
# particle, appears nowhere. At $\alpha = 0$ nothing is left: the gradient is exactly zero, and a discrete guide does
# not learn. Its value is right. (The reparametrized path is another branch of the source.)
#
# **The second.** A plate scales log-densities by N/B, and a Rényi bound takes them to the exponent: $p(y \mid z)^{N/B}$
# of the rows that are seen. $\log \sum \exp$ is convex, so its mean over batches is more than its value at the mean:
# what is told lies above the bound, and with rows that differ above the log evidence. `Trace_ELBO` is linear in log w,
# so that scaled batches are unbiased.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people, each with rows of data, a model with a normal latent for each row, and a guide for it. The first guide
# is **right**: it is not the posterior, but there is no fault in it. The second is **unscaled**: its plate shows a part
# of the rows when the model's does, and its log-densities are not scaled up. The third is **half**: its sites are
# half-normal, so that it never draws a latent below zero. You see no program, only what their runs weigh, and each
# person's log evidence. Per person, in the order in which they stand:
#
# - `whole`, the mean of $\log w$ on all rows, over 500 runs or more, and `whole_error`, its standard error;
# - `part`, the same of runs that see a part of the rows, and `part_error`;
# - `weight`, the *logarithm of the mean of w* on all rows, and `weight_error`;
# - `evidence`, $\log p(y)$.
#
# Return the names `"right"`, `"unscaled"`, `"half"` in the order of the persons. What theory predicts lies at least
# seven standard errors from what it predicts of the right guide. 40 cases, of which 38 must be right.
#
# **Predict, before you begin**: which of the three means is what it should be for each of the three guides? And which
# comparison would tell you nothing?

# %% exercise="14_sealed_case"
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    """Which guide is "right", which is "unscaled", and which is "half", in the order of the persons; all arguments are (3)."""
    ### BEGIN SOLUTION
    moved = (part - whole) / (whole_error**2 + part_error**2).sqrt()          # zero if batches are unbiased
    missing = (weight - evidence) / weight_error                              # zero if q covers the posterior

    def misfit(order):
        return sum(moved[i] ** 2 * (name != "unscaled") + missing[i] ** 2 * (name != "half") for i, name in enumerate(order))

    return list(min(itertools.permutations(["right", "unscaled", "half"]), key=misfit))
    ### END SOLUTION


# %% check="14_sealed_case"
check("14_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first,
# then open.

# %%
with when_written():
    case = sealed_case("14_sealed_case", seed=1)
    for row, letter in enumerate("ABC"):
        given = {name: float(value[row]) for name, value in case.given.items()}
        print(f"{letter}: " + "   ".join(f"{name} {given[name]:.3f} ± {given[name + '_error']:.3f}" for name in ("whole", "part", "weight"))
              + f"   evidence {given['evidence']:.3f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I sort by how far the bound lies below the evidence</summary>
#
# A right guide may be far from its posterior, and a faulty one near. How far says nothing of faults.
#
# </details>
# <details><summary>Symptom: I find two persons by their batches</summary>
#
# A mean over batches equals that over all rows if nothing is wrong with the scale, whatever the support. In standard
# errors, of both.
#
# </details>
# <details><summary>Symptom: I cannot tell "right" from "half"</summary>
#
# $\mathbb E_q\, p(y, z)/q(z)$ is an integral over the places where q draws. When is it all of p(y)?
#
# </details>

# %% [markdown] solution_only="14_sealed_case"
# **Two tests.** The right guide: part = whole, and the mean weight is p(y), however bad it is. The unscaled one: on all
# rows there is nothing to scale, so its weights are right; on a part its entropy counts B/N of what it should. The half
# one: batches are unbiased, but the mean weight is $p(y)\,P(\text{all } h > 0 \mid y)$: a bound that looks like any
# other bound.
#
# **The prediction.** The distance of `whole` from the evidence tells nothing: it is a KL, and any of the three may have
# any.

# %% [markdown]
# ## 9. In words: four claims about a program that does inference by itself
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) The model is a program, so we need not check the mathematics: if it runs, it is the model we
# meant. (2) We put `subsample_size=100` into the model's plate over the million rows. The guide has no such plate for
# its global latents, so the ELBO is no longer scaled rightly. (3) To be sure of the gradient we compared the loss of
# `RenyiELBO` with the exact bound, over ten seeds; it agrees, so we can train with it. (4) For a tighter bound we moved
# from `Trace_ELBO` to `RenyiELBO` and kept the batches; the bound has risen by two hundred nats, far more than any
# other change of ours." For each claim write two or three sentences: what is right about it, what is not, and what you
# would look at to decide. Then one sentence: what does a test by enumeration tell that a thousand seeds do not?

# %% [markdown] written="14_written"
# (1) A program that runs defines some joint density; whether it is the one meant is another question. Conventions
# (scale or precision or rate), plates in place of events, a parent that is not passed on: all of them run. Look at: the
# log joint at given values against one written by hand, site by site, and at draws from the prior.
#
# (2) The plate multiplies the log-densities inside it by N/B, and the global latents stand outside, in model and guide
# alike: their terms are counted once, as they should be. The estimate is unbiased. It would be wrong for latents of
# each row, which need the plate in the guide too. Look at: the mean over all batches of a small data set.
#
# (3) The value says nothing of the gradient: a loss can tell the right value and have a wrong gradient, as this one has
# with discrete guides. Ten seeds say little of a small bias in any case. Look at: the mean gradient, by enumeration, or
# with its standard error against the gradient of an exact bound.
#
# (4) On batches the scale N/B stands in the exponent of the weights: what is reported is no bound, and may exceed the
# log evidence. So a rise of two hundred nats is to be expected without any better guide. Look at: the bound on all
# rows, with the same guide.
#
# Enumeration has no error of sampling: any difference beyond rounding is a fault, however small, and agreement is proof
# for that case.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Running is not meaning, with one example of a mistake that runs (a convention, a plate, a parent), or
#   a check (log joint by hand, prior draws). Only "one should test": 0.25.
# - 0.5: claim 2. It is scaled rightly: global latents stand outside the plate in both. Full marks need the condition:
#   latents of each row need the plate in both. Without it 0.25.
# - 0.5: claim 3. Value and gradient are two questions; this loss is right in one and wrong in the other (with discrete
# guides). "Ten seeds are too few" alone: 0.25. Accept: with a reparametrized guide on all data they may train with it.
# - 0.5: claim 4. The scale is inside the weights (or: a batch is taken to a power), so that it is no bound. "The bound is
#   tighter, so it rises" alone: nothing. "Compare on all rows", without the reason: 0.25.
# - Last sentence: no standard error, every difference is a fault, also one too small for any number of seeds. Accept:
#   it finds *which* draw does it.
# === END MARK SCHEME ===
