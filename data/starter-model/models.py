# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of Stable Diffusion 3, small: VAE, CLIP-style text encoders, MMDiT. Tensors are named as in diffusers and
transformers, so that a state is exported as it is (all but two halves that diffusers swaps)."""

import math

import torch
from torch import nn
from torch.nn import functional as F

LATENT = 16
SCALE, SHIFT = 1.5305, 0.0609   # of every SD3 VAE: the transformer's latent is (z - SHIFT) * SCALE
TEXT_LENGTH = 77


def attention(q, k, v, **options):
    """In F32: on a CPU, PyTorch's BF16 attention is many times slower."""
    if q.device.type != 'cpu':
        return F.scaled_dot_product_attention(q, k.to(q.dtype), v.to(q.dtype), **options)
    with torch.autocast('cpu', enabled=False):
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float(), **options)


# ---- VAE ---------------------------------------------------------------------------------------------------------

class _Normalize(torch.autograd.Function):
    """GroupNorm as sums over places: PyTorch's own backward pass is ten times slower for channels-last on a CPU."""

    @staticmethod
    def forward(ctx, x, weight, bias, groups, eps):
        b, c, h, w = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(b, h * w, c)
        n = h * w * c // groups
        sums = torch.stack((rows.sum(1, dtype=torch.float32), (rows * rows).sum(1, dtype=torch.float32)))
        mean, square = sums.view(2, b, groups, -1).sum(-1) / n
        rstd = (square - mean * mean).clamp(min=0).add(eps).rsqrt()
        mean, rstd = (v.repeat_interleave(c // groups, 1) for v in (mean, rstd))
        scale = rstd * weight
        y = torch.addcmul((bias - mean * scale)[:, None].to(x.dtype), rows, scale[:, None].to(x.dtype))
        ctx.save_for_backward(rows, weight, mean, rstd)
        ctx.shape, ctx.groups, ctx.n = x.shape, groups, n
        return y.view(b, h, w, c).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, dy):
        rows, weight, mean, rstd = ctx.saved_tensors
        b, c, h, w = ctx.shape
        dy = dy.permute(0, 2, 3, 1).reshape(b, h * w, c)
        sum_dy = dy.sum(1, dtype=torch.float32)
        sum_dyx = ((dy * rows).sum(1, dtype=torch.float32) - mean * sum_dy) * rstd
        by_group = torch.stack((sum_dy * weight, sum_dyx * weight)).view(2, b, ctx.groups, -1).sum(-1) / ctx.n
        along, across = (v.repeat_interleave(c // ctx.groups, 1) for v in (by_group[1], by_group[0]))
        k = -along * rstd * rstd
        dx = torch.addcmul((-across * rstd - k * mean)[:, None].to(dy.dtype), dy, (weight * rstd)[:, None].to(dy.dtype))
        dx.addcmul_(rows, k[:, None].to(dy.dtype))
        return dx.view(b, h, w, c).permute(0, 3, 1, 2), sum_dyx.sum(0), sum_dy.sum(0), None, None


class GroupNorm(nn.GroupNorm):
    def forward(self, x):
        return _Normalize.apply(x, self.weight, self.bias, self.num_groups, self.eps)


class ResBlock(nn.Module):
    def __init__(self, n_in, n_out, groups):
        super().__init__()
        self.norm1, self.norm2 = GroupNorm(groups, n_in, 1e-6), GroupNorm(groups, n_out, 1e-6)
        self.conv1, self.conv2 = nn.Conv2d(n_in, n_out, 3, padding=1), nn.Conv2d(n_out, n_out, 3, padding=1)
        if n_in != n_out:
            self.conv_shortcut = nn.Conv2d(n_in, n_out, 1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x):
        y = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return y + (self.conv_shortcut(x) if hasattr(self, 'conv_shortcut') else x)


class VaeAttention(nn.Module):
    def __init__(self, n, groups):
        super().__init__()
        self.group_norm = GroupNorm(groups, n, 1e-6)
        self.to_q, self.to_k, self.to_v = (nn.Linear(n, n) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(n, n)])

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.group_norm(x).flatten(2).transpose(1, 2)
        y = attention(*(f(y)[:, None] for f in (self.to_q, self.to_k, self.to_v)))[:, 0]
        return x + self.to_out[0](y).transpose(1, 2).reshape(b, c, h, w)


class Middle(nn.Module):
    def __init__(self, n, groups):
        super().__init__()
        self.resnets = nn.ModuleList([ResBlock(n, n, groups), ResBlock(n, n, groups)])
        self.attentions = nn.ModuleList([VaeAttention(n, groups)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Level(nn.Module):
    """Res-blocks, then half or twice the size."""

    def __init__(self, n_in, n_out, n_blocks, groups, down=False, up=False):
        super().__init__()
        self.resnets = nn.ModuleList([ResBlock(n_in if i == 0 else n_out, n_out, groups) for i in range(n_blocks)])
        conv = nn.ModuleDict({'conv': nn.Conv2d(n_out, n_out, 3, 2 if down else 1, 0 if down else 1)}) if down or up else None
        if down:
            self.downsamplers = nn.ModuleList([conv])
        if up:
            self.upsamplers = nn.ModuleList([conv])

    def forward(self, x):
        for block in self.resnets:
            x = block(x)
        if hasattr(self, 'downsamplers'):
            x = self.downsamplers[0]['conv'](F.pad(x, (0, 1, 0, 1)))
        if hasattr(self, 'upsamplers'):
            x = self.upsamplers[0]['conv'](F.interpolate(x, scale_factor=2, mode='nearest'))
        return x


class Encoder(nn.Module):
    def __init__(self, widths, groups):
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList([Level(widths[max(i - 1, 0)], n, 2, groups, down=i < 3) for i, n in enumerate(widths)])
        self.mid_block = Middle(widths[3], groups)
        self.conv_norm_out = GroupNorm(groups, widths[3], 1e-6)
        self.conv_out = nn.Conv2d(widths[3], 2 * LATENT, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x)))).float()


class Decoder(nn.Module):
    def __init__(self, widths, groups):
        super().__init__()
        widths = widths[::-1]
        self.conv_in = nn.Conv2d(LATENT, widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], groups)
        self.up_blocks = nn.ModuleList([Level(widths[max(i - 1, 0)], n, 3, groups, up=i < 3) for i, n in enumerate(widths)])
        self.conv_norm_out = GroupNorm(groups, widths[3], 1e-6)
        self.conv_out = nn.Conv2d(widths[3], 3, 3, padding=1)

    def forward(self, z):
        x = self.mid_block(self.conv_in(z))
        for level in self.up_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(x))).float()


