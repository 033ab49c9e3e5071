"""Counting bytes: all of an answer as it travels, head and body."""

import gzip
import socket
import threading

from bench.wire import ask


def answering(reply: bytes) -> tuple[int, list[bytes]]:
    """Answer one connection with these bytes; return the port, and the list that receives what was asked."""
    listener, asked = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            asked.append(connection.recv(65536))
            connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1], asked


def test_every_byte_is_counted_and_the_page_is_read() -> None:
    body = gzip.compress("Étape 1".encode())
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: p=fn00; Path=/\r\n\r\n" + body
    port, asked = answering(reply)
    found = ask(port, "GET", "/r/01", cookie="p=x")
    assert (found.status, found.received, found.body, found.html) == (200, len(reply), body, "Étape 1")
    assert found.headers["set-cookie"] == "p=fn00; Path=/"
    assert found.sent == len(asked[0])
    assert b"Cookie: p=x" in asked[0]


def test_a_form_is_sent_whole() -> None:
    port, asked = answering(b"HTTP/1.1 303 See Other\r\nLocation: /r/02\r\n\r\n")
    assert ask(port, "POST", "/r/01", form="act=0101&go=01").headers["location"] == "/r/02"
    assert asked[0].endswith(b"Content-Length: 14\r\n\r\nact=0101&go=01")
