#pragma once
#include <sys/types.h>
#include <stddef.h>
#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2
#define SEEK_SET      0
#define SEEK_CUR      1
#define SEEK_END      2
int close(int fd);
int read(int fd, void *to, size_t size);
int write(int fd, const void *from, size_t size);
int lseek(int fd, int offset, int whence);
