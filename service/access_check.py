"""Before the service listens: whether others would get in without a key, and who will get in."""

from __future__ import annotations

from service.access import has_keys
from service.addresses import is_loopback
from service.key_file import KeyFileError, read_ring
from service.rate_limits import LimitsError, open_storage
from service.settings import Settings


class AccessError(Exception):
    """The service must not start like this; the message says why and names the ways out."""


def check_access(settings: Settings) -> str:
    """One line that says who may ask.

    Raises:
        AccessError: others could reach the service and it has no keys, unless it was told to be
            open or closed; or the keys can't be read, or requests can't be counted.
    """
    try:
        keyed = has_keys(read_ring(settings.keys_file))
        open_storage(settings.limits_url)
    except (KeyFileError, LimitsError) as error:
        raise AccessError(str(error)) from None
    if settings.open:
        return f"Anybody who reaches {settings.host} may ask, {settings.rate} from one address"
    if keyed or settings.open is False:
        return f"Who asks needs a key of {settings.keys_file}: python -m service keys create NAME"
    if is_loopback(settings.host):
        return "This machine may ask without a key"
    raise AccessError(
        f"others may reach {settings.host}, and there are no keys in {settings.keys_file}: make one with "
        "python -m service keys create NAME, or let anybody ask with --open or CITEDESK_OPEN=true"
    )
