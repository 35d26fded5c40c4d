"""
An HTTP client for coroutines.

::

    async def main(reactor):
        async with Client(reactor) as client:
            response = await client.get("https://example.com/search", params={"q": "twisted"})
            for hit in await response.raiseForStatus().json():
                print(hit)

A `Client` keeps connections and cookies, follows redirects, unpacks bodies and goes through
proxies, within limits that it can be told. Under it are the agents of `twisted.web.client`.
"""

from __future__ import annotations

from twisted.web._client._addresses import AddressRefused, isPublicAddress
from twisted.web._client._bodies import BodyTooLarge
from twisted.web._client._cookies import CarefulCookiePolicy
from twisted.web._client._errors import (
    ConnectTimeout,
    PoolFull,
    PoolTimeout,
    ReadTimeout,
    RequestTimeout,
    WriteTimeout,
)
from twisted.web._client._proxies import Proxies, Proxy
from twisted.web._client._reply import ClientResponse, HTTPStatusError
from twisted.web._client._session import Client, Timeouts

__all__ = [
    "AddressRefused",
    "BodyTooLarge",
    "CarefulCookiePolicy",
    "Client",
    "ClientResponse",
    "ConnectTimeout",
    "HTTPStatusError",
    "PoolFull",
    "PoolTimeout",
    "Proxies",
    "Proxy",
    "ReadTimeout",
    "RequestTimeout",
    "Timeouts",
    "WriteTimeout",
    "isPublicAddress",
]
