"""A message channel between host and worker: length-prefixed msgpack over a socket pair."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Any, Generic, TypeVar

import msgspec

_LENGTH = struct.Struct("!I")
Received = TypeVar("Received")


class Channel(Generic[Received]):
    """One end of the pair. Any thread may send; one thread receives."""

    def __init__(self, end: socket.socket, receives: Any) -> None:
        """Speak over `end`; `receives` is the type (or union) of the messages coming in."""
        self._socket = end
        self._sending = threading.Lock()
        self._decoder: msgspec.msgpack.Decoder[Received] = msgspec.msgpack.Decoder(receives)

    def send(self, message: msgspec.Struct) -> None:
        """Send one message. Raises OSError when the other side is gone."""
        body = _encode(message)
        with self._sending:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Received | None:
        """The next message; None when the other side is gone."""
        try:
            header = self._exactly(_LENGTH.size)
            return self._decoder.decode(self._exactly(_LENGTH.unpack(header)[0]))
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """Close this end; a receiver blocked on it wakes up with None."""
        with contextlib.suppress(OSError):  # the other side may have gone first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            piece = self._socket.recv(size - len(received))
            if not piece:
                raise EOFError
            received += piece
        return bytes(received)


def _encode(message: msgspec.Struct) -> bytes:
    try:
        return msgspec.msgpack.encode(message)
    except UnicodeEncodeError:
        # A text with a lone surrogate: the protobuf of the real channel sends U+FFFD instead.
        return msgspec.msgpack.encode(
            _well_formed(msgspec.to_builtins(message, builtin_types=(bytes,)))
        )


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    if isinstance(value, dict):
        return {_well_formed(name): _well_formed(item) for name, item in value.items()}
    return value
