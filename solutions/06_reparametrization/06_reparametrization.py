# %% [markdown] locked="06_header"
# # Problem set 06: Reparametrization
#
# You turn samples into functions of noise, and gradients into averages that can be taken. By the end you will have
#
# - written a sample that remembers its parameters, and the density that goes with it,
# - built the gradient that trains nearly every variational autoencoder, and two variants of it with half of the work done by formula,
# - predicted the noise of two estimators exactly, and found a target where the famous one loses,
# - driven an objective to infinity with frozen samples, on purpose,
# - differentiated a Gamma variable whose map from noise nobody can write down,
# - met an objective on which both famous gradients are wrong, and repaired both,
# - told three estimators apart by nothing but their draws.
#
# **Time**: about four hours and a quarter; each exercise says its own. **Read first**: [the lecture](../../lectures/06_reparametrization.ipynb). Exercise 2 uses 1, and 3 uses 2; 4 and 5 belong
# together; 9 is quicker with 8 done; 6, 7 and 8 stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random inputs and compares numbers: the *value*, the *gradient*
# at given noise, and the *average* over all noise (by quadrature, so that chance has no say). If something is off, the report says what came, what was expected, and which
# mistake it looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** $z = t_\phi(\epsilon)$ with $\epsilon \sim N(0, I)$, and $\log w = \log p(x, z) - \log q_\phi(z)$. Axes are samples, batch, event: noise and z are
# $(K, B, D)$, data $(B, D)$, log densities $(K, B)$, and an estimate of the ELBO is one number for each datum, $(B)$. B stands for any number of batch axes, none included (stubs write `*B`). `log_scale` is $\log \sigma$, the
# logarithm of the *standard deviation*.

# %% locked="06_setup"
import itertools
import math

import torch
from torch import Tensor
from torch.distributions import Gamma, Normal

from autograder import check, sealed_case
from autograder.units.unit_06 import targets
from course_vi.exact import gauss_hermite
from course_vi.families import FullRank
from course_vi.gradients import reparametrized
from course_vi.models import ConjugateToy
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. A sample, and its density
#
# *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# Turn standard normal noise into samples from $N(\mu, \mathrm{diag}(\sigma^2))$, and say how dense q is where they land:
#
# $$z = \mu + \sigma \odot \epsilon, \qquad
#   \log q(z) = \log N(\epsilon; 0, I) - \log\left|\det \frac{\partial z}{\partial \epsilon}\right| .$$
#
# You get `loc` and `log_scale`, $(B, D)$ or just $(D)$, and noise `eps`, $(K, B, D)$ or $(K, D)$. Return the pair `(z, log_q)`: $(K, B, D)$ and $(K, B)$. Both must stay connected to the
# parameters: nothing is detached.

# %% exercise="06_location_scale"
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Samples z, (K, *B, D), and their log density log q(z), (K, *B).

    loc, log_scale: (*B, D). eps: (K, *B, D), standard normal.
    """
    ### BEGIN SOLUTION
    z = loc + log_scale.exp() * eps
    log_noise = -0.5 * eps.square() - 0.5 * math.log(2 * math.pi)
    return z, (log_noise - log_scale).sum(-1)
    ### END SOLUTION


# %% check="06_location_scale"
check("06_location_scale", location_scale)

# %% [markdown]
# **Against torch.** The same density from `torch.distributions`, at your samples: the difference should be rounding.

# %%
with when_written():
    loc, log_scale, eps = torch.randn(3, 2, generator=seeded(0)), torch.randn(3, 2, generator=seeded(1)), torch.randn(5, 3, 2, generator=seeded(2))
    z, log_q = location_scale(loc, log_scale, eps)
    print("largest difference from Normal.log_prob:", (log_q - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).abs().max().item())

# %% [markdown]
# <details><summary>Symptom: z is right, but the density is off by a number that depends on log_scale alone</summary>
#
# Which way does the Jacobian go? Where the map stretches, the same probability covers more ground. The density must get *thinner*.
#
# </details>
# <details><summary>Symptom: the values are right, the gradient of z is zero</summary>
#
# `Normal(...).sample()` draws under `no_grad`; so does anything with `.detach()` or `.data`. Use the noise you were given, in a formula.
#
# </details>
# <details><summary>Symptom: the shape of log q is (K, B, D)</summary>
#
# That is one number for each coordinate. The determinant of a diagonal matrix is a product; its logarithm is a sum over the last axis.
#
# </details>

# %% [markdown] solution_only="06_location_scale"
# **Change of variables.** A little box of noise with volume $d\epsilon$ and probability $N(\epsilon; 0, I)\,d\epsilon$ lands on a box of volume $|\det \partial z/\partial\epsilon|\,d\epsilon$. The probability is the same, so
# the density is divided by the stretch. Here $\partial z/\partial\epsilon = \mathrm{diag}(\sigma)$, and $\log\det = \sum_d \log \sigma_d$.
#
# **Notice** the *total* gradient of `log_q`: it is $(0, -1)$ for $(\mu, \log\sigma)$, whatever the noise was. Along with its parameters, z has moved to a place where q looks the same. So for a
# location-scale family the sampled entropy has a gradient **without any noise**; exercise 3 comes back to it. `Normal(loc, log_scale.exp()).log_prob(z)` gives the same numbers and the same gradient, by a detour
# through $(z - \mu)/\sigma$.

# %% [markdown]
# ## 2. The pathwise gradient of the ELBO
#
# *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# $$\hat L = \frac1K \sum_{k=1}^K \big[\log p(x, z_k) - \log q_\phi(z_k)\big], \qquad z_k = t_\phi(\epsilon_k), \qquad \hat g = \nabla_\phi \hat L .$$
#
# Write the estimate so that backward gives its gradient: all of it, through the sample *and* through the density. `p.log_joint(x, z)` gives $(K, B)$. Return $(B)$: the bound itself, not a loss.

# %% exercise="06_pathwise_elbo"
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """The ELBO estimate, (*B), whose gradient in loc and log_scale is the pathwise one.

    p: a model with log_joint(x, z) -> (K, *B). loc, log_scale, x: (*B, D). eps: (K, *B, D), standard normal.
    """
    ### BEGIN SOLUTION
    z, log_q = location_scale(loc, log_scale, eps)
    return (p.log_joint(x, z) - log_q).mean(0)
    ### END SOLUTION


# %% check="06_pathwise_elbo"
check("06_pathwise_elbo", pathwise_elbo)

# %% [markdown]
# <details><summary>Symptom: the value is right, and the average gradient is zero</summary>
#
# You have met this gradient in unit 03. z does not move when the parameters do, so all that is left is the score. Where did z lose its graph?
#
# </details>
# <details><summary>Symptom: the gradient of loc is right, that of log_scale is too small by one</summary>
#
# One is the gradient of the entropy, $\log\sigma$ plus a constant. Is $\log q$ a plain number in your code?
#
# </details>
# <details><summary>Symptom: the report says that I have found unit 09</summary>
#
# Then your gradient is unbiased, and it is another estimator: some parameters are frozen inside $\log q$. Here nothing is.
#
# </details>

# %% [markdown] solution_only="06_pathwise_elbo"
# **Why it is unbiased.** The noise has a distribution without parameters, so the gradient may go inside the average: $\nabla_\phi\,\mathbb E_\epsilon[\log w] = \mathbb E_\epsilon[\nabla_\phi \log w]$. Everything that the parameters touch is inside.
#
# **By hand, on the toy.** $\nabla_z \log p = x - 2z$, and the gradient of the sampled entropy is $(0, 1)$: $\hat g_\mu = x - 2z$ and $\hat g_{\log\sigma} = (x - 2z)\,\sigma\epsilon + 1$. Their means are $x - 2\mu$ and $1 - 2\sigma^2$: zero at the
# posterior $N(x/2, 1/2)$.

# %% [markdown]
# **The figure to aim for**: the exact posteriors of 64 data of the toy. The second cell climbs with your function, with fresh noise at each step, each datum with its own q, and puts dots on these lines.

# %%
x_seen = torch.linspace(-3, 3, 64, dtype=torch.float64).unsqueeze(-1)
show(targets.posteriors(x_seen), alt="Left: the line x / 2, the exact posterior mean over the datum. Right: the constant 0.707, the exact posterior standard deviation.")

# %%
loc, log_scale = (torch.zeros(64, 1, dtype=torch.float64, requires_grad=True) for _ in range(2))
with when_written():
    climber, generator = torch.optim.Adam([loc, log_scale], lr=0.02), seeded(0)
    for _ in range(400):
        climber.zero_grad()
        eps = torch.randn(8, 64, 1, generator=generator, dtype=torch.float64)
        (-pathwise_elbo(ConjugateToy(), loc, log_scale, x_seen, eps).sum()).backward()
        climber.step()
    show(targets.posteriors(x_seen, loc.detach(), log_scale.detach()),
         alt="Left: the fitted means lie on the line x / 2. Right: the fitted standard deviations lie close to 0.707, with some noise.")

# %% [markdown]
# ## 3. Entropy and KL in closed form
#
# *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# The same bound can be estimated in three ways:
#
# $$\begin{aligned}
#  \hat L_1 &= \tfrac1K \textstyle\sum_k \big[\log p(x, z_k) - \log q(z_k)\big] & &\text{all sampled} \\
#  \hat L_2 &= \tfrac1K \textstyle\sum_k \log p(x, z_k) \;+\; \mathbb H[q] & &\text{entropy by formula} \\
#  \hat L_3 &= \tfrac1K \textstyle\sum_k \log p(x \mid z_k) \;-\; \mathrm{KL}(q \,\|\, N(0, I)) & &\text{KL by formula}
# \end{aligned}$$
#
# The prior of `p` is $N(0, I)$, and `p.log_factors(x, z)["likelihood"]` is $\log p(x \mid z)$, $(K, B)$. Return the three, stacked: $(3, B)$, in this order, each with its gradient.
#
# **Predict, before you compare their gradients**: for $\log\sigma$, at fixed noise, which two of the three gradients are *identical*? And which of the three is the noisiest when $q$ is narrow?

# %% exercise="06_three_ways"
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Three estimates of the ELBO from the same samples, (3, *B): all sampled, entropy by formula, KL to N(0, I) by formula.

    p: a model with prior N(0, I), log_joint(x, z) and log_factors(x, z)["likelihood"], (K, *B) each. The rest as in exercise 2.
    """
    ### BEGIN SOLUTION
    z, log_q = location_scale(loc, log_scale, eps)
    log_p = p.log_joint(x, z)
    entropy = (log_scale + 0.5 * (1 + math.log(2 * math.pi))).sum(-1)
    kl = 0.5 * ((2 * log_scale).exp() + loc.square() - 1 - 2 * log_scale).sum(-1)
    likelihood = p.log_factors(x, z)["likelihood"]
    return torch.stack([(log_p - log_q).mean(0), log_p.mean(0) + entropy, likelihood.mean(0) - kl])
    ### END SOLUTION


