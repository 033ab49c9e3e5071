"""Every kind of thing that leaves the page or the house. What is not on this list has no way out."""

from enum import StrEnum, unique


@unique
class Surface(StrEnum):
    """Where a text would be read by somebody it is not for. The value is what a refusal calls it."""

    ADDRESS = "address"
    REDIRECTION = "redirection"
    STATUS = "status line"
    HEADER = "header"
    COOKIE = "cookie"
    CONTENT_TYPE = "content type"
    CONTENT_DISPOSITION = "content disposition"
    TITLE = "title"
    LINK_PREVIEW = "link preview"
    FIELD_NAME = "field name"
    ROBOTS = "robots.txt"
    PDF_NAME = "file name"
    PDF_METADATA = "PDF metadata"
    PDF_TEXT = "neutral PDF text"
    CALENDAR = "calendar file"
    MAIL_SENDER = "mail sender"
    MAIL_SUBJECT = "mail subject"
    MAIL_HEADER = "mail header"
    MAIL_BODY = "mail body"
    SMS_SENDER = "SMS sender"
    SMS_TEXT = "SMS text"
    PAYMENT = "payment payload"
    BANK_LABEL = "bank label"
    OUTBOX = "outbox payload"
    LOG_LINE = "log line"
    METRIC = "metric label"
    EXCEPTION = "exception text"


GLUED = frozenset(
    (
        Surface.ADDRESS,
        Surface.REDIRECTION,
        Surface.CONTENT_DISPOSITION,
        Surface.FIELD_NAME,
        Surface.ROBOTS,
        Surface.PDF_NAME,
        Surface.MAIL_SENDER,
        Surface.MAIL_HEADER,
        Surface.SMS_SENDER,
        Surface.BANK_LABEL,
        Surface.METRIC,
    )
)
"""Where words are written without blanks (`rdvmodele.fr`), so that a stem is looked for inside words too."""
