"""Read parts of manifests whose whole is not checked: earlier ones, and those of a request."""
