"""E-mail on its way to a mail server (RFC 5321, by aiosmtplib)."""

from email.message import EmailMessage

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPException, SMTPNotSupported, SMTPRecipientsRefused

from core.mail import MailServer

PATIENCE = 20.0
"""Seconds that a server may take for each of its answers."""
FOR_GOOD = 500
"""Replies from here on say that trying again won't help (RFC 5321, section 4.2.1)."""


class Undeliverable(Exception):
    """The server won't have it, now or later."""


class NotNow(Exception):
    """It couldn't be handed over; later it may."""


async def hand_over(server: MailServer, message: EmailMessage) -> None:
    """Have the server take a message. Raises Undeliverable, NotNow; neither says whom it was for."""
    try:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.begins_with_tls,
            start_tls=server.must_start_tls,
            timeout=PATIENCE,
        )
    except SMTPRecipientsRefused as error:
        raise _refusal(*(each.code for each in error.recipients)) from None
    except SMTPDataError as error:
        raise _refusal(error.code) from None
    except SMTPNotSupported:
        raise Undeliverable("The server can't take such an address.") from None
    except (SMTPException, OSError, ValueError) as error:
        raise NotNow(type(error).__name__) from None


def _refusal(*codes: int) -> Exception:
    words = f"The server answered {', '.join(map(str, codes))}."
    return Undeliverable(words) if min(codes) >= FOR_GOOD else NotNow(words)
