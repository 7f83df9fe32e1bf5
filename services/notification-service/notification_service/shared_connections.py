"""Shares HTTP/2 connections among threads."""

import asyncio
import ssl
import threading

import anyio
import httpx


class SharedConnections(httpx.BaseTransport):
    """Runs one event loop for the connections of all threads.

    The synchronous HTTP/2 of httpx cannot be shared: two threads can use the same stream, and the
    server then ends the connection.
    """

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        self._client = httpx.AsyncClient(http2=True, verify=verify)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http2", daemon=True)
        self._thread.start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the read timeout limits the whole request."""
        longest = request.extensions.get("timeout", {}).get("read")
        answer = asyncio.wait_for(self._answer(request), longest)
        try:
            return asyncio.run_coroutine_threadsafe(answer, self._loop).result()
        except TimeoutError as error:
            raise httpx.ReadTimeout("The server did not answer.", request=request) from error

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """Return the answer with its encoded body."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                body = [part async for part in response.aiter_raw()]
            finally:
                await response.aclose()
        except anyio.EndOfStream as error:  # httpx does not map this error while it writes
            raise httpx.WriteError("The server ended the connection.", request=request) from error
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(b"".join(body)),
            extensions={"http_version": response.extensions["http_version"]},
        )
