"""The truth: SQL tables, migrations, the lexical index, uploaded files."""
