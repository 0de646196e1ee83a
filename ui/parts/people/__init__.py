"""What the people page shows: accounts, groups, what was done, what was used."""
