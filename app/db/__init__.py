"""The source of truth: SQL tables, migrations, the lexical index, uploaded files."""
