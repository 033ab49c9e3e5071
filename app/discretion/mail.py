"""A mail as it may leave: plain text alone, a few known headers, one length for every mail."""

from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from app.discretion.gate import Malformed, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.surfaces import Surface

MAIL_BYTES = 4096
"""How long every mail is, headers and filler included."""

_READ = {"from": Surface.MAIL_SENDER, "subject": Surface.MAIL_SUBJECT}
_NEEDED = {"from", "to", "subject"}
_KNOWN = _NEEDED | {
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
}
_CHARSETS = ("utf-8", "us-ascii")
_FILLER, _LINE, _FOLD = "X-Fill: ", 70, "\r\n "


@dataclass(frozen=True, slots=True)
class ClearedMail:
    """A mail that passed the gate, as its bytes. Only this module makes one."""

    sender: str
    recipient: str
    body: bytes


def clear_mail(message: EmailMessage, lexicon: Lexicon | None = None) -> ClearedMail:
    """Return a mail as it may be sent. Raises Betrayal or Malformed.

    The recipient's address is not looked at: it is theirs, and goes to nobody else.
    """
    _check_headers(message, lexicon)
    sender, recipient = _only(message, "From", Surface.MAIL_SENDER), _only(message, "To", Surface.MAIL_HEADER)
    if recipient.display_name:
        raise Malformed(Surface.MAIL_HEADER, "names the recipient")
    _check_body(message, lexicon)
    return ClearedMail(sender.addr_spec, recipient.addr_spec, _filled(message.as_bytes(policy=policy.SMTP)))


def _check_headers(message: EmailMessage, lexicon: Lexicon | None) -> None:
    names = [name.lower() for name in message.keys()]  # noqa: SIM118 - a message is no mapping
    if len(names) != len(set(names)) or not _NEEDED <= set(names) <= _KNOWN:
        raise Malformed(Surface.MAIL_HEADER, "is missing, comes twice, or is not one of those a mail has")
    for name, value in message.items():
        if getattr(value, "defects", ()):
            raise Malformed(Surface.MAIL_HEADER, "is not well formed")
        if name.lower() != "to":
            leaving(_READ.get(name.lower(), Surface.MAIL_HEADER), str(value), lexicon)


def _only(message: EmailMessage, name: str, surface: Surface) -> Address:
    addresses: tuple[Address, ...] = getattr(message[name], "addresses", ())
    if len(addresses) != 1:
        raise Malformed(surface, "is not one address")
    return addresses[0]


def _check_body(message: EmailMessage, lexicon: Lexicon | None) -> None:
    plain = message.get_content_type() == "text/plain" and not message.is_multipart()
    if not plain or message.get_filename() or message.get_content_charset() not in _CHARSETS:
        raise Malformed(Surface.MAIL_BODY, "is not plain text alone")
    leaving(Surface.MAIL_BODY, message.get_content(), lexicon)


def _filled(raw: bytes) -> bytes:
    """Lengthen a mail to the one length by a header that says nothing. Raises Malformed when it is too long."""
    missing = MAIL_BYTES - len(raw) - len(_FILLER) - len("\r\n")
    if missing < 1:
        raise Malformed(Surface.MAIL_BODY, f"is longer than {MAIL_BYTES} bytes allow")
    lines, rest = divmod(missing, _LINE + len(_FOLD))
    zeros = ("0" * _LINE + _FOLD) * lines + "0" * rest
    if not rest:  # a last line of nothing but its fold would end the headers for some readers
        zeros = zeros[: -len(_FOLD)] + "0" * len(_FOLD)
    return f"{_FILLER}{zeros}\r\n".encode("ascii") + raw
