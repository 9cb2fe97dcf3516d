#!/usr/bin/env python3
# A Secret Service whose one item is locked, and whose prompts do what the argument says:
#
#   accept     the person types the password          dismiss     the person closes the prompt
#   hang       the person is not there                 fail        the prompt itself fails
#   hidden     as accept, but the item is not found before that
#   empty      there is nothing in it and no default collection, and nobody makes one
#   damaged    nothing is locked, and what it holds is no key
#
# Prints "ready" and then what is done to a prompt, a line each.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import sys

from gi.repository import Gio, GLib

NAME, ROOT, SECRET = "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret."
COLLECTION, ITEM, PROMPT = ROOT + "/collection/c", ROOT + "/collection/c/1", ROOT + "/prompt/1"

INTERFACES = Gio.DBusNodeInfo.new_for_xml("""<node>
<interface name="org.freedesktop.Secret.Service">
  <method name="OpenSession"><arg type="s" direction="in"/><arg type="v" direction="in"/>
    <arg type="v" direction="out"/><arg type="o" direction="out"/></method>
  <method name="SearchItems"><arg type="a{ss}" direction="in"/>
    <arg type="ao" direction="out"/><arg type="ao" direction="out"/></method>
  <method name="Unlock"><arg type="ao" direction="in"/>
    <arg type="ao" direction="out"/><arg type="o" direction="out"/></method>
  <method name="CreateCollection"><arg type="a{sv}" direction="in"/><arg type="s" direction="in"/>
    <arg type="o" direction="out"/><arg type="o" direction="out"/></method>
  <method name="ReadAlias"><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
  <property name="Collections" type="ao" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Collection">
  <method name="CreateItem"><arg type="a{sv}" direction="in"/><arg type="(oayays)" direction="in"/>
    <arg type="b" direction="in"/><arg type="o" direction="out"/><arg type="o" direction="out"/></method>
  <property name="Locked" type="b" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Item">
  <method name="GetSecret"><arg type="o" direction="in"/><arg type="(oayays)" direction="out"/></method>
  <method name="Delete"><arg type="o" direction="out"/></method>
  <property name="Locked" type="b" access="read"/>
  <property name="Attributes" type="a{ss}" access="read"/>
  <property name="Label" type="s" access="read"/>
  <property name="Created" type="t" access="read"/>
  <property name="Modified" type="t" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Prompt">
  <method name="Prompt"><arg type="s" direction="in"/></method>
  <method name="Dismiss"/>
  <signal name="Completed"><arg type="b"/><arg type="v"/></signal>
</interface></node>""")


class Service:
    def __init__(self, bus, mode):
        self.bus, self.mode = bus, mode
        self.locked = mode not in ("empty", "damaged")
        self.there = mode != "empty"
        self.asked_to = None
        for path, name in ((ROOT, "Service"), (COLLECTION, "Collection"), (ROOT + "/aliases/default", "Collection"),
                           (ITEM, "Item"), (PROMPT, "Prompt")):
            if mode != "empty" or name in ("Service", "Prompt"):
                bus.register_object(path, INTERFACES.lookup_interface(SECRET + name), self.call, self.get, None)

    def get(self, _bus, _sender, _path, _interface, name):
        return {"Collections": GLib.Variant("ao", [COLLECTION]), "Locked": GLib.Variant("b", self.locked),
                "Attributes": GLib.Variant("a{ss}", {}), "Label": GLib.Variant("s", "label"),
                "Created": GLib.Variant("t", 1), "Modified": GLib.Variant("t", 1)}[name]

    def call(self, _bus, _sender, _path, _interface, name, arguments, invocation):
        try:
            answer = getattr(self, name)(*arguments.unpack())
        except PermissionError:
            invocation.return_dbus_error(SECRET + "Error.IsLocked", "locked")
        except NotImplementedError:
            invocation.return_dbus_error("org.freedesktop.DBus.Error.NotSupported", "plain only")
        else:
            invocation.return_value(answer)

    def OpenSession(self, algorithm, _input):
        if algorithm != "plain":
            raise NotImplementedError
        return GLib.Variant("(vo)", (GLib.Variant("s", ""), ROOT + "/session/1"))

    def SearchItems(self, _attributes):
        found = [ITEM] if self.there and not (self.locked and self.mode == "hidden") else []
        return GLib.Variant("(aoao)", ([], found) if self.locked else (found, []))

    def Unlock(self, paths):
        self.asked_to = GLib.Variant("ao", paths)
        return GLib.Variant("(aoo)", ([], PROMPT))

    def CreateCollection(self, _properties, _alias):
        self.asked_to = GLib.Variant("o", "/")
        return GLib.Variant("(oo)", ("/", PROMPT))

    def ReadAlias(self, _alias):
        return GLib.Variant("(o)", (COLLECTION if self.there else "/",))

    def CreateItem(self, _properties, secret, _replace):
        if self.locked:
            raise PermissionError
        return GLib.Variant("(oo)", (ITEM, "/"))

    def GetSecret(self, session):
        if self.locked:
            raise PermissionError
        key = b"two words" if self.mode == "damaged" else b"sk-unlocked"
        return GLib.Variant("((oayays))", ((session, b"", key, "text/plain"),))

    def Delete(self):
        if self.locked:
            raise PermissionError
        self.there = False
        return GLib.Variant("(o)", ("/",))

    def Prompt(self, _window):
        print("prompted", flush=True)
        if self.mode == "fail":
            raise NotImplementedError
        if self.mode != "hang":
            GLib.idle_add(self.complete, self.mode not in ("accept", "hidden"))
        return None

    def Dismiss(self):
        print("dismissed", flush=True)
        self.complete(True)
        return None

    def complete(self, dismissed):
        self.locked = dismissed and self.locked
        self.bus.emit_signal(None, PROMPT, SECRET + "Prompt", "Completed",
                             GLib.Variant("(bv)", (dismissed, self.asked_to)))
        return GLib.SOURCE_REMOVE


def main():
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    service = Service(bus, sys.argv[1])
    Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), lambda *_: sys.exit(1))
    GLib.MainLoop().run()
    return service


main()
