"""The command `emlearn report`, and `emlearn convert --optimize`: files in, files out, and mistakes."""

from __future__ import annotations

import re
import shlex
from functools import cache

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from emlearn._data_file import read_data
from emlearn.cli import main
from page_reader import Page
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from support import data

import emlearn


@cache
def split(name):
    X, y = data(name)
    return train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)


def run(*arguments, exit_code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.fixture
def folder(tmp_path, monkeypatch):
    X, X_test, y, y_test = split("wine")
    names = np.array(["Barolo", "Grignolino", "Barbera"])
    joblib.dump(RandomForestClassifier(8, random_state=0).fit(X, names[y]), tmp_path / "model.joblib")
    rows = [",".join([*map(str, row), names[k]]) for row, k in zip(X_test, y_test, strict=True)]
    (tmp_path / "test.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command(folder):
    said = run("report", "model.joblib", "--data", "test.csv", "-o", "a b.html", "--save", "m.eml", "--max-loss", 0.02)
    assert "opening model.joblib runs code that it contains" in said
    text = (folder / "a b.html").read_text()
    page, model = Page(text), emlearn.load(folder / "m.eml")
    assert f"wrote m.eml: {(folder / 'm.eml').stat().st_size:,} bytes" in said
    assert f"{model.nbytes:,} bytes (exact: " in said and f"{model.nbytes:,}" in page.text
    assert [row[0] for row in page.table("Recall")[1:]] == ["Barbera", "Barolo", "Grignolino"]
    convert, deploy, predict = re.findall(r"<pre tabindex=\"0\"><code>(.*?)</code>", text)
    again = Page(convert).text
    program, *arguments = shlex.split(again)
    (folder / "m.eml").rename(folder / "first.eml")
    assert program == "emlearn" and "chosen" not in run(*arguments)
    assert (folder / "m.eml").read_bytes() == (folder / "first.eml").read_bytes()
    assert deploy == "emlearn deploy m.eml"
    code = shlex.split(Page(predict).text)
    assert code[:2] == ["mpremote", "exec"] and 'emltrees.load("m.eml")' in code[2]
    compile(code[2], "board", "exec")


def test_data_in_other_files(folder):
    """The same rows and labels from all of them."""
    _, X, _, y = split("wine")
    forest = joblib.load(folder / "model.joblib")
    labels = np.array(["Barolo", "Grignolino", "Barbera"])[y]
    np.savez(folder / "test.npz", X=X, y=labels, other=labels)
    header = ",".join([*(f"f{i}" for i in range(6)), "wine", *(f"f{i}" for i in range(6, 13))])
    rows = [",".join([*map(str, row[:6]), k, *map(str, row[6:])]) for row, k in zip(X, labels, strict=True)]
    (folder / "named.csv").write_text("\n".join([header, *rows, ""]))
    cases = (("test.csv", "-1"), ("test.npz", "-1"), ("test.npz", "other"), ("named.csv", "wine"), ("named.csv", "6"))
    for name, target in cases:
        found = read_data(folder / name, target, forest)
        np.testing.assert_array_equal(found[0], X)
        np.testing.assert_array_equal(found[1], labels)
    options = ("--target", "other", "--no-progress", "--metric", "accuracy", "--seed", 3, "--optimize", "speed")
    run("report", "model.joblib", "--data", "test.npz", "-o", "r.html", *options)
    page = Page((folder / "r.html").read_text())
    shown = "--optimize speed --max-loss 0.01 --data test.npz --metric accuracy --target other --seed 3"
    assert f"emlearn convert model.joblib -o model.eml {shown}" in page.text


def test_columns_are_found_by_name(folder):
    """Where the estimator was trained with names, the order of columns is theirs."""

    class Named:
        feature_names_in_ = np.array(["b", "a"], object)
        classes_ = np.array([0, 1])

    (folder / "n.csv").write_text("id,a,kind,b\n7,1,0,2\n8,3,1.0,\n")
    X, y = read_data(folder / "n.csv", "kind", Named())
    np.testing.assert_array_equal(X, [[2, 1], [np.nan, 3]])
    assert y.tolist() == [0, 1] and y.dtype == Named.classes_.dtype
    np.save(folder / "n.npy", np.array([[1.0, 5, 1], [2, 6, 0]]))
    X, y = read_data(folder / "n.npy", "-1", Named())
    assert X.tolist() == [[1, 5], [2, 6]] and y.tolist() == [1, 0]


@pytest.mark.parametrize(
    "arguments, message, exit_code",
    [
        ("--data none.csv -o r.html", "File 'none.csv' does not exist", 2),
        ("--data test.csv", "Missing option '-o'", 2),
        ("--data test.csv -o no/r.html", "the folder no does not exist", 2),
        ("--data test.csv -o r.html --save m.bin", "Invalid value for --save: the file's suffix", 2),
        ("--data test.csv -o r.html --target kind", "has no column 'kind'; it has", 1),
        ("--data test.csv -o r.html --target 99", "has no column 99; it has 14, from 0 on", 1),
        ("--data test.csv -o r.html --target 0", "line 2: could not convert string to float: 'Barbera'", 1),
        ("--data short.csv -o r.html", "X has 2 features, but the model was trained with 13", 1),
        ("--data ragged.csv -o r.html", "line 2: 2 cells, the first line has 3", 1),
        ("--data empty.csv -o r.html", "empty.csv is empty", 1),
        ("--data label.csv -o r.html", "label 'Chianti' is not one of the estimator's classes, Barbera", 1),
        ("--data bad.npz -o r.html", "cannot read bad.npz", 1),
        ("--data x.npz -o r.html", "has no array 'y'; it has X", 1),
        ("--data text.npy -o r.html", "rows of numbers are needed, not an array of <U1 of shape (2,)", 1),
        ("--data pickled.npy -o r.html", "cannot read pickled.npy: Object arrays cannot be loaded", 1),
        ("--data test.csv -o r.html --metric nonsense", "metric='nonsense' is unknown", 1),
    ],
)
def test_mistakes_in_the_command(folder, arguments, message, exit_code):
    (folder / "short.csv").write_text("1,2,Barolo\n3,4,Barbera\n")
    (folder / "ragged.csv").write_text("1,2,Barolo\n3,4\n")
    (folder / "empty.csv").write_text("")
    (folder / "label.csv").write_text(",".join(["1"] * 13 + ["Chianti"]))
    (folder / "bad.npz").write_bytes(b"PK\x03\x04nothing")
    np.savez(folder / "x.npz", X=np.zeros((2, 13)))
    np.save(folder / "text.npy", np.array(["a", "b"]))
    np.save(folder / "pickled.npy", np.array([{}], object), allow_pickle=True)
    said = " ".join(run("report", "model.joblib", *arguments.split(), exit_code=exit_code).split())
    assert message in said and "Traceback" not in said
    assert not (folder / "r.html").exists()


def test_convert_optimizes(folder):
    said = run("convert", "model.joblib", "-o", "m.eml", "--optimize", "size", "--data", "test.csv")
    assert "the best for size of" in said and "at most 0.01 lost" in said
    assert emlearn.load(folder / "m.eml").nbytes < emlearn.convert(joblib.load("model.joblib")).nbytes
    said = run(
        "convert", "model.joblib", "-o", "f.eml", "--optimize", "speed", "--data", "test.csv", "--metric", "accuracy"
    )
    assert "the best for speed of" in said and "accuracy 0." in said or "accuracy 1." in said
    assert "pass --data too" in run("convert", "model.joblib", "-o", "x.eml", "--target", "-1", exit_code=2)
    assert "--optimize measures" in run("convert", "model.joblib", "-o", "x.eml", "--optimize", "size", exit_code=2)
    assert "are for --optimize" in run("convert", "model.joblib", "-o", "x.eml", "--metric", "accuracy", exit_code=2)
