"""Ways to prove who one is, and what they need: passwords, links, providers, a proxy, tokens."""
