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
# # 01 · Graphical models
#
# Before we can infer anything we must say how we believe the data came about. This unit gives a language for
# saying so: **a directed graph is a recipe**. Mixed models, tracking, speech recognition, variational autoencoders
# and Bayesian statistics itself are sentences of that language, and in each of them we ask the same question:
# *given what was observed, what about the rest?*
#
# **About 60 minutes** of reading and playing on the main line. What is marked *aside* (sections 10 and 11, and the end of section 5) takes 25 minutes more: nothing in units 02 and 03 needs them. Run the cells in order, and answer each *Predict* question before you
# open its answer.
#
# ### When you are done you can
#
# 1. read a graph with plates and shading, write its factorization, and draw samples from it;
# 2. say what a plate promises and what it does not;
# 3. find the Markov blanket of a variable, and say why co-parents belong to it;
# 4. see mixed models, trackers, hidden Markov models and deep generative models as one kind of thing, and check
#    each against an exact answer;
# 5. explain why a latent variable makes flexible models out of simple parts;
# 6. say what is different about models *without* a recipe, and what "doubly intractable" means.

# %% [markdown]
# ### What you need first (this box makes the unit readable alone)
#
# - **Conditional probability**: $p(a, b) = p(a)\,p(b \mid a)$; **independent** means $p(b \mid a) = p(b)$;
#   **independent given** $c$ means $p(a, b \mid c) = p(a \mid c)\,p(b \mid c)$.
# - **Bayes' rule**: $p(z \mid x) = p(z)\,p(x \mid z) / p(x)$, where $p(x) = \int p(z)\,p(x \mid z)\,dz$ is the
#   **marginal likelihood**, or **evidence**.
# - **Gaussians**: $N(\mu, \sigma^2)$ names the *variance* second. Linear maps of jointly Gaussian variables are
#   jointly Gaussian, and so are conditionals.
# - **Standard error and z-score**: a mean of $R$ independent numbers with sample variance $v$ has standard error
#   $\sqrt{v/R}$; the z-score $t$ is (estimate minus exact answer) / (standard error). Beyond $\pm 4.5$ something is wrong, and the cell stops.
# - $\mathrm{sigmoid}(u) = 1 / (1 + e^{-u})$.
#
# | symbol | meaning | in a graph |
# |---|---|---|
# | $x$, $y$ | observed data | shaded circle |
# | $z$ | latent (hidden, unobserved) variable | white circle |
# | $\theta$ | parameters: fixed numbers, or latents with a prior of their own | no circle, or a white one |
# | $\mathrm{pa}(i)$ | the parents of node $i$ | where its arrows come from |

# %%
import math
import warnings

import statsmodels.api as sm
import torch
from ipywidgets import FloatSlider, interact
from torch import nn
from torch.distributions import Bernoulli, MultivariateNormal, Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from course_vi import data, exact, models
from course_vi.diagnostics import claim
from course_vi.graph import BayesNet, plate
from course_vi.plots import lecture_01 as draw
from course_vi.plots import movies, show, show_moving, tracker
from course_vi.plots.bayes_net import draw_graph, in_words
from course_vi.progress import predict, reveal, tally


# %%
def number(*values):
    return torch.tensor(values, dtype=torch.float64)


def span(low, high, points):
    return torch.linspace(low, high, points, dtype=torch.float64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


ZERO, ONE = torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)


# %%
def report(name, samples, answer, weights=None):
    """A mean of samples, weighted or not, with its standard error, beside the exact answer."""
    share = torch.full_like(samples, 1 / len(samples)) if weights is None else weights / weights.sum()
    mean = (share * samples).sum()
    error = (share.square() * (samples - mean).square()).sum().sqrt()
    z_score = (mean.item() - float(answer)) / error.item()
    print(f"{name:34s} {mean:8.4f} ± {error:.4f}   exact {float(answer):8.4f}   t = {z_score:5.2f}")
    assert abs(z_score) < 4.5


# %% [markdown]
# ## 1. A graph is a recipe
#
# Here is Bayesian statistics in one picture: an unknown number $\theta$, and $N$ measurements of it.
#
# $$\theta \sim N(0, 1), \qquad y_n \mid \theta \sim N(\theta, 1), \quad n = 1, \dots, N.$$
#
# In our code a node is a function that returns a distribution, and **the names of its arguments are its parents**.
# Nothing else has to be said. The box is a *plate*: it repeats what is inside.

# %%
measurements = BayesNet(
    theta=lambda: Normal(ZERO, ONE),
    y=plate("n", 5)(lambda theta: Normal(theta, ONE)),
)
print("parents:", measurements.parents, "  an order that works:", measurements.order)
show(draw_graph(measurements, labels={"theta": r"$\theta$", "y": "$y_n$"}, observed=("y",),
                title="Shaded means observed"),
     alt=in_words(measurements, observed=("y",)))

# %% [markdown]
# Four rules suffice to read such pictures:
#
# 1. Circles are random variables. Things without a circle are fixed numbers.
# 2. **Arrows** say what is drawn from what: the joint density is the product of one factor per node,
#
# $$p(v_1, \dots, v_m) = \prod_{i=1}^m p(v_i \mid v_{\mathrm{pa}(i)}), \qquad\text{here}\qquad p(\theta, y_{1..N}) = p(\theta) \prod_{n=1}^N p(y_n \mid \theta).$$
#
# 3. **Shading** says what was observed. The rest is *latent*.
# 4. A **plate** repeats its content, each copy with its own arrows from outside.
#
# There must be no directed cycle: then the nodes can be ordered, parents first, and the product integrates to one
# whatever the factors are. Anything can be a factor, as long as we can draw from it and evaluate it: a table, a
# Gaussian, a neural network.

# %%
theta, y = number(0.3)[0], number(0.1, 1.2, -0.4, 0.8, 0.5)
factors = measurements.log_factors(theta=theta, y=y)
by_hand = -0.5 * theta**2 - 0.5 * (y - theta).square().sum() - 3 * math.log(2 * math.pi)
print({name: round(value.item(), 6) for name, value in factors.items()})
print(f"log joint {measurements.log_joint(theta=theta, y=y).item():.12f}, by hand {by_hand.item():.12f}")

# %% [markdown]
# **Ancestral sampling** follows the arrows: draw each node once its parents are drawn. Done without having observed
# anything, this gives the **prior predictive**: what we think the data will look like. It is a good habit to look at
# it before fitting.
#
# > **Predict 1.** We draw $\theta$ and then $y_1, \dots, y_5$ given $\theta$, many times. The $y_n$ are drawn
# > independently of each other. What is the correlation of $y_1$ and $y_2$ over all these draws: $0$, $\frac12$ or $1$?

# %%
predict("01_1", choices=["0", "1/2", "1"])

# %%
drawn = measurements.sample(100_000, seeded(0))
first, second = drawn["y"][:, 0], drawn["y"][:, 1]
report("mean of y_1", first, 0)
report("variance of y_1", first.square(), 2)
report("covariance of y_1 and y_2", first * second, 1)
report("correlation", first * second / 2, 0.5)

# %%
# Run this cell to compare it with your prediction.
reveal("01_1", "1/2")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# One half. $y_n = \theta + \epsilon_n$, so $\mathrm{Cov}(y_1, y_2) = \mathrm{Var}\,\theta = 1$, and each variance is
# $1 + 1$. Each *draw* of the second step was independent, given $\theta$. But $\theta$ is common to both, and over
# many draws of everything it ties them together.
#
# </details>

# %% [markdown]
# ## 2. What a plate promises
#
# > You will read that "anything inside a box is conditionally independent of everything outside it" (R. Salomone, *Deep Probabilistic
# > Models*, AMSI Winter School 2021, part III). That cannot be: $y_n$ lies inside and $\theta$ outside, and the arrow between
# > them is the whole point. The right rule: **a plate is replication. The copies inside are independent of each other
# > given their parents outside, and only given those.** If the parent is not known, they are tied together, and
# > *that* is how one datum teaches us about the next.

