import torch
from torch import Tensor


def log_bits(logits: Tensor) -> Tensor:
    """log q of zero and one for each bit, (D, 2)."""
    return torch.stack([torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)], -1)


def preference(logits: Tensor, strength: float, outsider: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Bit 0's own factor, its best constant, and p (1 - p)."""
    own = torch.zeros(2, dtype=logits.dtype)
    likely = int(logits[0] > 0) if outsider else 1
    own[likely] = -strength
    p = logits[0].sigmoid()
    A = own - log_bits(logits)[0]
    return own, (1 - p) * A[1] + p * A[0], p * (1 - p)

# %% right one_joint_factor_for_the_rest: a single table over all other bits that is their own log q, moved down by four fifths of bit 0's best constant
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    logits = logits.detach()
    own, best, spread = preference(logits, 0.5)
    table = torch.zeros((), dtype=logits.dtype)
    for row in log_bits(logits)[1:]:
        table = table.unsqueeze(-1) + row
    down = 0.8 * best
    factors = [((0,), own), (tuple(range(1, len(logits))), table - down)]
    return factors, torch.stack([spread * (best - down) ** 2, spread * best**2])

# %% wrong always_against_one: makes bit 0's factor prefer zero whatever its logit says; for a negative logit near the strength of the preference there is no gradient left
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    own, best, spread = preference(logits, 0.3, outsider=False)
    rows = log_bits(logits)
    down = 0.9 * best
    factors = [((0,), own)] + [((j,), rows[j] - down * (j == 1)) for j in range(1, len(logits))]
    return factors, torch.stack([spread * (best - down) ** 2, spread * best**2])

# %% wrong down_by_one_always: takes minus one for what is dropped, near the best constant for a sure bit 0 and more than twice it for an unsure one
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    own, best, spread = preference(logits, 0.5)
    rows = log_bits(logits)
    factors = [((0,), own)] + [((j,), rows[j] - 1.0 * (j == 1)) for j in range(1, len(logits))]
    return factors, torch.stack([spread * (best - 1.0) ** 2, spread * best**2])

# %% wrong a_constant_factor: cancels the other bits' log q and puts the constant into a factor of its own, which is a constant table and was not allowed
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    own, best, spread = preference(logits, 0.5)
    rows = log_bits(logits)
    down = 0.8 * best
    factors = [((0,), own)] + [((j,), rows[j].clone()) for j in range(1, len(logits))]
    factors.append(((1,), -down.expand(2).clone()))
    return factors, torch.stack([spread * (best - down) ** 2, spread * best**2])

# %% wrong predicted_by_sampling: the case is sound, and the two variances are measured from four thousand draws, which is not good to a thousandth
def hurting_case(logits: Tensor) -> tuple[list, Tensor]:
    own, best, spread = preference(logits, 0.5)
    rows = log_bits(logits)
    down = 0.8 * best
    factors = [((0,), own)] + [((j,), rows[j] - down * (j == 1)) for j in range(1, len(logits))]
    g = torch.Generator().manual_seed(0)
    p = logits[0].sigmoid()
    z = (torch.rand(4000, generator=g, dtype=logits.dtype) < p).long()
    A = (own - rows[0])[z]
    return factors, torch.stack([((A - down) * (z - p)).var(), (A * (z - p)).var()])
