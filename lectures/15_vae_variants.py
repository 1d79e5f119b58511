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
# # 15 · VAE variants
#
# Change one term of a variational autoencoder and it gets a name. Put a weight on the KL: beta-VAE. Fine what the latents have in common: FactorVAE. Hand it the label: conditional VAE. Learn the prior: one more paper. The names are many, and two questions sort them. **What is sent, and what is lost?** That is rate against distortion, and Shannon answered it in 1959, for one source completely. **What can a prior
# make of the latents?** Less than is often said: a standard normal prior looks the same from every side, and so do many others.
#
# **After this unit you can**
#
# - split an ELBO into rate and distortion, and say what a weight $\beta$ on the rate bounds, and what it does not,
# - say what Shannon's $R(D)$ is, compute it for a coin, and find a beta-VAE's place on it,
# - estimate a density ratio with a classifier, and name the two ways in which it is wrong,
# - prove that a prior does not choose the axes of the latent space, and say what does,
# - judge claims of disentanglement: which metric, which seeds, against what,
# - exchange the style of a picture and keep its content, and say why nothing guarantees it,
# - exchange the prior of a finished VAE for a flow, and say what that is worth.
#
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 5 minutes more. The page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - A **VAE** is a model $z \sim N(0, I)$, $x \mid z \sim p_\theta(x \mid z)$ with an encoder $q_\phi(z \mid x)$, trained by the **ELBO** $\mathbb E_q \log p_\theta(x \mid z) - \mathrm{KL}(q_\phi(z \mid x) \,\|\, p(z)) \le \log p_\theta(x)$ (units 03 and 13).
# > - The **aggregate posterior** is $q(z) = \frac1N \sum_n q_\phi(z \mid x_n)$. The average KL is the information that $z$ has of $x$, plus $\mathrm{KL}(q(z) \,\|\, p(z))$ (unit 13).
# > - The **linear VAE**, trained by the ELBO, fills water over the eigenvalues of the data's covariance (unit 13, section 8).
# > - **How to read the numbers**: mean $\pm$ standard error; a sentence that compares is held to five seeds or more by `claim`, at three standard errors.

# %%
import math

import numpy as np
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn.functional import softplus

from course_vi.data import digits
from course_vi.diagnostics import claim
from course_vi.diagnostics.disentanglement import factor_vae_score, mutual_information_gap
from course_vi.experiments.conditional_trial import flipped, relabelled, train_conditional
from course_vi.experiments.exact_arena import grid_log_evidence
from course_vi.experiments.flow_prior import fit_flow, train_side_by_side, worth

# %%
from course_vi.experiments.known_factors import KnownFactors, discs
from course_vi.experiments.source_coding import binary_rate, gaussian_rate_distortion
from course_vi.experiments.stored_tables import stored_table
from course_vi.experiments.weighted_trial import train_weighted
from course_vi.gradients import analytic_kl
from course_vi.learning import smoke_cap
from course_vi.nets import SideBySide, mlp
from course_vi.plots import lecture_15 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE, normal = torch.float64, Normal(0.0, 1.0)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# What takes minutes was computed beforehand, by `benchmarks/lecture_15.py`, on one core of a CPU. The page reads those tables, says seeds and steps, and trains one seed again where that is quick.
#
# ## 1. Rate and distortion
#
# Average the ELBO over the data and write it as a bill:
#
# $$-\,\mathrm{ELBO} = \underbrace{\mathbb E\big[-\log p_\theta(x \mid z)\big]}_{\text{distortion } D} + \underbrace{\mathbb E\, \mathrm{KL}\big(q_\phi(z \mid x) \,\|\, p(z)\big)}_{\text{rate } R} .$$
#
# $R$ is what Alice's messages cost, and $D$ what is still to be said, or is lost, once Bob has decoded them. The ELBO adds them up at a price of one to one, and **does not care how the sum is divided** (A. Alemi and his co-authors, 2018). An autoencoder that sends everything and one that sends nothing may have the same ELBO. Who wants one rather than the other must say so, and the shortest way to say it is a price $\beta$ on the rate:
#
# $$\mathcal L_\beta = -D - \beta R = \mathrm{ELBO} - (\beta - 1)\, R . \qquad\textbf{(beta-VAE)}$$
#
# > You will read (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part IV) that beta-VAE and FactorVAE give better disentanglement by other losses, since "we aren't maximizing the likelihood, only a lower bound on it". True, as far as it goes. But which of the new losses is still a bound?
#
# Since $R \ge 0$, for $\beta > 1$ the objective lies below the ELBO: **a looser bound**. For $\beta < 1$ it lies above the ELBO, and nothing keeps it below $\log p(x)$. How high does it get? $\mathcal L_\beta / \beta$ is the ELBO of a model with the likelihood $p(x \mid z)^{1/\beta}$ (which need not integrate to one), so
#
# $$\max_q \mathcal L_\beta(x) = \beta \log \int p(z)\, p(x \mid z)^{1/\beta}\, dz .$$
#
# > **Predict 1.** The toy: $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$, at $x = 1.5$. Where does the best $q$ bring $\mathcal L_{1/2}$?

# %%
predict("15_1", choices=[
    "below log p(x): it is a lower bound with less weight on a cost",
    "to log p(x): the best q closes the gap",
    "above log p(x)"])

# %%
def best_value(beta, x=1.5):
    """The largest L_beta over all q, and the standard deviation of the q that has it: by quadrature."""
    z = torch.linspace(-12, 12, 4001, dtype=DOUBLE)
    log_f = normal.log_prob(z) + normal.log_prob(x - z) / beta
    weight = log_f.softmax(0)
    spread = (weight @ (z - weight @ z).square()).sqrt()
    return beta * (log_f.logsumexp(0) + math.log(z[1] - z[0])), spread


evidence = Normal(0.0, 2**0.5).log_prob(torch.tensor(1.5, dtype=DOUBLE))
for beta in (0.25, 0.5, 1.0, 2.0, 4.0):
    value, spread = best_value(beta)
    print(f"beta {beta:4.2f}: best L_beta {value:.4f}, {value - evidence:+.4f} from log p(x); q's deviation {spread:.3f}")
assert best_value(0.5)[0] > evidence > best_value(2.0)[0]

