"""Endpoints on loopback that answer as slowly as they are told and count what they are asked."""

import asyncio
import json
import ssl
import subprocess
import threading


class Services:
    """Any number of endpoints, each a path of one server: /0, /1 and so on."""

    def __init__(self, kinds, delay, directory=None):
        """`kinds` of services at each endpoint that answer after `delay` seconds; https with a certificate made in `directory`."""
        self.kinds, self.delay = kinds, delay
        self.requests, self.connections = [], 0
        self.authority = None
        context = None
        if directory is not None:
            self.authority, context = certificate(directory)
        self.scheme = "https" if context else "http"
        ready = threading.Event()
        threading.Thread(target=self._run, args=(context, ready), daemon=True).start()
        ready.wait()

    def uri(self, number):
        """Where the endpoint of this number is, as remote.yaml has it."""
        return f"localhost:{self.port}/{number}"

    def _run(self, context, ready):
        async def serve():
            server = await asyncio.start_server(self._connection, "localhost", 0, ssl=context, backlog=512)
            self.port = server.sockets[0].getsockname()[1]
            for other in server.sockets[1:]:
                other.close()
            ready.set()
            await asyncio.Event().wait()

        asyncio.run(serve())

    async def _connection(self, reader, writer):
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ")[1].decode()
                self.requests.append(path)
                body = json.dumps(await self._answer(path)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(self, path):
        number, _, rest = path.lstrip("/").partition("/")
        if rest == "assets/config/config.prod.json":
            base = f"{self.scheme}://{self.uri(number)}"
            return {f"{kind}API": {"uri": f"{base}/{kind}"} for kind in self.kinds}
        await asyncio.sleep(self.delay)
        return {"data": {"version": "v1.0.0"}}


def certificate(directory):
    """A throw-away authority and its certificate for localhost: the authority's file, and what a server uses."""

    def make(subject, name, *more):
        keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
        request = ["openssl", "req", "-x509", *keys, "-days", "1", "-subj", subject, "-out", f"{name}.pem", *more]
        made = subprocess.run(request, cwd=directory, stderr=subprocess.PIPE, text=True)
        if made.returncode:
            raise SystemExit(made.stderr)

    make("/CN=an authority", "authority")
    signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-addext", "basicConstraints=CA:FALSE"]
    make("/CN=localhost", "server", *signed, "-addext", "subjectAltName=DNS:localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return directory / "authority.pem", context
