"""What is learnt from data: base years, growth laws, reference classes, posteriors."""
