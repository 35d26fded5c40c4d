"""``python -m twisted`` is ``twist``."""

from twisted.application.twist import main

main()
