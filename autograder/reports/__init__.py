"""What an instructor reads of a class."""