# %% check="06_three_ways"
check("06_three_ways", elbo_three_ways)

# %% [markdown]
# **Predict and measure.** On the toy, with $z = m + s\epsilon$, differentiate each row in $\log s$ by hand; use $\operatorname{Var}\epsilon = 1$, $\operatorname{Var}\epsilon^2 = 2$. Put your variances, as functions of $m$, $s$ and $x$, into the next cell, and compare. The lecture did this for $m$, where the
# KL by formula took away three quarters of the variance, at every $s$. Does it here?

# %%
def my_variances(s: float, m: float = 0.3, x: float = 2.0) -> tuple[float, float, float]:
    """The variance of the one-sample gradient of log s, for the three rows."""
    return float("nan"), float("nan"), float("nan")            # your formulas here


with when_written():
    for s in (0.2, 0.5**0.5, 1.0):
        m, log_s = (torch.full((20_000, 1), v, dtype=torch.float64, requires_grad=True) for v in (0.3, math.log(s)))
        noise = torch.randn(1, 20_000, 1, generator=seeded(1), dtype=torch.float64)
        rows = elbo_three_ways(ConjugateToy(), m, log_s, torch.full((20_000, 1), 2.0, dtype=torch.float64), noise)
        measured = [torch.autograd.grad(row.sum(), log_s, retain_graph=True)[0].var().item() for row in rows]
        print(f"s = {s:.3f}   you predicted {[f'{v:.3f}' for v in my_variances(s)]}   measured {[f'{v:.3f}' for v in measured]}")

# %% [markdown]
# <details><summary>Symptom: the second row is off by one half for each coordinate</summary>
#
# $-\mathbb E \log q$ of a normal has two parts that are not $\log\sigma$: $\tfrac12 \log 2\pi$, and the mean of $\tfrac12 \epsilon^2$.
#
# </details>
# <details><summary>Symptom: the third row is off by a number that depends on z</summary>
#
# The prior is in `log_joint` already. The KL carries it for the third row; what goes with it is the likelihood alone.
#
# </details>
# <details><summary>Symptom: the third row is off by something large</summary>
#
# Sign, or direction? $\mathrm{KL}(q\,\|\,p)$ averages under q, so the variances of *q* are in the numerator. It is subtracted.
#
# </details>

# %% [markdown] solution_only="06_three_ways"
# **The formulas.** $\mathbb H[q] = \sum_d \log\sigma_d + \tfrac12(1 + \log 2\pi)$ and $\mathrm{KL}(q\,\|\,N(0, I)) = \tfrac12 \sum_d \sigma_d^2 + \mu_d^2 - 1 - 2\log\sigma_d$.
#
# **Notice** that the first two rows have the *same gradient*, draw by draw. The sampled $\log q$ has a gradient without noise (exercise 1), so there was nothing for the formula to remove. The closed-form
# entropy makes the *value* of the estimate different, and not always quieter: at the posterior the first row is $\log p(x)$ for every draw, while the second keeps the noise of $\log p$.
#
# **The prediction.** In $\log s$ the first two rows have the gradient $(x - 2z)\,s\epsilon + 1 = (x - 2m)\,s\epsilon - 2s^2\epsilon^2 + 1$, with variance $(x - 2m)^2s^2 + 8s^4$. The third has $(x - z)\,s\epsilon + 1 - s^2$, with variance $(x - m)^2s^2 + 2s^4$. In the second term
# the formula removes three quarters; in the first it may *add*: for $m = 0.3$, $x = 2$ the third row is the noisiest as long as $1.7^2 + 2s^2 > 1.4^2 + 8s^2$, that is, for $s < 0.39$. The reason is in the numbers: at $m$ the prior pulls by $-m$ and the likelihood by $x - m$. Sampled together
# they partly cancel; by formula, the noise of the likelihood stands alone. At $m = x/2$ they cancel completely. "By formula" is no synonym of "less noise", and sticking the landing (unit 09), which leaves nothing at all at the posterior, samples everything.

