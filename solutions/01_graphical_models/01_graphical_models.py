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

# %% [markdown] locked="01_header"
# # Problem set 01 · Graphical models
#
# It goes with [the lecture](../../lectures/01_graphical_models.ipynb). You will write the machinery that stands behind every model of this course:
#
# 1. ancestral sampling, for any graph;
# 2. the joint density of any graph, plates included;
# 3. the Markov blanket;
# 4. the correlation that a hidden common cause brings about, by quadrature, and you measure it with your own sampler;
# 5. the likelihood of a mixed model with its latents integrated out, which agrees with another program to the last printed digit;
# 6. one step of the Kalman filter, which agrees with one dense Gaussian;
# 7. the partition function of a small grid;
# 8. what one variable may still tell of another, once some are known;
# 9. every mean of a grid with more states than there are atoms on earth;
# 10. and one question to answer in words.
#
# **About four hours.** Exercises 1 to 3 belong together and 4 uses the sampler of 1; 8 goes on where 3 ends, and 9 where 7 does; 5 and 6 stand alone. If one resists, go on and come back.
#
# **How checks work.** You write a function in place of the line that raises, run the cell, and run the check below it. Each check calls your function on fresh
# random inputs and says what it tested, what came, what was expected, and, if it recognises the mistake, which one it is. Run it as often as you like: nothing is
# counted. `check("01_kalman", kalman_step, seed=7)`, in a cell of your own, repeats the inputs of a report that named the seed 7. Any right way of
# computing an answer passes: a loop, one line, a library function.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits that are asked for: nine at most, unless the
# exercise says otherwise. Where it says nothing of gradients none are asked: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found
# them, unless you are asked to train them. Where your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`. (Here that is `LinearGaussianSSM.filter`, `IsingModel.log_partition` and so on; figures may use them, and you may open them when you are done.)
#
# **Conventions.** $N(\mu, \sigma^2)$ names the *variance* second; arguments called `tau` and `sigma` are *standard deviations*, and
# those called `cov` are covariances. Logarithms are natural. A graph is a dictionary `parents`: for each node the tuple of its parents, in the order in which its
# recipe takes them, no parent twice. The dictionary lists the nodes in **any** order.

# %% locked="01_setup"
import math
import warnings

import torch
from torch import Tensor

from autograder import check
from autograder.units.unit_01 import targets
from course_vi.plots import show, tracker, when_written

torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ---
# ## 1. Ancestral sampling
#
# A directed graph is a recipe: draw each node given its parents, parents first.
#
# **Exercise 1: `ancestral_sample`.** *Difficulty* 2/5 · *Importance* 5/5 · 20 minutes
#
# `parents[name]` is a tuple of names; `draw[name](n, *values_of_the_parents)` returns `n` fresh values of that node, shape `(n,)`, given `n` values of each of its parents,
# in the order of `parents[name]`. Return a dictionary with `n` values for every node. The randomness is all in `draw`: you draw no number of your own, and you call
# `draw[name]` exactly **once** for each node.

# %% exercise="01_ancestral"
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    """n joint draws of all nodes of a directed acyclic graph.

    Args:
        parents: {name: (parent, ...)}, in any order.
        draw: {name: function}; draw[name](n, *parent_values) gives values (n,).
        n: how many draws.

    Returns:
        {name: values (n,)}, for every node.
    """
    ### BEGIN SOLUTION
    values: dict[str, Tensor] = {}
    while len(values) < len(parents):                       # each round draws at least one node: there is no cycle
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw[name](n, *[values[parent] for parent in above])
    return values
    ### END SOLUTION


# %% check="01_ancestral"
check("01_ancestral", ancestral_sample)

# %% [markdown]
# <details><summary>Symptom: KeyError, or "used before it was drawn"</summary>
#
# The dictionary may list a child before its parents. A node is *ready* when all its parents have values. One pass over the dictionary need not reach every node.
#
# </details>
# <details><summary>Symptom: "drawn 3 times"</summary>
#
# You ask for a parent's value by drawing it again. Two children of one parent must see the *same* value: keep what was drawn in a dictionary and look it up.
#
# </details>
# <details><summary>Symptom: names and shapes are right, the numbers are not</summary>
#
# Hand over the parents by position, in the order of `parents[name]`: neither sorted, nor in the order of the dictionary.
#
# </details>

# %% [markdown]
# Put it to use. Talent and effort are independent; both go into an exam, which decides who passes:
# $t, e \sim N(0, 1)$, $\;x \mid t, e \sim N(t + e, 0.5^2)$, $\;\text{passed} \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(4x - 4))$.
#
# **Predict first** (write it down): what is the correlation of talent and effort, among everybody? And between the two *once the exam result is known*?

# %%
exam_parents = {"passed": ("exam",), "exam": ("talent", "effort"), "talent": (), "effort": ()}
noise = torch.Generator().manual_seed(1)
exam_draw = {
    "talent": lambda n: torch.randn(n, generator=noise, dtype=torch.float64),
    "effort": lambda n: torch.randn(n, generator=noise, dtype=torch.float64),
    "exam": lambda n, talent, effort: talent + effort + 0.5 * torch.randn(n, generator=noise, dtype=torch.float64),
    "passed": lambda n, exam: torch.bernoulli((4 * exam - 4).sigmoid(), generator=noise),
}
with when_written():
    sample = ancestral_sample(exam_parents, exam_draw, 4000)
    columns = torch.stack([sample[name] for name in ("talent", "effort", "exam")])
    precision = torch.linalg.inv(torch.cov(columns))             # of talent, effort and exam, all Gaussian
    given_exam = -precision[0, 1] / (precision[0, 0] * precision[1, 1]).sqrt()
    print(f"correlation among everybody {torch.corrcoef(columns)[0, 1].item():.3f}, exact 0")
    show(targets.explaining_away(sample["talent"], sample["effort"], sample["passed"], -0.8, given_exam.item()),
         alt="Talent against effort. All points form a round cloud. Those who passed fill its upper right, with an edge that falls: among "
             "them, less talent goes with more effort.")

