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
# # 10 · Tighter bounds
#
# The ELBO averages the logarithms of weights. Average the weights first, take the logarithm afterwards, and the bound comes as close to the evidence as you care to pay for. Other averages of the same weights come closer still, some of them from the wrong side.
# Then comes the trap. The closer the bound, the less it cares about $q$, and the gradient that should teach $q$ drowns in noise. This unit measures both halves against exact answers, and takes the trap apart: what unit 09 did for the ELBO can be done for every smooth bound, if one does not do it naively.
#
# **After this unit you can**
#
# - say how the gap of the importance-weighted bound falls with $K$, and why it is half a variance,
# - tell a bound from an estimate that is merely close: Renyi, jackknife, thermodynamic,
# - say which distribution a tight bound really fits, and why its $q$ has a poor ELBO,
# - predict how signal to noise moves with $K$, for $\phi$ and for $\theta$, and check it by fitted slopes,
# - reparametrize a score term, and say why sticking the landing is biased here,
# - read a table of likelihoods and ELBOs of trained models without confusing model and encoder.
#
# **Time**: about 57 minutes of reading and playing on the main line; what is marked *aside* takes 11 minutes more. The whole page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - Draw $z_1, \dots, z_K$ from $q_\phi(z)$. The **weights** are $w_k = p_\theta(x, z_k) / q_\phi(z_k)$; their mean is unbiased for the evidence $p_\theta(x)$ (unit 02). The **ELBO** is $\mathbb E \log w$, and its gap is $\mathrm{KL}(q\,\|\,p(z \mid x))$ (unit 03).
# > - The **path**: $z = t_\phi(\epsilon)$, here $z = m + s\,\epsilon$ (unit 06). The **score** is $\nabla_\phi \log q_\phi(z)$ at fixed $z$; its mean is zero, times a constant too.
# >   **Sticking the landing** leaves it out of the ELBO's gradient. That is unbiased, and has no noise at $q$ = posterior (unit 09).
# > - The **toy**: $z \sim N(0,1)$, $x \mid z \sim N(z, 1)$; posterior $N(x/2, 1/2)$. `log_scale` is $\log s$.
# > - **How to read the numbers**: mean $\pm$ standard error beside the exact value, with its z-score $t$. Beyond $|t| = 4.5$ the cell stops. A sentence that compares is held to five seeds or more by `claim`.

# %%
import math
from functools import partial

import torch

from course_vi.bounds import iwae, jackknife, renyi, thermodynamic
from course_vi.diagnostics import claim, gradient_samples
from course_vi.distributions import DiagonalNormal
from course_vi.exact import enumerate_binary, expected_bound

# %%
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
    vimco,
)
from course_vi.laboratory import laboratory

# %%
from course_vi.learning import fit, smoke_cap
from course_vi.models import ConjugateToy, Model, SigmoidBeliefNet, TwoBernoullis
from course_vi.plots import lecture_10 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def gaussian(loc, log_scale):
    return MeanField(1, *(torch.tensor([value], dtype=DOUBLE) for value in (loc, log_scale)))


# %%
def mean_of(draws):
    """Mean over the first axis, and its standard error."""
    return draws.mean(0), draws.std(0) / len(draws) ** 0.5


