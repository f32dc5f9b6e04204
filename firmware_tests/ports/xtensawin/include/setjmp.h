// windows.s says what the words are.
#pragma once
typedef int jmp_buf[13];
int setjmp(jmp_buf env) __attribute__((returns_twice));
void longjmp(jmp_buf env, int value) __attribute__((noreturn));
