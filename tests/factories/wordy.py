"""An invented clinic that writes as much as its forms let it, in words that do not compress well."""

import random
from itertools import islice

from app.discretion.lexicon import shipped
from app.front.directory import Directory
from app.patient.slot_page import LONGEST_LIST
from tests.factories.directory import a_directory, a_practitioner, a_room, a_site, weekly
from tests.factories.house import KINDS

NAME, ADDRESS, MESSAGE = 120, 300, 600
"""The most signs that the clinic's forms take: a name; an address, a door, words for the desk; a message."""
PRACTITIONERS, SITES = LONGEST_LIST, 12

_LETTERS = "abcdefghijklmnopqrstuvwxyzéèêàçôû"


def long_text(length: int, seed: int) -> str:
    """Return a text of this length, without any word twice and without a word that would tell."""
    rng = random.Random(seed)  # noqa: S311  # texts that are the same at each run, not secrets
    words = ("".join(rng.choices(_LETTERS, k=rng.randint(5, 9))).title() for _ in range(length))
    neutral = (word for word in words if not shipped().hits(word))
    return " ".join(islice(neutral, length // 5))[:length].strip()


def wordy_directory(practitioners: int = PRACTITIONERS) -> Directory:
    """Return many practitioners at many sites, every text as long as it may be."""
    sites = [
        a_site(f"site {n}").model_copy(
            update={
                "name": long_text(NAME, n),
                "address": long_text(ADDRESS, 100 + n),
                "door": long_text(ADDRESS, 200 + n),
                "desk_words": long_text(ADDRESS, 300 + n),
                "phone": "+33 1 99 00 00 00 poste 123456789"[:32],
            }
        )
        for n in range(SITES)
    ]
    people = [
        a_practitioner(f"person {n}", kinds=KINDS).model_copy(update={"name": long_text(NAME, 400 + n)})
        for n in range(practitioners)
    ]
    rooms = [a_room(f"room {n}", sites[n % SITES]) for n in range(practitioners)]
    hours = [one for n, person in enumerate(people) for one in weekly(person, sites[n % SITES], days=range(5))]
    return a_directory(hours, people, sites, rooms).model_copy(update={"version": 2})