def compare(what, draws, exact):
    mean, error = mean_of(draws)
    t = (mean - exact) / error
    print(f"{what:46s} {mean:9.4f} ± {error:.1e}   exact {exact:9.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


# %% [markdown]
# ## 1. Average before the logarithm
#
# The importance-weighted bound of $K$ samples (Y. Burda, R. Grosse, R. Salakhutdinov, 2016; people say IWAE, after the autoencoder that they trained with it) is the mean of
#
# $$\hat{\mathcal L}_K = \log \frac1K \sum_{k=1}^K w_k .$$
#
# The mean weight $\hat p$ has mean $p(x)$. The logarithm is concave, so by Jensen's inequality $\mathbb E \log \hat p \le \log p(x)$: a lower bound, and for $K = 1$ the ELBO. More samples never loosen it: the mean of $K + 1$ weights is the average of the means that leave one of them out, and the same inequality, applied to *that* average, gives $\mathbb E \hat{\mathcal L}_{K+1} \ge \mathbb E \hat{\mathcal L}_K$.
#
# **An exact judge.** To measure a gap we need $\mathbb E \log \frac1K \sum_k w_k$, an integral in $K$ dimensions. It has only one, if we write the logarithm as $\log r = \int_0^\infty (e^{-t} - e^{-tr})\, \frac{dt}t$ (Frullani's integral): for independent weights $\mathbb E\, e^{-t \hat p} = \big(\mathbb E\, e^{-t w / K}\big)^K$. So
#
# $$\mathbb E \log \hat p = \int_0^\infty \big(e^{-t} - \varphi(t/K)^K\big) \frac{dt}t, \qquad \varphi(t) = \mathbb E\, e^{-t w},$$
#
# and $\varphi$ is a sum over a grid of noises. A thousand samples cost what one costs. The cell divides by the mean weight first, and takes $t = e^u$, so that $dt/t = du$, with points of $u$ that reach far: weights may be as small as $e^{-600}$.

# %%
node = torch.linspace(-8, 8, 321, dtype=DOUBLE)                      # the noise, on a grid,
log_chance = (-0.5 * node.square()).log_softmax(0)                   # and its probabilities
v = torch.linspace(-3, 6, 401, dtype=DOUBLE)
u = 3 * v.sinh()                                                     # from -30 to 605, finest at 0
step = 3 * v.cosh() * (v[1] - v[0])


def expected_log_mean(log_w, K):
    """E log of the mean of K independent weights; log_w: their logarithm at each node, (N,)."""
    if K == 1:
        return log_chance.exp() @ log_w
    log_mean = (log_chance + log_w).logsumexp(0)
    t = (u - math.log(K)).exp().unsqueeze(1)
    log_phi = (log_chance - t * (log_w - log_mean).exp()).logsumexp(1)
    return log_mean + (step * ((-u.exp()).exp() - (K * log_phi).exp())).sum()


# %%
def log_weights(p, x, q, eps, frozen=False):
    """log w at given noise, (N,); frozen holds phi constant in log q."""
    z = q.transport(eps.unsqueeze(-1))
    return p.log_joint(x, z) - (q.frozen_log_prob(z, x) if frozen else q(x, z))


toy, x = ConjugateToy().double(), torch.tensor([2.0], dtype=DOUBLE)
evidence, prior = toy.log_evidence(x).item(), gaussian(0.0, 0.0)
with torch.no_grad():
    at_nodes = log_weights(toy, x, prior, node)
    exact = {K: expected_log_mean(at_nodes, K).item() for K in (2**j for j in range(11))}
    log_w = log_weights(toy, x, prior, torch.randn(512 * 8000, generator=seeded(0), dtype=DOUBLE))
    log_w = log_w.view(512, 8000)
for K in (1, 4, 64):
    compare(f"importance-weighted bound, K = {K}", iwae(log_w[:K]), exact[K])
print(f"log evidence {evidence:.4f}; exact ELBO {exact[1]:.4f}")

# %% [markdown]
# The toy with $x = 2$ and, for $q$, the prior: not a good $q$, but its weights are bounded. Here is the distribution of $\hat{\mathcal L}_K$ while $K$ grows, with the mean that the integral gives.

# %%
along = torch.logcumsumexp(log_w, 0) - torch.arange(1, 513, dtype=DOUBLE).log().unsqueeze(1)
counts = sorted({round(2 ** (j / 2)) for j in range(19)})
with torch.no_grad():
    means = [expected_log_mean(at_nodes, K).item() - evidence for K in counts]
show_moving(movies.bound_contracts([(K, along[K - 1] - evidence) for K in counts], means),
            alt="The distribution of the importance-weighted bound less log p(x), as K grows from 1 to 512. At K = 1 it is wide, leans far to the left and has its mean at -1.15. As K grows it contracts, "
                "becomes symmetric, and its mean moves up to the evidence, faster than the width shrinks.")

# %% [markdown]
# > **Predict 1.** The gap $\log p(x) - \mathbb E\hat{\mathcal L}_K$ is 0.0099 nats at $K = 64$. What is it at $K = 256$?

# %%
predict("10_1", choices=["half of it", "a quarter", "a sixteenth"])

# %%
print("   K      gap    half the variance of the bound (five seeds)    their ratio")
halves = {K: torch.stack([part.var(0) / 2 for part in along[K - 1].chunk(5)]) for K in exact if K <= 512}
for K in (1, 4, 16, 64, 256):
    gap, (mean, error) = evidence - exact[K], mean_of(halves[K])
    print(f"{K:4d} {gap:9.5f}   {mean:9.5f} ± {error:.5f} {' ':24s} {gap / mean:.3f} ± {error / mean:.3f}")
claim("at K = 1 the gap is less than half the variance", evidence - exact[1] - halves[1], -1)
claim("at K = 256, no difference seen", evidence - exact[256] - halves[256], 0);

# %%
narrow = gaussian(1.0, math.log(0.4))                           # variance 0.16, below 1/4
with torch.no_grad():
    narrow_nodes = log_weights(toy, x, narrow, node)
    gaps = {name: [evidence - expected_log_mean(log_a, K).item() for K in exact]
            for name, log_a in (("q = prior", at_nodes), ("q too narrow", narrow_nodes))}
for name, values in gaps.items():
    print(f"{name:13s} gap at K = 1, 4, ..., 1024: " + "  ".join(f"{gap:.4f}" for gap in values[::2]))
show(figures.gaps(list(exact), gaps, torch.stack([each.mean() for each in halves.values()])),
     alt="The gap below log p(x) over K from 1 to 1,024, on log axes. For q = prior it falls as 1/K in the end, and from K = 16 on it is within a few percent of half the variance of the bound. For a q that is too narrow it begins lower and falls more slowly; from K = 8 on it is the larger one.")

# %%
# Run this cell to compare it with your prediction.
reveal("10_1", "a quarter")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# A quarter: 0.00245. Write $\hat p = p(x)(1 + e)$, where $e$ has mean zero and is small when $K$ is large. Then $\log(1 + e) \approx e - e^2/2$: the first term is the fluctuation of $\hat{\mathcal L}_K$, the mean of the second is the gap. **Jensen's gap is half the variance of the bound**, once $K$ is large, and the variance of a mean falls as $1/K$. (In unit 02 you computed it from the moments of $w$.)
#
# </details>
#
# "Once $K$ is large" and "small" need a variance. A $q$ that is too narrow, on the toy with $s^2 \le 1/4$, has weights of infinite variance. Its bound still rises with $K$, but more slowly: from $K = 256$ to 1,024 the second curve of the figure falls by half, not by three quarters. At $K = 1$ it was the better one, and by $K = 8$ it no longer is.
#
# ## 2. Other averages of the same weights
#
# **Renyi.** The ELBO is the logarithm of the *geometric* mean of the weights, the importance-weighted bound that of the *arithmetic* mean. Y. Li and R. Turner (2016) put a family of divergences in place of KL. For $\alpha \ne 1$,
#
# $$D_\alpha(q \,\|\, r) = \frac1{\alpha - 1} \log \int q(z)^\alpha\, r(z)^{1 - \alpha}\, dz, \qquad \mathcal L_\alpha = \log p(x) - D_\alpha\big(q \,\|\, p(z \mid x)\big),$$
#
# and $\alpha \to 1$ is KL. A divergence with $\alpha > 0$ is not negative, so $\mathcal L_\alpha$ is a lower bound; for $\alpha = 0$ it is $\log p(x)$ itself; for $\alpha < 0$ it lies *above*. What this becomes as a function of $K$ weights is the first exercise; `renyi(log_w, alpha)` computes it. For $\alpha = 0$ it is IWAE.
#
# **Thinning out the bias.** If $\mathbb E\hat{\mathcal L}_K = \log p(x) - b/K + O(K^{-2})$, two sizes are enough to be rid of $b$. The simplest way splits the samples: with $\bar{\mathcal L}_{K/2}$ the average of the bounds of the two halves,
#
# $$2\,\hat{\mathcal L}_K - \bar{\mathcal L}_{K/2} \quad\text{has the mean}\quad \log p(x) - \frac{2b}{K} + \frac{b}{K/2} + O(K^{-2}) = \log p(x) + O(K^{-2}) .$$
#
# S. Nowozin (2018) uses the **jackknife**, which compares $K$ samples with all ways to leave some out, and removes as many terms as one likes. You will derive its coefficients.
#
# > **Predict 2.** Two questions in one. With *one* sample, where does the mean of `renyi(alpha=-1)` lie, which estimates something above the evidence? And is the mean of the halves' estimate, with four samples, below the evidence?

# %%
predict("10_2", choices=[
    "above the evidence; yes",
    "above the evidence; no",
    "at the ELBO; yes",
    "at the ELBO; no"])

# %%
sizes, few = (1, 2, 4, 8, 16, 32, 64, 128), log_w[:128]
curves = {"importance-weighted": [exact[K] - evidence for K in sizes],
          "halves": [2 * exact[K] - exact[K // 2] - evidence for K in sizes[1:]]}
ways = {"Renyi, α = 0.5": partial(renyi, alpha=0.5), "Renyi, α = -1": partial(renyi, alpha=-1.0),
        "jackknife, one term": partial(jackknife, order=1),
        "thermodynamic, left": partial(thermodynamic, betas=torch.linspace(0, 1, 6).tolist()),
        "thermodynamic, right": partial(thermodynamic, betas=torch.linspace(0, 1, 6).tolist(), side="right")}
errors = {}
for name, bound in ways.items():
    held = [K for K in sizes if name != "jackknife, one term" or 2 <= K <= 32]
    found = [mean_of(bound(few[:K])) for K in held]
    curves[name] = [(mean - evidence).item() for mean, _ in found]
    errors[name] = [error.item() for _, error in found]

# %%
for name, values in curves.items():
    print(f"{name:21s}" + "".join(f"{value:9.4f}" for value in values[:6]))
parts = few[:4].chunk(5, 1)
four = torch.stack([(2 * iwae(part) - iwae(torch.stack(part.chunk(2), 1)).mean(0)).mean() for part in parts])
claim("with four samples the halves' estimate lies above the evidence", four - evidence, +1)
claim("so does that of the jackknife", torch.stack([jackknife(part, 1).mean() for part in parts]) - evidence, +1)
claim("Renyi with alpha = -1 lies below the evidence with one sample",
      torch.stack([renyi(part[:1], -1.0).mean() for part in parts]) - evidence, -1)
claim("and above it with four", torch.stack([renyi(part, -1.0).mean() for part in parts]) - evidence, +1)
with torch.no_grad():
    nearer = log_weights(toy, x, gaussian(0.0, math.log(0.8)), node)
    print(f"halves with q = N(0, 0.64), K = 4: {2 * expected_log_mean(nearer, 4) - expected_log_mean(nearer, 2) - evidence:.4f}")

# %%
show(figures.all_bounds(sizes, curves, errors),
     alt="Means of seven estimates less log p(x), over K from 1 to 128; the exact evidence is the line at zero. All begin at the ELBO, -1.15, but for the halves and the jackknife, which need two samples and begin above zero, at 0.17. "
         "The importance-weighted bound rises to the line from below; the jackknife and the halves come down to it from above. Renyi with alpha one half and the left sums level off below; Renyi with alpha -1 crosses the line between two and four samples, the right sums between four and eight; both level off above.")

# %%
# Run this cell to compare it with your prediction.
reveal("10_2", "at the ELBO; no")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# With one sample every average of it is $\log w$ itself: the mean is the ELBO. So `renyi(alpha=-1)` is an upper bound only in the limit: its mean rises with $K$, here from below the evidence (one and two samples) to above it (four). How many samples that takes, nobody tells you. With $K$ samples a Renyi estimate with $\alpha < 0$ is **no bound in either direction**.
#
# The halves' estimate with four samples lies above, and so does the jackknife. What remains of a bias after its first term is gone may have any sign: **a jackknife is a better estimate of $\log p(x)$, and no bound.** With another $q$, $N(0, 0.8^2)$, the halves' lies below (the last line). Climb such a thing, and it may climb by its error.
#
# </details>
#
# > You will read (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part III) that the importance-weighted bound "Reduces to Renyi-Divergence in the 'fully-Bayesian' case", and that the jackknife "Introduces further debiasing". The second is right, if one does not call the result a bound. The first should be: it *is* the $K$-sample Renyi bound with $\alpha = 0$, in every case.
# > (And what is bounded is the *log*-likelihood.)
#
# ### Aside: the thermodynamic road
#
# The last two curves of the figure, left and right sums, come from physics. Between $q$ and the posterior lies a road of distributions, $\pi_\beta(z) \propto q(z)^{1-\beta}\, p(x, z)^\beta$. Differentiate the logarithm of its normalizing constant $Z_\beta$:
#
# $$\frac{d}{d\beta} \log Z_\beta = \mathbb E_{\pi_\beta}[\log w], \qquad \log Z_0 = 0,\ \log Z_1 = \log p(x), \qquad\text{so}\quad \log p(x) = \int_0^1 \mathbb E_{\pi_\beta}[\log w]\, d\beta .$$
#
# The evidence is the area under a curve (V. Masrani, T. A. Le, F. Wood, 2019). The curve begins at the ELBO and never falls (its slope is something that cannot be negative; the problem set asks what), so sums of rectangles bound the area, from below if their height is read on the left, from above on the right. For *two Bernoullis* the curve is a sum over a grid:

# %%
pair, seen = TwoBernoullis().double().requires_grad_(False), torch.tensor([1.0, 0.0], dtype=DOUBLE)
q = gaussian(0.0, 0.0)
with torch.no_grad():
    log_pair = log_weights(pair, seen, q, node)
    betas = torch.linspace(0, 1, 101, dtype=DOUBLE)
    curve = (log_chance + betas.unsqueeze(1) * log_pair).softmax(1) @ log_pair
    area = torch.trapezoid(curve, betas).item()
    drawn = log_weights(pair, seen, q, torch.randn(5, 4, generator=seeded(1), dtype=DOUBLE).flatten()).view(5, 4)
print(f"area {area:.6f}   log evidence {pair.log_evidence(seen).item():.6f}")
fine = torch.linspace(0, 1, 2001, dtype=DOUBLE).tolist()
left, right = (thermodynamic(drawn, fine, side=side) for side in ("left", "right"))
print("area for 5 samples:  " + "  ".join(f"{value:.5f}" for value in (left + right) / 2))
print("bound of 5 samples:  " + "  ".join(f"{value:.5f}" for value in iwae(drawn)))

# %%
show(figures.thermodynamic(betas, curve, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
     alt="The mean of log w under the distribution between q and the posterior, over beta from 0 to 1, for two Bernoullis: a rising curve, steep at first. Rectangles read on the left lie below it, rectangles read on the right above it.")

# %% [markdown]
# With $K$ samples the expectations have to be estimated with the weights at hand, and then the last two printed lines agree: **the area under the estimated curve is the importance-weighted bound of those very samples.** So the left sum is never above $\hat{\mathcal L}_K$, and is a lower bound on average, a looser one. And the right sum is above $\hat{\mathcal L}_K$, not above $\log p(x)$: at $K = 1$ the curve is flat, and everything is the ELBO.
#
# ## 3. What a tight bound wants of q
#
# For the ELBO the best $q$ is the one nearest to the posterior in KL. What is the best $q$ for a bound of 20 samples? Here is a posterior that no Gaussian fits: $x$ sees the square of $z$, so that its sign is unknown.

# %%
class TwoSigns(Model):
    """z ~ N(0, 1), x | z ~ N(z^2, 1/4)."""
    latent_dim = data_dim = 1

    def log_factors(self, x, z):
        zeros = torch.zeros_like(z)
        return {"prior": DiagonalNormal(zeros, zeros).log_prob(z),
                "likelihood": DiagonalNormal(z.square(), zeros - math.log(2)).log_prob(x)}


signs, seen = TwoSigns().double(), torch.tensor([1.5], dtype=DOUBLE)
line = torch.linspace(-8, 8, 1601, dtype=DOUBLE).unsqueeze(-1)
joint = signs.log_joint(seen, line)
log_p = joint.logsumexp(0).item() + math.log(0.01)

# %%
def climb_exactly(K, loc, log_scale):
    """The best q for the bound of K samples, from a start, by exact gradients."""
    q = gaussian(loc, log_scale)
    climber = torch.optim.LBFGS(q.parameters(), max_iter=smoke_cap(100), line_search_fn="strong_wolfe")

    def loss():
        climber.zero_grad()
        (value := -expected_log_mean(log_weights(signs, seen, q, node), K)).backward()
        return value

    climber.step(loss)
    return q


# %% [markdown]
# > **Predict 3.** We climb the bound of $K$ samples by exact gradients, from two starts: in the middle, and at the right-hand mode. For $K = 1$ the better of the two ends at one mode, with $s = 0.23$. For $K = 20$: where is the better $q$, and is its ELBO better or worse than that of the best $q$ for $K = 1$?

# %%
predict("10_3", choices=[
    "at one mode, a little wider; a little worse",
    "in the middle and wide; better",
    "in the middle and wide; worse by nats"])

# %%
best = {}
print("  K   from        m       s     bound - log p    ELBO - log p")
for K in (1, 2, 5, 20):
    for start, at in (("middle", (0.02, 0.0)), ("mode", (1.2, -1.0))):
        q = climb_exactly(K, *at)
        with torch.no_grad():
            log_a = log_weights(signs, seen, q, node)
            bound, elbo = (expected_log_mean(log_a, k).item() - log_p for k in (K, 1))
        best[K] = max(best.get(K, (-math.inf,)), (bound, elbo, q), key=lambda found: found[0])
        print(f"{K:3d}   {start:7s} {q.loc.item():6.3f}  {q.log_scale.exp().item():6.3f}   {bound:10.3f}   {elbo:12.3f}")

# %%
# Run this cell to compare it with your prediction.
reveal("10_3", "in the middle and wide; worse by nats")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# In the middle, with $s = 1.17$: wide enough that among twenty draws some fall into each mode. Its bound is within 0.05 nats of the evidence. Its ELBO is 6 nats below, against 0.7 for the $q$ that sits on one mode. And the climb for $K = 20$ that starts at the mode does not stay there. With $K = 2$ and 5 it does, though at 5 the wide one is already the better of the two.
#
# </details>
#
# **Where no $q$ of the family fits, a tight bound wants a wide proposal.** A miss costs the ELBO its whole $\log w$; it costs an average of weights next to nothing, as long as somebody hits. So a worse ELBO is no defect of a $q$ that was trained for $K$ samples: it is another distribution that it stands for. Which?
#
# Draw $K$ from $q$ and keep one of them, $z_k$ with probability $w_k / \sum_j w_j$: *sampling-importance-resampling*. What is kept has a density, too. A draw of $q$ that falls at $z$ is kept with chance $w(z) / (w(z) + \text{the others})$, so
#
# $$q_K(z) = K\, p(x, z)\; \mathbb E\Big[\frac1{w(z) + w_2 + \dots + w_K}\Big] .$$
#
# C. Cremer, Q. Morris and D. Duvenaud (2017) read the bound as one for $q_K$; J. Domke and D. Sheldon (2018) show that its gap is a KL between joint distributions of all $K$ draws, so that $\mathrm{KL}(q_K \,\|\, \text{posterior})$ is *at most* the gap. With $1/r = \int_0^\infty e^{-tr}\, dt$ the expectation is once more a sum over our grid.

# %%
def resampled(q, K):
    """log q_K along the line, by the integral."""
    with torch.no_grad():
        log_a, log_w = log_weights(signs, seen, q, node) - log_p, joint - q(seen, line) - log_p
        t = u.exp().unsqueeze(1) / K
        log_phi = (log_chance - t * log_a.exp()).logsumexp(1)
        inside = (K - 1) * log_phi - t[:, 0] * log_w.exp().unsqueeze(1) + u + step.log()
        return joint - log_p + inside.logsumexp(1)


# %%
posterior = joint - log_p
wide = best[20][2]
shown = {1: wide(seen, line).detach(), **{K: resampled(wide, K) for K in (2, 5, 20)}}
for K, log_q in shown.items():
    kl = (log_q.exp() * (log_q - posterior)).nan_to_num().sum().item() * 0.01
    with torch.no_grad():
        gap = log_p - expected_log_mean(log_weights(signs, seen, wide, node), K).item()
    print(f"K = {K:2d}: integral of q_K {log_q.exp().sum().item() * 0.01:.6f}   KL(q_K, posterior) {kl:.4f}   gap of the bound {gap:.4f}")
    assert kl < gap + 1e-3
ends = {K: best[K][2](seen, line).detach() for K in (1, 20)}
show(figures.resampled(line[:, 0], posterior, ends, shown),
     alt="Left: a posterior with two modes, near -1.2 and 1.2; the best Gaussian for K = 1 covers the right mode, the best for K = 20 is a wide bump over both. Right: what is kept of K draws from the wide one. For K = 1 the bump itself, for 2 and 5 a hollow forms in its middle, and for 20 the density is almost the posterior.")

# %% [markdown]
# So the wide bump is no approximation of the posterior and does not claim to be one. Judge it by $q_K$, and use it so: resample.
#
# ## 4. The trap: signal to noise
#
# Now let $q$ learn. A gradient estimate $\hat g$ is of use if its mean stands out from its noise; the **signal-to-noise ratio** is $|\mathbb E \hat g| / \sqrt{\operatorname{Var} \hat g}$ (T. Rainforth and co-authors, 2018). Both of its parts change with $K$.
#
# - The *noise* is that of an average of $K$ things: it falls as $K^{-1/2}$.
# - The *signal* is the gradient of $\log p(x) - \text{gap}$. For $\theta$ it tends to $\nabla_\theta \log p_\theta(x)$ and stays. But $\log p(x)$ does not depend on $\phi$.
#
# > **Predict 4.** Take the total derivative along the path, `reparametrized`, and the mean $m$ of $q$. How large is its signal-to-noise ratio at $K = 256$, against that at $K = 16$?

# %%
predict("10_4", choices=["four times as large", "as large", "a quarter of it", "a sixteenth of it"])

# %% [markdown]
# The signal can be had exactly: differentiate `expected_log_mean`. (If it were measured, a signal that is weaker than its own standard error would read as noise: $R$ replicates never show a ratio much below $R^{-1/2}$.) The noise is measured, for five seeds. For $\theta$ we take a shift: $x \mid z \sim N(z + \theta, 1)$ at $\theta = 0$, whose gradient is the weighted mean of $x - z_k$. (A shift of the model up is a shift of the data down, so its exact signal is a derivative in $x$.)

# %%
off = gaussian(0.3, 0.1)                                         # the posterior is N(1, 1/2)


def exact_gradient(q, K, frozen=False, p=toy, x=x):
    """Of the bound of K samples, in m and log s; frozen: the mean of its naive landing (section 6)."""
    value = expected_log_mean(log_weights(p, x, q, node, frozen), K)
    return torch.stack(torch.autograd.grad(value, list(q.parameters())))[:, 0]


def of_shift(K, seed, R=2000):
    """Signal to noise of the gradient in the shift."""
    data = x.clone().requires_grad_()
    signal, = torch.autograd.grad(expected_log_mean(log_weights(toy, data, off, node), K), data)
    with torch.no_grad():
        z = off.distribution().loc + off.log_scale.exp() * torch.randn(K, smoke_cap(R), 1, generator=seeded(seed), dtype=DOUBLE)
        shares = (toy.log_joint(x, z) - off(x, z)).softmax(0)
        return signal.abs().item() / (shares * (x - z)[..., 0]).sum(0).std()


# %%
def of_mean(estimator, K, seed, R=2000):
    """Signal to noise of the gradient in m."""
    g = gradient_samples(estimator, toy, off, x, K, smoke_cap(R), iwae, seeded(seed))["loc"]
    return exact_gradient(off, K)[0].abs() / g.std()


many = (1, 4, 16, 64, 256)
ratios = {name: torch.stack([torch.stack([way(K, seed) for K in many]) for seed in range(5)])
          for name, way in (("φ, total derivative", partial(of_mean, reparametrized)), ("θ", of_shift))}


# %%
def slope(ratios):
    """Of log ratio over log K from K = 16 on, for each seed."""
    a, b = torch.tensor(many[2:], dtype=DOUBLE).log(), ratios[:, 2:].log()
    return ((a - a.mean()) * b).sum(1) / (a - a.mean()).square().sum()


def told_slope(name, law):
    mean, error = mean_of(slope(ratios[name]))
    print(f"{name}: ratio at K = 1, 4, ..., 256: " + "  ".join(f"{value:.3f}" for value in ratios[name].mean(0))
          + f"   slope {mean:+.3f} ± {error:.3f}, law {law:+}")
    claim("the fitted slope is within 0.05 of the law", 0.05 - (slope(ratios[name]) - law).abs(), +1)


told_slope("φ, total derivative", -0.5), told_slope("θ", +0.5);

# %%
# Run this cell to compare it with your prediction.
reveal("10_4", "a quarter of it")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# A quarter. What the bound still says about $\phi$ is its gap, and the gap falls as $1/K$; so does its gradient. The noise falls as $K^{-1/2}$ only, and the ratio as $K^{-1/2}$: sixteen times the samples, a quarter of the ratio. For $\theta$ the signal stays and the ratio *grows* as $K^{1/2}$. Both laws hold once $K$ is large; the slopes above are fitted from $K = 16$ on.
#
# </details>
#
# That is the trap. **A tighter bound is a better teacher of the model and a worse one of the encoder**, if it teaches with the total derivative. The cure is in the noise.
#
# ## 5. The score, reparametrized once more
#
# Unit 09 took the gradient apart. Do the same here. With the other samples held fixed, $z_k$ and $\phi$ enter $\hat{\mathcal L}_K$ through $\log w_k$, whose coefficient is the normalized weight $\bar w_k = w_k / \sum_j w_j$:
#
# $$\nabla_\phi \hat{\mathcal L}_K = \sum_k \bar w_k\, \Big( \underbrace{\frac{\partial \log w_k}{\partial z_k}\, \frac{\partial t_\phi(\epsilon_k)}{\partial \phi}}_{\text{path}_k} - \underbrace{\nabla_\phi \log q_\phi(z_k)}_{\text{score}_k} \Big) .$$
#
# In the ELBO the coefficient was the constant $1/K$, and a constant times the score has mean zero. Now it is $\bar w_k$, which knows $z_k$. Its product with the score has a mean, and cannot be dropped. But it can be *rewritten*. For every smooth function $h$ the score function and the path are two gradients of the same $\mathbb E\, h(z)$ (units 05 and 06):
#
# $$\mathbb E\big[h(z)\, \nabla_\phi \log q_\phi(z)\big] = \mathbb E\Big[\frac{\partial h}{\partial z}\, \frac{\partial t_\phi(\epsilon)}{\partial \phi}\Big] .$$
#
# Take $h(z_k) = \bar w_k$, the others held fixed. A normalized weight moves by $\bar w_k (1 - \bar w_k)$ when its own logarithm moves by one, so the score terms have the mean of $-\sum_k \bar w_k (1 - \bar w_k)\, \text{path}_k$. Together,
#
# $$\nabla_\phi\, \mathbb E \hat{\mathcal L}_K = \mathbb E \sum_k \big[\bar w_k - \bar w_k (1 - \bar w_k)\big]\, \text{path}_k = \mathbb E \sum_k \bar w_k^2\, \text{path}_k .$$
#
# This is the **doubly reparametrized** gradient (G. Tucker, D. Lawson, S. Gu, C. J. Maddison, 2019). At $q$ = posterior every path is zero, sample by sample: it sticks the landing. And the noise has changed its law: $K$ terms of size $K^{-2}$ have a sum with a spread of $K^{-3/2}$, beside a mean of $K^{-1}$.
#
# Nothing here needed the bound to be the logarithm of a mean. Whatever smooth function of the log weights you climb, some function of the weights stands before each score, and the lemma turns it into a path. What comes out for *every* bound is signature exercise **S7**. Here is the smallest case. Climb the mean weight itself, $\frac1K \sum_k w_k$, without any logarithm: the total derivative of $\phi$ is $\frac1K \sum_k w_k\, (\text{path}_k - \text{score}_k)$.
#
# > **Predict 5.** Reparametrize its score terms once more. What is left of the gradient of $\phi$?

# %%
predict("10_5", choices=[
    "exactly zero, for every sample",
    "something of mean zero, with less noise",
    "the mean of the squared weights times their paths"])

# %%
def mean_weight(log_w):
    return log_w.logsumexp(0).exp() / len(log_w)


for name, estimator in (("total derivative", reparametrized), ("doubly reparametrized", doubly_reparametrized)):
    g = gradient_samples(estimator, toy, off, x, 4, 2000, mean_weight, seeded(0))["loc"]
    mean, error = mean_of(g[:, 0])
    print(f"gradient of the mean weight in m, {name:22s} mean {mean:9.5f} ± {error:.5f}   largest {g.abs().max():.1e}")

# %%
# Run this cell to compare it with your prediction.
reveal("10_5", "exactly zero, for every sample")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Zero, sample by sample. A weight moves by $w_k$ when its logarithm moves by one, so the score terms have the mean of $-\frac1K \sum_k w_k\, \text{path}_k$: the same as the path terms, with a minus. Of course: the mean weight is unbiased for $p(x)$ whatever $q$ is, and has nothing to teach $\phi$. The total derivative estimates that zero, noisily.
#
# </details>
#
# Now by hand for the importance-weighted bound: equal to the library's at the same noise, and right on average.

# %%
def by_hand(q, eps):
    """The doubly reparametrized gradient in m, (R,): on the toy the path of m is x - 2z + (z - m)/s^2."""
    z = (q.loc + q.log_scale.exp() * eps.unsqueeze(-1)).detach()
    with torch.no_grad():
        shares = (toy.log_joint(x, z) - q(x, z)).softmax(0)
        path = (x - 2 * z + (z - q.loc) / (2 * q.log_scale).exp())[..., 0]
        return (shares.square() * path).sum(0)


q, eps = gaussian(0.3, 0.1), torch.randn(5, 1, generator=seeded(0), dtype=DOUBLE)
doubly_reparametrized(toy, q, x, 5, iwae, noise=eps).backward()
print(f"by hand {by_hand(q, eps[:, 0]).item():.12f}   library {q.loc.grad.item():.12f}")
for K in (5, 64):
    compare(f"by hand, K = {K}", by_hand(off, torch.randn(K, 4000, generator=seeded(1), dtype=DOUBLE)), exact_gradient(off, K)[0].item())

# %%
ratios["φ, doubly reparametrized"] = torch.stack([
    torch.stack([of_mean(doubly_reparametrized, K, seed) for K in many]) for seed in range(5)])
told_slope("φ, doubly reparametrized", +0.5)
show(figures.signal_to_noise(many, ratios),
     alt="Signal to noise over K from 1 to 256, log axes, five seeds with error bars. The gradient of theta rises throughout, in the end with slope one half. The total derivative of phi falls throughout, from 0.6 to about 0.02, in the end with slope minus one half. The doubly reparametrized gradient of phi dips at K = 4 and then rises with slope one half.")

# %% [markdown]
# The model's parameters have no score term: for $\theta$ the coefficient stays $\bar w_k$, and a program must use two kinds of weights in one backward pass. `doubly_reparametrized` does it by rescaling what flows back through $z$.
#
# ## 6. Sticking the landing, naively
#
# G. Roeder, Y. Wu and D. Duvenaud **proposed in 2017** to leave the score term out for the importance-weighted bound, too. In 2019 Tucker and his co-authors **showed it to be biased**: it keeps $\bar w_k\, \text{path}_k$ where $\bar w_k^2\, \text{path}_k$ is due. How much is that? Its mean can be had exactly as well, by freezing $\phi$ inside $\log q$ before we differentiate the integral.

# %%
def naive_landing(p, q, x, num_samples, bound=iwae, generator=None, noise=None):
    """The bound, with the score terms left out of its gradient."""
    eps = q.noise((num_samples, *x.shape[:-1]), generator) if noise is None else noise
    z = q.transport(eps, x)
    return bound(p.log_joint(x, z) - q.frozen_log_prob(z, x))


print("gradient of m by K:   right    naive, exact   measured                   t against the right one")
for K in (1, 2, 5, 64):
    right, naive = exact_gradient(off, K)[0], exact_gradient(off, K, frozen=True)[0]
    mean, error = mean_of(gradient_samples(naive_landing, toy, off, x, K, smoke_cap(4000), iwae, seeded(K))["loc"][:, 0])
    print(f"{K:8d} {right:18.4f} {naive:13.4f}   {mean:8.4f} ± {error:.4f} {(mean - right) / error:20.1f}")
    assert abs(mean - naive) < 4.5 * error

# %% [markdown]
# With one sample it is right: it is unit 09's gradient. With 64 the right gradient has all but vanished and the naive one has not, for it counts every small weight once where it should be squared. Does it matter? Its direction is often not bad, and at $q$ = posterior every path is zero and the bias with it. So on the toy the posterior is still a place of rest. But section 3 has a posterior that no Gaussian reaches.
#
# > **Predict 6.** Two signs, $K = 20$. Both gradients start at the right-hand mode, where the exact climb did *not* stay. After 1,500 steps of Adam, five seeds, where are they?

# %%
predict("10_6", choices=[
    "both in the middle and wide, the naive one later",
    "the naive one at the mode, the other wide",
    "both still at the mode"])

# %%
def climb_noisily(estimator, steps=1500, runs=5):
    """Means, scales and exact gaps every 50 steps, (steps / 50, 3, runs)."""
    q = MeanField(1, torch.full((runs, 1), 1.2, dtype=DOUBLE), torch.full((runs, 1), -1.0, dtype=DOUBLE))

    def look(step, _):
        if step % 50 and step != steps - 1:
            return None
        with torch.no_grad():
            each = [gaussian(*pair) for pair in torch.cat([q.loc, q.log_scale], 1).tolist()]
            gaps = torch.stack([log_p - expected_log_mean(log_weights(signs, seen, one, node), 20) for one in each])
            return torch.stack([q.loc[:, 0], q.log_scale[:, 0].exp(), gaps])

    history = fit(signs, q, seen.expand(runs, 1), estimator, steps, num_samples=20, bound=iwae, learning_rate=0.01,
                  seed=0, callback=look, progress=False, check=False)
    return torch.stack(history.records)


# %%
climbs = {"doubly reparametrized": climb_noisily(doubly_reparametrized), "naive landing": climb_noisily(naive_landing)}
for name, path in climbs.items():
    m, s, gap = path[-1]
    print(f"{name:22s} m {m.mean():6.3f}   s {s.mean():.3f}   nats below log p(x): {gap.mean():.3f} ± {mean_of(gap)[1]:.3f}")
lost = climbs["naive landing"][-1, 2] - climbs["doubly reparametrized"][-1, 2]
claim("the naive landing ends more than half a nat lower", lost - 0.5, +1)


# %% [markdown]
# Is the naive one at rest, or merely slow? Follow its exact mean from where the noisy runs are, until it vanishes, and ask the right gradient there.

# %%
rest = gaussian(climbs["naive landing"][-1, 0].mean().item(), climbs["naive landing"][-1, 1].mean().log().item())
for _ in range(smoke_cap(200)):
    move = 0.03 * exact_gradient(rest, 20, True, signs, seen)
    with torch.no_grad():
        rest.loc += move[0]
        rest.log_scale += move[1]
print(f"m {rest.loc.item():.4f}, s {rest.log_scale.exp().item():.4f}")
for name, frozen in (("naive", True), ("right", False)):
    g = exact_gradient(rest, 20, frozen, signs, seen)
    print(f"{name} gradient of m and log s there: {g[0]:+.5f}  {g[1]:+.5f}")

# %%
show(figures.two_climbs(climbs),
     alt="Exact gap of the bound of 20 samples over 1,500 steps, five runs each. Doubly reparametrized gradients leave the mode and come within 0.05 nats of the evidence; the naive landing stays about 0.7 nats below from beginning to end.")

# %%
# Run this cell to compare it with your prediction.
reveal("10_6", "the naive one at the mode, the other wide")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# The naive one is still at the mode, 0.65 nats lower than the other. It is at rest: its mean vanishes there. The right gradient does not; it asks for a wider $q$.
#
# </details>
#
# So: `sticking_the_landing` refuses every bound that is not linear in the log weights, and looks at the bound's slopes, not its name, to decide.

# %%
try:
    sticking_the_landing(toy, off, x, 5, iwae)
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# ## 7. The gradient laboratory
#
# A gradient estimate has a distribution. To know an estimator is to know what this distribution does when one thing is changed: the distance of $q$ from the posterior, the number of samples, the bound. Look at its mean beside the exact one, its bias with an error, its variance, its signal to noise (measured here, so no ratio below $R^{-1/2}$ means anything), and its variance times what it costs. Write your expectation down before you move anything. Some things to try, one at a time:
#
# - Put $q$ *on* the posterior. Which estimators have no noise left? For which bounds?
# - $K = 64$, away from the posterior. Whose histogram does not stand on the line?
# - Put $q$ far out, $K = 1$. The total derivative, the naive landing, the doubly reparametrized gradient: which are biased, and which are one and the same? Now let $K$ grow. When does the last overtake the first?
# - Make $q$ narrow, $s^2 < 1/4$. Whom does it hurt?

# %%
laboratory()

# %% [markdown]
# The laboratory has [a page of its own](laboratory.ipynb), with more to try, and `docs/laboratory.html` needs no kernel.
#
# ### Aside: the same by hand
#
# To look under the bonnet: the toy, three estimators, two values of $K$. The cell that draws it is short; `off`, the two values and the bound, `iwae`, are yours to change.
#
# > **Predict 7.** $q = N(0.3, 1.1^2)$, $x = 2$. From $K = 4$ to $K = 64$: which histogram narrows most, seen from its own mean?

# %%
predict("10_7", choices=["the total derivative", "doubly reparametrized", "the naive landing"])

# %%
estimators = {"total derivative": reparametrized, "doubly reparametrized": doubly_reparametrized, "naive landing": naive_landing}
sheet, spread = {}, {}
for K in (4, 64):
    for name, estimator in estimators.items():
        g = gradient_samples(estimator, toy, off, x, K, 5 * smoke_cap(800), iwae, seeded(3))["loc"][:, 0]
        spread[K, name] = torch.stack([part.std() for part in g.chunk(5)])
        sheet[K, name] = (g, exact_gradient(off, K)[0].item())
for name in estimators:
    print(f"{name:22s} spread at K = 4: {spread[4, name].mean():.4f}   at K = 64: {spread[64, name].mean():.4f}"
          f"   ratio {(spread[4, name] / spread[64, name]).mean():.1f}")
narrowed = {name: (spread[4, name] / spread[64, name]).log() for name in estimators}
claim("the doubly reparametrized one narrows more than the total derivative",
      narrowed["doubly reparametrized"] - narrowed["total derivative"], +1);

# %%
show(figures.laboratory(sheet),
     alt="Six histograms of gradients of m, K = 4 above and K = 64 below, each with the exact gradient as a dashed line. Total derivative: wide and on the line in both rows. Doubly reparametrized: on the line, and at K = 64 a thin spike. Naive landing: at K = 64 narrow, and far to the right of the line.")

# %%
# Run this cell to compare it with your prediction.
reveal("10_7", "doubly reparametrized")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# The doubly reparametrized one: for large $K$ its spread falls as $K^{-3/2}$, where that of the others falls as $K^{-1/2}$. (On the toy those two are linear in the same weighted mean of $z$, so they narrow alike.) Narrow and right are two things: at $K = 64$ the naive landing is quieter than the total derivative, and points at another place.
#
# </details>
#
# ## 8. Digits: the better model with the worse ELBO
#
# Now learn $\theta$ and $\phi$ together: a variational autoencoder (unit 13) for scikit-learn's digits. A latent of two numbers, a decoder of 16 and an encoder of 32 hidden units, in two ways: by the ELBO, sticking the landing, and by the bound of $K = 10$ samples, doubly reparametrized. Both see the same minibatches, from the same weights, five seeds each, at a rate that falls to zero. With two latents $\log p(x)$ is a sum over a grid and the ELBO a sum over Gauss-Hermite nodes, both without sampling error; only the bound of ten samples is averaged over draws, ten for each image. Scored are every fifth training image and all new ones. The training was done beforehand, by `benchmarks/lecture_10.py`.
#
# > **Predict 8.** On its training images, against training by the ELBO: where is the exact $\log p(x)$ of the model that was trained with ten samples? Where is its exact ELBO?

# %%
predict("10_8", choices=[
    "log p higher, ELBO higher",
    "log p higher, ELBO lower",
    "log p the same, ELBO lower"])

# %%
trial = stored_table("trial", lecture=10)


def scores(way, what, steps="8000", part="train"):
    return torch.tensor(trial[steps][way][part][what])


for steps, ways in trial.items():
    for way in ways:
        told = [f"{what} {mean:.2f} ± {error:.2f}" for what in ("log p", "IWAE", "ELBO")
                for mean, error in [mean_of(scores(way, what, steps))]]
        print(f"{steps} steps, {way:24s} training images: " + "   ".join(told))

# %%
def lead(what, steps="8000", part="train"):
    """Ten samples less the ELBO, paired over the seeds."""
    return scores("IWAE", what, steps, part) - scores("ELBO", what, steps, part)


for steps in ("4000", "8000"):
    claim(f"after {steps} steps: with ten samples the better model, on training images", lead("log p", steps), +1)
    claim("and the worse ELBO", lead("ELBO", steps), -1)
mean, error = mean_of(lead("log p", part="test"))
print(f"its lead in log p on new images {mean:.2f} ± {error:.2f}")
claim("and the worse ELBO there, too", lead("ELBO", part="test"), -1)
for way in ("ELBO", "IWAE"):
    mean, error = mean_of(scores(way, "log p") - scores(way, "log p", "4000"))
    print(f"{way}: with 8,000 steps in place of 4,000 the log p of training images rises by {mean:.2f} ± {error:.2f}")
claim("that the lead grows with the steps is not seen", lead("log p") - lead("log p", "4000"), 0);

# %%
runs = [(way, steps) for steps in ("4000", "8000") for way in ("ELBO", "IWAE")]
what = {"exact log p(x)": "log p", "bound of 10 samples": "IWAE", "exact ELBO": "ELBO"}
show(figures.trained([f"{way}, {steps} steps" for way, steps in runs],
                     {words: [scores(way, name, steps) for way, steps in runs] for words, name in what.items()}),
     alt="Exact log p(x), bound of ten samples and exact ELBO of training images, five seeds each, for models that were trained by the ELBO and by ten samples, for 4,000 and for 8,000 steps. With ten samples log p(x) and the bound are higher, by a few tenths of a nat, and the ELBO is lower, by more than a nat.")

# %%
# Run this cell to compare it with your prediction.
reveal("10_8", "log p higher, ELBO lower")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# A better model, and a worse ELBO, after 4,000 steps and after 8,000: section 3 once more. With ten samples $q$ may be wide, and $\theta$ climbs something closer to $\log p(x)$.
#
# Is that the end? The last three lines say what a doubling of the steps still brings: about half a nat each, and between the two ways no difference is seen. **These models are not at rest**, though their rates have fallen to zero; what a longer training does to the lead, this table does not tell. What is compared was trained for equally many steps, at two lengths, and the order is the same at both.
# (Ten samples also cost more time for a step.) On new images the lead is less than three times its error, and we claim nothing there but the worse ELBO.
#
# </details>
#
# ### Aside: the encoder's doing, or the model's?
#
# Whose is the worse ELBO? Vary one alone: hold the model fixed, and let its encoder climb the ELBO of the training images from where it is, for 2,000 steps.

# %%
lost = -lead("ELBO", part="test")
back = scores("IWAE", "ELBO", part="refitted") - scores("IWAE", "ELBO", part="test")
(mean, error), (won, its_error) = mean_of(lost), mean_of(back)
print(f"ELBO of new images: lost {mean:.2f} ± {error:.2f}, won back by the encoder alone {won:.2f} ± {its_error:.2f}")
claim("the encoder alone wins some of it back", back, +1)
own = scores("ELBO", "ELBO", part="refitted") - scores("ELBO", "ELBO", part="test")
print(f"the same for the encoder that had climbed the ELBO already: {mean_of(own)[0]:+.2f} ± {mean_of(own)[1]:.2f}")
claim("that anything is left is not seen", lost - back, 0);

# %% [markdown]
# So about half of the worse ELBO was the encoder's, made for ten samples: it comes back within 2,000 steps on the other bound. (Whether more of them would bring more, we did not ask.) Whether anything of the rest is the model's, five seeds do not tell: the last line is less than three standard errors from nothing.
#
# **Reflect.** A colleague finds that her model, trained with 50 samples, has a worse ELBO than yours, and concludes that it is worse. What do you compute?
#
# <details><summary>An answer</summary>
#
# $\log p(x)$ of held-out data, by many samples from *each* model's best proposal (a wide one will do), or at least both bounds for both models. And if it is the ELBO that she needs, let her refit the encoder first.
#
# </details>
#
# ### Aside: bits, and what a sample adds
#
# With discrete latents there is no path. The score function gives every sample the same reward, the whole $\hat{\mathcal L}_K$, whoever earned it. VIMCO (A. Mnih, D. Rezende, 2016) credits a sample with what it *adds*: the bound, less the bound with something made of the others in its place. That something does not depend on $z_k$, so nothing is biased. Which something is an exercise; here is what it is worth, on a belief net of three bits, where the sum over all tuples is exact.

# %%
net = SigmoidBeliefNet((6, 3), scale=1.0, generator=seeded(0)).double().requires_grad_(False)
image = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 1.0], dtype=DOUBLE)
logits, states = torch.tensor([0.5, -0.3, 0.2], dtype=DOUBLE), enumerate_binary(3, like=image)


def bit_gradients(estimator, K, seed, R=2000):
    q = BernoulliMeanField(3, logits.expand(R, 3))
    value = estimator(net, q, image.expand(R, 6), K, bound=iwae, generator=seeded(seed))
    return torch.autograd.grad(value.sum(), q.logits)[0]


# %%
for K in (2, 5):
    q = BernoulliMeanField(3, logits)
    right, = torch.autograd.grad(expected_bound(net.log_joint(image, states), q(image, states), iwae, K), q.logits)
    noise = {}
    for estimator in (score_function, vimco):
        runs = [bit_gradients(estimator, K, seed) for seed in range(5)]
        compare(f"K = {K}, {estimator.__name__}: gradient of the first logit", torch.cat(runs)[:, 0], right[0].item())
        noise[estimator] = torch.stack([g.var(0).sum() for g in runs])
    print(f"variance: {noise[score_function].mean():.4f} and {noise[vimco].mean():.4f}")
    claim(f"K = {K}: VIMCO has less than a tenth of the variance", noise[vimco] - noise[score_function] / 10, -1)

# %% [markdown]
# ### Aside: two samples, or two components?
#
# Twenty samples turn a bump into a posterior of two modes. A mixture as $q$ does so for its ELBO: two equal components at $\pm m$, one sample from each (Roeder, Wu and Duvenaud, 2017, treat mixtures so; the choice of the component, which has no path, is summed out). By symmetry a sum over the nodes of one component is exact.

# %%
half = gaussian(1.0, -1.0)
climber = torch.optim.LBFGS(half.parameters(), max_iter=smoke_cap(100), line_search_fn="strong_wolfe")


def mixture_loss():
    climber.zero_grad()
    z = half.transport(node.unsqueeze(-1))
    log_q = torch.logaddexp(half(seen, z), half(seen, -z)) - math.log(2)
    (loss := -(log_chance.exp() * (signs.log_joint(seen, z) - log_q)).sum()).backward()
    return loss


climber.step(mixture_loss)
print(f"nats below the evidence: one Gaussian, one sample {-best[1][0]:.3f}; one Gaussian, two samples {-best[2][0]:.3f}; "
      f"two components, one sample each {log_p + mixture_loss().item():.3f}")

# %% [markdown]
# Two components are worth more than two samples here, by far; they use what the samples of one Gaussian do not know, where the modes are.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | mean of logs for log of means | no gain from samples | $K > 1$ equals the ELBO |
# | $-\log K$ forgotten | a "bound" above the evidence that grows with $K$ | duplicate every weight: the value must stay |
# | weights instead of log weights | 0 or NaN for images | log weights of $-10{,}000$ |
# | $N/B$ of a minibatch inside the logarithm | a value above the evidence | the full data; scale the ELBO only |
# | jackknife, $\alpha < 0$ or right sums called bounds | a value above the evidence | exact evidence, small $K$ |
# | score term dropped from a bound that is no mean of logs | a bias, mistaken for low noise | the mean against an exact gradient, $K > 1$ |
# | squared weights for $\theta$, too | a wrong model | the mean of the gradient of $\theta$ |
# | normalized weights with a gradient of their own | another gradient, biased | the value at fixed noise |
# | signal to noise with few replicates | it stops falling at about $R^{-1/2}$ | an exact mean, or more replicates |
# | the ELBO of a model that was trained with many samples | "training failed" | the bound it climbed, $\log p(x)$ |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | $\log \frac1K \sum_k w_k$ | `bounds.iwae` | `torch.logsumexp`, less $\log K$; `pyro.infer.RenyiELBO(alpha=0)` |
# | Renyi | `bounds.renyi` | `pyro.infer.RenyiELBO`, but see unit 14 for its faults |
# | jackknife | `bounds.jackknife` | |
# | thermodynamic | `bounds.thermodynamic` | |
# | total derivative | `gradients.reparametrized` | what `backward` gives |
# | doubly reparametrized | `gradients.doubly_reparametrized` | by hand |
# | VIMCO | `gradients.vimco` | by hand |
# | signal to noise | `diagnostics.signal_to_noise` | by hand |
#
# ## What to remember
#
# 1. The gap of the importance-weighted bound is half its variance, once $K$ is large: it falls as $1/K$, if the weights have a variance.
# 2. Less biased is not lower. Jackknives, $\alpha < 0$ and right sums may lie above the evidence, and are no bounds at finite $K$.
# 3. A tight bound fits $q_K$, what is kept of $K$ draws. Its $q$ is wide, and its ELBO is no measure of it.
# 4. With the total derivative signal to noise grows as $K^{1/2}$ for $\theta$ and falls as $K^{-1/2}$ for $\phi$.
# 5. A score with a coefficient that knows its sample has a mean. Reparametrize it once more; do not drop it.
# 6. Sticking the landing is unbiased where the factor beside a score does not know that sample: of the bounds of this unit, for the ELBO alone.
# 7. Judge a model by $\log p(x)$, an encoder by the bound that it was trained for.
#
# **Next**: [the problem set](../notebooks/10_tighter_bounds/10_tighter_bounds.ipynb); then [unit 11, amortized inference](11_amortized_inference.ipynb).
#
# ## Further reading
#
# - Y. Burda, R. Grosse, R. Salakhutdinov. *Importance weighted autoencoders.* International Conference on Learning Representations, 2016.
# - Y. Li, R. E. Turner. *Rényi divergence variational inference.* Advances in Neural Information Processing Systems 29, 2016.
# - A. Mnih, D. J. Rezende. *Variational inference for Monte Carlo objectives.* International Conference on Machine Learning, 2016. VIMCO.
# - C. Cremer, Q. Morris, D. Duvenaud. *Reinterpreting importance-weighted autoencoders.* Workshop track, International Conference on Learning Representations, 2017.
# - G. Roeder, Y. Wu, D. Duvenaud. *Sticking the landing: simple, lower-variance gradient estimators for variational inference.* Advances in Neural Information Processing Systems 30, 2017.
# - S. Nowozin. *Debiasing evidence approximations: on importance-weighted autoencoders and jackknife variational inference.* International Conference on Learning Representations, 2018.
# - T. Rainforth, A. R. Kosiorek, T. A. Le, C. J. Maddison, M. Igl, F. Wood, Y. W. Teh. *Tighter variational bounds are not necessarily better.* International Conference on Machine Learning, 2018.
# - J. Domke, D. Sheldon. *Importance weighting and variational inference.* Advances in Neural Information Processing Systems 31, 2018.
# - G. Tucker, D. Lawson, S. Gu, C. J. Maddison. *Doubly reparameterized gradient estimators for Monte Carlo objectives.* International Conference on Learning Representations, 2019.
# - V. Masrani, T. A. Le, F. Wood. *The thermodynamic variational objective.* Advances in Neural Information Processing Systems 32, 2019.

# %%
tally("10")
