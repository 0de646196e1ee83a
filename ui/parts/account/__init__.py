"""The visitor's own account: the menu in the sidebar and what it opens."""
