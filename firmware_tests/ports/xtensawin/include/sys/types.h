#pragma once
typedef int ssize_t;
typedef long off_t;
