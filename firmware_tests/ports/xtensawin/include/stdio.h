#pragma once
#include <stdarg.h>
#include <stddef.h>
int printf(const char *format, ...);
int snprintf(char *to, size_t size, const char *format, ...);
