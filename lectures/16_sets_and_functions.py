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
# So far a datum was a vector: an image, a row of a table. In this unit a datum is a *set*: the patients of one hospital, the shots of one scene, a function seen at a few points. A set has no first element, and no fixed size. The network that recognizes it must not care about the first fact, and it must care about the second. What it costs to get this wrong can be told in nats, because for two kinds of sets we know
# the right answer: the **conjugate statistician** for normal points with unknown mean and spread, and the **Gaussian process** for functions. Against the first we hold pools and the *neural statistician*, against the second *neural processes*. You will see what their graphs can express, what even the best of them must lose, and which losses a calibration curve cannot show.
#
# **After this unit you can**
#
# - draw the graphs of the conditional VAE, the neural statistician, the conditional neural process and the neural process, and say what each shares between points,
# - say what a mean, a sum and a maximum of features can tell apart, and what that costs a posterior,
# - say what a neural statistician is, and hold it against an exact one, in nats,
# - explain why the objective of a conditional neural process is an exact likelihood and no bound, and by how much it must fall short of the process that made the data,
# - judge predictions of functions by score, by region and by several targets at once, and say what calibration does not show.
#
# **Time**: about 54 minutes of reading and playing on the main line; what is marked *aside* takes 2 minutes more. The page computes in under a minute.
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

from course_vi.bounds import elbo
from course_vi.diagnostics import claim
from course_vi.distributions.conjugate import NormalGammaParameters
from course_vi.experiments.function_trial import EDGE, draw_functions, exact_prediction
from course_vi.experiments.set_trial import POOLS, draw_sets, exact_log_evidence, posterior_gap
from course_vi.experiments.stored_tables import stored_table

# %%
from course_vi.families import statistician_posterior
from course_vi.learning import fit, smoke_cap
from course_vi.models import ConditionalNeuralProcess, NeuralStatistician, NormalGamma
from course_vi.nets import SetEncoder, mlp
from course_vi.plots import lecture_16 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def told(values, digits=3):
    return f"{values.mean():.{digits}f} ± {values.std() / len(values) ** 0.5:.{digits}f}"


def stored(name):
    """A table of trained networks, from few steps to many; its numbers as tensors, one a seed."""
    def tensors(part):
        return {key: tensors(value) if isinstance(value, dict) else torch.tensor(value, dtype=DOUBLE)
                for key, value in part.items()}

    table = stored_table(name, lecture=16)
    return [(int(steps), tensors(table[steps])) for steps in sorted(table, key=int)]


# %% [markdown]
# ## 1. Four graphs
#
# What do the points of one datum share? There are four answers in use, and the graph tells them apart at a glance. As always a circle is random, a shaded circle is observed, a plate is repeated. A box is computed. Dashed blue arrows belong to the recognition network.

# %%
show(figures.four_graphs(),
     alt="Four graphs. Conditional VAE: z n and u n lead into y n, all inside one plate. Neural statistician: c, outside the plate, leads to z n and x n inside it; dashed arrows lead from x n back to z n and to c, and from c to z n. Conditional neural process: context points u m, y m in one plate lead into a box r, which with u t leads to y t in another plate. Neural process: the same with a circle z in place of the box, and dashed arrows to z from the points of both plates.")

