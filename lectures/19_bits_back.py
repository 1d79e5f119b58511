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

# %% [markdown]
# # 19 · Bits back
#
# TO WRITE: why this unit, in a paragraph.
#
# ### When you are done you can
#
# 1. TO WRITE: an objective.

# %% [markdown]
# ### What you need first (this box makes the unit readable alone)
#
# - TO WRITE: a prerequisite.

# %%
import torch

from course_vi.plots import show
from course_vi.progress import predict, reveal, tally

# %% [markdown]
# ## 1. TO WRITE: the first section
#
# > **Predict 1.** TO WRITE: a question that the next cells answer.

# %%
predict("19_1", choices=["it falls", "it stays", "it rises"])

# %%
print(torch.ones(3).cumsum(0))

# %%
# Run this cell to compare it with your prediction.
reveal("19_1", "it rises")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# TO WRITE: why.
#
# </details>

# %% [markdown]
# ## Common mistakes

# %% [markdown]
# ## What to remember
#
# **Next**: [the problem set](../notebooks/19_bits_back/19_bits_back.ipynb).

# %% [markdown]
# ## Further reading

# %%
tally("19")
