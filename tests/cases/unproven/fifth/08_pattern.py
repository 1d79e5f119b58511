import itertools
import math
import random

import numpy as np
import torch
from torch import Tensor


# %% right moral_elimination: the moral graph among the latents as sets of neighbours, eliminated in the order of z
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {k: set() for k in range(len(order))}
    for child, of in parents.items():
        family = {place[n] for n in (child, *of) if n in place}
        for k in family:
            near[k] |= family - {k}
    out = set()
    for j in range(len(order)):
        later = {i for i in near[j] if i > j}
        out |= {(i, j) for i in later}
        for i in later:
            near[i] |= later - {i}
    return out


# %% right modular_cholesky: random coefficients in a field of a large prime, Gaussian elimination exact there, the union over three draws
def posterior_pattern(parents, order):
    prime, rng, size = 2**61 - 1, random.Random(5), len(order)
    out = set()
    for _ in range(3):
        m = [[0] * size for _ in range(size)]
        for child, of in parents.items():
            row = {n: rng.randrange(1, prime) for n in (child, *of)}
            weight = rng.randrange(1, prime)
            for a, b in itertools.product(range(size), repeat=2):
                if order[a] in row and order[b] in row:
                    m[a][b] = (m[a][b] + weight * row[order[a]] * row[order[b]]) % prime
        for j in range(size):
            inverse = pow(m[j][j], prime - 2, prime)
            for i in range(j + 1, size):
                if m[i][j]:
                    out.add((i, j))
                    f = m[i][j] * inverse % prime
                    for k in range(j, size):
                        m[i][k] = (m[i][k] - f * m[j][k]) % prime
    return out


# %% right bayes_ball: (i, j) is in the pattern where i and j are d-connected given the data and all latents after j but i
def posterior_pattern(parents, order):
    children = {n: [] for n in parents}
    for child, of in parents.items():
        for n in of:
            children[n].append(child)

    def reached(start, given):
        above = set()  # those with a descendant in given, themselves included
        stack = list(given)
        while stack:
            n = stack.pop()
            if n not in above:
                above.add(n)
                stack.extend(parents[n])
        seen, todo, hit = set(), [(start, "up")], set()
        while todo:
            n, way = todo.pop()
            if (n, way) in seen:
                continue
            seen.add((n, way))
            if n not in given:
                hit.add(n)
            if way == "up" and n not in given:
                todo += [(p, "up") for p in parents[n]] + [(c, "down") for c in children[n]]
            elif way == "down":
                if n not in given:
                    todo += [(c, "down") for c in children[n]]
                if n in above:
                    todo += [(p, "up") for p in parents[n]]
        return hit

    data = [n for n in parents if n not in order]
    return {
        (i, j)
        for j in range(len(order))
        for i in range(j + 1, len(order))
        if order[i] in reached(order[j], set(data) | {order[k] for k in range(j + 1, len(order)) if k != i})
    }


# %% wrong coefficients_of_one: a numeric Cholesky factor with all coefficients and variances one, in which an arrow and a common child cancel
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    m = np.zeros((len(order), len(order)))
    for child, of in parents.items():
        row = np.zeros(len(order))
        if child in place:
            row[place[child]] = 1
        for n in of:
            if n in place:
                row[place[n]] = -1
        m += np.outer(row, row)
    root = np.linalg.cholesky(m)
    return {(i, j) for i in range(len(order)) for j in range(i) if abs(root[i, j]) > 1e-9}


# %% wrong neighbours_marry: of a child's latent parents only those that stand side by side in its tuple marry, right for two parents
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {k: set() for k in range(len(order))}
    for child, of in parents.items():
        inside = [place[n] for n in of if n in place]
        pairs = list(zip(inside, inside[1:])) + ([(place[child], k) for k in inside] if child in place else [])
        for a, b in pairs:
            near[a].add(b)
            near[b].add(a)
    out = set()
    for j in range(len(order)):
        later = {i for i in near[j] if i > j}
        out |= {(i, j) for i in later}
        for i in later:
            near[i] |= later - {i}
    return out


# %% wrong one_step_fill: fill between the neighbours in the moral graph of each latent, but no fill that comes of fill; right on small loops
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {k: set() for k in range(len(order))}
    for child, of in parents.items():
        family = {place[n] for n in (child, *of) if n in place}
        for k in family:
            near[k] |= family - {k}
    out = {(i, j) for j in near for i in near[j] if i > j}
    for j in near:
        later = sorted(i for i in near[j] if i > j)
        out |= {(i, k) for k, i in itertools.combinations(later, 2)}
    return out


