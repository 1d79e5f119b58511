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
# # 04 · EM and mean field
#
# Unit 03 gave us one function with two arguments: the bound, for any $q$ and any $\theta$. So far we have mostly climbed it in $q$, with the model given. Now the model is to learn, too, and the oldest way is the simplest:
# **climb in $q$, then in $\theta$, and again.** Where both climbs go all the way to the top this is the EM algorithm. It has no step size, no gradient and no sample, and it cannot make the likelihood worse.
#
# Then things get harder, one at a time. The climb gets slow, and we find out what decides its pace. $q$ may no longer be what it wants to be, and the guarantee is gone. In the end $q$ has many parts and only products are allowed: *mean field*,
# climbed one factor at a time.
#
# **After this unit you can**
#
# - derive EM as two alternating climbs of one function, and use that function as a test that costs nothing,
# - fit mixtures to real data, and say what a likelihood without a maximum looks like, and what to do about it,
# - write the M-step of an exponential family as a matching of moments,
# - say what decides how fast EM is, and what hard assignments do to the answer,
# - derive mean-field updates, predict what they do to variances, and name what they depend on.
#
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 7 minutes more. The whole page computes in a minute or two.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p_\theta(x, z)$; $q$ is a distribution over the latent. The **ELBO** is $\mathbb E_q[\log p_\theta(x, z) - \log q(z)]$, and the evidence $\log p_\theta(x)$ lies above it by
# >   $\mathrm{KL}(q \,\|\, p_\theta(z \mid x)) \ge 0$ (unit 03).
# > - $\mathrm{KL}(q \,\|\, p) = \mathbb E_q[\log q - \log p]$ is zero where $q = p$ and positive elsewhere. Minimized in $q$ it would rather miss a part of $p$ than cover a place where $p$ is small.
# > - **The toy**: $z \sim N(0, 1)$, $x \mid z \sim N(z, 1)$; the posterior is $N(x/2, 1/2)$.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error; a sentence that compares two methods is held to five seeds or more by `claim`, which stops the page if it does not hold. $t$ is a difference in standard errors, its z-score.

# %%
import math

import torch
from sklearn.datasets import load_iris
from torch.distributions import Dirichlet, Gamma, Normal, kl_divergence

# %%
from course_vi.data import digits
from course_vi.diagnostics import claim
from course_vi.learning import cavi, em, natural_gradient_svi, smoke_cap
from course_vi.learning.em import free_energy, hard_e_step, m_step
from course_vi.models import BayesianGaussianMixture, BernoulliMixture, GaussianMixture, NormalGamma
from course_vi.plots import lecture_04 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64
SMOKE = smoke_cap(100) < 100        # in tests of this page everything is cut short


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def normals(*shape, seed):
    return torch.randn(*shape, generator=seeded(seed), dtype=DOUBLE)


def mean_of(values):
    """Mean over the first axis, and its standard error."""
    values = torch.as_tensor(values, dtype=DOUBLE)
    return values.mean(0), values.std(0) / len(values) ** 0.5


# %% [markdown]
# ## 1. Two climbs of one function
#
# To show both arguments we write the bound as $\mathcal F(q, \theta)$, as the literature on EM does, and call it the *free energy* (others put a minus in front). It can be taken apart in two ways:
#
# $$\mathcal F(q, \theta) = \underbrace{\mathbb E_q \log p_\theta(x, z)}_{\text{expected complete log-likelihood}} + \;H(q) \;=\; \log p_\theta(x) - \mathrm{KL}\big(q \,\|\, p_\theta(z \mid x)\big) .$$
#
# **E-step**: $\theta$ stands still, $q$ climbs. The second form says where to: $q = p_\theta(z \mid x)$. The gap closes, and $\mathcal F = \log p_\theta(x)$.
#
# **M-step**: $q$ stands still, $\theta$ climbs. The first form says how: $H(q)$ does not know $\theta$, so maximize the expected complete log-likelihood. There is no logarithm of a sum in it any more, and for many models the maximum is a formula.
#
# One round, and the likelihood has not become worse:
#
# $$\log p_{\theta_t}(x) \;\overset{\text{E}}{=}\; \mathcal F(q_{t+1}, \theta_t) \;\overset{\text{M}}{\le}\; \mathcal F(q_{t+1}, \theta_{t+1}) \;\le\; \log p_{\theta_{t+1}}(x) .$$
#
# > You will read of the ELBO at $q = p(z \mid x; \theta)$: "(Aside: This is what we compute in the E-step of the EM algorithm)" (lecture slides *Variational Autoencoder*, after a recap of autoregressive models, slide "Variational inference"). The E-step *chooses* $q$. The expectation is what the M-step then maximizes; strictly, its
# > value is never needed, only its maximum in $\theta$.
#
# The smallest example: the toy with an unknown prior mean, $z \sim N(\theta, 1)$, $x \mid z \sim N(z, v)$, one datum, $x = 2$. Let $q = N(m, s^2)$ with $s^2$ the posterior's variance, which does not depend on $\theta$. Then $\mathcal F$ is a function of two numbers, $m$ and $\theta$, and a parabola in each.

# %%
def free_energy_of_toy(m, theta, v, x=2.0):
    s2 = 1 / (1 + 1 / v)                                       # the posterior's variance
    log_prior = -0.5 * math.log(2 * math.pi) - 0.5 * ((m - theta) ** 2 + s2)
    log_likelihood = -0.5 * math.log(2 * math.pi * v) - 0.5 * ((x - m) ** 2 + s2) / v
    return log_prior + log_likelihood + 0.5 * math.log(2 * math.pi * math.e * s2)


def top(f, at):
    """Where a parabola is highest: one step of Newton's method, from anywhere."""
    at = torch.as_tensor(at, dtype=DOUBLE).requires_grad_()
    slope, = torch.autograd.grad(f(at), at, create_graph=True)
    bend, = torch.autograd.grad(slope, at)
    return (at - slope / bend).item()


# %%
def staircase(v, rounds, m=-2.5, theta=-2.0):
    """EM: the corners (m, theta), from the start on, an E-step and an M-step in turn."""
    corners = [(m, theta)]
    for _ in range(rounds):
        m = top(lambda new, theta=theta: free_energy_of_toy(new, theta, v), m)        # E
        corners.append((m, theta))
        theta = top(lambda new, m=m: free_energy_of_toy(m, new, v), theta)            # M
        corners.append((m, theta))
    return torch.tensor(corners, dtype=DOUBLE)


corners = staircase(1.0, 20)
heights = free_energy_of_toy(*corners.T, 1.0)
evidence = Normal(corners[:, 1], math.sqrt(2)).log_prob(torch.tensor(2.0, dtype=DOUBLE))
assert (heights.diff() > -1e-12).all() and (heights - evidence)[1::2].abs().max() < 1e-12
print("F after E, M, E, M, ...:", *(f"{value:.3f}" for value in heights[1:9]))

# %% [markdown]
# The assertion holds the two promises: $\mathcal F$ never falls, and after each E-step it *is* the log evidence, to twelve digits. Here is the climb, seen from above:

