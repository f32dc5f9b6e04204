"""Designs the A-weighting, measures a recording as a device does and as SciPy in float64, writes the device's files.

The weighting of IEC 61672-1 is defined by poles and zeros of an analog filter. The bilinear transform turns the low
ones into those of a digital filter, but not the two at 12.2 kHz, which are beyond half of the sampling rate: their
gentle slope is fitted by a section of its own.
"""

import shutil
import sys

import data
import numpy as np
from data import HERE, OUT, RATE
from scipy import optimize, signal

from emlearn import dsp

BOARD = OUT / "board"  # what a board's file system would hold
POLES = np.array([20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217])  # Hz; four zeros at 0
HIGH = 4  # the first of those that are fitted
THIRDS = 1000 * 10 ** (np.arange(-20, 6) / 10)  # Hz: thirds of an octave, below RATE / 2
# As in meter.py.
BLOCK = 125
CALIBRATION = 120.0
FULL_SCALE = 32768.0**2 / 2
FAST, SLOW = (float(np.exp(-BLOCK / RATE / seconds)) for seconds in (0.125, 1.0))


def main():
    sos = design()
    print("A-weighting at 8 kHz, and how far off it is, in dB:")
    print("      Hz  standard  bilinear  fitted    Q15")
    columns = [standard(THIRDS), *(error(each) for each in (bilinear(), sos, dsp.sos_to_q15(sos)))]
    for row in zip(THIRDS, *columns, strict=True):
        print("{:8.1f} {:9.2f} {:9.2f} {:7.2f} {:6.2f}".format(*row))

    samples = data.recording()
    device, reference = as_device(sos, samples), as_scipy(sos, samples)
    print("A recording, measured in int16 and in float64, in dB:")
    print("   s  LAeq,1s  float64    LAF  float64    LAS  float64")
    last = np.arange(RATE // BLOCK - 1, len(device["fast"]), RATE // BLOCK)  # blocks that end a second
    for i, block in enumerate(last):
        places = (("seconds", i), ("fast", block), ("slow", block))
        levels = [decibels(each[name][at]) for name, at in places for each in (device, reference)]
        print("{:4d} {:8.2f} {:8.2f} {:6.2f} {:8.2f} {:6.2f} {:8.2f}".format(i + 1, *levels))
    for name, of in (("LAeq", lambda each: np.mean(each["energies"])), ("LAFmax", lambda each: np.max(each["fast"]))):
        print(f"{name} {decibels(of(device)):.2f}, in float64 {decibels(of(reference)):.2f}")
    write(sos, samples)
    print(f"Copy {BOARD.relative_to(OUT.parents[1])} to a board: examples/sound_level/README.md says how.")
    return 0


# ---- The filter


def standard(frequencies):
    """The weighting, in dB: 0 at 1 kHz."""

    def gain(frequencies):
        turns = 2 * np.pi * np.asarray(frequencies)
        return 20 * np.log10(np.abs(signal.freqs_zpk(np.zeros(4), -2 * np.pi * POLES, 1, turns)[1]))

    return gain(frequencies) - gain([1000.0])


def response(sos, frequencies):
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.abs(signal.sosfreqz(sos, frequencies, fs=RATE)[1]))


def error(sos, frequencies=THIRDS):
    return response(sos, frequencies) - standard(frequencies)


def bilinear(poles=POLES):
    """Sections of the zeros and these poles, with 0 dB at 1 kHz."""
    return scaled(signal.zpk2sos(*signal.bilinear_zpk(np.zeros(4), -2 * np.pi * poles, 1, RATE)))


def scaled(sos):
    sos = sos.copy()
    sos[0, :3] /= 10 ** (response(sos, [1000.0])[0] / 20)
    return sos


def design():
    """Sections of the weighting, of which the last is fitted between 10 Hz and 95 % of half of the sampling rate."""
    low = bilinear(POLES[:HIGH])
    frequencies = np.geomspace(10, 0.95 * RATE / 2, 400)

    def with_last(b1, b2, a1, a2):
        return scaled(np.vstack([low, [1, b1, b2, 1, a1, a2]]))

    return with_last(*optimize.least_squares(lambda x: error(with_last(*x), frequencies), [0.2, 0, 0.1, 0]).x)


# ---- The levels


def decibels(energy):
    return CALIBRATION + 10 * np.log10(np.maximum(energy, 1e-3) / FULL_SCALE)


def as_device(sos, samples):
    """What meter.py does: means of squares of each block and second, and with time weighting."""
    filtered = dsp.sosfilt_q15(sos, samples).reshape(-1, BLOCK)
    energies = dsp.statistics(filtered, which=("energy",))[:, 0].astype(np.float64)
    # As y[n] = (1 - f) x[n] + f y[n - 1], once a block.
    fast, slow = (signal.lfilter([1 - factor], [1, -factor], energies) for factor in (FAST, SLOW))
    return {"filtered": filtered, "energies": energies, "seconds": per_second(energies), "fast": fast, "slow": slow}


def as_scipy(sos, samples):
    """The same in float64, with time weighting that goes on with every sample."""
    filtered = signal.sosfilt(sos, samples.astype(np.float64))
    energies = np.mean(filtered.reshape(-1, BLOCK) ** 2, axis=1)
    fast, slow = (
        signal.lfilter([1 - factor], [1, -factor], filtered**2)[BLOCK - 1 :: BLOCK]
        for factor in (FAST ** (1 / BLOCK), SLOW ** (1 / BLOCK))
    )
    return {"filtered": filtered, "energies": energies, "seconds": per_second(energies), "fast": fast, "slow": slow}


def per_second(energies):
    return np.mean(energies.reshape(-1, RATE // BLOCK), axis=1)


def write(sos, samples):
    """The device's files."""
    shutil.rmtree(BOARD, ignore_errors=True)
    BOARD.mkdir(parents=True)
    for name in ("main.py", "meter.py"):
        shutil.copy(HERE / name, BOARD)
    # As float32 has them: nine digits tell each from its neighbors.
    numbers = ", ".join(f"{value:.9g}" for value in sos.ravel())
    comment = "# A-weighting at 8 kHz: six numbers a section. Made by reference.py."
    (BOARD / "weighting.py").write_text(f"{comment}\nSECTIONS = ({numbers})\n")
    data.write(samples, BOARD / "sound.wav")


if __name__ == "__main__":
    sys.exit(main())
