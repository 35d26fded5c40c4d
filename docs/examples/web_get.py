"""
Fetch a page, following redirects, and write it to the standard output.

    python web_get.py URL
"""

import sys

from twisted.internet import task
from twisted.internet.structured import timeout
from twisted.web.client import Agent, ContentDecoderAgent, GzipDecoder, RedirectAgent, readBody


async def main(reactor, url):
    agent = RedirectAgent(ContentDecoderAgent(Agent(reactor), [(b"gzip", GzipDecoder)]))
    async with timeout(30):
        response = await agent.request(b"GET", url.encode("ascii"))
        body = await readBody(response)
    print(response.code, response.phrase.decode(), file=sys.stderr)
    sys.stdout.buffer.write(body)


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
