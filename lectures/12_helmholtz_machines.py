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
# # 12 · Helmholtz machines
#
# Unit 11 taught a recognition network by climbing the ELBO, and for that it needed a gradient through a sample or a noisy score. There is an older way. A generative model can make as many examples as we like of data *together with their causes*: it only has to dream. Learning to name the cause of a dream
# is ordinary supervised learning, with no sample to differentiate through, whatever the latents are. The price is hidden in the word *dream*: this network descends another divergence, the one that unit 03 called forward, and where the model dreams, not where the data are. This unit measures what that does to both networks.
#
# **After this unit you can**
#
# - say what wake and sleep sample, what each moves, and which divergence it descends,
# - predict what a network taught by dreams says where the posterior has two modes, and what one that climbs the ELBO says,
# - tell an error in a mean from an error in nats,
# - say why a wake phase at means climbs no bound, and show one that runs away,
# - find where wake-sleep comes to rest, and why it is not where the ELBO is highest,
# - use weighted samples (reweighted wake-sleep) and codes of expectations (DDC), and say what each repairs.
#
# **Time**: about 60 minutes of reading and playing on the main line; what is marked *aside* takes 15 minutes more. The page computes in about two minutes.
#
# > **What you need, if you read this unit alone**
# >
# > - A model gives $\log p_\theta(x, z)$; a family gives a density $q_\phi(z \mid x)$. The **ELBO** is $\mathcal L = \mathbb E_q[\log p_\theta(x, z) - \log q_\phi(z \mid x)] = \log p_\theta(x) - \mathrm{KL}(q_\phi \,\|\, p_\theta(\cdot \mid x))$ (unit 03).
# > - $\mathrm{KL}(q \,\|\, p)$ with the approximation in front, as in the ELBO, is the **reverse** divergence; $\mathrm{KL}(p \,\|\, q)$ is the **forward** one. Both are least at $q = p$. Where $q$ cannot be $p$, they may choose differently.
# > - A **recognition network** reads $x$ and writes the parameters of $q_\phi(z \mid x)$ (unit 11).
# > - With two bits there are four states, and a sum over them is exact: *enumeration*.
# > - **How to read the numbers**: an estimate is printed as mean $\pm$ standard error; $t$ is its z-score. A sentence that compares two methods is held to five seeds or more by `claim`.

# %%
import math
from functools import partial

import torch
from torch import nn
from torch.distributions import Normal, Poisson
from torch.nn.functional import softplus

from course_vi.bounds import elbo
from course_vi.data import breast_cancer, digits
from course_vi.diagnostics import claim
from course_vi.distributions import BernoulliVector

# %%
from course_vi.exact import enumerate_binary, expected_bound
from course_vi.experiments.exact_arena import train_one_way
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import Amortized, BernoulliMeanField

# %%
from course_vi.learning import (
    DDC,
    ddc_sleep_phase,
    ddc_wake_sleep,
    reweighted_phase,
    sleep_phase,
    smoke_cap,
    wake_phase,
)
from course_vi.models import Model, ProbabilisticPCA
from course_vi.nets import SideBySide, mlp

# %%
from course_vi.plots import lecture_12 as figures
from course_vi.plots import lecture_12b as more_figures
from course_vi.plots import movies, show, show_moving
from course_vi.plots.images import labelled_pictures
from course_vi.progress import predict, reveal, tally

# %%
DOUBLE = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def mean_of(values):
    """Mean over the first axis, and its standard error."""
    return values.mean(0), values.std(0) / len(values) ** 0.5


def step_up(climber, value):
    """One step of gradient ascent."""
    climber.zero_grad()
    (-value.sum()).backward()
    climber.step()


# %% [markdown]
# ## 1. Two networks, two phases
#
# A **Helmholtz machine** (P. Dayan, G. Hinton, R. Neal and R. Zemel, 1995) is a generative network and a recognition network, one for each direction. The generative one, with parameters $\theta$, runs downwards, from causes to data: classically a *sigmoid belief net*, in which every bit is on with a probability $\sigma(\text{weights} \cdot \text{bits above})$. The recognition one, with $\phi$, runs upwards.
# The **wake-sleep algorithm** (G. Hinton, P. Dayan, B. Frey and R. Neal, 1995) teaches each of them with what the other one makes.

# %%
show(figures.two_nets(),
     alt="Two columns of three layers, x at the bottom, then z1 and z2. Left, awake: x is shaded and comes from the data; arrows lead up from x to z1 to z2, and the weights that learn are those of the arrows down. Right, asleep: z2 is drawn from the prior, arrows lead down to z1 and x, and the weights that learn are those of the arrows up.")

# %% [markdown]
# | phase | pairs $(x, z)$ come from | what learns | and how |
# |---|---|---|---|
# | **wake** | $x$ from the data, $z \sim q_\phi(z \mid x)$ | $\theta$ | $\log p_\theta(x, z)$ goes up: maximum likelihood on complete data |
# | **sleep** | a dream, $(x, z) \sim p_\theta(x, z)$ | $\phi$ | $\log q_\phi(z \mid x)$ goes up: maximum likelihood again, on labelled data |
#
# In each phase the samples come from the network that does **not** learn. So nothing has to be differentiated through a sample, and nothing is multiplied by a reward: latents may be bits, categories or anything that can be drawn, and a layer's gradient asks only for the layers next to it.
#
# Our example has an exact answer to every question. Two fair coins; we measure $\theta$ for each that is on, with noise:
#
# $$z_1, z_2 \sim \mathrm{Bernoulli}(\tfrac12), \qquad x \mid z \sim N\big(\theta\,(z_1 + z_2),\, 1\big) .$$

# %%
class TwoCauses(Model):
    data_dim, latent_dim = 1, 2

    def __init__(self, theta):                    # a number, or one for each of R machines
        super().__init__()
        self.theta = nn.Parameter(torch.as_tensor(theta, dtype=DOUBLE).clone())

    def log_factors(self, x, z):
        meter = Normal(self.theta * z.sum(-1), 1.0).log_prob(x[..., 0])
        return {"coins": torch.full_like(meter, 2 * math.log(0.5)), "meter": meter}

    def sample(self, n, generator=None):
        z = torch.rand(*self.theta.shape[:-1], n, 2, generator=generator, dtype=DOUBLE).round()
        noise = torch.randn(z.shape[:-1], generator=generator, dtype=DOUBLE)
        return (self.theta.detach() * z.sum(-1) + noise).unsqueeze(-1), z


# %%
STATES = enumerate_binary(2, like=torch.zeros(1, dtype=DOUBLE))         # (4, 2)


def states_beside(x):
    return STATES.view(4, *(1,) * (x.dim() - 1), 2).expand(4, *x.shape[:-1], 2)


def posterior(theta, x):
    """Probabilities of the four states, (4, *B)."""
    return TwoCauses(theta).log_joint(x, states_beside(x)).softmax(0).detach()


def each(probabilities):
    """P(z_1 = 1 | x) and P(z_2 = 1 | x), (*B, 2)."""
    return torch.einsum("s...,sd->...d", probabilities, STATES)


middle = torch.tensor([3.0], dtype=DOUBLE)
for state, chance in zip(STATES.tolist(), posterior(3.0, middle).tolist(), strict=True):
    print(state, f"{chance:.3f}")