# %%
fixed = {}
for value in (-2.0, 0.0, 2.0):
    fixed[value] = measurements.condition(theta=number(value)[0]).sample(700, seeded(1))["y"][:, :2]
pairs = drawn["y"][:1800, :2]
show(draw.plate_rule(pairs, fixed, torch.corrcoef(drawn["y"][:, :2].T)[0, 1].item()),
     alt="Left: y_2 against y_1 with theta drawn anew for each point: an oblong cloud along the "
         "diagonal, correlation one half. Right: the same for theta fixed at -2, 0 and 2: three round"
         " clouds.")

# %%
residual = drawn["y"] - drawn["theta"].unsqueeze(-1)  # what is left of y when theta is known
report("correlation of y_1, y_2 | theta", residual[:, 0] * residual[:, 1], 0)
report("correlation of y_1 and theta", drawn["y"][:, 0] * drawn["theta"] / math.sqrt(2), math.sqrt(0.5))

# %% [markdown]
# The second line refutes the rule in the box: $y_1$, inside, and $\theta$, outside, have the correlation
# $\sqrt{1/2} \approx 0.71$.

# %% [markdown]
# ## 3. Being Bayesian about anything
#
# Observe $y$ (shade it), and ask for $\theta$. Bayes' rule gives the posterior, here in closed form:
#
# $$\theta \mid y_{1..N} \sim N\Big(\frac{\sum_n y_n}{N + 1},\; \frac{1}{N + 1}\Big), \qquad y_{\text{new}} \mid y_{1..N} \sim N\Big(\frac{\sum_n y_n}{N + 1},\; 1 + \frac{1}{N + 1}\Big).$$
#
# Here $\theta$ is a latent variable whose only purpose is to model **our own uncertainty**: there is one true value,
# and we do not know it. That kind is called *epistemic*. The noise of a single $y_n$, which no number of data takes away, is called *aleatoric*. The second density above is the **posterior predictive**.
#
# > **Predict 2.** As $N$ grows to 100, what becomes of the width of the posterior of $\theta$? And of the width of our
# > prediction for the next $y$?

# %%
predict("01_2", choices=[
    "both shrink to zero",
    "only the posterior's shrinks to zero",
    "only the prediction's shrinks to zero",
    "neither shrinks to zero"])

# %%
truth, grid = 0.8, span(-3.5, 4.5, 400)
data_y = truth + torch.randn(100, generator=seeded(3), dtype=torch.float64)
parameter, predictive = {}, {}
for count in (0, 1, 10, 100):
    loc, variance = data_y[:count].sum() / (count + 1), 1 / (count + 1)
    parameter[f"{count} data"] = Normal(loc, math.sqrt(variance)).log_prob(grid).exp()
    predictive[f"{count} data"] = Normal(loc, math.sqrt(1 + variance)).log_prob(grid).exp()
show(draw.learning_theta(grid, parameter, predictive, truth),
     alt="Left: the density of theta is wide for no data and becomes a narrow spike near 0.8 for a "
         "hundred. Right: the density of the next y becomes only a little narrower, from standard "
         "deviation 1.41 to 1.005.")

# %%
# Run this cell to compare it with your prediction.
reveal("01_2", "only the posterior's shrinks to zero")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# The posterior of $\theta$ shrinks like $1 / \sqrt{N + 1}$: epistemic uncertainty can be learned away. The predictive
# standard deviation falls from $\sqrt 2 = 1.41$ only to $\sqrt{1 + 1/101} = 1.005$: the noise of the next
# measurement stays.
#
# </details>
#
# A graph need not be conjugate for us to ask. **Likelihood weighting**: draw the latents ancestrally, hold the
# observed nodes, and weight each draw by the factors of what was held. (Fine for five data, hopeless for five
# thousand: unit 02 says why.)

# %%
held = measurements.condition(y=y)
draws = held.sample(200_000, seeded(3))
weights = held.log_factors(**draws)["y"].exp()
report("posterior mean of theta", draws["theta"], y.sum() / 6, weights)
report("posterior second moment", draws["theta"].square(), (y.sum() / 6) ** 2 + 1 / 6, weights)
evidence = MultivariateNormal(torch.zeros(5, dtype=torch.float64), torch.eye(5, dtype=torch.float64) + 1).log_prob(y)
report("evidence p(y), in thousandths", 1000 * weights, 1000 * evidence.exp())

# %% [markdown]
# So "the posterior" of Bayesian statistics is *a* posterior: the one of a latent called $\theta$. **Any** white node
# has one. Three reasons to put latents into a model, and we meet each below:
#
# - they model the *structure* of data (who belongs to whom): mixed models;
# - they *are* what we want to know (where is the ship?): state space models;
# - they are a convenient way to make a *flexible* distribution out of simple parts: deep latent variable models.
#
# A prior on $\theta$ also regularizes. But leaving $\theta$ as fixed numbers, to be found by maximum likelihood, while being
# Bayesian about $z$ alone, is no crime: with the millions of weights of a deep model it is the rule, and it is what most of
# this course does.

# %% [markdown]
# ## 4. What a variable needs to know
#
# The **Markov blanket** of a node consists of its parents, its children, and its children's other parents. Given the blanket,
# the node is independent of all the rest. (The general rule for reading independence off a directed graph is called *d-separation*; the blanket is the case that we need, and exercise 8 asks for the rule.) The proof is one line: as a function of $v_i$, the joint
# $\prod_j p(v_j \mid v_{\mathrm{pa}(j)})$ keeps only the factors in which $v_i$ occurs, its own and those of its
# children, and these mention nobody else.

# %%
def coin(probability):
    return Bernoulli(torch.as_tensor(probability, dtype=torch.float64))


garden = BayesNet(
    cloudy=lambda: coin(0.5),
    sprinkler=lambda cloudy: coin(0.5 - 0.4 * cloudy),
    rain=lambda cloudy: coin(0.2 + 0.6 * cloudy),
    wet=lambda sprinkler, rain: coin(0.01 + 0.98 * (1 - (1 - 0.9 * sprinkler) * (1 - 0.9 * rain))),
    slippery=lambda wet: coin(0.05 + 0.85 * wet),
)
show(draw.blanket_graph(garden, "rain"),
     alt="A graph: cloudy points to sprinkler and to rain, both point to wet, wet points to slippery."
         " Rain is marked; its blanket is cloudy, sprinkler and wet. Slippery is shielded.")

# %% [markdown]
# With five binary variables we can check the claim exactly: list all 32 states.

# %%
names = garden.order
states = exact.enumerate_binary(5, like=ZERO)
values = dict(zip(names, states.T, strict=True))
joint = garden.log_joint(**values).exp()  # (32,)


def probability(event, **known):
    """p(event = 1 | known), by adding up states."""
    chosen = torch.stack([values[name] == value for name, value in known.items()]).all(0) if known else joint > -1
    return (joint * values[event])[chosen].sum() / joint[chosen].sum()


# %%
def largest_change(event, given):
    """How much p(event | given) still moves when everything else becomes known, at most."""
    changes = []
    for state in states:
        rest = {name: value.item() for name, value in zip(names, state, strict=True) if name != event}
        shielded = probability(event, **{name: rest[name] for name in given})
        changes.append((probability(event, **rest) - shielded).abs())
    return max(changes).item()


print(f"all states add up to {joint.sum():.12f}")
for given in (("cloudy", "sprinkler", "wet"), ("cloudy", "wet"), ("sprinkler", "wet")):
    print(f"given {', '.join(given):24s} the rest moves p(rain) by up to {largest_change('rain', given):.1e}")