# %% [markdown]
# | | random and shared | a point is told by | likelihood of a datum |
# |---|---|---|---|
# | **conditional VAE** (unit 15) | nothing | its own $z_n$ | an integral for each point; the ELBO bounds it |
# | **neural statistician** | $c$, for the set | $c$ and its own $z_n$ | an integral over $c$ outside the product, and over each $z_n$ inside it; the ELBO bounds it |
# | **conditional neural process** | nothing | a summary $r$ of the context, its input $u_t$ | a product of densities that are simply evaluated |
# | **neural process** | $z$, for the function | $z$ and its input $u_t$ | an integral over $z$ outside the product; the ELBO bounds it |
#
# The last column decides what can be learned. Where a random variable stands *outside* the product over points, the points are dependent: one tells about the other. Where there is none they are independent, given what is shaded. We come back to this in section 6, with numbers.
#
# Why a latent for the set at all? Because an infinite sequence of points whose joint distribution does not change when they are permuted (an **exchangeable** sequence) is *always* of this form: independent, and all of one distribution, given some random quantity. That is de Finetti's theorem. It says that a $c$ exists, not that it has two numbers or is normal.
#
# > You will read that the picture of these graphs comes from "Garnelo et al (2018)., Neural Processes, International Conference of Machine Learning (ICML) 2018" (R. Salomone, *Pyro Fundamentals, Amortized Inference, and Variational Autoencoders*, AMSI Winter School 2021). There are two papers of that year. *Conditional* neural processes were published at ICML; *Neural processes*, with the latent $z$, at a workshop of that conference. The same slides call neural processes a "Generalization of Gaussian Processes". Section 6 shows
# > what is not carried over: the predictions of a neural process for different contexts need not belong to any one process.
#
# ## 2. Order and size
#
# The first exact answer. A set of $n$ points comes from a normal of which neither the mean $\mu$ nor the precision $\tau$ is known:
#
# $$\tau \sim \mathrm{Gamma}(3, 3), \qquad \mu \mid \tau \sim N\big(0, 4/\tau\big), \qquad x_1, \dots, x_n \mid \mu, \tau \sim N(\mu, 1/\tau) ,$$
#
# the gamma with its shape and its rate. The posterior is of the prior's form: four numbers, which `models.NormalGamma` finds by formula. (In terms of the variance $1/\tau$ it is called *normal-inverse-gamma*.) The order of the points cannot appear in it, because it does not appear in the likelihood.
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
# So a recognition network for sets has two duties. It must be **invariant** under permutations, and it must be **sensitive to size**. The first can be had by training on shuffled sets, approximately, or by construction, exactly. Construction is the better way, and of the order there is nothing to lose: let $q_\pi$ be what a network says of the set in order $\pi$. The posterior is the same in all orders, so the $q_\pi$ that is closest to it could be said in every
# order; it is of the same family, and at least as close as all of them are on average. *No network can gain by looking at the order.*
#
# The construction has three parts: features of each point, a **pool** that forgets the order, and a network that reads the pool,
#
# $$f(\{x_1, \dots, x_n\}) = \rho\big(\mathrm{pool}\{\varphi(x_1), \dots, \varphi(x_n)\}\big) .$$

# %%
points = torch.randn(6, 2, generator=seeded(0))
shuffled = points[torch.randperm(6, generator=seeded(1))]
for name, net in {"pooled": SetEncoder(2, 16, 3, seeded(2)), "in a row": mlp(12, 16, 3, seeded(2))}.items():
    one, other = (net(x if name == "pooled" else x.flatten()).detach() for x in (points, shuffled))
    change = float((one - other).abs().max())
    print(f"{name:9s} its answer changes by {change:.1e} when the points are shuffled")

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
# *Enough features* can be made precise. For sets of at most $n$ real numbers, $n$ continuous features and the size are enough for every continuous function of the set: the power sums $\sum_i x_i, \dots, \sum_i x_i^n$ determine the multiset. In general one cannot do with fewer (E. Wagstaff and others, 2019). But many posteriors ask for much less. In an exponential family $\sum_i s(x_i)$ and $n$ are all they need, whatever $n$ is (unit 04): *the exact statistician is herself a sum pool.* The course's `nets.SetEncoder` pools means, and beside them it is told $\log(1 + n)$: it can know what the sum knows.
#
# What does it cost to forget? Take a pool that cannot tell a set from its copies. Its network must say the same $q$ of both, and it will say what suits both best: the $q$ with the smallest *average* gap. In our model that gap is a divergence between two normal-gammas, so the best $q$ can simply be found, by descent over its four numbers. No network is trained here, and none with such a pool can do better.
#
# > **Predict 3.** The set $\{1, 2\}$ and the same set eight times over, each half of the time. How large is the gap that even the best common $q$ leaves, on average?

# %%
predict("16_3", choices=["below 0.01 nats", "between 0.1 and 1 nats", "above 1 nat"])

