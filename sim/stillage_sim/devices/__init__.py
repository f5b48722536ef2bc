"""Small computers that perceive: the sun they live on, their battery, and what readings cost."""
