"""Write reports to disk: one page, or the site of an environment."""
