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
# # 03 · The ELBO
#
# A latent-variable model is easy to write and hard to fit, because the quantity we would like to climb,
# $\log p_\theta(x)$, is an integral we cannot do. This unit replaces that integral by a **lower bound** that we can
# sample and improve. Almost everything later in the course is a way to choose its ingredients, to tighten it, or to
# differentiate it.
#
# **About 60 minutes** of reading and playing; what is marked *aside* takes 20 minutes more, and one exercise belongs to it. Run the cells in order, and answer each *Predict* question before you
# open its answer.
#
# ### When you are done you can
#
# 1. derive the ELBO from Jensen's inequality, and say exactly when it is tight;
# 2. prove that the gap is a Kullback-Leibler divergence, and compute it;
# 3. write the ELBO in three forms that agree sample by sample, and say what each form is good for;
# 4. tell forward from reverse KL, and predict which mode a fit will find;
# 5. read the ELBO as a number of bits;
# 6. explain why the most obvious stochastic gradient of the ELBO has mean exactly zero.

# %% [markdown]
# ### What you need first (this box makes the unit readable alone)
#
# - **A latent-variable model** is a joint density $p_\theta(x, z) = p_\theta(z)\,p_\theta(x \mid z)$. We see $x$
#   and never $z$. The **evidence** (marginal likelihood) is $p_\theta(x) = \int p_\theta(x, z)\,dz$, the
#   **posterior** is $p_\theta(z \mid x) = p_\theta(x, z) / p_\theta(x)$. If one is hard, so is the other.
# - **Jensen's inequality**: for a random variable $w > 0$, $\log \mathbb E\,w \ge \mathbb E \log w$, with equality
#   exactly when $w$ is constant with probability one, since the logarithm is strictly concave.
# - **Kullback-Leibler divergence**:
#   $\mathrm{KL}(q \,\Vert\, p) = \mathbb E_q\!\left[\log \frac{q(z)}{p(z)}\right] \ge 0$, zero exactly when $q = p$
#   (almost everywhere). It is not symmetric.
# - **Entropy**: $H(q) = -\mathbb E_q \log q(z)$.
# - **Standard error and z-score**: an average of $R$ independent numbers with sample variance $v$ has standard
#   error $\sqrt{v/R}$. The z-score $t$ is (average minus exact answer) / (standard error). Beyond $\pm 4.5$ we take it that there is
#   a mistake somewhere, and the cell stops.
# - **Axes** in our code: samples come first. `z` is `(K, *B, D)`, `log_w` is `(K, *B)`, a bound is `(*B)`.
#
# | symbol | meaning |
# |---|---|
# | $x$, $z$ | datum, latent |
# | $\theta$ | parameters of the model |
# | $q_\phi(z \mid x)$, $\phi$ | variational family and its parameters |
# | $w = p_\theta(x, z) / q_\phi(z \mid x)$ | weight of a sample $z \sim q_\phi$ |
# | $\mathcal L(\theta, \phi)$ | the ELBO, $\mathbb E_{q_\phi} \log w$ |
#
# Logarithms are natural and the unit is the **nat**, unless we say bits. $N(\mu, \sigma^2)$ names the *variance*
# second.

# %%
import math

import torch
from ipywidgets import FloatSlider, interact
from torch.distributions import kl_divergence

from course_vi import data, exact
from course_vi.bounds import elbo
from course_vi.diagnostics import claim, gradient_moments
from course_vi.distributions import DiagonalNormal
from course_vi.families import FullRank, MeanField
from course_vi.gradients import reparametrized, sticking_the_landing
from course_vi.learning import fit, smoke_cap
from course_vi.models import BayesianLogisticRegression, ConjugateToy, TwoBernoullis
from course_vi.plots import lecture_03 as draw
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %% [markdown]
# Four helpers for the whole lecture: numbers and grids in double precision, seeded randomness, and a line of report
# that puts every estimate beside its exact answer.

# %%
def number(*values):
    return torch.tensor(values, dtype=torch.float64)


