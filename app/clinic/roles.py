"""Who may open which page: said beside each view, enforced in one place, refused when nothing is said."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import current_app, request
from flask_login import current_user
from werkzeug.exceptions import NotFound, Unauthorized

from app.clinic.errors import ForeignPost, NotForRole
from app.desk.staff import Role

View = TypeVar("View", bound=Callable[..., Any])

EVERYBODY: frozenset[str] = frozenset({"anybody"})
_FILES = "static"
_SAME_SITE = {"same-origin", "none"}


def staff_only(*roles: Role) -> Callable[[View], View]:
    """Let only these roles, signed in with both factors, open a view."""
    return _declare(frozenset(roles))


def open_to_all(view: View) -> View:
    """Let a view be opened without being signed in."""
    return _declare(EVERYBODY)(view)


def declared_roles(view: Callable[..., Any]) -> frozenset[str] | None:
    """Return what was declared for a view, or None when nothing was."""
    declared: frozenset[str] | None = getattr(view, "paravent_roles", None)
    return declared


def matrix(views: Mapping[str, Callable[..., Any]]) -> dict[str, frozenset[str] | None]:
    """Return endpoint × roles of an application's views, for the test that holds the table."""
    return {endpoint: declared_roles(view) for endpoint, view in views.items()}


def guard() -> None:
    """Before each request: refuse what its view does not allow. Raises Unauthorized, NotForRole, ForeignPost."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE:
        raise ForeignPost
    if request.endpoint is None or request.endpoint == _FILES:
        return
    allowed = declared_roles(current_app.view_functions[request.endpoint])
    if allowed is None:
        raise NotFound
    if allowed is EVERYBODY:
        return
    if not current_user.is_authenticated:
        raise Unauthorized
    if current_user.role not in allowed:
        raise NotForRole


def _declare(roles: frozenset[str]) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.paravent_roles = roles  # type: ignore[attr-defined]
        return view

    return mark