# %% [markdown]
# Zero to rounding for the blanket; leave out the co-parent (the sprinkler), and it is no longer a shield.
#
# > **Predict 3.** The grass is wet. Now you also learn that the sprinkler was on. Does rain become more probable, less
# > probable, or stay as it was? And if you learn about the sprinkler on a day when you know nothing of the grass, but
# > that it is cloudy?

# %%
predict("01_3",
        choices=["less; then as it was", "more; then as it was", "less, both times", "as it was, both times"])

# %%
print(f"p(rain | wet)                    = {probability('rain', wet=1):.3f}")
print(f"p(rain | wet, sprinkler)         = {probability('rain', wet=1, sprinkler=1):.3f}")
print(f"p(rain | cloudy)                 = {probability('rain', cloudy=1):.3f}")
print(f"p(rain | cloudy, sprinkler)      = {probability('rain', cloudy=1, sprinkler=1):.3f}")
print(f"p(rain | wet, cloudy)            = {probability('rain', wet=1, cloudy=1):.3f}")
print(f"p(rain | wet, cloudy, sprinkler) = {probability('rain', wet=1, cloudy=1, sprinkler=1):.3f}")

# %%
# Run this cell to compare it with your prediction.
reveal("01_3", "less; then as it was")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# Less probable: the sprinkler **explains away** the wet grass, and rain is no longer needed. (Partly, too, a running
# sprinkler speaks for a clear sky; the last two lines hold the sky fixed, and the effect remains.) Without the grass,
# and with the sky known, the sprinkler says nothing about rain: two causes are independent until their common effect
# is seen. This is why posteriors are correlated even where priors are not, and it will haunt every family of
# independent $q$'s in this course.
#
# </details>

# %% [markdown]
# ## 5. Mixed models: latents for dependence
#
# Eleven American firms, twenty years: how does a firm's gross investment follow its market value and its stock of
# capital? (Grunfeld's panel, 1935 to 1954.) Twenty rows of one firm are not twenty independent rows. A **linear mixed
# model** says so with one latent per firm, its *random intercept*:
#
# $$z_i \sim N(0, \tau^2), \qquad y_{it} \mid z_i \sim N(c_{it}^\top \beta + z_i,\; \sigma^2).$$

# %%
firms, years = plate("i", 11), plate("t", 20)
panel_graph = BayesNet(z=firms(lambda: Normal(ZERO, ONE)), y=firms(years(lambda z: Normal(z, ONE))))
show(draw_graph(panel_graph, labels={"z": "$z_i$", "y": "$y_{it}$"}, observed=("y",), title="A panel"),
     alt=in_words(panel_graph, observed=("y",)))

# %%
def tensor(table):
    return torch.tensor(table.to_numpy(dtype=float, copy=True))


panel = sm.datasets.grunfeld.load_pandas().data
covariates = sm.add_constant(panel[["value", "capital"]])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    theirs = sm.MixedLM(panel.invest, covariates, groups=panel.firm).fit(reml=False)
firm, year = tensor(panel.firm.astype("category").cat.codes), tensor(panel.year) - 1935
c, invest, beta = tensor(covariates), tensor(panel.invest), tensor(theirs.fe_params)
tau, sigma = float(theirs.cov_re.iloc[0, 0]) ** 0.5, theirs.scale**0.5
print(f"statsmodels: tau = {tau:.2f}, sigma = {sigma:.2f}, beta = {beta.numpy().round(3)}")

# %% [markdown]
# Integrating out the latents leaves a Gaussian, $y \sim N(C\beta,\, \tau^2 ZZ^\top + \sigma^2 I)$ with $Z$ the
# indicator of firms. So the evidence is exact, and must agree with that of another program at the same parameters:

# %%
rows = torch.cat([c, firm.unsqueeze(-1), invest.unsqueeze(-1)], -1)
with torch.no_grad():
    ours = models.LinearMixedModel([11], beta, [1.0], 1.0).double()
    ours.log_random_scales.fill_(math.log(tau)), ours.log_noise_scale.fill_(math.log(sigma))
    log_evidence, effects = ours.log_evidence(rows), ours.posterior(rows)
print(f"log p(y): ours {log_evidence.item():.9f}, statsmodels MixedLM {theirs.llf:.9f}")
blups = torch.tensor([float(effect.iloc[0]) for effect in theirs.random_effects.values()], dtype=torch.float64)
print(f"posterior means of z against their predicted effects: within {(effects.loc - blups).abs().max():.1e}")

# %% [markdown]
# What statisticians call *best linear unbiased predictors* is the posterior mean of a latent.
#
# > **Careful with the word "likelihood".** `MixedLM` maximizes by default the *restricted* likelihood (REML), in which
# > $\beta$ is integrated out under a flat prior. Its value and its optimum are other ones, as the next cell shows. Ask
# > for `reml=False` when you compare with $\log p(y)$.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    restricted = sm.MixedLM(panel.invest, covariates, groups=panel.firm).fit()
for name, found in (("ML", theirs), ("REML", restricted)):
    print(f"{name:5s} optimum {found.llf:.3f} at tau = {float(found.cov_re.iloc[0, 0]) ** 0.5:.2f}")

# %% [markdown]
# **Shrinkage.** Now suppose we had only a few rows: one year of the first firm, two years of the second, and so on.
#
# > **Predict 4.** Each firm's own mean residual is the obvious estimate of its intercept. In which firms will the
# > posterior mean differ most from it, and in which direction?

# %%
predict("01_4", choices=[
    "fewest years, towards zero",
    "fewest years, away from zero",
    "most years, towards zero",
    "all alike"])

# %%
kept = torch.cat([torch.where(firm == i)[0][: i + 1] for i in range(11)])
with torch.no_grad():
    posterior = ours.posterior(rows[kept])
residual = (invest - c @ beta)[kept]
raw = torch.stack([residual[firm[kept] == i].mean() for i in range(11)])
firm_names = list(panel.firm.astype("category").cat.categories)
show(draw.shrinkage(firm_names, range(1, 12), raw, posterior.loc, posterior.covariance_matrix.diagonal().sqrt()),
     alt="For each firm a cross, the mean residual of its own rows, and a point with an error bar, "
         "the posterior of its intercept. The points lie nearer to zero than the crosses, most of all"
         " for firms with one or two years, whose bars are the widest.")
factor = tau**2 / (tau**2 + sigma**2 / torch.arange(1, 12).double())
print(f"posterior mean / raw mean, minus the exact factor: at most {(posterior.loc / raw - factor).abs().max():.1e}")

# %%
# Run this cell to compare it with your prediction.
reveal("01_4", "fewest years, towards zero")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# Those with the fewest rows, towards zero: the factor is $\tau^2 / (\tau^2 + \sigma^2 / n_i)$, here 0.70 for one year
# and 0.96 for eleven. A firm with little data borrows from the others, *because they share $\tau$*. That is the tie of
# section 2 at work.
#
# </details>
#
# ### Aside: crossed effects
#
# Years have moods too (a war, a slump) that all firms share. Two groupings that cross, like
# persons by items in a test:
#
# $$y_{it} \mid z, u \sim N(c_{it}^\top \beta + z_i + u_t,\; \sigma^2), \qquad z_i \sim N(0, \tau_1^2), \quad u_t \sim N(0, \tau_2^2).$$

# %%
crossed_graph = BayesNet(z=firms(lambda: Normal(ZERO, ONE)), u=years(lambda: Normal(ZERO, ONE)),
                         y=firms(years(lambda z, u: Normal(z + u, ONE))))
show(draw_graph(crossed_graph, labels={"z": "$z_i$", "u": "$u_t$", "y": "$y_{it}$"}, observed=("y",),
                title="Crossed plates"),
     alt=in_words(crossed_graph, observed=("y",)))

# %%
components = {"firm": "0 + C(firm)", "year": "0 + C(year)"}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    both = sm.MixedLM.from_formula("invest ~ value + capital", data=panel, groups=[1] * 220,
                                   vc_formula=components).fit(reml=False)