# %%
# Run this cell to compare it with your prediction.
reveal("15_1", "above log p(x)")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# Above. By Jensen's inequality $\beta \log \int p(z)\, p(x \mid z)^{1/\beta} dz$ is at least $\log p(x)$ for $\beta < 1$ and at most that for $\beta > 1$. So $\beta < 1$ is "no bound" in this sense: *no guarantee*. A poor $q$ may still lie below. And the best $q$ is no longer the posterior: its deviation is 0.707 only at $\beta = 1$; with less it is too sure of itself, with more it is too vague.
#
# </details>
#
# Whoever reports an $\mathcal L_\beta$ as a likelihood, or as an ELBO, reports something else. Judge a beta-VAE as a *model* by $\log p(x)$, or by its ELBO with its own best $q$. As a *code* it is judged by the pair $(D, R)$.
#
# ## 2. Shannon's question
#
# Forget networks. A source draws $x$; we send something, and the receiver writes down $\hat x$. Let $d(x, \hat x)$ say how wrong that is. Shannon asked (1959): if the mean of $d$ may be $D$, how much must be sent? His answer is a minimum over all noisy channels,
#
# $$R(D) = \min_{q(\hat x \mid x):\; \mathbb E\, d(x, \hat x) \le D} I(x; \hat x) ,$$
#
# and two theorems: with blocks of many $x$ at once a code comes as close to it as you like, and no code does better. (Rates here are in nats; divide by $\log 2$ for bits.)
#
# The second theorem has an easy half that is about us. Bob's $\hat x$ is a function of $z$, and the rate is never below the information:
#
# $$R = I_q(x; z) + \mathrm{KL}(q(z) \,\|\, p(z)) \;\ge\; I_q(x; z) \;\ge\; I_q(x; \hat x) \;\ge\; R(D) .$$
#
# **No autoencoder, whatever its networks, lies below the curve of its source.** Three things may keep it above: a prior that is not the aggregate posterior, latents that say what the decoder does not use, and an encoder that is not the best.
#
# For a source with few values the minimum can be found by taking turns, without networks (R. Blahut, S. Arimoto, 1972). It is a beta-VAE whose encoder is a table, whose prior is learned, and whose distortion is $d$:

# %%
def blahut_arimoto(p, d, beta, rounds=2000):
    """p: (X,), d: (X, Z). By turns the best encoder for the prior, and the best prior for the encoder."""
    prior = torch.full(d.shape[1:], 1 / d.shape[1], dtype=DOUBLE)
    for _ in range(smoke_cap(rounds)):
        q = (prior.log() - d / beta).softmax(-1)       # q(z | x)
        prior = p @ q                                  # the aggregate posterior
    rate = (p @ (torch.xlogy(q, q) - torch.xlogy(q, prior))).sum()
    return (p @ (q * d)).sum().item(), rate.item()

# %% [markdown]
# A coin that shows one with probability 0.3, and $d = 1$ for a wrong bit. Its curve is known: $R(D) = H(0.3) - H(D)$, with $H(D) = -D \log D - (1-D) \log(1-D)$, down to zero at $D = 0.3$, where Bob writes zeros without being told anything.
#
# > **Predict 2.** With $\beta$ small nearly every bit arrives. At $\beta = 1.5$, how much of the 0.61 nats a toss does the best table send?

# %%
predict("15_2", choices=["about half", "a little: five to twenty per cent", "nothing at all"])

# %%
coin, wrong = torch.tensor([0.7, 0.3], dtype=DOUBLE), 1 - torch.eye(2, dtype=DOUBLE)
points = {beta: blahut_arimoto(coin, wrong, beta) for beta in (0.2, 0.4, 0.7, 1.0, 1.5)}
for beta, (distortion, rate) in points.items():
    exact = binary_rate(0.3, torch.tensor(distortion, dtype=DOUBLE)).item()
    print(f"beta {beta}: distortion {distortion:.4f}, rate {rate:.6f}; Shannon's at this distortion {exact:.6f}")
    assert smoke_cap(2000) < 2000 or abs(rate - exact) < 1e-6

# %%
line = torch.linspace(1e-4, 0.32, 300, dtype=DOUBLE)
show(figures.coin_curve((line, binary_rate(0.3, line)), points),
     alt="Rate over distortion for a coin: a convex curve that falls from 0.61 nats to zero at a distortion of 0.3 and stays there. Five dots lie on it, each of the first four with a short tangent that is less steep the larger beta is; the dot of beta 1.5 lies where the curve meets the axis.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_2", "nothing at all")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# Nothing. At the best point $D + \beta R$ cannot fall by moving along the curve, so that $dR/dD = -1/\beta$: each price finds the point with its slope. The coin's curve has the slope $\log\frac{0.3}{0.7} = -0.85$ where it meets the axis, and a price above $1/0.85 = 1.18$ is more than any message is worth. Everything falls silent; no training went wrong, for there was none. (Unit 13's first reason for collapse, in its plainest form.)
#
# </details>
#
# The encoder came without a restriction, and the dots lie *on* the curve. What remains of that when the encoder is a diagonal Gaussian, and linear?
#
# ## 3. Rate and distortion of the linear beta-VAE
#
# Let the decoder be linear with a fixed scale, $x \mid z \sim N(Wz, \sigma^2 I)$, and the encoder $q(z \mid x) = N(Ax, \mathrm{diag}\, s^2)$, for centred data. From here on distortion is the plain squared error of all pixels, $D = \mathbb E\,|x - Wz|^2$; the objective holds it divided by $2\sigma^2$. Both $D$ and $R$ depend on the data through their covariance $C$ alone, so that we can train without samples:

# %%
grey = digits(binary=False)
center = grey.train.double().mean(0)
C = (grey.train.double() - center).T @ (grey.train.double() - center) / len(grey.train)
eigenvalues = torch.linalg.eigvalsh(C).flip(0)
eigenvalues = eigenvalues[eigenvalues > 1e-6]           # three pixels are always white
sigma, latents = 0.2, 24


def linear_terms(parts, C):
    """Distortion and rate of q(z | x) = N(A x, diag s^2) and the decoder W, over data of covariance C."""
    W, A, log_s = parts
    lost = torch.eye(64, dtype=DOUBLE) - W @ A
    variance = (2 * log_s).exp()
    distortion = (lost @ C @ lost.T).trace() + (W.square() * variance).sum()
    return distortion, 0.5 * ((A @ C @ A.T).diagonal() + variance - 1 - 2 * log_s).sum()


# %%
def descended(loss, *start, most=1000):
    """Where a loss of some tensors is least, by L-BFGS."""
    at = [each.clone().requires_grad_() for each in start]
    climber = torch.optim.LBFGS(at, max_iter=smoke_cap(most), history_size=30, tolerance_grad=1e-9,
                                tolerance_change=1e-13, line_search_fn="strong_wolfe")

    def closure():
        climber.zero_grad()
        (value := loss(*at)).backward()
        return value

    climber.step(closure)
    return at[0].detach() if len(at) == 1 else [each.detach() for each in at]


# %%
def best_linear(beta):
    """W, A and log s with the least D / (2 sigma^2) + beta R, from a random start."""
    def bill(*parts):
        distortion, rate = linear_terms(parts, C)
        return distortion / (2 * sigma**2) + beta * rate

    W, A = torch.randn(2, 64, latents, generator=seeded(0), dtype=DOUBLE) / 10
    return descended(bill, W, A.T.contiguous(), torch.zeros(latents, dtype=DOUBLE))


