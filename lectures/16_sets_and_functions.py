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
# # 16 · Sets and functions
#
# So far a datum was a vector: an image, a row of a table. In this unit a datum is a *set*: the patients of one hospital, the shots of one scene, a function seen at a few points. A set has no first element, and no fixed size. The network that recognizes it must not care about the first fact, and it must care about the second. What happens when it does not is measured here in nats, because for two kinds of sets we know
# the right answer: the **conjugate statistician** for normal points with unknown mean and spread, and the **Gaussian process** for functions. Against the first we hold pooled encoders and the *neural statistician*, against the second two kinds of *neural processes*. You will see where they come close, where they fail, and which of their failures a calibration curve cannot show.
#
# **After this unit you can**
#
# - draw the graphs of the conditional VAE, the neural statistician, the conditional neural process and the neural process, and say what each shares between points,
# - say what a mean, a sum and a maximum of features can tell apart, and what that costs a posterior,
# - hold a learned statistician against the exact one, in nats,
# - explain why the objective of a conditional neural process is an exact likelihood and no bound, and by how much it must fall short of the process that made the data,
# - judge predictions of functions by where the targets lie: at the points, between them, beyond them, and outside all training.
#
# **Time**: about 50 minutes of reading and playing on the main line; what is marked *aside* takes 5 minutes more. The page computes in under a minute.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p_\theta(x, z)$, a family gives $q_\phi(z \mid x)$; the **ELBO** is $\mathbb E_q[\log p_\theta(x, z) - \log q_\phi(z \mid x)] = \log p_\theta(x) - \mathrm{KL}(q_\phi \,\|\, p_\theta(\cdot \mid x))$ (unit 03). The divergence is the **gap**.
# > - A **recognition network** reads $x$ and writes the parameters of $q_\phi(z \mid x)$: inference is *amortized* (unit 11).
# > - A **conjugate** prior has a posterior of its own form, found by adding up a few sums over the data (unit 04).
# > - A **Gaussian process** gives any finite number of function values a joint Gaussian. Given some of them, the others are Gaussian with known mean and covariance (unit 02).
# > - **How to read the numbers**: mean $\pm$ standard error. A sentence that compares is held to five seeds or more by `claim`.

# %%
import torch
from torch.distributions import Normal

from course_vi.diagnostics import claim
from course_vi.experiments.function_trial import EDGE, draw_functions, exact_prediction
from course_vi.experiments.set_trial import (
    POOLS,
    PooledEncoder,
    draw_sets,
    posterior_gap,
)
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import statistician_posterior

# %%
from course_vi.learning import fit, smoke_cap
from course_vi.models import ConditionalNeuralProcess, NeuralStatistician, NormalGamma
from course_vi.nets import SetEncoder, mlp
from course_vi.plots import lecture_16 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64
SEEDS, STEPS = 5, "4000"      # of the stored tables


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def stored(table, way, *keys, steps=STEPS):
    """One entry of a table that ``benchmarks/lecture_16.py`` has written, as a tensor."""
    found = stored_table(table, 16)[steps][way]
    for key in keys:
        found = found[key]
    return torch.tensor(found, dtype=DOUBLE)


def told(values, digits=3):
    return f"{values.mean():.{digits}f} ± {values.std() / len(values) ** 0.5:.{digits}f}"


# %% [markdown]
# ## 1. Four graphs
#
# What do the points of one datum share? There are four answers in use, and the graph tells them apart at a glance. As always a circle is random, a shaded circle is observed, a plate is repeated. A box is computed. Dashed blue arrows belong to the recognition network.

# %%
show(figures.four_graphs(),
     alt="Four graphs. Conditional VAE: z n and u n lead into y n, all inside one plate. Neural statistician: c, outside the plate, leads to z n and x n inside it; dashed arrows lead from x n back to z n and to c. Conditional neural process: context points u m, y m in one plate lead into a box r, which with u t leads to y t in another plate. Neural process: the same with a circle z in place of the box, and a dashed arrow from y t back to z.")

