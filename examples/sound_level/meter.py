# A sound level meter for int16 samples: A-weighted levels in dB, of blocks that come one after the other.
from array import array
from math import exp, log10

import weighting

import emlfeatures
import emliir_q15

RATE = 8000  # samples a second
BLOCK = 125  # samples: 64 blocks a second
# Level in dB of a sine of full scale. A microphone's data sheet says it: -26 dBFS at 94 dB makes 94 + 26.
CALIBRATION = 120.0

FULL_SCALE = 32768.0**2 / 2
# What is left of the difference after a block, with the time constants F (125 ms) and S (1 s).
FAST = exp(-BLOCK / RATE / 0.125)
SLOW = exp(-BLOCK / RATE / 1.0)
ENERGY = 9  # of the statistics: the mean of the squares


def decibels(energy):
    """The level that belongs to a mean of squares; 0 units squared is silence, of which there is no logarithm."""
    return CALIBRATION + 10 * log10(max(energy, 1e-3) / FULL_SCALE)


class Meter:
    """Give `add` one block after the other."""

    def __init__(self):
        self.filter = emliir_q15.new(array("f", weighting.SECTIONS))
        self.statistics = array("f", bytes(40))
        self.fast = self.slow = self.fastest = self.total = 0.0
        self.blocks = 0

    def add(self, block):
        """array('h') of BLOCK samples, which it filters in place."""
        self.filter.run(block)
        emlfeatures.statistics(block, self.statistics)
        energy = self.statistics[ENERGY]
        self.fast = energy + (self.fast - energy) * FAST
        self.slow = energy + (self.slow - energy) * SLOW
        self.fastest = max(self.fastest, self.fast)
        self.total += energy
        self.blocks += 1

    def leq(self):
        """The level of a steady sound of the same energy."""
        return decibels(self.total / max(self.blocks, 1))


def blocks(path):
    """Blocks of a WAV file of one channel, 16 bits, RATE: always the same array."""
    block = array("h", bytes(2 * BLOCK))
    with open(path, "rb") as file:
        file.read(44)  # the header
        while file.readinto(block) == 2 * BLOCK:
            yield block
