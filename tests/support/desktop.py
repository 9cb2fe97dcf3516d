# A private desktop: a screen nobody sees, a window manager and the accessibility bus, on which a test uses a program
# as a person would, through what a screen reader reads and through keyboard and mouse.
#
# One process can have one desktop only, because libatspi stays with the first bus it meets.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import ctypes
import os
import re
import signal
import subprocess
import time

from session import ONLY_TESTED, Session, wait_for

WAIT = 60 if os.environ.get("SFUMATO_SANITIZED") else 25


class Desktop(Session):
    def __init__(self, size="1280x900"):
        super().__init__("none")
        self.program = None  # the one that was started last
        try:
            self.env |= {"GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "GDK_DISABLE": "gl,vulkan",
                         "GTK_A11Y": "atspi", "NO_AT_BRIDGE": "0"}
            self._start_screen(size)
            self.helper("openbox", "--sm-disable")
            wait_for(self._is_managed, "a window manager")
            self._look_in()
        except BaseException:
            self.close()
            raise

    def tool(self, *argv):
        return subprocess.run(argv, env=self.env, check=True, capture_output=True, text=True, timeout=60).stdout

    def keys(self, *keys):
        """Presses keys, in xdotool's words: "ctrl+Return", "Escape"."""
        self.await_keyboard()
        self.tool("xdotool", "key", "--clearmodifiers", "--delay", "5", *keys)

    def type(self, text):
        self.await_keyboard()
        self.tool("xdotool", "type", "--clearmodifiers", "--delay", "3", "--", text)

    def set_dpi(self, dpi):
        """Of programs that start after this: 192 for letters twice as large. GTK takes it from a property of the screen,
        which comes before its settings file."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.argtypes = x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XChangeProperty.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_int,
                                        ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        resources = f"Xft.dpi:\t{dpi}\n".encode()
        display = x11.XOpenDisplay(self.env["DISPLAY"].encode())
        # The numbers of RESOURCE_MANAGER, STRING and "replace" in X11's protocol.
        x11.XChangeProperty(display, x11.XDefaultRootWindow(display), 23, 31, 8, 0, resources, len(resources))
        x11.XCloseDisplay(display)

    def await_keyboard(self):
        """What is pressed or clicked before the window manager has given a new window the keyboard can go astray."""
        if self.program and self.program.process.poll() is None:
            wait_for(self.program.has_keyboard, "a window with the keyboard", WAIT)

    def screenshot(self, path, window="root"):
        self.tool("import", "-silent", "-window", window, path)

    def _look_in(self):
        # libatspi finds the bus by this process's environment; warnings of its own are not the program's.
        for name in ONLY_TESTED:
            os.environ.pop(name, None)
        os.environ.update({k: v for k, v in self.env.items() if k not in ONLY_TESTED})
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi, GLib
        Atspi.init()
        self.atspi, self.error = Atspi, GLib.Error

    def _is_managed(self):
        return subprocess.run(["xdotool", "get_num_desktops"], env=self.env, capture_output=True).returncode == 0

    def _start_screen(self, size):
        ours, theirs = os.pipe()
        # -r: on a busy machine a key would repeat before it is let go.
        self.helper("Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset", "-r",
                    pass_fds=[theirs])
        os.close(theirs)
        with os.fdopen(ours) as pipe:
            number = pipe.readline().strip()  # written once the screen is there, or the pipe ends
        if not number:
            with open(os.path.join(self.folder, "Xvfb.log"), encoding="utf-8", errors="replace") as log:
                raise RuntimeError("Xvfb did not start: " + log.read())
        self.env["DISPLAY"] = ":" + number


class Program:
    """A program on a desktop. name_of_role arguments: a role as AT-SPI names it; names: a text, or a compiled pattern
    that is searched for."""

    def __init__(self, desktop, argv, env):
        self.desktop = desktop
        self.log = os.path.join(desktop.folder, "program.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.root = wait_for(self._find_root, "the program on the accessibility bus", WAIT)
        desktop.program = self

    # Its life.

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def quit(self):
        """Ctrl+Q; the program has to end well, having said nothing."""
        self.desktop.keys("ctrl+q")
        self.await_end()

    def await_end(self):
        self.process.wait(WAIT)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}:\n{self.output()}"
        assert not self.output(), f"it wrote:\n{self.output()}"

    def _find_root(self):
        self._check_alive()
        desktop = self.desktop.atspi.get_desktop(0)
        desktop.clear_cache()
        for at in range(desktop.get_child_count()):
            try:
                child = desktop.get_child_at_index(at)
                if child is not None and child.get_process_id() == self.process.pid and child.get_child_count():
                    return child
            except self.desktop.error:
                pass
        return None

    def _check_alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the program ended with {self.process.returncode}:\n{self.output()}")

    # What is to be seen.

    def nodes(self):
        """Everything that shows, as it is now, in the order a screen reader finds it."""
        self.root.clear_cache()
        yield from self._walk(self.root)

    def _walk(self, accessible):
        try:
            for at in range(accessible.get_child_count()):
                child = accessible.get_child_at_index(at)
                if child is None:
                    continue
                node = Node(self, child)
                if node.has("showing"):
                    yield node
                    yield from self._walk(child)
        except self.desktop.error:
            return  # it went while we looked

    def has_keyboard(self):
        self._check_alive()
        self.root.clear_cache()
        try:
            windows = [self.root.get_child_at_index(at) for at in range(self.root.get_child_count())]
            return any(Node(self, w).has("active") for w in windows if w is not None)
        except self.desktop.error:
            return False  # it went while we looked

    def find_now(self, role, name=None):
        self._check_alive()
        return next((node for node in self.nodes() if node.matches(role, name)), None)

    def find(self, role, name=None, state=None, wait=WAIT):
        """The first node of that role and name; with state, once it has that too ("-state": not any more)."""
        def look():
            node = self.find_now(role, name)
            return node if node and (state is None or node.has(state)) else None
        return wait_for(look, f"{role} {name!r}" + (f" {state}" if state else ""), wait)

    def gone(self, role, name=None, wait=WAIT):
        wait_for(lambda: not self.find_now(role, name), f"the end of {role} {name!r}", wait)

    def see(self, text, wait=WAIT):
        """Waits for a label (or whatever else) that shows the text; text may be a pattern."""
        return self.find(None, text if isinstance(text, re.Pattern) else re.compile(re.escape(text)), wait=wait)

    def tree(self):
        """All that shows, a line each, for a person who looks into a failed test."""
        def lines(accessible, depth):
            for at in range(accessible.get_child_count()):
                child = accessible.get_child_at_index(at)
                if child is not None and Node(self, child).has("showing"):
                    yield "  " * depth + str(Node(self, child))
                    yield from lines(child, depth + 1)
        try:
            self.root.clear_cache()
            return "\n".join(lines(self.root, 0))
        except self.desktop.error as error:
            return f"(no tree: {error})"

    # What a person does.

    def click(self, role, name=None):
        self.find(role, name, "sensitive").click()

    def choose(self, button, number):
        """Opens a menu and takes its item of that number, from 0. By number, because GTK 4.18 gives the items of a
        menu no name."""
        self.click("button", button)
        self.find("menu item", state="focused")
        self.desktop.keys(*["Down"] * number, "Return")

    def fill(self, role, name, text):
        """Replaces the text of an entry, by keyboard."""
        node = self.find(role, name)
        node.focus()
        self.desktop.keys("ctrl+a")
        self.desktop.type(text)
        wait_for(lambda: self.find(role, name).text == text, f"{text!r} in {name!r}", WAIT)

    def tab(self):
        """Presses Tab, and waits until the focus is somewhere else."""
        before = self._focused()
        self.desktop.keys("Tab")
        wait_for(lambda: self._focused() not in (None, before), f"a focus after {before and Node(self, before)}", WAIT)

    def _focused(self):
        return next((node.accessible for node in self.nodes() if node.has("focused")), None)

    def tab_to(self, role, name=None):
        """Presses Tab until that has the focus. Fails where the focus comes round without having been there."""
        for _ in range(120):
            node = self.find(role, name)
            if node.has("focused"):
                return node
            self.tab()
        raise AssertionError(f"Tab does not lead to {role} {name!r}")

    def window_id(self):
        """Of the window; menus have one of their own, but no class."""
        search = ["xdotool", "search", "--onlyvisible", "--all", "--pid", str(self.process.pid), "--class", "."]
        return wait_for(lambda: subprocess.run(search, env=self.desktop.env, capture_output=True, text=True).stdout,
                        "the window on the screen", WAIT).split()[-1]

    def resize(self, width, height):
        """Of the window as a person sees it, without its shadow."""
        window = self.window_id()
        self.desktop.tool("xdotool", "windowsize", "--sync", window, str(width), str(height))


class Node:
    """One thing on the screen."""

    def __init__(self, program, accessible):
        self.program, self.accessible = program, accessible
        self.desktop, self.atspi = program.desktop, program.desktop.atspi

    def __str__(self):
        marks = sorted(self.states() & {"focused", "checked", "pressed", "selected", "busy", "expanded"})
        marks += [] if self.has("sensitive") else ["insensitive"]
        line = f"{self.role} {self.name!r}" + (f" ({self.description})" if self.description else "")
        line += f" = {self.text!r}" if self.text and self.text != self.name else ""
        return line + (f" [{', '.join(marks)}]" if marks else "")

    @property
    def role(self):
        role = self.accessible.get_role_name()
        return {"push button": "button", "password text": "text"}.get(role, role)  # as older and newer GTK say it

    @property
    def name(self):
        return self.accessible.get_name() or ""

    @property
    def description(self):
        return self.accessible.get_description() or ""

    @property
    def text(self):
        text = self.accessible.get_text_iface()
        return self.atspi.Text.get_text(text, 0, self.atspi.Text.get_character_count(text)) if text else ""

    @property
    def value(self):
        return self.accessible.get_value_iface().get_current_value()

    @property
    def extents(self):
        """x, y, width and height within the window."""
        e = self.accessible.get_component_iface().get_extents(self.atspi.CoordType.WINDOW)
        return e.x, e.y, e.width, e.height

    def inside(self):
        """Everything within it that shows."""
        yield from self.program._walk(self.accessible)

    def states(self):
        return {state.value_nick for state in self.accessible.get_state_set().get_states()}

    def has(self, state):
        wanted = getattr(self.atspi.StateType, state.lstrip("-").upper().replace("-", "_"))
        return self.accessible.get_state_set().contains(wanted) != state.startswith("-")

    def matches(self, role, name):
        try:
            if role is not None and self.role != role:
                return False
            if name is None:
                return True
            texts = [self.name] + ([self.text] if self.role in ("label", "text", "static") else [])
            if isinstance(name, re.Pattern):
                return any(name.search(t) for t in texts)
            return name in texts
        except self.desktop.error:
            return False

    def click(self):
        """Its own action, as a screen reader would; the mouse where it has none."""
        action = self.accessible.get_action_iface()
        if action and self.atspi.Action.get_n_actions(action) > 0:
            assert self.atspi.Action.do_action(action, 0), f"{self} did not act"
        else:
            self.mouse()

    def focus(self):
        if not self._has_focus():
            try:
                self.accessible.get_component_iface().grab_focus()
            except self.desktop.error:
                self.mouse()  # it does not take the focus that way
        wait_for(self._has_focus, f"focus on {self}", WAIT)

    def _has_focus(self):
        return self.has("focused") or any(n.has("focused") for n in self.inside())

    def mouse(self, button=1, times=1):
        """A real click in its middle. GTK 4.18 counts extents from inside the window's border, and leaves out the
        padding of everything around it, so this is near the middle only."""
        self.desktop.await_keyboard()
        window, x, y = self._middle()
        self.desktop.tool("xdotool", "mousemove", "--sync", "--window", window, str(x), str(y),
                          "click", "--repeat", str(times), "--delay", "60", str(button))

    def _middle(self):
        """Where to click, once it stays where it is: a window that has just opened is still placed and laid out."""
        def look():
            window = self.program.window_id()
            x, y, width, height = self.extents
            left, top = self._toplevel().extents[:2]
            place = self.desktop.tool("xdotool", "getwindowgeometry", "--shell", window)
            return window, x - 2 * left + width // 2, y - 2 * top + height // 2, place
        seen = [look()]

        def at_rest():
            time.sleep(0.1)
            seen.append(look())
            return seen[-1] == seen[-2]
        wait_for(at_rest, f"{self} at rest", WAIT)
        return seen[-1][:3]

    def _toplevel(self):
        node = self
        while node.role not in ("frame", "window"):
            node = Node(self.program, node.accessible.get_parent())
        return node
