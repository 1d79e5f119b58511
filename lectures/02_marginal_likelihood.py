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
# # 02 · Marginal likelihood, and how Bayesian are you
#
# In unit 01 a model was a recipe, and the probability of a datum was something that a small model simply told us. In general it is a sum or an integral over everything that was not seen,
# $p_\theta(x) = \int p_\theta(x, z)\,dz$, the **marginal likelihood** or **evidence**. This unit is about that one number, in two sittings. **02a, the integral**: three ways to get it (do the sum, draw from the prior, draw from somewhere better), when each of them dies,
# and when an estimate dies without telling you. **02b, how Bayesian are you**: what people do with the number once they have it. They compare models, they choose priors, or they go on integrating until nothing is left to choose.
#
# **After this unit you can**
#
# - say which sums are hopeless, and which only look so,
# - estimate an evidence by naive Monte Carlo and by importance sampling, and say what is unbiased and what is not,
# - recognise weights so heavy-tailed that the printed standard error means nothing, and say where the usual alarm stays silent,
# - look at what a prior predicts before any data are seen,
# - compare models by their evidence, and split it into fit and Occam's factor,
# - fit one model at five levels, from maximum likelihood to full Bayes, and say what happens at the edge where an estimated prior collapses.
#
# **Time**: about 66 minutes of reading and playing on the main line, half of it in each sitting; what is marked *aside* takes 7 minutes more. The whole page computes in a minute or less.
#
# > **What you need, if you read this unit alone**
# >
# > - A model is a joint density $p_\theta(x, z) = p_\theta(z)\,p_\theta(x \mid z)$: $x$ is seen, the **latent** $z$ is not. Bayes' rule: $p_\theta(z \mid x) = p_\theta(x, z)/p_\theta(x)$ (unit 01).
# > - **The toy**: $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$; the posterior is $N(x/2, 1/2)$, the evidence $N(x; 0, 2)$. $N(\mu, \sigma^2)$ names the *variance* second.
# > - **Jensen's inequality**: $\mathbb E \log w \le \log \mathbb E\,w$ for a random $w > 0$.
# > - **Beta and binomial**: if $\pi \sim \mathrm{Beta}(a, b)$ and $h \mid \pi \sim \mathrm{Binomial}(n, \pi)$, then $\pi \mid h \sim \mathrm{Beta}(a + h, b + n - h)$.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error beside the exact value, with $t$ = (estimate - exact) / standard error, its z-score. Beyond $|t| = 4.5$
# >   something is wrong, and the cell stops. A sentence that compares two methods is held to five seeds or more by `claim`; where the difference is under 3 standard errors, we say that none was seen.

# %%
import math
import time

import torch
from torch.distributions import Binomial, Normal

# %%
from course_vi.bounds import iwae
from course_vi.data import digits
from course_vi.diagnostics import claim, psis_khat
from course_vi.distributions import BetaVector
from course_vi.exact import gauss_hermite, log_integral
from course_vi.learning import em, smoke_cap
from course_vi.models import BernoulliMixture, GaussianProcessRegression, TwoBernoullis
from course_vi.plots import lecture_02 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def number(*values):
    return torch.tensor(values, dtype=DOUBLE)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def normals(*shape, seed):
    return torch.randn(*shape, generator=seeded(seed), dtype=DOUBLE)


# %%
def mean_of(values):
    """Mean over the first axis, and its standard error."""
    return values.mean(0), values.std(0) / len(values) ** 0.5


