# %% [markdown] locked="09_header"
# # Problem set 09: Sticking the landing
#
# You build gradient estimators and put them on trial. By the end you will have
#
# - written the path derivative for one Gaussian by hand, then for *any* family by freezing its parameters,
# - measured a variance of exactly zero, and another of exactly 2, where the theory says so,
# - kept a path alive through two stochastic layers,
# - predicted the best member of a whole family of unbiased estimators, and found it by measurement,
# - repaired a published listing,
# - told three estimators of another bound apart by nothing but their draws.
#
# **Time**: about three hours and three quarters; each exercise says its own. **Read first**: [the lecture](../../lectures/09_sticking_the_landing.ipynb). Exercises 1 to 4 build on
# each other, 5 and 6 belong together, 7 and 8 stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random inputs and asks up to four
# questions: is the *value* right, is the *gradient* right at given noise, is it right *on average*, and does it *vanish* where it should? If
# something is off, the report says what came, what was expected, and which mistake it looks like. Checks never look at how you wrote it, and the
# order in which you draw random numbers does not matter. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** $\log w = \log p(x, z) - \log q_\phi(z)$ with $z = t_\phi(\epsilon)$. Axes are samples, batch, event: noise and z are
# $(K, B, D)$, data $(B, D)$, log densities $(K, B)$, and an estimate of the ELBO is one number for each datum, $(B)$.

# %% locked="09_setup"
import itertools
import math

import torch
from torch import Tensor, nn
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, Normal
from torch.func import functional_call

from autograder import check, sealed_case
from autograder.units.unit_09 import targets
from course_vi.families import MeanField
from course_vi.models import ConjugateToy
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ## 1. The path derivative of a Gaussian
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# For one noise draw, the gradient of $\log w$ at $z = \mu + \sigma \odot \epsilon$ has three parts,
#
# $$\nabla_\phi \log w = \nabla_z \log p(x, z)\,\frac{\partial z}{\partial \phi} - \nabla_z \log q(z)\,\frac{\partial z}{\partial \phi}
#   - \nabla_\phi \log q_\phi(z)\big|_{z \text{ fixed}} .$$
#
# The first two are the **path**; the third is the **score term**, which has mean zero. Write a surrogate whose *value* is the estimate of the
# ELBO and whose *gradient* is the path alone:
#
# $$\hat L = \frac1K \sum_{k=1}^K \big[\log p(x, z_k) - \log q(z_k)\big], \qquad
#   \hat g_\phi = \frac1K \sum_{k=1}^K \big(\nabla_z \log p(x, z_k) - \nabla_z \log q(z_k)\big) \frac{\partial z_k}{\partial \phi}.$$
#
# You get the numbers, not a family: `loc` and `log_scale` of shape $(B, D)$, where `log_scale` is $\log \sigma$, and the noise `eps` of shape
# $(K, B, D)$. `p.log_joint(x, z)` gives $(K, B)$. Return $(B)$.

# %% exercise="09_gaussian_path_derivative"
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """The ELBO estimate, (B), whose gradient in loc and log_scale is the path derivative.

    p: a model with log_joint(x, z) -> (K, B). loc, log_scale, x: (B, D). eps: (K, B, D), standard normal.
    """
    ### BEGIN SOLUTION
    z = loc + log_scale.exp() * eps
    frozen = Normal(loc.detach(), log_scale.detach().exp())
    log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
    return log_w.mean(0)
    ### END SOLUTION


# %% check="09_gaussian_path_derivative"
check("09_gaussian_path_derivative", gaussian_path_derivative)

# %% [markdown]
# <details><summary>The value is right, but the gradient is the total derivative</summary>
#
# The density still knows its parameters. You need them twice: once alive, inside z, and once as plain numbers, inside $\log q$.
#
# </details>
# <details><summary>The gradient is zero, or the report says the sample is detached</summary>
#
# Something constant went into z. Which of `loc`, `log_scale` and z itself may `detach` touch, and in which of its two roles?
#
# </details>
# <details><summary>The shape is wrong</summary>
#
# `Normal.log_prob` gives one number for each coordinate, $(K, B, D)$. Coordinates are added up, samples are averaged, the batch is left alone.
#
# </details>

# %% [markdown] solution_only="09_gaussian_path_derivative"
# **Why it works.** The parameters reach $\log w$ through two doors: z, and the density itself. A density built from detached numbers has the same
# *value* (detaching changes no number) and closes the second door. Autograd then differentiates what is left: the sample, inside $\log p$ and inside
# $\log q$.
#
# **By hand, on the toy.** $\nabla_z \log p = x - 2z$ and $\nabla_z \log q = -\epsilon/\sigma$, so the path derivative is $r = x - 2z + \epsilon/\sigma$ for $\mu$ and
# $r\,\sigma\epsilon$ for $\log\sigma$. At the posterior, $\mu = x/2$ and $\sigma^2 = 1/2$, $r = x - 2\mu + (1/\sigma - 2\sigma)\,\epsilon = 0$ for every $\epsilon$.
#
# **Notice** how little code separates three estimators: detach nothing (total derivative), detach the parameters (this), detach z (wrong).

# %% [markdown]
# ## 2. Any family, by freezing its parameters
#
# *Difficulty* 3/5 · *Importance* 5/5 · 25 minutes
#
# Now q is a module of any kind: Gaussian of three sorts, a normalizing flow, a layered family. It offers
#
# - `q(x, z)`, its log density $\log q_\phi(z \mid x)$, shape $(K, B)$;
# - `q.transport(eps, x)`, the sample $z = t_\phi(\epsilon; x)$, shape $(K, B, D)$;
# - `q.distribution(x)`, an object with `log_prob(z)`, and all that a `torch.nn.Module` has.
#
# The task is the same: return the ELBO estimate $(B)$ whose gradient is the path derivative. But you no longer know which numbers to detach. A
# flow's distribution *reads its network while `log_prob` runs*. (`q.frozen_log_prob` is what you are about to write; it is switched off in the check.)
#
# The check has a trap worth knowing: it defines the model as the flow's own density, so that q *is* the posterior. There your gradient must be
# zero for every draw. An estimator that lets parameters leak back in is still right on average, and only this test can see it.

