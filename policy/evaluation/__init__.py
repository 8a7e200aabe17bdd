"""What a policy makes of cases: truths of criteria, outcomes, what is asked for, and an explanation."""
