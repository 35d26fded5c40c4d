"""
Several programs at once: all of them, or none. If one fails the others are ended.

    python task_group.py
"""

import os

from twisted.internet.structured import TaskGroup, TimedOut, timeout
from twisted.internet.task import react
from twisted.internet.utils import getProcessOutputAndValue


async def shell(command):
    out, _, code = await getProcessOutputAndValue("sh", ("-c", command), env=os.environ)
    if code:
        raise RuntimeError(f"{command!r} has exit code {code}")
    return out.decode().strip()


async def main(reactor):
    async with TaskGroup() as group:
        results = [group.start(shell(f"echo {word}")) for word in ("one", "two", "three")]
    print("all:", [await result for result in results])

    try:
        async with TaskGroup() as group:
            group.start(shell("exit 3"))
            group.start(shell("sleep 60"))
    except ExceptionGroup as problems:
        print("failed:", *problems.exceptions)

    try:
        async with timeout(0.1):
            await shell("sleep 60")
    except TimedOut:
        print("that took too long, and was killed")


react(main)
