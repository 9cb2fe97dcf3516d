# Times the engine inside the application with a full-size model of random weights, and the same for a peer:
#
#   run BUILD_DIR engine [--peer SD_CLI [--peer-options "…"]]… [--side N]… [--steps N] [--type F16|BF16]
#
# A peer is a binary of stable-diffusion.cpp; each is given the same file in the same run. Options default to its best,
# flash attention.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
import json
import os
import re
import subprocess
import time

# TFLOP of one pass through SD3 Medium's transformer and of one decoding, by formula; text is CLIP-L and CLIP-G.
STEP = {512: 1.80, 1024: 8.43}
DECODING = {512: 2.6, 1024: 10.5}
PROMPT = "a lighthouse in the fog"


def arguments(argv):
    parser = argparse.ArgumentParser(prog="dev bench engine")
    parser.add_argument("--peer", action="append", default=[], metavar="SD_CLI", help="a binary of stable-diffusion.cpp")
    parser.add_argument("--peer-options", action="append", default=[], help="its further options (--diffusion-fa)")
    parser.add_argument("--side", action="append", type=int, metavar="PIXELS", help="512 and 1024 unless said")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--type", choices=["F16", "BF16"], default="BF16", help="of the weights")
    return parser.parse_args(argv)


def model_file(build, kind):
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sfumato-dev", "bench")
    path = os.path.join(folder, f"sd3-medium-{kind}.safetensors")
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        print(f"Making {path} (6 GB), once …", flush=True)
        subprocess.run([os.path.join(build, "tests/bench/make-model"), path + ".new", kind], check=True)
        os.rename(path + ".new", path)
    return path


def own_program(build, *argv):
    out = subprocess.run([os.path.join(build, "tests/bench/bench-engine"), *argv], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def own(build, model, side, steps):
    merges = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "data/clip/merges.txt")
    return own_program(build, "picture", model, merges, str(side), str(steps))


def seconds(text, pattern):
    """The last number that a line of the peer's log gives."""
    found = re.findall(pattern, text)
    return float(found[-1]) if found else float("nan")


def seconds_a_step(log, steps):
    """What the peer says of each step but the first, in which it reads the transformer's weights."""
    sampling = log.split("sampling completed")[0]
    found = re.findall(rf"(\d+)/{steps} - ([\d.]+)(s/it|it/s)", sampling)
    times = {int(n): float(x) if unit == "s/it" else 1 / float(x) for n, x, unit in found if float(x) > 0}
    rest = [t for n, t in times.items() if n > 1]
    return sum(rest) / len(rest) if rest else float("nan")


def run_peer(binary, options, model, side, steps):
    argv = [binary, "-m", model, "-p", PROMPT, "--cfg-scale", "1", "--steps", str(steps), "-W", str(side), "-H", str(side),
            "-t", str(os.cpu_count()), "--sampling-method", "euler", "-o", "/dev/null", *options.split()]
    began = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    return {
        "text": seconds(log, r"get_learned_condition completed, taking\s+([\d.]+)\s*s"),
        "step": seconds_a_step(log, steps),
        "vae": seconds(log, r"decode_first_stage completed, taking\s+([\d.]+)\s*s"),
        "whole": time.monotonic() - began,
        "memory": usage.ru_maxrss / 1024,
    }


def cell(value, unit):
    return "–" if value is None or value != value else f"{value:,.0f}" if unit == "MB" else f"{value:.2f}"


def show(table, side, steps, peak, mine, peers):
    rows = []
    for name, key, unit, work in (("text, s", "text", "s", None), ("text of a second picture, s", "text_again", "s", None),
                                  ("a step, s", "step", "s", STEP), ("VAE, s", "vae", "s", DECODING),
                                  (f"whole picture of {steps} steps, with loading, s", "whole", "s", None),
                                  ("peak memory, MB", "memory", "MB", None)):
        reached = f"{100 * work[side] * 1000 / mine[key] / peak:.0f} %" if work and side in work else ""
        row = [name, cell(mine[key], unit), reached]
        for peer in peers:
            other = peer.get(key)
            row += [cell(other, unit), f"{mine[key] / other:.2f} ×" if other else ""]
        rows.append(row)
    head = ["", "Sfumato", "of the peak"]
    for i in range(len(peers)):
        head += [f"peer {i + 1}", "ratio"]
    table(f"{side} × {side}", head, rows)


def bench(build, argv, table):
    args = arguments(argv)
    model = model_file(build, args.type)
    peak = own_program(build, "peak")
    print(f"\nThis machine's matrix product through oneDNN: {peak['best']:.0f} GFLOP/s, {peak['f32']:.0f} in F32. Weights: {args.type}.")
    for i, peer in enumerate(args.peer):
        print(f"Peer {i + 1}: {peer} {options_of(args, i)}")
    for side in args.side or [512, 1024]:
        peers = [run_peer(peer, options_of(args, i), model, side, args.steps) for i, peer in enumerate(args.peer)]
        show(table, side, args.steps, peak["best"], own(build, model, side, args.steps), peers)


def options_of(args, i):
    return args.peer_options[i] if i < len(args.peer_options) else "--diffusion-fa"