# %% [markdown]
# | | random and shared | a point is told by | likelihood of a datum |
# |---|---|---|---|
# | **conditional VAE** (unit 15) | nothing | its own $z_n$ | an integral for each point; the ELBO bounds it |
# | **neural statistician** | $c$, for the set | $c$ and its own $z_n$ | an integral over $c$ outside the product; the ELBO bounds it |
# | **conditional neural process** | nothing | a summary $r$ of the context, its input $u_t$ | a product of densities that are simply evaluated |
# | **neural process** | $z$, for the function | $z$ and its input $u_t$ | an integral over $z$ outside the product; the ELBO bounds it |
#
# The last column decides what can be learned. Where a random variable stands *outside* the product over points, the points are dependent: one tells about the other. Where there is none they are independent, given what is shaded. We come back to this in section 6, with numbers.
#
# Why a latent for the set at all? Because an infinite sequence of points whose joint distribution does not change when they are permuted (an **exchangeable** sequence) is *always* of this form: independent given some random quantity. That is de Finetti's theorem. It says that a $c$ exists, not that it has two numbers or is normal.
#
# > You will read that the picture of these graphs comes from "Garnelo et al (2018)., Neural Processes, International Conference of Machine Learning (ICML) 2018" (R. Salomone, *Pyro Fundamentals, Amortized Inference, and Variational Autoencoders*, AMSI Winter School 2021). There are two papers of that year. *Conditional* neural processes were published at ICML; *Neural processes*, with the latent $z$, at a workshop of that conference. The same slides call neural processes a "Generalization of Gaussian Processes". Section 6 shows
# > what is not carried over: the predictions of a neural process for different contexts need not belong to any one process.
#
# ## 2. Order and size
#
# The first exact answer. A set of $n$ points comes from a normal of which neither the mean $\mu$ nor the precision $\tau$ is known:
#
# $$\tau \sim \mathrm{Gamma}(3, 3), \qquad \mu \mid \tau \sim N\big(0, 4/\tau\big), \qquad x_1, \dots, x_n \mid \mu, \tau \sim N(\mu, 1/\tau) .$$
#
# The posterior is of the prior's form: four numbers, which `models.NormalGamma` finds by formula. (In terms of the variance $1/\tau$ it is called *normal-inverse-gamma*.) The order of the points cannot appear in it, because it does not appear in the likelihood.
#
# > **Predict 1.** A file is copied by mistake, and every point now stands in it twice. The statistician does not know. What happens to her posterior of $\mu$?

# %%
predict("16_1", choices=[
    "nothing: the same points, the same mean, the same spread",
    "it becomes narrower",
    "it becomes wider"])

# %%
statistician = NormalGamma(loc=0.0, strength=0.25, shape=3.0, rate=3.0)


def posterior_of(points):
    """Mean and standard deviation of mu, exactly: a Student t with 2a degrees of freedom."""
    m, strength, a, b = (float(part) for part in statistician.posterior_parameters(points.unsqueeze(-1)))
    return m, (b / (strength * (a - 1))) ** 0.5


sets = {"1, 2": [1.0, 2.0], "2, 1": [2.0, 1.0], "1, 1, 2, 2": [1.0, 1.0, 2.0, 2.0], "1, 1, 2": [1.0, 1.0, 2.0]}
for name, points in sets.items():
    mean, deviation = posterior_of(torch.tensor(points, dtype=DOUBLE))
    print(f"{{{name}}}".ljust(14), f"posterior of mu: {mean:.3f}, give or take {deviation:.3f}")

# %%
# Run this cell to compare it with your prediction.
reveal("16_1", "it becomes narrower")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# Narrower. Four points are better evidence than two, even if they lie in two places. Proportions are the same in both sets, and a network that sees only proportions cannot know the difference.
#
# </details>
#
# So a recognition network for sets has two duties. It must be **invariant** under permutations, and it must be **sensitive to size**. The first can be had by training on shuffled sets, approximately, or by construction, exactly. Construction is the better way, and there is nothing to lose: let $q_\pi$ be what a network says of the set in order $\pi$. The divergence is convex in its first argument, so that the mixture of all the $q_\pi$ is at least as close to
# the posterior as they are on average. *No network can gain by looking at the order.*
#
# The construction has three parts: features of each point, a **pool** that forgets the order, and a network that reads the pool,
#
# $$f(\{x_1, \dots, x_n\}) = \rho\big(\mathrm{pool}\{\varphi(x_1), \dots, \varphi(x_n)\}\big) .$$

