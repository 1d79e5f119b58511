# %% [markdown]
# # 06 · Reparametrization
#
# The score function of unit 05 differentiates the *probability* of a sample and never looks at the slope of what it is climbing. It asks
# little: a density that can be differentiated in its parameters, on a support that stays where it is. It pays with noise. This unit moves the randomness out of the way:
# **a sample becomes a function of its parameters and of noise that has none**, and then the gradient simply goes through. This is the *reparametrization trick*; the estimator is
# called the *pathwise gradient*, or *stochastic backpropagation*. (The score function is also known as *REINFORCE* and as the *likelihood-ratio* method.) The trick made variational
# autoencoders trainable. It is not always better, it can run away when it is used carelessly, and it reaches further than the Gaussian. All of that can be predicted on paper.
# We predict it, and then we measure.
#
# **After this unit you can**
#
# - write samples as $z = t_\phi(\epsilon)$ for location-scale, triangular and flow maps, with the density that goes with them,
# - derive the pathwise gradient, say what it needs, and recognise a target on which it is wrong,
# - predict the variance of both estimators exactly, and name targets on which the score function wins,
# - explain what frozen samples do to a full covariance, and with how many of them,
# - decide when an entropy or a divergence in closed form helps, and when it cannot,
# - differentiate Gamma and Beta samples, for which nobody knows t.
#
# **Time**: about 55 minutes of reading and playing on the main line; what is marked *aside* takes 15 minutes more. The whole page computes in two or three minutes.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p(x, z)$; a family gives a density $q_\phi(z)$ that we may sample. The **ELBO** is
# >   $\mathcal L(\phi) = \mathbb E_{q_\phi}[\log w]$ with $\log w = \log p(x, z) - \log q_\phi(z)$, and
# >   $\log p(x) - \mathcal L = \mathrm{KL}(q_\phi \,\|\, p(z \mid x)) \ge 0$ (unit 03).
# > - The **naive gradient**, which draws z and then differentiates $\log w$ as if z did not depend on $\phi$, has mean zero (unit 03).
# > - The **score function** estimator is $\log w \; \nabla_\phi \log q_\phi(z)$; a **baseline** $\beta$ may be subtracted from $\log w$ without changing the mean (unit 05).
# > - **The toy**: $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$. Its posterior is $N(x/2, 1/2)$. We always know the right answer.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error beside the exact value, with
# >   $t$ = (estimate - exact) / standard error, its z-score. Beyond $|t| = 4.5$ something is wrong, and the cell stops; below, nothing has been shown to be wrong.

# %%
import math

import torch
from ipywidgets import FloatSlider, interact
from scipy.special import gammainc
from torch.distributions import Beta, Gamma, MultivariateNormal, Normal
from torch.func import jacrev, vmap
from torch.nn.functional import logsigmoid

