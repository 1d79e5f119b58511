"""Idiom: sums of squares by hand."""
def z_score(samples, exact):
    count = samples.shape[0]
    mean = samples.sum(0) / count
    variance = ((samples - mean) ** 2).sum(0) / (count - 1)
    error = (variance / count).sqrt()
    return mean, error, (mean - exact) / error