def compare(what, values, exact):
    mean, error = mean_of(values)
    t = (mean - exact) / error
    print(f"{what:34s} {mean:8.4f} ± {error:.1e}   exact {exact:8.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5


# %% [markdown]
# ## First sitting (02a): the integral
#
# ## 1. Sums and integrals that can be done
#
# Let $z$ be twenty switches, each on or off with probability one half, and let each switch that is on add its own pattern to a picture of 16 pixels, with noise: $x \mid z \sim N(Wz, I)$. The evidence is a sum of $2^{20}$ terms,
#
# $$p(x) = \sum_{z \in \{0, 1\}^{20}} p(z)\,p(x \mid z) .$$
#
# A million terms are nothing to be afraid of. Let us do the sum, and see what ten more switches would cost.

# %%
def sum_over_switches(x, W, n, at_once=2**14):
    """log p(x), by adding up all 2^n states."""
    parts, switch = [], torch.arange(n, dtype=torch.int32)
    for codes in torch.arange(2**n, dtype=torch.int32).split(at_once):
        z = (codes[:, None] >> switch & 1).float()
        parts.append(-0.5 * (x - z @ W[:n]).square().sum(-1))
    return torch.cat(parts).logsumexp(0) - n * math.log(2) - len(x) / 2 * math.log(2 * math.pi)


W, x = normals(20, 16, seed=0).float(), normals(16, seed=1).float()
began = time.process_time()
value = sum_over_switches(x, W, smoke_cap(20))
seconds = time.process_time() - began
print(f"log p(x) = {value:.3f}, in {seconds:.2f} s of one processor")
print(f"2^30 terms would take {2**10 * seconds / 60:.0f} minutes of it")
print(f"once for each of 1,500 pictures: {1500 * 2**10 * seconds / 86400:.1f} days")

# %% [markdown]
# > You will read of models with "30 binary latent features", whose sum has $2^{30}$ terms, as an example of what can be intractable (*Deep Generative Models*, Stanford CS236, on latent variable models). The sum is long, but one such sum takes minutes. What cannot be done is one such sum *for
# > each datum and each gradient step*; and the slide goes on to say so: the approximation "needs to be cheap".
#
# With each switch the work doubles. A model may also be kind: where the terms factorize, a sum of $2^{64}$ terms takes milliseconds (unit 05 does one row by row).
#
# An integral over one or two dimensions is no trouble, either. The two Bernoullis of unit 01 have no closed form; with $z = \epsilon \sim N(0, 1)$ we evaluate the likelihood at a few well-chosen points and add up. Watch how fast it converges:

# %%
pair, outcomes = TwoBernoullis().double(), number(0, 0, 0, 1, 1, 0, 1, 1).view(4, 2)
exact = pair.log_evidence(outcomes).exp().detach()
for points in (4, 8, 16, 32):
    z, weights = gauss_hermite(points)
    likelihood = pair.likelihood(z.view(-1, 1, 1)).log_prob(outcomes).exp()     # (points, 4)
    away = (weights @ likelihood - exact).abs().max().item()
    print(f"{points:2d} points: largest error of the four probabilities {away:.0e}")
assert abs(exact.sum() - 1) < 1e-9

# %% [markdown]
# Sixteen points for one latent become $16^{10} \approx 10^{12}$ for ten. Beyond a few dimensions we have to sample.

# %% [markdown]
# ## 2. Naive Monte Carlo, and half a digit
#
# Here is the example of this sitting. We have a model of pictures of digits, $8 \times 8$ pixels, black or white. The *lower* half of a picture was seen, the upper half is missing. How probable is what we saw? The missing half is the latent, so this is a sum over all $2^{32}$ ways to complete the picture:
#
# $$p(x) = \sum_{z \in \{0, 1\}^{32}} p(x, z), \qquad x\text{: lower half, } z\text{: upper half.}$$
#
# The model is a mixture of ten clusters, in each of which every pixel is a coin of its own (unit 04 fits such models; here one line does). We chose it because it is kind: given the cluster, pixels are independent, so a missing pixel just drops out, and the sum over $2^{32}$ pictures becomes a sum over ten clusters.
# So we know the exact answer, and may watch the estimators at work.

# %%
images = digits(dtype=DOUBLE)
start = 0.25 + 0.5 * torch.rand(10, 64, generator=seeded(2), dtype=DOUBLE)
mixture = BernoulliMixture(torch.full((10,), 0.1, dtype=DOUBLE), start, floor=0.01)
em(mixture, images.train, steps=smoke_cap(60))
mixture.requires_grad_(False)

seen = torch.arange(64) >= 32
x = images.test[:12]                                            # twelve digits, (12, 64)
log_evidence = mixture.log_evidence(x, seen)                    # ten terms each
print("log p(lower half):", ", ".join(f"{value:.1f}" for value in log_evidence))

# %% [markdown]
# How many of these completions are plausible? We can draw from the exact posterior: a cluster given the lower half, then the pixels of the upper. The average of $-\log_2 p(z \mid x)$ is the entropy in bits; $2^{\text{entropy}}$ says how many there are, in the sense in which a die has six.

# %%
def joint(z):
    """log p(x, z) of upper halves z: (K, 64), for all twelve lower halves, (K, 12)."""
    upper = mixture.log_joint_all(z, ~seen).unsqueeze(1) - mixture.logits.log_softmax(-1)
    return (upper + mixture.log_joint_all(x, seen)).logsumexp(-1)


def upper_halves(chances, K, seed):
    """Pictures drawn from the clusters with these probabilities, (K, 64)."""
    cluster = torch.multinomial(chances, K, replacement=True, generator=seeded(seed))
    return torch.bernoulli(mixture.pixel_logits[cluster].sigmoid(), generator=seeded(seed + 1))


chances = mixture.responsibilities(x, seen)                     # of the clusters, given x
completions = torch.stack([upper_halves(each, 2000, seed=3) for each in chances])
bits = [-(joint(z)[:, n] - log_evidence[n]).mean().item() / math.log(2)
        for n, z in enumerate(completions)]
print("entropy in bits:", ", ".join(f"{each:.1f}" for each in bits), f" mean {sum(bits) / 12:.1f}")

# %%
rows = {"truth": x[:8], "seen": torch.where(seen, x, 0.5)[:8]}
for draw in range(2):
    rows[f"posterior draw {draw + 1}"] = torch.where(seen, x, completions[:, draw])[:8]
coins = (torch.rand(8, 64, generator=seeded(5)) < 0.5).double()
rows["uniform draw"] = torch.where(seen, x[:8], coins)
show(figures.pictures(rows, "The model completes lower halves; coins do not"),
     alt="Five rows of eight 8 by 8 pictures. Row one: handwritten digits. Row two: their lower halves, the upper halves grey. Rows three and four: upper halves drawn from the exact posterior; most look like rough digits. Row five: upper "
         "halves of random black and white pixels, which look like noise.")

# %% [markdown]
# Now forget that the model is kind. **Naive Monte Carlo** writes the sum as an average. In the simplest version all completions are equally likely to be drawn:
#
# $$p(x) = 2^{32}\; \mathbb E_{z \sim \mathrm{Uniform}}\big[p(x, z)\big] \approx \frac{2^{32}}{K}\sum_{k=1}^K p(x, z_k) .$$
#
# In the usual version $z$ is drawn from the **prior**: $p(x) = \mathbb E_{z \sim p(z)}[p(x \mid z)]$. Here that means to draw the upper half of *some* digit, without looking at the lower one. Both are unbiased for any $K$.
#
# > **Predict 1.** There are about $2^{13}$ plausible completions among $2^{32}$. With $2^{16} = 65{,}536$ uniform draws, how far will $\log\hat p(x)$ be from $\log p(x)$, on average over our twelve digits?

# %%
predict("02_1", choices=[
    "within a tenth of a nat",
    "one to four nats too low",
    "one to four nats too high"])

# %%
def uniform(K, seed):
    z = (torch.rand(K, 64, generator=seeded(seed)) < 0.5).double()
    return joint(z) + 32 * math.log(2)                          # log p(x, z) / q(z), (K, 12)


def prior(K, seed):
    z = upper_halves(mixture.logits.softmax(-1), K, seed)
    return joint(z) - mixture.log_evidence(z, ~seen).unsqueeze(-1)


# %%
counts = [2**j for j in range(0, 17, 2)]
errors = {name: torch.stack([torch.stack([iwae(log_w[:K]) for K in counts]) - log_evidence
                             for log_w in (draw(counts[-1], 100 + 10 * seed) for seed in range(6))])
          for name, draw in {"uniform": uniform, "prior": prior}.items()}
for name, each in errors.items():                               # (seeds, counts, digits)
    mean, error = mean_of(each[:, -1].mean(-1))
    print(f"{name:8s} log p-hat - log p with {counts[-1]:,} draws: {mean:+.3f} ± {error:.3f} nats, "
          f"too low in {(each[:, -1] < 0).double().mean():.0%} of runs and digits")
low = errors["uniform"][:, -1].mean(-1)
claim("with 65,536 uniform draws it is more than a nat too low", low + 1, sign=-1)
claim("draws from the prior come closer", errors["prior"][:, -1].mean(-1) - low, sign=+1)

# %%
show(figures.convergence(counts, {name: each.mean(-1) for name, each in errors.items()}),
     alt="Error of the log evidence over the number of draws, on a log axis, mean over twelve digits, six runs each. Uniform draws start about 25 nats too low and are still more than a nat too low after 65,536 draws. Draws from the prior start about five nats too low "
         "and are within a tenth of a nat from 64 draws on. A line at zero: the posterior, with a single draw.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_1", "one to four nats too low")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# Too low, by two nats or more. A uniform draw is a plausible completion about once in $2^{32 - 13} = 2^{19}$, so most runs never meet one, and the sum consists of second-rate completions. The estimate is unbiased all the same: once in a long while a run meets a good one, and then
# it is far too high. The logarithm of such an estimate is low nearly always.
#
# </details>
#
# > You will read that this "works in theory but not in practice", because "we will never 'hit' likely completions by uniform random sampling" (CS236, as above). Never is a long time, and it can be put in numbers: what counts is not one in $2^{32}$, but the plausible ones among all, one in $2^{19}$ here.
#
# The prior knows what upper halves look like, and that is worth a lot. In this example it is enough, because the lower half depends on the upper one through the cluster alone, and every tenth draw or so comes from the right cluster. Where many coordinates of the latent have to be right at once, the prior is as lost as the coins are (unit 03 shows it on the toy).
# And with many data under one latent, too: the likelihood weighting of unit 01 is this estimate, each datum is one more factor in every draw's weight, and as their number $N$ grows the *log* weights of two draws move apart in proportion to $N$. Soon one draw has all the weight.

# %% [markdown]
# ## 3. Importance sampling
#
# Uniform or prior, the recipe was the same: draw from something, and correct. Take any density $q$ that is positive wherever $p(x, z)$ is, and multiply and divide by it:
#
# $$p(x) = \int q(z)\,\frac{p(x, z)}{q(z)}\,dz = \mathbb E_{z \sim q}[w(z)], \qquad w(z) = \frac{p(x, z)}{q(z)}, \qquad \hat p = \frac1K\sum_{k=1}^K w(z_k) .$$
#
# The **proposal** $q$ may be chosen freely, and $\hat p$ is unbiased for every one. What $q$ decides is the spread of the **weights** $w$. Since $w(z) = p(x)\,p(z \mid x)/q(z)$, the weights are constant exactly when $q$ is the posterior, and then a single draw is the exact answer. So we need the posterior to get the evidence; and by Bayes'
# rule we need the evidence to get the posterior. Every unit from here on is about breaking that circle somewhere. Let us see the one draw:

# %%
one = [joint(z[:1])[0, n] for n, z in enumerate(completions)]   # log p(x, z), first completion
own = [(mixture.log_joint_all(z[:1], ~seen) - mixture.logits.log_softmax(-1)
        + chances[n].log()).logsumexp(-1)[0] for n, z in enumerate(completions)]   # log p(z | x)
log_w = torch.stack(one) - torch.stack(own)
away = (log_w - log_evidence).abs().max()
print(f"largest error of one posterior draw, over 12 digits: {away:.0e}")
assert away < 1e-9

# %% [markdown]
# The weights of a large model span hundreds of orders of magnitude, so code keeps $\log w$ and never $w$. `iwae(log_w)`, used above, is the logarithm of the mean weight, computed without leaving the log scale; it gets its name in unit 10, and you write it yourself in the problem set.
#
# ### Unbiased for $p$ is not unbiased for $\log p$
#
# Nearly always we want $\log p(x)$. By Jensen, $\mathbb E\log\hat p \le \log p(x)$ for every $q$ and every $K$. How much is lost? Functions of an average have a standard answer, and here it is for another function, the reciprocal. Write $\hat p = p\,(1 + d)$, with $\mathbb E\,d = 0$ and
# $\mathbb E\,d^2 = \mathrm{Var}(w)/(K p^2)$. Then
#
# $$\frac{1}{\hat p} = \frac1p\,\big(1 - d + d^2 - \dots\big), \qquad p\;\mathbb E\Big[\frac{1}{\hat p}\Big] \approx 1 + \frac{\mathrm{Var}(w)}{K\,p^2} .$$
#
# Two things to notice. The bias shrinks as $1/K$, while the standard error shrinks as $1/\sqrt K$, so from some $K$ on the noise hides it. And, to this order, it depends on the weights only through $\mathrm{Var}(w)/p^2$, which does not change when all weights are multiplied by a constant. What is it for the logarithm? That is your first signature exercise.
#
# We measure both on the toy at $x = 2$ (posterior $N(1, \tfrac12)$), with the proposal $q = N(0.5, 0.64)$.
#
# > **Predict 2.** We go from $K = 4$ to $K = 16$ samples. How much of the bias of $\log\hat p$ is left?

# %%
predict("02_2", choices=[
    "about a quarter",
    "about a half",
    "nothing, it was zero all along"])

# %%
def toy_log_weights(m, variance, eps, x=2.0):
    """log w of the toy for z = m + s eps with q = N(m, s^2)."""
    z = m + math.sqrt(variance) * eps
    log_joint = Normal(0, 1).log_prob(z) + Normal(z, 1).log_prob(number(x))
    return log_joint - Normal(m, math.sqrt(variance)).log_prob(z)


log_p = Normal(0, math.sqrt(2)).log_prob(number(2.0)).item()
scaled = (toy_log_weights(0.5, 0.64, normals(200_000, seed=6)) - log_p).exp()
compare("mean weight over p(x)", scaled, 1.0)


def log_square_times_q(z):
    eps = (z[:, 0] - 0.5) / 0.8
    return 2 * toy_log_weights(0.5, 0.64, eps) + Normal(0.5, 0.8).log_prob(z[:, 0])


relative = (log_integral(log_square_times_q) - 2 * log_p).exp().item() - 1      # Var(w) / p^2
print(f"Var(w) / p^2 = {relative:.4f}")

# %%
sizes, biases = (1, 2, 4, 8, 16, 32), {"reciprocal": [], "logarithm": []}
for K in sizes:
    log_mean = iwae(toy_log_weights(0.5, 0.64, normals(K, 8, 20_000, seed=K))) - log_p
    biases["logarithm"].append(log_mean.mean(-1))               # eight seeds, (8,)
    biases["reciprocal"].append((-log_mean).exp().mean(-1) - 1)
biases = {name: torch.stack(each, 1) for name, each in biases.items()}
for column, K in enumerate(sizes):
    told = ["{:+.4f} ± {:.4f}".format(*mean_of(each[:, column])) for each in biases.values()]
    print(f"K = {K:2d}: bias of p / p-hat {told[0]} (first order {relative / K:.4f}), "
          f"of log p-hat {told[1]}")
four, sixteen = biases["logarithm"][:, 2], biases["logarithm"][:, 4]
claim("the logarithm is too low with K = 4", four, sign=-1)
claim("K = 16 has less than a third of the bias of K = 4", four - 3 * sixteen, sign=-1)

# %%
show(figures.bias(sizes, biases, relative),
     alt="Size of the bias over the number of samples K, both axes logarithmic. Dots of the reciprocal lie above their dashed first-order line for small K and on it from K = 16 on. Dots of the logarithm, which is too low, lie below and fall with the same slope, minus one.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_2", "about a quarter")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# About a quarter, as $1/K$ says; here a little less, since at $K = 4$ the next order still counts. The reciprocal errs upwards and the logarithm downwards, as Jensen says for a convex and a concave function.
#
# </details>
#
# ### Aside: the gradient of such an estimate
#
# Why not learn $\theta$ by climbing $\log\hat p$? Let the toy's prior be $N(\theta, 1)$, draw $z_k = \theta + \epsilon_k$ from it, and differentiate through the draws. The slope of $\log p_\theta(x)$ is $(x - \theta)/2$, that is 1 at $x = 2$, $\theta = 0$.

# %%
def slopes(K, R, seed):
    theta = torch.zeros(R, dtype=DOUBLE, requires_grad=True)
    z = theta + normals(K, R, seed=seed)
    value = iwae(Normal(z, 1).log_prob(number(2.0)))            # log of the mean likelihood
    return torch.autograd.grad(value.sum(), theta)[0]


for K in (1, 4, 16, 64):
    mean, error = mean_of(slopes(K, 40_000, seed=K))
    print(f"K = {K:2d}: mean slope {mean:.4f} ± {error:.4f}, exact 1")
twofold = torch.stack([slopes(16, 5_000, seed=200 + seed).mean() for seed in range(8)])
claim("with 16 draws the slope is too steep", twofold - 1, sign=+1)

# %% [markdown]
# With one draw the slope is twice what it should be, and the bias dies as $1/K$, like that of the value. In one dimension $K = 64$ will do. In many dimensions a single draw carries most of the sum (unit 03 measures it), and we are back near $K = 1$.
#
# > You will read of this idea: "We could try to use stochastic backpropagation, but in general that can't be trusted to work well" (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part III). The table shows what goes wrong. It is not the backpropagation, which is exact; it is the logarithm of a poor estimate.

# %% [markdown]
# ## 4. When the printed error lies
#
# Every average comes with a standard error, and we have trusted it so far. It assumes that the weights *have* a variance. Look at the toy, with $q = N(m, s^2)$ and $m$ in the right place. Then
#
# $$\log\frac{w(z)}{p(x)} = \log\frac{N(z;\, m, \tfrac12)}{N(z;\, m, s^2)} = \text{constant} + \Big(\frac{1}{2s^2} - 1\Big)(z - m)^2 = \text{constant} + \tfrac12\,(1 - 2s^2)\,\epsilon^2, \qquad z = m + s\,\epsilon .$$
#
# A parabola in $z$. If $q$ is wider than the posterior, $s^2 > \tfrac12$, it opens downwards, and no weight can be larger than the one at the centre. If $q$ is narrower it opens **upwards**: the farther out the draw, the rarer, and the larger its weight. How rare? $\epsilon$ is normal, so $P(w > t) = P\big(\epsilon^2 > 2\log(t/w_0)/(1 - 2s^2)\big)$, with $w_0$ the weight at the centre, falls,
# up to a logarithm, like a power,
#
# $$P(w > t) \sim t^{-1/k}, \qquad k = 1 - 2s^2 .$$
#
# Moments of order $1/k$ and above are infinite. At $s^2 = \tfrac14$, where $q$ has half the variance of the posterior, $k$ reaches $\tfrac12$, and from there on down **the variance of the weights is infinite**. The mean is still $p(x)$, and each finite sample has a finite standard error, which your code will print.
#
# Here are sixty draws as the scale of $q$ shrinks. Each keeps its $\epsilon$; what moves is where it lands, and its weight.

# %%
variances = [1.0, 0.85, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1]
cloud = normals(60, seed=12)
frames = [(variance, 1 + math.sqrt(variance) * cloud,
           toy_log_weights(1.0, variance, cloud) - log_p) for variance in variances]
show_moving(movies.weights_cloud(frames),
            alt="Sixty weights as dots on a parabola, log weight over z, while the variance of q shrinks from 1 to 0.1. At first the parabola opens downwards and no weight is above the centre's. At variance one half it is flat, all weights are equal. Below, it opens upwards: "
                "most dots crowd at the bottom and a few outer ones climb. From one quarter on the words say that the variance is infinite.")

# %% [markdown]
# > **Predict 3.** We use $q = N(1, 0.1)$, $K = 1{,}000$, and print $\hat p \pm 2$ standard errors. For honest errors that interval holds the truth in 95 of 100 runs. In how many here?

# %%
predict("02_3", choices=["about 95", "about 80", "about 60"])

# %%
def coverage(variance, seed, K=1000, R=200):
    """Share of runs whose two standard errors hold the truth, and of runs that end too low."""
    w = (toy_log_weights(1.0, variance, normals(K, R, seed=seed)) - log_p).exp()
    mean, error = mean_of(w)
    return ((mean - 1).abs() < 2 * error).double().mean(), (mean < 1).double().mean()


found = {variance: torch.stack([torch.stack(coverage(variance, seed)) for seed in range(300, 308)])
         for variance in (0.6, 0.35, 0.2, 0.1)}
for variance, each in found.items():
    (held, low), (error, _) = each.mean(0), each.std(0) / 8**0.5
    print(f"s^2 = {variance:4.2f}, k = {1 - 2 * variance:+.1f}: interval holds the truth in "
          f"{held:.1%} ± {error:.1%}, estimate too low in {low:.0%}")
claim("at 0.1 fewer than 70 of 100 intervals hold the truth", found[0.1][:, 0] - 0.7, sign=-1)
claim("at 0.2 fewer than 90 of 100 do", found[0.2][:, 0] - 0.9, sign=-1)
claim("at 0.6 no shortfall from 95.4 is seen", found[0.6][:, 0] - 0.954, sign=0)

# %% [markdown]
# What warns us? The tail itself can be estimated from the largest weights: `psis_khat` fits $\hat k$ to them, and the usual advice is to distrust an estimate with $\hat k > 0.7$ (Vehtari and co-authors, 2024). We know the true $k$ here, so let us test the alarm, with 20,000 draws.

# %%
alarms = {}
for variance in (0.35, 0.2, 0.1):
    log_w = toy_log_weights(1.0, variance, normals(20_000, 20, seed=9))
    khat = psis_khat(log_w)
    alarms[variance] = khat
    print(f"s^2 = {variance:4.2f}: true k {1 - 2 * variance:.1f}, k-hat {khat.mean():.2f} ± "
          f"{khat.std():.2f} (spread), above 0.7 in {(khat > 0.7).double().mean():.0%} of runs")
claim("at 0.2 k-hat lies below the alarm of 0.7, on average", alarms[0.2] - 0.7, sign=-1)
claim("though the true tail has infinite variance, k-hat > 0.5", alarms[0.2] - 0.5, sign=+1)

# %%
draws = {variance: (toy_log_weights(1.0, variance, normals(20_000, seed=10)) - log_p).exp()
         for variance in (0.6, 0.35, 0.2, 0.1)}
w = draws[0.1]
steps = torch.arange(10, len(w) + 1, 10)
total, squares = w.cumsum(0)[steps - 1], w.square().cumsum(0)[steps - 1]
running = total / steps
error = ((squares / steps - running**2) / (steps - 1)).sqrt()
show(figures.tails(draws, (steps, running, error)),
     alt="Left: share of weights above t, both axes logarithmic, for four proposals, dots over exact curves. At variance 0.6 the curve ends abruptly near t = 1.1; at 0.35, 0.2 and 0.1 it bends into straight lines that are flatter and flatter. "
         "Right: the running mean of weights at variance 0.1 with a band of two standard errors. It settles near 0.92, below the true value 1; from about 5,000 draws on the band leaves the truth out. Small jumps where a rare large weight comes lift it a little.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_3", "about 60")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# About 60. A seventh of the integral is carried by draws with $|\epsilon| > 3.29$, which come once in a thousand; until one comes, the estimate is too low and its error too small, *both*, since both are computed from the draws that did come. The run on the right seems to settle after a few thousand draws, and its band leaves the truth out; now and then a rare weight lifts it a little.
#
# </details>
#
# The alarm at 0.7 marks where convergence becomes hopelessly slow. For the *standard error* the limit is 0.5, and in between, at $s^2$ from about 0.15 to 0.25 here, the printed error lies and the alarm is mostly silent. Two practical rules. Make $q$ wider than you think the posterior is, never narrower. And do not ask the weights of one run alone: repeat the estimate with
# other seeds, and compare the spread of the repetitions with the error that a typical one of them prints. Typical is the median: the mean is at the mercy of the one run that met a large weight.

# %%
for variance in (0.6, 0.1):
    w = (toy_log_weights(1.0, variance, normals(1000, 50, 10, seed=11)) - log_p).exp()
    mean, error = mean_of(w)                                    # fifty times ten runs, (50, 10)
    ratio = mean.std(-1) / error.median(-1).values
    print(f"s^2 = {variance}: ten runs spread by {ratio.median():.1f} times their median error")
claim("at 0.1 ten runs spread by more than a typical one prints", ratio.log(), sign=+1)

# %% [markdown]
# **Play.** In `coverage` the proposal sits at the posterior mean, 1.0. Put it at 1.5 and run that cell again. Which of the four variances suffers most?
#
# <details><summary>What you will see</summary>
#
# The narrowest again. At 0.6 no shortfall is seen; at 0.2 the interval holds the truth in about 74 of 100 runs, at 0.1 in fewer than half. A wrong place does little harm to a wide proposal.
#
# </details>
#
# **End of the first sitting.** The [problem set](../notebooks/02_marginal_likelihood/02_marginal_likelihood.ipynb) has exercises on this half. Part 02b needs nothing more than the definition of $p(x)$.

# %% [markdown]
# ## Second sitting (02b): how Bayesian are you
#
# ## 5. What does the prior predict?
#
# In the spring of 1970 eighteen baseball players had been at bat 45 times each. B. Efron and C. Morris (1975) took down how often each of them had hit, and how he did in the rest of the season. It is a small real data set with the truth attached, and up to section 8 we try to predict the rest
# of the season from the first 45. A player's **talent** $\pi_i$ is his probability of a hit. It is a latent, or a parameter, depending on how Bayesian you are.

# %%
hits = number(18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7)    # of 45
at_bats = number(367, 426, 521, 275, 418, 466, 586, 138, 510, 200, 277, 270, 435, 538, 186,
                 558, 408, 70)                                  # in the rest of the season
average = number(0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269, 0.230, 0.264,
                 0.256, 0.303, 0.264, 0.226, 0.285, 0.316, 0.200)
later = (at_bats * average).round()                             # hits in the rest of the season
players, n = len(hits), number(45)[0]
print(f"after 45 at bats:   {hits[-1] / n:.3f} to {hits[0] / n:.3f}, mean {hits.mean() / n:.3f}")
print(f"rest of the season: {average.min():.3f} to {average.max():.3f}")

# %% [markdown]
# Before any fitting, look at what a prior claims. The evidence $p(h) = \int p(h \mid \pi)\,p(\pi)\,d\pi$ of $h$ hits, read as a function of the datum that *may* come, is the **prior predictive** distribution. A prior is a statement about parameters, and few of us have opinions about parameters. The prior predictive is a statement about data, and about data we do have opinions.
#
# Three priors. A "vague" one: the log odds of a hit are $N(0, 10^2)$, so as not to impose anything. A flat one: $\pi \sim \mathrm{Uniform}(0, 1)$. And one that knows some baseball: log odds $N(-1, 0.5^2)$, talents around one in four.
#
# > **Predict 4.** Under the vague prior, how probable is it that a player hits either *never* or *every time* in 45 at bats?

# %%
predict("02_4", choices=["about 4%", "about two thirds", "about a quarter"])

# %%
counts = torch.arange(46, dtype=DOUBLE)


def by_log_odds(mean, scale):
    """p(h), h = 0 to 45, under a normal prior on the log odds, summed on a grid: (46,)."""
    z = mean + scale * torch.linspace(-8, 8, 4001, dtype=DOUBLE)[:, None]
    weights = Normal(mean, scale).log_prob(z).softmax(0)
    return (weights * Binomial(n, logits=z).log_prob(counts).exp()).sum(0)


predicted = {"vague: log odds N(0, 100)": by_log_odds(0.0, 10.0),
             "flat: talent uniform": torch.full_like(counts, 1 / 46),
             "informed: log odds N(-1, 1/4)": by_log_odds(-1.0, 0.5)}
for name, chances_of in predicted.items():
    ends = (chances_of[0] + chances_of[-1]).item()
    print(f"{name:30s} never or always: {ends:.2%}; adds up to {chances_of.sum():.4f}")
show(figures.prior_predictive(predicted, hits),
     alt="Three bar charts of the prior predictive probability of 0 to 45 hits. Vague: two tall bars at 0 and 45, almost nothing between. Flat: all bars equal. Informed: a hump around 11 with a tail to 30. Orange ticks below the axis mark the 18 players, between 7 and 18.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_4", "about two thirds")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Two thirds. A standard deviation of 10 on the log odds puts more than two thirds of the prior beyond $\pm 4$, that is, at probabilities below 2% or above 98%. "Vague" on one scale is a strong opinion on another. (That the flat prior makes all 46 counts equally probable is a small theorem of Bayes himself; it, too, is an opinion.)
#
# </details>

# %% [markdown]
# ## 6. Evidence compares models
#
# Now two models for the eighteen. **One talent for all**: everybody shares a single $\pi$. **To each his own**: eighteen separate talents. All priors uniform. Both evidences are closed forms: the integral of a binomial over a Beta prior,
#
# $$p(h) = \binom nh \frac{B(a + h,\, b + n - h)}{B(a, b)},$$
#
# the **beta-binomial**, with $B$ the beta function and $a = b = 1$ for a uniform prior. At their best fits the second model is ahead by more than nine nats: it can give every player just the average that he had.
#
# > **Predict 5.** And which has the larger evidence?

# %%
predict("02_5", choices=[
    "own talents, by a factor of about ten thousand",
    "about the same",
    "one talent, by a factor of hundreds of millions"])

# %%
def log_beta(a, b):
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def beta_binomial(h, n, a, b):
    """log p(h) where the talent is Beta(a, b) and h Binomial."""
    choose = -log_beta(h + 1, n - h + 1) - (n + 1).log()
    return choose + log_beta(a + h, b + n - h) - log_beta(a, b)


flat, total = number(1)[0], hits.sum()
ways = -log_beta(hits + 1, n - hits + 1) - (n + 1).log()        # log binomial coefficients
together = ways.sum() + log_beta(total + 1, players * n - total + 1)
apart = beta_binomial(hits, n, flat, flat).sum()
fits = [Binomial(n, p).log_prob(hits).sum().item() for p in (total / (players * n), hits / n)]
print(f"one talent: best fit {fits[0]:.2f}, log evidence {together:.2f}")
print(f"own talent: best fit {fits[1]:.2f}, log evidence {apart:.2f}")
print(f"evidence of one over own: exp({together - apart:.1f}) = {(together - apart).exp():.1e}")

# %%
show(figures.occam({"one talent for all": (fits[0], together.item()),
                    "to each his own": (fits[1], apart.item())}),
     alt="Two horizontal bars, minus log evidence, made of two parts. One talent: best fit 45.4 and Occam factor 3.2, together 48.6. Own talents: best fit 35.9, shorter, but Occam factor 33.0, together 68.9.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_5", "one talent, by a factor of hundreds of millions")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# One talent, by $e^{20}$. The ratio of evidence to best fit is **Occam's factor**: roughly, the part of the prior's range that the data leave standing. One parameter pays once. Eighteen parameters pay eighteen times, nearly two nats each, and that costs more than the better fit brings in.
#
# </details>
#
# Nobody added a penalty. To see where it comes from, write the evidence as a chain of predictions, $p(x_1, \dots, x_N) = \prod_i p(x_i \mid x_1, \dots, x_{i-1})$: each player is predicted from those before him, **before** he is looked at. The first model learns from each player for the next. The second never does: each of its predictions is a first one, one in 46 for any number of hits, eighteen times. We check the chain on the first model, and also ask what the second one owes to its prior:

# %%
a, b, chain = flat, flat, 0.0
for h in hits:                                                  # predict, look, update
    chain = chain + beta_binomial(h, n, a, b)
    a, b = a + h, b + n - h
print(f"sum of log predictions {chain:.6f}, log evidence {together:.6f}")
assert abs(chain - together) < 1e-9
five, fifteen = number(5, 15)
narrower = beta_binomial(hits, n, five, fifteen).sum()
both = ways.sum() + log_beta(five + total, fifteen + players * n - total) - log_beta(five, fifteen)
print(f"all priors Beta(5, 15): one talent {both:.2f}, own talents {narrower:.2f}")

# %% [markdown]
# So the log evidence is a score on data that the model had not yet seen. That is its strength and its weakness. The weakness: the first predictions come from the prior, so **the evidence depends on the prior**, far more than the posterior does. Most of the 20 nats were lost to a prior by which a player may as well hit 45 times of 45; with $\mathrm{Beta}(5, 15)$ for every talent in both models, talents around one in four, 2.6 of them are left.

# %% [markdown]
# ## 7. Five levels
#
# One talent for all is stiff, and eighteen unrelated talents are loose. In between stands the **hierarchical** model: talents differ, but they come from one population, and the population has parameters of its own,
#
# $$h_i \mid \pi_i \sim \mathrm{Binomial}(45, \pi_i), \qquad \pi_i \mid \eta \sim \mathrm{Beta}\big(\mu\kappa,\,(1 - \mu)\kappa\big), \qquad \eta = (\mu, \kappa) .$$
#
# $\mu$ is the mean talent, and we describe $\kappa$ by the **spread** of talent, its standard deviation $\tau = \sqrt{\mu(1 - \mu)/(\kappa + 1)}$. At $\tau = 0$ all are equal; the larger $\tau$, the less one player tells about another. With $\theta = (\pi_1, \dots, \pi_{18})$ and $\mathcal D$ the data, K. Murphy (2012) orders what people do by the number of integrals:
#
# | level | what is chosen | what is integrated out |
# |---|---|---|
# | **ML** (maximum likelihood) | $\hat\theta = \arg\max p(\mathcal D \mid \theta)$ | nothing |
# | **MAP** (maximum a posteriori) | $\hat\theta = \arg\max p(\mathcal D \mid \theta)\,p(\theta \mid \eta)$, $\eta$ fixed beforehand | nothing |
# | **ML-II** (empirical Bayes, type II maximum likelihood) | $\hat\eta = \arg\max p(\mathcal D \mid \eta)$, with $p(\mathcal D \mid \eta) = \int p(\mathcal D \mid \theta)\,p(\theta \mid \eta)\,d\theta$ | $\theta$ |
# | **MAP-II** | $\hat\eta = \arg\max p(\mathcal D \mid \eta)\,p(\eta)$ | $\theta$ |
# | **full Bayes** | nothing | $\theta$ and $\eta$ |
#
# The evidence of the lower level is the likelihood of the upper. Here it is a product of beta-binomials, so no level needs sampling: what is left, over $\eta$, is a maximum or a sum over a grid. For MAP we fix $\mathrm{Beta}(5, 15)$, "about one in four, worth twenty at bats". For $\tau$ the upper levels use the density $\propto \tau\,e^{-\tau/0.02}$ and for $\mu$ a flat one.

# %%
mu, tau = torch.meshgrid(torch.linspace(0.18, 0.36, 37, dtype=DOUBLE),
                         torch.cat([number(1e-4), torch.linspace(0.002, 0.12, 60, dtype=DOUBLE)]),
                         indexing="ij")
mu, tau = mu.flatten(), tau.flatten()                           # a grid; 0.0001 stands for 0
kappa = mu * (1 - mu) / tau**2 - 1
A, B = mu * kappa, (1 - mu) * kappa
table = beta_binomial(counts[:, None], n, A, B)                 # log p(h | eta), (46, grid)
log_prior = tau.log() - tau / 0.02                              # density in (mu, tau)


def log_evidence_of(h):
    """log p(data | eta) over the grid, for seasons (*S, players)."""
    return table[h.long()].sum(-2)


# %%
def at_eta(h, later, at_bats, eta):
    """Posterior means and log predictive densities of the rest, for one eta a season."""
    a, b = A[eta].unsqueeze(-1) + h, B[eta].unsqueeze(-1) + n - h
    return a / (a + b), beta_binomial(later, at_bats, a, b)


def full_bayes(h, later, at_bats):
    posterior = (log_evidence_of(h) + log_prior).log_softmax(-1).unsqueeze(-2)    # (*S, 1, grid)
    a, b = A + h.unsqueeze(-1), B + n - h.unsqueeze(-1)
    scores = beta_binomial(later.unsqueeze(-1), at_bats.unsqueeze(-1), a, b)
    return (posterior.exp() * a / (a + b)).sum(-1), (posterior + scores).logsumexp(-1)


# %%
def five_levels(h, later, at_bats):
    """{level: (estimates, log predictive densities)}, each (*S, players)."""
    evidence, levels = log_evidence_of(h), {}
    for name, p in {"ML": h / n, "MAP": (h + 5 - 1) / (n + 20 - 2)}.items():
        levels[name] = p, Binomial(at_bats, p, validate_args=False).log_prob(later)
    levels["ML-II"] = at_eta(h, later, at_bats, evidence.argmax(-1))
    levels["MAP-II"] = at_eta(h, later, at_bats, (evidence + log_prior).argmax(-1))
    levels["full Bayes"] = full_bayes(h, later, at_bats)
    return levels


# %% [markdown]
# > **Predict 6.** We score each level by the log probability that it gives to each player's hits in the rest of the season. By how much does full Bayes beat ML-II, in nats a player?

# %%
predict("02_6", choices=[
    "a nat or more",
    "about half a nat",
    "nothing that eighteen players could show"])

# %%
season = five_levels(hits, later, at_bats)
for name, (p, score) in season.items():
    mean, error = mean_of(score)
    print(f"{name:10s} estimates {p.min():.3f} to {p.max():.3f}, root mean square error "
          f"{(p - average).square().mean().sqrt():.4f}, log score {mean:.2f} ± {error:.2f}")
best = log_evidence_of(hits).argmax()
print(f"ML-II: mu = {mu[best]:.3f}, tau = {tau[best]:.3f}, kappa = {kappa[best]:.0f}")
scores = {name: score for name, (_, score) in season.items()}
gap = scores["full Bayes"] - scores["ML-II"]
claim("between full Bayes and ML-II no difference is seen", gap, sign=0)
closer = (season["ML"][0] - average).abs() - (season["full Bayes"][0] - average).abs()
claim("full Bayes comes closer to the rest of the season than ML", closer, sign=+1)

# %%
show(figures.levels({name: p for name, (p, _) in season.items()}, average, scores, "full Bayes"),
     alt="Left: eighteen players' estimates at five levels, and the rest of the season. ML spreads from 0.156 to 0.400; MAP pulls them together by three tenths; from ML-II on they lie within a few hundredths around 0.265; the rest of the season spreads from 0.200 to "
         "0.346. Right: log score less that of full Bayes. ML about 3.5 nats lower, MAP about 2 lower, both with wide error bars; ML-II and MAP-II at zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("02_6", "nothing that eighteen players could show")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# No difference is seen. The estimates of the three upper levels are nearly the same, and those of full Bayes are closer to the rest of the season than the players' first averages were. In the score even the gap to ML, 3.5 nats, has an error of 1.3, and is less than three of those: a few players decide it, and eighteen are few.
#
# </details>
#
# What eighteen players cannot show, a thousand can. We let the model play: seasons with $\mu = 0.265$ and $\tau = 0.03$, whose talents we know, with the same numbers of at bats. And since MAP and ML-II differ in *two* things, we add a rung between them: the posterior under MAP's fixed prior, with $\theta$ integrated out and nothing estimated.

# %%
def play(seasons, mu, tau, seed):
    """Hits in 45 at bats and in the rest of the season, (seasons, players) each."""
    kappa = mu * (1 - mu) / tau**2 - 1
    a, b = (number(each).log().expand(players) for each in (mu * kappa, (1 - mu) * kappa))
    g = seeded(seed)
    p = BetaVector(a, b).rsample((seasons,), generator=g)       # talents
    return [torch.binomial(trials.expand_as(p), p, generator=g) for trials in (n, at_bats)]


played, rest = play(60, 0.265, 0.03, seed=20)
levels = {name: score.mean(-1) for name, (_, score) in five_levels(played, rest, at_bats).items()}
fixed = beta_binomial(rest, at_bats, 5 + played, 15 + n - played).mean(-1)

# %%
for name, score in [*levels.items(), ("MAP's prior, averaged", fixed)]:
    mean, error = mean_of(score - levels["full Bayes"])
    print(f"{name:22s} log score less that of full Bayes {mean:+.3f} ± {error:.3f}")
claim("a prior helps: MAP beats ML", levels["MAP"] - levels["ML"], sign=+1)
claim("averaging over theta helps: MAP's prior, averaged", fixed - levels["MAP"], sign=+1)
claim("estimating it by ML-II instead: no difference is seen", levels["ML-II"] - fixed, sign=0)
claim("estimating it by MAP-II helps", levels["MAP-II"] - fixed, sign=+1)
gap = levels["full Bayes"] - levels["MAP-II"]
claim("averaging over eta helps: full Bayes beats MAP-II", gap, sign=+1)

# %% [markdown]
# A prior helps, and so does each integral: the first one by more than a nat, the last one by about a tenth. The surprise is in the middle. ML-II replaces a guessed prior by an estimated one, and sixty seasons show no gain; MAP-II, the same step with a little care, does gain. Section 8 plays more seasons and says why.
#
# One caution. These seasons were made by the model, and our prior for $\tau$ happens to favour spreads of about that size. In real life the model is wrong as well, and no level of the ladder repairs that.
#
# Is ML-II a sin? "Empirical Bayes violates the principle that the prior should be chosen independently of the data" (Murphy, 2012, section 5.6), and so it does. It uses the data twice, once to choose the prior and once to update it, and acts as if $\hat\eta$ were known. With many players $\hat\eta$ is nearly known and little harm is done. With few, there is trouble.

# %% [markdown]
# ## 8. At the edge
#
# Look at the estimate above once more: $\hat\tau = 0.016$, so small that ML-II sees hardly any differences in talent. How close did it come to $\tau = 0$, where it would say that all talents are *exactly* equal, and be sure of each?
#
# > **Predict 7.** Seasons of eighteen players are played with a true spread of $\tau = 0.03$. In what share of them does ML-II land on $\tau = 0$?

# %%
predict("02_7", choices=["about two in five", "about one in thirty", "none"])

# %%
on_edge, gains = [], []
for seed in range(400, 408):
    more, ends = play(100, 0.265, 0.03, seed)
    best = log_evidence_of(more).argmax(-1)
    on_edge.append(tau[best] < 1e-3)
    guessed = beta_binomial(ends, at_bats, 5 + more, 15 + n - more)    # MAP's prior, averaged
    gains.append((at_eta(more, ends, at_bats, best)[1] - guessed).mean(-1))
on_edge, gains = torch.stack(on_edge), torch.stack(gains)       # (8, 100) each
shares = on_edge.double().mean(-1)
print("ML-II on the edge in {:.0%} ± {:.0%} of seasons with tau = 0.03".format(*mean_of(shares)))
claim("in more than three of ten seasons", shares - 0.3, sign=+1)
claim("and in fewer than half", shares - 0.5, sign=-1)

# %%
gain = {"on the edge": gains[on_edge], "elsewhere": gains[~on_edge], "all": gains.flatten()}
for name, each in gain.items():
    print(f"{name:12s} {len(each):3d} seasons: ML-II less MAP's prior, averaged "
          "{:+.3f} ± {:.3f} nats a player".format(*mean_of(each)))
claim("away from the edge ML-II gains", gain["elsewhere"], sign=+1)
claim("on the edge it loses", gain["on the edge"], sign=-1)
claim("over all of them a small gain is left", gain["all"], sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("02_7", "about two in five")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# In about two of five. Luck spreads the averages of 45 at bats by 0.066, talent by 0.03; so when luck happens to spread them a little less than usual, nothing is left for talent, and the best $\tau$ is the smallest there is.
#
# </details>
#
# And that is where ML-II loses most of what it gains: away from the edge the estimated prior beats the guessed one by a quarter of a nat a player; on the edge it is beaten by as much. Over all 800 seasons about a twentieth of a nat is left, which sixty were too few to show.
#
# An optimizer does not report this. It works with $\log\tau$, say, where the slope of the evidence is $\tau$ times its slope in $\tau$, and vanishes towards the edge; so it walks off to $-\infty$, ever more slowly. The only sign is a tiny $\hat\tau$ and predictions that are too sure.
#
# Does a prior help, that is MAP-II? Only one of a certain kind. At $\tau = 0$ the evidence is flat and *positive*. Multiplied by a density that is positive there, too, and falls away from zero, such as a half-normal or a half-Cauchy, the edge stays where the maximum is. (In 1970, with a scale of 0.05, both even pull the top down to zero, where the evidence alone had not been.) What moves the maximum off the edge, always, is **a density that is zero at $\tau = 0$**,
# such as $\tau\,e^{-\tau/c}$ (Y. Chung and co-authors, 2013, recommend it, with a large $c$).

# %%
grid = tau.view(37, -1)[0]
edge = tau[log_evidence_of(played).argmax(-1)] < 1e-3           # of the sixty seasons above
priors = {"half-Cauchy": -(1 + (grid / 0.05) ** 2).log(), "half-normal": -0.5 * (grid / 0.05) ** 2,
          "tau exp(-tau / 0.02)": grid.log() - grid / 0.02}


def over_tau(h):
    """log evidence over tau, each at its best mu."""
    return log_evidence_of(h).view(37, -1).amax(0)


seasons = {"1970: nearly flat down to zero": over_tau(hits),
           "At the edge, one prior moves the top": over_tau(played[edge][0])}
for name, prior_of in priors.items():
    modes = [grid[(each + prior_of).argmax()].item() for each in seasons.values()]
    print(f"{name:24s} MAP-II: tau = {modes[0]:.3f} in 1970, {modes[1]:.3f} in the other season")
show(figures.hyperparameter(grid, seasons, priors),
     alt="Two panels of curves over the spread of talent in thousandths, each scaled to one at its top, where a triangle stands. Left, 1970: the evidence alone has its top near 16 and is nearly flat to its left; with a half-Cauchy or a half-normal prior the top is at zero; "
         "with the third prior, which is zero at zero, it is near 20. Right, a season at the edge: evidence, half-Cauchy and half-normal have their tops at zero; the third prior has its top near 18.")

# %% [markdown]
# And there is a second trouble with any mode of a density: **it depends on how we write the parameter.** A density in $\tau$ becomes one in $\tau^2$ by a factor $1/(2\tau)$, in $\log\tau$ by a factor $\tau$. Take the half-normal, and average over $\mu$ this time. Same prior, same data, same posterior *distribution*, three different "most probable" spreads:

# %%
integrated = log_evidence_of(hits).view(37, -1).logsumexp(0)    # over mu
posterior = integrated + priors["half-normal"]                  # a density in tau
scales = {"tau": 0 * grid, "tau^2": -(2 * grid).log(), "log tau": grid.log()}
for name, log_jacobian in scales.items():
    print(f"highest density in {name:8s}: tau = {grid[(posterior + log_jacobian).argmax()]:.3f}")
inner = posterior[1:].softmax(0)                                # equal steps from 0.002 on
print(f"posterior mean of tau, however written: {(inner * grid[1:]).sum():.3f}")

# %% [markdown]
# ML-II does not have this trouble, since a likelihood is no density in $\eta$; and full Bayes does not, since it never takes a maximum. MAP and MAP-II do.

# %% [markdown]
# ## 9. Regularization is a prior
#
# If you have trained a neural network with **weight decay** you have done MAP. Write the loss as a negative log likelihood:
#
# $$-\log p(\mathcal D \mid \theta) + \frac\lambda2\,|\theta|^2 = -\log p(\mathcal D \mid \theta) - \log N\big(\theta;\, 0,\, \tfrac1\lambda I\big) + \text{constant}.$$
#
# A quadratic penalty (*ridge*) is a Gaussian prior with variance $1/\lambda$; $\lambda\,|\theta|_1$ (*lasso*) is a Laplace prior; adding four hits and fourteen misses to everybody's record, as our MAP did, is a Beta prior. Seen this way, two things follow. The strength $\lambda$ is a parameter of a prior, so it may be chosen by the evidence (ML-II) as well
# as on held-out data. And a penalty has a prior predictive: before you settle on one, draw from it.
#
# Where does this course stand on the ladder? From unit 03 on, $z$ is what we are Bayesian about and $\theta$ is what we choose, by maximizing a bound on $\log p_\theta(x)$. But for the bound, that is ML-II with new letters: our $z$ is Murphy's $\theta$, our $\theta$ is his $\eta$. The talents were eighteen latents; the weights of a network that turns latents into pictures are a very long $\eta$.
#
# **Reflect.** When would you *not* want to be Bayesian about $\theta$?
#
# <details><summary>An answer</summary>
#
# When there are many data for each parameter, so that its posterior is narrow and the last integral buys little; when $\theta$ has so many dimensions that a poor approximation of its posterior would hurt the inference about $z$, which you care about; or when its parts have no meaning, so that nobody could say what a prior on them predicts. None of these is
# a reason for leaving the uncertainty out of the report.
#
# </details>
#
# ### Aside: Stein's paradox
#
# Shrinking helped the ballplayers. One may think that this is because they have something in common. C. Stein (1956) showed that it is not. Let $x \sim N(\theta, I_D)$ be a single observation of $D$ unrelated means. The obvious estimate $x$ has the risk $\mathbb E|x - \theta|^2 = D$. With W. James (1961) he gave another one,
#
# $$\hat\theta = \Big(1 - \frac{D - 2}{|x|^2}\Big)\,x,$$
#
# whose risk is smaller **for every $\theta$**, if $D \ge 3$. It is empirical Bayes: under $\theta_i \sim N(0, \tau^2)$ the posterior mean is $(1 - \tfrac1{1 + \tau^2})\,x$, and $(D - 2)/|x|^2$ is an unbiased estimate of $\tfrac1{1 + \tau^2}$. But the claim holds for a fixed $\theta$, with no prior anywhere.
#
# For comparison, shrinking by a *constant* factor $c$ has the risk $c^2 D + (1 - c)^2|\theta|^2$: noise that shrinks, and a bias that grows with $|\theta|$ without limit. James and Stein's factor looks at the data, and stops shrinking when $|x|$ is large. (In one dimension the risk is infinite, since $1/x^2$ has no mean; in two, the estimate is $x$.)

# %%
def losses(D, length, seed, R=10_000):
    theta = torch.zeros(D, dtype=DOUBLE)
    theta[0] = length
    x = theta + normals(R, D, seed=seed)
    shrunk = (1 - (D - 2) / x.square().sum(-1, keepdim=True)) * x
    return (shrunk - theta).square().sum(-1).mean()


lengths = torch.linspace(0, 8, 9, dtype=DOUBLE)
risks = {D: torch.stack([torch.stack([losses(D, at, 500 + seed) for at in lengths.tolist()])
                         for seed in range(6)]) for D in (3, 10)}
for D, runs in risks.items():
    at_zero, at_four = (runs[:, j].mean().item() for j in (0, 4))
    print(f"D = {D:2d}: risk {at_zero:.2f} at |theta| = 0, {at_four:.2f} at |theta| = 4")
claim("D = 10: the risk at |theta| = 4 is below 10", risks[10][:, 4] - 10, sign=-1)
show(figures.stein(lengths, risks),
     alt="Expected squared error divided by the dimension, over the length of the true mean. A dashed line at 1: the data themselves. For D = 10 the risk starts at 0.2 and rises towards 1; for D = 3 it starts at two thirds and is close to 1 from length 4 on. Neither crosses the line.")

# %% [markdown]
# Only one of the two curves has error bars that mean something. The loss contains a term $1/|x|^2$, and its square has a mean only from $D = 5$ on. For $D = 3$ the loss has an infinite variance, and the standard error is worth what it was in section 4; that the risk stays below 3
# is the theorem's word, not ours. What is the risk as a function of $|\theta|$, exactly? The problem set asks. (The paradox is about the *sum* of errors. A single mean may well do worse by being shrunk, and C. Morris and B. Efron were careful to limit how far any one player may be moved.)
#
# ### Aside: the bandwidth of a Gaussian process
#
# ML-II is how the lengthscale of a Gaussian process is usually chosen. $f$ is a random function, integrated out in closed form; $\eta$ are lengthscale, height and noise. Here is the flow of the Nile at Aswan, 1871 to 1970, from unit 01. We fix height and noise at reasonable values (0.6 and 0.8 standard deviations of the data), vary the lengthscale, and split the log evidence in two: a part that does not look at the data
# (the log evidence of the data *zero*: what flexibility costs) and the rest, the fit.

# %%
from statsmodels.datasets import nile

flow = torch.tensor(nile.load_pandas().data["volume"].tolist(), dtype=DOUBLE)
flow = (flow - flow.mean()) / flow.std()
years = torch.arange(1871, 1971, dtype=DOUBLE)


def process(length):
    return GaussianProcessRegression(years[:, None], length, 0.6, 0.8).requires_grad_(False)


# %%
lengthscales = torch.logspace(-0.25, 2, 28, dtype=DOUBLE).tolist()
found = [process(length) for length in lengthscales]
evidence = torch.stack([p.log_evidence(flow) for p in found])
complexity = torch.stack([p.log_evidence(torch.zeros_like(flow)) for p in found])
parts = {"evidence": evidence, "fit": evidence - complexity, "complexity": complexity}
tops = [j for j in range(1, len(found) - 1) if evidence[j] > max(evidence[j - 1], evidence[j + 1])]
for j in tops:
    print(f"top at {lengthscales[j]:.1f} years: log evidence {evidence[j]:.2f}")
curves = {f"{lengthscales[j]:.1f} years": found[j].posterior(flow).loc for j in tops}
show(figures.bandwidth(lengthscales, parts, years, flow, curves),
     alt="Left: over the lengthscale, on a log axis, the complexity part rises and the fit part, after a rise up to two years, falls; their sum, the evidence, has two tops, near 5 and near 22 years, half a nat apart. Right: the Nile's flow as dots with two curves. One follows swings of ten to twenty-five years, the other is a slow decline that levels off about 1920.")

# %% [markdown]
# The short lengthscale calls the swings of a decade or two a signal; the long one calls them noise. An optimizer climbs the hill on which it starts. The two differ by half a nat or so, which is no verdict; full Bayes would keep both.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | $\log\hat p$ taken for unbiased | models look worse the fewer samples they get | double $K$: a value that rises has a bias |
# | a proposal narrower than the posterior | a small standard error, and a value too low | repeat with other seeds; $\hat k$ above a half |
# | $\hat k < 0.7$ taken as a licence for the standard error | nothing | the limit for a variance is $\tfrac12$ |
# | weights instead of log weights | 0, or NaN, from some dimension on | data with many pixels |
# | "vague" on the scale that is at hand | silly data | draws from the prior predictive |
# | evidence compared under priors that nobody meant | a verdict that turns with the width of the prior | another width |
# | an estimate plugged in as if it were known | predictions that are too sure | log score on held-out data |
# | ML-II on the edge not noticed | all groups exactly equal | the evidence drawn over $\tau$ |
# | a mode reported as *the* estimate | another answer on another scale | write the parameter as $\log\tau$ |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | sum over states | `exact.enumerate_binary`, then `logsumexp` | `TraceEnum_ELBO` |
# | integral on a grid | `exact.log_integral`, `exact.gauss_hermite` | `torch.trapezoid` |
# | naive Monte Carlo | `diagnostics.naive_log_evidence` | `pyro.infer.Predictive`, then a mean |
# | importance sampling | `diagnostics.importance_log_evidence` | `pyro.infer.Importance` |
# | tail index of the weights | `diagnostics.psis_khat` | `pyro.infer.importance.psis_diagnostic` |
# | $p(h)$ of a beta-binomial | this page | `pyro.distributions.BetaBinomial` |
# | ML-II of a Gaussian process | `models.GaussianProcessRegression.log_evidence` | `pyro.contrib.gp.models.GPRegression` |
#
# ## What to remember
#
# 1. The evidence is the mean of $p(x, z)/q(z)$ over draws from $q$, for **every** $q$ that misses nothing. The posterior makes it exact with one draw.
# 2. Unbiased for $p(x)$; too low, on average, for $\log p(x)$, by an amount that falls as $1/K$.
# 3. A proposal narrower than the posterior has heavy-tailed weights. From $k = \tfrac12$ on the printed error lies, and below 0.7 no alarm rings.
# 4. A prior is what it predicts. Look at its data before it looks at yours.
# 5. Evidence is fit times Occam's factor, and a product of predictions. It depends on the prior.
# 6. ML, MAP, ML-II, MAP-II, full Bayes: one integral after another. An estimated spread may collapse to zero; a prior that vanishes there, or integrating it out, prevents it.
#
# **Next**: [the problem set](../notebooks/02_marginal_likelihood/02_marginal_likelihood.ipynb); then [unit 03, the ELBO](03_elbo.ipynb), which stops estimating the integral and starts bounding it.
#
# ## Further reading
#
# - A. B. Owen. *Monte Carlo theory, methods and examples.* 2013, chapter 9. Importance sampling.
# - A. Vehtari, D. Simpson, A. Gelman, Y. Yao, J. Gabry. *Pareto smoothed importance sampling.* Journal of Machine Learning Research 25, 2024.
# - D. J. C. MacKay. *Bayesian interpolation.* Neural Computation 4, 1992. Evidence and Occam's factor.
# - K. P. Murphy. *Machine Learning: A Probabilistic Perspective.* MIT Press, 2012, chapter 5. The five levels.
# - B. Efron, C. Morris. *Data analysis using Stein's estimator and its generalizations.* Journal of the American Statistical Association 70, 1975. The ballplayers.
# - B. Efron, C. Morris. *Stein's paradox in statistics.* Scientific American 236, 1977.
# - W. James, C. Stein. *Estimation with quadratic loss.* Fourth Berkeley Symposium on Mathematical Statistics and Probability, 1961.
# - Y. Chung, S. Rabe-Hesketh, V. Dorie, A. Gelman, J. Liu. *A nondegenerate penalized likelihood estimator for variance parameters in multilevel models.* Psychometrika 78, 2013.
# - A. Gelman, J. Carlin, H. Stern, D. Dunson, A. Vehtari, D. Rubin. *Bayesian Data Analysis.* Third edition, 2013, chapters 5 to 7.
# - C. E. Rasmussen, C. K. I. Williams. *Gaussian Processes for Machine Learning.* MIT Press, 2006, chapter 5.

# %%
tally("02")
