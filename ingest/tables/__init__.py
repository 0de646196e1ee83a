"""Tables as data: cells with their place, spans and heads, and the text they are written as."""
