"""What hides a word from a search, taken off: encodings, invisible characters, foreign letters that look alike."""

import html
import re
import unicodedata
from urllib.parse import unquote

_ROUNDS = 4
"""How many encodings on top of one another are taken off: a browser takes off fewer."""

_CYRILLIC = ("АВЕКМНОРСТУХІЈЅавекмнорстухіјѕԁһԛԝѵӏ", "abekmhopctyxijsabekmhopctyxijsdhqwvl")
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεγηικνορτυχ", "abezhikmnoptyxaeynikvoptux")
_LATIN = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıøłđɡɑɩ", "abcdefghijklmnoprstuvwyzioldgai")
_FLAGS = ("".join(map(chr, range(0x1F1E6, 0x1F200))), "abcdefghijklmnopqrstuvwxyz")
_ALIKE = str.maketrans(
    "".join(pair[0] for pair in (_CYRILLIC, _GREEK, _LATIN, _FLAGS)),
    "".join(pair[1] for pair in (_CYRILLIC, _GREEK, _LATIN, _FLAGS)),
) | {ord("œ"): "oe", ord("Œ"): "oe", ord("æ"): "ae", ord("Æ"): "ae", ord("’"): "'"}
"""Letters another alphabet draws like ours, and two letters written as one."""

_UNSEEN = ("Mn", "Me", "Cf")
"""Categories of characters that show nothing by themselves: accents once apart, joiners, soft hyphens, marks."""

SEPARATORS = r"\s_+/.*·•:|~=\u2010-\u2015\u2212-"
"""What joins words, or letters spelt one by one, as the inside of a class of an expression."""

_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
_SPELT = re.compile(rf"(?<![a-z0-9])[a-z](?:[{SEPARATORS}][a-z](?![a-z0-9])){{2,}}")
_BETWEEN = re.compile(r"[^a-z]")
_NAME_SYSTEM = re.compile(r"xn--([a-z0-9-]+)", re.IGNORECASE)


def normalised(text: str) -> str:
    """Return a text in small plain letters, without what hides a word from a search."""
    text = _NAME_SYSTEM.sub(_as_shown, _decoded(text))
    if not text.isascii():
        text = _plain(text)
    return text.casefold()


def closed_up(text: str) -> str:
    """Return a normalised text with letters spelt one by one ("a.b.c") put together."""
    return _SPELT.sub(lambda spelt: _BETWEEN.sub("", spelt[0]), text)


def _decoded(text: str) -> str:
    """Take off percent-encoding and entities, however many lie on top of one another."""
    for _ in range(_ROUNDS):
        if "%" not in text and "&" not in text:
            break
        before, text = text, html.unescape(unquote(text))
        if text == before:
            break
    return text


def _as_shown(label: re.Match[str]) -> str:
    """Return a label of the name system (`xn--…`) as a browser shows it, or as it stands if it is none."""
    try:
        return label[1].encode("ascii").decode("punycode")
    except UnicodeError:
        return label[0]


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    seen = "".join(c for c in apart if unicodedata.category(c) not in _UNSEEN and c not in _BLANK_LETTERS)
    return seen.translate(_ALIKE)