# %%
show_moving(movies.staircase(corners[:13], lambda m, theta: free_energy_of_toy(m, theta, 1.0)),
            alt="Contours of F over m and theta: tilted ellipses around the top at (2, 2). A dot climbs from the lower left in a staircase: sideways to the line of best m, up to the line of best theta, "
                "and so on. The steps get shorter as it comes near the top. A label counts E-steps and M-steps and gives F.")

# %% [markdown]
# > **Predict 1.** The noise of $x$ is made four times as large: $v = 4$ instead of 1. EM starts at the same place, and again the maximum is at $\theta = x$. To bring $\theta$ within a thousandth of it, EM needs ...

# %%
predict("04_1", choices=["fewer rounds", "as many rounds", "more rounds"])

# %%
climbs = {v: staircase(v, 60) for v in (1.0, 4.0)}
for v, corners in climbs.items():
    error = 2.0 - corners[::2, 1]
    needs = int((error > 1e-3).sum())
    share = error[9] / error[8]
    print(f"v = {v:.0f}: {needs} rounds to a thousandth; a round leaves {share:.4f} of the error")
show(figures.two_climbs({v: corners[::2, 1] for v, corners in climbs.items()}, top=2.0),
     alt="Error of theta over rounds of EM, on a log axis: two straight lines. With v = 1 the line falls steeply, by a half each round; with v = 4 it falls much more slowly, by a fifth.")

# %%
# Run this cell to compare it with your prediction.
reveal("04_1", "more rounds")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# More: 38 instead of 12. With more noise $x$ says less about $z$, so the E-step leaves $m$ near where the model already has it, and the M-step moves $\theta$ no further than to $m$. EM believes its own filling-in.
#
# </details>
#
# The lines are straight on a log axis: each round leaves the same *share* of the error. What decides this share is the subject of section 4, and predicting it is the signature exercise of this unit.
#
# **Play.** Start `staircase` from other places, far away and on the other side. Does the share change?
#
# ## 2. Mixtures, and a likelihood without a maximum
#
# In a mixture of Gaussians the latent says which of $C$ clusters a datum comes from: $z_n \sim \mathrm{Categorical}(\pi)$, $x_n \mid z_n = c \sim N(\mu_c, \Sigma_c)$. The E-step gives each datum its **responsibilities** $r_{nc} = p_\theta(z_n = c \mid x_n)$, by Bayes' rule. The M-step is what you would do if labels had been
# given, with fractions for labels: $N_c = \sum_n r_{nc}$,
#
# $$\pi_c = \frac{N_c}{N}, \qquad \mu_c = \frac1{N_c}\sum_n r_{nc}\, x_n, \qquad \Sigma_c = \frac1{N_c}\sum_n r_{nc}\,(x_n - \mu_c)(x_n - \mu_c)^\top .$$
#
# The data: length and width of the petals of 150 irises, of three species (Fisher, 1936). EM does not see the species. `em` records $\mathcal F$ after each half step, and stops with an error if it ever falls. That is the cheapest test in this course: **whatever you change in an EM program, watch $\mathcal F$.**

# %%
iris = torch.as_tensor(load_iris().data[:, 2:], dtype=DOUBLE)   # in centimetres, (150, 2)
species = torch.as_tensor(load_iris().target)


def start(C, seed):
    """C clusters at random flowers, all with the shape of the whole."""
    at = torch.randperm(150, generator=seeded(seed))[:C]
    shape = torch.cov(iris.T).expand(C, 2, 2) / 4
    return GaussianMixture(torch.full((C,), 1 / C, dtype=DOUBLE), iris[at], shape)


# %%
def run(C, seed, rounds=150):
    """A fitted mixture and its trace of F; no trace where a cluster has collapsed."""
    p = start(C, seed)
    try:
        return p, em(p, iris, smoke_cap(rounds), tolerance=1e-7).free_energy
    except ValueError as fault:
        assert "collapsed" in str(fault) or "explains no datum" in str(fault)
        return p, None


def strangers(p):
    """The number of flowers in a cluster in which another species is more common."""
    cluster = p.responsibilities(iris).argmax(-1)
    return 150 - sum(species[cluster == c].bincount(minlength=3).max().item() for c in range(3))


# %%
three = [(seed, *run(3, seed)) for seed in range(8)]
three = [each for each in three if each[2] is not None]
for seed, p, trace in three:
    print(f"start {seed}: log-likelihood {trace[-1]:9.2f} after {len(trace) // 2} rounds, "
          f"{strangers(p)} flowers in another species' cluster")
winner, best, _ = max(three, key=lambda each: each[2][-1])
rival = min((p for *_, p, _ in three), key=strangers)
assert SMOKE or (strangers(best) > 20 and strangers(rival) < 5)
panels = [("at the start", start(3, winner)), ("EM has come to rest", best)]
panels = [(title, p, p.responsibilities(iris).detach()) for title, p in panels]
show(figures.clusters(iris, panels, species),
     alt="Petal width over petal length of 150 irises, with three ellipses. At the start they are equal and lie along the cloud of flowers, two of them over each other. At the end a small one lies around "
         "the short, narrow petals, and two long ones around the others, a steep and a flat one that cross; flowers where they meet have mixed colours. The shape of a mark is the species: round marks all have the colour of the small ellipse; triangles and squares come in both other colours, and mixed.")

# %% [markdown]
# Colour is responsibility, shape is species. EM was never told the species. It found one of them to the flower; of the other hundred flowers, 29 lie in a cluster where the other species is more common. A better climb would not help: start 2 came to rest a nat *lower*, with three such flowers. Nobody said that clusters are species. "Find the clusters" is an ill-posed task; "find the mixture under which these data are most probable" is a posed one, and that is the one EM is given.
#
# Two things about its answer. **It depends on the start**: there are several resting places, and the numbers above say how different they are. So one starts often, and keeps the best. **And the names of the clusters mean nothing**: exchange them, and $\log p_\theta(x)$ stays as it is. Every maximum comes in $C!$ copies; their average is no cluster at all.

# %%
for C in (4, 5):
    lost = sum(run(C, seed)[1] is None for seed in range(8))
    print(f"{C} clusters: {lost} of 8 starts ended with a cluster that collapsed")
    assert SMOKE or lost

# %% [markdown]
# "Keep the best." But some starts with four and five clusters never arrive. In 29 flowers the petal is exactly 0.2 cm wide; the data are rounded. Let us follow such a cluster. We take two fitted clusters, and add a third for these 29 flowers, with a standard deviation $s$ *in width* that we make smaller and smaller.
#
# > **Predict 2.** What do you see of the log-likelihood of all 150 flowers as $s \to 0$?

# %%
predict("04_2", choices=[
    "a fall in the end: nothing else is explained",
    "a levelling off",
    "a rise for ever"])