two_rows = torch.cat([c, firm.unsqueeze(-1), year.unsqueeze(-1), invest.unsqueeze(-1)], -1)
with torch.no_grad():
    crossed = models.LinearMixedModel([11, 20], tensor(both.fe_params), [1.0, 1.0], 1.0).double()
    crossed.log_random_scales.copy_(0.5 * torch.tensor(both.vcomp).log())
    crossed.log_noise_scale.fill_(0.5 * math.log(both.scale))
    two_posterior, two_evidence = crossed.posterior(two_rows), crossed.log_evidence(two_rows)
print(f"log p(y): ours {two_evidence.item():.9f}, statsmodels {both.llf:.9f}")
print(f"scales: firms {both.vcomp[0] ** 0.5:.1f}, years {both.vcomp[1] ** 0.5:.1f}, noise {both.scale ** 0.5:.1f}")

# %% [markdown]
# (In these data the years hardly matter once value and capital are in the model.) Something else has changed, and it
# is the Markov blanket again: $z_i$ and $u_t$ are independent a priori, but they have a common child $y_{it}$, which
# is observed. So a posteriori they are coupled, each firm with each year:

# %%
def scaled_precision(density):
    """The posterior precision with its diagonal scaled to one, as absolute values."""
    precision = torch.linalg.inv(density.covariance_matrix)
    root = precision.diagonal().rsqrt()
    return (root.unsqueeze(-1) * precision * root).abs()


with torch.no_grad():  # the same model with scales of 30 for both, so that the pattern shows
    for mixed in (ours, crossed):
        mixed.log_random_scales.fill_(math.log(30.0))
    pictures = [scaled_precision(ours.posterior(rows)), scaled_precision(crossed.posterior(two_rows))]
show(draw.crossed(*pictures, firms=11),
     alt="Left: the posterior precision of eleven firm effects is diagonal. Right: that of eleven "
         "firm and twenty year effects has two grey blocks off the diagonal: every firm is coupled "
         "with every year.")

# %% [markdown]
# A diagonal Gaussian $q$ would miss the two grey blocks. Unit 08 builds families that have exactly this pattern.

# %% [markdown]
# ## 6. Tracking: latents that we want to know
#
# A state moves, and we see it through noise:
#
# $$z_1 \sim p(z_1), \qquad z_t \mid z_{t-1} \sim p(z_t \mid z_{t-1}), \qquad x_t \mid z_t \sim p(x_t \mid z_t),$$
#
# $$p(z, x) = p(z_1)\,p(x_1 \mid z_1) \prod_{t=2}^T p(z_t \mid z_{t-1})\,p(x_t \mid z_t).$$

# %%
show(draw.chain_graph(),
     alt="Four hidden states in a row, each with an arrow to the next and one to its own observed, "
         "shaded x below. The first state has no parent: its factor is p of z_1.")

# %% [markdown]
# (Often the product is printed from $1$ on, with $p(z_1 \mid z_0)$. There is no $z_0$ in the model: the first factor is $p(z_1)$, and the transitions begin at $2$.)
#
# If all three are linear and Gaussian, everything is jointly Gaussian, and the posterior is exact. The **Kalman
# filter** computes $p(z_t \mid x_{1..t})$ step by step: *predict* where the state goes, *compare* with the datum, *correct*. As a
# by-product it gives the evidence, by the chain rule $p(x) = \prod_t p(x_t \mid x_{1..t-1})$. Here is a ship, seen
# imprecisely forty times (position and velocity in the plane, four numbers a step):

# %%
ship = tracker.tracker(steps=40)
(x,), (z,) = ship.sample(1, seeded(28))
show(tracker.track(ship, x, z, name="the filter"),
     alt="Left: the course of a ship, noisy sightings around it, and the filtered course with "
         "ellipses. Right: the filter is nearer to the truth than the sightings at most steps.")

# %%
for steps in (40, 400):
    longer = tracker.tracker(steps)
    series = longer.sample(1, seeded(5))[0][0]
    with torch.no_grad():
        by_filter, dense = longer.log_evidence(series), tracker.dense_series(longer).log_prob(series)
    print(f"T = {steps:3d}: filter {by_filter:.8f}, one dense Gaussian of {2 * steps} numbers {dense:.8f}"
          f", difference {abs(by_filter - dense):.0e}")

# %% [markdown]
# > **Predict 5.** The filter needs time proportional to $T$. A dense Gaussian of all $2T$ measurements needs a Cholesky
# > factor: proportional to what? And what could a *smoother*, $p(z_t \mid x_{1..T})$, know that the filter does not?

# %%
predict("01_5", choices=["T²; the future", "T³; the future", "T³; nothing more", "2^T; the future"])

# %% [markdown]
# Real data: a hundred years of the Nile at Aswan, as a level that wanders, $z_t \mid z_{t-1} \sim N(z_{t-1}, 1469)$,
# seen with noise, $x_t \mid z_t \sim N(z_t, 15099)$, with a nearly flat start. Our evidence must agree with statsmodels'
# (which, as we do here, leaves out the first prediction, because a flat start predicts nothing):

# %%
flow = torch.tensor(sm.datasets.nile.load_pandas().data["volume"].tolist(), dtype=torch.float64)
unit = torch.ones(1, 1, dtype=torch.float64)
level = models.LinearGaussianSSM(unit, unit, 1469 * unit, 15099 * unit, 0 * unit[0], 1e6 * unit, steps=100)
their_value = sm.tsa.UnobservedComponents(flow.numpy(), "llevel").loglike([15099.0, 1469.0])
with torch.no_grad():
    forward, smooth, value = level.filter(flow), level.smooth(flow), level.log_evidence(flow, burn_in=1)
print(f"log p(x): ours {value.item():.9f}, statsmodels {their_value:.9f}")
bands = [(found.loc[:, 0], found.covariance[:, 0, 0].sqrt()) for found in (forward, smooth)]
show(draw.nile(range(1871, 1971), flow, *bands),
     alt="The yearly flow of the Nile from 1871 to 1970, with its level as filtered (left) and "
         "smoothed (right). The smoothed level falls before 1899, the filtered one only after it; its"
         " band is narrower.")
print(f"standard deviation in 1920: filter {bands[0][1][49]:.1f}, smoother {bands[1][1][49]:.1f}")

# %%
# Run this cell to compare it with your prediction.
reveal("01_5", "T³; the future")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# $T^3$: a hundred times longer is a million times slower. The smoother also knows the *future*: around 1899, when the flow
# dropped, it begins to go down before the drop, and everywhere but at the right end it is more certain.
#
# </details>
#
# Now let the data arrive one by one, and ask after each of them for **all** years: those gone by (smoothing), the present one (filtering), those to come (prediction). It is one and the same
# question, the posterior of the white nodes given the shaded ones, with more and more of them shaded. Watch both sides of the upright line: to its left the past is revised and narrows,
# to its right the future opens like a trumpet. And watch what the years after 1898 do to the years before.

# %%
third = torch.arange(0, 100, 3)  # the level is drawn at every third year; every datum counts
with torch.no_grad():
    given = [level.smooth(flow, seen=torch.arange(100) <= now) for now in third]
assert torch.allclose(given[-1].loc, smooth.loc) and torch.allclose(given[9].loc[27], forward.loc[27])
show_moving(movies.data_arrive(range(1871, 1971), flow, third.tolist(),
                               [(found.loc[third, 0], found.covariance[third, 0, 0].sqrt()) for found in given]),
            alt="A band, the level of the Nile in every year given the data so far. An upright line, the present, moves from 1871 to 1970. Right of it the band opens like a trumpet, left of it "
                "it narrows. When the low flows after 1898 arrive, the whole trumpet drops, and the band bends down in the years before, too.")

