"""Compare today's data with what models were trained on."""