# %% [markdown]
# With $\theta = 3$ and $x = 3$ one coin is on, all but surely. Which one, the measurement cannot say. The posterior has **two modes**, and the two bits, independent before we looked, are tightly bound: *explaining away*.
#
# > **Predict 1.** A recognition network writes two independent probabilities. It is taught by dreams until it learns no more. What does it say at $x = 3$?

# %%
predict("12_1", choices=[
    "one of the coins is on, the other off: it picks a mode",
    "each is on with probability one half",
    "it depends on where it starts"])

# %% [markdown]
# Five such networks learn side by side, from dreams. Beside them five others, with the same starts, look at the same dreamt $x$ and climb the ELBO there, by its exact gradient. What differs is the objective.

# %%
def recognizers(count, outputs=2):
    nets = [mlp(1, 16, outputs, seeded(seed)) for seed in range(count)]
    return Amortized(BernoulliMeanField(outputs), SideBySide(nets)).double()


# %%
def taught(by_dreams, steps=600, seed=0):
    p, q = TwoCauses(torch.full((5, 1), 3.0)).requires_grad_(False), recognizers(5)
    source = seeded(seed)
    climber = torch.optim.Adam(q.parameters(), lr=0.03)
    for _ in range(smoke_cap(steps)):
        if by_dreams:
            value = sleep_phase(p, q, 200, source)
        else:
            x, z = p.sample(200, source)[0], states_beside(torch.empty(5, 200, 1))
            value = expected_bound(p.log_joint(x, z), q(x, z), elbo, 1)
        step_up(climber, value.mean(-1))
    return q


dreamer, climbing = taught(by_dreams=True), taught(by_dreams=False)
other_dreams = taught(by_dreams=False, steps=300, seed=1)

# %%
x = torch.linspace(-3, 9, 241, dtype=DOUBLE).unsqueeze(-1)
exactly = each(posterior(3.0, x))[:, 0]
with torch.no_grad():
    by_dreams, by_elbo, again = (q.distribution(x.expand(5, -1, 1)).mean[..., 0]
                                 for q in (dreamer, climbing, other_dreams))
row = int((x[:, 0] - 3).abs().argmin())
print("P(first coin on | x = 3), five networks")
print("  taught by dreams ", [round(value, 2) for value in by_dreams[:, row].tolist()])
print("  climbing the ELBO", [round(value, 2) for value in by_elbo[:, row].tolist()])
claim("taught by dreams, a network says one half to within 0.1",
      (by_dreams[:, row] - 0.5).abs() - 0.1, sign=-1)
claim("climbing the ELBO, it is further than 0.4 from one half",
      (by_elbo[:, row] - 0.5).abs() - 0.4, sign=+1)
claim("the same starts with other dreams end within 0.1 of the same place",
      (again - by_elbo)[:, row].abs() - 0.1, sign=-1)

# %%
show(figures.recognition(x[:, 0], exactly, by_dreams, by_elbo),
     alt="Probability that the first coin is on, over x. The exact marginal rises in two steps, from zero to one half near x = 1.5 and from one half to one near 4.5. Left: five networks taught by dreams follow it. Right: five networks that climb the ELBO; between the steps each lies close to zero or close to one, not at one half.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_1", "each is on with probability one half")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# One half each, wherever it starts. Among products the forward divergence is smallest at the product of the exact *marginals*. What gets lost is the tie between the bits: such a $q$ puts half of its mass on "both" and "neither", which the measurement all but rules out. It is the network climbing the ELBO that picks a mode, and its start decides which: with other dreams, each start ends where it did.
#
# </details>
#
# ## 2. Which divergence, and where
#
# The sleep phase maximizes $\mathbb E_{p_\theta(x, z)} \log q_\phi(z \mid x)$. Subtract $\log p_\theta(z \mid x)$, which $\phi$ cannot change, and average over $z$ first:
#
# $$-\mathbb E_{p_\theta(x, z)} \log q_\phi(z \mid x) = \mathbb E_{p_\theta(x)}\, \mathrm{KL}\big(p_\theta(z \mid x) \,\|\, q_\phi(z \mid x)\big) + \text{a constant} .$$
#
# Two things in this line differ from the ELBO: the **order** inside the divergence, and the **distribution of x** in front of it. First the order. At $x = 3$ a product has two numbers, so we can draw both divergences.

# %%
m = torch.linspace(0.002, 0.998, 120, dtype=DOUBLE)
square = torch.cartesian_prod(m, m)                                     # every product q
log_q = BernoulliVector(square.logit()).log_prob(STATES.unsqueeze(1))   # (4, 14400)
p_x = posterior(3.0, middle).unsqueeze(-1)
forward = (p_x * (p_x.log() - log_q)).sum(0)
reverse = (log_q.exp() * (log_q - p_x.log())).sum(0)
for name, divergence in (("KL(p | q)", forward), ("KL(q | p)", reverse)):
    best = square[divergence.argmin()]
    print(f"{name}: least {divergence.min():.3f} nats at ({best[0]:.2f}, {best[1]:.2f}); "
          f"at (1/2, 1/2) {divergence[len(m) ** 2 // 2 + len(m) // 2]:.3f}")

# %%
show(figures.two_divergences(m, forward.view(120, 120), reverse.view(120, 120)),
     alt="Two contour maps over the two probabilities of a product q, on one scale of colour. Left, KL(p given x, q): one basin, whose bottom is in the middle, at one half and one half. Right, KL(q, p given x): two basins, at the upper left and the lower right corner, and a saddle between them.")

# %% [markdown]
# Neither answer is wrong: they answer different questions. Where the posterior *is* a product both divergences end there, at zero.
#
# > You will read that sleep "minimises KL[$p_\theta(z \mid x)$ || $q(z; f(x, \phi))$]. Opposite to variational objective, but may not matter if divergence is small enough" (M. Sahani, *Parametric Variational Methods and Recognition Models*, Gatsby Unit, 2018, slide "The Helmholtz Machine"). That is right, but it does not say *at which x*. The divergence is averaged
# > over **dreamt** $x$. No datum enters a sleep phase.
#
# That matters when the network cannot be right everywhere. Let $f(x) = \sigma(a + b\,x)$, which cannot follow two steps. And let the model be on its way, at $\theta = 5$, while the data come from $\theta = 3$.
#
# > **Predict 2.** We fit the two numbers exactly, once at this model's dreams and once at the data. Both are judged at the data: by how much does $\mathrm{KL}(p_\theta(z \mid x) \,\|\, q)$ to this model's posterior exceed that of the best product at each $x$?

# %%
predict("12_2", choices=[
    "by the same for both: the posterior is the same",
    "by a quarter more where it was fitted at dreams",
    "by three times as much, or more"])

# %%
def descended(loss, start):
    """Where the loss is least, by L-BFGS."""
    at = start.clone().requires_grad_()
    climber = torch.optim.LBFGS([at], max_iter=smoke_cap(2000), line_search_fn="strong_wolfe",
                                tolerance_grad=1e-12, tolerance_change=1e-14)

    def closure():
        climber.zero_grad()
        (value := loss(at)).backward()
        return value

    climber.step(closure)
    return at.detach()


def restricted(loss, weight, x):
    """a and b of the line a + b x that makes the weighted loss least."""
    return descended(lambda line: (weight * loss(line[0] + line[1] * x[:, 0])).sum(),
                     torch.zeros(2, dtype=DOUBLE))


# %%
def density(theta, x):
    """p(x) on a grid, as weights that add up to one."""
    weight = TwoCauses(theta).log_joint(x, states_beside(x)).logsumexp(0).exp().detach()
    return weight / weight.sum()


