"""Send letters: once each as far as that can be known, and otherwise rather twice than not at all."""

import logging

from procrastinate import JobContext

from domain import letters
from jobs.parts import parts
from jobs.rendering import message
from jobs.smtp import NotNow, Undeliverable, hand_over

logger = logging.getLogger("starling.jobs")


async def send(context: JobContext, *, letter_id: int) -> None:
    """Hand a letter over to the mail server; without one, it stays here to be read. Raises NotNow, Unavailable.

    Who is killed between the server's answer and the mark sends it again, with the same Message-ID.
    """
    db, config = parts(context).db, parts(context).config
    letter = await letters.unsent(db, letter_id)
    if letter is None:
        return
    if config.mail_server:
        try:
            await hand_over(config.mail_server, message(letter, config.mail_from))
        except NotNow as error:
            logger.warning("A letter waits: %s", error, extra={"letter": letter_id})
            raise
        except Undeliverable as error:
            logger.warning("A letter can't be delivered: %s", error, extra={"letter": letter_id})
    await letters.mark_sent(db, letter_id, keep=config.mail_server is None)
