"""What is written of predictions, and how they are explained."""
