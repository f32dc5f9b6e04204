"""The examples of sound: on the unix port and on emulated boards, beside what the PC says."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
import zlib
from pathlib import Path

import numpy as np
from boards import boards, module_files
from scipy import signal

from emlearn import dsp

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("unix", "cortex-m0", "cortex-m3", "cortex-m4f", "cortex-m7", "riscv32", "xtensawin")
RATE, BLOCK = 8000, 125
SECONDS = 400  # with 70 MB to download


def runs():
    """Each board with the native modules, the first with twins as well."""
    known = {board.name: board for board in boards()}
    return [(known[name], "native") for name in NAMES] + [(known[NAMES[0]], "twin")]


def script(name):
    """What a script of the examples prints; it must end well."""
    command = [sys.executable, ROOT / "examples" / name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout
    return done.stdout


def samples_of(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def wav(samples, tmp_path):
    with wave.open(str(tmp_path / "part.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return (tmp_path / "part.wav").read_bytes()


# ---- The sound level meter

# Filtered samples and their statistics, to the bit.
BITS = """
try:
    from binascii import crc32
except ImportError:
    def crc32(data, crc):
        crc ^= 0xFFFFFFFF
        for byte in bytes(data):
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF

meter, crc = Meter(), 0
for block in blocks("sound.wav"):
    meter.add(block)
    crc = crc32(meter.statistics, crc32(block, crc))
