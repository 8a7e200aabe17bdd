"""A whole table of cases, determined: its rows laid out by pathway, evaluated, and held and told by case."""
