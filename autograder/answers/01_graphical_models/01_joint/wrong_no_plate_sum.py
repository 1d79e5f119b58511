"""diagnosis: no_plate_sum"""
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]) for name in parents)
