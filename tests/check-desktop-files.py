#!/usr/bin/env python3
# What Sfumato gives to the desktop agrees with itself: every file carries the application id, so that a development
# build and an installed release never share settings, icon or D-Bus name.
#
#   check-desktop-files.py APP_ID FOLDER
#
# SPDX-License-Identifier: GPL-3.0-or-later
import configparser
import os
import sys
import xml.etree.ElementTree as xml

import gi
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import tap

app_id, folder = sys.argv[1:3]
SVG = "{http://www.w3.org/2000/svg}"


def path(name):
    return os.path.join(folder, app_id + name)


def ini(name):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(path(name), encoding="utf-8")
    return parser


def equal(a, b):
    assert a == b, f"{a!r} is not {b!r}"


def test_the_launcher_is_started_by_its_bus_name():
    entry = ini(".desktop")["Desktop Entry"]
    equal(entry["Icon"], app_id)
    equal(entry["DBusActivatable"], "true")
    service = ini(".service")["D-BUS Service"]
    equal(service["Name"], app_id)
    assert service["Exec"].startswith("/") and service["Exec"].endswith("/sfumato --gapplication-service")
    equal(os.path.basename(service["Exec"].split()[0]), entry["Exec"])


def test_each_action_of_the_launcher_has_a_name_and_a_command():
    launcher = ini(".desktop")
    actions = [a for a in launcher["Desktop Entry"].get("Actions", "").split(";") if a]
    for action in actions:
        assert launcher[f"Desktop Action {action}"]["Name"]
        assert launcher[f"Desktop Action {action}"]["Exec"].startswith("sfumato ")


def test_metainfo_names_the_launcher():
    root = xml.parse(path(".metainfo.xml")).getroot()
    equal(root.findtext("id"), app_id)
    equal(root.findtext("launchable"), app_id + ".desktop")
    equal(root.findtext("name"), "Sfumato")
    summary = root.findtext("summary")
    assert 10 <= len(summary) <= 35 and summary.split()[0] not in ("A", "An", "The") and not summary.endswith(".")


def test_every_screenshot_is_in_the_repository():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "screenshots")
    root = xml.parse(path(".metainfo.xml")).getroot()
    for image in root.iter("image"):
        assert os.path.exists(os.path.join(here, os.path.basename(image.text.strip()))), image.text


def test_settings_are_this_build_s_own():
    schema = xml.parse(path(".gschema.xml")).getroot().find("schema")
    equal(schema.get("id"), app_id)
    equal(schema.get("path"), "/" + app_id.replace(".", "/") + "/")


def is_painted(file, size):
    pixels = GdkPixbuf.Pixbuf.new_from_file_at_size(file, size, size)
    equal((pixels.get_width(), pixels.get_height()), (size, size))
    alpha = pixels.get_pixels()[3::4]
    share = sum(1 for a in alpha if a > 127) / len(alpha)
    assert 0.3 < share < 0.95, f"{file} at {size} px is painted to {share:.0%}"


def test_icons_can_be_drawn_at_every_size():
    for size in (16, 32, 64, 128, 512):
        is_painted(path(".svg"), size)
        is_painted(path("-symbolic.svg"), size)


def test_icons_keep_to_their_grids():
    equal(xml.parse(path(".svg")).getroot().get("viewBox"), "0 0 128 128")
    symbolic = xml.parse(path("-symbolic.svg")).getroot()
    equal(symbolic.get("viewBox"), "0 0 16 16")
    equal({node.tag for node in symbolic}, {SVG + "path"})


def test_only_a_development_build_wears_the_stripe():
    stripe = xml.parse(path(".svg")).getroot().findall(SVG + "g")[-1]
    equal(stripe.get("display"), "inline" if app_id.endswith(".Devel") else "none")


tap.run(globals())
