"""The desired state that git declares: environments, models, recipes, gates, policy, runtime."""
