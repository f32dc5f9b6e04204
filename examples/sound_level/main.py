# Measures how loud sound.wav is. Copy this file, meter.py, weighting.py and sound.wav to the board, with emliir_q15 and emlfeatures.
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
        print("%d s  LAeq,1s %.2f  LAF %.2f  LAS %.2f" % (second, leq, decibels(meter.fast), decibels(meter.slow)))
        before = meter.total
print("LAeq %.2f  LAFmax %.2f" % (meter.leq(), decibels(meter.fastest)))