print("crc", crc & 0xFFFFFFFF)
"""
# Weights in dB, rounded to 0.1, that the standard's table has for exact thirds of an octave.
TABLE = {-20: -70.4, -17: -50.5, -15: -39.4, -12: -26.2, -10: -19.1, -9: -16.1, -6: -8.6, -3: -3.2, 0: 0.0, 3: 1.2}


def decibels(energy):
    return 120 + 10 * np.log10(energy / (32768**2 / 2))


def weighted(energies, seconds):
    """With a time constant, block by block."""
    factor = np.exp(-BLOCK / RATE / seconds)
    return signal.lfilter([1 - factor], [1, -factor], energies)


def levels(energies):
    """What main.py prints."""
    second = RATE // BLOCK
    fast, slow = weighted(energies, 0.125), weighted(energies, 1.0)
    means = np.mean(energies.reshape(-1, second), axis=1)
    rows = np.stack([means, fast[second - 1 :: second], slow[second - 1 :: second]])
    return decibels(np.append(rows.T.ravel(), [np.mean(energies), np.max(fast)]))


def printed(lines):
    return np.array([float(number) for line in lines for number in re.findall(r"(?<= )-?\d+\.\d\d\b", line)])


def test_level(tmp_path):
    said = script("sound_level/reference.py")
    board_files = ROOT / "build" / "sound_level" / "board"
    names = {}
    exec((board_files / "weighting.py").read_text(), names)
    sos = np.array(names["SECTIONS"]).reshape(-1, 6)
    samples = samples_of(board_files / "sound.wav")

    # In int16 and in the fitted section, the curve is off by at most 0.02 dB; the table is rounded to 0.1.
    frequencies = 1000 * 10 ** (np.array([*TABLE]) / 10)
    gains = np.abs(signal.sosfreqz(dsp.sos_to_q15(sos), frequencies, fs=RATE)[1])
    assert np.all(np.abs(20 * np.log10(gains) - [*TABLE.values()]) <= 0.05 + 0.02)

    # int16 is within 2 units of float64 with the same coefficients, and so is the root of the mean of the squares.
    filtered = dsp.sosfilt_q15(sos, samples)
    exact = signal.sosfilt(sos, samples.astype(np.float64))
    own = signal.sosfilt(dsp.sos_to_q15(sos), samples.astype(np.float64))
    assert np.max(np.abs(filtered - own)) <= 2
    energies, of_exact = (np.mean(np.reshape(x, (-1, RATE)).astype(np.float64) ** 2, axis=1) for x in (filtered, exact))
    # With other coefficients, each frequency's energy is that of those times a factor: at most the largest.
    quantised, designed = (signal.sosfreqz(each, np.arange(1, 4000), fs=RATE)[1] for each in (dsp.sos_to_q15(sos), sos))
    coefficients = np.max(np.abs(20 * np.log10(np.abs(quantised / designed))))
    bounds = 20 * np.log10(1 + 2 / np.sqrt(of_exact)) + coefficients
    assert np.all(np.abs(decibels(energies) - decibels(of_exact)) <= bounds) and np.max(bounds) < 0.1

    # Inside a block of 1/64 s all samples have one weight instead of one that falls by exp(-1/8) for F: 6.4 % too low
    # at most, or 6.0 % too high. So are the sums: 10 log10 of that is 0.27 dB.
    squares = filtered.astype(np.float64) ** 2
    fast = signal.lfilter([1 - np.exp(-8 / RATE)], [1, -np.exp(-8 / RATE)], squares)[BLOCK - 1 :: BLOCK]
    by_block = weighted(np.mean(squares.reshape(-1, BLOCK), axis=1), 0.125)
    assert np.all(fast > 0) and np.max(np.abs(decibels(by_block) - decibels(fast))) < 0.27

    text = (board_files / "main.py").read_text()
    for board, module in runs():
        seconds = 20 if (board.name, module) == ("unix", "native") else 3
        part = samples[: seconds * RATE]
        files = {name: (board_files / name).read_bytes() for name in ("meter.py", "weighting.py")}
        files |= {"sound.wav": wav(part, tmp_path), **module_files(board, module, "emlfeatures", "emliir")}
        *lines, last = board.run(text + BITS, files).strip().split("\n")
        where = (board.name, module, lines[-1:], last)
        blocks = dsp.sosfilt_q15(sos, part).reshape(-1, BLOCK)
        statistics = dsp.statistics(blocks)
        crc = 0
        for block, row in zip(blocks, statistics, strict=True):
            crc = zlib.crc32(row.tobytes(), zlib.crc32(block.tobytes(), crc))
        assert last == f"crc {crc}", where
        # Two digits are printed; float32 has seven, of which the sums of 192 blocks lose three at most: 0.005 dB.
        expected = levels(statistics[:, 9].astype(np.float64))
        assert len(printed(lines)) == len(expected) == 3 * seconds + 2, where
        assert np.max(np.abs(printed(lines) - expected)) <= 0.005 + 0.005, where
        if seconds == 20:
            assert lines[-1].split()[1] in said and lines[-1].split()[3] in said


# ---- The sound classifier


def test_classifier(tmp_path):
    said = script("sound/train.py")
    # What it has never heard. The rest of this test is exact; this is so that a worse model is noticed.
    assert float(re.search(r"never heard: ([\d.]+)%", said)[1]) > 95
    folder = ROOT / "build" / "sound"
    labels = (folder / "sound.txt").read_text().split()
    windows = samples_of(folder / "board" / "sound.wav").reshape(len(labels), RATE)
    assert {*labels} == {"music", "noise", "speech"}

    text = (folder / "board" / "main.py").read_text()
    files = {"sound.eml": (folder / "board" / "sound.eml").read_bytes()}
    for board, module in runs():
        # A multiple of 4 seconds is one of main.py's 256 samples.
        n = len(labels) if (board.name, module) == ("unix", "native") else 4
        heard = np.linspace(0, len(labels) - 1, n).astype(int)
        own = module_files(board, module, "emlfeatures", "emllinear")
        output = board.run(text, {**files, **own, "sound.wav": wav(windows[heard], tmp_path)})
        assert output.split() == [labels[i] for i in heard], (board.name, module, output)

    # Fails if a label differs, or if flash, RAM or heap are beyond the budget.
    budget = script("sound/budget.py")
    assert f"{len(labels)}/{len(labels)} labels" in budget
    share = float(re.search(r"([\d.]+)% of 48 million", budget)[1])
    assert 0 < share < 10
