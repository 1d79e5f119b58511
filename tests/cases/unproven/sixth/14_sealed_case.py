import torch
import itertools

# %% right batches_first: the largest difference of part and whole in errors, then the weight that misses the evidence
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% right best_order: all six orders, the one with the smallest sum of squares of what should be zero
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    b = ((part - whole) / torch.hypot(part_error, whole_error)) ** 2
    w = ((weight - evidence) / weight_error) ** 2
    cost = lambda order: sum(
        float(b[i] + w[i]) if name == "right" else float(w[i]) if name == "unscaled" else float(b[i]) for i, name in enumerate(order)
    )
    return list(min(itertools.permutations(["right", "unscaled", "half"]), key=cost))

# %% right right_first: the right guide is the one that fails neither comparison, the other two by the larger ratio
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    rows = []
    for i in range(3):
        d = abs(float(part[i]) - float(whole[i])) / (float(part_error[i]) ** 2 + float(whole_error[i]) ** 2) ** 0.5
        e = abs(float(weight[i]) - float(evidence[i])) / float(weight_error[i])
        rows.append((d, e))
    good = min(range(3), key=lambda i: max(rows[i]))
    answer = []
    for i, (d, e) in enumerate(rows):
        answer.append("right" if i == good else "unscaled" if d >= e else "half")
    return answer

# %% wrong by_gap: sorted by how far the bound lies below the evidence: says how far from the posterior, nothing of faults
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    order = (evidence - whole).argsort()
    names = [""] * 3
    for name, i in zip(("right", "unscaled", "half"), order.tolist()):
        names[i] = name
    return names

# %% wrong half_by_bound: 'half' by the mean of log w against the evidence, which lies below for every guide
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - whole).abs() / whole_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong part_against_evidence: 'unscaled' by the part's mean against the evidence instead of against the whole's mean
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - evidence).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong names_to_persons: returns in the order right, unscaled, half the letters' places, read as names: inverse of the order, wrong for the two cycles of three
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    where = [names.index(name) for name in ("right", "unscaled", "half")]
    return [("right", "unscaled", "half")[i] for i in where]

# %% wrong swapped: 'half' for the guide that fails on batches, 'unscaled' for the one that misses the evidence: the two tests mixed up
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "half", "unscaled"
    return names

# %% wrong fixed_order: always the same order, the one of the statement
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    return ["right", "unscaled", "half"]

# %% wrong above_evidence: 'half' is looked for above the evidence: the sign of evidence - weight turned, an integral over less is below
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (weight - evidence) / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong jensen_gap: 'half' by log mean w against mean log w: the gap of Jensen is there for every guide but the posterior
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (part - whole).abs() / (part_error**2 + whole_error**2).sqrt()
    short = (weight - whole).abs()
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong part_below: part's error forgotten and a one-sided test: only a part's mean below the whole's counts as unscaled, or is it above? half of the signs are missed
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = (whole - part) / (part_error**2 + whole_error**2).sqrt()
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong largest_error: takes the guide with the noisiest part for 'unscaled': scaled batches are noisy for all
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    batch = part_error
    short = (evidence - weight).abs() / weight_error
    unscaled = int(batch.argmax())
    left = [i for i in range(3) if i != unscaled]
    half = max(left, key=lambda i: float(short[i]))
    names = ["right"] * 3
    names[unscaled], names[half] = "unscaled", "half"
    return names

# %% wrong each_alone: each person alone by two standard errors: two may get the same name and three may be right
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    names = []
    for i in range(3):
        if abs(part[i] - whole[i]) > 2 * (part_error[i] ** 2 + whole_error[i] ** 2) ** 0.5:
            names.append("unscaled")
        elif abs(weight[i] - evidence[i]) > 2 * weight_error[i]:
            names.append("half")
        else:
            names.append("right")
    return names