# %%
points = torch.randn(6, 2, generator=seeded(0))
shuffled = points[torch.randperm(6, generator=seeded(1))]
for name, net in {"pooled": SetEncoder(2, 16, 3, seeded(2)), "in a row": mlp(12, 16, 3, seeded(2))}.items():
    one, other = (net(x if name == "pooled" else x.flatten()) for x in (points, shuffled))
    print(f"{name:9s} an answer changes by {float((one - other).abs().max().detach()):.1e} when the points are shuffled")

# %% [markdown]
# ## 3. What pooling can say
#
# Three pools are common: the **mean**, the **sum** and the **maximum** of each feature. All three are invariant. They forget different things besides.
#
# > **Predict 2.** Take the sets $\{1, 2\}$, $\{1, 1, 2\}$ and $\{1, 1, 2, 2\}$, and any features $\varphi$. Which of the three must look the same to a mean pool, to a sum, to a maximum?

# %%
predict("16_2", choices=[
    "mean: the first and the last; sum: none; maximum: all three",
    "mean: none; sum: none; maximum: all three",
    "mean: the first and the last; sum: the first and the last; maximum: none"])

# %%
features = mlp(1, 32, 8, seeded(3)).double()             # any features will do
for name in ("mean", "sum", "max"):
    seen = {}
    for text in ("1, 2", "1, 1, 2", "1, 1, 2, 2"):
        row = POOLS[name](features(torch.tensor(sets[text], dtype=DOUBLE).unsqueeze(-1)))
        seen.setdefault(tuple(round(value, 9) for value in row.tolist()), []).append(f"{{{text}}}")
    print(f"{name:5s}", "  |  ".join(" = ".join(group) for group in seen.values()))

# %%
# Run this cell to compare it with your prediction.
reveal("16_2", "mean: the first and the last; sum: none; maximum: all three")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# A mean sees in which *proportion* values occur, a maximum sees *whether* they occur, a sum sees *how often*. No choice of $\varphi$ and no amount of training changes that: what the pool has forgotten, $\rho$ cannot find again.
#
# </details>
#
# | pool | what it sees | the same answer for | made for |
# |---|---|---|---|
# | mean | the empirical distribution | a set and its copy | functions of a distribution, whatever $n$ is |
# | sum | the multiset | nothing, with enough features | all functions of a set |
# | maximum | the support | sets with the same values | outlines, "is there a ...?" |
#
# *Enough features* can be made precise. For sets of at most $n$ real numbers, $n$ features and the size are enough for every continuous function of the set: the power sums $\sum_i x_i, \dots, \sum_i x_i^n$ determine the multiset. In general one cannot do with fewer (E. Wagstaff and others, 2019). But many posteriors ask for much less. In an exponential family $\sum_i s(x_i)$ and $n$ are all they need, whatever $n$ is (unit 04): *the exact statistician is herself a sum pool.*
#
# What does a pool that forgets cost? We train five networks with each pool to write the four numbers of a normal-gamma $q$. The posterior has this form, so the gap measures nothing but what the network does not know. It is a divergence between two normal-gammas, exact, and so is the ELBO's gradient.

# %%
encoder = PooledEncoder("max", seeds=[0, 1, 2, 3, 4])         # five networks, side by side
climber, source = torch.optim.Adam(encoder.parameters(), lr=5e-3), seeded(4)
for step in range(smoke_cap(41)):
    x = draw_sets((5, 64), size=(1, 2, 4, 8, 16)[step % 5], generator=source)[0]
    gap = posterior_gap(encoder(x), x).mean(-1)
    climber.zero_grad()
    gap.sum().backward()
    climber.step()
    if step % 20 == 0:
        print(f"step {step:2d}: {told(gap.detach())} nats from the posterior")

# %% [markdown]
# Trained for longer (`benchmarks/lecture_16.py`, 4,000 steps, sets of 1, 2, 4, 8 and 16 points, the same sets for each pool, a rate that falls to zero), with a fourth pool beside the three, the mean *and the size*:
#
# > **Predict 3.** Which pool leaves the largest gap on sets of sizes that it was trained on?

