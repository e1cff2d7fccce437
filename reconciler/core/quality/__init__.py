"""Values and rules about the quality of data: what training rows must be, and how far today's rows are from them."""
