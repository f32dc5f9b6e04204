// The configuration of ports/qemu, and over it what the tests need.
#include "mpconfigport.h"

#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (0)
#define MICROPY_ENABLE_SCHEDULER (1)
#define MICROPY_PY_SYS_MAXSIZE (1)
#define MICROPY_VFS_WRITABLE (1)
#define MICROPY_FATFS_ENABLE_LFN (1)
#define MICROPY_FATFS_LFN_CODE_PAGE 437
#define MICROPY_FATFS_RPATH (2)
#define MICROPY_FATFS_NORTC (1)

#if DISK_IN_FLASH
// MicroPython then mounts it at /rom.
#undef MICROPY_VFS_ROM_IOCTL
#define MICROPY_VFS_ROM_IOCTL (1)
#endif

// Runs at the end of mp_init(), after power on and after each soft reset.
void emulator_start(void);
#define MICROPY_PORT_INIT_FUNC emulator_start()

#if defined(QEMU_SOC_NRF51)
// The port gives this SoC no native code at all.
#undef MICROPY_EMIT_THUMB
#define MICROPY_EMIT_THUMB (1)
#define MICROPY_EMIT_THUMB_ARMV7M (0)
#define MICROPY_EMIT_INLINE_THUMB (0)
#endif

// The host holds what is sent to the serial port; each half of this costs an answer, by far most of the time of a transfer.
#define MICROPY_REPL_STDIN_BUFFER_MAX (4096)

// For `mpremote mount`.
#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