# %% [markdown]
# Which point of Shannon's plane will it reach? Let the source be Gaussian with the same covariance. Along its principal axes it is a bundle of independent sources, and Shannon's question becomes one of division: how much error to allow to which axis. The answer is **reverse water-filling**: one water level for all. An axis that stands above the water is sent, with an error as large as the level. An axis below it is not sent at all.

# %%
levels = torch.logspace(-2.3, -0.12, 60, dtype=DOUBLE)
rates, distortions = gaussian_rate_distortion(eigenvalues, levels)
some = slice(None, None, 3)
show_moving(movies.water_rises(eigenvalues[:30], levels[some], rates[some], distortions[some]),
            alt="Left: the thirty largest eigenvalues of the digits' covariance as bars on a log scale, and water that rises over them from the right, where they are small, until only the first ones are dry. Right: at the same time a dot runs down a convex falling curve, from much rate and little distortion to no rate.")

# %% [markdown]
# The moving picture shows levels. It does not say which level a given $\beta$ and $\sigma$ choose, nor what $D$, $R$ and the activity of a latent then are: that is the first exercise. Here the question is only whether a beta-VAE gets onto the curve at all.
#
# > **Predict 3.** We train linear beta-VAEs on the digits, with 24 latents and $\beta = 1, 2, 4, 8$. The digits are not Gaussian. Where do the four points lie?

# %%
predict("15_3", choices=[
    "above the Gaussian's curve: a diagonal q and a fixed prior cost something",
    "below it: digits are easier than Gaussian noise",
    "on it"])

# %%
linear = {beta: best_linear(beta) for beta in (1, 2, 4, 8)}
levels = torch.logspace(-2.5, -0.12, 4000, dtype=DOUBLE)
rates, distortions = gaussian_rate_distortion(eigenvalues, levels)
seen = {}
for beta, parts in linear.items():
    seen[beta] = distortion, rate = tuple(value.item() for value in linear_terms(parts, C))
    exact = np.interp(distortion, distortions, rates)
    print(f"beta {beta}: distortion {distortion:.4f}, rate {rate:.4f} nats; Gaussian with this distortion {exact:.4f}")
    assert smoke_cap(1000) < 1000 or abs(rate - exact) < 3e-3

# %%
points = {"linear beta-VAE": {str(beta): (torch.tensor([d]), torch.tensor([r])) for beta, (d, r) in seen.items()}}
show(figures.rate_curve((distortions, rates), points, "The linear beta-VAE walks along Shannon's curve"),
     alt="Rate over distortion for grey digits: the convex falling curve of a Gaussian source with the covariance of the digits, and four dots, for beta 1, 2, 4 and 8, from the left to the right, all on the curve.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_3", "on it")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# On it. To a linear autoencoder only the covariance counts, so to it the digits *are* Gaussian. And for a Gaussian source nothing is lost: on its principal axes the best channel is Gaussian with a diagonal $q$, and the aggregate posterior at the optimum has mean zero and covariance $I$, which for Gaussian data is the prior itself. For the digits only those two moments match. What the rate then pays too much, $\mathrm{KL}(q(z) \,\|\, p(z)) > 0$, is the price of taking them for Gaussian.
#
# </details>
#
# Two readings. *A beta-VAE with a fixed scale is a family of optimal lossy codes*, if linear, for Gaussian data; $\beta$ says how lossy. And *"collapse" under a large $\beta$ is the water*: axes whose news is not worth its price. Note what was fixed, though. If $\sigma$ is learned as well, $\beta$ and $\sigma$ pull at the same level, and the level depends on itself: the exercise after that one.
#
# ## 4. Lossy compression
#
# Among all sources with one covariance the Gaussian is the hardest: its $R(D)$ lies above that of each of the others (Cover and Thomas, 2006, chapter 10). So the curve is a floor for linear autoencoders and a *ceiling* for what the digits need. A deep beta-VAE may go below it. Does it, on images that it was not trained on? Five seeds, one hidden layer of 96, 24 latents, the same $\sigma$ and $\beta$; what counts is the objective's bill $D / 2\sigma^2 + \beta R$.

# %%
table = stored_table("curves", lecture=15)
(steps, deep), = table.items()
new = grey.test.double() - center
C_new = new.T @ new / len(new)
series = {"linear": {}, "deep": {}}
for beta, parts in linear.items():
    d, r = linear_terms(parts, C_new)
    row = {name: torch.tensor(values) for name, values in deep[str(beta)].items() if name != "seconds"}
    bill = row["test distortion"] / (2 * sigma**2) + beta * row["test rate"]
    series["linear"][str(beta)] = (d.view(1), r.view(1))
    series["deep"][str(beta)] = (row["test distortion"], row["test rate"])
    print(f"beta {beta}: linear D {d:.3f}, R {r:.2f};  deep D {row['test distortion'].mean():.3f}, R {row['test rate'].mean():.2f}")
    claim(f"beta {beta}: the deep code's bill for new images is lower than the linear one's", bill - (d / (2 * sigma**2) + beta * r), -1)

# %%
show(figures.rate_curve((distortions, rates), series, "On new images: deep codes against linear ones"),
     alt="Rate over distortion for new grey digits: the falling curve of a Gaussian source with the covariance of the training digits, and for each of beta 1, 2, 4 and 8 a dot of the linear code and one, with error bars, of the deep codes.")

# %% [markdown]
# It does, at every price: the deep code's bill is lower by three to five nats an image at $\beta = 1, 2, 4$ and by one at $\beta = 8$. Its dots lie below those of the linear codes, and below the curve. That is what the bends in its networks buy, after only 1,200 steps. (Not at rest: in the last eighth of the steps the objective still rose by up to 0.3 nats. And the true $R(D)$ of handwritten digits is further down; nobody knows where.)
#
# ### Aside: pictures, and what a file takes

# %%
again = train_weighted(grey.train, [1.0, 8.0], [0], 500, latents=latents, hidden=96, scale=sigma)
shown = grey.test[:12]
with torch.no_grad():
    codes = again.q.distribution(shown.expand(2, -1, -1)).mean
    rough, fine = again.p.decoder(codes).flip(0)
W, A, _ = linear[8]
flat = ((shown.double() - center) @ A.T @ W.T + center).clamp(0, 1)
rows = [("sent", shown), ("beta = 1, deep", fine.clamp(0, 1)), ("beta = 8, deep", rough.clamp(0, 1)), ("beta = 8, linear", flat)]
show(figures.picture_rows(rows, 12),
     alt="Four rows of twelve digits: as they were sent; decoded from the deep code at beta 1; from the deep code at beta 8; from the linear code at beta 8.")

