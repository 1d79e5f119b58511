# %% right formula: All samples at once; what was not scored is stood for by what was.
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    likelihood = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        unread = num_points - pooled.shape[1]
        likelihood = likelihood + unread * log_point(scored, c).mean(0).mean(-1)
    return num_sets / len(pooled) * (likelihood - kl)


# %% right one_set_at_a_time: A loop over sets; torch's normals and their KL.
import torch
from torch.distributions import Normal, kl_divergence


def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    rows = []
    for m in range(len(pooled)):
        loc, log_scale = encoder(pooled[m : m + 1]).chunk(2, -1)
        q = Normal(loc, log_scale.exp())
        c = q.loc + q.scale * eps[:, m : m + 1]
        total = log_point(pooled[m : m + 1], c).sum() / len(eps)
        left = float(num_points[m]) - pooled.shape[1]
        if left > 0:
            total = total + left / scored.shape[1] * log_point(scored[m : m + 1], c).sum() / len(eps)
        rows.append(total - kl_divergence(q, Normal(0.0, 1.0)).sum())
    return torch.stack(rows) * (num_sets / len(pooled))


# %% right weights_of_points: One call for all points, with a weight for each; a loop over samples.
import torch


def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    out = encoder(pooled)
    latents = out.shape[-1] // 2
    loc, log_scale = out[..., :latents], out[..., latents:]
    points = torch.cat([pooled, scored], dim=1)
    weight = torch.ones(points.shape[:2], dtype=points.dtype)
    if scored.shape[1] > 0:
        weight[:, pooled.shape[1] :] = ((num_points - pooled.shape[1]) / scored.shape[1]).unsqueeze(-1)
    total = -(loc.square() / 2 + torch.expm1(2 * log_scale) / 2 - log_scale).sum(-1)
    for noise in eps:
        c = loc + log_scale.exp() * noise
        total = total + (weight * log_point(points, c.unsqueeze(0))[0]).sum(-1) / len(eps)
    return total * num_sets / pooled.shape[0]


# %% wrong read_for_all, from right formula: N/B on the points that the encoder has read.
# diagnosis: pooled_for_all
#-     likelihood = log_point(pooled, c).mean(0).sum(-1)
#-     if scored.shape[1]:
#-         unread = num_points - pooled.shape[1]
#-         likelihood = likelihood + unread * log_point(scored, c).mean(0).mean(-1)
#+     likelihood = num_points * log_point(pooled, c).mean(0).mean(-1)


# %% wrong one_weight, from right weights_of_points: All points that are there share one weight.
# diagnosis: all_seen_for_all
#-     if scored.shape[1] > 0:
#-         weight[:, pooled.shape[1] :] = ((num_points - pooled.shape[1]) / scored.shape[1]).unsqueeze(-1)
#+     weight = weight * (num_points / points.shape[1]).unsqueeze(-1)


# %% wrong scored_alone, from right formula: The scored points stand for the whole set, those that were read included.
# diagnosis: scored_for_all
#-     likelihood = log_point(pooled, c).mean(0).sum(-1)
#-     if scored.shape[1]:
#-         unread = num_points - pooled.shape[1]
#-         likelihood = likelihood + unread * log_point(scored, c).mean(0).mean(-1)
#+     likelihood = num_points * log_point(scored, c).mean(0).sum(-1) / max(scored.shape[1], 1)


# %% wrong twice_counted, from right formula: The read points count by themselves, and among those that are stood for.
# diagnosis: pooled_twice
#-         unread = num_points - pooled.shape[1]
#+         unread = num_points


# %% wrong as_they_are, from right weights_of_points: No point stands for another.
# diagnosis: points_unscaled
#-         weight[:, pooled.shape[1] :] = ((num_points - pooled.shape[1]) / scored.shape[1]).unsqueeze(-1)
#+         weight[:, pooled.shape[1] :] = 1.0


# %% wrong of_the_minibatch, from right formula: The ELBO of the minibatch.
# diagnosis: sets_unscaled
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return likelihood - kl


# %% wrong kl_of_the_minibatch, from right formula: The likelihood is scaled up to all sets, the KL is not.
# diagnosis: kl_unscaled
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return num_sets / len(pooled) * likelihood - kl