# %% [markdown]
# ## 7. Hidden Markov models: the same graph with discrete states
#
# The same picture, but $z_t$ is one of $S$ states. A dishonest casino swaps a fair coin for a loaded one now and then,
# and you see only the tosses. Posterior and evidence are finite sums, so **enumeration** is the judge:

# %%
def casino(steps):
    """State 0: a fair coin. State 1: heads (1) four times out of five. Swapped at one toss in twenty, on average."""
    return models.HiddenMarkovModel(number(0.5, 0.5), torch.stack([number(0.95, 0.05), number(0.05, 0.95)]),
                             torch.stack([number(0.5, 0.5), number(0.2, 0.8)]), steps)


hmm = casino(12)
tosses = number(0, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1)
with torch.no_grad():
    sequences = exact.enumerate_binary(12, like=ZERO)  # all 4,096 sequences of states
    log_joint = hmm.log_joint(tosses, sequences)
    marginals, by_pass = hmm.marginals(tosses).states[:, 1], hmm.log_evidence(tosses)
posterior = log_joint.softmax(0)
print(f"log p(x): enumeration {log_joint.logsumexp(0).item():.12f}, forward pass {by_pass.item():.12f}")
print(f"p(loaded at t | x): largest difference {(posterior @ sequences - marginals).abs().max():.1e}")
print(f"most likely sequence the same: {bool((hmm.most_likely(tosses) == sequences[posterior.argmax()]).all())}")

# %% [markdown]
# > **Predict 6.** For 250 tosses enumeration would add up $2^{250}$ terms. How many multiplications does the forward pass need,
# > roughly? It rests on one property of the graph: which?

# %%
predict("01_6", choices=["250", "1,000", "62,500", "2^125"])

# %%
long = casino(250)
(heads,), (states_,) = long.sample(1, seeded(12))
with torch.no_grad():
    loaded, path = long.marginals(heads).states[:, 1], long.most_likely(heads)
by_step = ((loaded > 0.5) == (states_ > 0.5)).double().mean()
print(f"right at so many tosses: p(loaded) above one half {by_step:.0%}, the most likely sequence "
      f"{(path == states_).double().mean():.0%}")
show(draw.coins(heads, states_, loaded, path),
     alt="250 tosses. Orange stretches show when the loaded coin was in play. The blue posterior "
         "probability rises in most of them, sometimes a little before they begin, and passes over a short break. A green line,"
         " the most likely sequence, is a simplified version of it.")

# %% [markdown]
# One sequence is one accident. Two hundred of them, each read in both ways:

# %%
tosses, truth = long.sample(200, seeded(13))
with torch.no_grad():
    singly = (long.marginals(tosses).states[..., 1] > 0.5) == (truth > 0.5)
    together = long.most_likely(tosses) == truth
print(f"right at so many tosses, 200 sequences: {singly.double().mean():.1%} and {together.double().mean():.1%}")
claim("toss by toss, p(loaded) above one half is right more often than the most likely sequence",
      (singly.double() - together.double()).mean(-1), sign=+1)

# %%
# Run this cell to compare it with your prediction.
reveal("01_6", "1,000")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# About $T S^2 = 250 \cdot 4 = 1000$. Given $z_t$, past and future are independent (with $x_t$, its neighbours in the chain
# are its blanket), so a sum over all pasts can be stored in $S$ numbers, $\alpha_t(j) = p(x_{1..t}, z_t = j)$, and moved one step
# at a time. The Kalman filter is the same idea with integrals for sums: the graph is the same. When a graph has no such
# bottleneck the sums stay exponential, and that is the rest of the course.
#
# The blue curve uses *all* tosses, later ones included. It is a smoother, so it need not lag behind the truth, as a filter does: a run of heads soon after a swap raises the probability before the swap, too.
#
# </details>

# %% [markdown]
# ## 8. Two Bernoullis, one cause
#
# The third use of latents: making distributions. Here is the smallest model without a closed-form posterior:
#
# $$z \sim N(0, 1), \qquad x_i \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(a_i + b_i z)), \quad i = 1, 2.$$
#
# One latent, two coins that are independent given it, and together any positive or negative dependence. The integral over
# $z$ is one-dimensional, so quadrature is our exact answer.

# %%
outcomes = torch.stack([number(0, 0), number(0, 1), number(1, 0), number(1, 1)])
labels = ["0, 0", "0, 1", "1, 0", "1, 1"]


def coins_with(b1=2.0, b2=2.5):
    return models.TwoBernoullis((0.4, -0.6), (b1, b2)).double().requires_grad_(False)


def correlation_of(table):
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return ((table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()).item()


# %%
model = coins_with()
table = model.log_evidence(outcomes).exp().view(2, 2)
pairs, _ = model.sample(200_000, seeded(6))
for outcome, label, answer in zip(outcomes, labels, table.flatten(), strict=True):
    report(f"p(x = {label})", (pairs == outcome).all(-1).double(), answer)
print(f"they add up to {table.sum().item():.12f}; correlation {correlation_of(table):.4f} exact, "
      f"{torch.corrcoef(pairs.T)[0, 1].item():.4f} in the samples")

# %%
def two_coins(b1=2.0, b2=2.5):
    """Posteriors of the cause for each outcome, and the table."""
    model, z = coins_with(b1, b2), span(-4, 4, 321)
    densities = {label: model.log_posterior(x, z.view(-1, 1)).exp()
                 for label, x in zip(labels, outcomes, strict=True)}
    table = model.log_evidence(outcomes).exp().view(2, 2)
    figure = draw.common_cause(z, Normal(ZERO, ONE).log_prob(z).exp(), densities, table, correlation_of(table))
    show(figure, alt=f"Slopes {b1} and {b2}: posteriors of z after each of the four outcomes, and the four "
                     f"probabilities beside those of independent coins; correlation {correlation_of(table):.2f}.")


two_coins()

# %% [markdown]
# > **Predict 7.** Move the sliders. What happens to the correlation and to the posteriors when $b_1 = 0$? When $b_1$ and $b_2$
# > have opposite signs? Which outcome leaves a posterior that looks least like the prior?

# %%
predict("01_7", choices=["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"])

# %%
interact(two_coins, b1=FloatSlider(value=2.0, min=-8, max=8, step=0.5),
         b2=FloatSlider(value=2.5, min=-8, max=8, step=0.5));

# %%
# Run this cell to compare it with your prediction.
reveal("01_7", "(1, 1)")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# With $b_1 = 0$ the first coin knows nothing of $z$: correlation zero, and only $x_2$ moves the posterior. With opposite signs
# the correlation is negative. At the start (both slopes positive), two equal coins pull the posterior to one side and skew it: a
# sigmoid cuts the Gaussian off softly. Two different coins pin $z$ to the middle, where the curve is narrower than the prior and
# nearly symmetric. None is Gaussian. Least like the prior is the posterior after (1, 1), in nats of $\mathrm{KL}(\text{posterior} \,\Vert\, \text{prior})$:
#
# </details>

# %%
z = span(-10, 10, 4001)
prior = Normal(ZERO, ONE).log_prob(z)
moved = {}
for label, x in zip(labels, outcomes, strict=True):
    log_p = model.log_posterior(x, z.view(-1, 1))
    moved[label] = ((log_p.exp() * (log_p - prior)).sum() * (z[1] - z[0])).item()
print("KL(posterior || prior): " + ", ".join(f"({label}) {kl:.3f}" for label, kl in moved.items()))
assert max(moved, key=moved.get) == "1, 1"

# %% [markdown]
# ## 9. Deep, and doubly deep
#
# Replace the two lines $a_i + b_i z$ by any function with parameters $\xi$, such as a neural network, and two coins by a picture:
#
# $$z \sim N(\mu, \Sigma), \qquad p = \mathrm{sigmoid}(g_\xi(z)), \qquad x_i \mid p \sim \mathrm{Bernoulli}(p_i), \quad i = 1, \dots, d.$$
#
# This **deep Bernoulli model** is the variational autoencoder of unit 13, without its encoder. For flexibility in the latents
# themselves, add a layer, and the model is **doubly deep**:
#
# $$z_1 \sim N(\mu_1, \Sigma_1), \qquad z_2 \mid z_1 \sim N(g_{\xi_1}(z_1), \Sigma_2), \qquad x_i \mid z_2 \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(g_{\xi_2}(z_2))_i).$$
#
# To see what each layer does we write the functions by hand, where a network would learn them. The decoder puts a blob at the
# place $z$ says; the inner function bends a line.
#
# > **Predict 8.** In the doubly deep model everything is a Gaussian or a coin, given its parents. Is $p(z_2)$ Gaussian?

# %%
predict("01_8", choices=["yes", "nearly", "not at all"])

# %%
class Blob(nn.Module):
    """From a place in the plane to the log odds of 14 x 14 pixels: a soft spot there."""

    def forward(self, z):
        axis = span(-3, 3, 14).to(z)
        up, right = torch.meshgrid(-axis, axis, indexing="ij")
        place = torch.stack([right, up], -1).reshape(-1, 2)  # (196, 2)
        return 4 - 5 * (z.unsqueeze(-2) - place).square().sum(-1)


class Ring(nn.Module):
    """From one number to a point of a circle."""

    def forward(self, z):
        return 2 * torch.cat([z.mul(2).cos(), z.mul(2).sin()], -1)


# %%
zeros, identity = torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64)
deep = models.DeepBernoulli(Blob(), zeros, identity)
doubly = models.DoublyDeepBernoulli(Ring(), Blob(), zeros[:1], identity[:1, :1], 0.02 * identity)
pictures = {}
for name, drawer in (("deep: z", deep), ("doubly deep: $z_2$", doubly)):
    with torch.no_grad():
        x, z = drawer.sample(600, seeded(3))
        p = drawer.probabilities(z[:6])
    pictures[name] = (z[:, -2:], p.view(6, 14, 14), x[:6].view(6, 14, 14))
