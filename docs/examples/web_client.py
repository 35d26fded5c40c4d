"""
Ask for several pages at once, and say of each how it went.

    python web_client.py URL [URL ...]
"""

import sys

from twisted.internet import task
from twisted.internet.structured import TaskGroup
from twisted.web.httpclient import Client, RequestTimeout


async def report(client, url):
    try:
        async with await client.get(url, timeout=10) as response:
            size = 0
            async for piece in response:
                size += len(piece)
            print(f"{response.code} {size:>10,} {response.url}")
    except RequestTimeout as problem:
        print(f"{problem} {url}")


async def main(reactor, *urls):
    async with Client(reactor, maxConnectionsPerHost=4) as client, TaskGroup() as group:
        for url in urls:
            group.start(report(client, url))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
