# Measures how loud sound.wav is. Copy this file, meter.py, weighting.py and sound.wav to the board, and the packages
# emliir and emlfeatures.
from meter import BLOCK, RATE, Meter, blocks, decibels

meter = Meter()
before = 0.0
second = 0

# With a microphone, fill an array('h') of BLOCK samples from it instead, such as by machine.I2S.readinto.
for block in blocks("sound.wav"):
    meter.add(block)
    if meter.blocks * BLOCK % RATE == 0:
        second += 1
        leq = decibels((meter.total - before) * BLOCK / RATE)
        print(f"{second} s  LAeq,1s {leq:.2f}  LAF {decibels(meter.fast):.2f}  LAS {decibels(meter.slow):.2f}")
        before = meter.total
print(f"LAeq {meter.leq():.2f}  LAFmax {decibels(meter.fastest):.2f}")