# %% [markdown]
# Is a rate of $R$ nats really what a *file* takes? Not by itself. A file holds $z$ in whole numbers, not a sample from a density. Learned image compression rounds $z$ and counts the bits of the rounded numbers under a learned prior, and trains with uniform noise in place of the rounding: that is a VAE with a uniform $q$ of width one, $D + \beta R$ its objective (J. Ballé, V. Laparra and E. Simoncelli, 2017; L. Theis and his co-authors, 2017). Codes that do reach $R$ with a continuous $q$ exist: bits-back for lossless ones (unit 19), and for lossy ones simulation of the noisy channel with random numbers that both sides share.
#
# ## 5. FactorVAE, and its density ratio
#
# The rate has three parts (T. Chen and co-authors, 2018):
#
# $$R = \underbrace{I_q(x; z)}_{\text{what is said}} + \underbrace{\mathrm{KL}\Big(q(z) \,\Big\|\, \prod_j q(z_j)\Big)}_{\text{total correlation}} + \underbrace{\sum_j \mathrm{KL}\big(q(z_j) \,\|\, p(z_j)\big)}_{\text{each latent by itself}} .$$
#
# A large $\beta$ presses on all three. But whoever wants independent latents has nothing against the first. **FactorVAE** (H. Kim and A. Mnih, 2018) charges for the middle one only: $\mathrm{ELBO} - \gamma\, \mathrm{TC}(q(z))$.
#
# The trouble: $q(z)$ is a mixture over all the data, and its marginals too. What we do have is *samples* of both. A row of $z$ is a draw from $q(z)$; shuffle each column by itself, and the rows are draws from $\prod_j q(z_j)$. So train a classifier to tell the two apart. With as many rows of each kind, and $\sigma(d(z))$ its probability that $z$ is a true row, the logistic loss
#
# $$\ell(d) = -\tfrac12\, \mathbb E_{q(z)} \log \sigma(d(z)) - \tfrac12\, \mathbb E_{\prod q(z_j)} \log \sigma(-d(z))$$
#
# is a sum over places $z$ of $-\tfrac12\,[\,a \log \sigma(d) + b \log \sigma(-d)\,]$ with $a$ and $b$ the two densities there. Each is least where $\sigma(d) = a / (a + b)$, that is at $d = \log a - \log b$. **The best classifier is the log density ratio**, and $\mathrm{TC} = \mathbb E_{q(z)}\, d(z)$. Nobody had to know a density.
#
# *The best* classifier. A network that has seen some rows for some steps is another. Our test source has a shared sign, $z = (s, s) + 0.6\,\epsilon$ with $s = \pm 1$; its total correlation is a two-dimensional integral. Ten networks each learn from 100 rows, and from 10,000, by batches of 100; nothing else differs.
#
# > **Predict 4.** After 3,000 steps on batches from the same 100 rows: what does the mean of $d$ over *these rows* say of the total correlation? And over fresh rows?

# %%
predict("15_4", choices=[
    "too little on both: the network is not the best classifier",
    "about right on both",
    "too much on its own rows, too little on fresh ones"])

# %%
def pairs(rows, generator):
    sign = 2.0 * torch.randint(0, 2, (10, rows, 1), generator=generator) - 1
    return sign + 0.6 * torch.randn(10, rows, 2, generator=generator)


def shuffled(z, generator):
    return z.gather(1, torch.rand(z.shape, generator=generator).argsort(1))


axis = torch.linspace(-5, 5, 1001, dtype=DOUBLE)
bump = torch.stack([Normal(sign, 0.6).log_prob(axis).exp() for sign in (-1.0, 1.0)])
single, joint = bump.mean(0), (bump.unsqueeze(2) * bump.unsqueeze(1)).mean(0)
exact_tc = (joint * (joint / (single.unsqueeze(1) * single)).log()).sum().item() * 1e-4
print(f"exact total correlation {exact_tc:.4f} nats; a sign that is known for sure would make it {math.log(2):.4f}")

# %%
def taught(rows, steps=3000):
    """What ten discriminators tell of their own rows and of fresh ones, at some steps: (n, 10) each."""
    z, fresh, source = pairs(rows, seeded(rows)), pairs(4000, seeded(1)), seeded(2)
    net, told = SideBySide([mlp(2, 64, 1, seeded(seed)) for seed in range(10)]), {}
    climber = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    for step in range(1, smoke_cap(steps) + 1):
        some = z[:, torch.randint(rows, (100,), generator=source)]
        loss = softplus(-net(some)).mean() + softplus(net(shuffled(some, source))).mean()
        climber.zero_grad(), (5 * loss).backward(), climber.step()
        if step in (3, 10, 30, 100, 300, 1000, 3000):
            with torch.no_grad():
                told[step] = torch.stack([net(each).mean((1, 2)) for each in (z[:, :4000], fresh)])
    own, new = torch.stack([*told.values()], 1)
    return torch.tensor([*told]), own, new


# %%
told = {rows: taught(rows) for rows in (100, 10_000)}
for rows, (steps_seen, own, new) in told.items():
    for row, step in enumerate(steps_seen.tolist()):
        print(f"{rows:6d} rows, step {step:4d}: own rows {own[row].mean():.3f} ± {own[row].std() / 10**0.5:.3f}"
              f"   fresh rows {new[row].mean():.3f} ± {new[row].std() / 10**0.5:.3f}")

# %%
(own_few, new_few), (own_many, new_many) = ([part[-1] for part in told[rows][1:]] for rows in (100, 10_000))
claim("after three steps of training a discriminator tells too little", told[10_000][2][0] - exact_tc, -1)
claim("after all of them, of the 100 rows that it learns from, it tells too much", own_few - exact_tc, +1)
claim("and of fresh rows too little", new_few - exact_tc, -1)
claim("with 10,000 rows the two differ less", (own_many - new_many) - (own_few - new_few), -1)
claim("with 10,000 rows no error is seen, on fresh ones", new_many - exact_tc, 0)

# %%
show(figures.ratio_bias(told[100][0], {rows: both for rows, (_, *both) in told.items()}, exact_tc),
     alt="Two panels, for 100 and for 10,000 rows: total correlation as ten discriminators tell it, over the steps of their training on a log axis, with a dashed line at the exact value; in red for the rows that they learn from, in blue for fresh rows, each with a band of two standard errors.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_4", "too much on its own rows, too little on fresh ones")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# *Too few steps*: a network that knows nothing says $d = 0$, so what it tells starts at zero. *Too few rows*: it learns them by heart, and tells a tenth of a nat too much of these and two tenths too little of others. With 10,000 rows and all else equal the two agree, and no error is seen. (A single network still errs by a tenth of a nat or so: it is trained at a fixed rate, and its $d$ wanders.)
