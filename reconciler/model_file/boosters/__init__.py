"""Models of LightGBM and XGBoost: read and write their files in one form, check them, predict from them."""
