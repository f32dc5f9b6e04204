"""docs/evaluation-loss.svg and docs/evaluation-size.svg, of results.csv, whose SHA-256 is in them."""

import hashlib

import matplotlib
import numpy as np
from cases import AUTO, INT16, MAX_LOSS
from data import HERE, ROOT
from summary import only, read, values

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "evaluation"  # the same file from the same numbers
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {10: "#1b7837", 30: "#2166ac", 100: "#b2182b"}


def main():
    rows, digest = read(HERE / "results.csv"), hashlib.sha256((HERE / "results.csv").read_bytes()).hexdigest()
    for name, draw in (("loss", draw_loss), ("size", draw_size)):
        figure = draw(rows)
        path = ROOT / "docs" / f"evaluation-{name}.svg"
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None, "Description": f"results.csv: {digest}"})
        plt.close(figure)


def draw_loss(rows):
    """What variants of forests with restricted leaves lose on test data, a point for a data set."""
    names = (*INT16, AUTO)
    figure, ax = plt.subplots(figsize=(8, 3.6))
    for shift, (trees, colour) in zip((-0.25, 0, 0.25), COLOURS.items(), strict=True):
        for at, name in enumerate(names):
            own = [row for row in only(rows, variant=name, trees=trees) if row["min_leaf"] < 1]
            of_sets = dict.fromkeys(row["dataset"] for row in own)
            losses = [100 * np.mean(values(only(own, dataset=each), "test_drop")) for each in of_sets]
            places = at + shift + np.linspace(-0.09, 0.09, len(losses))
            ax.plot(places, losses, ".", markersize=3, color=colour, label=f"{trees} trees" if at == 0 else None)
    ax.axhline(100 * MAX_LOSS, linewidth=0.8, color="black", linestyle=":")
    ax.set_xticks(range(len(names)), [name.replace(" ", "\n", 1) for name in names], fontsize=8)
    ax.set_ylabel("loss of AUC on test data, points")
    ax.legend(fontsize=8, loc="upper left")
    return figure


def draw_size(rows):
    """Bytes of nodes and leaves of `auto`, and of emlearn's hard votes, over those of float nodes and leaves."""
    figure, ax = plt.subplots(figsize=(8, 3.6))
    auto = only(rows, variant=AUTO)
    whole, hard = values(auto, "emlearn_float", "emlearn_hard")
    ax.plot(whole, hard, ".", markersize=3, color="#aaaaaa", label="emlearn's int16 hard votes")
    for trees, colour in COLOURS.items():
        before, after = values(only(auto, trees=trees), "emlearn_float", "nodes_leaves")
        ax.plot(before, after, ".", markersize=3, color=colour, label=f"auto, {trees} trees")
    ends = np.array([whole.min(), whole.max()])
    ax.plot(ends, ends, linewidth=0.8, color="black", label="equal")
    ax.plot(ends, 0.2 * ends, linewidth=0.8, color="black", linestyle=":", label="80 % less")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("bytes of float nodes and float32 leaves")
    ax.set_ylabel("bytes of nodes and leaves")
    ax.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
