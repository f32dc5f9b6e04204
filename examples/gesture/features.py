# What the model sees of a recording: six integers an axis. The PC trains with this file and the board predicts with it.
# Integers only, so that every machine computes the same.

AXES = 6
PER_AXIS = 6  # mean, mean deviation, minimum, maximum, crossings of the mean, mean step


def compute(window, out):
    """Features of a window, into out: array('h') of AXES * PER_AXIS. window: samples, each of them of all axes."""
    n = len(window) // AXES
    for axis in range(AXES):
        low = high = previous = window[axis]
        total = steps = 0
        for i in range(axis, n * AXES, AXES):
            value = window[i]
            total += value
            steps += abs(value - previous)
            previous = value
            if value < low:
                low = value
            elif value > high:
                high = value
        mean = total // n
        deviation = crossings = 0
        above = window[axis] > mean
        for i in range(axis, n * AXES, AXES):
            value = window[i]
            deviation += abs(value - mean)
            if (value > mean) != above:
                above = not above
                crossings += 1
        at = axis * PER_AXIS
        out[at] = mean
        out[at + 1] = deviation // n
        out[at + 2] = low
        out[at + 3] = high
        out[at + 4] = crossings
        out[at + 5] = steps // n
