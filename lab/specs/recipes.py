"""Named schedules: what this lab uses on one slow core, and what the papers print. `NOTES` says where each is from.

Costs and accuracies: digits with 60 epochs of DigitsMLP take about 3 s and reach 98 % on clean labels; the papers'
schedules are for a GPU (ResNet20 for 200 epochs of CIFAR-10: minutes there, days on a slow core).
"""

from __future__ import annotations

from lab.specs.training import Schedule

RECIPES: dict[str, Schedule] = {
    "Digits, 60 epochs": Schedule(
        optimiser="sgd", weight_decay=5e-4, decay="steps", milestones=(30, 45), factor=0.2, epochs=60
    ),
    "Digits, 150 epochs": Schedule(
        optimiser="sgd", weight_decay=5e-4, decay="steps", milestones=(75, 112), factor=0.2, epochs=150
    ),
    "Digits, Adam, 20 epochs": Schedule(epochs=20, learning_rate=1e-3, decay="constant"),
    "Small images, 15 epochs": Schedule(
        epochs=15, batch_size=64, optimiser="sgd", weight_decay=5e-4, decay="steps", milestones=(7, 11), factor=0.2
    ),
    "KNET, ResNet20": Schedule(
        epochs=200,
        optimiser="sgd",
        learning_rate=0.1,
        weight_decay=1e-4,
        decay="steps",
        milestones=(100, 150),
        augmentation="crop_flip",
    ),
    "KNET, CNN-4": Schedule(
        epochs=50, batch_size=64, learning_rate=1e-3, decay="constant", early_stopping="noisy", patience=5
    ),
    "KED, MNIST": Schedule(
        epochs=40, batch_size=256, learning_rate=1e-3, weight_decay=1e-4, decay="steps", milestones=(20, 30)
    ),
    "KED, CIFAR-10": Schedule(
        epochs=120,
        batch_size=512,
        learning_rate=1e-3,
        weight_decay=1e-4,
        decay="steps",
        milestones=(60, 90),
        augmentation="full",
    ),
    "KED, CIFAR-100": Schedule(
        epochs=120,
        batch_size=512,
        learning_rate=1e-3,
        weight_decay=1e-4,
        decay="steps",
        milestones=(80, 100),
        augmentation="full",
    ),
    "KED, Clothing1M": Schedule(
        epochs=15,
        batch_size=64,
        learning_rate=2e-3,
        weight_decay=5e-3,
        decay="steps",
        milestones=(5, 10),
        augmentation="crop",
    ),
    "DRO, MNIST and CIFAR-10": Schedule(
        epochs=100, learning_rate=1e-3, decay="constant", early_stopping="clean", patience=10
    ),
    "DRO, ImageNet": Schedule(
        epochs=30,
        batch_size=256,
        learning_rate=1e-3,
        decay="steps",
        milestones=(15,),
        augmentation="crop",
        early_stopping="clean",
        patience=10,
    ),
    "INN": Schedule(
        epochs=300,
        optimiser="sgd",
        weight_decay=5e-4,
        decay="steps",
        milestones=(150, 225),
        factor=0.2,
        augmentation="crop_flip",
    ),
    "INN, MixUp": Schedule(
        epochs=300,
        optimiser="sgd",
        weight_decay=5e-4,
        decay="steps",
        milestones=(150, 225),
        factor=0.2,
        augmentation="crop_flip",
        mixup=1.0,
    ),
    "DivideMix": Schedule(
        epochs=300,
        batch_size=64,
        optimiser="sgd",
        weight_decay=5e-4,
        decay="steps",
        milestones=(150,),
        augmentation="crop_flip",
    ),
}

NOTES: dict[str, str] = {
    "Digits, 60 epochs": "Ours: INN's schedule on the digits, a fifth of the rate at a half and at three quarters.",
    "Digits, 150 epochs": "Ours: the same, long enough for the wrong labels to be learned by heart.",
    "Digits, Adam, 20 epochs": "Ours: one episode of KED on the digits.",
    "Small images, 15 epochs": "Ours: 3,000 images and a small network, so that a processor suffices.",
    "KNET, ResNet20": "The paper prints no schedule; this is the usual one for ResNet20 on CIFAR.",
    "KNET, CNN-4": "The paper prints none; the code it cites, which stops early on its last 10,000 training rows.",
    "KED, MNIST": "As printed. Weight decay is L2 within Adam.",
    "KED, CIFAR-10": "As printed; how far images are turned, shifted and recoloured is ours.",
    "KED, CIFAR-100": "The paper prints a second drop at epoch 120 of 120, which never comes; here it is at 100.",
    "KED, Clothing1M": "As printed, but for the sizes of images and crops.",
    "DRO, MNIST and CIFAR-10": "The paper prints only early stopping on a clean tenth; the rest is its ImageNet rate.",
    "DRO, ImageNet": "As printed, but for the sizes of images and crops.",
    "INN": "As printed; weight decay and augmentation are DivideMix’s, since the paper is silent.",
    "INN, MixUp": "The same with MixUp, of which the paper prints no α; 1 is ours.",
    "DivideMix": "The published code’s optimiser and rates, with one plain network.",
}
