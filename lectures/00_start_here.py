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
# # 00 · Start here
#
# **After this unit you can**
# - say what the course is about in four words, and find your way among its units;
# - read the report of a check: what a standard error is, what $z$ means, and when to believe it;
# - keep samples, data and coordinates apart in a tensor of shape `(K, *B, D)`;
# - compute with numbers as small as $e^{-10000}$, and decide what a gradient may see;
# - condition a Gaussian, also when its covariance is too large to write down.
#
# **You need** Python, some PyTorch (tensors, `backward`), derivatives, and the idea of a probability density. Nothing about inference. **Time**: 40 minutes, and two and a half hours for the problem set.
#
# | sign | means |
# |---|---|
# | $x$ | data, what is observed; in code `(*B, Dx)` |
# | $z$ | the latent, what is not; in code `(K, *B, D)` |
# | $\theta$, $\phi$ | parameters of the model; of the family |
# | $p_\theta(x, z)$ | the model: a joint density of data and latent |
# | $q_\phi(z \mid x)$ | the family: densities by which we answer "what was $z$?" |
# | $K$, $*B$, $D$ | number of samples; batch axes, any number of them; length of one latent |
# | $w = p_\theta(x, z) / q_\phi(z \mid x)$ | weight of a sample; code keeps $\log w$, `(K, *B)` |
# | $\mathcal L$ | a bound: a number below $\log p_\theta(x)$ |
#
# Logarithms are natural, their unit is the **nat**. $N(\mu, \sigma^2)$ names the *variance* second; `log_scale` in code is $\log \sigma$.

# %% [markdown]
# ## 0. Preflight
#
# First, is this the right place? The next cell looks at Python, the packages, this folder, and one gradient whose value is known. If something is missing it says what to do.

# %%
from course_vi.preflight import preflight

preflight()

# %%
import math

import torch
from ipywidgets import FloatSlider, interact
from scipy.stats import ttest_1samp

from autograder import check
from course_vi.bounds import elbo, iwae
from course_vi.distributions import FactorNormal
from course_vi.families import MeanField
from course_vi.gradients import score_function, sticking_the_landing
from course_vi.models import ConjugateToy
from course_vi.plots import lecture_00 as draw
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %% [markdown]
# ## 1. One idea in four choices
#
# You see data $x$. You believe that something you do not see, $z$, had a hand in them: the topic of a text, the writer's hand behind a digit, the ability of a pupil. A **model** $p_\theta(x, z)$ says how both
# come about. Two questions follow at once: what was $z$ for this $x$, and which $\theta$ makes the data probable? Both need
#
# $$p_\theta(x) = \int p_\theta(x, z)\, dz, \qquad p_\theta(z \mid x) = \frac{p_\theta(x, z)}{p_\theta(x)},$$
#
# and the integral is out of reach for nearly every model worth having. *Variational* learning replaces integration by optimization: choose a **family** of densities $q_\phi(z \mid x)$ that you can sample
# from, choose a **bound** on $\log p_\theta(x)$ that uses only samples of $q_\phi$, and climb it by an estimated **gradient**. Every method of this course is a row in a table of those four columns.

# %%
show(draw.four_choices(),
     alt="Four boxes in a row, joined by arrows. Model, p of x and z: what generates the data? Family, q of z given x: which "
         "posteriors can it express? Bound, L of log w: what do we climb? Gradient: which way is up, how noisily? Two arrows lead from "
         "the gradient back to the model and to the family: a step of the optimizer moves theta and phi.")

# %% [markdown]
# Here are all four, working, on the smallest model of the course, the **conjugate toy** $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$. Its answers are known: the posterior is $N(x/2, \frac12)$ and the evidence
# $p(x) = N(x; 0, 2)$. You will meet it in every unit, because a method that fails on it needs no further test.
#
# > **Predict 1.** We start at $q = N(0, 1)$ with $x = 2$ and climb. Towards which mean and which variance? How high can the bound come?

# %%
predict("00_1", choices=[
    "N(2, 1), up to 0",
    "N(1, 1/2), up to log p(x)",
    "N(1, 1), less than log p(x)",
    "N(2, 1/2), up to log p(x)"])

