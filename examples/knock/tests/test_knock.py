"""What a cell asks of `knock`, beside the server that `matrix.toml` starts."""

import os

from knock import knock


async def test_server_answers() -> None:
    assert (await knock(os.environ["WEB"], "/matrix.toml")).endswith("200 OK")
