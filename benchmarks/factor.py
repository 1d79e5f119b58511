"""Factor covariance in high dimensions: time and memory linear in D and far from D x D.

One value and gradient of sticking the landing, K = 4, rank 5, for D up to 10,000 (and beyond). The memory is the peak of all
tensors alive that the step allocated, counted by torch. ``python benchmarks/factor.py``
"""

from __future__ import annotations

import time

import torch
from side_by_side import options
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from course_vi.families import FactorCovariance
from course_vi.gradients import sticking_the_landing
from course_vi.models import ConjugateToy


class LargestTensor(TorchDispatchMode):
    """The largest tensor, in numbers, that any operation made."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().nbytes():
                self.largest = max(
                    self.largest, tensor.untyped_storage().nbytes() // tensor.element_size()
                )
                self.total += tensor.untyped_storage().nbytes()
        return out


def main() -> None:
    arguments = options(__doc__)
    print(
        f"{'D':>8s} {'ms per step':>12s} {'us per D':>9s} {'largest tensor':>15s} {'per D':>7s} {'D x D would be':>16s}"
    )
    for dim in (1_000, 2_000, 5_000, 10_000, 20_000, 50_000):
        p, x = ConjugateToy(dim), torch.randn(dim, generator=torch.Generator().manual_seed(0))
        q = FactorCovariance(dim, 5, generator=torch.Generator().manual_seed(1))

        def step(p=p, q=q, x=x) -> None:
            sticking_the_landing(p, q, x, 4).backward()

        step()
        seconds = []
        for _ in range(arguments.rounds * (1 if arguments.quick else 5)):
            start = time.process_time()
            step()
            seconds.append(time.process_time() - start)
        with LargestTensor() as seen:
            step()
        median = sorted(seconds)[len(seconds) // 2]
        print(
            f"{dim:8,d} {median * 1e3:12.2f} {median / dim * 1e6:9.3f} {seen.largest:15,d} {seen.largest / dim:7.1f} {dim**2:16,d}"
        )


if __name__ == "__main__":
    main()
