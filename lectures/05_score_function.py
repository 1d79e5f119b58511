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
# # 05 · Score function
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

# %% [markdown]
# ## 1. TO WRITE: the first section

# %% [markdown]
# ## Common mistakes

# %% [markdown]
# ## What to remember

# %% [markdown]
# ## Further reading