#
# </details>
#
# And $\mathbb E\, d$ of an imperfect $d$ is no bound: add a constant to $d$ and the estimate moves by it, in either direction. ($\mathbb E_{q}\, d - \log \mathbb E_{\prod q_j} e^{d}$ is a lower bound, by Donsker and Varadhan.) Inside FactorVAE the classifier also chases a moving encoder. So its own reading of the total correlation is no evidence that the latents are independent. Section 7 computes the total correlation exactly, for a source that is small enough.
#
# ## 6. What a prior cannot identify
#
# > You will read (R. Salomone, as above) that a VAE's latent space is, "by design", "disentangled", and that the prior "enforces this"; and that the latent vector is "marginally a standard multivariate normal". The second holds for the *model*. Over the data the aggregate posterior is standard normal only at a perfect fit. And the first does not follow from it.
#
# Let $T$ be any one-to-one map of the latent space that leaves the prior as it is: if $z \sim N(0, I)$ then $T(z) \sim N(0, I)$. Give the decoder $f \circ T$ in place of $f$. Then $f(T(z))$ has the same distribution as $f(z)$, hence so has $x$: **$p(x)$ is the same function**. No amount of data tells the two models apart. Rotations are such maps. They are not the only ones:
#
# $$T(z) = \mathrm{Rot}\big(a(|z|)\big)\, z \qquad\text{for any function } a .$$
#
# It turns each circle by an angle of its own, so it keeps lengths and areas. Latents that were factors one by one are wound up in each other afterwards. (F. Locatello and his co-authors, 2019, give such maps for *every* prior with independent coordinates.)

# %%
def twist(z):
    """Turn each circle by an angle of its own: 0.9 radians for each unit of its radius."""
    angle = 0.9 * z.norm(dim=-1)
    c, s = angle.cos(), angle.sin()
    return torch.stack([c * z[..., 0] - s * z[..., 1], s * z[..., 0] + c * z[..., 1]], -1)


def turn(z, angle=0.6):
    c, s = math.cos(angle), math.sin(angle)
    return z @ torch.tensor([[c, s], [-s, c]], dtype=z.dtype)


decoder = mlp(2, 64, 64, seeded(0)).double()
with torch.no_grad():
    decoder[0].weight *= 4                              # any decoder: here a random, rugged one
    decoder[-1].weight *= 8
    images = digits(dtype=DOUBLE).test[:100]
    plain, wound = (grid_log_evidence(decoder, images, points=301, reach=6.0, place=place) for place in (lambda z: z, twist))
print(f"log p(x) of 100 images: from {plain.min():.1f} to {plain.max():.1f} nats; largest change by the twist {(plain - wound).abs().max():.1e}")

# %%
line = torch.linspace(-2, 2, 81, dtype=DOUBLE)
flat_lines = [torch.stack([line, torch.full_like(line, at)], -1) for at in torch.linspace(-2, 2, 9).tolist()]
grid = torch.stack(flat_lines + [each.flip(-1) for each in flat_lines])
draws = torch.randn(1500, 2, generator=seeded(0), dtype=DOUBLE)
kinds = {"As it was": lambda z: z, "Turned": turn, "Twisted": twist}
show(figures.latent_maps({name: kind(grid) for name, kind in kinds.items()},
                         torch.stack([kind(draws) for kind in kinds.values()]), torch.atan2(draws[:, 1], draws[:, 0])),
     alt="Three square pages with draws of a standard normal, coloured by the direction in which they lay at first, and a square grid of lines. Left as it was; in the middle both are turned together; right the lines are wound up into a spiral and the colours with them. The cloud as a whole looks the same in all three.")

# %% [markdown]
# And yet the axes of a trained VAE are often meaningful. If not the prior, what chose them? Try the case with every answer, a linear VAE with two latents at its maximum likelihood ($\beta = 1$). Its posterior has the precision $\Lambda = I + W^\top W / \sigma^2$. Turn the latent plane: $p(x)$ stays, and $\Lambda$ becomes $\mathrm{Rot}\, \Lambda\, \mathrm{Rot}^\top$. What the best *diagonal* $q$ then loses is its KL to that posterior.
#
# > **Predict 5.** The plane is turned, and the best diagonal $q$ is found anew. The two directions have squared lengths $|w_1|^2 = 8$ and $|w_2|^2 = 2$ (in units of $\sigma^2$), or 4 and 4. When does the ELBO notice?

# %%
predict("15_5", choices=[
    "in both cases",
    "only with 8 and 2",
    "in neither: log p(x) does not change"])

# %%
degrees = torch.linspace(0, 90, 91, dtype=DOUBLE)


def mean_field_gap(first, second):
    """log p(x) minus the ELBO of the best diagonal q, over the angle: its KL to the posterior, brought down by L-BFGS."""
    rot = torch.stack([turn(torch.eye(2, dtype=DOUBLE), angle) for angle in degrees.deg2rad().tolist()])
    precision = rot @ torch.diag(1 + torch.tensor([first, second], dtype=DOUBLE)) @ rot.mT
    exact = MultivariateNormal(torch.zeros(2, dtype=DOUBLE), precision_matrix=precision)
    log_s = torch.zeros(len(degrees), 2, dtype=DOUBLE)

    def gap(log_s):
        return kl_divergence(MultivariateNormal(torch.zeros_like(log_s), scale_tril=log_s.exp().diag_embed()), exact)

    return gap(descended(lambda log_s: gap(log_s).sum(), log_s))


# %%
gaps = {f"{first:g} and {second:g}": mean_field_gap(first, second) for first, second in ((8, 2), (5, 3), (4, 4))}
for name, gap in gaps.items():
    print(f"squared lengths {name}: loss at 0, 45 and 90 degrees {gap[0]:.3f}, {gap[45]:.3f}, {gap[90]:.3f} nats")
assert smoke_cap(100) < 100 or (gaps["8 and 2"][45] > 0.1 and gaps["4 and 4"].max() < 1e-9)

# %%
show(figures.gap_over_angle(degrees, gaps),
     alt="Loss in nats over the angle from 0 to 90 degrees. For squared lengths 8 and 2 a hump that is zero at both ends and highest at 45 degrees; for 5 and 3 a lower hump; for 4 and 4 a flat line at zero.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_5", "only with 8 and 2")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Only with 8 and 2. It is the *family* that chose the axes, by being diagonal, and it can choose only where the directions differ in importance. With a full covariance no angle costs anything. With equal directions a diagonal $q$ does not care either. (M. Rolinek, D. Zietlow and G. Martius, 2019, say it in a title: VAEs pursue PCA directions, by accident.) So if row and column of a picture matter alike, expect a VAE to find two directions in their plane, and not those two.