class Vae(nn.Module):
    WIDTHS, GROUPS = (16, 32, 64, 128), 8

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(self.WIDTHS, self.GROUPS), Decoder(self.WIDTHS, self.GROUPS)


# ---- Text --------------------------------------------------------------------------------------------------------

class ClipLayer(nn.Module):
    def __init__(self, d, heads, inner, exact):
        super().__init__()
        self.heads, self.exact = heads, exact
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.self_attn = nn.ModuleDict({name: nn.Linear(d, d) for name in ('q_proj', 'k_proj', 'v_proj', 'out_proj')})
        self.mlp = nn.ModuleDict({'fc1': nn.Linear(d, inner), 'fc2': nn.Linear(inner, d)})

    def forward(self, x):
        b, n, d = x.shape
        y = self.layer_norm1(x)
        q, k, v = (self.self_attn[name](y).view(b, n, self.heads, -1).transpose(1, 2) for name in ('q_proj', 'k_proj', 'v_proj'))
        y = attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, n, d)
        x = x + self.self_attn['out_proj'](y)
        y = self.mlp['fc1'](self.layer_norm2(x))
        y = F.gelu(y) if self.exact else y * torch.sigmoid(1.702 * y)
        return x + self.mlp['fc2'](y)


class Clip(nn.Module):
    """CLIP-L (quick GELU, pooled without its projection) or CLIP-G (exact GELU, projected)."""
    WIDTH, HEADS, INNER, LAYERS = 128, 4, 256, 3

    def __init__(self, vocabulary, is_g):
        super().__init__()
        d = self.WIDTH
        self.text_model = nn.ModuleDict({
            'embeddings': nn.ModuleDict({'token_embedding': nn.Embedding(vocabulary, d), 'position_embedding': nn.Embedding(TEXT_LENGTH, d)}),
            'encoder': nn.ModuleDict({'layers': nn.ModuleList([ClipLayer(d, self.HEADS, self.INNER, is_g) for _ in range(self.LAYERS)])}),
            'final_layer_norm': nn.LayerNorm(d),
        })
        self.text_projection = nn.Linear(d, d, bias=False)
        self.is_g = is_g
        if not is_g:
            # Never applied: the reference takes CLIP-L's pooled row as it is.
            nn.init.eye_(self.text_projection.weight).requires_grad_(False)
        nn.init.normal_(self.text_model['embeddings']['token_embedding'].weight, std=.3)
        nn.init.normal_(self.text_model['embeddings']['position_embedding'].weight, std=.1)

    def forward(self, ids):
        """The hidden states before the last layer, and the pooled row; of as many rows as there are ids (causal: the rest changes nothing)."""
        t = self.text_model
        x = t['embeddings']['token_embedding'](ids) + t['embeddings']['position_embedding'].weight[:ids.shape[1]]
        for layer in t['encoder']['layers']:
            hidden, x = x, layer(x)
        pooled = t['final_layer_norm'](x[torch.arange(len(ids)), ids.argmax(1)])
        return hidden, self.text_projection(pooled) if self.is_g else pooled


