#!/usr/bin/env python3
# Sfumato in its sandbox, used as a person would: the first picture, the key by each way, files through portals, and what
# happens where there is no network, no portal, no bus and nothing to write to.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import ctypes
import json
import os
import re
import subprocess

import sandbox
from acts import GENERATE, WELCOME, cell, choose_service, enter_key, generate, go_to_gallery, see_picture
from server import KEY
from session import wait_for

PROMPT = "a red fox in snow"
NAME = "sfumato"
SECRET_SERVICE = "--talk-name=org.freedesktop.secrets"


def holding(folder, secret):
    return subprocess.run(["grep", "-rlaF", secret, folder], capture_output=True, text=True).stdout.split()


def set_up(s):
    """A key, by the command line of the sandbox."""
    s.change_settings({"service": "stability", "welcomed": True})
    s.cli("key", "set", "stability", input=KEY)


def choose_folder(s, folder):
    """As the folder for pictures, in the window, which stays open."""
    os.makedirs(folder, exist_ok=True)
    s.choose_files(folder)
    app = s.start()
    app.find("text", "Prompt")
    app.desktop.keys("ctrl+comma")
    app.click("page tab", "Pictures")
    app.click("button", "Change Folder…")
    wait_for(lambda: "/doc/" in (s.setting("pictures-folder") or ""), "the new folder in the settings")
    return app


def test_first_picture_with_the_starter_model(s):
    """With nothing set up, no network and no key, in the window and on the command line."""
    s.options = ["--unshare=network"]
    app = s.start()
    app.see(WELCOME)
    app.click("list item", "Try It Now")
    prompt = app.find("text", "Prompt").text
    app.find("image", cell(prompt), wait=240)  # two cores and nothing else to do make it in seconds
    s.desktop.screenshot(os.path.join(sandbox.EVIDENCE, "starter.png"))
    app.quit()
    s.cli("generate", "a red house", "--model", "starter")
    assert s.listed() == sorted([prompt, "a red house"])
    assert len(s.pictures()) == 2
    assert s.server.log()["requests"] == [], "something was sent"


def test_run_with_nothing_but_its_name(s):
    """As a person runs it: command, renderer, accessibility and settings are what the package and its runtime have."""
    for name in "GSK_RENDERER", "GDK_DISABLE", "GDK_BACKEND", "GTK_A11Y", "GSETTINGS_BACKEND":
        s.env.pop(name, None)
    app = s.app = sandbox.SandboxedProgram(s.desktop, ["flatpak", "run", sandbox.ID], s.env)
    app.see(WELCOME)
    s.desktop.screenshot(os.path.join(sandbox.EVIDENCE, "first-page.png"))
    app.click("list item", "Try It Now")
    prompt = app.find("text", "Prompt").text
    app.find("image", cell(prompt), wait=240)
    s.desktop.screenshot(os.path.join(sandbox.EVIDENCE, "first-picture.png"))
    assert len(s.pictures()) == 1


def test_first_picture_with_the_key_behind_the_secret_portal(s):
    app = s.start()
    choose_service(app)
    enter_key(app, KEY)
    app.see(re.compile(r"Key works\. Balance: 1,?000"))
    app.click("button", "Start")
    generate(app, PROMPT)
    see_picture(app, PROMPT)
    app.quit()
    assert [os.path.basename(p) for p in s.pictures() if PROMPT in p], "the picture is not on disk"
    assert s.server.log()["accepted"] == 1
    assert os.path.exists(os.path.join(s.data, "data/keyrings/default.keyring"))
    assert not holding(s.home, KEY), "the key was written to disk"
    # The next start has picture and key.
    app = s.start()
    app.find("text", "Prompt")
    generate(app, "a second fox")
    see_picture(app, "a second fox")
    go_to_gallery(app)
    app.find("table cell", cell(PROMPT))


