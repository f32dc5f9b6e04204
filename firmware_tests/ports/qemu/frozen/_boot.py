# Runs after power on and after each soft reset, before the REPL.
import sys

import disk

disk.mount()
sys.path.append("/lib")
