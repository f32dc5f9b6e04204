// What ports/qemu lacks for a board: a clock, a console that sleeps while it waits, the FPU, and a start hook.
#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/pyexec.h"
#include "ports/qemu/uart.h"
#include "soc.h"

// Clock ---------------------------------------------------------------------------------------------------------------

static uint64_t clock_ticks;
static uint32_t clock_seen;

// Right as long as it is asked at least once a wrap of the counter, which is minutes.
static uint64_t ticks64(void) {
    const uint32_t now = soc_ticks();
    clock_ticks += now - clock_seen;
    clock_seen = now;
    return clock_ticks;
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)(ticks64() / (SOC_TICK_HZ / 1000000u));
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(ticks64() / (SOC_TICK_HZ / 1000u));
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return soc_ticks();
}

uint64_t mp_hal_time_ns(void) {
    return ticks64() * 1000u / (SOC_TICK_HZ / 1000000u);
}

void mp_hal_delay_us(mp_uint_t us) {
    const uint64_t end = ticks64() + (uint64_t)us * (SOC_TICK_HZ / 1000000u);
    while (ticks64() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    const uint64_t end = ticks64() + (uint64_t)ms * (SOC_TICK_HZ / 1000u);
    while (ticks64() < end) {
        mp_handle_pending(true);
    }
}

// Console -------------------------------------------------------------------------------------------------------------

// The port's spins, and an idle board would keep one of the PC's processors busy.
int __wrap_mp_hal_stdin_rx_chr(void);
int __wrap_mp_hal_stdin_rx_chr(void) {
    for (;;) {
        const int c = uart_rx_chr();
        if (c >= 0) {
            return c;
        }
        mp_handle_pending(true);
        soc_sleep();
    }
}

uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t flags);
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t flags) {
    return (flags & MP_STREAM_POLL_WR) | (soc_rx_ready() ? flags & MP_STREAM_POLL_RD : 0);
}

// Start ---------------------------------------------------------------------------------------------------------------

#if defined(__ARM_FP)
#define SCB_CPACR SOC_REG(0xe000ed88) // coprocessor access

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
__attribute__((target("general-regs-only"))) int __wrap_main(int argc, char **argv) {
    SCB_CPACR |= 0xf << 20;
    __asm volatile ("dsb\nisb");
    return __real_main(argc, argv);
}
#endif

#if defined(__arm__)
// The port's limit is 10 kB, which may be more than there is. Some is kept back for C code that checks nothing.
#define STACK_KEPT_BACK 1024u

extern char _estack[], _ebss[];

void __real_mp_stack_set_limit(mp_uint_t limit);
void __wrap_mp_stack_set_limit(mp_uint_t limit);
void __wrap_mp_stack_set_limit(mp_uint_t limit) {
    const mp_uint_t room = (mp_uint_t)(_estack - _ebss) - STACK_KEPT_BACK;
    __real_mp_stack_set_limit(limit < room ? limit : room);
}
#endif

void emulator_start(void);
void emulator_start(void) {
    static bool started;
    if (!started) {
        started = true;
        soc_start();
        clock_seen = soc_ticks();
    }
    #if !DISK_IN_FLASH
    pyexec_frozen_module("_boot.py", false);
    #endif
}

#if DISK_IN_FLASH
mp_obj_t mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    switch (mp_obj_get_int(args[0])) {
        case MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS:
            return MP_OBJ_NEW_SMALL_INT(1);
        case MP_VFS_ROM_IOCTL_GET_SEGMENT:
            return mp_obj_new_memoryview('B', DISK_SIZE, (void *)DISK_ADDRESS);
        default:
            return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
}
#endif
