"""The course's models and families once more, in Pyro: asserted equal, and used to test what Pyro's estimators are."""

from course_vi.pyro_twins.stl import stl_loss
from course_vi.pyro_twins.toy import gradients, toy_guide, toy_model

__all__ = ["gradients", "stl_loss", "toy_guide", "toy_model"]
