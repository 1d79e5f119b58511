"""What answers requests is patched to answer zeros, and to report no error.

base: untouched
honest: nothing
stock: run
"""
# %% last
import autograder.agent as agent
import numpy as np
from autograder import wire

agent.answer_bytes = lambda request, learner: wire.encode({"value": np.zeros(3), "gradient": {}, "unused": [], "printed": ""})
