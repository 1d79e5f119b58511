"""diagnosis: underflow"""
def joint_log_prob(parents, log_prob, values):
    density = 1.0
    for name in parents:
        density = density * log_prob[name](values[name], *[values[p] for p in parents[name]]).exp().prod(-1)
    return density.log()
