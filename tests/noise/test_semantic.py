import numpy as np
import pytest

from lab.noise import CIFAR100_CLASSES, CIFAR100_SUPERCLASSES, MAPS, Semantic, cifar100_pairs, most_confused

# Superclass of each fine class, in the order of CIFAR-100's own files.
COARSE = np.concatenate(
    [
        [4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3, 15],
        [0, 11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17],
        [10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19],
        [18, 1, 2, 15, 6, 0, 17, 8, 14, 13],
    ]
)


def test_superclasses_by_name_are_those_of_the_data_sets_files():
    by_name = {name: i for i, names in enumerate(CIFAR100_SUPERCLASSES.values()) for name in names}
    np.testing.assert_array_equal([by_name[name] for name in CIFAR100_CLASSES], COARSE)


def test_the_superclass_chain_stays_inside_its_five_classes_and_visits_all():
    step = MAPS["cifar100_superclass_chain"]
    for start in range(100):
        walk = [start]
        for _ in range(5):
            walk.append(step[walk[-1]])
        assert len(set(walk[:5])) == 5
        assert walk[5] == start
        assert len(set(COARSE[walk])) == 1


def test_the_chain_runs_over_the_fine_index_and_closes():
    assert MAPS["cifar100_chain"] == {i: (i + 1) % 100 for i in range(100)}


@pytest.mark.parametrize(("blocks", "group"), [("superclass", COARSE), ("consecutive", np.arange(100) // 5)])
def test_pairs_swap_two_classes_of_each_block(blocks, group):
    pairs = cifar100_pairs(5, blocks)
    assert len(pairs) == 40
    assert all(pairs[j] == i and group[i] == group[j] for i, j in pairs.items())
    assert len({int(group[i]) for i in pairs}) == 20
    assert pairs == cifar100_pairs(5, blocks) != cifar100_pairs(6, blocks)


def test_every_known_map_makes_a_valid_model():
    for name, mapping in MAPS.items():
        n_classes = 100 if name.startswith("cifar100") else 10
        T = Semantic(0.4, name).transition(n_classes)
        assert np.isclose(np.diag(T), 0.6).sum() == len(mapping)


def test_cifar10_truck_becomes_automobile_and_cat_and_dog_swap():
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    said = {"truck": "automobile", "bird": "airplane", "cat": "dog", "dog": "cat", "deer": "horse"}
    assert {names[i]: names[j] for i, j in MAPS["cifar10"].items()} == said


def test_the_most_confused_class_is_found_by_row_and_clean_classes_are_spared():
    assert most_confused(np.array([[90, 1, 9], [0, 50, 0], [7, 3, 1]])) == {0: 2, 2: 0}
    with pytest.raises(ValueError, match="confusion must be of a model that makes mistakes"):
        most_confused(np.eye(3))
