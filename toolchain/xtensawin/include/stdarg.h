// Variable arguments for clang 22, which gets them wrong for Xtensa: its va_start leaves the pointer to the saved registers
// 4 bytes too high for each named word, and its va_arg looks for the stack's arguments elsewhere.
//
// The calling convention: the first 6 words of arguments are in registers, which va_start finds saved at `registers`; the
// others lie from `stack` + 32 on. `used` counts bytes over both, named arguments included, and skips from 24 to 32.
#pragma once
typedef __builtin_va_list va_list;

struct eml_va {
    char *stack;
    char *registers;
    int used;
};
#define EML_VA(ap) ((struct eml_va *)(void *)&(ap))

static inline void eml_va_start(struct eml_va *va) {
    va->registers -= va->used;
}

static inline void *eml_va_next(struct eml_va *va, int size, int alignment) {
    int start = alignment > 4 ? (va->used + 7) & -8 : va->used;
    size = (size + 3) & -4;
    if (start <= 24 && start + size > 24) { // not in one half and the other
        start = 32;
    }
    va->used = start + size;
    return (start < 24 ? va->registers : va->stack) + start;
}

#define va_start(ap, last) (__builtin_va_start(ap, last), eml_va_start(EML_VA(ap)))
#define va_arg(ap, type)   (*(type *)eml_va_next(EML_VA(ap), sizeof(type), __alignof__(type)))
#define va_copy(to, from)  ((void)(*EML_VA(to) = *EML_VA(from)))
#define va_end(ap)         ((void)0)