class Text(nn.Module):
    """Both encoders: context and pooled as the transformer takes them."""
    CONTEXT = POOLED = 2 * Clip.WIDTH

    def __init__(self, vocabulary):
        super().__init__()
        self.clip_l, self.clip_g = Clip(vocabulary, False), Clip(vocabulary, True)

    def tables(self):
        return [m.weight for m in self.modules() if isinstance(m, nn.Embedding)]

    def forward(self, ids_l, ids_g):
        (a, b), (c, d) = self.clip_l(ids_l), self.clip_g(ids_g)
        return torch.cat((a, c), -1), torch.cat((b, d), -1)


# ---- MMDiT -------------------------------------------------------------------------------------------------------

class RmsNorm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class Modulation(nn.Module):
    def __init__(self, h, chunks):
        super().__init__()
        self.linear = nn.Linear(h, chunks * h)
        self.chunks = chunks
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, c):
        return self.linear(c)[:, None].chunk(self.chunks, -1)


def mlp(h):
    """diffusers' feed-forward: net.0.proj, GELU (tanh), net.2."""
    return nn.ModuleDict({'net': nn.ModuleDict({'0': nn.ModuleDict({'proj': nn.Linear(h, 4 * h)}), '2': nn.Linear(4 * h, h)})})


def run_mlp(m, x):
    return m['net']['2'](F.gelu(m['net']['0']['proj'](x), approximate='tanh'))


def norm(x, shift, scale):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


