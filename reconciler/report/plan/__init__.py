"""Plans and apply results as text and Markdown."""
