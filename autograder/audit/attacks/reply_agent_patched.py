"""What answers requests is patched to answer zeros, and to report no error.

base: untouched
honest: nothing
stock: run
"""
# %% last
import autograder.protocol.agent as agent
import numpy as np
from autograder.protocol import wire

agent.answer_bytes = lambda request, learner: wire.encode({"value": np.zeros(3), "gradient": {}, "unused": [], "printed": ""})
