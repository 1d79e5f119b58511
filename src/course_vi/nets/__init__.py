"""The few small networks that encoders and decoders of the course are made of."""

from course_vi.nets.calling import called, first_parameter, refuse_noisy_layers
from course_vi.nets.dense import Reshaped, affine_parts, join, mlp
from course_vi.nets.structured import GatedCell, SetEncoder, SideBySide, Window

__all__ = [
    "GatedCell",
    "Reshaped",
    "SetEncoder",
    "SideBySide",
    "Window",
    "affine_parts",
    "called",
    "first_parameter",
    "join",
    "mlp",
    "refuse_noisy_layers",
]
