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

# %% [markdown] locked="03_header"
# # Problem set 03 · The ELBO
#
# It goes with [the lecture](../../lectures/03_elbo.ipynb). You will build, piece by piece, everything the lecture claims about the evidence lower bound:
#
# 1. its three forms, equal sample by sample;
# 2. the KL divergence between Gaussians, which is what the gap is made of;
# 3. bound and gap in closed form, on a model whose evidence you know;
# 4. forward and reverse KL to a target with two modes, by quadrature;
# 5. the bound as a number of bits;
# 6. the most obvious gradient of the bound, which leads nowhere;
# 7. a prediction of how wrong it is, which you then measure;
# 8. what a poor family does to the parameters of a model, predicted and measured;
# 9. and one question to answer in words.
#
# **About two hours and fifty minutes.** The exercises are independent but for 6 and 7, so if one resists, go on and come back.
#
# **How checks work.** You write a function in place of the line that raises, run the cell, and run the check below it. Each check calls your function on fresh
# random inputs and says what it tested, what came, what was expected, and, if it recognises the mistake, which one it is. Run it as often as you like: nothing is
# counted. `check("03_gaussian_kl", gaussian_kl, seed=7)`, in a cell of your own, repeats the inputs of a report that named the seed 7. Any right way of
# computing an answer passes: a loop, one line, a library function.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Conventions**, as everywhere in the course: samples come first, `z` is `(K, *B, D)`; data are `(*B, D)`; a log-density of samples is `(K, *B)`; a bound is `(*B)`,
# one number per datum. `log_scale` is the logarithm of a *standard deviation*. $N(\mu, \sigma^2)$ names the *variance* second. Logarithms are natural unless we say bits.

# %% locked="03_setup"
import math

import torch
from torch import Tensor

from autograder import check
from autograder.units.unit_03 import targets
from course_vi.families import Family
from course_vi.models import Model
from course_vi.plots import show

# %% [markdown]
# ---
# ## 1. Three forms of the ELBO
#
# The same number, grouped in three ways:
#
# $$\mathcal L = \mathbb E_q \log p(x, z) + H(q) \;=\; \mathbb E_q \log p(x \mid z) - \mathrm{KL}\big(q \,\|\, p(z)\big) \;=\; \log p(x) - \mathrm{KL}\big(q \,\|\, p(z \mid x)\big).$$
#
# As expectations they are equal by the rules of probability. You will see more: estimated from **the same samples** they are the same number, to the last digit.

# %% [markdown]
# **Exercise 1: `three_forms`.** *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# Given samples `z` of `q`, return the three estimates, in the order above, each of shape `(*B)`:
#
# $$\begin{aligned}
# \hat{\mathcal L}_1 &= \tfrac1K \textstyle\sum_k \log p(x, z_k) + \hat H, & \hat H &= -\tfrac1K \textstyle\sum_k \log q(z_k \mid x)\\
# \hat{\mathcal L}_2 &= \tfrac1K \textstyle\sum_k \log p(x \mid z_k) - \widehat{\mathrm{KL}}_{\text{prior}}, & \widehat{\mathrm{KL}}_{\text{prior}} &= \tfrac1K \textstyle\sum_k \big(\log q(z_k \mid x) - \log p(z_k)\big)\\
# \hat{\mathcal L}_3 &= \log p(x) - \widehat{\mathrm{KL}}_{\text{posterior}}, & \widehat{\mathrm{KL}}_{\text{posterior}} &= \tfrac1K \textstyle\sum_k \big(\log q(z_k \mid x) - \log p(z_k \mid x)\big)
# \end{aligned}$$
#
# What you may ask of the model: `p.log_joint(x, z)`; `p.log_factors(x, z)`, a dictionary of the factors of the joint by name, all `(K, *B)`, one of them called
# `"likelihood"`; `p.log_evidence(x)`, `(*B)`; `p.posterior(x)`, a distribution with `log_prob(z)`. And of the family: `q(x, z)` is $\log q(z \mid x)$, `(K, *B)`.
# The check uses three models. In the second the prior is made of two factors. The third tells a false evidence and a false posterior, and form 3 has to show it: build it from
# `p.log_evidence(x)` and `p.posterior(x)` themselves, not from the joint.

