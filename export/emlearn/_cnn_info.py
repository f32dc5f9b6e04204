"""What a convolutional network is and takes, as data: for `emlearn info` and `Model.info`."""

from __future__ import annotations

import math
from typing import Any

from ._chips import CHIPS, FLASH_SHARE, RAM_SHARE, Chip
from ._cnn_cost import instructions, layer_instructions, work_bytes
from ._modules import module_bytes
from .ir.document import Document
from .ir.tmdl import LAST, WITH_SECOND, Layer, Network, Type
from .writers.tmdl import HEADER, layer_bytes, write_document


def info(document: Document, nbytes: int | None = None) -> dict[str, Any]:
    """Return facts about a network, by name: those of `Model.info`, and layers, memory and chips.

    The file has `nbytes`, by default what would be written. Memory is in bytes: `buffer` and `work` for a run, `model`
    the file where it is not used in flash; an ESP32 has a larger `work`, which is reckoned with. A chip's
    `instructions`, `milliseconds` and `per_second` are absent where nothing was measured for its architecture; all are
    estimates.
    """
    network: Network = document.network
    nbytes = len(write_document(document)) if nbytes is None else nbytes
    sections = {"header": HEADER.size, "layers": sum(map(layer_bytes, network.layers))}
    sections["trailers"] = nbytes - sum(sections.values())
    modules = module_bytes(network)
    memory = {"buffer": network.buffer, "work": work_bytes(network), "model": nbytes}
    works = {chip.architecture: {**memory, "work": work_bytes(network, chip.architecture)} for chip in CHIPS}
    found = instructions(network)
    return {
        "family": network.FAMILY,
        "task": "classification" if network.n_classes else "regression",
        "dtype": network.dtype_name,
        **network.facts(),
        "n_features": network.n_features,
        "n_classes": network.n_classes,
        "n_golden": 0 if document.golden is None else len(document.golden.features),
        "labels": list(network.labels or range(network.n_classes)),
        "layers": [_layer(network, number) for number in range(len(network.layers))],
        "bytes": sections,
        "nbytes": nbytes,
        "modules": modules,
        "memory": memory,
        "instructions": found,
        "chips": [_chip(chip, found, works[chip.architecture], modules) for chip in CHIPS],
    }


def _layer(network: Network, number: int) -> dict[str, Any]:
    layer = network.layers[number]
    weights = 0 if layer.weights is None else int(layer.weights.nbytes)
    places = [(layer.input_offset, _nbytes(network, layer, False))]
    if layer.kind in WITH_SECOND:
        places.append((layer.second_offset, places[0][1]))
    return {
        "kind": layer.kind.name.lower(),
        "input_shape": list(layer.input_shape),
        "output_shape": list(layer.output_shape),
        "kernel": None if layer.window is None else list(layer.window.kernel),
        "stride": None if layer.window is None else list(layer.window.stride),
        "padding": None if layer.window is None else list(layer.window.padding),
        "activation": layer.activation.name.lower(),
        "macs": layer.macs,
        "weight_bytes": weights,
        "nbytes": layer_bytes(layer),
        "inputs": [list(place) for place in places],
        "output": [layer.output_offset, _nbytes(network, layer, True)],
        "instructions": layer_instructions(network, number),
    }


def _nbytes(network: Network, layer: Layer, output: bool) -> int:
    """Of a layer's input or output in the main buffer."""
    wide = network.type == Type.FLOAT32 or (output and layer.kind in LAST)
    return math.prod(layer.output_shape if output else layer.input_shape) * (4 if wide else 1)


def _chip(chip: Chip, found: dict[str, int], memory: dict[str, int], modules: dict[str, int]) -> dict[str, Any]:
    module = modules.get(chip.architecture, 0)
    in_ram = memory["buffer"] + memory["work"] + memory["model"] + module
    facts: dict[str, Any] = {
        "name": chip.name,
        "cpu": chip.cpu,
        "architecture": chip.architecture,
        "megahertz": chip.megahertz,
        "fits_ram": in_ram <= chip.ram * RAM_SHARE,
        "fits_flash": memory["model"] + module <= chip.flash * FLASH_SHARE,
    }
    if chip.architecture in found:
        seconds = chip.seconds(found[chip.architecture])
        facts |= {"instructions": found[chip.architecture], "milliseconds": seconds * 1e3, "per_second": 1 / seconds}
    return facts
