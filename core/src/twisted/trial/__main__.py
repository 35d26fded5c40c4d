"""``python -m twisted.trial`` is ``trial``."""

import sys

if __name__ == "__main__":
    from twisted.scripts.trial import run

    sys.argv[0] = "trial"
    run()
