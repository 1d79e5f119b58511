import itertools
import math

import torch
from torch import Tensor

# %% right level_far_out_by_permutations: doubling gives the jackknife away, extrapolation from 1000 and 2000 to zero the constants, and the best of 24 orders the names
def name_them(values: Tensor, num_samples: int) -> list[str]:
    plain, twice, far, farther = values.double().unbind(1)
    changed = (twice - plain).abs()
    constant = 2 * far - farther
    misfit = {
        "iwae": (constant + math.log(num_samples)).abs(),
        "thermodynamic": constant.abs(),
    }

    def cost(names):
        place = {name: row for row, name in enumerate(names)}
        return (
            float(misfit["iwae"][place["iwae"]] + misfit["thermodynamic"][place["thermodynamic"]])
            - 1e6 * float(int(changed.argmax()) == place["jackknife"])
        )

    return list(min(itertools.permutations(("iwae", "renyi", "jackknife", "thermodynamic")), key=cost))


# %% wrong largest_constant_is_iwae: finds jackknife and thermodynamic rightly, and takes for IWAE whichever of the rest loses more far out, true for negative alpha only
def name_them(values: Tensor, num_samples: int) -> list[str]:
    plain, twice, far, farther = values.double().unbind(1)
    jack = int((twice - plain).abs().argmax())
    constant = 2 * far - farther
    rest = sorted((row for row in range(4) if row != jack), key=lambda row: float(constant[row]))
    names = [""] * 4
    names[jack], names[rest[0]], names[rest[1]], names[rest[2]] = "jackknife", "iwae", "renyi", "thermodynamic"
    return names


# %% wrong lowest_slope_is_thermodynamic: the thermodynamic sum is the one that grows least with the scale, true of a left sum and of no right sum
def name_them(values: Tensor, num_samples: int) -> list[str]:
    plain, twice, far, farther = values.double().unbind(1)
    jack = int((twice - plain).abs().argmax())
    rest = [row for row in range(4) if row != jack]
    thermo = min(rest, key=lambda row: float(farther[row] - far[row]))
    rest.remove(thermo)
    constant = 2 * far - farther + math.log(num_samples)
    iwae, renyi = sorted(rest, key=lambda row: abs(float(constant[row])))
    names = [""] * 4
    names[jack], names[thermo], names[iwae], names[renyi] = "jackknife", "thermodynamic", "iwae", "renyi"
    return names


# %% wrong highest_is_the_jackknife: a jackknife lies above what it corrects, so the student takes the largest plain value for it; a negative alpha and a right sum may lie higher
def name_them(values: Tensor, num_samples: int) -> list[str]:
    plain, twice, far, farther = values.double().unbind(1)
    jack = int(plain.argmax())
    rest = [row for row in range(4) if row != jack]
    constant = 2 * far - farther
    iwae = min(rest, key=lambda row: abs(float(constant[row]) + math.log(num_samples)))
    rest.remove(iwae)
    thermo, renyi = sorted(rest, key=lambda row: abs(float(constant[row])))
    names = [""] * 4
    names[jack], names[iwae], names[thermo], names[renyi] = "jackknife", "iwae", "thermodynamic", "renyi"
    return names


# %% wrong the_inverse_order: knows who is who, and lists by bound where it stands, read back as the names by row: the inverse permutation
def name_them(values: Tensor, num_samples: int) -> list[str]:
    plain, twice, far, farther = values.double().unbind(1)
    names = ["iwae", "renyi", "jackknife", "thermodynamic"]
    constant = 2 * far - farther
    jack = int((twice - plain).abs().argmax())
    rest = [row for row in range(4) if row != jack]
    iwae = min(rest, key=lambda row: abs(float(constant[row]) + math.log(num_samples)))
    rest.remove(iwae)
    thermo, renyi = sorted(rest, key=lambda row: abs(float(constant[row])))
    where = [iwae, renyi, jack, thermo]
    return [names[place] for place in where]
