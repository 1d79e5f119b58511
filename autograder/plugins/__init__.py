"""What ``nbgrader_config.py`` names, one class a file."""
