"""What experiments ask of the rows of a recipe before they begin."""