# %% exercise="03_three_forms"
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three forms of the ELBO, estimated from the same samples.

    Args:
        p, q: a tractable model and a family.
        x: data, (*B, Dx).
        z: samples of q, (K, *B, D).

    Returns:
        Joint plus entropy, likelihood minus KL to the prior, and evidence minus KL to the
        posterior, (*B) each.
    """
    ### BEGIN SOLUTION
    log_joint, log_q = p.log_joint(x, z), q(x, z)
    log_likelihood = p.log_factors(x, z)["likelihood"]
    log_prior = log_joint - log_likelihood           # whatever number of factors it has
    entropy = -log_q.mean(0)
    kl_to_prior = (log_q - log_prior).mean(0)
    kl_to_posterior = (log_q - p.posterior(x).log_prob(z)).mean(0)
    joint_plus_entropy = log_joint.mean(0) + entropy
    return joint_plus_entropy, log_likelihood.mean(0) - kl_to_prior, p.log_evidence(x) - kl_to_posterior
    ### END SOLUTION


# %% check="03_three_forms"
check("03_three_forms", three_forms)

# %% [markdown]
# <details><summary>Symptom: form 1 is far from the other two</summary>
#
# Look at the sign of the entropy. $H(q) = -\mathbb E_q \log q$, and it is *added*: a wide $q$ is rewarded.
#
# </details>
# <details><summary>Symptom: the forms are close, but not equal</summary>
#
# One of your terms does not use the samples: a closed-form entropy or KL has the right mean and is another number. Estimate every expectation by the mean over `z`.
#
# </details>
# <details><summary>Symptom: all is well on the first model, and form 2 fails on the second</summary>
#
# Print `p.log_factors(x, z).keys()`. The prior is the product of all the factors but the likelihood, so its logarithm is what is left of `p.log_joint(x, z)`.
#
# </details>

# %% [markdown] solution_only="03_three_forms"
# **Why they agree.** At every $z$, $\log p(x, z) = \log p(x \mid z) + \log p(z) = \log p(x) + \log p(z \mid x)$. Subtract $\log q(z \mid x)$ and you have three spellings of the log weight
# $\log w(z)$; the mean over the same samples is the same number.
#
# **The code.** The prior is got by subtraction, which works for any number of factors. The last part of the check uses a model that lies about its evidence and its posterior: there the third form
# must differ from the first. That is how the agreement of three forms turns into a *test of a model*: if form 3 does not match form 1, the oracle is wrong.
#
# **Notice** that with $q$ equal to the posterior form 3 has no noise at all, and hence neither have the other two.

# %% [markdown]
# ---
# ## 2. The KL between two Gaussians
#
# You will use this one in nearly every unit.

# %% [markdown]
# **Exercise 2: `gaussian_kl`.** *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# For $q = \prod_d N(\mu_d, s_d^2)$ and $p = \prod_d N(m_d, r_d^2)$ return
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb E_q\big[\log q(z) - \log p(z)\big],$$
#
# exactly (no samples), summed over the last axis. Derive it for one coordinate first: you need $\mathbb E_q (z - \mu)^2 = s^2$ and $\mathbb E_q (z - m)^2 = s^2 + (\mu - m)^2$.
# All four arguments are `(*B, D)`, the result is `(*B)`.

# %% exercise="03_gaussian_kl"
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    """KL(q || p) between two diagonal Gaussians, in closed form.

    Args:
        loc_q, loc_p: means, (*B, D).
        log_scale_q, log_scale_p: logarithms of standard deviations, (*B, D).

    Returns:
        The divergence in nats, (*B).
    """
    ### BEGIN SOLUTION
    ratio = log_scale_p - log_scale_q
    spread = ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2) / (2 * (2 * log_scale_p).exp())
    return (ratio + spread - 0.5).sum(-1)
    ### END SOLUTION


# %% check="03_gaussian_kl"
check("03_gaussian_kl", gaussian_kl)

# %% [markdown]
# <details><summary>Symptom: right when both scales are 1, wrong elsewhere</summary>
#
# Somewhere a standard deviation stands for a variance, or `log_scale` for the scale. `log_scale.exp()` is the standard deviation; squares of it are variances.
#
# </details>
# <details><summary>Symptom: right for a pair with equal scales, wrong when the scales differ</summary>
#
# You may have computed $\mathrm{KL}(p \,\|\, q)$. With equal variances the two directions agree, so that only an asymmetric pair tells them apart. The expectation is under the first argument.
#
# </details>
# <details><summary>Symptom: the KL of a Gaussian to itself is not zero</summary>
#
# For equal Gaussians the logarithm and the shift vanish, and $s^2 / (2 r^2) = \frac12$ is left. What takes it away?
#
# </details>

# %% [markdown] solution_only="03_gaussian_kl"
# **Derivation**, one coordinate. $\log q - \log p = \log \frac rs - \frac{(z - \mu)^2}{2 s^2} + \frac{(z - m)^2}{2 r^2}$, the $2\pi$ cancel. Under $q$:
#
# $$\mathrm{KL} = \log \frac rs - \frac12 + \frac{s^2 + (\mu - m)^2}{2 r^2}.$$
#
# The log-density of independent coordinates is a sum, so the KL is a sum. `torch.distributions.kl_divergence` of two `Independent(Normal(...), 1)` says the same.
#
# **Notice** the asymmetry. With $t = s / r$ and equal means it is $\frac12(t^2 - 1) - \log t$: it grows like $t^2/2$ when $q$ is too wide and only like $-\log t$ when $q$ is too narrow. A divergence
# that is an expectation under $q$ is lenient with a $q$ that leaves parts of $p$ out.

# %% [markdown]
# ---
# ## 3. The gap, in closed form
#
# On the conjugate toy, $z \sim N(0, I)$ and $x \mid z \sim N(z, I)$, we know what the ELBO is up against: $p(z \mid x) = N(x/2, \tfrac12 I)$ and $p(x) = N(0, 2I)$. With
# $q = \prod_d N(m_d, s_d^2)$ nothing needs a sample. This is the figure to aim for:

# %%
show(targets.gap_curve(),
     alt="The ELBO of the toy at x = 2 over the scale s of q = N(0.5, s squared): a curve below the "
         "horizontal line log p(x), nearest to it at s = 0.7, where a gap remains: the mean is wrong.")

# %% [markdown]
# **Exercise 3: `elbo_and_gap`.** *Difficulty* 3/5 · *Importance* 5/5 · 20 minutes
#
# Return the exact ELBO and the exact gap on the toy,
#
# $$\mathcal L = \mathbb E_q\big[\log p(z) + \log p(x \mid z)\big] + H(q), \qquad \text{gap} = \mathrm{KL}\big(q \,\|\, p(z \mid x)\big),$$
#
# each `(*B)`, for `loc`, `log_scale`, `x` of shape `(*B, D)`. Derive each by itself, and let the check (or the figure below it) add them up. (No check can tell, but if you take one as $\log p(x)$ minus the other, their sum tests nothing.)

# %% exercise="03_gap"
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Exact ELBO and gap of q = N(loc, exp(log_scale)^2) on the conjugate toy.

    Args:
        loc, log_scale, x: (*B, D) each.

    Returns:
        The ELBO and KL(q || posterior), in nats, (*B) each.
    """
    ### BEGIN SOLUTION
    variance = (2 * log_scale).exp()
    log_prior = -0.5 * (loc**2 + variance) - 0.5 * math.log(2 * math.pi)
    log_likelihood = -0.5 * ((x - loc) ** 2 + variance) - 0.5 * math.log(2 * math.pi)
    entropy = log_scale + 0.5 * math.log(2 * math.pi * math.e)
    elbo = (log_prior + log_likelihood + entropy).sum(-1)
    log_scale_of_posterior = torch.full_like(x, -0.5 * math.log(2))
    return elbo, gaussian_kl(loc, log_scale, x / 2, log_scale_of_posterior)
    ### END SOLUTION