show(draw.deep_samples(pictures),
     alt="Two models. Deep: the latents are a round Gaussian cloud, and blobs lie anywhere, mostly "
         "near the middle. Doubly deep: the second-layer latents lie on a ring, and so do the blobs. "
         "Beside each, six draws as probabilities and as binary pictures.")

# %%
# Run this cell to compare it with your prediction.
reveal("01_8", "not at all")

# %% [markdown]
# <details><summary>Answer to Predict 8</summary>
#
# No: it is a ring. A continuous mixture of Gaussians, $\int N(z_2; g(z_1), \Sigma_2)\,N(z_1; 0, 1)\,dz_1$, can look like almost
# anything. That is the power of latents: simple conditionals, rich margins. Its price is the integral.
#
# </details>
#
# With two latents the price can still be paid, so we can check the deep model. The evidence of a picture by quadrature,
# against the average likelihood of 200,000 draws from the prior, in units of the exact answer:

# %%
with torch.no_grad():
    x, _ = deep.sample(3, seeded(9))
    answer, likelihood = deep.log_evidence(x), []
    for _ in range(20):  # 20 times 10,000 draws from the prior
        _, z = deep.sample(10_000, seeded(100 + len(likelihood)))
        logits = deep.logits(z)
        likelihood.append(logits @ x.T - nn.functional.softplus(logits).sum(-1, keepdim=True))  # (10000, 3)
for log_p, exact_log in zip(torch.cat(likelihood).T, answer, strict=True):
    report(f"p(x) / exact, log p(x) = {exact_log:.3f}", (log_p - exact_log).exp(), 1)

# %% [markdown]
# With a fifty-dimensional $z$ no grid would help, and these averages would fail as well. Learning $\xi$ needs
# $\log p(x)$ for every picture and after every step. Units 02 and 03 take it from there.

# %% [markdown]
# ## 10. Aside: models with no latents at all
#
# Every joint distribution factorizes by the chain rule, $p(x) = \prod_i p(x_i \mid x_1, \dots, x_{i-1})$. A **fully observed
# autoregressive model** gives each conditional a form, and is done: a directed graph in which every pixel has all earlier
# pixels as parents and none is hidden. The simplest takes a logistic regression for each pixel. On the binary 8 by 8 digits:

# %%
digits = data.digits(dtype=torch.float64)
earlier = torch.ones(64, 64, dtype=torch.float64).tril(-1)  # pixel i may look at pixels before i
weight, bias = torch.zeros(64, 64, dtype=torch.float64), torch.zeros(64, dtype=torch.float64)


def log_likelihood(x):
    logits = x @ (weight * earlier).T + bias
    return -binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def closure():
    optimizer.zero_grad()
    loss = -log_likelihood(digits.train).mean() + 0.005 * (weight * earlier).square().sum()
    loss.backward()
    return loss


learned = [weight.requires_grad_(), bias.requires_grad_()]
optimizer = torch.optim.LBFGS(learned, max_iter=60, line_search_fn="strong_wolfe")
optimizer.step(closure);

# %%
def pixel_by_pixel(count, generator):
    """Generation is sequential: one pixel after the other."""
    x = torch.zeros(count, 64, dtype=torch.float64)
    for i in range(64):
        x[:, i] = torch.bernoulli((x @ (weight * earlier)[i] + bias[i]).sigmoid(), generator=generator)
    return x


# %%
with torch.no_grad():
    mean = (digits.train.sum(0) + 1) / (len(digits.train) + 2)
    invented, held_out = pixel_by_pixel(12, seeded(2)), log_likelihood(digits.test).mean()
    baseline = (digits.test * mean.log() + (1 - digits.test) * (1 - mean).log()).sum(-1).mean()
print(f"log-likelihood of a test digit: autoregressive {held_out:.2f} nats, independent pixels {baseline:.2f} nats")
independent = torch.bernoulli(mean.expand(12, 64), generator=seeded(1))
rows_ = {"digits": digits.test[:12], "autoregressive samples": invented, "independent pixels": independent}
show(draw.image_rows({name: pictures.view(12, 8, 8) for name, pictures in rows_.items()}),
     alt="Three rows of twelve 8 by 8 pictures: real digits; samples of the autoregressive model, "
         "strokes that resemble digits; and samples of independent pixels, shapeless.")

# %% [markdown]
# | strengths | limits |
# |---|---|
# | the likelihood is exact and cheap: no integral, no bound | an order of the variables must be chosen, and for pixels none is natural |
# | training is plain maximum likelihood | generation is sequential: 64 steps for 64 pixels |
# | the chain rule loses nothing: the form of the conditionals is the only assumption | no latent: no compact description $z$ of a picture to compare, interpolate or compress with |
#
# (The last point is about an explicit latent variable. The hidden units inside a large autoregressive network do
# learn features; they are just no random variables of the model.)

# %% [markdown]
# ## 11. Aside: models without a recipe
#
# Not every model is a recipe. **Undirected**, or **energy-based**, models give each state an energy, and say only how probable
# states are *relative* to each other:
#
# $$p(x) = \frac{e^{-E(x)}}{Z}, \qquad Z = \sum_x e^{-E(x)}.$$
#
# Physicists, computer scientists and statisticians each invented one with pairwise energies: the **Ising** model (spins
# $s_i = \pm 1$), the **fully visible Boltzmann machine** (units $0, 1$), the **auto-logit** model (a logistic regression of each
# variable on all others). With symmetric couplings and empty diagonals the energies are
#
# $$E_{\text{Ising}}(s) = -\tfrac12 s^\top J s - h^\top s, \qquad E_{\text{Boltzmann}}(x) = -\tfrac12 x^\top W x - b^\top x .$$
#
# They are the same model, once the numbers are translated. Put $s = 2x - 1$ into the first, collect terms, and drop the constant:
#
# $$W = 4J, \qquad b_i = 2 h_i - 2 \textstyle\sum_j J_{ij}, \qquad \mathrm{logit}\,p(x_i = 1 \mid \text{rest}) = b_i + \sum_j W_{ij} x_j.$$
#
# By enumeration, on a 3 by 3 grid with fields:

