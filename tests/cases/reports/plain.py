# %% [markdown]
# # Does the line help?
#
# Outcomes of 400 people with one input each; 120 of them lie behind the door.

# %%
import math

import torch

from course_vi.study import Study, Table


def people():
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(400, 1, generator=generator, dtype=torch.float64)
    return Table(x, 1.5 * x[:, 0] + torch.randn(400, generator=generator, dtype=torch.float64))


study = Study(people(), held_out=120)


# %%
def line(data):
    design = torch.cat([torch.ones_like(data.x), data.x], 1)
    weights = torch.linalg.lstsq(design, data.y.unsqueeze(1)).solution
    scale = (data.y - (design @ weights)[:, 0]).std()
    return weights[:, 0], scale


def constant(data):
    return torch.stack([data.y.mean(), torch.zeros((), dtype=torch.float64)]), data.y.std()


def score(fitted, data):
    (weights, scale) = fitted
    mean = weights[0] + weights[1] * data.x[:, 0]
    return -0.5 * ((data.y - mean) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)


def held(model):
    def arm(data, seed):
        fit, test = data.split(100, torch.Generator().manual_seed(seed))
        return score(model(fit), test).mean()

    return arm


# %%
study.measured("spread", "the spread of outcomes", lambda data: data.y.std())
study.compare("line", "the line scores better than a constant", {"line": held(line), "constant": held(constant)}, seeds=range(8))

# %% [markdown]
# The outcomes have a standard deviation of about 1.8 [spread]. Over 8 seeds the line scores better by 0.59 nats [line], 100 people for the
# fit of each.

# %%
study.given("people of a fit", 100)


def how(data, seed):
    folds = torch.randperm(data.size, generator=torch.Generator().manual_seed(seed)).chunk(5)
    parts = []
    for fold in folds:
        mask = torch.ones(data.size, dtype=torch.bool)
        mask[fold] = False
        parts.append(score(line(data.rows(mask)), data.rows(fold)))
    each = torch.cat(parts)
    error = each.std() * math.sqrt(1 / 120 + 1 / len(each))
    return each.mean(), each.mean() - 1.96 * error, each.mean() + 1.96 * error


study.forecast("the line on all people in hand", how)

# %%
rows = study.open(lambda data, seed: lambda test: score(line(data), test))

# %% [markdown]
# Forecast: −1.42, with a 95% interval of half-width 0.14 [forecast]. It came to −1.45 ± 0.07 [score], inside.