# %%
two = max((run(2, seed) for seed in range(4)), key=lambda each: each[1][-1])[0]
tied = iris[iris[:, 1] == 0.2]
spread = 10.0 ** -torch.arange(1, 9, dtype=DOUBLE)
likelihoods = []
for s in spread:
    shape = torch.diag(torch.stack([tied[:, 0].var(), s**2]))
    weights = torch.cat([0.9 * two.logits.softmax(-1).detach(), torch.tensor([0.1], dtype=DOUBLE)])
    covariances = torch.cat([(two.roots @ two.roots.mT).detach(), shape[None]])
    p = GaussianMixture(weights, torch.cat([two.locs.detach(), tied.mean(0)[None]]), covariances)
    likelihoods.append(p.log_evidence(iris).sum())
likelihoods = torch.stack(likelihoods).detach()
slope = (likelihoods[-1] - likelihoods[-2]) / math.log(10)
print(f"{len(tied)} flowers; at the end log p rises by {slope:.4f} for each factor e in s")
assert abs(slope - len(tied)) < 1e-3
show(figures.for_ever(spread, likelihoods, len(tied)),
     alt="Log-likelihood of the irises over the standard deviation of one cluster, which shrinks from left to right on a log axis: after a slow beginning it rises along a straight dotted line, by 29 nats for each factor e, to about 270, far above the -134 of the fit before.")

# %%
# Run this cell to compare it with your prediction.
reveal("04_2", "a rise for ever")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# For ever. Each of the 29 flowers has a density that grows like $1/s$, and the other two clusters go on explaining everybody else: that is what a mixture is for. A single Gaussian could not do it, since one flower outside would cost $-\infty$. So the likelihood of a mixture of Gaussians **has no maximum**, on any data: one datum is enough for a cluster of
# its own. What EM finds is a good *local* one.
#
# </details>
#
# What can one do? Refuse such fits (`em` raises an error). Start again. Share one covariance among all clusters: it cannot shrink on a few data. Know the noise: a rounded width is not known to better than 0.03 cm, so no $s$ may be smaller. Or put a prior on $\Sigma$ whose density vanishes where $\Sigma$ is singular, faster than any power of $s$ (the inverse Wishart does), and climb the log posterior. Section 7 goes all the way and
# integrates $\Sigma$ out.
#
# ### Digits, and how many clusters
#
# A mixture of Bernoullis cannot collapse like that; a probability is at most 1. Its M-step is the same, with one mean for each pixel, $p_{ci} = \frac1{N_c}\sum_n r_{nc}\, x_{ni}$. It has a smaller version of the trouble: a pixel that is off in all pictures of a cluster gets probability 0, and a new picture with that pixel on becomes *impossible*.
# `BernoulliMixture` keeps probabilities away from 0 and 1 by a floor, here 0.01. (The M-step still climbs: on a concave $\mathcal F$ the best allowed value is the one at the floor.)

# %%
images = digits(dtype=torch.float32)


def digits_mixture(C, seed, rounds=60):
    at = torch.randperm(1500, generator=seeded(seed))[:C]
    p = BernoulliMixture(torch.full((C,), 1 / C), 0.25 + 0.5 * images.train[at], floor=0.01)
    em(p, images.train, 3 if SMOKE else rounds, tolerance=5e-4)
    return p


ten = [digits_mixture(10, seed) for seed in range(8)]
rows = {f"start {seed}": p.pixel_logits.sigmoid().detach() for seed, p in enumerate(ten[:2])}
show(figures.pictures(rows, "Ten clusters, two starts: not the ten digits"),
     alt="Two rows of ten blurred 8 by 8 pictures, the pixel probabilities of the clusters. Most look like a digit: zeros, sixes, fours are clear. Some digits appear twice, in two slants, and others are merged in one blur. The two rows differ.")

# %% [markdown]
# How many clusters should it be? The best likelihood of the training data can only rise: more clusters can do all that fewer can. Pictures that the fit has not seen are another matter.
#
# > **Predict 3.** From 5 clusters to 200, fitted to 1,500 pictures: where is the likelihood of the 297 *held-out* pictures highest?

# %%
predict("04_3", choices=["at 10", "at 20", "at 80", "at 200"])

# %%
sizes = (5, 10, 20, 40, 80, 200)
fits = {C: [digits_mixture(C, seed) for seed in range(5)] for C in sizes if C != 10} | {10: ten[:5]}
seen, held_out = (torch.tensor([[p.log_evidence(x).mean().item() for p in fits[C]] for C in sizes])
                  for x in (images.train, images.test))
for C, train, test in zip(sizes, seen, held_out, strict=True):
    print(f"{C:3d} clusters: {train.mean():.2f} nats a picture seen, {test.mean():.2f} held out")
claim("held out, 80 are better than 10, by more than a nat", held_out[4] - held_out[1] - 1, sign=+1)
claim("held out, 80 are better than 40", held_out[4] - held_out[3], sign=+1)
claim("held out, 200 are worse than 80", held_out[5] - held_out[4], sign=-1)
show(figures.how_many(torch.tensor(sizes), seen, held_out),
     alt="Log-likelihood a picture over the number of clusters, from 5 to 200 on a log axis, five starts. On the pictures seen it rises steadily, from about -21 to about -13. Held out it rises from -21.5 to about -17.3 at 80 clusters and falls a little to 200. The gap between the two widens all the way.")

# %%
# Run this cell to compare it with your prediction.
reveal("04_3", "at 80")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# At 80, among those we tried. There are ten digits, but a digit has slants, sizes and styles, and each kind that has enough pictures pays for a cluster. With 200 there are seven or eight pictures to a cluster, and 64 probabilities to be learned from them.
#
# </details>
#
# And do ten clusters at least find the ten digits? Give each cluster the digit that most of its pictures show:

# %%
found = []
for p in ten:
    cluster = p.log_joint_all(images.train).argmax(-1)
    votes = torch.stack([images.train_labels[cluster == c].bincount(minlength=10)
                         for c in range(10)])
    found.append(float(len(votes.argmax(1).unique())))
print("digits that have a cluster of their own:", found)
claim("on average, they are fewer than ten", torch.tensor(found) - 10, sign=-1)

