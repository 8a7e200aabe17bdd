"""Ways through rules and tests, whatever the settings, for whoever checks, counts, draws or changes them."""
