// eml_sine.h beside float64's sine: the error bounds that it states, symmetry, and where it is exact.
#include "eml_sine.h"

#include "check.h"

#include <math.h>

static double worst;

static void check_sine(uint32_t phase) {
    const double exact = sin((double)phase * (6.283185307179586476925 / 4294967296.0));
    const int32_t q30 = eml_sine_q30(phase);
    const double error = fabs((double)q30 - exact * 1073741824.0);
    worst = error > worst ? error : worst;
    CHECK(error < 11, phase, q30, 0);
    CHECK(q30 == -eml_sine_q30(0u - phase), phase, q30, 0);
    CHECK(q30 == eml_sine_q30(0x80000000u - phase), phase, q30, 0);
    const double value = (double)eml_sine(phase);
    CHECK(fabs(value - exact) < 1.0 / (1 << 25) + 1.0 / (1 << 26), phase, q30, 0); // 0.75 units of the last place of 1
    CHECK(eml_sine(phase) == (float)((double)q30 / 1073741824.0), phase, q30, 0);
}

int main(void) {
    for (uint32_t i = 0; i < 4096; i++) {
        check_sine(i << 20);
    }
    for (uint32_t i = 0; i < 200000; i++) {
        check_sine((uint32_t)random64());
        check_sine((uint32_t)random_runs());
    }
    for (uint32_t quarter = 0; quarter < 4; quarter++) {
        static const int EXACT[] = { 0, 1, 0, -1 };
        CHECK(eml_sine_q30(quarter << 30) == EXACT[quarter] * (1 << 30), quarter, 0, 0);
        CHECK(eml_sine(quarter << 30) == (float)EXACT[quarter], quarter, 0, 0);
        for (uint32_t i = 0; i < 1000; i++) {
            check_sine((quarter << 30) + i - 500);
        }
    }
    printf("%lu checks\n", checks_made);
    return worst > 4 ? 0 : 1;
}
