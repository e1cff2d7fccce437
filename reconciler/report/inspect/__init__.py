"""Results of status, history, audit, drift, doctor, why, predict and reproduce."""