# %%
p = ConjugateToy()                                                  # the model
q = MeanField(1)                                                    # the family: N(loc, exp(log_scale)^2)
x = torch.tensor([2.0])
optimizer = torch.optim.Adam(q.parameters(), lr=0.1)
generator, trace, path = torch.Generator().manual_seed(0), [], []
for _ in range(200):
    path.append((q.loc.item(), q.log_scale.exp().item()))
    optimizer.zero_grad()
    bound = sticking_the_landing(p, q, x, num_samples=10, bound=elbo, generator=generator)
    (-bound).backward()                                             # the gradient
    optimizer.step()
    trace.append(bound.item())                                      # the bound is its value
exact = p.posterior(x)                                              # known here, and nowhere used above
print(f"q = N({q.loc.item():.3f}, {q.log_scale.exp().item():.3f}²)   exact N({exact.mean.item():.3f}, {exact.stddev.item():.3f}²)")
print(f"bound {trace[-1]:.4f}   log p(x) = {p.log_evidence(x).item():.4f}")

# %% [markdown]
# The course in one picture: a prior, a posterior that nobody told the program, and $q$ on its way from one to the other.

# %%
assert abs(q.loc.item() - 1) < 0.01 and abs(q.log_scale.exp().item() - math.sqrt(0.5)) < 0.01
show_moving(movies.course_in_one_picture(path[:48:2] + path[-1:], (1.0, math.sqrt(0.5))),
            alt="Densities of z. Dashed and still: the prior, a standard normal. Thick, grey and still: the exact posterior, centred at 1 and narrower. Blue and moving: q, which starts on the prior, "
                "slides to the right, passes the posterior a little, and comes back to rest on it.")

# %%
show(draw.climb(torch.arange(200.0), torch.tensor(trace), p.log_evidence(x).item()),
     alt="The estimated ELBO over 200 steps: it starts near -4, rises with shrinking noise, and comes to rest on the dashed line of "
         "the exact log evidence, -2.266.")

# %%
# Run this cell to compare it with your prediction.
reveal("00_1", "N(1, 1/2), up to log p(x)")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# To the posterior, $N(1, \frac12)$, standard deviation 0.707, because this family contains it; and to $\log p(2) = \log N(2; 0, 2) = -2.266$, the evidence, which no lower bound can pass *on average*. Single estimates scatter
# on both sides of the bound they estimate, and you can see them do so at first. Then the noise dies out. That is a property of this particular gradient and of log weights at the posterior; unit 09 is about it.
#
# </details>

# %% [markdown]
# ## 2. The map
#
# Twenty units. In blue, the ten-week core, which needs nothing outside itself; in orange the rest. Any unit can be read alone, from the box of prerequisites at its beginning. The map also says which are in your copy.

# %%
from course_vi.syllabus import in_this_copy

show(draw.map_of_units(in_this_copy()),
     alt="A map of units 00 to 19 from left to right. Start here, Graphical models, Marginal likelihood, The ELBO; then three branches: EM and "
         "mean field, Score function, Reparametrization; then Families, Sticking the landing, Amortized inference, Discrete relaxations; then "
         "Tighter bounds, VAEs, Helmholtz machines; then Exact gradients and Bits back; last VAE variants, Pyro, Sets and functions, Sequences.")

# %% [markdown]
# **Each unit** is a lecture like this one, to read and run, and a problem set, to write. A lecture asks you to *predict before you run*: take the half minute. It is the cheapest way there is to find out that you did not yet
# understand something. In the problem set you write a function, run its cell, and run the check below it. Answers to predictions, hints, and figures in words open with a click.
#
# **Nothing is counted but your last version**; a check can be run a hundred times. It draws fresh inputs every time, so there is nothing to memorize, and it accepts any right way of computing the answer.

# %% [markdown]
# ## 3. How to read a check's report
#
# Suppose we are asked for $\log \frac1K \sum_k w_k$ and write the mean of the logarithms instead. (It is exercise 1; this is the commonest mistake.)

# %%
def mean_of_logs(log_w):
    return log_w.mean(0)


check("00_log_mean_exp", mean_of_logs, seed=1)

