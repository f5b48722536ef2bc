"""The concrete worlds: their environments, policies, KPIs and report sections."""