# %% exercise="09_frozen_family"
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The ELBO estimate, (B), whose gradient in the parameters of q is the path derivative.

    p: a model with log_joint(x, z) -> (K, B). q: any family. x: (B, Dx). eps: (K, B, noise), standard normal.
    After the call q must be as it was before.
    """
    ### BEGIN SOLUTION
    z = q.transport(eps, x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    log_q = functional_call(q, constants, (x, z))
    return (p.log_joint(x, z) - log_q).mean(0)
    ### END SOLUTION


# %% check="09_frozen_family"
check("09_frozen_family", path_derivative)

# %% [markdown]
# <details><summary>All Gaussians pass, the flow does not vanish</summary>
#
# You froze an object that you had made earlier. The flow's object holds no numbers, only a way to the network, which is read when `log_prob` is called. Whatever
# is to be constant must be constant *at that moment*.
#
# </details>
# <details><summary>"After the call q still learns" fails</summary>
#
# `requires_grad_(False)` is a switch on the parameters themselves: it outlives your function unless you turn it back, and a sample that is drawn after
# it knows no parameters. Leave q alone and work on something that has its values.
#
# </details>
# <details><summary>I do not know how to call a module with other parameters</summary>
#
# `torch.func.functional_call(module, {name: tensor}, arguments)` does exactly that, for one call. A `copy.deepcopy` of q whose copy does not learn is
# another way; so is subtracting the score term, computed at a z that does not move.
#
# </details>

# %% [markdown] solution_only="09_frozen_family"
# **The idea.** A module is a function of its parameters and its inputs. `functional_call` makes that explicit: evaluate
# $(\phi, z) \mapsto \log q_\phi(z)$ at $\phi$ without a graph and at z with one. Nothing about the family is needed. A deep copy that does not learn gives the same
# gradient and costs a copy. A third road turns total = path + score term around: subtract from the total derivative its score term,
# `score = -q(x, z.detach())`, as `total - (score - score.detach())`.
#
# **Why detaching the distribution is not enough.** Our Gaussians know a `detach()`, because they *are* a handful of numbers. A flow's distribution is a
# closure over its network. Freezing it changes nothing, the estimator silently remains the total derivative, and its mean stays right: the bias test passes. At
# the posterior the score term is all there is, and it stands there, bare.

# %% [markdown]
# ## 3. Variance at the landing
#
# *Difficulty* 3/5 · *Importance* 5/5 · 25 minutes
#
# Measure it, by drawing: numbers from a closed form do not count. On the toy, $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$, with $q = N(\mu, \sigma^2)$, estimate the variance of **one-sample** gradients (K = 1) over
# many independent replicates,
#
# $$\widehat{\operatorname{Var}} = \frac{1}{R - 1} \sum_{r=1}^R (\hat g_r - \bar g)^2 ,$$
#
# for both estimators and both parameters. Return a tensor
#
# | | loc | log_scale |
# |---|---|---|
# | **total derivative** | . | . |
# | **path derivative** | . | . |
#
# `loc`, `log_scale` and `x` have shape $(1)$. Draw all noise from `generator`. The batch axis is your friend: give every replicate its own row of parameters, $(R, 1)$, and one
# backward pass returns R independent gradients. (The gradient of a single draw you may also write down by hand.) R is at least 2.

# %% exercise="09_landing_variances"
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    """Measured variances of the one-sample gradient on the toy, (2, 2): rows total and path, columns loc and log_scale.

    loc, log_scale, x: (1,). replicates: R. generator: the source of all noise.
    """
    ### BEGIN SOLUTION
    p = ConjugateToy()
    eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
    rows = []
    for frozen in (False, True):
        m = loc.detach().repeat(replicates, 1).requires_grad_()
        log_s = log_scale.detach().repeat(replicates, 1).requires_grad_()
        z = m + log_s.exp() * eps
        q = Normal(m.detach(), log_s.detach().exp()) if frozen else Normal(m, log_s.exp())
        log_w = p.log_joint(x, z) - q.log_prob(z).sum(-1)
        gradients = torch.autograd.grad(log_w.sum(), (m, log_s))
        rows.append(torch.stack([g.var() for g in gradients]))
    return torch.stack(rows)
    ### END SOLUTION


# %% check="09_landing_variances"
check("09_landing_variances", landing_variances)

# %% [markdown]
# **The figure to aim for**: exact curves. The next cell puts your measurements on them.

# %%
show(targets.landing(),
     alt="Variances over the scale of q, for the mean and for the log scale. The path derivative's curve touches zero (for the mean) at the posterior's "
         "scale, 0.71; the total derivative's rises steadily and passes 2 there. Left of a scale of one half the path derivative is the noisier one.")

# %%
scales = torch.tensor([0.35, 0.5, 0.6, 0.5**0.5, 0.85, 1.0], dtype=torch.float64)
x_seen, generator = torch.tensor([1.5], dtype=torch.float64), torch.Generator().manual_seed(0)
with when_written():
    measured = torch.stack([landing_variances((x_seen - 0.5) / 2, s.log().reshape(1), x_seen, 2000, generator) for s in scales])
    show(targets.landing(scales, measured, c=0.5), alt="The same curves with measured dots, which should lie on them.")

# %% [markdown]
# <details><summary>The total derivative is right at the posterior, but not elsewhere</summary>
#
# At the posterior every mean is zero, so a mean of squares is a variance. Elsewhere it is not. Or you gave standard deviations, or the gradient for $\sigma$ in place
# of $\log\sigma$.
#
# </details>
# <details><summary>All variances are zero</summary>
#
# Every replicate saw the same noise, or all replicates share one set of parameters, so that `grad` added them up. How many numbers does your gradient have?
#
# </details>
# <details><summary>"The same generator gives the same numbers" fails</summary>
#
# `Normal.rsample()` draws from torch's global stream. Draw with `torch.randn(..., generator=generator)` and use $z = \mu + \sigma\epsilon$.
#
# </details>

# %% [markdown] solution_only="09_landing_variances"
# **Closed forms.** Let $d = x - 2\mu$. The path derivative is $r = d + (1/\sigma - 2\sigma)\,\epsilon$ for $\mu$ and $r\sigma\epsilon = d\sigma\epsilon + (1 - 2\sigma^2)\,\epsilon^2$ for
# $\log\sigma$; the score term adds $-\epsilon/\sigma$ and $1 - \epsilon^2$. With $\operatorname{Var}\epsilon^2 = 2$ and $\operatorname{Cov}(\epsilon, \epsilon^2) = 0$,
#
# | | loc | log_scale |
# |---|---|---|
# | total | $4\sigma^2$ | $d^2\sigma^2 + 8\sigma^4$ |
# | path | $(1/\sigma - 2\sigma)^2$ | $d^2\sigma^2 + 2(1 - 2\sigma^2)^2$ |
#
# At the posterior ($d = 0$, $\sigma^2 = 1/2$) the first row is $(2, 2) = (1/\sigma^2, 2)$, the Fisher information of q; the second is zero.
#
# **Notice** the crossing at $\sigma = 1/2$. Left of it, where q is much narrower than the posterior, *dropping the score term makes the gradient noisier*. That is
# no error of yours; exercises 5 and 6 explain it.

# %% [markdown]
# ## 4. Two stochastic layers
#
# *Difficulty* 4/5 · *Importance* 4/5 · 25 minutes
#
# The chain $z_2 \to z_1 \to x$ has a posterior that factorizes upwards, as an encoder does:
# $q(z_1, z_2 \mid x) = q_1(z_1 \mid x)\, q_2(z_2 \mid z_1)$. The second layer reads a *sample* of the first,
#
# $$z_1 = t_1(\epsilon_1; x), \qquad z_2 = t_2(\epsilon_2; z_1), \qquad
#   \log w = \log p(x, z_1, z_2) - \log q_1(z_1 \mid x) - \log q_2(z_2 \mid z_1).$$
#
# The parameters of both layers are held constant inside $\log q$. But $z_1$ is an *argument* of $\log q_2(z_2 \mid z_1)$, and the path through it is part of the
# gradient. Both layers are families as in exercise 2: `q1(x, z1)`, `q1.transport(eps1, x)`, and `q2(z1, z2)`, `q2.transport(eps2, z1)`, where $z_1$ comes as it is, $(K, B, 1)$. The model wants one event vector,
# $(z_1, z_2)$ along the last axis. Return the ELBO estimate, $(B)$.
#
# You may use everything the course has. Be careful with what looks convenient, and let the check tell you.

# %% exercise="09_two_layers"
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    """The ELBO estimate of a two-layer family, (B), whose gradient is the path derivative.

    p: a model over z = (z1, z2), log_joint(x, z) -> (K, B). q1: q(z1 | x). q2: q(z2 | z1). x: (B, 1). eps1, eps2: (K, B, 1).
    """
    ### BEGIN SOLUTION
    def held_constant(q, given, z):
        return functional_call(q, {name: parameter.detach() for name, parameter in q.named_parameters()}, (given, z))

    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_q1_q2 = held_constant(q1, x, z1) + held_constant(q2, z1, z2)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q1_q2).mean(0)
    ### END SOLUTION


# %% check="09_two_layers"
check("09_two_layers", two_layer_path_derivative)

# %% [markdown]
# <details><summary>Right on average, but the landing is missed and the report speaks of a cut path</summary>
#
# Differentiate your $\log q_2(z_2 \mid z_1)$ in $z_1$ with $z_2$ held. Is the answer zero? Then more than the weights was frozen.
#
# </details>
# <details><summary>The score term of one layer is still there</summary>
#
# There are two sets of parameters. Freeze both.
#
# </details>
# <details><summary>It is biased</summary>
#
# $z_2$ must be drawn from a $z_1$ that is alive. Nothing in the whole computation should be detached, except parameters.
#
# </details>

# %% [markdown] solution_only="09_two_layers"
# **What the trap is.** `q2.frozen_log_prob(z2, z1)` looks like the right thing. For a Gaussian it builds the distribution, *at $z_1$*, and detaches its mean and scale: it
# freezes the weights and the dependence on $z_1$ in one go. What is lost is $-\nabla_{z_1} \log q_2(z_2 \mid z_1)\,\partial z_1/\partial\phi_1$. Given $z_1$, the first factor is itself a
# score, of $q_2$ in its argument, so its mean is zero and no test of bias can see the loss. At the posterior everything else cancels and it stands alone: on the
# chain it leaves a variance of $1/2$ for the mean of the first layer, in place of 0.
#
# **The rule.** Freeze *parameters*, never *values on the way*. `functional_call` can only do the former, and so is safe. `Layered(q1, q2)` freezes the pair as
# one density and is safe for the same reason.

# %% [markdown]
# ## 5. S6: one family of estimators
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# The score term has mean zero, so any multiple of it may be added. Let $S = -\nabla_\phi \log q_\phi(z)\big|_{z \text{ fixed}}$ be the score term *as it stands in the total
# gradient*, and
#
# $$\hat g_c = \hat g_{\text{path}} + c\, S .$$
#
# - $c = 1$: the total derivative;
# - $c = 0$: sticking the landing;
# - $c = -1$: a slip of the sign that one of our sources prints, in the gradient of a variational autoencoder.
#
# (The lecture writes the score itself, $\nabla_\phi \log q_\phi(z)$, and subtracts c times that. It is the same estimator with the same c: S carries the minus.)
#
# Write the surrogate for any real c and any family q: its value is the ELBO estimate $(B)$ *whatever c is*, its gradient is $\hat g_c$, averaged over the K samples.
# From here on `q.frozen_log_prob(z, x)` is yours to use.

# %% exercise="09_score_coefficient"
def score_coefficient(p, q: nn.Module, x: Tensor, eps: Tensor, c: float) -> Tensor:
    """The ELBO estimate, (B), whose gradient is the path derivative plus c times the score term.

    p: a model. q: a family. x: (B, D). eps: (K, B, noise). c: any number; 1 is the total derivative, 0 the path alone.
    """
    ### BEGIN SOLUTION
    z = q.transport(eps, x)
    log_q = (1 - c) * q.frozen_log_prob(z, x) + c * q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)
    ### END SOLUTION


# %% check="09_score_coefficient"
check("09_score_coefficient", score_coefficient)

# %% [markdown]
# <details><summary>The gradient is right, but the value moves with c</summary>
#
# You added a term for the sake of its gradient, and its value came along. `s - s.detach()` has the gradient of s, and the value zero. (Or mix two things that
# have the same value and different gradients.)
#
# </details>
# <details><summary>c = 1 and c = 0 are the wrong way round</summary>
#
# Which log density carries the score: the one with live parameters, or the frozen one? That one gets the weight c.
#
# </details>
# <details><summary>On average it is right, and at fixed noise c has the wrong sign</summary>
#
# S is *minus* the gradient of $\log q$. With the other sign you have $\hat g_{-c}$: unbiased as well, which is why no average can tell you.
#
# </details>

# %% [markdown] solution_only="09_score_coefficient"
# **The idea.** $\log q$ with live parameters and $\log q$ with frozen ones have the same value; their gradients differ by the score. So $(1 - c)\,\log q_{\text{frozen}} + c\,\log q_{\text{live}}$
# has that value too, and minus its gradient is the path's share plus $cS$. Equivalently: path surrogate $+\, c\,(s - s_{\text{detached}})$ with $s = -\log q_\phi(z_{\text{detached}})$.
#
# **Notice** what this says about tests. For every c this estimator is unbiased. Three people who believe that they wrote the total derivative, the path derivative and a typing
# error will all see $|z| < 2$ in a test of bias. Only the value at fixed noise, or a variance, tells them apart.

# %% [markdown]
# ## 6. S6: the best coefficient
#
# **First, predict, in the next cell.** On the toy with $q = N(\mu, \sigma^2)$, for the gradient of $\mu$: which c has the smallest variance? Work out $\operatorname{Var}(\hat g_c)$ on paper from
# $\hat g_{\text{path}} = d + (1/\sigma - 2\sigma)\,\epsilon$ and $S = -\epsilon/\sigma$, with $d = x - 2\mu$. Put your formula in, before you measure anything. Nobody grades it; the point is to
# be surprised, or not. (Two questions to think about: why does $d$ not matter? At which $\sigma$ is the sign slip, $c = -1$, the best estimator there is?)

# %%
def my_prediction(s: float) -> float:
    """The best score coefficient for the gradient of the mean, on the toy, at scale s."""
    return float("nan")            # your formula here


print({s: round(my_prediction(s), 3) for s in (0.3, 0.5**0.5, 1.0, 1.2)})

# %% [markdown] solution_only="09_best_coefficient"
# The prediction: $\hat g_c = d + \big((1 - c)/\sigma - 2\sigma\big)\,\epsilon$, so $\operatorname{Var} = \big((1 - c)/\sigma - 2\sigma\big)^2$, which is zero at $c^\star = 1 - 2\sigma^2$. The shift $d$ is a constant and
# has no variance. At the posterior, $\sigma^2 = 1/2$, $c^\star = 0$; for a very narrow q, $c^\star \to 1$: the total derivative; at $\sigma = 1$, $c^\star = -1$: the sign slip, which is
# then the exact gradient without any noise.

# %% [markdown]
# **Now find it from samples.** *Difficulty* 4/5 · *Importance* 4/5 · 25 minutes with the prediction
#
# Given R samples of the path derivative and of the score term for each of P parameters, both of shape $(R, P)$, return for each parameter the
# number that makes the *sample* variance of `path + c * score` smallest, shape $(P)$. R is at least 2, no column of `score` is constant, and means may be a hundred thousand times the spread. The variance is a parabola in c:
#
# $$\operatorname{Var}(g + cS) = \operatorname{Var} g + 2c \operatorname{Cov}(g, S) + c^2 \operatorname{Var} S .$$

# %% exercise="09_best_coefficient"
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    """The c for each parameter, (P), at which the sample variance of path + c * score is smallest. path, score: (R, P)."""
    ### BEGIN SOLUTION
    centred = score - score.mean(0)
    covariance = ((path - path.mean(0)) * centred).mean(0)
    return -covariance / centred.square().mean(0)
    ### END SOLUTION


# %% check="09_best_coefficient"
check("09_best_coefficient", best_coefficient)

# %% [markdown]
# **Prediction and measurement, side by side.** The next cell draws 20,000 gradients of $\mu$ with *your* `score_coefficient` at four scales, and asks *your* `best_coefficient`. If both are right and
# your prediction is too, the last two columns agree to the digits shown.

# %%
def gradients_of_the_mean(c, s, replicates=20_000):
    """One-sample gradients of the mean on the toy at mean 0.3, scale s, x = 2; one per row."""
    loc, log_s = torch.full((replicates, 1), 0.3, dtype=torch.float64), torch.full((replicates, 1), math.log(s), dtype=torch.float64)
    q, x = MeanField(1, loc, log_s), torch.full((replicates, 1), 2.0, dtype=torch.float64)
    eps = q.noise((1, replicates), torch.Generator().manual_seed(1))
    return torch.autograd.grad(score_coefficient(ConjugateToy(), q, x, eps, c).sum(), q.loc)[0]


four, grid, curves, best = (0.3, 0.5**0.5, 0.85, 1.0), torch.linspace(-1.5, 1.5, 61), [], []
with when_written():
    for s in four:
        path, total = (gradients_of_the_mean(c, s) for c in (0.0, 1.0))
        best.append(best_coefficient(path, total - path).item())
        curves.append(torch.stack([(path + c * (total - path)).var() for c in grid]))
        print(f"s = {s:.3f}   you predicted {my_prediction(s):7.3f}   measured {round(best[-1], 3) + 0.0:7.3f}")
    show(targets.parabolas(grid, four, torch.stack(curves), best),
         alt="Variance of the gradient of the mean over the score coefficient at four scales: four parabolas that touch zero. Their lowest points move from "
             "near c = 0.8 for the narrowest q to c = -1 at s = 1, and stand at c = 0 at the posterior's scale.")

# %% [markdown]
# <details><summary>The sign is wrong</summary>
#
# Set the derivative of the parabola to zero and solve for c, slowly.
#
# </details>
# <details><summary>Everything is off by one</summary>
#
# You solved for the factor that goes with `total + c * score`. Here c counts from the path, so that $c = 0$ means no score term at all.
#
# </details>
# <details><summary>It is nearly right, to about a percent</summary>
#
# A covariance that divides by R and a variance that divides by R - 1 (torch's `var`) do not match. Or the means were not subtracted: the score has mean
# zero in theory, and not in a sample.
#
# </details>

# %% [markdown] solution_only="09_best_coefficient"
# **Derivation.** The derivative of the parabola, $2\operatorname{Cov}(g, S) + 2c\operatorname{Var} S$, vanishes at $c^\star = -\operatorname{Cov}(g, S)/\operatorname{Var} S$: minus the slope of a regression of the path on the score.
# It is a control variate's coefficient; what is special is that the control variate was in the gradient from the start.
#
# **Notice** that the measured numbers agree with $1 - 2\sigma^2$ *exactly*, not up to sampling error. For the mean on the toy the path is a straight line in the score, so any sample finds its slope. For
# $\log\sigma$ the best c is the same, but a noise of variance $d^2\sigma^2$ remains that no multiple of the score can remove.
#
# **A caution.** Estimating $c^\star$ from the same samples that it multiplies makes the estimator slightly biased. Use other samples, or a running estimate from earlier steps.

# %% [markdown]
# ## 7. Repair the VAFC listing
#
# One of our sources prints a class for variational inference with a Gaussian of **factor covariance**, $\Sigma = BB^\top + \mathrm{diag}(\sigma^2)$ with B of shape $p \times r$. Its heart is right: it computes
# $r = \nabla_z \log p - \nabla_z \log q$ by hand and pushes it back through the sample alone, which *is* sticking the landing. But it does not run, and where it would run it would not do what its
# arguments say. Here it is, in our words and with its faults (the file begins with `import torch as t`, `import torch.distributions as dst` and `import torch.optim as optim`):
#
# ```python
# class Faulty:
#     def __init__(self, dim, rank, logp, gr_logp):
#         self.dim, self.rank, self.logp, self.gr_logp = dim, rank, logp, gr_logp
#         self.prm = dict(mu=t.zeros(dim, requires_grad=True), B=t.zeros((dim, rank), requires_grad=True),
#                         sigma=t.full((dim,), 0.25, requires_grad=True))
#
#     def t(self, a, b):
#         return self.prm["mu"] + self.prm["B"] @ a + self.prm["sigma"] * b
#
#     def sample(self, with_bound=False):
#         theta = self.t(torch.randn(self.rank), torch.randn(self.dim))
#         if with_bound:
#             self.last = self.ELBO(Z)
#         return Z
#
#     def ELBO(self, Z):
#         with t.no_grad():
#             density = dst.LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"] ** 2)
#             return self.logp(Z) - density.log_prob(Z)
#
#     def train_step(self, n_BZ=100, save=True):
#         Z = self.sample(with_bound=True)
#         slope = t.tensor(self.gr_logp(Z).reshape(-1, 1))
#         with t.no_grad():
#             gr_entropy = -self.pr_Z() @ (Z - self.prm["mu"]).reshape(-1, 1)
#         Z.backward(-(slope - gr_entropy).flatten())
#         self.opt.step()
#
#     def full_train(self, steps):
#         self.opt = optim.Adadelta(self.prm.values(), rho=0.8, eps=1e-8)
#         for _ in range(steps):
#             self.opt.zero_grad()
#             self.train_step()
# ```
#
# Find the faults before you read on; we count eight, and you may count otherwise. Two things look like faults and
# are none: the *sign* of `gr_entropy`, and `t.tensor(...)` around a tensor with a graph.

# %% [markdown]
# ### Your class
#
# *Difficulty* 4/5 · *Importance* 3/5 · 40 minutes
#
# Write `VAFC(p, r_cov, logp, seed=0)` in double precision, with `logp` mapping z of shape $(\ldots, p)$ to log densities $(\ldots)$, and these parts:
#
# | | |
# |---|---|
# | `prm` | a dict of three leaf tensors that require gradients, after training too: `"mu"` $(p)$, `"B"` $(p, r)$, `"sigma"` $(p)$, the standard deviations (they may turn negative: only squares count). B starts at small *random* numbers. The check writes numbers of its own into them, in place; all parts must read them there |
# | `t(s1, s2)` | $z = \mu + B s_1 + \sigma \odot s_2$ for noise $(n, r)$ and $(n, p)$: shape $(n, p)$ |
# | `sample(n)` | n independent draws, $(n, p)$, others at each call, with a graph or without. All randomness comes from one generator of the object's own, seeded by `seed` |
# | `pr_Z(v)` | $\Sigma^{-1} v$ for v of shape $(n, p)$, never forming a $p \times p$ matrix |
# | `ELBO(z)` | the estimate of the ELBO, averaged over the n rows of z: one number, without a graph |
# | `gradient(s1, s2)` | a dict like `prm`: the path derivative *of the ELBO* (upwards), averaged over the n rows |
# | `train_step(n_BZ)` | one step of an optimizer, with `n_BZ` samples, also on an object that is new |
# | `full_train(num_steps, n_BZ)` | that many steps, each with `n_BZ` samples. After 200 of them, with the number of samples that you make the default, on a normalized Gaussian target that the family contains ($p = 3$, $r = 1$, entries of mean and B up to 1, $\sigma$ from 0.3 to 0.5), the exact ELBO must exceed -0.05 (the best is 0) |
#
# Woodbury's identity, with $D = \mathrm{diag}(\sigma^2)$: $\;\Sigma^{-1} = D^{-1} - D^{-1} B\,(I_r + B^\top D^{-1} B)^{-1} B^\top D^{-1}$.

# %% exercise="09_vafc"
class VAFC:
    """Variational inference with a factor covariance, N(mu, B B' + diag(sigma^2)), trained by sticking the landing."""

    def __init__(self, p: int, r_cov: int, logp, seed: int = 0) -> None:
        ### BEGIN SOLUTION
        self.p, self.r_cov, self.logp = p, r_cov, logp
        self.generator = torch.Generator().manual_seed(seed)
        self.prm = {
            "mu": torch.zeros(p, dtype=torch.float64, requires_grad=True),
            "B": (0.1 * self._noise(p, r_cov)).requires_grad_(),
            "sigma": torch.full((p,), 0.5, dtype=torch.float64, requires_grad=True),
        }
        self.optim = torch.optim.Adam(self.prm.values(), lr=0.05)

    def _noise(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)
        ### END SOLUTION

    def t(self, s1: Tensor, s2: Tensor) -> Tensor:
        """z for noise s1 (n, r) and s2 (n, p): (n, p)."""
        ### BEGIN SOLUTION
        return self.prm["mu"] + s1 @ self.prm["B"].mT + self.prm["sigma"] * s2
        ### END SOLUTION

    def sample(self, n: int = 1) -> Tensor:
        """n draws, (n, p)."""
        ### BEGIN SOLUTION
        return self.t(self._noise(n, self.r_cov), self._noise(n, self.p))
        ### END SOLUTION

    def pr_Z(self, v: Tensor) -> Tensor:
        """The precision times v, for v (n, p): (n, p)."""
        ### BEGIN SOLUTION
        B, d = self.prm["B"], self.prm["sigma"].square()
        inner = torch.eye(self.r_cov, dtype=B.dtype) + B.mT @ (B / d.unsqueeze(-1))
        explained = torch.linalg.solve(inner, B.mT @ (v / d).mT)
        return v / d - (B @ explained).mT / d
        ### END SOLUTION

    def ELBO(self, z: Tensor) -> Tensor:
        """The average of log p - log q over the rows of z: one number."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            density = LowRankMultivariateNormal(self.prm["mu"], self.prm["B"], self.prm["sigma"].square())
            return (self.logp(z) - density.log_prob(z)).mean()
        ### END SOLUTION

    def gradient(self, s1: Tensor, s2: Tensor) -> dict[str, Tensor]:
        """The path derivative of the ELBO by parameter, averaged over the rows of noise."""
        ### BEGIN SOLUTION
        z = self.t(s1, s2)
        leaf = z.detach().requires_grad_()
        (grad_log_p,) = torch.autograd.grad(self.logp(leaf).sum(), leaf)
        with torch.no_grad():
            grad_log_q = -self.pr_Z(leaf - self.prm["mu"])
        pulled = torch.autograd.grad(z, list(self.prm.values()), (grad_log_p - grad_log_q) / len(z))
        return dict(zip(self.prm, pulled, strict=True))
        ### END SOLUTION

    def train_step(self, n_BZ: int = 10) -> None:
        """One step upwards, with n_BZ samples."""
        ### BEGIN SOLUTION
        ascent = self.gradient(self._noise(n_BZ, self.r_cov), self._noise(n_BZ, self.p))
        for name, parameter in self.prm.items():
            parameter.grad = -ascent[name]
        self.optim.step()
        ### END SOLUTION

    def full_train(self, num_steps: int, n_BZ: int = 10) -> None:
        """num_steps steps."""
        ### BEGIN SOLUTION
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(self.optim, num_steps)
        for _ in range(num_steps):
            self.train_step(n_BZ)
            falling.step()
        ### END SOLUTION


# %% check="09_vafc"
check("09_vafc", VAFC)

# %% [markdown]
# **See it land.** A target in three dimensions with strong correlations; left the noisy bound of every third step, right the covariance you found against the
# true one.

# %%
loading = torch.tensor([[0.8], [-0.6], [0.5]], dtype=torch.float64)
target_covariance = loading @ loading.T + torch.diag(torch.tensor([0.4, 0.5, 0.3], dtype=torch.float64).square())
target = MultivariateNormal(torch.tensor([1.0, -0.5, 0.3], dtype=torch.float64), target_covariance)
with when_written():
    mine, history = VAFC(3, 1, target.log_prob, seed=0), []
    for _ in range(100):
        for _ in range(3):
            mine.train_step(10)
        history.append(mine.ELBO(mine.sample(10)).item())
    fitted = (mine.prm["B"] @ mine.prm["B"].T + torch.diag(mine.prm["sigma"].square())).detach()
    show(targets.factor_fit(history, target_covariance, fitted, every=3),
         alt="Left: the ELBO estimate climbs from about minus one to zero and, after some sixty steps, stops being noisy at all. Right: the nine entries of the fitted covariance lie on "
             "the line of equality with those of the target.")

# %% [markdown]
# <details><summary>pr_Z is right, but the report says a p x p matrix was formed</summary>
#
# Read Woodbury's identity from right to left, as things that are done to a vector: divide by $\sigma^2$; multiply by $B^\top$ (now r numbers); solve an $r \times r$ system; multiply by B; divide; subtract. No `torch.diag`, no $BB^\top$.
#
# </details>
# <details><summary>The gradient does not vanish when q is the target</summary>
#
# Is the graph of $\log q$ closed? The slopes in z must be plain numbers before they are pushed back through z. And the diagonal of the covariance is $\sigma^2$, not $\sigma$.
#
# </details>
# <details><summary>Training gets near, but not above the bound</summary>
#
# Adadelta with `eps=1e-8` starts with steps of about $10^{-4}$. Try Adam with a rate near 0.05, ten samples a step, and a rate that falls to zero over the run. If it climbs *down*: optimizers minimize.
#
# </details>

# %% [markdown] solution_only="09_vafc"
# **The eight faults.** `sample` computes `theta` and returns `Z`, a name nobody defined. `torch` and `t` are mixed (one of them was never imported). `pr_Z` is called and missing. `n_BZ` and
# `save` are dead, so each step takes one sample. `train_step` needs `self.opt`, which does not exist before `full_train` has run. Adadelta with `eps=1e-8` begins with steps of about $10^{-4}$. And B starts at zero: since
# $z = \mu + \sigma \odot s_2$ there, the gradient of B is $r\,s_1^\top$ with mean $\mathbb E[r]\,\mathbb E[s_1]^\top = 0$, exactly, for every model: a saddle. (The noise of single samples does kick it off in the end; an exact
# gradient never would.) The signs are right, and only the name `gr_entropy` misleads: it holds $\nabla_z \log q = -\Sigma^{-1}(z - \mu)$. `t.tensor(...)` of a tensor with a graph gives a detached copy:
# plain numbers, as needed. The graph was built for nothing, and PyTorch warns.
#
# **Why the hand-made gradient is sticking the landing.** `autograd.grad(z, parameters, r)` multiplies the plain numbers $r = \nabla_z \log w$ with $\partial z/\partial\phi$. The parameters of the density are never asked. In closed form:
# $\hat g_\mu = r$, $\hat g_B = r s_1^\top$, $\hat g_\sigma = r \odot s_2$.
#
# **Notice** the end of the curve on the left. The bound itself becomes *constant*: at the posterior $\log w = \log p(x)$ for every draw, and so the estimate has no noise either.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people want the gradient of an importance-weighted bound of **two** samples, in m and $\log s$, on the toy ($z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$) with $q = N(m, s^2)$:
#
# $$\mathcal L_2 = \mathbb E \log \tfrac12 (w_1 + w_2), \qquad w_k = \frac{p(x, z_k)}{q(z_k)}, \quad z_k = m + s\,\epsilon_k .$$
#
# You get their draws and not their code. One takes the total derivative: nothing wrong, nothing clever, and needlessly **noisy**. One holds the parameters inside $\log q$ constant, as in exercise 2, and is **biased**: this bound is not linear in the $\log w_k$. One averages the two $\log w_k$, and climbs **another target**; whether with the score term or without it you are not told,
# and there it does no harm. Who is who?
#
# `draws` is (3, R, 2): person, replicate (from two samples each), and the gradient for m, then for $\log s$. `x` is the datum, `loc` is m, `scale` is s: three numbers. Return the three names `"biased"`, `"noisy"`, `"another target"` in the order of the persons. The budget is enough: any two of the three exact means lie at least six standard errors apart, in m or in $\log s$.
# The check brings 40 cases and demands all names right in 38 of them.

# %% exercise="09_sealed_case"
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    """Which estimator is "biased", which is "noisy", and which has "another target", in the order of draws.

    draws: (3, R, 2), by estimator, for the mean and the log scale. x: the datum. loc, scale: of q.
    """
    ### BEGIN SOLUTION
    axis = torch.linspace(-6.0, 6.0, 61, dtype=torch.float64)
    eps = torch.cartesian_prod(axis, axis)                                                  # two samples: a grid in two dimensions
    chances = torch.softmax(-0.5 * eps.square().sum(-1), 0)
    params = torch.tensor([loc, math.log(scale)], dtype=torch.float64, requires_grad=True)
    z = params[0] + params[1].exp() * eps

    def log_w(m: Tensor, log_s: Tensor) -> Tensor:
        return -0.5 * z.square() - 0.5 * (x - z).square() + 0.5 * ((z - m) / log_s.exp()).square() + log_s

    live, held = log_w(*params), log_w(*params.detach())
    bounds = {"biased": held.logsumexp(-1), "noisy": live.logsumexp(-1), "another target": live.mean(-1)}
    expected = {name: torch.autograd.grad((chances * bound).sum(), params, retain_graph=True)[0] for name, bound in bounds.items()}
    mean, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
    fits = {name: ((mean - there) / error).square().sum(-1) for name, there in expected.items()}
    orders = itertools.permutations(expected)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="09_sealed_case"
check("09_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first, then open.

# %%
with when_written():
    case = sealed_case("09_sealed_case", seed=6)
    mean, error = case.given["draws"].mean(1), case.given["draws"].std(1) / case.given["draws"].shape[1] ** 0.5
    for letter, m, e in zip("ABC", mean, error, strict=True):
        print(f"{letter}: for the mean {m[0]:+.3f} ± {e[0]:.3f}   for the log scale {m[1]:+.3f} ± {e[1]:.3f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>The loudest is not always the one who kept the score term</summary>
#
# A narrow q has its use for the score term, as in exercise 6, and then the total derivative can be quieter than the path alone. Spread tells nothing for sure here; means do. Which means do you expect?
#
# </details>
# <details><summary>I know the mean of one of them in closed form, and of the others not</summary>
#
# Two samples are two numbers of noise: a grid in two dimensions, with the normal density as weights, is as good as exact. Write down the value of the bound on it, with a graph, and let torch differentiate.
#
# </details>
# <details><summary>Two of my three means are the same</summary>
#
# Under `logsumexp` it matters whether the parameters inside $\log q$ are live or plain numbers. The path through z is live in both. For the average of the two logarithms it makes no difference to the mean.
#
# </details>

# %% [markdown] solution_only="09_sealed_case"
# **Three means.** With $\bar w_k = w_k/(w_1 + w_2)$ the total derivative of the bound is $\sum_k \bar w_k (\text{path}_k + S_k)$, and its mean is the exact gradient. Without the score terms $\mathbb E \sum_k \bar w_k S_k$ is missing, and that is not zero, since $\bar w_k$ depends on $z_k$. Averaging the logarithms gives the gradient of the ELBO, $x - 2m$ and $1 - 2s^2$ on the toy,
# with or without S.
#
# **What the bias is.** The exact gradient is also $\mathbb E \sum_k \bar w_k^2\, \text{path}_k$ (the doubly reparametrized gradient: G. Tucker and others, ICLR 2019). Whoever drops the score has $\bar w_k$ in place of its square, and so a gradient that is too long: with equal weights by a factor of two, which is that of the ELBO. No number of replicates makes it better, and at the posterior, where all
# weights are equal and the path is zero, nobody sees it.
#
# **Why not by spread?** The total derivative of a narrow q is quiet, as exercise 6 predicts, and of the other two now the one is the louder, now the other.

# %% [markdown]
# ## 9. In words: when not to stick the landing
#
# *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes
#
# A colleague proposes to replace the reparametrized gradient by sticking the landing in every program of your group, "because the variance is zero at the optimum and the estimator is unbiased, so it can
# never hurt". Write five to eight sentences in reply. Say what is right about the claim, and under which condition its zero is reached. Then give **two** situations in which the replacement does not help, or
# hurts, and say for each *why*, with a formula or a number where you can. Finish with one measurement that would settle the matter for a given program.

# %% [markdown] written="09_written"
# The score term has mean zero for the ELBO, so leaving it out keeps the estimator unbiased. Its variance is zero at the optimum only if the family contains the posterior: then
# $\log w$ is constant in z, and the path derivative cancels draw by draw. If the family cannot reach the posterior some variance is left: at the best mean-field fit of a Gaussian the total derivative's variance for mean i is
# only $1 + 1/\sum_j r_{ij}^2$ times larger, with $r_{ij}$ the partial correlations. In two dimensions that is $1 + 1/\rho^2$, never less than two; in D dimensions it may come near to $1 + 1/(D - 1)$.
#
# It can also hurt. If q is much narrower than the posterior, the score term acts as a useful control variate: on the toy the best coefficient is $1 - 2\sigma^2$, nearer to 1 than to 0 once $\sigma < 1/2$, and there the total
# derivative is the quieter one. And for a bound that is not linear in the log weights, such as the importance-weighted bound with $K > 1$, each score is multiplied by a weight that depends on its own sample, so dropping it
# is biased: the doubly reparametrized gradient takes its place. Far from the optimum the noise of the model's own gradient dominates and nothing changes.
#
# To settle it: at several points along a real training run, draw a few thousand gradients of both kinds, check that their means agree within their standard errors, and compare their variances.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: what is right. The score term has mean zero for the ELBO (unbiased), and the variance vanishes at the optimum **if q contains the posterior** (or: $\log w$ is then constant in z). Without the condition, no half.
# - 0.5 for each of two situations **with its reason**, 1.0 at most. Accept: q too narrow (the score is a useful control variate there; $c^\star = 1 - 2\sigma^2$ on the toy, crossing at $\sigma = 1/2$); a bound that is not linear in the log weights
#   (weights depend on the samples; biased); a family that cannot reach the posterior (gain bounded: $1 + 1/\rho^2$ in two dimensions, $1 + 1/\sum_j r_{ij}^2$ in general; "limit 2" only for two dimensions); far from the optimum (the model's noise dominates); layered families implemented by detaching the conditional (landing missed);
#   gradients of the model's parameters (no such term exists, nothing to gain); no reparametrization at hand. A situation without a reason: 0.25.
# - 0.5: a measurement that decides. Variances of both gradients at the same parameters, over many replicates, at more than one place or stage of training. "Compare the loss curves": 0.25.
# === END MARK SCHEME ===