# %%
def best_common(copies):
    """The least mean gap that one normal-gamma leaves for a set and for its copies."""
    short, long = (torch.tensor([1.0, 2.0] * count, dtype=DOUBLE) for count in (1, copies))
    at = torch.zeros(4, dtype=DOUBLE, requires_grad=True)
    climber = torch.optim.LBFGS([at], max_iter=smoke_cap(500), line_search_fn="strong_wolfe")

    def closure():
        climber.zero_grad()
        q = NormalGammaParameters(at[0], *at[1:].exp())
        (value := 0.5 * (posterior_gap(q, short) + posterior_gap(q, long))).backward()
        return value

    climber.step(closure)
    return float(closure().detach())


for copies in (1, 2, 4, 8):
    print(f"{{1, 2}} and {copies} times the same: {best_common(copies):.4f} nats")

# %%
# Run this cell to compare it with your prediction.
reveal("16_3", "between 0.1 and 1 nats")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# More than half a nat, and the more copies, the more. One $q$ has to serve a broad posterior and a narrow one. Twofold copies cost only 0.04: the price of forgetting the size grows with how much sizes differ. The first line is the check: a set beside itself costs nothing.
#
# </details>
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
# Here is one, with its recognition half, on sets of eight points from section 2. Nobody tells it that the points are normal. But we know it, and so we have the exact statistician's $\log p(x_1, \dots, x_8)$ as a mark that no model can pass on average.

# %%
x = draw_sets((2000,), size=8, generator=seeded(5))[0]
p = NeuralStatistician(8, 1, context_dim=2, latent_dim=1, scale="network", generator=seeded(6)).double()
q = statistician_posterior(8, 1, 2, 1, generator=seeded(7)).double()
print(f"exact log evidence of a set, on average: {exact_log_evidence(x).mean():.2f}")
for round_ in range(3):
    bound = elbo(p.log_joint(x, z := q.sample(10, x, seeded(8))) - q(x, z)).mean().item()
    print(f"ELBO after {40 * round_:3d} steps: {bound:.2f}")
    fit(p, q, x, steps=40, batch_size=32, seed=round_, progress=False)

# %% [markdown]
# The distance to the mark has two parts: what $q$ lacks against the model's own posterior, and what the model lacks against the world. The ELBO alone cannot tell them apart; the tighter bounds of unit 10 help. Eighty steps are a start, no more. Five statisticians with hidden layers of 32 were trained for longer, at a rate that falls to zero (`benchmarks/lecture_16.py`); each was judged on 400 fresh sets:

# %%
(steps, table), = stored("statistician")
row = table["learned"]
print(f"{steps} steps, {int(row['seconds'])} s of one core for five seeds; short of the exact log evidence of a set:")
print(f"ELBO {told(row['ELBO'])} nats, bound of 200 samples {told(row['bound of 200'])} nats")
for name in ("mean", "log spread"):
    print(f"a quadratic in c explains {told(100 * row[f'R2 of {name}'], 1)} % of the {name} of the set")
claim("the ELBO falls short of the exact evidence", row["ELBO"], sign=+1)
claim("so does the tighter bound", row["bound of 200"], sign=+1)
claim("and by less", row["ELBO"] - row["bound of 200"], sign=+1)
claim("c tells more of the mean than of the spread", row["R2 of mean"] - row["R2 of log spread"], sign=+1)

# %%
show(figures.statistics_found(row["c"][:, :2], row["c"][:, 2], row["c"][:, 3]),
     alt="Two panels with the same cloud of dots, the two numbers that one statistician keeps of each of 400 sets. Left, coloured by the mean of the set: the colour changes steadily from one end of the cloud to the other. Right, coloured by the log of the spread: colours are mixed almost everywhere.")