def from_posterior(p_z, f):
    """KL(p(z | x) | q) at each x for a q that says f of both coins."""
    log_q = BernoulliVector(f.clamp(1e-9, 1 - 1e-9).logit().unsqueeze(-1).expand(-1, 2))
    return (p_z * (p_z.log() - log_q.log_prob(STATES.unsqueeze(1)))).sum(0)


# %%
wide = torch.linspace(-4, 14, 361, dtype=DOUBLE).unsqueeze(-1)
p_z, dreams, data = posterior(5.0, wide), density(5.0, wide), density(3.0, wide)
wanted = each(p_z)[:, 0]                                                # the same for both coins


def bit_loss(logit):                                                    # -E log q
    return softplus(logit) - wanted * logit


lines = {name: restricted(bit_loss, weight, wide) for name, weight in (("dreams", dreams), ("data", data))}
told = {name: (a + b * wide[:, 0]).sigmoid() for name, (a, b) in lines.items()}
for name, f in told.items():
    excess = from_posterior(p_z, f) - from_posterior(p_z, wanted)
    print(f"fitted at the {name:6s}: above the best product by {(data * excess).sum():.3f} nats at the data, "
          f"by {(dreams * excess).sum():.3f} at dreams")

# %%
show(figures.dreams_and_data(wide[:, 0], dreams, data, wanted, told),
     alt="Top: the density of the dreams, three humps at 0, 5 and 10, and that of the data, three humps at 0, 3 and 6. Bottom: the exact marginal of a coin over x, with steps near 2.5 and 7.5, and two sigmoids. The one fitted at the data rises earlier and less steeply than the one fitted at the dreams; neither follows the steps.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_2", "by a quarter more where it was fitted at dreams")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# By 0.150 nats against 0.120: a quarter more. At dreams the first is better, 0.081 against 0.103. Only the first can be had from a sleep phase.
#
# </details>
#
# A network with enough room can be right at every $x$ that is dreamt of, however rarely. But nothing asks it to be right at a datum of which the model never dreams.
#
# ## 3. On which scale is an error measured?
#
# "Direct $f(x)$ towards $z$" sounds like least squares, $\Delta\phi \propto (z - f)\,\nabla f$. That is a fine way to learn *means*: over all functions, the expected squared error is least at $f(x) = \mathbb E[z \mid x]$. It is not the slope of the divergence.
#
# The difference is easiest to see for another kind of latent, a **count**, $q(z \mid x) = \mathrm{Poisson}(f(x))$. Then $\log q = z \log f - f - \log z!$, and
#
# $$\nabla \log q = (z - f)\,\nabla \log f = \frac{z - f}{f}\,\nabla f, \qquad -\nabla\,\tfrac12 (z - f)^2 = (z - f)\,\nabla f .$$
#
# The same error $z - f$, on two scales. Where the rate is 10, an error of 1 is within the noise; where it is 0.1, it is a surprise. Likelihood divides by $f$; least squares does not.
#
# > You will read: "Update recognition parameters $\phi$ to direct $f(x_s; \phi)$ towards $z_s$ (simple gradient learning)", $\Delta\phi \propto \sum_s (z_s - f(x_s; \phi))\,\nabla_\phi f(x_s; \phi)$, for bits (M. Sahani, 2018, as above), and on the next slide that sleep minimizes KL$[p(z \mid x)\,\|\,q]$. The first
# > is not the gradient of the second. Which factor is lost for bits you derive in the problem set. On the same slide the parameters $\rho$ of an exponential family are said to be $\langle z \rangle_q$; they are the means of its *statistics*, $\langle s_q(z) \rangle_q$ (section 7).
#
# > **Predict 3.** With an unrestricted $f$, fitted to an endless supply of dreams, where do the two rules end?

# %%
predict("12_3", choices=["at the same f", "at different f", "least squares ends nowhere"])

# %% [markdown]
# The counts: $z \sim \mathrm{Poisson}(1)$, $x \mid z \sim N(z, 1)$. The best $f$ of each rule, first where $f$ may be anything, by descent at each $x$ of a grid; then where $\log f$ must be a line, $a + b\,x$.

# %%
counts = torch.arange(25, dtype=DOUBLE).unsqueeze(1)
prior = Poisson(torch.ones(1, dtype=DOUBLE)).log_prob(counts)
joint = (prior + Normal(counts, 1.0).log_prob(x[:, 0])).exp()
seen = joint.sum(0) / joint.sum()                                       # where the dreams are
mean_count = (counts * joint).sum(0) / joint.sum(0)                     # E[z | x]
rules = {"likelihood": lambda out: out.exp() - mean_count * out,        # -E log q, up to a constant
         "least squares": lambda out: 0.5 * (out.exp() - mean_count).square()}
free = [descended(lambda out, rule=rule: rule(out).sum(), torch.zeros_like(seen)).exp() for rule in rules.values()]
print(f"unrestricted: the two differ by {(free[0] - free[1]).abs().max():.0e} at most")

# %%
rates, losses = {}, {}
for name, rule in rules.items():
    a, b = restricted(rule, seen, x)
    rates[name] = (a + b * x[:, 0]).exp()
    losses[name] = torch.stack([(seen * each_rule(rates[name].log())).sum() for each_rule in rules.values()])
best = torch.stack(list(losses.values())).amin(0)
print("log f a line:")
for name, loss in losses.items():
    above = loss - best
    print(f"  by {name:14s} divergence {above[0]:.4f} nats above its least, "
          f"squared error {2 * above[1]:.4f} above its least")
bits = {"likelihood": bit_loss, "least squares": lambda out: 0.5 * (out.sigmoid() - wanted).square()}
for name, loss in bits.items():
    print(f"bits, the logit a line: by {name:14s} slope {restricted(loss, dreams, wide)[1]:.3f}")

# %%
show(figures.two_scales(x[:, 0], seen, mean_count, rates),
     alt="The exact posterior mean of a count over x, and two exponentials. The one fitted by likelihood is closer to it on the left, where counts are small and dreams frequent; the one by least squares is closer on the right, where counts are large.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_3", "at the same f")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# At the same $f$, the posterior mean: at each $x$ alone both are least where $f(x) = \mathbb E[z \mid x]$. Only where $f$ cannot be right everywhere do they part, because they weigh its errors differently. To tell the rules apart, look at a gradient, or at a restricted network.
#
# </details>
#
# ## 4. Awake, at means
#
# One form of the Helmholtz machine does not draw $z$ awake. It puts the probabilities $\hat z = f(x)$ where bits should stand. That saves the noise of sampling, but the average of $\log p(x, z)$ is not $\log p$ at the average $z$.
#
# First the value. At $x = 3$, with $q = (\tfrac12, \tfrac12)$, we put means in the place of states and keep the entropy:

# %%
half = torch.full((1, 1, 2), 0.5, dtype=DOUBLE)
at = middle.view(1, 1)
p = TwoCauses(3.0)
log_evidence = p.log_joint(at, states_beside(at)).logsumexp(0).item()
entropy = 2 * math.log(2)
true_elbo = p.log_joint(at, states_beside(at)).mean().item() + entropy  # a quarter for each state
at_means = p.log_joint(at, half).item() + entropy
print(f"log p(x) = {log_evidence:.3f}, ELBO of this q {true_elbo:.3f}, with means for states {at_means:.3f}")
print(f"above log p(x) by {at_means - log_evidence:.3f} nats")
assert at_means > log_evidence > true_elbo