# %% [markdown] solution_only="01_ancestral"
# **The code.** Each round over the dictionary draws every node that is ready. In an acyclic graph some node always is (otherwise each undrawn node would have an undrawn parent, and walking up from parent to
# parent would run in a circle), so the loop ends. `graphlib.TopologicalSorter(parents).static_order()` of the standard library does the sorting in one line; so does recursion with a memory.
#
# **What to notice.** Draw a common parent anew for each child, and every *marginal* is still right: histograms node by node show nothing. Only the dependence between the children is gone. That is why the check
# looks at the joint sample.
#
# **The exam.** Talent and effort are independent, and become dependent once their common effect is known. With unit variances and noise $0.25$, the covariance given the exam is
# $I - \mathbf 1 \mathbf 1^\top / 2.25$: variances $5/9$, covariance $-4/9$, correlation $-0.8$. This is *explaining away*, and the reason why the next-but-one exercise wants co-parents.

# %% [markdown]
# ---
# ## 2. The joint density
#
# $$\log p(v_1, \dots, v_m) = \sum_{i} \log p(v_i \mid \text{parents of } v_i),$$
#
# and a node in a plate of size $N$ brings $N$ such terms, one for each copy.
#
# **Exercise 2: `joint_log_prob`.** *Difficulty* 2/5 · *Importance* 5/5 · 15 minutes
#
# `values[name]` has shape `(S, N)` for a node inside the plate and `(S, 1)` for a node outside: S draws of the whole graph. `log_prob[name](value, *values_of_the_parents)` is the conditional log-density, entry by
# entry, of the same shape as `value` (parents from outside the plate broadcast by themselves). It may be $-\infty$; then so is the sum. Return the log-density of all nodes together, one number for each of the S draws: shape `(S,)`.

# %% exercise="01_joint"
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    """The log-density of all nodes of a directed graph at given values.

    Args:
        parents: {name: (parent, ...)}, in any order.
        log_prob: {name: function}; log_prob[name](value, *parent_values) has the shape of value.
        values: {name: (S, 1)} outside the plate, {name: (S, N)} inside.

    Returns:
        log p of everything, (S,).
    """
    ### BEGIN SOLUTION
    factors = []
    for name, above in parents.items():
        entries = log_prob[name](values[name], *[values[parent] for parent in above])
        factors.append(entries.sum(-1))                     # over the copies of this node, before it meets the others
    return torch.stack(factors).sum(0)
    ### END SOLUTION


# %% check="01_joint"
check("01_joint", joint_log_prob)

# %% [markdown]
# <details><summary>Symptom: right without a plate, far too low or too high with one</summary>
#
# `(S, 1) + (S, N)` is `(S, N)`: the factor outside the plate has just been copied N times. Which sum comes first, that over the copies or that over the factors?
#
# </details>
# <details><summary>Symptom: minus infinity for the large plate</summary>
#
# A product of thousands of densities is zero in floating point. Never leave the logarithms.
#
# </details>
# <details><summary>Symptom: the sum over all states of the discrete graph is not one</summary>
#
# A factor is missing or doubled. Nodes without parents have a factor too: call their `log_prob` with the value alone.
#
# </details>

# %% [markdown] solution_only="01_joint"
# **The code** is one sum per factor and one sum over the factors, in this order. The other order is the classic broadcasting mistake: it counts the prior of a shared parameter once *per datum*, which looks harmless in a
# loss curve and makes the prior N times too strong.
#
# **What to notice.** In a discrete graph the check adds up all $2^4$ states: the factors were each normalized, so the product is, without any work. Hold this against exercise 7, where nothing is normalized by itself.

# %% [markdown]
# ---
# ## 3. The Markov blanket
#
# **Exercise 3: `markov_blanket`.** *Difficulty* 2/5 · *Importance* 4/5 · 15 minutes
#
# Return the set of names that shields a node from all the rest: its parents, its children, and the other parents of its children. (The exam above says why the last are needed.)

# %% exercise="01_blanket"
def markov_blanket(parents: dict, name: str) -> set[str]:
    """Parents, children and co-parents of a node.

    Args:
        parents: {name: (parent, ...)}, in any order.
        name: the node.

    Returns:
        Names; the node itself is not among them.
    """
    ### BEGIN SOLUTION
    children = {child for child, above in parents.items() if name in above}
    coparents = {parent for child in children for parent in parents[child]}
    return (set(parents[name]) | children | coparents) - {name}
    ### END SOLUTION


# %% check="01_blanket"
check("01_blanket", markov_blanket)

# %% [markdown]
# <details><summary>Symptom: right on the chain, wrong for two causes of one effect</summary>
#
# In a chain no child has a second parent. Given an effect, its causes tell about each other: go from the node to its children, and from there to *their* parents.
#
# </details>
# <details><summary>Symptom: the node is in its own blanket</summary>
#
# It is a parent of its children. Take it out at the end.
#
# </details>
# <details><summary>Symptom: too many names</summary>
#
# Brothers and sisters (other children of the parents) do not belong, nor do grandparents or grandchildren: the blanket already stands between.
#
# </details>

# %% [markdown] solution_only="01_blanket"
# **Why this set.** $p(v_i \mid \text{all others}) \propto p(v_1, \dots, v_m)$ as a function of $v_i$. Of the product of factors only those stay that mention $v_i$: its own, $p(v_i \mid \text{parents})$, and those of its
# children, $p(c \mid v_i, \text{co-parents of } v_i)$. Their arguments are the blanket; nothing else is left in the formula.
#
# **What to notice.** It is a statement about *factors*. That is how Gibbs sampling and the Rao-Blackwellized gradients of unit 05 use it: to change $v_i$ only these factors need recomputing.

