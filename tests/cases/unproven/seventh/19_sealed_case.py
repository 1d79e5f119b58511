import itertools
import math

import numpy as np
import torch


def net(data, prior, likelihood, slots, popped=None):
    """Mean net bits of one person: symbols come as data says, z comes with popped[x, z], and is counted with slots / 16."""
    q = slots.double() / 16
    popped = q if popped is None else popped
    cost = q.clamp_min(1e-300).log2() - prior.clamp_min(1e-300).log2() - likelihood.T.clamp_min(1e-300).log2()
    return float((data[:, None] * popped * cost).sum())


def merged(data):
    """How often each symbol is coded when odd ones are replaced by the one below."""
    out = torch.zeros_like(data)
    out.index_add_(0, torch.arange(len(data)) // 2 * 2, data)
    return out


def tilted(slots, chance):
    """How often each z is popped, (X, S), from four bits that are ones with this chance."""
    numbers = torch.tensor([chance ** bin(n).count("1") * (1 - chance) ** (4 - bin(n).count("1")) for n in range(16)]).double()
    total = torch.cat([torch.zeros(1).double(), numbers.cumsum(0)])
    ends = slots.long().cumsum(1)
    return total[ends] - total[ends - slots.long()]


def best(scores):
    """The assignment with the least sum of scores[person][name]."""
    return list(min(itertools.permutations(("right", "dirty", "lossy")), key=lambda names: sum(scores[i][n] for i, n in enumerate(names))))


# %% right three_closed_forms: what each of the three would give with each person's tables, and the assignment with the least sum of squared z-scores
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        expected = {
            "right": net(data[i], *tables),
            "lossy": net(merged(data[i]), *tables),
            "dirty": net(data[i], *tables, tilted(slots[i], float(tilt[i]))),
        }
        scores.append({name: ((float(bits[i]) - value) / float(errors[i])) ** 2 for name, value in expected.items()})
    return best(scores)


# %% right loops_without_the_dirty_one: NumPy loops over symbols and states; right and lossy are found by their z-scores, over all pairs of persons, and whoever is left has dirty bits
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    bits, errors, data, prior, likelihood, slots = (np.asarray(t, dtype=float) for t in (bits, errors, data, prior, likelihood, slots))

    def pays(i, x):
        total = 0.0
        for z, own in enumerate(slots[i, x]):
            if own > 0:
                total += own / 16 * (math.log2(own / 16) - math.log2(prior[i, z]) - math.log2(likelihood[i, z, x]))
        return total

    off = np.zeros((3, 2))
    for i in range(3):
        rows = [(float(chance), x) for x, chance in enumerate(data[i]) if chance > 0]
        off[i, 0] = (bits[i] - sum(chance * pays(i, x) for chance, x in rows)) / errors[i]
        off[i, 1] = (bits[i] - sum(chance * pays(i, x - x % 2) for chance, x in rows)) / errors[i]
    right, lossy = min(itertools.permutations(range(3), 2), key=lambda pair: off[pair[0], 0] ** 2 + off[pair[1], 1] ** 2)
    names = ["dirty"] * 3
    names[right], names[lossy] = "right", "lossy"
    return names


# %% right numbers_of_four_bits: lists all 16 numbers of four bits, first the highest, looks up whose slot each is, and averages over numbers and symbols for fair and tilted bits; each person gets the name that is nearest
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    numbers = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)), dtype=torch.float64)
    names = []
    for i in range(3):
        owner = torch.stack([torch.repeat_interleave(torch.arange(slots.shape[2]), row.long()) for row in slots[i]])  # (X, 16)
        symbol = torch.arange(len(owner))[:, None].expand(-1, 16)
        q = slots[i].double() / 16
        cost = q[symbol, owner].log2() - prior[i][owner].log2() - likelihood[i][owner, symbol].log2()  # (X, 16)

        def mean(one, symbols):
            chance = (one * numbers + (1 - one) * (1 - numbers)).prod(1)
            return float(torch.einsum("x,n,xn->", data[i], chance, cost[symbols]))

        every = torch.arange(len(owner))
        expected = {"right": mean(0.5, every), "lossy": mean(0.5, every - every % 2), "dirty": mean(float(tilt[i]), every)}
        names.append(min(expected, key=lambda name: abs(expected[name] - float(bits[i]))))
    return names


# %% wrong fewest_bits_are_lossy: sorts the persons by their bits: fewest is lossy, most is dirty; the tables are not looked at, and each has data of their own
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    names = [""] * 3
    for name, i in zip(("lossy", "right", "dirty"), bits.argsort().tolist(), strict=True):
        names[i] = name
    return names


# %% wrong excess_over_the_entropy: sorts by the bits beyond the entropy of each one's own data: least is lossy, most is dirty; the right coder pays minus the ELBO, which is not the entropy
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    entropy = -torch.where(data > 0, data * data.clamp_min(1e-300).log2(), 0.0).sum(1)
    names = [""] * 3
    for name, i in zip(("lossy", "right", "dirty"), (bits - entropy).argsort().tolist(), strict=True):
        names[i] = name
    return names


# %% wrong evidence_for_the_elbo: the right coder is expected at the cross-entropy of p(x), as if slots / 16 were the true posterior; the lossy one likewise
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        cost = -(prior[i] @ likelihood[i]).log2()
        expected = {"right": float(data[i] @ cost), "lossy": float(merged(data[i]) @ cost)}
        expected["dirty"] = net(data[i], prior[i], likelihood[i], slots[i], tilted(slots[i], float(tilt[i])))
        scores.append({name: ((float(bits[i]) - value) / float(errors[i])) ** 2 for name, value in expected.items()})
    return best(scores)


