"""What changes between two documents, and for whom: in sentences, proven, and counted on cases."""