class JointAttention(nn.Module):
    def __init__(self, h, heads, last):
        super().__init__()
        self.heads = heads
        for name in ('to_q', 'to_k', 'to_v', 'add_q_proj', 'add_k_proj', 'add_v_proj'):
            setattr(self, name, nn.Linear(h, h))
        self.to_out = nn.ModuleList([nn.Linear(h, h)])
        if not last:
            self.to_add_out = nn.Linear(h, h)
        for name in ('norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'):
            setattr(self, name, RmsNorm(h // heads))

    def _heads(self, x):
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, context, x, mask):
        q, k = (torch.cat((n(self._heads(f(context))), m(self._heads(g(x)))), 2) for f, n, g, m in (
            (self.add_q_proj, self.norm_added_q, self.to_q, self.norm_q), (self.add_k_proj, self.norm_added_k, self.to_k, self.norm_k)))
        v = torch.cat((self._heads(self.add_v_proj(context)), self._heads(self.to_v(x))), 2)
        y = attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        n = context.shape[1]
        return self.to_add_out(y[:, :n]) if hasattr(self, 'to_add_out') else None, self.to_out[0](y[:, n:])


class Block(nn.Module):
    def __init__(self, h, heads, last):
        super().__init__()
        self.norm1 = nn.ModuleDict({'linear': nn.Linear(h, 6 * h)})
        self.norm1_context = nn.ModuleDict({'linear': nn.Linear(h, (2 if last else 6) * h)})
        self.attn, self.ff, self.last = JointAttention(h, heads, last), mlp(h), last
        if not last:
            self.ff_context = mlp(h)
        for m in (self.norm1, self.norm1_context):
            nn.init.zeros_(m['linear'].weight)
            nn.init.zeros_(m['linear'].bias)

    def forward(self, context, x, c, mask):
        xm = self.norm1['linear'](c)[:, None].chunk(6, -1)
        cm = self.norm1_context['linear'](c)[:, None].chunk(2 if self.last else 6, -1)
        yc, yx = self.attn(norm(context, cm[0], cm[1]), norm(x, xm[0], xm[1]), mask)
        x = x + xm[2] * yx
        x = x + xm[5] * run_mlp(self.ff, norm(x, xm[3], xm[4]))
        if not self.last:
            context = context + cm[2] * yc
            context = context + cm[5] * run_mlp(self.ff_context, norm(context, cm[3], cm[4]))
        return context, x


def grid_table(h, size):
    """Sines and cosines of column and row; the file's values are what counts, these are where training starts."""
    def one(at):
        angle = at[:, None] * torch.exp(torch.arange(h // 4) * (-math.log(10000.0) / (h // 4)))
        return torch.cat((angle.sin(), angle.cos()), 1)
    rows, columns = torch.meshgrid(torch.arange(size) - size / 2, torch.arange(size) - size / 2, indexing='ij')
    return torch.cat((one(columns.flatten()), one(rows.flatten())), 1)[None]


class Mmdit(nn.Module):
    WIDTH, HEADS, DEPTH, GRID, TIME = 192, 6, 8, 32, 256

    def __init__(self):
        super().__init__()
        h = self.WIDTH
        self.pos_embed = nn.ModuleDict({'proj': nn.Conv2d(LATENT, h, 2, 2)})
        self.pos_embed.register_parameter('pos_embed', nn.Parameter(grid_table(h, self.GRID) * .5))
        self.time_text_embed = nn.ModuleDict({
            'timestep_embedder': nn.ModuleDict({'linear_1': nn.Linear(self.TIME, h), 'linear_2': nn.Linear(h, h)}),
            'text_embedder': nn.ModuleDict({'linear_1': nn.Linear(Text.POOLED, h), 'linear_2': nn.Linear(h, h)}),
        })
        self.context_embedder = nn.Linear(Text.CONTEXT, h)
        self.transformer_blocks = nn.ModuleList([Block(h, self.HEADS, i == self.DEPTH - 1) for i in range(self.DEPTH)])
        self.norm_out = nn.ModuleDict({'linear': nn.Linear(h, 2 * h)})
        self.proj_out = nn.Linear(h, 4 * LATENT)
        for m in (self.norm_out['linear'], self.proj_out):
            nn.init.zeros_(m.weight)
            nn.init.zeros_(m.bias)

    def tables(self):
        """Positions, and what modulates: not matrices in the optimizer's sense, or not worth its work."""
        return [self.pos_embed.pos_embed, *(m['linear'].weight for b in self.transformer_blocks for m in (b.norm1, b.norm1_context)), self.norm_out['linear'].weight]

    def forward(self, latent, time, context, pooled, mask=None, tap=None):
        """The velocity at sigma = time / 1000, and what block `tap` hands on (for the auxiliary loss)."""
        b, _, height, width = latent.shape
        rows, columns = height // 2, width // 2
        top, left = (self.GRID - rows) // 2, (self.GRID - columns) // 2
        table = self.pos_embed.pos_embed.view(self.GRID, self.GRID, -1)
        x = self.pos_embed['proj'](latent).flatten(2).transpose(1, 2).float()
        x = x + table[top:top + rows, left:left + columns].reshape(1, rows * columns, -1)
        angle = time[:, None] * torch.exp(torch.arange(self.TIME // 2) * (-math.log(10000.0) / (self.TIME // 2)))
        t, y = self.time_text_embed['timestep_embedder'], self.time_text_embed['text_embedder']
        c = t['linear_2'](F.silu(t['linear_1'](torch.cat((angle.cos(), angle.sin()), 1)))) + y['linear_2'](F.silu(y['linear_1'](pooled)))
        c = F.silu(c)
        context, tapped = self.context_embedder(context).float(), None
        for i, block in enumerate(self.transformer_blocks):
            context, x = block(context, x, c, mask)
            if i == tap:
                tapped = x
        shift, scale = self.norm_out['linear'](c)[:, None].chunk(2, -1)
        out = self.proj_out(norm(x, shift, scale)).float().view(b, rows, columns, 2, 2, LATENT)
        return out.permute(0, 5, 1, 3, 2, 4).reshape(b, LATENT, height, width), tapped


def count(module):
    return sum(p.numel() for p in module.parameters())