# %%
from course_vi.data import breast_cancer
from course_vi.diagnostics import claim, gradient_moments, gradient_samples
from course_vi.distributions.positive import gamma_quantile
from course_vi.exact import gauss_hermite, normal_expectation
from course_vi.experiments.soft_step import soft_step_variances
from course_vi.families import BetaMeanField, Flow, FullRank, GammaMeanField, MeanField
from course_vi.families.flow import zuko
from course_vi.gradients import analytic_kl, reparametrized, score_function, sticking_the_landing
from course_vi.learning import fit, smoke_cap
from course_vi.models import BayesianLogisticRegression, ConjugateToy, Model
from course_vi.plots import lecture_06 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def compare(what, estimate, error, exact):
    t = (estimate - exact) / error
    print(f"{what:52s} {estimate:9.4f} ± {error:.1e}   exact {exact:9.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


def mean_of(g):
    return g.mean().item(), (g.std() / len(g) ** 0.5).item()


# %% [markdown]
# ## 1. Where the score function leaves us
#
# Take D *independent* copies of the toy: $x_d = 2$ for all d, and q with mean 0.5 and scale 0.8 everywhere. The posterior factorizes, q factorizes, and the gradient for the first mean is a question
# about the first coordinate alone. We put the score function beside the estimator of this unit. Its idea fits in a sentence: write the draw as $z = m + s\epsilon$, keep $\epsilon$ as it fell, and ask how
# $\log w$ changes when $m$ moves *and carries the draw along*. Section 3 derives it.
#
# > **Predict 1.** What happens to the variance of the score function's gradient *for the first mean* when $D$ grows from 1 to 100? And to that of the pathwise gradient?

# %%
predict("06_1", choices=[
    "both grow like D",
    "score: like D; pathwise: not at all",
    "score: like D²; pathwise: not at all",
    "neither grows"])

# %% [markdown]
# Both can be calculated. On the toy $\log w$ of one coordinate is $h_0 + h_1\epsilon + h_2\epsilon^2$ with $h_1 = s(x - 2m)$, $h_2 = \tfrac12 - s^2$. The rest of the sum is independent of $\epsilon_1$ and has mean
# $(D-1)(h_0 + h_2)$ and variance $(D-1)(h_1^2 + 2h_2^2)$; the next cell squares, averages, and uses $\mathbb E\epsilon^2, \epsilon^4, \epsilon^6 = 1, 3, 15$. The pathwise gradient is $x - 2z$, with variance $4s^2$.

# %%
def score_variance_on_the_toy(D, m=0.5, s=0.8, x=2.0):
    """The exact variance of the score function's gradient of one mean, among D independent coordinates."""
    h1, h2 = s * (x - 2 * m), 0.5 - s**2
    h0 = -0.5 * m**2 - 0.5 * (x - m) ** 2 - 0.5 * math.log(2 * math.pi) + math.log(s)
    mean, variance = (D - 1) * (h0 + h2), (D - 1) * (h1**2 + 2 * h2**2)
    second = h0**2 + 3 * h1**2 + 15 * h2**2 + 6 * h0 * h2 + 2 * mean * (h0 + 3 * h2) + mean**2 + variance
    return (second - h1**2) / s**2


def measured_on_the_toy(estimator, D, replicates=4000):
    q = MeanField(D, torch.full((D,), 0.5, dtype=DOUBLE), torch.full((D,), math.log(0.8), dtype=DOUBLE))
    x = torch.full((D,), 2.0, dtype=DOUBLE)
    return gradient_moments(estimator, ConjugateToy(D), q, x, replicates=replicates, generator=seeded(D)).variance["loc"][0]


# %%
d, at = torch.logspace(0, 2, 50), torch.tensor([1, 3, 10, 30, 100])
exact = {"score function": score_variance_on_the_toy(d), "pathwise": torch.full_like(d, 4 * 0.8**2)}
measured = {"score function": torch.stack([measured_on_the_toy(score_function, n) for n in at.tolist()]),
            "pathwise": torch.stack([measured_on_the_toy(reparametrized, n) for n in at.tolist()])}
show(figures.dimensions(d, exact, at, measured),
     alt="Variance of the gradient of the first mean over the number of independent latents, on log axes. The score function's variance rises from about 15 to about a "
         "hundred thousand, like the square of D; the pathwise variance is 2.56 throughout. Measured dots lie on both lines.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_1", "score: like D²; pathwise: not at all")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# The score function's grows, and in the end with the *square* of $D$. The estimator multiplies the first score, $\epsilon_1/s$, by the whole $\log w$, which is a sum over all coordinates. The others know nothing of the
# first mean, but their sum, about $D$ times a constant, multiplies the noise. The pathwise gradient differentiates $\log w$ in the first mean: the other terms vanish, and its variance does not depend on $D$ at all.
# Rao-Blackwellization and baselines (unit 05) repair much of this for independent coordinates; in a model in which all of them interact no term can be left out, and only baselines remain.
#
# </details>
#
# ## 2. A sample as a function of noise
#
# Write $z = t_\phi(\epsilon)$ where $\epsilon \sim N(0, I)$ **has no parameters**. The distribution of z has not changed; only where the randomness stands.

# %%
m, s, path = -2.0, 1.3, []
for _ in range(60):  # the exact gradient of the ELBO of the toy, at x = 2
    path.append((m, s))
    m, s = m + 0.1 * (2 - 2 * m), s * math.exp(0.1 * (1 - 2 * s**2))
fixed = torch.randn(14, generator=seeded(4), dtype=DOUBLE)
show_moving(movies.carried_along(path[:24] + path[-1:], fixed, (1.0, math.sqrt(0.5))),
            alt="A Gaussian q climbs from the left to the posterior and becomes narrower. Fourteen samples, dots below its curve, slide and close up along with it, "
                "each keeping its place under the curve, because its noise stays as it fell.")

# %%
show(figures.noise_outside(),
     alt="Three drawings, in which a circle is random, a shaded circle observed, a bare letter fixed, a box computed. Left: theta is bare; z, x and the noise are circles inside a plate over n; q, in blue, leads from phi and the noise into z. Middle: z is a random node between phi and f of z, and the way "
         "back from z to phi is blocked. Right: z is a box, computed from phi and from a noise node beside it, and the way back from f through z to phi is open.")

# %% [markdown]
# ### Change of variables in one page
#
# Let t be smooth and invertible in $\epsilon$. A small box of noise of volume $d\epsilon$ holds the probability $N(\epsilon; 0, I)\,d\epsilon$. It lands on a small parallelepiped with volume $|\det J|\,d\epsilon$, $J = \partial t/\partial\epsilon$, and carries
# its probability along. So
#
# $$q_\phi(z) = \frac{N(\epsilon; 0, I)}{|\det J_\phi(\epsilon)|} \quad\text{at } \epsilon = t_\phi^{-1}(z), \qquad
#   \log q_\phi(z) = \log N(\epsilon; 0, I) - \log|\det J_\phi(\epsilon)| .$$
#
# *Where the map stretches, the density gets thinner*: the minus sign is the whole content. For the sampled point itself we need no inverse: we know which $\epsilon$ it came from. Four ways to build a map. The first three can each express more than the one before; the fourth is how flows are built from simple parts:
#
# | map | $z = t_\phi(\epsilon)$ | $\log\lvert\det J\rvert$ | gives |
# |---|---|---|---|
# | location-scale | $\mu + \sigma \odot \epsilon$ | $\sum_d \log\sigma_d$ | independent coordinates |
# | triangular (linear) | $\mu + C\epsilon$, $C$ lower triangular, $C_{dd} > 0$ | $\sum_d \log C_{dd}$ | every Gaussian: $\Sigma = CC^\top$ |
# | triangular (flow) | $z_d = t_d(\epsilon_1, \dots, \epsilon_d)$, increasing in $\epsilon_d$ | $\sum_d \log \partial t_d/\partial\epsilon_d$ | in principle every density that is positive everywhere |
# | composition | $t_2 \circ t_1$ | the sum of the two | deep flows |
#
# A triangular J is what makes a flow affordable: its determinant is a product, D numbers, while that of a dense matrix costs $D^3$.
#
# (A slip to watch for, in print as in code: with $z = \mu + \sigma\odot\epsilon$ the covariance is $\mathrm{diag}(\sigma^2)$, not $\mathrm{diag}(\sigma)$.)
#
# > **Predict 2.** The last map below bends the plane: $t(\epsilon) = (\epsilon_1,\; 0.6\,\epsilon_2 + 0.7(\epsilon_1^2 - 1))$. Where is its density highest, per unit of noise density: at the tip of the banana, or in its arms?

# %%
predict("06_2", choices=["at the tip", "in the arms", "the same everywhere"])

# %%
MU, SIGMA = torch.tensor([0.5, -0.5], dtype=DOUBLE), torch.tensor([0.7, 0.8], dtype=DOUBLE)
C = torch.tensor([[1.2, 0.0], [0.9, 1.3]], dtype=DOUBLE)


def bend(eps):
    return torch.stack([eps[..., 0], 0.6 * eps[..., 1] + 0.7 * (eps[..., 0] ** 2 - 1)], -1)


def unbend(z):
    return torch.stack([z[..., 0], (z[..., 1] - 0.7 * (z[..., 0] ** 2 - 1)) / 0.6], -1)


MAPS = {"noise": (lambda e: e, lambda z: z),
        "location-scale": (lambda e: MU + SIGMA * e, lambda z: (z - MU) / SIGMA),
        "triangular": (lambda e: MU + e @ C.T, lambda z: torch.linalg.solve_triangular(C, (z - MU).T, upper=False).T),
        "a flow": (bend, unbend)}


# %%
def density_of(t, inverse):
    """log q by change of variables, for any map of the plane: the Jacobian by automatic differentiation."""
    def log_q(z):
        eps = inverse(z)
        log_det = torch.linalg.slogdet(vmap(jacrev(t))(eps)).logabsdet
        return -0.5 * eps.square().sum(-1) - math.log(2 * math.pi) - log_det
    return log_q


side = torch.linspace(-9, 18, 541, dtype=DOUBLE)
plane = torch.cartesian_prod(side, side)
for name, (t, inverse) in MAPS.items():
    integral = (density_of(t, inverse)(plane).exp().sum() * (side[1] - side[0]) ** 2).item()
    print(f"{name:15s} integral of q over the plane: {integral:.6f}")
away = (density_of(*MAPS["triangular"])(plane) - MultivariateNormal(MU, C @ C.T).log_prob(plane)).abs().max()
print(f"triangular map against MultivariateNormal: largest difference {away:.0e}, of log densities down to "
      f"{density_of(*MAPS['triangular'])(plane).min():.0f}")

# %%
stretch = {name: torch.linalg.det(jacrev(t)(torch.zeros(2, dtype=DOUBLE))).item() for name, (t, _) in MAPS.items()}
show(figures.maps([(f"{name}: det J = {stretch[name]:.2g}", t, density_of(t, inverse)) for name, (t, inverse) in MAPS.items()]),
     alt="A square grid of noise and its images under three maps, over the density that comes out, on one colour scale; one cell of the grid is outlined in each. Location-scale: a rectangle, "
         "moved and smaller, with a darker density. Triangular: a parallelogram, larger, with a paler, tilted Gaussian. The flow: a grid bent into a parabola, with a darker, banana-shaped density.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_2", "the same everywhere")

# %% [markdown]
# The outlined cell holds the same probability in all four panels. Where the map has shrunk it the density is higher than that of the noise, where the map has stretched it, lower.
#
# <details><summary>Answer to Predict 2</summary>
#
# Nowhere: $J = \begin{pmatrix} 1 & 0 \\ 1.4\,\epsilon_1 & 0.6 \end{pmatrix}$ has determinant 0.6 everywhere. The map shears, by a different amount at each place, and a shear changes no area. All that makes the banana is the lower left entry.
#
# </details>
#
# A library flow is the same thing, with a network in place of the parabola. Its own log density agrees with our page of theory, applied to nothing but its map:

# %%
torch.manual_seed(0)                                          # zuko draws its weights from the global stream
flow = Flow(zuko.flows.MAF(2, 0, transforms=2, hidden_features=(16,)), dim=2).double()
for eps in torch.randn(3, 1, 2, generator=seeded(0), dtype=DOUBLE):
    J = torch.autograd.functional.jacobian(lambda e: flow.transport(e)[0], eps)[:, 0]
    by_hand = -0.5 * eps.square().sum() - math.log(2 * math.pi) - torch.linalg.slogdet(J).logabsdet
    print(f"log q of zuko's flow {flow(None, flow.transport(eps)).item():.8f}   by change of variables {by_hand.item():.8f}")

# %% [markdown]
# ## 3. The pathwise gradient
#
# The distribution of $\epsilon$ does not depend on $\phi$, so the derivative may go inside the average:
#
# $$\nabla_\phi\, \mathbb E_{q_\phi} f(z) = \nabla_\phi\, \mathbb E_\epsilon\, f(t_\phi(\epsilon)) = \mathbb E_\epsilon\Big[\, \nabla_z f(z)^\top\, \frac{\partial t_\phi(\epsilon)}{\partial\phi} \Big].$$
#
# One draw of $\epsilon$ gives an unbiased estimate. For the ELBO, f is $\log w$ and contains $\phi$ itself; the same step gives $\hat g = \nabla_\phi \log w\big(t_\phi(\epsilon)\big)$, with *everything* differentiated that depends on $\phi$. On the toy,
# $\nabla_z \log p = x - 2z$, and the sampled $-\log q = \tfrac12\epsilon^2 + \log s + \text{const}$ has the gradient 0 for m and 1 for log s:
#
# $$\hat g_m = x - 2z, \qquad \hat g_{\log s} = (x - 2z)\, s\,\epsilon + 1; \qquad \text{means } x - 2m \text{ and } 1 - 2s^2 .$$

# %%
toy, x = ConjugateToy(), torch.tensor([2.0], dtype=DOUBLE)


def gaussian(m, s):
    return MeanField(1, torch.tensor([m], dtype=DOUBLE), torch.tensor([math.log(s)], dtype=DOUBLE))


q, eps = gaussian(0.3, 0.6), torch.tensor([[-0.7]], dtype=DOUBLE)
reparametrized(toy, q, x, noise=eps).backward()
z = 0.3 + 0.6 * -0.7
print(f"library {q.loc.grad.item():.10f}, {q.log_scale.grad.item():.10f}   by hand {2 - 2 * z:.10f}, {(2 - 2 * z) * 0.6 * -0.7 + 1:.10f}")
for estimator in (reparametrized, score_function):
    found = gradient_samples(estimator, toy, gaussian(0.3, 0.6), x, replicates=200_000, generator=seeded(1))
    for name, right in (("loc", 2 - 0.6), ("log_scale", 1 - 2 * 0.36)):
        compare(f"{estimator.__name__}, mean gradient of {name}", *mean_of(found[name]), right)

# %% [markdown]
# Both are unbiased. They look at different things:

# %%
def hill(z):
    return -0.5 * (z - 1.5) ** 2


z, points = torch.linspace(-3, 3, 200), torch.linspace(-1.6, 1.6, 5)
noise = torch.randn(50_000, generator=seeded(2))
estimates = {"score function": hill(noise) * noise, "pathwise": 1.5 - noise}           # m = 0, s = 1
show(figures.two_views(z, hill(z), torch.exp(-0.5 * z**2), points, hill(points), 1.5 - points, estimates, 1.5),
     alt="A hill f with q in front of it. Left: at five samples the pathwise estimator sees the slope, a short tangent. Middle: the score function sees the height. Right: histograms of the one-sample "
         "gradients; the pathwise one is narrow and symmetric around 1.5, the score function's is wide with a long tail.")

# %% [markdown]
# ### What it needs
#
# - **z continuous.** A bit is no smooth function of anything; unit 07 shows what is done instead.
# - **A map t that is differentiable in $\phi$.** Section 8 weakens this: the *derivative* of the map is enough.
# - **An f without jumps, whose slope you can compute.** Corners are allowed, jumps are not.
#
# The last one is easily overlooked: a function can be differentiable almost everywhere and still break the method.
#
# > **Predict 3.** $f(z) = 1$ for $z > 0$ and 0 otherwise, $q = N(0.3, 0.6^2)$. What does the pathwise gradient of $m$ say, and what is right?

# %%
predict("06_3", choices=[
    "zero, and that is right",
    "zero, and right is more",
    "more than zero, and right",
    "too noisy to say"])

# %%
m, s = 0.3, 0.6
noise = torch.randn(200_000, generator=seeded(3), dtype=DOUBLE)
location = torch.full_like(noise, m).requires_grad_()
z = location + s * noise
step = torch.where(z > 0, torch.ones_like(z), 0 * z)
pathwise, = torch.autograd.grad(step.sum(), location)
print(f"pathwise: mean {pathwise.mean().item()}, variance {pathwise.var().item()}")
compare("score function", *mean_of(step.detach() * noise / s), Normal(m, s).log_prob(torch.tensor(0.0)).exp().item())

# %%
# Run this cell to compare it with your prediction.
reveal("06_3", "zero, and right is more")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# It says 0, for every draw, with variance zero and great confidence. $f' = 0$ wherever it exists. Right is $\frac{d}{dm} P(z > 0) = N(0; m, s^2) = 0.587$. The derivative may go inside the average only if $f$ is the integral of its slope, which a
# function with a jump is not. The score function never asks for a slope, and is right.
#
# </details>
#
# > You will read that the score function "works for everything" (R. Bamler, *Data Compression With and Without Deep Probabilistic Models*, Tübingen, 2023, lecture 8). It needs neither a slope nor a continuous $z$, which is a great deal. But it needs **a support that
# > does not move with $\phi$**: its derivation takes a derivative inside an integral, and forgets the limits. Take $z \sim U(0, \phi)$, whose score is $-1/\phi$ at every $z$. For $f(z) = z$ the estimate averages to $-\mathbb E z/\phi = -\tfrac12$, while
# > $\mathbb E z = \phi/2$ *grows*, with slope $+\tfrac12$. The path $z = \phi u$ has it right.

# %%
phi, u = 3.0, torch.rand(200_000, generator=seeded(9), dtype=DOUBLE)
print(f"U(0, {phi:.0f}), d/dphi E z = 0.5   score function {(phi * u * (-1 / phi)).mean().item():+.3f}   pathwise {u.mean().item():+.3f}")
assert abs((-u).mean() + 0.5) < 0.005 and abs(u.mean() - 0.5) < 0.005

# %% [markdown]
# ## 4. How noisy? Predicted, then measured
#
# Near its optimum a log joint looks like a quadratic. So take $f(z) = \tfrac a2 z^2 + bz$ and $z = m + s\epsilon$, and write $c = am + b$ for the slope at the centre and $f_0 = f(m)$ for the height there:
#
# $$f(z) = f_0 + c\,s\,\epsilon + \tfrac a2 s^2 \epsilon^2, \qquad f'(z) = c + a s\,\epsilon .$$
#
# **For m, pathwise**: the estimate is $f'(z)$ itself, so $\operatorname{Var} = a^2 s^2$. Only the *curvature* makes noise, and it fades as q narrows.
#
# **For m, score function**: $f(z)\,\epsilon/s$. Square, use the moments 1, 3, 15, subtract $c^2$:
#
# $$\operatorname{Var} = \frac{f_0^2}{s^2} + 2c^2 + \tfrac{15}4 a^2 s^2 + 3 a f_0 .$$
#
# The first term is the trouble: the *height* of f, which carries no information about the slope, times noise that grows as q narrows. A constant baseline $\beta$ replaces $f_0$ by $f_0 - \beta$. The best one is
# $\beta^\star = \mathbb E[f\,\epsilon^2]/\mathbb E[\epsilon^2] = f_0 + \tfrac32 a s^2$, and leaves
#
# $$\operatorname{Var} = 2c^2 + \tfrac32 a^2 s^2 \;>\; a^2 s^2 .$$
#
# On a quadratic the score function loses to the path, for every a, b, m, s (but for a flat f, where both have no noise), even with the best constant there is.
#
# > **Predict 4.** With the best baseline and $q$ very narrow ($s \to 0$), what is left of the score function's variance? Why can no constant remove it?

# %%
predict("06_4", choices=[
    "nothing",
    "some of it, by the slope of f",
    "some of it, by the curvature of f",
    "it grows without bound"])

# %% [markdown]
# The column of log s is yours to predict: it is exercise S5. Here it is only measured.

# %%
A, B, M = 1.0, -2.0, 0.5


def parabola(z):
    return A * z**2 / 2 + B * z


def predicted_for_m(s):
    c, f0 = A * M + B, A * M**2 / 2 + B * M
    return torch.stack([A**2 * s**2, f0**2 / s**2 + 2 * c**2 + 15 / 4 * A**2 * s**2 + 3 * A * f0,
                        2 * c**2 + 1.5 * A**2 * s**2], -1)


# %%
def one_sample(f, slope, m, s, noise):
    """One-sample gradients of E f in (m, log s): pathwise, score, and score with the best baselines, (3, R, 2)."""
    z, points, weights = m + s * noise, *gauss_hermite(64)
    path = torch.stack([slope(z), slope(z) * s * noise], -1)
    score, rule = (torch.stack([e / s, e**2 - 1], -1) for e in (noise, points))
    height = f(m + s * points)
    best = (weights * height) @ rule.square() / (weights @ rule.square())
    return torch.stack([path, f(z)[:, None] * score, (f(z)[:, None] - best) * score])


s, at = torch.logspace(-1, 0.6, 60, dtype=DOUBLE), torch.logspace(-0.9, 0.5, 7, dtype=DOUBLE)
noise = torch.randn(100_000, generator=seeded(4), dtype=DOUBLE)
measured = torch.stack([one_sample(parabola, lambda z: A * z + B, M, v, noise).var(1) for v in at])
show(figures.quadratic(s, predicted_for_m(s), at, measured),
     alt="Left: variance of the gradient of m over the scale of q. The pathwise curve rises as the square of s; the score function's is high at both ends; with its best baseline it levels off at 4.5 for "
         "narrow q. Measured dots lie on all curves. Right: dots for log s, in the same order, without curves.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_4", "some of it, by the slope of f")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# $2c^2$. For a narrow $q$, $f$ is a straight line, $f - \beta \approx cs\epsilon$, and the estimate is $c\,\epsilon^2$: right on average, with variance $2c^2$. A line has a slope that the pathwise gradient reads off from one point, without noise; the score function has to find it
# by comparing heights. (Subtracting $cs\epsilon$ from $f$ would remove this noise as well, and the mean $c$ with it, since $\mathbb E[cs\epsilon\cdot\epsilon/s] = c$: that mean has to be added back. What is subtracted and given back is a *control variate*; only a constant is free. And one would need
# to know the slope $c$.)
#
# </details>

# %%
for v in (0.3, 1.0, 3.0):
    g, right = one_sample(parabola, lambda z: A * z + B, M, v, noise)[..., 0], predicted_for_m(torch.tensor(v, dtype=DOUBLE))
    for row, name in enumerate(("pathwise", "score function", "score, best baseline")):
        compare(f"s = {v}: variance of {name}", *mean_of((g[row] - g[row].mean()).square()), right[row].item())

# %% [markdown]
# ### Aside: on real data
#
# Bayesian logistic regression on the Wisconsin breast cancer data: 569 patients, 31 weights, a mean-field Gaussian fitted for 400 steps. At the fitted q we measure both estimators with K = 4 samples, weight by weight.

# %%
patients = breast_cancer(30, dtype=DOUBLE)
cancer = BayesianLogisticRegression(31)


def ratios_at_a_fit(seed, replicates=1200):
    """Variance of the score function's gradient of each mean, without and with a baseline, over the pathwise one: (31,) each."""
    q = MeanField(31, torch.zeros(31, dtype=DOUBLE), torch.full((31,), -1.0, dtype=DOUBLE))
    fit(cancer, q, patients, steps=400, num_samples=4, learning_rate=0.05, seed=seed, progress=False)
    with_baseline = lambda *a, **k: score_function(*a, **k, baseline="leave_one_out")   # noqa: E731
    path, plain, better = (gradient_moments(e, cancer, q, patients, 4, smoke_cap(replicates), generator=seeded(seed)).variance["loc"]
                           for e in (reparametrized, score_function, with_baseline))
    return {"score function": plain / path, "with leave-one-out baseline": better / path}


# %%
fits = [ratios_at_a_fit(seed) for seed in range(5)]                # five fits, each from noise of its own
for name in fits[0]:
    medians = torch.stack([ratios[name].median() for ratios in fits])
    print(f"{name:28s} score over pathwise variance, median weight, by fit: {[round(m) for m in medians.tolist()]}")
claim("without a baseline the variance is 500 times the pathwise one, or more", [(r["score function"].median() / 500).log() for r in fits], sign=+1)
claim("with the leave-one-out baseline it is 10 times, or more", [(r["with leave-one-out baseline"].median() / 10).log() for r in fits], sign=+1)
claim("and 30 times, or less", [(r["with leave-one-out baseline"].median() / 30).log() for r in fits], sign=-1)

# %%
show(figures.real_ratio(fits[0], 4),
     alt="Ratio of the score function's variance to the pathwise one for each of 31 weights, on a log axis. Without a baseline the ratios lie between about 580 and 1,500; with the leave-one-out "
         "baseline between about 11 and 28: all well above one.")

# %% [markdown]
# This is why the reparametrization trick is everywhere. A thousand times the variance is a thousand times the samples; and with a good baseline still between ten and thirty times as many.
#
# ## 5. A target where the score function wins
#
# > You will read: "In practice, always want to use a reparametrization gradient" (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part III). For smooth targets that is right, and most targets are smooth.
#
# We have seen one kind of exception, and it was not even noisy: behind a jump the pathwise gradient is *wrong*. Now soften the jump. Let $f(z) = \Phi(kz) - \tfrac12$ be a step of steepness k. The pathwise gradient is unbiased again, for every finite k. Its variance can be
# written down, since products of Gaussians integrate, and the curve below is exact; the derivation is for your own target, in exercise S5.
#
# It grows with the steepness, without bound: the slope is nearly always zero, and now and then enormous. The score function reads heights between $-\tfrac12$ and $\tfrac12$; its variance is at most $1/(4s^2)$, however steep the step.
#
# > **Predict 5.** Where, roughly, do they cross: when the step is much wider than $q$, about as wide, or much narrower?

# %%
predict("06_5",
        choices=["much wider", "two or three times wider", "two or three times narrower", "much narrower"])

# %%
def soft_step(z, k):
    return 0.5 * torch.erf(k * z / math.sqrt(2))


# %%
k, at = torch.logspace(-1, 2, 200, dtype=DOUBLE), torch.logspace(-0.8, 1.8, 9, dtype=DOUBLE)
exact = soft_step_variances(k)
measured = {"pathwise": torch.stack([Normal(0, 1).log_prob(v * noise).exp().mul(v).var() for v in at]),
            "score function": torch.stack([(soft_step(noise, v) * noise).var() for v in at])}
crossing = k[(exact["pathwise"] > exact["score function"]).int().argmax()].item()
assert 2.2 < crossing < 2.4
show(figures.steps(k, exact, at, measured, crossing),
     alt="Variance times s squared of both estimators over the steepness k s, on log axes. The pathwise curve starts far below, crosses the score function's near k s = 2.3 and keeps rising; the "
         "score function's levels off at 0.09. Measured dots lie on both curves.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_5", "two or three times narrower")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# When it is narrower: at $ks \approx 2.3$, for this $f$. The rule of thumb: *slopes speak of infinitesimal moves, and $q$ asks about moves of size $s$*. Where $f$ is smooth at the scale of $q$, slopes win; where $f$ turns or jumps within the width of $q$, heights win.
#
# </details>
#
# Move the steepness, and watch the pathwise histogram grow a tail while the other stays. (On a page that is not running there is no slider; the figure below it is one position of it.)

# %%
def steepness(ks=6.0):
    draws = noise[:20_000]
    both = {"score function": soft_step(draws, ks) * draws, "pathwise": ks * Normal(0, 1).log_prob(ks * draws).exp()}
    line, variances = torch.linspace(-3, 3, 601), {name: g.var().item() for name, g in both.items()}
    show(figures.one_step(line, soft_step(line, ks), torch.exp(-0.5 * line**2), both, variances),
         alt=f"A soft step at k s = {ks:.1f} under q, and histograms of both one-sample gradients.")


steepness()
interact(steepness, ks=FloatSlider(6.0, min=0.2, max=30.0, step=0.2));

# %% [markdown]
# Steps, spikes and fast waves are not exotic: a simulator with contacts, a long unrolled recurrence with chaotic dynamics, a network with saturated units, a likelihood with rounding. Your own example is exercise S5.
#
# ## 6. Frozen samples
#
# One may draw the noise once and keep it. The objective
#
# $$\hat{\mathcal L}(\phi) = \frac1K\sum_{k=1}^K \Big[\log p\big(x, t_\phi(\epsilon_k)\big) - \log q_\phi\big(t_\phi(\epsilon_k)\big)\Big], \qquad \epsilon_1, \dots, \epsilon_K \text{ fixed},$$
#
# is then an ordinary function; one can use any optimizer and see it converge. At any fixed $\phi$ it is unbiased. But the optimizer does not stay at a fixed $\phi$: it goes where *these* samples flatter it.
#
# > You will read that frozen samples "can be redrawn to avoid overfitting" (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018). They can. For a Gaussian with full covariance and $K \le D$ samples they *must*: it is worse than
# > overfitting, **the frozen objective has no maximum.**
#
# For $z = \mu + C\epsilon$ the objective is $\frac1K\sum_k \log p(x, z_k) + \log\det C + \text{const}$. The model judges $q$ at $K$ points only, and the log determinant rewards width. $K$ points minus their mean span at most $K - 1 < D$ directions, and
# nothing stops $q$ from growing along a direction that none of its samples can see. Exercise 6 makes this a proof: you write down a $q$ that grows for ever while all of its samples stay where they are.
#
# Here nobody constructs anything: an optimizer finds it. Target $N(0, I)$ in the plane, two frozen samples.

# %%
class StandardNormal(Model):
    """log p(x, z) = log N(z; 0, I), whatever x is: the log evidence is zero."""
    data_dim = 1

    def __init__(self, dim):
        super().__init__()
        self.latent_dim = dim

    def log_factors(self, x, z):
        return {"all": Normal(0.0, 1.0).log_prob(z).sum(-1)}


unread = torch.zeros(1, dtype=DOUBLE)


# %%
two, q = torch.randn(2, 2, generator=seeded(7), dtype=DOUBLE), FullRank(2).double()


def snapshot(title):
    density = q.distribution()
    root = density.scale_tril.detach()
    true = 1 + density.scale_tril.diagonal().log().sum() - 0.5 * (root.square().sum() + q.loc.square().sum())
    told = reparametrized(StandardNormal(2), q, unread, 2, noise=two)
    print(f"{title:11s} frozen objective {told.item():7.2f}   exact ELBO {true.item():12.2f}   log evidence 0")
    return title, q.loc.detach().clone(), root, q.transport(two).detach()


panels = [snapshot("start")]
for steps, so_far in ((25, 25), (50, 75), (400, 475)):
    fit(StandardNormal(2), q, unread, lambda p, q, x, K, **_: reparametrized(p, q, x, 2, noise=two), steps, learning_rate=0.05, progress=False)
    panels.append(snapshot(f"{so_far} steps"))

# %%
show(figures.unseen_direction(panels),
     alt="Four panels of a round Gaussian target, an ellipse for q and its two frozen samples. At the start q is the target. After 25 and 75 steps the ellipse has become long and thin; after 475 it leaves "
         "the panel, while the two samples sit quietly near the centre.")

# %% [markdown]
# ### Aside: with more samples than dimensions, bounded, and biased, by how much?
#
# For $K > D$ and this target the frozen problem can be solved exactly, and so its bias can be predicted. With $\bar\epsilon$ and $S = \frac1K\sum_k(\epsilon_k - \bar\epsilon)(\epsilon_k - \bar\epsilon)^\top$ the optimum is $C = R^{-1}$, where $S = RR^\top$ with $R$ lower triangular, and
# $\mu = -C\bar\epsilon$: the map that makes the sample *look* exactly standard normal, with mean 0 and covariance $CSC^\top = I$. There $\log\det C = -\tfrac12\log\det S$ and $\frac1K\sum_k |z_k|^2 = D$, so
#
# $$\hat{\mathcal L}_{\max} = -\tfrac12\log\det S + \tfrac12\Big(\tfrac1K\textstyle\sum_k|\epsilon_k|^2 - D\Big),$$
#
# where the second term has mean zero; the exact ELBO there is minus a KL. Both averages over the draw of the frozen noise are known ($KS$ is a Wishart matrix):
#
# $$\mathbb E\big[\hat{\mathcal L}_{\max}\big] = -\tfrac12 \ell, \qquad
#   \mathbb E\big[\mathcal L\big] = \tfrac12\Big(D - \ell - \frac{(K + 1)\,D}{K - D - 2}\Big), \qquad
#   \ell = D\log\tfrac2K + \sum_{i=1}^D \psi\big(\tfrac{K - i}2\big) < 0 .$$
#
# > **Predict 6.** The log evidence of this target is 0. Is the maximum of the frozen objective above or below it? On average, or for every draw of the noise?

# %%
predict("06_6",
        choices=["below, on average", "below, for every draw", "above, on average", "above, for every draw"])

# %%
def trumpet(K, D):
    """Expected maximum of the frozen objective, and expected exact ELBO there, for K > D + 2."""
    ell = D * torch.log(2 / K) + sum(torch.digamma((K - i) / 2) for i in range(1, D + 1))
    return -ell / 2, 0.5 * (D - ell - (K + 1) * D / (K - D - 2))


def frozen_optima(K, D, draws=10_000):
    noise = torch.randn(draws, K, D, generator=seeded(K), dtype=DOUBLE)
    mean = noise.mean(1, keepdim=True)
    S = (noise - mean).mT @ (noise - mean) / K
    root = torch.linalg.inv(torch.linalg.cholesky(S))
    mu = -(root @ mean.mT).squeeze(-1)
    log_det = -0.5 * torch.logdet(S)
    told = log_det + 0.5 * (noise.square().sum(-1).mean(-1) - D)
    return told, 0.5 * D + log_det - 0.5 * (root.square().sum((-2, -1)) + mu.square().sum(-1))


# %%
D, K, at = 5, torch.logspace(math.log10(7.4), 3, 100, dtype=DOUBLE), torch.tensor([12, 20, 50, 200, 1000])
found = [frozen_optima(n, D) for n in at.tolist()]
for n, (told, true) in zip(at.tolist(), found, strict=True):
    right = trumpet(torch.tensor(float(n), dtype=DOUBLE), D)
    compare(f"K = {n}: frozen objective at its maximum", *mean_of(told), right[0].item())
    compare(f"K = {n}: exact ELBO there", *mean_of(true), right[1].item())
    assert told.min() >= 0 >= true.max()                            # not on average: for every draw
show(figures.frozen_trumpet(K, *trumpet(K, D), at, *(torch.stack([pair[i].mean() for pair in found]) for i in (0, 1)), D),
     alt="Over the number of frozen samples in five dimensions: the frozen objective's maximum lies above the log evidence and comes down to it as K grows, from about 2 nats near K = 7; the exact ELBO "
         "there lies below and rises from minus infinity. Up to K = 5 a grey band: no maximum.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_6", "above, for every draw")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# **Above, for every draw and every $K$.** Take $\mu = 0$, $C = I$: then $q$ is the target, $\log w$ is 0 at every sample, and the frozen objective is 0. A maximum is at least that. On average it is $-\ell/2 > 0$. What was a bound in expectation, at a fixed $\phi$, is none after $\phi$ has been chosen
# to suit the noise. And the $q$ that is chosen is *too wide* on average.
#
# </details>
#
# Twelve samples in five dimensions still cost three nats; the bias goes like $1/K$ and like $D^2$. **Redrawing cures it altogether**: with fresh noise at each step the average gradient is that of the true ELBO, no direction stays unseen, and K = 1 is enough.
# What redrawing takes away is the deterministic curve. (A mean-field family needs far less: each coordinate has only two parameters, so two frozen samples bound it. Deterministic objectives are used in earnest for mean field: Giordano and his co-authors, below.)
#
# On real data: the regression with five measurements and an intercept, $D = 6$, full covariance; the exact ELBO by quadrature, since each patient's logit is a one-dimensional normal.

# %%
small, tiny = breast_cancer(5, dtype=DOUBLE), BayesianLogisticRegression(6)


def exact_elbo(q):
    density, signs = q.distribution(), 2 * small[:, -1] - 1
    loc, spread = small[:, :-1] @ density.loc, (small[:, :-1] @ density.scale_tril).norm(dim=-1)
    likelihood = normal_expectation(lambda a: logsigmoid(signs * a), loc, spread, order=24).sum()
    prior = -0.5 * (density.loc.square().sum() + density.scale_tril.square().sum()) - 3 * math.log(2 * math.pi)
    return likelihood + prior + density.entropy()


def start():
    return FullRank(6, torch.zeros(6, dtype=DOUBLE), torch.full((6,), -1.5, dtype=DOUBLE))


best = start()
climber = torch.optim.LBFGS(best.parameters(), max_iter=smoke_cap(60), line_search_fn="strong_wolfe")
climber.step(lambda: (climber.zero_grad(), (loss := -exact_elbo(best)).backward(), loss)[-1])
best_elbo = exact_elbo(best).item()

# %%
def train(noise, K, steps=1000, seed=0):
    """Fit with this frozen noise, or with fresh noise if it is None; what the optimizer is told, and the exact ELBO, every 25 steps."""
    q, true = start(), []
    history = fit(tiny, q, small, lambda p, q, x, _, generator=None, **__: reparametrized(p, q, x, K, generator=generator, noise=noise),
                  steps, learning_rate=0.03, seed=seed, progress=False,
                  callback=lambda step, _: true.append(exact_elbo(q).item()) if step % 25 == 0 else None)
    return history.bound[::25], torch.tensor(true)


kept = torch.randn(12, 6, generator=seeded(8), dtype=DOUBLE)
curves = {"4 frozen samples": train(kept[:4], 4), "12 frozen samples": train(kept, 12), "4 fresh samples a step": train(None, 4)}
for name, (told, true) in curves.items():
    print(f"{name:23s} told {told[-1]:8.2f}   exact ELBO {true[-1]:9.2f}   (best possible {best_elbo:.2f})")

# %%
frozen = [train(torch.randn(12, 6, generator=seeded(seed), dtype=DOUBLE), 12, 300) for seed in range(20, 28)]
fresh = [train(None, 4, 300, seed=seed)[1][-1] for seed in range(8)]
claim("twelve frozen samples, 300 steps: the optimizer is told more than the exact ELBO at the same place", [(told[-1] - true[-1]).clamp(-5, 5).item() for told, true in frozen], sign=+1)
claim("and the exact ELBO ends lower than with four fresh samples a step", [(true[-1] - other).clamp(-5, 5).item() for (_, true), other in zip(frozen, fresh, strict=True)], sign=-1)

# %%
show(figures.frozen_data(curves, 25, best_elbo),
     alt="Left, what the optimizer is told: with 4 frozen samples a smooth curve that rises far above the best possible ELBO, with 12 it settles above it, with fresh samples it is noisy around it. Right, on a log "
         "axis, how far the exact ELBO is below the best: with 4 frozen samples thousands of nats and growing, with 12 about two and a half, with fresh samples about a quarter.")

# %% [markdown]
# (In the two claims each difference is cut off at five nats, so that one draw of the noise on which the fit runs far away does not count for more than the others.)
#
# The smooth curve is the wrong one. **Reflect.** Which single number, cheap to compute after any fit, would have unmasked it?
#
# <details><summary>An answer</summary>
#
# The bound at the fitted $q$, with *fresh* noise, and its standard error.
#
# </details>
#
# ## 7. Half by formula
#
# > You will read that it "may be possible to evaluate entropy and log P(z) without sampling, reducing variance" (M. Sahani, 2018, as above). Often it is possible. Whether it reduces the variance is another question, and this section answers it.
#
# The same bound in three forms, with more and more done by formula:
#
# $$\underbrace{\tfrac1K\textstyle\sum_k \big[\log p(x, z_k) - \log q(z_k)\big]}_{\text{all sampled}}, \qquad
#   \underbrace{\tfrac1K\textstyle\sum_k \log p(x, z_k) + \mathbb H[q]}_{\text{entropy by formula}}, \qquad
#   \underbrace{\tfrac1K\textstyle\sum_k \log p(x \mid z_k) - \mathrm{KL}(q \,\|\, p(z))}_{\text{KL by formula}} .$$
#
# > **Predict 7.** How much does the entropy by formula reduce the variance of the gradient of $m$ and of $\log s$?

# %%
predict("06_7", choices=[
    "of both by half",
    "of m not at all, of log s to zero",
    "of m to zero, of log s not at all",
    "of neither"])

# %% [markdown]
# On the toy, for $m$: all sampled and entropy by formula $4s^2$; KL by formula $s^2$ (the prior's share of the noise is gone); sticking the landing (unit 09) $(1/s - 2s)^2$, zero at the posterior. For the value, with $m = x/2$: $2(\tfrac12 - s^2)^2$, $2s^4$, and
# $(x/2)^2s^2 + \tfrac12s^4$; here $x = 2$. The gradient of $\log s$ is yours to predict, in exercise 3: it holds a surprise.

# %%
def entropy_by_formula(p, q, x, num_samples=1, bound=None, generator=None, noise=None):
    z = q.transport(q.noise((num_samples, *x.shape[:-1]), generator) if noise is None else noise)
    return p.log_joint(x, z).mean(0) + q.distribution().entropy()


def replicates_of(estimator, s, R=50_000):
    """R values and R gradients of m on the toy at m = 1 = x / 2, from the same noise for every estimator."""
    q = MeanField(1, torch.ones(R, 1, dtype=DOUBLE), torch.full((R, 1), math.log(s), dtype=DOUBLE))
    value = estimator(toy, q, x.expand(R, 1), noise=noise[:R].view(1, R, 1))
    return value.detach(), torch.autograd.grad(value.sum(), q.loc)[0][:, 0]


ways = {"all sampled": reparametrized, "entropy by formula": entropy_by_formula, "KL by formula": analytic_kl, "sticking the landing": sticking_the_landing}
same = [replicates_of(estimator, 0.6)[1] for estimator in (reparametrized, entropy_by_formula)]
print("largest difference of the first two gradients, draw by draw:", (same[0] - same[1]).abs().max().item())
assert torch.allclose(*same, atol=1e-12)

# %%
s, at = torch.linspace(0.25, 1.1, 100, dtype=DOUBLE), torch.tensor([0.35, 0.5, 0.5**0.5, 0.9], dtype=DOUBLE)
gradient = {"all sampled": 4 * s**2, "entropy by formula": 4 * s**2, "KL by formula": s**2, "sticking the landing": (1 / s - 2 * s) ** 2}
value = {"all sampled": 2 * (0.5 - s**2) ** 2, "entropy by formula": 2 * s**4, "KL by formula": s**2 + s**4 / 2}
found = {name: [replicates_of(way, v) for v in at.tolist()] for name, way in ways.items()}
dots, value_dots = ({name: torch.stack([pair[i].var() for pair in pairs]) for name, pairs in found.items()} for i in (1, 0))
show(figures.three_ways(s, gradient, value, at, dots, value_dots, 0.5**0.5),
     alt="Left, variance of the gradient of m over the scale of q: all sampled and entropy by formula coincide at 4 s squared, KL by formula is a quarter of it, sticking the landing falls to zero at the posterior. "
         "Right, variance of the value: all sampled is zero at the posterior, where the other two are not. Measured dots lie on all curves.")

# %%
# Run this cell to compare it with your prediction.
reveal("06_7", "of neither")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# Not at all: the first two *gradients* are identical, draw by draw. For a location-scale family the sampled $-\log q(t_\phi(\epsilon)) = \tfrac12\epsilon^2 + \log s + \text{const}$ has the gradient $(0, 1)$ without any noise; there was nothing to remove. The *values* differ, and the formula's
# is not always the quieter: at the posterior all-sampled is $\log p(x)$ for every draw, since $\log w$ is constant; with the entropy by formula the noise of $\log p$ stands alone.
#
# </details>
#
# So: an analytic KL helps here, by a factor of four in the gradient of $m$ at every $s$. It does not help where the noise of the prior and that of the likelihood would cancel; it never takes the variance to zero at the posterior, as unit 09 will; and it makes the *value* noisier just where the fit is good.
# In a variational autoencoder it is used mostly because it is simple.
#
# ## 8. When t has no formula
#
# A Gamma variable has no map from noise that anyone can write down; the same is true for Beta, Student, von Mises, mixtures. There is always *some* map: $z = F_\phi^{-1}(u)$ with u uniform and F the distribution function. We cannot compute the inverse nicely, but we need only its **derivative**. The level
# $F_\phi(z) = u$ stays put while $\phi$ moves, so by the chain rule
#
# $$\frac{\partial F_\phi(z)}{\partial\phi} + q_\phi(z)\,\frac{dz}{d\phi} = 0 \qquad\Longrightarrow\qquad \boxed{\;\frac{dz}{d\phi} = -\frac{\partial F_\phi(z)/\partial\phi}{q_\phi(z)}\;}$$
#
# Any way of drawing z will do, rejection samplers included. *Check*: for a Gaussian, $F = \Phi((z - m)/s)$, so $\partial F/\partial m = -q$ and $dz/dm = 1$; $\partial F/\partial s = -q\,(z - m)/s$, so $dz/ds = \epsilon$. The old rule is a special case.
#
# For the **Gamma**, the rate is a scale, $z = g/\beta$, and only the concentration $\alpha$ needs the box. A **Beta** variable is a ratio of two Gammas, $z = g_1/(g_1 + g_0)$: explicit on top, implicit below.
#
# > **Predict 8.** What is the average of $dg/d\alpha$ over draws $g \sim \mathrm{Gamma}(\alpha, 1)$? (No calculation is needed.)

# %%
predict("06_8", number=True)

# %%
def slope(alpha, z=None, eps=None):
    """(z, dz / dalpha) of the course's implicit map, at given noise or at given z."""
    eps = Normal(0, 1).icdf(torch.from_numpy(gammainc(alpha, z.numpy()))) if eps is None else eps
    concentration = torch.full_like(eps, alpha).requires_grad_()
    z = gamma_quantile(concentration, eps)
    return z.detach(), torch.autograd.grad(z.sum(), concentration)[0]


for alpha in (0.5, 2.0, 20.0):
    z, dz = slope(alpha, eps=noise[:50_000])
    compare(f"alpha = {alpha}: mean of dz / dalpha", *mean_of(dz), 1.0)
    compare(f"alpha = {alpha}: mean of (dz / dalpha) / z", *mean_of(dz / z), torch.special.polygamma(1, torch.tensor(alpha)).item())
    theirs = torch._standard_gamma_grad(torch.full_like(z, alpha), z)              # what Gamma(...).rsample() uses in torch
    print(f"alpha = {alpha}: largest relative difference from torch's own slope {((dz - theirs) / theirs).abs().max():.0e}")

# %%
# Run this cell to compare it with your prediction.
reveal("06_8", 1)

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# 1, since $\mathbb E g = \alpha$ and the implicit gradient is unbiased for every smooth function, $f(g) = g$ among them. Likewise the average of $(dg/d\alpha)/g$ is $\psi'(\alpha)$, because $\mathbb E\log g = \psi(\alpha)$.
#
# </details>

# %%
z, change, levels = torch.linspace(0.01, 8, 300, dtype=DOUBLE), 0.6, torch.tensor([0.15, 0.4, 0.65, 0.9], dtype=DOUBLE)
cdfs = {f"alpha = {a}": torch.from_numpy(gammainc(a, z.numpy())) for a in (2.0, 2.0 + change)}
at, dz = slope(2.0, eps=Normal(0, 1).icdf(levels))
moves = list(zip(levels.tolist(), at.tolist(), (at + change * dz).tolist(), strict=True))
slopes = {}
for alpha in (0.5, 2.0, 20.0):
    at, dz = slope(alpha, eps=torch.linspace(-2.5, 2.5, 40, dtype=DOUBLE))
    slopes[f"alpha = {alpha}"] = (at / alpha, dz, torch._standard_gamma_grad(torch.full_like(at, alpha), at))
show(figures.gamma_shift(z, cdfs, moves, slopes),
     alt="Left: distribution functions of Gamma variables with alpha 2 and 2.6; at four levels a horizontal arrow, the implicit slope times the change, leads from the first curve almost exactly onto the second. Right: "
         "the slope over z for three concentrations, all rising; torch's own approximation lies on the lines as dots.")

# %% [markdown]
# ### Aside: two posteriors that are known
#
# **Deaths by horse kick.** Bortkiewicz counted them in Prussian cavalry corps, 1875 to 1894: of 200 corps-years 109 had none, 65 had one, 22 two, 3 three and 1 four. With $z \sim \mathrm{Gamma}(1, 1)$ and Poisson counts the posterior is $\mathrm{Gamma}(1 + 122, 1 + 200)$.
#
# **Benign or not.** 357 of the 569 patients were benign. With a uniform prior on the share z, the posterior is $\mathrm{Beta}(358, 213)$.

# %%
class HorseKicks(Model):
    latent_dim, data_dim, local = 1, 1, False

    def log_factors(self, x, z):
        likelihood = (x.sum() * z.log() - len(x) * z).sum(-1) - torch.lgamma(x + 1).sum()
        return {"prior": -z.sum(-1), "likelihood": likelihood}


class Benign(Model):
    latent_dim, data_dim, local = 1, 1, False

    def log_factors(self, x, z):
        return {"likelihood": (x.sum() * z.log() + (len(x) - x.sum()) * (-z).log1p()).sum(-1)}


# %%
kicks = torch.repeat_interleave(torch.arange(5, dtype=DOUBLE), torch.tensor([109, 65, 22, 3, 1])).unsqueeze(-1)
labels, four = patients[:, -1:], torch.tensor([4.0], dtype=DOUBLE)
fits = {"kicks": (HorseKicks(), GammaMeanField(1, four, four + 0.5), kicks), "benign": (Benign(), BetaMeanField(1, four + 1, four + 1), labels)}
for name, (p, q, data) in fits.items():
    fit(p, q, data, sticking_the_landing, steps=1500, num_samples=4, learning_rate=0.1, progress=False)
    print(f"{name:7s}", {key: round(value.exp().item(), 3) for key, value in q.named_parameters()}, end="   ")
    print(f"ELBO {reparametrized(p, q, data, 100, generator=seeded(0)).item():.5f}")
print(f"exact   concentration 123, rate 201, log evidence {math.lgamma(123) - 123 * math.log(201) - torch.lgamma(kicks + 1).sum().item():.5f}")
print(f"exact   a 358, b 213, log evidence {math.lgamma(358) + math.lgamma(213) - math.lgamma(571):.5f}")

# %%
(p, gamma, _), (_, beta, _) = fits["kicks"], fits["benign"]
rate, share = torch.linspace(0.4, 0.85, 200, dtype=DOUBLE), torch.linspace(0.54, 0.72, 200, dtype=DOUBLE)
with torch.no_grad():
    panels = [("Horse kicks", "deaths per corps and year", rate, Gamma(123.0, 201.0).log_prob(rate).exp(), gamma(None, rate[:, None]).exp()),
              ("Breast cancer", "share of benign", share, Beta(358.0, 213.0).log_prob(share).exp(), beta(None, share[:, None]).exp())]
show(figures.posteriors(panels),
     alt="Two posterior densities, a Gamma for the rate of deaths by horse kick and a Beta for the share of benign diagnoses. The fitted curves lie on the exact ones.")

# %% [markdown]
# The step size was fixed, and still the fits close in on the exact answer instead of hovering around it. The estimator was sticking the landing, whose noise vanishes at an exact fit for any reparametrization, implicit ones
# included; that is unit 09. Is the estimator the reason? We vary it alone, over 400 steps, when neither fit is quite at rest:

# %%
def off_by(estimator, seed):
    """|log of the fitted concentration over the exact one|, after the same fixed steps."""
    q = GammaMeanField(1, four, four + 0.5)
    fit(HorseKicks(), q, kicks, estimator, steps=400, num_samples=4, learning_rate=0.1, seed=seed, progress=False)
    return abs(next(q.parameters()).item() - math.log(123))


pairs = [(off_by(reparametrized, seed), off_by(sticking_the_landing, seed)) for seed in range(6)]
print("concentration off by, total derivative against sticking the landing:", [f"{a:.1%} {b:.1%}" for a, b in pairs])
claim("sticking the landing ends nearer to the exact concentration", [a - b for a, b in pairs], sign=+1)

# %% [markdown]
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | `sample` for `rsample`, a stray `detach` or `no_grad` | q does not learn, or drifts: the mean gradient is the naive one, zero | the gradient at fixed noise |
# | the sign of the log determinant | a "bound" above the evidence, scales that explode | the integral of q over a grid; the density against a library's |
# | `log_scale` used as a scale, or as a variance | everything trains, to the wrong width | the toy: s must reach 0.707 |
# | $\log q$ computed from detached numbers | q shrinks to a point | the gradient of log s: off by 1, the entropy's share |
# | one noise vector for the whole batch | right on average, minibatch gradients far too noisy | the variance over the batch |
# | frozen noise, full covariance | a beautiful smooth curve, far above the evidence | the bound with fresh noise |
# | a jump in f (threshold, argmax, rounding) | a gradient of zero, without noise | the score function's mean, or a finite difference of the average |
# | rows of $C$ against columns, $\epsilon^\top C$ for $C\epsilon$ | the right variances, the wrong correlations | the covariance of many samples |
# | differentiating a rejection sampler | a gradient that is biased, slightly | the mean of $dz/d\alpha$ must be 1 |
#
# ## Side by side
#
# | | score function (unit 05) | pathwise | pathwise, KL by formula | implicit | sticking the landing (unit 09) |
# |---|---|---|---|---|---|
# | needs | samples, $\log q$ | $z = t_\phi(\epsilon)$, $\nabla_z f$ | a pair with a known KL | F, its slope in $\phi$, the density | a frozen $\log q$ |
# | discrete z, jumps in f | yes | **no**: wrong | no | no | no |
# | variance on a quadratic, for m | $2c^2 + \tfrac32a^2s^2$ at best | $a^2s^2$ | depends on the model | as pathwise | $(1/s + as)^2$, with $\log q$ |
# | grows with D (independent coordinates) | like $D^2$, unless Rao-Blackwellized | no | no | no | no |
# | f that turns within the width of q | bounded by the height of f | grows with the slope | the same | the same | the same |
# | variance at q = posterior, toy, for m | see section 4 | $4s^2 = 2$ | $s^2 = \tfrac12$ | Fisher information | 0 |
# | families | all whose support does not move with $\phi$ | Gaussians, flows | wherever the KL is known: Gaussian, Gamma, Beta, Dirichlet | Gamma, Beta, Student, mixtures | all that have a path |
#
# ## What to remember
#
# 1. Write $z = t_\phi(\epsilon)$ with noise that has no parameters, and the gradient goes inside the average. The density goes along: divide by the stretch.
# 2. On a quadratic the pathwise variance is $a^2s^2$; the score function's is larger even with the best baseline. Near a smooth optimum, use the path.
# 3. Slopes speak of infinitesimal moves. Where $f$ is rough at the scale of $q$ the score function is quieter, and where $f$ jumps the pathwise gradient is wrong. Where the *support* moves with $\phi$, the score function is wrong.
# 4. Frozen samples: with $K \le D$ a full covariance runs away; with more, the "bound" exceeds the evidence by a computable amount. Fresh noise cures it.
# 5. A closed-form entropy removes no gradient noise from a location-scale family. A closed-form KL may.
# 6. No formula for t is needed, only $dz/d\phi = -(\partial F/\partial\phi)/q$.
#
# **Next**: [the problem set](../notebooks/06_reparametrization/06_reparametrization.ipynb); then [unit 08, variational families](08_variational_families.ipynb), or, for discrete latents, [unit 07](07_discrete_relaxations.ipynb).
#
# ## Further reading
#
# - D. P. Kingma, M. Welling. *Auto-encoding variational Bayes.* International Conference on Learning Representations, 2014. arXiv:1312.6114.
# - D. J. Rezende, S. Mohamed, D. Wierstra. *Stochastic backpropagation and approximate inference in deep generative models.* International Conference on Machine Learning, 2014. arXiv:1401.4082.
# - M. Titsias, M. Lázaro-Gredilla. *Doubly stochastic variational Bayes for non-conjugate inference.* International Conference on Machine Learning, 2014.
# - S. Mohamed, M. Rosca, M. Figurnov, A. Mnih. *Monte Carlo gradient estimation in machine learning.* Journal of Machine Learning Research 21(132), 2020. The survey of all three families of estimators, with more targets on which one or the other wins.
# - M. Figurnov, S. Mohamed, A. Mnih. *Implicit reparameterization gradients.* Advances in Neural Information Processing Systems 31, 2018. arXiv:1805.08498.
# - M. Jankowiak, F. Obermeyer. *Pathwise derivatives beyond the reparameterization trick.* International Conference on Machine Learning, 2018. arXiv:1806.01851.
# - M. Xu, M. Quiroz, R. Kohn, S. A. Sisson. *Variance reduction properties of the reparameterization trick.* International Conference on Artificial Intelligence and Statistics, 2019.
# - P. Parmas, C. E. Rasmussen, J. Peters, K. Doya. *PIPPS: flexible model-based policy search robust to the curse of chaos.* International Conference on Machine Learning, 2018. Where pathwise gradients explode.
# - R. Giordano, M. Ingram, T. Broderick. *Black box variational inference with a deterministic objective: faster, more accurate, and even more black box.* Journal of Machine Learning Research 25, 2024. Frozen samples, used on purpose.
# - G. Papamakarios, E. Nalisnick, D. J. Rezende, S. Mohamed, B. Lakshminarayanan. *Normalizing flows for probabilistic modeling and inference.* Journal of Machine Learning Research 22(57), 2021.
# - L. von Bortkiewicz. *Das Gesetz der kleinen Zahlen.* Teubner, 1898. The horse kicks.

# %%
tally("06")
