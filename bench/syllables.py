"""How many syllables a word has when it is said aloud, in French and in English. Rules, not a dictionary.

French: a mute e at the end of a word is not said, one inside a word is. `i`, `u` and `ou` before a vowel glide
(*lieu*, *patient*), except after a consonant and l or r (*oublier*). Hyphenation patterns (pyphen) are no
substitute: they never part *payer* or *février* as they are said.
"""

import re
from functools import lru_cache

_VOWELS = "aeiouyàâäéèêëîïôöùûüœæ"
_GROUP = re.compile(f"[{_VOWELS}]+")

_SILENT_U = re.compile(r"q(u)(?=[eéèêiîyaâoô])|g(u)(?=[eéèêiîy])")
_BETWEEN_VOWELS = re.compile(f"(?<=[{_VOWELS}])y(?=[{_VOWELS}])")
_PARTED = (
    re.compile(r"(?<=é)(?=[aàâeèéiouô])"),
    re.compile(r"(?<=[ao])(?=[éè])"),
    re.compile(r"(?<=[aeiouéè])(?=[ëïü])"),
    re.compile(r"(?<=[bcdfgpvt][lr]i)(?=[aeéèou])"),
    re.compile(r"(?<=[bcdfgpvt][lr]u)(?=[aeéèo])"),
    re.compile(r"(?<=[bcdfgpvt][lr]ou)(?=[aeéè])"),
    re.compile(r"(?<=^pa)(?=ys)"),
)
_MUTE_END = re.compile(r"es?$")
_MUTE_ENT = re.compile(r"ent$")

_MUTE_AFTER_CONSONANT = re.compile(r"(?<=[bcdfghjklmnpqrstvwxzç])u?es?$")
_SAID_ENT = re.compile(r"(m|i|sc|cid)ent$")
_NOUNS = re.compile(
    r"^(absent|accent|agent|argent|cent|compétent|content|dent|différent|efficient|équivalent|évident"
    r"|excellent|fréquent|innocent|lent|parent|permanent|pourcent|précédent|présent|prudent|récent|résident"
    r"|souvent|talent|tourment|transparent|urgent|vent|violent)$"
)
_VERBS = re.compile(
    r"^(aiment|confirment|dorment|expriment|ferment|forment|informent|nomment|résument|suppriment|oublient"
    r"|étudient|vérifient|confient|aient|étaient|avaient)$"
)
"""Where *-ent* is said aloud: after these letters and in these words, but not in these verbs."""

_ENGLISH_VOWELS = re.compile(r"[aeiouy]+")
_ENGLISH_PARTED = re.compile(
    r"(?<=[^tscg]i)(?=[aou])|(?<=cre)(?=at)|(?<=i)(?=et)|(?<=are)(?=a)|(?<=vide)(?=o)|(?<=ny)(?=o)"
)
_ENGLISH_MUTE = re.compile(r"(?<![aeiouy])e$|(?<![aeioutd])ed$|(?<![aeiousxzcg])(?<!ch)(?<!sh)es$")
_SAID_LE = re.compile(r"[^aeiou]les?$")


@lru_cache(maxsize=4096)
def french(word: str) -> int:
    """Return the syllables of one French word; an elided one (*l’heure*) goes with the next."""
    said = re.sub("[’'-]", "", word.lower())
    if _VERBS.search(said) or not (_NOUNS.search(said) or _SAID_ENT.search(said)):
        said = _MUTE_ENT.sub("e", said)
    said = _SILENT_U.sub(_first, said)
    said = _BETWEEN_VOWELS.sub("j", said)
    for boundary in _PARTED:
        said = boundary.sub("|", said)
    return max(1, len(_GROUP.findall(_MUTE_END.sub("", said))))


@lru_cache(maxsize=4096)
def french_as_written(word: str) -> int:
    """Return the syllables of one French word with a mute e at its end counted too, as in verse."""
    letters = re.sub("[’'-]", "", word.lower())
    mute = _MUTE_AFTER_CONSONANT.search(letters) and len(_GROUP.findall(_SILENT_U.sub(_first, letters))) > 1
    return french(word) + bool(mute)


@lru_cache(maxsize=4096)
def english(word: str) -> int:
    """Return the syllables of one English word."""
    said = re.sub("[’'-]", "", word.lower())
    mute = _ENGLISH_MUTE.sub("", said) if not _SAID_LE.search(said) else said
    return max(1, len(_ENGLISH_VOWELS.findall(_ENGLISH_PARTED.sub("|", mute))))


def _first(match: re.Match[str]) -> str:
    return match.group()[0]
