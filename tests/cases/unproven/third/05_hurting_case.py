import itertools
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def log_table(l):
    """log q of one bit, (2,)."""
    return torch.stack([logsigmoid(-l), logsigmoid(l)]).double()


def own_factor(l, part=0.2, least=0.1):
    """Bit 0's factor, with its best baseline: the likelier value is punished by as much as makes the gradient count."""
    p, root = float(l.sigmoid()), math.sqrt(float(l.sigmoid() * (-l).sigmoid()))
    rare = min(p, float((-l).sigmoid()))
    log_q = log_table(l)
    plain = -float(l.sigmoid()) * float(log_q[0]) - float((-l).sigmoid()) * float(log_q[1])      # best baseline of -log q
    tau = max(1.01 * least, (part * plain - root * abs(float(l))) / (root + part * rare))
    table = torch.tensor([-tau, 0.0] if l <= 0 else [0.0, -tau], dtype=torch.float64)
    return table, table - log_q


def cancelling(logits, constant):
    """Factors of the other bits that sum up to their log q plus a constant, none of them flat."""
    factors = []
    for j in range(1, len(logits)):
        table, wave = log_table(logits[j]), torch.tensor([0.0, 0.3], dtype=torch.float64)
        if abs(float(logits[j])) < 0.15:
            factors += [((j,), table + wave), ((j,), -wave)]
        else:
            factors.append(((j,), table))
    scope, table = factors[-1]
    factors[-1] = (scope, table + constant)
    return factors


def one_bit(l, A, R=0.0):
    """Best baseline's place and the variance of (A + R) s for one bit."""
    p, q = float(l.sigmoid()), float((-l).sigmoid())
    return p * q * (q * (float(A[1]) + R) + p * (float(A[0]) + R)) ** 2


def best(l, A):
    return float((-l).sigmoid()) * float(A[1]) + float(l.sigmoid()) * float(A[0])


# %% right most_of_the_best_baseline: the other bits' factors are log q and seven tenths of minus the best baseline of bit 0
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    logits = logits.detach()
    table, A = own_factor(logits[0])
    R = -0.7 * best(logits[0], A)
    predicted = torch.tensor([one_bit(logits[0], A, R), one_bit(logits[0], A)], dtype=torch.float64)
    return [((0,), table)] + cancelling(logits, R), predicted


# %% right all_of_the_best_baseline: minus the best baseline exactly, so that nothing is left of the first variance
def hurting_case(logits):
    logits = logits.detach()
    table, A = own_factor(logits[0], part=0.3)
    R = -best(logits[0], A)
    return cancelling(logits, R) + [((0,), table)], torch.tensor([0.0, one_bit(logits[0], A)], dtype=torch.float64)


# %% right one_joint_factor: a single table over all the other bits, last one first, made not flat by a second that is taken off; variances by enumeration in NumPy
def hurting_case(logits):
    l = logits.detach().double()
    D = len(l)
    table, A = own_factor(l[0])
    R = -0.5 * best(l[0], A)
    joint = torch.zeros((2,) * (D - 1), dtype=torch.float64)
    for axis, j in enumerate(range(D - 1, 0, -1)):
        joint = joint + log_table(l[j]).reshape([2 if a == axis else 1 for a in range(D - 1)])
    factors = [(tuple(range(D - 1, 0, -1)), joint + R), ((0,), table)]
    if float(joint.max() - joint.min()) < 0.15:
        wave = torch.tensor([0.0, 0.3], dtype=torch.float64)
        factors[0] = (factors[0][0], factors[0][1] + wave.reshape([2 if a == D - 2 else 1 for a in range(D - 1)]))
        factors.append(((1,), -wave))
    p = torch.sigmoid(l).numpy()
    moments = np.zeros(4)
    for bits in itertools.product((0, 1), repeat=D):
        log_q = np.array([float(log_table(l[i])[b]) for i, b in enumerate(bits)])
        each = [(scope, float(t[tuple(bits[i] for i in scope)])) for scope, t in factors]
        s = bits[0] - p[0]
        g, h = s * (sum(v for _, v in each) - log_q.sum()), s * (sum(v for scope, v in each if 0 in scope) - log_q[0])
        moments += math.exp(log_q.sum()) * np.array([g, g**2, h, h**2])
    return factors, torch.tensor([moments[1] - moments[0] ** 2, moments[3] - moments[2] ** 2])


