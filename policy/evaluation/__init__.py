"""What a policy makes of cases: truths of criteria, outcomes, and what is asked for."""
