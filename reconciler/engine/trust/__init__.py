"""Sign what a run writes, and hold stored evidence against the keys that an environment trusts."""
