"""
Blocking work in the thread pool, with its results back in the reactor's thread.

    python threads.py NUMBER...             prints the largest prime factor of each
"""

import sys

from twisted.internet.defer import gatherResults
from twisted.internet.task import react
from twisted.internet.threads import deferToThread


def largestPrimeFactor(number):
    factor = 2
    while factor * factor <= number:
        if number % factor:
            factor += 1
        else:
            number //= factor
    return number


async def main(reactor, *numbers):
    wanted = [int(number) for number in numbers]
    found = await gatherResults([deferToThread(largestPrimeFactor, n) for n in wanted])
    for number, factor in zip(wanted, found, strict=True):
        print(number, factor)


react(main, sys.argv[1:])
