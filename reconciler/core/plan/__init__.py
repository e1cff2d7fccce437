"""What to do and why: facts, planner, gates, policy, and the plan as data."""
