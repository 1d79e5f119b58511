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

# %% [markdown] locked="11_header"
# # Problem set 11 · Amortized inference
#
# It goes with [the lecture](../../lectures/11_amortized_inference.ipynb). You will build a recognition network from its pieces, let it learn Bayes' rule, and then measure what it costs to have a function where there could be a table:
#
# 1. what a network's numbers mean: a sample and its log-density;
# 2. the ELBO of all data as a function of one set of weights;
# 3. a network that learns Bayes' rule from nothing but the joint;
# 4. the other road: a row of free parameters for every datum;
# 5. the two gaps between a network's ELBO and the evidence, predicted in closed form, then measured;
# 6. a network that writes a flow instead of a Gaussian;
# 7. a table and an encoder at equal cost: who is ahead, predicted exactly, then measured;
# 8. three fits, told apart by nothing but their samples;
# 9. and a question to answer in words.
#
# **About three hours and fifty-five minutes.** Exercises 1 to 3 build on one another; 4 to 8 can be done in any order.
#
# **How checks work.** You write a function in place of the line that raises, run the cell, and run the check below it. Each check calls your function on fresh
# random inputs and says what it tested, what came, what was expected, and, if it recognises the mistake, which one it is. Run it as often as you like: nothing is
# counted. `check("11_gaps", gaps, seed=7)`, in a cell of your own, repeats the inputs of a report that named the seed 7. Any right way of
# computing an answer passes: a loop, one line, a library function.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Conventions**, as everywhere in the course: samples come first, `z` is `(K, *B, D)`; data are `(*B, Dx)`; a log-density of samples is `(K, *B)`; a bound is `(*B)`,
# one number per datum. `log_scale` is the logarithm of a *standard deviation*. $N(\mu, \sigma^2)$ names the *variance* second.

# %% locked="11_setup"
import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from autograder import check, sealed_case
from autograder.units.unit_11 import targets
from course_vi.models import Model
from course_vi.plots import show, when_written

# %% [markdown]
# ---
# ## 1. What a recognition network says
#
# A recognition network reads a datum and writes the numbers of a density. The last layer is affine; its $2D$ outputs are, by convention, first the means and then the log scales.

# %% [markdown]
# **Exercise 1: `recognition_sample`.** *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# For `weight: (2D, Dx)`, `bias: (2D,)`, `x: (*B, Dx)` and noise `eps: (K, *B, D)`:
#
# $$(\mu(x), \rho(x)) = x W^\top + b, \qquad z = \mu(x) + e^{\rho(x)} \epsilon, \qquad \log q(z \mid x) = \sum_d \log N\big(z_d; \mu_d(x), e^{2\rho_d(x)}\big).$$
#
# Return `z`, `(K, *B, D)`, and `log_q`, `(K, *B)`.

# %% exercise="11_recognition_sample"
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Samples of q(z | x) for a linear recognition network, and their log-densities.

    Args:
        weight, bias: of the network, (2D, Dx) and (2D,); means first, then log scales.
        x: data, (*B, Dx).
        eps: standard normal noise, (K, *B, D).

    Returns:
        z, (K, *B, D), and log q(z | x), (K, *B).
    """
    ### BEGIN SOLUTION
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    ### END SOLUTION


# %% check="11_recognition_sample"
check("11_recognition_sample", recognition_sample)

# %% [markdown]
# <details><summary>Symptom: the samples are right and the log-density is not</summary>
#
# Change of variables: $q(z) = N(\epsilon; 0, 1) / |dz/d\epsilon|$, and $dz/d\epsilon = e^{\rho}$. Its logarithm is subtracted.
#
# </details>
# <details><summary>Symptom: all data get the same samples</summary>
#
# `x @ weight.T` has one row per datum; broadcasting puts the sample axis in front of it by itself. No index is needed.
#
# </details>
# <details><summary>Symptom: an error, or wrong halves, when x has no batch</summary>
#
# Split the *last* axis: `chunk(2, -1)` or `[..., :D]` and `[..., D:]`.
#
# </details>

# %% [markdown] solution_only="11_recognition_sample"
# **The code.** `chunk(2, -1)` splits means from log scales; `loc` is `(*B, D)` and meets `eps`, `(K, *B, D)`, from the right. Because $(z - \mu)/e^\rho = \epsilon$, the density needs no $z$.
#
# **Notice** that nothing here is new but *where the numbers come from*. Everything you know of the mean-field family holds, datum by datum; what is shared is the function.

# %% [markdown]
# ---
# ## 2. One ELBO for all data

# %% [markdown]
# **Exercise 2: `amortized_elbo`.** *Difficulty* 3/5 · *Importance* 5/5 · 20 minutes
#
# For any model `p` with local latents and any `encoder` (a module: `(*B, Dx)` to `(*B, 2D)`, means first), return the ELBO of each datum, estimated from given noise,
#
# $$\hat{\mathcal L}(x) = \frac1K \sum_k \big[\log p(x, z_k) - \log q_\phi(z_k \mid x)\big], \qquad z_k = \mu_\phi(x) + e^{\rho_\phi(x)} \epsilon_k ,$$
#
# of shape `(*B)`, so that its gradient in the encoder's weights is an unbiased estimate. The model answers `p.log_joint(x, z)`, `(K, *B)`. Whether you hold the parameters fixed inside $\log q$ (unit 09) is up to you; no other way of making it quieter is asked for.

# %% exercise="11_amortized_elbo"
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The ELBO of each datum, for a Gaussian whose numbers an encoder writes.

    Args:
        p: a model with local latents.
        encoder: maps (*B, Dx) to (*B, 2D), means first, then log scales.
        x: data, (*B, Dx).
        eps: standard normal noise, (K, *B, D).

    Returns:
        One estimate per datum, (*B).
    """
    ### BEGIN SOLUTION
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    white = (z - loc.detach()) / log_scale.detach().exp()                       # sticking the landing
    log_q = (-0.5 * white**2 - log_scale.detach() - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)
    ### END SOLUTION


