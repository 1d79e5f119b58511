import torch
from torch import Tensor

# %% right in_units_of_the_deviations: takes the least eigenvalue of the correlation matrix, by numpy, so that what is subtracted is in proportion to each variance
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    import numpy as np

    given = covariance.detach().cpu().numpy().astype(float)
    deviation = np.sqrt(np.diag(given))
    values, vectors = np.linalg.eigh(given / np.outer(deviation, deviation))
    factor = deviation[:, None] * vectors[:, 1:] * np.sqrt(np.maximum(values[1:] - values[0], 0.0))
    return torch.from_numpy(factor).to(covariance), torch.from_numpy(deviation * np.sqrt(values[0])).to(covariance)

# %% wrong half_of_the_least: subtracts half of the least eigenvalue, to be on the safe side, so the rest still has full rank, and the direction that is dropped had a share
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(covariance)
    least = 0.5 * values[0]
    return vectors[:, 1:] * (values[1:] - least).sqrt(), least.sqrt().expand(len(covariance)).clone()

# %% wrong a_column_onto_the_diagonal: drops the first column of the Cholesky factor and gives its squares to the diagonal: variances are right, and covariances lack that column's products
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    root = torch.linalg.cholesky(covariance)
    return root[:, 1:].clone(), (root[:, 0].square() + 1e-12).sqrt()

# %% wrong correlations_half_way_back: works with the correlation matrix and brings the factor back to the units of the covariance, and not the scale; right where all variances are one
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    deviation = covariance.diagonal().sqrt()
    values, vectors = torch.linalg.eigh(covariance / deviation.outer(deviation))
    factor = deviation[:, None] * vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
    return factor, values[0].sqrt().expand(len(covariance)).clone()

# %% wrong the_smallest_pivot: takes the smallest pivot of the Cholesky factor for the largest multiple of the identity that may be subtracted, and clamps the eigenvalue that falls below zero
def exact_factor(covariance: Tensor) -> tuple[Tensor, Tensor]:
    least = torch.linalg.cholesky(covariance).diagonal().min() ** 2
    values, vectors = torch.linalg.eigh(covariance - least * torch.eye(len(covariance), dtype=covariance.dtype))
    return vectors[:, 1:] * values[1:].clamp_min(0).sqrt(), least.sqrt().expand(len(covariance)).clone()
