"""Draws digits.png: some of the test images, all that are read wrongly, and what each digit is read as.

Needs matplotlib (and Pillow, which comes with it); the example does without: .venv/bin/python -m pip install matplotlib
"""

import data
import matplotlib
import numpy as np
from PIL import Image
from sklearn.metrics import confusion_matrix

import emlearn

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLUMNS = 7
ROWS_RIGHT = 2  # of images that are read rightly


def main():
    _, (X, y) = data.digits()
    predicted = emlearn.load(data.HERE / "digits.tmdl").predict(X[..., None])
    wrong = np.flatnonzero(predicted != y)
    right = np.flatnonzero(predicted == y)[:: len(y) // (ROWS_RIGHT * COLUMNS)][: ROWS_RIGHT * COLUMNS]
    rows = ROWS_RIGHT - (-len(wrong) // COLUMNS)
    figure, (left, place) = plt.subplots(1, 2, figsize=(9, 4.6), width_ratios=(1.25, 1), layout="constrained")
    cells = left.get_subplotspec().subgridspec(rows, COLUMNS).subplots()
    left.remove()
    for cell in cells.flat:
        cell.axis("off")
    for i, cell in zip([*right, *wrong], cells.flat, strict=False):
        cell.imshow(X[i], cmap="gray_r")
        title = str(y[i]) if y[i] == predicted[i] else f"{y[i]}, read {predicted[i]}"
        cell.set_title(title, fontsize=8, pad=2, color="black" if y[i] == predicted[i] else "#d55e00")
    draw_matrix(place, confusion_matrix(y, predicted))
    data.OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(data.OUT / "digits.png", dpi=100)
    Image.open(data.OUT / "digits.png").convert("RGB").quantize(48).save(data.HERE / "digits.png", optimize=True)


def draw_matrix(place, matrix):
    place.imshow(matrix, cmap="Blues")
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            shade = "white" if matrix[row, column] > matrix.max() / 2 else "black"
            place.text(column, row, str(matrix[row, column]), ha="center", va="center", color=shade, fontsize=8)
    place.set_xticks(range(10))
    place.set_yticks(range(10))
    place.set_xlabel("read", fontsize=9)
    place.set_ylabel("written", fontsize=9)
    place.set_title(f"{np.trace(matrix)} of {matrix.sum():,} images that the network has not seen", fontsize=9)


if __name__ == "__main__":
    main()
