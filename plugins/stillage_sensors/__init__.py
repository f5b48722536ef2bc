"""Sensor time series: vibration, temperature, pressure, flow, power, battery pulses and others."""