#
# </details>
#
# ## 7. Measuring disentanglement, on images of known factors
#
# To judge "each latent tells one factor" one must know the factors. So the course draws its own pictures: a disc with a soft edge, at one of 8 rows and 8 columns, in 4 sizes and 4 shades, every combination once.

# %%
known = discs()
chosen = torch.randperm(len(known.images), generator=seeded(3))[:24]
print(dict(zip(known.names, (known.factors.amax(0) + 1).tolist(), strict=True)))
show(figures.picture_rows([("1,024 discs, some of them", known.images[chosen])], 12),
     alt="Twenty-four small pictures, each with one disc with a soft edge; place, size and shade differ.")

# %% [markdown]
# Two **metrics** are in wide use.
#
# - The **mutual information gap** (Chen and co-authors, 2018): for each factor, how many nats the best latent tells of it, minus what the second best tells; in units of all there is to tell; mean over factors.
# - **FactorVAE's score** (Kim and Mnih, 2018): hold one factor fixed, draw the rest, and see which latent moves least. How often does that latent name the factor?
#
# Both are one for a latent each. They are not the same question, and simple representations show it:

# %%
true = known.factors.float()
grade = (true - true.mean(0)) / true.std(0)
cases = {"a latent for each factor": grade, "each factor told twice": torch.cat([grade, grade], 1),
         "row and column turned by 45°": torch.cat([turn(grade[:, :2], math.pi / 4), grade[:, 2:]], 1)}
for name, codes in cases.items():
    print(f"{name:30s} gap {mutual_information_gap(codes, known.factors).mean:.2f}"
          f"   FactorVAE's score {factor_vae_score(codes, known.factors, 400, generator=seeded(0)):.2f}")

# %% [markdown]
# "Each factor told twice" has the worst grade and the best one. The gap asks that *only one* latent tell a factor, the score asks that *some* latent tell it alone.
#
# Now the real thing. Six latents, one hidden layer of 64, $\sigma = 0.2$, 1,000 steps at a rate that falls to zero; ten seeds, each with the same start, batches and noise for three ways: the VAE, a beta-VAE with $\beta = 4$, and FactorVAE with $\gamma = 20$. The source is uniform on 1,024 pictures, so that $q(z)$ is a mixture that can be written out, and **the three parts of the rate are known exactly** but for the average over draws of $z$.
#
# > **Predict 6.** Three ways make three pairs, and there are two metrics: six comparisons, each paired over ten seeds. In how many do we see a difference, at three standard errors?

# %%
predict("15_6", choices=["in all six", "in three or four: the metrics disagree", "in none"])

# %%
(steps, ways), = stored_table("factors", lecture=15).items()
table = {way: {name: torch.tensor(values) for name, values in row.items()} for way, row in ways.items()}
print(f"{steps} steps, ten seeds; mean, and standard deviation over seeds")
for way, row in table.items():
    print(f"{way:10s}" + "".join(f"  {name} {row[name].mean():.2f} ({row[name].std():.2f})" for name in (
        "gap", "score", "information", "total correlation", "marginals", "rate", "distortion")))
for first, second in (("beta-VAE", "VAE"), ("FactorVAE", "VAE"), ("beta-VAE", "FactorVAE")):
    for metric in ("gap", "score"):
        claim(f"{metric}: no difference seen between {first} and {second}", table[first][metric] - table[second][metric], 0)

# %%
show(figures.two_metrics({way: row["gap"] for way, row in table.items()}, {way: row["score"] for way, row in table.items()}),
     alt="The mutual information gap, from 0.01 to 0.18, across, and FactorVAE's score, from 0.35 to 0.67, upwards: ten dots for each of three ways, in one cloud, and three diamonds with error bars near its middle.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_6", "in none")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# In none. The mean gap of the beta-VAE is nearly twice that of the VAE, and it is not enough: its ten seeds reach from 0.01 to 0.18. Whoever trains one network of each kind can report any order. (That is no proof that the ways are alike. The pair nearest to a difference stands at 2.6 standard errors, networks were not trained to rest, and no other $\beta$ or $\gamma$ was tried.)
#
# </details>
#
# Did the new terms do nothing, then? They did what they say.

# %%
def change(part, way):
    return table[way][part] - table["VAE"][part]


for way in ("beta-VAE", "FactorVAE"):
    claim(f"{way}: less total correlation than the VAE (nats)", change("total correlation", way), -1)
claim("beta-VAE: less information than the VAE", change("information", "beta-VAE"), -1)
claim("FactorVAE: no less information than the VAE", change("information", "FactorVAE"), +1)
claim("FactorVAE: latents that fit the prior less well, each by itself", change("marginals", "FactorVAE"), +1)

# %% [markdown]
# The weight $\beta = 4$ takes two nats off the total correlation and two off the information: it presses on everything. FactorVAE takes 0.4 off the total correlation and nothing off the information, which is what it was made for (what it gains there it pays back in marginals that fit the prior worse). Yet its latents are **no better at telling factors**. Independent latents are one thing and factors another. Section 6 gives a reason to expect that here: a disc's row and column matter alike, so that a diagonal $q$ has little to choose them by. It is a reason, which we have not tested alone.
#
# ### Aside: what each latent tells
#
# Two seeds of the beta-VAE, trained alike: how many nats each of the six latents tells of each factor. One has a latent for the row and one for the column. The other spread both over several. Neither tells size and shade apart by a latent each.

# %%
best, worst = (table["beta-VAE"]["gap"].argsort()[place].item() for place in (-1, 0))
panels = {f"Largest gap: seed {best}": table["beta-VAE"]["told"][best], f"Smallest gap: seed {worst}": table["beta-VAE"]["told"][worst]}

# %%
show(figures.told_of_factors(panels, known.names),
     alt="Two tables of colour, six latents by four factors, on one scale: how many nats each latent tells of row, column, size and shade; left for the seed with the largest gap, where latent 1 tells the row, latent 3 the column, and little else stands out; right for that with the smallest, where no entry stands out.")

# %% [markdown]
# ## 8. The conditional VAE
#
# Often a factor is *known*: the label. A **conditional VAE** models $x$ given $y$, and is told $y$ on both sides (K. Sohn, H. Lee and X. Yan, 2015):
#
# $$\log p_\theta(x \mid y) \ge \mathbb E_{q_\phi(z \mid x, y)} \log p_\theta(x \mid z, y) - \mathrm{KL}\big(q_\phi(z \mid x, y) \,\|\, p(z)\big) .$$
#
# Its show-piece is a photograph that becomes a cartoon: infer $z$ from $(x, \text{photo})$, decode $(z, \text{cartoon})$. **The content is kept, the style is changed.** The reasoning: the prior $p(z)$ does not know $y$, what $y$ says need not be paid for twice, so $z$ will hold what the label leaves open.
#
# We can count how well it works. Discs again, now in two *styles*, filled or as an outline; $y$ is the style, and $z$ has three latents, for row, column and size. After the style has been exchanged we read all factors off the nearest drawn picture.

