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
# # 11 · Amortized inference
#
# **After this unit you can**
# - tell global from local latents, and say what a row of variational parameters per datum costs;
# - replace the table by a function, a recognition network, and train it by climbing the ELBO;
# - split the distance between ELBO and evidence into an approximation gap and an amortization gap, and measure both;
# - use a network as a start instead of an answer, and let it write a flow instead of a Gaussian;
# - say what a network knows about data unlike its own.
#
# **You need** the ELBO and its gap (unit 03), reparametrized gradients (unit 06; here: $z = \mu + \sigma \epsilon$ carries the gradient), and, to use it, sticking the landing (unit 09; here: hold the parameters inside $\log q$ fixed; same mean, and no noise at all where $q$ is exact). **Time**: about 45 minutes of reading and playing, and nearly four hours for the problem set.
#
# | sign | means |
# |---|---|
# | $x_n$, $z_n$ | datum $n$ and its own, *local* latent; in code `x: (N, Dx)`, `z: (K, N, D)` |
# | $\lambda_n$ | variational parameters of datum $n$ alone |
# | $f_\phi$ | recognition network, or encoder: $\lambda_n = f_\phi(x_n)$ |
# | $\mathcal L_n(\lambda)$ | the ELBO of datum $n$ at $q(z; \lambda)$ |
# | $q^*_n$ | the member of the family with the highest ELBO for datum $n$ |
#
# Logarithms are natural, the unit is the nat, and $N(\mu, \sigma^2)$ names the variance second.

# %%
import math

import torch
from ipywidgets import FloatSlider, interact
from torch import nn
from torch.distributions import Normal

from course_vi import data
from course_vi.diagnostics import approximation_gap, best_per_datum, claim
from course_vi.families import Amortized, MeanField, PerDatum, Planar
from course_vi.gradients import sticking_the_landing
from course_vi.graph import BayesNet
from course_vi.learning import fit, per_datum_svi, smoke_cap
from course_vi.models import VAE, ConjugateToy, ProbabilisticPCA
from course_vi.nets import SideBySide, mlp

# %%
from course_vi.plots import lecture_11 as draw
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %% [markdown]
# Two helpers: seeded randomness, and the exact distance of a Gaussian on the toy from its posterior $N(x/2, \frac12)$.

# %%
def seeded(seed):
    return torch.Generator().manual_seed(seed)


def toy_gap(loc, log_scale, x):
    """KL(N(loc, scale^2) || N(x/2, 1/2)), elementwise: log p(x) minus the ELBO."""
    return (2 * log_scale).exp() + (loc - x / 2) ** 2 - 0.5 - log_scale - 0.5 * math.log(2)

# %% [markdown]
# ## 1. Whose latent is it?
#
# In logistic regression the latent is a vector of weights that *all* data share: a **global** latent, one posterior, done once. In a model of images every image has its own code: **local** latents, one posterior per datum, and a million images have a million posteriors. With
# $p_\theta(x, z) = \prod_n p_\theta(x_n, z_n)$ they do not touch each other,
#
# $$\log p_\theta(x) \ge \sum_n \mathcal L_n(\lambda_n), \qquad \mathcal L_n(\lambda) = \mathbb E_{q(z; \lambda)}\big[\log p_\theta(x_n, z) - \log q(z; \lambda)\big],$$
#
# so we face $N$ small problems that have only $\theta$ in common. Solve them one by one, or all by one function?

# %%
show(draw.three_graphs(),
     alt="Three graphs. A global latent z outside the plate of the data x_n, with variational parameters lambda. Local latents z_n inside the plate, each with "
         "its own lambda_n inside. Local latents with one phi outside the plate, and a dashed arrow from x_n back to z_n. In all, theta points to x_n.")

# %% [markdown]
# ## 2. A row for every datum
#
# The direct road: give datum $n$ parameters $\lambda_n = (\mu_n, \log\sigma_n)$ of its own and climb $\mathcal L_n$. On the **conjugate toy**, $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$, we know where each must end: $\mu_n = x_n / 2$, $\sigma_n = \sqrt{1/2}$.
#
# > **Predict 1.** Four data, $x = -3, -1, 1, 4$; all start at $N(0, 1)$. Which datum arrives last? Which part of $\lambda$ is different for different data, at the end?

# %%
predict("11_1", choices=["x = -3", "x = -1", "x = 1", "x = 4"])

