# SPDX-License-Identifier: GPL-3.0-or-later
"""What all stages of the training share: where things are kept, checkpoints, the log, learning rates, averages."""

import json
import os
import time

# Before PyTorch is imported: threads that wait must not take the processor from others.
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
os.environ.setdefault('GOMP_SPINCOUNT', '0')
os.environ['OPENBLAS_NUM_THREADS'] = '1'

import torch  # noqa: E402

FOLDER = os.environ.get('SFUMATO_STARTER', os.path.expanduser('~/.cache/sfumato-starter'))
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'

# Nine shapes of about the area of a square, with sides that are multiples of 16, and how often each is trained on.
SHAPES = {
    128: ((128, 128), (144, 112), (160, 112), (176, 96), (192, 80), (112, 144), (112, 160), (96, 176), (80, 192)),
    256: ((256, 256), (288, 224), (320, 208), (336, 192), (384, 160), (224, 288), (208, 320), (192, 336), (160, 384)),
}
SHAPE_WEIGHTS = (8, 1, 1.5, 1.5, 1, 1, 1.5, 1.5, 1)


def path(*names):
    os.makedirs(FOLDER, exist_ok=True)
    return os.path.join(FOLDER, *names)


def save(name, state):
    """Whole or not at all."""
    torch.save(state, path(name + '.new'))
    os.replace(path(name + '.new'), path(name))


def load(name):
    return torch.load(path(name), map_location=DEVICE, weights_only=True) if os.path.exists(path(name)) else None


def rate(step, steps, peak, falls_from=.6):
    """Warm up, stay, and fall to a twentieth in the last part."""
    warmup = min(300, steps // 10 + 1)
    end = max(0, (step / steps - falls_from) / (1 - falls_from))
    return peak * min(1, (step + 1) / warmup) * (1 - .95 * min(1, end))


def set_rate(optimizer, value):
    for group in optimizer.param_groups:
        group['lr'] = value


class Average:
    """A moving average of weights; young ones move faster."""

    def __init__(self, module, decay):
        self.decay, self.n = decay, 0
        self.state = {k: v.detach().clone().float() for k, v in module.state_dict().items()}

    def update(self, module):
        self.n += 1
        share = 1 - min(self.decay, (1 + self.n) / (10 + self.n))
        with torch.no_grad():
            for k, v in module.state_dict().items():
                self.state[k].lerp_(v.float(), share)


class Log:
    """One JSON object a line; means of what was added since the last one."""

    def __init__(self, name):
        self.file, self.began = open(path(name), 'a', buffering=1), time.time()
        self.cpu, self.sums, self.pictures = time.process_time(), {}, 0

    def add(self, pictures, **values):
        self.pictures += pictures
        for k, v in values.items():
            total, n = self.sums.get(k, (0, 0))
            self.sums[k] = total + float(v), n + 1

    def write(self, **more):
        now, cpu = time.time(), time.process_time()
        line = {k: round(total / n, 5) for k, (total, n) in self.sums.items()}
        line.update(more, per_second=round(self.pictures / (now - self.began), 2), per_cpu_second=round(self.pictures / max(cpu - self.cpu, 1e-6), 2),
                    at=time.strftime('%m-%d %H:%M:%S'))
        self.file.write(json.dumps(line) + '\n')
        self.began, self.cpu, self.sums, self.pictures = now, cpu, {}, 0


def autocast():
    return torch.autocast(DEVICE, torch.bfloat16)


def tensor_of(pictures):
    """RGB bytes [n, h, w, 3] to -1 … 1, channels last."""
    x = torch.from_numpy(pictures).to(DEVICE).permute(0, 3, 1, 2)
    return (x.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def bytes_of(x):
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
