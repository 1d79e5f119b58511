"""diagnosis: divided_by_r"""
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.std(0) / len(samples)
    return mean, error, (mean - exact) / error
