"""Routes about people: signing in, accounts, groups, keys, audit, usage."""

from app.api.routes.people import (
    audit,
    groups,
    identities,
    keys,
    me,
    people,
    session,
    sessions,
    sharing,
    single_sign_on,
    usage,
)

ROUTES = (
    *(session, single_sign_on, identities, me, sessions, keys, people, groups, sharing, audit),
    usage,
)
