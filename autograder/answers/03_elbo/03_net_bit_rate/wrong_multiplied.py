"""diagnosis: multiplied"""
import math


def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) * math.log(2)
    return rate, rate.mean(0)