# %% [markdown]
# Not quite: on average about one digit is left out, and another has two clusters.
#
# ## 3. Exponential families in one page
#
# The M-steps have looked alike: means, with fractions for labels. That is no accident. Let each datum, *completed* by its latent, have a density of the form
#
# $$\log p_\theta(x, z) = \eta(\theta)^\top s(x, z) - A(\theta) + \text{(something without }\theta).$$
#
# Everything that $\theta$ gets to see of data and latents is the vector $s$ of **sufficient statistics**. So the E-step has only one thing to hand over, $\bar s = \frac1N \sum_n \mathbb E_{q_n} s(x_n, z_n)$, and $\mathcal F = N\,[\eta^\top \bar s - A] + H(q) + \dots$ To maximize it, use a fact about all exponential families: with $\eta$ as the parameter,
# the slope of $A$ is the mean of $s$ under the model. Set the slope of $\mathcal F$ to zero:
#
# $$\mathbb E_{p_\theta}[s(x, z)] = \bar s .$$
#
# **The E-step fills in, the M-step matches moments.** With nothing missing that is ordinary maximum likelihood: the model's moments are those of the data. With something missing they are those of the data *as completed by the present model*. In the natural parameters the M-step's problem is concave, so a match is the maximum.
#
# | model | $s$, for each datum | what the M-step matches |
# |---|---|---|
# | Bernoulli mixture | label, label times pixels | share of each cluster, mean picture of each cluster |
# | Gaussian mixture | label, label times $x$, label times $xx^\top$ | share, mean and second moment of each cluster |
# | hidden Markov model | pairs of neighbouring labels; label and datum | transitions, emissions (`baum_welch`) |
# | linear Gaussian state space | $z_t z_t^\top$, $z_t z_{t-1}^\top$, $x_t z_t^\top$, $x_t x_t^\top$ | two regressions (`state_space_em`) |
# | von Mises mixture (angles) | label, label times $\cos x$ and $\sin x$ | share and mean direction in a formula; concentration by a root finder |
#
# The last row is a warning: there are always moments to match, but not always a formula for the match.
#
# ## 4. What is missing decides the pace
#
# What makes EM slow? The cleanest case: 400 numbers $y_n \sim N(\mu, 1)$, of which some got lost, all by chance. Take the lost ones for $z$. The statistic is $\sum_n y_n$; the E-step fills in $\mu_t$ for each lost number, and the M-step takes the mean of all 400.
#
# > **Predict 4.** Three quarters of the numbers are lost. What share of the error of $\mu$ is left after one round?

# %%
predict("04_4", choices=["one quarter", "one half", "three quarters"])

# %%
y = 1.0 + normals(400, seed=1)


def fill_in(lost, rounds=30):
    """EM for a mean, from mu = 4; the first part of y is lost. The error after each round."""
    kept, mu, errors = y[round(400 * lost):], 4.0, []
    for _ in range(rounds):
        errors.append(abs(mu - kept.mean().item()))
        completed = torch.cat([torch.full((400 - len(kept),), mu, dtype=DOUBLE), kept])
        mu = completed.mean().item()
    return torch.tensor(errors)


missing = {lost: fill_in(lost) for lost in (0.25, 0.5, 0.75)}
for lost, errors in missing.items():
    print(f"{lost:.0%} lost: a round leaves {errors[5] / errors[4]:.6f} of the error")

# %%
# Run this cell to compare it with your prediction.
reveal("04_4", "three quarters")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Three quarters: the new mean is $\tfrac34\mu_t + \tfrac14\bar y$. The share that is left *is* the share of the data that is missing.
#
# </details>
#
# In a mixture it is labels that are missing, and they are missing in part. Far apart, clusters leave no doubt about labels, and EM is done in a few rounds; where they overlap, a datum says little about its label, and much of the information on $\theta$ has gone with it. Take
# $x_n \sim \tfrac12 N(-\theta, 1) + \tfrac12 N(\theta, 1)$. With labels $\pm1$ the mean label of a datum is $\tanh(\theta x_n)$ (the E-step), and the best $\theta$ is the mean of label times datum (the M-step):

# %%
def symmetric_data(theta, seed, N=4000):
    side = 2 * torch.bernoulli(torch.full((N,), 0.5, dtype=DOUBLE), generator=seeded(seed)) - 1
    return theta * side + normals(N, seed=1000 + seed)


def soft(x, theta=2.0, rounds=300):
    path = [torch.tensor(theta, dtype=DOUBLE)]
    for _ in range(rounds):
        path.append((x * (path[-1] * x).tanh()).mean())
    return torch.stack(path)


def share_left(path):
    """Of the error, in a late round: the ratio of two steps that are well above rounding."""
    steps = path.diff().abs()
    late = int((steps > 1e-9).sum()) - 2
    return (steps[late + 1] / steps[late]).item()


# %%
apart = (0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0)
shares = torch.tensor([[share_left(soft(symmetric_data(theta, seed))) for theta in apart]
                       for seed in range(5)])
print("half the distance:", apart)
print("share of the error left:", *(f"{value:.3f}" for value in shares.mean(0).tolist()))
claim("clusters at ±1 leave more than clusters at ±2", shares[:, 3] - shares[:, 5], sign=+1)
show(figures.pace(missing, torch.tensor(apart), shares),
     alt="Left: error over rounds of EM on a log axis for 25, 50 and 75 per cent lost numbers: three straight lines, each along the dotted line that its share of lost numbers predicts. Right: share of the error left by a round, for two clusters at plus and minus theta, over theta: from about 0.75 at 0.4, where they overlap, it falls to nearly zero at 3.")

# %% [markdown]
# In general: **near a maximum, the share of the error that a round of EM leaves in the long run is the fraction of the information that is missing**, in the direction in which most of it is. (A. Dempster, N. Laird and D. Rubin, 1977.) *Information* is curvature here. How to put that in a formula for a model with several parameters, and to predict the dots on the right before EM has run, is exercise S3.
# It is worth having: it tells you how much longer EM will take, and whether its small last steps mean that it has arrived. A small step is no evidence of rest: with a share of 0.99, what remains is about a hundred times the last step.
#
# ## 5. When $q$ is not free
#
# Suppose the E-step is too expensive, or nobody can do it, and $q$ is taken from a smaller set $\mathcal Q$: a parametric family, products, points. We climb all the same, $q_{t+1} = \arg\max_{q \in \mathcal Q} \mathcal F(q, \theta_t)$, then $\theta$. That is *variational EM*.
#
# > You will read the objective of this constrained E-step with the model held at $\theta^{(k-1)}$ inside a function of two arguments, $\mathcal F(\rho, \theta) = \langle \log P(\mathcal X, \mathcal Z \mid \theta^{(k-1)}) \rangle_{q(\mathcal Z; \rho)} + H[\rho]$ (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018, slide "Variational
# > methods"; further down the index is gone). It is $\theta$: $\mathcal F$ is one function, and each half step holds the other argument still. And coordinate ascent is "no longer necessary", as he says: one may climb in both at once, which is what all later units do.
#
# $\mathcal F$ still never falls. But the chain of section 1 has lost its first link: $\mathcal F(q_{t+1}, \theta_t)$ is now *below* $\log p_{\theta_t}(x)$. What climbs is a lower bound, and **the likelihood itself may fall.** The simplest set of all: each datum wholly in one cluster, `hard_e_step`. (With equal weights and equal round covariances, this is $k$-means.) We start it where EM came to rest.

# %%
p = start(3, winner)
em(p, iris, 300, tolerance=1e-9)
with torch.no_grad():
    bound, evidence = [], [p.log_evidence(iris).sum()]
    for _ in range(6):
        q = hard_e_step(p, iris)
        bound.append(free_energy(p, iris, q))
        m_step(p, iris, q)
        bound.append(free_energy(p, iris, q))
        evidence.append(p.log_evidence(iris).sum())
bound, evidence = torch.stack(bound), torch.stack(evidence)
print(f"F rises from {bound[0]:.2f} to {bound[-1]:.2f}; "
      f"log p falls from {evidence[0]:.2f} to {evidence[-1]:.2f}")
