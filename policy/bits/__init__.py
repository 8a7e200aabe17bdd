"""Facts and yes-or-no answers of many rows at once, held in the fewest bits; nothing here knows a rule."""
