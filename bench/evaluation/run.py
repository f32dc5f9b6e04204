"""The whole evaluation, on all cores or a cluster. `make evaluate` runs this.

    .venv/bin/python bench/evaluation/run.py [--quick] [--jobs N] [--backend dask --scheduler ADDRESS] [...]

Packages with data are downloaded into build/packages/. Each case is written to build/evaluation/ when it is done: a run
that was cut off goes on from there, unless the code or a package is another one by then. In the end results.csv and
environment.json are written, here or into the folder `--out`. `--quick` takes 5 data sets, forests of 10 trees and
1 repeat. Workers of a cluster need the same Python packages, and no files of this folder nor of the data.
"""

import argparse
import contextlib
import csv
import json
import os
import sys
import time
from pathlib import Path

import cases
import joblib
from data import HERE, ROOT, load, sets
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

TREES, REPEATS = (100, 30, 10), 3
# Grown to the end, which is scikit-learn's default, and with a hundredth of the rows in each leaf, as in the draft of
# the paper that the talk announces: see docs/evaluation.md.
MIN_LEAVES = (1.0, 0.01)
QUICK = ("kr-vs-kp", "satimage", "segment", "vehicle", "wdbc")
WORK = ROOT / "build" / "evaluation"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sets", type=lambda names: names.split(","), help="only these, with commas between")
    parser.add_argument("--metric", default="roc_auc", help="another one of convert's (%(default)s)")
    parser.add_argument("--min-leaf", type=float, help="only this min_samples_leaf")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--backend", choices=("loky", "dask"), default="loky")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of the dask cluster, such as tcp://10.0.0.1:8786")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for what is done so far (%(default)s)")
    parser.add_argument("--out", type=Path, help="folder for results.csv; of a part, that of --work")
    asked = parser.parse_args(arguments)
    if (asked.backend == "dask") != (asked.scheduler is not None):
        parser.error("--backend dask and --scheduler ADDRESS go together")
    known = {each.name: each for each in sets()}
    names = asked.sets or (QUICK if asked.quick else tuple(known))
    for name in names:
        if name not in known:
            parser.error(f"{name} is none of the data sets: {', '.join(known)}")
    wanted = plan([known[name] for name in names], asked)
    whole = not (asked.quick or asked.sets or asked.min_leaf) and asked.metric == "roc_auc"
    work = asked.work / f"{'quick' if asked.quick else 'full'}.jsonl"
    with contextlib.ExitStack() as stack:
        if asked.backend == "dask":
            stack.enter_context(cluster(asked.scheduler))
        else:
            stack.enter_context(joblib.parallel_config("loky", n_jobs=asked.jobs, inner_max_num_threads=1))
        done = Done(work)
        compute(wanted, known, done)
    out = asked.out or (HERE if whole else asked.work)
    where = f"{asked.backend}, {asked.jobs} jobs" if asked.backend == "loky" else asked.backend
    minutes = sum(done.seconds[case] for case in wanted) / 60
    write(out, [row for case in sorted(wanted) for row in done.rows[case]], where, minutes)
    print(f"{len(wanted)} cases in {minutes:.1f} min: {out / 'results.csv'}")


def plan(chosen, asked):
    """All cases, repeat by repeat, those that take longest first, so that no worker ends long after the others."""

    def work(case, of):
        return case.trees * min(of.rows, cases.MAX_ROWS) * of.classes * (1 if case.min_leaf >= 1 else 0.4)

    found = [
        (case, of)
        for of in chosen
        for repeat in range(1 if asked.quick else REPEATS)
        for min_leaf in ([asked.min_leaf] if asked.min_leaf else MIN_LEAVES)
        for trees in (TREES[-1:] if asked.quick else TREES)
        for case in [cases.Case(of.name, repeat, min_leaf, trees, asked.metric)]
    ]
    return [case for case, _ in sorted(found, key=lambda pair: (pair[0].repeat, -work(*pair)))]


class Done:
    """Cases that are done, in a file with a line for each after one for what results depend on."""

    def __init__(self, path):
        self.rows, self.seconds, self.path = {}, {}, path
        self._head = {"environment": cases.environment(), "code": hashes()}
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        if lines and json.loads(lines[0]) == self._head:
            # A run that was killed may have left a part of a line.
            whole = [line for line in lines if line.endswith("\n")]
            for line in map(json.loads, whole[1:]):
                case = cases.Case(*line["case"])
                self.rows[case], self.seconds[case] = line["rows"], line["seconds"]
            path.write_text("".join(whole))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self._head) + "\n")

    def add(self, case, rows, seconds):
        """Note what was found, and by how many seconds later than the one before."""
        self.rows[case], self.seconds[case] = rows, seconds
        with open(self.path, "a") as file:
            file.write(json.dumps({"case": case, "seconds": round(seconds, 3), "rows": rows}) + "\n")


def hashes():
    """Of the files that cases depend on, beside the package's."""
    return [joblib.hash((HERE / name).read_text()) for name in ("cases.py", "data.py", "rdata.py", "sets.csv")]


def compute(wanted, known, done):
    missing = [case for case in wanted if case not in done.rows]
    if len(missing) < len(wanted):
        print(f"{len(wanted) - len(missing)} of {len(wanted)} cases are done: {done.path}")
    if not missing:
        return
    started = time.monotonic()
    rows = {name: cases.limited(*load(known[name])) for name in dict.fromkeys(case.dataset for case in missing)}
    jobs = (joblib.delayed(cases.measure)(case, *rows[case.dataset], cases.environment()) for case in missing)
    columns = (TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(wanted), completed=len(wanted) - len(missing))
        for case, found in joblib.Parallel(batch_size=1, return_as="generator_unordered")(jobs):
            now = time.monotonic()
            done.add(case, found, now - started)
            started = now
            progress.advance(task)


@contextlib.contextmanager
def cluster(address):
    """Have joblib send its jobs there."""
    try:
        from distributed import Client
    except ImportError:
        sys.exit("--backend dask needs dask: pip install distributed")
    with Client(address) as client:
        client.upload_file(cases.__file__)
        with joblib.parallel_config("dask"):
            yield


def write(folder, rows, where, minutes):
    """The table, and how it came about."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            # 2^-20 is far below what a row of the largest test set moves an AUC.
            rounded = {key: f"{value:.6f}" for key, value in row.items() if key.endswith(("score", "drop"))}
            writer.writerow(row | rounded)
    facts = {**cases.environment(), "run by": where, "minutes": round(minutes, 1)}
    (folder / "environment.json").write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
