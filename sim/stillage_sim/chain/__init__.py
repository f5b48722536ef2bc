"""The circular supply chain: mass through nodes, edges, makers, use and back, hour by hour."""