# %% [markdown]
# The plug-in value lies **above** $\log p(x)$: it is no bound, and what climbs it may leave $\log p$ behind. How far? Take a machine whose recognition is perfect: one Gaussian cause for real data, $z \sim N(0, 1)$, $x \mid z \sim N(w z, I)$, on three measurements of the breast-cancer set, standardized. Its posterior is Gaussian, so both phases can be run exactly, to their end, each time.
# Awake, $w$ becomes the regression of $x$ on $z$. The only difference between the two runs: does $z^2$ include the variance of $q$?
#
# > **Predict 4.** At samples, this is EM and rests at maximum likelihood. And at means?

# %%
predict("12_4", choices=["it rests there, too", "it rests at longer weights", "the weights grow for ever"])

# %%
features = breast_cancer(3, dtype=DOUBLE)[:, 1:4]


def wake_for_long(sampled, rounds):
    w, lengths = torch.tensor([0.3, 0.2, 0.1], dtype=DOUBLE), []
    for _ in range(rounds):
        precision = 1 + w @ w
        code = features @ w / precision                                 # the mean of q, exact
        power = code.square().sum() + (len(features) / precision if sampled else 0.0)
        w = code @ features / power
        lengths.append(w.norm())
    return w, torch.stack(lengths)


# %%
rounds = smoke_cap(20_000)
ends = {name: wake_for_long(name == "sampled", rounds) for name in ("sampled", "at means")}
for name, (w, lengths) in ends.items():
    p = ProbabilisticPCA(w.unsqueeze(1), torch.zeros(3, dtype=DOUBLE), 1.0)
    shown = [round(lengths[min(10**k, rounds) - 1].item(), 3) for k in range(5)]
    print(f"{name:9s} length of w after 1, 10, ..., 10,000 rounds {shown}, "
          f"mean log p(x) at the end {p.log_evidence(features).mean().item():.2f}")
