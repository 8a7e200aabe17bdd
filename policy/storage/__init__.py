"""Files written whole or not at all, one writer at a time, and folders for what is needed only while a program runs."""
