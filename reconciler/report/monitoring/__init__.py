"""What monitoring finds of deployed models."""