# %%
toy, x = ConjugateToy(), torch.tensor([[-3.0], [-1.0], [1.0], [4.0]], dtype=torch.float64)
table = PerDatum(MeanField(1).double(), x)                                 # a row (loc, log_scale) for each of the four
trail = [torch.tensor([[0.0, 1.0]], dtype=torch.float64).expand(4, 2)]      # where all four begin
fit(toy, table, x, sticking_the_landing, steps=120, num_samples=20, learning_rate=0.05,
    callback=lambda *_: trail.append(torch.cat([table.loc, table.log_scale.exp()], -1).detach().clone()))
ends = torch.cat([x / 2, torch.full_like(x, math.sqrt(0.5))], -1)
for row, end in zip(trail[-1], ends, strict=True):
    print(f"q = N({row[0]:6.3f}, {row[1]:.3f}²)   exact N({end[0]:6.3f}, {end[1]:.3f}²)")

# %%
show(draw.datum_paths(torch.stack(trail), ends, [f"x = {value:g}" for value in x[:, 0]]),
     alt="Paths in the plane of mean and standard deviation of q. All four start at mean 0 and deviation 1 and end at stars: means -1.5, -0.5, 0.5 and 2, "
         "all with standard deviation 0.707. The path for x = 4 is the longest.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_1", "x = 4")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# $x = 4$: it has the longest way. All end with the same $\sigma$; only the means differ. Four rows have learned the *same rule* four times, and a fifth datum would have to learn it again. That is the waste that the next section removes.
#
# </details>
#
# **What it costs.** For each datum: memory for $\lambda_n$, and tens to hundreds of evaluations of the model; and again whenever $\theta$ changes. In stochastic variational EM (`learning.per_datum_svi`) each visit of a datum refines its row a little and then moves $\theta$. So rows alone can learn a model. Here is one whose maximum likelihood is known, probabilistic PCA, on one line of pixels of the digits:

# %%
line = data.digits(binary=False).train[:300, 24:32]
pca = ProbabilisticPCA.maximum_likelihood(line, 2)
linear = VAE(2, 8, 0, seeded(0), likelihood="gaussian", scale="shared")
before = linear.log_evidence(line).mean().item()
per_datum_svi(linear, PerDatum(MeanField(2), line), line, sticking_the_landing, steps=600, inner_steps=5, learning_rate=0.02)
print(f"mean log p(x): at the start {before:.2f}, learned with rows {linear.log_evidence(line).mean():.2f}, maximum {pca.log_evidence(line).mean():.2f}")

# %% [markdown]
# > **You will read** that this algorithm is called "SVI". In the literature that name belongs to another one, of Hoffman, Blei, Wang and Paisley (2013): conjugate models with *global* latents, and natural gradients (unit 04). What we have here is per-datum variational inference; of our function's name, `per_datum` is the part
# > that tells the two apart.

# %% [markdown]
# ## 3. A function instead of a table
#
# **Amortized inference** pays once: a network $f_\phi$ reads the datum and writes its parameters,
#
# $$q_\phi(z \mid x) = q\big(z; f_\phi(x)\big), \qquad \max_\phi \sum_n \mathcal L_n\big(f_\phi(x_n)\big), \qquad \nabla_\phi \sum_n \mathcal L_n = \sum_n J_n^\top \, \nabla_\lambda \mathcal L_n ,$$
#
# with $J_n$ the Jacobian of $f_\phi$ at $x_n$: each datum says which way its own $\lambda$ wants to go, and the network compromises. In code it is a family whose numbers are a function of $x$.
#
# > **Predict 2.** A network with one affine layer, 2 outputs, trained on 50 data of the toy. It never sees a $z$. What will its four numbers be?

# %%
predict("11_2", choices=[
    "mean x, scale 1",
    "mean x/2, scale 0.71",
    "mean x/2, scale growing with |x|",
    "nothing of use without z"])

# %%
x_train, _ = ConjugateToy().sample(50, seeded(3))
encoder = nn.Linear(1, 2)
nn.init.zeros_(encoder.weight), nn.init.zeros_(encoder.bias)
q, grid, said = Amortized(MeanField(1), encoder), torch.linspace(-5, 5, 101).unsqueeze(-1), {}


def snapshot(step, bound):
    if step + 1 in (1, 3, 5, 10):
        said[f"after {step + 1} step{'s' * (step > 0)}"] = encoder(grid)[:, 0].detach().clone()


fit(toy, q, x_train, sticking_the_landing, steps=300, num_samples=8, learning_rate=0.05, callback=snapshot)
print(f"mean {encoder.weight[0].item():.3f} x + {encoder.bias[0].item():.3f}; log scale {encoder.weight[1].item():.3f} x + {encoder.bias[1].item():.3f}")
print(f"largest gap on new data: {toy_gap(*encoder(grid).chunk(2, -1), grid).max().item():.5f} nats")

