"""Train boosted trees of LightGBM and XGBoost, and list the parameters that a recipe may give them."""
