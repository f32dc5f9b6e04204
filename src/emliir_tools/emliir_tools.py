# What emliir and emliir_q15 seldom need: samples of another type, and why coefficients are refused.
from array import array

REASONS = {
    -1: "expected coefficients as array('f'), 6 numbers a section: b0, b1, b2, 1, a1, a2",
    -2: "expected samples as array('f') for emliir, as array('h') for either",
    -5: "unstable: a pole is not inside the unit circle, or too near to it for int16",
    -6: "a coefficient is NaN or infinite, a0 is not 1, or all b are 0",
    -7: "overflow: int16 samples come out up to 16 times as large or more, or all as 0; scale b",
}


def refuse(reason):
    raise ValueError(REASONS[reason])


def run(filter, samples, typecode):
    # Samples that are not of the filter's own type: of int16, which emliir does not take itself, or for neither.
    if typecode == 104:  # 'h'
        if filter.other is None:
            from emliir_q15 import new

            filter.other = new(array("f", filter.sos))
        return filter.other.run(samples)
    refuse(-2)