# %% [markdown]
# A report has parts, each with points of its own: what was tested, what was expected, what came, the likely mistake if it is a known one, and where to read. "Seed 1" repeats exactly these inputs.
#
# This check compares numbers: equal up to rounding, or wrong. But most of the course is about *random* estimates, and two right ones are never equal. Those checks do what an experimenter does. Measure the estimate $R$ times, independently;
# take the mean $\bar g$, and its **standard error**; and look at the distance to the exact answer $a$ in that unit, the **z-score** $t$ (a report prints it as `z = ...`):
#
# $$\bar g = \frac1R \sum_{r=1}^R g_r, \qquad \mathrm{se} = \sqrt{\frac{1}{R(R-1)} \sum_{r=1}^R (g_r - \bar g)^2}, \qquad t = \frac{\bar g - a}{\mathrm{se}}.$$
#
# If the estimator is unbiased and its variance is finite, $t$ is about a standard normal number, however noisy it is, once $R$ is large enough. (Finite variance is no formality: importance weights can lack it, and unit 10 shows what happens then.) If its bias is $\beta$, then
# $t \approx \sqrt R\,\beta / s$ with $s$ its spread: more replicates, larger $t$.
#
# > **Predict 2.** Two estimates of $\mathbb E y^2 = 1$ from ten standard normal draws $y$: the mean of $y^2$; and the variance of the draws, divided by ten instead of nine, whose mean is 0.9 and spread about 0.42. At $R = 10$, $100$,
# > $1000$: when can you tell which is biased?

# %%
predict("00_2", choices=["at 10", "at 100", "at 1000", "at none of them"])