# %%
near = models.grid_neighbours(3, 3).double()
ising = models.IsingModel(0.5 * near, 0.3 * torch.randn(9, generator=seeded(4), dtype=torch.float64))
boltzmann = ising.as_boltzmann()
spins = ising.states()
bits = (spins + 1) / 2
logit = models.auto_logit(boltzmann.biases.detach(), boltzmann.weights.detach())  # named by its logistic regressions
with torch.no_grad():
    probabilities = ising.log_prob(spins).exp()
    print(f"512 states, Ising against Boltzmann: {(probabilities - boltzmann.log_prob(bits).exp()).abs().max():.1e}")
    flipped = bits.clone()
    flipped[:, 4] = 1 - flipped[:, 4]
    log_odds = (2 * bits[:, 4] - 1) * (boltzmann.log_prob(bits) - boltzmann.log_prob(flipped))  # from the joint
    regression = logit.biases[4] + bits @ logit.weights[4]  # the auto-logit's own formula
print(f"log odds of the middle site, joint against logistic regression: {(log_odds - regression).abs().max():.1e}")

# %% [markdown]
# (The last formula reads the Markov blanket of an undirected model: its neighbours, nothing more.)

# %%
levels = range(10)  # how many of the nine spins are up
distributions = {}
for coupling in (0.0, 0.3, 0.8):
    free = models.IsingModel(coupling * near, torch.zeros(9, dtype=torch.float64))
    with torch.no_grad():
        p = free.log_prob(spins).exp()
    up = (spins > 0).sum(-1)
    distributions[f"J = {coupling}"] = torch.stack([p[up == k].sum() for k in levels])
show(draw.magnets([(2 * k - 9) / 9 for k in levels], distributions),
     alt="Three bar charts of the mean of nine spins: a narrow bell for J = 0, a low and broad hump for J = 0.3, with bars between about 0.04 and 0.14, and "
         "two peaks at plus and minus one for J = 0.8.")

# %% [markdown]
# Nobody told the spins to agree globally; strong local ties do it. The same can go further than one would like. In an
# **exponential random graph** the datum is a whole network, with $p_\theta(x) \propto \exp(\theta_1 \cdot \text{edges} + \theta_2 \cdot \text{triangles})$:
# "friends of friends are friends". With six people we can enumerate all $2^{15}$ graphs, and find the maximum of the likelihood exactly. It lies where the *mean* statistics under the model equal the observed
# ones (the slope of $\log Z$ is a mean); a few Newton steps lead there.
#
# > **Predict 9.** In the network that we observe five people all know each other and the sixth knows nobody: 10 of 15 edges, 10 triangles. We fit both weights. Do graphs drawn from the fit look like the observed one?

# %%
predict("01_9", choices=["nearly always", "half of them", "rarely"])

# %%
people = models.ExponentialRandomGraph(6, ("edges", "triangles"), number(0, 0))
counted = people.sufficient_statistics(people.states())  # edges and triangles of all 32,768 graphs


observed, fitted = number(10, 10), number(0, 0)  # five who all know each other, and one who knows nobody
for _ in range(100):  # damped Newton steps: the slope of log p(x) is observed minus mean, its curvature a covariance
    p = (counted @ fitted).softmax(0)
    away = counted - p @ counted
    fitted = fitted + 0.3 * torch.linalg.solve(away.mT @ (p.unsqueeze(-1) * away), observed - p @ counted)
again = models.ExponentialRandomGraph(6, ("edges", "triangles"), fitted).mean_statistics()  # the core's own sum
print(f"maximum likelihood: weights {fitted.tolist()}, mean edges and triangles {again.tolist()}")
assert torch.allclose(again, observed, atol=1e-6)  # both statistics match

# %%
def edge_distributions(triangle):
    """p(number of edges), (len(triangle), 16), for weights of a triangle (W,), at the fitted weight of an edge."""
    p = (fitted[0] * counted[:, 0] + triangle.unsqueeze(-1) * counted[:, 1]).softmax(-1)  # (W, 32768)
    return torch.zeros(len(triangle), 16, dtype=torch.float64).index_add(1, counted[:, 0].long(), p)


weights = span(0.4, 1.8, 141)
by_weight = edge_distributions(weights)
means = by_weight @ torch.arange(16).double()
usual = torch.stack([(by_weight.cumsum(-1) < q).sum(-1) for q in (0.05, 0.95)], -1)

# %%
three = fitted[1] + number(-0.3, 0.0, 0.3)
some = edge_distributions(three)
chosen = {f"triangle weight {w:.2f}": distribution for w, distribution in zip(three, some, strict=True)}
near_it, sparse, full = some[1, 8:13].sum().item(), some[1, :4].sum().item(), some[1, 13:].sum().item()
print(f"drawn from the fit: within 2 edges of the observed 10 {near_it:.2f}; 3 edges or fewer {sparse:.2f}; 13 or more {full:.2f}")
assert near_it < 0.2 and sparse + full > 0.6
show(draw.random_graphs(chosen, weights, means, usual),
     alt="Left: the distribution of the number of edges of a random graph of six people. With a small triangle weight it "
         "is small, with a large one nearly 15; at the fitted weight most of the mass is at 13 and more, some at 3 and fewer, and little "
         "near 10. Right: the mean number of edges rises steeply with the weight of a triangle, while the band of the middle 90 percent is nearly as wide as the axis.")

# %%
# Run this cell to compare it with your prediction.
reveal("01_9", "rarely")

# %% [markdown]
# <details><summary>Answer to Predict 9</summary>
#
# Rarely. Fewer than one draw in five comes within two edges of the observed ten; most are nearly complete or nearly empty, and only their *average* is right. This is called *degeneracy*, and it is a fault of the model (its triangle
# statistic), not of the estimation, which is exact here. It does not happen to every network: for one with 8 edges and two or three triangles, drawn graphs mostly look like the datum. Drawing from the fit before trusting it,
# as in section 1, shows which case you are in.
#
# </details>

# %% [markdown]
# ### Doubly intractable
#
# In a directed model each factor is normalized by itself, and $p(x, z)$ can be evaluated for any $\theta$. Here it cannot: $Z(\theta)$ is a sum over
# all states, and it **depends on the parameters**. Now be Bayesian about them:
#
# $$p(\theta \mid x) = \frac{p(\theta)\; e^{-E_\theta(x)} / Z(\theta)}{p(x)}.$$
#
# The usual way to draw from a posterior known only up to a constant is the **Metropolis-Hastings** algorithm: from the present $\theta$ propose a $\theta'$ (say, $\theta$ plus symmetric noise), and move there with probability
# $\min\{1,\, p(\theta' \mid x) / p(\theta \mid x)\}$; otherwise stay. In the long run the values visited are draws from $p(\theta \mid x)$, and only *ratios* of the posterior are needed.
#
# Two constants are unknown. The evidence $p(x)$ does not depend on $\theta$ and cancels from the ratio. $Z(\theta)$ does not:
# the ratio contains $Z(\theta) / Z(\theta')$. Hence the name, *doubly intractable*. What hurts is that $Z$ is an unknown *function*, not that it is an unknown number.
#
# > **Predict 10.** From 20 draws of a 3 by 3 grid with $J = 0.4$ we compute the posterior of $J$ under a flat prior on $[-0.5, 1.5]$, once with the exact $Z(J)$ and
# > once leaving $Z$ out, "since it is only a constant". Where does the second posterior put its mass?

# %%
predict("01_10",
        choices=["near 0.4, but wider", "near 0", "at the smallest J allowed", "at the largest J allowed"])

