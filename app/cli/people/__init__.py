"""`zhiwen users | groups | grants | keys`: they use the database itself, so that the first account
can be created before anybody can sign in."""
