"""What an entry of a document may be, whatever it means: frozen records, scalars, and what decides no case."""
