// Gives each MicroPython object a block of its own from malloc, never collected, in place of the garbage collector's heap.
// Linked into the unix port with -Wl,--wrap, so that valgrind sees every byte that a native module reads or writes outside
// of one object; the sanitizers cannot, as modules are not compiled with them.
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

void *__wrap_gc_alloc(size_t n_bytes, unsigned int flags);
void __wrap_gc_free(void *ptr);
size_t __wrap_gc_nbytes(const void *ptr);
void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);
void __wrap_gc_collect(void);

// Zeroed, as the collector's memory is.
void *__wrap_gc_alloc(size_t n_bytes, unsigned int flags) {
    (void)flags;
    return n_bytes ? calloc(1, n_bytes) : NULL;
}

void __wrap_gc_free(void *ptr) {
    free(ptr);
}

size_t __wrap_gc_nbytes(const void *ptr) {
    return malloc_usable_size((void *)ptr);
}

void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    return allow_move || !ptr ? realloc(ptr, n_bytes) : NULL;
}

void __wrap_gc_collect(void) {
}