# %% check="03_gap"
check("03_gap", elbo_and_gap)

# %% [markdown]
# <details><summary>Symptom: the ELBO is off by the same number everywhere, and may even exceed log p(x)</summary>
#
# Count the $\frac12 \log 2\pi$: minus one for the prior, minus one for the likelihood, plus one for the entropy, for *each* of the D coordinates.
#
# </details>
# <details><summary>Symptom: right as s goes to zero, too high elsewhere</summary>
#
# You put the mean of $q$ in place of $z$. But $\mathbb E_q z^2 = m^2 + s^2$ and $\mathbb E_q (x - z)^2 = (x - m)^2 + s^2$.
#
# </details>
# <details><summary>Symptom: the gap does not vanish at the posterior</summary>
#
# The posterior has *variance* $\frac12$, so `log_scale` $= -\frac12 \log 2$. And the gap is the KL to the posterior, not to the prior, with the expectation under $q$.
#
# </details>

# %% [markdown]
# Your curve on top of the aim (grey), and your sum on top of $\log p(x)$:

# %%
show(targets.gap_curve(elbo_and_gap),
     alt="The same figure; once elbo_and_gap is written, its ELBO lies on the aimed-for curve and the "
         "sum of its two results on log p(x).")

# %% [markdown] solution_only="03_gap"
# **Derivation.** Per coordinate $\mathcal L = -\frac12(m^2 + s^2) - \frac12\big((x - m)^2 + s^2\big) + \log s + \frac12 - \frac12 \log 2\pi$, and with exercise 2
# $\text{gap} = -\frac12 \log 2 - \log s + s^2 + (m - \frac x2)^2 - \frac12$. Add them: $s$ and $m$ cancel, and $-\frac{x^2}{4} - \frac12 \log 4\pi = \log N(x; 0, 2)$ is left. Whatever $q$ is, one evidence.
#
# **Notice** that the sum tests the *pair*. Someone who takes the reversed KL and defines the ELBO as what is left of the evidence also gets a perfect sum; the check therefore asks for each value by itself.

