"""A way to PostgreSQL that can be closed, as if the server were stopped, and opened again."""

import selectors
import socket
import threading


class Gate:
    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accept(self._listener)

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accept(self._listener)

    def close(self) -> None:
        """Refuse new connections and cut those that there are."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                _cut(one)
            self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        def accept() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                far = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._sockets += [near, far]
                threading.Thread(target=_carry, args=[near, far], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()


def _carry(near: socket.socket, far: socket.socket) -> None:
    other = {near: far, far: near}
    with near, far, selectors.DefaultSelector() as ready:
        for one in other:
            ready.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                try:
                    if not (data := one.recv(65536)):
                        return
                    other[one].sendall(data)
                except OSError:
                    return


def _cut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already
