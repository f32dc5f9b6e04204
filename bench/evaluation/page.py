"""Writes the plots of docs/evaluation.md, and its tables between <!-- NAME --> and <!-- /NAME -->, from results.csv."""

import json

import numpy as np
from cases import AUTO, BOARDS, FLOAT, INT16, MAX_LOSS
from data import HERE, ROOT, sets
from summary import HARD, INT16_LOSS, claims, failure_rate, kinds, only, percent, read, saving, values

PAGE = ROOT / "docs" / "evaluation.md"
# Columns of what `auto` chose, and the fewest clusters a class of each.
CLUSTERS = {"clustered, more than 8": 9, "5 to 8": 5, "3, 4": 3, "1, 2": 1}
COLUMNS = ("exact", "uint8", "byte", *CLUSTERS, "hard")


def main():
    import plots

    PAGE.write_text(page(PAGE.read_text(), tables(read(HERE / "results.csv"), environment())))
    plots.main()


def environment():
    return json.loads((HERE / "environment.json").read_text())


def page(text, made):
    """The text with these tables in their places.

    Raises
    ------
    ValueError
        If one has no place.
    """
    for name, table in made.items():
        before, found, rest = text.partition(f"<!-- {name} -->\n")
        after = rest.partition(f"<!-- /{name} -->")
        if not found or not after[1]:
            raise ValueError(f"docs/evaluation.md has no place for {name}")
        text = f"{before}{found}{table}\n{''.join(after[1:])}"
    return text


def tables(rows, facts):
    """What is between the marks, by name."""
    auto = only(rows, variant=AUTO)
    return {
        "run": _run(rows, facts),
        "claims": _claims(rows),
        "failures": _failures(rows),
        "auto": _auto(rows),
        "chosen": _chosen(auto),
        "shortfalls": _shortfalls(auto, only(rows, variant="int16 exact")),
        "sets": _sets(rows),
        "sources": _sources(),
    }


def table(head, lines):
    """In Markdown."""
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in (head, ["---"] * len(head), *lines))


def forest(min_leaf, trees):
    return f"{trees} trees, {'grown to the end' if min_leaf >= 1 else f'{percent(min_leaf)} of the rows a leaf'}"


def _run(rows, facts):
    n_sets, n_repeats = (len({row[key] for row in rows}) for key in ("dataset", "repeat"))
    n_cases = len(only(rows, variant=AUTO))
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", "numpy", "scipy", "scikit-learn"))
    took = f"{facts['minutes']} minutes with {facts['run by']}"
    return f"{n_sets} data sets, {n_repeats} repeats: {n_cases} forests, {len(rows)} models. {took}; {versions}."


def _claims(rows):
    lines = []
    for each in claims(rows):
        holds = "" if each.wanted == "-" else "yes" if each.holds else "**no**"
        lines.append((each.what, each.talk, each.wanted, each.measured, holds))
    return table(("", "the talk", "asked of us", "measured", "holds"), lines)


def _failures(rows):
    columns = kinds(rows)
    lines = []
    for name in (*INT16, AUTO):
        own = [only(rows, variant=name, min_leaf=min_leaf, trees=trees) for min_leaf, trees in columns]
        lines.append((name, *(percent(failure_rate(some)) for some in own)))
    return table(("", *(forest(*column) for column in columns)), lines)


def _auto(rows):
    lines = []
    for min_leaf, trees in kinds(rows):
        own = only(rows, variant=AUTO, min_leaf=min_leaf, trees=trees)
        before = only(rows, variant=FLOAT, min_leaf=min_leaf, trees=trees)
        drops = values(own, "test_drop")
        lines.append((
            forest(min_leaf, trees),
            f"{np.median(values(before, 'test_score')):.4f}",
            f"{np.mean(drops):.4f}",
            f"{np.max(drops):.4f}",
            percent(np.mean(drops <= MAX_LOSS)),
            *(percent(np.median(saving(own, *pair))) for pair in (
                ("nodes_leaves", "emlearn_float"), ("nodes_leaves", "emlearn_hard"), ("eml", "exact_eml")
            )),
            f"{np.median(values(own, 'eml')):,.0f}",
            _speed(own, before),
        ))  # fmt: skip
    head = (
        "forests", "AUC, median", "loss on test data, mean", "largest", "at most a point",
        "saves of float nodes and leaves", "of int16 hard votes", "of our exact `.eml`", "bytes of the `.eml`, median",
        "instructions, M0 and M4F",
    )  # fmt: skip
    return table(head, lines)


