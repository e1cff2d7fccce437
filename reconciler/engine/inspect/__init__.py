"""Read only: status, history, audit, drift, explanation, health; and predict and reproduce."""
