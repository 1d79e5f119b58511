# %% right by_blocks: The predictive covariance of each block; half the log of its diagonal less half its log determinant.
import torch


def shortfall(context, targets, lengthscale, scale, noise, block):
    def covariance(u, v):
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    known, variances, total = context, [], 0.0
    for asked in targets.split(block):
        own = covariance(asked, asked) + noise**2 * torch.eye(len(asked), dtype=asked.dtype)
        cross = covariance(known, asked)
        gram = covariance(known, known) + noise**2 * torch.eye(len(known), dtype=asked.dtype)
        own = own - cross.T @ torch.linalg.solve(gram, cross)
        variances.append(own.diagonal())
        total = total + 0.5 * own.diagonal().log().sum() - 0.5 * torch.logdet(own)
        known = torch.cat([known, asked])
    return torch.cat(variances), total


# %% right one_factor: One Cholesky factor of everything; what a row explains within its own block is lost.
import numpy as np


def shortfall(context, targets, lengthscale, scale, noise, block):
    u = np.concatenate([context.numpy(), targets.numpy()])
    matrix = scale**2 * np.exp(-((u[:, None] - u[None]) ** 2) / (2 * lengthscale**2))
    root = np.linalg.cholesky(matrix + noise**2 * np.eye(len(u)))
    first = len(context)
    alone, given_all = [], []
    for t in range(len(targets)):
        row, start = first + t, first + block * (t // block)
        alone.append(np.sum(root[row, start : row + 1] ** 2))
        given_all.append(root[row, row] ** 2)
    return np.array(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))


# %% right entropies: Entropies of torch's normals: those of single targets less that of the block.
import torch
from torch.distributions import MultivariateNormal, Normal


def shortfall(context, targets, lengthscale, scale, noise, block):
    every = torch.cat([context, targets])
    gram = scale**2 * (-(every[:, None] - every).square() / (2 * lengthscale**2)).exp()
    gram = gram + noise**2 * torch.eye(len(every), dtype=torch.float64)
    variances, missing = [], torch.zeros((), dtype=torch.float64)
    for start in range(len(context), len(every), block):
        now = slice(start, min(start + block, len(every)))
        precision = torch.linalg.inv(gram[: now.stop, : now.stop])[start:, start:]
        covariance = torch.linalg.inv(precision)
        joint = MultivariateNormal(torch.zeros(len(covariance), dtype=torch.float64), covariance)
        single = covariance.diagonal()
        missing = missing + Normal(torch.zeros_like(single), single.sqrt()).entropy().sum() - joint.entropy()
        variances += single.tolist()
    return variances, missing


# %% wrong together, from right by_blocks: Earlier targets are not added to what is known.
# diagnosis: all_at_once or blocks_apart or value
#-         known = torch.cat([known, asked])
#+         known = known


# %% wrong one_block, from right by_blocks: The targets are predicted all at once, whatever the block.
# diagnosis: all_at_once
#-     for asked in targets.split(block):
#+     for asked in [targets]:


# %% wrong single, from right by_blocks: One by one, whatever the block.
# diagnosis: one_by_one
#-     for asked in targets.split(block):
#+     for asked in targets.split(1):


# %% wrong without_context, from right by_blocks: The context is forgotten.
# diagnosis: context_lost
#-     known, variances, total = context, [], 0.0
#+     known, variances, total = context[:0], [], 0.0


# %% wrong function_alone, from right by_blocks: Variances of the function, without the noise.
# diagnosis: of_the_function
#-         variances.append(own.diagonal())
#+         variances.append(own.diagonal() - noise**2)


# %% wrong gives_scales, from right one_factor: Standard deviations.
# diagnosis: scale_for_variance
#-     return np.array(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))
#+     return np.sqrt(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))


# %% wrong leave_one_out, from right entropies: Each target is predicted from all the others.
# diagnosis: all_others_known
#-         precision = torch.linalg.inv(gram[: now.stop, : now.stop])[start:, start:]
#-         covariance = torch.linalg.inv(precision)
#+         precision = torch.linalg.inv(gram)[start : now.stop, start : now.stop]
#+         covariance = torch.diag(1 / precision.diagonal())


# %% wrong whole_determinant, from right by_blocks: The half of the determinant is forgotten, and that of the variances.
# diagnosis: determinant_not_halved
#-         total = total + 0.5 * own.diagonal().log().sum() - 0.5 * torch.logdet(own)
#+         total = total + own.diagonal().log().sum() - torch.logdet(own)


# %% wrong other_way, from right by_blocks: What the independent predictions earn more.
# diagnosis: sign
#-         total = total + 0.5 * own.diagonal().log().sum() - 0.5 * torch.logdet(own)
#+         total = total - 0.5 * own.diagonal().log().sum() + 0.5 * torch.logdet(own)


# %% wrong in_bits, from right one_factor: The shortfall in bits.
# diagnosis: bits_for_nats
#-     return np.array(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))
#+     return np.array(alone), 0.5 * np.sum(np.log2(alone) - np.log2(given_all))