# %% [markdown]
# About 0.4 nats short, of which the bound of 200 samples shows that at least $0.08 \pm 0.01$ are the fault of $q$. And the picture, of the first of the five, says what was learned: $c$ tells the mean of a set almost perfectly, and its spread hardly at all. In the five, a quadratic in $c$ explains between 3% and 30% of it. The exact statistician keeps both. Nobody told the network that sets differ in two ways, and little could be won by finding the second: all that is missing, the spread included, costs 0.4 nats in eight points. (Whether longer training finds it, these numbers do not say: rest was not tested.)
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
# That is the **conditional** neural process (M. Garnelo and others, 2018). The *latent* one draws $z \sim r_\theta(z \mid C)$ and puts it in the place of $r$. It is trained by an ELBO, with a posterior that may look at the targets, too. Which points this $q$ reads, and which are scored, is an exercise.
#
# Our functions come from a Gaussian process with kernel $\exp(-(u - v)^2 / 2)$ and noise of standard deviation 0.1, at inputs drawn from $(-2, 2)$. So for every question that we may ask the networks there is a right answer.

# %%
model = ConditionalNeuralProcess(num_points=24, num_context=0, summary_dim=64, generator=seeded(0))
climber, source = torch.optim.Adam(model.parameters(), lr=4e-3), seeded(1000)
for step in range(smoke_cap(61)):
    u = EDGE * (2 * torch.rand(16, 24, generator=source) - 1)
    x = torch.stack([u, draw_functions(u, source)], -1).flatten(1)
    model.num_context = int(torch.randint(13, (), generator=source))    # another split in each step
    score = model.log_evidence(x) / (24 - model.num_context)
    climber.zero_grad()
    (-score.mean()).backward()
    climber.step()
    if step % 20 == 0:
        print(f"step {step:2d}: {score.mean():.3f} nats for each target, {model.num_context} points given")

# %% [markdown]
# That score, too, has a mark: the exact process's. For all that follows, five conditional processes were trained like this, with hidden layers of 64 and 32 numbers in $r$: on 16 fresh functions in each step, at a rate that falls to zero, for 2,000 and for 4,000 steps, on one core of a CPU (`benchmarks/lecture_16.py`). No latent process was trained for this page. Watch one of them beside the exact process. As points arrive, the bands close around them: the exact one's (grey) to a neck, the network's (blue) less far.

# %%
places = torch.tensor([0.3, -1.2, 1.5, -0.5, 0.9, -1.8, 1.2, -0.1], dtype=DOUBLE)
grid = torch.linspace(-3, 3, 73, dtype=DOUBLE)
seen = torch.stack([places, draw_functions(torch.cat([places, grid]), seeded(16))[:8]], -1)
exact = []
for count in range(len(seen) + 1):
    answer = exact_prediction(seen[:count, 0], seen[:count, 1], grid)
    exact.append((answer.mean, answer.variance.sqrt()))
steps, table = stored("bands")[-1]
network = list(table["one function"]["conditional"])        # mean and deviation after 0, 1, ... 8 points
show_moving(movies.bands_close(grid, seen, exact, EDGE, network),
            alt="A grey band over the input from -3 to 3, at first between -2 and 2 everywhere, with dashed blue lines along it. Points arrive one by one, and at each of them the grey band closes to a narrow neck; beyond the outermost points it widens again. The blue lines follow, and stay further apart.")

# %% [markdown]
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
# > **Predict 4.** The network is as good as can be: every single target has exactly the right mean and deviation. Four points are given. How many nats does it lose on 16 targets in $(-2, 2)$, compared with 4 targets?

# %%
predict("16_4", choices=["as many", "about four times as many", "more than eight times as many"])

# %%
def lost(targets, seed, functions=400, given=4):
    """log p of all targets together, minus the sum of their own log p, for exact predictions; (functions,)."""
    u = EDGE * (2 * torch.rand(functions, given + targets, generator=seeded(seed), dtype=DOUBLE) - 1)
    y = draw_functions(u, seeded(100 + seed))
    answer = exact_prediction(u[:, :given], y[:, :given], u[:, given:])
    alone = Normal(answer.mean, answer.variance.sqrt()).log_prob(y[:, given:]).sum(-1)
    return answer.log_prob(y[:, given:]) - alone


of_seeds = {targets: torch.stack([lost(targets, seed).mean() for seed in range(10)])
            for targets in (1, 2, 4, 8, 16)}
for targets, values in of_seeds.items():
    print(f"{targets:2d} targets: {told(values)} nats lost, {told(values / targets)} for each")
