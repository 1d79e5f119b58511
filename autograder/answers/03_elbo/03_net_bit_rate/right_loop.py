"""Idiom: a ledger kept in a loop: bits paid, bits got back."""
import torch


def net_bit_rate(log_joint, log_q):
    rows = []
    bits_per_nat = 1.4426950408889634
    for joint, back in zip(log_joint, log_q):
        paid = -joint * bits_per_nat
        got_back = -back * bits_per_nat
        rows.append(paid - got_back)
    rate = torch.stack(rows)
    return rate, sum(rows) / len(rows)