# %% [markdown]
# ---
# ## 4. Both KLs to a mixture
#
# The gap is a *reverse* KL, an expectation under $q$. The *forward* KL is an expectation under the target. On a target with two modes they want different things:

# %%
show(targets.kl_curves(),
     alt="Left: a mixture with modes at -2.5 and 1.5, and a Gaussian q on the right-hand mode. Right: "
         "over the mean of q, the forward KL has one minimum between the modes, the reverse KL has two "
         "minima, one at each mode.")

# %% [markdown]
# **Exercise 4: `forward_and_reverse_kl`.** *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# For $q = N(\mu, s^2)$ and the mixture $p = \sum_j \pi_j N(m_j, r_j^2)$ on the line, return
#
# $$\mathrm{KL}(p \,\|\, q) = \int p \log \frac pq\,dz \qquad\text{and}\qquad \mathrm{KL}(q \,\|\, p) = \int q \log \frac qp\,dz,$$
#
# in this order, by quadrature: on a grid, as the sum of the integrand times the step. Each must be right to one part in a million (below one nat, to a millionth of a nat), also when $q$ is far out in the tails of $p$ (there $p$
# is as small as $e^{-2000}$, and its *logarithm* is harmless) and when a component is as narrow as $0.004$. `loc` and `scale` are tensors of shape `()`, the other three of shape `(M,)`, all in double precision; return
# two numbers (or tensors of shape `()`).

# %% exercise="03_mixture_kls"
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    """KL(p || q) and KL(q || p) for q = N(loc, scale^2) and a mixture of Gaussians p, by quadrature.

    Args:
        loc, scale: of q, ().
        weights, means, scales: of the components of p, (M,) each; the weights add up to one.

    Returns:
        The forward and the reverse divergence, in nats.
    """
    ### BEGIN SOLUTION
    centres, widths = torch.cat([means, loc.reshape(1)]), torch.cat([scales, scale.reshape(1)])
    low, high = (centres - 12 * widths).min().item(), (centres + 12 * widths).max().item()
    points = int((high - low) / (widths.min().item() / 6)) + 2
    z = torch.linspace(low, high, points, dtype=torch.float64).unsqueeze(-1)

    def log_normal(m: Tensor, s: Tensor) -> Tensor:
        return -0.5 * ((z - m) / s) ** 2 - s.log() - 0.5 * math.log(2 * math.pi)

    log_p = torch.logsumexp(weights.log() + log_normal(means, scales), -1)
    log_q = log_normal(loc, scale).squeeze(-1)
    forward = torch.trapezoid(log_p.exp() * (log_p - log_q), z[:, 0])
    reverse = torch.trapezoid(log_q.exp() * (log_q - log_p), z[:, 0])
    return forward, reverse
    ### END SOLUTION


# %% check="03_mixture_kls"
check("03_mixture_kls", forward_and_reverse_kl)

# %% [markdown]
# <details><summary>Symptom: NaN or infinity far out</summary>
#
# You took the logarithm of a density that had already been rounded to zero. Make $\log p$ from the *logarithms* of its components, and exponentiate only the factor in front.
# Adding a small number inside the logarithm hides the symptom and keeps the error.
#
# </details>
# <details><summary>Symptom: right for two broad modes, wrong next to a narrow one</summary>
#
# The step must be a fraction of the *smallest* scale, and the grid must reach well beyond every component and beyond $q$. A grid that suits one problem does not suit the next: let
# it depend on the arguments.
#
# </details>
# <details><summary>Symptom: both results are off by the same factor</summary>
#
# An integral is the sum *times the step*. `torch.trapezoid(values, z)` remembers it for you.
#
# </details>

# %% [markdown]
# Your two curves on top of the aim:

# %%
show(targets.kl_curves(forward_and_reverse_kl),
     alt="The same figure; once forward_and_reverse_kl is written, its dots lie on the two curves.")

# %% [markdown] solution_only="03_mixture_kls"
# **The idea.** Work with logarithms throughout: $\log p$ by logsumexp, $\log q$ in closed form, and only the leading density exponentiated. Where that underflows to zero, its product with a finite logarithm
# is zero, as it should be. For a smooth integrand that has died out at both ends, the trapezoid rule converges faster than any power of the step; a sixth of the smallest scale gives far more than six digits.
#
# **What to notice.** Forward KL has a single minimum, at the mean of the target, in the valley between the modes; with a free scale it would match the variance as well. Reverse KL has a minimum at each mode,
# and which one a descent finds depends on where it starts. Near the mode of weight $0.7$ its value is near $-\log 0.7$.