# %% [markdown]
# **A tool for the next two exercises.** Gauss and Hermite's rule gives points and weights with $\mathbb E\, g(\epsilon) = \sum_i w_i\, g(\epsilon_i)$ for standard normal $\epsilon$; with 16 points it is exact for polynomials up to degree 31.

# %%
points, weights = gauss_hermite(16)
print("E eps^2, ^4, ^6, ^8:", [round((weights * points**power).sum().item(), 6) for power in (2, 4, 6, 8)])

# %% [markdown]
# ## 4. S5: both variances, predicted
#
# *Difficulty* 4/5 · *Importance* 5/5 · 35 minutes
#
# Take a target that is simple enough for paper: $f(z) = \tfrac a2 z^2 + b z$ and $z \sim N(m, s^2)$. We want the gradient of $\mathbb E f$ in $m$ and in $\log s$, from **one** sample $z = m + s\epsilon$:
#
# | | gradient of m | gradient of log s |
# |---|---|---|
# | pathwise | $f'(z)$ | $f'(z)\, s\,\epsilon$ |
# | score function | $f(z)\,\epsilon / s$ | $f(z)\,(\epsilon^2 - 1)$ |
# | score function with baseline $\beta$ | $(f(z) - \beta)\,\epsilon / s$ | $(f(z) - \beta)\,(\epsilon^2 - 1)$ |
#
# Return the six variances as a table $(3, 2)$, **before** any measurement: no sampling. In the third row each column has its own constant $\beta$, the one that makes the variance smallest,
# $\beta^\star = \mathbb E[f S^2] / \mathbb E[S^2]$, where S is the score ($\epsilon/s$, or $\epsilon^2 - 1$).
#
# It helps to write $f = h_0 + h_1\epsilon + h_2\epsilon^2$ first, and to know $\mathbb E\epsilon^2, \epsilon^4, \epsilon^6, \epsilon^8 = 1, 3, 15, 105$. (Or
# let the rule above do the sums.)

# %% exercise="06_predicted_variances"
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    """Variances of one-sample gradients of E f, f(z) = a z^2 / 2 + b z, z ~ N(m, s^2), as (3, 2).

    Rows: pathwise; score function; score function with the best constant baseline for each column. Columns: m, log s.
    """
    ### BEGIN SOLUTION
    u, v, w = a * m**2 / 2 + b * m, s * (a * m + b), a * s**2 / 2

    def score(level_m: float, level_s: float) -> list[float]:
        return [(level_m**2 + 2 * v**2 + 15 * w**2 + 6 * level_m * w) / s**2,
                2 * level_s**2 + 10 * v**2 + 74 * w**2 + 20 * level_s * w]

    pathwise = [4 * w**2 / s**2, v**2 + 8 * w**2]
    return torch.tensor([pathwise, score(u, u), score(-3 * w, -5 * w)], dtype=torch.float64)
    ### END SOLUTION


# %% check="06_predicted_variances"
check("06_predicted_variances", predicted_variances)

# %% [markdown]
# **Prediction and measurement, side by side.** The next cell draws 200,000 gradients of each kind and puts their variances beside your table. The last column is
# (measured - predicted) / standard error, the z-score $t$: beyond 4.5 something is wrong. **The figure to aim for** comes first: the curves for m from the lecture, and an empty panel for log s.

# %%
show(targets.quadratic(),
     alt="Left: three dotted curves, the variances of the gradient of m over the scale s. Right: an empty panel that says: yours to predict.")

# %%
def one_sample_gradients(f, m: float, s: float, eps: Tensor) -> Tensor:
    """Pathwise and score-function gradients of E f in (m, log s), one row per draw: (2, R, 2)."""
    z = (m + s * eps).requires_grad_()
    value = f(z)
    slope = torch.autograd.grad(value.sum(), z)[0]
    value, z = value.detach(), z.detach()
    return torch.stack([torch.stack([slope, slope * s * eps], -1), torch.stack([value * eps / s, value * (eps**2 - 1)], -1)])


def with_standard_error(gradients: Tensor) -> tuple[Tensor, Tensor]:
    squares = (gradients - gradients.mean(-2, keepdim=True)).square()
    return squares.mean(-2), squares.std(-2) / squares.shape[-2] ** 0.5


many = torch.randn(200_000, generator=seeded(6), dtype=torch.float64)
with when_written():
    for a, b, m, s in ((1.0, -2.0, 0.5, 0.7), (-2.0, 0.5, -1.0, 1.5)):
        variance, error = with_standard_error(one_sample_gradients(lambda z, a=a, b=b: a * z**2 / 2 + b * z, m, s, many))
        table = predicted_variances(a, b, m, s)
        for row, name in enumerate(("pathwise", "score function")):
            for column, of in enumerate(("m", "log s")):
                z_score = (variance[row, column] - table[row, column]) / error[row, column]
                print(f"{name:14s} gradient of {of:5s} measured {variance[row, column]:8.3f} ± {error[row, column]:.3f}"
                      f"   predicted {table[row, column]:8.3f}   t = {z_score:+.1f}")

# %%
with when_written():
    show(targets.quadratic(predicted_variances),
         alt="Variances of both gradients over the scale s of q, on log axes, for f = z^2/2 - 2z at m = 0.5; your curves lie on the dotted ones. For the mean the pathwise variance grows as s squared; the score function's is large at "
             "both ends. With the best baseline it comes down, and stays above the pathwise curve everywhere. The same holds for log s.")

# %% [markdown]
# <details><summary>Symptom: the first row is right, the second is not, and depends on where f(m) lies</summary>
#
# Adding a constant to f changes no gradient of $\mathbb E f$. Does it change the score function's *variance*? It must: $h_0\,\epsilon/s$ is pure noise. The terms with $h_0$ are $h_0^2$ and a cross term with $h_2$.
#
# </details>
# <details><summary>Symptom: the column of log s is off by s squared</summary>
#
# $\partial z/\partial \log s = s\,\epsilon$, and $\partial \log q/\partial\log s = \epsilon^2 - 1$. No further s in the second.
#
# </details>
# <details><summary>Symptom: the third row is close, but too large</summary>
#
# The best baseline is not the mean of f. It weights f by the *squared score*, so it leans to where the score is large. And the two columns have different scores.
#
# </details>

