"""Files and folders written whole or not at all, told apart from what others write."""
