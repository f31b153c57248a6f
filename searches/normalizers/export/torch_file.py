"""The parts of an exported torch layer that do not depend on the program."""

from string import Template

IMAGES = Template('''\
import torch${imports}
from torch import Tensor, nn


class ${Class}(nn.Module):
    """${about}

${program}

    for images x [N, C, H, W], and then y * weight + bias, each one number a channel. It can be timm's norm_layer.

${arguments}
    device, dtype: of the parameters.
    Any other argument is ignored, such as timm's act_layer.

    float16 and bfloat16 are computed with in float32, under autocast too, so that no statistic overflows; the result
    has the dtype of x, and is infinite where that cannot hold it.
    ${kept}
    Raises ValueError for ${raises}.
    """

    __constants__ = ["apply_act"]

    def __init__(
        self,
        num_features: int,
${parameters}
        device=None,
        dtype=None,
        **_,
    ):
        super().__init__()
${checks}        self.num_features = num_features
${settings}        self.weight = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
${trained}${buffers}        self.reset_parameters()

    def reset_parameters(self):
        """Begin anew${and_running}."""
${call_reset}        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
${begin}${reset_running}
    def extra_repr(self):
        """The settings."""
        return f"{self.num_features}, ${repr}"
${methods}
    def forward(self, x: Tensor) -> Tensor:
        """Images of the same shape, dtype and memory format."""
        if x.dim() != 4 or x.shape[1] != self.num_features:
            raise ValueError(f"expected images [N, {self.num_features}, H, W], got a tensor of shape {list(x.shape)}")
        dtype = x.dtype
        if dtype == torch.float16 or dtype == torch.bfloat16:
            x = x.float()
        y = x
        if self.apply_act:
${body}
        y = y * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return y.to(dtype)
${helpers}

${golden}


def selftest():
    """Compute with the golden numbers, in float64."""
    layer = ${Class}(4${two_groups}, dtype=torch.float64)
    with torch.no_grad():
        for name, values in TRAINED.items():
            getattr(layer, name).copy_(torch.tensor(values, dtype=torch.float64))
    x = torch.tensor(X, dtype=torch.float64).view(2, 4, 1, 2).requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad((y.flatten() * torch.arange(1, 17)).sum(), x)
    found = {"training": y, "gradient": gradient, "evaluation": layer.eval()(x)}
    for what, values in found.items():
        if not torch.allclose(values.flatten(), torch.tensor(GOLDEN[what], dtype=torch.float64), rtol=1e-7, atol=1e-9):
            raise SystemExit(f"${name}: selftest FAILED: {what}")
''')

POINTWISE = Template('''\
import torch${imports}
from torch import Tensor, nn


class ${Class}(nn.Module):
    """${about}

${program}

    for each number x, and then y * weight + bias, each one number a feature. It takes tokens [.., features], or with
    channels_first [N, features, ..]. It can stand where a LayerNorm does.

    num_features: features of a token, or channels.
    channels_first: the features are dimension 1, not the last one.
    device, dtype: of the parameters.
    Any other argument is ignored, such as the eps of a LayerNorm.

    float16 and bfloat16 are computed with in float32, under autocast too, so that no statistic overflows; the result
    has the dtype of x, and is infinite where that cannot hold it. The layer is the same in training and in eval mode.
    Raises ValueError for an input with another number of features.
    """

    def __init__(self, num_features: int, channels_first: bool = False, device=None, dtype=None, **_):
        super().__init__()
        self.num_features = num_features
        self.channels_first = channels_first
        self.weight = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype))
${trained}        self.reset_parameters()

    def reset_parameters(self):
        """Begin anew."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
${begin}
    def extra_repr(self):
        """The settings."""
        return f"{self.num_features}, channels_first={self.channels_first}"

    def forward(self, x: Tensor) -> Tensor:
        """A tensor of the same shape and dtype."""
        features = 1 if self.channels_first else -1
        if x.dim() < (2 if self.channels_first else 1) or x.shape[features] != self.num_features:
            raise ValueError(
                f"expected {self.num_features} features in dimension {features}, got a tensor of shape {list(x.shape)}"
            )
        dtype = x.dtype
        if dtype == torch.float16 or dtype == torch.bfloat16:
            x = x.float()
${body}
        shape = [1] * x.dim()
        shape[features] = -1
        y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(dtype)
${helpers}

${golden}


def selftest():
    """Compute with the golden numbers, in float64."""
    layer = ${Class}(4, dtype=torch.float64)
    with torch.no_grad():
        for name, values in TRAINED.items():
            getattr(layer, name).copy_(torch.tensor(values, dtype=torch.float64))
    x = torch.tensor(X, dtype=torch.float64).view(2, 4).requires_grad_()
    y = layer(x)
    (gradient,) = torch.autograd.grad((y.flatten() * torch.arange(1, 9)).sum(), x)
    first = ${Class}(4, channels_first=True, dtype=torch.float64)
    first.load_state_dict(layer.state_dict())
    found = {"training": y, "gradient": gradient, "evaluation": first.eval()(x.t()[None]).squeeze(0).t()}
    for what, values in found.items():
        if not torch.allclose(values.flatten(), torch.tensor(GOLDEN[what], dtype=torch.float64), rtol=1e-7, atol=1e-9):
            raise SystemExit(f"${name}: selftest FAILED: {what}")
''')

