# SPDX-License-Identifier: MIT-0
#
# square_batch: a layer of images with statistics of batches, images, groups of channels
#
# Program (x are images; v0 and v1 are trained, a number a channel, and begin at 0 and 1; y * weight + bias follows):
#     t = x / std_group(x)
#     y = square(t) - rms_layer(std_batch(t))
# Scores:
#     nodes  6             instructions of the canonical form
#     loss   0.165782      cross-entropy in nats, mean over three networks and the seeds of finalists, search data
#     error  0.064         share of images of the meta-validation data that are taken for another class
# Status: measured
# Found by discover-programs 0.1.0, search normalizers/b-series, seed 7, config 45042b65455ab058, primitive set d3cbf79cd7488944
# Find it again: discover run normalizers/b-series --seed 7 --budget 2560

import torch
from torch import Tensor, nn


class SquareBatch(nn.Module):
    """A layer of images with statistics of batches, images, groups of channels.

        t = x / std_group(x)
        y = square(t) - rms_layer(std_batch(t))

    for images x [N, C, H, W], and then y * weight + bias, each one number a channel. It can be timm's norm_layer.

    num_features: channels C.
    groups: groups of channels that share statistics.
    group_size: channels of a group, instead of groups.
    eps: added to a variance or a mean square before its root is taken.
    momentum: of running statistics: the weight of the last batch; None averages over all.
    apply_act: False leaves weight and bias only, as in timm's EvoNorm layers.
    device, dtype: of the parameters.
    Any other argument is ignored, such as timm's act_layer.

    float16 and bfloat16 are computed with in float32, under autocast too, so that no statistic overflows; the result
    has the dtype of x, and is infinite where that cannot hold it.
    Averages over a batch are also kept running, in the dtype of the layer, and are what eval mode takes.
    Raises ValueError for an input of another shape, for channels that the groups do not divide, and in training for one value a channel.
    """

    __constants__ = ["apply_act"]

    def __init__(
        self,
        num_features: int,
        groups: int = 32,
        group_size: int | None = None,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        apply_act: bool = True,
        device=None,
        dtype=None,
        **_,
    ):
        super().__init__()
        if group_size is None:
            if groups < 1 or num_features % groups:
                raise ValueError(f"num_features={num_features} is not divisible by groups={groups}")
        elif group_size < 1 or num_features % group_size:
            raise ValueError(f"num_features={num_features} is not divisible by group_size={group_size}")
        else:
            groups = num_features // group_size
        self.num_features = num_features
        self.groups = groups
        self.eps = eps
        self.momentum = momentum
        self.apply_act = apply_act
        self.weight = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        running_var = torch.empty(num_features, device=device, dtype=dtype)
        num_batches_tracked = torch.zeros((), device=device, dtype=torch.long)
        self.register_buffer("running_var", running_var if apply_act else None)
        self.register_buffer("num_batches_tracked", num_batches_tracked if apply_act else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Begin anew, running statistics too."""
        self.reset_running_stats()
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def reset_running_stats(self):
        """Forget the batches."""
        if self.apply_act:
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def extra_repr(self):
        """The settings."""
        return f"{self.num_features}, groups={self.groups}, eps={self.eps}, momentum={self.momentum}, apply_act={self.apply_act}"

    def _batch_var(self, x: Tensor, running: Tensor) -> Tensor:
        """The variance of each channel over the batch; in eval mode the running one, which is unbiased."""
        if not self.training:
            return running.view(1, -1, 1, 1).to(x.dtype)
        var = x.var(dim=(0, 2, 3), correction=0, keepdim=True)
        n = x.numel() // x.shape[1]
        self._track(running, var * (n / (n - 1)))
        return var

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
            std_group = group_std(x, self.groups, self.eps)
            t = x / std_group
            std_batch = torch.sqrt(self._batch_var(t, self.running_var) + self.eps)
            rms_layer = layer_rms(std_batch, self.eps)
            y = torch.square(t) - rms_layer
        y = y * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return y.to(dtype)


def layer_rms(x: Tensor, eps: float) -> Tensor:
    """The root mean square of each image, [N, 1, 1, 1]."""
    return torch.sqrt(x.square().mean(dim=(1, 2, 3), keepdim=True) + eps)


def group_std(x: Tensor, groups: int, eps: float) -> Tensor:
    """The standard deviation of each group of channels of each image, [N, C, 1, 1]."""
    n, c, h, w = x.shape
    var = x.view(n, groups, c // groups, h, w).var(dim=(2, 3, 4), correction=0, keepdim=True)
    return torch.sqrt(var + eps).expand(n, groups, c // groups, 1, 1).reshape(n, c, 1, 1)


# Input, trained numbers, and what comes of them: output, and the gradient of 1 y1 + 2 y2 + .. by the input.
X = [-1.546875, 1.515625, -1.765625, -0.828125, 0.078125, -0.515625, 1.015625, -0.984375, -0.796875, 1.578125,
    1.671875, -0.609375, 0.953125, 0.703125, 1.171875, -0.421875]
TRAINED = {
    "weight": [0.5, 0.75, 1.25, 1.5],
    "bias": [-0.25, 0.0, 0.25, 0.5],
}
GOLDEN = {
    "training": [-0.0972246890889, -0.125495112, 0.550234198001, -0.52721508336, -1.12146605068, -0.53935590438,
        1.61160459009, 1.44353669823, -0.570691368662, 0.111193171288, 0.70974868572, -0.626386125983,
        1.87968494831, 0.505551929017, 4.3068124583, -0.453391736831],
    "gradient": [4.83272906878, 2.66617069224, -1.40952487545, -1.14219973727, 2.45528082817, 9.37276400417,
        0.955985629527, -3.72927096427, 5.71304112632, -1.35814775265, 3.23894073348, -2.10208332612, 7.43291870574,
        39.2945942808, 19.6020495807, 136.717653291],
    "evaluation": [-0.0588561142646, -0.0871265371758, 0.607787060238, -0.469662221124, -1.02554461362,
        -0.443434467319, 1.72671031457, 1.5586424227, -0.532322793838, 0.149561746113, 0.767301547957,
        -0.568833263746, 1.97560638537, 0.601473366078, 4.42191818277, -0.338286012358],
}


def selftest():
    """Compute with the golden numbers, in float64."""
    layer = SquareBatch(4, groups=2, dtype=torch.float64)
    with torch.no_grad():
        for name, values in TRAINED.items():
            getattr(layer, name).copy_(torch.tensor(values, dtype=torch.float64))
    x = torch.tensor(X, dtype=torch.float64).view(2, 4, 1, 2).requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad((y.flatten() * torch.arange(1, 17)).sum(), x)
    found = {"training": y, "gradient": gradient, "evaluation": layer.eval()(x)}
    for what, values in found.items():
        if not torch.allclose(values.flatten(), torch.tensor(GOLDEN[what], dtype=torch.float64), rtol=1e-7, atol=1e-9):
            raise SystemExit(f"square_batch: selftest FAILED: {what}")
    print("square_batch: selftest ok")


if __name__ == "__main__":
    import sys

    if sys.argv[1:] != ["--selftest"]:
        raise SystemExit(f"usage: python {sys.argv[0]} --selftest")
    selftest()

# discover: {"format":1,"name":"square_batch","search":"normalizers/b-series","config":{"search":"normalizers","problem":{"space":"layers","primitives":["layers"],"max_nodes":10,"deep":{"kind":"residual","blocks":8,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"plain":{"kind":"plain","blocks":4,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"scaled":{"kind":"residual","blocks":4,"width":16,"groups":4,"stride":2,"gain":3.0,"heads":2},"meta_net":{"kind":"residual","blocks":6,"width":16,"groups":4,"stride":2,"gain":1.0,"heads":2},"hurdle":{"steps":20,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"keep_hurdle":0.35,"gate":{"steps":40,"length":0.5,"images":16,"limit":100000000.0},"quality":{"steps":100,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"chance":0.2,"keep_quality":0.6,"proxy":{"steps":200,"seeds":1,"optimizer":"sgd","rate":0.1,"batch":32},"final":{"steps":200,"seeds":2,"optimizer":"sgd","rate":0.1,"batch":32},"meta":{"steps":300,"seeds":2,"optimizer":"sgd","rate":0.1,"batch":32},"finalists":6,"data_seed":0},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":512,"restart_after":0},"run":{"budget":2560,"seed":7,"chunk":16}},"config_hash":"45042b65455ab058","seed":7,"reproduce":"discover run normalizers/b-series --seed 7 --budget 2560","id":"d744efba","parents":[],"signature":{"inputs":["x","v0","v1"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div","max","neg","sigmoid","tanh","exp","slog","abs","square","ssqrt","erf","mean_batch","rms_batch","std_batch","mean_layer","rms_layer","std_layer","mean_instance","rms_instance","std_instance","mean_group","rms_group","std_group"],"primitives_hash":"d3cbf79cd7488944","program":["t = x / std_group(x)","y = square(t) - rms_layer(std_batch(t))"],"objectives":{"nodes":6.0,"loss":0.1657819244777675,"error":0.064},"descriptors":{"batch":1,"statistics":5,"nodes":6},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"89c5bfe78a0a6e35"}
