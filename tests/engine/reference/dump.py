# Numbers that stand for a tensor, and the files they are kept in: one group a case, first what it is made of, then what
# the reference gave, as "check.<stage> = sum;norm;first values…".
#
# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np

HEAD = "# Made by tests/engine/reference/make from the reference implementation; not to be edited.\n#\n# SPDX-License-Identifier: GPL-3.0-or-later\n"


def numbers(tensor, n_first=4):
    v = np.asarray(tensor, dtype=np.float64).ravel()
    return ";".join([f"{v.size}", f"{v.sum():.6f}", f"{np.sqrt((v * v).sum()):.6f}"] + [f"{x:.6f}" for x in v[:n_first]])


def write(path, groups):
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD)
        for name, group in groups.items():
            f.write(f"\n[{name}]\n")
            f.writelines(f"{key}={value}\n" for key, value in group["case"].items())
            f.writelines(f"check.{key}={value}\n" for key, value in group["checks"].items())