# %%
counts, tries = (10, 100, 1000), 1000
draws = torch.randn(counts[-1], tries, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
both = {"mean of y²": (draws**2).mean(-1), "divided by ten": draws.var(-1, correction=0)}
table = {name: torch.stack([torch.from_numpy(ttest_1samp(values[:count], 1.0).statistic) for count in counts])   # t, try by try
         for name, values in both.items()}
for name, t in table.items():
    print(f"{name:15s} mean of t at R = 10, 100, 1000: " + "  ".join(f"{row.mean():6.2f}" for row in t))
passes = (table["divided by ten"][2].abs() < 4.5).double().mean().item()
print(f"at R = 1000, tries of the biased one with |t| < 4.5: {passes:.1%}")
assert passes < 0.01 and (table["mean of y²"][2].abs() < 4.5).all()

# %%
show(draw.z_histograms(table, counts),
     alt="Three histograms of z-scores over 1,000 tries, at R = 10, 100 and 1,000 replicates. The unbiased estimator's stay near a standard normal "
         "curve. The biased one's overlap with it at 10, are centred near -2.5 at 100, and near -7.6, mostly below -5, at 1,000.")

# %%
# Run this cell to compare it with your prediction.
reveal("00_2", "at 1000")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# The bias is $-0.1$, a quarter of the spread, so $t$ is centred at $-0.24 \sqrt R$: $-0.75$, $-2.4$, $-7.5$ in theory, and a little lower in the run, because a sample with a small mean also tends to have a small spread. At $R = 10$ nobody can tell. At 100
# most tries look odd and many do not. At 1,000 hardly any passes for unbiased. Notice the blue tail on the left at $R = 10$: with few replicates even a right answer's $t$ is *not* normal. That is why our limits are not read off a
# normal table.
#
# </details>

# %%
replicates = torch.logspace(1, 6, 40)
show(draw.z_over_r(replicates, {"1": 1.0, "a tenth": 0.1, "a hundredth": 0.01}),
     alt="Expected z-score over the number of replicates, on logarithmic axes: parallel lines of slope one half. A bias as large as the spread passes 5 at "
         "25 replicates, a tenth of it at 2,500, a hundredth at 250,000.")

# %% [markdown]
# **What the checks promise.** A check looks at 10,000 replicates (fewer where your function walks over the data one by one; the report says how many there were). If $|t|$ exceeds 5 it looks again, at four times as many fresh ones, and only that
# second look can fail you. How often a *right* answer would fail is bounded by simulation, wherever chance has a part: at most one in a million, with confidence 95%. And a wrong one? With all 10,000 replicates the standard error is a hundredth of the spread. A bias of 0.1 spreads
# is caught practically always, one of 0.066 in 95 runs of 100, one of 0.05 in every second run, and one of 0.03 hardly ever; one of a thousandth no finite test could promise to find. So checks also compare values at fixed noise, where chance
# has no part, and variances, since an unbiased estimator can still be needlessly noisy.
#
# > **Common mistakes** when reading reports
# > - *"z = −26, but it is right to within two per cent."* The size of an error and the certainty that it is there are two things. The z-score is about the second.
# > - *"It failed once; I run it again until it passes."* A *right* answer fails both looks in less than one run of a million. Read the diagnosis instead.
# > - *"± is the spread of my estimates."* It is the spread of their *mean*, smaller by $\sqrt R$.
# > - *"It failed, so the chance that it is right is below one in a million."* That is the wrong conditional. We know $P(\text{fails} \mid \text{right}) \le 10^{-6}$. For $P(\text{right} \mid \text{fails})$ Bayes' rule wants a prior $\pi$, the chance that an answer like yours is right before it is
# >   checked, and the share $\rho$ of wrong answers that fail:
# >   $P(\text{right} \mid \text{fails}) \le 10^{-6}\pi \,/\, \big(10^{-6}\pi + \rho(1 - \pi)\big)$. With $\rho = \tfrac12$: two in a million for a beginner's $\pi = \tfrac12$; two in a *thousand* for an expert who is right 999 times in 1,000. Small in both cases, and not the same number.

# %% [markdown]
# ## 4. Axes
#
# A batch of data, several samples of the latent for each, several coordinates per latent: three kinds of "several", and each is treated differently.

# %%
show(draw.axes_of_a_sample(),
     alt="A stack of K sheets, each with B rows of D cells; one row is yellow. Along D, the event, log-densities of independent coordinates are summed. "
         "Along B, the batch, nothing is combined. Along K, the samples, we average, or take the log of the mean of exp.")

# %% [markdown]
# Broadcasting aligns shapes **from the right**, and that is why samples stand first: `x: (*B, D)` meets `z: (K, *B, D)` without a single `unsqueeze`, whether there is no batch axis, one, or two.
#
# > **Predict 3.** `x` has shape `(5, 3)`, `z` has `(7, 5, 3)`. What are the shapes of `x - z`, of its log-density, of the estimate of an expectation under $q$? And what happens silently if someone stores samples as `(5, 7, 3)`?

# %%
predict("00_3", choices=[
    "(7, 5, 3), (7, 5), (5,)",
    "(7, 5, 3), (7, 5, 3), (5, 3)",
    "(5, 7, 3), (5, 7), (7,)",
    "an error"])

# %%
K, B, D = 7, 5, 3
x, z = torch.randn(B, D), torch.randn(K, B, D)
log_density = (-0.5 * (x - z) ** 2 - 0.5 * math.log(2 * math.pi)).sum(-1)
print("x - z:", tuple((x - z).shape), "  log p(x|z):", tuple(log_density.shape), "  mean over samples:", tuple(log_density.mean(0).shape))
try:
    x - z.transpose(0, 1)
except RuntimeError as error:
    print("samples second:", error)

# %%
# Run this cell to compare it with your prediction.
reveal("00_3", "(7, 5, 3), (7, 5), (5,)")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# `(7, 5, 3)`, `(7, 5)`, `(5,)`. With samples second we get an error, and that is the *lucky* case: were $K = B$, the shapes would fit and sample $k$ would be paired with datum $k$. Wrong numbers of the right shape are the hardest mistakes
# to find. So our checks use unequal lengths once, to find wrong sums, and equal lengths once, to find wrong pairings. Do the same when you test your own code.
#
# </details>

# %% [markdown]
# ## 5. Logarithms of averages
#
# A likelihood is a product over coordinates, pixels, time steps. It can be $e^{-500}$ without anything being wrong. Floating point ends long before.
#
# > **Predict 4.** For which $a$ does `torch.tensor(a).exp().log()` still return $a$: in double precision, and in single?

# %%
predict("00_4",
        choices=["±300 and ±40", "-745 to 709 and -103 to 88", "±10^308 and ±10^38", "all a, in both"])

# %%
a = torch.linspace(-900, 900, 1801, dtype=torch.float64)
naive = {"double": a.exp().log(), "single": a.float().exp().log().double()}
for name, values in naive.items():
    kept = a[values.isfinite()]
    print(f"{name}: from {kept.min():.0f} to {kept.max():.0f}")

# %%
show(draw.float_range(a, naive),
     alt="log of exp of a against a, from -900 to 900. In double precision it is right from -745 to 709, in single from -103 to 88, and infinite outside.")

# %%
# Run this cell to compare it with your prediction.
reveal("00_4", "-745 to 709 and -103 to 88")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Double: about $-745$ to $709$. Single: $-103$ to $88$. Near the left ends it is inexact already: numbers that small have fewer digits. A picture of 784 binary pixels that are all guessed by a coin has
# $\log p(x) = -784 \log 2 = -543$. In single precision, PyTorch's default, that probability is 0 and the logarithm of an average of such weights is $-\infty$.
#
# </details>
#
# The way out is to take the largest weight out of the average, so that what is left to exponentiate is at most 1; in exact arithmetic nothing changes. You write it in exercise 1. In the course the result is called `iwae`, for the bound that it is in unit 10:

# %%
log_w = torch.tensor([-1000.0, -1001.0, -1002.0])
print(f"naive {log_w.exp().mean().log().item()}   stable {iwae(log_w).item():.4f}   mean of the logarithms {log_w.mean().item():.4f}")
assert iwae(log_w) >= log_w.mean()

# %% [markdown]
# The last number is *lower* than the one before, and must be: $\frac1K \sum_k \log w_k \le \log \frac1K \sum_k w_k$, Jensen's inequality, with equality only if all weights are equal. The whole course begins with that inequality.

# %% [markdown]
# ## 6. What the gradient does not see
#
# PyTorch differentiates whatever you computed. Often we want the *value* of something without its gradient: a reward, a baseline, a density whose parameters are to be held fixed. `t.detach()` is the same number, with its history cut off;
# inside `with torch.no_grad():` no history is written at all.
#
# > **Predict 5.** $f(a) = a \cdot a$. What is the derivative at $a = 3$ if one factor is detached? Both?

# %%
predict("00_5", choices=["6, then 3", "3, then none", "6, then 6", "3, then 3"])

# %%
a = torch.tensor(3.0, requires_grad=True)
for name, f in {"a * a": a * a, "a * a.detach()": a * a.detach(), "both detached": a.detach() * a.detach()}.items():
    slope = torch.autograd.grad(f, a)[0].item() if f.requires_grad else "none: f does not know a"
    print(f"{name:16s} value {f.item():.1f}   derivative {slope}")

# %%
# Run this cell to compare it with your prediction.
reveal("00_5", "3, then none")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# 6, 3, and none; the value is 9 each time. A missing `detach` changes no value at the parameters where you are, so a printed number will not tell you. It changes where the optimizer goes, and the curve of a whole run with it; but a curve that looks odd does not say why. That is why checks in this course compare gradients.
#
# </details>
#
# From `detach` and a sum one can make a number that has the *value* of one expression and the *gradient* of another: exercise 3. All estimators of the course return such numbers, so that what you print is always the bound itself. Two of them, from the same ten draws:

# %%
q = MeanField(1)
for estimator in (sticking_the_landing, score_function):
    bound = estimator(p, q, torch.tensor([2.0]), num_samples=10, generator=torch.Generator().manual_seed(1))
    print(f"{estimator.__name__:21s} value {bound.item():.4f}   derivative in loc {torch.autograd.grad(bound, q.loc)[0].item():+.4f}")

# %% [markdown]
# ## 7. Gaussians, conditioned
#
# Jointly Gaussian variables are the one case where Bayes' rule is linear algebra, for any dimension:
#
# $$\mathbb E[z \mid x] = \mu_z + \Sigma_{zx} \Sigma_{xx}^{-1} (x - \mu_x), \qquad \operatorname{Cov}[z \mid x] = \Sigma_{zz} - \Sigma_{zx} \Sigma_{xx}^{-1} \Sigma_{xz}.$$
#
# On the toy, $z$ and $x = z + \varepsilon$ have the covariance $\begin{pmatrix} 1 & 1 \\ 1 & 2 \end{pmatrix}$, so $\mathbb E[z \mid x] = x/2$ and $\operatorname{Var}[z \mid x] = 1 - \frac12 = \frac12$.

# %%
mean, covariance = torch.zeros(2, dtype=torch.float64), torch.tensor([[1.0, 1.0], [1.0, 2.0]], dtype=torch.float64)


def cut(x=2.0):
    gain = covariance[0, 1] / covariance[1, 1]
    return draw.cut_gaussian(mean, covariance, x, (gain * x).item(), (covariance[0, 0] - gain * covariance[0, 1]).item())


show(cut(2.0),
     alt="Left, contours of the joint density of x and z, tilted upward, cut by a vertical line at x = 2; the cut's mean is z = 1. Right, the prior "
         "density of z, a standard normal, and the density of z given x = 2, centred at 1 and narrower.")

# %% [markdown]
# Move $x$. What moves, and what does not?

# %%
interact(lambda x: show(cut(x), alt=f"The same figure, cut at x = {x}."), x=FloatSlider(value=2.0, min=-4.0, max=4.0, step=0.5, continuous_update=False));

# %% [markdown]
# The mean moves along a line; the width stays. *Where* a Gaussian posterior lies depends on what you observe; *how wide* it is depends only on the fact that you observe. (No such luck with other models.)
#
# **When the matrix is too large.** With $D = 10{,}000$ latents a covariance has $10^8$ entries, 800 megabytes in double precision, and its Cholesky factor takes on the order of $D^3/3 = 3 \cdot 10^{11}$ operations. A covariance $\operatorname{diag}(d)^2 + B B^\top$ with a thin $B$, `(D, R)`, has $D(R + 1)$ numbers,
# and *Woodbury's identity* gives what a density needs, its inverse and its determinant, from an $R \times R$ matrix. You write both in exercise 7. In the library they are inside `FactorNormal`:

# %%
D, R = 10_000, 5
d, B = torch.rand(D, dtype=torch.float64) + 0.5, torch.randn(D, R, dtype=torch.float64)
q = FactorNormal(torch.zeros(D, dtype=torch.float64), d.log(), B)
print(f"log density of {D:,} correlated numbers, all zero, from a {R} x {R} matrix: {q.log_prob(torch.zeros(D, dtype=torch.float64)).item():.3f}")
zeros = torch.zeros(200, dtype=torch.float64)
thin = FactorNormal(zeros, d[:200].log(), B[:200]).log_prob(zeros).item()
dense = torch.distributions.MultivariateNormal(zeros, torch.diag(d[:200] ** 2) + B[:200] @ B[:200].T).log_prob(zeros).item()
print(f"the first 200 coordinates: Woodbury {thin:.10f}   dense {dense:.10f}")
assert abs(thin - dense) < 1e-8

# %% [markdown]
# ## Words you will meet elsewhere
#
# | here | elsewhere, and with whom |
# |---|---|
# | evidence, $\log p_\theta(x)$ | marginal likelihood (statistics); $-\log Z$ is a *free energy* (physics) |
# | ELBO, $\mathcal L$ | variational lower bound; negative *variational free energy* (neuroscience, physics) |
# | reparametrized, *pathwise* gradient (unit 06) | reparametrization trick, stochastic backpropagation (machine learning); infinitesimal perturbation analysis (operations research) |
# | score function (unit 05) | REINFORCE, policy gradient (reinforcement learning); likelihood-ratio method (operations research) |
# | latent $z$ | hidden variable, code, factor of variation; *random effect* (statistics); state (control) |
# | $q_\phi(z \mid x)$ by a network | recognition model, encoder, inference network; *amortized* inference |
# | posterior predictive | predictive density; *completion* where part of $x$ is seen |
# | KL annealing (unit 13) | warm-up, $\beta$ schedule |
# | noise in $x$ given $z$; doubt about $\theta$ | *aleatoric*; *epistemic* uncertainty |
# | reading independence off a graph (unit 01) | d-separation; Bayes ball |
#
# ## What to remember
#
# | tool | right | the mistake it prevents |
# |---|---|---|
# | standard error | $s / \sqrt R$, with $R - 1$ under the root of $s$ | believing noise, or not believing a bias |
# | z-score $t$ | (mean − exact) / standard error; grows like $\sqrt R$ under bias | "close enough" |
# | axes | samples first, batch in the middle, event last | wrong sums, wrong pairings |
# | log-mean-exp | shift by the maximum; $-\log K$ | $-\infty$; a bound that depends on $K$ for equal weights |
# | detach | value without gradient | an optimizer that climbs something else |
# | surrogate | the value of one expression, the gradient of another | plotting what you do not mean |
# | conditioning | $\Sigma_{zx} \Sigma_{xx}^{-1}$; the covariance does not depend on $x$ | no oracle to compare with |
# | Woodbury | an $R \times R$ matrix instead of $D \times D$ | running out of memory |
#
# - A method is a choice of **model, family, bound, gradient**. When something goes wrong, ask which of the four.
# - Compare with an exact answer first, always on the smallest model that has one.
# - Values tell little about gradients, and means tell little about variances. Test all three.
#
# **Next**: [the problem set](../notebooks/00_start_here/00_start_here.ipynb); then [unit 01, graphical models](01_graphical_models.ipynb), which says where models come from.
#
# ## Further reading
#
# D. M. Blei, A. Kucukelbir and J. D. McAuliffe, *Variational inference: a review for statisticians*, Journal of the American Statistical Association 112, 2017: the field in one paper. C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006,
# section 2.3, for Gaussians. P. Blanchard, D. J. Higham and N. J. Higham, *Accurately computing the log-sum-exp and softmax functions*, IMA Journal of Numerical Analysis 41, 2021. The PyTorch documentation, *Broadcasting semantics* and *Autograd mechanics*.

# %%
tally("00")