# %% [markdown]
# ---
# ## 5. The net bit rate
#
# In bits-back coding Alice pays $-\log_2 p(x, z)$ bits to send $z$ and $x$, and gets $-\log_2 q(z \mid x)$ bits back, those from which she decoded $z$.

# %% [markdown]
# **Exercise 5: `net_bit_rate`.** *Difficulty* 2/5 · *Importance* 3/5 · 15 minutes
#
# From `log_joint` $= \log p(x, z_k)$ and `log_q` $= \log q(z_k \mid x)$, both `(K, *B)` and in nats, return the net rate of each sample and its mean, in **bits**:
#
# $$R_k = \frac{-\log p(x, z_k) + \log q(z_k \mid x)}{\ln 2} \quad (K, *B), \qquad\qquad \bar R = \frac1K \sum_k R_k \quad (*B).$$
#
# Before you write it: which quantity of this unit is $\bar R$, and what does $R_k$ look like when $q$ is the posterior?

# %% exercise="03_net_bit_rate"
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    """Net rate of bits-back coding: bits paid for x and z, minus bits got back.

    Args:
        log_joint, log_q: log p(x, z_k) and log q(z_k | x) in nats, (K, *B) each.

    Returns:
        The rate of every sample, (K, *B), and its mean over the samples, (*B), in bits.
    """
    ### BEGIN SOLUTION
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean(0)
    ### END SOLUTION


# %% check="03_net_bit_rate"
check("03_net_bit_rate", net_bit_rate)

# %% [markdown]
# <details><summary>Symptom: every number is too small, by a factor of 0.69 or of 0.48</summary>
#
# One nat is $1 / \ln 2 = 1.44$ bits. Divide by $\ln 2$, once.
#
# </details>
# <details><summary>Symptom: the rate exceeds -log2 p(x) by far, even at the posterior</summary>
#
# You pay for $z$ under $q$ where you should be paid. $-\log_2 q(z \mid x)$ is what comes back, so it is subtracted.
#
# </details>
# <details><summary>Symptom: not finite for long messages</summary>
#
# $e^{-10000}$ is zero in floating point. You never need the probabilities themselves.
#
# </details>

# %% [markdown] solution_only="03_net_bit_rate"
# The expected rate is minus the ELBO, in bits: $\bar R = -\hat{\mathcal L} / \ln 2$. So an ELBO that is higher by one nat saves 1.44 bits for every datum, and the gap is what a message costs beyond the ideal
# $-\log_2 p(x)$. **Notice** that at the posterior all samples cost the same, whatever $z$ they use: $\log p(x, z) - \log p(z \mid x) = \log p(x)$ for every $z$.

# %% [markdown]
# ---
# ## 6. The naive gradient (S2, first half)
#
# You want to climb $\mathcal L(\phi) = \mathbb E_{q_\phi}[\log p(x, z) - \log q_\phi(z \mid x)]$ by stochastic gradients. The obvious way: draw $z$, treat it as data, differentiate what is inside the brackets.

# %% [markdown]
# **Exercise 6: `naive_elbo`.** *Difficulty* 3/5 · *Importance* 5/5 · 15 minutes
#
# Draw $z_k = t_\phi(\epsilon_k)$ with `q.transport(eps, x)`, **detach** it, and return
#
# $$\frac1K \sum_k \big(\log p(x, z_k) - \log q_\phi(z_k \mid x)\big), \qquad (*B),$$
#
# so that its value is the ELBO estimate and its gradient in $\phi$ is the naive one. `eps` is `(K, *B, noise_dim)`, as `q` takes it; `q(x, z)` is $\log q_\phi(z \mid x)$, attached to the parameters of `q`. It must work for any reparametrizable family.

# %% exercise="03_naive_elbo"
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    """An ELBO estimate whose gradient does not flow through the samples.

    Args:
        p, q: a model and a reparametrizable family.
        x: data, (*B, Dx).
        eps: standard normal noise, (K, *B, noise_dim).

    Returns:
        The estimate, (*B).
    """
    ### BEGIN SOLUTION
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)
    ### END SOLUTION


# %% check="03_naive_elbo"
check("03_naive_elbo", naive_elbo)