# %% [markdown] solution_only="06_predicted_variances"
# In the code $u, v, w$ are $h_0 = f(m)$, $h_1 = s(am + b)$ and $h_2 = as^2/2$.
#
# **Pathwise.** $f'(z) = am + b + as\,\epsilon = (h_1 + 2h_2\epsilon)/s$, so $\operatorname{Var} = 4h_2^2/s^2 = a^2s^2$; times $s\epsilon$: $h_1\epsilon + 2h_2\epsilon^2$, with variance $h_1^2 + 8h_2^2 = s^2(c^2 + 2a^2s^2)$, where $c = am + b$.
#
# **Score function.** For $m$: $\mathbb E[(h_0 + h_1\epsilon + h_2\epsilon^2)^2\epsilon^2] = h_0^2 + 3h_1^2 + 15h_2^2 + 6h_0h_2$, minus the squared mean $h_1^2$, over $s^2$. For $\log s$: with $(\epsilon^2-1)^2 = \epsilon^4 - 2\epsilon^2 + 1$, whose averages against
# $1, \epsilon^2, \epsilon^4$ are 2, 10, 78: $2h_0^2 + 10h_1^2 + 78h_2^2 + 20h_0h_2$, minus the squared mean $(2h_2)^2$.
#
# **Baselines.** A baseline lowers $h_0$. The parabola $h_0^2 + 6h_0h_2$ is lowest at $h_0 = -3h_2$, so $\beta^\star = h_0 + 3h_2 = f(m) + \tfrac32 as^2$ for $m$; $2h_0^2 + 20h_0h_2$ at $h_0 = -5h_2$, so $\beta^\star = f(m) + \tfrac52 as^2$ for $\log s$. What remains is
# $2c^2 + \tfrac32a^2s^2$ and $10c^2s^2 + 6a^2s^4$.
#
# **Notice** that even with the best baselines the score function loses on *every* quadratic: $2c^2 + \tfrac32 a^2s^2 > a^2s^2$, and $10c^2s^2 + 6a^2s^4 > c^2s^2 + 2a^2s^4$. A quadratic is what a log joint looks like when the posterior is nearly Gaussian, which is why people
# say "always". The next exercise takes the always away.

# %% [markdown]
# ## 5. S5: a target where the score function wins
#
# *Difficulty* 4/5 · *Importance* 4/5 · 25 minutes
#
# The pathwise gradient sees the *slope* of f, the score function its *value*. Find a target where slopes are the worse guide. For given m and s, write a function that returns
#
# - `f`: a function without jumps (kinks are fine) from tensors to tensors of the same shape, any torch formula, with m and s in it if you like. It goes entry by entry: its value at a point depends on that entry alone, on no mean, maximum or order of the tensor;
# - `predicted`: a tensor $(2)$ with the variances of the one-sample gradients of $\mathbb E f$ **in m**: pathwise, then score function *without* a baseline.
#
# The pathwise variance must be at least **four times** the score function's, at any m and for s from 0.25 to 2.5. And there must be something to find: the **square of the mean gradient**, $\big(\frac{d}{dm}\mathbb E f\big)^2$, is at least **a tenth** of the score function's variance, so
# that ten samples see it at one standard error. (To be the quieter of two estimates of zero is no victory.) Each prediction must be right to 2 percent. The check computes both variances of your f by a fine quadrature. You
# may use a formula or a quadrature of your own (a rule that is fine enough!), no sampling.

# %% exercise="06_score_wins"
def score_wins(m: float, s: float) -> tuple:
    """(f, predicted): a target for z ~ N(m, s^2) on which the score function is the quieter estimator of the gradient in m.

    predicted: (2,), variances of one-sample gradients in m: pathwise, score function.
    """
    ### BEGIN SOLUTION
    frequency = 6 / s

    def f(z: Tensor) -> Tensor:
        return torch.cos(frequency * (z - m)) + (z - m) / (2 * s)           # a wave, on a slope

    turns = (frequency * s) ** 2
    twice = math.exp(-2 * turns)                                        # E cos(12 eps)
    pathwise = frequency**2 / 2 * (1 - twice)                           # the slope 1 / (2 s) has no variance
    wave = (1 + (1 - 4 * turns) * twice) / 2                            # E (eps cos(6 eps))^2; the cross term is odd
    score = (wave + 0.5) / s**2                                         # (3 - 1) / 4 from the slope
    return f, torch.tensor([pathwise, score], dtype=torch.float64)
    ### END SOLUTION


# %% check="06_score_wins"
check("06_score_wins", score_wins)

# %% [markdown]
# **Measure it.** Two hundred thousand draws on your own target, at three places.

# %%
with when_written():
    shown = []
    for m, s in ((0.0, 0.5), (1.0, 1.0), (-2.0, 2.0)):
        f, predicted = score_wins(m, s)
        variance, error = (v[:, 0] for v in with_standard_error(one_sample_gradients(f, m, s, many)))
        shown.append((m, s, f))
        for row, name in enumerate(("pathwise", "score function")):
            z_score = (variance[row] - predicted[row]) / error[row].clamp(min=1e-12)
            print(f"m = {m:4.1f}, s = {s:.1f}   {name:14s} measured {variance[row]:9.4f} ± {error[row]:.4f}   "
                  f"predicted {predicted[row]:9.4f}   t = {z_score:+.1f}")
    show(targets.own_target(*shown[1]), alt="Left: your target around the bulk of q, shaded. Right: the two one-sample gradients over the noise; the pathwise one swings further.")

# %% [markdown]
# <details><summary>Symptom: I cannot think of such a function</summary>
#
# One estimator is noisy where the *values* of f are large, the other where its *slopes* are large and differ. Sketch a curve whose values are small and whose slopes are not.
#
# </details>
# <details><summary>Symptom: it wins, and the check says that there is no gradient to find</summary>
#
# The mean gradient is the mean *slope*, and yours goes up as often as it goes down. It must also rise on the whole, and gently: what does that add to either variance?
#
# </details>
# <details><summary>Symptom: it wins for large s and not for small; or the prediction is off</summary>
#
# What matters is how often f turns within one standard deviation. If it is a wave on a slope, let its frequency know s. For the prediction, $\mathbb E\cos(t\epsilon) = e^{-t^2/2}$, $\mathbb E\,\epsilon^2\cos(t\epsilon) = (1 - t^2)\,e^{-t^2/2}$ and $\cos^2 = (1 + \cos 2\cdot)/2$; at a high frequency
# almost all of it dies out. If you use quadrature, note that 20 Hermite points cannot follow ten waves.
#
# </details>

