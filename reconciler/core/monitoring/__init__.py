"""Whether deployed models keep what they promised on their holdout, by outcomes that became known since."""
