"""The demonstration's sign-ins. These views are registered only under the demonstration setting."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.clinic.demo import sign_ins
from app.clinic.roles import open_to_all
from app.clinic.services import clinic

bp = Blueprint("demo", __name__)


@bp.get("/demo")
@open_to_all
def demo() -> ResponseReturnValue:
    """Show each invented member of staff with the password and the present code."""
    return render_template("clinic/demo.html", people=sign_ins(clinic()))