# %% [markdown] solution_only="06_score_wins"
# **A wave on a slope.** For $f(z) = \cos(\omega(z - m)) + c\,(z - m)/s$, with $\tau = \omega^2s^2$: the pathwise estimate is $-\omega\sin(\omega s\epsilon) + c/s$, with mean $c/s$ and variance $\tfrac{\omega^2}2(1 - e^{-2\tau})$, to which the slope adds nothing; the score estimate is
# $(\cos(\omega s\epsilon) + c\,\epsilon)\,\epsilon/s$, with the same mean and variance $\tfrac1{s^2}\big(\tfrac12 + (\tfrac12 - 2\tau)e^{-2\tau} + 2c^2\big)$. For large $\tau$ the ratio is $\tau / (1 + 4c^2)$: it can be made as large as you please, while the signal, $c^2$ against
# $\tfrac12 + 2c^2$, stays where it is. A steep step does as well: it rises once, and its height is bounded.
#
# **What it means.** Slopes tell you about an *infinitesimal* move; a q of width s asks about moves of size s. Where f is smooth at that scale slopes are the better guide; where it is rough they are noise. Rough targets are real: a network with sharp
# activations, chaotic dynamics unrolled in time, a simulator with contacts.
#
# **Notice** that the score function's variance contains $1/s^2$ times the mean of $f^2\epsilon^2$: adding 100 to f would ruin it. "Wins" needs values that are small, or a baseline.

# %% [markdown]
# ## 6. Frozen samples, and how they run away
#
# *Difficulty* 4/5 · *Importance* 4/5 · 25 minutes
#
# Suppose that we draw $\epsilon_1, \dots, \epsilon_K$ **once** and maximize the resulting function of $\mu$ and $C$, with $z_k = \mu + C\epsilon_k$ and $C$ (`scale_tril`; the reports call it L) a lower triangular matrix with a positive diagonal:
#
# $$\hat{\mathcal L}(\mu, C) = \frac1K \sum_{k=1}^K \log p(x, \mu + C\epsilon_k) + \log\det C + \text{const}.$$
#
# It looks like an honest objective. It is not bounded: with $K \le D$ samples, $C$ can grow for ever in a direction that none of the samples shows. Prove it by construction. Given the frozen noise `eps`, $(K, D)$ with $K \le D$, and a number `log_det`, return
# `(loc, scale_tril)`, $(D)$ and $(D, D)$, such that
#
# - `scale_tril` is lower triangular with a positive diagonal and $\log\det C =$ `log_det`, to five digits;
# - the samples stay put: $\frac1K\sum_k \|z_k\|^2 \le \frac1K\sum_k \|\epsilon_k\|^2$, up to rounding (0.01), **however large `log_det` is** (it goes from 0 to 14 in the check).

# %% exercise="06_runaway"
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    """(loc, scale_tril), (D,) and (D, D), with log det scale_tril = log_det and samples loc + scale_tril @ eps_k that stay small.

    eps: (K, D), frozen noise, with K <= D. log_det: any number from 0 upwards.
    """
    ### BEGIN SOLUTION
    dim = eps.shape[1]
    stretch = math.exp(log_det)
    unknowns = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], -1)         # the last row of L, and the last mean
    solved = torch.linalg.lstsq(unknowns, -stretch * eps[:, -1:], driver="gelsd").solution[:, 0]
    loc, scale_tril = torch.zeros(dim, dtype=eps.dtype), torch.eye(dim, dtype=eps.dtype)
    loc[-1] = solved[-1]
    scale_tril[-1, :-1], scale_tril[-1, -1] = solved[:-1], stretch
    return loc, scale_tril
    ### END SOLUTION


# %% check="06_runaway"
check("06_runaway", runaway)

# %% [markdown]
# **What the optimizer sees, and what is true.** The target is $N(0, I)$ in four dimensions, three frozen samples. Left, your construction: the frozen objective and the exact ELBO, $-\mathrm{KL}(q\,\|\,N(0, I))$. Right, nobody constructs anything: Adam climbs with
# the same three samples, and with three *fresh* ones at each step.

# %%
frozen = torch.randn(3, 4, generator=seeded(3), dtype=torch.float64)


def frozen_and_true(loc: Tensor, root: Tensor) -> tuple[float, float]:
    """The objective of the frozen samples, and the exact ELBO, for the target N(0, I)."""
    z, log_det = loc + frozen @ root.T, root.diagonal().log().sum()
    squares = root.square().sum() + loc.square().sum()
    return (-0.5 * z.square().sum(-1).mean() + log_det + 0.5 * 4).item(), (-0.5 * squares + log_det + 0.5 * 4).item()


def train(redraw: bool, steps: int = 600) -> list[tuple[float, float]]:
    q, generator, seen = FullRank(4, torch.ones(4), torch.full((4,), -1.0)).double(), seeded(4), []
    climber, target = torch.optim.Adam(q.parameters(), lr=0.05), targets.standard_normal(4)
    for _ in range(steps):
        climber.zero_grad()
        noise = torch.randn(3, 4, generator=generator, dtype=torch.float64) if redraw else frozen
        (-reparametrized(target, q, torch.zeros(1, dtype=torch.float64), 3, noise=noise)).backward()
        climber.step()
        seen.append(frozen_and_true(q.loc.detach(), q.distribution().scale_tril.detach()))
    return seen


log_dets = [0.25 * k for k in range(17)]
with when_written():
    own = [frozen_and_true(*runaway(frozen, value)) for value in log_dets]
    show(targets.collapse(log_dets, own, train(redraw=False), train(redraw=True)),
         alt="Left: over log det C the frozen objective is a rising straight line, while the exact ELBO plunges. Right: climbing with three frozen samples, the objective rises without end and the exact ELBO falls; with "
             "fresh samples the exact ELBO rises to zero and stays there.")

# %% [markdown]
# <details><summary>Symptom: the samples run away together with C</summary>
#
# A diagonal $C$ cannot do it. One large entry is enough for the determinant. What can the other entries of its row do for the samples?
#
# </details>
# <details><summary>Symptom: I found a wide direction v with v'eps = 0, and took the Cholesky factor of the covariance</summary>
#
# Two roots of one covariance differ by a rotation, and a rotation mixes the noise: $C\epsilon$ is not $A\epsilon$. Solve for the rows of $C$ itself.
#
# </details>
# <details><summary>Symptom: it works for K &lt; D and not for K = D</summary>
#
# Say that the last row is the large one: it makes one number for each k, so there are K equations, and D - 1 free entries. There is one more free number that moves the last coordinate of all samples at once.
#
# </details>

# %% [markdown] solution_only="06_runaway"
# **The construction.** Keep $z_{kd} = \epsilon_{kd}$ for $d < D$. The last coordinate is $\mu_D + \sum_{j<D} l_j \epsilon_{kj} + \lambda\epsilon_{kD}$ with $\lambda = e^{\texttt{log det}}$. Setting it to zero for all k gives K linear equations in the D unknowns $l_1, \dots, l_{D-1}, \mu_D$: solvable
# (with probability one) whenever $K \le D$. Then the first term of the objective is a constant and the second grows without bound.
#
# **Compare** the remark that frozen samples "can be redrawn to avoid overfitting" (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018). It is worse than overfitting: with $K \le D$ there is no maximum at all. (The count is sharp: for $K \ge D + 1$ and a Gaussian target the objective has a maximum. It is a q that is too wide: the
# lecture computes by how much.) A mean-field family is safer, since each coordinate has two parameters of its own: two samples bound it, one does not.
#
# **What redrawing cures.** No fixed direction stays unseen: every direction has its share of noise in the long run, and the average of the gradients is the gradient of the true ELBO.

