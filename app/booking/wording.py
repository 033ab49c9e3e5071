"""The messages beside the fields, by key, in plain words. A draft stores the key, never the text."""

from flask_babel import lazy_gettext as _l

MESSAGES = {
    "choose": _l("Choisissez une réponse dans la liste."),
    "age": _l("Écrivez l’âge en années, en chiffres. Par exemple : 34."),
    "name_missing": _l("Écrivez un nom ou un prénom pour vous appeler. Il peut être inventé."),
    "name_letters": _l("Ce nom contient un signe que nous ne pouvons pas lire. Gardez des lettres."),
    "name_long": _l("Ce nom est trop long : 60 signes au plus."),
    "phone": _l("Ce numéro ne semble pas complet. Par exemple : 06 39 98 00 12."),
    "phone_missing": _l("Écrivez le numéro où vous appeler, ou choisissez un autre moyen."),
    "phone_needed": _l("Vous demandez à être appelé·e : choisissez le téléphone et écrivez un numéro."),
    "email": _l("Cette adresse ne semble pas complète. Par exemple : nom@exemple.fr."),
    "email_missing": _l("Écrivez l’adresse où vous écrire, ou choisissez un autre moyen."),
    "slot_taken": _l("Ce créneau vient d’être pris. En voici d’autres ; vos réponses sont gardées."),
    "slot_lost": _l(
        "Votre créneau n’était plus gardé et vient d’être pris. Choisissez-en un autre : tout le reste est gardé."
    ),
    "window_over": _l("Ce moment est passé. Choisissez-en un autre : tout le reste est gardé."),
    "day_held": _l(
        "Beaucoup de personnes choisissent ce jour en ce moment. "
        "Prenez un autre jour, ou réessayez un peu plus tard."
    ),
    "hold_over": _l(
        "Vous ne pouvez plus prolonger. Continuez, ou choisissez un autre créneau si celui-ci est pris."
    ),
    "word": _l("Ce n’est pas ce mot. Relisez la liste : vos mots y sont toujours."),
    "crowded": _l("Beaucoup de personnes envoient en ce moment. Attendez une minute, puis envoyez à nouveau."),
    "already_sent": _l("Cette page avait déjà été envoyée. Rien n’a été changé : vérifiez, puis continuez."),
    "too_long": _l("Ce texte est trop long."),
}
"""Message key to text. `message()` is the only reader."""


def message(key: str) -> str:
    """Return a message in the language of the request. Raises KeyError for a key nobody declared."""
    return str(MESSAGES[key])
