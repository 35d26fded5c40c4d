"""``python -m twisted`` is ``twist``."""

import sys

from twisted.application.twist import main

if __name__ == "__main__":
    sys.argv[0] = "twist"
    main()