# %% wrong below_is_lossy_above_is_dirty: finds the right one by the z-score, and of the others calls the one lossy that spends less against its own tables than the other; a lossy coder can spend more, and dirty bits can spend less
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    off = [(float(bits[i]) - net(data[i], prior[i], likelihood[i], slots[i])) / float(errors[i]) for i in range(3)]
    right = min(range(3), key=lambda i: abs(off[i]))
    less, more = sorted((i for i in range(3) if i != right), key=lambda i: off[i])
    names = [""] * 3
    names[right], names[less], names[more] = "right", "lossy", "dirty"
    return names


# %% wrong persons_by_name: finds who is who rightly, but returns for right, dirty, lossy in turn which person it is, translated back as if that were a name for each person: the inverse order, right for four of the six orders
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = torch.zeros(3, 3)
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        expected = (net(data[i], *tables), net(data[i], *tables, tilted(slots[i], float(tilt[i]))), net(merged(data[i]), *tables))
        for k, value in enumerate(expected):
            scores[i, k] = ((float(bits[i]) - value) / float(errors[i])) ** 2
    who = min(itertools.permutations(range(3)), key=lambda who: sum(float(scores[i, k]) for k, i in enumerate(who)))
    return [("right", "dirty", "lossy")[i] for i in who]


# %% wrong replaced_upwards: the lossy coder is expected to replace even symbols by the odd ones above them
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        X = len(data[i])
        up = torch.zeros_like(data[i]).index_add_(0, (torch.arange(X) // 2 * 2 + 1).clamp_max(X - 1), data[i])
        expected = {"right": net(data[i], *tables), "lossy": net(up, *tables), "dirty": math.inf}
        scores.append({name: min(((float(bits[i]) - value) / float(errors[i])) ** 2, 30.0) for name, value in expected.items()})
    return best(scores)


# %% wrong latent_of_the_original: the lossy coder is expected to pop z given the symbol as it was, and to code the replaced one with it; the statement replaces before anything else
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        q = slots[i].double() / 16
        coded = torch.arange(len(data[i])) // 2 * 2
        cost = q.clamp_min(1e-300).log2() - prior[i].log2() - likelihood[i].T[coded].log2()
        expected = {"right": net(data[i], prior[i], likelihood[i], slots[i]), "lossy": float((data[i][:, None] * q * cost).sum()), "dirty": math.inf}
        scores.append({name: min(((float(bits[i]) - value) / float(errors[i])) ** 2, 30.0) for name, value in expected.items()})
    return best(scores)


# %% wrong pairs_of_symbols: the lossy coder is expected to code a pair of symbols as one, with p(x | z) + p(x + 1 | z); it codes the even one with its own probability
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        both = likelihood[i].clone()
        pairs = both.shape[1] // 2
        both[:, 0 : 2 * pairs : 2] += likelihood[i][:, 1 : 2 * pairs : 2]
        expected = {"right": net(data[i], *tables), "lossy": net(merged(data[i]), prior[i], both, slots[i]), "dirty": math.inf}
        scores.append({name: min(((float(bits[i]) - value) / float(errors[i])) ** 2, 30.0) for name, value in expected.items()})
    return best(scores)


# %% wrong first_ones_tables: the tables of the first person are used for all three, with each one's data; each has tables of their own
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        tables = prior[0], likelihood[0], slots[0]
        expected = {
            "right": net(data[i], *tables),
            "lossy": net(merged(data[i]), *tables),
            "dirty": net(data[i], *tables, tilted(slots[0], float(tilt[i]))),
        }
        scores.append({name: ((float(bits[i]) - value) / float(errors[i])) ** 2 for name, value in expected.items()})
    return best(scores)


# %% wrong tilted_bits_at_their_own_price: a dirty coder is expected to count its pops with the chances that its bits really have; what is popped is counted as always. Dirty first, by the least distance, then right
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    off = torch.zeros(3, 2)
    for i in range(3):
        r = tilted(slots[i], float(tilt[i]))
        own = float((data[i][:, None] * r * (r.clamp_min(1e-300).log2() - prior[i].log2() - likelihood[i].T.log2())).sum())
        off[i, 0] = abs(float(bits[i]) - own) / float(errors[i])
        off[i, 1] = abs(float(bits[i]) - net(data[i], prior[i], likelihood[i], slots[i])) / float(errors[i])
    dirty = int(off[:, 0].argmin())
    right = min((i for i in range(3) if i != dirty), key=lambda i: float(off[i, 1]))
    return ["dirty" if i == dirty else "right" if i == right else "lossy" for i in range(3)]


# %% wrong tilt_of_a_zero: takes tilt for the chance of a zero; dirty first, by the least distance, then right
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    off = torch.zeros(3, 2)
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        off[i, 0] = abs(float(bits[i]) - net(data[i], *tables, tilted(slots[i], 1 - float(tilt[i])))) / float(errors[i])
        off[i, 1] = abs(float(bits[i]) - net(data[i], *tables)) / float(errors[i])
    dirty = int(off[:, 0].argmin())
    right = min((i for i in range(3) if i != dirty), key=lambda i: float(off[i, 1]))
    return ["dirty" if i == dirty else "right" if i == right else "lossy" for i in range(3)]


# %% wrong nats: the expected values are in nats and the measured ones in bits; assigns by the least sum of squares all the same
def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    scores = []
    for i in range(3):
        tables = prior[i], likelihood[i], slots[i]
        expected = {
            "right": net(data[i], *tables),
            "lossy": net(merged(data[i]), *tables),
            "dirty": net(data[i], *tables, tilted(slots[i], float(tilt[i]))),
        }
        scores.append({name: ((float(bits[i]) - math.log(2) * value) / float(errors[i])) ** 2 for name, value in expected.items()})
    return best(scores)
