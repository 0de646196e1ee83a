"""What exact rules read in a sentence: numbers, dates, units, names, denials."""
