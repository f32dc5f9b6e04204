# ---- Gaussian mixtures and elliptic envelopes: src/common/py/gaussian.py

FAMILY = 6
