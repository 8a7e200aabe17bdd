"""A policy with its levers over made-up cases as one file for a browser: no Python, no server, no network."""
