"""Start a project, and add models to one."""
