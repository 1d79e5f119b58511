"""Every test runs on one thread and draws to no screen: verdicts and timings should not depend on the machine's cores."""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(
        variable, "1"
    )  # before torch and numpy are imported, here and in what tests start
os.environ["MPLBACKEND"] = "Agg"

import torch  # noqa: E402

torch.set_num_threads(1)
