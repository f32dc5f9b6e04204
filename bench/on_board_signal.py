# Runs on an emulated board; signal.py sends it there. Prints `name number` lines, of instructions.
#
# settings.py has MODULE, "native" or "twin".
import gc
import sys
from array import array

from emulator import count
from settings import MODULE

import emlfft
import emliir


def cost(function, *args):
    # The second call: the first may import. The twin makes garbage, more than small boards hold: collecting it counts.
    function(*args)
    gc.collect()
    if MODULE == "native":
        gc.disable()
    instructions = count(function, *args)[0]
    gc.enable()
    return instructions


def show(*cells):
    print(*cells, sep="\t")


SECTIONS = (0.0675, 0.1349, 0.0675, 1, -1.143, 0.4128, 1, 2, 1, 1, -0.7478, 0.2722)
N = 256
noise = array("h", bytes(2 * N))
state = 1
for i in range(N):
    state = state * 1103515245 + 12345 & 0x7FFFFFFF
    noise[i] = (state >> 15) - 32768

empty = [0, 0, 0]
if MODULE == "native":
    from empty import new

    x = array("h", noise)
    empty = [cost(new().predict, x), cost(new().predict, x, x)]

for code, name in (("f", "float32"), ("h", "int16")):
    re, im = array(code, noise), array(code, noise)
    if MODULE == "native" and code == "h":
        import emlfft_q15 as emlfft
        import emliir_q15 as emliir
    fft = emlfft.FFT(N)
    show("FFT, 256", name, cost(fft.run, re, im) - empty[1])
    out, work = array("i" if code == "h" else code, bytes(4 * (N // 2 + 1))), array(code, [0] * (N // 2 + 1))
    re = array(code, noise)
    show("power spectrum, 256", name, cost(fft.power_spectrum, re, out, work) - empty[1])
    show("FFT(256), made", name, cost(emlfft.FFT, N))
    sections = array("f", SECTIONS)
    filter = emliir.new(sections)
    re = array(code, noise)
    show("IIR, 2 sections, 256", name, cost(filter.run, re) - empty[0])
    show("IIR, 2 sections, made", name, cost(emliir.new, sections))

# Blocks of features, without a model behind them, when there is room for their twins.
del fft, filter, re, im, out, work, emlfft, emliir
for module in ("emlfft", "emliir"):
    sys.modules.pop(module, None)
gc.collect()
import emlfeatures  # noqa: E402


def cost_of(name, window):
    model = emlfeatures.load(name)
    return cost(model.predict, window, array("f", bytes(4 * model.outputs()))) - empty[1]


frame = array("f", [x / 32768 for x in noise])
show("log-mel frame, 256, 32 bands", "float32", cost_of("mel_f.eml", frame))
show("log-mel frame, 256, 32 bands", "int16", cost_of("mel_h.eml", noise))
window = array("h", noise)
window.extend(noise)
window.extend(noise)
show("statistics, 6 x 128", "int16", cost_of("statistics.eml", window))
