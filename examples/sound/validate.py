"""How the model was chosen: each voice and each track left out of training in turn. Test data take no part."""

import data
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from train import STRENGTHS, classifier, left_out

TREES = {"min_samples_leaf": 3, "class_weight": "balanced", "random_state": 0}
MODELS = {
    "random forest, 10 trees of depth 6": [RandomForestClassifier(10, max_depth=6, **TREES)],
    "random forest, 20 trees of depth 8": [RandomForestClassifier(20, max_depth=8, **TREES)],
    "extra trees, 20 of depth 8": [ExtraTreesClassifier(20, max_depth=8, **TREES)],
    "network, 16 units": [StandardScaler(), MLPClassifier(16, alpha=1.0, early_stopping=True, random_state=0)],
    **{f"logistic regression, C={strength}": classifier(strength) for strength in STRENGTHS},
}

if __name__ == "__main__":
    for name, (mean, least) in left_out(list(data.sources(0)), MODELS).items():
        print(f"{name:36}{mean:.3f}, at least {least:.3f}")
