"""The families: for each a file in this folder with models for the boards. Those of a name in FAMILIES are tested.

A file defines

MODELS : dict
    By name, functions that return a model, and rows as the model takes them. The names are unique.
SMALL : tuple of str
    Names of those with which the cases for every family run, on all boards. Trees have cases of their own.
corrupt : function
    Yields contents of `.eml` files to damage, and whether the PC knows what must become of them: of what lies in
    trailers, only the device's loader knows.
agrees : function, optional
    ``agrees(model, X, expected)`` asserts that the model predicts, ``expected``, what its estimator does.
BEHIND : dict, optional
    For models that run others: the family of that one, or those of all behind it, by the name of the model.
"""

from __future__ import annotations

from importlib import import_module

from emlearn._resources import module_of
from emlearn.ir.schema import SCHEMAS

# What runs others comes first: it takes the most memory, and small boards have it in one piece only in the beginning.
NAMES = ("features", "pipeline", "trees", "linear", "neighbors", "kernel", "bayes", "mixture", "net")
FAMILIES = {name: import_module(f"{__name__}.{name}") for name in NAMES}
NUMBERS = {"trees": 1, **{schema.FAMILY: number for number, schema in SCHEMAS.items()}}
MODELS = {name: make for family in FAMILIES.values() for name, make in family.MODELS.items()}
FAMILY_OF = {name: family for family, module in FAMILIES.items() for name in (*module.MODELS, f"corrupt_{family}")}

# Names of models that cases use by one word.
WORDS = {
    "FAMILIES": [name for module in FAMILIES.values() for name in module.SMALL],
    "CORRUPT": [f"corrupt_{family}" for family in FAMILIES],
}
# For boards that differ from another in nothing that a twin sees.
FEW = ("labels", "regression", "int16", "packed8_scaled", "gb_classes", *WORDS["FAMILIES"])
# For check.py: number, name, module and SMALL of each family.
TABLE = repr([(NUMBERS[name], name, module_of(name), module.SMALL) for name, module in FAMILIES.items()]).encode()


def packages(name):
    """What runs the model of this name: for a pipeline also what runs the model behind its steps."""
    family = FAMILY_OF[name]
    behind = getattr(FAMILIES[family], "BEHIND", {}).get(name, family)
    return {module_of(each) for each in (family, *((behind,) if isinstance(behind, str) else behind))}
