# Says what sound.wav sounds like, every second. Copy this file, sound.eml and sound.wav to the board, and the packages
# emlfeatures and emllinear.
from array import array

import emlfeatures

model = emlfeatures.load("sound.eml")
samples = array("h", bytes(2 * 256))  # 32 ms

# With a microphone, fill `samples` from it instead, such as by machine.I2S.readinto: 8,000 samples a second.
with open("sound.wav", "rb") as sound:
    sound.read(44)  # the header
    while sound.readinto(samples) == 2 * len(samples):
        number = model.push(samples)  # None until a second is complete
        if number is not None:
            print(model.label(number))
