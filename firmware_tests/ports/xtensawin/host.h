// The host, by way of Linux system calls that qemu-xtensa passes on. They return a negative error number on failure.
#ifndef XTENSAWIN_HOST_H
#define XTENSAWIN_HOST_H

enum { HOST_OPEN = 8, HOST_CLOSE = 9, HOST_READ = 12, HOST_WRITE = 13, HOST_LSEEK = 15, HOST_EXIT = 118 };

int host_call(int number, int a, int b, int c);

// Stores the registers of all callers in the stack, where the garbage collector looks.
void windows_spill(void);

#endif
