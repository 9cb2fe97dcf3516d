#!/usr/bin/env python3
# Stands in for the part of the desktop that lets the computer sleep: writes a line for each thing it is asked, to the
# file given as argument.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

NAME, PATH = "org.gnome.SessionManager", "/org/gnome/SessionManager"
INTERFACES = Gio.DBusNodeInfo.new_for_xml("""
<node>
  <interface name="org.gnome.SessionManager">
    <method name="Inhibit">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
      <arg type="u" direction="in"/><arg type="u" direction="out"/>
    </method>
    <method name="Uninhibit"><arg type="u" direction="in"/></method>
  </interface>
</node>""").interfaces
COOKIE, SUSPEND = 17, 4


def asked(bus, sender, path, interface, method, arguments, invocation):
    if method == "Inhibit":
        _, _, reason, flags = arguments.unpack()
        line = f"awake: {reason}" if flags == SUSPEND else f"inhibit {flags}: {reason}"
        invocation.return_value(GLib.Variant("(u)", (COOKIE,)))
    else:
        line = "asleep" if arguments.unpack() == (COOKIE,) else f"uninhibit {arguments}"
        invocation.return_value(None)
    with open(sys.argv[1], "a", encoding="utf-8") as f:
        print(line, file=f)


def acquired(bus, name):
    bus.register_object(PATH, INTERFACES[0], asked, None, None)


Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.REPLACE | Gio.BusNameOwnerFlags.ALLOW_REPLACEMENT, acquired,
                 None, lambda *_: sys.exit())
GLib.MainLoop().run()
