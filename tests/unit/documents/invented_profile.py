"""A whole profile that exists nowhere, with words of its own in each place: for papers and for nothing else."""

from datetime import date

from app.profiles.models import (
    Act,
    BookingMode,
    Choice,
    PathCell,
    PathMatrix,
    Profile,
    PublishableProfile,
    Purpose,
    Question,
    Resource,
    Text,
    Traces,
)

HINT = "Un mot, pas plus."


def text(fr: str, en: str | None = None) -> Text:
    """Return a text; its English differs from its French unless given."""
    return Text(fr=fr, en=en or f"English of {fr}")


def act(number: int, slug: str, booking: BookingMode, fee_cents: int) -> Act:
    """Return an act on site with everything said about it."""
    return Act(
        code=f"{number:02}",
        slug=slug,
        name=text(f"Jardinage numéro {number}"),
        neutral_name=text("Rendez-vous"),
        summary=text(f"Une première rencontre avec le jardin numéro {number}, pour voir ce qui pousse."),
        minutes=30,
        buffer_minutes=5,
        fee_cents=fee_cents,
        reimbursement=text("Remboursé à 70 % dans le parcours de soins."),
        traces=Traces(
            bank=text("Le nom de la clinique et le montant."),
            insurance=text("Une ligne « consultation » et la date."),
            mutuelle=text("Le montant du reste à charge."),
        ),
        place="on_site",
        practitioner_kinds=("gardener",),
        booking=booking,
    )


def question(number: int, page: int, *acts: str) -> Question:
    """Return a question of three choices."""
    return Question(
        code=f"{number:02}",
        page=page,
        text=text(f"Question numéro {number} : que voulez-vous planter ?"),
        hint=text(HINT) if number == 1 else None,
        choices=tuple(Choice(code=f"0{n}", text=text(f"Plante {number}-{n}")) for n in (1, 2, 3)),
        acts=acts,
    )


def purpose(slug: str, *, optional: bool) -> Purpose:
    """Return a purpose, told or asked."""
    return Purpose(
        slug=slug,
        name=text(f"But {slug}"),
        explanation=text("Pour préparer votre venue et rien d’autre."),
        legal_basis="RGPD, art. 6(1)(b) et 9(2)(h)",
        recipients=text("La personne qui vous reçoit."),
        retention=text("30 jours après le rendez-vous."),
        retention_days=30,
        optional=optional,
        if_refused=text("Rien ne change pour vous.") if optional else None,
    )


def invented_profile() -> PublishableProfile:
    """Return a profile of five acts (one remote, so unpublished; one for adults only) with its matrix."""
    remote = act(5, "remote_garden", "ask", 3000).model_copy(update={"place": "remote"})
    acts = (
        act(1, "first_garden", "instant", 5850),
        act(2, "second_garden", "to_confirm", 0),
        act(3, "third_garden", "ask", 12000),
        act(4, "fourth_garden", "instant", 9000),
        remote,
    )
    profile = Profile(
        schema_version=1,
        code="09",
        slug="gardening",
        name=text("Jardinage"),
        neutral_name=text("Consultation"),
        introduction=text("Choisissez ce qui ressemble le plus à votre jardin."),
        acts=acts,
        questions=(question(2, 2), question(1, 1), question(3, 1, "first_garden", "remote_garden")),
        purposes=(purpose("care", optional=False), purpose("reminder", optional=True)),
        who_knows=text("La personne qui vous reçoit voit vos réponses. L’accueil voit l’heure."),
        minors_note=text("Votre venue peut rester secrète."),
        call_note=text("Appelez-nous, ou passez."),
        not_offered=text("Le quatrième jardin n’est pas proposé avant 18 ans."),
        resources=(
            Resource(name=text("Ligne verte"), contact="0 800 00 00 00", note=text("Gratuit, tous les jours.")),
            Resource(name=text("Maison du jardin"), contact="1 rue des Plantes", note=text("Sans rendez-vous.")),
        ),
        reviewed_on=date(2026, 11, 1),
    )
    no_minor = PathCell(
        acts=("fourth_garden",),
        bands=("under_13", "13_14", "15", "16_17"),
        situations=("self",),
        path="no",
        articles=("invented",),
        status="read",
    )
    return PublishableProfile(profile=profile, paths=PathMatrix(cells=(no_minor,)))