# %% [markdown]
# ---
# ## 4. A common cause
#
# $$z \sim N(0, 1), \qquad x_i \mid z \sim \mathrm{Bernoulli}\big(\mathrm{sigmoid}(a_i + b_i z)\big), \quad i = 1, 2.$$
#
# Given $z$ the two coins are independent. We never see $z$, and then they are not. This is the figure to aim for:

# %%
intercepts, slopes = torch.tensor([0.4, -0.6], dtype=torch.float64), torch.tensor([2.0, 2.5], dtype=torch.float64)
show(targets.common_cause(intercepts, slopes),
     alt="Left: dashed bars for the four outcomes; 0, 0 and 1, 1 are the most likely. Right: the correlation of the two coins grows from 0 "
         "towards 0.8 as both slopes grow to 8.")

# %% [markdown]
# **Exercise 4: `two_bernoullis`.** *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# Return the table of $p(x_1, x_2) = \int p(x_1 \mid z)\, p(x_2 \mid z)\, N(z; 0, 1)\, dz$, of shape `(2, 2)` with $x_1$ along the rows, and the correlation of $x_1$ and $x_2$ that it implies, a number or a tensor of
# shape `()`. There is no closed form, so add up the integrand on a grid of $z$, times its step. Both answers must be right to five significant digits (a correlation of zero to seven decimals), also for slopes of 60, where the sigmoid is nearly a step; intercepts lie within ten of zero.
#
# For a coin with $p = P(x = 1)$ the variance is $p(1 - p)$, and $\mathrm{Cov}(x_1, x_2) = P(x_1 = 1, x_2 = 1) - p_1 p_2$.

# %% exercise="01_correlation"
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    """The joint distribution of two coins with one hidden cause, and their correlation.

    Args:
        intercepts, slopes: a and b, (2,) each.

    Returns:
        p(x1, x2), (2, 2) with x1 along the rows; and the correlation of x1 and x2, ().
    """
    ### BEGIN SOLUTION
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    weight = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(intercepts.unsqueeze(-1) + slopes.unsqueeze(-1) * z)           # (2, grid)
    first, second = (torch.stack([1 - row, row]) for row in p)                       # (2, grid) each: x = 0, x = 1
    table = torch.einsum("iz,jz,z->ij", first, second, weight)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()
    ### END SOLUTION


# %% check="01_correlation"
check("01_correlation", two_bernoullis)

# %% [markdown]
# <details><summary>Symptom: the table is the product of its margins, and the correlation is zero</summary>
#
# Multiply first, integrate afterwards. $\int p(x_1 \mid z) p(x_2 \mid z) p(z) dz$ is not the product of two integrals: that would give each coin a $z$ of its own.
#
# </details>
# <details><summary>Symptom: the table is right, the correlation too large</summary>
#
# The variance in the denominator is that of the *coin*, $p(1 - p)$, not the variance of its probability $\mathrm{sigmoid}(a + bz)$ over $z$.
#
# </details>
# <details><summary>Symptom: nearly right, everywhere or only for the steep sigmoid</summary>
#
# Everywhere: the grid ends too early. From $-3$ to $3$ lie 99.7 per cent of a standard normal, and five digits are asked: go to $-8$ and $8$.
#
# With a slope of 60 the sigmoid climbs within a few hundredths. The points of the grid must lie closer than that; Gauss-Hermite points for a standard normal are about $0.45$ apart near zero, even with 48 of them.
#
# </details>

# %% [markdown]
# **Predicted and measured.** Your quadrature of exercise 4 against your sampler of exercise 1, on the same graph. Do the points lie on the bars? And before you look at the right panel: will the correlation reach 1?

# %%
noise = torch.Generator().manual_seed(2)
coin_parents = {"x1": ("z",), "x2": ("z",), "z": ()}
coin_draw = {"z": lambda n: torch.randn(n, generator=noise, dtype=torch.float64)}
for i, name in enumerate(("x1", "x2")):
    coin_draw[name] = lambda n, z, i=i: torch.bernoulli((intercepts[i] + slopes[i] * z).sigmoid(), generator=noise)
with when_written():
    table, correlation = two_bernoullis(intercepts, slopes)
    coins = ancestral_sample(coin_parents, coin_draw, 5000)
    samples = torch.stack([coins["x1"], coins["x2"]], -1)
    strengths = torch.arange(0, 8.5, 0.5, dtype=torch.float64)
    correlations = [float(two_bernoullis(intercepts, b.expand(2))[1]) for b in strengths]
    print(f"correlation: predicted {float(correlation):.4f}, measured {torch.corrcoef(samples.T)[0, 1].item():.4f} ± 0.014")
    show(targets.common_cause(intercepts, slopes, table, samples, strengths, correlations),
         alt="The same figure; once exercises 1 and 4 are done, the solid bars fill the dashed ones, the measured shares lie on them within two "
             "errors, and the points of the right panel follow the dashed curve.")

# %% [markdown] solution_only="01_correlation"
# **Derivation.** $p(x_1, x_2) = \int p(z) \prod_i p(x_i \mid z)\,dz$: the factorization of the graph, with the latent integrated out. Everything else is arithmetic on a two by two table.
#
# **The code.** For a smooth integrand that has died out at both ends the plain sum converges faster than any power of the step, until the step is comparable to the width of the sigmoid, $1 / b$.
#
# **What to notice.** The correlation never reaches 1 here: with $a_1 \ne a_2$ the thresholds $-a_i / b$ differ at every finite $b$, and near them the coins are still coins. For $b \to \infty$ both coins become steps of the same $z$ and the
# thresholds meet at zero, so the curve creeps towards 1. (The standard error of a correlation from $5{,}000$ pairs, near zero, is about $1 / \sqrt{5000} = 0.014$.)