# %%
show(draw.snapshots(grid[:, 0], said, grid[:, 0] / 2, x_train[:, 0]),
     alt="The mean that a linear network says, over x from -5 to 5, after 1, 3, 5 and 10 steps of training. It turns from flat to the dashed exact line x/2.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_2", "mean x/2, scale 0.71")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# $(\frac12, 0)$ for the mean and $(0, \log\sqrt{1/2}) = (0, -0.347)$ for the log scale: Bayes' rule, learned from nothing but evaluations of $\log p(x, z)$. The maximum over *all* functions is attained datum by datum, and this rule happens to be in reach of a linear network. So new data are answered exactly, without any refitting.
#
# </details>
#
# Side by side, with the same optimizer, rate and number of steps, each of which looks at **one** datum: a table spends them row after row (here from left to right), a network on data drawn at random, and each of its steps turns the whole line.
# Watch where the rows on the right stand when the network has arrived: nothing that the others learned has reached them.

# %%
few, spent, ends = x_train[:12].sort(0).values, 50, torch.tensor([[-4.0], [4.0]])  # twelve data, fifty steps for each
network, lines, rows = nn.Linear(1, 2), [torch.zeros(2)], [torch.zeros(12)]
nn.init.zeros_(network.weight), nn.init.zeros_(network.bias)
once = {"num_samples": 8, "learning_rate": 0.1, "progress": False}
fit(toy, Amortized(MeanField(1), network), few, sticking_the_landing, steps=12 * spent, batch_size=1, **once,
    callback=lambda *_: lines.append(network(ends)[:, 0].detach()))
for n in range(12):
    row = PerDatum(MeanField(1), few[n : n + 1])
    fit(toy, row, few[n : n + 1], sticking_the_landing, steps=spent, **once,
        callback=lambda *_, n=n, row=row: rows.append(rows[-1].index_fill(0, torch.tensor(n), row.loc.item())))
late = max(step for step, line in enumerate(lines) if (line - ends[:, 0] / 2).abs().max() > 0.05)
print(f"the network: within 0.05 of x/2 from -4 to 4 after step {late} of {12 * spent}")
print(f"the table: all rows within {(rows[-1] - few[:, 0] / 2).abs().max():.3f} after step {12 * spent}")
frames = [[told[min(k, len(told) - 1)] for k in range(0, 12 * spent + 1, 12)] for told in (rows, lines)]
show_moving(movies.one_function(few[:, 0], *frames, ends[:, 0]),
            alt="Means of q over x. A line through zero, the network's mean, turns within an eighth of the time onto the exact line, half of x. Twelve dots, one for each datum, start at zero; one after the "
                "other, from left to right, they climb to the exact line, and the last arrives at the very end.")

# %% [markdown]
# ## 4. It is not regression
#
# > **You will read** that amortized learning is "like doing regression" on the best variational parameters: find $\lambda_n^*$ for each datum, then fit $f(x)$ to the pairs $(x_n, \lambda_n^*)$. There are no such targets in what we did: the encoder climbs the ELBO.
#
# Would it come to the same? Two things are different. Least squares weighs errors in $\lambda$, whatever they cost in nats. And where several $\lambda^*$ are equally good, it aims between them.
# One can also regress something else, the **latent** itself: draw pairs $(z, x)$ from the model and fit $f(x)$ to $z$. That learns the posterior *mean*, $\mathbb E[z \mid x]$.
#
# Here is a model in which all three differ: $z \sim N(0, 1)$, $x \mid z \sim N(z^2, \frac14)$. Given $x = 2$, $z$ is near $+1.4$ or near $-1.4$.
#
# > **Predict 3.** What does each of the two regressions say for $x = 2$? What does a Gaussian encoder say that climbed the ELBO?

# %%
predict("11_3", choices=[
    "all between the modes",
    "regressions between, climbing on one mode",
    "regressions on one mode, climbing between",
    "all on one mode"])

# %%
square = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z**2, 0.5)).as_model(observed=["x"], latent=["z"])
dreamt_x, dreamt_z = square.sample(500, seeded(0))


def regress(outputs, targets, seed):
    """Least squares from x to the targets, by a network with 32 hidden units."""
    net = mlp(1, 32, outputs, seeded(seed))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(smoke_cap(300)):
        optimizer.zero_grad()
        ((net(dreamt_x) - targets) ** 2).mean().backward()
        optimizer.step()
    return net


