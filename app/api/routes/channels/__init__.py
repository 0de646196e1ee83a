"""Where people already are: a chat in their web page, a bot in their messenger."""

from app.api.routes.channels import bots, widget

ROUTES = (widget, bots)
