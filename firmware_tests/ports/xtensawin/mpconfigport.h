// What firmware for an ESP32 has, without hardware: native code, arbitrary integers, float32.
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL               (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_HW_BOARD_NAME                  "qemu-xtensa"
#define MICROPY_HW_MCU_NAME                    "de233_fpu"
#define MICROPY_PY_SYS_PLATFORM                "qemu-xtensa"

#define MICROPY_EMIT_XTENSAWIN                 (1)
#define MICROPY_PERSISTENT_CODE_LOAD           (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT         (1)
#define MICROPY_READER_POSIX                   (1)
#define MICROPY_NLR_SETJMP                     (1)
#define MICROPY_ENABLE_GC                      (1)
#define MICROPY_GC_STACK_ENTRY_TYPE            uint32_t
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_LONGINT_IMPL                   (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL                     (MICROPY_FLOAT_IMPL_FLOAT)

// No operating system behind these, and no terminal.
#define MICROPY_KBD_EXCEPTION                  (0)
#define MICROPY_PY_ASYNCIO                     (0)
#define MICROPY_PY_BUILTINS_HELP               (0)
#define MICROPY_PY_BUILTINS_INPUT              (0)
#define MICROPY_PY_CRYPTOLIB                   (0)
#define MICROPY_PY_FRAMEBUF                    (0)
#define MICROPY_PY_HASHLIB                     (0)
#define MICROPY_PY_HEAPQ                       (0)
#define MICROPY_PY_MACHINE                     (0)
#define MICROPY_PY_OS                          (0)
#define MICROPY_PY_RANDOM                      (0)
#define MICROPY_PY_SELECT                      (0)
#define MICROPY_PY_SSL                         (0)
#define MICROPY_PY_SYS_STDFILES                (0)
#define MICROPY_PY_SYS_STDIO_BUFFER            (0)
#define MICROPY_PY_TIME                        (0)

// Machine code has pages of its own, as on an ESP32 memory of its own: QEMU translates anew what lies in a page that was written to.
#include <stddef.h>
void exec_allocate(size_t size, void **memory, size_t *allocated);
#define MP_PLAT_ALLOC_EXEC(size, memory, allocated) exec_allocate(size, memory, allocated)
#define MP_PLAT_FREE_EXEC(memory, size)

#define MP_NEED_LOG2                           (1)
#define MP_SSIZE_MAX                           (0x7fffffff)
#define MP_STATE_PORT                          MP_STATE_VM
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
