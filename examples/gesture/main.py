# Names the gesture in every 2 seconds of motion. Copy this file, features.py and motion.bin to the board;
# `emlearn deploy gesture.csv` brings the model and emltrees.
from array import array

import features

import emltrees

model = emltrees.load("gesture.csv")
window = array("h", bytes(2 * features.AXES * 20))  # 2 seconds, 10 samples a second
row = array("h", bytes(2 * features.AXES * features.PER_AXIS))

# With a sensor, fill `window` from it instead: ax, ay, az, gx, gy, gz, ax, ay, ...
with open("motion.bin", "rb") as motion:
    while motion.readinto(window) == 2 * len(window):
        features.compute(window, row)
        print(model.label(model.predict(row)))
