"""Ways to prove who one is, and what they need: passwords, links, tokens, limits of attempts."""
