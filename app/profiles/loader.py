"""Read specialties from their folders: TOML files into frozen models, with every fault named at once."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.profiles.faults import PATHS_FILE, PROFILE_FILE, Fault, ProfileFaults, key_of, reason_for
from app.profiles.models import PathMatrix, Profile, PublishableProfile
from app.profiles.references import reference_faults

NO_SPECIALTY = "specialties: the folder holds no specialty"
_Model = TypeVar("_Model", bound=BaseModel)


def load_profile(directory: Path) -> PublishableProfile:
    """Load one specialty from its folder. Raises ProfileFaults."""
    publishable, faults = read_profile(directory)
    if faults or publishable is None:
        raise ProfileFaults(faults)
    return publishable


def load_all(specialties: Path) -> dict[str, PublishableProfile]:
    """Load every specialty, by slug, in the order of codes. Raises ProfileFaults with every fault of every file."""
    read = [read_profile(directory) for directory in folders(specialties)]
    faults = [fault for _, found in read for fault in found]
    if not read or faults:
        raise ProfileFaults(faults or [NO_SPECIALTY])
    profiles = sorted((p for p, _ in read if p is not None), key=lambda p: p.profile.code)
    return {p.profile.slug: p for p in profiles}


def folders(specialties: Path) -> list[Path]:
    """Return the folders that hold a specialty each, in alphabetical order; hidden ones are left alone."""
    if not specialties.is_dir():
        return []
    return sorted(d for d in specialties.iterdir() if d.is_dir() and not d.name.startswith((".", "_")))


def read_profile(directory: Path) -> tuple[PublishableProfile | None, list[str]]:
    """Return one specialty and its faults. It is None when a model refuses it; a fault may also come with one."""
    folder = directory.name
    profile_document, unreadable = _document(directory / PROFILE_FILE)
    paths_document, unreadable_paths = _document(directory / PATHS_FILE)
    faults = unreadable + unreadable_paths
    profile, refused = _model(Profile, profile_document, f"{folder}/{PROFILE_FILE}")
    paths, refused_paths = _model(PathMatrix, paths_document, f"{folder}/{PATHS_FILE}")
    faults += refused + refused_paths
    if profile_document is not None:
        faults += reference_faults(folder, profile_document, paths_document or {})
    if profile is not None and profile.slug != folder:
        faults.append(Fault(f"{folder}/{PROFILE_FILE}", "slug", "must be the name of the folder"))
    publishable = PublishableProfile(profile=profile, paths=paths) if profile and paths else None
    return publishable, [str(fault) for fault in faults]


def _document(file: Path) -> tuple[dict[str, Any] | None, list[Fault]]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig")), []
    except FileNotFoundError:
        reason = "the file is missing"
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text, from byte {error.start} on"
    except tomllib.TOMLDecodeError as error:
        reason = f"not well-formed TOML: {_first_line(error)}"
    except OSError as error:
        reason = f"the file can't be read ({error.strerror})"
    return None, [Fault(f"{file.parent.name}/{file.name}", "", reason)]


def _first_line(error: Exception) -> str:
    text = str(error).splitlines()[0]
    return text[:1].lower() + text[1:]


def _model(model: type[_Model], document: dict[str, Any] | None, file: str) -> tuple[_Model | None, list[Fault]]:
    if document is None:
        return None, []
    try:
        return model.model_validate(_frozen(document)), []
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False, include_input=False)
        told = [error for error in errors if not _follows(error, errors)]
        return None, [Fault(file, key_of(error["loc"]), reason_for(error)) for error in told]


def _follows(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Say whether a list counts as too short only because its own items were refused."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in errors
    )


def _frozen(value: Any) -> Any:
    """Turn TOML's lists into the tuples that strict models ask for."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return value
