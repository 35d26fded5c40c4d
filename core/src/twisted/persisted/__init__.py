"""Objects that outlive the process: in files, as pickles or as source."""