# %% check="11_amortized_elbo"
check("11_amortized_elbo", amortized_elbo)

# %% [markdown]
# <details><summary>Symptom: the value is right, the mean gradient is zero</summary>
#
# The only way from the weights to $\log p(x, z)$ leads through $z$. If $z$ was detached, or drawn by a distribution's `sample()`, that way is closed. What remains is the score, whose mean is zero.
#
# </details>
# <details><summary>Symptom: right on the toy, wrong on the other model</summary>
#
# You wrote the toy's densities. `p.log_joint(x, z)` is all you need to know of a model, and all you will have for a neural network.
#
# </details>
# <details><summary>Symptom: one number came, and one per datum was expected</summary>
#
# `mean(0)` averages over samples and nothing else. Whoever trains averages over the data.
#
# </details>

# %% [markdown] solution_only="11_amortized_elbo"
# **Derivation.** $\mathcal L(\phi) = \sum_n \mathcal L_n(\phi)$, one $\phi$ for all. By the chain rule $\nabla_\phi \mathcal L_n = J_n^\top \nabla_{(\mu, \rho)} \mathcal L_n$, with $J_n$ the network's Jacobian at $x_n$: every datum pulls at the same weights.
#
# **The code** detaches the parameters inside $\log q$. The value is the same and the estimate is unbiased both ways; at the posterior this one has no noise.
#
# **Notice** what does *not* appear: a target. No one told the network what $z$ was. It is not regression, although it looks like it: the model's joint density is the teacher.

# %% [markdown]
# ---
# ## 3. A network that learns Bayes' rule

# %% [markdown]
# **Exercise 3: `train_recognizer`.** *Difficulty* 3/5 · *Importance* 5/5 · 30 minutes
#
# Train the given `encoder` in place, on the data `x: (N, 1)` and the model `p`, by climbing the mean of your `amortized_elbo`. Return a list of its values, one per step: the first before anything is learned, the last where you stop. You choose optimizer, steps, samples and step
# size; take all noise from `torch.Generator().manual_seed(seed)`, so that the same seed gives the same history, and another seed another.
#
# On the toy, $z \sim N(0, 1)$ and $x \mid z \sim N(z, 1)$, the answer would be $x/2$ and $\log\sqrt{1/2}$. The check hands over a model that you do not know beforehand: the toy with a prior $N(0, \tau^2)$ of another width. Ask `p.log_joint(x, z)`; nothing else is needed. It then asks the encoder about
# *new* data between $-3$ and $3$. The mean and the log scale must be within 0.15 of the posterior's, and the KL divergence to it below 0.02 nats on average. The history must begin near the mean ELBO of the encoder as it was (within 0.3 nats plus a fifth of what there is to gain) and end within 0.15 nats of the mean log evidence, averaged over its last tenth. Training should take
# a second or so: `N` is 64 and the network has four numbers.

# %% exercise="11_train_recognizer"
def train_recognizer(p: Model, encoder: nn.Module, x: Tensor, seed: int) -> list[float]:
    """Train an encoder in place by climbing the mean ELBO.

    Args:
        p: a model with one latent and one observation, the toy or one like it; ask p.log_joint(x, z).
        encoder: maps (N, 1) to (N, 2), mean first, then log scale.
        x: data, (N, 1), float64.
        seed: of the noise.

    Returns:
        The mean ELBO over the data at each step, in nats.
    """
    ### BEGIN SOLUTION
    steps, generator, bounds = 300, torch.Generator().manual_seed(seed), []
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        eps = torch.randn(8, len(x), 1, generator=generator, dtype=x.dtype)
        bound = amortized_elbo(p, encoder, x, eps).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
        schedule.step()
        bounds.append(bound.item())
    return bounds
    ### END SOLUTION