def span(low, high, points):
    return torch.linspace(low, high, points, dtype=torch.float64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def report(name, samples, answer):
    mean, error = samples.mean().item(), (samples.std() / math.sqrt(len(samples))).item()
    z_score = (mean - float(answer)) / error
    print(f"{name:24s} {mean:8.4f} ± {error:.4f}   exact {float(answer):8.4f}   t = {z_score:5.2f}")
    assert abs(z_score) < 4.5


# %% [markdown]
# ## 1. Why the evidence is the problem
#
# Here is the situation, drawn: one latent for each datum, parameters $\theta$ shared by all. Solid arrows say how
# the model generates. Dashed arrows say what we want to go back: from a datum to its latent.

# %%
show(draw.model_and_family(),
     alt="A graph. Inside a plate over n = 1 to N, an arrow leads from the latent z_n to the observed, shaded "
         "x_n; theta outside points to both. Dashed arrows lead from x_n and from phi to z_n: the variational "
         "family.")

# %% [markdown]
# Maximum likelihood wants $\log p_\theta(x) = \log \int p_\theta(z)\,p_\theta(x \mid z)\,dz$ and its gradient, for
# every datum, after every change of $\theta$. The obvious tool is **naive Monte Carlo**: draw $z_k$ from the prior
# and average the likelihoods,
#
# $$\hat p(x) = \frac1K \sum_{k=1}^K p_\theta(x \mid z_k), \qquad z_k \sim p_\theta(z).$$
#
# That is unbiased for $p_\theta(x)$. We try it on the **conjugate toy**, where we know the answer:
#
# $$z \sim N(0, I_D), \quad x \mid z \sim N(z, I_D) \qquad\Rightarrow\qquad z \mid x \sim N(x/2, \tfrac12 I_D), \quad x \sim N(0, 2 I_D).$$
#
# > **Predict 1.** We use $K = 1000$ samples and a typical datum ($x_d^2 = 2$ in each coordinate). In one dimension
# > the error is a few hundredths of a nat. What will it be in 64 dimensions: about the same, or a few tenths, or
# > several nats? And of which sign?

# %%
predict("03_1", choices=[
    "about the same",
    "a few tenths, too low",
    "several nats or more, too low",
    "several nats or more, too high"])

# %%
def naive_tries(dim, num_samples=1000, tries=100):
    """Errors of the naive log evidence and the share of its largest term, both (tries,)."""
    toy, x = ConjugateToy(dim), math.sqrt(2) * torch.ones(dim)
    z = torch.randn(num_samples, tries, dim, generator=seeded(0))  # from the prior
    log_likelihood = toy.likelihood(z).log_prob(x)  # (K, tries)
    log_mean = torch.logsumexp(log_likelihood, 0) - math.log(num_samples)
    return log_mean - toy.log_evidence(x), log_likelihood.softmax(0).max(0).values


dims = (1, 2, 4, 8, 16, 32, 64)
errors, shares = (torch.stack(parts) for parts in zip(*(naive_tries(dim) for dim in dims), strict=True))
for dim, error, share in zip(dims, errors, shares, strict=True):
    mean, spread = error.mean(), error.std() / 10  # 100 tries
    print(f"D = {dim:2d}: error {mean:7.2f} ± {spread:.2f} nats, largest term carries {share.mean():.0%}")
claim("in 64 dimensions the naive estimate is more than ten nats too low", errors[-1] + 10, sign=-1)

# %%
show(draw.naive_monte_carlo(dims, errors, shares),
     alt="Left: the naive estimate of log p(x) minus its exact value, against the dimension. It is right up to"
         " about eight dimensions and falls more than ten nats below at 64. Right: the share of the largest of"
         " 1,000 terms grows from almost nothing to about 80 percent.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_1", "several nats or more, too low")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# More than ten nats **too low** at $D = 64$. The estimate of $p(x)$ is unbiased, but its distribution is so
# skewed that almost every try misses the rare samples that carry the integral; one term out of a thousand holds
# most of the sum. The logarithm of such an estimate is low nearly always, and the number of samples needed grows
# exponentially with $D$.
#
# </details>
#
# **Play.** Try `naive_tries(32, 10_000, 20)`, then 50,000 samples: how fast does the mean error fall?
#
# <details><summary>What you will see</summary>
#
# Slowly: about $-3.2$ nats with 1,000 samples, $-1.3$ with 10,000, $-0.6$ with 50,000. Each halving of the error costs several times as many samples, and this is
# half of the 64 dimensions above.
#
# </details>
#
# The samples go where the prior puts them and the integral lives where the posterior is. Two cures suggest
# themselves: sample from somewhere better, and stop taking the logarithm of an average. The ELBO does both.
#
# (A sum over 30 binary latents, $2^{30}$ terms, is often called intractable. One such sum takes minutes. What is hopeless is
# one such sum *per datum and per gradient step*.)

# %% [markdown]
# ## 2. An auxiliary distribution, and Jensen
#
# Take any density $q(z)$ that is positive wherever $p_\theta(x, z)$ is, and multiply and divide by it:
#
# $$\log p_\theta(x) = \log \int q(z)\,\frac{p_\theta(x, z)}{q(z)}\,dz = \log \mathbb E_{q}[w]
# \;\ge\; \mathbb E_{q}[\log w] = \underbrace{\mathbb E_q\big[\log p_\theta(x, z) - \log q(z)\big]}_{\text{the ELBO, } \mathcal L}, \qquad w = \frac{p_\theta(x, z)}{q(z)}.$$
#
# That one step is Jensen's inequality. The right-hand side is an expectation of something we can evaluate, under
# something we can sample: the **evidence lower bound**. (If $q$ misses a region where $p_\theta(x, z) > 0$, the
# left-hand equality becomes $\ge$, and the bound still holds.)
#
# Equality holds exactly when $w$ is constant, and $w(z) = p_\theta(x)\, p_\theta(z \mid x) / q(z)$ is constant
# exactly when **$q$ is the posterior**.
#
# So $\mathbb E[\log w] = \log \mathbb E[w]$ is possible, and that exception is the whole point. (And mind the logarithm: the bound is
# $\mathcal L \le \log p_\theta(x)$, not $\mathcal L \le p_\theta(x)$.)
#
# > **Predict 2.** Below are 300 values of $w$ for $x = 2$, on the curve $\log w$. Left, $q$ is the prior $N(0, 1)$;
# > right, $q = N(0.8, 0.6)$, near the posterior $N(1, 0.5)$. $\mathbb E\,w$ is the same in both panels. Why? In
# > which panel is the gap smaller?

# %%
predict("03_2", choices=["left", "right", "the same in both"])

# %%
toy, x = ConjugateToy(), number(2.0)
log_evidence, posterior = toy.log_evidence(x).item(), toy.posterior(x)


def gaussian(m, s):
    """q = N(m, s^2), as a distribution over z: (*, 1)."""
    return DiagonalNormal(number(m), number(s).log())


def log_weights(q, num_samples, generator):
    z = q.rsample((num_samples,), generator)
    return toy.log_joint(x, z) - q.log_prob(z)  # (K,)


# %%
def exact_elbo(q):
    """E log w under q, by Gauss-Hermite quadrature: exact here, because log w is a quadratic in z."""
    def log_w(z):
        return toy.log_joint(x, z.unsqueeze(-1)) - q.log_prob(z.unsqueeze(-1))
    return exact.normal_expectation(log_w, q.loc[0], q.log_scale.exp()[0]).item()


poor, near = gaussian(0.0, 1.0), gaussian(0.8, math.sqrt(0.6))
weights = [log_weights(q, 300, seeded(1)).exp() for q in (poor, near)]
means = [(math.exp(log_evidence), exact_elbo(q)) for q in (poor, near)]
show(draw.jensen(("q = N(0, 1), the prior", "q = N(0.8, 0.6)"), weights, means),
     alt="Two panels with samples of w on the concave curve log w. With q the prior the samples spread over "
         "the whole curve and the ELBO lies 1.15 nats below log p(x); with q near the posterior they crowd "
         "together and the gap nearly closes.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_2", "right")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# $\mathbb E_q\,w = \int q\,\frac{p(x, z)}{q}\,dz = p(x)$ whatever $q$ is. What $q$ changes is the *spread* of $w$
# around that mean, and Jensen's gap is the price of spread. On the right the weights are nearly constant, so the
# gap is small.
#
# </details>
#
# Measure it. The mean of $w$ must be the evidence in both cases, the mean of $\log w$ must be the exact ELBO:

# %%
for name, q in (("prior", poor), ("near the posterior", near), ("posterior", posterior)):
    log_w = log_weights(q, 100_000, seeded(2))
    print(f"q = {name}:  log p(x) = {log_evidence:.4f},  standard deviation of log w = {log_w.std():.1e}")
    if q is not posterior:
        report("   mean of w", log_w.exp(), math.exp(log_evidence))
        report("   mean of log w", log_w, exact_elbo(q))

# %% [markdown]
# At the posterior every sample returns the same number, the log evidence: no spread, no gap, no Monte Carlo error.

# %% [markdown]
# ## 3. The gap is a Kullback-Leibler divergence
#
# **Claim.** For every $q$ and every $\theta$:
# $\quad\log p_\theta(x) - \mathcal L = \mathrm{KL}\big(q(z) \,\Vert\, p_\theta(z \mid x)\big).$
#
# **Proof.** Write $p_\theta(x, z) = p_\theta(x)\,p_\theta(z \mid x)$ inside the expectation:
#
# $$\mathcal L = \mathbb E_q\!\left[\log \frac{p_\theta(x)\,p_\theta(z \mid x)}{q(z)}\right]
# = \log p_\theta(x) - \mathbb E_q\!\left[\log \frac{q(z)}{p_\theta(z \mid x)}\right]. \qquad\blacksquare$$
#
# The evidence left the expectation because it does not depend on $z$. So the bound needs no Jensen at all, only
# $\mathrm{KL} \ge 0$ (from $\log u \le u - 1$); and we know the gap by name. Two readings of one identity: at fixed
# $\theta$, **raising the ELBO in $q$ lowers the KL to the posterior**, nat for nat, though we never computed the
# posterior. And the ELBO is below the evidence by exactly the quality of our inference.

# %%
for m, s in ((0.0, 1.0), (1.0, 0.3), (1.0, 1.5), (0.8, 0.77), (1.0, math.sqrt(0.5))):
    q = gaussian(m, s)
    bound, kl = exact_elbo(q), abs(kl_divergence(q, posterior).item())
    print(f"N({m:.1f}, {s:.2f}²): ELBO {bound:7.4f} + KL {kl:.4f} = {bound + kl:.9f}")
print(f"log p(x) {log_evidence:45.9f}")

# %%
def picture(m, s):
    """Densities, log weights and the gap for q = N(m, s^2)."""
    q, z = gaussian(m, s), span(-3, 4, 281).unsqueeze(-1)
    log_w = toy.log_joint(x, z) - q.log_prob(z)
    bound = exact_elbo(q)
    densities = posterior.log_prob(z).exp(), q.log_prob(z).exp()
    figure = draw.bound_and_gap(z[:, 0], *densities, log_w, bound, log_evidence)
    show(figure, alt=f"Left: q = N({m}, {s} squared) and the posterior. Right: log w over z, "
                     f"the ELBO {bound:.3f} as a dashed line and the log evidence {log_evidence:.3f} above it.")


picture(0.3, 0.5)

# %% [markdown]
# > **Predict 3.** The slider below moves $q$. What shape does the black curve $\log w(z)$ take at the posterior,
# > $m = 1$ and $s = \sqrt{0.5} \approx 0.71$? And which is the costlier mistake at $m = 1$: $s$ half as large as it
# > should be, or twice as large?

# %%
predict("03_3", choices=[
    "a parabola; half as large",
    "a parabola; twice as large",
    "a flat line; half as large",
    "a flat line; twice as large"])

# %%
interact(picture, m=FloatSlider(value=0.3, min=-1, max=3, step=0.1),
         s=FloatSlider(value=0.5, min=0.2, max=2, step=0.01));

# %%
# Run this cell to compare it with your prediction.
reveal("03_3", "a flat line; twice as large")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# A horizontal line at $\log p(x)$: the weight is constant. With $r = s / \sqrt{0.5}$ the gap at $m = 1$ is
# $\frac12(r^2 - 1) - \log r$: for $r = \frac12$ it is 0.318 nats, for $r = 2$ it is 0.807. Being too wide costs
# more, because the reverse KL punishes $q$ for visiting places where the posterior is small. Keep this in mind for
# section 6.
#
# </details>
#
# And now the identity in motion. $q$ starts far off and follows the gradient of the ELBO. Watch the right-hand side: the grey block, $\log p(x)$, never changes; what hangs below it is the gap, and all that the
# bound gains the gap loses.

# %%
m, s, path = -1.2, 1.2, []
for _ in range(25):  # the exact gradient of the ELBO, in m and log s
    path.append((m, s))
    m, s = m + 0.1 * (2 - 2 * m), s * math.exp(0.1 * (1 - 2 * s**2))
rising = [exact_elbo(gaussian(*each)) for each in path]
gaps = [kl_divergence(gaussian(*each), posterior).item() for each in path]
assert max(abs(bound + gap - log_evidence) for bound, gap in zip(rising, gaps, strict=True)) < 1e-9
show_moving(movies.bound_and_gap(path, (1.0, math.sqrt(0.5)), rising, log_evidence),
            alt="Left: a Gaussian q climbs from the left onto the posterior and becomes narrower. Right, step by step: a grey block hangs from zero to log p(x) = -2.27 and stays as it is; below it "
                "an orange one, the KL, shrinks to nothing, while its lower edge, the ELBO, rises to log p(x).")

# %% [markdown]
# ## 4. Three forms of one number
#
# The same log weight can be grouped in three ways, and each grouping is a way to think:
#
# $$\begin{aligned}
# \mathcal L &= \underbrace{\mathbb E_q \log p_\theta(x, z)}_{\text{fit, as in MAP}} + \underbrace{H(q)}_{\text{entropy}} && \text{(1) MAP plus entropy}\\
# &= \underbrace{\mathbb E_q \log p_\theta(x \mid z)}_{\text{reconstruction}} - \underbrace{\mathrm{KL}(q \,\Vert\, p_\theta(z))}_{\text{regularizer}} && \text{(2) regularized likelihood}\\
# &= \underbrace{\log p_\theta(x)}_{\text{evidence}} - \underbrace{\mathrm{KL}(q \,\Vert\, p_\theta(z \mid x))}_{\text{gap}} && \text{(3) evidence minus KL}
# \end{aligned}$$
#
# They are equal not only as expectations. If each term is estimated from **the same samples**, the three estimates
# are the same number, since $\log p(x, z) = \log p(x \mid z) + \log p(z) = \log p(x) + \log p(z \mid x)$ holds at
# every $z$. We check on **two Bernoullis with one common cause**, $z \sim N(0, 1)$,
# $x_i \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(a_i + b_i z))$: no closed-form posterior, but quadrature
# gives it as exactly as we like.

# %%
model, pair = TwoBernoullis().double().requires_grad_(False), number(1.0, 0.0)
q = gaussian(-0.2, 0.8)
z = q.rsample((10_000,), seeded(3))  # the same samples for every form
log_prior, log_likelihood = model.prior().log_prob(z), model.likelihood(z).log_prob(pair)
log_q, log_posterior = q.log_prob(z), model.log_posterior(pair, z)
forms = {
    "MAP plus entropy": (log_prior + log_likelihood).mean() + (-log_q).mean(),
    "regularized likelihood": log_likelihood.mean() - (log_q - log_prior).mean(),
    "evidence minus KL": model.log_evidence(pair) - (log_q - log_posterior).mean(),
}
for name, value in forms.items():
    print(f"{name:24s} {value:.12f}     minus the first: {value - forms['MAP plus entropy']:9.1e}")

# %% [markdown]
# Equal to rounding. Now suppose you replace the sampled entropy, or the sampled KL to the prior, by its closed
# form, as most code for Gaussians does. The mean is the same, the number is not:

# %%
def log_w_of_pair(z):
    return model.log_joint(pair, z.unsqueeze(-1)) - q.log_prob(z.unsqueeze(-1))


answer = exact.normal_expectation(log_w_of_pair, q.loc[0], q.log_scale.exp()[0])
report("all terms sampled", log_prior + log_likelihood - log_q, answer)
report("closed-form entropy", log_prior + log_likelihood + q.entropy(), answer)
report("closed-form KL to prior", log_likelihood - kl_divergence(q, model.prior()), answer)

# %% [markdown]
# All three are unbiased; their standard errors differ. Which is best depends on the problem: near the posterior,
# "all terms sampled" has almost no variance, since $\log w$ is almost constant, while the others keep the noise of
# the terms that used to cancel. Unit 06 returns to this.
#
# The next figure cuts the exact ELBO of the toy in the three ways, over the scale $s$ of $q = N(1, s^2)$.
#
# > **Predict 4.** Suppose someone forgets the entropy in form (1) and climbs only $\mathbb E_q \log p(x, z)$. Where
# > do $m$ and $s$ go?

# %%
predict("03_4", choices=[
    "m to the mode, s to 0",
    "m to the mode, s to infinity",
    "both to the posterior's",
    "they wander"])

# %%
scales = span(0.05, 2.0, 200)
wide = DiagonalNormal(torch.ones(200, 1, dtype=torch.float64), scales.log().unsqueeze(-1))  # one q per scale
energy = exact.normal_expectation(lambda z: toy.log_joint(x, z.unsqueeze(-1)), torch.ones_like(scales), scales)
kl_prior = kl_divergence(wide, gaussian(0.0, 1.0))
kl_posterior = kl_divergence(wide, posterior)
bound = energy + wide.entropy()
slices = [("(1) MAP plus entropy", "E log p(x, z)", energy, "entropy H(q)", wide.entropy()),
          ("(2) regularized likelihood", "E log p(x | z)", bound + kl_prior, "-KL(q || prior)", -kl_prior),
          ("(3) evidence minus KL", "log p(x)", log_evidence + 0 * scales, "-KL(q || posterior)", -kl_posterior)]
show(draw.three_slices(scales, bound, slices),
     alt="Three panels with the same black ELBO curve over the scale s, highest at 0.71. It is the sum of an "
         "expected log joint that falls with s and an entropy that grows with log s; of a falling likelihood "
         "term and minus the KL to the prior; and of a constant log evidence and minus the KL to the "
         "posterior.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_4", "m to the mode, s to 0")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# $s \to 0$ and $m \to$ the maximum of $p(x, z)$: the blue dashed curve of the first panel only falls with $s$.
# Without its entropy the ELBO turns into a noisy way to find the MAP point. The entropy is what keeps $q$ open.
#
# </details>
#
# **Free energy.** With the energy $E(z) = -\log p_\theta(x, z)$, form (1) reads
# $-\mathcal L = \mathbb E_q E(z) - H(q)$: energy minus entropy at temperature one, which physicists call the
# variational free energy, and minimize. Part of the literature (Neal and Hinton, below, among them) writes
# $\mathcal F(q, \theta)$ for $+\mathcal L$ and still calls it the free energy. Same thing, other sign: read the
# definition before you climb.
#
# Three slips of the pen are common: $\sum_z q \log q$ is *minus* the entropy; as a function of $\theta$, $\mathcal F$ contains the new $\theta$ and not that of the
# last step; and what is minimized as a loss is $-\mathcal L$.

# %% [markdown]
# ## 5. Many bounds, one curve: learning theta
#
# So far $\theta$ stood still. Each $q$ gives a *whole function* of $\theta$ that lies below the log evidence
# everywhere. Take the smallest model with an interesting $\theta$, again with everything exact:
#
# $$z \sim N(0, 1), \quad x \mid z \sim N(\theta z, 1) \quad\Rightarrow\quad x \sim N(0, 1 + \theta^2), \quad
# z \mid x \sim N\Big(\frac{\theta x}{1 + \theta^2}, \frac{1}{1 + \theta^2}\Big).$$
#
# For $q = N(m, s^2)$ the bound is a parabola in $\theta$; we use form (2) to write it.

# %%
def theta_evidence(theta, x=2.0):
    return -0.5 * (math.log(2 * math.pi) + torch.log1p(theta**2) + x**2 / (1 + theta**2))


def theta_bound(theta, m, s, x=2.0):
    """Form (2): E log N(x; theta z, 1) - KL(N(m, s^2) || N(0, 1))."""
    likelihood = -0.5 * (math.log(2 * math.pi) + (x - theta * m) ** 2 + theta**2 * s**2)
    return likelihood - 0.5 * (s**2 + m**2 - 1 - torch.log(s**2))


def theta_posterior(theta, x=2.0):
    return theta * x / (1 + theta**2), (1 + theta**2) ** -0.5


# %% [markdown]
# There are two ways to learn. *Alternate*: set $q$ to the posterior at the present $\theta$ (now the bound touches
# the curve), then move $\theta$ to the top of that bound, and repeat (the green dots in the right panel). Both
# moves go up, so the evidence never falls: this is EM, the subject of unit 04. Or climb both at once by gradients,
# which is what the rest of the course does.
#
# > **Predict 5.** The pink curve is the best bound at each $\theta$ when the family is poor: any mean, but
# > $s = 0.8$. Where is its maximum, compared with the maximum likelihood at $\theta = \sqrt 3$: to the left, at the
# > same place, or to the right?

# %%
predict("03_5", choices=["to the left", "at the same place", "to the right"])

# %%
theta = span(-3, 4, 701)
climb = [(0.3, math.nan, theta_evidence(number(0.3)).item())]  # (theta, bound, log evidence)
for _ in range(5):
    m, s = theta_posterior(number(climb[-1][0]))
    best = 2.0 * m / (m**2 + s**2)  # the top of the parabola
    climb.append((best.item(), theta_bound(best, m, s).item(), theta_evidence(best).item()))
touches = (-1.0, 0.5, 2.0)
bounds = {f"q: posterior at {t:g}": theta_bound(theta, *theta_posterior(number(t))) for t in touches}
profile = theta_bound(theta, theta_posterior(theta)[0], number(0.8))  # the posterior mean is the best mean
show(draw.bounds_over_theta(theta, theta_evidence(theta), bounds, touches, profile, climb),
     alt="Left: the log evidence has two humps, at plus and minus 1.73; three parabolas lie below it and each "
         "touches it at one theta. Right: points of the alternating climb rise to the right-hand top, while "
         "the best bound with s fixed at 0.8 has its maximum nearer to zero.")
print("alternating climb: theta =", [round(step[0], 3) for step in climb], " best:", round(math.sqrt(3), 3))

# %%
poor = theta[profile.where(theta > 0, -math.inf).argmax()].item()
print("poor family: theta =", round(poor, 2))
assert poor < math.sqrt(3) - 0.1

# %%
# Run this cell to compare it with your prediction.
reveal("03_5", "to the left")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# To the left. The bound is tight where the posterior has the scale that the family can express,
# $1/\sqrt{1 + \theta^2} = 0.8$, that is at $|\theta| = 0.75$, and loose elsewhere; the maximum is pulled towards
# the place where inference is easy. In general, maximizing an ELBO prefers models whose posteriors lie in the
# family. So an ELBO is a bound on the evidence, and a *biased* guide to $\theta$ unless the family is rich enough.
# (Over a data set, $\max_\theta \sum_n \log p_\theta(x_n) \ge \max_{\theta, \phi} \sum_n \mathcal L_n$, and the two
# maximizers need not agree.)
#
# </details>
#
# **Play.** Start the climb at $\theta = -0.3$, then at $0$ exactly. What is special about zero?
#
# <details><summary>What you will see</summary>
#
# From $-0.3$ it climbs to $-\sqrt 3$: the sign of $\theta$ cannot be learned, since $(\theta, z)$ and $(-\theta, -z)$ give the same $x$. From 0 it does not move: the posterior is the prior, its mean is 0, and so is
# the top of that parabola. Zero is a stationary point of the evidence, the bottom between the two humps.
#
# </details>
#
# **When theta is empty.** Suppose nothing is left to learn: every unknown is a latent with a prior ("fully
# Bayesian"). Then $\log p(x)$ is a constant and
#
# $$\arg\max_\phi \mathcal L(\phi) = \arg\max_\phi\, \mathbb E_{q_\phi}\!\left[\log \frac{p(x, z)}{q_\phi(z)}\right] = \arg\min_\phi \mathrm{KL}\big(q_\phi(z) \,\Vert\, p(z \mid x)\big).$$
#
# This is **variational inference**: variational learning contains it as the case of an empty $\theta$.
#
# Mind two things when you write it: it is the logarithm of a ratio, not a ratio of logarithms, and the KL is to the *posterior*, not to $p$.

# %% [markdown]
# ### Aside: a taste of real data
#
# Wisconsin breast cancer: 569 patients, logistic regression on an intercept and two measurements that almost repeat
# each other, the mean radius and the mean perimeter of the cell nuclei. The three weights are the latent
# $z \sim N(0, I)$, one $z$ for all patients, and $\theta$ is empty. With three dimensions a fine grid still gives
# the exact evidence. We climb with two families: `MeanField` (independent weights) and `FullRank` (any Gaussian).

# %%
patients = data.breast_cancer()[:, [0, 1, 3, -1]].double()  # intercept, radius, perimeter, label
regression = BayesianLogisticRegression(dim=3)
families = {"MeanField": MeanField(3).double(), "FullRank": FullRank(3).double()}
curves = {}
for name, q in families.items():
    history = fit(regression, q, patients, sticking_the_landing, steps=1500, num_samples=4, learning_rate=0.1,
                  progress=False)
    curves[name] = history.bound.unfold(0, 20, 20).mean(-1)  # averages of 20 steps
    print(f"{name:10s} first {history.bound[0]:8.1f} nats, last {history.bound[-1]:8.2f}")

# %% [markdown]
# (A single estimate of the bound may land above the evidence. The bound holds for its mean.)
#
# The grid follows the shape of the fitted full-rank Gaussian, seven standard deviations each way; the sum over its
# cells is the evidence.

# %%
with torch.no_grad():
    fitted = families["FullRank"].distribution()
    steps = span(-7, 7, 29)
    grid = fitted.transport(torch.cartesian_prod(steps, steps, steps))  # (29^3, 3)
    log_joint = torch.cat([regression.log_joint(patients, part) for part in grid.split(4000)])
    log_cell = 3 * math.log(0.5) + fitted.scale_tril.diagonal().log().sum()
    regression_evidence = (log_joint.logsumexp(0) + log_cell).item()
    print(f"log p(y | features) = {regression_evidence:.4f} nats, by the grid")
    for name, q in families.items():
        z = q.sample(4000, generator=seeded(4))
        log_w = torch.cat([regression.log_joint(patients, part) - q(None, part) for part in z.split(1000)])
        bound, error = elbo(log_w).item(), (log_w.std() / math.sqrt(len(log_w))).item()
        print(f"{name:10s} ELBO {bound:.3f} ± {error:.3f}, KL(q || posterior) {regression_evidence - bound:.3f} nats")

# %%
angle = span(0, 2 * math.pi, 100)
circle = 2 * torch.stack([angle.cos(), angle.sin()], -1)
ellipses = {}
for name, q in families.items():
    spread = q.distribution()
    covariance = spread.covariance_matrix if name == "FullRank" else torch.diag(spread.variance)
    ellipses[name] = (q.loc[1:] + circle @ torch.linalg.cholesky(covariance[1:, 1:]).mT).detach()
first, second = (span(low, high, 61) for low, high in ((-3, 2), (-6, -1)))
intercepts = span(0, 1.25, 11)
points = torch.cartesian_prod(intercepts, first, second)
density = regression.log_joint(patients, points).softmax(0).view(11, 61, 61).sum(0)  # summed over the intercept
show(draw.real_data(curves, 20, regression_evidence, first, second, density / density.max(), ellipses),
     alt="Left: two ELBO curves climb; FullRank reaches the exact evidence, MeanField stops about 0.9 nats "
         "below. Right: the posterior of the two weights is a narrow diagonal ridge; the full-rank ellipse "
         "follows it, the mean-field one is a small upright ellipse at its middle.")

# %% [markdown]
# The mean-field ELBO stops almost one nat below the evidence: that nat is
# $\mathrm{KL}(q \,\Vert\, p)$ of the best upright ellipse. Five fits of each family, from five seeds, by the same climb of 400 steps:

# %%
def final_elbo(family, seed):
    """The ELBO after 400 steps, by 2,000 samples that are common to all fits of a family."""
    q = family(3).double()
    fit(regression, q, patients, sticking_the_landing, steps=400, num_samples=4, learning_rate=0.1, seed=seed, progress=False)
    with torch.no_grad():
        z = q.sample(2000, generator=seeded(4))
        return elbo(torch.cat([regression.log_joint(patients, part) - q(None, part) for part in z.split(1000)])).item()


pairs = [(final_elbo(MeanField, seed), final_elbo(FullRank, seed)) for seed in range(5)]
claim("mean field ends more than half a nat below full covariance", [low - high + 0.5 for low, high in pairs], sign=-1)

# %% [markdown]
# Look at the picture. The two weights trade off along a
# ridge, and the upright $q$ is about as wide as the ridge is thick: the right place, far too sure of each weight.
# That is the reverse KL again, and the next section.

# %% [markdown]
# ## 6. Which KL?
#
# The gap is $\mathrm{KL}(q \,\Vert\, p)$, the **reverse** KL, an expectation under $q$. The **forward** KL,
# $\mathrm{KL}(p \,\Vert\, q)$, is an expectation under the target:
#
# - reverse: costs much where $q$ is large and $p$ is small. $q$ *avoids* regions without mass and may ignore whole
#   modes;
# - forward: costs much where $p$ is large and $q$ is small. $q$ *covers* all of the mass, and whatever lies
#   between.
#
# For a Gaussian family the forward KL has its minimum in closed form: match the mean and the variance of the
# target. The reverse KL we descend numerically, with integrals on a grid. The target:
# $p = 0.6\,N(-2.5, 0.6^2) + 0.4\,N(2.5, 0.6^2)$.
#
# > **Predict 6.** We descend the reverse KL three times with the same step size: from $m = -0.5$ and from $m = 0.5$
# > with $\log s = -0.5$, and from $m = 0$ with the wide $\log s = 1$. Where do the three arrive, and which end is
# > the lowest?

# %%
predict("03_6", choices=[
    "all three in one place",
    "in two places",
    "in three; the left one is lowest",
    "in three; the wide one is lowest"])

# %%
z = span(-14, 14, 2801)


def normal(m, s):
    return torch.exp(-0.5 * ((z - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))


def kl_on_grid(q, p):
    """Integral of q log(q / p) over the last axis, on the grid z."""
    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(-1) * (z[1] - z[0])


target = 0.6 * normal(-2.5, 0.6) + 0.4 * normal(2.5, 0.6)


# %%
def descend(m, log_s, steps=200, rate=0.1):
    """Gradient descent on KL(N(m, s^2) || target) in (m, log s); the path, (steps, 2)."""
    phi, path = number(m, log_s).requires_grad_(), []
    for _ in range(smoke_cap(steps)):
        path.append(phi.detach().clone())
        (slope,) = torch.autograd.grad(kl_on_grid(normal(phi[0], phi[1].exp()), target), phi)
        phi = (phi.detach() - rate * slope).requires_grad_()
    return torch.stack(path)


# %%
paths = [descend(-0.5, -0.5), descend(0.5, -0.5), descend(0.0, 1.0)]
mean = (z * target).sum() * 0.01  # 0.01 is the step of the grid
fits = {f"reverse KL, from m = {path[0, 0]:.1f}": normal(path[-1, 0], path[-1, 1].exp()) for path in paths}
fits["forward KL"] = normal(mean, (((z - mean) ** 2 * target).sum() * 0.01).sqrt())
for name, q in fits.items():
    print(f"{name:27s} KL(q || p) = {kl_on_grid(q, target):6.3f}    KL(p || q) = {kl_on_grid(target, q):6.3f} nats")

# %%
locs, log_scales = span(-4, 4, 81), span(-2, 1.4, 69)
landscape = torch.stack([kl_on_grid(normal(locs.unsqueeze(-1), log_s.exp()), target) for log_s in log_scales])
shown = slice(800, 2001)
fits = {name: q[shown] for name, q in fits.items()}
show(draw.two_starts(z[shown], target[shown], fits, locs, log_scales, landscape, paths),
     alt="Left: a target with two humps; two reverse-KL fits sit on one hump each, the third and the forward-"
         "KL fit are wide and cover both. Right: contours of the reverse KL over m and log s show two deep "
         "valleys and a shallow one above them; each descent ends in a different one.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_6", "in three; the left one is lowest")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# Each start runs into the valley nearest to it. A Gaussian that sits exactly on one well separated component of
# weight $\pi$ has a KL of about $-\log \pi$: $-\log 0.6 = 0.51$ on the left, $-\log 0.4 = 0.92$ on the right. The
# wide start finds a third, shallow local optimum, which covers both humps and is far worse (2.09): it wastes mass
# in the empty middle. Gradient descent does not compare valleys: **what the reverse KL finds depends on the
# start**.
#
# </details>
#
# **Play.** Move the third start to `descend(0.2, 0.3)`; then bring the humps closer, to $\pm 1.5$, and see how many
# valleys are left.
#
# <details><summary>What you will see</summary>
#
# With the humps at $\pm 1.5$ there is one valley: every start ends at $m = -0.24$, $\log s = 0.35$, with a KL of 0.486, covering both humps.
#
# </details>
#
# Now a question. A posterior is drawn, and $N(2, 2)$ is said to approximate it better than $N(-4, 0.75)$. Better in which divergence? Take two posteriors made of those same two humps. In the first,
# 75% of the mass is near 2. In the second only 40% is.
#
# > **Predict 7.** Which candidate wins in reverse KL, and which in forward KL, for each posterior?

# %%
predict("03_7", choices=[
    "N(2, 2), all four times",
    "N(2, 2), but for one reverse KL",
    "N(2, 2), but for one forward KL",
    "each wins one posterior"])

# %%
candidates = {"N(2, 2)": normal(2, math.sqrt(2)), "N(-4, 0.75)": normal(-4, math.sqrt(0.75))}
hump_a, hump_b = candidates.values()
targets = [0.75 * hump_a + 0.25 * hump_b, 0.4 * hump_a + 0.6 * hump_b]
reverse = torch.stack([torch.stack([kl_on_grid(q, p) for q in (hump_a, hump_b)]) for p in targets])
forward = torch.stack([torch.stack([kl_on_grid(p, q) for q in (hump_a, hump_b)]) for p in targets])
shown = slice(600, 2201)
show(draw.two_candidates(z[shown], ("75% of the mass near 2", "40% of the mass near 2"), [p[shown] for p in targets],
                         {name: q[shown] for name, q in candidates.items()}, reverse, forward),
     alt="Two bimodal posteriors, each with the candidates N(2, 2) and N(-4, 0.75). For the first, N(2, 2) has"
         " the smaller KL in both directions. For the second, N(-4, 0.75) is better in reverse KL and N(2, 2) "
         "in forward KL.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_7", "N(2, 2), but for one reverse KL")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# First posterior: $N(2, 2)$ wins both ways. Second: the reverse KL prefers $N(-4, 0.75)$, which holds the heavier
# hump ($0.50$ against $0.90$ nats), and the forward KL prefers $N(2, 2)$ by far ($4.8$ against $9.1$), because the
# narrow candidate gives almost no probability to 40% of the mass. "Better" has no meaning until you name the
# divergence.
#
# </details>

# %% [markdown]
# ## 7. Aside: a quiz, completing a picture
#
# A classic quiz shows a digit whose top half is hidden. The hidden pixels are the latents, each 0 or 1, and the
# family gives each an independent coin, $q_\phi(z) = \prod_i \phi_i^{z_i} (1 - \phi_i)^{1 - z_i}$. What is visible
# looks like the lower part of a 9. Which is a good approximation of the posterior:
#
# - (a) $\phi_i = 0.5$ for all hidden pixels;
# - (b) $\phi_i = 1$ for all hidden pixels;
# - (c) $\phi_i \approx 1$ for the pixels that the top of a 9 would switch on, and $\approx 0$ elsewhere?
#
# We make it small enough to be exact: ten digits of $5 \times 3$ pixels, each equally likely, each pixel flipped
# with probability $0.05$. The two top rows are hidden: six binary latents, 64 completions, one exact sum.

# %%
GLYPHS = ("111101101101111 010110010010111 111001111100111 110001011001110 101101111001001 "
          "111100110001110 011100111101111 111001010010010 111101010101111 111101111001110")
glyphs = torch.tensor([[float(pixel) for pixel in glyph] for glyph in GLYPHS.split()], dtype=torch.float64)  # (10, 15)
hidden = torch.cartesian_prod(*[number(0.0, 1.0)] * 6)  # (64, 6)
images = torch.cat([hidden, glyphs[9, 6:].expand(64, 9)], -1)  # all completions


def log_joint_of_completions(progress):
    """log p(x, z) of all 64, for a model on its way from pure noise (0) to the trained one (1)."""
    on = 0.5 + progress * (0.05 + 0.9 * glyphs - 0.5)
    log_pixels = torch.xlogy(images.unsqueeze(1), on) + torch.xlogy(1 - images.unsqueeze(1), 1 - on)  # (64, 10, 15)
    return log_pixels.sum(-1).logsumexp(-1) - math.log(10)


# %% [markdown]
# > **Predict 8.** Order (a), (b), (c) by their gap under the trained model. Then order them again for the
# > *untrained* model, in which every pixel is a fair coin.

# %%
predict("03_8",
        choices=["(c) has the smallest, both times", "(c), then (a)", "(a), then (c)", "(b), then (a)"])

# %%
def gap(phi, log_joint):
    """KL(q_phi || posterior) by enumeration: log evidence minus ELBO."""
    q = torch.where(hidden == 1, phi, 1 - phi).prod(-1)  # (64,)
    return log_joint.logsumexp(0) - ((q * log_joint).sum() - torch.xlogy(q, q).sum())


top_of_nine = 0.05 + 0.9 * glyphs[9, :6]
ones = torch.ones_like(top_of_nine)
guesses = {"(a) 0.5 everywhere": 0.5 * ones, "(b) 1 everywhere": ones, "(c) top of a 9": top_of_nine}
progress = span(0, 1, 51)
joints = [log_joint_of_completions(t) for t in progress]
gaps = {name: torch.stack([gap(phi, log_joint) for log_joint in joints]) for name, phi in guesses.items()}
trained, untrained = ({name: curve[place].item() for name, curve in gaps.items()} for place in (-1, 0))
assert trained["(c) top of a 9"] < 0.1 < 3 < min(trained["(a) 0.5 everywhere"], trained["(b) 1 everywhere"])
assert abs(untrained["(a) 0.5 everywhere"]) < 1e-9 < untrained["(c) top of a 9"]
for name, curve in gaps.items():
    print(f"{name:20s} gap: trained {curve[-1]:.3f} nats, untrained {curve[0]:.3f} nats")

# %%
marginals = (log_joint_of_completions(1.0).softmax(0).unsqueeze(-1) * hidden).sum(0)  # P(on | x)
tops = {"(a)": 0.5 * ones, "(b)": ones, "(c)": top_of_nine, "exact": marginals}
pictures = {name: torch.cat([top, glyphs[9, 6:]]).view(5, 3) for name, top in tops.items()}
show(draw.completions(pictures, progress, gaps),
     alt="Four small pictures of a digit with its two top rows filled in: all grey, all black, the top of a 9,"
         " and the exact marginals, which look like the top of a 9. A graph of the gap over the progress of "
         "learning: (a) starts at zero and rises to 4 nats, (b) falls from 4 and stays above 3, (c) falls from 3 nats "
         "to almost zero; (a) and (c) cross near 0.65.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_8", "(c), then (a)")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# Trained: (c) is nearly perfect, with a gap of 0.05 nats; (a) and (b) miss by more than three nats. (a) spreads its
# mass over 64 completions of which few make sense, and (b) is certain of one that is not the likeliest. Untrained:
# (a) is first, then (c), then (b). If every pixel is a fair coin, the posterior of the hidden pixels *is* (a), with
# gap zero, and the confident (c) is three nats off. The posterior belongs to the **model**, not to the data: early in learning, when
# $p_\theta$ is far from the data, the completion that a person would draw is a bad approximation of
# $p_\theta(z \mid x)$. So $\phi$ has to be learned along with $\theta$, and for the present $\theta$.
#
# </details>

# %% [markdown]
# ## 8. Aside: the ELBO counts bits
#
# Alice wants to send $x$ to Bob, who has the same model. An ideal code spends $-\log_2 p$ bits on an event of
# probability $p$, so $-\log_2 p(x)$ would be best; but $p(x)$ is what we cannot compute. Sending a latent $z$
# first, then $x$ given $z$, works, and seems wasteful: $-\log_2 p(z) - \log_2 p(x \mid z)$. **Bits-back coding**
# recovers the waste. Alice always has other bits $s$ waiting to be sent. She *decodes* them with the code of
# $q_\phi(z \mid x)$, which turns $-\log_2 q_\phi(z \mid x)$ of them into a $z$; Bob, once he knows $x$, encodes $z$
# with the same code and holds those bits again.
#
# | Alice, downwards | adds to the message, in bits | Bob undoes it, upwards |
# |---|---|---|
# | 1. decode $z$ from $s$ with $q_\phi(z \mid x)$ | $+\log_2 q_\phi(z \mid x)$ | 3. encode $z$ with $q_\phi(z \mid x)$: here is $s$ |
# | 2. encode $x$ with $p(x \mid z)$ | $-\log_2 p(x \mid z)$ | 2. decode $x$ with $p(x \mid z)$ |
# | 3. encode $z$ with $p(z)$ | $-\log_2 p(z)$ | 1. decode $z$ with $p(z)$ |
#
# The **net bit rate** is the sum, $R_\phi(x \mid s) = \log_2 q_\phi(z \mid x) - \log_2 p(x, z)$. If $s$ is
# uniformly random, decoding it is the same as *sampling* $z \sim q_\phi$, so
#
# $$\mathbb E_s\,R_\phi(x \mid s) = \mathbb E_{q_\phi}\big[\log_2 q_\phi(z \mid x) - \log_2 p(x, z)\big] = -\frac{\mathcal L(\phi)}{\log 2}.$$
#
# **The negative ELBO is an expected message length.** Every nat of gap costs $1.44$ bits. Two Bernoullis, all four
# messages, two choices of $q$: the prior, and the normal that has the exact posterior's mean and standard
# deviation.

# %%
messages = number(0, 0, 0, 1, 1, 0, 1, 1).view(4, 2)
ideal = -model.log_evidence(messages) / math.log(2)  # (4,) bits
m, s = model.posterior_moments(messages)
choices = {"prior": gaussian(0.0, 1.0), "matched": DiagonalNormal(m.unsqueeze(-1), s.log().unsqueeze(-1))}
for name, q in choices.items():
    z = q.transport(torch.randn(50_000, 4, 1, generator=seeded(5), dtype=torch.float64))  # (K, 4, 1)
    rates = (q.log_prob(z) - model.log_joint(messages, z)) / math.log(2)  # (K, 4): one column per message
    for message, rate, best in zip(messages.int().tolist(), rates.T, ideal, strict=True):
        error = rate.std() / math.sqrt(len(rate))
        print(f"{name:8s} x = {message}: net {rate.mean():.4f} ± {error:.4f} bits,   -log2 p(x) = {best:.4f}")

# %% [markdown]
# The exact posterior would give the last column itself, for every $s$: there the rate does not depend on $z$ at
# all.
#
# **Continuous latents need bins.** No code can send a real number; Alice and Bob agree on bins of width $\delta$,
# and a bin costs about $-\log_2 (p(z)\,\delta)$ bits. The width enters once with a plus and once with a minus, so
# it cancels, approximately. How well?

# %%
def binned_rate(delta, m, s, message):
    """Expected net bits when z travels as the number of its bin, and Bob uses the centre of the bin."""
    centres = torch.arange(-10, 10, delta, dtype=torch.float64) + delta / 2

    def masses(loc, scale):
        cdf = torch.distributions.Normal(loc, scale).cdf
        return cdf(centres + delta / 2) - cdf(centres - delta / 2)

    q, p = masses(m, s), masses(number(0.0), number(1.0))
    log_likelihood = model.likelihood(centres.unsqueeze(-1)).log_prob(message)
    return ((torch.xlogy(q, q) - torch.xlogy(q, p) - q * log_likelihood).sum() / math.log(2)).item()


for delta in (2.0, 1.0, 0.5, 0.25, 0.0625):
    print(f"bins of {delta:6.4f}: {binned_rate(delta, m[0], s[0], messages[0]):.4f} bits")

# %% [markdown]
# It settles at minus the ELBO in bits, 1.557 for this message and this $q$. Coarse bins do not just code badly,
# they *change the model*: $x$ now depends on the centre of the bin, and the evidence of that other model may be
# above or below $p(x)$. That is why the first line can lie below the ideal $-\log_2 p(x) = 1.545$ without
# contradicting anything.
#
# Fine bins cost next to nothing in net rate, and only ask for more bits $s$ in advance.
#
# Here is the ledger for the message $(0, 0)$.

# %%
choices["posterior"] = None
likelihood_bits, prior_bits, back_bits = [], [], []
grid = span(-8, 8, 3201).unsqueeze(-1)
for q in choices.values():
    log_q = model.log_posterior(messages[0], grid) if q is None else q.log_prob(grid.unsqueeze(1))[:, 0]
    mass = log_q.softmax(0)  # and a bin of 1/16 costs 4 bits more than the density says
    likelihood_bits.append(-(mass * model.likelihood(grid).log_prob(messages[0])).sum() / math.log(2))
    prior_bits.append(-(mass * model.prior().log_prob(grid)).sum() / math.log(2) + 4)
    back_bits.append(-(mass * log_q).sum() / math.log(2) + 4)
columns = [torch.stack(ledger) for ledger in (likelihood_bits, prior_bits, back_bits)]
show(draw.bit_ledger(("prior", "normal, matched", "exact posterior"), *columns, ideal[0].item()),
     alt="Bars for three choices of q: bits paid for z and for x given z, bits got back, and the net. The net "
         "is 1.6 bits above -log2 p(x) with q the prior, 0.01 bits above it with the matched normal, and equal"
         " to it with the exact posterior.")

# %% [markdown]
# Read the bars from left to right. With the prior, $z$ costs exactly what it returns, and $x$ given a random $z$ is
# expensive. With the posterior, $z$ costs more to send than it returns (that difference is
# $\mathrm{KL}(q \,\Vert\, p(z))$, in bits), and $x$ is cheap.
#
# **A cyclic dependency.** Why the *expected* rate? The naive idea is: Alice knows her bits $s$, so she could choose
# $\phi$ to minimize the rate $R_\phi(x \mid s)$ for these very bits. But Bob needs $\phi$ to turn $z$ back into
# $s$; he would need $s$ to find $\phi$, and $\phi$ to find $s$. Only a $\phi$ that depends on $x$ alone is known to
# both of them at that moment.
#
# > **Predict 9.** Suppose we overlook this. Decoding one fixed $s$ with $N(m, \sigma^2)$ gives
# > $z = m + \sigma\epsilon$ with one fixed $\epsilon$. What is the minimum over $m$ and $\sigma$ of the rate
# > $R_\phi(x \mid s)$?

# %%
predict("03_9", choices=["a few bits", "0", "minus infinity", "the same as before"])

# %%
eps, z_best = 0.5, m[0]  # one fixed s means one fixed eps
for sigma in (1.0, 10.0, 1e3, 1e6, 1e9):
    loc = z_best - sigma * eps  # so that z is always z_best
    log_q = -0.5 * eps**2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)  # log N(z; loc, sigma^2)
    rate = (log_q - model.log_joint(messages[0], z_best.view(1, 1)).item()) / math.log(2)
    print(f"sigma = {sigma:8.0e}, m = {loc:10.3e}: 'rate' {rate:7.2f} bits")

# %%
# Run this cell to compare it with your prediction.
reveal("03_9", "minus infinity")

# %% [markdown]
# <details><summary>Answer to Predict 9</summary>
#
# There is no minimum: minus infinity. A wide $q$ swallows many bits of $s$ at once, and $m$ moves so that $z$ stays
# where it was. The "compressed" message has a negative length, because the choice of $\phi$ itself carries
# information about $s$ for which nobody has paid, and Bob cannot undo it. The lesson travels: **optimizing $\phi$
# on one fixed sample is not optimizing the ELBO**. Unit 06 meets it again as frozen samples, unit 19 builds the
# whole coder.
#
# </details>

# %% [markdown]
# ## 9. The naive gradient has mean zero
#
# We climb $\mathcal L(\phi) = \mathbb E_{z \sim q_\phi}[\ell(\phi, x, z)]$ with
# $\ell(\phi, x, z) = \log p(x, z) - \log q_\phi(z)$. The most obvious stochastic gradient is: draw $z \sim q_\phi$,
# treat it as data, and differentiate $\ell$:
#
# $$\hat g_{\text{naive}} = \nabla_\phi\, \ell(\phi, x, z)\big|_{z \text{ fixed}}, \qquad z \sim q_\phi.$$
#
# Its *value* is a perfectly good estimate of the ELBO. You write it in exercise 6. Here we take it out of two estimators of the library, which differ by exactly this term; the end of the section says why.

# %%
def naive(p, q, x, num_samples=1, bound=elbo, generator=None, noise=None):
    """Value: the ELBO. Gradient: that of l(phi, x, z) with z fixed, as the difference of two estimates from the same noise."""
    noise = q.noise((num_samples, *q.batch_shape), generator) if noise is None else noise
    total, path = (estimator(p, q, x, num_samples, bound, noise=noise) for estimator in (reparametrized, sticking_the_landing))
    return total.detach() + (total - path)


# %% [markdown]
# > **Predict 10.** Which part of $\ell$ still depends on $\phi$ once $z$ is fixed? And what, then, is
# > $\mathbb E\,\hat g_{\text{naive}}$?

# %%
predict("03_10", choices=[
    "all of it; the gradient",
    "only log q; half the gradient",
    "only log q; zero",
    "nothing; zero"])

# %% [markdown]
# Now measure. On the toy $\mathcal L = \log p(x) - \mathrm{KL}(q \,\Vert\, N(x/2, \tfrac12))$ is a formula, and automatic differentiation gives its exact gradient $g$. (Exercise 7 asks you for it on paper.) The columns to read are the
# z-scores against zero, and against $g$:

# %%
def exact_gradient(m, log_s):
    phi = {"loc": number(m).requires_grad_(), "log_scale": number(log_s).requires_grad_()}
    kl = kl_divergence(DiagonalNormal(*phi.values()), posterior)
    return dict(zip(phi, torch.autograd.grad(-kl.sum(), tuple(phi.values())), strict=True))


for seed, start in enumerate(((0.0, 0.0), (-1.0, 0.5), (2.0, -0.7)), start=60):
    q, g = MeanField(1, number(start[0]), number(start[1])), exact_gradient(*start)
    for estimator in (naive, reparametrized):
        moments = gradient_moments(estimator, toy, q, x, replicates=50_000, generator=seeded(seed))
        to_g, to_zero = moments.z_scores(g), moments.z_scores({name: 0 * value for name, value in g.items()})
        for name in g:
            mean, error = moments.mean[name].item(), moments.standard_error[name].item()
            print(f"{start!s:11s} {name:9s} {estimator.__name__:14s} {mean:6.3f} ± {error:.3f}"
                  f", exact {g[name].item():6.3f}   t against 0: {to_zero[name].item():6.1f}   against exact: {to_g[name].item():7.1f}")
            assert abs((to_zero if estimator is naive else to_g)[name].item()) < 4.5

# %%
# Run this cell to compare it with your prediction.
reveal("03_10", "only log q; zero")

# %% [markdown]
# <details><summary>Answer to Predict 10, with the derivation</summary>
#
# With $z$ fixed, only $-\log q_\phi(z)$ depends on $\phi$. So
#
# $$\mathbb E_{q_\phi}[\hat g_{\text{naive}}] = -\int q_\phi(z)\,\nabla_\phi \log q_\phi(z)\,dz = -\int \nabla_\phi q_\phi(z)\,dz = -\nabla_\phi \underbrace{\int q_\phi(z)\,dz}_{=\,1} = 0,$$
#
# for every $\phi$, every model and every datum: **the model has disappeared.** The true gradient also moves the
# distribution from which $z$ is drawn:
#
# $$g = \nabla_\phi \int q_\phi\,\ell\,dz = \int (\nabla_\phi q_\phi)\,\ell\,dz + \underbrace{\int q_\phi\,\nabla_\phi \ell\,dz}_{0}
# \qquad\Rightarrow\qquad \text{bias} = \mathbb E\,\hat g_{\text{naive}} - g = -g.$$
#
# </details>
#
# The naive rows have ordinary z-scores against *zero* and huge ones against the exact gradient; for the
# reparametrized gradient, which lets the derivative travel through $z = m + s\,\epsilon$, it is the other way
# round.
#
# > **Predict 11.** Someone trains with the naive gradient: same start, same step size, one sample per step, as with
# > the reparametrized one. What do you expect to see in $(m, \log s)$, and would the printed ELBO estimates or the
# > sizes of the gradients give the mistake away?

# %%
predict("03_11", choices=[
    "it climbs, only more slowly",
    "a random walk, and the printout shows it",
    "a random walk, and no printout shows it",
    "it diverges"])

# %%
def walk(estimator, seed, start=(-1.5, 0.5), steps=400, rate=0.03):
    """Stochastic gradient ascent (phi <- phi + rate * estimate); the path (steps, 2) of (m, log s)."""
    q, generator, path = MeanField(1, number(start[0]), number(start[1])), seeded(seed), []
    optimizer = torch.optim.SGD(q.parameters(), lr=rate)
    for _ in range(smoke_cap(steps)):
        path.append(torch.cat([q.loc, q.log_scale]).detach())
        optimizer.zero_grad()
        (-estimator(toy, q, x, 1, generator=generator)).backward()
        optimizer.step()
    return torch.stack(path)


# %%
walks = {f"{estimator.__name__} gradient": [walk(estimator, seed) for seed in range(7, 15)]
         for estimator in (naive, reparametrized)}
distances = [(path[-100:] - number(1.0, -0.5 * math.log(2))).norm(dim=-1).mean() for paths in walks.values() for path in paths]
claim("over its last 100 steps the naive walk is farther from the posterior", [a - b for a, b in zip(distances[:8], distances[8:], strict=True)], sign=+1)
walks = {name: paths[:3] for name, paths in walks.items()}  # the figure shows three of the eight
locs, log_scales = span(-4, 3, 71), span(-1.4, 1.6, 61)
surface = log_evidence - kl_divergence(DiagonalNormal(locs.view(-1, 1, 1), log_scales.view(1, -1, 1)), posterior)
show(draw.naive_walk(locs, log_scales, surface.T, walks, (1.0, -0.5 * math.log(2))),
     alt="Contours of the ELBO over m and log s. Three paths of the reparametrized gradient go from the start "
         "to the posterior and hover there; three paths of the naive gradient wander off in different "
         "directions.")

# %%
# Run this cell to compare it with your prediction.
reveal("03_11", "a random walk, and no printout shows it")

# %% [markdown]
# <details><summary>Answer to Predict 11</summary>
#
# A random walk: it pays no attention to the slope. Nothing crashes, the printed ELBO estimates are honest, and the
# gradients are not zero, only their mean is. In a VAE the decoder would still learn (for $\theta$ the naive
# gradient is right, since the distribution of $z$ does not depend on $\theta$), while the encoder wanders. Only a
# test of *bias*, as above, shows what is wrong.
#
# </details>
#
# **It is the very term that unit 09 drops.** The reparametrized gradient is the sum of a path part, through $z$,
# and the direct part with $z$ fixed. The direct part *is* the naive gradient. It has mean zero, so it can be left
# out: what remains is "sticking the landing". That is why the difference of the two was what we wanted. Check it by hand: for
# $q = N(m, s^2)$ the naive gradient is minus the score, $\big(-\epsilon/s,\; 1 - \epsilon^2\big)$.

# %%
def gradient(estimator, noise):
    q = MeanField(1, number(0.3), number(0.1))
    return torch.cat(torch.autograd.grad(estimator(toy, q, x, 1, noise=noise), tuple(q.parameters())))


for eps in torch.randn(4, 1, 1, generator=seeded(8), dtype=torch.float64):
    total, path = (gradient(estimator, eps) for estimator in (reparametrized, sticking_the_landing))
    by_hand = torch.stack([-eps[0, 0] / math.exp(0.1), 1 - eps[0, 0] ** 2])
    shown = [part.numpy().round(3) for part in (total, path, by_hand)]
    print(f"eps = {eps.item():6.3f}:  total {shown[0]} = path {shown[1]} + minus the score {shown[2]}"
          f"   up to {(total - path - by_hand).abs().max():.0e}")
    assert torch.allclose(total, path + by_hand)

# %% [markdown]
# ## Common mistakes
#
# | mistake | how it shows |
# |---|---|
# | The log of a mean for the mean of logs, or the other way round | at $K = 1$ nothing; at larger $K$ the value is too high, or too low |
# | Entropy with the wrong sign | the fitted $q$ collapses to a point, and the "ELBO" passes $\log p(x)$ |
# | Variance used as standard deviation | right at $s = 1$, wrong everywhere else: test at $s = 0.3$ |
# | The KL taken the other way round | right when the two agree or differ by a shift only (equal variances): test with unequal variances |
# | `mean` over the latent dimensions instead of `sum` | the bound changes with $D$ in the wrong way: compare $D = 1$ and $D = 3$ |
# | A lost $\frac12 \log 2\pi$ | a constant offset, no effect on gradients; the bound passes the evidence, or never reaches it |
# | Detaching $z$ | honest values, a gradient of mean zero, a random walk |
# | Comparing two models by their ELBOs as if they were evidences | the one with the easier posterior wins |
# | Bits for nats | a factor of $1.44$ |
#
# A cheap alarm for most of them: on a model whose evidence you know, check that the bound stays below it and
# touches it at the posterior.

# %% [markdown]
# ## Side by side
#
# | form | written as | says | needs |
# |---|---|---|---|
# | MAP plus entropy | $\mathbb E_q \log p(x, z) + H(q)$ | find the mode, but stay as open as you can; $-\mathcal L$ is a free energy | any joint density |
# | regularized likelihood | $\mathbb E_q \log p(x \mid z) - \mathrm{KL}(q \,\Vert\, p(z))$ | explain the datum, stay near the prior | a prior of its own; often a closed-form KL |
# | evidence minus KL | $\log p(x) - \mathrm{KL}(q \,\Vert\, p(z \mid x))$ | approach the posterior; the gap is the error | for understanding: neither term is computable, unless the model is tractable |
# | minus the net bit rate | $-\log 2 \cdot \mathbb E_s R_\phi(x \mid s)$ | send $x$ in few bits | a coder, and bins |
#
# | | reverse, $\mathrm{KL}(q \,\Vert\, p)$ | forward, $\mathrm{KL}(p \,\Vert\, q)$ |
# |---|---|---|
# | expectation under | $q$: we can sample it | $p(z \mid x)$: we cannot |
# | infinite when | $q$ has mass where $p$ has none | $p$ has mass where $q$ has none |
# | on two separated modes | sits on one; the start decides which | covers both, and the valley between |
# | spread of a simple $q$ on a correlated target | too small | marginals matched (Gaussian $q$) |
# | where we meet it | the ELBO, everywhere | importance sampling, the sleep phase (unit 12), expectation propagation, one factor at a time (unit 04) |

# %% [markdown]
# ## What to remember
#
# 1. $\log p_\theta(x) = \mathcal L(\theta, \phi) + \mathrm{KL}(q_\phi \,\Vert\, p_\theta(z \mid x))$. Everything
#    else here is a reading of this line.
# 2. The bound is tight exactly when the weights are constant, which is when $q$ is the posterior. Then a single
#    sample is enough.
# 3. Three forms, one number, sample by sample; closed forms change the noise and not the mean.
# 4. Climbing in $\phi$ improves inference, climbing in $\theta$ improves the model, or makes its posterior easier:
#    a poor family biases $\theta$.
# 5. Reverse KL picks a mode, depending on the start, and is too sure of it.
# 6. $-\mathcal L / \log 2$ is an expected message length.
# 7. The gradient with $z$ detached has mean zero. The derivative must go through the sampling: by the score
#    function (unit 05) or through $z$ itself (unit 06).
#
# **Next**: [the problem set](../notebooks/03_elbo/03_elbo.ipynb), which asks you to build each of these pieces and ends with the naive gradient; then
# [unit 04, EM and mean field](04_em_and_mean_field.ipynb).

# %% [markdown]
# ## Further reading
#
# - M. I. Jordan, Z. Ghahramani, T. S. Jaakkola and L. K. Saul. An introduction to variational methods for graphical
#   models. *Machine Learning* 37, 183-233, 1999.
# - D. M. Blei, A. Kucukelbir and J. D. McAuliffe. Variational inference: a review for statisticians. *Journal of
#   the American Statistical Association* 112, 859-877, 2017.
# - R. M. Neal and G. E. Hinton. A view of the EM algorithm that justifies incremental, sparse, and other variants.
#   In M. I. Jordan (ed.), *Learning in Graphical Models*, 1998. (The free energy $\mathcal F$ and its alternating
#   climb.)
# - C. M. Bishop. *Pattern Recognition and Machine Learning*, chapter 10. Springer, 2006. (Forward and reverse KL in
#   pictures.)
# - D. P. Kingma and M. Welling. Auto-encoding variational Bayes. *International Conference on Learning
#   Representations*, 2014. (Form (2), and the gradient of unit 06.)
# - R. Ranganath, S. Gerrish and D. M. Blei. Black box variational inference. *Artificial Intelligence and
#   Statistics*, 2014. (The gradient of unit 05.)
# - G. Roeder, Y. Wu and D. Duvenaud. Sticking the landing: simple, lower-variance gradient estimators for
#   variational inference. *Neural Information Processing Systems*, 2017. (The term of section 9, dropped.)
# - G. E. Hinton and D. van Camp. Keeping the neural networks simple by minimizing the description length of the
#   weights. *Conference on Computational Learning Theory*, 1993. (Bits back.)
# - J. Townsend, T. Bird and D. Barber. Practical lossless compression with latent variables using bits back coding.
#   *International Conference on Learning Representations*, 2019.

# %%
tally("03")
