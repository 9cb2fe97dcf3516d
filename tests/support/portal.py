#!/usr/bin/env python3
# Stands in for the desktop's dialog for files: whatever is asked for, the answer is the paths given as arguments. A program
# uses it with GDK_DEBUG=portals in its environment.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
REQUEST = "org.freedesktop.portal.Request"
INTERFACES = Gio.DBusNodeInfo.new_for_xml("""
<node>
  <interface name="org.freedesktop.portal.FileChooser">
    <property name="version" type="u" access="read"/>
    <method name="OpenFile">
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
      <arg type="o" direction="out"/>
    </method>
  </interface>
</node>""").interfaces

uris = [GLib.filename_to_uri(path) for path in sys.argv[1:]]


def open_file(bus, sender, path, interface, method, arguments, invocation):
    token = arguments.unpack()[2]["handle_token"]
    handle = f"{PATH}/request/{sender[1:].replace('.', '_')}/{token}"
    invocation.return_value(GLib.Variant("(o)", (handle,)))
    bus.emit_signal(sender, handle, REQUEST, "Response", GLib.Variant("(ua{sv})", (0, {"uris": GLib.Variant("as", uris)})))


def acquired(bus, name):
    bus.register_object(PATH, INTERFACES[0], open_file, lambda *_: GLib.Variant("u", 4), None)


Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.REPLACE | Gio.BusNameOwnerFlags.ALLOW_REPLACEMENT, acquired,
                 None, lambda *_: sys.exit())
GLib.MainLoop().run()
