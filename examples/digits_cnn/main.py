# Reads handwritten digits. Copy this file and digits.bin to the board; `emlearn deploy digits.tmdl` brings the network
# and the module.
from array import array

import tinymaix_cnn

SIDE = 28
SHADES = " .:+#"  # of paper, to those of ink

with open("digits.tmdl", "rb") as file:
    model = tinymaix_cnn.new(file.read())
image = bytearray(SIDE * SIDE)  # with a camera: 0 for paper, 255 for ink
chances = array("f", bytes(4 * model.output_dimensions()[0]))


def show(image):
    """Two rows a line, as letters are about twice as high as wide."""
    for start in range(0, SIDE * SIDE, 2 * SIDE):
        shades = ((image[i] + image[i + SIDE]) * len(SHADES) // 511 for i in range(start, start + SIDE))
        line = "".join(SHADES[shade] for shade in shades).rstrip()
        if line:
            print(line)


def duration():
    """Microseconds of a run, or None without a clock."""
    try:
        from time import ticks_diff, ticks_us
    except ImportError:
        return None
    start = ticks_us()
    model.run(image, chances)
    return ticks_diff(ticks_us(), start)


# A digit that somebody has written, what the network on the PC takes it for, and the image; and so on.
right = agreeing = total = 0
head = bytearray(2)
with open("digits.bin", "rb") as digits:
    while digits.readinto(head) == 2:
        if digits.readinto(image) != len(image):
            raise ValueError("digits.bin is cut off: copy it again")
        model.run(image, chances)
        digit = max(range(len(chances)), key=lambda i: chances[i])
        show(image)
        print(f"written {head[0]}, read {digit}, on the PC {head[1]}")
        right += digit == head[0]
        agreeing += digit == head[1]
        total += 1
print(f"{right} of {total} right, {agreeing} as on the PC; {model.memory()} bytes of RAM, {duration()} us an image")