# %%
def three_ways(seed):
    """Regression on the best rows, each found from a random start; regression on z; an encoder that climbs."""
    rows = PerDatum(MeanField(1), dreamt_x)
    with torch.no_grad():
        rows.loc.normal_(generator=seeded(seed))
    fit(square, rows, dreamt_x, sticking_the_landing, steps=200, num_samples=8, learning_rate=0.05, progress=False)
    best_rows = torch.cat([rows.loc, rows.log_scale], -1).detach()
    climber = Amortized(MeanField(1), mlp(1, 32, 2, seeded(seed + 10)))
    fit(square, climber, dreamt_x, sticking_the_landing, steps=400, num_samples=8, learning_rate=0.02, progress=False)
    return Amortized(MeanField(1), regress(2, best_rows, seed + 10)), regress(1, dreamt_z, seed + 10), climber


# %%
def bound(q):
    with torch.no_grad():
        return sticking_the_landing(square, q, dreamt_x, 200, generator=seeded(9)).mean().item()


trained = [three_ways(seed) for seed in range(5)]
on_rows, regressor, climber = trained[0]
two = torch.tensor([[2.0]])
for name, mean in (("best rows", on_rows.distribution(two).mean), ("the latent", regressor(two))):
    print(f"x = 2: least squares on {name:10s} says {mean.item():5.2f}")
print(f"x = 2: the ELBO's mean is {climber.distribution(two).mean.item():.2f}")
claim("climbing gives a higher ELBO than regression on the best rows", [bound(c) - bound(r) for r, _, c in trained], +1);

# %%
def at(x):
    """Exact posterior by summation on a grid, and the two answers, at one x."""
    z, here = torch.linspace(-3.5, 3.5, 701), torch.tensor([[x]])
    joint = square.log_joint(here, z.view(-1, 1, 1)).view(-1).detach()
    exact = joint.softmax(0) / (z[1] - z[0])
    mean = (exact * z).sum() * (z[1] - z[0])
    spread = ((exact * (z - mean) ** 2).sum() * (z[1] - z[0])).sqrt()
    ours = climber(here, z.view(-1, 1, 1)).view(-1).detach().exp()
    curves = {"the ELBO's q": ours, "least squares on the best rows": on_rows(here, z.view(-1, 1, 1)).view(-1).detach().exp(),
              "least squares on z, with the true spread": Normal(regressor(here).item(), spread.item()).log_prob(z).exp()}
    return draw.posteriors(z, exact, curves, f"x ~ N(z², 1/4), x = {x:g}")


show(at(2.0),
     alt="The exact posterior of z at x = 2 has two narrow peaks at plus and minus 1.4. The ELBO's Gaussian sits on one of them. Least squares "
                  "on the best rows says a narrow Gaussian between the peaks, and least squares on z a wide one around 0.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_3", "regressions between, climbing on one mode")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# Both regressions aim between the two modes, at a latent that cannot have produced $x = 2$: the one because the best rows are near $+1.4$ for some data and near $-1.4$ for others, the other because the posterior mean is 0. The ELBO picks one mode (which one depends on the start) and describes it well. None is the posterior: the family has
# one hump. But samples from the last reproduce $x$. (Fitting $\mathbb E_{p(x, z)} \log q(z \mid x)$ to dreamt pairs is an algorithm of its own, the *sleep* phase of unit 12. Its $q$ covers both modes.)
#
# </details>
#
# Move $x$. Below 0 there is one mode, and the three come together.

# %%
interact(lambda x: show(at(x), alt=f"The same figure at x = {x}."), x=FloatSlider(value=2.0, min=-1.0, max=4.0, step=0.5, continuous_update=False));

# %% [markdown]
# ## 5. Two gaps
#
# A network's ELBO can miss the evidence for two reasons, and they call for different remedies:
#
# $$\log p(x) - \mathcal L\big(f_\phi(x)\big) = \underbrace{\log p(x) - \mathcal L(\lambda^*)}_{\textbf{approximation gap}} + \underbrace{\mathcal L(\lambda^*) - \mathcal L\big(f_\phi(x)\big)}_{\textbf{amortization gap}}, \qquad \lambda^* = \arg\max_\lambda \mathcal L(\lambda; x).$$
#
# The first is the family's: $\mathrm{KL}(q^* \| p(z \mid x))$. No encoder can mend it. The second is the encoder's: no flow can mend it. For linear Gaussian models both have closed forms (problem set, S8). For a network we *measure*: climb each datum's own $\lambda$ from the encoder's answer for $\mathcal L(\lambda^*)$,
# and estimate $\log p(x)$ by importance sampling from $q^*$. Both numbers err on the low side: a low $\log p(x)$ makes the approximation gap too small, and an unfinished climb makes it too large and the amortization gap too small.
#
# First a model of the digits: a small VAE, decoder and encoder trained together on 1,500 images. Then the decoder is frozen, and new encoders of three sizes are trained for it. (How a VAE is built is the subject of unit 13; here it is simply a model with local latents and no closed-form posterior.)

