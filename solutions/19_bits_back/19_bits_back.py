# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] locked="19_header"
# # Problem set 19 · Bits back
#
# It goes with the lecture `lectures/19_bits_back`. TO WRITE: what you will build.

# %% locked="19_setup"
import torch
from torch import Tensor

from autograder import check

# %% [markdown]
# ---
# ## 1. TO WRITE: the first section

# %% [markdown]
# **Exercise 1: `first`.** *Difficulty* 1/5 · *Importance* 1/5 · 5 minutes
#
# TO WRITE: what is asked.

# %% exercise="19_first"
def first(x: Tensor) -> Tensor:
    """TO WRITE: what it returns."""
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION


# %% check="19_first"
check("19_first", first)

# %% [markdown]
# <details><summary>Symptom: TO WRITE</summary>
#
# TO WRITE: a hint.
#
# </details>
# <details><summary>Symptom: TO WRITE</summary>
#
# TO WRITE: another.
#
# </details>
# <details><summary>Symptom: TO WRITE</summary>
#
# TO WRITE: nearly the answer.
#
# </details>

# %% [markdown]
# **Exercise 2, in words.** *Difficulty* 1/5 · *Importance* 1/5 · 5 minutes
#
# TO WRITE: the question.

# %% [markdown] written="19_written"
# === BEGIN MARK SCHEME ===
# TO WRITE: what earns the points.
# === END MARK SCHEME ===
