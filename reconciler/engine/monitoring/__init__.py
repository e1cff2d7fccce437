"""Monitor deployed models: join their predictions with outcomes, record what is found, ask for a retrain."""
