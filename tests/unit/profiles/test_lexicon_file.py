"""The shipped lexicon: it finds what betrays, and leaves alone the everyday words of neutral pages."""

import pytest
from mnemonic import Mnemonic

from app.discretion.disguises import normalised
from app.discretion.lexicon import SHIPPED, Lexicon, load

EVERYDAY = """
Étape 3 sur 8 – Mon espace. Continuer. Retour. Quitter vite. Écran discret. Écran normal. Passer au contenu.
Chiffré dès l'envoi · Rien n'est gardé sur cet appareil · L'accueil ne voit ni l'acte ni vos réponses.
Votre rendez-vous est pris. Votre demande est envoyée, ce n'est pas encore un rendez-vous. Vérifier et envoyer.
Qui le saura. Vos questions. Un créneau. Vous joindre. Frais et traces. Votre situation. Votre besoin.
Site, praticien ou peu importe, une femme ou un homme, sur place, à distance, matin, après-midi, soir, sans marche.
Lundi mardi mercredi jeudi vendredi samedi dimanche. Janvier février mars avril mai juin juillet août septembre
octobre novembre décembre. Hiver, automne. 15 minutes, un délai, une heure, le lendemain, la semaine suivante.
Je préfère en parler sur place. Je ne sais pas. Oui. Non. Autre chose. Moins de 18 ans, 15 ans, majeure, mineur.
Carte Vitale, mutuelle, Assurance maladie, ameli, remboursement, espèces, chèque, virement, reçu, facture, tabac.
Urgence : 15, 112, 114, 3114 prévention du suicide, 119 enfance en danger, 3919 violences femmes info.
Fil santé jeunes. Pharmacie. Médecin traitant. Consultation. Premier rendez-vous. Rendez-vous de suivi. Soins.
Vos mots de retour. Perdu vos mots ? Déplacer, annuler, absent, vu, arrivé, salle, étage, porte, plan, planning.
Règles de confidentialité, mentions légales, conditions, accessibilité, sein de la clinique, seing, Seine, cession.
Secret professionnel, Code pénal 226-13, hébergeur, certificat, démonstration, hébergement, sauvegarde, journal.
Personne de confiance, tuteur, titulaire, conseil, test, visage, cheveu, main, peau, corps, photo, document.pdf
Step 3 of 8 - My space. Continue. Back. Leave fast. Your appointment. Fees and traces. Check and send.
Still, sticker. First appointment. Follow-up appointment. Short appointment.
The clinic, a practitioner, a room, five minutes, help.
Birth date, age, session, expired, terminate, hearing aids, paper, scarce, period, prepare, shape, ride, riddle.
"""

BETRAYING = """
psychiatre psychologie psychothérapie pédopsychiatre dépression anxiété addictologie bipolaire schizophrénie autisme
sertraline lithium Xanax sevrage insomnie thérapeute
gynécologue gynécologie gynaecology obstétricien sage-femme sages-femmes midwife contraception contraceptif stérilet
DIU IUD implant pilule IVG avortement abortion grossesse enceinte pregnancy ménopause frottis endométriose utérus
vaginal préservatif IST STI VIH HIV HPV papillomavirus chlamydia syphilis herpès CeGIDD mifépristone
Norlevo Gardasil Leeloo NuvaRing endométrite vaginose placenta
esthétique aesthetic dermatologue dermatologist chirurgie chirurgien surgery surgeon plasticien botox botulique
Zoloft Effexor Abilify Seresta olanzapine clonazépam scarifications suicidaire EMDR cyclothymie TOC
Sculptra Belotero Letybo vergetures psoriasis tatouage microneedling
hyaluronique laser peeling épilation liposuccion rhinoplastie cicatrice rides wrinkles acné injection lifting
"""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    """The lexicon as the product loads it."""
    return load()


@pytest.fixture(scope="module")
def stems() -> list[str]:
    """The lines of the file that are not comments."""
    lines = (line.split("#")[0].strip() for line in SHIPPED.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def test_holds_at_least_three_hundred_different_stems(stems: list[str]) -> None:
    assert len(stems) >= 300
    assert len(set(stems)) == len(stems)


def test_stems_are_written_as_they_are_compared(stems: list[str]) -> None:
    assert [stem for stem in stems if normalised(stem) != stem] == []
    assert [stem for stem in stems if len(stem.lstrip("=*+")) < 3] == []


def test_no_stem_is_already_covered_by_a_shorter_one(stems: list[str]) -> None:
    """Otherwise the count would flatter, and a stem taken out would still bite."""
    bare = {stem: stem.lstrip("=*+") for stem in stems}
    shorter = {stem: word for stem, word in bare.items() if not stem.startswith(("=", "*"))}
    assert [
        (s, o) for s, word in bare.items() for o, begin in shorter.items() if s != o and word.startswith(begin)
    ] == []


@pytest.mark.parametrize("line", EVERYDAY.strip().splitlines())
def test_leaves_everyday_words_alone(lexicon: Lexicon, line: str) -> None:
    assert lexicon.hits(line) == []


@pytest.mark.parametrize("word", BETRAYING.split())
def test_finds_what_betrays(lexicon: Lexicon, word: str) -> None:
    assert lexicon.hits(f"Le mot {word.upper()}, ici") != []


@pytest.mark.parametrize("language", ["french", "english"])
def test_leaves_nearly_all_code_words(lexicon: Lexicon, language: str) -> None:
    """Words that betray are not given as code words: at most one in fifty, or code words would lose strength."""
    words = Mnemonic(language).wordlist
    assert sum(1 for word in words if lexicon.hits(word)) <= len(words) / 50
