# ---- Gaussian naive Bayes and quadratic discriminant analysis: src/common/py/gaussian.py

FAMILY = 5