# %% check="11_train_recognizer"
check("11_train_recognizer", train_recognizer)

# %% [markdown]
# Your network beside Bayes' rule. It was trained where the dots are.

# %%
show(targets.learned_bayes(train_recognizer),
     alt="Left, the posterior mean over x: the dashed line x/2, and the learner's network on top of it. Right, the bound over the steps, rising to the "
         "dashed line of the mean log evidence of the training data.")

# %% [markdown]
# <details><summary>Symptom: NaN, or numbers that run away</summary>
#
# Optimizers minimize. Give them minus the ELBO.
#
# </details>
# <details><summary>Symptom: the mean is right and the scale shrinks to nothing</summary>
#
# $\log q$ is missing from what you climb. Without the entropy the best $q$ is a point at the mode.
#
# </details>
# <details><summary>Symptom: nearly there, and it will not settle</summary>
#
# A constant step size never comes to rest on a noisy gradient. Let it fall (`CosineAnnealingLR`), use more samples, or use the gradient whose noise vanishes at the posterior.
#
# </details>

# %% [markdown] solution_only="11_train_recognizer"
# **Why it must come out so.** The mean ELBO over the data is $\frac1N \sum_n \log p(x_n) - \frac1N \sum_n \mathrm{KL}(q_\phi(\cdot \mid x_n) \| p(\cdot \mid x_n))$. The first sum does not depend on $\phi$. The second is zero exactly at the posterior, $\mu(x) = x/\lambda$, $\rho(x) = -\frac12 \log \lambda$ with $\lambda = 1 + 1/\tau^2$ (on the toy $x/2$ and $\frac12 \log \frac12$), which a
# linear network can say, so this is the only maximum, for *any* two or more different data points.
#
# **Notice** that the network is right about data it never saw, because the family of functions contains the truth. That is luck of the toy. In general it generalizes like any regression: well where there were data.

# %% [markdown]
# ---
# ## 4. The same, datum by datum
#
# Before networks, each datum had its own row of parameters, climbed separately. It is slower for many data, needs no training for one, and it is the yardstick by which a network is measured.

# %% [markdown]
# **Exercise 4: `climb`.** *Difficulty* 2/5 · *Importance* 4/5 · 20 minutes
#
# `elbo(loc, log_scale)` returns the ELBO of each datum, `(*B)`, for `loc, log_scale: (*B, D)`; datum $b$ depends on row $b$ only. From the given start take `steps` steps of plain gradient ascent,
#
# $$\lambda_b \leftarrow \lambda_b + r\, \nabla_{\lambda_b} \mathcal L_b(\lambda_b), \qquad \lambda_b = (\mu_b, \rho_b),$$
#
# both parts at once, and return the new `loc` and `log_scale`: where the last step arrives, as many steps as you are told and at the rate you are told, even if the ELBO falls on the way. Each datum's path must be the same whoever else is in the batch, and the tensors you were given must stay as they were. `steps` may be 0. Whether the result carries a graph does not matter.

# %% exercise="11_climb"
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    """Gradient ascent on each datum's ELBO, from a given start.

    Args:
        elbo: (loc, log_scale) -> one ELBO per datum, (*B).
        loc, log_scale: where to begin, (*B, D); left as they are.
        steps, rate: how many steps, and the step size.

    Returns:
        loc and log_scale after the last step, (*B, D) each.
    """
    ### BEGIN SOLUTION
    for _ in range(steps):
        loc, log_scale = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
        up_loc, up_log_scale = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc + rate * up_loc, log_scale + rate * up_log_scale
    return loc.detach(), log_scale.detach()
    ### END SOLUTION


# %% check="11_climb"
check("11_climb", climb)

# %% [markdown]
# Your climb, from a standard normal and from where a badly trained network says. The distance to the evidence, over the steps:

# %%
show(targets.warm_start(climb),
     alt="The mean gap to the evidence over the number of steps of ascent, on a logarithmic scale, from two starts. From a standard normal it begins near 0.7 "
         "nats. From the encoder's answer it begins near 0.07 and stays below at every number of steps.")

