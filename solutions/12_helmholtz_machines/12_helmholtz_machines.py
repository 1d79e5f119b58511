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

# %% [markdown] locked="12_header"
# # Problem set 12: Helmholtz machines
#
# One net makes data from causes, another guesses causes from data, and each teaches the other: awake and asleep. They
# climb two different hills. Where do they come to rest? You predict it, to the last digit, and then you watch. By the
# end you will have
#
# - taught a layer of bits awake, on average and at means, and seen what the means leave out,
# - found the factor that separates sleep from least squares, and a net for which the two rest elsewhere,
# - predicted where wake-sleep rests when q cannot be the posterior, and where the ELBO does: neither is maximum
#   likelihood,
# - computed the least that sleep can leave over, for nets that read upward, downward, or the data alone,
# - predicted the bias of reweighted wake-sleep, exactly and to first order,
# - read an expectation out of a code that has no density,
# - told from its variances which divergence a fit minimized.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/12_helmholtz_machines.ipynb). The exercises stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: eight at most, unless the exercise says otherwise. They are digits of each number; what lies
# near zero is held to $10^{-9}$. Where it says nothing of gradients none are
# asked of your result: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found them. Where
# your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** $p_\theta(x, z)$ is the generative model, $q_\phi(z \mid x)$ the recognition net. *Awake*, x is data, z
# is drawn from q, and $\theta$ climbs $\log p_\theta(x, z)$. *Asleep*, (x, z) is dreamt from p, and $\phi$ climbs
# $\log q_\phi(z \mid x)$. Bits are 0 or 1; $\sigma$ is the logistic function. Logarithms are natural: nats.

# %% locked="12_setup"
import itertools
import math

import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_12 import targets
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def uniforms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=seeded(seed), dtype=torch.float64)


def all_bits(count: int) -> Tensor:
    """All vectors of so many bits, (2^D, D)."""
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=count)), dtype=torch.float64)


# %% [markdown]
# ## 1. Awake: on average, and at means
#
# *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# A layer of bits z causes a layer of pixels: $x_i \mid z \sim \mathrm{Bernoulli}(\sigma(W z + b)_i)$. The recognition
# net has spoken: for datum n its bits are independent, and on with chances $q_{n1}, \dots, q_{nD}$. The wake phase
# draws z and takes the slope of $\log p(x \mid z)$ in W. Two ways to do without the draw:
#
# - **on average**: the mean of that slope over z ~ q, exactly. Up to 8 bits: their states can be added up;
# - **at means**: put $z = q_n$ into $\log p(x_n \mid z)$, as if it were a state, and take the slope in W there.
#
# Return both, each of the shape of W, $(D_x, D)$, and each the *mean over the data*. Weights go up to 40, and chances
# down to 0, up to 1.
#
# **Predict, before you begin**: for which q are the two the same? And one of them is the slope of the ELBO in W.
# Which?

