// GCC turns copies into calls of this. A native module has no libc to link, but the firmware's own is in its function table.
// memset.c is for a module whose code becomes calls of that as well: build.mk.
#include "py/dynruntime.h"

void *memcpy(void *dest, const void *src, size_t n) {
    return mp_fun_table.memmove_(dest, src, n);
}
