"""Writes what the peers make of the models into build/bench. Runs in .venv-peers: run.py calls it.

For each model NAME: NAME_m2cgen.py and NAME_everywhereml.py for MicroPython. For the sizes, of digits with depth 8:
size_emlearn_loadable.h, size_emlearn_inline.h and size_m2cgen.h. Prints the folder of emlearn's C headers.
"""

import os
import tempfile

import m2cgen
import numpy as np
from everywhereml.sklearn.ensemble import RandomForestClassifier as EverywheremlForest
from models import OUT, benchmarks, depth_limited_digits

import emlearn


def main():
    for name, benchmark in benchmarks().items():
        forest = benchmark.train()
        (OUT / f"{name}_m2cgen.py").write_text(m2cgen.export_to_python(forest, function_name="predict"))
        (OUT / f"{name}_everywhereml.py").write_text(everywhereml_source(benchmark, forest))

    forest = depth_limited_digits().train()
    for method in ("loadable", "inline"):
        converted = emlearn.convert(forest, method=method, dtype="int16_t", leaf_bits=0)
        converted.save(file=OUT / f"size_emlearn_{method}.h", name="model", format="c")
    (OUT / "size_m2cgen.h").write_text(m2cgen.export_to_c(forest, function_name="model_predict"))
    print(emlearn.includedir)


def everywhereml_source(benchmark, forest):
    """Its own class, which is scikit-learn's with a code generator, trained from the same seed."""
    own = benchmark.train(EverywheremlForest)
    trees = zip(own.estimators_, forest.estimators_, strict=True)
    same = [np.array_equal(a.tree_.threshold, b.tree_.threshold) for a, b in trees]
    assert all(same), "everywhereml trained another forest"
    return own.to_micropython()


if __name__ == "__main__":
    # emlearn writes ./tmp.
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
