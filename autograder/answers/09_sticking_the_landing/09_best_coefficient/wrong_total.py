"""diagnosis: total_in_place_of_path"""


def best_coefficient(path, score):
    total = path + score
    centred = score - score.mean(0)
    return -((total - total.mean(0)) * centred).sum(0) / centred.square().sum(0)
