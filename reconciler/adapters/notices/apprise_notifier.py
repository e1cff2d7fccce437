"""Messages through apprise: Slack, Teams, e-mail, webhooks and a hundred more, each by an address of its form."""

from __future__ import annotations

import logging
import warnings

MISSING = "apprise is not installed: pip install 'model-reconciler[notify]'"
UNKNOWN = "its address is of no form that apprise knows, such as slack://, mailtos:// or jsons://"
REFUSED = "the channel did not take the message: look at its address, its rights and the network"


class AppriseNotifier:
    """Implements ports.Notifier. Apprise is imported when something is sent: it takes as long as a plan."""

    def send(self, address: str, *, title: str, body: str) -> str | None:
        """Send a message; return why it could not be sent, without the address."""
        logger = logging.getLogger("apprise")
        before = logger.disabled
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of libraries that apprise imports
                from apprise import Apprise, AppriseAsset, NotifyFormat

                logger.disabled = True  # its lines may quote the address
                channel = Apprise(asset=AppriseAsset(async_mode=False, secure_logging=True))
                if not channel.add(address):
                    return UNKNOWN
                return None if channel.notify(body=body, title=title, body_format=NotifyFormat.TEXT) else REFUSED
        except ImportError:
            return MISSING
        except Exception as error:  # noqa: BLE001  (whatever a channel's code raises, it stops nothing)
            return f"apprise failed ({type(error).__name__})"
        finally:
            logger.disabled = before