# %%
images = data.digits()
vae = VAE(latent_dim=8, data_dim=64, hidden=100, generator=seeded(0))
whole = Amortized(MeanField(8), mlp(64, 100, 16, seeded(1)))
fit(vae, whole, images.train, sticking_the_landing, steps=2500, batch_size=150, learning_rate=3e-3, seed=0)
vae.requires_grad_(False);

# %% [markdown]
# An encoder can also do well on images that it was trained on, and less well on others. To see that apart from everything else we cut the 1,500 images into two halves at random, and train one encoder on each half. Each image then has an encoder that saw it and one that did not, with the same model and the same family. We do this for
# five random cuts. The ten encoders of one size are trained side by side, as one network with an axis more.

# %%
count, x = len(images.train), images.train
halves = torch.stack([torch.randperm(count, generator=seeded(cut)) for cut in range(5)]).reshape(10, count // 2)


def train_on_halves(hidden, steps=1500, batch=50):
    """Ten encoders, two for each cut, with a rate that falls to zero; and the mean ELBO by eighths of the training."""
    q = Amortized(MeanField(8), SideBySide([mlp(64, hidden, 16, seeded(20 + one // 2)) for one in range(10)]))
    optimizer, generator, bounds = torch.optim.Adam(q.parameters(), lr=0.01), seeded(0), []
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, smoke_cap(steps))
    for _ in range(smoke_cap(steps)):
        rows = halves.gather(1, torch.randint(count // 2, (5, batch), generator=generator).repeat_interleave(2, 0))
        bound = sticking_the_landing(vae, q, x[rows], generator=generator)
        optimizer.zero_grad(), (-bound.mean(1).sum()).backward(), optimizer.step(), schedule.step()
        bounds.append(bound.mean().item())
    return q, [part.mean().item() for part in torch.tensor(bounds).chunk(8)]


# %%
@torch.no_grad()
def seen_and_unseen(q, samples=20):
    """The ELBO of each image, (5 cuts, N), under the encoder that saw it and under the one that did not."""
    every, total = x.expand(10, -1, -1), 0.0
    density = q.distribution(every)
    for sample in range(samples):
        z = density.transport(torch.randn(1, count, 8, generator=seeded(sample)).expand(10, -1, -1))
        total = total + (vae.log_joint(every, z) - density.log_prob(z)) / samples
    saw = torch.zeros(10, count, dtype=torch.bool).scatter_(1, halves, True).view(5, 2, count)
    return (total.view(5, 2, count) * saw).sum(1), (total.view(5, 2, count) * ~saw).sum(1)


# %%
scores = {}


def compete(name, hidden):
    q, eighths = train_on_halves(hidden)
    scores[name] = seen_and_unseen(q)
    print(f"{name:16s} ELBO by eighths of the training: " + "  ".join(f"{value:.2f}" for value in eighths))


compete("linear", 0)

# %%
compete("2 hidden units", 2)

# %%
compete("200 hidden units", 200)

# %% [markdown]
# > **Predict 4.** Order the three encoders by their amortization gap on images that they saw. And on images that they did not see: same order? By how much does the *approximation* gap differ between encoders?

# %%
predict("11_4", choices=[
    "same order; by nothing",
    "same order; by tenths",
    "another order; by nothing",
    "another order; by tenths"])

# %%
best = best_per_datum(vae, whole, x[:300], steps=500, num_samples=8)
approximation = approximation_gap(vae, best, x[:300], best, 2000, seeded(0)).value.mean().item()
with torch.no_grad():
    z = best.distribution(x[:300]).transport(torch.randn(200, 300, 8, generator=seeded(1)))
    ceiling = (vae.log_joint(x[:300], z) - best(x[:300], z)).mean().item()
bars = {f"{name}\n{word}": (approximation, ceiling - bound[:, :300].mean().item())
        for name, pair in scores.items() for word, bound in zip(("seen", "not seen"), pair, strict=True)}
print(f"approximation gap, the family's, once for all: {approximation:.2f} nats")
for name, (_, gap) in bars.items():
    print(f"amortization gap, {name.replace(chr(10), ', '):26s} {gap:6.2f} nats")

# %%
for word, place in (("seen", 0), ("not seen", 1)):
    linear, narrow, large = (scores[name][place].mean(1) for name in scores)
    claim(f"images {word}: two hidden units do worse than none", narrow - linear, -1)
    claim(f"images {word}: 200 hidden units do better than none", large - linear, +1)
for name, (seen, unseen) in scores.items():
    claim(f"{name}: an image does better under the encoder that saw it", (seen - unseen).mean(1), +1)

# %%
show(draw.gap_bars(list(bars), *map(list, zip(*bars.values(), strict=True))),
     alt="Stacked bars of approximation and amortization gap for three encoders, on images seen in training and not seen. The approximation part is one number for "
         "all. The amortization part is by far the largest for the encoder with 2 hidden units, smaller for the linear one and smallest for 200 hidden units.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_4", "same order; by nothing")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# The approximation gap does not differ at all: it belongs to the family, and we computed it once. The amortization gap is smallest for the large network and by far largest for two hidden units, through which eight means and eight scales must pass. The order is the same on images that were not seen. But each encoder does worse on
# those, by about a fifth of a nat, on the very same images and with the same model: an encoder can **overfit** like any function, and the frozen decoder cannot be to blame. When you see a VAE whose test ELBO is much worse than its training ELBO, measure this before you blame the model.
#
# </details>
#
# > **Common mistakes**
# > - *Calling the whole gap "amortization gap".* Subtract what even $q^*$ lacks.
# > - *Batch normalization or dropout in an encoder.* $\log q(z \mid x)$ is then not a function of $x$; none of our estimators would be right, and `Amortized` refuses it.
# > - *Detaching $z$* on its way from encoder to decoder: the value stays right and the encoder learns nothing.
# > - *Averaging over the batch where a sum is meant.* For a network only the step size changes. For a table of rows each datum gets $1/N$ of its gradient.

# %% [markdown]
# ## 6. Equal cost, and the best of both
#
# What matters in practice is the price: evaluations of the decoder. With the same model and the same data we compare a table of rows from $N(0, 1)$; a network that sees a tenth of the data per step, so a tenth of the price per step; and rows that *start* from what the trained network says, called **semi-amortized** inference.

# %%
x, eps = images.train[:300], torch.randn(50, 300, 8, generator=seeded(5))


def mean_elbo(q):
    with torch.no_grad():
        density = q.distribution(x)
        z = density.transport(eps)
        return (vae.log_joint(x, z) - density.log_prob(z)).mean().item()


def race(q, steps, batch, price, every, rate):
    """(cost per datum, mean ELBO) along a fit."""
    spent = []
    fit(vae, q, x, sticking_the_landing, steps=steps, batch_size=batch, learning_rate=rate, seed=3,
        callback=lambda step, _: spent.append((price * (step + 1), mean_elbo(q))) if step % every == 0 else None)
    return tuple(torch.tensor(column) for column in zip(*spent, strict=True))


# %%
curves = {"a table of rows": race(PerDatum(MeanField(8), x), 400, None, 1.0, 4, 0.05)}

# %%
curves["a network"] = race(Amortized(MeanField(8), mlp(64, 100, 16, seeded(7))), 4000, 30, 0.1, 40, 3e-3)

# %%
curves["semi-amortized: rows, from the network"] = race(PerDatum(whole, x), 400, None, 1.0, 4, 0.02)
ceiling = mean_elbo(best_per_datum(vae, whole, x, steps=300, num_samples=8))
for name, (spent, bound) in curves.items():
    print(f"{name:40s} ELBO at 20 evaluations per datum {bound[spent <= 20][-1].item():7.2f}   at the end {bound[-1].item():7.2f}")

# %%
show(draw.cost(curves, ceiling),
     alt="Gap of the mean ELBO to the best row per datum, over decoder evaluations per datum, on logarithmic axes. The network's gap falls first and then slowly, and ends well above "
         "zero. The table's falls later, and goes below the network's in the end. Rows that start from a trained network begin with a small gap and are the first to close it.")

# %% [markdown]
# Three lessons, to be read off the figure. A network shares what it learns, so it is ahead while little has been spent. A table has no amortization gap, so it wins in the end. And a few steps from the network's answer get both, at the price of the network's training (which the third curve does not count: it was paid once, for all
# data to come). With 300 data the table is no bad choice. With a million, or with data that arrive one by one, it is none.

# %% [markdown]
# ## 7. An encoder that writes a flow
#
# The approximation gap calls for a richer family; the network can write *its* numbers as well. (A planar layer is invertible only if $u_l w_l > -1$, in more dimensions $w_l^\top u_l > -1$: the library writes u so that it is. And sticking the landing asks for $\log q$ at a given z, so each layer is inverted by a search for the root.) Here the model is $z \sim N(0, 1)$, $x \mid z \sim N(e^z, 1)$: the posterior leans to the left, since $e^z$ hardly changes where $z$ is negative. We let one network write a Gaussian and another the numbers of four planar layers,
#
# $$z_l = z_{l-1} + u_l \tanh(w_l z_{l-1} + b_l), \qquad \log q(z_L \mid x) = \log N(z_0; \mu, \sigma^2) - \sum_l \log \big| 1 + u_l w_l \big(1 - \tanh^2(\cdot)\big) \big| .$$
#
# > **Predict 5.** At which of $x = 0$, $1$, $3$ does a Gaussian do worst, and how much of its gap does the flow remove?

# %%
predict("11_5", choices=["at 0, nearly all", "at 1, half", "at 3, half", "at 3, nearly all"])

# %%
skewed = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z.exp(), 1.0)).as_model(observed=["x"], latent=["z"])
x_skew, _ = skewed.sample(1000, seeded(0))
writers = {}
for name, family in (("Gaussian", MeanField(1)), ("planar flow", Planar(1, 4))):
    numbers = sum(parameter.numel() for parameter in family.parameters())
    writers[name] = Amortized(family, mlp(1, 32, numbers, seeded(4)))
    fit(skewed, writers[name], x_skew, sticking_the_landing, steps=1200, num_samples=8, batch_size=100, learning_rate=5e-3)

# %%
def compare(x):
    """Exact posterior on a grid, the writers' densities, and the exact gaps KL(q || posterior) at one x."""
    z, here = torch.linspace(-5, 3, 1601), torch.tensor([[x]])
    joint = skewed.log_joint(here, z.view(-1, 1, 1)).view(-1).detach()
    log_exact = joint.log_softmax(0) - (z[1] - z[0]).log()
    log_q = {name: q(here, z.view(-1, 1, 1)).view(-1).detach() for name, q in writers.items()}
    gaps = {name: ((value.exp() * (value - log_exact)).sum() * (z[1] - z[0])).item() for name, value in log_q.items()}
    return z, log_exact.exp(), {name: value.exp() for name, value in log_q.items()}, gaps


for value in (0.0, 1.0, 3.0):
    print(f"x = {value:g}: gap " + ", ".join(f"{name} {gap:.4f}" for name, gap in compare(value)[3].items()) + " nats")
show(draw.posteriors(*compare(3.0)[:3], "x ~ N(exp z, 1), x = 3"),
     alt="The exact posterior at x = 3: a steep right side and a long tail to the left. The Gaussian is too far left at the steep side and has no tail; the planar "
         "flow follows both.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_5", "at 3, nearly all")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# At $x = 3$, which surprises many: at $x = 0$ any negative $z$ explains the datum, but there the prior shapes the posterior, and the prior is Gaussian (skewness $-0.5$ by quadrature). At $x = 3$ the likelihood decides: steep to the right, where $e^z$ shoots past 3, flat to the left (skewness $-1.3$). The flow removes
# about seven tenths of the gap at $x = 0$ and at $x = 3$. At $x = 1$ it does *worse* than the Gaussian. The numbers printed are whole gaps, and what a richer family could say is not yet what the network writes: fourteen numbers are harder to learn than two, and a flow's amortization gap can eat what it saves. (This is one run at a fixed rate, not at rest: it shows that this can happen, and ranks nothing.)
#
# </details>

# %% [markdown]
# ## 8. New data
#
# > **You will read** "I can not extract a latent representation for new data". We take "not" for a misprint of "now": with a table of rows one cannot, and with an encoder one can.
#
# One pass through the network is all it takes. But what the network knows about data *unlike* its training set is another question. We ask three encoders, trained on the same 200 data of the toy: the linear one, a tanh network,
# and, *(stretch)*, a **radial basis function network**, whose mean is $\mu(x) = \sum_j \alpha_j k(x, c_j)$ with $k(x, c) = e^{-(x - c)^2/2}$ and 17 fixed centres $c_j$, linear in $\alpha$. (The mean of a Gaussian process has this form, too. But a Gaussian process also has a prior and a variance, and this network has neither.)
#
# > **Predict 6.** For $|x|$ up to 3 they agree. What does each say at $x = 8$?

# %%
predict("11_6",
        choices=["all say 4", "linear 4, the others less", "linear 4, the others more", "none says 4"])

# %%
class Kernel(nn.Module):
    """x -> (sum_j alpha_j k(x, c_j), one learned log scale), with fixed centres c_j."""

    def __init__(self, centres):
        super().__init__()
        self.centres, self.alpha, self.log_scale = centres, nn.Parameter(torch.zeros(len(centres))), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        mean = torch.exp(-0.5 * (x - self.centres) ** 2) @ self.alpha
        return torch.stack([mean, self.log_scale.expand_as(mean)], -1)


# %%
x_train, _ = toy.sample(200, seeded(1))
nets = {"linear": nn.Linear(1, 2), "tanh network": mlp(1, 32, 2, seeded(0)), "radial basis": Kernel(torch.linspace(-4, 4, 17))}
for net in nets.values():
    fit(toy, Amortized(MeanField(1), net), x_train, sticking_the_landing, steps=1000, num_samples=8, learning_rate=0.02)
far = torch.linspace(-10, 10, 201).unsqueeze(-1)
off = {name: toy_gap(*net(far).detach().chunk(2, -1), far)[:, 0] for name, net in nets.items()}
for name, net in nets.items():
    print(f"{name:17s} at x = 8: mean {net(torch.tensor([[8.0]]))[0, 0].item():5.2f}, exact 4.00")
show(draw.new_data(far[:, 0], off, (x_train.min().item(), x_train.max().item())),
     alt="The gap over x from -10 to 10, on a logarithmic axis. Inside the range of the training data all three are small. Outside, the linear encoder stays "
         "small, the tanh network's gap grows to several nats, and the radial basis network's grows most, as its mean returns to zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("11_6", "linear 4, the others less")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# The linear encoder is right everywhere, because the truth is linear. The tanh network saturates: its mean bends away from $x/2$. The radial basis network forgets: far from its centres the mean returns to 0, and it stays as confident as before, since its scale is one number. None of these three reports that it is far from its data; a Gaussian process with its predictive variance would. What one may try at
# run time: take a few steps of ascent from the network's answer. If the ELBO jumps, the answer was poor.
#
# </details>

# %% [markdown]
# ## 9. What to remember
#
# | | a row per datum | recognition network | semi-amortized |
# |---|---|---|---|
# | parameters | $N \times$ family | $\phi$, whatever $N$ | $\phi$, rows while they are needed |
# | new datum | a new climb | one pass | one pass, a few steps |
# | approximation gap | the family's | the family's | the family's |
# | amortization gap | none, at the end of the climb | yes; larger on data unlike the training set | small |
# | when | few data; exact comparisons; the yardstick | many data, or streams | when a few tenths of a nat matter |
#
# - Amortization is a choice about **parameters**, not about models or bounds: $\lambda_n = f_\phi(x_n)$.
# - An encoder climbs the ELBO. No one tells it the latent, so it is no regression, and it need not say the posterior mean.
# - Two gaps, two remedies: a richer family for one; a better encoder, more data for it, or a few steps of ascent for the other. Measure before choosing.
# - An encoder can overfit while the model does not.
#
# **Next**: [the problem set](../notebooks/11_amortized_inference/11_amortized_inference.ipynb); then [unit 13](13_variational_autoencoders.ipynb), where encoder and decoder learn together, or first [unit 12](12_helmholtz_machines.ipynb), where they learn apart.
#
# **Further reading.** D. P. Kingma and M. Welling, *Auto-encoding variational Bayes*, ICLR 2014; D. J. Rezende, S. Mohamed and D. Wierstra, *Stochastic backpropagation and approximate inference in deep generative models*, ICML 2014: recognition networks as we use them. S. Gershman and N. Goodman,
# *Amortized inference in probabilistic reasoning*, CogSci 2014: the name. C. Cremer, X. Li and D. Duvenaud, *Inference suboptimality in variational autoencoders*, ICML 2018: the two gaps. Y. Kim, S. Wiseman, A. Miller, D. Sontag and A. Rush, *Semi-amortized variational autoencoders*, ICML 2018. M. D. Hoffman, D. M. Blei, C. Wang and J. Paisley,
# *Stochastic variational inference*, JMLR 14, 2013: what SVI names elsewhere. D. J. Rezende and S. Mohamed, *Variational inference with normalizing flows*, ICML 2015: planar flows.

# %%
tally("11")
