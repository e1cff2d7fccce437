"""What git declares: environments, models, recipes, gates, policy, runtime."""
