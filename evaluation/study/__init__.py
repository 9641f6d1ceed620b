"""The perceptual study: people judge videos without knowing which method made them."""