# %% [markdown]
# ---
# ## 5. A mixed model
#
# $$y_n = c_n^\top \beta + z_{g(n)} + \epsilon_n, \qquad z_g \sim N(0, \tau^2), \quad \epsilon_n \sim N(0, \sigma^2).$$
#
# Rows of one group share a latent $z_g$. Integrating it out leaves a Gaussian: think about the mean of $y$, about the variance of one row, about the covariance of two rows of one group, and of two groups.
#
# **Exercise 5: `mixed_log_likelihood`.** *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# Return $\log p(y)$, one number. `y` is `(N,)`, `design` holds the rows $c_n$, `(N, p)`; `groups` is `(N,)`, whole numbers, in **any** order and with gaps; `beta` is `(p,)`; `tau` and `sigma` are standard deviations.
# `tau` may be zero.

# %% exercise="01_mixed"
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    """log p(y) of a linear model with random intercepts, the intercepts integrated out.

    Args:
        y: responses, (N,).
        design: covariates, (N, p).
        groups: the group of each row, (N,), whole numbers.
        beta: fixed effects, (p,).
        tau, sigma: standard deviations of random intercepts and of noise.

    Returns:
        The log-likelihood, ().
    """
    ### BEGIN SOLUTION
    residual = y - design @ beta
    together = (groups.unsqueeze(-1) == groups).to(y.dtype)                          # (N, N): one where two rows share a group
    covariance = tau**2 * together + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    root = torch.linalg.cholesky(covariance)
    whitened = torch.linalg.solve_triangular(root, residual.unsqueeze(-1), upper=False)
    half_log_det = root.diagonal().log().sum()
    return -0.5 * whitened.square().sum() - half_log_det - 0.5 * len(y) * math.log(2 * math.pi)
    ### END SOLUTION


# %% check="01_mixed"
check("01_mixed", mixed_log_likelihood)

# %% [markdown]
# <details><summary>Symptom: right for tau = 0, wrong elsewhere</summary>
#
# `tau` and `sigma` are standard deviations. What do two rows of one group have in common, and what a row with itself? `groups.unsqueeze(-1) == groups` says who belongs together.
#
# </details>
# <details><summary>Symptom: right on the small panel, wrong when the rows are shuffled</summary>
#
# You rely on the rows of a group standing together, or on labels running from 0 without gaps. Compare labels, or use `torch.unique(groups, return_inverse=True)`.
#
# </details>
# <details><summary>Symptom: infinite for six hundred rows</summary>
#
# A determinant of 600 factors underflows. Take `torch.linalg.slogdet`, or twice the sum of the logarithms of a Cholesky factor's diagonal; or let `MultivariateNormal` do it.
#
# </details>

# %% [markdown]
# **Against another program.** Eleven American firms over twenty years: gross investment, explained by the firm's market value and its stock of capital (Grunfeld's panel, 1935 to 1954, which comes with statsmodels). `MixedLM` fits
# the same model by maximum likelihood. Do you get its log-likelihood at its own estimates?
#
# Mind `reml=False`. By default statsmodels maximizes the *restricted* likelihood, in which $\beta$ is integrated out as well: another number, and a different question.

# %%
import statsmodels.api as sm

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    panel = sm.datasets.grunfeld.load_pandas().data
    fit = sm.MixedLM(panel.invest, sm.add_constant(panel[["value", "capital"]]), groups=panel.firm).fit(reml=False)
y = torch.tensor(panel.invest.to_numpy(copy=True))
design = torch.tensor(sm.add_constant(panel[["value", "capital"]]).to_numpy(copy=True))
firm = torch.tensor(panel.firm.astype("category").cat.codes.to_numpy(copy=True)).long()
beta = torch.tensor(fit.fe_params.to_numpy(copy=True))
tau, sigma = torch.tensor(float(fit.cov_re.iloc[0, 0])).double().sqrt(), torch.tensor(float(fit.scale)).double().sqrt()
print(f"statsmodels: log-likelihood {fit.llf:.6f} at tau = {tau:.2f}, sigma = {sigma:.2f}, beta = {beta.tolist()}")
with when_written():
    print(f"yours:       log-likelihood {float(mixed_log_likelihood(y, design, firm, beta, tau, sigma)):.6f}")

# %%
taus = torch.linspace(15, 250, 48, dtype=torch.float64)
yours = []
with when_written():
    yours = [float(mixed_log_likelihood(y, design, firm, beta, value, sigma)) for value in taus]
show(targets.panel_profile(y, design, firm, beta, float(sigma), taus, (float(tau), float(fit.llf)), yours),
     alt="The log-likelihood of Grunfeld's panel over tau: a dashed hill that is steep on the left and slow to fall on the right, with its top "
         "at tau = 77, where a star marks the fit of statsmodels. Once exercise 5 is done your points lie on the curve.")

# %% [markdown] solution_only="01_mixed"
# **Derivation.** $y$ is a linear map of independent Gaussians, so it is Gaussian. Its mean is $C\beta$. Two rows share $z_g$ if their groups agree, so $\mathrm{Cov}(y_m, y_n) = \tau^2\, [g(m) = g(n)] + \sigma^2\, [m = n]$.
#
# **The code** writes that down and lets a Cholesky factor do the rest: $N^3$ operations. Since groups are independent the covariance is made of blocks $\tau^2 \mathbf 1 \mathbf 1^\top + \sigma^2 I$, for which Woodbury's identity gives inverse and
# determinant in closed form, $N$ operations in all: with $n_g$ rows and residual sum $S_g$ in group $g$, the quadratic form is $\frac{1}{\sigma^2} \sum r^2 - \sum_g \frac{\tau^2}{\sigma^2 (\sigma^2 + n_g \tau^2)} S_g^2$. The *(stretch)* below asks
# for it.
#
# **What to notice.** The profile over $\tau$ is lopsided: eleven firms rule out small differences between them, and hardly rule out large ones. And the answer agrees with statsmodels to all printed digits, because both are exact.

