"""The yardstick: the least a Flask application can answer."""

from flask import Flask

application = Flask(__name__, static_folder=None, template_folder=None)


@application.get("/")
def hello() -> str:
    """Answer five letters."""
    return "hello"
