"""Draws levels.png: a recording and its levels, and how near the weighting is to the standard's.

Needs matplotlib (and Pillow, which comes with it): .venv/bin/python -m pip install matplotlib
"""

import data
import matplotlib
import numpy as np
import reference
from data import HERE, OUT, RATE
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"  # told apart by colour-blind people too


def main():
    samples, sos = data.recording(), reference.design()
    levels = reference.as_device(sos, samples)
    figure, places = plt.subplot_mosaic(
        [["wave", "curve"], ["level", "error"]], figsize=(9, 4.4), width_ratios=(1.3, 1), layout="constrained"
    )
    places["wave"].plot(np.arange(len(samples)) / RATE, samples, color=BLUE, linewidth=0.2)
    places["wave"].set(title="a voice, 8 kHz, 16 bits", xlim=(0, data.SECONDS), ylim=(-33000, 33000))
    draw_levels(places["level"], levels)

    frequencies = np.geomspace(10, 3990, 1000)
    places["curve"].semilogx(frequencies, reference.response(sos, frequencies), color=BLUE)
    places["curve"].plot(reference.THIRDS, reference.standard(reference.THIRDS), "o", color=ORANGE, markersize=3)
    places["curve"].set(title="A-weighting: filter, and standard (dots), dB", xlim=(10, 4000))
    for sections, colour, name in ((reference.bilinear(), ORANGE, "bilinear transform only"), (sos, BLUE, "fitted")):
        places["error"].semilogx(frequencies, reference.error(sections, frequencies), color=colour, label=name)
    places["error"].set(title="their difference, dB", xlim=(10, 4000), ylim=(-2.5, 0.5), xlabel="Hz")
    places["error"].legend(fontsize=7, frameon=False, loc="lower left")
    for place in places.values():
        place.tick_params(labelsize=7)
        place.title.set_fontsize(8)
        place.xaxis.label.set_fontsize(7)
        place.grid(linewidth=0.3)
    figure.savefig(OUT / "levels.png", dpi=100)
    Image.open(OUT / "levels.png").convert("RGB").quantize(48).save(HERE / "levels.png", optimize=True)


def draw_levels(place, levels):
    seconds = np.arange(1, len(levels["fast"]) + 1) * reference.BLOCK / RATE
    place.plot(seconds, reference.decibels(levels["fast"]), color=BLUE, linewidth=0.7, label="LAF (125 ms)")
    place.plot(seconds, reference.decibels(levels["slow"]), color=ORANGE, linewidth=1.2, label="LAS (1 s)")
    each = reference.decibels(levels["seconds"])
    place.stairs(each, np.arange(len(each) + 1), color=GREEN, linewidth=1, label="LAeq of each second")
    place.set(title="levels, dB", xlim=(0, data.SECONDS), ylim=(70, 112), xlabel="s")
    place.legend(fontsize=7, ncols=3, loc="lower center", frameon=False)


if __name__ == "__main__":
    main()
