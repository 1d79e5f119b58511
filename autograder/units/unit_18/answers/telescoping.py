# %% right shares: Each correction with its share.
def unbiased_estimate(ahead, behind, k, m):
    tau = len(behind)
    width = m - k + 1
    value = ahead[k : m + 1].sum(0) / width
    for t in range(k + 1, tau):
        share = min(1.0, (t - k) / width)
        value = value + share * (ahead[t] - behind[t - 1])
    cost = max(tau, m) + tau - 1
    return value, cost


# %% right mean_of_many: H_k, ..., H_m one by one, and their mean; moves counted one by one.
import torch


def unbiased_estimate(ahead, behind, k, m):
    tau = len(behind)
    many = []
    for j in range(k, m + 1):
        H = ahead[j].clone()
        for t in range(j + 1, tau):
            H += ahead[t] - behind[t - 1]
        many.append(H)
    moves, t, met = 1, 1, tau == 1
    while not (met and t >= m):
        moves += 1 if met else 2
        t += 1
        met = met or t == tau
    if m == 0 and tau == 1:
        moves = 1
    return torch.stack(many).mean(0), moves


# %% right arrays: Without a loop, in NumPy.
import numpy as np


def unbiased_estimate(ahead, behind, k, m):
    X, Y = np.asarray(ahead), np.asarray(behind)
    tau = Y.shape[0]
    t = np.arange(1, tau)
    weight = np.clip((t - k) / (m - k + 1), 0.0, 1.0)
    value = X[k : m + 1].mean(axis=0) + np.tensordot(weight, X[1:tau] - Y[: tau - 1], axes=1)
    return value, tau - 1 + max(m, tau)


# %% wrong plain, from right shares: No correction.
# diagnosis: no_correction
#-         value = value + share * (ahead[t] - behind[t - 1])
#+         value = value + 0.0


# %% wrong all_in_full, from right shares: Every correction in full.
# diagnosis: no_ramp
#-         share = min(1.0, (t - k) / width)
#+         share = 1.0


# %% wrong first_only, from right shares: H_k in place of the mean.
# diagnosis: only_the_first
#-     width = m - k + 1
#-     value = ahead[k : m + 1].sum(0) / width
#+     width = 1
#+     value = ahead[k]


# %% wrong minus, from right shares: The sign of the corrections.
# diagnosis: sign
#-         value = value + share * (ahead[t] - behind[t - 1])
#+         value = value - share * (ahead[t] - behind[t - 1])


# %% wrong starts_late, from right shares: The first correction is left out.
# diagnosis: one_late
#-     for t in range(k + 1, tau):
#+     for t in range(k + 2, tau):


# %% wrong width_one_less, from right shares: m - k members.
# diagnosis: width
#-     width = m - k + 1
#+     width = max(m - k, 1)


# %% wrong from_the_start, from right shares: All corrections from time 1 on, in full.
# diagnosis: from_zero
#-     for t in range(k + 1, tau):
#-         share = min(1.0, (t - k) / width)
#+     for t in range(1, tau):
#+         share = 1.0


# %% wrong after_m, from right shares: Corrections inside the window are left out.
# diagnosis: only_after_the_window
#-     for t in range(k + 1, tau):
#-         share = min(1.0, (t - k) / width)
#+     for t in range(m + 1, tau):
#+         share = 1.0


# %% wrong by_values, from right shares: They are said to have met where h is equal.
# diagnosis: met_by_values
#-     tau = len(behind)
#+     tau = len(behind)
#+     for t in range(1, len(behind)):
#+         if bool((ahead[t] == behind[t - 1]).all()):
#+             tau = t
#+             break


# %% wrong cost_of_two, from right shares: Both chains are paid for to the end.
# diagnosis: two_chains_always
#-     cost = max(tau, m) + tau - 1
#+     cost = 2 * max(tau, m) - 1


# %% wrong cost_to_meeting, from right shares: Nothing is paid beyond the meeting.
# diagnosis: until_meeting
#-     cost = max(tau, m) + tau - 1
#+     cost = 2 * tau - 1


# %% wrong cost_of_states, from right shares: The starts are counted.
# diagnosis: states_for_moves
#-     cost = max(tau, m) + tau - 1
#+     cost = max(tau, m) + tau + 1


# %% wrong cost_of_pairs, from right shares: A move of two chains is counted once.
# diagnosis: one_transition_for_two
#-     cost = max(tau, m) + tau - 1
#+     cost = max(tau, m)


# %% wrong lag_lost, from right shares: h of both at the same time.
# diagnosis: lag_forgotten or value
#-         value = value + share * (ahead[t] - behind[t - 1])
#+         value = value + share * (ahead[t] - behind[t])