# %% exercise="12_wake_phase"
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The slope in the weights of log p(x | z): on average over z ~ q, and at the means of q; (Dx, D) each, means over data.

    weight: (Dx, D). bias: (Dx). x: (B, Dx), bits. q: (B, D), the chances that the bits of z are on.
    """
    ### BEGIN SOLUTION
    z = all_bits(q.shape[1])[:, None, :]                                                    # (S, 1, D)
    chance = torch.where(z > 0.5, q, 1 - q).prod(-1)                                        # (S, B)
    residual = x - (z @ weight.T + bias).sigmoid()                                          # (S, B, Dx)
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z[:, 0]) / len(x)
    means = (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)
    return average, means
    ### END SOLUTION


# %% check="12_wake_phase"
check("12_wake_phase", wake_gradients)

# %% [markdown]
# **From sure to unsure.** The same data and weights; the chances move from 0 or 1 to one half. How far apart are the
# two, beside the size of the average?

# %%
with when_written():
    weight, bias = 2 * normals(6, 4, seed=1), normals(6, seed=2)
    x, sure = (uniforms(50, 6, seed=3) < 0.5).double(), (uniforms(50, 4, seed=4) < 0.5).double()
    for doubt in (0.0, 0.05, 0.2, 0.5):
        average, means = wake_gradients(weight, bias, x, sure + doubt * (1 - 2 * sure))
        print(f"chances {doubt:.2f} and {1 - doubt:.2f}   size of the average {average.norm():.4f}   of the difference {(means - average).norm():.4f}")

# %% [markdown]
# <details><summary>Symptom: my average equals the other one</summary>
#
# $\sigma$ of a mean is no mean of $\sigma$. The average needs $\log p(x \mid z)$ at states, each with its chance.
#
# </details>
# <details><summary>Symptom: I averaged the residual, and it is still off</summary>
#
# The slope is a product: what x has beyond its mean, times z. Both factors change from state to state. What is the
# mean of a product?
#
# </details>
# <details><summary>Symptom: right for one datum, wrong for several</summary>
#
# Each datum has chances of its own: a table of states by data. Multiply residual, state and chance for each pair, then
# sum over states and average over data. `einsum("sb,sbx,sd->xd", ...)` is one way.
#
# </details>

# %% [markdown] solution_only="12_wake_phase"
# **The delta rule.** $\partial \log p(x \mid z) / \partial W_{ij} = (x_i - \sigma(Wz + b)_i)\, z_j$. At means, z is
# replaced by q once; on average, $\mathbb E_q[x_i z_j] = x_i q_j$ is the same, and
# $\mathbb E_q[\sigma(Wz + b)_i\, z_j]$ is not: that the bits vary moves the mean of a bent function.
#
# **The prediction.** They agree where q is sure. On average is the slope of the ELBO (q's entropy and the prior do not
# know W); at means is the slope of a plug-in that is no bound on anything.

# %% [markdown]
# ## 2. Asleep, and the factor that least squares loses
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# The recognition net says of each dream how likely its latent bits are: `f`, $(B, D)$, the probabilities that they are
# one. How these move with the P parameters of the net is known: `slopes`, $(B, D, P)$, is $\partial f / \partial \phi$.
# `z`, $(B, D)$, are the bits that were dreamt. Return two gradients in $\phi$, $(P)$ each, both *uphill*, both means
# over the dreams:
#
# - **asleep**: of $\log q_\phi(z \mid x)$, the bits being independent;
# - **of least squares**: of minus half of $\lVert z - f \rVert^2$.
#
# Probabilities may be as near to 0 or to 1 as 1e-9, and the dream may be the unlikely one.
#
# **Predict**: by which factor does a single bit count more in the one than in the other? You will read the sleep
# phase written as $(z - f)\,\nabla f$. For what is that the rule?

# %% exercise="12_sleep_phase"
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """The uphill gradients in phi of log q at dreams, and of minus half the squared error of f; (P) each, means over dreams.

    f: (B, D), probabilities that bits are one. slopes: (B, D, P), of f in phi. z: (B, D), dreamt bits.
    """
    ### BEGIN SOLUTION
    off = z - f
    asleep = off / (f * (1 - f))
    return tuple(torch.einsum("bd,bdp->p", each, slopes) / len(f) for each in (asleep, off))
    ### END SOLUTION


# %% check="12_sleep_phase"
check("12_sleep_phase", sleep_gradients)

# %% [markdown]
# **A bit that was sure, and wrong.** One parameter, $f = \sigma(\phi)$, begins at a probability of 0.0001; in the
# dreams the bit is on in about three of ten. Both rules take the same steps. Both may end at 0.3, if they get there.

# %%
with when_written():
    z = (uniforms(1000, 1, seed=5) < 0.3).double()
    for index, name in enumerate(("asleep", "least squares")):
        phi, seen = torch.tensor(-9.2, dtype=torch.float64), []
        for step in range(301):
            f = phi.sigmoid().expand(1000, 1)
            if step in (0, 10, 30, 100, 300):
                seen.append(f"step {step}: {f[0, 0]:.4f}")
            phi = phi + 2.0 * sleep_gradients(f, (f * (1 - f)).unsqueeze(-1), z)[index][0]
        print(f"{name:14s} " + "   ".join(seen))

# %% [markdown]
# <details><summary>Symptom: I am right where z is one, and not where it is zero</summary>
#
# A bit that is zero has probability $1 - f$. What is the slope of $\log(1 - f)$?
#
# </details>
# <details><summary>Symptom: mine is too small, most of all where f is near 0 or 1</summary>
#
# `slopes` are those of the probability, not of its logit. Differentiating a logarithm divides by its argument.
#
# </details>
# <details><summary>Symptom: off by a constant factor</summary>
#
# Sum over the bits of a dream; average over the dreams. The two cases of a bit fit into one expression: bring
# $z/f - (1 - z)/(1 - f)$ to one denominator.
#
# </details>

# %% [markdown] solution_only="12_sleep_phase"
# **The factor.** $\frac zf - \frac{1-z}{1-f} = \frac{z - f}{f(1-f)}$. Asleep a bit counts $1/(f(1-f))$ times as much as
# in least squares: one over the variance that the net believes in. Put differently, $\frac{\nabla f}{f(1-f)}$ is the
# slope of the *logit*, so sleep is $(z - f)\,\nabla\,\mathrm{logit} f$, and $(z - f)\,\nabla f$ is least squares on
# probabilities.
#
# **What it does.** Where f is sure and wrong, $\nabla f$ is all but zero for a net that ends in a sigmoid, and least
# squares hardly moves; sleep sees a surprise of the size $1/f$. With a free f both rest at $P(z = 1 \mid x)$. With one
# that is not free they do not: next exercise.

# %% [markdown]
# ## 3. A net that cannot say everything
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# One latent bit, a datum x that takes X values, and a recognition net with a single parameter: it says
# $P(z = 1 \mid x) = \phi\, h(x)$, with a given positive h, and $0 < \phi < 1 / \max_x h(x)$. `joint`, $(X, 2)$, holds
# $p(x, z)$ for z = 0 and z = 1; `data`, $(X)$, is the distribution of x *in the data*, which is another one. Where does
# $\phi$ end up? Return three numbers:
#
# - **asleep**: where $\log q$ is highest, on average over dreams;
# - **least squares**: where the mean of $(z - \phi\,h(x))^2$ over dreams is least;
# - **at the data**: where the mean of $\mathrm{KL}(p(z \mid x) \,\|\, q(z \mid x))$ *over the data* is least. It is
#   what reweighted wake-sleep teaches, with endlessly many samples.
#
# Five digits are looked at. All three lie inside the range of $\phi$, at times within a thousandth of its end; values
# of h go from 0.01 to 20. Every x occurs, under dreams and in the data, with at least one chance in a hundred. There may
# be a single x.
#
# **Predict**: for which h do the three agree, whatever the data? Which x pulls hardest on $\phi$ asleep, in comparison
# with least squares?

# %% exercise="12_restricted_net"
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """phi of the recognition net phi h(x): asleep, by least squares on dreams, and by the KL of sleep at the data.

    joint: (X, 2), p(x, z). h: (X), positive. data: (X), probabilities.
    """
    ### BEGIN SOLUTION
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)

    def best(weights):
        low, high = torch.zeros_like(h[0]), 1 / h.max()
        for _ in range(60):
            phi = (low + high) / 2
            slope = weights @ ((posterior - phi * h) / (1 - phi * h))                       # times phi
            low, high = (phi, high) if slope > 0 else (low, phi)
        return phi

    return best(chance), (chance * h) @ posterior / ((chance * h) @ h), best(data)
    ### END SOLUTION


# %% check="12_restricted_net"
check("12_restricted_net", three_targets)

# %% [markdown]
# **What each costs.** Three nets at rest, and three objectives: each should be best at its own.

# %%
with when_written():
    joint = torch.tensor([[0.28, 0.02], [0.05, 0.15], [0.3, 0.2]], dtype=torch.float64)
    h, data = torch.tensor([0.4, 1.0, 0.8], dtype=torch.float64), torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64)
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)
    print("                       phi     KL, dreams   squares   KL, data")
    for name, phi in zip(("asleep", "least squares", "at the data"), three_targets(joint, h, data), strict=True):
        f = float(phi) * h
        kl = posterior * (posterior / f).log() + (1 - posterior) * ((1 - posterior) / (1 - f)).log()
        print(f"{name:18s} {float(phi):9.5f} {chance @ kl:12.6f} {chance @ (posterior - f) ** 2:9.6f} {data @ kl:10.6f}")

# %% [markdown]
# <details><summary>Symptom: my "asleep" is the least-squares solution</summary>
#
# Did you set the mean of $(z - f)\,\nabla f$ to zero? Exercise 2 says which factor is missing.
#
# </details>
# <details><summary>Symptom: I do not find a formula for the first</summary>
#
# There is none worth having for many values of x. The mean of $\log q$ is concave in $\phi$, so its slope falls: begin
# with the two ends of the range, and halve.
#
# </details>
# <details><summary>Symptom: the third is off, and the first is right</summary>
#
# The same posterior, $p(z \mid x)$ from `joint`; only x comes with other weights. Where does $p(x)$ enter your slope?
# Write it as a sum over x of weight times $\big(\pi(x)/\phi - (1 - \pi(x))\,h(x)/(1 - \phi h(x))\big)$.
#
# </details>

# %% [markdown] solution_only="12_restricted_net"
# **The slopes.** With $\pi(x) = P(z = 1 \mid x)$, asleep
# $\sum_x w(x)\,\frac{(\pi - \phi h)\,h}{\phi h (1 - \phi h)} = 0$ with $w = p(x)$, or w = data; least squares
# $\sum_x p(x)(\pi - \phi h)\,h = 0$, so $\phi = \sum p\,\pi h / \sum p\,h^2$. The first slope falls from $+\infty$ to
# $-\infty$ over the range: one root.
#
# **The prediction.** They agree if $\pi(x)$ is a multiple of $h(x)$: the net can say it, and then nobody has to
# compromise. Otherwise x with f near 0 or 1 pulls harder asleep, by $1/(f(1-f))$. And *whose x* matters as soon as the
# net has to compromise: sleep fits dreams, and the dreams of a model that has not learned yet need not look like data.

# %% [markdown]
# ## 4. S: where wake-sleep rests
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# The **fan**: d independent causes $z_i \sim N(0, 1)$, one effect, $x \mid z \sim N(\theta \sum_i z_i, 1)$, and one
# parameter, $\theta \ge 0$. So x has variance $u = 1 + d\,\theta^2$ under the model. The recognition net can say any
# mean that is a multiple of x, and any variances, but no correlations: $q(z_i \mid x) = N(a_i x, v_i)$, independent.
# The data are centred and endless, with variance $\lambda$ (`lam`).
#
# Two people learn $\theta$, a and v, each to rest, from a $\theta$ that is not zero. One alternates **wake and sleep**,
# the other climbs the **ELBO**. Return a table, $(2, 3)$: the rows are wake-sleep and the ELBO, the columns
#
# - u at rest;
# - v at rest, the variance that q gives to *one* $z_i$ (they are all alike);
# - the slope of the mean of $\log p_\theta(x)$ over the data there, in $\theta$.
#
# Where the data vary less than the noise does, $\lambda \le 1$, both rest at $\theta = 0$, and q is the prior. `dim` is d, 1 to 300; `lam`
# is 0.1 to 60, and not within 0.1 of 1. Closed form or iteration, as you like: five digits are looked at.
#
# **Predict, before you begin**: which of the two rests nearer to maximum likelihood, $u = \lambda$? At which d do both
# get there? And what if the wake phase takes the *means* of q for its z, and no draws?

# %% exercise="12_fan_at_rest"
def fan_at_rest(lam: float, dim: int) -> Tensor:
    """Rows: wake-sleep, the ELBO. Columns: u, v, and the slope of the mean log p(x) in theta, all at rest; (2, 3).

    lam: variance of the data. dim: number of latents.
    """
    ### BEGIN SOLUTION
    def row(u):
        theta = math.sqrt((u - 1) / dim)
        return [u, lam / u**2, theta * dim * (lam - u) / u**2]

    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    pairs = 4 * dim * (dim - 1)
    asleep = 2 * dim * lam / (1 + math.sqrt(1 + pairs * lam))          # u ((d - 1) u + 1) = d lam
    climbed = (lam + math.sqrt(lam**2 + pairs * lam)) / (2 * dim)      # d u^2 = lam (d + u - 1)
    return torch.tensor([row(asleep), row(climbed)], dtype=torch.float64)
    ### END SOLUTION


# %% check="12_fan_at_rest"
check("12_fan_at_rest", fan_at_rest)

# %% [markdown]
# **Now watch.** Twenty runs each, with draws for everything: two causes, data of variance 4. The first figure needs
# nothing of yours; the second has your places of rest as dashed lines. The last way of learning takes means awake.

# %%
tracks = [targets.slide(name) for name in ("wake-sleep", "ELBO", "wake at means")]
show(targets.sliding(tracks), alt="The variance of x under the model over 2,000 steps, for three ways of learning. Wake-sleep and the ELBO level off below the variance of the data, wake-sleep lower; with means awake the curve leaves the figure at the top.")

# %%
with when_written():
    table = torch.as_tensor(fan_at_rest(4.0, 2))
    show(targets.sliding(tracks, table=table), alt="The same curves with two dashed lines, at which wake-sleep and the ELBO level off.")
    for track, (u, v, slope) in zip(tracks, table.tolist(), strict=False):
        mean, error, moved = track.rest()
        print(f"{track.name:12s} u predicted {u:.4f}, measured {mean:.4f} ± {error:.4f}, still moving by {moved:+.1f} standard errors;"
              f" v predicted {v:.4f}, measured {track.v[-50:].mean():.4f}; slope of log p {slope:+.4f}")
    print("\n dim   wake-sleep    ELBO     root of lam")
    for dim in (1, 2, 5, 20, 300):
        first, second = torch.as_tensor(fan_at_rest(4.0, dim))[:, 0].tolist()
        print(f"{dim:4d} {first:10.4f} {second:10.4f} {4.0**0.5:10.4f}")

# %% [markdown]
# <details><summary>Symptom: both rows are the same</summary>
#
# A factorized q has one answer to $\mathrm{KL}(q \,\|\, p)$ and another to $\mathrm{KL}(p \,\|\, q)$. The posterior of
# z has precision $I + \theta^2 \mathbf 1 \mathbf 1^\top$. Which of its variances does each take, the one with all other
# latents fixed, or the one with all other latents unknown?
#
# </details>
# <details><summary>Symptom: I have q for a given theta, and do not know where theta goes</summary>
#
# Awake, $\theta$ regresses x on $s = \sum_i z_i$: it goes to $\mathbb E[x s] / \mathbb E[s^2]$, with x from the data
# and z from q. Both means are a line in $\lambda$. The mean of q is the same in both rows: what is
# $\mathbb E[s \mid x]$?
#
# </details>
# <details><summary>Symptom: the equation for theta is a mess</summary>
#
# Set $\theta = \mathbb E[xs]/\mathbb E[s^2]$ with $\mathbb E[s \mid x] = (d\theta/u)\,x$ and
# $\mathrm{Var}(s \mid x) = d\,v$ under q, and multiply out. Almost everything cancels: what is left says that $v\,u^2$
# is a constant. Then put in your v, with $\theta^2 = (u - 1)/d$: a quadratic equation in u.
#
# </details>

# %% [markdown] solution_only="12_fan_at_rest"
# **One condition.** The mean of q is right in both, $a = \theta/u$. At rest
# $\theta = \frac{(d\theta/u)\lambda}{(d\theta/u)^2\lambda + d v}$; that is $d\theta^2\lambda/u^2 + v = \lambda/u$, and
# with $d\theta^2 = u - 1$ simply $v u^2 = \lambda$. For both: their steps in $\theta$ are the same, given q.
#
# **Two variances.** Asleep, q takes the marginals, $v = 1 - \theta^2/u$: $u((d-1)u + 1) = d\lambda$. Climbing the ELBO,
# it takes one over the diagonal of the precision, $v = 1/(1 + \theta^2)$: $d u^2 = \lambda(d + u - 1)$. For
# $\lambda = 4$, $d = 2$: 2.372, and 2.732; maximum likelihood is 4. The slope of $\log N(x; 0, u)$ is
# $\theta d(\lambda - u)/u^2$, positive at both.
#
# **The prediction.** The ELBO rests nearer. The wider v of sleep makes s vary more, and a regression on a noisier input
# is flatter. At d = 1 there is nothing to correlate, q can be the posterior, and both reach $\lambda$. As d grows both
# v tend to one, and both u to $\sqrt\lambda$.
#
# **At means** v drops out of the regression: $\theta' = u/(d\theta) = \theta + 1/(d\theta)$. No $\theta$ stays where it
# is; u grows by two a step, and a little more, for ever. A plug-in is no bound, and nothing holds it.

# %% [markdown]
# ## 5. Who reads whom
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# Two layers of bits above the data, $z_2 \to z_1 \to x$. The recognition net need not mirror that. Three designs; in
# all of them, the bits *of one layer* are independent given what the layer reads:
#
# - **upward**: $z_1$ reads x, and $z_2$ reads the *sample* of $z_1$;
# - **flat**: both layers read x, and nothing else;
# - **downward**: $z_2$ reads x, and $z_1$ reads x and the sample of $z_2$.
#
# Each may say any chances for what it reads: a table, as large as need be. Sleep minimizes
# $\mathrm{KL}(p(z_1, z_2 \mid x) \,\|\, q(z_1, z_2 \mid x))$, on average over dreamt x. What is the least that each can
# reach? Return three numbers, in nats: upward, flat, downward.
#
# `joint`, $(X, S_1, S_2)$, holds $p(x, z_1, z_2)$, and x depends on $z_2$ only through $z_1$. `bits1`, $(S_1, D_1)$,
# and `bits2`, $(S_2, D_2)$, say which bits each state stands for: all $2^D$ of them, in any order. Some probabilities
# may be zero.
# The bits of $z_2$ need not be independent under p. Five digits.
#
# **Predict**: can flat ever be the best of the three? Would it help the upward net to let $z_2$ read x as well? And
# what becomes of it if $z_2$ reads the *mean* of $z_1$, not a sample?

# %% exercise="12_sleep_floors"
def sleep_floors(joint: Tensor, bits1: Tensor, bits2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The least mean KL(p | q) over dreams, in nats, of the upward, the flat, and the downward net.

    joint: (X, S1, S2), p(x, z1, z2). bits1: (S1, D1), bits2: (S2, D2): the bits of each state.
    """
    ### BEGIN SOLUTION
    def left_over(table, bits):
        """Mean KL of p(state | row) from the product of its marginals; table holds p(row, state)."""
        given = table / table.sum(1, keepdim=True).clamp_min(1e-300)
        on = (given @ bits)[:, None]
        product = torch.where(bits > 0.5, on, 1 - on).prod(-1)
        return (torch.xlogy(table, given) - torch.xlogy(table, product)).sum()

    s1, s2 = len(bits1), len(bits2)
    both = torch.cat([bits1.repeat_interleave(s2, 0), bits2.repeat(s1, 1)], 1)
    upward = left_over(joint.sum(2), bits1) + left_over(joint.sum(0), bits2)
    flat = left_over(joint.flatten(1), both)
    downward = left_over(joint.sum(1), bits2) + left_over(joint.transpose(1, 2).reshape(-1, s1), bits1)
    return upward, flat, downward
    ### END SOLUTION


