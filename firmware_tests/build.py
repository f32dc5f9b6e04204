"""Builds what the boards run on, where that is not up to date. `make firmware` runs this."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from boards import boards


def main():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [future.exception() for future in [pool.submit(board.build) for board in boards()]]
    return "\n".join(str(failure) for failure in failures if failure) or None


if __name__ == "__main__":
    sys.exit(main())
