"""What `emlearn info` tells of a convolutional network, and what that is estimated from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from click.testing import CliRunner
from emlearn.cli import main
from emlearn.ir.document import Document
from emlearn.ir.tmdl import WITH_WEIGHTS, WITH_WINDOW, Kind, Layer, Network, Type, Window
from emlearn.writers.tmdl import write
from tmdl_networks import GOLDEN, golden_networks, layer_of, placed, random_network

from emlearn import _chips, _cnn_cost, _cnn_cost_table, _cnn_info, _modules


def told(path):
    done = CliRunner().invoke(main, ["info", str(path)], env={"COLUMNS": "220"})
    assert done.exit_code == 0, done.output
    return done.output


def test_info_of_a_file():
    said = told(GOLDEN / "cnn_all_int8.tmdl")
    network = golden_networks()["cnn_all_int8"]
    assert f"9 layers, 5x4x2 -> 3, {network.macs} MACs, int8" in said
    for row in (
        "│ 0 │ conv          │ 5x4x2  │ 3x4x3  │ 3x2    │ 2x1    │ 1 1 0 1 │            │  432 │      36 │",
        "│ 5 │ add           │ 3x1x6  │ 3x1x6  │",
        "204+18, 204+18 │    224+18 │",
        f"│ {(GOLDEN / 'cnn_all_int8.tmdl').stat().st_size:,} bytes",
        f"│ {network.buffer + 36} bytes: {network.buffer} main buffer + 36 patch and multipliers",
        "back\\slash, line",
        "RP2040 (Pico)",
        "agreement        99/100 rows",
    ):
        assert row in said, row


def test_markup_in_labels_is_none(tmp_path):
    layer = layer_of(Kind.SOFTMAX, (1, 1, 2), Type.FLOAT32, np.random.default_rng(0))
    (tmp_path / "a.tmdl").write_bytes(write(placed(Type.FLOAT32, (1, 1, 2), [layer], ("[red]a", "[/b]"))))
    assert "[red]a, [/b]" in told(tmp_path / "a.tmdl")


def test_damage_is_told(tmp_path):
    (tmp_path / "a.tmdl").write_bytes((GOLDEN / "cnn_all_int8.tmdl").read_bytes()[:-1])
    done = CliRunner().invoke(main, ["info", str(tmp_path / "a.tmdl")])
    assert done.exit_code == 1 and "damaged: the CRC does not fit" in " ".join(done.output.split())


def test_milliseconds_and_rates(monkeypatch):
    """64x64 at one a second on a Pico: with prices of 10 instructions a product and nothing else."""
    network = placed(Type.INT8, (64, 64, 1), [layer_of(Kind.DENSE, (64, 64, 1), Type.INT8, np.random.default_rng(1))])
    n_out = network.n_outputs
    prices = {"int8 run": (0.0,) * 3, "int8 sums": (0.0,) * 8 + (40.0, 10.0)}
    monkeypatch.setitem(_cnn_cost.COSTS, "armv6m", prices)
    facts = _cnn_info.info(Document(network))
    count = 10 * 4096 * -(-n_out // 2)  # rows by two
    assert facts["instructions"]["armv6m"] == count
    pico, others = facts["chips"][0], facts["chips"][1:]
    assert pico["instructions"] == count and pico["milliseconds"] == pytest.approx(count * 1.5 / 133e3)
    assert pico["per_second"] == pytest.approx(1e3 / pico["milliseconds"])
    assert all(("per_second" in chip) == (chip["architecture"] in _cnn_cost.COSTS) for chip in others)
    assert facts["layers"][0]["instructions"]["armv6m"] == count


def test_what_does_not_fit():
    weights = np.ones((100, 4096), np.float32)
    layer = Layer(Kind.DENSE, (64, 64, 1), (1, 1, 100), 0, 0, weights=weights, bias=weights[:, 0])
    chips = {
        chip["name"]: chip for chip in _cnn_info.info(Document(placed(Type.FLOAT32, (64, 64, 1), [layer])))["chips"]
    }
    assert not any(chip["fits_ram"] for chip in chips.values())  # 1.6 MB
    assert not any(chip["fits_flash"] for chip in chips.values())
    *small, _ = _cnn_info.info(Document(random_network(0)))["chips"]  # the last has 8 kB, for the module too
    assert all(chip["fits_ram"] and chip["fits_flash"] for chip in small)


def test_modules(tmp_path, monkeypatch):
    for architecture, names in {
        "armv6m": ("tinymaix_cnn", "tinymaix_cnn_layers"),
        "armv7m": ("tinymaix_cnn",),
        "py": ("tinymaix_cnn", "tinymaix_cnn_layers"),
    }.items():
        (tmp_path / f"{architecture}_6.3").mkdir()
        for name in names:
            (tmp_path / f"{architecture}_6.3" / f"{name}.mpy").write_bytes(bytes(1000))
    monkeypatch.setattr(_modules, "folder", lambda name: tmp_path)
    chain = [Kind.RESHAPE]
    assert _modules.module_bytes(random_network(0, chain, type=Type.INT8)) == {"armv6m": 1000, "armv7m": 1000}
    assert _modules.module_bytes(random_network(0, [Kind.MAX_POOL], type=Type.INT8)) == {"armv6m": 2000}
    assert _modules.module_bytes(random_network(0, chain, type=Type.FLOAT32)) == {}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("type", Type)
def test_everything_has_a_price(type, kind):
    """On all architectures that chips have; and what is told of its error is of this type."""
    random = np.random.default_rng(0)
    network = placed(type, (4, 5, 3), [layer_of(kind, (4, 5, 3), type, random)])
    found = _cnn_cost.instructions(network)
    assert set(found) == {chip.architecture for chip in _chips.CHIPS} | {"armv7m"}
    assert all(count > 0 for count in found.values())
    assert all(f"{type.name.lower()} {name}" in _cnn_cost_table.ERRORS for name in found)


# ---- Amounts of work


def windows(layer):
    """For each output pixel the samples of its window, as (y, x)."""
    (kh, kw), (sh, sw), (top, _, left, _) = layer.window
    for y in range(layer.output_shape[0]):
        for x in range(layer.output_shape[1]):
            yield [(y * sh - top + i, x * sw - left + j) for i in range(kh) for j in range(kw)]


@pytest.mark.parametrize("seed", range(40))
def test_amounts(seed):
    for layer in random_network(seed).layers:
        type = Type.INT8 if seed % 2 else Type.FLOAT32
        name, amounts = _cnn_cost.layer_work(layer, type)
        if layer.kind not in WITH_WINDOW:
            continue
        h, w, c = layer.input_shape
        seen = [[0 <= y < h and 0 <= x < w for y, x in each] for each in windows(layer)]
        rows = sum(len({y for y, x in each if 0 <= y < h and 0 <= x < w}) for each in windows(layer))
        n_seen, cut = sum(map(sum, seen)), sum(len(each) for each in seen if not all(each))
        assert _cnn_cost._gathered(layer) == (rows, n_seen, cut)
        if layer.kind not in WITH_WEIGHTS:
            assert amounts == (1, len(seen), math.prod(layer.output_shape), n_seen * c)
        elif type == Type.FLOAT32:
            assert amounts[1] == len(seen) and amounts[-1] == layer.macs
            assert amounts[3] == (n_seen * c if layer.window.kernel != (1, 1) else 0)
        else:
            outputs, products, groups, rest = amounts[-4:]
            assert outputs == math.prod(layer.output_shape) and outputs / 2 <= products <= outputs
            assert (4 * groups + rest) / products == layer.macs / outputs
            pairs = _cnn_cost.layer_work(layer, type, "xtensawin")[1]
            assert pairs[-4] == outputs and pairs[-3] * len(seen) == products * ((len(seen) + 1) // 2)
            assert pairs[4] == (n_seen * c if layer.window.kernel != (1, 1) else len(seen) * c)


@pytest.mark.parametrize("type", Type)
def test_work_memory(type):
    """Of the layer that needs most: what its kernel sees, in whole words, and a word for each output of int8."""
    random = np.random.default_rng(0)
    layer = layer_of(Kind.CONV, (9, 9, 5), type, random)
    layer = Layer(**dict(vars(layer), window=Window((3, 3)), output_shape=(7, 7, 2)))
    size = 1 if type == Type.INT8 else 4
    fields = {"weights": np.ones((2, 5, 3, 3)).astype(layer.weights.dtype), "bias": layer.bias[:1].repeat(2)}
    if size == 1:
        fields["weight_scales"] = layer.weight_scales[:1].repeat(2)
    last = layer_of(Kind.RESHAPE, (7, 7, 2), type, random, layer.output_q)
    network = placed(type, (9, 9, 5), [Layer(**dict(vars(layer), **fields)), last])
    assert isinstance(network, Network)
    assert _cnn_cost.work_bytes(network) == (48 + 8 if size == 1 else 180)
    assert _cnn_cost.work_bytes(network, "xtensawin") == (2 * 92 + 8 if size == 1 else 180)  # two of int16
