// Transforms of every size and filters of any coefficients, on samples of any bytes and at full scale.
#include "attempt_signal.h"

#include "check.h"

#define SIZE 16384 // as much as the largest transform takes

static uint8_t data[SIZE];

int main(void) {
    for (size_t n = EML_FFT_MIN; n <= EML_FFT_MAX; n *= 2) {
        for (int repeat = 0; repeat < 4; repeat++) {
            // Noise, then what repeats after 1, 2 and 4 samples: all the energy in few bins, and in the table's first and last numbers.
            for (size_t length = repeat ? (size_t)1 << repeat : SIZE, tries = 0; tries < (repeat ? 16 : 2); tries++) {
                for (size_t i = 0; i < length; i++) {
                    data[i] = (uint8_t)random64();
                }
                attempt_fft_q15(data, length, n, 0);
                attempt_fft_q15(data, length, n, 1);
                attempt_fft(data, length, n);
                checks_made += 2;
            }
        }
        // Odd samples alone at full scale: the first bin of half the samples is -32768 j.
        static const uint8_t ODD[] = { 0, 0, 0, 0x80 }, EVEN[] = { 0, 0x80, 0, 0 };
        attempt_fft_q15(ODD, 4, n, 0);
        attempt_fft_q15(EVEN, 4, n, 0);
        checks_made += 2;
    }
    unsigned taken = 0;
    for (uint32_t repeat = 0; repeat < 3000; repeat++) {
        for (size_t i = 0; i < 1000; i += 4) {
            // Of any exponent, or such as filters have.
            const uint32_t bits = repeat % 3 ? (118 + random_below(10)) << 23 | random_below(0x800000) | random_below(2) << 31
                                             : (uint32_t)random_runs();
            memcpy(data + i, &bits, 4);
        }
        taken += (unsigned)attempt_iir(data, 1000, 1 + random_below(3), random_below(9) != 0, (int)random_below(2));
        checks_made++;
    }
    CHECK(taken > 300, taken, 0, 0);
    printf("%lu checks\n", checks_made);
    return 0;
}