# %% [markdown]
# ## 7. The implicit gradient of a Gamma
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Nobody can write $z = t_\alpha(\epsilon)$ for a Gamma variable. But g, drawn from Gamma($\alpha$, 1) by any method, satisfies $F_\alpha(g) = u$ for *some* uniform u. Keep u fixed and move $\alpha$:
#
# $$\frac{\partial F_\alpha(g)}{\partial \alpha} + q_\alpha(g)\,\frac{dg}{d\alpha} = 0 \qquad\Rightarrow\qquad \frac{dg}{d\alpha} = - \frac{\partial F_\alpha(g)/\partial\alpha}{q_\alpha(g)},
#   \qquad q_\alpha(g) = \frac{g^{\alpha - 1} e^{-g}}{\Gamma(\alpha)} .$$
#
# You get draws `g`, $(K, B, D)$, plain numbers from Gamma(`concentration`, 1). Return $z = g / \text{rate}$: its *value* is that, its gradient in `rate` is the ordinary one, and its gradient in `concentration` is the implicit one.
#
# `torch.special.gammainc(alpha, g)` is $F_\alpha(g)$. torch has no derivative of it in $\alpha$, and none is needed: a central difference
# $\big(F_{\alpha + h} - F_{\alpha - h}\big)/2h$ with $h = 10^{-4}\,\alpha$ is right to many more digits than the check asks for (0.2 percent of a slope; 1 percent in the tails). Concentrations go from 0.2 to 150.

# %% exercise="06_implicit_gamma"
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    """z = g / rate, (K, *B, D), whose gradient in concentration is implicit.

    concentration, rate: (*B, D). g: (K, *B, D), drawn from Gamma(concentration, 1), without a graph.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        h = 1e-4 * concentration
        cdf_slope = (torch.special.gammainc(concentration + h, g) - torch.special.gammainc(concentration - h, g)) / (2 * h)
        log_density = (concentration - 1) * g.log() - g - torch.lgamma(concentration)
        slope = -cdf_slope / log_density.exp()
    moving = g + slope * (concentration - concentration.detach())        # the value of g, and the slope dg / dconcentration
    return moving / rate
    ### END SOLUTION


# %% check="06_implicit_gamma"
check("06_implicit_gamma", implicit_gamma)

# %% [markdown]
# **Fit a posterior with it.** Bortkiewicz counted deaths by horse kick in Prussian cavalry corps: 200 corps-years with 0, 1, 2, 3, 4 deaths in 109, 65, 22, 3, 1 of them. With a rate $z \sim \mathrm{Gamma}(1, 1)$ and counts $x_n \mid z \sim \mathrm{Poisson}(z)$ the posterior is
# $\mathrm{Gamma}(1 + 122, 1 + 200)$, exactly. First **the figure to aim for**; the cell after it climbs the ELBO with your gradient.

# %%
show(targets.horse_kicks(), alt="Left: two dotted lines, at 123 for the concentration and 201 for the rate. Right: the exact posterior density of the rate, around 0.61.")

# %%
counts = torch.repeat_interleave(torch.arange(5.0, dtype=torch.float64), torch.tensor([109, 65, 22, 3, 1]))


def log_joint(z: Tensor) -> Tensor:
    return -z + counts.sum() * z.log() - len(counts) * z


with when_written():
    log_alpha, log_beta = (torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in (4.0, 4.5))
    climber = torch.optim.Adam([log_alpha, log_beta], lr=0.1)
    falling, trace = torch.optim.lr_scheduler.CosineAnnealingLR(climber, 1500), []
    torch.manual_seed(5)                                        # torch draws Gamma variables from its global stream
    for _ in range(1500):
        climber.zero_grad()
        alpha, beta = log_alpha.exp(), log_beta.exp()
        z = implicit_gamma(alpha, beta, Gamma(alpha.detach(), 1.0).sample((10,)))
        bound = (log_joint(z) - Gamma(alpha, beta).log_prob(z)).mean()
        (-bound).backward()
        climber.step()
        falling.step()
        trace.append((alpha.item(), beta.item()))
    show(targets.horse_kicks(trace), alt="Left: concentration and rate climb over the steps towards the exact values 123 and 201, and stop a little below them. Right: the fitted density is close to the exact posterior, a little wider and lower.")

# %% [markdown]
# <details><summary>Symptom: torch says that the derivative for igamma is not implemented</summary>
#
# That is why the exercise exists. Compute the slope of F under `torch.no_grad()`, by a difference, as plain numbers; then attach it.
#
# </details>
# <details><summary>Symptom: I have the slope, but not the graph</summary>
#
# You need something whose value is g and whose derivative in $\alpha$ is the slope: g plus the slope times something that is zero in value and moves with $\alpha$. You built such a thing in unit 00.
#
# </details>
# <details><summary>Symptom: it is off by a factor that depends on the rate</summary>
#
# g lives in units where the rate is one: use the density of Gamma($\alpha$, 1) at g. Only in the last line does the rate come in, and it divides the slope along with the value.
#
# </details>

# %% [markdown] solution_only="06_implicit_gamma"
# **The fit stops short**, near (118, 192) here: the total derivative is noisy even at an exact fit, and the steps shrink before it gets there. Along the way on which the mean stays right and concentration and rate grow together, the ELBO is nearly flat: what is missing is less than a hundredth of a nat.
# The lecture's fit used sticking the landing, whose noise dies out at the posterior, and ended at 123.0 and 201.0.
#
# **What was needed.** A way to draw g (any; rejection sampling is fine, torch uses it), the distribution function, its slope in the parameter, and the density. No inverse, no map. The same three lines serve a Beta, a Student, a von Mises, a mixture: whatever has a
# distribution function that can be computed.
#
# **Why a sampler with rejections may be used.** The derivation never asked how g was drawn, only that $F_\alpha(g)$ is uniform. The accepted proposals of a rejection sampler do *not* move smoothly with $\alpha$; the quantile does.
#
# **Notice** that the average of $dg/d\alpha$ is 1, since $\mathbb E g = \alpha$, and that of $(dg/d\alpha)/g$ is $\psi'(\alpha)$, since $\mathbb E\log g = \psi(\alpha)$: the check used both. torch's own `Gamma(alpha, beta).rsample()` does what you did, with an approximation of the slope instead of a difference.

# %% [markdown]
# **Stretch (optional, no points).** A Beta variable is a ratio of two Gammas, $z = g_1/(g_1 + g_0)$ with concentrations a and b. Make one from two calls of your function, and compare the mean of its gradient in a with the exact
# $\partial_a \mathbb E z = b/(a + b)^2$. The cell has one concentration per draw, so that one backward pass gives 50,000 gradients.

# %%
def my_beta(a: Tensor, b: Tensor) -> Tensor:
    """Beta samples whose gradients in a and b are implicit, in the shape of a and b."""
    raise NotImplementedError("a stretch: two calls of implicit_gamma, with Gamma(...).sample() for the draws")


with when_written():
    a, b = (torch.full((50_000, 1), v, dtype=torch.float64, requires_grad=True) for v in (0.8, 1.7))
    slopes = torch.autograd.grad(my_beta(a, b).sum(), a)[0]
    error = slopes.std() / len(slopes) ** 0.5
    print(f"mean of dz/da {slopes.mean():.4f} ± {error:.4f}   exact {1.7 / 2.5**2:.4f}")

# %% solution_only="06_implicit_gamma"
def one_beta(a: Tensor, b: Tensor) -> Tensor:
    """The stretch, solved: explicit on top, implicit below."""
    ones, zeros = (implicit_gamma(c, torch.ones_like(c), Gamma(c.detach(), 1.0).sample((1,)))[0] for c in (a, b))
    return ones / (ones + zeros)


torch.manual_seed(6)
slopes = torch.autograd.grad(one_beta(a, b).sum(), a)[0]
print(f"mean of dz/da {slopes.mean():.4f} ± {slopes.std() / len(slopes) ** 0.5:.4f}   exact {1.7 / 2.5**2:.4f}")

# %% [markdown]
# ## 8. A moving edge and a jump
#
# The score function needs a support that stays where it is. The pathwise gradient needs an f without jumps. Here you have neither. A waiting time that cannot be shorter than $\mu$,
#
# $$z = \mu + s\,\epsilon, \quad \epsilon \sim \mathrm{Exponential}(1), \qquad q(z) = \tfrac1s\,e^{-(z - \mu)/s} \;\text{ for } z > \mu, \qquad \mathbb E f = \int_\mu^\infty f(z)\,q(z)\,dz,$$
#
# and a cost f that is smooth but for fees: as z passes $c_j$, f jumps by $h_j$ ($f(c_j{+}) - f(c_j{-}) = h_j$). Some $c_j$ may lie below $\mu$. Asked is the gradient of $\mathbb E f$ in $\mu$ (`loc`) and in $\log s$ (`log_scale`).
#
# **Predict first** (not graded): there are two plain estimators and two parameters. Which of the four means are wrong?

# %%
show(targets.edges(), alt="Left: a cost that rises gently and jumps twice, and the density of z, which begins abruptly at its edge. Right: over the place of the edge, the exact slope of the mean, "
                          "and the means of the two plain estimators, which lie far from it on both sides.")

# %% [markdown]
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Take the integral apart, where the derivative may not simply go inside, and find what each estimator leaves out. Return two estimates of the gradient for *every* sample, from that sample alone, `score` and `path`, $(K, 2)$ each, `loc` first:
#
# - `score` asks f for *heights* only (at the samples, and wherever else you need one);
# - `path` asks f for *slopes*, and uses `places` $(c_j)$ and `heights` $(h_j)$.
#
# Both must be right on average, with no more noise than they need. `f` maps a tensor to one of the same shape, and is differentiable by torch wherever it is smooth; what torch tells you of a jump is nothing. `loc` and `log_scale` are tensors of shape `()`; there may be no jump at all.

# %% exercise="06_two_repairs"
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Two unbiased estimates of the gradient of E f(z), z = loc + exp(log_scale) eps, for every sample.

    f: a function with jumps. places, heights: (J,), where f jumps and by how much. loc, log_scale: (). eps: (K,), standard exponential.
    Returns (score, path), (K, 2) each: the columns are for loc and for log_scale.
    """
    ### BEGIN SOLUTION
    s = log_scale.exp()
    z = (loc + s * eps).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    value = value.detach()
    edge = f(loc.reshape(1)).detach() / s                                       # what is lost when the edge moves up
    score = torch.stack([value / s - edge, value * (eps - 1)], -1)
    away = places - loc
    flow = torch.where(away > 0, heights * torch.exp(-away / s) / s, 0.0)       # height times density, at each jump
    path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
    return score, path
    ### END SOLUTION