def test_a_forgotten_key_is_nowhere(s):
    set_up(s)
    keyring = os.path.join(s.data, "data/keyrings/default.keyring")
    before = open(keyring, "rb").read()
    s.cli("key", "forget", "stability")
    assert s.run("sfumato-cli", "balance").returncode == 4
    assert not os.path.exists(keyring + "~"), "a copy of the old keyring is left"
    # The secret's ciphertext was in it, and is in no file any more.
    after = open(keyring, "rb").read() if os.path.exists(keyring) else b""
    assert len(after) < len(before)
    for folder, _, names in os.walk(s.data):
        for name in names:
            path = os.path.join(folder, name)
            assert not os.path.isfile(path) or before[-64:] not in open(path, "rb").read(), f"{path} still has the key"


@sandbox.without_portals
def test_key_in_the_secret_service_where_a_person_allows_it(s):
    s.options = [SECRET_SERVICE]
    set_up(s)
    s.cli("generate", PROMPT, "--url", s.server.url)
    assert s.stored_key() == KEY
    s.cli("key", "forget", "stability")
    assert s.stored_key() == ""


@sandbox.without_portals
def test_without_portals_the_key_lives_for_this_run(s):
    app = s.start()
    choose_service(app)
    enter_key(app, KEY)
    app.see(re.compile("forgotten when Sfumato is closed"))
    app.click("button", "Start")
    generate(app, PROMPT)
    see_picture(app, PROMPT)
    assert len(s.pictures()) == 1
    app.quit()
    assert not holding(s.home, KEY)


def test_a_picture_on_wayland(s):
    set_up(s)
    s.env |= s.desktop.start_wayland()
    s.env.pop("DISPLAY")
    app = s.start()
    prompt = app.find("text", "Prompt")
    prompt.atspi.EditableText.set_text_contents(prompt.accessible, PROMPT)
    app.click("button", GENERATE)
    see_picture(app, PROMPT)
    assert len(s.pictures()) == 1
    app.kill()


def test_save_as_goes_through_the_document_portal(s):
    set_up(s)
    s.cli("generate", PROMPT, "--url", s.server.url)
    target = os.path.join(s.home, "Pictures", "fox.png")
    s.choose_files(target)
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    app.find("table cell", cell(PROMPT)).mouse(times=2)
    app.find("button", "Zoom In")
    app.desktop.keys("ctrl+s")
    wait_for(lambda: os.path.exists(target) and os.path.getsize(target) > 0, "the saved picture")
    [picture] = s.pictures()
    wait_for(lambda: open(target, "rb").read() == open(picture, "rb").read(), "the whole of it")


def test_without_network_it_says_so(s):
    set_up(s)
    s.options = ["--unshare=network"]
    run = s.run("sfumato-cli", "generate", PROMPT, "--url", s.server.url)
    assert run.returncode == 3, run
    assert s.server.log()["posts"] == 0
    app = s.start()
    app.find("text", "Prompt")
    generate(app, PROMPT)
    app.see("Not charged")


