# %% right neighbours: Sets of neighbours among the latents, eliminated from first to last.
import itertools


def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {name: set() for name in order}
    for child, above in parents.items():
        family = [node for node in (child, *above) if node in place]
        for a, b in itertools.combinations(family, 2):
            near[a].add(b)
            near[b].add(a)
    pairs = set()
    for name in order:
        later = [node for node in near[name] if place[node] > place[name]]
        pairs |= {(place[node], place[name]) for node in later}
        for a, b in itertools.combinations(later, 2):
            near[a].add(b)
            near[b].add(a)
    return pairs


# %% right matrix: A symmetric table of zeros and ones; the Schur complement without numbers.
import torch


def posterior_pattern(parents, order):
    names = list(parents)
    families = torch.zeros(len(names), len(names))
    for row, name in enumerate(names):
        families[row, row] = 1
        for parent in parents[name]:
            families[row, names.index(parent)] = 1
    keep = [names.index(name) for name in order]
    table = (families.T @ families)[keep][:, keep] > 0
    for k in range(len(order)):
        rest = table[k + 1:, k]
        table[k + 1:, k + 1:] |= rest[:, None] & rest[None, :]
    return table.tril(-1).nonzero().tolist()


# %% right paths: Each pair by a search: is there a path between them through earlier latents only?
def posterior_pattern(parents, order):
    def touch(a, b):
        return any(a in (child, *above) and b in (child, *above) for child, above in parents.items())

    found = []
    for j in range(len(order)):
        for i in range(j + 1, len(order)):
            reached, todo = {j}, [j]
            while todo:
                here = todo.pop()
                for other in [*range(j), i]:
                    if other not in reached and touch(order[here], order[other]):
                        reached.add(other)
                        if other != i:
                            todo.append(other)
            if i in reached:
                found.append((i, j))
    return found


# %% right numbers: The graph is given random numbers, and the precision is factorized.
import numpy as np


def posterior_pattern(parents, order):
    rng, names = np.random.default_rng(0), list(parents)
    root = np.eye(len(names))
    for row, name in enumerate(names):
        for parent in parents[name]:
            root[row, names.index(parent)] = rng.uniform(0.5, 1.5) * rng.choice([-1, 1])
    keep = [names.index(name) for name in order]
    factor = np.linalg.cholesky((root.T @ root)[np.ix_(keep, keep)])
    return np.argwhere(np.abs(np.tril(factor, -1)) > 1e-9)


# %% wrong no_coparents, from right neighbours: Only parents and children are coupled.
# diagnosis: no_coparents
#-         for a, b in itertools.combinations(family, 2):
#+         for a, b in [(child, parent) for parent in above if child in place and parent in place]:


# %% wrong observed_children, from right neighbours: Only what is known is thought to marry its parents.
# diagnosis: observed_children_only
#-         for a, b in itertools.combinations(family, 2):
#+         for a, b in itertools.combinations(family, 2) if child not in place else [(child, parent) for parent in above if parent in place]:


# %% wrong prior, from right neighbours: The factors of the data are left out: this is the prior.
# diagnosis: data_ignored
#-         family = [node for node in (child, *above) if node in place]
#+         family = [node for node in (child, *above) if node in place] if child in place else []


# %% wrong no_fill, from right neighbours: The zeros of the precision are taken for those of its factor.
# diagnosis: no_fill
#-         for a, b in itertools.combinations(later, 2):
#-             near[a].add(b)
#-             near[b].add(a)


# %% wrong last_first, from right neighbours: The last latent is eliminated first, as for L' L.
# diagnosis: other_convention
#-     for name in order:
#-         later = [node for node in near[name] if place[node] > place[name]]
#-         pairs |= {(place[node], place[name]) for node in later}
#+     for name in reversed(order):
#+         later = [node for node in near[name] if place[node] < place[name]]
#+         pairs |= {(place[name], place[node]) for node in later}


# %% wrong covariance, from right paths: Two latents are coupled if any path joins them, as in the covariance.
# diagnosis: covariance
#-                 for other in [*range(j), i]:
#+                 for other in range(len(order)):


# %% wrong observed_kept, from right numbers: The covariance of the latents is inverted, the data left unknown: they are averaged out, not conditioned on.
# diagnosis: property
#-     factor = np.linalg.cholesky((root.T @ root)[np.ix_(keep, keep)])
#+     factor = np.linalg.cholesky(np.linalg.inv(np.linalg.inv(root.T @ root)[np.ix_(keep, keep)]))


# %% wrong observed_eliminated, from right neighbours: Observed nodes are eliminated first, as if they were latent.
# diagnosis: observed_not_removed
#-     place = {name: k for k, name in enumerate(order)}
#-     near = {name: set() for name in order}
#+     latent, order = set(order), [name for name in parents if name not in order] + list(order)
#+     place = {name: k for k, name in enumerate(order)}
#+     near = {name: set() for name in order}
#@@
#-     return pairs
#+     shift = len(order) - len(latent)
#+     return {(i - shift, j - shift) for i, j in pairs if j >= shift}


# %% wrong siblings, from right neighbours: Children of one parent are coupled, too.
# diagnosis: siblings
#-     pairs = set()
#+     for parent in parents:
#+         below = [child for child in order if parent in parents[child]]
#+         for a, b in itertools.combinations(below, 2):
#+             near[a].add(b)
#+             near[b].add(a)
#+     pairs = set()


# %% wrong listed, from right matrix: Places are counted in the order of the dictionary.
# diagnosis: order_of_the_dictionary
#-     keep = [names.index(name) for name in order]
#+     keep = [k for k, name in enumerate(names) if name in order]


# %% wrong all_pairs, from right paths: Every pair is returned: it suffices.
# diagnosis: everything
#-             if i in reached:
#-                 found.append((i, j))
#+             found.append((i, j))


# %% wrong upper, from right matrix: Columns come first.
# diagnosis: upper
#-     return table.tril(-1).nonzero().tolist()
#+     return table.triu(1).nonzero().tolist()


# %% wrong one_round, from right matrix: Fill-in is computed from the couplings as they were, and what is filled in fills in nothing more.
# diagnosis: property
#-     for k in range(len(order)):
#-         rest = table[k + 1:, k]
#-         table[k + 1:, k + 1:] |= rest[:, None] & rest[None, :]
#+     before = table.clone()
#+     for k in range(len(order)):
#+         rest = before[k + 1:, k]
#+         table[k + 1:, k + 1:] |= rest[:, None] & rest[None, :]