# %% wrong envelope: everything between a row's first entry and the diagonal, as a skyline solver stores it; sufficient, not minimal
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    first = list(range(len(order)))
    for child, of in parents.items():
        family = [place[n] for n in (child, *of) if n in place]
        for k in family:
            first[k] = min(first[k], *family)
    return {(i, j) for i in range(len(order)) for j in range(first[i], i)}


# %% wrong data_eliminated: the observed nodes are eliminated too, before the latents, so a datum with two latent children couples them
def posterior_pattern(parents, order):
    full = [n for n in parents if n not in order] + list(order)
    place = {name: k for k, name in enumerate(full)}
    near = {k: set() for k in range(len(full))}
    for child, of in parents.items():
        family = {place[n] for n in (child, *of)}
        for k in family:
            near[k] |= family - {k}
    out, shift = set(), len(full) - len(order)
    for j in range(len(full)):
        later = {i for i in near[j] if i > j}
        if j >= shift:
            out |= {(i - shift, j - shift) for i in later}
        for i in later:
            near[i] |= later - {i}
    return out


# %% wrong fill_to_next_column: a column hands its entries on to the next column, not to the first that it touches; right for chains in order
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    columns = [set() for _ in order]
    for child, of in parents.items():
        family = sorted(place[n] for n in (child, *of) if n in place)
        for j, i in itertools.combinations(family, 2):
            columns[j].add(i)
    for j in range(len(order) - 1):
        columns[j + 1] |= {i for i in columns[j] if i > j + 1}
    return {(i, j) for j, rows in enumerate(columns) for i in rows}


# %% wrong paths_below_the_row: a path from i to j may pass through all latents before i, where only those before j are eliminated
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    size = len(order)
    touch = np.zeros((size, size), dtype=bool)
    for child, of in parents.items():
        for a, b in itertools.permutations([place[n] for n in (child, *of) if n in place], 2):
            touch[a, b] = True
    out = set()
    for i in range(size):
        reach, todo = set(), [i]
        while todo:
            for k in np.flatnonzero(touch[todo.pop()]):
                if k < i and k not in reach:
                    reach.add(int(k))
                    todo.append(int(k))
        out |= {(i, j) for j in reach}
    return out


# %% wrong whole_families_only: a factor counts only if its child or all of its parents are latent; a datum with one observed and two latent parents is dropped
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {k: set() for k in range(len(order))}
    for child, of in parents.items():
        if child not in place and any(n not in place for n in of):
            continue
        family = {place[n] for n in (child, *of) if n in place}
        for k in family:
            near[k] |= family - {k}
    out = set()
    for j in range(len(order)):
        later = {i for i in near[j] if i > j}
        out |= {(i, j) for i in later}
        for i in later:
            near[i] |= later - {i}
    return out


# %% wrong inverse_pattern: the pattern of L's inverse, by following each column up its elimination tree; the same for chains in order
def posterior_pattern(parents, order):
    place = {name: k for k, name in enumerate(order)}
    near = {k: set() for k in range(len(order))}
    for child, of in parents.items():
        family = {place[n] for n in (child, *of) if n in place}
        for k in family:
            near[k] |= family - {k}
    up = {}
    for j in range(len(order)):
        later = {i for i in near[j] if i > j}
        for i in later:
            near[i] |= later - {i}
        if later:
            up[j] = min(later)
    out = set()
    for j in range(len(order)):
        i = j
        while i in up:
            i = up[i]
            out.add((i, j))
    return out


# %% wrong loose_threshold: one Cholesky factor with random normal coefficients, whose entries below 0.05 count as zeros
def posterior_pattern(parents, order):
    rng = np.random.default_rng(0)
    place = {name: k for k, name in enumerate(order)}
    m = np.zeros((len(order), len(order)))
    for child, of in parents.items():
        row = np.zeros(len(order))
        if child in place:
            row[place[child]] = 1
        for n in of:
            if n in place:
                row[place[n]] = rng.normal()
        m += np.outer(row, row)
    root = np.linalg.cholesky(m)
    return {(i, j) for i in range(len(order)) for j in range(i) if abs(root[i, j]) > 0.05}
