"""Draws gestures.png: a recording of each gesture, and what the forest takes the test windows for.

Needs matplotlib (and Pillow, which comes with it); the demo does without: .venv/bin/python -m pip install matplotlib
"""

import data
import matplotlib
from demo import HERE, OUT, feature_table, train_forest
from PIL import Image
from sklearn.metrics import confusion_matrix

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

SAMPLES_PER_SECOND = 10
COLOURS = ("#0072b2", "#e69f00", "#009e73")  # told apart by colour-blind people too


def main():
    recordings, labels = data.load("TRAIN", OUT)
    forest = train_forest()
    windows, truth = data.windows("TEST", OUT)
    gestures = forest.classes_.tolist()
    figure, places = plt.subplot_mosaic(
        [[gestures[0], gestures[1], "matrix"], [gestures[2], gestures[3], "matrix"]],
        figsize=(9, 3.6),
        width_ratios=(1, 1, 1.1),
        layout="constrained",
    )
    for gesture in gestures:
        recording = recordings[labels.tolist().index(gesture)]
        for axis, colour in enumerate(COLOURS):
            places[gesture].plot(recording[:, axis], color=colour, linewidth=0.8, label=data.AXES[axis])
        places[gesture].set(title=gesture, ylim=(-3000, 3600), xticks=[])
        places[gesture].tick_params(labelsize=7)
    places["Standing"].legend(fontsize=7, ncols=3, loc="upper center", frameon=False)
    seconds = len(recordings[0]) // SAMPLES_PER_SECOND
    figure.supylabel("accelerometer, hundredths of the data set's unit", fontsize=7)
    figure.supxlabel(f"{seconds} s each", fontsize=7, x=0.33)
    draw_matrix(places["matrix"], confusion_matrix(truth, forest.predict(feature_table(windows))), gestures)
    figure.savefig(OUT / "gestures.png", dpi=100)
    Image.open(OUT / "gestures.png").convert("RGB").quantize(48).save(HERE / "gestures.png", optimize=True)


def draw_matrix(place, matrix, gestures):
    place.imshow(matrix, cmap="Blues")
    for (row, column), count in [((r, c), matrix[r, c]) for r in range(len(matrix)) for c in range(len(matrix))]:
        shade = "white" if count > matrix.max() / 2 else "black"
        place.text(column, row, str(count), ha="center", va="center", color=shade, fontsize=9)
    place.set_xticks(range(len(gestures)), gestures, fontsize=7)
    place.set_yticks(range(len(gestures)), gestures, fontsize=7, rotation=90, va="center")
    place.set_title("predicted (across) and true (down)\ngesture of the test windows", fontsize=8)


if __name__ == "__main__":
    main()