# %% wrong flat_for_unsure_bits: the other factors are log q as it is, which is flat for a bit that is nearly even
def hurting_case(logits):
    table, A = own_factor(logits[0])
    R = -0.7 * best(logits[0], A)
    factors = [((0,), table)] + [((j,), log_table(logits[j]) + R / (len(logits) - 1)) for j in range(1, len(logits))]
    return factors, torch.tensor([one_bit(logits[0], A, R), one_bit(logits[0], A)], dtype=torch.float64)


# %% wrong one_nat_against_the_likelier: bit 0's factor is always one nat deep, too little for a sure bit's gradient to count
def hurting_case(logits):
    l = logits[0]
    table = torch.tensor([-1.0, 0.0] if l <= 0 else [0.0, -1.0], dtype=torch.float64)
    A = table - log_table(l)
    R = -0.7 * best(l, A)
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong always_prefers_one: bit 0's factor prefers the value one, also where q finds it likely: the gradient may vanish
def hurting_case(logits):
    l = logits[0]
    table, _ = own_factor(l)
    table = torch.stack([table.min(), table.max()])
    A = table - log_table(l)
    R = -0.7 * best(l, A)
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong second_moments_predicted: the case is good, the prediction does not take off the squared gradient
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l)
    R = -0.7 * best(l, A)
    square = (float(l.sigmoid()) * float((-l).sigmoid()) * float(A[1] - A[0])) ** 2
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R) + square, one_bit(l, A) + square], dtype=torch.float64)


# %% wrong measured_prediction: the two variances are measured with 20,000 draws
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l)
    R = -0.7 * best(l, A)
    bits = (torch.rand(20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64) < l.sigmoid()).double()
    s, own = bits - l.sigmoid(), A[bits.long()]
    return [((0,), table)] + cancelling(logits, R), torch.stack([(s * (own + R)).var(), (s * own).var()])


# %% wrong only_bit_one_cancels: log q is cancelled for bit 1 only, and the prediction speaks as if for all; right for two bits
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l)
    R = -0.7 * best(l, A)
    others = sum(float(-(log_table(v).exp() * log_table(v)).sum()) for v in logits[2:])
    factors = [((0,), table)] + cancelling(logits[:2], R - others)
    return factors, torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong wave_above_zero: of the two factors of an even bit the second is positive
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l)
    R = -0.7 * best(l, A)
    wave, factors = torch.tensor([0.0, 0.3], dtype=torch.float64), [((0,), table)]
    for j in range(1, len(logits)):
        each = log_table(logits[j]) + R / (len(logits) - 1)
        factors += [((j,), each)] if abs(float(logits[j])) > 0.15 else [((j,), each - wave), ((j,), wave)]
    return factors, torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong clamped_logit: bit 0 is taken to be no surer than 0.95, for the factor and the prediction
def hurting_case(logits):
    l = logits[0].clamp(-3.0, 3.0)
    table, A = own_factor(l)
    R = -0.7 * best(l, A)
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong too_shallow_for_even_bits: bit 0's own factor is just deep enough for the gradient, which leaves it less than 0.1 deep for some q
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l, part=0.15, least=0.02)
    R = -0.7 * best(l, A)
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)


# %% wrong mean_as_baseline: the dropped constant is minus the mean of bit 0's own reward, not its best baseline; the same at logit zero
def hurting_case(logits):
    l = logits[0]
    table, A = own_factor(l)
    mean = float(l.sigmoid()) * float(A[1]) + float((-l).sigmoid()) * float(A[0])
    R = -mean
    return [((0,), table)] + cancelling(logits, R), torch.tensor([one_bit(l, A, R), one_bit(l, A)], dtype=torch.float64)
