# Names the exercise in 5 seconds of motion, every 2.5 seconds, on a board of 16 kB of RAM. Features are sums of
# integers, as in motion.h.
from array import array

import emltrees

AXES = 6  # ax, ay, az in 1/4096 g, wx, wy, wz in 1/1024 rad/s; 50 times a second
HALF = 125  # samples of half a window
SUM, MOVED, FIRST, LAST, LEAST, MOST, CROSSINGS = range(7)


def add(now, first, sample):
    for axis in range(AXES):
        a, x = now[axis], sample[axis]
        if first:
            a[SUM] = a[MOVED] = a[CROSSINGS] = 0
            a[FIRST] = a[LAST] = a[LEAST] = a[MOST] = x
        last = a[LAST]
        a[SUM] += x
        a[MOVED] += abs(x - last)
        a[CROSSINGS] += (x < 0) != (last < 0)
        a[LEAST] = min(a[LEAST], x)
        a[MOST] = max(a[MOST], x)
        a[LAST] = x


def features(before, now, out):
    for axis in range(AXES):
        a, b = before[axis], now[axis]
        moved = a[MOVED] + b[MOVED] + abs(b[FIRST] - a[LAST])
        out[5 * axis] = (a[SUM] + b[SUM]) >> 8
        out[5 * axis + 1] = min(a[LEAST], b[LEAST])
        out[5 * axis + 2] = max(a[MOST], b[MOST])
        out[5 * axis + 3] = min(moved >> 8, 32767)
        out[5 * axis + 4] = a[CROSSINGS] + b[CROSSINGS] + ((b[FIRST] < 0) != (a[LAST] < 0))


def run():
    model = emltrees.load("activity.eml")
    before = [array("i", bytes(28)) for _ in range(AXES)]
    now = [array("i", bytes(28)) for _ in range(AXES)]
    x, sample = array("h", bytes(10 * AXES)), array("h", bytes(2 * AXES))
    head = bytearray(8)
    # With a sensor: read a sample of it where the file is read.
    with open("motion.bin", "rb") as motion:
        while motion.readinto(head):
            length = int.from_bytes(head[4:], "little")
            for i in range(length):
                motion.readinto(sample)
                add(now, i % HALF == 0, sample)
                if i % HALF == HALF - 1:
                    if i > HALF:
                        features(before, now, x)
                        print(str(head[:4], "utf-8"), model.predict(x))
                    before, now = now, before


run()
