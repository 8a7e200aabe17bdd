"""What an author asks a policy: does it make sense, what changed, what can be proven. The core never imports this."""
