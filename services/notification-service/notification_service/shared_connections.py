"""HTTP/2 for many threads."""

import asyncio
import ssl
import threading

import anyio
import httpx


class SharedConnections(httpx.BaseTransport):
    """One event loop does the work on the connections that all threads share.

    The synchronous HTTP/2 of httpx cannot be shared: two threads take the same stream, and the
    server ends the connection with the requests of all.
    """

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        self._client = httpx.AsyncClient(http2=True, verify=verify)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http2", daemon=True)
        self._thread.start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """The answer with its body, still encoded as it came."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                body = [part async for part in response.aiter_raw()]
            finally:
                await response.aclose()
        except anyio.EndOfStream as error:  # which httpx has no word for while it writes
            raise httpx.WriteError("The server ended the connection.", request=request) from error
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(b"".join(body)),
            extensions={"http_version": response.extensions["http_version"]},
        )
