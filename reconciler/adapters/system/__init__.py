"""Clock, processors, memory and installed versions of this machine."""
