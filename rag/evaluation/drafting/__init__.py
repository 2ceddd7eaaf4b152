"""Questions drafted from sentences: english -> clause -> rules."""