# %% [markdown]
# <details><summary>Symptom: steps are too small when there are several data</summary>
#
# The gradient of the *mean* over the batch is divided by its size. Rows do not interact, so the gradient of the *sum* is each row's own.
#
# </details>
# <details><summary>Symptom: the first step is right, the second is too large</summary>
#
# `backward()` adds to `.grad`. Clear it, or use `torch.autograd.grad`, which keeps nothing.
#
# </details>
# <details><summary>Symptom: "the starting point was overwritten"</summary>
#
# `+=` under `no_grad` changes the caller's tensor. Begin with `clone()`, or make new tensors by `loc = loc + ...`. `detach()` alone shares the memory: harmless as long as you do not write to it.
#
# </details>

# %% [markdown] solution_only="11_climb"
# **The code.** `detach().requires_grad_()` begins a new graph at each step. The gradient of the sum gives every row its own slope, since $\partial \mathcal L_b / \partial \lambda_c = 0$ for $b \ne c$.
#
# **Notice** the figure. Starting from a network's answer and taking a few steps is called *semi-amortized* inference: the network gets you near, the steps do the rest. `course_vi.diagnostics.best_per_datum` is this function with a stochastic gradient.

# %% [markdown]
# ---
# ## 5. Two gaps
#
# The ELBO of a network's answer misses the evidence for two reasons. No Gaussian with independent coordinates may be right, *whoever* writes its numbers; and the network may not write the best numbers:
#
# $$\log p(x) - \mathcal L(q_\phi) = \underbrace{\log p(x) - \mathcal L(q^*)}_{\text{approximation gap}} + \underbrace{\mathcal L(q^*) - \mathcal L(q_\phi)}_{\text{amortization gap}}, \qquad q^* = \arg\max_{q \in \mathcal Q} \mathcal L(q; x).$$

# %% [markdown]
# **Exercise 5 (S8): `gaps`.** *Difficulty* 4/5 · *Importance* 5/5 · 35 minutes
#
# Predict both, exactly, for the linear Gaussian model $z \sim N(0, I_D)$, $x \mid z \sim N(Wz, \sigma^2 I)$ and $q = \prod_d N(\mu_d, e^{2\rho_d})$. Its posterior is Gaussian with precision $\Lambda = I + W^\top W / \sigma^2$ and mean $m = \Lambda^{-1} W^\top x / \sigma^2$. You need
#
# $$\mathrm{KL}(q \,\|\, p(z \mid x)) = \tfrac12 \Big[\sum_d \Lambda_{dd}\, e^{2\rho_d} + (\mu - m)^\top \Lambda\, (\mu - m) - D - 2 \sum_d \rho_d - \log\det\Lambda\Big],$$
#
# and which diagonal Gaussian makes it smallest. Return the approximation gap and the amortization gap, in nats, `(*B)` each.

# %% exercise="11_gaps"
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    """Approximation gap and amortization gap of a diagonal Gaussian q on a linear Gaussian model.

    Args:
        weight: W, (Dx, D).
        variance: sigma^2, ().
        x: data, (*B, Dx).
        loc, log_scale: what the encoder says for each datum, (*B, D).

    Returns:
        log p(x) - L(q*), and L(q*) - L(q), (*B) each.
    """
    ### BEGIN SOLUTION
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    far, diagonal, log_det = loc - mean, precision.diagonal(), torch.logdet(precision)
    trace = (diagonal * (2 * log_scale).exp()).sum(-1)
    total = 0.5 * (trace + (far * (far @ precision)).sum(-1) - dim - 2 * log_scale.sum(-1) - log_det)
    approximation = 0.5 * (diagonal.log().sum() - log_det)
    return approximation.expand_as(total), total - approximation
    ### END SOLUTION


# %% check="11_gaps"
check("11_gaps", gaps)

# %% [markdown]
# Now measure. The model of the figure is fitted to the digits: eight principal components. It turns the first and the last latent in their plane by an angle, which changes nothing about $p(x)$. The encoder is off on purpose: it shrinks the means by a tenth, and knows the right
# scales for angle 0 only. The figure finds the best $q$ for each of six test digits by gradient ascent, and measures by sampling (points). The lines are your predictions.

# %%
show(targets.gap_agreement(gaps),
     alt="Gaps over the angle by which the latent is rotated, from 0 to 90 degrees. The predicted approximation gap rises from 0 to about 0.23 nats at 45 "
         "degrees and falls back to 0; the predicted amortization gap rises from 0.5 to 1.7. Measured points with error bars lie on both lines.")

# %% [markdown]
# <details><summary>Symptom: the approximation gap is too large</summary>
#
# The best independent Gaussian under *reverse* KL does not have the posterior's marginal variances $(\Lambda^{-1})_{dd}$. Set the derivative of the KL in $\rho_d$ to zero: which entries of $\Lambda$ are left?
#
# </details>
# <details><summary>Symptom: the amortization gap is too large by exactly the approximation gap</summary>
#
# That is the whole KL divergence. Take away what even the best member of the family lacks.
#
# </details>
# <details><summary>Symptom: the first result is a number, and one per datum was expected</summary>
#
# For this model the approximation gap does not depend on $x$ (only $\Lambda$ enters). Return it for each datum all the same: `expand_as`.
#
# </details>