leading = torch.linalg.eigvalsh(features.mT @ features / len(features))[-1]
best = (leading - 1).sqrt().item()
print(f"maximum likelihood: {best:.3f}")
tail = ends["at means"][1].log()[[rounds // 10 - 1, -1]].diff() / math.log(10)
print(f"slope of log length over log rounds, last decade: {tail.item():.3f}")
assert rounds < 20_000 or abs(tail.item() - 0.5) < 0.01

# %%
show(figures.runaway(torch.arange(1, rounds + 1), {name: end[1] for name, end in ends.items()}, best),
     alt="Length of the weights over rounds, on log axes. Sampled, it comes to rest on the dashed line of maximum likelihood, near 1.1, within ten rounds. At means it goes up, from ten rounds on along a straight line, to 200 after 20,000 rounds.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_4", "the weights grow for ever")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# For ever, like the square root of the number of rounds; after 20,000 $\log p(x)$ is more than four nats below its maximum. The posterior mean varies less than the causes do. Awake, the weights grow to make up for it. Asleep, the network learns the codes of the longer weights, which are shrunk again, by less but never by nothing. Put the variance of $q$ back, the one term that
# differs between the two runs, and it rests.
#
# </details>
#
# It need not run away: the two coins rest, in the wrong place (section 5).
#
# > You will read that awake one may "estimate mean-field representation from data (mean sufficient stats for Bernoulli are just probabilities)", and then that "expectations in free-energy can be computed directly rather than by mean substitution" when $z$ is sampled (M. Sahani, 2018, as above). The second does not refine the first: it is what makes the objective a bound.
#
# ## 5. Where wake-sleep rests
#
# So let us sample awake. Now the wake phase climbs the ELBO in $\theta$, the sleep phase descends $\mathrm{KL}(p \,\|\, q)$ in $\phi$. Each is sound. Together they are not the slopes of *one* function: the mixed second derivatives would have to agree, and one is an average over the data, the other over dreams. Here is a run on the two coins, by exact phases: data from $\theta = 3$, a start at $\theta = 1.2$.

# %%
x_data = torch.stack([TwoCauses(3.0).sample(300, seeded(seed))[0] for seed in range(5)])  # (5, 300, 1)


def wake_to_the_end(m, x):
    """The theta that maximizes the ELBO when q says m, (R, N, 2): a regression of x on the number that is on."""
    on, both = m.sum(-1), m.prod(-1)
    return (on * x[..., 0]).sum(-1, keepdim=True) / (on + 2 * both).sum(-1, keepdim=True)


# %%
theta, course = torch.full((1, 1), 1.2, dtype=DOUBLE), []
believed = each(posterior(0.6, x))[:, 0]                                 # from an earlier night
for _ in range(9):
    course.append((theta.item(), believed.clone(), "awake"))
    believed = each(posterior(theta.item(), x))[:, 0]                    # sleep, until nothing is left to learn
    course.append((theta.item(), believed.clone(), "asleep"))
    theta = wake_to_the_end(each(posterior(theta, x_data[:1])), x_data[:1])

# %%
densities = {at: density(at, x) / (x[1, 0] - x[0, 0]) for at in {at for at, _, _ in course} | {3.0}}
show_moving(movies.dream_and_wake(x[:, 0], densities[3.0], [densities[at] for at, _, _ in course],
                                  [each(posterior(at, x))[:, 0] for at, _, _ in course],
                                  [told for _, told, _ in course],
                                  [f"{name}, theta = {at:.2f}" for at, _, name in course]),
            alt="Left, the density of the data, three humps, and that of the dreams, which moves towards it with each wake phase and stops short of it: its right hump ends near x = 5 instead of 6. Right, what the recognition network says of a coin, over x, and the exact marginal of the model as it is now. Asleep the first moves onto the second; awake the second moves away.")

# %% [markdown]
# It comes to rest, and dreams and data do not agree. Why not? Asleep the network learns the right *means*. Awake, $\theta$ asks for two expectations, of $s = z_1 + z_2$ and of $s^2$. The first is right. The second needs to know how often both coins are on, and a product cannot say that they exclude each other.
#
# > **Predict 5.** Data from $\theta = 3$, where maximum likelihood is near 3. Beside wake-sleep: the same at means, and the ELBO with the best product $q$. Which of the three rests furthest *below* 3?

# %%
predict("12_5", choices=["wake-sleep", "wake-sleep at means", "the ELBO"])

# %%
def mean_field(theta, x, rounds=20):
    """The product q that maximizes the ELBO, from a start that prefers the first coin, (R, N, 2)."""
    m = [torch.full_like(x[..., 0], 0.9), torch.full_like(x[..., 0], 0.1)]
    for _ in range(rounds):
        for i in (0, 1):
            m[i] = (theta * x[..., 0] - theta**2 * (0.5 + m[1 - i])).sigmoid()
    return torch.stack(m, -1)


# %%
def rest(way, x, rounds=200):
    theta = torch.full((len(x), 1), 2.0, dtype=DOUBLE)
    for _ in range(smoke_cap(rounds)):
        p_z = posterior(theta, x)
        on, both = each(p_z).sum(-1), p_z[-1]
        if way in ("wake-sleep", "the ELBO"):
            theta = wake_to_the_end(each(p_z) if way == "wake-sleep" else mean_field(theta, x), x)
        else:
            power = on + 2 * both if way == "maximum likelihood" else on.square()
            theta = (on * x[..., 0]).sum(-1, keepdim=True) / power.sum(-1, keepdim=True)
    return theta


# %%
def log_likelihood(theta, x):
    return TwoCauses(theta).log_joint(x, states_beside(x)).logsumexp(0).mean(-1).detach()


ways = ("wake-sleep", "the ELBO", "maximum likelihood", "at means")
rests = {way: rest(way, x_data) for way in ways}
for way, theta in rests.items():
    mean, error = mean_of(theta[:, 0])
    slope = (log_likelihood(theta + 1e-4, x_data) - log_likelihood(theta - 1e-4, x_data)) / 2e-4
    print(f"{way:18s} theta {mean:.3f} ± {error:.3f}, slope of log p there {slope.mean():+.3f}, log p below "
          f"its highest {(log_likelihood(rests['maximum likelihood'], x_data) - log_likelihood(theta, x_data)).mean():.3f}")
top = rests["maximum likelihood"]
claim("wake-sleep rests below the ELBO", (rests["wake-sleep"] - rests["the ELBO"])[:, 0], sign=-1)
claim("and the ELBO below maximum likelihood", (rests["the ELBO"] - top)[:, 0], sign=-1)
claim("at means it rests above it", (rests["at means"] - top)[:, 0], sign=+1)

# %% [markdown]
# Between the first row and the third one number differs: $\mathbb E[z_1 z_2 \mid x]$, told by a product or exactly. That is the cause, and all of it. (In the problem set you work out where the first two rest for Gaussian causes.)

# %%
line = torch.linspace(2.2, 3.6, 60, dtype=DOUBLE)
curve = torch.stack([log_likelihood(at.view(1, 1), x_data[:1])[0] for at in line])
show(more_figures.rests(line, curve - curve.max(), {way: theta[0].item() for way, theta in rests.items()}),
     alt="Mean log p of the data over theta, highest at 3. Marked on the curve: wake-sleep near 2.5, a tenth of a nat below the top; the ELBO near 2.9, maximum likelihood at the top, and wake-sleep at means near 3.3.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_5", "wake-sleep")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# Wake-sleep, by far, at 2.5. The ELBO has to take a product too, but it chooses a mode, in which one coin is on and the other off: it rests near 2.9. At means $(\mathbb E s)^2$ stands where $\mathbb E s^2$ should. The variance of $s$ given $x$ is missing from the denominator of the regression, and $\theta$ comes out too large.
#
# </details>
#
# Wake-sleep climbs neither $\log p$ nor the ELBO: started where $\log p$ is highest, it walks down, and where the ELBO is highest a single sleep lowers it (the aside shows both). Where $q$ can be the posterior, the two divergences vanish together, and maximum likelihood is a place of rest.
#
# ### Aside: no ascent
#
# Start where $\log p$ is highest, then where the ELBO is.

# %%
def exact_elbo(theta, m, x):
    """Mean ELBO of each data set, when q says m."""
    log_q = BernoulliVector(m.clamp(1e-12, 1 - 1e-12).logit()).log_prob(states_beside(x))
    return expected_bound(TwoCauses(theta).log_joint(x, states_beside(x)), log_q, elbo, 1).mean(-1).detach()


theta = rests["maximum likelihood"]
after = wake_to_the_end(each(posterior(theta, x_data)), x_data)
claim("from maximum likelihood, one sleep and one wake lower log p",
      log_likelihood(after, x_data) - log_likelihood(theta, x_data), sign=-1)
theta = rests["the ELBO"]
claim("from the highest ELBO, one sleep lowers it", exact_elbo(theta, each(posterior(theta, x_data)), x_data)
      - exact_elbo(theta, mean_field(theta, x_data), x_data), sign=-1)

# %% [markdown]
# ### Aside: by networks and samples
#
# Do networks end where the exact phases do? Ten machines learn from samples by small steps, two for each data set, one from below and one from above.

# %%
def machines(x, starts, steps=700):
    theta = torch.as_tensor(starts, dtype=DOUBLE).unsqueeze(1)
    p, q, source = TwoCauses(theta), recognizers(len(x)), seeded(0)
    climber = torch.optim.Adam([*p.parameters(), *q.parameters()], lr=0.03)
    slower = torch.optim.lr_scheduler.ExponentialLR(climber, 0.995)
    for _ in range(smoke_cap(steps)):
        awake = wake_phase(p, q, x, 1, source).mean(-1)
        asleep = sleep_phase(p, q, x.shape[1], source).mean(-1)
        step_up(climber, awake + asleep)
        slower.step()
    return p.theta.detach()[:, 0]


# %%
ends = machines(x_data.repeat(2, 1, 1), [2.0] * 5 + [4.0] * 5).view(2, 5)
for start, end in zip((2.0, 4.0), ends, strict=True):
    mean, error = mean_of(end - rests["wake-sleep"][:, 0])
    print(f"from {start}: mean of theta {end.mean():.3f}, less the predicted rest {mean:+.3f} ± {error:.3f}")
claim("from below and from above: no difference seen", ends[0] - ends[1], sign=0)
claim("all end within 0.05 of the prediction",
      (ends - rests["wake-sleep"][:, 0]).abs().amax(0) - 0.05, sign=-1)

# %% [markdown]
# ## 6. Reweighted wake-sleep
#
# Two faults, then: the model learns from samples of a wrong $q$, and the network learns at dreamt $x$. **Reweighted wake-sleep** (J. Bornschein and Y. Bengio, 2015) mends both with importance weights (unit 02). Awake, draw $K$ samples for each datum, weigh them by $p_\theta(x, z)/q_\phi(z \mid x)$, normalized, and let *both* networks learn from them. For $\theta$ this is the gradient of the $K$-sample bound (unit 10).
# For $\phi$ it estimates the slope of $-\mathrm{KL}(p(z \mid x) \,\|\, q)$, now **at the data**. A ratio of two averages is biased. We measure the bias against enumeration.
#
# > **Predict 6.** With a single sample, $K = 1$, what does $\phi$ learn on average?

# %%
predict("12_6", choices=["nothing", "half of what it should", "the slope of the ELBO"])

# %%
logits, at = torch.tensor([0.5, -1.0], dtype=DOUBLE), torch.tensor([2.4], dtype=DOUBLE)
p, q = TwoCauses(2.0), BernoulliMeanField(2, logits)
log_joint = p.log_joint(at, STATES)
p_z = log_joint.softmax(0).detach()
wanted_theta, = torch.autograd.grad(log_joint.logsumexp(0), p.theta)     # the slope of log p
wanted_phi, = torch.autograd.grad((p_z * q(None, STATES)).sum(), q.logits)  # that of -KL(p | q)


def update(K, seed, R=20_000):
    """The mean update of theta and of the first logit over R replicates, less what it should be."""
    p, q = TwoCauses(torch.full((R,), 2.0)), BernoulliMeanField(2, logits.expand(R, 2))
    for_theta, for_phi = reweighted_phase(p, q, at.expand(R, 1), K, seeded(seed))
    g_theta, = torch.autograd.grad(for_theta.sum(), p.theta)
    g_phi, = torch.autograd.grad(for_phi.sum(), q.logits)
    return torch.stack([g_theta.mean() - wanted_theta, (g_phi.mean(0) - wanted_phi)[0]])


# %%
sizes = (1, 2, 4, 8, 16, 32, 64)
biases = torch.stack([torch.stack([update(K, seed) for seed in range(5)]) for K in sizes])  # (7, 5, 2)
print(f"exact slopes: theta {wanted_theta:+.4f}, first logit {wanted_phi[0]:+.4f}")
for K, bias in zip(sizes, biases, strict=True):
    mean, error = mean_of(bias)
    print(f"K = {K:2d}   bias of theta {mean[0]:+.4f} ± {error[0]:.4f}, of phi {mean[1]:+.4f} ± {error[1]:.4f}")
claim("at K = 1 the mean update of phi: no difference seen from zero", biases[0, :, 1] + wanted_phi[0], sign=0)
claim("at K = 2 it is above zero, and should be below", biases[1, :, 1] + wanted_phi[0], sign=+1)
for part, name in ((0, "theta"), (1, "phi")):
    ratio = (biases[3, :, part] / biases[5, :, part]).log()             # K = 8 against K = 32
    claim(f"{name}: four times the samples, less than a third of the bias", ratio - math.log(3), sign=+1)

# %%
show(more_figures.bias(torch.tensor(sizes), biases.abs()),
     alt="Size of the bias over the number of samples, on log axes, for theta and for phi, with error bars. From K = 8 on both follow lines of slope minus one; that for phi is larger at K = 2 than at K = 1.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_6", "nothing")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# Nothing. One normalized weight is 1, and the score of a sample drawn from $q$ has mean zero (unit 05). The bias is then minus the whole slope. Here it is larger still at $K = 2$, so large that the mean update points the wrong way. From $K = 8$ on it dies like $1/K$.
#
# </details>
#
# In the limit $\theta$ climbs $\log p$ and $\phi$ descends the forward divergence, at the price of $K$ samples. Unlike the encoder's gradient in unit 10, that of $\phi$ does not fade as $K$ grows: its mean tends to the slope of another divergence.
#
# ## 7. Codes of expectations
#
# In section 5 the fault lay in one expectation, $\mathbb E[z_1 z_2 \mid x]$. Then why ask for a density at all? The wake phase needs expectations; let the network say *those*. Choose statistics $T(z)$ and teach $r(x) \approx \mathbb E[T(z) \mid x]$ on dreams by, this time rightly, **least squares**. Awake, write each slope $\nabla_\theta \log p_\theta(x, z)$ as a linear function of $T(z)$ and read its mean off the code.
# This is the **DDC-Helmholtz machine** (E. Vértes and M. Sahani, 2018; DDC stands for *distributed distributional code*). No family is named. What limits it is the list $T$.
#
# For two coins $T = (z_1, z_2, z_1 z_2)$ is everything: with a constant, every function of two bits is linear in it. A network learns the code at $\theta = 3$.

# %%
def causes_and_both(z):
    return torch.cat([z, z.prod(-1, keepdim=True)], -1)


p = TwoCauses(3.0)
code = DDC(2, causes_and_both, mlp(1, 24, 3, seeded(0))).double()
climber, source = torch.optim.Adam(code.parameters(), lr=0.05), seeded(1)
slower = torch.optim.lr_scheduler.ExponentialLR(climber, 0.995)
for _ in range(smoke_cap(1000)):
    step_up(climber, ddc_sleep_phase(p, code, 500, source).mean())
    slower.step()

# %%
exact_code = torch.einsum("sb,sm->bm", posterior(3.0, x), causes_and_both(STATES))
with torch.no_grad():
    told = code.code(x)
error = (density(3.0, x).unsqueeze(1) * (told - exact_code).square()).sum(0).sqrt()
print("root mean squared error over dreams:", [round(value, 4) for value in error.tolist()])
product = exact_code[:, 0] * exact_code[:, 1]
print(f"at x = 3: P(both on) exact {exact_code[row, 2]:.3f}, by the code {told[row, 2]:.3f}, "
      f"by the best product {product[row]:.3f}")
show(more_figures.codes(x[:, 0], exact_code, told, product),
     alt="Left, the probability that the first coin is on, over x: the code follows the exact curve with its two steps. Right, the probability that both are on: the code follows the exact curve, which rises once, near 4.5; the product of the marginals has a plateau at one quarter between 1.5 and 4.5. Beyond x = 6, where dreams are rare, both codes rise above one.")

# %% [markdown]
# Nothing keeps a code between zero and one; where dreams are rare it strays. And a code has no density: it cannot be sampled, and there is no bound to report.
#
# ### Aside: what the list leaves out
#
# > **Predict 7.** Now the whole machine learns, once with $T = (z_1, z_2, z_1 z_2)$, once with the two means alone, $T = (z_1, z_2)$. First from twenty data sets like those of section 5, which the model could have made; then from twenty others, whose coins are on eight times in ten, which it does not know. Where does $\theta$ rest at maximum likelihood?

# %%
predict("12_7", choices=[
    "with both lists, on both kinds of data",
    "with the whole list on both; with the means alone on neither",
    "with the whole list on both; with the means alone on the first, on average"])

# %% [markdown]
# Exact phases first, 100 of each. Asleep, the code becomes $\mathbb E[T(z) \mid x]$. Awake, $\theta$ needs the mean of $z_1 z_2$; if that is not on the list, it is replaced by the nearest function that is linear in what is. Over our four states, which are equally likely, that is $\tfrac12(z_1 + z_2) - \tfrac14$. (How an expectation is read off a code in general is an exercise.)

# %%
def code_rest(whole, x, rounds=100):
    theta = torch.full((len(x), 1), 2.0, dtype=DOUBLE)
    for _ in range(smoke_cap(rounds)):
        p_z = posterior(theta, x)
        on = each(p_z).sum(-1)
        both = p_z[-1] if whole else 0.5 * on - 0.25
        theta = (on * x[..., 0]).sum(-1, keepdim=True) / (on + 2 * both).sum(-1, keepdim=True)
    return theta


# %%
def unlike(seed):
    """Data of coins that are on eight times in ten."""
    source = seeded(100 + seed)
    z = (torch.rand(300, 2, generator=source, dtype=DOUBLE) < 0.8).to(DOUBLE)
    return (3.0 * z.sum(-1) + torch.randn(300, generator=source, dtype=DOUBLE)).unsqueeze(-1)


others = torch.stack([unlike(seed) for seed in range(20)])
like = torch.stack([TwoCauses(3.0).sample(300, seeded(seed))[0] for seed in range(20)])

# %%
off = {}
for data_name, some in (("like dreams", like), ("unlike", others)):
    highest = rest("maximum likelihood", some, rounds=100)
    for name in ("means and both", "means alone"):
        off[data_name, name] = difference = (code_rest("both" in name, some) - highest)[:, 0]
        mean, error = mean_of(difference)
        print(f"data {data_name:11s} code of {name:14s} theta less maximum likelihood {mean:+.4f} ± {error:.4f}")
claim("means alone, data like dreams: no difference seen on average", off["like dreams", "means alone"], sign=0)
claim("but single data sets are off by more than 0.03",
      off["like dreams", "means alone"].abs() - 0.03, sign=+1)
claim("data unlike dreams: theta is too large", off["unlike", "means alone"], sign=+1)

# %% [markdown]
# And the whole list once more with a network, samples and small steps:

# %%
def by_network(seed, steps=150):
    p, q = TwoCauses(2.5), DDC(2, causes_and_both, mlp(1, 16, 3, seeded(seed))).double()
    ddc_wake_sleep(p, q, x_data[seed], steps, dreams=300, learning_rate=0.05, seed=seed, progress=False,
                   schedule=partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.98))
    return p.theta.item()


learned = torch.tensor([by_network(seed) for seed in range(5)], dtype=DOUBLE)
mean, error = mean_of(learned - top[:, 0])
print(f"by a network: theta less maximum likelihood {mean:+.3f} ± {error:.3f}")
claim("with the whole list a network rests nearer to maximum likelihood than wake-sleep does",
      (learned - top[:, 0]).abs() - (rests["wake-sleep"] - top)[:, 0].abs(), sign=-1)

# %%
# Run this cell to compare it with your prediction.
reveal("12_7", "with the whole list on both; with the means alone on the first, on average")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# With the whole list at maximum likelihood, exactly, on both; by a network with samples, to within noise. With the means alone, $z_1 z_2$ is guessed from $z_1 + z_2$ by a regression that is right on average *over dreams*. Where the data could be dreams its errors cancel, on average over data sets (a single one is off by about a tenth). Where they could not, the errors do not cancel: $\theta$ ends 0.14 too large.
#
# </details>

# %% [markdown]
# ## 8. Layers
#
# A deep machine recognizes layer by layer: $q(z_1 \mid x)\, q(z_2 \mid z_1) \cdots$. The second network reads what the first one says: a *sample* of $z_1$, or its mean. The aside shows what each does to $q(z_2 \mid x)$.
#
# **The way up need not mirror the way down.** A sleep phase only asks for $\log q(z \mid x)$ at a complete dream, whatever order $q$ takes the layers in, and whatever each of them reads.
#
# ### Aside: samples or means, on one bimodal case
#
# You hear something. A source far out on the right or on the left makes a sound, one near the middle does not: $z_2 \sim N(0, 1)$ is where it is, $z_1$ is one of *left, silent, right*, and $x \mid z_1 \sim N(3\,[\text{there is a sound}],\, 1)$. You hear it, but not from where. Given $x = 3$ the place has two modes. Let $q(z_1 \mid x)$ be exact, and $q(z_2 \mid \cdot)$ a Gaussian, the best one that dreams can teach.
#
# > **Predict 8.** What is $q(z_2 \mid x)$ when samples of $z_1$ are fed upward, and what when its mean is, $(\tfrac12, 0, \tfrac12)$, or nearly?

# %%
predict("12_8", choices=[
    "one broad hump for both",
    "two humps for both: the network knows left and right",
    "two humps for samples, one for means"])

# %%
z2 = torch.linspace(-5, 5, 2001, dtype=DOUBLE)
width = z2[1] - z2[0]
prior = Normal(0.0, 1.0).log_prob(z2)
log_first = torch.stack([-4 * z2 - 5, 0 * z2, 4 * z2 - 5]).log_softmax(0)       # left, silent, right
sound = Normal(torch.tensor([3.0, 0.0, 3.0], dtype=DOUBLE), 1.0).log_prob(torch.tensor(3.0)).unsqueeze(1)
joint = (prior + log_first + sound).softmax(1)                                  # p(z_2 | z_1), (3, 2001)
first = (prior + log_first + sound).logsumexp(1).softmax(0)                     # p(z_1 | x = 3)
exact = first @ joint / width                                                   # p(z_2 | x = 3)
print("p(left, silent, right | x = 3) =", [round(value, 3) for value in first.tolist()])


def best_gaussian(weights):
    mean = weights @ z2
    return Normal(mean, (weights @ (z2 - mean).square()).sqrt()).log_prob(z2).exp()


# %%
parts = first.unsqueeze(1) * torch.stack([best_gaussian(row) for row in joint])
sampled, at_means = parts.sum(0), best_gaussian(exact * width)
for name, q_z in (("samples", sampled), ("means", at_means)):
    divergence = (width * exact * (exact / q_z).log()).sum()
    print(f"{name:8s} fed upward: KL(p(z_2 | x) | q) = {divergence:.4f} nats, "
          f"density in the middle {q_z[1000]:.3f} (exact {exact[1000]:.3f})")
show(more_figures.upward(z2, exact, sampled, at_means, parts),
     alt="Density of the place z2 given that a sound is heard: two humps, near -1.4 and 1.4. Left, samples fed upward: a mixture of Gaussians that follows both humps closely. Right, means fed upward: one broad Gaussian around zero, highest where the posterior is close to nothing.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_8", "two humps for samples, one for means")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# With samples $q(z_2 \mid x) = \sum_{z_1} q(z_1 \mid x)\, q(z_2 \mid z_1)$ is a mixture, with a part for *left* and one for *right*. At the mean the upper network reads one vector, and writes one Gaussian. Even the best such Gaussian, which is the one shown, is highest where the source hardly ever is.
#
# </details>
#
# ### Aside: another order
#
# Take the layers in the model's own order, $q(z_2 \mid x)\, q(z_1 \mid z_2, x)$, with a Gaussian first. The second factor can be exact; what is lost is all in the first.

# %%
gaussians = torch.stack([best_gaussian(row) for row in joint])
upward = (first.unsqueeze(1) * joint * (joint / (gaussians * width)).log()).sum()
downward = (width * exact * (exact / at_means).log()).sum()
print(f"KL(p(z_1, z_2 | x) | q): upwards {upward:.4f} nats, in the model's order {downward:.4f}")

# %% [markdown]
# Same latents, same kind of factors, another order: here the network is worse for having the order of the model. Take an order in which each factor is simple.
#
# ## 9. Digits
#
# Unit 13 has an arena: one small model of binary images (two Gaussian latents, a decoder with 64 hidden units), several ways to train it, and an exact judge: with two latents $\log p(x)$ is a sum over a grid. The same weights at the start, the same batches, five seeds. Two more ways enter it: wake-sleep with one sample awake and as many dreams as images asleep, and reweighted wake-sleep with ten samples. Their opponents are two VAEs (the ELBO, with its divergence in closed form or by sticking the landing, unit 09) and the IWAE with ten samples.
#
# > **Predict 9.** After 2,000 steps each, on new images: where is wake-sleep, compared with the VAE that climbs the ELBO?

# %%
predict("12_9", choices=["ahead", "about the same", "more than half a nat behind"])

# %%
sleepers, arena = stored_table("sleepers", 12), stored_table("arena")
table = {steps: arena[steps] | sleepers[steps] for steps in sorted(sleepers, key=int)}
shown = ("wake-sleep", "reweighted wake-sleep", "VAE", "VAE, sticking the landing", "IWAE")
for steps, row in table.items():
    for way in shown:
        found = {part: torch.tensor(row[way][part]) for part in ("train", "test")}
        print(f"{steps} steps  {way:26s}" + "   ".join(
            f"{part} {scores.mean():.2f} ± {scores.std() / 5**0.5:.2f}" for part, scores in found.items())
            + f"   {row[way]['seconds']:4d} s for five seeds")


# %%
def lead(first, second, part="test", steps="2000"):
    """Paired over the seeds: exact log p(x) of the first way minus that of the second."""
    one, two = (torch.tensor(table[steps][way][part]) for way in (first, second))
    return one - two


for part in ("test", "train"):
    claim(f"wake-sleep is more than half a nat behind the VAE, {part}", lead("wake-sleep", "VAE", part) + 0.5, -1)
    claim(f"reweighted wake-sleep is ahead of the VAE, {part}", lead("reweighted wake-sleep", "VAE", part), +1)
    claim(f"reweighted wake-sleep and IWAE: no difference seen, {part}", lead("reweighted wake-sleep", "IWAE", part), 0)

# %%
show(more_figures.arena(table["2000"], shown),
     alt="Exact log p(x) after 2,000 steps, a dot for each of five seeds, with means and error bars; left training images, right new ones. Wake-sleep is lowest, near -19.6 and -20.0; the two VAEs lie near -18.8 and -18.7 left, -19.2 and -19.1 right; reweighted wake-sleep and IWAE lie together near -18.0 and -18.6.")

# %%
# Run this cell to compare it with your prediction.
reveal("12_9", "more than half a nat behind")

# %% [markdown]
# <details><summary>Answer to Predict 9</summary>
#
# More than half a nat behind: after 2,000 steps eight tenths, on new images. Reweighted wake-sleep, with ten samples, is ahead of the VAE (in four times the seconds), and no difference is seen from the IWAE, whose gradient in $\theta$ is the same and whose encoder climbs another objective. Its 2,000 steps take as many seconds, too.
#
# What holds wake-sleep back here, we have not tested. And 2,000 steps are no rest: with 8,000 the VAE and the IWAE gain more than a nat (unit 13). The errors count seeds; all share the same 297 new images.
#
# </details>
#
# When to use which? Where a path through the sample exists and $q$ is rich enough, the ELBO is simpler: one objective for both networks, at the data. Where latents are discrete, where the model is a program from which one can only sample, or where $q$ should cover all modes (as a proposal for importance sampling, say), dreams are a natural teacher. Learning a recognition network from simulations alone, for a model that stays as it is, is one kind of *simulation-based inference*.
#
# ### Aside: a question to reflect on
#
# **Reflect.** A colleague trains a recognition network on dreams of a fixed, realistic simulator and finds that it is badly wrong on her measurements. Name two different reasons, and a check for each.
#
# <details><summary>An answer</summary>
#
# The measurements may lie where the simulator seldom or never goes (section 2): compare dreams and data. Or $q$ may be too small for the posterior, so that it averages what excludes each other (section 1): it is then wrong on dreams, too; weigh its samples (section 6) and look at the weights.
#
# </details>
#
# ### Aside: what it dreams
#
# One seed of wake-sleep, trained for 20 and for 300 steps; the pictures are the probabilities of the pixels, for the same twelve $z$.

# %%
images = digits()
again, z = stored_table("sleep_again", 12), torch.randn(12, 2, generator=seeded(3))
pictures = {}
for steps in (20, 300):
    run = train_one_way("wake-sleep", images.train, [0], smoke_cap(steps))
    pictures[f"{steps} steps"] = run.decoder(z.expand(1, -1, -1))[0].sigmoid().detach()
told = run.objective.chunk(8)[-1].mean().item()
print(f"ELBO over the last eighth of 300 steps: {told:.2f}, stored {again['300']['wake-sleep']['objective'][-1]:.2f}")
show(labelled_pictures({**pictures, "data": images.train[:12]}, "Dreams of a machine as it learns"),
     alt="Three rows of twelve small pictures. After 20 steps all dreams are the same blur, dark in the middle columns. After 300 they begin to differ: gaps on the left or the right, a slant, a few like a six; none is a clear digit yet. Below, twelve real digits, black on white.")

# %% [markdown]
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | the gradient of $\theta$ through a dream, or of $\phi$ through a sample awake | the two phases disturb each other | after a phase, the other network's gradient is zero |
# | means for samples, awake | weights that grow, "bounds" above $\log p(x)$ | enumeration |
# | least squares on probabilities, believed to be the divergence | a restricted network that is best for something else | its gradient at fixed dreams |
# | reweighted wake-sleep with $K = 1$ | $\phi$ does not learn | its mean update |
# | a falling ELBO taken for a bug | a search without end | one exact sleep lowers it (section 5) |
# | a product $q$ blamed for missing a mode | it covers both, and loses the tie | $P(z_1 z_2 \mid x)$, not the marginals |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | in torch and Pyro |
# |---|---|---|
# | wake phase: $\theta$ at $z \sim q$ | `learning.wake_phase` | a loss $-\log p$ of a replayed trace, with the guide's samples detached |
# | sleep phase: $\phi$ on dreams | `learning.sleep_phase` | `pyro.infer.ReweightedWakeSleep(insomnia=0.)` ($\theta$ still learns from weighted samples); `pyro.infer.CSIS` for a fixed simulator |
# | both, alternating | `learning.wake_sleep` | |
# | reweighted | `learning.reweighted_phase`, `reweighted_wake_sleep` | `pyro.infer.ReweightedWakeSleep(num_particles=K, insomnia=1.)` |
# | a code of expectations | `learning.DDC`, `ddc_sleep_phase`, `ddc_wake_sleep` | |
# | sigmoid belief net | `models.SigmoidBeliefNet` | |
#
# | algorithm | $\theta$ learns from | $\phi$ descends | where |
# |---|---|---|---|
# | ELBO (units 11, 13) | $q$ | KL$(q\,\|\,p)$ | at the data |
# | wake-sleep | $q$ | KL$(p\,\|\,q)$ | at dreams |
# | reweighted wake-sleep | weighted samples of $q$ | KL$(p\,\|\,q)$, up to O$(1/K)$ | at the data |
# | DDC | expectations | squared error of expectations | at dreams |
#
# ## What to remember
#
# 1. Awake, the data teach the model with the network's samples. Asleep, dreams teach the network. Neither differentiates through a sample.
# 2. Sleep descends the forward divergence, averaged over dreamt $x$. A product ends at the exact marginals, whatever ties them.
# 3. Least squares finds means. The divergence weighs the same error on another scale. Unrestricted, both end at the same $f$; restricted, they do not.
# 4. Means in the place of samples give no bound. The weights may grow for ever.
# 5. Wake-sleep climbs neither $\log p$ nor the ELBO. It rests where the wake phase is content with what sleep has taught: at maximum likelihood if $q$ gets the expectations right that $\theta$ asks for.
# 6. Normalized weights bring both updates to the data, with a bias that dies like $1/K$. At $K = 1$ they teach $\phi$ nothing.
# 7. Codes of expectations need no family; they need the right list.
# 8. Samples fed upward make mixtures. Means do not.
#
# **Next**: [the problem set](../notebooks/12_helmholtz_machines/12_helmholtz_machines.ipynb); then [unit 13, variational autoencoders](13_variational_autoencoders.ipynb), where both halves climb one objective.
#
# ## Further reading
#
# - P. Dayan, G. E. Hinton, R. M. Neal, R. S. Zemel. *The Helmholtz machine.* Neural Computation 7(5), 1995.
# - G. E. Hinton, P. Dayan, B. J. Frey, R. M. Neal. *The "wake-sleep" algorithm for unsupervised neural networks.* Science 268, 1995.
# - J. Bornschein, Y. Bengio. *Reweighted wake-sleep.* International Conference on Learning Representations, 2015.
# - T. A. Le, A. R. Kosiorek, N. Siddharth, Y. W. Teh, F. Wood. *Revisiting reweighted wake-sleep for models with stochastic control flow.* Uncertainty in Artificial Intelligence, 2019.
# - E. Vértes, M. Sahani. *Flexible and accurate inference and learning for deep generative models.* Advances in Neural Information Processing Systems 31, 2018.
# - K. Cranmer, J. Brehmer, G. Louppe. *The frontier of simulation-based inference.* Proceedings of the National Academy of Sciences 117(48), 2020.

# %%
tally("12")
