"""From conf/** and the words of a command line to one checked configuration."""