# %%
predict("16_3", choices=["mean", "sum", "maximum"])

# %%
SIZES = torch.tensor([1, 2, 4, 8, 16, 32, 64])
gaps = {pool: stored("pools", pool, "gap") for pool in POOLS}                 # (sizes, seeds)
for pool, gap in gaps.items():
    early = stored("pools", pool, "gap", steps="1000")[:5].mean(0)
    print(f"{pool:14s} trained sizes: {told(gap[:5].mean(0))} nats (after 1,000 steps {told(early)});   "
          f"64 points: {told(gap[-1])}")

# %%
show(figures.gaps_of_pools(SIZES, gaps, largest=16),
     alt="ALT_POOLS")

# %%
# Run this cell to compare it with your prediction.
reveal("16_3", "REVEAL3")

# %%
CLAIMS3 = 0

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# ANSWER3
#
# </details>
#
# TEXT3
#
# A gap of this kind can be predicted before anything is trained: the best $q$ is the one that suits, on average, all sets that look the same to the pool. The problem set asks for that prediction on the simplest model where it can be made, and for its measurement.

# %% [markdown]
# ## 4. The neural statistician
#
# So far the model was known, and only the recognition was learned. The **neural statistician** (H. Edwards and A. Storkey, 2017) learns both. A set has a latent $c$; each of its points has a latent of its own:
#
# $$c \sim N(0, I), \qquad z_n \mid c \sim p_\theta(z \mid c), \qquad x_n \mid z_n, c \sim p_\theta(x \mid z_n, c) .$$
#
# The recognition half has the same two levels. A pooled network reads the whole set and writes $q(c \mid x_1, \dots, x_N)$; another one reads a point and $c$, and writes $q(z_n \mid x_n, c)$. The ELBO is the ordinary one of the joint $(c, z_1, \dots, z_N)$, with no new idea in it. What the name promises is in $c$: it must carry *everything about the set that its points share*. That is what a statistician calls a statistic, learned instead of chosen.
#
# > **Predict 4.** We give such a model sets of eight points, drawn as in section 2, and two numbers for $c$. Nobody tells it that the points are normal. Which functions of the set will $c$ carry?

# %%
predict("16_4", choices=[
    "the mean, and nothing else",
    "the mean and the spread",
    "the smallest and the largest point"])

# %%
x, mu, tau = draw_sets((2000,), size=8, generator=seeded(5))
p = NeuralStatistician(set_size=8, point_dim=1, context_dim=2, latent_dim=1, hidden=32, generator=seeded(6)).double()
q = statistician_posterior(8, 1, 2, 1, hidden=32, generator=seeded(7)).double()
history = fit(p, q, x, steps=40, batch_size=32, seed=0, progress=False)
print(f"ELBO of a set: {history.bound[0]:.2f} at the first step, {history.bound[-1]:.2f} at the last of forty")

# %% [markdown]
# After 4,000 steps we hold it against the exact statistician, who knows the family: her $\log p(x_1, \dots, x_8)$ is a closed formula, and no model can do better on average. Beside the ELBO stands the importance-weighted bound with 200 samples (unit 10), which is nearer to the model's own $\log p$. And we ask how much of the sample mean, and of the log of the sample deviation, is a quadratic function of $\mathbb E_q[c]$.

# %%
for key in ("ELBO", "bound of 200"):
    early = stored("statistician", "learned", key, steps="1000")
    print(f"{key:14s} short of the exact log evidence by {told(stored('statistician', 'learned', key))} nats a set"
          f"   (after 1,000 steps {told(early)})")
for key in ("R2 of mean", "R2 of log spread"):
    print(f"{key:18s}", told(stored("statistician", "learned", key)))
c = stored("statistician", "learned", "c")
show(figures.statistics_found(c[:, :2], c[:, 2], c[:, 3]),
     alt="ALT_STAT")

# %%
# Run this cell to compare it with your prediction.
reveal("16_4", "REVEAL4")

