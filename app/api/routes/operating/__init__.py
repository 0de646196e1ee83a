"""Routes for those who keep bases and the installation: figures, gaps, check-ups, settings."""

from app.api.routes.operating import checkup, insight, settings

ROUTES = (insight, checkup, settings)
