"""Git: read commits, write branches and tags, fetch and push."""
