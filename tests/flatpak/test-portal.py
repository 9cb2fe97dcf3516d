#!/usr/bin/env python3
# Stands behind xdg-desktop-portal as a desktop does: whatever dialog for files is asked for, the answer is the paths, one a
# line, in the file given as argument. What a sandbox then gets is the real portal's doing.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.impl.portal.desktop.test", "/org/freedesktop/portal/desktop"
DIALOG = """<method name="{}">
  <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="a{{sv}}" direction="in"/><arg type="u" direction="out"/><arg type="a{{sv}}" direction="out"/>
</method>"""
INTERFACE = Gio.DBusNodeInfo.new_for_xml(
    '<node><interface name="org.freedesktop.impl.portal.FileChooser">'
    + "".join(DIALOG.format(name) for name in ("OpenFile", "SaveFile", "SaveFiles")) + "</interface></node>").interfaces[0]


def answer(bus, sender, path, interface, method, arguments, invocation):
    with open(sys.argv[1], encoding="utf-8") as f:
        uris = [GLib.filename_to_uri(path) for path in f.read().split("\n") if path]
    results = {"uris": GLib.Variant("as", uris), "writable": GLib.Variant("b", True)}
    invocation.return_value(GLib.Variant("(ua{sv})", (0 if uris else 1, results if uris else {})))


Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE,
                 lambda bus, name: bus.register_object(PATH, INTERFACE, answer, None, None), None, lambda *_: sys.exit())
GLib.MainLoop().run()