# %% wrong prior_only, from right by_blocks: The shortfall of the targets with nothing known.
# diagnosis: prior_correlation
#-         total = total + 0.5 * own.diagonal().log().sum() - 0.5 * torch.logdet(own)
#+         free = covariance(asked, asked) + noise**2 * torch.eye(len(asked), dtype=asked.dtype)
#+         total = total + 0.5 * free.diagonal().log().sum() - 0.5 * torch.logdet(free)


# %% wrong small_determinant, from right by_blocks: The determinant itself, which underflows for many targets.
# diagnosis: not_finite
#-         total = total + 0.5 * own.diagonal().log().sum() - 0.5 * torch.logdet(own)
#+         total = total + 0.5 * (own.diagonal().prod() / torch.det(own)).log()


# %% wrong noiseless_context, from right by_blocks: The context is taken to be free of noise.
# diagnosis: value or described or dictionary
#-         gram = covariance(known, known) + noise**2 * torch.eye(len(known), dtype=asked.dtype)
#+         gram = covariance(known, known) + 1e-6 * scale**2 * torch.eye(len(known), dtype=asked.dtype)


# %% wrong with_jitter, from right one_factor: A jitter of a millionth of the kernel is added, which moves the fifth digit.
# diagnosis: value or described or dictionary
#-     root = np.linalg.cholesky(matrix + noise**2 * np.eye(len(u)))
#+     root = np.linalg.cholesky(matrix + (noise**2 + 1e-6 * scale**2) * np.eye(len(u)))


# %% wrong full_blocks_only, from right one_factor: What is left after the full blocks goes one by one.
# diagnosis: value or described or dictionary or one_by_one
#-         row, start = first + t, first + block * (t // block)
#+         full = block * (len(targets) // block)
#+         row, start = first + t, first + (block * (t // block) if t < full else t)


# %% wrong absolute_jitter, from right one_factor: A jitter of a hundred-millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     root = np.linalg.cholesky(matrix + noise**2 * np.eye(len(u)))
#+     root = np.linalg.cholesky(matrix + (noise**2 + 1e-8) * np.eye(len(u)))


# %% wrong small_jitter, from right one_factor: A jitter of 1e-10.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     root = np.linalg.cholesky(matrix + noise**2 * np.eye(len(u)))
#+     root = np.linalg.cholesky(matrix + (noise**2 + 1e-10) * np.eye(len(u)))


# %% wrong distinct_inputs, from right one_factor: A place that is known twice counts once.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     u = np.concatenate([context.numpy(), targets.numpy()])
#+     context = context.unique()
#+     u = np.concatenate([context.numpy(), targets.numpy()])


# %% wrong sorted_targets, from right by_blocks: The blocks go from left to right.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     known, variances, total = context, [], 0.0
#+     targets = targets.sort().values
#+     known, variances, total = context, [], 0.0


# %% wrong equal_inputs_noiseless, from right one_factor: The noise is added wherever two inputs are one: a place has one noise.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     root = np.linalg.cholesky(matrix + noise**2 * np.eye(len(u)))
#+     root = np.linalg.cholesky(matrix + noise**2 * (u[:, None] == u[None]) + 1e-9 * noise**2 * np.eye(len(u)))


# %% wrong exponential_kernel, from right one_factor: The kernel of the distance, and not of its square.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     matrix = scale**2 * np.exp(-((u[:, None] - u[None]) ** 2) / (2 * lengthscale**2))
#+     matrix = scale**2 * np.exp(-np.abs(u[:, None] - u[None]) / lengthscale)


# %% wrong least_variance, from right one_factor: Variances are kept above a millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return np.array(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))
#+     return np.maximum(alone, 1e-6), 0.5 * np.sum(np.log(alone) - np.log(given_all))


# %% wrong last_block_lost, from right one_factor: What is left after the full blocks is not scored.
# diagnosis: value or described or dictionary or autopsy or not_finite or either or shape
#-     return np.array(alone), 0.5 * np.sum(np.log(alone) - np.log(given_all))
#+     full = block * (len(targets) // block)
#+     return np.array(alone), 0.5 * np.sum(np.log(alone[:full]) - np.log(given_all[:full]))


# %% wrong last_block_alone, from right by_blocks: The block before is known, and those before it are forgotten.
# diagnosis: value or described or dictionary or autopsy or not_finite or either or all_at_once
#-         known = torch.cat([known, asked])
#+         known = torch.cat([context, asked])


# %% wrong mean_of_blocks, from right by_blocks: The mean over blocks.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return torch.cat(variances), total
#+     return torch.cat(variances), total / len(variances)


# %% wrong single_precision, from right one_factor: In single precision.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     u = np.concatenate([context.numpy(), targets.numpy()])
#+     u = np.concatenate([context.numpy(), targets.numpy()]).astype(np.float32)