# %% check="06_two_repairs"
check("06_two_repairs", two_repairs)

# %% [markdown]
# Your two means beside the exact slope, with two standard errors of 4,000 samples:

# %%
show(targets.edges(two_repairs), alt="The same figure; once two_repairs is written, its two sets of points lie on the exact slope, while the plain estimators stay where they were.")

# %% [markdown]
# <details><summary>Symptom: the score estimate is wrong for loc, and right for log_scale</summary>
#
# In which of its two places does $\mu$ occur in $\int_\mu^\infty f(z)\,q(z)\,dz$? The score function knows of one.
#
# </details>
# <details><summary>Symptom: the path estimate is wrong wherever there is a jump</summary>
#
# Write f as a smooth function and steps of height $h_j$. The slope takes care of the smooth one. Of the steps you know the mean exactly.
#
# </details>
# <details><summary>Symptom: right for loc, wrong for log_scale; or wrong only now and then</summary>
#
# What a jump brings is its height, times the density of z there, times the *speed* at which a sample moves across it: $\partial z/\partial\mu = 1$, and $\partial z/\partial\log s = z - \mu$, at $z = c_j$. A jump below $\mu$ is crossed by nobody.
#
# </details>

# %% [markdown] solution_only="06_two_repairs"
# **The edge.** $\partial_\mu \int_\mu^\infty f q\,dz = \int_\mu^\infty f\,\partial_\mu q\,dz - f(\mu)\,q(\mu)$, with $\partial_\mu \log q = 1/s$ and $q(\mu) = 1/s$: the score estimate is $\big(f(z) - f(\mu)\big)/s$. The missing term looks like a baseline, and it is the only "baseline" that is *right* here: the score
# $1/s$ does not have mean zero, because the total mass is lost at the edge as well as thinned out. In $\log s$ the edge stands still, the score $\epsilon - 1$ has mean zero, and nothing is missing.
#
# **The jump.** $\mathbb E f = \mathbb E g + \sum_j h_j P(z > c_j)$ with $P(z > c) = e^{-(c - \mu)/s}$ for $c > \mu$, and 1 below. Its derivatives are $q(c)$ in $\mu$ and $q(c)(c - \mu)$ in $\log s$: density times speed. It is a *flow* of samples across the jump, and no slope of f can know of it. In more dimensions it becomes an integral over the
# surface on which f jumps (the "boundary integral" of differentiable rendering, where a moving edge of an object is such a jump).
#
# **Which to use?** Of the four plain means three are wrong: the score's for `loc`, the path's for both. The two repairs ask for different knowledge: the score function must know where the *support* ends, the path where *f jumps*. Whoever does not know where f jumps (a simulator with an if inside) has the score function; whoever has both uses
# the path, which is the quieter one here by far.

# %% [markdown]
# ## 9. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 30 minutes
#
# Three people estimate the gradient of one mean cost in m and $\log s$, with $z \sim N(m, s^2)$ and
#
# $$f(z) = \text{level} + \text{slope} \cdot z + \sin(\text{wave} \cdot z) + \begin{cases} \text{height} & \text{if } z > \text{place}, \\ 0 & \text{otherwise.} \end{cases}$$
#
# You get their draws and not their code. One differentiates f along the path as torch does, and is **biased**. One uses the score function, without a baseline: nothing wrong, nothing clever, and needlessly **noisy**. One, warned of jumps, has the fee phased in: it rises in a straight line from 0 at
# `place` to `height` at `place + width`, and the path does the rest. That is unbiased for **another target**. Who is who?
#
# `draws` is (3, R, 2): person, replicate (from one sample each), and the gradient for m, then for $\log s$. The other arguments are numbers: `loc` is m, `scale` is s; the cost's own follow, with `width` last. Fees may be negative, and may be due on either side of m.
#
# Return the three names `"biased"`, `"noisy"`, `"another target"` in the order of the persons. The budget is enough: any two of the three exact means lie at least six standard errors apart, in m or in $\log s$. The check brings 40 cases and demands all names right in 38 of them.

