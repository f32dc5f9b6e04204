# Names the exercise in 4 seconds of motion, every 2 seconds. Copy this file and motion.bin to the board;
# `emlearn deploy activity.eml` brings the model and the modules.
from array import array

import emlfeatures

AXES = 6  # ax, ay, az in 1/4096 g, wx, wy, wz in 1/1024 rad/s
model = emlfeatures.load("activity.eml")
window = array("h", bytes(2 * model.info()["features"]))
frames = emlfeatures.Frames(window, len(window) // AXES // 2, AXES)
samples = array("h", bytes(2 * AXES * 25))  # half a second, 50 samples a second

right = total = 0
with open("motion.bin", "rb") as motion:
    while head := motion.readline():
        exercise, person, arm, rest = head.decode().split()
        rest = int(rest)
        frames.reset()
        # With a sensor: `while True:`, and in the next three lines wait for samples and read them, ax, ay, az, wx, wy, wz,
        # ax..., scaled to the units above. A FIFO may give fewer or more at once, up to the 2 seconds between two windows.
        while rest:
            some = memoryview(samples)[: AXES * min(rest, 25)]
            rest -= motion.readinto(some) // (2 * AXES)
            if frames.push(some):
                label = model.label(model.predict(window))
                right += label == exercise
                total += 1
                print(person, arm, exercise, label)
print("accuracy: %d of %d" % (right, total))