@sandbox.without_portals
def test_without_a_bus_the_window_opens(s):
    s.env.pop("GTK_A11Y")  # that asks for a bus
    options = ["--no-session-bus", "--no-a11y-bus"]
    process = subprocess.Popen(s.command(options=options), env=s.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    search = ["xdotool", "search", "--onlyvisible", "--class", "sfumato"]
    wait_for(lambda: subprocess.run(search, env=s.env, capture_output=True).stdout, "the window", 60)
    s.desktop.keys("ctrl+q")
    assert process.wait(20) == 0, process.stdout.read()
    made = s.run("sfumato-cli", "generate", PROMPT, "--url", s.server.url, "--key-stdin", options=options, input=KEY)
    assert made.returncode == 0, made
    assert len(s.pictures()) == 1


def test_read_only_home_is_told(s):
    s.cli("list")  # makes the application's folders
    subprocess.run(["mount", "--bind", s.data, s.data], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", s.data], check=True)
    try:
        run = s.run("sfumato-cli", "generate", PROMPT, "--url", s.server.url, "--key-stdin", input=KEY)
        assert run.returncode == 10, run
        assert "may not write" in run.stderr, run
        assert s.server.log()["posts"] == 0, "a picture was paid for that cannot be kept"
    finally:
        subprocess.run(["umount", "-l", s.data], check=True)


def test_the_sandbox_sees_nothing_else(s):
    secret = os.path.join(s.home, "secret.txt")
    with open(secret, "w", encoding="utf-8") as f:
        f.write("hidden")
    look = s.run("sh", "-c", f'cat "{secret}"; ls /root /home; cat /etc/shadow; ls "{s.home}"; grep -E "NoNewPrivs|Seccomp:" /proc/self/status')
    assert "hidden" not in look.stdout and "secret.txt" not in look.stdout, look.stdout
    assert re.findall(r"^\w+:\t(\w+)$", look.stdout, re.MULTILINE) == ["1", "2"], look.stdout


def landlock_is_here():
    """Whether this kernel has it: landlock_create_ruleset, asked for its version."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def test_the_engine_is_jailed_within(s):
    """It starts within the sandbox's own filter, finds ggml's processors, and locks itself in with both of its locks."""
    asked = json.dumps({"do": "load", "paths": [f"/app/share/{NAME}/starter-model"]})
    run = s.run("sh", "-c", 'grep Seccomp_filters /proc/self/status; mkfifo /tmp/in; '
                            '/app/libexec/sfumato-engine </tmp/in >/tmp/out & exec 4>/tmp/in; echo "$0" >&4; '
                            'until [ "$(wc -l </tmp/out)" = 2 ]; do sleep 0.1; done; grep Seccomp_filters /proc/$!/status; cat /tmp/out',
                asked)
    outside, inside, *said = run.stdout.splitlines()
    hello, loaded = map(json.loads, said)
    assert hello["type"] == "hello" and hello["devices"][0]["id"] == "cpu" and hello["devices"][0]["memory"] > 0, hello
    assert loaded["type"] == "loaded", loaded
    assert loaded["jail"] == {"seccomp": True, "landlock": landlock_is_here()}, loaded["jail"]
    assert int(inside.split()[1]) == int(outside.split()[1]) + 1, "its own filter is not there"


def shown_folder(s, folder):
    """The whole path where the portal tells it, else the name: never the portal's own path."""
    try:
        return os.getxattr(s.setting("pictures-folder").strip("'"), "user.document-portal.host-path").decode()
    except OSError:
        return os.path.basename(folder)


def test_pictures_in_a_chosen_folder_are_outside(s):
    """Also where two instances make pictures in it at the same time."""
    set_up(s)
    folder = os.path.join(s.home, "Pictures", "Shared")
    app = choose_folder(s, folder)
    app.see(shown_folder(s, folder))
    app.desktop.keys("Escape")
    generate(app, PROMPT)
    see_picture(app, PROMPT)
    wait_for(lambda: len(s.pictures(folder)) == 1, "the picture in the folder")
    app.quit()
    assert s.listed() == [PROMPT]
    prompts = ["one", "two", "three"]
    for process in [subprocess.Popen([*s.command("sfumato-cli"), "generate", prompt, "--url", s.server.url], env=s.env,
                                     stdout=subprocess.DEVNULL) for prompt in prompts]:
        assert process.wait(120) == 0
    assert s.listed() == sorted([PROMPT, *prompts])
    assert len(s.pictures(folder)) == 4


def test_host_and_sandbox_share_a_folder(s):
    """Four processes put pictures of one name into it at the same time, two of them outside the sandbox."""
    set_up(s)
    folder = os.path.join(s.home, "Pictures", "Sfumato")
    app = choose_folder(s, folder)
    app.desktop.keys("Escape")
    app.gone("button", "Change Folder…")
    app.quit()
    asked = ["generate", PROMPT, "--url", s.server.url, "--key-stdin", "--count", "4"]
    argvs = [[*s.command("sfumato-cli"), *asked], s.outside(*asked)] * 2
    processes = [subprocess.Popen(argv, env=s.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for argv in argvs]
    for process in processes:
        process.stdin.write(KEY)
        process.stdin.close()
    assert [process.wait(180) for process in processes] == [0] * 4
    made = s.pictures(folder)
    assert len(made) == 16 and sorted(os.listdir(folder)) == sorted(os.path.basename(p) + end for p in made for end in ("", ".xmp"))
    inside, outside = gallery(s.cli("list", "--json")), gallery(s.check_outside("list", "--json"))
    assert inside == outside, f"only inside: {inside - outside}; only outside: {outside - inside}"
    assert {name for name, *_, prompt in inside if prompt == PROMPT} == set(map(os.path.basename, made))
    # Whole, and each with the sidecar of its own.
    for path in made:
        with open(path, "rb") as f:
            assert f.read().endswith(b"IEND\xaeB`\x82"), path
    # What comes or goes on the other side shows in the window.
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    app.find("table cell", cell(PROMPT))
    s.check_outside("generate", "a bird outside", "--url", s.server.url, "--key-stdin", input=KEY)
    app.find("table cell", cell("a bird outside"))
    [bird] = [p for p in s.pictures(folder) if p not in made]
    s.check_outside("delete", bird)
    app.gone("table cell", cell("a bird outside"))
    app.quit()
    s.check_outside("delete", os.path.basename(made[0]))
    s.cli("delete", os.path.basename(made[1]))
    for listed in s.cli("list", "--json"), s.check_outside("list", "--json"):
        assert {name for name, *_ in gallery(listed)} == set(map(os.path.basename, made[2:]))


def check_trashed(s, path, whole):
    """It is in the trash of the desktop, with its sidecar, and no more where it was."""
    trash = os.path.join(s.desktop.env["XDG_DATA_HOME"], "Trash")
    for name in os.path.basename(path), os.path.basename(path) + ".xmp":
        assert os.path.exists(os.path.join(trash, "info", name + ".trashinfo")), os.listdir(os.path.join(trash, "info"))
        assert not os.path.exists(os.path.join(os.path.dirname(path), name))
    with open(os.path.join(trash, "files", os.path.basename(path)), "rb") as f:
        assert f.read() == whole


def test_deleted_pictures_are_in_the_trash(s):
    """Those of the application's own folder, and those of a chosen one; and there a window takes it back."""
    set_up(s)
    folder = os.path.join(s.home, "Pictures", "Deleted")
    for prompt in "a fox", "a bird":
        if prompt == "a bird":
            choose_folder(s, folder).desktop.keys("Escape")
            s.app.gone("button", "Change Folder…")
            s.app.quit()
        s.cli("generate", prompt, "--url", s.server.url)
        [path] = s.pictures(folder if prompt == "a bird" else None)
        whole = open(path, "rb").read()
        s.cli("delete", os.path.basename(path))
        check_trashed(s, path, whole)
        assert s.listed() == []
    s.cli("generate", "a snail", "--url", s.server.url)
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    app.find("table cell", cell("a snail")).mouse()
    app.desktop.keys("Delete")
    app.gone("table cell", cell("a snail"))
    assert s.pictures(folder) == []
    app.desktop.keys("ctrl+z")
    app.find("table cell", cell("a snail"))
    assert len(s.pictures(folder)) == 1


def gallery(listed):
    """File, id, seed and prompt of each."""
    return {(os.path.basename(p["file"]), p["id"], p["seed_used"], p["prompt"]) for p in json.loads(listed)["pictures"]}


def test_uninstalled_and_installed_again_all_is_there(s):
    set_up(s)
    s.cli("generate", PROMPT, "--url", s.server.url)
    s.flatpak("uninstall", sandbox.ID)
    assert len(s.pictures()) == 1
    s.flatpak("install", "sfumato-here", sandbox.ID)
    assert s.listed() == [PROMPT]
    s.cli("key", "check", "stability")
    s.flatpak("uninstall", "--delete-data", sandbox.ID)
    assert not os.path.exists(s.data)
    s.flatpak("install", "sfumato-here", sandbox.ID)


def test_an_upgrade_keeps_everything(s):
    newest, *older = s.versions()
    assert older, "there is no older build to upgrade from"
    s.flatpak("update", f"--commit={older[-1]}", sandbox.ID)
    try:
        set_up(s)
        s.cli("generate", PROMPT, "--url", s.server.url)
    finally:
        s.flatpak("update", f"--commit={newest}", sandbox.ID)
    assert s.listed() == [PROMPT]
    s.cli("generate", "a second fox", "--url", s.server.url)
    assert s.listed() == sorted([PROMPT, "a second fox"])


sandbox.run(globals())
