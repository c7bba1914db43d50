"""The HTTP server: the standard library's, one thread for each connection."""

from socketserver import TCPServer, ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIEnvironment


class RequestHandler(WSGIRequestHandler):
    """Keeps quiet, and hands on the request target as sent: a signature covers exactly that."""

    timeout = 70

    def get_environ(self) -> WSGIEnvironment:
        """Add the raw target to what WSGI gives."""
        environ = super().get_environ()
        environ["sandbox.target"] = self.path
        return environ

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing; the journal has it all."""


class Server(ThreadingMixIn, WSGIServer):
    """Listens on one address: the loopback one, unless the settings name another."""

    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without looking the host's name up, which can take seconds where there is no name service."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Let go of callers who hung up, as they do after a timeout."""


def make_server(host: str, port: int) -> Server:
    """Return a server that is bound but neither listens nor has an application yet; port 0 picks a free one.

    :raises OSError: the port is taken, or the host is not ours.
    """
    server = Server((host, port), RequestHandler, bind_and_activate=False)
    try:
        server.server_bind()
    except OSError:
        server.server_close()
        raise
    return server