# %% exercise="06_sealed_case"
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    """Which estimator is "biased", which is "noisy", and which has "another target", in the order of draws.

    draws: (3, R, 2), by estimator, for the mean and the log scale. loc, scale: of q. level, slope, wave, place, height: of the cost.
    width: over which one of the three has the jump phased in.
    """
    ### BEGIN SOLUTION
    eps = torch.linspace(-8.0, 8.0, 8001, dtype=torch.float64)                              # quadrature, fine enough for the corners
    weights, z = torch.softmax(-0.5 * eps.square(), 0), loc + scale * eps
    speed = torch.stack([torch.ones_like(eps), scale * eps], -1)
    phasing = torch.where((z > place) & (z < place + width), height / width, 0.0)
    plain = (weights * (slope + wave * torch.cos(wave * z))) @ speed
    away = place - loc
    flow = height * math.exp(-0.5 * (away / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
    exact = plain + flow * torch.tensor([1.0, away], dtype=torch.float64)                   # what crosses the jump
    expected = {"biased": plain, "noisy": exact, "another target": plain + (weights * phasing) @ speed}
    mean, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
    fits = {name: ((mean - there) / error).square().sum(-1) for name, there in expected.items()}
    orders = itertools.permutations(expected)
    return list(min(orders, key=lambda order: sum(fits[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="06_sealed_case"
check("06_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide first, then open.

# %%
with when_written():
    case = sealed_case("06_sealed_case", seed=2)
    mean, error = case.given["draws"].mean(1), case.given["draws"].std(1) / case.given["draws"].shape[1] ** 0.5
    for letter, m, e in zip("ABC", mean, error, strict=True):
        print(f"{letter}: for the mean {m[0]:+.3f} ± {e[0]:.3f}   for the log scale {m[1]:+.3f} ± {e[1]:.3f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: the loudest is not always the score function</summary>
#
# A rapid wave has steep slopes, and the path multiplies with them; the score function sees its heights, between -1 and 1. Spread tells nothing for sure here; means do. Which means do you expect?
#
# </details>
# <details><summary>Symptom: two of them are off, and I cannot say who has another target</summary>
#
# Both paths have the same smooth part, whose mean is a sum over a grid. What does each of them know of the fee? One knows nothing. For the other the slope of the ramp is a number, and z must be on the ramp.
#
# </details>
# <details><summary>Symptom: nearly always right, and not in 38 of 40</summary>
#
# Use all you know: of each of the three the exact mean, for m and for $\log s$. A grid has no slope at the jump either: take $P(z > \text{place})$ by formula, as in exercise 8, and differentiate that in both parameters. Then ask which of the six orders fits the draws best, over both columns, in units of their standard errors.
#
# </details>

# %% [markdown] solution_only="06_sealed_case"
# **Three means.** All three have the smooth part, $\mathbb E[f'(z)\,\partial z]$. The path of the true cost has nothing more. The score function has the flow across the jump besides: height times density times speed, $h\,q(c)$ in m and $h\,q(c)(c - m)$ in $\log s$. With the fee phased in, the flow is an average over the ramp: $\frac hw \int_c^{c+w} q(z)\,dz$,
# and $\frac hw \int_c^{c+w} (z - m)\,q(z)\,dz$.
#
# **When another target does more harm than a bias.** Nobody phases a fee in for its own sake; one hopes that the two gradients are close. If the jump is far out in the left tail and the ramp reaches into the middle of q, the flow over the ramp is *larger* than the one that was to be mended, and forgetting the jump altogether would have been nearer. A narrow ramp is close to the
# jump, and its slope $h/w$ is loud.
#
# **Why not by spread?** The level is in no mean and makes the score function as loud as you like; the wave does the same for the paths. The ramp makes its path louder where it adds to the slopes of the wave, and quieter where it takes from them.

# %% [markdown]
# ## 10. In words: a deterministic objective
#
# *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes
#
# A colleague has had enough of noisy training curves. "I draw 30 noise vectors once and keep them. Then the ELBO estimate is an ordinary smooth function of the parameters, I can use a second-order optimizer, and I can see when it has converged. My posterior has 100 dimensions; I use a
# full-covariance Gaussian." Write five to eight sentences in reply. Say what is right about the plan. Say what will go wrong and why, with the count of equations and unknowns. Say what would make a *frozen* objective sound (two ways), and what the colleague should look at to find out, on any run, whether the frozen objective is to be trusted.

# %% [markdown] written="06_written"
# With frozen noise the estimate is a deterministic, smooth function, its gradient is exact for that function, and one may use L-BFGS, line searches and convergence tests: that much is right, and for a mean-field family with enough samples it is a method in use. But with 30 samples in 100
# dimensions the full-covariance objective has no maximum. Take the last row of L: its 99 free entries and the last mean can satisfy the 30 linear equations that keep the last coordinate of all samples where it is, while the diagonal entry grows; the likelihood term stays constant, $\log\det C$ grows without
# bound, and the true ELBO goes to minus infinity. The optimizer will follow, since the frozen objective really does increase.
#
# It becomes bounded (for a target that falls off like a Gaussian) with more than 100 samples, and close to the ELBO only with many times that; or with a family that has few parameters for each coordinate, such as mean field, where two samples are enough to bound it. Redrawing the noise at each step
# cures it altogether.
#
# To find out on a given run: evaluate the ELBO at the fitted parameters with *fresh* noise. If it is below the frozen value by more than its standard error, the frozen samples have been overfitted.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in halves.
#
# - 0.5: what is right. With fixed noise the objective is deterministic and smooth; deterministic optimizers and convergence tests apply. (Unbiased at any *fixed* parameters is welcome; "unbiased at the optimum" is wrong.)
# - 0.5: what goes wrong and why. Unbounded because K = 30 is not more than D = 100: some direction is not seen by any sample, log det grows there, the samples do not move. The count (30 equations, 99 or 100 unknowns in one row) or an equivalent argument about rank
#   is needed for the half; "it overfits" alone: 0.25.
# - 0.5: two ways to make a frozen objective sound, 0.25 each. Accept: more samples than dimensions (K > D, better K much larger than D); mean field or another family with few parameters per coordinate (K of 2 or more); a low-rank or sparse family with more samples than parameters per row;
#   a prior or penalty on C that grows faster than log det. "Redraw" is right as a cure, but it is not a frozen objective: 0.25 at most for it.
# - 0.5: the diagnosis. Evaluate the bound at the fitted parameters with fresh noise (and compare, with its standard error), or on a held-out set of noise. "Look at the training curve": nothing.
# === END MARK SCHEME ===
