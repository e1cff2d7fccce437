"""Check what a loaded model holds: every array and number that native code will use, before anything is predicted."""