assert (bound.diff() > -1e-9).all() and evidence[-1] < evidence[0] - 0.5

# %%
show(figures.constrained(bound, evidence),
     alt="Over six rounds of hard EM on the irises: the free energy climbs from -154 to about -138 in steps; the log-likelihood above it starts at -134.1, falls by more than a nat, recovers a little and rests below where it started.")

# %% [markdown]
# The bound gains 16 nats, and the likelihood loses one. Why should it have a preference at all? Because the gap depends on $\theta$: hard labels cost $-\log r_{nc}$ for each datum, so the bound is tight where there is no doubt about labels. Climbing it means moving $\theta$ *to where the constrained $q$ does little harm.*
#
# > **Predict 5.** Many data from $\tfrac12 N(-1, 1) + \tfrac12 N(1, 1)$, weights and variances known. Where does hard EM put the two means?

# %%
predict("04_5", choices=["closer together than ±1", "at ±1", "further apart than ±1"])

# %%
def hard(x, theta=2.0):
    """The label of a datum is its sign, whatever theta is: one round."""
    return (x * (theta * x).sign()).mean()


pairs = torch.stack([torch.stack([soft(x)[-1], hard(x)])
                     for x in (symmetric_data(1.0, seed, N=20_000) for seed in range(20))])
one = torch.tensor(1.0, dtype=DOUBLE)
exact = 2 * Normal(0, 1).log_prob(one).exp() + 2 * Normal(0, 1).cdf(one) - 1     # E |x|
for name, values, right in zip(("EM", "hard EM"), pairs.T, (1.0, exact.item()), strict=True):
    mean, error = mean_of(values)
    t = (mean - right) / error
    print(f"{name:8s} {mean:.4f} ± {error:.4f}   for infinitely many data {right:.4f}   t = {t:+.1f}")
    assert abs(t) < 4.5
