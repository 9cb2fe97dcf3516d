# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene painter: a number in, a picture-book scene, its picture and its captions out."""
