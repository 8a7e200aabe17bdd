"""What the events of the plan's history tell of each request: tables of the plan in, facts of the cases out."""
