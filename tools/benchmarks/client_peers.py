"""
What `client.py` measures, for the clients of others: aiohttp and httpx.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time
from typing import Any

import aiohttp
import httpx

COUNT = 200
CONNECTIONS = 10
ROUNDS = 7


async def best(ask: Callable[[], Awaitable[Any]]) -> float:
    async def repeat() -> None:
        for _ in range(COUNT):
            await ask()

    times = []
    for _ in range(ROUNDS):
        before = process_time()
        await asyncio.gather(*[repeat() for _ in range(CONNECTIONS)])
        times.append(process_time() - before)
    return min(times) / COUNT / CONNECTIONS * 1e6


async def main(port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    results = {}
    async with aiohttp.ClientSession() as session:

        async def with_aiohttp() -> None:
            async with session.get(url) as response:
                await response.text()

        results["aiohttp"] = await best(with_aiohttp)
    async with httpx.AsyncClient() as client:

        async def with_httpx() -> str:
            return (await client.get(url)).text

        results["httpx"] = await best(with_httpx)
    print(json.dumps(results))


script = Path(__file__).with_name("servers") / "http_aiohttp.py"
with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as server:
    assert server.stdout is not None
    try:
        asyncio.run(main(int(server.stdout.readline())))
    finally:
        server.kill()
