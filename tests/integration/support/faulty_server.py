"""A server made by hand, for faults that a real one will not show.

    with FaultyServer(reset) as server:
        ... server.url ...

A behaviour is called with the connection for each one that comes in, in a thread of its own, and may use
`read_request`; the connection is closed when it returns. Time goes by `connection.stop.wait(seconds)`, which is
true as soon as the server is to end.
"""

import gzip
import select
import socket
import struct
import threading
import time


class Connection:
    def __init__(self, sock, server):
        self.socket = sock
        self.server = server
        self.stop = server.stopping

    def read_request(self):
        """The head as it came, and the body without what chunks add to it."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                return data, b""
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        if b"\r\ntransfer-encoding: chunked" in head.lower():
            body = self._read_chunks(body)
            self.server.requests.append((head.decode(), body))
            return head, body
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("gone in the middle of its request")
            body += piece
        self.server.requests.append((head.decode(), body))
        return head, body

    def _read_chunks(self, data):
        """`data` is what has been read of them."""

        def more():
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("gone in the middle of its request")
            return piece

        body = b""
        while True:
            while b"\r\n" not in data:
                data += more()
            size, data = data.split(b"\r\n", 1)
            length = int(size, 16)
            while len(data) < length + 2:
                data += more()
            body += data[:length]
            data = data[length + 2 :]
            if length == 0:
                return body

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        """Closes it with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_until_closed(self):
        """Until the other side goes, or the server is to end."""
        self.socket.settimeout(0.05)
        while not self.stop.is_set():
            try:
                if not self.socket.recv(65536):
                    return
            except TimeoutError:
                pass


class FaultyServer:
    """`listener` is a bound socket of one's own; `behaviour` may be changed while it runs."""

    def __init__(self, behaviour, listener=None):
        self.behaviour = behaviour
        self.requests = []
        self.times = []
        self.clients = []
        self.stopping = threading.Event()
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.settimeout(0.05)
        if self.listener.family == socket.AF_INET:
            self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self._accept)]

    def _accept(self):
        while not self.stopping.is_set():
            try:
                sock, client = self.listener.accept()
            except TimeoutError:
                continue
            self.times.append(time.monotonic())
            thread = threading.Thread(target=self._serve, args=(sock,))
            thread.start()
            self.threads.append(thread)
            self.clients.append(client)

    def _serve(self, sock):
        with sock:
            sock.settimeout(30)
            try:
                self.behaviour(Connection(sock, self))
            except OSError:
                pass  # the other side had enough

    def settle(self):
        """Waits until all connections made so far, also by processes that are dead by now, have been dealt with."""
        with socket.create_connection(self.listener.getsockname()) as last:
            while last.getsockname() not in self.clients:
                time.sleep(0.001)
        for thread in self.threads[1:]:
            thread.join()

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()


def answer(status, body=b"", headers=()):
    """Behaves as a server that answers each request so."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]

    def behaviour(connection):
        connection.read_request()
        connection.send("\r\n".join(lines).encode() + body)

    return behaviour


def in_turn(*behaviours):
    """The first for the first connection, and so on; the last for all after it."""
    left = list(behaviours)

    def behaviour(connection):
        (left.pop(0) if len(left) > 1 else left[0])(connection)

    return behaviour


def relay(port):
    """Hands everything on to this port of 127.0.0.1, and back."""

    def behaviour(connection):
        with socket.create_connection(("127.0.0.1", port)) as other:
            ways = {connection.socket: other, other: connection.socket}
            while not connection.stop.is_set():
                for one in select.select(list(ways), [], [], 0.05)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    ways[one].sendall(data)

    return behaviour


def recording_relay(port, requests):
    """Hands on one whole request a connection, and adds it to `requests`."""

    def behaviour(connection):
        head, body = connection.read_request()
        if not body:
            return  # gone before it had sent its request
        requests.append((head.decode(), body.decode()))
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            while data := other.recv(65536):
                connection.send(data)

    return behaviour


def dropping_relay(port):
    """As Pushgateway 1.11.0 in front of the one at this port: where that answers 400, the connection is dropped."""

    def behaviour(connection):
        head, body = connection.read_request()
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            reply = b""
            while data := other.recv(65536):
                reply += data
        if not reply.startswith(b"HTTP/1.1 400 "):
            connection.send(reply)

    return behaviour


def raw(data):
    """Answers with these bytes."""

    def behaviour(connection):
        connection.read_request()
        connection.send(data)

    return behaviour


def silent(connection):
    """Takes the request and never answers."""
    connection.wait_until_closed()


def half_closing(connection):
    """Takes the request and ends its own side."""
    connection.read_request()
    connection.socket.shutdown(socket.SHUT_WR)
    connection.wait_until_closed()


def closing(connection):
    """Closes at once, with the request unread: the kernel makes a reset of it."""
    connection.socket.recv(1)


def reset(connection):
    connection.read_request()
    connection.reset()


def reset_in_request(connection):
    """Goes while the request is being read."""
    connection.socket.recv(20)
    connection.reset()


def reset_in_answer(connection):
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    connection.stop.wait(0.05)
    connection.reset()


def endless_header_lines(connection):
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    while not connection.stop.is_set():
        connection.send(b"X-More: " + b"x" * 1000 + b"\r\n")


def endless_header_line(connection):
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not connection.stop.is_set():
        connection.send(b"x" * 65536)


def endless_interim_answers(connection):
    connection.read_request()
    while not connection.stop.is_set():
        connection.send(b"HTTP/1.1 102 Processing\r\nX-More: xxxxxxxxxxxxxxxxx\r\n\r\n" * 100)


def endless_body(status):
    def behaviour(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + (b"more and " * 7282)[:65536] + b"\r\n"
        while not connection.stop.is_set():
            connection.send(piece)

    return behaviour


def drip(first, each, seconds=0.02):
    """Sends `first`, and then ever again `each`."""

    def behaviour(connection):
        connection.read_request()
        connection.send(first)
        while not connection.stop.wait(seconds):
            connection.send(each)

    return behaviour


def compressed_bomb(status):
    """A gigabyte of zeros in a megabyte, asked for or not."""
    zeros = gzip.compress(bytes(1 << 24), 9) * 64

    def behaviour(connection):
        connection.read_request()
        head = f"HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\nContent-Length: {len(zeros)}\r\n\r\n"
        connection.send(head.encode() + zeros)
        connection.wait_until_closed()

    return behaviour
