"""GitOps for machine-learning models.

A git repository declares, per environment, which models should run and how they are made; the reconciler
compares that with what is deployed and closes the difference. Training happens only in a sandbox; production
receives artifacts byte for byte, by digest.
"""

__version__ = "0.1.0"
