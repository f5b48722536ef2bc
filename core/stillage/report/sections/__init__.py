"""Core's report sections: each a function from a run directory to HTML."""
