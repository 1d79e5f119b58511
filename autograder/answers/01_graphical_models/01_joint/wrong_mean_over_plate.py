"""diagnosis: mean_over_plate"""
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).mean(-1) for name in parents)
