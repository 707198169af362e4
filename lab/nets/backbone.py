"""What every backbone is: three sections whose outputs can be tapped, a neck, and a last linear layer."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

TAPS = ("early", "mid", "last_conv", "logits")


class Backbone(nn.Module):
    """early -> mid -> last_conv -> neck -> head.

    `last_conv` ends where the convolutions do, with the BatchNorm and ReLU that follow them; the neck is global
    average pooling, or flattening and a fully connected layer. In a fully connected net the first two sections end
    with the first and the middle hidden layer, `last_conv` with the last one.
    """

    def __init__(
        self,
        early: nn.Module,
        mid: nn.Module,
        last_conv: nn.Module,
        head: nn.Module,
        *,
        penultimate_size: int,
        neck: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.early, self.mid, self.last_conv = early, mid, last_conv
        self.neck = GlobalMean() if neck is None else neck
        self.head = head
        self.penultimate_size = penultimate_size

    def features(self, x: Float[Tensor, "b ..."]) -> Float[Tensor, "b d"]:
        """The penultimate features h(x): the input of the last linear layer, d = `penultimate_size`."""
        return self.neck(self.last_conv(self.mid(self.early(x))))

    def forward(self, x: Float[Tensor, "b ..."]) -> Float[Tensor, "b c"]:
        """Logits."""
        return self.head(self.features(x))

    def taps(self, x: Float[Tensor, "b ..."]) -> dict[str, Float[Tensor, "b _"]]:
        """One vector a row for each of "early", "mid", "last_conv" and "logits".

        Maps become vectors by global average pooling, so that a vector has one number per channel; where the neck is
        global average pooling, "last_conv" is `features`.
        Source: KED Figs 2 and 6. Departs from it: the paper does not say which layers; ours stand about a quarter, half
        and all of the way through.
        """
        vectors = {}
        for name in ("early", "mid", "last_conv"):
            x = getattr(self, name)(x)
            vectors[name] = global_mean(x)
        return vectors | {"logits": self.head(self.neck(x))}


def global_mean(x: Float[Tensor, "b ..."]) -> Float[Tensor, "b d"]:
    """The mean of every channel's map; vectors stay as they are."""
    return x.mean(dim=(2, 3)) if x.ndim == 4 else x


class GlobalMean(nn.Module):
    """Global average pooling. torch's own adaptive pooling has no deterministic gradient on CUDA."""

    def forward(self, x: Float[Tensor, "b ..."]) -> Float[Tensor, "b d"]:
        return global_mean(x)


class Dropout(nn.Module):
    """Dropout whose masks come from a seed of its own, drawn with the weights, and the number of masks drawn so far.

    torch's own draws from the global state. Seed and count are in the `state_dict`, so that a resumed run goes on with
    the masks of the uninterrupted one.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.seed, self.drawn = rate, 0, 0

    def forward(self, x: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        if not self.training or x.is_meta:
            return x
        generator = torch.Generator(device=x.device).manual_seed(self.seed + self.drawn)
        self.drawn += 1
        kept = torch.rand(x.shape, generator=generator, device=x.device) >= self.rate
        return x * kept / (1 - self.rate)

    def get_extra_state(self) -> Tensor:
        return torch.tensor([self.seed, self.drawn], device="cpu")

    def set_extra_state(self, state: Tensor) -> None:
        self.seed, self.drawn = state.tolist()


@torch.no_grad()
def draw_weights(net: nn.Module, generator: torch.Generator) -> None:
    """Give a net that was built on the meta device memory and weights, layer by layer in the order of its modules.

    Convolutions: normal with variance 2 / fan-in, biases 0 (He et al. 2015, which nets without BatchNorm need to learn
    at all). Linear layers: torch's own U(-1/sqrt(n_in), 1/sqrt(n_in)), biases too. BatchNorm: 1 and 0.
    Departs from: the published code of CNN-4 (Glorot uniform), ResNet29v2 (Glorot normal) and PreActResNet18 (torch's
    default), so that backbones differ in their layers alone.
    """
    net.to_empty(device=generator.device)
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            draw_linear(layer, generator)
        elif isinstance(layer, nn.Conv2d):
            fan_in = layer.weight[0].numel()
            layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.reset_parameters()
        elif isinstance(layer, Dropout):
            layer.seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        elif next(layer.parameters(recurse=False), None) is not None:
            raise TypeError(f"no rule for drawing the weights of {type(layer).__name__}")


def draw_linear(layer: nn.Linear, generator: torch.Generator) -> None:
    """Weights and biases from U(-1/sqrt(n_in), 1/sqrt(n_in)): torch's own default, but from the given generator."""
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -(layer.in_features**-0.5), layer.in_features**-0.5, generator=generator)
