"""How it is reached: settings, the log and view stores, REST, the command line, chronicles."""