# %% check="12_sleep_floors"
check("12_sleep_floors", sleep_floors)

# %% [markdown]
# **Sleep, and count.** For tables, endless sleep is counting: dream, and count how often a bit is on, for each value of
# what it reads. The cell fits the three nets to 200,000 dreams of a small net and measures the KL on 200,000 others:
# the mean of $\log p(z \mid x) - \log q(z \mid x)$, with its standard error.

# %%
with when_written():
    bits = all_bits(2)
    top = torch.tensor([0.5, 0.3, 0.1, 0.1], dtype=torch.float64)                           # p(z2)
    on1 = (4 * bits @ torch.tensor([[1.0, 0.8], [1.0, -1.2]]).double() - 2).sigmoid()       # chances of z1's bits, given z2
    onx = (5 * bits.sum(1, keepdim=True) - 5 + torch.tensor([[0.5, -0.5]])).sigmoid()       # of x's, given z1
    given = [torch.where(bits[:, None] > 0.5, on, 1 - on).prod(-1) for on in (on1, onx)]    # (S1, S2), (X, S1)
    joint = given[1][:, :, None] * given[0] * top
    dreams, tests = torch.multinomial(joint.flatten(), 400_000, True, generator=seeded(8)).view(2, -1)

    def parts(flat_index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return flat_index // 16, flat_index // 4 % 4, flat_index % 4                        # x, z1, z2

    def fitted_log_q(read: Tensor, z: Tensor, read_test: Tensor, z_test: Tensor) -> Tensor:
        """Log-probability of the tests' states, under independent bits with counted chances for each value that is read."""
        counts = torch.zeros(16, 3).double()
        counts.index_add_(0, read, torch.cat([bits[z], torch.ones(len(z), 1).double()], 1))
        on = ((counts[:, :2] + 0.01) / (counts[:, 2:] + 0.02))[read_test]
        return torch.where(bits[z_test] > 0.5, on, 1 - on).log().sum(-1)

    (x, z1, z2), (x_, z1_, z2_) = parts(dreams), parts(tests)
    log_p = (joint / joint.sum((1, 2), keepdim=True)).flatten()[tests].log()
    nets = {
        "upward": fitted_log_q(x, z1, x_, z1_) + fitted_log_q(z1, z2, z1_, z2_),
        "flat": fitted_log_q(x, z1, x_, z1_) + fitted_log_q(x, z2, x_, z2_),
        "downward": fitted_log_q(x, z2, x_, z2_) + fitted_log_q(4 * x + z2, z1, 4 * x_ + z2_, z1_),
    }
    for (name, log_q), floor in zip(nets.items(), sleep_floors(joint, bits, bits), strict=True):
        left = log_p - log_q
        print(f"{name:10s} predicted {float(floor):.5f}   measured {left.mean():.5f} ± {left.std() / len(left) ** 0.5:.5f}")

# %% [markdown]
# <details><summary>Symptom: I do not know which q is best</summary>
#
# $\mathrm{KL}(p \,\|\, q)$ is least where $\log q$ of dreams is most. With a table of its own for each value that is
# read, a bit's best chance is how often it is on, in dreams where that was read.
#
# </details>
# <details><summary>Symptom: I have q, and the KL is a sum over everything</summary>
#
# Write $p(z_1, z_2 \mid x)$ as a product in the order of the net: upward, $p(z_1 \mid x)\,p(z_2 \mid z_1, x)$. The KL
# falls into one term a layer; each is the KL of a layer's distribution from the product of its own marginals, averaged
# over what the layer reads.
#
# </details>
# <details><summary>Symptom: upward is off, the other two are right</summary>
#
# What does x tell of $z_2$ when $z_1$ is known? In this chain, nothing, so the second term needs
# $p(z_1, z_2)$ alone, with x summed out. Flat is a single term, over the bits of both layers at once.
#
# </details>

# %% [markdown] solution_only="12_sleep_floors"
# **Total correlations.** For a layer with bits b that reads r the least is
# $\sum_r p(r)\,\mathrm{KL}\big(p(b \mid r) \,\|\, \prod_d p(b_d \mid r)\big)$. Upward that is the term of $z_1$ given x
# plus that of $z_2$ given $z_1$; flat, one term of all bits given x; downward, $z_2$ given x plus $z_1$ given
# $(x, z_2)$.
#
# **The predictions.** Reading x as well does not help the upward net: given $z_1$, x says nothing of $z_2$, so its best
# chances do not change. But an upward net that reads x too can say all that a flat one says. So flat is never better
# than upward; nor than downward, which contains it outright. And the *mean* of $z_1$ is a function of x: at best, a net
# whose $z_2$ reads means is a flat net. Samples make $q(z_2 \mid x) = \sum_{z_1} q(z_1 \mid x)\,q(z_2 \mid z_1)$ a
# mixture; means do not.

# %% [markdown]
# ## 6. Reweighted wake-sleep, and its bias
#
# *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# Taught at the data, a recognition net has no dreams whose causes are known. So it draws K causes of its own,
# $z_k \sim q(z \mid x)$, weights them with $w_k = p(x, z_k)/q(z_k \mid x)$, normalized to sum to one, and climbs
#
# $$\hat g = \sum_k \bar w_k\, \nabla_\phi \log q_\phi(z_k \mid x), \qquad \bar w_k = \frac{w_k}{\sum_j w_j}.$$
#
# It aims at the mean of $\nabla_\phi \log q$ under the posterior. For one datum with S states of z you are given
# `log_joint`, $(S)$, the values of $\log p(x, z)$; `log_q`, $(S)$; `scores`, $(S, P)$, the values of
# $\nabla_\phi \log q$; and `samples`, K. Return two vectors, $(P)$ each:
#
# - **exact**: the bias of $\hat g$, its mean less what it aims at. No sampling; $S^K$ is at most 4,096;
# - **first order**: the term in $1/K$ of that bias as K grows, with the K that you are given put in: a formula in
#   moments over the states.
#
# $\log p(x, z)$ may be as low as -2,000. K may be one. Seven digits are looked at.
#
# **Predict**: what is the mean of $\hat g$ at K = 1, whatever p and q are? Does the bias vanish with the variance of
# the weights?

# %% exercise="12_reweighted_bias"
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """The bias of reweighted wake-sleep's gradient from K samples, exactly and to first order in 1 / K; (P) each.

    log_joint: (S), log p(x, z). log_q: (S), log q(z | x). scores: (S, P), gradients of log q. samples: K.
    """
    ### BEGIN SOLUTION
    posterior = log_joint.softmax(0)
    target = posterior @ scores
    tuples = torch.cartesian_prod(*[torch.arange(len(log_q))] * samples).reshape(-1, samples)
    weights = (log_joint - log_q)[tuples].softmax(-1)
    mean = log_q[tuples].sum(-1).exp() @ (weights.unsqueeze(-1) * scores[tuples]).sum(1)
    ratio = (log_joint.log_softmax(0) - log_q).exp()                                        # w, with mean one
    return mean - target, -((posterior * ratio) @ (scores - target)) / samples
    ### END SOLUTION


# %% check="12_reweighted_bias"
check("12_reweighted_bias", reweighted_bias)

# %% [markdown]
# **More samples than can be summed.** Two bits, with a posterior that likes them equal. Measured with 40,000
# replicates; exact where that is possible; and your first order. From which K on would you trust it?

# %%
with when_written():
    z, logits = all_bits(2), torch.tensor([0.4, -0.3], dtype=torch.float64)
    log_q = (z * torch.nn.functional.logsigmoid(logits) + (1 - z) * torch.nn.functional.logsigmoid(-logits)).sum(-1)
    log_joint, scores = torch.tensor([-1.0, -3.0, -4.0, -1.5], dtype=torch.float64), z - logits.sigmoid()
    target = log_joint.softmax(0) @ scores
    for count in (1, 2, 4, 8, 32):
        k = torch.multinomial(log_q.exp(), 40_000 * count, True, generator=seeded(count)).view(40_000, count)
        each = ((log_joint - log_q)[k].softmax(-1).unsqueeze(-1) * scores[k]).sum(1)
        mean, error = each.mean(0) - target, each.std(0) / 200
        exact, first = reweighted_bias(log_joint, log_q, scores, min(count, 6))
        known = f"{float(exact[0]):+.4f}" if count <= 6 else "   -   "
        print(f"K = {count:2d}   bias of the first entry: measured {mean[0]:+.4f} ± {error[0]:.4f}   exact {known}"
              f"   first order {float(first[0]) * min(count, 6) / count:+.4f}")

# %% [markdown]
# <details><summary>Symptom: NaN, or zero, where log p is low</summary>
#
# Normalized weights do not change when all of $\log w$ moves. Use a softmax of the differences; and divide w by its
# mean in the logarithm, too.
#
# </details>
# <details><summary>Symptom: exact is right, and my first order is nearly right</summary>
#
# $\hat g$ is a ratio of two means, A / B, and both are random. Expand to second order around their means: there is a
# covariance of A with B, and a variance of B. Leave neither out.
#
# </details>
# <details><summary>Symptom: my first order changes when p is multiplied by a constant</summary>
#
# Let w have mean one under q: divide by $p(x)$, which is the sum of $p(x, z)$. Then with $\mu$ the target, the
# numerator less $\mu$ times the denominator is the mean of $w_k(g_k - \mu)$, which has mean zero; what is left is minus
# its covariance with the mean of $w_k$.
#
# </details>

# %% [markdown] solution_only="12_reweighted_bias"
# **To first order.** With w of mean one and $\mu = \mathbb E_q[w g]$:
# $\hat g - \mu = \frac{\frac1K\sum w_k (g_k - \mu)}{\frac1K\sum w_k}$. The numerator has mean zero. Expanding one over
# the denominator, the bias is minus their covariance, $-\frac1K\,\mathbb E_q[w^2 (g - \mu)]$.
#
# **The predictions.** At K = 1 the one normalized weight is one, and $\mathbb E_q \nabla \log q = 0$: the bias is minus
# the target, and nothing is learned. The bias vanishes where q is the posterior, as w is constant then. The gradient of
# $\theta$ with the same weights aims at another thing: it is unbiased for the slope of the K-sample bound.

# %% [markdown]
# ## 7. A code of expectations
#
# *Difficulty* 4/5 · *Importance* 3/5 · 40 minutes
#
# A distributed distributional code says no density. It says the means of chosen statistics $T_1, \dots, T_M$ of z, and
# it is learned asleep, by regression: over dreams (x, z) it minimizes the mean of $\lVert T(z) - r(x) \rVert^2$, where
# r is *linear in given features* of x, without a constant of its own. Later somebody wants the posterior mean of a
# function g of z. They regress g(z) on T(z) **and a constant**, over dreamt z, and read the line out at r(x).
#
# Do both with endless dreams. `joint`, $(X, S)$, holds $p(x, z)$; `statistics`, $(S, M)$, the values of T; `features`,
# $(X, F)$, those of the features; `g`, $(S)$. Return
#
# - **code**, $(X, M)$: what r says of each x, learned to rest;
# - **readout**, $(X)$: what is read out of it as the mean of g.
#
# All probabilities are positive. Features may depend on each other, be the same or be zero (then r is not unique, and
# what it says is); the statistics and the constant do not. Five digits.
#
# **Predict**: which of T, g and the features must be rich enough for the code to be exact? And for the readout?

# %% exercise="12_ddc_readout"
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """The code that regression on dreams ends with, (X, M), and the mean of g that is read out of it, (X).

    joint: (X, S), p(x, z). statistics: (S, M), T(z). features: (X, F). g: (S).
    """
    ### BEGIN SOLUTION
    def regressed(inputs, outputs, weights):
        root = weights.sqrt()[:, None]
        return torch.linalg.pinv(root * inputs, rtol=1e-9) @ (root * outputs)

    means = joint @ statistics / joint.sum(1, keepdim=True)
    code = features @ regressed(features, means, joint.sum(1))
    one = torch.ones_like(g)[:, None]
    line = regressed(torch.cat([one, statistics], 1), g[:, None], joint.sum(0))[:, 0]
    return code, line[0] + code @ line[1:]
    ### END SOLUTION


# %% check="12_ddc_readout"
check("12_ddc_readout", ddc_readout)

# %% [markdown]
# **The toy, on a grid.** $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$, so the posterior is $N(x/2, 1/2)$. The statistics
# are z and z squared. With features $1, x, x^2$, and with $1, x$ alone; and a g that is not linear in the statistics.

# %%
with when_written():
    z, x = torch.linspace(-6, 6, 121, dtype=torch.float64), torch.linspace(-8, 8, 161, dtype=torch.float64)
    joint = (-0.5 * z**2 - 0.5 * (x[:, None] - z) ** 2).flatten().softmax(0).view(161, 121)
    posterior, statistics = joint / joint.sum(1, keepdim=True), torch.stack([z, z**2], -1)
    for name, features in (("1, x, x^2", torch.stack([x**0, x, x**2], -1)), ("1, x", torch.stack([x**0, x], -1))):
        for target, g in (("(z + 1)^2", (z + 1) ** 2), ("cos(z)", z.cos())):
            code, read = (torch.as_tensor(part) for part in ddc_readout(joint, statistics, features, g))
            for place in (80, 110):
                print(f"features {name:10s} x = {x[place].abs():.0f}   code {code[place, 0]:+.4f} {code[place, 1]:+.4f}"
                      f"   mean of {target:10s} read {read[place]:+.4f}, exact {posterior[place] @ g:+.4f}")

# %% [markdown]
# <details><summary>Symptom: my code is the exact posterior mean, and the check says no</summary>
#
# r is a matrix times the features. It comes as near as that allows, over dreamt x: which x count how much?
#
# </details>
# <details><summary>Symptom: the code is right, the readout is not</summary>
#
# The line is fitted over z, with $p(z)$, before any x is there; it has a constant. And it is read out at what the code
# *says*, right or wrong.
#
# </details>
# <details><summary>Symptom: an error, or nonsense, where features depend on each other</summary>
#
# The normal equations are singular then, and any solution will do. `lstsq` of NumPy and `pinv` find one. To weight rows
# with $p$, multiply inputs and outputs with its square root.
#
# </details>

# %% [markdown] solution_only="12_ddc_readout"
# **Two regressions.** T(z) is its posterior mean plus noise that no function of x can tell, so regression on dreams is
# regression of the posterior means on the features, with weights $p(x)$. The readout is
# $\beta_0 + \beta^\top r(x)$, with $\beta$ from regressing g on (1, T) under $p(z)$.
#
# **The predictions.** The code is exact if the posterior means of T are linear in the features; g has no say. The
# readout is exact if, besides, g is linear in T and a constant. Beyond that the error is that of a regression under the
# *prior*: small where dreams often are. The toy's means, $x/2$ and $x^2/4 + 1/2$, are linear in $1, x, x^2$: exact.
# Without $x^2$ the code believes in the same second moment everywhere.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Which divergence did this q minimize? Three people, each with a Gaussian posterior p *of their own*, fitted a
# *factorized* Gaussian q to it, with the right means. One minimized the **reverse** $\mathrm{KL}(q \,\|\, p)$, as
# climbing the ELBO does; one the **forward** $\mathrm{KL}(p \,\|\, q)$, as sleep does; and one something **between**,
# the Hellinger distance, $1 - \int \sqrt{p(z)\,q(z)}\,dz$. You are not told who.
#
# `precision`, $(3, D, D)$, has the precision matrix of each posterior, person by person. Of each q you see 10,000
# draws' worth: `variances`, $(3, D)$, as measured, and `errors`, $(3, D)$, their standard errors. D is 2 to 4. Return
# the three names `"reverse"`, `"forward"`, `"between"` in the order of the persons.
#
# The evidence is enough: at each of the posteriors, any two of the three fits lie at least six standard errors apart,
# in one variance or more. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: at *one* posterior, which of the three fits has the smallest variances, and which the
# largest? Why does that not settle the case?

# %% exercise="12_sealed_case"
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    """Which fit is "reverse", which is "forward", and which is "between", in the order of the persons.

    variances, errors: (3, D), of each q, measured. precision: (3, D, D), of each posterior.
    """
    ### BEGIN SOLUTION
    reverse = 1 / precision.diagonal(dim1=-2, dim2=-1)
    forward = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    between = (reverse * forward).sqrt()
    for _ in range(60):                                       # q's variances are those of the Gaussian midway between q and p
        middle = (precision + torch.diag_embed(1 / between)) / 2
        between = torch.linalg.inv(middle).diagonal(dim1=-2, dim2=-1)
    expected = {"reverse": reverse, "forward": forward, "between": between}
    fits = {name: ((variances - there) / errors).square().sum(-1) for name, there in expected.items()}
    orders = itertools.permutations(expected)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="12_sealed_case"
check("12_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("12_sealed_case", seed=1)
    for letter, v, e in zip("ABC", case.given["variances"], case.given["errors"], strict=True):
        print(f"{letter}: variances " + "   ".join(f"{a:.4f} ± {b:.4f}" for a, b in zip(v, e, strict=True)))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I sort the persons by their variances, and am right by chance alone</summary>
#
# Each has a posterior of their own, on a scale of its own. Compare a q with what *its* posterior allows.
#
# </details>
# <details><summary>Symptom: I compare variances with those of the posterior, and confuse two persons</summary>
#
# How much a fit shrinks depends on how strongly its posterior is correlated, so the order of the ratios gives nothing
# away. Two of the fits have closed forms. Whether a person's variances *equal* them is the question, in standard
# errors.
#
# </details>
# <details><summary>Symptom: I cannot compute the one between</summary>
#
# You hardly need it: find the best two persons for the two closed forms, one over the diagonal of the precision, and
# the diagonal of its inverse. Whoever is left is between.
#
# </details>

# %% [markdown] solution_only="12_sealed_case"
# **What each gives.** Reverse: $v_i = 1/\Lambda_{ii}$, the variance with all others fixed. Forward:
# $v_i = (\Lambda^{-1})_{ii}$, the marginal. Between: setting the slope of $\int\sqrt{pq}$ to zero says that q has the
# variances of the Gaussian in proportion to $\sqrt{pq}$, whose precision is the mean of both:
# $v = \mathrm{diag}\big((\tfrac12\Lambda + \tfrac12 \mathrm{diag}(1/v))^{-1}\big)$, by iteration.
#
# **The prediction.** At one posterior the three are ordered: reverse is the smallest, forward the largest. But the
# persons have three posteriors, on scales and with correlations of their own, drawn such that neither the size of a
# variance, nor its ratio to $1/\Lambda_{ii}$, nor that to the marginal gives the names away.

# %% [markdown]
# ## 9. In words: four claims about machines that dream
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) Wake-sleep climbs the ELBO in two half-steps, one for $\theta$ and one for $\phi$, so we monitor
# the ELBO and stop when it falls. (2) The sleep phase is the regression of the dreamt bits on the data: we minimize
# squared errors of the probabilities. (3) Our q factorizes. That costs tightness of the bound, and nothing else:
# $\theta$ ends at maximum likelihood in any case. (4) We use reweighted wake-sleep with K = 2 in place of sleep, as it
# learns at real data and so is unbiased." For each claim write two or three sentences: what is right about it, what is
# not, and what you would measure to decide. Then one sentence: name a case in which you would *prefer* sleep's
# divergence, and why.

# %% [markdown] written="12_written"
# (1) The wake step does climb the ELBO in theta. The sleep step climbs log q at dreams, which is minus another KL,
# averaged over other x; it may lower the ELBO, and the two together climb nothing. So a falling ELBO is no fault, and
# no reason to stop. Measure: the ELBO before and after single sleep steps, with many samples.
#
# (2) Both rest at P(z = 1 | x) if the net can say it. Squared error lacks the factor 1 / (f (1 - f)), so its gradient
# is another one: it hardly moves where the net is sure and wrong, and a net that is not free rests elsewhere. Measure:
# the KL over dreams of two nets, each trained to rest.
#
# (3) Where q cannot be the posterior theta rests elsewhere, with the ELBO and with wake-sleep, and not in the same
# place: on the fan with two latents and data of variance 4 the model's variance is 2.73 and 2.37. Measure: the slope of
# log p at rest, by an exact model or by importance sampling.
#
# (4) It does learn at the data. But with K samples its gradient for phi is a ratio, biased by a term in 1/K, at K = 1
# all of the gradient; at K = 2 the bias is large. Measure: the mean at several K against enumeration on a small model.
#
# I would prefer the forward KL where q is to cover the posterior, as for proposals of importance sampling, or where
# variances that are too small would do harm.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Sleep climbs another objective (the other KL, or log q at dreams, or at dreamt x); together they climb
#   nothing, so a falling ELBO is no criterion. Only "wake-sleep need not converge", without the reason: 0.25.
# - 0.5: claim 2. The lost factor 1 / (f (1 - f)), or "gradient through the logit, not through the probability", and one
#   consequence: slow where sure and wrong, or another place of rest for a restricted net. "Same optimum, therefore the
#   same" without a condition: nothing. The condition (a free net: same place of rest) alone: 0.25.
# - 0.5: claim 3. theta moves, because the gap depends on theta. An example, or the reason: either suffices with a
#   measurement; without one 0.25. Accept: it is right if q can be the posterior.
# - 0.5: claim 4. The data are right; unbiased is not: the normalized weights make a bias of order 1/K (or: at K = 1
#   nothing is learned). Accept: unbiased for theta as the K-sample bound's gradient, if said so. Only "K = 2 is noisy":
#   0.
# - Last sentence: covering a posterior (proposals, calibrated or cautious variances), no gradient through samples or
#   discrete latents, endless labelled dreams. Accept any with its reason.
# === END MARK SCHEME ===
