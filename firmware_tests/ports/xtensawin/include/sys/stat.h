// py/reader.c includes it and uses nothing of it.