# %% [markdown] solution_only="11_gaps"
# **Derivation.** In $\mu$ the KL is smallest at $m$; in $\rho_d$ at $\Lambda_{dd} e^{2\rho_d} = 1$. Insert: $\frac12 \big[D - D + \sum_d \log \Lambda_{dd} - \log\det\Lambda\big]$, the approximation gap. It is zero exactly if $\Lambda$ is diagonal (Hadamard's inequality says
# $\det \Lambda \le \prod_d \Lambda_{dd}$). The rest of the KL is the amortization gap.
#
# **Notice** two things in the figure. The rotation of the latent leaves $p(x)$ and so the *model* unchanged, and still decides how well a factorized $q$ can do: principal components are the coordinates in which it is exact. And no amount of
# training of the encoder moves the upper line: only another family does.

# %% [markdown]
# ---
# ## 6. An encoder that writes a flow
#
# If the family is at fault, give the encoder a richer one to write. A *flow* maps noise through an invertible function; here one with four numbers per coordinate, which can be skewed and have long or short tails (Jones and Pewsey, *Sinh-arcsinh distributions*, Biometrika 96, 2009).

# %% [markdown]
# **Exercise 6: `flow_recognizer`.** *Difficulty* 4/5 · *Importance* 3/5 · 30 minutes
#
# `params: (*B, 4D)` are an encoder's outputs: `loc`, `log_scale`, `skew`, `log_tail`, $D$ each in this order. With $u = e^{\tau}\, \mathrm{asinh}(\epsilon) + \kappa$,
#
# $$z = \mu + e^{\rho} \sinh(u), \qquad \log q(z \mid x) = \sum_d \Big[\log N(\epsilon_d; 0, 1) - \log \Big|\frac{\partial z_d}{\partial \epsilon_d}\Big|\Big].$$
#
# ($\mu$ loc, $\rho$ log scale, $\kappa$ skew, $\tau$ log tail.) Return `z`, `(K, *B, D)`, and `log_q`, `(K, *B)`. Derive the slope; $\frac{d}{d\epsilon} \mathrm{asinh}(\epsilon) = 1 / \sqrt{1 + \epsilon^2}$.