def _speed(own, before):
    """Estimated instructions in those of the exact model, median, of models whose prices are known."""
    parts = []
    for board in BOARDS:
        pairs = [
            (row[board], other[board]) for row, other in zip(own, before, strict=True) if row[board] and other[board]
        ]
        parts.append(f"{np.median([a / b for a, b in pairs]):.2f}" if pairs else "-")
    return f"{', '.join(parts)} ({len(pairs)} of {len(own)})"


def _chosen(auto):
    lines, words = [], {"proportions": "trimmed", "alpha": "pruned", "thresholds": "fewer thresholds"}
    words |= {"packed8": "nodes of 4 bytes"}
    words = {word: shown for word, shown in words.items() if any(word in row["kind"] for row in auto)}
    for min_leaf, trees in kinds(auto):
        own = only(auto, min_leaf=min_leaf, trees=trees)
        parts = [row["kind"].split(", ") for row in own]
        chosen = [_column(part[1]) for part in parts]
        leaves = [chosen.count(column) for column in COLUMNS]
        features = [sum(part[0] == dtype for part in parts) for dtype in ("float", "int16", "int16 scaled")]
        others = [sum(any(word in cell for cell in part) for part in parts) for word in words]
        lines.append((forest(min_leaf, trees), *leaves, *features, *others))
    head = ("forests", *COLUMNS, "float", "int16", "int16 scaled", *words.values())
    return table(head, lines)


def _column(leaf):
    number = leaf.removeprefix("clustered ")
    return leaf if number == leaf else next(name for name, fewest in CLUSTERS.items() if int(number) >= fewest)


def _shortfalls(auto, int16):
    lost = sorted((row for row in auto if row["test_drop"] > MAX_LOSS), key=lambda row: -row["test_drop"])
    larger = [row for row in auto if row["nodes_leaves"] > row["emlearn_hard"]]
    found = [(row, f"loses {row['test_drop']:.4f} on {row['rows'] / 4:.0f} test rows") for row in lost]
    found += [(row, f"{row['nodes_leaves']:,.0f} bytes, hard votes {row['emlearn_hard']:,.0f}") for row in larger]
    found += [
        (row, f"changes by {-row['test_drop']:+.4f} on {row['rows'] / 4:.0f} test rows")
        for row in int16
        if abs(row["test_drop"]) > INT16_LOSS
    ]
    lines = [(*_case(row), what, row["kind"]) for row, what in found]
    return table(("data set", "repeat", "forest", "", "model"), lines) if lines else "None."


def _case(row):
    return row["dataset"], f"{row['repeat']:.0f}", forest(row["min_leaf"], int(row["trees"]))


def _sets(rows):
    lines = []
    for name in dict.fromkeys(row["dataset"] for row in rows):
        own = only(rows, dataset=name)
        auto, hard = only(own, variant=AUTO), [row for row in only(own, variant=HARD) if row["min_leaf"] < 1]
        drops = values(auto, "test_drop")
        lines.append((
            name,
            f"{np.mean(values(only(own, variant=FLOAT), 'test_score')):.4f}",
            f"{np.max(np.abs(values(only(own, variant='int16 exact'), 'test_drop'))):.4f}",
            f"{np.mean(drops):.4f}",
            f"{np.max(drops):.4f}",
            f"{np.mean(values(hard, 'test_drop')):.4f}" if hard else "",
            percent(np.median(saving(auto, "nodes_leaves", "emlearn_float"))),
            percent(np.median(saving(auto, "eml", "exact_eml"))),
        ))  # fmt: skip
    head = (
        "data set", "AUC, mean", "int16, largest change", "`auto` loses, mean", "largest", "hard votes lose, mean",
        "`auto` saves of float nodes and leaves", "of our exact `.eml`",
    )  # fmt: skip
    return table(head, lines)


def _sources():
    lines = [
        (of.name, f"{of.rows:,}", of.features, of.classes, f"{of.package} {of.version}".strip(), of.licence, of.note)
        for of in sets()
    ]
    return table(("data set", "rows", "features", "classes", "package", "licence", ""), lines)


if __name__ == "__main__":
    main()
