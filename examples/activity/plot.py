"""Draws activity.png: 10 s of each exercise, and what the model takes the test windows for.

Needs matplotlib (and Pillow, which comes with it); the example does without: .venv/bin/python -m pip install matplotlib
"""

import data
import matplotlib
import numpy as np
from PIL import Image
from sklearn.metrics import confusion_matrix
from train import BOARD, HERE, OUT, WINDOW

import emlearn

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

SHOWN = 10 * data.SAMPLES_PER_SECOND
FIRST = 10 * data.SAMPLES_PER_SECOND  # by then people have begun
COLOURS = ("#0072b2", "#e69f00", "#009e73")  # told apart by colour-blind people too


def main():
    known, unknown = data.split(data.recordings(OUT))
    names = list(data.EXERCISES)
    X, truth = data.windows(unknown, WINDOW)
    predicted = emlearn.load(BOARD / "activity.eml").predict(X)
    figure, places = plt.subplot_mosaic(
        [[name, "matrix"] for name in names], figsize=(9, 6), width_ratios=(1, 1.15), layout="constrained"
    )
    seconds = np.arange(SHOWN) / data.SAMPLES_PER_SECOND
    for name in names:
        place = places[name]
        recording = next(r for r in known if r.exercise == name and r.arm == "right")
        for axis, colour in enumerate(COLOURS):
            acceleration = recording.samples[FIRST : FIRST + SHOWN, axis] / data.COUNTS[axis]
            place.plot(seconds, acceleration, color=colour, linewidth=0.8, label=data.AXES[axis])
        place.set(ylim=(-2, 2), yticks=(-1, 0, 1), xlim=(0, seconds[-1]))
        place.set_ylabel(name, fontsize=8, fontweight="bold")
        place.tick_params(labelsize=7, labelbottom=name == names[-1])
    places[names[-1]].set_xlabel("seconds", fontsize=8)
    places[names[0]].set_title("acceleration in g of one person, right arm", fontsize=9, pad=18)
    places[names[0]].legend(fontsize=7, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 0.98), frameon=False)
    draw_matrix(places["matrix"], confusion_matrix(truth, predicted, labels=names), names)
    figure.savefig(OUT / "activity.png", dpi=100)
    Image.open(OUT / "activity.png").convert("RGB").quantize(48).save(HERE / "activity.png", optimize=True)


def draw_matrix(place, matrix, names):
    place.imshow(matrix, cmap="Blues")
    for row, column in np.ndindex(matrix.shape):
        shade = "white" if matrix[row, column] > matrix.max() / 2 else "black"
        place.text(column, row, str(matrix[row, column]), ha="center", va="center", color=shade, fontsize=9)
    place.set_xticks(range(len(names)), names, fontsize=8)
    place.set_yticks(range(len(names)), names, fontsize=8)
    place.set_xlabel("predicted", fontsize=9)
    place.set_ylabel("true", fontsize=9)
    windows, right = matrix.sum(), np.trace(matrix)
    place.set_title(f"{right} of {windows} windows of 3 people\nwhom the model has not seen", fontsize=9)


if __name__ == "__main__":
    main()
