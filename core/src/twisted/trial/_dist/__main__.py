"""A worker."""

from twisted.trial._dist._worker import main

if __name__ == "__main__":
    main()
