"""The errors of fedimark; each knows its status and what the public may read.

    FedimarkError
    ├── Refused               422  what was asked breaks a rule; `.field` says where
    │   ├── Malformed         400  not to be read at all
    │   ├── TooSlow           408
    │   ├── TooLarge          413
    │   ├── WrongType         415
    │   └── Taken             409
    ├── SignInFirst           401  nobody is signed in
    ├── NotProven             401  a server's signature does not hold
    ├── Forbidden             403
    ├── NotFound              404  unknown, or not for this reader: the same words
    ├── Gone                  410
    ├── TooMany               429  `.retry_after_s`
    ├── Unreachable           503  another server did not answer; try again
    │   ├── Postponed         503  it is not asked just now; `.retry_after_s`
    │   └── Silent            503  it took the request and said nothing
    ├── Untrustworthy         502  another server answered what may not be believed; do not try again
    └── Unavailable           503  ours: disk full, read-only, starting

One handler in `doorway` answers them as HTML, JSON or AS2. Messages are written for strangers: never `str()` of
somebody else's exception.
"""

from __future__ import annotations

from fedimark.language.said import _, ngettext, said


class FedimarkError(Exception):
    """Anything this server refuses or cannot do, with words for the public."""

    status = 500
    title = _("Something went wrong here")

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(message or self.title)
        self.message = said(message or self.title)
        self.field = field


class Refused(FedimarkError):
    """What was asked breaks a rule; `field` names the form field or argument."""

    status = 422
    title = _("That can’t be done as asked")


class Malformed(Refused):
    """Not to be read: broken encoding, broken JSON, missing parts."""

    status = 400
    title = _("That request can’t be read")


class TooSlow(Refused):
    """It did not arrive in the time it may take."""

    status = 408
    title = _("That took too long to arrive")


class TooLarge(Refused):
    """Larger than this door takes."""

    status = 413
    title = _("That is too large")


class WrongType(Refused):
    """A content type this door does not take."""

    status = 415
    title = _("That kind of content isn’t taken here")


class Taken(Refused):
    """Somebody has it already, or it stands in the way."""

    status = 409
    title = _("That is taken already")


class SignInFirst(FedimarkError):
    """Nobody is signed in."""

    status = 401
    title = _("Please sign in first")


class NotProven(FedimarkError):
    """A server's signature is missing or does not hold; `reason` is a short word for the log."""

    status = 401
    title = _("The signature does not hold")

    def __init__(self, reason: str) -> None:
        super().__init__(_("The signature does not hold: %(reason)s.", reason=reason))
        self.reason = reason


class Forbidden(FedimarkError):
    """Known, but not allowed."""

    status = 403
    title = _("That isn’t allowed")


class NotFound(FedimarkError):
    """Unknown, or not for this reader: both answer alike, so existence is not told."""

    status = 404
    title = _("There is nothing here")


class Gone(FedimarkError):
    """It was here and will not come back."""

    status = 410
    title = _("This is gone")


class TooMany(FedimarkError):
    """Too many requests; try again after `retry_after_s` seconds."""

    status = 429
    title = _("Too many tries")

    def __init__(self, retry_after_s: int, message: str = "") -> None:
        super().__init__(
            message
            or ngettext(
                "Too many tries. Please wait %(num)s second.",
                "Too many tries. Please wait %(num)s seconds.",
                retry_after_s,
            )
        )
        self.retry_after_s = retry_after_s


class Unreachable(FedimarkError):
    """Another server did not answer, or not in time; trying again later makes sense."""

    status = 503
    title = _("The other server did not answer")


class Postponed(Unreachable):
    """Another server was asked so much that it is left alone; try again after `retry_after_s` seconds."""

    title = _("The other server is not asked just now")

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            ngettext(
                "The other server is not asked for %(num)s second.",
                "The other server is not asked for %(num)s seconds.",
                retry_after_s,
            )
        )
        self.retry_after_s = retry_after_s


class Silent(Unreachable):
    """Another server took what it was sent, and said nothing for as long as we wait."""


class Untrustworthy(FedimarkError):
    """Another server answered something that may not be believed; trying again makes no sense."""

    status = 502
    title = _("The other server’s answer can’t be trusted")


class Unavailable(FedimarkError):
    """This server cannot write just now: its disk is full or read-only."""

    status = 503
    title = _("This server can’t save anything just now")
