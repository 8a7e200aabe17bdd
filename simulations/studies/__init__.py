"""Questions asked of a policy over cases: impact, sweep, Shapley shares, denials, subgroups, sensitivity."""