# %% wrong kl_for_points, from right formula: The KL is scaled with the points.
# diagnosis: kl_scaled_by_points
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return num_sets / len(pooled) * (likelihood - num_points / pooled.shape[1] * kl)


# %% wrong kl_added, from right formula: The KL is added.
# diagnosis: kl_sign
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return num_sets / len(pooled) * (likelihood + kl)


# %% wrong times_sets, from right one_set_at_a_time: Each set counts as all of them.
# diagnosis: all_sets_each
#-     return torch.stack(rows) * (num_sets / len(pooled))
#+     return torch.stack(rows) * num_sets


# %% wrong log_variance, from right formula: The encoder's second half is read as log variances.
# diagnosis: log_scale_as_log_variance
#-     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     log_scale = log_scale / 2


# %% wrong cut, from right weights_of_points: c is cut off from the encoder.
# diagnosis: sample_detached
#-         c = loc + log_scale.exp() * noise
#+         c = (loc + log_scale.exp() * noise).detach()


# %% wrong divides_by_nothing, from right weights_of_points: A set that was read whole is divided by its zero scored points.
# diagnosis: not_finite
#-     if scored.shape[1] > 0:
#-         weight[:, pooled.shape[1] :] = ((num_points - pooled.shape[1]) / scored.shape[1]).unsqueeze(-1)
#+     share = (num_points - pooled.shape[1]) / torch.tensor(float(scored.shape[1]), dtype=points.dtype)
#+     weight = torch.cat([weight[:, : pooled.shape[1]], share.unsqueeze(-1) * weight[:, pooled.shape[1] :]], 1)
#+     weight = weight + 0 * share.unsqueeze(-1)


# %% wrong same_size, from right formula: All sets are taken to be as large as the first.
# diagnosis: described or value or dictionary or autopsy
#-         unread = num_points - pooled.shape[1]
#+         unread = num_points[0] - pooled.shape[1]


# %% wrong at_most_a_hundred, from right formula: What is unread counts as a hundred points at most.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         unread = num_points - pooled.shape[1]
#+         unread = (num_points - pooled.shape[1]).clamp(max=100)


# %% wrong floor_of_scales, from right formula: Log scales are kept above -5.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     log_scale = log_scale.clamp(min=-5)


# %% wrong ceiling_of_scales, from right formula: Log scales are kept below 2.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     log_scale = log_scale.clamp(max=2)


# %% wrong reads_all, from right formula: The encoder reads all points that are there.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     loc, log_scale = encoder(pooled).chunk(2, -1)
#+     import torch
#+
#+     loc, log_scale = encoder(torch.cat([pooled, scored], 1)).chunk(2, -1)


# %% wrong leaves_out_scored, from right formula: The scored points count as left out already.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         unread = num_points - pooled.shape[1]
#+         unread = num_points - pooled.shape[1] - scored.shape[1]


# %% wrong other_sets, from right formula: The scale of the sets counts those that are not in the minibatch.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return (num_sets - len(pooled)) / len(pooled) * (likelihood - kl)


# %% wrong mean_size, from right formula: All sets are as large as they are on average.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         unread = num_points - pooled.shape[1]
#+         unread = num_points.mean() - pooled.shape[1]


# %% wrong first_sample, from right formula: The first sample alone.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     c = loc + log_scale.exp() * eps
#+     c = loc + log_scale.exp() * eps[:1]


# %% wrong density_cut, from right formula: The weight of the unread points is a number that the density of the points cannot move.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         likelihood = likelihood + unread * log_point(scored, c).mean(0).mean(-1)
#+         likelihood = likelihood + unread * log_point(scored.detach(), c).detach().mean(0).mean(-1)


# %% wrong free_nats, from right formula: A KL below three nats is free.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return num_sets / len(pooled) * (likelihood - kl)
#+     return num_sets / len(pooled) * (likelihood - kl.clamp(min=3.0))


# %% wrong neighbour_s_points, from right formula: Each set is scored on the points of its neighbour.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         likelihood = likelihood + unread * log_point(scored, c).mean(0).mean(-1)
#+         likelihood = likelihood + unread * log_point(scored.roll(1, 0), c).mean(0).mean(-1)
