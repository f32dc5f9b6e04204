"""Trains the network in PyTorch, and leaves its weights in weights.npz. Everything else goes without PyTorch.

`train.py` trains on the 4,000 images, in a few minutes; it says nothing of the test images. `train.py --validate` is
how the network was chosen: it trains on 3,000 of them and says how many of the others are right, for each candidate.
"""

import math
import sys

import data
import numpy as np
import torch
from rich.progress import track
from torch import nn
from torch.nn import functional

CHANNELS = 6, 9, 10  # of the three convolutions
CANDIDATES = CHANNELS, (6, 9, 11), (7, 8, 11), (6, 8, 9), (5, 8, 10)
EPOCHS = 400
BATCH = 100
RATE = 0.02  # the largest, after a tenth of the time
WEIGHT_DECAY = 1e-3
# How much images are changed at random, so that none is seen twice.
DEGREES = 12
STRETCH = 0.12
SHEAR = 0.16
SHIFT = 1.8  # pixels
WAVES, WAVINESS = 6, 0.9  # knots of a displacement along either side, and its standard deviation in pixels


def network(channels):
    first, second, third = channels

    def convolution(inputs, outputs, kernel, stride):
        conv = nn.Conv2d(inputs, outputs, kernel, stride, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(
        *convolution(1, first, 5, 3),
        *convolution(first, second, 3, 1),
        *convolution(second, third, 3, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, 10),
    )


def varied(images, random):
    """Turned, stretched, sheared, shifted and bent."""
    n = len(images)

    def uniform(most):
        return (torch.rand(n, generator=random) * 2 - 1) * most

    angle = uniform(math.radians(DEGREES))
    cos, sin = torch.cos(angle), torch.sin(angle)
    wide, high = 1 + uniform(STRETCH), 1 + uniform(STRETCH)
    half = images.shape[-1] / 2  # a picture's sides are at -1 and 1
    across = torch.stack([cos * wide, uniform(SHEAR) - sin * high, uniform(SHIFT / half)], 1)
    down = torch.stack([sin * wide, cos * high, uniform(SHIFT / half)], 1)
    matrix = torch.stack([across, down], 1)
    places = functional.affine_grid(matrix, images.shape, align_corners=False)
    knots = torch.randn(n, 2, WAVES, WAVES, generator=random) * WAVINESS / half
    bent = functional.interpolate(knots, images.shape[-2:], mode="bicubic", align_corners=True)
    return functional.grid_sample(images, places + bent.permute(0, 2, 3, 1), align_corners=False)


def tensor(X):
    return torch.from_numpy(X.astype(np.float32) / 255)[:, None]


def trained(channels, X, y, seed=0):
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    model = network(channels)
    images, labels = tensor(X), torch.from_numpy(y.astype(np.int64))
    steps = EPOCHS * math.ceil(len(X) / BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    for _ in track(range(EPOCHS), f"channels {channels}, {len(X):,} images"):
        for batch in torch.randperm(len(X), generator=random).split(BATCH):
            loss = functional.cross_entropy(model(varied(images[batch], random)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def weights(model):
    """With the order and axes of Keras: kernel, gamma, beta, mean, variance of each convolution; kernel, bias."""
    arrays = []
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            arrays.append(layer.weight.permute(2, 3, 1, 0))
        elif isinstance(layer, nn.BatchNorm2d):
            arrays += [layer.weight, layer.bias, layer.running_mean, layer.running_var]
        elif isinstance(layer, nn.Linear):
            arrays += [layer.weight.T, layer.bias]
    # float16 is half the file; convert.py says what is right with it.
    return [array.detach().numpy().astype(np.float16) for array in arrays]


def right(model, X, y):
    with torch.no_grad():
        return np.mean(model(tensor(X)).argmax(1).numpy() == y)


def main():
    torch.set_num_threads(1)  # small layers: more are no faster, and one gives the same sums again
    torch.use_deterministic_algorithms(True)
    (X, y), _ = data.digits()
    if sys.argv[1:] == ["--validate"]:
        (X, y), held = data.split(X, y, seed=1)
        for channels in CANDIDATES:
            model = trained(channels, X, y)
            print(f"{channels}: {right(model, *held):.1%} of {len(held[1]):,} images not trained with", flush=True)
        return
    model = trained(CHANNELS, X, y)
    print(f"{right(model, X, y):.1%} of the images trained with")
    np.savez_compressed(data.HERE / "weights.npz", *weights(model))


if __name__ == "__main__":
    main()