RESET_RUNNING = Template('''
    def reset_running_stats(self):
        """Forget the batches."""
        if self.apply_act:
${lines}            self.num_batches_tracked.zero_()
''')

TRACK = '''
    def _track(self, running: Tensor, new: Tensor) -> None:
        """Let a statistic of this batch into the running one."""
        new = new.detach().flatten().to(running.dtype)
        if self.momentum is None:
            running.add_((new - running) / self.num_batches_tracked)
        else:
            running.lerp_(new, self.momentum)
'''

# Statistics of a batch, [1, C, 1, 1]
METHODS = {
    "mean": '''
    def _batch_mean(self, x: Tensor, running: Tensor) -> Tensor:
        """The mean of each channel over the batch; in eval mode the running one."""
        if not self.training:
            return running.view(1, -1, 1, 1).to(x.dtype)
        mean = x.mean(dim=(0, 2, 3), keepdim=True)
        self._track(running, mean)
        return mean
''',
    "rms": '''
    def _batch_square(self, x: Tensor, running: Tensor) -> Tensor:
        """The mean square of each channel over the batch; in eval mode the running one."""
        if not self.training:
            return running.view(1, -1, 1, 1).to(x.dtype)
        square = x.square().mean(dim=(0, 2, 3), keepdim=True)
        self._track(running, square)
        return square
''',
    "std": '''
    def _batch_var(self, x: Tensor, running: Tensor) -> Tensor:
        """The variance of each channel over the batch; in eval mode the running one, which is unbiased."""
        if not self.training:
            return running.view(1, -1, 1, 1).to(x.dtype)
        var = x.var(dim=(0, 2, 3), correction=0, keepdim=True)
        n = x.numel() // x.shape[1]
        self._track(running, var * (n / (n - 1)))
        return var
''',
}

HELPERS = {
    "instance_mean": '''\
def instance_mean(x: Tensor) -> Tensor:
    """The mean of each channel of each image, [N, C, 1, 1]."""
    return x.mean(dim=(2, 3), keepdim=True)
''',
    "instance_rms": '''\
def instance_rms(x: Tensor, eps: float) -> Tensor:
    """The root mean square of each channel of each image, [N, C, 1, 1]."""
    return torch.sqrt(x.square().mean(dim=(2, 3), keepdim=True) + eps)
''',
    "instance_std": '''\
def instance_std(x: Tensor, eps: float) -> Tensor:
    """The standard deviation of each channel of each image, [N, C, 1, 1]."""
    return torch.sqrt(x.var(dim=(2, 3), correction=0, keepdim=True) + eps)
''',
    "layer_mean": '''\
def layer_mean(x: Tensor) -> Tensor:
    """The mean of each image, [N, 1, 1, 1]."""
    return x.mean(dim=(1, 2, 3), keepdim=True)
''',
    "layer_rms": '''\
def layer_rms(x: Tensor, eps: float) -> Tensor:
    """The root mean square of each image, [N, 1, 1, 1]."""
    return torch.sqrt(x.square().mean(dim=(1, 2, 3), keepdim=True) + eps)
''',
    "layer_std": '''\
def layer_std(x: Tensor, eps: float) -> Tensor:
    """The standard deviation of each image, [N, 1, 1, 1]."""
    return torch.sqrt(x.var(dim=(1, 2, 3), correction=0, keepdim=True) + eps)
''',
    "group_mean": '''\
def group_mean(x: Tensor, groups: int) -> Tensor:
    """The mean of each group of channels of each image, [N, C, 1, 1]."""
    n, c, h, w = x.shape
    mean = x.view(n, groups, c // groups, h, w).mean(dim=(2, 3, 4), keepdim=True)
    return mean.expand(n, groups, c // groups, 1, 1).reshape(n, c, 1, 1)
''',
    "group_rms": '''\
def group_rms(x: Tensor, groups: int, eps: float) -> Tensor:
    """The root mean square of each group of channels of each image, [N, C, 1, 1]."""
    n, c, h, w = x.shape
    square = x.square().view(n, groups, c // groups, h, w).mean(dim=(2, 3, 4), keepdim=True)
    return torch.sqrt(square + eps).expand(n, groups, c // groups, 1, 1).reshape(n, c, 1, 1)
''',
    "group_std": '''\
def group_std(x: Tensor, groups: int, eps: float) -> Tensor:
    """The standard deviation of each group of channels of each image, [N, C, 1, 1]."""
    n, c, h, w = x.shape
    var = x.view(n, groups, c // groups, h, w).var(dim=(2, 3, 4), correction=0, keepdim=True)
    return torch.sqrt(var + eps).expand(n, groups, c // groups, 1, 1).reshape(n, c, 1, 1)
''',
    "signed_log": '''\
def signed_log(x: Tensor) -> Tensor:
    """sign(x) log|x|; 0 at 0, with derivative 0 there."""
    return x.sign() * torch.where(x == 0, 1.0, x.abs()).log()
''',
    "signed_sqrt": '''\
def signed_sqrt(x: Tensor) -> Tensor:
    """sign(x) sqrt|x|; 0 at 0, with derivative 0 there."""
    return x.sign() * torch.where(x == 0, 1.0, x.abs()).sqrt()
''',
}