# %%
CLAIMS4 = 0

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# ANSWER4
#
# </details>
#
# TEXT4
#
# **Minibatches.** There are two sizes here, the number of sets and the number of points in a set. A few *sets* out of many can stand for all of them, as a few data did in unit 11. A few *points* cannot in the same way stand for their set, because the encoder has seen the very points that would then be scored. What goes wrong, and what is right, is a problem in the problem set.
#
# ## 5. Neural processes
#
# Now a datum is a function: pairs $(u, y)$ of an input and a noisy value. Some pairs are given, the **context** $C$; at other inputs, the **targets** $T$, we are asked for the value. From many functions we want to learn how to predict the next one from a few of its points: learning to learn.
#
# A Gaussian process does this exactly, if its kernel is the right one, at the price of a matrix factorization for each context. A **neural process** replaces it by networks. A pooled encoder reads the context, a decoder reads the summary and an input, and writes a mean and a standard deviation:
#
# $$r = f(C), \qquad y_t \mid u_t, C \sim N\big(\mu_\theta(u_t, r), \sigma_\theta^2(u_t, r)\big) .$$
#
# That is the **conditional** neural process (M. Garnelo and others, 2018). The *latent* one draws $z \sim r_\theta(z \mid C)$ and puts it in the place of $r$. It is trained by an ELBO, with a posterior that may look at the targets, too. Which points that $q$ should read, and which should be scored, is an exercise.
#
# Our functions come from a Gaussian process with kernel $\exp(-(u - v)^2 / (2 \cdot 0.5^2))$ and noise 0.1, at inputs drawn from $(-2, 2)$. So for every question that we may ask the networks there is a right answer.

# %%
model = ConditionalNeuralProcess(num_points=32, num_context=0, summary_dim=64, generator=seeded(0))
climber, source = torch.optim.Adam(model.parameters(), lr=3e-3), seeded(1000)
for step in range(smoke_cap(61)):
    u = EDGE * (2 * torch.rand(16, 32, generator=source) - 1)
    x = torch.stack([u, draw_functions(u, source)], -1).flatten(1)
    model.num_context = int(torch.randint(21, (), generator=source))    # another split in each step
    score = model.log_evidence(x) / (32 - model.num_context)
    climber.zero_grad()
    (-score.mean()).backward()
    climber.step()
    if step % 20 == 0:
        print(f"step {step:2d}: {score.mean():.3f} nats for each target, {model.num_context} points given")

# %% [markdown]
# The same loop for 4,000 steps, and once more for the latent process, with five seeds each, fills the tables of the rest of this page (`benchmarks/lecture_16.py`; CPU, functions never seen twice, a rate that falls to zero).
#
# > **Predict 5.** No function was ever seen at an input beyond 2 or below -2. What will the trained network say at $u = 3$?

# %%
predict("16_5", choices=[
    "it widens to the prior, mean 0 and deviation 1, as the exact process does",
    "it says something else than the prior",
    "its deviation grows without limit"])

# %%
film = stored_table("bands", 16)[STEPS]["one function"]
grid, seen = (torch.tensor(film[key], dtype=DOUBLE) for key in ("grid", "points"))
network = [tuple(band) for band in torch.tensor(film["conditional"], dtype=DOUBLE)]
exact = []
for count in range(len(seen) + 1):
    answer = exact_prediction(seen[:count, 0], seen[:count, 1], grid)
    exact.append((answer.mean, answer.variance.sqrt()))
show_moving(movies.bands_close(grid, seen, exact, network, EDGE),
            alt="ALT_MOVIE")

# %%
# Run this cell to compare it with your prediction.
reveal("16_5", "REVEAL5")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# ANSWER5
#
# </details>
#
# ## 6. An exact likelihood of independent targets
#
# You may read that a neural process is trained by a lower bound. For the latent one this is so. The conditional one has nothing to integrate. Given the context each target has a normal density, and the density of several targets is their product:
#
# $$\log p_\theta(y_T \mid u_T, C) = \sum_{t \in T} \log N\big(y_t;\, \mu_\theta(u_t, r), \sigma_\theta^2(u_t, r)\big) .$$
#
# This integrates to one over $y_T$. It *is* the log-likelihood of a model, no bound on it, and there is no $q$ whose gap could be closed. But it is the likelihood of a model in which targets are **independent given the context**, and the functions that we want to predict are not like that. How much does it cost? Let $p$ be the process that made the data. However good the network, each of its factors can do no better on average than the exact marginal $p(y_t \mid u_t, C)$. So on average it falls short of the process by at least
#
# $$\mathbb E\, \log p(y_T \mid u_T, C) - \sum_{t \in T} \mathbb E \log p(y_t \mid u_t, C) \;=\; \mathrm{KL}\Big(p(y_T \mid u_T, C) \,\Big\|\, \prod_{t \in T} p(y_t \mid u_t, C)\Big) ,$$
#
# the **total correlation** of the targets. No training makes that smaller, and no larger network. For a Gaussian process it has a closed form, which you will derive; here we measure it.
#
# > **Predict 6.** The network is as good as can be: every single target has exactly the right mean and deviation. Four points are given. How many nats does it lose on 16 targets in $(-2, 2)$, compared with 4 targets?

