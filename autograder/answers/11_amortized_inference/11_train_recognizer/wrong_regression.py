"""diagnosis: scale_not_trained"""

import torch


def train_recognizer(p, encoder, x, seed):
    optimizer, bounds = torch.optim.Adam(encoder.parameters(), lr=0.05), []
    for _ in range(300):
        loc, _ = encoder(x).chunk(2, -1)
        loss = ((loc - x / 2) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        bounds.append(-loss.item())
    return bounds
