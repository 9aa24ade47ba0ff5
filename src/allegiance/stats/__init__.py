"""Arithmetic for rates and gaps: arrays in, plain numbers and small frozen values out.

One subject a module: `intervals` for one rate, `gaps` for the difference of two arms, `planning` for how much
to collect. No interval here rests on a normal approximation unless the caller names one, and then it is
refused where the data do not carry it.
"""
