"""What data must keep to before models are trained on it, and how far today's are from what models were trained on."""
