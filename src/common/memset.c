// For the modules that build.mk names it for: see natmod.c.
#include "py/dynruntime.h"

void *memset(void *s, int c, size_t n) {
    return mp_fun_table.memset_(s, c, n);
}
