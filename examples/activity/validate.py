"""How the window and the model were chosen, and how well that does for each of the 10 people.

Everybody is predicted by a model that has not seen them. The choice is made among those of the training set only.
"""

import data
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from train import OUT, WINDOW, features, pipeline, scaled_regression

SIZES = (100, 128, 150, 200, 250)  # samples: 2 to 5 seconds
MODELS = {
    "random forest, 30 trees": lambda: RandomForestClassifier(30, min_samples_leaf=2, random_state=1),
    "extra trees, 30 trees": lambda: ExtraTreesClassifier(30, min_samples_leaf=2, random_state=1),
    "logistic regression, C=0.1": lambda: scaled_regression(0.1),
    "logistic regression, C=1": lambda: scaled_regression(1),
    "logistic regression, C=10": lambda: scaled_regression(10),
}


def main():
    recordings = data.recordings(OUT)
    known, unknown = data.split(recordings)
    print("Accuracy of those left out, mean (worst) of the people to train with, by seconds of a window")
    print(" " * 28, *(f"{size / data.SAMPLES_PER_SECOND:>12.2f}" for size in SIZES))
    tables = [columns(known, size) for size in SIZES]
    for name, model in MODELS.items():
        found = [left_out(model, *table) for table in tables]
        print(f"{name:28}", *(f"{np.mean(each):>6.3f} {min(each):.2f}".rjust(12) for each in found), flush=True)
    print(f"The chosen pipeline, windows of {WINDOW} samples, each of the 10 left out in turn")
    each = left_out(lambda: pipeline()[1:], *columns(recordings, WINDOW))
    for subject, accuracy in enumerate(each, 1):
        print(f"   {subject:2} {accuracy:.3f}")
    print(f"   mean {np.mean(each):.3f}, worst {min(each):.3f}")


def columns(recordings, size):
    """What the transformers make of the windows, the labels, and whose they are."""
    rows, labels = data.windows(recordings, size)
    subjects = np.array([r.subject for r in recordings for _ in data.starts(r, size)])
    return features().fit_transform(rows), labels, subjects


def left_out(model, X, y, subjects):
    """Accuracy for each person, by a model of the others."""
    others = [subjects != subject for subject in np.unique(subjects)]
    return [model().fit(X[o], y[o]).score(X[~o], y[~o]) for o in others]


if __name__ == "__main__":
    main()