# %%
every = discs(style=True)
left, outline = every.factors[:, 1] < 4, every.factors[:, 3] == 1
tied_rows = left != outline                             # filled discs on the left, outlines on the right
tied = KnownFactors(every.images[tied_rows], every.factors[tied_rows], every.names)
(steps, labels), = stored_table("labels", lecture=15).items()
share = {case: {name: torch.tensor(values) for name, values in row.items() if name not in ("objective", "seconds", "mirrored style")}
         for case, row in labels.items()}
for row in share.values():
    row["other style"] = 1 - row.pop("style")
READ = {"row": "row, one of 8", "column": "column, one of 8", "size": "size, one of 3", "side": "side, left or right",
        "other style": "style, the one asked for"}
print(f"{steps} steps, ten seeds; share of pictures that have, after the exchange, the right")
for name, words in READ.items():
    print(f"  {words:30s} {share['free'][name].mean():.3f} ± {share['free'][name].std() / 10**0.5:.3f}")

# %% [markdown]
# By guessing one row in eight would be right, and one size in three. So the exchange works, if not perfectly after so few steps: nearly every disc stays on its side, and three in seven are in just the right row. *Why* does it work? Section 6 has a question about that. Take one of these models, and change the sign of every latent, in the encoder and in the decoder, **where the label says outline**.
#
# > **Predict 7.** Do $\log p(x \mid y)$ and the ELBO change? Does the exchange of styles still keep row and column?

# %%
predict("15_7", choices=[
    "nothing changes: the prior is symmetric",
    "the bound stays the same, and the content is lost",
    "the bound falls, and the content is lost"])

# %%
run = train_conditional(every, [0], 1000)
mirror = flipped(run)
x = run.p.pack(every.images, every.factors[:, -1]).expand(1, -1, -1)
with torch.no_grad():
    bounds = [analytic_kl(p, q, x, 200, generator=seeded(0)).mean().item() for p, q in ((run.p, run.q), (mirror.p, mirror.q))]
print(f"ELBO by 200 draws an image: as trained {bounds[0]:.3f}, mirrored {bounds[1]:.3f}")
pictures, mirrored = relabelled(run, every)[0], relabelled(mirror, every)[0]
for name in ("row", "column"):
    found = share["free"][f"mirrored {name}"]
    print(f"mirrored: {READ[name]:28s} {found.mean():.3f} ± {found.std() / 10**0.5:.3f} (ten seeds)")
    claim(f"{READ[name]}: survives the exchange less often, once mirrored", found - share["free"][name], -1)

# %%
some = torch.randperm(len(every.images), generator=seeded(1))[:12]
rows = [("as they are", every.images[some]), ("the other style", pictures[some].clamp(0, 1)), ("the other style, from the mirrored model", mirrored[some].clamp(0, 1))]
show(figures.picture_rows(rows, 12),
     alt="Three rows of twelve discs: as they are, filled or outlined; decoded with the other style; decoded with the other style from the mirrored model.")

# %%
# Run this cell to compare it with your prediction.
reveal("15_7", "the bound stays the same, and the content is lost")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# The mirrored model has the same $p(x \mid y)$ for both labels and the same bound, to the last digit but for the draws: $-z$ is as probable as $z$. But now the $z$ that means "upper left" for a filled disc means "lower right" for an outline. The exchange is as well defined as before, and wrong.
#
# </details>
#
# The likelihood sees each style by itself, and cannot tie the two together. What ties them is the shared network: $z$ and $y$ enter the same first layer, and to decode both styles alike is the shorter way. That is a reading; what is *proven* is that the objective does not ask for it.
#
# ### Aside: where style and content go together
#
# There is a second way to lose the content, and data do it. Suppose that all filled discs lie in the left half and all outlines in the right one. Then the style says in which half the disc lies, and $z$ need not say it.

# %%
for case, words in (("free", "all combinations"), ("tied", "style tied to the side")):
    found = share[case]["side"]
    print(f"{words:24s}: share of pictures whose disc stays on its side {found.mean():.3f} ± {found.std() / 10**0.5:.3f}")
claim("where the style is tied to the side, discs change sides with their style", share["tied"]["side"] - 0.5, -1)
parts = {"all combinations in the data": "", "the same, mirrored": "mirrored "}
names = ("row", "column", "size", "side")
shares = {case: {name: share["free"][prefix + name] for name in names} for case, prefix in parts.items()}
shares["style tied to the side"] = {name: share["tied"][name] for name in names}

# %%
show(figures.kept_contents(shares, "What survives when the style is exchanged"),
     alt="Bars for row, column, size and side, three each, with error bars. With all combinations in the data 0.43, 0.41, 0.53 and 0.98; the same, mirrored, 0.06, 0.06, 0.35 and 0.12; with the style tied to the side 0.56, 0.13, 0.38 and 0.17.")

# %% [markdown]
# The model is right: in its world outlines *are* on the right. "What would this photograph be as a cartoon" is a question about a world in which style and content vary freely, and data from another world do not answer it. (Statisticians know the problem as confounding.)
#
# ## 9. A flow as prior
#
# If the aggregate posterior is not the prior, change the prior. With encoder and decoder as they are, exchange $N(0, I)$ for a density $\pi(z)$ that is fitted to messages $z \sim q(z \mid x)$ of the training images by maximum likelihood. Distortion does not move. The rate falls by
#
# $$\mathbb E_x\, \mathbb E_{q(z \mid x)} \big[\log \pi(z) - \log N(z; 0, I)\big] \;\le\; \mathrm{KL}\big(q(z) \,\|\, N(0, I)\big) ,$$
#
# with equality where $\pi$ is the aggregate posterior: the first of section 2's three losses, gone. A flow has a density that can be evaluated and drawn from (unit 08), and as a *prior* it never has to be fitted to a posterior, only to samples. Here a masked autoregressive flow for a VAE of binary digits with eight latents: one run of 400 steps, to show the code, from which we claim no order.

# %%
binary = digits()
p, q = train_side_by_side(binary.train, [0], 400)
with torch.no_grad():
    sent = [q.distribution(x.unsqueeze(0)) for x in (binary.train, binary.test)]
messages = [Normal(density.loc[0], density.stddev[0]) for density in sent]
prior = fit_flow(messages[0], seed=0, steps=300)
for words, each in zip(("training images", "new images"), messages, strict=True):
    print(f"{words:16s}: the flow is worth {worth(prior, each).mean():.2f} nats an image")

