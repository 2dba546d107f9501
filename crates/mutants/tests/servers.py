"""Which servers do the programs of the tests have between them and Postgres? Texts that a program begins with."""

# A proxy that can drop the answer to COMMIT, break a connection, close its server's half, or cut answers into pieces.
PROXY = """
import warnings
from urllib.parse import urlsplit, urlunsplit
# The proxy is left to the end of the program.
warnings.simplefilter("ignore", ResourceWarning)
class Proxy:
    def __init__(self):
        self.is_cut = False
        self.piece = 65536
        self.clients = []
        self.ended = []
    async def start(self):
        url = urlsplit(dsn)
        self.target = (url.hostname, url.port or 5432)
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        user = url.netloc.rpartition("@")[0]
        self.dsn = urlunsplit(url._replace(netloc=f"{user}@127.0.0.1:{port}"))
    async def serve(self, reader, writer):
        self.clients.append(writer)
        up_reader, up_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self.pump(reader, up_writer), self.pump(up_reader, writer))
    async def pump(self, reader, writer):
        while True:
            data = await reader.read(65536)
            if not data:
                return writer.close()
            if writer in self.ended:
                continue
            if self.is_cut and b"COMMIT" in data and data[:1] == b"C":
                return writer.transport.abort()
            for at in range(0, len(data), self.piece):
                writer.write(data[at:at + self.piece])
                await asyncio.sleep(0.001 if self.piece < len(data) else 0)
    def break_all(self):
        for client in self.clients:
            client.transport.abort()
    def half_close(self):
        for client in self.clients:
            client.write_eof()
        self.ended.extend(self.clients)
"""

# A server that asks for a login by SCRAM and refuses it.
LOGIN = """
import struct
def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body
REFUSAL = b"SFATAL\\0VFATAL\\0C28P01\\0Mrefused\\0\\0"
logins = []
async def serve(reader, writer):
    length, _ = struct.unpack("!ii", await reader.readexactly(8))
    await reader.readexactly(length - 8)
    writer.write(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\\0\\0"))
    if await reader.read(100):
        logins.append("login")
        writer.write(message(b"E", REFUSAL))
    writer.close()
async def login(fault):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = Pool(f"postgresql://somebody:secret@127.0.0.1:{port}/nothing", 1, fault)
    try:
        await asyncio.wait_for(pool.fetch("SELECT 1"), 1)
    except DatabaseError as error:
        print(error.sqlstate or str(error).rpartition(": ")[2], len(logins))
    except asyncio.TimeoutError:
        print("many logins" if len(logins) > 3 else logins)
    server.close()
"""
