# Names the exercise in 5 seconds of motion, every 2.5 seconds. Copy this file and motion.bin to the board;
# `emlearn deploy activity.eml` brings the model and the modules.
from array import array

import emlfeatures

AXES = 6  # ax, ay, az in 1/4096 g, wx, wy, wz in 1/1024 rad/s; 50 times a second
AT_ONCE = 25  # samples; at most those of 2.5 seconds, the step from one window to the next
model = emlfeatures.load("activity.eml")
window = array("h", bytes(2 * model.info()["features"]))
frames = emlfeatures.Frames(window, len(window) // AXES // 2, AXES)
samples = memoryview(array("h", bytes(2 * AXES * AT_ONCE)))

# With a sensor, all that follows is: wait until its FIFO has AT_ONCE samples, read them into `samples`, then
#     if frames.push(samples):
#         print(model.label(model.predict(window)))
# and so on. Here they come from a file: a line that names a recording, and its samples.
right = total = 0
with open("motion.bin", "rb") as motion:
    while head := motion.readline():
        exercise, person, arm, length = head.decode().split()
        frames.reset()
        for rest in range(int(length), 0, -AT_ONCE):
            some = samples[: AXES * min(rest, AT_ONCE)]
            if motion.readinto(some) != 2 * len(some):
                raise ValueError("motion.bin is cut off: copy it again")
            if frames.push(some):
                label = model.label(model.predict(window))
                right += label == exercise
                total += 1
                print(person, arm, exercise, label)
print(f"accuracy: {right} of {total}")
