// What MicroPython calls of a C library, for whatever is not in its own shared/libc.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host.h"

int errno;

static int checked(int result) {
    if (result < 0) {
        errno = -result;
        return -1;
    }
    return result;
}

int open(const char *path, int flags, int mode) {
    return checked(host_call(HOST_OPEN, (int)path, flags, mode));
}

int close(int fd) {
    return checked(host_call(HOST_CLOSE, fd, 0, 0));
}

int read(int fd, void *to, size_t size) {
    return checked(host_call(HOST_READ, fd, (int)to, size));
}

int write(int fd, const void *from, size_t size) {
    return checked(host_call(HOST_WRITE, fd, (int)from, size));
}

int lseek(int fd, int offset, int whence) {
    return checked(host_call(HOST_LSEEK, fd, offset, whence));
}

void exit(int status) {
    for (;;) {
        host_call(HOST_EXIT, status, 0, 0);
    }
}

void abort(void) {
    static const char text[] = "abort\n";
    write(STDERR_FILENO, text, sizeof(text) - 1);
    exit(134); // as a shell has it for SIGABRT
}
