"""Pages as they are laid out: lines, ruled tables, columns, scans and their text recognition."""
