# SPDX-License-Identifier: MIT-0
#
# rectified_batch: a layer of images with statistics of batches
#
# Program (x are images; v0 and v1 are trained, a number a channel, and begin at 0 and 1; y * weight + bias follows):
#     t = max(x, square(v0))
#     y = t / max(rms_batch(t), 1.0)
# Scores:
#     nodes  5             instructions of the canonical form
#     loss   0.13364       cross-entropy in nats, mean over three networks and the seeds of finalists, search data
#     error  0.067         share of images of the meta-validation data that are taken for another class
# Status: measured
# Found by discover-programs 0.1.0, search normalizers/b-series, seed 8, config 281490ee38f6a895, primitive set d3cbf79cd7488944
# Find it again: discover run normalizers/b-series --seed 8 --budget 2560

import torch
from torch import Tensor, nn


class RectifiedBatch(nn.Module):
    """A layer of images with statistics of batches.

        t = max(x, square(v0))
        y = t / max(rms_batch(t), 1.0)

    for images x [N, C, H, W], and then y * weight + bias, each one number a channel. It can be timm's norm_layer.

    num_features: channels C.
    eps: added to a variance or a mean square before its root is taken.
    momentum: of running statistics: the weight of the last batch; None averages over all.
    apply_act: False leaves weight and bias only, as in timm's EvoNorm layers.
    device, dtype: of the parameters.
    Any other argument is ignored, such as timm's act_layer.

    float16 and bfloat16 are computed with in float32, under autocast too, so that no statistic overflows; the result
    has the dtype of x, and is infinite where that cannot hold it.
    Averages over a batch are also kept running, in the dtype of the layer, and are what eval mode takes.
    Raises ValueError for an input of another shape, and in training for one value a channel.
    """

    __constants__ = ["apply_act"]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        apply_act: bool = True,
        device=None,
        dtype=None,
        **_,
    ):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.apply_act = apply_act
        self.weight = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.v0 = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype)) if apply_act else None
        running_square = torch.empty(num_features, device=device, dtype=dtype)
        num_batches_tracked = torch.zeros((), device=device, dtype=torch.long)
        self.register_buffer("running_square", running_square if apply_act else None)
        self.register_buffer("num_batches_tracked", num_batches_tracked if apply_act else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Begin anew, running statistics too."""
        self.reset_running_stats()
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
        if self.apply_act:
            nn.init.zeros_(self.v0)

    def reset_running_stats(self):
        """Forget the batches."""
        if self.apply_act:
            self.running_square.fill_(1)
            self.num_batches_tracked.zero_()

    def extra_repr(self):
        """The settings."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, apply_act={self.apply_act}"

    def _batch_square(self, x: Tensor, running: Tensor) -> Tensor:
        """The mean square of each channel over the batch; in eval mode the running one."""
        if not self.training:
            return running.view(1, -1, 1, 1).to(x.dtype)
        square = x.square().mean(dim=(0, 2, 3), keepdim=True)
        self._track(running, square)
        return square

    def _track(self, running: Tensor, new: Tensor) -> None:
        """Let a statistic of this batch into the running one."""
        new = new.detach().flatten().to(running.dtype)
        if self.momentum is None:
            running.add_((new - running) / self.num_batches_tracked)
        else:
            running.lerp_(new, self.momentum)

    def forward(self, x: Tensor) -> Tensor:
        """Images of the same shape, dtype and memory format."""
        if x.dim() != 4 or x.shape[1] != self.num_features:
            raise ValueError(f"expected images [N, {self.num_features}, H, W], got a tensor of shape {list(x.shape)}")
        dtype = x.dtype
        if dtype == torch.float16 or dtype == torch.bfloat16:
            x = x.float()
        y = x
        if self.apply_act:
            if self.training:
                if x.numel() < 2 * x.shape[1]:
                    size = list(x.shape)
                    raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")
                self.num_batches_tracked.add_(1)
            v0 = self.v0.view(1, -1, 1, 1).to(x.dtype)
            t = torch.maximum(x, torch.square(v0))
            rms_batch = torch.sqrt(self._batch_square(t, self.running_square) + self.eps)
            y = t / rms_batch.clamp(min=1)
        y = y * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return y.to(dtype)


# Input, trained numbers, and what comes of them: output, and the gradient of 1 y1 + 2 y2 + .. by the input.
X = [-1.546875, 1.515625, -1.765625, -0.828125, 0.078125, -0.515625, 1.015625, -0.984375, -0.796875, 1.578125,
    1.671875, -0.609375, 0.953125, 0.703125, 1.171875, -0.421875]
TRAINED = {
    "weight": [0.5, 0.75, 1.25, 1.5],
    "bias": [-0.25, 0.0, 0.25, 0.5],
    "v0": [-0.125, 0.0, 0.125, 0.25],
}
GOLDEN = {
    "training": [-0.242859358269, 0.44264224789, 0.0, 0.0, 0.34765625, 0.26953125, 2.0234375, 0.59375,
        -0.242859358269, 0.471204814813, 1.25390625, 0.0, 1.44140625, 1.12890625, 2.2578125, 0.59375],
    "gradient": [0.0, -1.82998534148, 0.0, 0.0, 6.25, 0.0, 10.5, 0.0, 0.0, 1.71286910169, 8.25, 0.0, 16.25, 17.5,
        22.5, 0.0],
    "evaluation": [-0.242263380578, 0.500452083955, 0.0, 0.0, 0.34765625, 0.26953125, 2.0234375, 0.59375,
        -0.242263380578, 0.531398561644, 1.25390625, 0.0, 1.44140625, 1.12890625, 2.2578125, 0.59375],
}


def selftest():
    """Compute with the golden numbers, in float64."""
    layer = RectifiedBatch(4, dtype=torch.float64)
    with torch.no_grad():
        for name, values in TRAINED.items():
            getattr(layer, name).copy_(torch.tensor(values, dtype=torch.float64))
    x = torch.tensor(X, dtype=torch.float64).view(2, 4, 1, 2).requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad((y.flatten() * torch.arange(1, 17)).sum(), x)
    found = {"training": y, "gradient": gradient, "evaluation": layer.eval()(x)}
    for what, values in found.items():
        if not torch.allclose(values.flatten(), torch.tensor(GOLDEN[what], dtype=torch.float64), rtol=1e-7, atol=1e-9):
            raise SystemExit(f"rectified_batch: selftest FAILED: {what}")
    print("rectified_batch: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"rectified_batch","search":"normalizers/b-series","config":{"search":"normalizers","problem":{"space":"layers","primitives":["layers"],"max_nodes":10,"deep":{"kind":"residual","blocks":8,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"plain":{"kind":"plain","blocks":4,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"scaled":{"kind":"residual","blocks":4,"width":16,"groups":4,"stride":2,"gain":3.0,"heads":2},"meta_net":{"kind":"residual","blocks":6,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"hurdle":{"steps":20,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"keep_hurdle":0.35,"gate":{"steps":40,"length":0.5,"images":16,"limit":100000000.0},"quality":{"steps":100,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"chance":0.2,"keep_quality":0.6,"proxy":{"steps":200,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"final":{"steps":200,"seeds":2,"optimizer":"sgd","rate":0.1,"batch":32},"meta":{"steps":300,"seeds":2,"optimizer":"sgd","rate":0.1,"batch":32},"finalists":6,"data_seed":0},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":512,"restart_after":0},"run":{"budget":2560,"seed":8,"chunk":16}},"config_hash":"281490ee38f6a895","seed":8,"reproduce":"discover run normalizers/b-series --seed 8 --budget 2560","id":"c5a70de7","parents":[],"signature":{"inputs":["x","v0","v1"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div","max","neg","sigmoid","tanh","exp","slog","abs","square","ssqrt","erf","mean_batch","rms_batch","std_batch","mean_layer","rms_layer","std_layer","mean_instance","rms_instance","std_instance","mean_group","rms_group","std_group"],"primitives_hash":"d3cbf79cd7488944","program":["t = max(x, square(v0))","y = t / max(rms_batch(t), 1.0)"],"objectives":{"nodes":5.0,"loss":0.13364037875715526,"error":0.067},"descriptors":{"batch":1,"statistics":0,"nodes":5},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"c27f9d32f1c97dce"}
