"""What commands print: words for a person, bars while they wait."""
