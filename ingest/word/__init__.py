"""What Word shows but does not store as text: numbers, notes, marks, formulas, running headers."""