claim("16 targets lose more than eight times as much as 4", of_seeds[16] - 8 * of_seeds[4], sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("16_4", "more than eight times as many")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# More than eight times as many. What is lost is what the targets tell about *each other*. There are six pairs among four targets, and 120 among sixteen, and sixteen targets lie closer together. The first target loses nothing, and each new one loses more than the one before, because there is more that could have told about it.
#
# </details>
#
# What is lost can be seen. On the left are draws from the exact process, given four points. On the right are draws from the best that a conditional neural process can be: the same mean and the same deviation at every input, and no more.

# %%
given = seen[:4]
answer = exact_prediction(given[:, 0], given[:, 1], grid)
noise = torch.randn(3, len(grid), generator=seeded(8), dtype=DOUBLE)
loc, scale = answer.mean, answer.variance.sqrt()
panels = {
    "Targets together: curves": (loc, scale, answer.transport(noise)),
    "Each target alone: white noise": (loc, scale, loc + scale * noise),
}
show(figures.draws_beside_bands(grid, given, panels, EDGE),
     alt="Two panels with the same grey band and the same four points, over inputs from -3 to 3. Left: three curves, a little rough, that keep together between the points and part ways beyond the outermost ones. Right: three jagged lines that jump up and down from one input to the next, the more the wider the band.")

# %% [markdown]
# A conditional process answers questions about *one* target at a time. Ask it whether a temperature exceeds a threshold tomorrow, and it can be right. Ask for the chance that it does so on *every* day of a week, or draw a function from it, and independent targets are the wrong answer. There are two ways out.
#
# - **A latent.** Given $z$ targets are independent, but $z$ is random and shared: draws are curves.
# - **Feeding back.** By the chain rule $p(y_1, y_2 \mid C) = p(y_1 \mid C)\, p(y_2 \mid C, y_1)$. So predict one target, put its value into the context, predict the next: the value that was drawn, if you draw a function; the true one, if you score the prediction. It costs one pass for each target, and no further training.
#
# How do the trained networks do? Four points are given; 1, 2, 4 and 8 targets are scored together, on 500 functions for each seed.

# %%
steps, table = stored("joint")[-1]
scores, ways = table["scores"], ("exact, each alone", "conditional", "conditional, fed back")
short = {way: scores["exact, together"] - scores[way] for way in ways}
for way, values in short.items():
    print(f"{way:22s} {told(values[-1], 2)} nats short of the exact process, 8 targets together")
alone, network, fed = (short[way][-1] for way in ways)
claim("8 targets: the network falls behind the exact marginals", network - alone, sign=+1)
claim("feeding the targets back wins some of it", network - fed, sign=+1)
claim("but less than the targets tell about each other", alone - (network - fed), sign=+1)

# %%
show(figures.shortfalls(scores["targets"], short),
     alt="Nats short of the exact joint score over the number of targets, 1 to 8. The dashed line of exact marginals starts at zero and bends up to about 3 at eight targets; the fed-back network lies above it and reaches about 6; the network that scores each target alone reaches about 7.4.")

# %% [markdown]
# The dashed line is the total correlation, which no conditional process can beat on average: 3.1 nats for eight targets. The network loses 7.4; what is above the line, 4.3 nats, its marginals lack. Feeding back wins 1.4 nats. With exact marginals for every context it would win all 3.1.
#
# **No one process.** For a process both orders of the chain rule give the same product; that is what conditioning means. For networks nothing enforces it. Take the network that was trained for sixty steps above, feed it eight targets in one order, and in the other; below, the same for the networks that were trained for longer, on average over 500 functions:

# %%
def fed_back(points, given=4):
    """Sum of log p(y_t | the context and the targets before) over the points after the first few."""
    total = 0.0
    for k in range(given, len(points)):
        told_next = model.outputs(points[:k], points[k:k + 1, :1])
        total += told_next.log_prob(points[k:k + 1, 1:]).item()
    return total


u = EDGE * (2 * torch.rand(12, generator=seeded(9)) - 1)
points = torch.stack([u, draw_functions(u, seeded(10))], -1)
turned = torch.cat([points[:4], points[4:].flip(0)])
print(f"log scores of the same eight targets: {fed_back(points):.4f} and {fed_back(turned):.4f}")
print(f"trained for {steps} steps: {told(scores['order changes'][-1])} nats apart")

# %% [markdown]
# So there is no process whose conditionals these predictions are: Bayes' rule does not hold between them. Nor need it for the latent one: it has a joint distribution of the targets for each context, but nothing makes its $r(z \mid C)$ for a larger context the posterior that follows from that for a smaller one.
#
# ## 7. Calibration: what it cannot show
#
# A prediction for a single target is **calibrated** if intervals that promise 50% hold 50% of the targets, and so for every level. A curve of promised and found shares shows it, and the problem set asks you for one, with its error. Section 6 says what the curve *cannot* show: it looks at one target at a time, so that independent and dependent targets look the same.
#
# It has a second blind spot: it does not see who knows nothing. A lazy forecaster ignores the context and says $N(0, 1.01)$ of every target, the prior with its noise. Over functions each target *is* distributed like that, and so her 90% intervals hold 90% of the targets. She is perfectly calibrated at every level, and has not looked at a single point. Calibration asks whether a promise is kept *on average over all cases in which it is made*; she makes the same promise in all of them.
#
# What separates her from the exact process is the score. We ask by where the target lies, with six points given in $(-2, 2)$: **at the points**, within 0.1 of one; **between them**, with points on both sides and none within 0.3; **beyond them**, outside the outermost point, none within 0.3, but inside $(-2, 2)$; and **outside the range** of training, further out than 2.2.
#
# > **Predict 5.** Where does ignoring the context cost most?

# %%
predict("16_5", choices=["at the points", "between them", "beyond them", "outside the range"])

# %%
def cost_by_region(seed, functions=300):
    """Nats for each target that N(0, 1.01) loses against the exact process, by region."""
    source = seeded(seed)
    u = EDGE * (2 * torch.rand(functions, 6, generator=source, dtype=DOUBLE) - 1)
    t = 3.5 * (2 * torch.rand(functions, 30, generator=source, dtype=DOUBLE) - 1)
    y = draw_functions(torch.cat([u, t], -1), source)
    answer = exact_prediction(u, y[:, :6], t)
    exact_one, lazy = Normal(answer.mean, answer.variance.sqrt()), Normal(0, 1.01**0.5)
    cost = exact_one.log_prob(y[:, 6:]) - lazy.log_prob(y[:, 6:])
    near = (t.unsqueeze(-1) - u.unsqueeze(-2)).abs().amin(-1)
    inside = (t > u.amin(-1, keepdim=True)) & (t < u.amax(-1, keepdim=True))
    where = (near < 0.1, inside & (near > 0.3), ~inside & (near > 0.3) & (t.abs() < 2), t.abs() > 2.2)
    return torch.stack([cost[mask].mean() for mask in where])


# %%
REGIONS = ("at the points", "between them", "beyond them", "outside the range")
cost = torch.stack([cost_by_region(seed) for seed in range(10)])
for name, values in zip(REGIONS, cost.T, strict=True):
    print(f"{name:18s} {told(values, 2)} nats for each target")
claim("ignoring the context costs more at the points than between them", cost[:, 0] - cost[:, 1], sign=+1)
claim("and more between them than beyond them", cost[:, 1] - cost[:, 2], sign=+1)
claim("and more beyond them than outside the range", cost[:, 2] - cost[:, 3], sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("16_5", "at the points")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# At the points, where the exact process all but knows the value. The further away a target lies, the less there is to know, and the less there is to lose by not knowing it.
#
# </details>
#
# ## 8. Where networks fail
#
# The lazy forecaster was asked by region; now ask the trained networks. Each seed had 600 functions of its own, so that errors over seeds need not count how the targets of one function belong together.
#
# > **Predict 6.** Between the points the trained conditional process loses two thirds of a nat for each target, against the exact one. What share of those targets lies in its central 50% intervals?

# %%
predict("16_6", choices=["about a third", "about half", "about two thirds"])

# %%
(half, before), (steps, regions) = stored("regions")
network, earlier = regions["conditional"], before["conditional"]
print(f"{steps} steps, five seeds; six points given; for each target")
for name in REGIONS:
    behind, inside = network[name]["short"], network[name]["coverage"]
    print(f"{name:17s} {told(behind)} nats short, {told(earlier[name]['short'] - behind)} less than with {half} steps;",
          f"deviation {told(network[name]['scales'], 2)} times the exact one;",
          f"{told(inside[:, 4])} in 50% intervals, {told(inside[:, 8])} in 90%")

# %%
# Run this cell to compare it with your prediction.
reveal("16_6", "about half")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# About half: 48%. Its bands there are 1.6 times as wide as the exact ones, and almost as many targets lie inside as were promised. At this level it does as the lazy forecaster does: it knows less, and says so. At others it says a little too little: its 90% intervals hold 85%. On a calibration curve that is a few hundredths. The two thirds of a nat are not on it.
#
# </details>

# %%
levels = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
found = {name: {"conditional": network[name]["coverage"]} for name in REGIONS}
show(figures.coverages(levels, found, {name: regions["exact"][name]["coverage"] for name in REGIONS}),
     alt="Four panels, one for each place of the targets: at the points, between them, beyond them, outside the range. Share inside over the level promised, for the exact process and the network, over a grey diagonal. The exact process lies on the diagonal everywhere. At the points the network's curve bulges above it; in the other panels it lies near it or a little below.")

# %%
by_region = {what: {"conditional": torch.stack([network[name][what] for name in REGIONS])} for what in ("short", "scales")}
show(figures.where_it_fails(REGIONS, by_region["short"], by_region["scales"]),
     alt="Two panels over the four places. Left, nats short for each target: dots with error bars that fall from 0.8 nats at the points to 0.3 outside the range. Right, predicted over exact deviation: dots that fall from nearly three at the points to about one outside the range, a dashed line at one.")

# %%
behind = {name: network[name]["short"] for name in REGIONS}
for one, other in zip(REGIONS, REGIONS[1:], strict=False):
    claim(f"more is lost {one} than {other}", behind[one] - behind[other], sign=+1)
claim("at the points its deviation is more than twice the exact one", network[REGIONS[0]]["scales"] - 2, sign=+1)
for name in REGIONS[:3]:
    claim(f"twice as many steps lose less {name}", earlier[name]["short"] - behind[name], sign=+1)
claim("twice as many steps lose a little more outside the range", earlier[REGIONS[3]]["short"] - behind[REGIONS[3]], sign=-1)
claim("at the points its 50% intervals hold more than half", network[REGIONS[0]]["coverage"][:, 4] - 0.5, sign=+1)
claim("between them its 90% intervals hold less than 90%", network[REGIONS[1]]["coverage"][:, 8] - 0.9, sign=-1)
claim("outside the range no difference from the lazy forecaster is seen", network[REGIONS[3]]["short"] - cost[:5, 3], sign=0)
for name in REGIONS[2:]:
    claim(f"{name} its 50% intervals hold less than half", network[name]["coverage"][:, 4] - 0.5, sign=-1)

# %% [markdown]
# *At the points* the network loses most, 0.8 nats for each target: its deviation there is 2.8 times the exact one, and its 50% intervals hold 65% of the targets. *Between* the points it loses two thirds of a nat, *beyond* them half a nat, and there the intervals hold only 44%. Mix the places in one curve, and too wide and too narrow can cancel. These networks are not at rest: trained for 4,000 steps in place of 2,000 they lose 0.34 nats less for each target at the points, and 0.24 less between them. How much is lost is in part a matter of training, then, and what the one vector $r$ costs, through which all details must pass, cannot be told from these numbers.
#
# *Outside the range* little is lost, because the exact process knows little there, too. The lazy forecaster loses as much there, within errors: the context has won the network nothing that these numbers show. Its 50% intervals hold only 44%, and there alone more training made it worse, if only by 0.02 nats. Nothing in training said what to answer there. Whether that is the reason could be told by networks trained on a wider range; none were, for this page.
#
# **Few points, many points.** The targets lie anywhere in $(-2, 2)$ now; what varies is how many points are given.

# %%
steps, table = stored("contexts")[-1]
counts = sorted(table["conditional"], key=int)
behind = {count: table["conditional"][count] for count in counts}
given = torch.tensor([int(count) for count in counts])
show(figures.shortfalls_by_context(given, {"conditional": torch.stack(list(behind.values()))}, largest=12),
     alt="Nats short for each target over the number of points given: from nearly zero with no points, rising steeply up to about eight points and more slowly after that, up to 24 points, where the page is grey because contexts of training had at most twelve.")
claim("with no points next to nothing is lost: less than 0.05 nats", 0.05 - behind["0"], sign=+1)
claim("with eight points more is lost than with one", behind["8"] - behind["1"], sign=+1)
claim("with 24, twice as many as in any training, more than with eight", behind["24"] - behind["8"], sign=+1)

# %% [markdown]
# Few points are not where it fails. The prior is easy to learn, and each point brings the exact process more than it brings the network.
#
# **Another lengthscale.** A Gaussian process with the wrong lengthscale is wrong, and so is a network that has seen functions of one lengthscale only. Functions of half and of twice the lengthscale, six points given; the reference is the process that drew them:

# %%
steps, by_length = stored("lengths")[-1]
for kind, row in by_length.items():
    print(f"{kind:24s}", ";  ".join(f"lengthscale {length}: {told(values)}" for length, values in row.items()))
network, wrong = by_length["conditional"], by_length["process of lengthscale 1"]
claim("shorter lengthscale: the network loses less than the process with the wrong one", network["0.5"] - wrong["0.5"], sign=-1)
claim("longer lengthscale: it loses more than the process with the wrong one", network["2.0"] - wrong["2.0"], sign=+1)

# %% [markdown]
# Both judge new functions by the ones they know, and neither can notice. Wiggly functions cost the process that believes in smooth ones far more than the network; perhaps because its bands are wider, which is the cheaper mistake here. Smooth functions cost the process little, and the network as much as its own. A process can be given a prior over its lengthscale (unit 02), and a network can be trained on functions of many. Then both are right about more functions, and less sure about each.
#
# So judge a network that predicts functions in three ways: by its score against an exact or a strong reference, by region; by the score of several targets at once; and by its calibration, by region as well, because too wide in one place and too narrow in another can cancel.

# %% [markdown]
# ## Aside: a pool that looks where it is asked
#
# One vector $r$, the same for every target, has to carry the whole function. *Attentive* neural processes (H. Kim and others, 2019) let each target pool for itself: the weights of the mean depend on how close, in a learned sense, a context point is to the target. Every pool stays invariant, and the cost of a prediction grows from $|C| + |T|$ to $|C| \cdot |T|$. *Convolutional* ones (J. Gordon and others, 2020) pool onto a grid, so that a function moved to the side is predicted as before, moved to the side: even where no function was
# seen. *Gaussian* ones (W. Bruinsma and others, 2021) write a covariance between targets beside the means, and with it can win back the total correlation without feeding back. What they share with the two of this page is the form of the problem: a map from sets to predictive distributions, learned from many functions.
#
# And a Gaussian process with a *learned* kernel (unit 02) is consistent by construction. Where its cost can be borne, it is the first thing to try, and the judge for the rest.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | shuffling for invariance | answers that still depend on the order, a little | shuffle, and compare |
# | a mean pool, and sets of different sizes | one width for all sizes | the set beside its copy; the gap by size |
# | a pool tried on sets of one size only | nothing, until another size comes | sizes outside training |
# | padding points that enter the pool | answers that depend on the padding | the same set, padded further |
# | a bound claimed for the conditional process | a search for its $q$ | its density integrates to one |
# | independent draws read as functions | white noise inside a good band | draw; score several targets at once |
# | one calibration curve for everything | a good curve over bad predictions | the curve by region |
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
# 5. Feeding predictions back recovers part of the dependence, and in each order a different part: there is no process behind it.
# 6. Judge predictions by region, and several targets at once. A calibration curve for single targets sees neither the dependence nor how much was learned: between the points, a network two thirds of a nat behind missed its promises by a few hundredths.
# 7. The trained networks failed most where there was most to know: at the points, then between them, then beyond them; and more with many points than with few.
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
