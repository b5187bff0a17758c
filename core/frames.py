"""WebSocket frames as uvicorn and websockets read them, with close codes that GraphQL clients know.

What isn't a frame, or is too large for one, is closed with graphql-transport-ws' 4400 like any other malformed message;
and whoever is told to go is listened to until it has gone: a connection closed on unread bytes is reset, and the client
would see 1006 instead of the reason.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.server import ServerProtocol

MALFORMED = 4400
_BROKEN = {CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG, CloseCode.INTERNAL_ERROR}


class Conversation(ServerProtocol):
    """websockets' state of one connection."""

    def fail(self, code: int, reason: str = "") -> None:
        """Close with 4400 what a client has broken."""
        super().fail(MALFORMED if code in _BROKEN else code, reason)


class Frames(WebSocketsSansIOProtocol):
    """uvicorn's side of one connection."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.conn = Conversation(max_size=self.config.ws_max_size, logger=self.conn.logger)

    def send_receive_event_to_app(self) -> None:
        """Hand over a message; one that says it is text and isn't, as the bytes that it is."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Say why, and read on to the client's end without minding what it is."""
        if self.close_sent:
            return
        self.close_sent = True
        close = self.conn.close_sent
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code if close else 1006})
        if not close or self.transport.is_closing():  # it spoke before it was greeted, or has gone
            self.transport.close()
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    async def run_asgi(self) -> None:
        """Serve the connection. Who doesn't take what is left to send, in the time that a goodbye has, is cut off."""
        await super().run_asgi()
        self.loop.call_later(self.close_timeout, self.transport.abort)
