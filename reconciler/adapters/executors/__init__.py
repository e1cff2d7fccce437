"""Worker processes, pools and parallel maps; the data, training and scoring ports by workers."""