# %%
predict("16_6", choices=["as many", "about four times as many", "more than eight times as many"])

# %%
def lost(targets, seed, functions=100, given=4):
    """log p of all targets together, minus the sum of their own log p, for exact predictions; (functions,)."""
    u = EDGE * (2 * torch.rand(functions, given + targets, generator=seeded(seed), dtype=DOUBLE) - 1)
    y = draw_functions(u, seeded(100 + seed))
    answer = exact_prediction(u[:, :given], y[:, :given], u[:, given:])
    alone = Normal(answer.mean, answer.variance.sqrt()).log_prob(y[:, given:]).sum(-1)
    return answer.log_prob(y[:, given:]) - alone


of_seeds = {targets: torch.stack([lost(targets, seed).mean() for seed in range(10)]) for targets in (1, 2, 4, 8, 16)}
for targets, values in of_seeds.items():
    print(f"{targets:2d} targets: {told(values)} nats lost, {told(values / targets)} for each")
claim("16 targets lose more than eight times as much as 4", of_seeds[16] - 8 * of_seeds[4], sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("16_6", "more than eight times as many")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# More than eight times as many. What is lost is what the targets tell about *each other*. There are six pairs among four targets, and 120 among sixteen, and sixteen targets lie closer together. The first target loses nothing, and each new one loses more than the one before, because there is more that could have told about it.
#
# </details>
#
# What is lost can be seen. Below are draws from three predictive distributions, given the same four points.

# %%
given = seen[:4]
answer = exact_prediction(given[:, 0], given[:, 1], grid)
noise = torch.randn(3, len(grid), generator=seeded(8), dtype=DOUBLE)
loc, scale = network[4]
latent = torch.tensor(film["latent"], dtype=DOUBLE)
panels = {
    "Exact process": (answer.mean, answer.variance.sqrt(), answer.transport(noise)),
    "Conditional: white noise": (loc, scale, loc + scale * noise),
    "Latent: curves": (*latent, torch.tensor(film["drawn"], dtype=DOUBLE)[:3]),
}
show(figures.draws_beside_bands(grid, given, panels, EDGE),
     alt="ALT_DRAWS")

# %% [markdown]
# A conditional process answers questions about *one* target at a time. Ask it whether a temperature exceeds a threshold tomorrow, and it can be right. Ask for the chance that it does so on *every* day of a week, or draw a function from it, and independent targets are the wrong answer. There are two ways out.
#
# - **A latent.** Given $z$ targets are independent, but $z$ is random and shared: draws are curves.
# - **Feeding back.** By the chain rule $p(y_1, y_2 \mid C) = p(y_1 \mid C)\, p(y_2 \mid C, y_1)$. So predict one target, put its value into the context, predict the next. It costs one pass for each target, and no further training.
#
# The trained networks, four points given, in nats short of the exact process's score of all targets together:

# %%
scores = {way: stored("joint", "scores", way).T for way in
          ("exact, together", "exact, each alone", "conditional", "conditional, fed back", "latent", "order changes")}
targets = stored("joint", "scores", "targets")
short = {way: scores["exact, together"] - scores[way] for way in list(scores)[1:-1]}      # (targets, seeds)
for way, values in short.items():
    print(f"{way:22s}" + "   ".join(f"{int(n):2d}: {told(row, 2)}" for n, row in zip(targets, values, strict=True)))
show(figures.shortfalls(targets, short),
     alt="ALT_SHORT")

# %%
CLAIMS6 = 0

# %% [markdown]
# TEXT6
#
# **No one process.** For a process both orders of the chain rule give the same product; that is what conditioning means. For networks nothing enforces it. We feed sixteen targets back in one order and in the other: the exact process's scores differ by rounding, the network's by

# %%
print(f"{told(scores['order changes'][-1], 2)} nats for a function, in the mean of the absolute differences")

# %% [markdown]
# So there is no process whose conditionals these predictions are: Bayes' rule holds between none of them. The same is true of the latent one: it has a joint distribution of the targets for each context, but its $r(z \mid C)$ for a larger context is not the posterior that follows from that for a smaller one.
#
# ## 7. Calibration: where it fails
#
# A prediction for a single target is **calibrated** if intervals that promise 50% hold 50% of the targets, and so for every level. A curve of promised and found shares shows it, and the problem set asks you for one, with its error. Section 6 says what the curve *cannot* show: it looks at one target at a time, so that independent and dependent targets look the same.
#
# It has a second blind spot. Averaged over all targets, too wide here and too narrow there can cancel. So we ask four times, by where the target lies. Six points are given, in $(-2, 2)$:
#
# | | the target lies | |
# |---|---|---|
# | **at the points** | within 0.1 of a given point | the function is all but known |
# | **between them** | with points on both sides, none within 0.3 | interpolation |
# | **beyond them** | outside the outermost point, none within 0.3, inside $(-2, 2)$ | extrapolation, of a kind seen in training |
# | **outside the range** | beyond 2.2 or below $-2.2$ | no function was ever seen there |
#
# > **Predict 7.** Where are the intervals of the conditional process much too *wide*, compared with the exact ones?

# %%
predict("16_7", choices=["at the points", "between them", "beyond them"])

# %%
REGIONS = ("at the points", "between them", "beyond them", "outside the range")
WAYS = ("conditional", "latent")
loss = {way: torch.stack([stored("regions", way, name, "short") for name in REGIONS]) for way in WAYS}
width = {way: torch.stack([stored("regions", way, name, "scales") for name in REGIONS]) for way in WAYS}
for way in WAYS:
    for name, one, other in zip(REGIONS, loss[way], width[way], strict=True):
        print(f"{way:12s} {name:18s} {told(one)} nats short for each target, intervals {told(other, 2)} times as wide")

# %%
show(figures.where_it_fails(REGIONS, loss, width),
     alt="ALT_WHERE")

# %%
# Run this cell to compare it with your prediction.
reveal("16_7", "REVEAL7")

# %%
levels = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
curves = {way: {name: stored("regions", way, name, "coverage") for name in REGIONS} for way in (*WAYS, "exact")}
for name in REGIONS:
    print(f"intervals of 90%, {name:18s}" + "   ".join(f"{way} {told(curves[way][name][:, 8])}" for way in curves))
show(figures.coverages(levels, {name: {way: curves[way][name] for way in WAYS} for name in REGIONS}, curves["exact"]),
     alt="ALT_COVER")

# %%
CLAIMS7 = 0

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# ANSWER7
#
# </details>
#
# TEXT7

# %% [markdown]
# ## Aside: a pool that looks where it is asked
#
# One vector $r$, the same for every target, has to carry the whole function. *Attentive* neural processes (H. Kim and others, 2019) let each target pool for itself: the weights of the mean depend on how close, in a learned sense, a context point is to the target. Every pool stays invariant, and the cost of a prediction grows from $|C| + |T|$ to $|C| \cdot |T|$. *Convolutional* ones (J. Gordon and others, 2020) pool onto a grid, so that a function moved to the side is predicted as before, moved to the side: even where no function was
# seen. *Gaussian* ones (W. Bruinsma and others, 2021) write a covariance between targets beside the means, and with it win back the total correlation without feeding back. What they share with the two of this page is the form of the problem: a map from sets to predictive distributions, learned from many functions.
#
# And a Gaussian process with a *learned* kernel (unit 02) is consistent by construction. Where its cost can be borne, it is the first thing to try, and the judge for the rest.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | shuffling for invariance | answers that still depend on the order, a little | shuffle, and compare |
# | a mean pool, and sets of different sizes | one width for all sizes | the set beside its copy; the gap by size |
# | a sum pool asked about larger sets than any in training | gaps that grow with the set | sizes outside training |
# | padding points that enter the pool | answers that depend on the padding | the same set, padded further |
# | a bound claimed for the conditional process | a search for its $q$ | its density integrates to one |
# | independent draws read as functions | white noise inside a good band | draw; score several targets at once |
# | one calibration curve for everything | a good curve over bad predictions | the curve by region |
# | context points among the scored targets | a good score in training, a worse one in use | score targets outside $C$ |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | a pool over points | `nets.SetEncoder` | `.sum(-2)`, `.amax(-2)`; `torch.nn.MultiheadAttention` for attention |
# | the exact statistician | `models.NormalGamma` | |
# | $p(c) \prod_n p(z_n \mid c)\, p(x_n \mid z_n, c)$ | `models.NeuralStatistician` | `pyro.plate` inside a plate of sets |
# | $q(c \mid x_{1..N}) \prod_n q(z_n \mid x_n, c)$ | `families.statistician_posterior` | a guide with the same plates |
# | Gaussian process | `models.GaussianProcessRegression` | `pyro.contrib.gp.models.GPRegression` |
# | conditional neural process | `models.ConditionalNeuralProcess` | |
# | neural process | `models.NeuralProcess`, `families.process_posterior` | a model with $r(z \mid C)$ as the prior |
#
# ## What to remember
#
# 1. A set has no order and has a size. The posterior ignores the first and depends on the second.
# 2. A mean sees proportions, a maximum sees presence, a sum sees counts. What the pool forgets, the posterior lacks, and the lack is a gap in nats that can be predicted.
# 3. A random variable outside the product over points makes them dependent. The statistician and the latent process have one, the conditional process has none.
# 4. The objective of the conditional process is an exact likelihood, of targets that are independent given the context. It falls short of the process by at least their total correlation.
# 5. Feeding predictions back recovers dependence, but in each order a different one: there is no process behind it.
# 6. Judge predictions by region, and several targets at once. A calibration curve for single targets sees neither the dependence nor errors that cancel.
#
# **Next**: [the problem set](../notebooks/16_sets_and_functions/16_sets_and_functions.ipynb). Then unit 17, sequences, where the points do have an order.
#
# ## Further reading
#
# - M. Zaheer, S. Kottur, S. Ravanbakhsh, B. Póczos, R. Salakhutdinov, A. Smola. *Deep sets.* Advances in Neural Information Processing Systems 30, 2017.
# - E. Wagstaff, F. Fuchs, M. Engelcke, I. Posner, M. Osborne. *On the limitations of representing functions on sets.* International Conference on Machine Learning, 2019.
# - H. Edwards, A. Storkey. *Towards a neural statistician.* International Conference on Learning Representations, 2017.
# - M. Garnelo, D. Rosenbaum, C. J. Maddison, T. Ramalho, D. Saxton, M. Shanahan, Y. W. Teh, D. J. Rezende, S. M. A. Eslami. *Conditional neural processes.* International Conference on Machine Learning, 2018.
# - M. Garnelo, J. Schwarz, D. Rosenbaum, F. Viola, D. J. Rezende, S. M. A. Eslami, Y. W. Teh. *Neural processes.* Workshop on Theoretical Foundations and Applications of Deep Generative Models, ICML 2018.
# - H. Kim, A. Mnih, J. Schwarz, M. Garnelo, A. Eslami, D. Rosenbaum, O. Vinyals, Y. W. Teh. *Attentive neural processes.* International Conference on Learning Representations, 2019.
# - J. Gordon, W. P. Bruinsma, A. Y. K. Foong, J. Requeima, Y. Dubois, R. E. Turner. *Convolutional conditional neural processes.* International Conference on Learning Representations, 2020.
# - W. P. Bruinsma, J. Requeima, A. Y. K. Foong, J. Gordon, R. E. Turner. *The Gaussian neural process.* Symposium on Advances in Approximate Bayesian Inference, 2021.
# - C. E. Rasmussen, C. K. I. Williams. *Gaussian processes for machine learning.* MIT Press, 2006.

# %%
tally("16")
