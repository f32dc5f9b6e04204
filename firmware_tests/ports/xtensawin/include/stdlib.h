#pragma once
#include <stddef.h>
int abs(int x);
void abort(void) __attribute__((noreturn));
void exit(int status) __attribute__((noreturn));
