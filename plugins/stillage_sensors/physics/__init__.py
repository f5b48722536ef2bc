"""Physics: what the sensor models are made of."""
