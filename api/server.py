"""The HTTP server around the application.

Belongs here: granian and its limits. Does not belong here: the application (`app.py`). Request lines and headers are
never logged: they hold keys.
"""

import functools

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from api.app import create_app
from warehouse.settings import Settings

# A client that trickles its headers is cut off; bodies have their own deadline (body.py).
HEADER_READ_TIMEOUT_MILLISECONDS = 5_000
HEADER_BUFFER_BYTES = 64 * 1024
# How long running requests may take to finish after the signal to stop.
STOP_SECONDS = 15


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM; running requests finish first.

    Args:
        settings: of the deployment; every worker opens its own handles from it.
        host: address to listen on.
        port: port to listen on.
        workers: processes.
    """
    server = Server(
        "api.app:create_app",
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_READ_TIMEOUT_MILLISECONDS, max_buffer_size=HEADER_BUFFER_BYTES
        ),
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,  # one worker that dies must not end the others
    )
    server.serve(target_loader=functools.partial(create_app, settings), wrap_loader=False)