# %% [markdown]
# *(stretch, not graded)* Your likelihood costs $N^3$ operations if you used the dense covariance. With Woodbury's identity it costs $N$. Write that version in a cell of your own, hand it to the check, and time both on 5,000 rows.

# %% [markdown]
# ---
# ## 6. Tracking
#
# A state moves, and we see it through noise: $z_t \mid z_{t-1} \sim N(A z_{t-1}, Q)$, $\;x_t \mid z_t \sim N(C z_t, R)$. A ship is sighted again and again, imprecisely; the filter keeps, after each sighting, the whole posterior of where it is.

# %%
ship = tracker.tracker()
flat_x, flat_z = (value[0] for value in ship.sample(1, torch.Generator().manual_seed(28)))
show(tracker.track(ship, flat_x, flat_z),
     alt="Left: the course of a ship, noisy sightings around it, and the filtered course, with ellipses that shrink after the first steps. Right: the "
         "distance from the truth is smaller for the filter than for the sightings.")

# %% [markdown]
# **Exercise 6: `kalman_step`.** *Difficulty* 3/5 · *Importance* 4/5 · 25 minutes
#
# You know $z_{t-1} \mid x_{1..t-1} \sim N(m, P)$. **Predict**: what is the distribution of $z_t$ before $x_t$ is seen? **Compare**: what is that of $x_t$? **Correct**: condition on $x_t$. Return the mean `(d,)` and
# the covariance `(d, d)` of $z_t \mid x_{1..t}$, and $\log p(x_t \mid x_{1..t-1})$, a number.
#
# All you need is Gaussian conditioning. If $\binom{u}{v} \sim N\Big(\binom{a}{b}, \begin{pmatrix} F & G \\ G^\top & H \end{pmatrix}\Big)$, then
# $u \mid v \sim N\big(a + G H^{-1} (v - b),\; F - G H^{-1} G^\top\big)$.

