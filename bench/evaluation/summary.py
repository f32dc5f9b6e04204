"""What the results say: of each kind of forest, and of each claim."""

import csv
from typing import NamedTuple

import numpy as np
from cases import AUTO, INT16, MAX_LOSS

INT16_LOSS = 0.005
WORDS = ("dataset", "metric", "variant", "kind")
HARD = "int16 hard"
CLUSTERED = [name for name in INT16 if "clustered" in name]


class Claim(NamedTuple):
    what: str
    talk: str
    wanted: str
    measured: str
    holds: bool


def read(path):
    """The rows of a results.csv, numbers as such, None where there is none."""
    with open(path, newline="") as file:
        return [{key: _value(key, cell) for key, cell in row.items()} for row in csv.DictReader(file)]


def _value(key, cell):
    if key in WORDS:
        return cell
    return float(cell) if cell else None


def only(rows, **wanted):
    """Those that have these values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def values(rows, *keys):
    """What `keys` have: an array, or as many; all keys of a row or none."""
    known = [row for row in rows if all(row[key] is not None for key in keys)]
    found = [np.array([row[key] for row in known], float) for key in keys]
    return found if len(keys) > 1 else found[0]


def saving(rows, size, reference):
    """The part of `reference` that each row saves."""
    own, other = values(rows, size, reference)
    return 1.0 - own / other


def failing(rows, part="test"):
    """The data sets whose mean loss over the repeats is above a point."""
    names = dict.fromkeys(row["dataset"] for row in rows)
    return [name for name in names if np.mean(values(only(rows, dataset=name), f"{part}_drop")) > MAX_LOSS]


def failure_rate(rows):
    """The part of the data sets that fail."""
    return len(failing(rows)) / len({row["dataset"] for row in rows})


def kinds(rows):
    """(min_leaf, trees) of the forests there are."""
    return sorted({(row["min_leaf"], int(row["trees"])) for row in rows})


def claims(rows):
    """The talk's and ours, beside what was measured."""
    auto, int16 = (only(rows, variant=name) for name in (AUTO, "int16 exact"))
    n_sets = len({row["dataset"] for row in rows})
    drops, found = values(int16, "test_drop"), []
    beyond = np.mean(np.abs(drops) > INT16_LOSS)
    found.append(Claim(
        "int16 features: change of AUC on test data", "-0.025 to +0.025", f"within {INT16_LOSS} in all cases",
        f"{-np.max(drops):+.4f} to {-np.min(drops):+.4f}, within in {percent(1 - beyond)}", bool(beyond == 0),
    ))  # fmt: skip
    held, lost = (np.mean(values(auto, f"{part}_drop") <= MAX_LOSS) for part in ("validation", "test"))
    found.append(Claim(
        "`auto` loses at most a point on the data it is chosen by", "all data sets", "100 % of the cases",
        percent(held), bool(held == 1.0),
    ))  # fmt: skip
    sets = failing(auto)
    found.append(Claim(
        "`auto` loses at most a point on test data", "-", "97 % of the cases",
        f"{percent(lost)}; {n_sets - len(sets)} of {n_sets} data sets on average", bool(lost >= 0.97),
    ))  # fmt: skip
    for what, talk, size, reference, least in (
        ("emlearn's float nodes and float32 leaves", "50 to 90 %", "nodes_leaves", "emlearn_float", 0.8),
        ("our own exact `.eml`", "-", "eml", "exact_eml", 0.5),
    ):
        median = np.median(saving(auto, size, reference))
        found.append(Claim(
            f"`auto` saves of {what}, median", talk, percent(least), percent(median), bool(median >= least)
        ))  # fmt: skip
    larger, with_all = ([row for row in auto if row[size] > row["emlearn_hard"]] for size in ("nodes_leaves", "tables"))
    found.append(Claim(
        "`auto` has larger nodes and leaves than emlearn's int16 hard votes", "-", "no case",
        f"{len(larger)} of {len(auto)}; with roots and scales {len(with_all)}", not larger,
    ))  # fmt: skip
    for name, talk in ((HARD, "75 % of the data sets"), *((name, "none with 2 to 8") for name in CLUSTERED)):
        rates = [
            f"{percent(failure_rate(own))} with {trees} trees"
            for min_leaf, trees in kinds(rows)
            if min_leaf < 1
            if (own := only(rows, variant=name, min_leaf=min_leaf, trees=trees))
        ]
        leaves = name.removeprefix("int16 ") + (" votes" if name == HARD else " a class")
        found.append(Claim(f"data sets on which {leaves} lose more than a point", talk, "-", ", ".join(rates), True))
    return found


def percent(part):
    """To a tenth."""
    return f"{100 * part:.1f} %".replace(".0 %", " %")