# %% [markdown]
# <details><summary>Symptom: the gradient is exactly zero, for every draw</summary>
#
# Too much was detached. $\log q_\phi(z)$ must still know $\phi$: do not compute it under `torch.no_grad()`, and do not detach the result.
#
# </details>
# <details><summary>Symptom: on average you get the gradient of the ELBO</summary>
#
# Then yours is a good estimator, and not this one. Does the gradient still flow through `z`?
#
# </details>
# <details><summary>Symptom: it works for the diagonal Gaussian and fails for a correlated one</summary>
#
# You wrote out `q.loc + q.log_scale.exp() * eps`. Other families have other parameters and another map: ask the family, with `q.transport(eps, x)` and `q(x, z)`.
#
# </details>

# %% [markdown] solution_only="03_naive_elbo"
# With $z$ fixed, $\log p(x, z)$ does not depend on $\phi$, so what is left is minus the score: $\hat g = -\frac1K \sum_k \nabla_\phi \log q_\phi(z_k \mid x)$. Its mean is
# $-\int q\,\nabla \log q\,dz = -\int \nabla q\,dz = -\nabla \int q\,dz = -\nabla 1 = 0$. The model has disappeared from it altogether.
#
# **Notice** how well it hides: the value is an honest ELBO estimate, the gradient is not zero, nothing warns. Only the mean of many gradients tells. In unit 09 this same term returns as the part that
# can be *dropped* from the reparametrized gradient, for the very reason that its mean is zero.

# %% [markdown]
# ---
# ## 7. Its bias, predicted (S2, second half)
#
# The bias of an estimate of a gradient is its mean minus the gradient. Before you compute anything, **write your prediction here** (double-click; it is not graded, and a wrong guess that you remember
# teaches more than a right one that you forget):
#
# - The mean of the naive gradient is ...
# - At the posterior its bias is ..., because ...
# - If I climb with it from a start left of the posterior mean, then ...

# %% [markdown]
# **Exercise 7: `naive_bias`.** *Difficulty* 4/5 · *Importance* 5/5 · 25 minutes
#
# On the toy, with $q = \prod_d N(m_d, s_d^2)$ and $\log s =$ `log_scale`, return the bias of the naive gradient for `loc` and for `log_scale`, in closed form and coordinate by coordinate: two tensors `(*B, D)`.
#
# You know the mean of the naive gradient. The gradient itself is that of the ELBO of exercise 3; mind that it is asked in $\log s$, not in $s$.
# The last part of the check runs the naive estimator and measures its bias where you predicted it.