# %% exercise="01_kalman"
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From p(z_{t-1} | x_1..x_{t-1}) = N(mean, cov) to p(z_t | x_1..x_t).

    Args:
        mean, cov: (d,) and (d, d).
        x: the new datum, (p,).
        transition, emission: A (d, d) and C (p, d).
        transition_cov, emission_cov: Q (d, d) and R (p, p).

    Returns:
        The new mean (d,), the new covariance (d, d), and log p(x_t | x_1..x_{t-1}), ().
    """
    ### BEGIN SOLUTION
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov          # predict
    inner = emission @ cov @ emission.T + emission_cov                                       # compare: covariance of x_t
    surprise = x - emission @ mean
    log_term = torch.distributions.MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
    gain = torch.linalg.solve(inner, emission @ cov).T                                       # P C' S^-1
    return mean + gain @ surprise, cov - gain @ emission @ cov, log_term                     # correct
    ### END SOLUTION


# %% check="01_kalman"
check("01_kalman", kalman_step)

# %% [markdown]
# <details><summary>Symptom: mean and covariance are both wrong</summary>
#
# Predict first: what do $A$ and $Q$ make of the mean and the covariance of $z_{t-1}$? From there on use the predicted ones, everywhere.
#
# </details>
# <details><summary>Symptom: the mean is right, the covariance is not</summary>
#
# $u$ is $z_t$ and $v$ is $x_t$: work out all three blocks, $F$, $G$ and $H$, from the *predicted* covariance. The last term of the formula is subtracted: a datum takes uncertainty away.
#
# </details>
# <details><summary>Symptom: the state is right, the log-density is not</summary>
#
# It belongs to the *prediction*: $N(x_t;\, C \hat m,\, C \hat P C^\top + R)$ with the predicted $\hat m$, before the datum was used.
#
# </details>

# %% [markdown]
# Your filter on the ship, and the sum of your log terms against one dense Gaussian over all 80 measured numbers. (The first state has no predecessor: $p(z_1)$ must be given. To use your step for $t = 1$ as well, we
# start it one step earlier, with a state for which $A m = m_1$ and $A P A^\top + Q = P_1$.)

# %%
with when_written(), torch.no_grad():
    A, C = ship.transition, ship.emission
    Q, R, P1 = (root @ root.T for root in (ship.transition_root, ship.emission_root, ship.initial_root))
    back = torch.linalg.inv(A)
    m, P, total, steps = back @ ship.initial_loc, back @ (P1 - Q) @ back.T, 0.0, []
    for x_t in flat_x.view(-1, 2):
        m, P, log_term = kalman_step(m, P, x_t, A, C, Q, R)
        total += float(log_term)
        steps.append((torch.as_tensor(m), torch.as_tensor(P)))
    dense = tracker.dense_series(ship)                                                  # N(mean, covariance) of all 80 numbers at once
    print(f"sum of your 40 log terms {total:.8f}, one dense Gaussian {dense.log_prob(flat_x).item():.8f}")
    show(tracker.track(ship, flat_x, flat_z, steps),
         alt="The same figure, once exercise 6 is done: your points lie on the dashed line of the filter, with your ellipses around them.")

# %% [markdown] solution_only="01_kalman"
# **Derivation.** $z_t = A z_{t-1} + \text{noise}$ and $x_t = C z_t + \text{noise}$ are linear, so $(z_t, x_t)$ given the past is jointly Gaussian with mean $(\hat m, C \hat m)$ and covariance blocks $\hat P$, $\hat P C^\top$,
# $S = C \hat P C^\top + R$, where $\hat m = A m$ and $\hat P = A P A^\top + Q$. Condition on $x_t$.
#
# **The code** is four lines. `P - K C P` is the shortest form; with a nearly noiseless instrument it can lose symmetry, and Joseph's form $(I - KC) \hat P (I - KC)^\top + K R K^\top$, which `LinearGaussianSSM` uses, is safer.
#
# **What to notice.** The log terms add up to $\log p(x_1, \dots, x_T)$ by the chain rule $p(x_{1..T}) = \prod_t p(x_t \mid x_{1..t-1})$: the filter gets the evidence for free, in time linear in $T$, where the dense Gaussian needs $T^3$.

# %% [markdown]
# ---
# ## 7. A model without a recipe
#
# Spins $s_i \in \{-1, 1\}$ on a grid, with $-E(s) = J \sum_{i \sim j} s_i s_j + \sum_i h_i s_i$, where the first sum runs over pairs of neighbours (left and right, above and below, no wrapping around; each pair once). The probability of a
# state is $e^{-E(s)} / Z$, and $Z = \sum_s e^{-E(s)}$ has $2^n$ terms.
#
# **Exercise 7: `grid_log_partition`.** *Difficulty* 3/5 · *Importance* 3/5 · 20 minutes
#
# Return $\log Z$ for a grid of any shape with at most 12 sites, a number. `coupling` is $J$, a tensor of shape `()`; `fields` holds $h$, one number per site, `(rows, columns)`. It must survive $J = \pm 200$, and fields of a thousand.

# %% exercise="01_grid"
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    """log Z of an Ising model on a small grid.

    Args:
        coupling: J, ().
        fields: h, (rows, columns), at most 12 sites.

    Returns:
        log Z, ().
    """
    ### BEGIN SOLUTION
    sites = fields.numel()
    bits = (torch.arange(2**sites).unsqueeze(-1) >> torch.arange(sites)) & 1         # (2^n, n): all numbers below 2^n, in binary
    spins = (2 * bits - 1).to(fields).view(-1, *fields.shape)
    vertical = (spins[:, 1:] * spins[:, :-1]).sum((1, 2))
    horizontal = (spins[:, :, 1:] * spins[:, :, :-1]).sum((1, 2))
    minus_energy = coupling * (vertical + horizontal) + (spins * fields).sum((1, 2))
    return torch.logsumexp(minus_energy, 0)
    ### END SOLUTION


# %% check="01_grid"
check("01_grid", grid_log_partition)

# %% [markdown]
# <details><summary>Symptom: right without coupling, wrong with it</summary>
#
# Count your pairs: a 3 by 3 grid has 6 horizontal and 6 vertical ones. Neither 24 (each twice), nor 18 (wrapped around), nor 20 (diagonals).
#
# </details>
# <details><summary>Symptom: infinite at J = 200</summary>
#
# $e^{2400}$ is too large for floating point. You know a sum of exponentials that stays finite from unit 00.
#
# </details>
# <details><summary>Symptom: I do not know how to list all states</summary>
#
# `itertools.product((-1.0, 1.0), repeat=9)` gives all 512 of them; `torch.cartesian_prod` and `course_vi.exact.enumerate_binary` do so as a tensor. Then reshape to `(512, 3, 3)`.
#
# </details>

# %%
couplings = torch.linspace(-1, 1, 41, dtype=torch.float64)
values = []
with when_written():
    values = [float(grid_log_partition(J, torch.zeros(3, 3, dtype=torch.float64))) for J in couplings]
show(targets.grid_curve(couplings, values),
     alt="Left: log Z over the coupling J, a symmetric bowl with its bottom at 9 log 2 = 6.24. Right: its slope per pair, an S from -1 to 1: the mean of "
         "s s' over neighbours. Once exercise 7 is done, your points and their slopes lie on the dashed curves.")

# %% [markdown] solution_only="01_grid"
# **The code** counts from $0$ to $2^n - 1$ in binary. On long thin grids one can do better: sum out row by row (the transfer matrix), which costs $2^{2 \cdot \text{columns}}$ for each row and not $2^n$. On large square grids nothing
# exact is known to be fast in general.
#
# **What to notice.** $\partial \log Z / \partial J = \mathbb E \sum_{i \sim j} s_i s_j$: the derivative of $\log Z$ is a mean under the model. To *climb* the likelihood of $J$ one needs that mean at every step, which is a sum over
# $2^n$ states again. In a directed model there is no such term, since every factor is normalized by itself. The bowl is symmetric because a grid is bipartite: flip every second spin, and $J$ turns into $-J$.

# %% [markdown]
# ---
# ## 8. What is still worth asking
#
# The blanket answers one question. The general one: some variables are known; whose value could still tell us something about `name`?
#
# Information travels along arrows, in both directions, from neighbour to neighbour. Take three nodes in a row, with the one in the middle known or not: a chain $a \to m \to b$; a fork $a \leftarrow m \to b$; two
# arrows that meet, $a \to m \leftarrow b$. The exam in exercise 1 was one of these. Work out from the factorization, for each of the three and both cases, whether $a$ and $b$ are independent given what is known. Then think of longer roads, and of a
# node *below* $m$ that is known.
#
# **Exercise 8: `may_depend`.** *Difficulty* 4/5 · *Importance* 4/5 · 40 minutes
#
# Return the set of names of all unknown nodes that *may* depend on `name` once the values of `given` are known: those for which some choice of the conditional distributions makes them dependent. All others are independent of it
# given what is known, whatever the distributions are. Neither `name` nor what is given is in the set. Graphs have at most ten nodes.
#
# **Predict first**, on paper: season $\to$ rain, season $\to$ sprinkler, rain $\to$ wet $\leftarrow$ sprinkler, wet $\to$ slippery. Who may tell of rain if nothing is known; if season is; if season and slippery are?

# %% exercise="01_separation"
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    """The nodes that may depend on one, given the values of some.

    Args:
        parents: {name: (parent, ...)}, in any order.
        name: the node.
        given: names of the nodes whose values are known; `name` is not among them.

    Returns:
        Names; neither the node itself is among them, nor what is given.
    """
    ### BEGIN SOLUTION
    children = {node: [child for child, above in parents.items() if node in above] for node in parents}
    news, todo = set(), list(given)                                  # known, or with something known below: the ancestors of what is given
    while todo:
        node = todo.pop()
        news.add(node)
        todo += [parent for parent in parents[node] if parent not in news]
    seen, todo = set(), [(name, "from below")]
    while todo:
        node, source = todo.pop()
        if (node, source) in seen:
            continue
        seen.add((node, source))
        if node not in given:                                        # a chain or a fork is open
            todo += [(child, "from above") for child in children[node]]
        if source == "from below" and node not in given or source == "from above" and node in news:
            todo += [(parent, "from below") for parent in parents[node]]
    return {node for node, _ in seen} - set(given) - {name}
    ### END SOLUTION


# %% check="01_separation"
check("01_separation", may_depend)

# %% [markdown]
# **Predict, then measure.** The garden again, as a linear Gaussian graph with coefficients drawn at random: beside your answer the exact partial correlation of rain with each of the others, given what is known.

# %%
with when_written():
    garden = {"wet": ("rain", "sprinkler"), "rain": ("season",), "sprinkler": ("season",), "slippery": ("wet",), "season": ()}
    for given in (set(), {"season"}, {"season", "slippery"}):
        yours = may_depend(garden, "rain", given)
        print(f"known: {', '.join(sorted(given)) or 'nothing'}")
        for other, r in targets.partial_correlations(garden, "rain", given).items():
            print(f"    {other:10s} partial correlation {r:+.3f}   you say: {'may depend' if other in yours else 'independent'}")

# %% [markdown]
# <details><summary>Symptom: right where nothing is known, wrong where something is</summary>
#
# What is known does two things. Of chains and forks it takes the middle away. Where two arrows meet it does the opposite: think of the exam, where passing made talent and effort dependent.
#
# </details>
# <details><summary>Symptom: wrong only where something below is known</summary>
#
# Slippery is news of wet. If wet joins its causes when it is known, does a wet shoe not join them, too?
#
# </details>
# <details><summary>Symptom: I visit a node once and miss some roads</summary>
#
# Whether one may go on depends on where one came from: from a child all ways are open (if the node is unknown); from a parent the children are, and the other parents only if there is news of the node. So remember pairs, the node and
# where you came from.
#
# </details>

# %% [markdown] solution_only="01_separation"
# **The three rows.** In a chain $p(a)\,p(m \mid a)\,p(b \mid m)$ and in a fork $p(m)\,p(a \mid m)\,p(b \mid m)$ the joint falls into two factors once $m$ is fixed: independent given $m$, dependent without. Where arrows meet, $p(a)\,p(b)\,p(m \mid a, b)$,
# summing $m$ out leaves $p(a)\,p(b)$: independent without, dependent given $m$. And $p(m \mid a, b)$ times the probability of something below $m$ is again a function of both $a$ and $b$.
#
# **The predictions.** Nothing known: all four. Season known: wet and slippery, which rain causes; the sprinkler no more. Season and slippery known: wet, and the sprinkler, which explains a wet shoe away.
#
# **The name.** Nodes that no open road joins are *d-separated* (Pearl, 1988). The walk is known as Bayes ball (Shachter, 1998). The other way is as short: two nodes are separated by what is given if they are separated, in the ordinary sense, in the *moral graph of the
# ancestors* of all of them. Both take time linear in the graph; listing roads does not.
#
# **What to notice.** "May": with special numbers two nodes can be independent in spite of an open road, as when two effects cancel. The graph promises independences, never dependences.

# %% [markdown]
# ---
# ## 9. A grid too large to list
#
# The model of exercise 7 on grids of up to 240 sites, whose states no machine will ever list. The shorter side has at most six sites; the longer up to forty. You want $\log Z$, and $\mathbb E\, s_i$ of *every* site.
#
# Take the sum of exercise 7, and pull out of it what does not depend on the row that you sum over. What remains of a row once it is summed out is a function of the *next* row alone: how many numbers is that?
#
# **Exercise 9: `spin_means`.** *Difficulty* 4/5 · *Importance* 3/5 · 40 minutes
#
# Return $\log Z$, a number, and the means, of the shape of `fields`. It must survive $J = \pm 60$, and fields of several hundred. Eight digits are asked. A grid may be longer than wide or wider than long; a grid of 6 by 40 takes well under a second.

# %% exercise="01_long_grid"
def spin_means(coupling: Tensor, fields: Tensor) -> tuple[Tensor, Tensor]:
    """log Z of an Ising model on a grid with a short side, and the mean of every spin.

    Args:
        coupling: J, ().
        fields: h, (rows, columns), of which one is at most 6.

    Returns:
        log Z, (), and E s, (rows, columns).
    """
    ### BEGIN SOLUTION
    turned = fields.shape[1] > fields.shape[0]
    grid = fields.T if turned else fields
    columns = grid.shape[1]
    states = (2 * ((torch.arange(2**columns)[:, None] >> torch.arange(columns)) & 1) - 1).to(fields)   # (2^columns, columns)
    within = coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + grid @ states.T                     # (rows, 2^columns)
    between = coupling * states @ states.T
    down, up = [within[0]], [torch.zeros_like(within[0])]
    for row in within[1:]:                                                       # all above this row, with it
        down.append(row + torch.logsumexp(down[-1][:, None] + between, 0))
    for row in within[1:].flip(0):                                               # all below this row, without it
        up.append(torch.logsumexp(between + row + up[-1], 1))
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.exp(torch.stack(down) + torch.stack(up[::-1]) - log_z) @ states
    return log_z, means.T if turned else means
    ### END SOLUTION


# %% check="01_long_grid"
check("01_long_grid", spin_means)

# %% [markdown]
# **The figure to aim for**: how far is one row felt? A field of 3 on the first row of forty, and none elsewhere. For a chain, one column, the mean falls as the dashed lines say, exactly. What do you expect of strips that are two, four and six columns wide?

# %%
widths = {}
with when_written():
    for width in (1, 2, 4, 6):
        pinned = torch.zeros(40, width, dtype=torch.float64)
        pinned[0] = 3.0
        widths[width] = [torch.as_tensor(spin_means(torch.tensor(J, dtype=torch.float64), pinned)[1])[:, 0] for J in targets.COUPLINGS]
show(targets.felt(widths),
     alt="Two panels, for a weak and a strong coupling: the mean of a spin over its distance from a row that is held up, on a logarithmic scale. "
         "The dashed line of a chain is straight. Once exercise 9 is done, your points for one column lie on it, and those of wider strips show how much farther they carry.")

# %% [markdown]
# <details><summary>Symptom: log Z is right, the means are not</summary>
#
# The chance of a row's state needs *all* other rows summed out: those above and those below. From above you have it already.
#
# </details>
# <details><summary>Symptom: I would need a derivative</summary>
#
# Then take one. What is $\partial \log Z / \partial h_i$? The last paragraph of exercise 7's solution asks the same of $J$.
#
# </details>
# <details><summary>Symptom: infinite for long grids, or for strong couplings</summary>
#
# Keep logarithms: a message is $\log \sum e^{\dots}$ over the states of one row, `torch.logsumexp(message[:, None] + between, 0)`.
#
# </details>

# %% [markdown] solution_only="01_long_grid"
# **Messages.** $\alpha_r(s_r) = \log \sum_{s_1 \dots s_{r-1}} e^{-E}$ with all terms down to row r, and $\beta_r(s_r)$ the same for all rows below. Each is a table of $2^{\text{columns}}$ numbers, moved on by one $\log\sum\exp$: $40 \cdot 64^2$ terms where the sum has $2^{240} \approx 10^{72}$.
# Then $p(s_r) \propto e^{\alpha_r + \beta_r}$, and the mean is a sum over 64 states. It is the forward-backward algorithm of a hidden Markov model whose state is a whole row.
#
# **The derivative.** $\partial \log Z / \partial h_i = \mathbb E\, s_i$: one backward pass through the forward messages gives all means at once. The messages from below *are* that backward pass.
#
# **What to notice.** For a chain the mean is $\tanh(3)$ at the start and falls by a factor $\tanh J$ a step. Wider strips carry farther; on the infinite square grid, above $J = \tfrac12 \log(1 + \sqrt 2) \approx 0.44$, a row is felt at any distance (Onsager, 1944). No strip of finite width does that.

# %% [markdown]
# ---
# ## 10. In words: boxes, and constants nobody knows
#
# *Difficulty* 3/5 · *Importance* 4/5 · 15 minutes. Marked by a person; 2 points.
#
# In six to nine sentences. (a) You read: "anything inside a box (plate) is conditionally independent of everything outside it." Give a model for which this is false, and say which
# statement is true instead. (b) In the mixed model of exercise 5, are two rows of one group independent? Answer for $z_g$ known and for $z_g$ unknown. (c) Someone puts a prior on the coupling $J$ of exercise 7 and wants to
# sample $J \mid s$ with the Metropolis-Hastings algorithm. Which quantity in the acceptance probability cannot be computed on a large grid, and why does the *other* unknown constant, $p(s) = \int p(J)\, p(s \mid J)\, dJ$, do no harm? Say in one sentence why the same
# algorithm has no such trouble with $\tau$ in exercise 5.

# %% [markdown] written="01_written"
# (a) Take $\theta \sim N(0, 1)$ outside a plate and $y_n \mid \theta \sim N(\theta, 1)$ inside. $y_n$ depends on $\theta$, which is outside: that is what the arrow says. What a plate states is replication: the copies inside are
# independent of each other *given their parents outside*. (And the whole factorizes as $p(\theta) \prod_n p(y_n \mid \theta)$.)
#
# (b) Given $z_g$ (and $\beta$, $\sigma$) they are independent, because their noises are. With $z_g$ unknown they have covariance $\tau^2$, so they are dependent unless $\tau = 0$.
#
# (c) The acceptance ratio contains $p(s \mid J') / p(s \mid J) = e^{E_J(s) - E_{J'}(s)}\, Z(J) / Z(J')$. The ratio of the partition functions is a sum over $2^n$ states, twice, at every proposal. The evidence $p(s)$ does not depend on $J$, so it cancels
# from the ratio. Two unknown constants, one on top of the other, of which only one cancels: hence *doubly intractable*. In exercise 5 the likelihood $p(y \mid \tau)$ is a product of conditional densities with known constants, integrated in
# closed form, so the ratio can be computed.
#
# === BEGIN MARK SCHEME ===
# Half a point for each of the four:
# - (a) a counterexample with an arrow that crosses the border of the plate (a parameter and its data will do), and the right statement: copies are independent of each other given their parents outside (not marginally, and not of the outside).
# - (b) independent given z_g; dependent, with covariance tau squared, when z_g is not known.
# - (c) names Z(J) / Z(J') as the obstacle, and says that it depends on J (the sum over all states must be redone for each J).
# - (c) says that p(s) cancels because it does not depend on J, and that in the mixed model (or: in a directed model, factor by factor) the likelihood is normalized by itself.
# === END MARK SCHEME ===

# %% [markdown]
# ---
# **Done.** The sampler and the joint are `course_vi.graph.BayesNet`, the mixed model is `LinearMixedModel`, the filter is `LinearGaussianSSM`, the grid is `IsingModel`: open these files, they are short, and you have written their cores. Unit 02 asks what to do when the
# integral over the latents has no closed form.
