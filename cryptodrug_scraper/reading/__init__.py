"""What every market's parser shares: the decoded page, the reader of its texts, the registry."""