# %% [markdown]
# Trained *with* the model from the start, encoder and decoder can use the freedom too, and priors may be mixtures of posteriors (J. Tomczak and M. Welling, 2018) or autoregressive (X. Chen and his co-authors, 2017). Note what it does to section 6: a flow that can become any density makes *every* one-to-one map of the latents free of charge, and not only those that keep $N(0, I)$. A richer prior models better and identifies less.
#
# What would identify more? Something that is *observed*: labels as in section 8, time, or another variable given which the latents are independent (I. Khemakhem and co-authors, 2020).
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | $\mathcal L_\beta$ reported as a bound on $\log p(x)$ | models that get better as $\beta$ falls | the same model's ELBO; the toy |
# | $\beta$ left inside the reported rate | rates that grow with $\beta$ | the KL alone, in nats |
# | $\beta$ with a mean over pixels in place of a sum, or with $\sigma$ unspoken | "$\beta = 4$" means something else in every paper | write down $\sigma^2$, the sum and $\beta$ |
# | two codes compared by one number | the one with more rate has less distortion | both numbers; the bill at one price |
# | the discriminator's own reading as proof of independence | a small total correlation | fresh rows; a source with a known answer |
# | columns shuffled together | total correlation zero for ever | the classifier stays at $\log 2$ |
# | latents called disentangled because the prior is a product | nothing: no number was asked for | turn the latents; $p(x)$ stays |
# | one seed, one metric | a winner | ten seeds, two metrics |
# | the best seed chosen by a metric that needs the factors | a method that "works" | choose without the factors |
# | style exchanged where style and content go together in the data | content changes with the style | discs of which all combinations exist |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch, or Pyro |
# |---|---|---|
# | $\mathrm{ELBO} - (\beta - 1) R$ | `fit(p, q, x, partial(beta_weighted, beta=4.0))` | `poutine.scale(scale=beta)` around `z`, in model *and* guide |
# | rate and distortion | `rate_and_distortion` | `kl_divergence(q, prior)`; squared error |
# | $\mathrm{ELBO} - \gamma\, \mathrm{TC}$ | `factor_vae(p, q, x, discriminator, gamma)` | two optimizers, by hand |
# | log density ratio | `ratio_loss`, `permuted`, `total_correlation` | `binary_cross_entropy_with_logits` |
# | conditional VAE | `ConditionalVAE`, `.pack`, `.relabel` | `torch.cat([z, y], -1)`, on both sides |
# | flow as prior | `Flow(zuko.flows.MAF(D), D)` | `TransformedDistribution`; `pyro.sample("z", flow)` |
# | metrics | `mutual_information_gap`, `factor_vae_score` | none |
#
# ## What to remember
#
# 1. The ELBO is minus (distortion plus rate), at a price of one to one. $\beta > 1$ gives a looser bound; $\beta < 1$ gives no guarantee.
# 2. No autoencoder lies below the rate-distortion curve of its source. The linear beta-VAE with fixed $\sigma$ lies *on* that of a Gaussian source.
# 3. What falls silent under a large $\beta$ may be what was not worth its price.
# 4. A classifier's logit is a log density ratio, if it is the best classifier. With few steps it tells too little, with few rows too much.
# 5. A prior does not choose axes. A diagonal family may, where directions differ in importance.
# 6. "Disentangled" is a claim about a metric, a data set and many seeds.
# 7. A conditional VAE keeps content across styles because of shared networks and free combinations in the data, not because of its objective.
# 8. A better prior lowers the rate at the same distortion, by at most $\mathrm{KL}(q(z) \,\|\, p(z))$.
#
# **Next**: [the problem set](../notebooks/15_vae_variants/15_vae_variants.ipynb).
#
# ## Further reading
#
# - C. E. Shannon. *Coding theorems for a discrete source with a fidelity criterion.* IRE National Convention Record 7, 1959.
# - T. M. Cover, J. A. Thomas. *Elements of information theory.* 2nd edition, Wiley, 2006. Chapter 10: rate distortion, water-filling, and Blahut and Arimoto's algorithm.
# - A. A. Alemi, B. Poole, I. Fischer, J. V. Dillon, R. A. Saurous, K. Murphy. *Fixing a broken ELBO.* International Conference on Machine Learning, 2018. arXiv:1711.00464. Section 1.
# - I. Higgins, L. Matthey, A. Pal, C. Burgess, X. Glorot, M. Botvinick, S. Mohamed, A. Lerchner. *beta-VAE: learning basic visual concepts with a constrained variational framework.* International Conference on Learning Representations, 2017.
# - H. Kim, A. Mnih. *Disentangling by factorising.* International Conference on Machine Learning, 2018. arXiv:1802.05983. FactorVAE, and its score.
# - T. Q. Chen, X. Li, R. Grosse, D. Duvenaud. *Isolating sources of disentanglement in variational autoencoders.* Advances in Neural Information Processing Systems 31, 2018. arXiv:1802.04942. The three parts of the rate; the gap.
# - M. Sugiyama, T. Suzuki, T. Kanamori. *Density ratio estimation in machine learning.* Cambridge University Press, 2012.
# - F. Locatello, S. Bauer, M. Lucic, G. Ratsch, S. Gelly, B. Scholkopf, O. Bachem. *Challenging common assumptions in the unsupervised learning of disentangled representations.* International Conference on Machine Learning, 2019. arXiv:1811.12359. Section 6, and twelve thousand models.
# - M. Rolinek, D. Zietlow, G. Martius. *Variational autoencoders pursue PCA directions (by accident).* Conference on Computer Vision and Pattern Recognition, 2019. arXiv:1812.06775.
# - I. Khemakhem, D. P. Kingma, R. P. Monti, A. Hyvarinen. *Variational autoencoders and nonlinear ICA: a unifying framework.* International Conference on Artificial Intelligence and Statistics, 2020. arXiv:1907.04809.
# - K. Sohn, H. Lee, X. Yan. *Learning structured output representation using deep conditional generative models.* Advances in Neural Information Processing Systems 28, 2015.
# - J. M. Tomczak, M. Welling. *VAE with a VampPrior.* International Conference on Artificial Intelligence and Statistics, 2018. arXiv:1705.07120.
# - X. Chen, D. P. Kingma, T. Salimans, Y. Duan, P. Dhariwal, J. Schulman, I. Sutskever, P. Abbeel. *Variational lossy autoencoder.* International Conference on Learning Representations, 2017. arXiv:1611.02731.
# - J. Balle, V. Laparra, E. P. Simoncelli. *End-to-end optimized image compression.* International Conference on Learning Representations, 2017. arXiv:1611.01704.
# - L. Theis, W. Shi, A. Cunningham, F. Huszar. *Lossy image compression with compressive autoencoders.* International Conference on Learning Representations, 2017. arXiv:1703.00395.

# %%
tally("15")
