# SPDX-License-Identifier: GPL-3.0-or-later
"""An optimizer that gives matrices orthogonal steps (Muon: K. Jordan and others, 2024; scaled so that rates are Adam's: J. Liu and
others, arXiv 2502.16982) and everything else Adam's. With so few steps as a small machine can take, it learns about twice as much."""

import torch


def orthogonal(m):
    """The nearest matrix with orthogonal rows or columns, nearly: five steps of a quintic Newton-Schulz iteration."""
    x = m / (m.norm() + 1e-7)
    if m.shape[0] > m.shape[1]:
        x = x.T
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if m.shape[0] > m.shape[1] else x


class Muon(torch.optim.Optimizer):
    """Tables (embeddings, positions) and vectors are not matrices in this sense: name them in `tables`."""

    def __init__(self, parameters, lr, tables=(), momentum=.95, betas=(.9, .98), decay=.01):
        self.tables = {id(p) for p in tables}
        super().__init__([p for p in parameters if p.requires_grad], dict(lr=lr, momentum=momentum, betas=betas, decay=decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is not None:
                    if p.dim() > 1 and id(p) not in self.tables:
                        self._matrix(p, group)
                    else:
                        self._other(p, group)

    def _matrix(self, p, group):
        state = self.state[p]
        if not state:
            state['mean'] = torch.zeros_like(p)
        mean = state['mean'].lerp_(p.grad, 1 - group['momentum'])
        step = p.grad.lerp(mean, group['momentum']).flatten(1)
        step = orthogonal(step.bfloat16()).float() * (.2 * max(step.shape) ** .5)
        p.mul_(1 - group['lr'] * group['decay']).sub_(step.view_as(p), alpha=group['lr'])

    def _other(self, p, group):
        state = self.state[p]
        if not state:
            state['n'], state['mean'], state['square'] = torch.zeros(()), torch.zeros_like(p), torch.zeros_like(p)
        (a, b), n = group['betas'], state['n'].add_(1).item()
        state['mean'].lerp_(p.grad, 1 - a)
        state['square'].lerp_(p.grad.square(), 1 - b)
        p.sub_(state['mean'] / ((state['square'] / (1 - b ** n)).sqrt() + 1e-8), alpha=group['lr'] / (1 - a ** n))