# %%
couplings = span(-0.5, 1.5, 401)
seen = models.IsingModel(0.4 * near, torch.zeros(9, dtype=torch.float64)).sample(20, seeded(9))
agreement = 0.5 * ((spins @ near) * spins).sum(-1)  # sum of s s' over neighbours, for each of the 512 states
log_z = (couplings.unsqueeze(-1) * agreement).logsumexp(-1)
energy_part = couplings * (0.5 * ((seen @ near) * seen).sum())
field = seen @ near  # the neighbours' sum at every site
pseudo = (nn.functional.logsigmoid(2 * couplings.view(-1, 1, 1) * seen * field)).sum((1, 2))
step = couplings[1] - couplings[0]

# %%
logs = {"exact Z(J)": energy_part - 20 * log_z, "Z left out": energy_part, "pseudo-likelihood (no Z)": pseudo}
curves = {name: value.softmax(0) / step for name, value in logs.items()}
show(draw.doubly_intractable(couplings, {n: v.clamp_max(8) for n, v in curves.items()}, 0.4, log_z),
     alt="Left: the exact posterior of J is a bump around 0.4; the one without Z is a spike at the "
         "right end, J = 1.5; the pseudo-likelihood gives a bump near the exact one. Right: log Z "
         "grows from a minimum at J = 0 to nearly 19 at J = 1.5.")
for name, curve in curves.items():
    print(f"{name:26s} mean of J {(curve * couplings).sum() * step:.3f}")

# %%
# Run this cell to compare it with your prediction.
reveal("01_10", "at the largest J allowed")

# %% [markdown]
# <details><summary>Answer to Predict 10</summary>
#
# At the largest $J$ allowed. Without $Z$ a large coupling is rewarded for making the observed neighbours agree and never charged for making *all*
# agreeing states likely. One way out is to use conditionals only, as the auto-logit does: the product
# $\prod_i p(s_i \mid \text{rest})$, the *pseudo-likelihood*, is free of $Z$. It is not the likelihood; here it lands near it.
#
# </details>
#
# And why not simply compute $Z$? Count:

# %%
for rows_of, columns_of in ((3, 3), (3, 4), (4, 4), (4, 5)):
    model = models.IsingModel(0.4 * models.grid_neighbours(rows_of, columns_of), torch.zeros(rows_of * columns_of))
    model.requires_grad_(False)
    print(f"{rows_of} x {columns_of}: {2 ** (rows_of * columns_of):9,d} terms, log Z = {model.log_partition().item():7.3f}")
print(f"10 x 10: {2**100:.1e} terms")

# %% [markdown]
# From here on the course stays with directed graphs. Variational methods for undirected ones exist; the simplest is mean field, and unit 04
# meets it.

# %% [markdown]
# ## Common mistakes
#
# | mistake | how it shows |
# |---|---|
# | "Inside the plate is independent of outside" | data could never teach us a parameter |
# | A shared parent drawn anew for each child | every histogram is right, every dependence is gone |
# | Adding factors before summing over the plate | broadcasting counts the prior once per datum |
# | Blanket without co-parents | explaining away is missed |
# | Treating rows of one group as independent | standard errors far too small |
# | REML compared with ML | log-likelihoods differ (here by 2.9 nats), and no bug is to be found |
# | $\tau$ or $\sigma$ used as a variance | right when it is 1: test at 0.3 |
# | A transition for the first state | a $z_0$ that nobody defined |
# | Correcting before predicting (Kalman) | plausible tracks, wrong evidence |
# | The log-density of a datum *after* it was used | an evidence that is too good |
# | $Z(\theta)$ treated as a constant | parameters run to the border |

# %% [markdown]
# ## Side by side
#
# | model | latent | purpose of the latent | exact answer | cost |
# |---|---|---|---|---|
# | measurements of $\theta$ | $\theta$, global | our own uncertainty | conjugate Gaussian | $N$ |
# | mixed model, one grouping | one per group | dependence within groups | Gaussian, diagonal precision | $N$ |
# | mixed model, crossed | one per level of each factor | dependence | Gaussian, coupled precision | levels$^3$ |
# | linear Gaussian state space | a path | it is what we want | Kalman filter and smoother | $T$ |
# | hidden Markov model | a sequence of states | it is what we want | forward and backward sums | $T S^2$ |
# | two Bernoullis | one number | a flexible distribution | quadrature | a grid |
# | deep Bernoulli | a vector | a flexible distribution, a description | quadrature up to two dimensions, then none | exponential in $\dim z$ |
# | doubly deep Bernoulli | two vectors | a flexible distribution of latents | none | exponential |
# | autoregressive | none | | the likelihood itself | one pass |
# | Ising, Boltzmann, auto-logit; ERGM | none | | enumeration | $2^n$, for every $\theta$ |

# %% [markdown]
# ## What to remember
#
# 1. A directed graph is a recipe, and its density is the product of its factors: $p(v) = \prod_i p(v_i \mid v_{\mathrm{pa}(i)})$.
# 2. A plate is replication: copies are independent *given their parents outside*. Unknown parents tie them together, and that is learning.
# 3. Any latent has a posterior. "Being Bayesian about $\theta$" is one choice of what to call latent.
# 4. The blanket: parents, children, co-parents. Causes become dependent once their effect is seen.
# 5. Gaussian and discrete chains can be summed exactly, because the state cuts past from future. Most graphs cannot.
# 6. Simple conditionals make rich margins: that is what latents are for in deep models. The price is an integral.
# 7. Without a recipe there is a constant $Z(\theta)$ that depends on what we want to learn: doubly intractable.
#
# **Next**: [the problem set](../notebooks/01_graphical_models/01_graphical_models.ipynb). It asks you to write each piece, and to check it against answers it did not produce itself; then [unit 02, marginal likelihood](02_marginal_likelihood.ipynb), the integral that is the price.

# %% [markdown]
# ## Further reading
#
# - J. Pearl. *Probabilistic Reasoning in Intelligent Systems*. Morgan Kaufmann, 1988. (Blankets, explaining away.)
# - S. L. Lauritzen. *Graphical Models*. Oxford University Press, 1996.
# - C. M. Bishop. *Pattern Recognition and Machine Learning*, chapters 8 and 13. Springer, 2006.
# - D. Koller and N. Friedman. *Probabilistic Graphical Models: Principles and Techniques*. MIT Press, 2009.
# - N. M. Laird and J. H. Ware. Random-effects models for longitudinal data. *Biometrics* 38, 963-974, 1982.
# - C. Kleiber and A. Zeileis. The Grunfeld data at 50. *German Economic Review* 11, 404-417, 2010. (The panel; cited by statsmodels in its 2008 version.)
# - R. E. Kalman. A new approach to linear filtering and prediction problems. *Journal of Basic Engineering* 82, 35-45, 1960.
# - J. Durbin and S. J. Koopman. *Time Series Analysis by State Space Methods*. Oxford University Press, second edition, 2012. (The Nile, and these two variances.)
# - L. R. Rabiner. A tutorial on hidden Markov models and selected applications in speech recognition. *Proceedings of the IEEE* 77, 257-286, 1989.
# - J. Besag. Spatial interaction and the statistical analysis of lattice systems. *Journal of the Royal Statistical Society B* 36, 192-236, 1974. (Auto-logistic models.)
# - D. H. Ackley, G. E. Hinton and T. J. Sejnowski. A learning algorithm for Boltzmann machines. *Cognitive Science* 9, 147-169, 1985.
# - O. Frank and D. Strauss. Markov graphs. *Journal of the American Statistical Association* 81, 832-842, 1986. (Exponential random graphs.)
# - I. Murray, Z. Ghahramani and D. J. C. MacKay. MCMC for doubly-intractable distributions. *Uncertainty in Artificial Intelligence*, 2006.
# - H. Larochelle and I. Murray. The neural autoregressive distribution estimator. *Artificial Intelligence and Statistics*, 2011.

# %%
tally("01")
