"""Common names for the splits of a data set."""

NAMES = {
    "train": ("train", "training", "trn"),
    "dev": ("dev", "devel", "develop", "development", "valid", "val", "validation", "testa"),
    "test": ("test", "testing", "tst", "testb"),
}
SPLIT_OF = {name: split for split, names in NAMES.items() for name in names}