# %% exercise="11_flow_recognizer"
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Samples of a sinh-arcsinh flow whose numbers an encoder wrote, and their log-densities.

    Args:
        params: loc, log_scale, skew and log_tail side by side, (*B, 4D).
        eps: standard normal noise, (K, *B, D).

    Returns:
        z, (K, *B, D), and log q(z | x), (K, *B).
    """
    ### BEGIN SOLUTION
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi) - log_slope).sum(-1)
    ### END SOLUTION


# %% check="11_flow_recognizer"
check("11_flow_recognizer", flow_recognizer)

# %% [markdown]
# The density your function defines (lines) and its own samples (bars), for three settings of the four numbers. They agree only if the slope is right.

# %%
show(targets.flow_shapes(flow_recognizer),
     alt="Three panels with histograms of samples and the density as a line: a Gaussian, one skewed to the right, and one with heavy tails. Lines follow the bars.")

# %% [markdown]
# <details><summary>Symptom: the density does not integrate to one</summary>
#
# Follow $\epsilon$ on its way to $z$, and apply the chain rule from the outside in. It brings four factors; how many have you?
#
# </details>
# <details><summary>Symptom: the samples are right, and the density grows where the samples are few</summary>
#
# The slope was added. Where the map stretches, samples are far apart and the density is low: subtract its logarithm.
#
# </details>
# <details><summary>Symptom: the skewed panel is only shifted</summary>
#
# $\kappa$ belongs inside the sinh. Outside, it is a second `loc`.
#
# </details>

# %% [markdown] solution_only="11_flow_recognizer"
# **Derivation.** $\frac{dz}{d\epsilon} = e^\rho \cosh(u) \cdot e^\tau \cdot \frac{1}{\sqrt{1 + \epsilon^2}} > 0$, so the map is invertible and the density is $N(\epsilon; 0, 1) / \frac{dz}{d\epsilon}$.
#
# **Notice** that neither the inverse nor a density at arbitrary points was needed: the ELBO asks for $\log q$ only at samples, where $\epsilon$ is known. At $\kappa = \tau = 0$ it is the Gaussian of exercise 1, so a network can begin as one.

# %% [markdown]
# ---
# ## 7. Equal cost: a table, or an encoder
#
# Equal *steps* are no fair race: a step of a table moves every row, and a step of an encoder sees only a batch. Count what both must pay for: the slope of one datum's ELBO, **one evaluation** each. On the toy in one dimension such a race can be followed exactly. The scales stand where they should, at $\sqrt{1/2}$, and only
# the means are learned; a datum's gap is then $(m_n - x_n/2)^2$ nats. Both climb the exact ELBO at the same rate $r$, and have `budget` evaluations in all:
#
# - **the table** has a row $m_n$ for each of the $N$ data, all of which begin at 0; a step moves every row, $m_n \leftarrow m_n + r\, \partial_{m_n} \mathcal L_n$;
# - **the encoder** is $m_n = a\,x_n$, from $a = 0$; a step draws a batch of $B$ data, each from all $N$ with equal chance (so that one may come twice), and moves $a$ by $r$ times the batch's *mean* of $\partial_a \mathcal L_n$.
#
# **Predict first** (not graded): with ten times the budget, is the table or the encoder more likely to be ahead? And with ten times the data?
#
# This is what to aim for, measured with 30 runs of each race:

# %%
show(targets.race(),
     alt="Two panels, mean gap over evaluations, on logarithmic axes. With 10 data the table's measured gaps fall far below the encoder's; with 200 data "
         "the encoder's fall far below the table's.")

# %% [markdown]
# **Exercise 7: `equal_cost`.** *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Return three numbers:
#
# 1. the table's mean gap over the $N$ data when the budget is spent;
# 2. the encoder's mean gap over the same data, in expectation over all batches that it may have drawn;
# 3. how many data there must be (as a real number) for the two to be equal, if the averages of $x^2$ and $x^4$ stay what they are.
#
# `x` is `(N,)`, in double precision; `budget` and `batch` are integers, and `budget` is a multiple of $N$ and of `batch`; `rate` is a number. All three are asked exactly: no draws. The last part of the check goes through *every* order of batches of a small race, and compares.

# %% exercise="11_equal_cost"
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    """Mean gaps of a table and of a linear encoder after equally many evaluations, and where they break even.

    Args:
        x: data of the toy, (N,).
        budget: evaluations in all, a multiple of N and of batch.
        batch: data in a batch of the encoder, drawn with replacement.
        rate: the step size of both.

    Returns:
        The table's mean gap, the encoder's expected mean gap, and the number of data at which both are equal.
    """
    ### BEGIN SOLUTION
    square, fourth = (x**2).mean(), (x**4).mean()
    row = (1 - 2 * rate) ** 2                                                    # what a step leaves of a gap
    weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
    table = square / 4 * row ** (budget / len(x))
    encoder = square / 4 * weight ** (budget / batch)
    return table, encoder, batch * math.log(row) / weight.log()
    ### END SOLUTION


# %% check="11_equal_cost"
check("11_equal_cost", equal_cost)

# %% [markdown]
# Your two lines over the measured points. Is the prediction within the errors, and at which number of data would the two lines be one?

# %%
show(targets.race(equal_cost),
     alt="The same figure; once equal_cost is written, its lines run through the measured points in both panels.")

# %% [markdown]
# <details><summary>Symptom: the table is right, and the encoder a little too good</summary>
#
# You followed the *mean* of $a$. The gap contains its square, and $a$ is random: it depends on which data were drawn. What is the mean of a square?
#
# </details>
# <details><summary>Symptom: both fall much too fast</summary>
#
# How many evaluations does one step cost? $N$ for the table, $B$ for the encoder. And the gap is the square of the distance: what happens to a distance in one step?
#
# </details>
# <details><summary>Symptom: I cannot get hold of the expectation</summary>
#
# Write $d = a - \frac12$ and $q$ for the batch's mean of $x^2$. A step makes $d$ into $(1 - 2 r q)\,d$, and the next batch knows nothing of the last: $\mathbb E d^2$ is multiplied by $\mathbb E (1 - 2 r q)^2$ at each step. Mean and variance of $q$ follow from those of one $x^2$.
#
# </details>

# %% [markdown] solution_only="11_equal_cost"
# **Derivation.** Up to constants $\mathcal L_n = -(m_n - x_n/2)^2$, with slope $x_n - 2 m_n$. A row: $m_n - \frac{x_n}2$ is multiplied by $1 - 2r$ at each of budget$/N$ steps, so the mean gap is $\frac14 \overline{x^2}\,(1 - 2r)^{2\,\text{budget}/N}$.
# The encoder: $\partial_a \mathcal L_n = x_n^2 (1 - 2a)$, so $d = a - \frac12$ is multiplied by $1 - 2 r q$, with $q$ the mean of $x^2$ over the batch, $\mathbb E q = \overline{x^2}$ and $\operatorname{Var} q = \big(\overline{x^4} - \overline{x^2}^2\big)/B$. Batches are independent, so
#
# $$\mathbb E\,\text{gap} = \tfrac14\,\overline{x^2}\;\rho^{\,\text{budget}/B}, \qquad \rho = \big(1 - 2 r \overline{x^2}\big)^2 + \frac{4 r^2}B \Big(\overline{x^4} - \overline{x^2}^2\Big).$$
#
# Equal when $\frac{2}{N} \log|1 - 2r| = \frac1B \log \rho$, so at $N^* = 2 B \log|1 - 2r| / \log\rho$.
#
# **What to notice.** The budget has dropped out. Whoever is ahead stays ahead: what decides is the number of data, since the table's price per step grows with it and the encoder's does not. That is amortization in one line. And $N^*$ is of the size of a *batch* (19 in the figure, with $B = 40$): a table pays only when you have hardly more data than the encoder looks at in one step.
#
# **What the toy leaves out.** Here the encoder can say $x/2$ exactly, so there is no amortization gap to stop at. Where there is one, the encoder's curve ends on a floor and a table passes it in the end, as in the lecture's figure. With noisy gradients neither comes to rest at a constant rate.
#
# **About the expectation.** The gap after $T$ steps is a product of $T$ random factors. Its distribution is skewed: most runs are better than the mean, and a few much worse, so that the mean of 30 runs tends to lie a little below your line.

# %% [markdown]
# ---
# ## 8. The sealed case
#
# **Exercise 8: `name_them`.** *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people hand in fits to one linear Gaussian model, $z \sim N(0, I_2)$, $x \mid z \sim N(Wz, \sigma^2 I_3)$, at B data. You get their samples of z, and nothing else of theirs. One took full Gaussians and climbed to rest at each datum: **right**, up to the noise of the samples. One took Gaussians with *independent* coordinates and climbed to rest at each datum as well: what is
# missing is an **approximation gap**. One took full Gaussians, and let an encoder write the numbers; it gets worse for data far out. What is missing there is an **amortization gap**: the means may be off, or the scales, or the correlations, never in the same way at all data. Whose samples are whose?
#
# `z` is (3, K, B, 2), by person; `x` is (B, 3), `weight` is W, (3, 2), `variance` is $\sigma^2$, a number. Return the three names `"right"`, `"approximation gap"`, `"amortization gap"` in the order of the persons. The budget is enough: of any two some mean, variance or correlation at some datum differs by at least six standard errors. Either gap may be the larger one. The check brings
# 40 cases and demands all names right in 38 of them.

# %% exercise="11_sealed_case"
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    """Which fit is "right", which has an "approximation gap", and which an "amortization gap", in the order of z.

    Args:
        z: samples of each fit at each datum, (3, K, B, 2).
        x: data, (B, 3).
        weight, variance: W, (3, 2), and sigma^2 of the model.
    """
    ### BEGIN SOLUTION
    precision = torch.eye(2, dtype=z.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight).T / variance).T

    def misfit(root: Tensor) -> Tensor:
        """How far (z - mean) root is from standard normal noise, for each fit: moments in standard errors, squared and added up."""
        noise, count = (z - mean) @ root, z.shape[1]
        means, squares = count**0.5 * noise.mean(1), (count / 2) ** 0.5 * (noise.square().mean(1) - 1)
        return (means.square() + squares.square()).sum((1, 2)) + count * noise.prod(-1).mean(1).square().sum(1)

    as_posterior, as_best = misfit(torch.linalg.cholesky(precision)), misfit(precision.diagonal().sqrt().diag())
    orders = itertools.permutations(("right", "approximation gap", "amortization gap"))
    return list(min(orders, key=lambda names: as_posterior[names.index("right")] + as_best[names.index("approximation gap")]))
    ### END SOLUTION


# %% check="11_sealed_case"
check("11_sealed_case", name_them)

# %% [markdown]
# Open one: `sealed_case` draws a case as the check does, and the seed decides everything, the order too. Decide first. The table shows what can be read off with the naked eye, datum by datum.

# %%
with when_written():
    case = sealed_case("11_sealed_case", seed=5)
    for letter, samples in zip("ABC", case.given["z"], strict=True):
        moments = [(each.mean(0), each.std(0), torch.corrcoef(each.T)[0, 1]) for each in samples.unbind(1)]
        print(letter, "  ".join(f"{m[0]:+.2f} ± {s[0]:.2f}, {m[1]:+.2f} ± {s[1]:.2f}, r = {r:+.2f}" for m, s, r in moments[:3]))
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: right where the encoder's means are off, and not otherwise</summary>
#
# An encoder writes scales and correlations, too. Of whom do you know beforehand what *all* of the moments are?
#
# </details>
# <details><summary>Symptom: I compute both gaps, and the larger one is not always the encoder's</summary>
#
# The size of a gap does not say whose it is. Exercise 5 says *which* independent Gaussian is the best: a prediction with no free number in it, like the posterior itself.
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# Do not throw the data together: an error that is above at one datum and below at another averages out. Add up squared deviations, in standard errors, datum by datum.
#
# </details>

# %% [markdown] solution_only="11_sealed_case"
# **Two of the three are predictions.** The posterior is $N(m, \Lambda^{-1})$, the best independent Gaussian $N(m, \operatorname{diag}(1/\Lambda_{dd}))$: known before a sample is seen. Whoever matches neither is the encoder. So you need not know how encoders err.
#
# **The tool.** If z comes from $N(m, \Lambda^{-1})$ and $\Lambda = LL^\top$, then $L^\top(z - m)$ is standard normal: means 0, squares 1, product 0, with standard errors $1/\sqrt K$, $\sqrt{2/K}$, $1/\sqrt K$. The same with the root of the diagonal for the other.
#
# **Notice** that the mean of $\log p(x, z)$ is the same under the posterior and under the best independent fit, since $\operatorname{tr}\Lambda\Lambda^{-1} = \operatorname{tr}\Lambda\operatorname{diag}(1/\Lambda_{dd}) = D$. Whoever looks at that number alone sees no approximation gap: it is all in the entropy.

# %% [markdown]
# ---
# ## 9. In words
#
# **Question 9: whose fault is the gap?** *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes
#
# Your team trained a VAE with a diagonal Gaussian encoder. Mean ELBO: $-98.0$ on training data, $-104.5$ on test data. With the model held fixed, 500 steps of `climb` per test datum from the encoder's answer raise the test ELBO to $-100.1$. Replacing $q$ by a flow
# and climbing again gives $-99.3$; importance sampling with very many samples puts $\log p(x)$ on test data at about $-99.0$. (a) Give the amortization gap and the approximation gap on test data. (b) A colleague proposes to make the encoder's output a flow. Another
# proposes to train the encoder on more data, with the decoder frozen, or to take a few steps of ascent per test datum. Who gains more, and how much at most, if the flow's encoder leaves the amortization gap as it is? (c) Does the difference between $-98.0$ and $-104.5$ show that the *model* overfits? What number is missing to decide?

# %% [markdown] written="11_written"
# (a) Amortization gap $-100.1 - (-104.5) = 4.4$ nats; approximation gap $-99.0 - (-100.1) = 1.1$ nats, if the ascent came to rest.
#
# (b) The second. With the amortization gap unchanged at 4.4 nats the flow gains at most 0.8, the difference between $-100.1$ and $-99.3$. (Were its encoder perfect as well, it would reach $-99.3$ and gain 5.2; but 4.4 of these are the second proposal's. Cremer, Li and Duvenaud found that a richer family may also make
# amortization easier; nothing here says by how much.) More data for the encoder or a few steps of ascent can gain up to 4.4.
#
# (c) Only a small part of it. An ELBO is a lower bound, so the evidence of the training data is at least $-98.0$, one nat above the $-99.0$ of the test data: at least that nat is the model's. The other five and a half may be the *encoder's*, which was fitted to the
# training data too and whose amortization gap is smaller there. Missing is the evidence on training data: if it is $-97.9$, the model overfits by about one nat and the rest is the encoder's.
#
# === BEGIN MARK SCHEME ===
# Half a point for each of the four:
# - (a) both numbers: 4.4 and 1.1 nats (swapped: none of it; the flow's 0.3 for the approximation gap of the *Gaussian* is wrong).
# - (b) the second proposal, with at most 4.4 nats against at most 0.8 for the flow with the amortization gap unchanged. Accept also 5.2 for a flow **and** perfect amortization, if it is said that 4.4 of them come from amortization.
# - (c) says that the encoder itself may overfit: the amortization gap can differ between training and test data. (That at least one nat must be the model's is worth a remark, not a deduction.)
# - (c) names what is missing: log p of the training data, by importance sampling.
# === END MARK SCHEME ===

# %% [markdown]
# ---
# **Done.** The encoder you trained is half of a variational autoencoder; unit 13 trains the other half with it. The flow returns in unit 08, the gaps in every honest report of a VAE.
#
# *Stretch (not graded).* Let the recognizer have the form of a Gaussian process's mean: $\mu(x) = \sum_j \alpha_j k(x, x_j)$ with a fixed kernel is linear in $\alpha$, so exercise 3 trains it as it stands. Where does it say $x/2$, and what does it say far from the data?