# %% exercise="03_naive_bias"
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the naive gradient minus the gradient of the ELBO, on the conjugate toy.

    Args:
        loc, log_scale, x: (*B, D) each.

    Returns:
        The bias for loc and the bias for log_scale, (*B, D) each.
    """
    ### BEGIN SOLUTION
    gradient_loc = x - 2 * loc
    gradient_log_scale = 1 - 2 * (2 * log_scale).exp()
    return -gradient_loc, -gradient_log_scale
    ### END SOLUTION


# %% check="03_naive_bias"
check("03_naive_bias", naive_bias)

# %% [markdown]
# <details><summary>Symptom: the check says it is the gradient itself</summary>
#
# Bias = mean of the estimate − what it ought to be, in this order. What is the mean of the naive gradient?
#
# </details>
# <details><summary>Symptom: right for loc, wrong for log_scale</summary>
#
# Write $\mathcal L$ with $s^2 = e^{2 \ell}$ and $\log s = \ell$, then differentiate in $\ell$. Three terms depend on it: prior, likelihood and entropy.
#
# </details>
# <details><summary>Symptom: the bias for loc does not vanish at x / 2</summary>
#
# Two forces act on the mean: the likelihood pulls towards $x$, the prior towards $0$. Did you keep both?
#
# </details>

# %% [markdown]
# And now the measurement, with **your** estimator against **your** prediction, at $x = 2$. Each point is the mean of 300 naive gradients minus that of 300 unbiased ones, with two standard errors. Are the points on the line? Where is
# the bias zero? Compare with what you wrote above.

# %%
show(targets.bias_agreement(naive_elbo, naive_bias),
     alt="Two panels, the bias of the naive gradient for loc and for log_scale. Once both functions are "
         "written, the measured points lie on the predicted line within about two standard errors; both "
         "lines cross zero at the posterior.")

# %% [markdown] solution_only="03_naive_bias"
# **Derivation.** From exercise 3, per coordinate, $\mathcal L = -\frac12(m^2 + s^2) - \frac12\big((x - m)^2 + s^2\big) + \log s + \text{const}$, so
#
# $$\frac{\partial \mathcal L}{\partial m} = -m + (x - m) = x - 2m, \qquad \frac{\partial \mathcal L}{\partial \log s} = -2 s^2 + 1,$$
#
# and the bias is $0 - g$: $\;(2m - x,\; 2s^2 - 1)$. It is zero only where the gradient is: at the posterior, $m = x/2$ and $s^2 = \frac12$.
#
# **What to notice.** A bias of minus the whole gradient is the worst there can be: the estimator knows nothing about the model. Someone who checks only that "the gradients are not zero" or "the loss is right" will
# not find out. From now on the course asks every estimator for its bias.

# %% [markdown]
# ---
# ## 8. Learning theta with a poor family
#
# A bound is climbed in $\theta$, too. If $q$ cannot follow the posterior, the gap changes with $\theta$, and the top of the bound is not the top of the evidence. The lecture looked at one datum and one $q$;
# here is the general case, with a data set. The model is
#
# $$z_n \sim N(0, 1), \qquad x_n \mid z_n \sim N(\theta z_n, \sigma^2), \qquad n = 1, \dots, N,$$
#
# with $\sigma$ known and one $\theta$ for all data. Every datum has a $q_n = N(m_n, s^2)$ of its own: the mean is free, **the scale $s$ is held**, the same for all. What is climbed is the bound of the data set, $\sum_n \mathcal L_n(\theta, m_n)$, in $\theta$ and
# in all means at once.
#
# Before you derive anything, **write down what you expect** (double-click; not graded):
#
# - If $q$ is held narrower than the posterior, the $\theta$ that is learned is too ..., because ...
# - If $q$ is held very wide, then $\theta$ ...
# - With ten times as many data the bias is ...
#
# This is what to aim for. The points were measured, by climbing sampled bounds from $\theta = 1$ on 100 data for which maximum likelihood says $\theta = 2$ (and $\sigma = 1$).

# %%
show(targets.theta_over_scale(),
     alt="The learned theta over the scale s at which q is held: measured points fall steeply from above 3 at "
         "the narrowest q to zero at the widest. They cross the horizontal line of maximum likelihood once.")

# %% [markdown]
# **Exercise 8: `learned_theta`.** *Difficulty* 4/5 · *Importance* 5/5 · 30 minutes
#
# Return two numbers for each data set, as two tensors `(*B)`: the $\theta \ge 0$ at which the bound of the data set, with the best means put in, is largest; and its *bias*, that $\theta$ minus the $\theta \ge 0$ of maximum likelihood on the same data.
# Either may be zero, and the check asks where. `x` is `(*B, N)`; `scale`, which is $s$, and `noise_scale`, which is $\sigma$, are standard deviations, `(*B)`, and differ from data set to data set. Everything is in double precision, and asked to one part in 100,000: a formula is short, a
# search will do.

# %% exercise="03_learned_theta"
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    """What the bound of a data set teaches about theta if the scale of every q_n is held, and its bias.

    Args:
        x: data sets, (*B, N).
        scale: the scale at which q is held, (*B).
        noise_scale: the standard deviation of x given z, (*B).

    Returns:
        The theta, not negative, at the top of the bound, and how far it lies above that of
        maximum likelihood, (*B) each.
    """
    ### BEGIN SOLUTION
    square = (x**2).mean(-1)
    theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
    return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
    ### END SOLUTION


# %% check="03_learned_theta"
check("03_learned_theta", learned_theta)

# %% [markdown]
# <details><summary>Symptom: right for one datum, wrong for a data set</summary>
#
# There is one $\theta$. Add the bounds of all data first, each with its own best mean in it, and look for the top of the sum. What do you need to know about the data?
#
# </details>
# <details><summary>Symptom: NaN for some data sets</summary>
#
# You took the root of a negative number: the slope of the bound vanishes nowhere. Is it positive or negative for every $\theta^2 > 0$, and where is the top then? The same can happen to maximum likelihood.
#
# </details>
# <details><summary>Symptom: you get maximum likelihood, or nearly so</summary>
#
# Somewhere the posterior's own scale came in. Write form (2) of one datum with $m$ and $s$, put the best $m$ in (it is the posterior mean, whatever $s$ is), and collect what depends on $\theta$: a term $x_n^2 / (\sigma^2 + \theta^2)$ and a term $\theta^2 s^2 / \sigma^2$.
# Differentiate in $u = \sigma^2 + \theta^2$.
#
# </details>

# %% [markdown]
# Your prediction over the points: the line is your $\theta$, and the dotted one is your $\theta$ minus your bias. Where do they cross? What happens at $s = \sqrt 5 = 2.24$?

# %%
show(targets.theta_over_scale(learned_theta),
     alt="The same figure; once learned_theta is written, its line runs through the measured points and the "
         "dotted line, theta minus bias, lies on the line of maximum likelihood.")

# %% [markdown] solution_only="03_learned_theta"
# **Derivation.** For one datum, up to constants, $\mathcal L_n = -\frac{(x_n - \theta m_n)^2 + \theta^2 s^2}{2\sigma^2} - \frac{m_n^2}{2} - \frac{s^2}{2} + \log s$. It is largest in $m_n$ at $m_n = \theta x_n / (\sigma^2 + \theta^2)$, the posterior mean; there
# $\frac{(x_n - \theta m_n)^2}{\sigma^2} + m_n^2 = \frac{x_n^2}{\sigma^2 + \theta^2}$. With $u = \sigma^2 + \theta^2$ and $\overline{x^2} = \frac1N \sum_n x_n^2$ the mean bound is
#
# $$-\frac12 \Big(\frac{\overline{x^2}}{u} + \frac{s^2 u}{\sigma^2}\Big) + \text{const}, \qquad\text{largest at}\quad u = \frac{\sigma \sqrt{\overline{x^2}}}{s}, \qquad \theta = \sqrt{\max\Big(0, \frac{\sigma \sqrt{\overline{x^2}}}{s} - \sigma^2\Big)}.$$
#
# Maximum likelihood has $u = \overline{x^2}$ and $\theta = \sqrt{\max(0, \overline{x^2} - \sigma^2)}$.
#
# **What to notice.** The two agree if and only if $s = \sigma / \sqrt{\overline{x^2}}$: that is the scale of the posterior at the maximum likelihood $\theta$, where the bound touches the evidence at its top. A $q$ that is held narrower is the posterior of a *larger* $\theta$, and the bound is bent
# towards it; a wider one is that of a smaller $\theta$. From $s = \sqrt{\overline{x^2}} / \sigma$ on nothing is learned at all: $\theta = 0$, the latent is not used, although there is something to find. You will meet this as *collapse* in unit 13.
#
# More data do not help: the bias depends on $\overline{x^2}$, which converges. It is a bias of the method, and not of the sample.

# %% [markdown]
# ---
# ## 9. In words: what the gap hides
#
# Anna and Ben fit the same data. Anna's model with a diagonal Gaussian $q$ reaches an ELBO of $-101.3$ nats; Ben's model, another one, with a diagonal Gaussian $q$ as well, reaches $-101.9$. Both runs have converged and the
# Monte Carlo error is negligible.

# %% [markdown]
# *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes. Marked by a person; 2 points.
#
# In five to eight sentences: (a) Does it follow that Anna's model gives the data a higher probability? (b) What could you compute to find out whether Ben suffers from a bad model or from a bad $q$? Name one thing that works on
# any model. (c) Ben goes on to learn the parameters $\theta$ of his model by climbing the ELBO, with the same family of $q$. In which direction will the gap bend his $\theta$?

# %% [markdown] written="03_written"
# (a) No. The ELBO is $\log p(x)$ minus the gap, $\mathrm{KL}(q \,\|\, p(z \mid x))$, and the two gaps are unknown. Ben's evidence may be the higher one if his posterior is harder to match with a diagonal Gaussian. All we know is
# that both evidences are at least as large as the ELBOs: Anna's is at least $-101.3$, Ben's at least $-101.9$.
#
# (b) Keep the model and change only $q$: a richer family (full covariance, a mixture, a flow), or more importance samples in the K-sample bound, which rises towards $\log p(x)$ as K grows. What the bound gains was gap.
# Or look at the spread of the log weights $\log w$ under $q$: at the posterior it is zero, and a wide spread means that $q$ is poor. Where a model is small enough, quadrature or enumeration gives $\log p(x)$ itself. If the
# bound hardly moves and the weights are nearly constant, it is the model.
#
# (c) $\nabla_\theta \mathcal L = \nabla_\theta \log p_\theta(x) - \nabla_\theta\,\text{gap}$: he is paid for a smaller gap, so $\theta$ is bent towards models whose posterior is easy for a diagonal Gaussian (uncorrelated, of one mode),
# at the cost of evidence.
#
# === BEGIN MARK SCHEME ===
# Half a point for each of the four:
# - (a) "No", with the reason that the ELBO differs from the evidence by a gap that is unknown and not the same for the two models. (Only "the ELBO is a bound" without the gap: a quarter.)
# - (b) one sound procedure that works on any model: a richer family on the same model, or a tighter bound with more samples, or the spread of the log weights. An exact evidence on a small model counts only beside one of these.
# - (b) says how to read the outcome: the bound rises, so it was q; it stays (or the weights are nearly constant), so it is the model.
# - (c) says that theta is drawn towards models with posteriors that the family can match, away from maximum likelihood.
# === END MARK SCHEME ===

# %% [markdown]
# ---
# **Done.** What you built returns in every later unit: the log weights in 10, the closed-form KL in 13, the bits in 19, and the gradient that was of no use, as the very term to drop, in 09.
