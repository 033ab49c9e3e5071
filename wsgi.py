"""The WSGI entry of a production server: `application` is the zone named by `PARAVENT_ZONE`."""

import os

from app import create_app

application = create_app(os.environ)
