"""diagnosis: nats"""


def net_bit_rate(log_joint, log_q):
    rate = log_q - log_joint
    return rate, rate.mean(0)
