# %% [markdown]
# # Capstone · Who goes to the doctor?
#
# You have written models, families, bounds and gradients, each beside an exact answer that said whether it was right. Here is a data set
# without one. You choose all four, you defend each choice by a measurement, and before you look you say what your model will score on
# people that it has not seen. What you hand in is a **report**: a notebook of about 1,500 words that runs from top to bottom.
#
# Allow twenty hours, of which the writing takes five. Work alone or in twos. Any unit up to [unit 13](13_variational_autoencoders.ipynb)
# may be of use, and [unit 10](10_tighter_bounds.ipynb) more than others.
#
# ## 1. The data
#
# From 1974 to 1982 the RAND Health Insurance Experiment gave families insurance plans *by lot*, from free care to plans that left most of
# the bill to the family, and counted their visits to a doctor. `doctor_visits()` returns those people who can be told apart in the published
# file and were enrolled for three years. For each there are nine inputs (four of the plan, five of health) and three outcomes, the visits of
# each year. Its help says how the people were found, and whom that leaves out.
#
# The outcomes are counts, many of them zero and a few very large. A person appears three times. Nobody wrote down how unwell each of them
# felt: that is your latent variable, and what you assume of it decides what your model can say.
#
# ## 2. What you decide
#
# | choice | ask | defend it by |
# |---|---|---|
# | model $p_\theta(x, z)$ | What varies from year to year, and what stays with a person? What do the inputs change? | scores of people left out, against at least two simpler models |
# | family $q_\phi(z \mid x)$ | What does the posterior look like for someone with no visit, with thirty? | the gap to an exact answer, where you can have one (a latent in one dimension can be integrated) |
# | bound | Is a tighter one worth its price here? | what it changes in the score, at equal work |
# | gradient | Which estimators are open to you, and how noisy are they at *your* q? | variances at the same parameters, times cost |
#
# Not every choice will matter. "No difference was seen, and one of this size would have been" is a finding, and worth as much as its
# opposite.
#
# The **score** of a report is the mean of $\log p(y_i \mid x_i)$ over people $i$ left out, in nats a person, all three years together. If your
# model has no closed form for it, estimate it, and say what the estimate's error is and which way it errs: the logarithm of an unbiased estimate is too low on average.
#
# ## 3. The form
#
# Whatever you claim in numbers you claim through a `Study`. It splits the people once, keeps a third behind a door, and
# records what you say with the functions that gave the numbers, so that anyone can run them again.

# %%
from course_vi.study import Study, doctor_visits

study = Study(doctor_visits(), held_out=1000)
no_visit = study.measured("no visit", "share of years without a visit", lambda data: (data.y == 0).double().mean())

# %% [markdown]
# A paragraph that quotes a number names its statement in square brackets, as here: about 32% of the years pass without a visit [no visit].
# Besides `measured`, which describes the training data, there are
#
# - `given("steps", 400)`: a number that you chose;
# - `compare(name, sentence, arms, seeds)`: the first of two arms gives more than the second. An *arm* is a function of data and seed that
#   returns one number. Both arms get the same seeds, and the error is that of their differences;
# - `agree(name, sentence, arms, wrong, within, seeds)`: two arms are equal within a tolerance, and an arm with a mistake in it is not;
# - `at_rest(name, sentence, run, steps, within, seeds, serves)`: twice the steps change nothing that matters to the comparisons it serves;
# - `forecast(sentence, how)` and then `open(train)`: what you expect of the people behind the door, with an interval; and what came.
#
# Here is a comparison. Each seed draws people to fit on and people to score; one arm reads the inputs, the other does not.

# %%
import torch


def mean_visits(use_inputs):
    def arm(data, seed):
        fit, test = data.split(data.size // 2, torch.Generator().manual_seed(seed))
        inputs = [one.x if use_inputs else one.x[:, :0] for one in (fit, test)]
        design = [torch.cat([torch.ones(len(one), 1), one], 1) for one in inputs]
        weights = torch.linalg.lstsq(design[0], fit.y.mean(1, keepdim=True)).solution
        return -(design[1] @ weights - test.y.mean(1, keepdim=True)).square().mean()

    return arm


arms = {"inputs": mean_visits(True), "none": mean_visits(False)}
found = study.compare("inputs", "inputs improve the prediction of a person's mean visits", arms, seeds=range(8))

# %% [markdown]
# `help(Study)` says the rest.
#
# ## 4. The rules
#
# 1. **Seeds and pairs.** At least five seeds, the first ones, not the best ones. An arm draws everything from the seed that it is handed.
#    Seeds that split the same people again and again tell how sure you are of *these* people; your interval for the score must also allow
#    for those whom you have not met.
# 2. **A claim can fail.** A difference stands from three standard errors on. A tolerance comes with a mistake that breaks it. A claim about what
#    inputs or earlier years tell must fail when outcomes are shuffled; where yours should not, `anyway="..."` says why.
# 3. **Rest.** Compare what is trained only where training has come to rest, and show it with `at_rest`.
# 4. **An exact answer wherever there is one.** Closed forms, quadrature, a model small enough to enumerate.
# 5. **Forecast, then look, once.** `how` computes mean and interval from the training data. After `open` nothing more is chosen. A forecast
#    that misses costs little if you say why it may have missed; one that was made to fit costs the report.
# 6. **Say what failed**, and what would change your mind. A claim that fails raises `Unsound`, and stays in the record: catch it, and say in the sentence
#    that names it that it does not hold. That costs nothing.
#
# ## 5. Check it yourself
#
# The same command serves you and whoever marks you:
#
# ```
# python -m autograder honesty my_report.ipynb
# ```
#
# It runs the report, calls your arms again with the same seeds, with other seeds and with outcomes shuffled, makes forecast and score again
# on other splits, and holds every number of the text to the record. It tells which rule is broken, where, and what to do. It cannot know
# whether your question was worth asking. That is for a reader, as [the rubric](../docs/capstone_rubric.md) says point by point.
#
# A worked specimen, on the same data, is [here](capstone_specimen.ipynb). Open it when your own forecast stands; its choices are not the only
# good ones, and a report that repeats them without a measurement of its own earns nothing for them.
#
# ## 6. Questions to begin with
#
# - Two people made eight visits each: one of them 3, 2 and 3, the other 0, 0 and 8. Which of your models tells them apart?
# - If a plan changes how often people go, does it change whether they go at all, or how often those go who are unwell?
# - What would a model with no latent variable have to believe about a person with forty visits?
# - Which of your numbers would you bet on, and at what odds?
#
# ## Sources
#
# - A. C. Cameron and P. K. Trivedi, *Microeconometrics: Methods and Applications*, Cambridge, 2005, chapter 20. (These data, by other methods.)
# - J. P. Newhouse and the Insurance Experiment Group, *Free for All? Lessons from the RAND Health Insurance Experiment*, Harvard, 1993.
# - B. A. Nosek, C. R. Ebersole, A. C. DeHaven and D. T. Mellor, "The preregistration revolution", PNAS, 2018.
