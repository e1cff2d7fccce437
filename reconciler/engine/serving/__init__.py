"""What of a target may be served: only what its journal deployed, byte for byte."""
