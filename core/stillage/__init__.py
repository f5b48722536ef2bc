"""Stillage: fusion, cross-modal distillation and simulation of circular supply chains."""