claim("hard EM puts the means further apart", pairs[:, 1] - pairs[:, 0], sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("04_5", "further apart than ±1")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Further apart, at $\pm\mathbb E|x| = \pm1.167$. About a sixth of each cluster strays across the middle, and is counted on the other side. What is left of the right cluster has mean $1 + \varphi(1)/\Phi(1) = 1.29$: without its strays it lies further out. The strays that it gets in exchange
# have mean $-1 + \varphi(1)/\Phi(-1) = 0.53$, and bring it back, but only a part of the way.
#
# </details>
#
# So a family that is too small for the posterior does not only blur our answer about $z$. It bends what we learn about $\theta$. You will meet this again in units 12 and 13.
#
# ## 6. Mean field: $q$ factorizes
#
# Now let everything unknown be a latent, and let there be many. The posterior couples them. **Mean field** is the family of all products,
#
# $$q(z) = \prod_i q_i(z_i), \qquad\text{where nothing is said about the form of the } q_i .$$
#
# Climb one factor at a time. Collect in $\mathcal F$ what depends on $q_i$, with the other factors held still:
#
# $$\mathcal F = \mathbb E_{q_i}\big[\,\mathbb E_{q_{-i}} \log p(x, z)\,\big] - \mathbb E_{q_i} \log q_i + \text{const} = -\mathrm{KL}\big(q_i \,\|\, q_i^\star\big) + \text{const}, \qquad \log q_i^\star(z_i) = \mathbb E_{q_{-i}} \log p(x, z) + \text{const}.$$
#
# A KL again, and we know where it is smallest. **Average the log joint over everything else, and you can read off the best factor.** Doing this for each $i$ in turn, and again, is *coordinate ascent variational inference* (CAVI). No factor was assumed to be Gaussian or Gamma or anything; the update says what it is.
#
# > You will read that mean field takes "$q(\mathbf x) = \prod_k q_k(\mathbf x_k)$" and that "you do not need to specify a family for $q$, no gradients needed" (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part III, slide "An Aside: Mean Field Variational Inference"). It is a distribution of the latents, $q(z)$. Mean field *is* a family, as the slide itself says: products;
# > CAVI is one algorithm for it, and units 05 and 06 climb the same family by gradients. And an update is of use only where its average and its normalizing constant can be had, as in conjugate models ("limited to certain models", says the slide). That the expectation is analytic (R. Bamler, Tübingen, 2023, lecture 8, "Remark") is not enough: the best factor must be tractable, too.
#
# ### Two coupled Gaussians
#
# Let the posterior be a Gaussian with precision matrix $\Lambda$. As a function of $z_i$ alone, $\log p$ is a parabola with curvature $-\Lambda_{ii}$; averaging over the other factors moves its top and leaves its curvature. So each $q_i$ is a Gaussian, and **its variance is $1/\Lambda_{ii}$**, at once and for ever; only the means have to be iterated.
# And $1/\Lambda_{ii}$ is the *conditional* variance of $z_i$, given all others: never more than the marginal one.
#
# > **Predict 6.** Two latents with variance 1 and correlation 0.9. What standard deviation does mean field report for each?

# %%
predict("04_6", choices=["1", "0.90", "0.44"])

# %%
target = torch.tensor([[1.0, 0.9], [0.9, 1.0]], dtype=DOUBLE)   # the covariance; its mean is zero
precision = target.inverse()
path = [torch.tensor([-2.4, -1.0], dtype=DOUBLE)]
for step in range(24):
    m = path[-1].clone()

    def in_turn(value, i=step % 2, m=m):
        moved = torch.stack([value if j == i else m[j] for j in range(2)])
        return -0.5 * moved @ precision @ moved                 # F in the means, but for a constant

    m[step % 2] = top(in_turn, m[step % 2])
    path.append(m)
scales = precision.diagonal().rsqrt()
print(f"standard deviations by mean field {scales[0]:.4f}; true ones 1")
show(figures.two_gaussians(target, torch.stack(path), scales),
     alt="A narrow tilted ellipse, the posterior with correlation 0.9, and a small circle around the same centre, the mean-field answer: it cuts the ellipse just where the axes do. It is wider than the ellipse across, and much shorter than the ellipse along. From the lower left a staircase of coordinate steps leads to the centre, in shorter and shorter steps.")

# %%
# Run this cell to compare it with your prediction.
reveal("04_6", "0.44")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# $\sqrt{1 - 0.9^2} = 0.44$, the spread of $z_1$ when $z_2$ is known. The means are right in the end. The variances are not: reverse KL would rather miss a part of the posterior than cover a place where there is nothing. For error bars on parameters that are correlated in the posterior, mean field is not to be trusted; what the gap costs in nats, and which families close it, is unit 08.
#
# </details>
#
# The staircase is that of section 1, and again it gets slow where two arguments are strongly coupled. You predict its rate in the problem set, and also what happens if both factors are updated *at once*.
#
# ### A mean and a precision
#
# The classic with two different factors. $x_n \sim N(\mu, 1/\tau)$, both unknown, prior $\tau \sim \mathrm{Gamma}(a, b)$ and $\mu \mid \tau \sim N(m_0, 1/(\lambda\tau))$. Here the exact posterior is known (Normal-Gamma), and it does not factorize: the smaller $\tau$, the wider $\mu$ may range. Average the log joint over the one, then over the other:
#
# $$q(\mu) = N\Big(\frac{\lambda m_0 + \sum_n x_n}{\lambda + N},\; \frac{1}{(\lambda + N)\,\mathbb E\tau}\Big), \qquad q(\tau) = \mathrm{Gamma}\Big(a + \tfrac{N+1}2,\; b + \tfrac12\,\mathbb E_\mu\Big[\lambda(\mu - m_0)^2 + \sum_n (x_n - \mu)^2\Big]\Big).$$
#
# Each needs moments of the other, and nothing else. Sepal lengths of the first five irises, exact and by `cavi`:

# %%
lengths = torch.as_tensor(load_iris().data[:50, :1], dtype=DOUBLE)   # one species
model = NormalGamma(loc=5.0, strength=0.1, shape=1.0, rate=0.1)
q = cavi(model, lengths[:5], steps=50).factors
mu, log_tau = torch.linspace(4.3, 5.4, 201, dtype=DOUBLE), torch.linspace(0, 5, 201, dtype=DOUBLE)
grid = torch.cartesian_prod(mu, log_tau)
exact = (model.log_joint(lengths[:5], grid) - model.log_evidence(lengths[:5])).exp().view(201, 201)
log_q = (Normal(q.loc, q.precision.rsqrt()).log_prob(grid[:, 0]) + grid[:, 1]
         + Gamma(q.shape, q.rate).log_prob(grid[:, 1].exp()))   # + log tau: the density of log tau
gaps = []
for N in (2, 5, 10, 20, 50):
    gaps.append((model.log_evidence(lengths[:N]) - cavi(model, lengths[:N], 200).elbo[-1]).item())
    print(f"N = {N:2d}: gap {gaps[-1]:.4f} nats, times N {N * gaps[-1]:.3f}")
assert abs(50 * gaps[-1] / (20 * gaps[-2]) - 1) < 0.1

# %%
show(figures.mean_and_precision(mu, log_tau, exact, log_q.exp().view(201, 201)),
     alt="Contours over mu and log tau. The exact posterior is shaped like a drop: wide in mu at the bottom, where the precision is small, and narrow at the top. The mean-field contours are ovals, widest near the middle: they miss the lower corners of the drop and stick out beside its top.")

# %% [markdown]
# Here the factorization does little harm, and less with every datum: the gap falls, in the end like $1/N$. A posterior that becomes Gaussian with $\mu$ and $\tau$ uncorrelated leaves nothing for a product to miss. In the Gaussian example the gap stays, as long as the correlation does.
#
# ## 7. A Bayesian mixture that prunes
#
# Now the mixture once more, with priors on everything: $\pi \sim \mathrm{Dirichlet}(\alpha, \dots, \alpha)$, and for each cluster a mean and a precision matrix. The posterior has labels, weights and clusters all coupled; mean field takes $q(z)\, q(\pi)\, \prod_c q(\mu_c, \Lambda_c)$. The E-step of section 2 comes back as the update of $q(z)$, with expected logs for logs, and the
# M-step as the update of the rest, with whole distributions for points. CAVI *is* EM for someone who does not believe in point estimates.
#
# Nothing can collapse: the ELBO lies below the log evidence, which is finite, because a cluster that sits on 29 flowers has to pay for its narrowness under the prior. And there is a second gift. Give it ten clusters, and a small $\alpha$:

# %%
def bayesian(C, alpha):
    return BayesianGaussianMixture(150, C, iris.mean(0), 0.1 * torch.eye(2, dtype=DOUBLE),
                                   concentration=alpha, strength=0.05, dof=3.0)


def fitted(C, alpha, seed):
    found = cavi(bayesian(C, alpha), iris, smoke_cap(600), tolerance=1e-7, generator=seeded(seed))
    assert SMOKE or len(found.elbo) < 1200                               # it has come to rest
    alive = (found.factors.responsibilities.sum(0) > 1).sum().item()     # more than one flower
    return found.factors, found.elbo[-1].item(), alive


sparse, dense = ([fitted(10, alpha, seed) for seed in range(6)] for alpha in (1e-3, 10.0))
for name, runs in (("alpha = 0.001", sparse), ("alpha = 10", dense)):
    print(f"{name:13s} clusters alive:", [alive for *_, alive in runs])
fewer = torch.tensor([a[2] - b[2] for a, b in zip(sparse, dense, strict=True)], dtype=DOUBLE)
claim("with a small alpha fewer clusters are left", fewer, sign=-1)

# %%
chosen = max(sparse, key=lambda each: each[1])[0]
show(figures.pruned(iris, chosen, dense[0][0]),
     alt="Left, alpha 0.001: of ten clusters four are left, drawn as ellipses on the flowers; the others have no flowers, and a bar chart of mean weights shows them at zero. Right, alpha 10: all ten ellipses are there, crowded over each other, with weights of similar size.")

# %% [markdown]
# Surplus clusters lose their flowers and return to the prior: a single run has chosen their number. It is a vicious circle. Let $\alpha_c$ be $\alpha$ plus the flowers that cluster $c$ has. Its expected *log* weight, $\mathbb E\log\pi_c = \psi(\alpha_c) - \psi(\sum_k \alpha_k)$, plunges where $\alpha_c$ is near zero; so it gets fewer still. We varied $\alpha$ alone, and with $\alpha = 10$ the circle does not start.
#
# But look at the counts with $\alpha = 0.001$: they are not all the same.
#
# > **Predict 7.** We also fit a Bayesian mixture of *two* clusters from the beginning. The ten-cluster model can imitate it, by pruning eight. Where do the six runs with ten clusters end, by the ELBO?

# %%
predict("04_7", choices=[
    "below it, all of them",
    "about the same, all of them",
    "above it, the best of them"])

# %%
small = max(fitted(2, 1e-3, seed)[1] for seed in range(3))
large = torch.tensor([value for _, value, _ in sparse], dtype=DOUBLE)
print(f"two clusters {small:.2f}; from ten:", *(f"{value:.2f}" for value in large.tolist()))
claim("pruned from ten, it ends below two fitted directly", large - small, sign=-1)
assert SMOKE or large.max() < small

# %%
# Run this cell to compare it with your prediction.
reveal("04_7", "below it, all of them")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# All end below. CAVI climbs; it does not jump. (A likely reason, not tested here: a cluster dies only when others take its flowers, and before two healthy clusters that share a group are one, the ELBO would have to fall.) **Pruning is not model selection.** But here the best of many runs *is* the best: the ELBO has a
# ceiling, and runs with different numbers of clusters may be compared by it, as long as one keeps in mind that the gaps may differ.
#
# </details>
#
# ### The start, and the order
#
# Since CAVI goes uphill from where it is, the start chooses the hill. And so does something that one would not think of: **the order in which factors are updated.** The first update overwrites its factor without looking at it, so what counts of the start is the *others*. Two bits that want to be equal, $\log p(z) = J\, \zeta_1 \zeta_2 + \text{const}$ with $\zeta = 2z - 1 = \pm1$; the update of one
# is $\mathbb E\zeta_1 = \tanh(J\,\mathbb E\zeta_2)$. We take $J = 2$, and start at $+\tfrac12$ and $-\tfrac12$:

# %%
def in_order(J, h, start, order, rounds=100):
    """CAVI for coupled spins, log p = zeta' J zeta / 2 + h' zeta: the means, and the ELBO."""
    m = start.clone()                                           # (*B, D), of a model each
    for _ in range(smoke_cap(rounds)):
        for i in order:
            m[..., i] = (h[..., i] + (J[..., i, :] * m).sum(-1)).tanh()
    entropy = torch.special.entr(torch.stack([1 + m, 1 - m]) / 2).sum((0, -1))
    return m, 0.5 * torch.einsum("...i,...ij,...j", m, J, m) + (h * m).sum(-1) + entropy


pair, none = torch.tensor([[0.0, 2.0], [2.0, 0.0]], dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
half = torch.tensor([0.5, -0.5], dtype=DOUBLE)
for order in ([0, 1], [1, 0]):
    means = in_order(pair, none, half, order)[0].tolist()
    print(f"bit {order[0] + 1} first: means {means[0]:+.3f}, {means[1]:+.3f}")

# %% [markdown]
# Same start, other order, opposite answer. Now twelve spins with random couplings, a hundred such models. We change the order and keep the start, then change the start and keep the order:

# %%
J, h = 0.6 * normals(100, 12, 12, seed=1).tril(-1), 0.3 * normals(100, 12, seed=2)
J = J + J.mT
first, second = (0.5 * normals(100, 12, seed=seed).tanh() for seed in (3, 4))
up, down = range(12), range(11, -1, -1)
here = in_order(J, h, first, up)[1]
changed = {"order": in_order(J, h, first, down)[1], "start": in_order(J, h, second, up)[1]}
for name, there in changed.items():
    moves = (there - here).abs()
    print(f"another {name}: {(moves > 1e-3).sum()} of 100 come to rest elsewhere, "
          f"{moves[moves > 1e-3].mean():.2f} nats away")
    claim(f"another {name} ends more than 0.1 nats away, on average", moves - 0.1, sign=+1)

# %% [markdown]
# **Reflect.** The posterior of a Bayesian mixture has a copy of each mode for every way to name its clusters, and $q$ sits on one. What does that cost, in nats? Does it change the answer to Predict 7?
#
# <details><summary>An answer</summary>
#
# Where $q$ sits on one of $M$ copies that do not overlap, $\mathrm{KL}(q \,\|\, p) \ge \log M$. Two clusters have two names: 0.7 nats. Four live ones among ten places have $10 \cdot 9 \cdot 8 \cdot 7$: 8.5 nats. That is most of the distance between the best run from ten and the fit of two, but not all of it: add both, and about four nats are left.
#
# </details>

# %% [markdown]
# ### Aside: expectation propagation, the other direction
#
# Mean field minimizes $\mathrm{KL}(q \,\|\, p)$ and comes out too narrow. In the other direction, $\mathrm{KL}(p \,\|\, q)$ over Gaussians is smallest at the Gaussian with the *moments* of $p$; but who knows these? **Expectation propagation** (EP; T. Minka, 2001) replaces each factor of the posterior by a Gaussian one, in turn: take your stand-in for factor $i$ out of $q$, put the true factor in, match the moments of
# this hybrid, divide. Each match involves one true factor only. Three soft steps and a prior, by sums on a grid:

# %%
z = torch.linspace(-4, 6, 2001, dtype=DOUBLE)
steps = torch.stack([torch.sigmoid(6 * (z - edge)).log() for edge in (0.0, 0.5, 1.0)])
log_prior = Normal(0, 1).log_prob(z)


def moments(log_density):
    chance = log_density.softmax(0)
    mean = chance @ z
    return mean, chance @ (z - mean) ** 2


linear, square = torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE)    # the stand-ins
for _ in range(20):
    for i in range(3):
        others = [j for j in range(3) if j != i]
        cavity = log_prior + linear[others].sum() * z - 0.5 * square[others].sum() * z**2
        mean, var = moments(cavity + steps[i])                  # the true factor, put in
        square[i] = 1 / var - 1 - square[others].sum()
        linear[i] = mean / var - linear[others].sum()

# %%
posterior = log_prior + steps.sum(0)
ep = moments(log_prior + linear.sum() * z - 0.5 * square.sum() * z**2)
tried = torch.cartesian_prod(torch.linspace(0.8, 2.0, 121), torch.linspace(0.3, 0.8, 101)).double()
candidates = Normal(tried[:, :1], tried[:, 1:])
nodes = torch.linspace(-4, 4, 41, dtype=DOUBLE)
chance = Normal(0, 1).log_prob(nodes).softmax(0)
at = candidates.loc + candidates.scale * nodes                  # (12221, 41)
heights = -0.5 * at**2 + sum(torch.nn.functional.logsigmoid(6 * (at - e)) for e in (0.0, 0.5, 1.0))
winner = int((heights @ chance + candidates.scale[:, 0].log()).argmax())
vi = candidates.loc[winner, 0], candidates.scale[winner, 0] ** 2
exact = moments(posterior)
for name, (mean, var) in (("exact", exact), ("EP", ep), ("reverse KL", vi)):
    print(f"{name:10s} mean {mean:.3f}, standard deviation {var.sqrt():.3f}")
assert abs(ep[1].sqrt() - exact[1].sqrt()) < abs(vi[1].sqrt() - exact[1].sqrt())
show(figures.two_directions(z, posterior, ep, vi),
     alt="A skewed posterior that rises steeply on its left and has a longer tail on the right, and two Gaussians in nearly the same place. That of the reverse KL is narrower and higher than that of EP.")

# %% [markdown]
# EP comes closer to the width of the posterior, though not all the way: the stand-ins of the other factors are Gaussians, too. And it has no objective that must climb; it may fail to settle.
#
# ### Aside: CAVI without all the data
#
# CAVI reads all data before it moves a cluster. With millions of data the first move takes for ever, and most of it is wasted on clusters that are still in the wrong place. Could one move after a minibatch? By a gradient, yes, and by a special one. An ordinary gradient depends on how $q$ is written: as $(m, \log s)$ or as $(m, s^2)$, it points elsewhere. The **natural gradient** measures
# steps by how much they change the *distribution*: it is the gradient, multiplied by the inverse Fisher information of $q$. In conjugate models its formula becomes so simple that the Fisher information disappears, and with step size 1 on the full data it *is* the update of CAVI (M. Hoffman, D. Blei, C. Wang and J. Paisley, 2013, who call it *stochastic variational inference*). The formula is exercise material. Here is the claim in numbers, first for the weights, $q(\pi) = \mathrm{Dirichlet}(a)$, with the Fisher
# information in full: from anywhere, one step leads to where CAVI goes.

# %%
begin = cavi(bayesian(4, 0.1), iris, 1, generator=seeded(3)).factors.responsibilities
prior, counts = torch.full((4,), 0.1, dtype=DOUBLE), begin.sum(0)


def weights_part(a):
    """What of the ELBO depends on q(pi), with the labels held still."""
    log_weights = a.digamma() - a.sum().digamma()                # their mean under q
    return counts @ log_weights - kl_divergence(Dirichlet(a), Dirichlet(prior))


def log_normalizer(a):
    return a.lgamma().sum() - a.sum().lgamma()


# %%
a = torch.tensor([1.0, 3.0, 20.0, 7.0], dtype=DOUBLE)            # anywhere
slope = torch.autograd.functional.jacobian(weights_part, a)
fisher = torch.autograd.functional.hessian(log_normalizer, a)
after = a + torch.linalg.solve(fisher, slope)
print("a natural step of size 1:", *(f"{value:.6f}" for value in after.tolist()))
print("the update of CAVI:      ", *(f"{value:.6f}" for value in (prior + counts).tolist()))
assert torch.allclose(after, prior + counts, atol=1e-9)

# %% [markdown]
# `natural_gradient_svi` takes such steps in all global factors, by the short formula. Ten of them on all the data, and ten rounds of CAVI:

# %%
by_rounds = cavi(bayesian(4, 0.1), iris, 11, start=begin).factors
by_steps = natural_gradient_svi(bayesian(4, 0.1), iris, 10, rate=1.0, start=begin).factors
away = (by_rounds.clusters.loc - by_steps.clusters.loc).abs().max().item()
print(f"10 natural steps of size 1 against CAVI: means differ by {away:.0e} cm")
assert away < 1e-9

# %%
def race(seed, N=10_000, batch=100):
    """Minibatches against CAVI: ELBO per datum after two passes, from the same start."""
    with torch.no_grad():
        many = best.sample(N, generator=seeded(seed))[0]        # as the fitted mixture makes them up
    p = BayesianGaussianMixture(N, 5, iris.mean(0), 0.1 * torch.eye(2, dtype=DOUBLE),
                                concentration=0.1, strength=0.05, dof=3.0)
    whole = cavi(p, many, 3, generator=seeded(seed)).elbo[-1]   # round 1 has the start's labels
    steps = natural_gradient_svi(p, many, smoke_cap(2 * N // batch), batch,
                                 generator=seeded(seed)).elbo[-1]
    return (steps - whole).item() / N


claim("after two passes, minibatches are ahead of CAVI", [race(seed) for seed in range(8)], sign=+1)

# %% [markdown]
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | a part of the M-step uses the responsibilities of the last round | a likelihood that may rise all the same | $\mathcal F$, after every half step |
# | probabilities multiplied instead of logs added | 0/0 with some hundred pixels, `nan` | one datum far from every cluster |
# | the best of many likelihoods | a cluster on a few tied data | the smallest eigenvalue of each covariance |
# | small steps taken for arrival | a fit that would go on for hours | the ratio of two successive steps |
# | the number of clusters by the likelihood of the data that were fitted | always more | held-out data |
# | a hard E-step because it is faster | clusters too far apart | EM from the same start |
# | error bars from mean field | too short, wherever the posterior is correlated | $1/\Lambda_{ii}$ against $(\Lambda^{-1})_{ii}$ |
# | $\log\mathbb E\pi$ for $\mathbb E\log\pi$ in CAVI | an ELBO that may fall | the ELBO, after every update |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | elsewhere |
# |---|---|---|
# | EM for mixtures | `learning.em` | `sklearn.mixture.GaussianMixture` (adds 1e-6 to variances, `reg_covar`) |
# | $\mathcal F$, E-step, M-step | `learning.em.free_energy`, `e_step`, `m_step` | |
# | a constrained E-step | `em(expectation=hard_e_step)` | `sklearn.cluster.KMeans`, for round clusters of equal weight |
# | EM for chains | `baum_welch`, `state_space_em` | hmmlearn; `statsmodels` |
# | a mixture, labels summed out | `models.GaussianMixture` | `torch.distributions.MixtureSameFamily`; Pyro's `TraceEnum_ELBO` |
# | CAVI | `learning.cavi` | `sklearn.mixture.BayesianGaussianMixture` |
# | natural gradients on minibatches | `learning.natural_gradient_svi` | not Pyro's `SVI`, which takes ordinary gradients |
# | mean field, climbed by gradients | `families.MeanField` (units 05, 06) | Pyro's `AutoNormal` |
#
# ## What to remember
#
# 1. EM climbs one function in turn: $q$ to the posterior, $\theta$ to the top. $\mathcal F$ never falls; with a free $q$ neither does the likelihood.
# 2. In an exponential family the E-step fills in sufficient statistics, and the M-step matches moments.
# 3. Near a maximum, a round leaves the same share of the error: the share of the information that is missing.
# 4. The likelihood of a Gaussian mixture has no maximum. We look for a good local one, or integrate.
# 5. Where $q$ is restricted, $\mathcal F$ climbs and the likelihood may fall: the model moves to where the restriction does little harm.
# 6. Mean field averages the log joint over all other factors. Its variances are conditional ones: too small wherever the posterior is correlated.
# 7. Coordinate ascent finds the hill on which it stands. The start decides, and so does the order.
#
# **Next**: [the problem set](../notebooks/04_em_and_mean_field/04_em_and_mean_field.ipynb); then [unit 05, the score function](05_score_function.ipynb), for models in which no average of the log joint can be had.
#
# ## Further reading
#
# - A. P. Dempster, N. M. Laird, D. B. Rubin. *Maximum likelihood from incomplete data via the EM algorithm.* Journal of the Royal Statistical Society B 39, 1977.
# - R. M. Neal, G. E. Hinton. *A view of the EM algorithm that justifies incremental, sparse, and other variants.* In M. I. Jordan (ed.), *Learning in Graphical Models*, 1998.
# - X.-L. Meng, D. B. Rubin. *Using EM to obtain asymptotic variance-covariance matrices: the SEM algorithm.* Journal of the American Statistical Association 86, 1991. The rate, put to use.
# - C. M. Bishop. *Pattern Recognition and Machine Learning.* Springer, 2006, chapters 9 and 10. Mixtures, EM, mean field, the Bayesian mixture, EP.
# - D. M. Blei, A. Kucukelbir, J. D. McAuliffe. *Variational inference: a review for statisticians.* Journal of the American Statistical Association 112, 2017. CAVI.
# - M. D. Hoffman, D. M. Blei, C. Wang, J. Paisley. *Stochastic variational inference.* Journal of Machine Learning Research 14, 2013.
# - T. P. Minka. *Expectation propagation for approximate Bayesian inference.* Uncertainty in Artificial Intelligence, 2001.
# - R. A. Fisher. *The use of multiple measurements in taxonomic problems.* Annals of Eugenics 7, 1936. The irises, measured by E. Anderson.

# %%
tally("04")
